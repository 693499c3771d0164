/* SPDX-License-Identifier: Apache-2.0 */
/* From sections to targets: a function and a row a kind, nothing else. */
#include "serve/targets.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/callback.h"
#include "deliver/dir.h"
#include "deliver/exec.h"
#include "deliver/unixsock.h"
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
	o->secrets = (const char *const *)c->secret.v;
	o->secret_files = (const char *const *)c->secret_file.v;
	o->header_file = c->header_file;
	o->allow_networks = (const char *const *)c->allow_networks.v;
	o->ca_file = c->ca_file;
	o->certificate_file = c->certificate_file;
	o->private_key_file = c->private_key_file;
	o->proxy = c->proxy;
	o->proxy_file = c->proxy_file;
}

/* --- one function a kind ---------------------------------------- */

/* A section of the kind, and its title, "webhook hook". */
typedef int make_fn(const void *section, const char *title, struct loop *loop,
    struct target **out, struct error *err);

static int
make_dir(const void *section, const char *title, struct loop *loop,
    struct target **out, struct error *err)
{
	const struct conf_dir *c = section;
	struct dir_options o = {
	    .target.name = title,
	    .target.payload = payload_of(c->payload),
	    .target.schedule = c->schedule,
	    .target.max_in_flight = (unsigned)c->max_in_flight,
	    .target.inline_max = (size_t)c->inline_max,
	    .target.url_valid_s = c->url_valid_ms / 1000,
	    .loop = loop,
	    .path = c->path,
	};

	return dir_new(&o, out, err);
}

static int
make_exec(const void *section, const char *title, struct loop *loop,
    struct target **out, struct error *err)
{
	const struct conf_exec *c = section;
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

	return exec_new(&o, out, err);
}

static int
make_unix(const void *section, const char *title, struct loop *loop,
    struct target **out, struct error *err)
{
	const struct conf_unix *c = section;
	struct unixsock_options o = {
	    .target.name = title,
	    .target.payload = payload_of(c->payload),
	    .target.schedule = c->schedule,
	    .target.max_in_flight = (unsigned)c->max_in_flight,
	    .target.rate = (unsigned)c->rate,
	    .target.breaker_failures = (unsigned)c->breaker_failures,
	    .target.breaker_max_ms = c->breaker_max_ms,
	    .target.timeout_ms = c->timeout_ms,
	    .target.inline_max = (size_t)c->inline_max,
	    .target.url_valid_s = c->url_valid_ms / 1000,
	    .loop = loop,
	    .path = c->path,
	};

	return unixsock_new(&o, out, err);
}

static int
make_webhook(const void *section, const char *title, struct loop *loop,
    struct target **out, struct error *err)
{
	struct webhook_options o = {.target.name = title};

	fill_webhook(&o, section, loop);
	return webhook_new(&o, out, err);
}

/* --- [callback], which is one ------------------------------------ */

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

/* --- one row a kind --------------------------------------------- */

struct kind {
	const char *name; /* of the section */
	size_t list, count; /* of its sections, in struct conf */
	make_fn *make;
};

#define SECTIONS(list) \
	offsetof(struct conf, list), offsetof(struct conf, n##list)

static const struct kind kinds[] = {
    {"dir", SECTIONS(dirs), make_dir},
    {"exec", SECTIONS(execs), make_exec},
    {"unix", SECTIONS(unixes), make_unix},
    {"webhook", SECTIONS(webhooks), make_webhook},
};

static size_t
count(const struct conf *conf, const struct kind *kind)
{
	size_t n;

	memcpy(&n, (const char *)conf + kind->count, sizeof(n));
	return n;
}

/* Each of them begins with its head. */
static const struct conf_head *
section(const struct conf *conf, const struct kind *kind, size_t i)
{
	const struct conf_head *const *list;

	memcpy(&list, (const char *)conf + kind->list, sizeof(list));
	return list[i];
}

/* --- all of them ------------------------------------------------ */

static int
add(struct targets *t, const struct kind *kind, const struct conf_head *head,
    const char *wanted, struct loop *loop, struct error *err)
{
	char *title = xasprintf("%s %s", kind->name, head->name);
	int rc = 0;

	if (wanted == NULL || str_eq(title, wanted)) {
		rc = kind->make(head, title, loop, &t->v[t->n], err);
		if (rc == 0)
			t->n++;
		else
			err_prefix(err, "%s: [%s]", head->place, title);
	}
	free(title);
	return rc;
}

/* NULL: all of them. */
static int
add_all(struct targets *t, const struct conf *conf, const char *wanted,
    struct loop *loop, struct error *err)
{
	size_t i, j;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		for (j = 0; j < count(conf, &kinds[i]); j++) {
			if (add(t, &kinds[i], section(conf, &kinds[i], j),
				wanted, loop, err) == -1)
				return -1;
		}
	}
	if (wanted == NULL || str_eq(wanted, CALLBACK))
		return add_callback(t, &conf->callback, loop, err);
	return 0;
}

static int
build(const struct conf *conf, const char *wanted, struct loop *loop,
    struct targets **out, struct error *err)
{
	struct targets *t = xcalloc(1, sizeof(*t));
	size_t i, n = 0;

	for (i = 0; i < ARRAY_LEN(kinds); i++)
		n += count(conf, &kinds[i]);
	t->v = xcalloc(n + 1, sizeof(struct target *));
	if (add_all(t, conf, wanted, loop, err) == -1) {
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
	const struct target *target;
	struct targets *t;
	int rc = 0;

	if (build(conf, title, loop, &t, err) == -1)
		return -1;
	target = t->n > 0 ? t->v[0] : t->callback;
	if (target != NULL && target->driver->probe != NULL)
		rc = target->driver->probe(target->self, err);
	targets_free(t);
	return rc;
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
