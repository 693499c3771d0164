/* SPDX-License-Identifier: Apache-2.0 */
/* Lanes of deliveries: when the next attempt is, and what it leads to. */
#include "engine/dispatch.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"

/* What a target may ask for at most. */
#define RETRY_AFTER_MAX_MS ((int64_t)3600 * 1000)
/* An interrupted attempt may have arrived: each further one waits longer. */
#define INTERRUPTED_MS 1000
#define INTERRUPTED_MAX_MS ((int64_t)3600 * 1000)
/* What the schedule of a target that is not configured may have wanted. */
#define UNKNOWN_MAX_MS ((int64_t)24 * 3600 * 1000)

struct dispatch {
	const struct engine_options *o;
	struct lanes lanes;
	void *index; /* of shipments by delivery id, tsearch(3) */
	size_t n;
	size_t quarantined;
	bool stopping; /* nothing is begun */
	bool broken_off; /* and nothing is gone on with */
};

/* --- shipments ------------------------------------------------------ */

static int
by_id(const void *a, const void *b)
{
	const struct shipment *x = a, *y = b;

	return strcmp(x->d->id, y->d->id);
}

static struct shipment *
find(const struct dispatch *dp, struct delivery *d)
{
	struct shipment key = {.d = d};
	void *node = tfind(&key, &dp->index, by_id);

	return node != NULL ? *(struct shipment **)node : NULL;
}

static struct shipment *
shipment_new(struct dispatch *dp, struct delivery *take_d)
{
	struct shipment *s = xcalloc(1, sizeof(*s));

	s->dispatch = dp;
	s->d = take_d;
	s->fd = -1;
	s->lane = lane_of(&dp->lanes, take_d->target);
	lane_hold(s->lane);
	free(take_d->body);
	take_d->body = NULL;
	tsearch(s, &dp->index, by_id);
	dp->n++;
	return s;
}

/* The attempt is over, whatever became of it. */
static void
leave_lane(struct shipment *s)
{
	if (!s->under_way)
		return;
	lane_leave(s);
	s->ending = false;
	step_deliver_cancel(s);
	target_unref(s->target);
	s->target = NULL;
	job_free(s->job);
	s->job = NULL;
	delivery_free(s->full);
	s->full = NULL;
	attempt_done(&s->attempt);
	memset(&s->attempt, 0, sizeof(s->attempt));
}

static void
shipment_free(struct shipment *s)
{
	lane_drop(s);
	leave_lane(s);
	step_deliver_cancel(s);
	s->dispatch->quarantined -= s->rank == LANE_ALONE;
	tdelete(s, &s->dispatch->index, by_id);
	s->dispatch->n--;
	lane_unhold(s->lane);
	delivery_free(s->d);
	free(s->sha256);
	free(s);
}

const struct engine_options *
dispatch_options(const struct shipment *s)
{
	return s->dispatch->o;
}

static void
log_lost(const struct shipment *s, const char *msg, const struct error *err)
{
	log_begin(LOG_ERROR, "engine");
	log_str("delivery", s->d->id);
	log_str("job", s->d->job_id);
	log_str("msg", msg);
	log_err(err);
	log_end();
}

void
dispatch_lost(struct shipment *s, const struct error *err)
{
	const struct engine_options *o = s->dispatch->o;
	struct lane *l = s->lane;

	switch (err->code) {
	case ERR_DAMAGED:
	case ERR_PROTOCOL:
		log_lost(s, "set aside: its rows are damaged", err);
		break;
	case ERR_NOT_FOUND:
		log_lost(s, "it was forgotten meanwhile", err);
		break;
	default:
		log_lost(s, NULL, err);
		o->event(ENGINE_BROKEN, NULL, err, o->event_arg);
		break;
	}
	shipment_free(s);
	lane_run(l);
}

/* --- when ----------------------------------------------------------- */

