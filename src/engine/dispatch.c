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
/* A target that the configuration does not know is asked for again. */
#define PARKED_MS 60000
/* What the schedule of such a target may have wanted. */
#define UNKNOWN_MAX_MS ((int64_t)24 * 3600 * 1000)

struct lane {
	TAILQ_ENTRY(lane) entry;
	struct dispatch *dispatch;
	char *name;
	struct agenda agenda;
	struct loop_timer *timer;
	unsigned in_flight;
	bool parked; /* and that was logged */
};
TAILQ_HEAD(lanes, lane);

struct dispatch {
	const struct engine_options *o;
	struct lanes lanes;
	void *index; /* of shipments by delivery id, tsearch(3) */
	size_t n;
	size_t under_way;
	bool stopping; /* nothing is begun */
	bool halted; /* and nothing is gone on with */
};

static void run_lane(void *arg);

/* --- lanes ---------------------------------------------------------- */

static struct lane *
lane_of(struct dispatch *dp, const char *name)
{
	struct lane *l;

	TAILQ_FOREACH (l, &dp->lanes, entry) {
		if (str_eq(l->name, name))
			return l;
	}
	l = xcalloc(1, sizeof(*l));
	l->dispatch = dp;
	l->name = xstrdup(name);
	agenda_init(&l->agenda);
	l->timer = loop_timer_new(dp->o->loop, run_lane, l);
	TAILQ_INSERT_TAIL(&dp->lanes, l, entry);
	return l;
}

static void
lane_free(struct lane *l)
{
	TAILQ_REMOVE(&l->dispatch->lanes, l, entry);
	agenda_done(&l->agenda);
	loop_timer_free(l->timer);
	free(l->name);
	free(l);
}

static void
arm(struct lane *l)
{
	struct agenda_entry *first = agenda_first(&l->agenda);

	if (first != NULL && !l->dispatch->stopping)
		loop_timer_set(l->timer, first->due_at - clock_mono_ms());
	else
		loop_timer_clear(l->timer);
}

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
	s->lane = lane_of(dp, take_d->target);
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
	s->under_way = false;
	s->lane->in_flight--;
	s->dispatch->under_way--;
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
	agenda_remove(&s->lane->agenda, &s->entry);
	leave_lane(s);
	tdelete(s, &s->dispatch->index, by_id);
	s->dispatch->n--;
	delivery_free(s->d);
	free(s);
}

const struct engine_options *
dispatch_options(const struct shipment *s)
{
	return s->dispatch->o;
}

void
dispatch_give_up(struct shipment *s, const struct error *err)
{
	const struct engine_options *o = s->dispatch->o;

	log_begin(LOG_ERROR, "engine");
	log_str("delivery", s->d->id);
	log_err(err);
	log_end();
	o->event(ENGINE_BROKEN, NULL, err, o->event_arg);
	shipment_free(s);
}

void
dispatch_set_aside(struct shipment *s, const struct error *err)
{
	struct lane *l = s->lane;

	log_begin(LOG_ERROR, "engine");
	log_str("delivery", s->d->id);
	log_str("job", s->d->job_id);
	log_str("msg", "set aside: its rows are damaged");
	log_err(err);
	log_end();
	shipment_free(s);
	run_lane(l);
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

	if (d->failures == 0)
		return d->interruptions == 0 ? 0 : INTERRUPTED_MAX_MS;
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

static void
schedule(struct shipment *s)
{
	int64_t left = wait_ms(s);

	agenda_set(&s->lane->agenda, &s->entry, clock_mono_ms() + left);
	arm(s->lane);
}

static void
park(struct lane *l)
{
	if (!l->parked)
		log_warn("engine",
		    "deliveries wait for [%s], which the configuration does "
		    "not have",
		    l->name);
	l->parked = true;
	loop_timer_set(l->timer, PARKED_MS);
}

static void
begin(struct shipment *s, struct target *take_target)
{
	agenda_remove(&s->lane->agenda, &s->entry);
	s->target = take_target;
	s->under_way = true;
	s->lane->in_flight++;
	s->dispatch->under_way++;
	step_deliver(s);
}

/* Whatever is due, oldest first, as far as the target's limit goes. */
static void
run_lane(void *arg)
{
	struct lane *l = arg;
	struct dispatch *dp = l->dispatch;
	int64_t now = clock_mono_ms();
	struct agenda_entry *first;
	struct target *t = NULL;

	while (!dp->stopping && (first = agenda_first(&l->agenda)) != NULL &&
	    first->due_at <= now) {
		t = dp->o->target != NULL
		    ? dp->o->target(l->name, dp->o->target_arg)
		    : NULL;
		if (t == NULL) {
			park(l);
			return;
		}
		l->parked = false;
		/* The end of one of these calls us again. */
		if (l->in_flight >= t->max_in_flight) {
			target_unref(t);
			return;
		}
		begin((struct shipment *)first, t);
	}
	arm(l);
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
		dispatch_give_up(s, err);
		return;
	}
	crash_point("C13");
	log_attempt(s);
	if (over)
		log_move(s->d, DELIVERY_WAITING);
	tell(s, &s->attempt);
	leave_lane(s);
	if (over)
		shipment_free(s);
	else
		schedule(s);
	run_lane(l);
}

