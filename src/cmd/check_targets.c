/* SPDX-License-Identifier: Apache-2.0 */
/* The probes of where results are delivered to. Nothing is sent to anybody. */
#include "cmd/check.h"

#include <stdlib.h>

#include "base/child.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/check_connect.h"
#include "job/route.h"
#include "net/url.h"
#include "serve/targets.h"

/* As a service builds it: URL, secret, program. */
static int
try(struct check_probe *p, const char *title, struct error *err)
{
	const struct check *c = p->check;

	return targets_try(c->app->conf, title, c->app->loop, err);
}

/* --- webhooks --------------------------------------------------- */

static void
start_webhook(struct check_probe *p)
{
	const struct conf_webhook *w = p->section;
	char *title = xasprintf("webhook %s", w->head.name);
	struct http_client *http;
	struct error err;
	char *proxy;

	if (try(p, title, &err) == -1 ||
	    targets_client(w, p->check->app->loop, &http, &proxy, &err) == -1) {
		check_end_err(p, CHECK_FAIL, &err);
	} else {
		check_connect_take(p, http, proxy);
		check_connect_start(p);
	}
	free(title);
}

static const struct check_kind webhook_kind = {
    .name = "webhook",
    .start = start_webhook,
    .cancel = check_connect_cancel,
    .forget = check_connect_forget,
};

/* Paths of webhooks are secrets at times; only the host is shown. */
static char *
subject_of(const struct conf_webhook *w)
{
	struct url url;
	struct error ignored;
	char *host, *subject;

	if (url_parse(w->url, &url, &ignored) == -1)
		return xstrdup(w->head.name);
	host = url_host_header(&url);
	subject = xasprintf("%s, %s://%s", w->head.name, url.scheme, host);
	free(host);
	url_done(&url);
	return subject;
}

static void
add_webhook(struct check *c, const struct conf_webhook *w)
{
	struct check_probe *p = check_add(c, &webhook_kind, subject_of(w));

	p->section = w;
	check_connect_init(p, NULL, w->url, false);
}

/* --- programs --------------------------------------------------- */

static void
start_exec(struct check_probe *p)
{
	const struct conf_exec *x = p->section;
	char *title = xasprintf("exec %s", x->head.name), *program;
	struct error err;

	if (try(p, title, &err) == -1) {
		check_end_err(p, CHECK_FAIL, &err);
	} else {
		program = child_find(x->command.v[0], &err);
		check_end(p, CHECK_OK, "%s can be run",
		    program != NULL ? program : x->command.v[0]);
		free(program);
	}
	free(title);
}

static const struct check_kind exec_kind = {
    .name = "exec",
    .start = start_exec,
};

/* --- rows ------------------------------------------------------- */

static bool
is_in(const struct conf_list *deliver, const char *title)
{
	size_t i;

	for (i = 0; i < deliver->n; i++) {
		if (route_same(deliver->v[i], title))
			return true;
	}
	return false;
}

/* One that an endpoint which is looked at delivers to; or any. */
static bool
is_wanted(const struct check *c, const char *kind, const char *name)
{
	const struct conf *conf = c->app->conf;
	char *title = xasprintf("%s %s", kind, name);
	bool found = c->nnames == 0;
	size_t i;

	for (i = 0; i < conf->nendpoints && !found; i++)
		found = check_wants(c, conf->endpoints[i]->head.name) &&
		    is_in(&conf->endpoints[i]->deliver, title);
	free(title);
	return found;
}

void
check_targets_add(struct check *c)
{
	const struct conf *conf = c->app->conf;
	struct check_probe *p;
	size_t i;

	for (i = 0; i < conf->nwebhooks; i++) {
		if (is_wanted(c, "webhook", conf->webhooks[i]->head.name))
			add_webhook(c, conf->webhooks[i]);
	}
	for (i = 0; i < conf->nexecs; i++) {
		if (!is_wanted(c, "exec", conf->execs[i]->head.name))
			continue;
		p = check_add(
		    c, &exec_kind, xstrdup(conf->execs[i]->head.name));
		p->section = conf->execs[i];
	}
}
