/* SPDX-License-Identifier: Apache-2.0 */
/* Targets: how they are, switched off and on, and tried. */
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/callback.h"
#include "deliver/trial.h"
#include "engine/health.h"
#include "serve/api_call.h"
#include "serve/target_json.h"
#include "serve/targets.h"

#define REPLY_MAX ((size_t)8 << 20)
#define NAME_MAX_LEN 400
/* Its hosts are targets, and not the section itself. */
#define CALLBACK "callback"
/* Those that are not in the configuration: callbacks' hosts may be many. */
#define OTHERS_MAX 1000
/* Each holds a connection, and perhaps a process. */
#define TRIALS_MAX 8

/* --- all ------------------------------------------------------------ */

struct listing {
	const struct service *service;
	struct jsonw w;
	size_t others;
};

static bool
is_configured(const struct targets *t, const char *name)
{
	size_t i;

	for (i = 0; i < targets_count(t); i++) {
		if (str_eq(targets_title(t, i), name))
			return true;
	}
	return false;
}

static void
write_other(const struct health *h, void *arg)
{
	struct listing *l = arg;

	if (is_configured(l->service->targets, h->target))
		return;
	if (l->others++ < OTHERS_MAX)
		target_json_write(&l->w, h);
}

void
api_targets_list(struct api_call *c)
{
	struct listing l = {.service = c->api->service};
	const struct targets *t = l.service->targets;
	struct health h;
	struct buf b;
	size_t i;

	buf_init(&b, REPLY_MAX);
	jsonw_init(&l.w, &b);
	jsonw_begin(&l.w, NULL, '{');
	jsonw_begin(&l.w, "targets", '[');
	for (i = 0; i < targets_count(t); i++) {
		if (str_eq(targets_title(t, i), CALLBACK))
			continue;
		health_find(l.service->engine, targets_title(t, i), &h);
		target_json_write(&l.w, &h);
	}
	health_each(l.service->engine, write_other, &l);
	jsonw_end(&l.w, ']');
	if (l.others > OTHERS_MAX)
		jsonw_int(&l.w, "left_out", (int64_t)(l.others - OTHERS_MAX));
	jsonw_end(&l.w, '}');
	buf_putc(&b, '\n');
	api_reply_json(c, 200, &b);
	buf_done(&b);
}

/* --- one ------------------------------------------------------------ */

/* The segment of the path that is the name, decoded; or NULL. The caller's. */
static char *
name_of(const struct api_call *c)
{
	static const char head[] = "/v1/targets/";
	const char *part = http_path(c->x) + strlen(head);
	struct buf b;
	char *name;

	buf_init(&b, NAME_MAX_LEN);
	if (decode_uri(&b, part, strcspn(part, "/")) == -1 || b.overflow ||
	    b.len == 0 || strlen(b.data) != b.len || str_has_control(b.data)) {
		buf_done(&b);
		return NULL;
	}
	name = buf_take(&b);
	return name;
}

static void
refuse_unknown(struct api_call *c, const char *name)
{
	const struct targets *t = c->api->service->targets;
	struct error err;
	size_t i;

	err_set(&err, ERR_NOT_FOUND, "there is no target [%s]", name);
	err_hint(&err, "'awaitd targets' lists what there is%s.",
	    strchr(name, ' ') != NULL
		? ""
		: "; a name has a blank, as in 'webhook hook'");
	for (i = 0; i < targets_count(t); i++) {
		if (str_near(targets_title(t, i), name) ||
		    str_ends(targets_title(t, i), name)) {
			err_hint(
			    &err, "Did you mean \"%s\"?", targets_title(t, i));
			break;
		}
	}
	api_refuse_err(c, 404, "not_found", &err);
}

static void
reply_target(struct api_call *c, const char *name)
{
	struct health h;
	struct jsonw w;
	struct buf b;

	health_find(c->api->service->engine, name, &h);
	buf_init(&b, REPLY_MAX);
	jsonw_init(&w, &b);
	target_json_write(&w, &h);
	buf_putc(&b, '\n');
	api_reply_json(c, 200, &b);
	buf_done(&b);
}

static void
on_switched(const struct error *err, void *arg)
{
	struct api_call *c = arg;

	if (!api_back(c))
		return;
	if (err == NULL)
		reply_target(c, c->work);
	else if (err->code == ERR_NOT_FOUND)
		refuse_unknown(c, c->work);
	else if (err->code == ERR_USAGE)
		api_refuse_err(c, 409, "not_for_callbacks", err);
	else
		api_refuse_store(c, err);
}

