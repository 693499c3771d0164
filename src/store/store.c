/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's thread: group commit, and what becomes of it where nothing can
 * be written. The loop queues operations; the thread takes all that queued up,
 * runs them as one transaction, and wakes the loop once for the whole batch.
 * What a transaction does is the verbs' and the backend's affair.
 */
#include "store/store.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/backend.h"
#include "store/store_op.h"

#define BATCH_MAX 256

/* Between tries while nothing can be written. What stalls again so soon goes
 * on with the delay it had. */
#define RETRY_MS 250
#define RETRY_MAX_MS 2000
#define RETRY_FRESH_MS 10000

/* Of store_close, where nothing can be written. */
#define CLOSE_MS 2000

/* The check behind an unclean end: when it begins, how long others wait for
 * it at first, and how much more time than it takes is theirs. */
#define CHECK_FIRST_MS 1000
#define CHECK_PATIENCE_MS 20
#define CHECK_REST 10
/* On a store that is never idle it begins all the same. */
#define CHECK_LATE_MS 1000

enum mood {
	WELL,
	TIGHT, /* writing works, there is no room for new jobs */
	STUCK, /* nothing can be written now: writes wait */
	OVER, /* nothing is written any more */
};

struct news {
	TAILQ_ENTRY(news) entry;
	enum store_event event;
	bool bad;
	struct error err;
};
TAILQ_HEAD(news_list, news);

struct store {
	const struct store_backend *backend;
	void *db;
	store_event_fn *event;
	void *event_arg;
	pthread_t thread;
	struct loop_wakeup *wakeup;
	struct loop_timer *impatient; /* of the loop: ends a check */

	/* Under the lock. */
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct store_ops queued;
	struct store_ops finished;
	struct news_list news;
	bool closing;
	bool checking;
	bool broken_off; /* the check, since others wait */
	int64_t check_until;

	/* Written by the thread, read by anybody. */
	_Atomic uint64_t commits;
	_Atomic uint64_t writes;
	_Atomic uint64_t damaged;
	_Atomic bool stalled;

	/* Only of the thread, and of store_close behind it. */
	enum mood mood;
	struct error why; /* it is not WELL */
	enum store_trouble met; /* by what failed last */
	struct store_ops waiting; /* writes, older than any that is queued */
	int64_t retry_at;
	int64_t delay_ms;
	int64_t resumed_at;
	int64_t close_by; /* 0: not closing */
	bool last; /* there is no other try */
	bool wrote; /* since the last look at the log */
	bool check_due;
	int64_t check_at;
	int64_t patience_ms;
};

/* --- news ----------------------------------------------------------- */

static void
tell(struct store *s, enum store_event event, const struct error *err)
{
	struct news *n;

	if (s->event == NULL)
		return;
	n = xcalloc(1, sizeof(*n));
	n->event = event;
	n->bad = err != NULL;
	if (err != NULL)
		n->err = *err;
	pthread_mutex_lock(&s->lock);
	TAILQ_INSERT_TAIL(&s->news, n, entry);
	pthread_mutex_unlock(&s->lock);
	loop_wakeup_signal(s->wakeup);
}

static void
look_for_damage(struct store *s)
{
	struct error err;

	if (s->backend->next_damage == NULL)
		return;
	while (s->backend->next_damage(s->db, &err))
		tell(s, STORE_DAMAGED, &err);
	atomic_store(&s->damaged, s->backend->damaged(s->db));
}

/* --- moods ---------------------------------------------------------- */

static void
put_off(struct store *s)
{
	int64_t delay = s->close_by != 0 ? RETRY_MS : s->delay_ms;

	s->retry_at = clock_mono_ms() + delay;
	if (s->delay_ms < RETRY_MAX_MS)
		s->delay_ms *= 2;
}

static void
stall(struct store *s, const struct error *err)
{
	if (s->resumed_at == 0 ||
	    clock_mono_ms() - s->resumed_at > RETRY_FRESH_MS)
		s->delay_ms = RETRY_MS;
	atomic_store(&s->stalled, true);
	tell(s, STORE_STALLED, err);
	put_off(s);
}

