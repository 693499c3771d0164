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
#include <string.h>
#include <sys/queue.h>

#include "base/mem.h"
#include "store/backend.h"

#define BATCH_MAX 256

enum op_kind { OP_INSERT, OP_SAVE, OP_LOAD };

struct op {
	TAILQ_ENTRY(op) entry;
	enum op_kind kind;
	struct job *job;
	unsigned n;
	enum store_filter filter;
	char id[JOBID_SIZE];
	int rc;
	struct error err;
	struct job **jobs;
	size_t njobs;
	store_done_fn *done;
	store_jobs_fn *jobs_done;
	void *arg;
};
TAILQ_HEAD(ops, op);

struct store {
	const struct store_backend *backend;
	void *db;
	pthread_t thread;
	struct loop_wakeup *wakeup;
	/* Under the lock: both lists and the wish to end. */
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct ops queued;
	struct ops finished;
	bool closing;
	/* Only of the thread: a write or fsync failed, and what the file holds
	 * is not known any more. Code NONE: it has not happened. */
	struct error broken;
};

/* --- on the store's thread ------------------------------------------ */

static int
run_op(struct store *s, struct op *op)
{
	const struct store_backend *b = s->backend;

	switch (op->kind) {
	case OP_INSERT:
		return b->insert(s->db, op->job, &op->err);
	case OP_SAVE:
		return b->save(s->db, op->job, op->n, &op->err);
	case OP_LOAD:
		return b->load(
		    s->db, op->filter, op->id, &op->jobs, &op->njobs, &op->err);
	}
	abort();
}

static void
free_jobs(struct op *op)
{
	size_t i;

	for (i = 0; i < op->njobs; i++)
		job_free(op->jobs[i]);
	free(op->jobs);
	op->jobs = NULL;
	op->njobs = 0;
}

/* Run ops as one transaction; -1 leaves the database as it was. */
static int
run_transaction(struct store *s, struct ops *batch, struct error *err)
{
	struct op *op;

	if (s->broken.code != ERR_NONE) {
		*err = s->broken;
		return -1;
	}
	if (s->backend->begin(s->db, err) == -1)
		return -1;
	TAILQ_FOREACH (op, batch, entry) {
		op->rc = run_op(s, op);
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
run_alone(struct store *s, struct op *op)
{
	struct ops alone = TAILQ_HEAD_INITIALIZER(alone);
	struct error err;

	free_jobs(op);
	TAILQ_INSERT_TAIL(&alone, op, entry);
	op->rc = run_transaction(s, &alone, &err);
	if (op->rc == -1)
		op->err = err;
	TAILQ_REMOVE(&alone, op, entry);
}

static void
run_batch(struct store *s, struct ops *batch, struct ops *finished)
{
	struct error err;
	struct op *op;
	int rc = run_transaction(s, batch, &err);

	while ((op = TAILQ_FIRST(batch)) != NULL) {
		TAILQ_REMOVE(batch, op, entry);
		if (rc == -1)
			run_alone(s, op);
		TAILQ_INSERT_TAIL(finished, op, entry);
	}
}

static void
take_batch(struct store *s, struct ops *batch)
{
	struct op *op;
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
		struct ops batch = TAILQ_HEAD_INITIALIZER(batch);
		struct ops finished = TAILQ_HEAD_INITIALIZER(finished);

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
finish_op(struct op *op)
{
	const struct error *err = op->rc == -1 ? &op->err : NULL;

	if (op->kind == OP_LOAD) {
		op->jobs_done(
		    op->jobs, err != NULL ? 0 : op->njobs, err, op->arg);
		free(op->jobs);
	} else {
		op->done(err, op->arg);
	}
	job_free(op->job);
	free(op);
}

static void
on_wakeup(void *arg)
{
	struct store *s = arg;
	struct ops finished = TAILQ_HEAD_INITIALIZER(finished);
	struct op *op;

	pthread_mutex_lock(&s->lock);
	TAILQ_CONCAT(&finished, &s->finished, entry);
	pthread_mutex_unlock(&s->lock);
	while ((op = TAILQ_FIRST(&finished)) != NULL) {
		TAILQ_REMOVE(&finished, op, entry);
		finish_op(op);
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
	on_wakeup(s);
	loop_wakeup_free(s->wakeup);
	s->backend->close(s->db);
	pthread_cond_destroy(&s->more);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void
queue(struct store *s, struct op *op)
{
	pthread_mutex_lock(&s->lock);
	TAILQ_INSERT_TAIL(&s->queued, op, entry);
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
}

static struct op *
op_new(enum op_kind kind, void *arg)
{
	struct op *op = xcalloc(1, sizeof(*op));

	op->kind = kind;
	op->arg = arg;
	return op;
}

void
store_insert(
    struct store *store, const struct job *job, store_done_fn *done, void *arg)
{
	struct op *op = op_new(OP_INSERT, arg);

	op->job = job_clone(job, true);
	op->done = done;
	queue(store, op);
}

void
store_save(struct store *store, const struct job *job, unsigned n,
    store_done_fn *done, void *arg)
{
	struct op *op = op_new(OP_SAVE, arg);

	op->job = job_clone(job, false);
	op->n = n;
	op->done = done;
	queue(store, op);
}

static void
load(struct store *store, enum store_filter filter, const char *id,
    store_jobs_fn *done, void *arg)
{
	struct op *op = op_new(OP_LOAD, arg);

	op->filter = filter;
	if (id != NULL && strlen(id) == JOBID_LEN)
		memcpy(op->id, id, JOBID_SIZE);
	op->jobs_done = done;
	queue(store, op);
}

void
store_find(struct store *store, const char *id, store_jobs_fn *done, void *arg)
{
	load(store, STORE_ONE, id, done, arg);
}

void
store_list(struct store *store, store_jobs_fn *done, void *arg)
{
	load(store, STORE_ALL, NULL, done, arg);
}

void
store_unfinished(struct store *store, store_jobs_fn *done, void *arg)
{
	load(store, STORE_UNFINISHED, NULL, done, arg);
}

int
store_peek(const char *path, bool still, const char *id, struct job ***jobs,
    size_t *n, struct error *err)
{
	struct store_options o = {
	    .path = path,
	    .must_exist = true,
	    .still = still,
	};
	const struct store_backend *b = &store_sqlite;
	struct job **found = NULL;
	size_t count = 0;
	void *db;
	int rc;

	if (b->open(&o, &db, err) == -1)
		return -1;
	rc = b->load(
	    db, id != NULL ? STORE_ONE : STORE_ALL, id, &found, &count, err);
	b->close(db);
	if (rc == 0) {
		*jobs = found;
		*n = count;
	}
	return rc;
}
