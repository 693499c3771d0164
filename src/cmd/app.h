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
	struct loop_signal *sigint;
	struct loop_signal *sigterm;
	int signo; /* SIGINT or SIGTERM once it came; it stops the loop */
};

#define APP_POLL_INTERVAL_MIN_MS 50

/* Reads the configuration, sets up the log and the loop. */
int app_init(
    struct app *app, const struct cmd_globals *globals, struct error *err);

/* --poll-interval is below the minimum that the key of that name has. */
int app_refuse_interval(int64_t ms, struct error *err);

/* Loads credentials; without any ERR_CONFIG, and nothing was sent. */
int app_connect(struct app *app, struct error *err);

/*
 * From here on SIGINT and SIGTERM stop the loop and stand in app->signo; and
 * do again what they do by default, since a read or write may block.
 */
void app_catch_signals(struct app *app);
void app_default_signals(struct app *app);

void app_done(struct app *app);

/* engine_options.policy; arg is the app. */
void app_policy(const char *endpoint, struct engine_policy *out, void *arg);

#endif