/* How far off an attempt can be that was ever meant so. */
static int64_t
longest_wait_ms(const struct shipment *s)
{
	const struct delivery *d = s->d;
	const struct engine_options *o = s->dispatch->o;
	int64_t most = RETRY_AFTER_MAX_MS, delay = -1;
	struct target *t;

	if (d->attempts == 0)
		return 0;
	/* What a stop has ended waits shortly. */
	if (d->failures == 0)
		return d->interruptions == 0 ? INTERRUPTED_MS
					     : INTERRUPTED_MAX_MS;
	t = o->target != NULL ? o->target(d->target, o->target_arg) : NULL;
	if (t == NULL)
		return UNKNOWN_MAX_MS;
	delay = schedule_delay_ms(&t->schedule, d->failures - 1, 1);
	target_unref(t);
	return delay > most ? delay : most;
}

/* due_at is an instant, the agenda's clock does not jump. An instant of a
 * clock that was wrong then, or is now, holds nothing up for years. */
static int64_t
wait_ms(const struct shipment *s)
{
	int64_t due = s->d->due_at > 0 ? s->d->due_at : 0, most;
	int64_t left = due - clock_wall_ms();

	if (left <= 0)
		return left;
	most = longest_wait_ms(s);
	return left < most ? left : most;
}

static enum lane_rank
rank_of(const struct delivery *d)
{
	if (delivery_quarantined(d))
		return LANE_ALONE;
	return d->interruptions > 0 ? LANE_BEHIND : LANE_FRESH;
}

static void
schedule(struct shipment *s)
{
	int64_t left = wait_ms(s);
	enum lane_rank rank;

	delivery_calm(s->d, clock_wall_ms());
	rank = rank_of(s->d);
	s->dispatch->quarantined += rank == LANE_ALONE;
	s->dispatch->quarantined -= s->rank == LANE_ALONE;
	lane_put(s, rank, clock_mono_ms() + left);
}

/* --- what became of an attempt -------------------------------------- */

static void
log_attempt(const struct shipment *s)
{
	const struct delivery *d = s->d;
	const struct attempt *a = &s->attempt;
	bool ok = a->outcome == ATTEMPT_OK;

	log_begin(ok ? LOG_INFO : LOG_WARN, "engine");
	log_str("delivery", d->id);
	log_str("job", d->job_id);
	log_str("target", d->target);
	log_int("attempt", a->n);
	log_str("result", attempt_outcome_name(a->outcome));
	if (a->status != ATTEMPT_NO_STATUS)
		log_int("status", a->status);
	log_int("ms", a->ended_at - a->started_at);
	if (d->state == DELIVERY_WAITING)
		log_int("retry_ms", d->due_at - a->ended_at);
	log_str("class", a->error_class);
	log_str("note", a->note);
	log_end();
}

/* One line for each change of state, as with jobs. */
static void
log_move(const struct delivery *d, enum delivery_state from)
{
	log_begin(d->state == DELIVERY_DEAD ? LOG_WARN : LOG_INFO, "engine");
	log_str("delivery", d->id);
	log_str("job", d->job_id);
	log_str("target", d->target);
	log_str("from", delivery_state_name(from));
	log_str("to", delivery_state_name(d->state));
	log_int("attempts", d->attempts);
	log_int("ms", clock_wall_ms() - d->created_at);
	log_str("note", d->state == DELIVERY_DEAD ? d->note : NULL);
	log_end();
}

static void
tell(const struct shipment *s, const struct attempt *a)
{
	const struct engine_options *o = s->dispatch->o;

	if (o->delivery != NULL)
		o->delivery(s->d, a, o->event_arg);
}

static void
on_ended(const struct error *err, void *arg)
{
	struct shipment *s = arg;
	struct lane *l = s->lane;
	bool over = s->d->state != DELIVERY_WAITING;

	if (err != NULL) {
		dispatch_lost(s, err);
		return;
	}
	crash_point("C13");
	log_attempt(s);
	if (over)
		log_move(s->d, DELIVERY_WAITING);
	tell(s, &s->attempt);
	deadletter_begin(s);
	leave_lane(s);
	if (over)
		shipment_free(s);
	else
		schedule(s);
	lane_run(l);
}

