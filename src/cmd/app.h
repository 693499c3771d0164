/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What most commands need: the configuration, and, for those that talk to
 * AWS, a loop, a client and credentials.
 */
#ifndef CMD_APP_H
#define CMD_APP_H

#include "aws/call.h"
#include "base/loop.h"
#include "cmd/cmd.h"
#include "conf/conf.h"
#include "engine/engine.h"
#include "engine/site.h"
#include "net/http_client.h"

struct app {
	const struct cmd_globals *globals;
	struct conf *conf;
	struct loop *loop;
	struct http_client *http;
	struct aws_client *aws;
	struct sites *sites;
	int64_t poll_interval_ms; /* of a flag, 0: each endpoint's own */
<<<<<<< HEAD
	struct loop_signal *sigint;
	struct loop_signal *sigterm;
	int signo; /* SIGINT or SIGTERM once it came; it stops the loop */
=======
	int signo; /* of the signal that broke off the writing of a result */
>>>>>>> 850a4a280ef6c085426ad9c22a837a57fb83abd0
};

#define APP_POLL_INTERVAL_MIN_MS 50

/* Reads the configuration, sets up the log and the loop. */
int app_init(
    struct app *app, const struct cmd_globals *globals, struct error *err);

<<<<<<< HEAD
/*
 * Loads credentials; without any ERR_CONFIG, and nothing was sent. From here
 * on SIGINT and SIGTERM stop the loop.
 */
=======
/* --poll-interval is below the minimum that the key of that name has. */
int app_refuse_interval(int64_t ms, struct error *err);

/* Loads credentials; without any ERR_CONFIG, and nothing was sent. */
>>>>>>> 850a4a280ef6c085426ad9c22a837a57fb83abd0
int app_connect(struct app *app, struct error *err);

void app_done(struct app *app);

/* The region for an endpoint: flag, its section, then the SDKs' rules. */
int app_region(const struct app *app, const struct conf_endpoint *endpoint,
    char **out, struct error *err);

/* engine_options.policy; arg is the app. */
void app_policy(const char *endpoint, struct engine_policy *out, void *arg);

#endif
