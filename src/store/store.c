/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's thread and its group commit. The loop queues operations; the
 * thread takes all that queued up, runs them as one transaction, and wakes
 * the loop once for the whole batch.
 */
#include "store/store.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/backend.h"
#include "store/store_op.h"

#define BATCH_MAX 256

struct store {
	const struct store_backend *backend;
	void *db;
	pthread_t thread;
	struct loop_wakeup *wakeup;
	/* Under the lock: both lists and the wish to end. */
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct store_ops queued;
	struct store_ops finished;
	bool closing;
	/* Only of the thread: a write or fsync failed, and what the file holds
	 * is not known any more. Code NONE: it has not happened. */
	struct error broken;
};

/* --- on the store's thread ------------------------------------------ */

/* Run ops as one transaction; -1 leaves the database as it was. */
static int
run_transaction(struct store *s, struct store_ops *batch, struct error *err)
{
	struct store_op *op;

	if (s->broken.code != ERR_NONE) {
		*err = s->broken;
		return -1;
	}
	if (s->backend->begin(s->db, err) == -1)
		return -1;
	TAILQ_FOREACH (op, batch, entry) {
		if (op->barred)
			continue;
		op->rc = store_op_run(s->backend, s->db, op);
		if (op->rc == -1) {
			*err = op->err;
			s->backend->rollback(s->db);
			return -1;
		}
	}
	if (s->backend->commit(s->db, err) == -1) {
		s->backend->rollback(s->db);
		/* After a failed fsync the next one may lie: never again. */
		if (!err->retryable)
			s->broken = *err;
		return -1;
	}
	return 0;
}

/* One operation must not take down its neighbours: then each goes alone. */
static void
run_alone(struct store *s, struct store_op *op)
{
	struct store_ops alone = TAILQ_HEAD_INITIALIZER(alone);
	struct error err;

	if (op->barred)
		return;
	TAILQ_INSERT_TAIL(&alone, op, entry);
	op->rc = run_transaction(s, &alone, &err);
	if (op->rc == -1)
		op->err = err;
	TAILQ_REMOVE(&alone, op, entry);
}

static void
run_batch(struct store *s, struct store_ops *batch, struct store_ops *finished)
{
	struct error err;
	struct store_op *op;
	int rc;

	TAILQ_FOREACH (op, batch, entry)
		store_op_prepare(op);
	rc = run_transaction(s, batch, &err);
	while ((op = TAILQ_FIRST(batch)) != NULL) {
		TAILQ_REMOVE(batch, op, entry);
		if (rc == -1)
			run_alone(s, op);
		TAILQ_INSERT_TAIL(finished, op, entry);
	}
}

static void
take_batch(struct store *s, struct store_ops *batch)
{
	struct store_op *op;
	int n;

	for (n = 0; n < BATCH_MAX; n++) {
		op = TAILQ_FIRST(&s->queued);
		if (op == NULL)
			break;
		TAILQ_REMOVE(&s->queued, op, entry);
		TAILQ_INSERT_TAIL(batch, op, entry);
	}
}

static void *
store_main(void *arg)
{
	struct store *s = arg;

	pthread_mutex_lock(&s->lock);
	for (;;) {
		struct store_ops batch = TAILQ_HEAD_INITIALIZER(batch);
		struct store_ops finished = TAILQ_HEAD_INITIALIZER(finished);

		while (TAILQ_EMPTY(&s->queued) && !s->closing)
			pthread_cond_wait(&s->more, &s->lock);
		if (TAILQ_EMPTY(&s->queued))
			break;
		take_batch(s, &batch);
		pthread_mutex_unlock(&s->lock);
		run_batch(s, &batch, &finished);
		pthread_mutex_lock(&s->lock);
		TAILQ_CONCAT(&s->finished, &finished, entry);
		loop_wakeup_signal(s->wakeup);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* --- on the loop ---------------------------------------------------- */

static void
on_wakeup(void *arg)
{
	struct store *s = arg;
	struct store_ops finished = TAILQ_HEAD_INITIALIZER(finished);
	struct store_op *op;

	pthread_mutex_lock(&s->lock);
	TAILQ_CONCAT(&finished, &s->finished, entry);
	pthread_mutex_unlock(&s->lock);
	while ((op = TAILQ_FIRST(&finished)) != NULL) {
		TAILQ_REMOVE(&finished, op, entry);
		store_op_finish(op);
	}
}

int
store_open(struct loop *loop, const struct store_options *options,
    struct store **out, struct error *err)
{
	struct store *s = xcalloc(1, sizeof(*s));
	sigset_t all, old;

	s->backend = &store_sqlite;
	if (s->backend->open(options, &s->db, err) == -1) {
		free(s);
		return -1;
	}
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->more, NULL);
	TAILQ_INIT(&s->queued);
	TAILQ_INIT(&s->finished);
	s->wakeup = loop_wakeup_new(loop, on_wakeup, s);
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&s->thread, NULL, store_main, s) != 0)
		abort();
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	*out = s;
	return 0;
}

/* What the last callbacks still ask for: there is no thread any more. */
static void
run_rest(struct store *s)
{
	on_wakeup(s);
	while (!TAILQ_EMPTY(&s->queued)) {
		struct store_ops batch = TAILQ_HEAD_INITIALIZER(batch);

		take_batch(s, &batch);
		run_batch(s, &batch, &s->finished);
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
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	run_rest(s);
	loop_wakeup_free(s->wakeup);
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
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
}