static void
switch_it(struct api_call *c, bool on)
{
	char *name;

	if (api_refuse_write(c))
		return;
	name = name_of(c);
	if (name == NULL) {
		api_not_found(c);
		return;
	}
	c->work = name;
	c->work_free = free;
	health_switch(
	    c->api->service->engine, name, on, on_switched, api_hold(c));
}

void
api_targets_enable(struct api_call *c)
{
	switch_it(c, true);
}

void
api_targets_disable(struct api_call *c)
{
	switch_it(c, false);
}

/* --- a trial of one ------------------------------------------------- */

struct testing {
	struct api *api;
	struct trial *trial; /* NULL: over */
	char *target;
	char request_id[API_REQUEST_ID_MAX + 1];
};

static void
log_called_off(const struct testing *t)
{
	log_begin(LOG_INFO, "api");
	log_str("request", t->request_id);
	log_str("target", t->target);
	log_str("msg",
	    "a trial was called off, as nobody waits for it any more; it "
	    "may have arrived");
	log_end();
}

static void
log_trial(const struct api_call *c, const struct attempt_entry *e)
{
	log_begin(LOG_INFO, "api");
	log_str("request", c->request_id);
	log_str("delivery", e->delivery);
	log_str("target", e->target);
	log_str("msg", "a trial");
	log_str("result", attempt_outcome_name(e->a.outcome));
	if (e->a.status != ATTEMPT_NO_STATUS)
		log_int("status", e->a.status);
	log_int("ms", e->a.ended_at - e->a.started_at);
	log_str("class", e->a.error_class);
	log_str("note", e->a.note);
	log_end();
}

/* The call is over: it was answered, or nobody waits any more. */
static void
testing_free(void *work)
{
	struct testing *t = work;

	if (t->trial != NULL)
		log_called_off(t);
	trial_cancel(t->trial);
	t->api->trials--;
	free(t->target);
	free(t);
}

static void
on_trial(const struct attempt_entry *e, void *arg)
{
	struct api_call *c = arg;
	struct testing *t = c->work;

	t->trial = NULL;
	log_trial(c, e);
	api_reply_attempt(c, e);
}

static void
begin_trial(struct api_call *c, struct target *target, bool failed)
{
	struct testing *t = xcalloc(1, sizeof(*t));

	t->api = c->api;
	t->api->trials++;
	t->target = xstrdup(target->name);
	memcpy(t->request_id, c->request_id, sizeof(t->request_id));
	c->work = t;
	c->work_free = testing_free;
	t->trial =
	    trial_start(c->api->service->loop, target, failed, on_trial, c);
}

/* Of a host alone nobody knows where to. */
static void
refuse_callback(struct api_call *c)
{
	struct error err;

	err_set(&err, ERR_USAGE, "a callback's host cannot be tried by itself");
	err_hint(&err,
	    "Each job names a URL there: submit one with that callback_url.");
	api_refuse_err(c, 409, "not_for_callbacks", &err);
}

static void
refuse_another(struct api_call *c)
{
	struct error err;

	err_set(&err, ERR_BUSY,
	    "%u trials are under way, and no more are begun", c->api->trials);
	err_hint(&err, "Wait for one, or call off those that nobody awaits.");
	api_refuse_err(c, 503, "unavailable", &err);
}

/* With the name. */
static void
test_it(struct api_call *c, const char *name, bool failed)
{
	struct target *target;

	if (callback_is_target(name) || str_eq(name, CALLBACK)) {
		refuse_callback(c);
		return;
	}
	target = targets_get(c->api->service->targets, name);
	if (target == NULL)
		refuse_unknown(c, name);
	else if (c->api->trials >= TRIALS_MAX)
		refuse_another(c);
	else
		begin_trial(c, target, failed);
	target_unref(target);
}

void
api_targets_test(struct api_call *c)
{
	static const char *const outcomes[] = {"ok", "failed", NULL};
	const char *outcome;
	struct error err;
	char *name;

	if (api_query_word(&c->query, "outcome", outcomes, &outcome, &err) ==
	    -1) {
		api_refuse_err(c, 400, "bad_parameter", &err);
		return;
	}
	if (c->api->service->stopping) {
		api_refuse_stopping(c);
		return;
	}
	name = name_of(c);
	if (name == NULL)
		api_not_found(c);
	else
		test_it(c, name, outcome != NULL && str_eq(outcome, "failed"));
	free(name);
}
