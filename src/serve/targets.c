/* SPDX-License-Identifier: Apache-2.0 */
/* From sections to targets: one function a kind, nothing else to add. */
#include "serve/targets.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/callback.h"
#include "deliver/exec.h"
#include "deliver/webhook.h"

#define CALLBACK "callback"

struct targets {
	struct target **v;
	size_t n;
	struct target *callback; /* or NULL */
	struct conf_list allow; /* its hosts … */
	struct conf_list networks; /* … and networks, for http */
};

static enum delivery_payload
payload_of(int conf)
{
	switch ((enum conf_payload)conf) {
	case CONF_PAYLOAD_EVENT:
		return DELIVERY_EVENT;
	case CONF_PAYLOAD_RAW:
		return DELIVERY_RAW;
	case CONF_PAYLOAD_REFERENCE:
		return DELIVERY_REFERENCE;
	}
	abort();
}

static enum delivery_format
format_of(int conf)
{
	switch ((enum conf_cloudevents)conf) {
	case CONF_CLOUDEVENTS_NO:
		return DELIVERY_PLAIN;
	case CONF_CLOUDEVENTS_BINARY:
		return DELIVERY_CE_BINARY;
	case CONF_CLOUDEVENTS_STRUCTURED:
		return DELIVERY_CE_STRUCTURED;
	}
	abort();
}

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

/* What a webhook and [callback] have. */
static void
fill_webhook(
    struct webhook_options *o, const struct conf_webhook *c, struct loop *loop)
{
	o->target.payload = payload_of(c->payload);
	o->target.format = format_of(c->cloudevents);
	o->target.schedule = c->schedule;
	o->target.max_in_flight = (unsigned)c->max_in_flight;
	o->target.rate = (unsigned)c->rate;
	o->target.breaker_failures = (unsigned)c->breaker_failures;
	o->target.breaker_max_ms = c->breaker_max_ms;
	o->target.timeout_ms = c->timeout_ms;
	o->target.inline_max = (size_t)c->inline_max;
	o->target.url_valid_s = c->url_valid_ms / 1000;
	o->loop = loop;
	o->url = c->url;
	o->secret_files = (const char *const *)c->secret_file.v;
	o->header_file = c->header_file;
	o->allow_networks = (const char *const *)c->allow_networks.v;
	o->ca_file = c->ca_file;
	o->certificate_file = c->certificate_file;
	o->private_key_file = c->private_key_file;
	o->proxy = c->proxy;
}

static int
add_webhook(struct targets *t, const struct conf_webhook *c, struct loop *loop,
    struct error *err)
{
	char *title = xasprintf("webhook %s", c->head.name);
	struct webhook_options o = {.target.name = title};

	fill_webhook(&o, c, loop);
	return added(
	    t, &c->head, title, webhook_new(&o, &t->v[t->n], err), err);
}

static void
copy_list(struct conf_list *to, const struct conf_list *from)
{
	to->v = xcalloc(from->n + 1, sizeof(char *));
	for (to->n = 0; to->n < from->n; to->n++)
		to->v[to->n] = xstrdup(from->v[to->n]);
}

/* One for all hosts: the URL is the job's. */
static int
add_callback(struct targets *t, const struct conf_webhook *c, struct loop *loop,
    struct error *err)
{
	struct webhook_options o = {.target.name = CALLBACK};

	if (c->allow.n == 0)
		return 0;
	fill_webhook(&o, c, loop);
	if (webhook_new(&o, &t->callback, err) == -1)
		return err_prefix(err, "%s: [" CALLBACK "]",
		    conf_source(&c->head, CALLBACK, "allow"));
	copy_list(&t->allow, &c->allow);
	copy_list(&t->networks, &c->allow_networks);
	return 0;
}

static int
add_exec(struct targets *t, const struct conf_exec *c, struct loop *loop,
    struct error *err)
{
	char *title = xasprintf("exec %s", c->head.name);
	struct exec_options o = {
	    .target.name = title,
	    .target.payload = payload_of(c->payload),
	    .target.schedule = c->schedule,
	    .target.max_in_flight = (unsigned)c->max_in_flight,
	    .target.rate = (unsigned)c->rate,
	    .target.timeout_ms = c->timeout_ms,
	    .target.inline_max = (size_t)c->inline_max,
	    .target.url_valid_s = c->url_valid_ms / 1000,
	    .loop = loop,
	    .argv = (const char *const *)c->command.v,
	    .other_is_dead = c->other_exit == CONF_OTHER_EXIT_DEAD,
	};

