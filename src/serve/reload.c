/* SPDX-License-Identifier: Apache-2.0 */
/* From one configuration to the next, whole or not at all. */
#include "serve/reload.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "conf/keys.h"
#include "engine/spool.h"
#include "serve/gateway.h"
#include "serve/gateway_keys.h"
#include "serve/intake.h"
#include "serve/metrics.h"
#include "serve/targets.h"

/* Of the log line that names what changed. */
#define NAMES_MAX 400

struct reload {
	struct service *s;
	const struct server_options *o;
	struct conf *first; /* of the start, kept: listeners were made of it */
	struct conf *conf;
	struct targets *targets;
	int64_t at;
};

/* All that a configuration needs to be in force. */
struct next {
	struct conf *conf;
	struct targets *targets;
	struct gateway_keys *keys; /* or NULL */
};

/* --- what is told --------------------------------------------------- */

struct telling {
	conf_change_fn *fn;
	void *arg;
	struct buf names; /* for the log */
	int64_t n;
};

static void
tell(const struct conf_change *c, void *arg)
{
	struct telling *t = arg;

	t->n++;
	buf_printf(&t->names, "%s[%s]%s%s", t->names.len > 0 ? ", " : "",
	    c->section,
	    c->what == CONF_ADDED         ? " added"
		: c->what == CONF_REMOVED ? " removed"
					  : " ",
	    c->key != NULL ? c->key->name : "");
	if (t->fn != NULL)
		t->fn(c, t->arg);
}

static void
log_done(const struct reload *r, const struct telling *t)
{
	char *msg = xasprintf("reloaded %s",
	    r->conf->file != NULL ? r->conf->file : "the configuration");

	log_begin(LOG_INFO, "serve");
	log_str("msg", msg);
	log_int("changes", t->n);
	log_str("changed", t->n > 0 ? t->names.data : NULL);
	log_end();
	free(msg);
}

static void
log_refused(const struct error *err)
{
	struct error e = *err;

	err_prefix(&e, "the old configuration stays");
	log_begin(LOG_ERROR, "serve");
	log_err(&e);
	log_end();
}

static void
log_finding(const struct error *finding, void *arg)
{
	(void)arg;
	log_begin(LOG_WARN, "serve");
	log_err(finding);
	log_end();
}

/* As long as a restart would change it. */
static void
warn_restart(const struct reload *r)
{
	char keys[NAMES_MAX];

	if (conf_needs_restart(r->first, r->conf, keys, sizeof(keys)))
		log_warn("serve", "%s changed: that needs a restart", keys);
}

/* --- one and the next ------------------------------------------------ */

static void
next_done(struct next *n)
{
	gateway_keys_unref(n->keys);
	targets_free(n->targets);
	conf_free(n->conf);
}

/* Nothing is touched here. */
static int
prepare(struct reload *r, struct next *n, struct error *err)
{
	if (conf_load(&r->o->reload, &n->conf, err) == -1 ||
	    conf_check_service(n->conf, err) == -1 ||
	    gateway_reread(r->s->gateway, n->conf, &n->keys, err) == -1)
		return -1;
	return targets_new(n->conf, r->s->loop, &n->targets, err);
}

/* Nothing can fail here. */
static void
put_in_force(struct reload *r, struct next *n)
{
	struct engine_budget budget;

	gateway_take_keys(r->s->gateway, n->keys);
	targets_free(r->targets);
	r->targets = n->targets;
	r->s->targets = n->targets;
	/* Nobody else keeps anything of a configuration over a turn. */
	if (r->conf != r->first)
		conf_free(r->conf);
	r->conf = n->conf;
	r->s->conf = n->conf;
	r->at = clock_wall_ms();
	engine_targets_changed(r->s->engine);
	intake_budget(r->conf, &budget);
	engine_set_budget(r->s->engine, &budget);
	spool_set_max(r->s->spool, r->conf->global.spool_max);
}

int
reload_run(struct reload *r, conf_change_fn *fn, void *arg, struct error *err)
{
	struct telling t = {.fn = fn, .arg = arg};
	struct next n = {.conf = NULL};

	if (prepare(r, &n, err) == -1) {
		next_done(&n);
		metrics_reload(r->s->metrics, false);
		log_refused(err);
		return -1;
	}
	buf_init(&t.names, NAMES_MAX);
	conf_compare(r->conf, n.conf, tell, &t);
	if (r->o->configured != NULL)
		r->o->configured(n.conf, r->o->configured_arg);
	put_in_force(r, &n);
	warn_restart(r);
	conf_warn(r->conf, log_finding, NULL);
	metrics_reload(r->s->metrics, true);
	log_done(r, &t);
	buf_done(&t.names);
	return 0;
}

/* --- asking --------------------------------------------------------- */

struct pending {
	conf_change_fn *fn;
	void *arg;
};

static void
pass_pending(const struct conf_change *c, void *arg)
{
	const struct pending *p = arg;

	if (c->key != NULL && (c->key->flags & CONF_RESTART) != 0)
		p->fn(c, p->arg);
}

void
reload_pending(const struct reload *r, conf_change_fn *fn, void *arg)
{
	struct pending p = {fn, arg};

	conf_compare(r->first, r->conf, pass_pending, &p);
}

const struct conf *
reload_first(const struct reload *r)
{
	return r->first;
}

int64_t
reload_at(const struct reload *r)
{
	return r->at;
}

/* --- in and out ----------------------------------------------------- */

struct reload *
reload_new(struct service *service, const struct server_options *options)
{
	struct reload *r = xcalloc(1, sizeof(*r));

	r->s = service;
	r->o = options;
	r->first = options->conf;
	r->conf = options->conf;
	r->at = clock_wall_ms();
	service->conf = r->conf;
	return r;
}

int
reload_open(struct reload *r, struct error *err)
{
	if (targets_new(r->conf, r->s->loop, &r->targets, err) == -1)
		return -1;
	r->s->targets = r->targets;
	conf_warn(r->conf, log_finding, NULL);
	return 0;
}

void
reload_free(struct reload *r)
{
	if (r == NULL)
		return;
	targets_free(r->targets);
	if (r->conf != r->first)
		conf_free(r->conf);
	conf_free(r->first);
	free(r);
}