/* Not before the target wants it, within bounds; or never again. */
static void
fail(struct shipment *s, const struct deliver_result *r, int64_t now)
{
	struct delivery *d = s->d;
	int64_t delay = schedule_delay_ms(
	    &s->target->schedule, d->failures++, random_unit());
	int64_t wish = r->retry_after_ms;

	if (r->verdict == DELIVER_DEAD || delay == -1) {
		delivery_move(d, DELIVERY_DEAD, now);
		return;
	}
	if (wish > RETRY_AFTER_MAX_MS)
		wish = RETRY_AFTER_MAX_MS;
	d->due_at = now + (delay > wish ? delay : wish);
}

void
dispatch_apply(struct shipment *s, const struct deliver_result *r)
{
	struct delivery *d = s->d;
	struct attempt *a = &s->attempt;
	bool ok = r->verdict == DELIVER_OK;
	int64_t now = clock_wall_ms();

	crash_point("C12");
	a->outcome = ok ? ATTEMPT_OK : ATTEMPT_FAILED;
	a->ended_at = now;
	a->status = r->status;
	a->note = xstrdup_or_null(r->note);
	a->response = xstrdup_or_null(r->response);
	free(d->note);
	d->note = xstrdup_or_null(r->note);
	if (ok) {
		d->failures = 0;
		delivery_move(d, DELIVERY_DELIVERED, now);
	} else {
		fail(s, r, now);
	}
	store_save_delivery(s->dispatch->o->store, d, a, on_ended, s);
}

/* --- in and out ----------------------------------------------------- */

struct dispatch *
dispatch_new(const struct engine_options *o)
{
	struct dispatch *dp = xcalloc(1, sizeof(*dp));

	dp->o = o;
	TAILQ_INIT(&dp->lanes);
	return dp;
}

void
dispatch_stop(struct dispatch *dp)
{
	struct lane *l;

	dp->stopping = true;
	TAILQ_FOREACH (l, &dp->lanes, entry)
		loop_timer_clear(l->timer);
}

void
dispatch_halt(struct dispatch *dp)
{
	dispatch_stop(dp);
	dp->halted = true;
}

bool
dispatch_halted(const struct shipment *s)
{
	return s->dispatch->halted;
}

void
dispatch_free(struct dispatch *dp)
{
	struct lane *l;

	if (dp == NULL)
		return;
	dp->stopping = true;
	while (dp->index != NULL)
		shipment_free(*(struct shipment **)dp->index);
	while ((l = TAILQ_FIRST(&dp->lanes)) != NULL)
		lane_free(l);
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
		dispatch_give_up(s, err);
	else
		schedule(s);
}

static int64_t
interruption_ms(unsigned n)
{
	return n > 12 ? INTERRUPTED_MAX_MS : (int64_t)INTERRUPTED_MS << n;
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
	};

	d->due_at = now + interruption_ms(d->interruptions++);
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
	tell(s, &a);
	store_save_delivery(s->dispatch->o->store, d, &a, on_noted, s);
}

void
dispatch_adopt(struct dispatch *dp, struct delivery *take_d)
{
	struct shipment *s = shipment_new(dp, take_d);

	/* Of that run no attempt came to an end yet. */
	s->replay = take_d->replays > 0 && take_d->failures == 0;
	if (take_d->due_at == 0)
		note_interruption(s);
	else
		schedule(s);
}

/* Between the look and this, retention may have come. */
static void
forgotten(struct shipment *s)
{
	log_begin(LOG_WARN, "engine");
	log_str("delivery", s->d->id);
	log_str("job", s->d->job_id);
	log_str("msg", "not replayed: it was forgotten meanwhile");
	log_end();
	shipment_free(s);
}

static void
on_replayed(const struct error *err, void *arg)
{
	struct shipment *s = arg;

	if (err != NULL && err->code == ERR_NOT_FOUND) {
		forgotten(s);
		return;
	}
	if (err == NULL && s->from != DELIVERY_WAITING)
		log_move(s->d, s->from);
	on_noted(err, s);
}

static void
replay_waiting(struct shipment *s)
{
	if (s->under_way || s->entry.place == 0 ||
	    s->d->due_at <= clock_wall_ms())
		return;
	s->replay = true;
	s->d->due_at = clock_wall_ms();
	schedule(s);
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
	struct lane *l;

	TAILQ_FOREACH (l, &dp->lanes, entry)
		run_lane(l);
}

void
dispatch_count(const struct dispatch *dp, size_t *waiting, size_t *under_way)
{
	*waiting = dp->n;
	*under_way = dp->under_way;
}
