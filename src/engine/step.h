/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a job has only while something is done for it: of 100,000 that wait,
 * those that do nothing have none of this. Only for files of this folder.
 */
#ifndef ENGINE_STEP_H
#define ENGINE_STEP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "aws/creds_cache.h"
#include "aws/s3.h"
#include "base/buf.h"
#include "engine/explain.h"
#include "engine/waiting.h"
#include "job/job.h"

struct work;
typedef void work_fn(struct work *w);

struct step {
	work_fn *after_write;
	enum job_state from; /* of the move that is being written */
	int64_t again_ms; /* before the next submission, behind a failure */
	struct error *obstacle; /* what stood in the way, or NULL */
	struct s3_call *call;

	/* step_submit */
	int input_fd;
	struct creds_waiter *credentials;
	struct sagemaker_call *invoke;

	/* own: where the caller chose the Filename */
	TAILQ_ENTRY(work) waiting; /* where the work waits */
	work_fn *after_look;
	struct {
		bool known;
		char *etag; /* NULL: nobody can tell; "": nothing */
		int64_t at;
		unsigned tries;
		unsigned holds;
	} before; /* what lay there */

	/* step_poll */
	struct explain *explain;
	bool asking; /* … for all below this prefix */
	size_t at; /* the submission looked at */
	bool at_failure; /* … its failure object */
	char *failure; /* … which is there */
	bool again; /* … for the second time */
	bool blind; /* a place could not be looked at, but may be later */
	bool have_result;
	int64_t looked_mono; /* this look began */
	struct look look;
	struct buf result; /* its bytes, where deliveries want them */
	struct buf text; /* of the failure object, its beginning */
};

/* Of a work that has none. */
void step_begin(struct work *w);

/* What is under way is broken off. Of a work that has none, nothing. */
void step_end(struct work *w);

#endif
