/* SPDX-License-Identifier: Apache-2.0 */
/* Doorbells: hints from outside that a job came to its end. */
#ifndef ENGINE_BELL_H
#define ENGINE_BELL_H

#include <stdbool.h>
#include <stdint.h>

#include "job/jobid.h"

struct engine;

enum engine_heard {
	HEARD_NOW, /* for the first time */
	HEARD_BEFORE, /* by a process that has ended: recalled from disk */
	HEARD_AGAIN, /* a copy */
};

/*
 * A doorbell: somebody says that a job came to its end. It is looked at now;
 * what is true is read from S3. `failure` alone is believed where a look then
 * finds nothing: the caller vouches for who said it, and the job, its endpoint
 * and the time must fit (engine_ring_fits). False: of no job that the engine
 * has.
 * Whoever heard the first may have died before it looked: for a copy a job is
 * looked at where it was taken up from disk and nothing rang for it since.
 */
struct engine_ring {
	enum engine_heard heard;
	const char *inference_id; /* or NULL */
	const char *location; /* s3:// of an object that appeared; or NULL */
	const char *failure; /* the reason, of a failure that left no object;
				or NULL */
	const char *endpoint; /* that it is said of, or NULL: not said */
	int64_t event_at; /* wall clock; -1: not said */
};
bool engine_ring(struct engine *engine, const struct engine_ring *ring);

/* The id of the job that is meant, whether the engine has it or not: the name
 * itself says it, or the engine knows. False: it cannot be told. */
bool engine_ring_job(const struct engine *engine,
    const struct engine_ring *ring, char out[JOBID_SIZE]);

/* The engine has that job, waiting or looked for late. */
bool engine_ring_here(const struct engine *engine, const char *job_id);

/*
 * Would its failure be believed? It is said, under an inference id that we
 * chose, of a submission that may still succeed, of its endpoint, and within
 * the time in which the service may have it. An id that the caller chose may be
 * another job's, too: such failures are not believed.
 */
bool engine_ring_fits(
    const struct engine *engine, const struct engine_ring *ring);

#endif
