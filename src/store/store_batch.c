/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Group commit: what queued up is one transaction; where that fails each
 * operation is one, and where nothing can be written only reading goes on.
 */
#include <stddef.h>

#include "store/store_inner.h"

#define BATCH_MAX 256
#define PIECES_MAX 4

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

	/* It may read faster than the loop takes. */
	pthread_mutex_lock(&s->lock);
	while (s->pieces >= PIECES_MAX && !s->closing)
		pthread_cond_wait(&s->taken, &s->lock);
	s->pieces++;
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
		atomic_store(&s->last_event, s->backend->last_event(s->db));
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

void
store_batch_bar(struct store_op *op, const struct error *err)
{
	op->barred = true;
	op->rc = -1;
	op->err = *err;
}

/* What comes from outside, and may come again. */
static bool
is_new(const struct store_op *op)
{
	return op->kind == STORE_OP_INSERT || op->kind == STORE_OP_SEE;
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
		if (s->mood == OVER || (s->mood != WELL && is_new(op))) {
			store_batch_bar(op, &s->why);
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

void
store_batch_run(struct store *s, struct store_ops *batch,
    struct store_ops *finished, struct store_ops *held, bool behind)
{
	struct error err;

	for (;;) {
		sieve(s, batch, held, behind);
		if (run_together(s, batch, finished, &err) == 0)
			break;
		if (s->met == STORE_OF_ONE &&
		    run_each(s, batch, finished, &err) == 0)
			break;
		store_mood_turn(s, &err);
	}
}

void
store_batch_take(struct store_ops *from, struct store_ops *batch)
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
