/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd serve: the service that the other commands are clients of. */
#include "cmd/app.h"
#include "cmd/cmd.h"
#include "cmd/runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/str.h"
#include "serve/server.h"

#define FILES_WANTED 65536

/* A service is followed by its log: one line for each change of state. */
static void
set_log(const struct conf *conf, const struct app *app)
{
	struct error ignored;

	/* The flags are those that app_init() has taken. */
	(void)app_set_log(app, conf, true, &ignored);
}

static void
on_configured(const struct conf *conf, void *arg)
{
	const struct app *app = arg;

	set_log(conf, app);
	creds_cache_reload(aws_client_creds(app->aws));
}

static int
serve(struct app *app, const char *folder, struct error *err)
{
	const struct cmd_globals *g = app->globals;
	struct server_options so = {
	    .loop = app->loop,
	    .sites = app->sites,
	    .aws = app->aws,
	    .conf = app->conf,
	    .reload.file = g->config,
	    .reload.sets = g->sets.v,
	    .reload.nsets = g->sets.n,
	    .folder = folder,
	    .region = g->region,
	    .profile = g->profile,
	    .configured = on_configured,
	    .configured_arg = app,
	};
	char *ca_file;
	int rc;

	if (app_ca_bundle(app, &ca_file, err) == -1)
		return -1;
	so.ca_file = ca_file;
	app->conf = NULL;
	rc = server_run(&so, err);
	free(ca_file);
	return rc;
}

/* As the unit for systemd has it. Receivers that hang hold their connections,
 * and nobody else is to lack one for it. */
static void
allow_files(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == -1 || l.rlim_cur >= FILES_WANTED)
		return;
	l.rlim_cur = l.rlim_max < FILES_WANTED ? l.rlim_max : FILES_WANTED;
	(void)setrlimit(RLIMIT_NOFILE, &l);
}

static int
check(const struct cmd_line *line, struct error *err)
{
	const struct cmd_globals *g = line->globals;

	if (g->server == NULL && g->token_file == NULL)
		return 0;
	err_set(err, ERR_USAGE, "--%s %s is for those who ask a service",
	    g->server != NULL ? "server" : "token-file",
	    g->server != NULL ? g->server : g->token_file);
	return err_hint(err,
	    "Where a service listens, and with which token, stands in [api] "
	    "of its configuration.");
}

static int
run(const struct cmd_line *line)
{
	char *folder = NULL;
	struct app app;
	struct error err;
	int rc, status;

	if (check(line, &err) == -1 ||
	    app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	set_log(app.conf, &app);
	allow_files();
	rc = conf_check_service(app.conf, &err);
	if (rc == 0)
		rc = app_connect_service(&app, &err);
	if (rc == 0)
		rc = runs_folder_to_write(&app, &folder, &err);
	if (rc == 0)
		rc = serve(&app, folder, &err);
	free(folder);
	status = rc == 0 ? STATUS_OK : app_fail(&app, &err);
	app_done(&app);
	return status;
}

const struct cmd cmd_serve = {
    .name = "serve",
    .group = GROUP_OPERATE,
    .args = "",
    .summary = "Run as a service: take jobs, wait for them, deliver",
    .examples = "  awaitd serve\n"
		"  awaitd serve --config /etc/awaitd/awaitd.conf\n",
    .run = run,
};
