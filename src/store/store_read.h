/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that read. Include store/store.h, which has the promises. */
#ifndef STORE_STORE_READ_H
#define STORE_STORE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "job/attempt_entry.h"
#include "job/delivery.h"
#include "job/job.h"
#include "store/store_write.h"

struct store;

typedef void store_jobs_fn(
    struct job **jobs, size_t n, const struct error *err, void *arg);
typedef void store_deliveries_fn(
    struct delivery **v, size_t n, const struct error *err, void *arg);

/* Which jobs or deliveries. Zero and NULL ask nothing; strings are copied. A
 * name of a state or outcome that is none is ERR_USAGE. */
struct store_query {
	const char *after; /* behind the one with this id */
	size_t limit;
	const char *state; /* "queued", "waiting", … by its name */
	/* Part of a delivery's note, or of a job's error or its code, whatever
	 * the case of its letters. */
	const char *note;
	int64_t since_at; /* made then or later; of a delivery that is dead:
			     ended */
	int64_t until_at; /* made, or ended, before then */
	/* Of jobs. */
	bool newest; /* the last first; `after` is behind in that order */
	const char *outcome;
	const char *endpoint;
	const char *tag; /* one of its tags */
	bool unfinished; /* not done */
	bool ended_badly; /* done, and not ok */
	bool unrepeated; /* no other job is a retry of it */
	/* Of deliveries. */
	const char *target;
	const char *job; /* its id */
	const char *event;
	bool by_status; /* the last attempt that ended had this one: */
	int status;
	/* Of attempts: and newest, outcome, target, job, status as above; since
	 * and until are of their beginning, `after` is "DELIVERY.N". */
	const char *delivery; /* its id */
	const char *error_class;
	unsigned n; /* the one of this number; 0: any */
};

/*
 * Oldest first, or newest first; jobs without bodies and deliveries.
 * ERR_NOT_FOUND where `after` is not there. With a limit, rows are looked at a
 * piece at a time, and others have their turn in between: it may be told later
 * than what was asked behind it.
 */
void store_list(struct store *store, const struct store_query *q,
    store_jobs_fn *done, void *arg);

/*
 * For jobs that come from elsewhere. ERR_USAGE as above; and is this job one of
 * them, its place in the list and `unrepeated` aside? (Of what was checked.)
 */
int store_query_check(const struct store_query *q, struct error *err);
bool store_query_wants(const struct store_query *q, const struct job *job);

/* Oldest first, without bodies and attempts; else as store_list(). */
void store_list_deliveries(struct store *store, const struct store_query *q,
    store_deliveries_fn *done, void *arg);

/*
 * Attempts by themselves, in the order in which they began or, with newest, in
 * the other one; all that there are, however many a delivery has. Else as
 * store_list(). The entries are the callee's.
 */
typedef void store_attempts_fn(
    struct attempt_entry **v, size_t n, const struct error *err, void *arg);
void store_list_attempts(struct store *store, const struct store_query *q,
    store_attempts_fn *done, void *arg);

/* One job by its id, with its deliveries (none: n == 0); with the input's body
 * where that is wanted. */
void store_find(struct store *store, const char *id, bool with_body,
    store_jobs_fn *done, void *arg);

/*
 * By an idempotency key: NULL where none is known; the job as store_find gives
 * it, without the body; `take_job` NULL where it was forgotten.
 */
struct store_key {
	char job_id[JOBID_SIZE];
	const char *hash; /* of what was asked for with it, hex */
};
typedef void store_key_fn(const struct store_key *key, struct job *take_job,
    const struct error *err, void *arg);
void store_find_idempotency(
    struct store *store, const char *key, store_key_fn *done, void *arg);

/* All that store_keep() keeps; borrowed, till `done` returns. */
struct store_kept {
	const char *name;
	const char *value;
};
typedef void store_kept_fn(
    const struct store_kept *v, size_t n, const struct error *err, void *arg);
void store_recall(struct store *store, store_kept_fn *done, void *arg);

/* Expired, completed at or after `since_at`, without a late result. Oldest
 * first, at most `limit`. */
void store_expired(struct store *store, int64_t since_at, size_t limit,
    store_jobs_fn *done, void *arg);

/* One delivery by its id, with its last 200 attempts, without its body. */
void store_find_delivery(
    struct store *store, const char *id, store_deliveries_fn *done, void *arg);

/* Everything that is not DONE, oldest first; with its body where it is QUEUED:
 * what was accepted hardly needs it again. */
void store_unfinished(struct store *store, store_jobs_fn *done, void *arg);

/* The same in pieces, each given while the next one is read: `piece` for each
 * (n > 0, no error), then `done` once. Of a call that fails in its middle
 * pieces were given, too. */
void store_each_unfinished(
    struct store *store, store_jobs_fn *piece, store_done_fn *done, void *arg);

#endif
