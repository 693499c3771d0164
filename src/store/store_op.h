/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call of a verb on its way: what is asked, then what came of it. The
 * verbs (store_verbs.c) make and queue it, the store's thread (store.c) runs
 * it, the loop finishes it. Only for the store.
 */
#ifndef STORE_STORE_OP_H
#define STORE_STORE_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/error.h"
#include "store/backend.h"
#include "store/store.h"

enum store_op_kind {
	STORE_OP_INSERT,
	STORE_OP_SAVE,
	STORE_OP_WITHDRAW,
	STORE_OP_SAVE_DELIVERY,
	STORE_OP_BEGIN_ATTEMPT,
	STORE_OP_SAVE_LATE,
	STORE_OP_KEEP,
	STORE_OP_SEE,
	STORE_OP_TAKE_OVER,
	STORE_OP_FORGET,
	/* These only read. */
	STORE_OP_JOBS,
	STORE_OP_DELIVERIES,
	STORE_OP_ATTEMPTS,
	STORE_OP_KEY,
	STORE_OP_RECALL,
	STORE_OP_RECALL_TOLD,
	STORE_OP_EVENTS,
	STORE_OP_EACH, /* jobs in pieces: see store_op_piece */
};

struct store_op {
	TAILQ_ENTRY(store_op) entry;
	enum store_op_kind kind;

	/* What is asked. */
	struct job *job;
	unsigned n; /* its submission */
	struct delivery *delivery;
	struct attempt attempt;
	bool has_attempt;
	struct store_forget forget;
	char *name; /* of what is kept, or an idempotency key */
	char *value;
	struct store_notice notice;
	struct store_ask ask;
	int64_t after; /* an event */
	size_t limit;
	struct store *store; /* rows that come window by window … */
	void **found; /* … in those before */
	size_t nfound;

	/* What came of it: all of this, or rc -1 and err. */
	bool barred; /* it failed for good, outside the database */
	int rc;
	struct error err;
	struct job **jobs;
	size_t njobs;
	struct delivery **deliveries;
	size_t ndeliveries;
	struct attempt_entry **attempts;
	size_t nattempts;
	int64_t stopped; /* see struct store_ask */
	size_t count; /* of those forgotten or taken over */
	struct store_known known;
	struct store_note *notes;
	size_t nnotes;
	enum store_seen seen;
	struct store_told *told;
	size_t ntold;
	struct job_event **events;
	size_t nevents;
	struct store_span span;

	/* Who is told. */
	union {
		store_done_fn *written;
		store_parcel_fn *parcel;
		store_count_fn *count;
		store_jobs_fn *jobs;
		store_deliveries_fn *deliveries;
		store_attempts_fn *attempts;
		store_key_fn *key;
		store_kept_fn *kept;
		store_seen_fn *seen;
		store_told_fn *told;
		store_events_fn *events;
		store_done_fn *read; /* EACH */
	} done;
	store_jobs_fn *piece; /* EACH */
	void *arg;
};
TAILQ_HEAD(store_ops, store_op);

struct store_op *store_op_new(enum store_op_kind kind, void *arg);

/* By store.c: to be run and finished, in the order of the calls. */
void store_queue(struct store *store, struct store_op *take_op);

/* Once, before any transaction: what the database is to rely on. A failure
 * bars the operation, since a second fsync may hide what the first one said. */
void store_op_prepare(struct store_op *op);

/* Inside a transaction; again where that was rolled back. -1 with op->err. */
int store_op_run(
    const struct store_backend *backend, void *db, struct store_op *op);

/* Of an operation that is EACH: some of its jobs, ready to be finished before
 * it is. Such an operation is run once, since what it gave cannot be taken
 * back; where its ask has no hand_out all of its jobs are one piece. */
struct store_op *store_op_piece(
    const struct store_op *whole, struct job **take_jobs, size_t n);

/* After the commit: tell, and free; or queue it again, for its next window. */
void store_op_finish(struct store_op *take_op);

/* By store_list.c: true where the next window is to be looked at; all that was
 * found is the operation's otherwise. And what was found before. */
bool store_list_goes_on(struct store_op *op);
void store_list_forget(struct store_op *op);

/* Without telling anybody. */
void store_op_free(struct store_op *op);

bool store_op_writes(const struct store_op *op);

#endif