/* A write failed as `met` says: what is the state of things now? */
static void
turn(struct store *s, const struct error *err)
{
	bool never = s->met == STORE_NEVER;

	s->why = *err;
	if (never || s->last) {
		s->mood = OVER;
		atomic_store(&s->stalled, true);
		if (never)
			tell(s, STORE_BROKEN, err);
		return;
	}
	err_prefix(&s->why, "nothing can be written now");
	if (s->mood == WELL)
		stall(s, err);
	/* What ends now was begun before; nothing else is. */
	if (err_no_room(err) && s->backend->spend != NULL &&
	    s->backend->spend(s->db))
		s->mood = TIGHT;
	else
		s->mood = STUCK;
}

static void
resume(struct store *s)
{
	s->mood = WELL;
	s->resumed_at = clock_mono_ms();
	atomic_store(&s->stalled, false);
	tell(s, STORE_RESUMED, NULL);
}

/* --- transactions --------------------------------------------------- */

static int
run_ops(struct store *s, struct store_ops *batch, struct error *err)
{
	struct store_op *op;

	TAILQ_FOREACH (op, batch, entry) {
		if (op->barred)
			continue;
		op->rc = store_op_run(s->backend, s->db, op);
		if (op->rc == -1) {
			*err = op->err;
			return -1;
		}
	}
	return 0;
}

struct relay {
	struct store *store;
	const struct store_op *whole;
};

static void
pass_piece(struct job **take_jobs, size_t n, void *arg)
{
	struct relay *relay = arg;
	struct store *s = relay->store;
	struct store_op *op = store_op_piece(relay->whole, take_jobs, n);

	pthread_mutex_lock(&s->lock);
	TAILQ_INSERT_TAIL(&s->finished, op, entry);
	pthread_mutex_unlock(&s->lock);
	loop_wakeup_signal(s->wakeup);
}

static int
run_read(struct store *s, struct store_op *op)
{
	struct relay relay = {.store = s, .whole = op};

	if (op->kind == STORE_OP_EACH) {
		op->ask.hand_out = pass_piece;
		op->ask.hand_out_arg = &relay;
	}
	return store_op_run(s->backend, s->db, op);
}

/* Where nothing can be written there is no transaction either. */
static void
run_reads(struct store *s, struct store_ops *batch)
{
	struct store_op *op;

	TAILQ_FOREACH (op, batch, entry) {
		if (!op->barred)
			op->rc = run_read(s, op);
	}
}

/* What gives in pieces is alone in its batch: it comes in its turn, and with
 * no transaction it is run once. */
static bool
gives_pieces(const struct store_ops *batch)
{
	const struct store_op *op = TAILQ_FIRST(batch);

	return op != NULL && op->kind == STORE_OP_EACH;
}

static void
count(struct store *s, const struct store_ops *batch)
{
	const struct store_op *op;
	unsigned n = 0;

	TAILQ_FOREACH (op, batch, entry)
		n += store_op_writes(op) && !op->barred;
	if (n == 0)
		return;
	s->wrote = true;
	atomic_fetch_add(&s->commits, 1);
	atomic_fetch_add(&s->writes, n);
}

static int
transact_ops(struct store *s, struct store_ops *batch, struct error *err)
{
	if (s->backend->begin(s->db, err) == -1)
		return -1;
	if (run_ops(s, batch, err) == 0)
		return s->backend->commit(s->db, err);
	return -1;
}

/* Run ops as one transaction; -1 leaves the database as it was. */
static int
transact(struct store *s, struct store_ops *batch, struct error *err)
{
	s->met = STORE_OF_ONE;
	if (transact_ops(s, batch, err) == 0) {
		count(s, batch);
		return 0;
	}
	s->met = s->backend->trouble(s->db);
	s->backend->rollback(s->db);
	return -1;
}

static int
run_alone(struct store *s, struct store_op *op, struct error *err)
{
	struct store_ops alone = TAILQ_HEAD_INITIALIZER(alone);
	int rc;

	if (op->barred)
		return -1;
	if (!store_op_writes(op))
		return store_op_run(s->backend, s->db, op);
	TAILQ_INSERT_TAIL(&alone, op, entry);
	rc = transact(s, &alone, err);
	TAILQ_REMOVE(&alone, op, entry);
	if (rc == -1)
		op->err = *err;
	return rc;
}

