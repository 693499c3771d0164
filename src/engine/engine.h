/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: takes jobs from "wanted" to DONE and their deliveries to their
 * targets, and is the only writer of their state. Steps (step_x.c) do the work.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "deliver/driver.h"
#include "engine/found.h"
#include "engine/plan.h"
#include "engine/site.h"
#include "job/delivery.h"
#include "job/job.h"
#include "store/store.h"

struct engine;
struct spool;

/* How one endpoint is treated. */
struct engine_policy {
	struct plan plan;
	const char *input_prefix; /* s3://… for uploads, or NULL */
	const char *bucket_owner; /* whose buckets they have to be, or NULL */
	int64_t doubt_grace_ms; /* of looks before submission n + 1, or more */
	int64_t late_looks_ms; /* for a result after the job expired; 0: none */
	bool sweep; /* by listings, where that is cheaper */
};

enum engine_event {
	ENGINE_STORED, /* the job is on disk: it will be carried on */
	ENGINE_NOT_STORED, /* it could not be written, and never was a job */
	ENGINE_MOVED, /* its state changed, and that is on disk */
	ENGINE_LOOKED, /* a look found nothing; err: what stood in the way */
	ENGINE_TROUBLE, /* a try failed and will be repeated; err says why */
	ENGINE_LATE, /* a late result is on disk, with its deliveries */
	ENGINE_WITHDRAWN, /* not accepted, so it is no job (direct.h); err */
	ENGINE_BROKEN, /* the store failed: the job is let go of; with
			  ERR_DAMAGED only this job's rows are of no use */
};

typedef void engine_event_fn(enum engine_event event, const struct job *job,
    const struct error *err, void *arg);

/*
 * News of a delivery, once on disk: a new one (NULL), or an attempt that ended,
 * with which the delivery may have ended, too.
 */
typedef void engine_delivery_fn(
    const struct delivery *d, const struct attempt *a, void *arg);

struct engine_options {
	struct loop *loop;
	struct store *store;
	struct sites *sites;
	struct spool *spool; /* or NULL where nothing is delivered */
	void (*policy)(
	    const char *endpoint, struct engine_policy *out, void *arg);
	void *policy_arg;
	/* The target of this name, with a reference, or NULL. Without this
	 * function nothing is delivered, and deliveries wait. */
	struct target *(*target)(const char *name, void *arg);
	/* Who is told of deliveries that are given up, by name; or NULL. */
	const char *(*dead_letter)(void *target_arg);
	void *target_arg;
	engine_event_fn *event; /* must not free the engine */
	engine_delivery_fn *delivery; /* or NULL */
	engine_found_fn *found; /* or NULL */
	void *event_arg;
};

struct engine *engine_new(const struct engine_options *options);

/* Drops what is under way; jobs and deliveries stay in the store. Close the
 * store first: its last callbacks still come here. */
void engine_free(struct engine *engine);

/* Nothing new is begun; what cannot be broken off without doubt goes on to its
 * end: see engine_busy(). */
void engine_drain(struct engine *engine);

/* Behind a drain: attempts under way are broken off, and written down as that.
 * engine_busy() goes to 0. */
void engine_break_off(struct engine *engine);

/* Nothing goes on; attempts are broken off, too. */
void engine_stop(struct engine *engine);

/* What cannot be broken off without doubt: requests to the service that have
 * no answer yet, and attempts under way. Behind a drain it goes to 0. */
size_t engine_busy(const struct engine *engine);

/* A new job, or a foreign one: stored, then carried on. Takes the job. */
void engine_submit(struct engine *engine, struct job *take_job);

/* While held no job goes on. Where jobs are adopted piece by piece all must be
 * known first: a caller's Filename belongs to whoever was accepted with it. */
void engine_hold(struct engine *engine, bool held);

/* A job that the store had: carried on from where it stands. Takes it. */
void engine_adopt(struct engine *engine, struct job *take_job);

/* A job that the store had, DONE and expired: looked for now and then, until
 * its late_looks_ms are over. Takes it. */
void engine_adopt_expired(struct engine *engine, struct job *take_job);

/* What the store kept of an endpoint (store_keep): before anything is adopted.
 * What makes no sense is passed over. */
void engine_recall(struct engine *engine, const char *name, const char *value);

/* A delivery that the store had, WAITING: carried on. One that was interrupted
 * waits, behind fresh ones; one time and again goes alone (quarantined). */
void engine_adopt_delivery(struct engine *engine, struct delivery *take_d);

/* A job in the engine's hands, or NULL: DONE or unknown. Borrowed for now. */
const struct job *engine_find(const struct engine *engine, const char *id);

/* Give a job up: DONE, cancelled, as soon as what is being written is; what was
 * accepted cannot be recalled. -1 where the engine does not have it. */
int engine_cancel(struct engine *engine, const char *id);

/*
 * Attempt a delivery again, now, whatever became of it. Takes it, as the store
 * had it. Where an attempt is under way, or is due by itself, that one is it.
 */
void engine_replay(struct engine *engine, struct delivery *take_d);

/* Give up a delivery that waits: DEAD, as soon as that is on disk. Takes it, as
 * the store had it. One with an attempt under way is left as it is. */
void engine_give_up_delivery(struct engine *engine, struct delivery *take_d);

/* Other targets are found from now on: what waited for one goes. */
void engine_targets_changed(struct engine *engine);

struct engine_counts {
	size_t queued;
	size_t pending;
	size_t in_doubt;
	size_t waiting; /* deliveries */
	size_t attempts; /* … of them under way */
	size_t quarantined; /* … of them interrupted time and again */
	int64_t oldest_at; /* creation of the oldest job not DONE; 0: none */
};
void engine_count(const struct engine *engine, struct engine_counts *out);

#endif
