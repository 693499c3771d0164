/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has to be known of receivers after a restart: that one is disabled, or
 * rests. A value for each target; one for all hosts of callbacks together,
 * which come from outside, and of which so many are kept as it holds.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/lane_inner.h"

#define NAME_PREFIX "target "
#define CALLBACKS "target callbacks"
/* A host in a burst of failures is not written each time. */
#define LATER_MS 1000
/* store_keep() takes 64 KiB; one host needs less than the difference. */
#define VALUE_MAX ((size_t)64000)
#define HOSTS_MAX ((size_t)60000)
#define TEXT_MAX 300

/* --- written -------------------------------------------------------- */

/* Whoever waits a moment need not know which. */
static void
write_text(struct jsonw *w, const char *key, const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;

	if (len > 0 && len <= TEXT_MAX)
		jsonw_str(w, key, text);
}

static void
write_members(struct jsonw *w, const struct lane *l)
{
	const struct breaker *b = &l->breaker;

	if (l->disabled) {
		jsonw_bool(w, "disabled", true);
		write_text(w, "reason", l->reason);
	}
	if (b->state != BREAKER_CLOSED) {
		jsonw_int(
		    w, "until", clock_wall_ms() + b->until - clock_mono_ms());
		jsonw_int(w, "rests", b->rests);
		jsonw_int(w, "failures", b->failures);
		write_text(w, "error", l->last_error);
	}
	if (l->disabled || b->state != BREAKER_CLOSED)
		jsonw_int(w, "since", l->since_at);
}

void
lanes_keep_hosts(struct lanes *lanes, store_done_fn *done, void *arg)
{
	const struct lane *l;
	struct jsonw w;
	struct buf b;

	buf_init(&b, VALUE_MAX);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	jsonw_begin(&w, "hosts", '[');
	TAILQ_FOREACH (l, &lanes->list, entry) {
		if (!l->callback || l->breaker.state == BREAKER_CLOSED ||
		    strlen(l->name) > TEXT_MAX)
			continue;
		if (b.len > HOSTS_MAX)
			break;
		jsonw_begin(&w, NULL, '{');
		jsonw_str(&w, "target", l->name);
		write_members(&w, l);
		jsonw_end(&w, '}');
	}
	jsonw_end(&w, ']');
	jsonw_end(&w, '}');
	store_keep(lanes->o->store, CALLBACKS, b.data, done, arg);
	buf_done(&b);
}

void
lane_keep(struct lane *l, store_done_fn *done, void *arg)
{
	char *name;
	struct jsonw w;
	struct buf b;

	if (l->callback) {
		/* Not put off by each that follows. */
		if (!l->lanes->stopped && !l->lanes->keep_due) {
			loop_timer_set(l->lanes->keep_timer, LATER_MS);
			l->lanes->keep_due = true;
		}
		done(NULL, arg);
		return;
	}
	buf_init(&b, VALUE_MAX);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	write_members(&w, l);
	jsonw_end(&w, '}');
	name = xasprintf(NAME_PREFIX "%s", l->name);
	store_keep(l->lanes->o->store, name, b.data, done, arg);
	free(name);
	buf_done(&b);
}

/* --- read ----------------------------------------------------------- */

static char *
get_text(const struct json *doc, const char *key)
{
	const char *s = json_get_str(doc, key);

	if (str_empty(s) || strlen(s) > TEXT_MAX || str_has_control(s))
		return NULL;
	return xstrdup(s);
}

static int64_t
get_number(const struct json *doc, const char *key)
{
	int64_t n = 0;

	json_i64(json_get(doc, key), &n);
	return n;
}

static void
read_rest(struct lane *l, const struct json *doc, int64_t now)
{
	int64_t longest = BREAKER_WISH_MAX_MS, failures;
	int64_t left = get_number(doc, "until") - now;
	struct target *t = lane_target(l);

	/* By a clock that was wrong then, or is now, nobody rests for years. */
	if (t != NULL && t->breaker_max_ms > longest)
		longest = t->breaker_max_ms;
	target_unref(t);
	breaker_recall(&l->breaker, left < longest ? left : longest,
	    get_number(doc, "rests"), clock_mono_ms());
	failures = get_number(doc, "failures");
	if (failures > 0 && failures < INT32_MAX)
		l->breaker.failures = (unsigned)failures;
	free(l->last_error);
	l->last_error = get_text(doc, "error");
}

static void
read_lane(struct lanes *lanes, const char *target, const struct json *doc)
{
	int64_t now = clock_wall_ms(), since = get_number(doc, "since");
	bool disabled = false, rests = json_get(doc, "until") != NULL;
	struct lane *l;

	json_bool(json_get(doc, "disabled"), &disabled);
	if ((!disabled && !rests) || lane_find(lanes, target) != NULL)
		return;
	l = lane_of(lanes, target);
	l->since_at = since > 0 && since < now ? since : now;
	if (rests)
		read_rest(l, doc, now);
	if (disabled && !l->callback) {
		l->disabled = true;
		l->reason = get_text(doc, "reason");
	}
	lane_rest(l);
}

static void
read_hosts(struct lanes *lanes, const struct json *doc)
{
	const struct json *hosts = json_get(doc, "hosts"), *j;
	const char *target;

	if (!json_is_array(hosts))
		return;
	for (j = json_first(hosts); j != NULL; j = json_next(j)) {
		target = json_get_str(j, "target");
		if (target != NULL && str_starts(target, LANE_CALLBACK) &&
		    strlen(target) <= TEXT_MAX && !str_has_control(target))
			read_lane(lanes, target, j);
	}
}

void
lanes_recall(struct lanes *lanes, const char *name, const char *value)
{
	const char *target = name + strlen(NAME_PREFIX);
	struct error ignored;
	struct json *doc;

	if (!str_starts(name, NAME_PREFIX) || strlen(name) > TEXT_MAX ||
	    str_has_control(name) || strlen(value) > VALUE_MAX ||
	    json_parse(value, strlen(value), &doc, &ignored) == -1)
		return;
	if (str_eq(name, CALLBACKS))
		read_hosts(lanes, doc);
	else if (*target != '\0' && !str_starts(target, LANE_CALLBACK))
		read_lane(lanes, target, doc);
	json_free(doc);
}