static void
bar(struct store_op *op, const struct error *err)
{
	op->barred = true;
	op->rc = -1;
	op->err = *err;
}

/* As the mood has it: what is refused, what waits, and what goes on. Where
 * older writes wait, so do younger ones. */
static void
sieve(struct store *s, struct store_ops *batch, struct store_ops *held,
    bool behind)
{
	struct store_op *op, *next;

	for (op = TAILQ_FIRST(batch); op != NULL; op = next) {
		next = TAILQ_NEXT(op, entry);
		if (op->barred || !store_op_writes(op))
			continue;
		if (s->mood == OVER ||
		    (s->mood != WELL && op->kind == STORE_OP_INSERT)) {
			bar(op, &s->why);
		} else if (s->mood == STUCK || behind) {
			TAILQ_REMOVE(batch, op, entry);
			TAILQ_INSERT_TAIL(held, op, entry);
		}
	}
}

/* One bad operation must not take down its neighbours: then each goes alone,
 * until one finds that nothing goes. */
static int
run_each(struct store *s, struct store_ops *batch, struct store_ops *ran,
    struct error *err)
{
	struct store_op *op;

	s->met = STORE_OF_ONE;
	while ((op = TAILQ_FIRST(batch)) != NULL) {
		TAILQ_REMOVE(batch, op, entry);
		op->rc = run_alone(s, op, err);
		if (s->met != STORE_OF_ONE) {
			TAILQ_INSERT_HEAD(batch, op, entry);
			return -1;
		}
		TAILQ_INSERT_TAIL(ran, op, entry);
	}
	return 0;
}

static int
run_together(struct store *s, struct store_ops *batch, struct store_ops *ran,
    struct error *err)
{
	if (s->mood == STUCK || s->mood == OVER || gives_pieces(batch))
		run_reads(s, batch);
	else if (transact(s, batch, err) == -1)
		return -1;
	TAILQ_CONCAT(ran, batch, entry);
	return 0;
}

/* All of it is in `finished` then, in its order, or in `held`. */
static void
run_batch(struct store *s, struct store_ops *batch, struct store_ops *finished,
    struct store_ops *held, bool behind)
{
	struct error err;

	for (;;) {
		sieve(s, batch, held, behind);
		if (run_together(s, batch, finished, &err) == 0)
			break;
		if (s->met == STORE_OF_ONE &&
		    run_each(s, batch, finished, &err) == 0)
			break;
		turn(s, &err);
	}
}

static void
take_batch(struct store_ops *from, struct store_ops *batch)
{
	struct store_op *op;
	int n;

	for (n = 0; n < BATCH_MAX; n++) {
		op = TAILQ_FIRST(from);
		if (op == NULL || gives_pieces(batch) ||
		    (gives_pieces(from) && n > 0))
			break;
		TAILQ_REMOVE(from, op, entry);
		TAILQ_INSERT_TAIL(batch, op, entry);
	}
}

static void
run_queued(struct store *s, struct store_ops *batch, struct store_ops *finished)
{
	struct store_ops held = TAILQ_HEAD_INITIALIZER(held);
	struct store_op *op;

	TAILQ_FOREACH (op, batch, entry)
		store_op_prepare(op);
	run_batch(s, batch, finished, &held, !TAILQ_EMPTY(&s->waiting));
	TAILQ_CONCAT(&s->waiting, &held, entry);
	look_for_damage(s);
}

/* --- while nothing can be written ----------------------------------- */

/* In front of all that is younger. */
static void
run_waiting(struct store *s, struct store_ops *finished)
{
	struct store_ops batch = TAILQ_HEAD_INITIALIZER(batch);
	struct store_ops held = TAILQ_HEAD_INITIALIZER(held);

	s->mood = TIGHT;
	take_batch(&s->waiting, &batch);
	run_batch(s, &batch, finished, &held, false);
	TAILQ_CONCAT(&held, &s->waiting, entry);
	TAILQ_CONCAT(&s->waiting, &held, entry);
}

