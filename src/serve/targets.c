/* SPDX-License-Identifier: Apache-2.0 */
/* From sections to targets: one function a kind, nothing else to add. */
#include "serve/targets.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "deliver/exec.h"
#include "deliver/webhook.h"

struct targets {
	struct target **v;
	size_t n;
};

/* Count the target that was made, or say whose section it was to be. */
static int
added(struct targets *t, const struct conf_head *head, char *take_title, int rc,
    struct error *err)
{
	if (rc == 0)
		t->n++;
	else
		err_prefix(err, "%s: [%s]", head->place, take_title);
	free(take_title);
	return rc;
}

static int
add_webhook(struct targets *t, const struct conf_webhook *c,
    struct http_client *http, struct error *err)
{
	char *title = xasprintf("webhook %s", c->head.name);
	struct webhook_options o = {
	    .target.name = title,
	    .target.schedule = c->schedule,
	    .target.max_in_flight = (unsigned)c->max_in_flight,
	    .target.timeout_ms = c->timeout_ms,
	    .target.inline_max = (size_t)c->inline_max,
	    .http = http,
	    .url = c->url,
	    .secret_file = c->secret_file,
	};

	return added(
	    t, &c->head, title, webhook_new(&o, &t->v[t->n], err), err);
}

static int
add_exec(struct targets *t, const struct conf_exec *c, struct loop *loop,
    struct error *err)
{
	char *title = xasprintf("exec %s", c->head.name);
	struct exec_options o = {
	    .target.name = title,
	    .target.schedule = c->schedule,
	    .target.max_in_flight = (unsigned)c->max_in_flight,
	    .target.timeout_ms = c->timeout_ms,
	    .target.inline_max = (size_t)c->inline_max,
	    .loop = loop,
	    .argv = (const char *const *)c->command.v,
	    .payload = c->payload == CONF_PAYLOAD_EVENT ? PAYLOAD_EVENT
							: PAYLOAD_RESULT,
	};

	return added(t, &c->head, title, exec_new(&o, &t->v[t->n], err), err);
}

static int
add_all(struct targets *t, const struct conf *conf, struct loop *loop,
    struct http_client *http, struct error *err)
{
	size_t i;

	for (i = 0; i < conf->nwebhooks; i++) {
		if (add_webhook(t, conf->webhooks[i], http, err) == -1)
			return -1;
	}
	for (i = 0; i < conf->nexecs; i++) {
		if (add_exec(t, conf->execs[i], loop, err) == -1)
			return -1;
	}
	return 0;
}

int
targets_new(const struct conf *conf, struct loop *loop,
    struct http_client *http, struct targets **out, struct error *err)
{
	struct targets *t = xcalloc(1, sizeof(*t));

	t->v = xcalloc(
	    conf->nwebhooks + conf->nexecs + 1, sizeof(struct target *));
	if (add_all(t, conf, loop, http, err) == -1) {
		err->code = ERR_CONFIG;
		targets_free(t);
		return -1;
	}
	*out = t;
	return 0;
}

void
targets_free(struct targets *t)
{
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->n; i++)
		target_unref(t->v[i]);
	free(t->v);
	free(t);
}

struct target *
targets_get(const struct targets *t, const char *title)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (str_eq(t->v[i]->name, title))
			return target_ref(t->v[i]);
	}
	return NULL;
}
