/* SPDX-License-Identifier: Apache-2.0 */
/* What most commands need, made and unmade in one place. */
#include "cmd/app.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/runs.h"
#include "serve/intake.h"
#include "serve/server.h"

int
app_set_log(const struct app *app, const struct conf *conf, bool service,
    struct error *err)
{
	const struct cmd_globals *g = app->globals;
	enum log_level level = (enum log_level)conf->global.log_level;
	enum log_format format = (enum log_format)conf->global.log_format;

	if (service &&
	    str_eq(conf_source(&conf->global.head, "awaitd", "log_level"),
		"default"))
		level = g->quiet ? LOG_ERROR : LOG_INFO;
	if (g->verbose && level > LOG_INFO)
		level = LOG_INFO;
	if (g->log_level != NULL && log_parse_level(g->log_level, &level) == -1)
		return err_set(err, ERR_USAGE,
		    "--log-level %s: it must be debug, info, warn, error or "
		    "none",
		    g->log_level);
	if (g->log_format != NULL &&
	    log_parse_format(g->log_format, &format) == -1)
		return err_set(err, ERR_USAGE,
		    "--log-format %s: it must be text or json", g->log_format);
	log_init(level, format);
	return 0;
}

int
app_init(struct app *app, const struct cmd_globals *globals, struct error *err)
{
	struct conf_options co = {
	    .file = globals->config,
	    .sets = globals->sets.v,
	    .nsets = globals->sets.n,
	};

	memset(app, 0, sizeof(*app));
	app->globals = globals;
	if (conf_load(&co, &app->conf, err) == -1 ||
	    app_set_log(app, app->conf, false, err) == -1) {
		conf_free(app->conf);
		return -1;
	}
	app->loop = loop_new();
	return 0;
}

/* --- the service ---------------------------------------------------- */

static const char *
flag_or_variable(const char *flag, const char *variable)
{
	const char *value = flag != NULL ? flag : getenv(variable);

	return str_empty(value) ? NULL : value;
}

/* Where a service listens that was not told where. The caller's, or NULL. */
static char *
default_address(const struct app *app)
{
	const struct conf_list *listen = &app->conf->api.listen;
	char *folder, *address;
	size_t i;

	for (i = 0; i < listen->n; i++) {
		if (str_starts(listen->v[i], CLIENT_UNIX))
			return xstrdup(listen->v[i]);
	}
	folder = runs_folder_name(app);
	if (folder == NULL)
		return NULL;
	address = xasprintf(CLIENT_UNIX "%s/" SERVER_SOCKET, folder);
	free(folder);
	return address;
}

const char *
app_named_service(const struct app *app)
{
	return flag_or_variable(app->globals->server, "AWAITD_SERVER");
}

char *
app_service_name(const struct app *app)
{
	const char *named = app_named_service(app);

	if (named == NULL)
		return default_address(app);
	return str_eq(named, "none") ? NULL : xstrdup(named);
}

static int
new_client(const struct app *app, const char *address, struct client **out,
    struct error *err)
{
	return client_new(app->loop, address,
	    flag_or_variable(app->globals->token_file, "AWAITD_TOKEN_FILE"),
	    out, err);
}

int
app_service_client(
    const struct app *app, struct client **out, struct error *err)
{
	char *address = app_service_name(app);
	int rc = new_client(app, address, out, err);

	free(address);
	return rc;
}

static int
connect_to(struct app *app, const char *address, struct error *err)
{
	if (new_client(app, address, &app->client, err) == -1)
		return -1;
	if (client_probe(app->client, err) == 0)
		return 0;
	client_free(app->client);
	app->client = NULL;
	return -1;
}

/* A service that is not there, or a socket that one left behind, is none. */
static int
try_default(struct app *app, struct error *err)
{
	char *address = default_address(app);
	int rc = 0;

	if (address == NULL)
		return 0;
	rc = connect_to(app, address, err);
	free(address);
	return rc == -1 && err->code == ERR_AUTH ? -1 : 0;
}