/* It was an attempt, and what it went over had failed, not the target: once
 * another follows at once. */
static bool
goes_at_once(struct shipment *s, const struct deliver_result *r, int64_t now)
{
	bool again = s->stale;

	s->stale = r->verdict == DELIVER_RETRY && r->stale;
	if (!s->stale || again)
		return false;
	s->d->due_at = now;
	return true;
}

/* Not before the target wants it, within bounds; or never again. */
static void
fail(struct shipment *s, const struct deliver_result *r, int64_t now)
{
	struct delivery *d = s->d;
	int64_t delay = schedule_delay_ms(
	    &s->target->schedule, d->failures++, random_unit());
	int64_t wish = r->retry_after_ms;

	if (r->verdict == DELIVER_DEAD || r->verdict == DELIVER_GONE ||
	    delay == -1) {
		delivery_move(d, DELIVERY_DEAD, now);
		return;
	}
	if (wish > RETRY_AFTER_MAX_MS)
		wish = RETRY_AFTER_MAX_MS;
	d->due_at = now + (delay > wish ? delay : wish);
}

/* The attempt ends so; where the delivery goes from here is known. */
static void
save_end(struct shipment *s, enum attempt_outcome outcome, int64_t now)
{
	struct attempt *a = &s->attempt;

	s->ending = true;
	a->outcome = outcome;
	a->ended_at = now;
	store_save_delivery(s->dispatch->o->store, s->d, a, on_ended, s);
}

static void
set_note(struct shipment *s, const char *note)
{
	free(s->d->note);
	s->d->note = xstrdup_or_null(note);
	s->attempt.note = xstrdup_or_null(note);
}

static void
set_class(struct shipment *s, enum deliver_class c)
{
	s->attempt.error_class = xstrdup_or_null(deliver_class_name(c));
}

static void
note_what_it_met(struct shipment *s, const struct deliver_result *r)
{
	struct attempt *a = &s->attempt;

	set_class(s, r->verdict == DELIVER_OK ? CLASS_NONE : r->error_class);
	a->response = xstrdup_or_null(r->response);
	a->request_headers = xstrdup_or_null(r->request_headers);
	a->response_headers = xstrdup_or_null(r->response_headers);
}

void
dispatch_apply(struct shipment *s, const struct deliver_result *r)
{
	struct delivery *d = s->d;
	bool ok = r->verdict == DELIVER_OK;
	int64_t now = clock_wall_ms();

	crash_point("C12");
	lane_hear(s, r);
	s->attempt.status = r->status;
	d->last_status = r->status;
	note_what_it_met(s, r);
	set_note(s, r->note);
	if (ok) {
		d->failures = 0;
		delivery_move(d, DELIVERY_DELIVERED, now);
	} else if (!goes_at_once(s, r, now)) {
		fail(s, r, now);
		deadletter_attach(s);
	}
	save_end(s, ok ? ATTEMPT_OK : ATTEMPT_FAILED, now);
}

void
dispatch_put_off(struct shipment *s, const char *note)
{
	int64_t now = clock_wall_ms();

	set_note(s, note);
	set_class(s, CLASS_ROOM);
	s->d->due_at = now + INTERRUPTED_MS;
	save_end(s, ATTEMPT_FAILED, now);
}

/* --- broken off by a stop ------------------------------------------- */

/* Neither a failure of the target nor an interruption that would count. */
static void
end_broken_off(struct shipment *s, bool left)
{
	int64_t now = clock_wall_ms();

	set_note(s,
	    left ? "ended by a stop of awaitd; it may have arrived"
		 : "awaitd stopped before it was sent");
	set_class(s, CLASS_STOPPED);
	s->d->due_at = now + INTERRUPTED_MS;
	save_end(s, left ? ATTEMPT_INTERRUPTED : ATTEMPT_FAILED, now);
}

