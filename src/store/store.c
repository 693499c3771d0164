/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's thread and its two ends: the loop queues operations; the thread
 * takes all that queued up, runs them as one transaction (store_batch.c), and
 * wakes the loop once for the whole batch. What a transaction does is the
 * verbs' and the backend's affair.
 */
#include "store/store.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/store_inner.h"

/* Of store_close, where nothing can be written. */
#define CLOSE_MS 2000

/* The check behind an unclean end: when it begins, how long others wait for
 * it at first, and how much more time than it takes is theirs. */
#define CHECK_FIRST_MS 1000
#define CHECK_PATIENCE_MS 20
#define CHECK_REST 10
/* On a store that is never idle it begins all the same. */
#define CHECK_LATE_MS 1000

/* --- the thread ----------------------------------------------------- */

static void
run_queued(struct store *s, struct store_ops *batch, struct store_ops *finished)
{
	struct store_ops held = TAILQ_HEAD_INITIALIZER(held);
	struct store_op *op;

	TAILQ_FOREACH (op, batch, entry)
		store_op_prepare(op);
	store_batch_run(s, batch, finished, &held, !TAILQ_EMPTY(&s->waiting));
	TAILQ_CONCAT(&s->waiting, &held, entry);
	store_news_of_damage(s);
}

/* When to look again although nothing is queued; INT64_MAX: never. */
static int64_t
next_look(const struct store *s)
{
	int64_t at = INT64_MAX;

	if (store_mood_ailing(s))
		at = s->retry_at;
	if (s->check_due && !s->closing && s->mood != OVER && s->check_at < at)
		at = s->check_at;
	return at;
}

static void
wait_until(struct store *s, int64_t at)
{
	struct timespec ts = {
	    .tv_sec = at / 1000,
	    .tv_nsec = at % 1000 * 1000000,
	};

	if (at == INT64_MAX)
		pthread_cond_wait(&s->more, &s->lock);
	else
		pthread_cond_timedwait(&s->more, &s->lock, &ts);
}

/* What waits has one more try at once, and others for a while. */
static void
mind_closing(struct store *s)
{
	if (!s->closing || s->close_by != 0)
		return;
	s->close_by = clock_mono_ms() + CLOSE_MS;
	s->retry_at = 0;
}

/* False: it is time to end, and nothing is queued. */
static bool
wait_for_work(struct store *s)
{
	for (;;) {
		mind_closing(s);
		if (!TAILQ_EMPTY(&s->queued))
			return true;
		if (s->closing && TAILQ_EMPTY(&s->waiting))
			return false;
		if (next_look(s) <= clock_mono_ms())
			return true;
		wait_until(s, next_look(s));
	}
}

/* Under the lock: whoever queues something meanwhile has seen it begin. */
static void
check(struct store *s)
{
	struct error err;
	int64_t now = clock_mono_ms();
	bool over;
	int rc;

	s->checking = true;
	s->broken_off = false;
	s->check_until = now + s->patience_ms;
	if (!TAILQ_EMPTY(&s->queued))
		loop_wakeup_signal(s->wakeup);
	pthread_mutex_unlock(&s->lock);
	rc = s->backend->check(s->db, &err);
	pthread_mutex_lock(&s->lock);
	s->checking = false;
	over = !s->broken_off;
	pthread_mutex_unlock(&s->lock);
	if (over) {
		s->check_due = false;
		store_news_tell(s, STORE_CHECKED, rc == -1 ? &err : NULL);
	} else {
		s->patience_ms *= 2;
		s->check_at = clock_mono_ms() + CHECK_REST * s->patience_ms;
	}
	pthread_mutex_lock(&s->lock);
}

static bool
time_to_check(const struct store *s)
{
	int64_t now = clock_mono_ms();

	if (!s->check_due || s->closing || s->mood == OVER)
		return false;
	return now >= s->check_at + CHECK_LATE_MS ||
	    (now >= s->check_at && TAILQ_EMPTY(&s->queued));
}

static void
work(struct store *s, struct store_ops *batch, struct store_ops *finished)
{
	if (!TAILQ_EMPTY(batch))
		run_queued(s, batch, finished);
	if (store_mood_ailing(s) && clock_mono_ms() >= s->retry_at)
		store_mood_try_again(s, finished);
	if (store_mood_ailing(s) && s->close_by != 0 &&
	    clock_mono_ms() >= s->close_by)
		store_mood_give_up(s, finished);
}