/* Does a commit go through, and the log home, and is there room? */
static void
try_to_resume(struct store *s)
{
	const struct store_backend *b = s->backend;
	struct error err;

	s->mood = TIGHT;
	if ((b->probe != NULL && b->probe(s->db, &err) == -1) ||
	    (b->tidy != NULL && b->tidy(s->db, &err) == -1)) {
		s->met = b->trouble(s->db);
		turn(s, &err);
	} else if (b->roomy == NULL || b->roomy(s->db)) {
		resume(s);
	}
}

static void
try_again(struct store *s, struct store_ops *finished)
{
	if (!TAILQ_EMPTY(&s->waiting))
		run_waiting(s, finished);
	else
		try_to_resume(s);
	/* One went through: then all that waits, and then a look. */
	if (s->mood == TIGHT && !TAILQ_EMPTY(&s->waiting))
		s->retry_at = 0;
	else if (s->mood == TIGHT || s->mood == STUCK)
		put_off(s);
	look_for_damage(s);
}

/* What still waits is told; nothing of it was ever acknowledged. */
static void
give_up(struct store *s, struct store_ops *finished)
{
	struct store_op *op;

	s->mood = OVER;
	TAILQ_FOREACH (op, &s->waiting, entry)
		bar(op, &s->why);
	TAILQ_CONCAT(finished, &s->waiting, entry);
}

/* The log grows with every commit: bring it home, after those were told who
 * wait for what they wrote. */
static void
tidy(struct store *s)
{
	struct error err;

	if (!s->wrote || s->backend->tidy == NULL || s->mood != WELL)
		return;
	s->wrote = false;
	if (s->backend->tidy(s->db, &err) == 0)
		return;
	s->met = s->backend->trouble(s->db);
	/* Commits still go through: only new jobs would make it worse. */
	turn(s, &err);
	if (s->mood == STUCK)
		s->mood = TIGHT;
}

/* --- the thread ----------------------------------------------------- */

static bool
ailing(const struct store *s)
{
	return s->mood == TIGHT || s->mood == STUCK;
}

/* When to look again although nothing is queued; INT64_MAX: never. */
static int64_t
next_look(const struct store *s)
{
	int64_t at = INT64_MAX;

	if (ailing(s))
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
		tell(s, STORE_CHECKED, rc == -1 ? &err : NULL);
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
	if (ailing(s) && clock_mono_ms() >= s->retry_at)
		try_again(s, finished);
	if (ailing(s) && s->close_by != 0 && clock_mono_ms() >= s->close_by)
		give_up(s, finished);
}

static void *
store_main(void *arg)
{
	struct store *s = arg;

	pthread_mutex_lock(&s->lock);
	while (wait_for_work(s)) {
		struct store_ops batch = TAILQ_HEAD_INITIALIZER(batch);
		struct store_ops finished = TAILQ_HEAD_INITIALIZER(finished);

		take_batch(&s->queued, &batch);
		pthread_mutex_unlock(&s->lock);
		work(s, &batch, &finished);
		pthread_mutex_lock(&s->lock);
		if (!TAILQ_EMPTY(&finished)) {
			TAILQ_CONCAT(&s->finished, &finished, entry);
			loop_wakeup_signal(s->wakeup);
		}
		pthread_mutex_unlock(&s->lock);
		tidy(s);
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
}

static void
init_lock(struct store *s)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->more, &attr);
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
	s->delay_ms = RETRY_MS;
	s->check_due = check_wanted(s);
	s->check_at = clock_mono_ms() + CHECK_FIRST_MS;
	s->patience_ms = CHECK_PATIENCE_MS;
	init_lock(s);
	s->wakeup = loop_wakeup_new(loop, on_wakeup, s);
	s->impatient = loop_timer_new(loop, on_impatient, s);
	look_for_damage(s);
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

		if (ailing(s))
			s->mood = OVER;
		take_batch(&s->queued, &batch);
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
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	run_rest(s);
	loop_wakeup_free(s->wakeup);
	loop_timer_free(s->impatient);
	s->backend->close(s->db);
	pthread_cond_destroy(&s->more);
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