static void
break_off(const void *node, VISIT visit, void *arg)
{
	struct shipment *s = *(struct shipment *const *)node;
	bool left;

	(void)arg;
	if (visit != postorder && visit != leaf)
		return;
	/* Until the attempt is on disk, see dispatch_stopped(). */
	if (!s->under_way || s->ending || s->full == NULL)
		return;
	left = s->call != NULL;
	step_deliver_cancel(s);
	end_broken_off(s, left);
}

void
dispatch_break_off(struct dispatch *dp)
{
	dispatch_stop(dp);
	dp->broken_off = true;
	twalk_r(dp->index, break_off, NULL);
}

bool
dispatch_stopped(struct shipment *s)
{
	if (!s->dispatch->broken_off)
		return false;
	end_broken_off(s, false);
	return true;
}

/* --- in and out ----------------------------------------------------- */

struct dispatch *
dispatch_new(const struct engine_options *o)
{
	struct dispatch *dp = xcalloc(1, sizeof(*dp));

	dp->o = o;
	lanes_init(&dp->lanes, o);
	return dp;
}

void
dispatch_stop(struct dispatch *dp)
{
	dp->stopping = true;
	lanes_stop(&dp->lanes);
}

void
dispatch_free(struct dispatch *dp)
{
	if (dp == NULL)
		return;
	dispatch_stop(dp);
	while (dp->index != NULL)
		shipment_free(*(struct shipment **)dp->index);
	lanes_done(&dp->lanes);
	free(dp);
}

void
dispatch_add(struct dispatch *dp, struct delivery *take_d)
{
	struct shipment *s = shipment_new(dp, take_d);

	log_begin(LOG_INFO, "engine");
	log_str("delivery", take_d->id);
	log_str("job", take_d->job_id);
	log_str("target", take_d->target);
	log_str("to", delivery_state_name(take_d->state));
	log_str("event", take_d->event);
	log_str("about", take_d->about);
	log_end();
	tell(s, NULL);
	schedule(s);
}

/* A change that is no attempt is on disk. */
static void
on_noted(const struct error *err, void *arg)
{
	struct shipment *s = arg;

	if (err != NULL)
		dispatch_lost(s, err);
	else
		schedule(s);
}

static int64_t
interruption_ms(unsigned n)
{
	return n > 12 ? INTERRUPTED_MAX_MS : (int64_t)INTERRUPTED_MS << n;
}

static void
raise_alarm(const struct delivery *d)
{
	log_begin(LOG_ERROR, "engine");
	log_str("delivery", d->id);
	log_str("job", d->job_id);
	log_str("target", d->target);
	log_int("interruptions", d->interruptions);
	log_str("msg",
	    "in quarantine: awaitd ended in several attempts of it, and it "
	    "may be why");
	log_str("hint",
	    "Look at the target's handler. 'awaitd replay DELIVERY' tries "
	    "it now, 'awaitd cancel DELIVERY' gives it up.");
	log_end();
}

static char interrupted[] =
    "awaitd ended while it was under way; it may have arrived";

/* The attempt was written down, and nobody knows what became of it. */
static void
note_interruption(struct shipment *s)
{
	struct delivery *d = s->d;
	int64_t now = clock_wall_ms();
	struct attempt a = {
	    .n = d->attempts,
	    .outcome = ATTEMPT_INTERRUPTED,
	    .started_at = now,
	    .ended_at = now,
	    .status = ATTEMPT_NO_STATUS,
	    .note = interrupted,
	    .error_class = (char *)(uintptr_t)deliver_class_name(CLASS_DIED),
	};
	bool before = delivery_quarantined(d);

	delivery_interrupt(d, now);
	d->due_at = now + interruption_ms(d->interruptions - 1);
	free(d->note);
	d->note = xstrdup(a.note);
	log_begin(LOG_WARN, "engine");
	log_str("delivery", d->id);
	log_str("job", d->job_id);
	log_str("target", d->target);
	log_int("attempt", a.n);
	log_str("result", attempt_outcome_name(a.outcome));
	log_int("retry_ms", d->due_at - now);
	log_end();
	if (!before && delivery_quarantined(d))
		raise_alarm(d);
	tell(s, &a);
	store_save_delivery(s->dispatch->o->store, d, &a, on_noted, s);
}

