/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What most commands need: the configuration, a loop, the service if there is
 * one, and for those that talk to AWS themselves a client and credentials.
 */
#ifndef CMD_APP_H
#define CMD_APP_H

#include "aws/call.h"
#include "base/loop.h"
#include "cmd/client.h"
#include "cmd/cmd.h"
#include "conf/conf.h"
#include "engine/budget.h"
#include "engine/engine.h"
#include "engine/site.h"
#include "net/http_client.h"

struct app {
	const struct cmd_globals *globals;
	struct conf *conf;
	struct loop *loop;
	struct client *client; /* of the service, or NULL: there is none */
	struct http_client *http;
	struct aws_client *aws;
	struct sites *sites;
	bool connected; /* what happens to the credentials is news by now */
	int64_t poll_interval_ms; /* of a flag, 0: each endpoint's own */
	struct loop_signal *sigint;
	struct loop_signal *sigterm;
	int signo; /* SIGINT or SIGTERM once it came; it stops the loop */
	char *same_server; /* see app_same_server() */
};

/* Reads the configuration, sets up the log and the loop. */
int app_init(
    struct app *app, const struct cmd_globals *globals, struct error *err);

/* The log as the flags and `conf` have it; a service's default is info. */
int app_set_log(const struct app *app, const struct conf *conf, bool service,
    struct error *err);

/*
 * Finds the service that the command is to ask: the one that is named, which
 * must be there, or the one at the default socket, which need not. Options
 * that are a service's own affair are ERR_USAGE then.
 */
int app_find_service(struct app *app, struct error *err);

/*
 * The service that the command would ask: its address, NULL for none, which is
 * the caller's; the part of it that somebody named, borrowed or NULL; and a
 * client of it, which is the caller's.
 */
char *app_service_name(const struct app *app);
const char *app_named_service(const struct app *app);
int app_service_client(
    const struct app *app, struct client **out, struct error *err);

/* The option has a value, and a service would not hear of it. ERR_USAGE. */
int app_refuse_option(
    const struct app *app, const char *option, bool given, struct error *err);

/* For a command that can do nothing by itself. */
int app_need_service(
    const struct app *app, const char *what, struct error *err);

/* Finds it for a command that can do nothing by itself. */
int app_require_service(struct app *app, const char *what, struct error *err);

/* A whole command that can do nothing by itself: its words are checked (`check`
 * NULL: there are none), the service is found, and asked. A cmd_status. */
typedef int app_check_fn(const struct cmd_line *line, struct error *err);
typedef int app_ask_fn(
    struct app *app, const struct cmd_line *line, struct error *err);
int app_ask_service(const struct cmd_line *line, const char *what,
    app_check_fn *check, app_ask_fn *ask);

/* How this service is named again: "" or " --server ADDRESS". Borrowed. */
const char *app_same_server(const struct app *app);

/* Like cmd_fail(), but a signal that came is the status. */
int app_fail(const struct app *app, const struct error *err);

/*
 * A client of AWS, with credentials: runs the loop until they are there.
 * Without any ERR_CONFIG, and nothing was sent; ERR_CANCELLED where a signal
 * came.
 */
int app_connect(struct app *app, struct error *err);

/* The same for a service: what may pass is said, and jobs wait for it; what
 * takes long goes on meanwhile. */
int app_connect_service(struct app *app, struct error *err);

/* The same, without the wait: the first request waits, or fails. */
int app_connect_later(struct app *app, struct error *err);

/* For who needs the engine and will ask AWS nothing: without credentials. */
int app_connect_unsigned(struct app *app, struct error *err);

void app_disconnect(struct app *app);

/* AWS_CA_BUNDLE or the profile's ca_bundle: a file that can be read. The
 * caller's; NULL where neither is set. */
int app_ca_bundle(const struct app *app, char **out, struct error *err);

/*
 * From here on SIGINT and SIGTERM stop the loop and stand in app->signo; and
 * do again what they do by default, since a read or write may block.
 */
void app_catch_signals(struct app *app);
void app_default_signals(struct app *app);

void app_done(struct app *app);

/* engine_options.policy; arg is the app. */
void app_policy(const char *endpoint, struct engine_policy *out, void *arg);

/* What looking may cost. */
void app_budget(const struct app *app, struct engine_budget *out);

#endif
