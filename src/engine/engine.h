/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: takes jobs from "wanted" to DONE, and is the only writer of
 * their state. Steps do the work (step_submit.c, step_poll.c) and report a
 * verdict; engine_apply() alone acts on it.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "engine/plan.h"
#include "engine/site.h"
#include "job/job.h"
#include "store/store.h"

struct engine;

/* How one endpoint is treated. */
struct engine_policy {
	struct plan plan;
	const char *input_prefix; /* s3://… for uploads, or NULL */
	int64_t doubt_grace_ms; /* of looking before a submission n + 1 */
};

enum engine_event {
	ENGINE_STORED, /* the job is on disk: it will be carried on */
	ENGINE_MOVED, /* its state changed, and that is on disk */
	ENGINE_LOOKED, /* a look found nothing; err may say what stood in
			   the way */
	ENGINE_TROUBLE, /* a try failed and will be repeated; err says why */
	ENGINE_BROKEN, /* the store failed: the job is let go of */
};

typedef void engine_event_fn(enum engine_event event, const struct job *job,
    const struct error *err, void *arg);

struct engine_options {
	struct loop *loop;
	struct store *store;
	struct sites *sites;
	void (*policy)(
	    const char *endpoint, struct engine_policy *out, void *arg);
	void *policy_arg;
	engine_event_fn *event; /* must not free the engine */
	void *event_arg;
};

struct engine *engine_new(const struct engine_options *options);

/*
 * Drops what is under way; the jobs stay in the store. Close the store first:
 * its last callbacks still come here.
 */
void engine_free(struct engine *engine);

/* From now on nothing new is begun. */
void engine_stop(struct engine *engine);

/* A new job: stored, then carried on. Takes the job. */
void engine_submit(struct engine *engine, struct job *take_job);

/* A job that the store had: carried on from where it stands. Takes it. */
void engine_adopt(struct engine *engine, struct job *take_job);

#endif
