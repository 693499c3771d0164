/* SPDX-License-Identifier: Apache-2.0 */
/* The probes of this machine: the file, the folder, the service. */
#include "cmd/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "cmd/runs.h"

#define SERVICE_TIMEOUT_MS 5000

/* --- the configuration ------------------------------------------ */

/* It was read before anything else; what is wrong with it ends the command. */
static void
start_conf(struct check_probe *p)
{
	const struct conf *conf = p->check->app->conf;

	if (conf->file == NULL) {
		check_remedy(p,
		    "Begin with etc/awaitd-minimal.conf as "
		    "~/.config/awaitd/awaitd.conf, or name an endpoint: "
		    "'awaitd check ENDPOINT'.");
		check_end(p, CHECK_SKIPPED, "there is no file");
		return;
	}
	check_end(p, CHECK_OK, "endpoints: %zu, targets: %zu", conf->nendpoints,
	    conf->nwebhooks + conf->nexecs + conf->ndirs + conf->nunixes);
}

static const struct check_kind conf_kind = {
    .name = "configuration",
    .start = start_conf,
};

/* The loader's own words. */
static void
start_finding(struct check_probe *p)
{
	check_end_err(p, CHECK_WARN, p->data);
}

static const struct check_kind finding_kind = {
    .name = "configuration",
    .start = start_finding,
};

static char *
file_name(const struct app *app)
{
	return xstrdup(app->conf->file != NULL ? app->conf->file : "none");
}

static void
add_finding(const struct error *finding, void *arg)
{
	struct check *c = arg;
	struct check_probe *p = check_add(c, &finding_kind, file_name(c->app));

	p->data = xmemdup(finding, sizeof(*finding));
}

/* --- the state folder ------------------------------------------- */

/* The part of the path that is there: what is missing is made when needed. */
static char *
existing(const char *folder)
{
	char *path = xstrdup(folder), *slash;

	while (access(path, F_OK) == -1 && errno == ENOENT) {
		slash = strrchr(path, '/');
		if (slash == NULL || slash == path) {
			free(path);
			return xstrdup(slash == NULL ? "." : "/");
		}
		*slash = '\0';
	}
	return path;
}

static void
start_state(struct check_probe *p)
{
	struct error err;
	char *path;

	if (str_eq(p->subject, "none")) {
		check_remedy(p, "Set AWAITD_STATE to a folder, or HOME.");
		check_end(p, CHECK_FAIL, "no place for state files");
		return;
	}
	path = existing(p->subject);
	if (access(path, W_OK | X_OK) == -1) {
		check_remedy(
		    p, "Set AWAITD_STATE to a folder that can be written to.");
		check_end(p, CHECK_FAIL, "%s: %s", path, strerror(errno));
	} else if (!str_eq(path, p->subject)) {
		check_end(p, CHECK_OK, "will be made below %s", path);
	} else if (runs_check_folder(path, &err) == -1) {
		check_end_err(p, CHECK_FAIL, &err);
	} else {
		check_end(p, CHECK_OK, "can be written to");
	}
	free(path);
}

static const struct check_kind state_kind = {
    .name = "state",
    .start = start_state,
};

/* --- the service ------------------------------------------------ */

struct service {
	struct client *client;
	struct client_call *call;
	char version[32];
};

static int
take_head(const struct http_response *r, void *arg, struct error *err)
{
	struct service *s = arg;
	const char *version = headers_get(&r->headers, "Awaitd-Version");

	(void)err;
	snprintf(s->version, sizeof(s->version), "%s",
	    version != NULL ? version : "of unknown version");
	return 0;
}

static int
discard(const void *data, size_t len, void *arg, struct error *err)
{
	(void)data;
	(void)len;
	(void)arg;
	(void)err;
	return 0;
}

static void
on_service(const struct json *answer, const struct error *err, void *arg)
{
	struct check_probe *p = arg;
	struct service *s = p->data;

	(void)answer;
	s->call = NULL;
	if (err != NULL)
		check_end_err(p, CHECK_FAIL, err);
	else
		check_end(p, CHECK_OK, "awaitd %s runs", s->version);
}

/* Nobody need be there, unless somebody was named. */
static void
nobody(struct check_probe *p, const struct error *err)
{
	const char *named = app_named_service(p->check->app);

	if (named != NULL || err->code == ERR_AUTH)
		check_end_err(p, CHECK_FAIL, err);
	else
		check_end(
		    p, CHECK_SKIPPED, "none runs: commands work by themselves");
}

static void
start_service(struct check_probe *p)
{
	struct client_request r = {
	    .method = "GET",
	    .path = "/v1/jobs?limit=1",
	    .head = take_head,
	    .sink = discard,
	    .timeout_ms = SERVICE_TIMEOUT_MS,
	};
	struct service *s = xcalloc(1, sizeof(*s));
	struct error err;

	p->data = s;
	r.sink_arg = s;
	if (app_service_client(p->check->app, &s->client, &err) == -1) {
		check_end_err(p, CHECK_FAIL, &err);
		return;
	}
	if (client_probe(s->client, &err) == -1)
		nobody(p, &err);
	else if (client_start(s->client, &r, on_service, p, &s->call, &err) ==
	    -1)
		check_end_err(p, CHECK_FAIL, &err);
}

static void
cancel_service(struct check_probe *p)
{
	struct service *s = p->data;

	client_cancel(s->call);
	s->call = NULL;
}

static void
forget_service(struct check_probe *p)
{
	struct service *s = p->data;

	client_free(s->client);
}

static const struct check_kind service_kind = {
    .name = "service",
    .start = start_service,
    .cancel = cancel_service,
    .forget = forget_service,
};

/* --- all of them ------------------------------------------------ */

void
check_conf_add(struct check *c)
{
	const struct app *app = c->app;
	char *folder = runs_folder_name(app), *service = app_service_name(app);
	struct error err;

	check_add(c, &conf_kind, file_name(app));
	conf_warn(app->conf, add_finding, c);
	if (conf_check_service(app->conf, &err) == -1)
		add_finding(&err, c);
	check_add(c, &state_kind, folder != NULL ? folder : xstrdup("none"));
	if (service != NULL)
		check_add(c, &service_kind, service);
}
