/* SPDX-License-Identifier: Apache-2.0 */
/* The store without its thread, with ways to go wrong. */
#include "tests/support/fake_store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/backend.h"
#include "store/store_op.h"
#include "tests/support/fake_loop.h"

static const struct store_backend *backend = &store_sqlite;

/* SQLite's and ours, too: here processes die and no power is cut, and some
 * flows commit 30,000 times. */
int
fsync(int fd)
{
	(void)fd;
	return 0;
}

int
fdatasync(int fd)
{
	(void)fd;
	return 0;
}

struct store {
	struct loop *loop;
	void *db;
	struct store_ops queued;
	bool broken;
	fake_store_hook *hook;
	void *hook_arg;
};

void
fake_store_use(const struct store_backend *other)
{
	backend = other;
}

int
store_open(struct loop *loop, const struct store_options *options,
    struct store **out, struct error *err)
{
	struct store *s = xcalloc(1, sizeof(*s));

	s->loop = loop;
	TAILQ_INIT(&s->queued);
	if (backend->open(options, &s->db, err) == -1) {
		free(s);
		return -1;
	}
	*out = s;
	return 0;
}

/* One operation, one transaction. */
static void
run_op(struct store *s, struct store_op *op)
{
	store_op_prepare(op);
	if (op->barred)
		return;
	op->rc = backend->begin(s->db, &op->err);
	if (op->rc == -1)
		return;
	op->rc = store_op_run(backend, s->db, op);
	if (op->rc == 0)
		op->rc = backend->commit(s->db, &op->err);
	if (op->rc == -1)
		backend->rollback(s->db);
}

static bool
goes_on(struct store *s, const char *when)
{
	if (s->hook == NULL || s->hook(when, s->hook_arg))
		return true;
	fake_loop_halt(s->loop);
	return false;
}

/* False: the process died before or after it. */
static bool
run_write(struct store *s, struct store_op *op)
{
	if (!goes_on(s, "before a write"))
		return false;
	if (s->broken)
		op->rc = err_set(&op->err, ERR_STORE, "the disk is gone");
	else
		run_op(s, op);
	return goes_on(s, "after a write");
}

static void
run_next(void *arg)
{
	struct store *s = arg;
	struct store_op *op = TAILQ_FIRST(&s->queued);

	TAILQ_REMOVE(&s->queued, op, entry);
	if (!store_op_writes(op)) {
		run_op(s, op);
		store_op_finish(op);
	} else if (run_write(s, op)) {
		store_op_finish(op);
	} else {
		store_op_free(op);
	}
}

void
store_queue(struct store *s, struct store_op *take_op)
{
	TAILQ_INSERT_TAIL(&s->queued, take_op, entry);
	loop_post(s->loop, run_next, s);
}

static void
store_free(struct store *s)
{
	loop_unpost(s->loop, s);
	backend->close(s->db);
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
	struct store_op *op;

	while ((op = TAILQ_FIRST(&s->queued)) != NULL) {
		TAILQ_REMOVE(&s->queued, op, entry);
		store_op_free(op);
	}
	store_free(s);
}

struct job *
fake_store_job(struct store *s, const char *id)
{
	char *key = xstrdup(id);
	struct store_ask ask = {
	    .which = STORE_BY_ID,
	    .key = key,
	    .body = true,
	    .parts = true,
	};
	struct job **jobs = NULL, *job;
	struct error err;
	size_t n = 0;

	if (backend->jobs(s->db, &ask, &jobs, &n, &err) == -1)
		abort();
	job = n > 0 ? jobs[0] : NULL;
	free(jobs);
	free(key);
	return job;
}

struct delivery *
fake_store_delivery(struct store *s, const char *id)
{
	char *key = xstrdup(id);
	struct store_ask ask = {
	    .which = STORE_BY_ID,
	    .key = key,
	    .body = true,
	    .parts = true,
	};
	struct delivery **found = NULL, *d;
	struct error err;
	size_t n = 0;

	if (backend->deliveries(s->db, &ask, &found, &n, &err) == -1)
		abort();
	d = n > 0 ? found[0] : NULL;
	free(found);
	free(key);
	return d;
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

/* Nothing here stalls. */
void
store_count(struct store *s, struct store_counts *out)
{
	memset(out, 0, sizeof(*out));
	out->stalled = s->broken;
}

/* Nobody follows events here. */
int64_t
store_last_event(struct store *s)
{
	(void)s;
	return 0;
}
