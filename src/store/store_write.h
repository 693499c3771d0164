/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that write. Include store/store.h, which has the promises. */
#ifndef STORE_STORE_WRITE_H
#define STORE_STORE_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "job/delivery.h"
#include "job/job.h"

struct store;

/* err is NULL where it is on disk. */
typedef void store_done_fn(const struct error *err, void *arg);
typedef void store_count_fn(size_t n, const struct error *err, void *arg);

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
 * A job that was not accepted is none any more, nor is its idempotency key: as
 * if it had never been written. ERR_STORE where it is not QUEUED, or not ours;
 * nothing was changed then.
 */
void store_withdraw(
    struct store *store, const struct job *job, store_done_fn *done, void *arg);

/*
 * The delivery's changeable part and one attempt (NULL: none), as one step. Of
 * an attempt that is there already the beginning (started_at, replay) stays.
 * What follows (d->follow) is made in the same step, where it is not there yet.
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

/* A late result of a job that expired, with the deliveries that announce it,
 * as one step. ERR_EXISTS where it has one already. */
void store_save_late(
    struct store *store, const struct job *job, store_done_fn *done, void *arg);

/* What is learned of an endpoint and the like: a text (at most 64 KiB) under a
 * name, in place of the one before. */
void store_keep(struct store *store, const char *name, const char *value,
    store_done_fn *done, void *arg);

/*
 * All that other owners have and that is not ended becomes ours, with the next
 * epoch: jobs that are not DONE, deliveries that wait; n tells how many. Only
 * where no other owner can be at work. A delivery that ended is that of whoever
 * saves it next.
 */
void store_take_over(struct store *store, store_count_fn *done, void *arg);

/*
 * Forget at most `limit` jobs that ended before an instant and of which no
 * delivery waits, with all that belongs to them, and at most as many
 * idempotency keys that were given before `keys_before_at` and whose jobs are
 * gone, and as many notifications whose forget_at is before
 * `notices_before_at`, with what was told of jobs that are DONE by now, and as
 * many events that happened before `events_before_at`, but for the newest one.
 * An instant of 0: nothing of that kind. `n` counts all. What is damaged stays,
 * for whoever looks, but for events.
 */
struct store_forget {
	int64_t before_at;
	int64_t keys_before_at;
	int64_t notices_before_at;
	int64_t events_before_at;
	size_t limit;
};
void store_forget(struct store *store, const struct store_forget *f,
    store_count_fn *done, void *arg);

#endif
