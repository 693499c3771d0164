/* SPDX-License-Identifier: Apache-2.0 */
/* How a lane's receiver is: what each attempt says of it, and what follows. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "engine/dispatch.h"
#include "engine/lane_inner.h"

/* --- may one begin -------------------------------------------------- */

static int64_t
pace_left_ms(struct lane *l, unsigned rate, int64_t now)
{
	if (rate != l->rate && l->rate == 0)
		pace_init(&l->pace, rate, now);
	else if (rate != l->rate && rate != 0)
		pace_set(&l->pace, rate, now);
	l->rate = rate;
	return rate != 0 ? pace_wait_ms(&l->pace, now) : 0;
}

int64_t
lane_held_ms(struct lane *l, const struct target *t, int64_t now)
{
	int64_t wait;

	if (l->disabled)
		return -1;
	/* A reload may have taken the breaker away. */
	if (t->breaker_failures == 0 && l->breaker.state == BREAKER_OPEN)
		breaker_reset(&l->breaker);
	wait =
	    breaker_wait_ms(&l->breaker, l->in_flight, t->max_in_flight, now);
	return wait != 0 ? wait : pace_left_ms(l, t->rate, now);
}

void
lane_counts(struct shipment *s, int64_t now)
{
	struct lane *l = s->lane;

	s->probe = breaker_begin(&l->breaker);
	s->asked = false;
	if (l->rate != 0)
		pace_sent(&l->pace, now);
}

/* --- what an attempt says ------------------------------------------- */

/*
 * A receiver that refuses what it gets (a 400, a 404, a redirect) answers, and
 * may take the next payload. One that is overloaded or broken says so, or says
 * nothing. What never reached it says nothing of it.
 */
static enum breaker_news
news_of(const struct shipment *s, const struct deliver_result *r)
{
	if (r == NULL || !s->asked || r->stale)
		return BREAKER_NOTHING;
	if (r->verdict == DELIVER_OK || r->verdict == DELIVER_GONE)
		return BREAKER_ALIVE;
	if (r->status == ATTEMPT_NO_STATUS)
		return r->verdict == DELIVER_RETRY ? BREAKER_FAILED
						   : BREAKER_NOTHING;
	if (r->status == 408 || r->status == 425 || r->status == 429 ||
	    r->status >= 500)
		return BREAKER_FAILED;
	return BREAKER_ALIVE;
}

static void
log_rest(const struct lane *l, int64_t now)
{
	const struct breaker *b = &l->breaker;

	/* That it still does not answer is no news. */
	log_begin(b->rests <= 1 ? LOG_WARN : LOG_INFO, "engine");
	log_str("target", l->name);
	log_str("msg",
	    b->rests <= 1 ? "it fails time and again, and rests"
			  : "it still fails, and rests on");
	log_int("failures", b->failures);
	log_int("rest_ms", b->until - now);
	log_str("error", l->last_error);
	log_end();
}

static void
log_well(const struct lane *l)
{
	log_begin(LOG_INFO, "engine");
	log_str("target", l->name);
	log_str("msg", "it answers again");
	log_end();
}

static void
on_kept(const struct error *err, void *arg)
{
	(void)arg;
	if (err != NULL)
		log_warn("engine", "how a target is was not written down: %s",
		    err->text);
}

static void
note_end(struct lane *l, const struct deliver_result *r)
{
	if (r->verdict == DELIVER_OK) {
		l->last_ok_at = clock_wall_ms();
		return;
	}
	l->last_error_at = clock_wall_ms();
	free(l->last_error);
	l->last_error = xstrdup_or_null(r->note);
}

static void
log_gone(const struct lane *l)
{
	char *hint =
	    xasprintf("Where that is not so, or not any more, \"awaitd enable "
		      "'%s'\" lets "
		      "them go; else take it out of the configuration.",
		l->name);

	log_begin(LOG_WARN, "engine");
	log_str("target", l->name);
	log_str("msg",
	    "disabled: it said that it wants nothing any more; deliveries to "
	    "it wait");
	log_str("reason", l->reason);
	log_str("hint", hint);
	log_end();
	free(hint);
}

