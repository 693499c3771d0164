/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs of notifications: that a copy of one is known, and what one told
 * that nothing else does. Include store/store.h, which has the promises.
 */
#ifndef STORE_STORE_NOTICE_H
#define STORE_STORE_NOTICE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct store;

/* So many are known; then the oldest go. */
#define STORE_NOTICES_MAX 100000

/* A failure that may leave no object. */
struct store_told {
	char *job; /* its id */
	char *inference_id;
	char *endpoint; /* or NULL */
	char *reason; /* NULL: nothing of the kind */
	int64_t event_at;
};

/* The strings are copied. */
struct store_notice {
	char *source;
	char *message_id; /* within the source */
	int64_t forget_at; /* wall clock: store_forget() may from then on */
	struct store_told told; /* … of this job */
};

enum store_seen {
	STORE_SEEN_NOW,
	STORE_SEEN_BEFORE, /* a copy */
	STORE_SEEN_NO_JOB, /* there is no such job: it was not noted */
};
typedef void store_seen_fn(
    enum store_seen seen, const struct error *err, void *arg);

/*
 * Note that it came, with what it told of the job, as one step. Of each
 * inference id of a job what was told first stays, until the job is DONE. Where
 * nothing can be written it is refused at once, like a new job.
 */
void store_see(struct store *store, const struct store_notice *n,
    store_seen_fn *done, void *arg);

/* What was told of jobs that are not DONE; borrowed, till `done` returns. */
typedef void store_told_fn(
    const struct store_told *v, size_t n, const struct error *err, void *arg);
void store_recall_told(struct store *store, store_told_fn *done, void *arg);

#endif
