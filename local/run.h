/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request from its place in the queue to what it leaves: its payload is
 * fetched, the model is called, the result is stored and announced. Everything
 * that ends it (the object, the notification, its row) is one transaction.
 */
#ifndef LOCAL_RUN_H
#define LOCAL_RUN_H

#include <stdbool.h>
#include <sys/queue.h>

#include "base/error.h"
#include "local/model.h"
#include "local/objects.h"
#include "local/queue.h"

struct run;

/*
 * The end. err: not an end but a fault that is not the request's; it is still
 * queued and is to be run again. The run may be freed in this callback.
 */
typedef void run_done_fn(struct run *r, const struct error *err);

/* All borrowed for the run's life. */
struct run_options {
	const struct queue_options *queue;
	const struct conf_endpoint *endpoint;
	struct model *model; /* NULL: it can only expire or go on */
	struct metrics_endpoint *metrics; /* counted as it goes */
	/* Once for each run_start: the model has it now, or never will. */
	void (*fetched)(struct run *r);
	run_done_fn *done;
	void *arg;
};

/* What the queue keeps of it lies open; the rest is run.c's. */
struct run {
	TAILQ_ENTRY(run) entry;
	const struct run_options *o;
	struct db_request request;
	int64_t tries; /* so far, of this process */

	enum run_state {
		RUN_NEW,
		RUN_FETCHING,
		RUN_INVOKING,
		RUN_STORING
	} state;
	struct place_call *fetch;
	struct model_call *call;
	struct objects_draft draft;
	int payload_fd;
	const char *outcome; /* what the log calls its end */
	char *why; /* of a failure, for the log; NULL: it tells enough */
	int64_t since; /* monotonic: when the present state began */
	char *notice; /* to be published with its end */
	const char *topic;
};

/* Takes what the request holds. */
struct run *run_new(const struct run_options *o, struct db_request *take);
/* In any state: what is under way is broken off (a container goes on). */
void run_free(struct run *r);

/* Each begins it; done is called once, perhaps before it returns. */
void run_start(struct run *r);
void run_expire(struct run *r);
/* Its result was kept before a restart. */
void run_resume(struct run *r);

#endif