/*
 * Its delay counts from each start anew: while nothing lives for so long, it
 * may be what ends it, and is no copy after the other. So fresh work comes
 * first, too, which is only just being taken up.
 */
static void
hold_back(struct delivery *d, int64_t now)
{
	int64_t due;

	delivery_calm(d, now);
	if (d->interruptions == 0)
		return;
	due = now + interruption_ms(d->interruptions - 1);
	if (d->due_at < due)
		d->due_at = due;
}

void
dispatch_adopt(struct dispatch *dp, struct delivery *take_d)
{
	struct shipment *s = shipment_new(dp, take_d);

	/* Of that run no attempt came to an end yet. */
	s->replay = take_d->replays > 0 && take_d->failures == 0;
	if (take_d->due_at == 0) {
		note_interruption(s);
		return;
	}
	hold_back(take_d, clock_wall_ms());
	schedule(s);
}

static void
on_replayed(const struct error *err, void *arg)
{
	struct shipment *s = arg;

	if (err == NULL && s->from != DELIVERY_WAITING)
		log_move(s->d, s->from);
	on_noted(err, s);
}

/* It may have to wait, for its receiver: a restart does not forget it. */
static void
replay_waiting(struct shipment *s)
{
	if (s->under_way || s->entry.place == 0 ||
	    s->d->due_at <= clock_wall_ms())
		return;
	s->replay = true;
	s->d->due_at = clock_wall_ms();
	lane_drop(s);
	store_save_delivery(s->dispatch->o->store, s->d, NULL, on_noted, s);
}

void
dispatch_replay(struct dispatch *dp, struct delivery *take_d)
{
	struct shipment *s = find(dp, take_d);

	if (s != NULL || dp->stopping) {
		delivery_free(take_d);
		if (s != NULL)
			replay_waiting(s);
		return;
	}
	s = shipment_new(dp, take_d);
	s->replay = true;
	s->from = take_d->state;
	take_d->replays++;
	take_d->failures = 0;
	if (s->from != DELIVERY_WAITING)
		delivery_move(take_d, DELIVERY_WAITING, clock_wall_ms());
	take_d->due_at = clock_wall_ms();
	store_save_delivery(dp->o->store, take_d, NULL, on_replayed, s);
}

void
dispatch_targets_changed(struct dispatch *dp)
{
	lanes_run(&dp->lanes);
}

/* --- given up ------------------------------------------------------- */

static void
on_given_up(const struct error *err, void *arg)
{
	struct shipment *s = arg;

	if (err != NULL) {
		dispatch_lost(s, err);
		return;
	}
	log_move(s->d, DELIVERY_WAITING);
	shipment_free(s);
}

void
dispatch_give_up_on(struct dispatch *dp, struct delivery *take_d)
{
	struct shipment *s = find(dp, take_d);

	if (s == NULL && !dp->stopping && take_d->state == DELIVERY_WAITING) {
		s = shipment_new(dp, take_d);
	} else {
		delivery_free(take_d);
		/* What is under way, or being written, ends first. */
		if (s == NULL || dp->stopping || s->entry.place == 0)
			return;
	}
	lane_drop(s);
	set_note(s, "given up on request");
	xfree(&s->attempt.note);
	delivery_move(s->d, DELIVERY_DEAD, clock_wall_ms());
	store_save_delivery(dp->o->store, s->d, NULL, on_given_up, s);
}

/* --- what is there -------------------------------------------------- */

void
dispatch_count(const struct dispatch *dp, struct engine_counts *out)
{
	out->waiting = dp->n;
	out->attempts = dp->lanes.under_way;
	out->quarantined = dp->quarantined;
}

struct lanes *
dispatch_lanes(struct dispatch *dp)
{
	return &dp->lanes;
}

size_t
dispatch_under_way(const struct dispatch *dp)
{
	return dp->lanes.under_way;
}