static void *
store_main(void *arg)
{
	struct store *s = arg;

	pthread_mutex_lock(&s->lock);
	while (wait_for_work(s)) {
		struct store_ops batch = TAILQ_HEAD_INITIALIZER(batch);
		struct store_ops finished = TAILQ_HEAD_INITIALIZER(finished);

		store_batch_take(&s->queued, &batch);
		pthread_mutex_unlock(&s->lock);
		work(s, &batch, &finished);
		pthread_mutex_lock(&s->lock);
		if (!TAILQ_EMPTY(&finished)) {
			TAILQ_CONCAT(&s->finished, &finished, entry);
			loop_wakeup_signal(s->wakeup);
		}
		pthread_mutex_unlock(&s->lock);
		store_mood_tidy(s);
		pthread_mutex_lock(&s->lock);
		if (time_to_check(s))
			check(s);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* --- on the loop ---------------------------------------------------- */

/* Under the lock. Somebody waits for the check: how long yet? */
static void
mind_check(struct store *s)
{
	int64_t left;

	if (!s->checking || s->broken_off ||
	    (TAILQ_EMPTY(&s->queued) && !s->closing))
		return;
	left = s->check_until - clock_mono_ms();
	if (left > 0 && !s->closing) {
		loop_timer_set(s->impatient, left);
		return;
	}
	s->broken_off = true;
	s->backend->interrupt(s->db);
}

static void
on_impatient(void *arg)
{
	struct store *s = arg;

	pthread_mutex_lock(&s->lock);
	mind_check(s);
	pthread_mutex_unlock(&s->lock);
}

/* Behind those who made them happen. */
static void
tell_of_events(struct store *s)
{
	int64_t last = atomic_load(&s->last_event);

	if (last == s->told_event || s->event == NULL)
		return;
	s->told_event = last;
	s->event(STORE_HAPPENED, NULL, s->event_arg);
}

static void
on_wakeup(void *arg)
{
	struct store *s = arg;
	struct store_ops finished = TAILQ_HEAD_INITIALIZER(finished);
	struct news_list news = TAILQ_HEAD_INITIALIZER(news);
	struct store_op *op;
	struct news *n;

	pthread_mutex_lock(&s->lock);
	TAILQ_CONCAT(&finished, &s->finished, entry);
	s->pieces = 0;
	pthread_cond_signal(&s->taken);
	TAILQ_CONCAT(&news, &s->news, entry);
	mind_check(s);
	pthread_mutex_unlock(&s->lock);
	while ((n = TAILQ_FIRST(&news)) != NULL) {
		TAILQ_REMOVE(&news, n, entry);
		s->event(n->event, n->bad ? &n->err : NULL, s->event_arg);
		free(n);
	}
	while ((op = TAILQ_FIRST(&finished)) != NULL) {
		TAILQ_REMOVE(&finished, op, entry);
		store_op_finish(op);
	}
	tell_of_events(s);
}

static void
init_lock(struct store *s)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->more, &attr);
	pthread_cond_init(&s->taken, NULL);
	pthread_condattr_destroy(&attr);
}

static void
start_thread(struct store *s)
{
	sigset_t all, old;

	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&s->thread, NULL, store_main, s) != 0)
		abort();
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* Nobody would hear of it but through an event. */
static bool
check_wanted(const struct store *s)
{
	return s->event != NULL && s->backend->check != NULL &&
	    s->backend->unclean(s->db);
}

int
store_open(struct loop *loop, const struct store_options *options,
    struct store **out, struct error *err)
{
	struct store *s = xcalloc(1, sizeof(*s));

	s->backend = options->memory ? &store_memory : &store_sqlite;
	if (s->backend->open(options, &s->db, err) == -1) {
		free(s);
		return -1;
	}
	s->event = options->event;
	s->event_arg = options->event_arg;
	TAILQ_INIT(&s->queued);
	TAILQ_INIT(&s->finished);
	TAILQ_INIT(&s->waiting);
	TAILQ_INIT(&s->news);
	s->delay_ms = STORE_RETRY_MS;
	s->told_event = s->backend->last_event(s->db);
	atomic_store(&s->last_event, s->told_event);
	s->check_due = check_wanted(s);
	s->check_at = clock_mono_ms() + CHECK_FIRST_MS;
	s->patience_ms = CHECK_PATIENCE_MS;
	init_lock(s);
	s->wakeup = loop_wakeup_new(loop, on_wakeup, s);
	s->impatient = loop_timer_new(loop, on_impatient, s);
	store_news_of_damage(s);
	start_thread(s);
	*out = s;
	return 0;
}

/* What the last callbacks still ask for: there is no thread any more, and no
 * time either. */
static void
run_rest(struct store *s)
{
	s->last = true;
	on_wakeup(s);
	while (!TAILQ_EMPTY(&s->queued)) {
		struct store_ops batch = TAILQ_HEAD_INITIALIZER(batch);

		if (store_mood_ailing(s))
			s->mood = OVER;
		store_batch_take(&s->queued, &batch);
		run_queued(s, &batch, &s->finished);
		on_wakeup(s);
	}
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	s->closing = true;
	mind_check(s);
	pthread_cond_signal(&s->more);
	pthread_cond_signal(&s->taken);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	run_rest(s);
	loop_wakeup_free(s->wakeup);
	loop_timer_free(s->impatient);
	s->backend->close(s->db);
	pthread_cond_destroy(&s->more);
	pthread_cond_destroy(&s->taken);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void
store_queue(struct store *s, struct store_op *take_op)
{
	pthread_mutex_lock(&s->lock);
	TAILQ_INSERT_TAIL(&s->queued, take_op, entry);
	mind_check(s);
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
}

void
store_count(struct store *s, struct store_counts *out)
{
	out->commits = atomic_load(&s->commits);
	out->writes = atomic_load(&s->writes);
	out->damaged = atomic_load(&s->damaged);
	out->stalled = atomic_load(&s->stalled);
}

int64_t
store_last_event(struct store *store)
{
	return atomic_load(&store->last_event);
}
