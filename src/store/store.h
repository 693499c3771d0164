/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs and deliveries at rest: the verbs and what each promises. The work
 * happens on a thread of its own; what queued up during one commit becomes the
 * next transaction. `done` runs on the loop, after the commit, in the order of
 * the calls: what it reports as written is on disk.
 *
 * A message owns its data: jobs and deliveries are copied in, and handed out
 * as new ones, which are the callee's (the arrays are not).
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/loop.h"
#include "job/delivery.h"
#include "job/job.h"

struct store;

/* err is NULL where it is on disk. */
typedef void store_done_fn(const struct error *err, void *arg);

typedef void store_jobs_fn(
    struct job **jobs, size_t n, const struct error *err, void *arg);
typedef void store_deliveries_fn(
    struct delivery **v, size_t n, const struct error *err, void *arg);
typedef void store_count_fn(size_t n, const struct error *err, void *arg);

struct store_options {
	const char *path; /* of the file, made if missing (0600) */
	bool must_exist;
	bool still; /* only read; nobody changes it, nobody is locked out */
	int64_t lock_wait_ms; /* for a lock that a killed process's child may
				 still have; nothing else is done meanwhile */
};

/*
 * Opens, recovers and migrates before it returns. The file is ours alone
 * until store_close: ERR_BUSY where another process has it.
 */
int store_open(struct loop *loop, const struct store_options *options,
    struct store **out, struct error *err);

/* Waits until everything queued is written; callbacks still due are made, and
 * what they ask for is done, too. */
void store_close(struct store *store);

/* --- writing -------------------------------------------------------- */

/*
 * A new job with its state. An input file that is ours (input_spooled) is made
 * durable before it. ERR_EXISTS where its id, or its idempotency key, is there
 * already: nothing was written then.
 */
void store_insert(
    struct store *store, const struct job *job, store_done_fn *done, void *arg);

/*
 * The job's changeable part and submission n (0: none), as one step; where it
 * is DONE, its deliveries are made in the same step. A stale epoch or a job
 * that was DONE before changes nothing and is ERR_STORE.
 */
void store_save(struct store *store, const struct job *job, unsigned n,
    store_done_fn *done, void *arg);

/*
 * The delivery's changeable part and one attempt (NULL: none), as one step. Of
 * an attempt that is there already the beginning (started_at, replay) stays.
 * ERR_NOT_FOUND where the delivery was forgotten, ERR_STORE where its epoch is
 * stale; nothing was written then.
 */
void store_save_delivery(struct store *store, const struct delivery *d,
    const struct attempt *a, store_done_fn *done, void *arg);

/*
 * The same, to begin an attempt: and once that is on disk, what is to be
 * delivered: the job as it ended, without its input, and the delivery with its
 * body. Both are the callee's; NULL with err. ERR_PROTOCOL where what is
 * there is not what was written: nothing was then, and others go on.
 */
typedef void store_parcel_fn(struct job *take_job, struct delivery *take_d,
    const struct error *err, void *arg);
void store_begin_attempt(struct store *store, const struct delivery *d,
    const struct attempt *a, store_parcel_fn *done, void *arg);

/*
 * Forget at most `limit` jobs that ended before an instant and of which no
 * delivery waits, with all that belongs to them; `n` tells how many it were.
 */
void store_prune(struct store *store, int64_t before_at, size_t limit,
    store_count_fn *done, void *arg);

/* --- reading -------------------------------------------------------- */

/* Which jobs or deliveries. Zero and NULL ask nothing; strings are copied. A
 * name of a state or outcome that is none is ERR_USAGE. */
struct store_query {
	const char *after; /* behind the one with this id */
	size_t limit;
	const char *state; /* "queued", "waiting", … by its name */
	const char *outcome; /* of jobs */
	const char *endpoint; /* of jobs */
	const char *target; /* of deliveries */
	const char *job; /* of deliveries: its id */
};

/* Oldest first; jobs without bodies and deliveries. ERR_NOT_FOUND where
 * `after` is not there. */
void store_list(struct store *store, const struct store_query *q,
    store_jobs_fn *done, void *arg);

/* Oldest first, without bodies and attempts. */
void store_list_deliveries(struct store *store, const struct store_query *q,
    store_deliveries_fn *done, void *arg);

/* One job by its id, with its deliveries (none: n == 0); with the input's body
 * where that is wanted. */
void store_find(struct store *store, const char *id, bool with_body,
    store_jobs_fn *done, void *arg);

/* The same by its idempotency key, without the body. */
void store_find_key(
    struct store *store, const char *key, store_jobs_fn *done, void *arg);

/* One delivery by its id, with its last 200 attempts, without its body. */
void store_find_delivery(
    struct store *store, const char *id, store_deliveries_fn *done, void *arg);

/* Everything that is not DONE, with its body. */
void store_unfinished(struct store *store, store_jobs_fn *done, void *arg);

/*
 * Jobs here and now, with no thread, no loop and no lock: one (with its
 * deliveries), or all for id NULL. With `still` the file is only read, and must
 * not change meanwhile nor have a log beside it; without, it is a copy of the
 * caller's own. A file of an older version is ERR_BUSY with `still`: a copy of
 * it can be read. The jobs and the array are the caller's.
 */
int store_peek(const char *path, bool still, const char *id, struct job ***jobs,
    size_t *n, struct error *err);

#endif