	return added(t, &c->head, title, exec_new(&o, &t->v[t->n], err), err);
}

static bool
is_meant(const char *kind, const char *name, const char *title)
{
	size_t len = strlen(kind);

	return title == NULL ||
	    (strncmp(title, kind, len) == 0 && title[len] == ' ' &&
		str_eq(title + len + 1, name));
}

/* NULL: all of them. */
static int
add_all(struct targets *t, const struct conf *conf, const char *title,
    struct loop *loop, struct error *err)
{
	size_t i;

	for (i = 0; i < conf->nwebhooks; i++) {
		if (is_meant("webhook", conf->webhooks[i]->head.name, title) &&
		    add_webhook(t, conf->webhooks[i], loop, err) == -1)
			return -1;
	}
	for (i = 0; i < conf->nexecs; i++) {
		if (is_meant("exec", conf->execs[i]->head.name, title) &&
		    add_exec(t, conf->execs[i], loop, err) == -1)
			return -1;
	}
	if (title == NULL || str_eq(title, CALLBACK))
		return add_callback(t, &conf->callback, loop, err);
	return 0;
}

static int
build(const struct conf *conf, const char *title, struct loop *loop,
    struct targets **out, struct error *err)
{
	struct targets *t = xcalloc(1, sizeof(*t));

	t->v = xcalloc(
	    conf->nwebhooks + conf->nexecs + 1, sizeof(struct target *));
	if (add_all(t, conf, title, loop, err) == -1) {
		err->code = ERR_CONFIG;
		targets_free(t);
		return -1;
	}
	*out = t;
	return 0;
}

/* Whoever relies on awaitd to vet addresses has to know where it cannot. */
static void
tell_proxy(const struct conf_webhook *c)
{
	struct webhook_options o = {0};
	char *proxy;

	fill_webhook(&o, c, NULL);
	proxy = webhook_proxy(&o);
	if (proxy != NULL)
		log_info("serve",
		    "[%s%s] goes through the proxy %s: which addresses may be "
		    "reached is up to that",
		    c->url != NULL ? "webhook " : "callback",
		    c->url != NULL ? c->head.name : "", proxy);
	free(proxy);
}

int
targets_new(const struct conf *conf, struct loop *loop, struct targets **out,
    struct error *err)
{
	size_t i;

	if (build(conf, NULL, loop, out, err) == -1)
		return -1;
	for (i = 0; i < conf->nwebhooks; i++)
		tell_proxy(conf->webhooks[i]);
	if (conf->callback.allow.n > 0)
		tell_proxy(&conf->callback);
	return 0;
}

int
targets_try(const struct conf *conf, const char *title, struct loop *loop,
    struct error *err)
{
	struct targets *t;

	if (build(conf, title, loop, &t, err) == -1)
		return -1;
	targets_free(t);
	return 0;
}

int
targets_client(const struct conf_webhook *c, struct loop *loop,
    struct http_client **out, char **proxy, struct error *err)
{
	struct webhook_options o = {0};

	fill_webhook(&o, c, loop);
	if (webhook_client(&o, out, err) == -1)
		return -1;
	*proxy = webhook_proxy(&o);
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
	target_unref(t->callback);
	str_free_words(t->allow.v);
	str_free_words(t->networks.v);
	free(t->v);
	free(t);
}

size_t
targets_count(const struct targets *t)
{
	return t != NULL ? t->n : 0;
}

const char *
targets_title(const struct targets *t, size_t i)
{
	return t->v[i]->name;
}

/* Each time anew: the URL was taken by the rules of then. */
static bool
lets_callback(const struct targets *t, const char *title)
{
	const struct callback_rules rules = {
	    .allow = (const char *const *)t->allow.v,
	    .networks = (const char *const *)t->networks.v,
	};

	return t->callback != NULL && callback_lets(title, &rules);
}

struct target *
targets_get(const struct targets *t, const char *title)
{
	size_t i;

	if (callback_is_target(title))
		return lets_callback(t, title) ? target_ref(t->callback) : NULL;

	for (i = 0; i < t->n; i++) {
		if (str_eq(t->v[i]->name, title))
			return target_ref(t->v[i]);
	}
	return NULL;
}
