/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs at rest: the verbs and what each promises. The work happens on a
 * thread of its own; what queued up during one commit becomes the next
 * transaction. `done` runs on the loop, after the commit, in the order of the
 * calls: what it reports as written is on disk.
 *
 * A message owns its data: jobs are copied in, and handed out as new ones.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/loop.h"
#include "job/job.h"

struct store;

/* err is NULL where it is on disk. */
typedef void store_done_fn(const struct error *err, void *arg);

/* The jobs are the callee's (job_free each); the array is not. */
typedef void store_jobs_fn(
    struct job **jobs, size_t n, const struct error *err, void *arg);

struct store_options {
	const char *path; /* of the file, made if missing (0600) */
	bool must_exist;
	bool still; /* only read; nobody changes it, nobody is locked out */
};

/*
 * Opens, recovers and migrates before it returns. The file is ours alone
 * until store_close: ERR_BUSY where another process has it.
 */
int store_open(struct loop *loop, const struct store_options *options,
    struct store **out, struct error *err);

/* Waits until everything queued is written; callbacks still due are made. */
void store_close(struct store *store);

/* A new job with its state. An id that exists is an error. */
void store_insert(
    struct store *store, const struct job *job, store_done_fn *done, void *arg);

/*
 * The job's changeable part and submission n (0: none), as one step. A stale
 * epoch or a job that is DONE changes nothing and is ERR_STORE.
 */
void store_save(struct store *store, const struct job *job, unsigned n,
    store_done_fn *done, void *arg);

/* One job by id (none: n == 0), or all, oldest first, bodies left out. */
void store_find(
    struct store *store, const char *id, store_jobs_fn *done, void *arg);
void store_list(struct store *store, store_jobs_fn *done, void *arg);

/*
 * The same here and now, with no thread, no loop and no lock: one job, or all
 * for id NULL. With `still` the file is only read, and must not change
 * meanwhile nor have a log beside it; without, it is a copy of the caller's
 * own. The jobs and the array are the caller's.
 */
int store_peek(const char *path, bool still, const char *id, struct job ***jobs,
    size_t *n, struct error *err);

/* Everything that is not DONE, with its body. */
void store_unfinished(struct store *store, store_jobs_fn *done, void *arg);

#endif
