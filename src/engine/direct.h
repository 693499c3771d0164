/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs whose caller waits for what the service says to their first try, as if
 * it had been asked by the caller itself. Where it certainly accepted nothing
 * there was no job: it goes from the store, with its idempotency key, before
 * the caller is told. In all else it is a job as any other, before and behind.
 */
#ifndef ENGINE_DIRECT_H
#define ENGINE_DIRECT_H

#include "base/buf.h"
#include "base/error.h"
#include "engine/engine.h"
#include "job/job.h"
#include "net/header.h"

enum direct_end {
	DIRECT_ACCEPTED, /* the job is PENDING, and that is on disk */
	DIRECT_DECLINED, /* certainly not accepted; the job is gone */
	DIRECT_IN_DOUBT, /* it may have been: the job stays */
	DIRECT_OVER, /* the job is DONE: somebody gave it up */
	DIRECT_NOT_STORED, /* it never was one: nothing was sent */
	DIRECT_BROKEN, /* the store failed; on disk is what is there */
};

/* As it came, at most 64 KiB of it. */
struct direct_answer {
	int status;
	struct headers headers;
	struct buf body;
};

/*
 * `answer` is the service's own, or NULL where none decided; `err` says why it
 * was declined, not stored, or broke. All borrowed for the length of the call.
 */
typedef void direct_fn(enum direct_end end, const struct job *job,
    const struct direct_answer *answer, const struct error *err, void *arg);

/* A new job: stored, then sent. Takes it. fn is called once, later, unless the
 * engine is freed before. Nothing is checked: what the job asks for is for the
 * service to judge. */
void engine_submit_direct(
    struct engine *e, struct job *take_job, direct_fn *fn, void *arg);

/*
 * Nobody waits any more: it goes on as any other, and fn is not called. -1
 * where that cannot be promised, as it is not on disk yet, or on its way from
 * there: fn is called.
 */
int engine_let_go(struct engine *e, const char *id);

#endif