int
app_refuse_option(
    const struct app *app, const char *option, bool given, struct error *err)
{
	if (!given || app->client == NULL)
		return 0;
	err_set(err, ERR_USAGE,
	    "%s is for a command that works by itself, and a service answers "
	    "at %s",
	    option, client_address(app->client));
	return err_hint(err,
	    "Set it in the service's configuration, or give --server none.");
}

static int
refuse_globals(const struct app *app, struct error *err)
{
	const struct cmd_globals *g = app->globals;
	size_t i;

	for (i = 0; i < g->sets.n; i++) {
		if (app_refuse_option(app, "--set of an endpoint",
			str_starts(g->sets.v[i], "endpoint "), err) == -1)
			return -1;
	}
	if (app_refuse_option(app, "--region", g->region != NULL, err) == -1)
		return -1;
	return app_refuse_option(app, "--profile", g->profile != NULL, err);
}

int
app_find_service(struct app *app, struct error *err)
{
	const char *named = app_named_service(app);
	int rc;

	if (named == NULL)
		rc = try_default(app, err);
	else
		rc = str_eq(named, "none") ? 0 : connect_to(app, named, err);
	if (rc == 0 && app->client != NULL && app->globals->server != NULL)
		app->same_server =
		    xasprintf(" --server %s", client_address(app->client));
	return rc == 0 ? refuse_globals(app, err) : -1;
}

#define START_ONE "Start 'awaitd serve', or name one by --server ADDRESS."

int
app_need_service(const struct app *app, const char *what, struct error *err)
{
	if (app->client != NULL)
		return 0;
	err_set(err, ERR_NET, "%s needs a running service", what);
	return err_hint(err, START_ONE);
}

int
app_require_service(struct app *app, const char *what, struct error *err)
{
	if (app_find_service(app, err) == 0)
		return app_need_service(app, what, err);
	/* To do without it, as others may, is no way here. */
	return err->code == ERR_NET ? err_hint(err, START_ONE) : -1;
}

int
app_ask_service(const struct cmd_line *line, const char *what,
    app_check_fn *check, app_ask_fn *ask)
{
	struct app app;
	struct error err;
	int rc;

	if ((check != NULL && check(line, &err) == -1) ||
	    app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	rc = app_require_service(&app, what, &err);
	if (rc == 0)
		rc = ask(&app, line, &err);
	app_done(&app);
	return rc == 0 ? STATUS_OK : cmd_fail(&err);
}

const char *
app_same_server(const struct app *app)
{
	return app->same_server != NULL ? app->same_server : "";
}

int
app_fail(const struct app *app, const struct error *err)
{
	int status = cmd_fail(err);

	return app->signo != 0 ? STATUS_SIGNAL + app->signo : status;
}

/* --- signals -------------------------------------------------------- */

static void
on_sigint(void *arg)
{
	struct app *app = arg;

	app->signo = SIGINT;
	loop_stop(app->loop);
}

static void
on_sigterm(void *arg)
{
	struct app *app = arg;

	app->signo = SIGTERM;
	loop_stop(app->loop);
}

void
app_catch_signals(struct app *app)
{
	if (app->sigint != NULL)
		return;
	app->sigint = loop_signal_new(app->loop, SIGINT, on_sigint, app);
	app->sigterm = loop_signal_new(app->loop, SIGTERM, on_sigterm, app);
}

void
app_default_signals(struct app *app)
{
	loop_signal_free(app->sigint);
	loop_signal_free(app->sigterm);
	app->sigint = NULL;
	app->sigterm = NULL;
}

void
app_done(struct app *app)
{
	app_default_signals(app);
	client_free(app->client);
	free(app->same_server);
	app_disconnect(app);
	loop_free(app->loop);
	conf_free(app->conf);
}

void
app_policy(const char *endpoint, struct engine_policy *out, void *arg)
{
	const struct app *app = arg;

	intake_policy(app->conf, endpoint, out);
	if (app->poll_interval_ms != 0)
		out->plan.interval_ms = app->poll_interval_ms;
}

void
app_budget(const struct app *app, struct engine_budget *out)
{
	intake_budget(app->conf, out);
}
