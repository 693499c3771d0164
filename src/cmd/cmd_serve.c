/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd serve: the service that the other commands are clients of. */
#include "cmd/app.h"
#include "cmd/cmd.h"
#include "cmd/runs.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/str.h"
#include "serve/server.h"

/* A service is followed by its log: one line for each change of state. */
static void
raise_log(const struct app *app)
{
	const struct conf_global *g = &app->conf->global;

	if (app->globals->log_level == NULL &&
	    str_eq(conf_source(&g->head, "awaitd", "log_level"), "default"))
		log_init(LOG_INFO, (enum log_format)g->log_format);
}

static int
serve(struct app *app, const char *folder, struct error *err)
{
	const struct cmd_globals *g = app->globals;
	struct server_options so = {
	    .loop = app->loop,
	    .sites = app->sites,
	    .conf = app->conf,
	    .reload.file = g->config,
	    .reload.sets = g->sets.v,
	    .reload.nsets = g->sets.n,
	    .folder = folder,
	    .region = g->region,
	    .profile = g->profile,
	};

	app->conf = NULL;
	return server_run(&so, err);
}

static int
run(const struct cmd_line *line)
{
	char *folder = NULL;
	struct app app;
	struct error err;
	int rc;

	if (line->nargs > 0) {
		err_set(&err, ERR_USAGE,
		    "serve takes no argument such as \"%s\"", line->args[0]);
		err_hint(&err, "Its configuration is named by --config FILE.");
		return cmd_fail(&err);
	}
	if (app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	raise_log(&app);
	rc = app_connect(&app, &err);
	if (rc == 0)
		rc = runs_folder_to_write(&app, &folder, &err);
	if (rc == 0)
		rc = serve(&app, folder, &err);
	free(folder);
	app_done(&app);
	return rc == 0 ? STATUS_OK : cmd_fail(&err);
}

const struct cmd cmd_serve = {
    .name = "serve",
    .args = "",
    .summary = "Run as a service: take jobs, wait for them, deliver",
    .examples = "  awaitd serve\n"
		"  awaitd serve --config /etc/awaitd/awaitd.conf\n",
    .run = run,
};
