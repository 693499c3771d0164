/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs at rest, one operation at a time, with ways to go wrong. */
#include "tests/support/fake_store.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/mem.h"
#include "store/backend.h"
#include "tests/support/fake_loop.h"

struct op {
	TAILQ_ENTRY(op) entry;
	struct job *job; /* of a write */
	bool insert;
	unsigned n;
	enum store_filter filter;
	char id[JOBID_SIZE];
	store_done_fn *done;
	store_jobs_fn *jobs_done;
	void *arg;
};
TAILQ_HEAD(ops, op);

struct store {
	struct loop *loop;
	void *db;
	struct ops queued;
	bool broken;
	fake_store_hook *hook;
	void *hook_arg;
};

int
store_open(struct loop *loop, const struct store_options *options,
    struct store **out, struct error *err)
{
	struct store *s = xcalloc(1, sizeof(*s));

	s->loop = loop;
	TAILQ_INIT(&s->queued);
	if (store_sqlite.open(options, &s->db, err) == -1) {
		free(s);
		return -1;
	}
	*out = s;
	return 0;
}

static int
write_op(struct store *s, const struct op *op, struct error *err)
{
	int rc;

	if (s->broken)
		return err_set(err, ERR_STORE, "the disk is gone");
	if (store_sqlite.begin(s->db, err) == -1)
		return -1;
	rc = op->insert ? store_sqlite.insert(s->db, op->job, err)
			: store_sqlite.save(s->db, op->job, op->n, err);
	if (rc == 0)
		rc = store_sqlite.commit(s->db, err);
	if (rc == -1)
		store_sqlite.rollback(s->db);
	return rc;
}

static bool
goes_on(struct store *s, const char *when)
{
	if (s->hook == NULL || s->hook(when, s->hook_arg))
		return true;
	fake_loop_halt(s->loop);
	return false;
}

static void
run_write(struct store *s, struct op *op)
{
	struct error err;
	int rc;

	if (!goes_on(s, "before a write"))
		return;
	rc = write_op(s, op, &err);
	if (goes_on(s, "after a write"))
		op->done(rc == -1 ? &err : NULL, op->arg);
}

static void
run_load(struct store *s, struct op *op)
{
	struct job **jobs = NULL;
	struct error err;
	size_t n = 0;
	int rc = store_sqlite.load(s->db, op->filter, op->id, &jobs, &n, &err);

	op->jobs_done(jobs, n, rc == -1 ? &err : NULL, op->arg);
	free(jobs);
}

static void
op_free(struct op *op)
{
	job_free(op->job);
	free(op);
}

static void
run_next(void *arg)
{
	struct store *s = arg;
	struct op *op = TAILQ_FIRST(&s->queued);

	TAILQ_REMOVE(&s->queued, op, entry);
	if (op->job != NULL)
		run_write(s, op);
	else
		run_load(s, op);
	op_free(op);
}

static struct op *
queue(struct store *s, void *arg)
{
	struct op *op = xcalloc(1, sizeof(*op));

	op->arg = arg;
	TAILQ_INSERT_TAIL(&s->queued, op, entry);
	loop_post(s->loop, run_next, s);
	return op;
}

static void
store_free(struct store *s)
{
	loop_unpost(s->loop, s);
	store_sqlite.close(s->db);
	free(s);
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	while (!TAILQ_EMPTY(&s->queued))
		run_next(s);
	store_free(s);
}

void
fake_store_drop(struct store *s)
{
	struct op *op;

	while ((op = TAILQ_FIRST(&s->queued)) != NULL) {
		TAILQ_REMOVE(&s->queued, op, entry);
		op_free(op);
	}
	store_free(s);
}

void
store_insert(
    struct store *store, const struct job *job, store_done_fn *done, void *arg)
{
	struct op *op = queue(store, arg);

	op->job = job_clone(job, true);
	op->insert = true;
	op->done = done;
}

void
store_save(struct store *store, const struct job *job, unsigned n,
    store_done_fn *done, void *arg)
{
	struct op *op = queue(store, arg);

	op->job = job_clone(job, false);
	op->n = n;
	op->done = done;
}

static void
load(struct store *s, enum store_filter filter, store_jobs_fn *done, void *arg)
{
	struct op *op = queue(s, arg);

	op->filter = filter;
	op->jobs_done = done;
}

void
store_list(struct store *store, store_jobs_fn *done, void *arg)
{
	load(store, STORE_ALL, done, arg);
}

void
store_unfinished(struct store *store, store_jobs_fn *done, void *arg)
{
	load(store, STORE_UNFINISHED, done, arg);
}

void
store_find(struct store *store, const char *id, store_jobs_fn *done, void *arg)
{
	struct op *op = queue(store, arg);

	op->filter = STORE_ONE;
	if (jobid_ok(id))
		memcpy(op->id, id, JOBID_SIZE);
	op->jobs_done = done;
}

struct job *
fake_store_job(struct store *s, const char *id)
{
	struct job **jobs = NULL, *job;
	struct error err;
	size_t n = 0;

	if (store_sqlite.load(s->db, STORE_ONE, id, &jobs, &n, &err) == -1)
		abort();
	job = n > 0 ? jobs[0] : NULL;
	free(jobs);
	return job;
}

void
fake_store_break(struct store *s)
{
	s->broken = true;
}

void
fake_store_watch(struct store *s, fake_store_hook *hook, void *arg)
{
	s->hook = hook;
	s->hook_arg = arg;
}