/* It said that it wants nothing any more, and means all. */
static void
disable_gone(struct lane *l, const struct deliver_result *r)
{
	if (l->callback || l->disabled)
		return;
	l->disabled = true;
	l->since_at = clock_wall_ms();
	free(l->reason);
	l->reason = xstrdup(r->note != NULL ? r->note : "it is gone");
	log_gone(l);
	lane_keep(l, on_kept, NULL);
}

void
lane_hear(struct shipment *s, const struct deliver_result *r)
{
	struct lane *l = s->lane;
	struct breaker_limits limits = {
	    .failures = s->target->breaker_failures,
	    .max_ms = s->target->breaker_max_ms,
	};
	struct breaker_heard heard = {
	    .news = news_of(s, r),
	    .probe = s->probe,
	    .retry_after_ms = r != NULL ? r->retry_after_ms : 0,
	};
	int64_t now = clock_mono_ms();

	s->probe = false;
	if (r != NULL)
		note_end(l, r);
	if (heard.news == BREAKER_ALIVE)
		l->proven = true;
	if (breaker_hear(&l->breaker, &heard, &limits, now, random_unit())) {
		if (l->breaker.state == BREAKER_OPEN) {
			if (l->breaker.rests == 1 && !l->disabled)
				l->since_at = clock_wall_ms();
			log_rest(l, now);
		} else {
			log_well(l);
		}
		lane_keep(l, on_kept, NULL);
	}
	if (r != NULL && r->verdict == DELIVER_GONE)
		disable_gone(l, r);
}

/* --- for those outside ---------------------------------------------- */

static enum health_state
state_of(const struct lane *l)
{
	struct target *t = lane_target(l);

	target_unref(t);
	if (t == NULL)
		return HEALTH_UNKNOWN;
	if (l->disabled)
		return HEALTH_DISABLED;
	switch (l->breaker.state) {
	case BREAKER_CLOSED:
		return HEALTH_OK;
	case BREAKER_OPEN:
		return HEALTH_RESTING;
	case BREAKER_PROBING:
		return HEALTH_PROBING;
	}
	abort();
}

void
lane_health(const struct lane *l, struct health *out)
{
	memset(out, 0, sizeof(*out));
	out->target = l->name;
	out->state = state_of(l);
	if (l->disabled || l->breaker.state != BREAKER_CLOSED)
		out->since_at = l->since_at;
	if (out->state == HEALTH_RESTING)
		out->until_at =
		    clock_wall_ms() + l->breaker.until - clock_mono_ms();
	out->reason = l->disabled ? l->reason : NULL;
	out->waiting = l->refs;
	out->under_way = l->in_flight;
	out->failures = l->breaker.failures;
	out->last_ok_at = l->last_ok_at;
	out->last_error_at = l->last_error_at;
	out->last_error = l->last_error;
}

static void
log_switch(const struct lane *l, const char *msg)
{
	log_begin(LOG_INFO, "engine");
	log_str("target", l->name);
	log_str("msg", msg);
	log_end();
}

/* What is so already keeps its reason, and since when. */
void
lane_switch(struct lane *l, bool on, store_done_fn *done, void *arg)
{
	if (on) {
		if (l->disabled || l->breaker.state != BREAKER_CLOSED)
			log_switch(l, "enabled on request");
		breaker_reset(&l->breaker);
		xfree(&l->reason);
	} else if (!l->disabled) {
		log_switch(l, "disabled on request; deliveries to it wait");
		xfree(&l->reason);
		l->reason = xstrdup("on request");
		l->since_at = clock_wall_ms();
	}
	l->disabled = !on;
	if (l->callback)
		lanes_keep_hosts(l->lanes, done, arg);
	else
		lane_keep(l, done, arg);
	lane_run(l);
}
