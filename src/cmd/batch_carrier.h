/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who carries the jobs of a batch: a running service (batch_service.c), or an
 * engine of this process (batch_engine.c). Either makes one job of an item's
 * key, however often it is asked.
 */
#ifndef CMD_BATCH_CARRIER_H
#define CMD_BATCH_CARRIER_H

#include <stddef.h>

#include "base/error.h"
#include "cmd/app.h"
#include "cmd/batch_plan.h"
#include "cmd/request.h"
#include "job/job.h"

struct batch_carrier;

/* What is told of items, on the loop; also within the call that is about one.
 * Jobs and errors are borrowed. */
struct batch_news {
	void (*known)(size_t i, const char *job, void *arg); /* its job */
	void (*done)(size_t i, const struct job *job, void *arg);
	/* It will never be a job: what was asked for is wrong. */
	void (*refused)(size_t i, const struct error *err, void *arg);
	/* There was a job, and nobody has it any more. */
	void (*lost)(size_t i, const struct error *err, void *arg);
	/* Something stands in the way, and is tried again; NULL: no more. */
	void (*trouble)(const struct error *err, void *arg);
	void (*broken)(
	    const struct error *err, void *arg); /* nothing goes on */
	void *arg;
};

typedef void batch_fetched_fn(const struct error *err, void *arg);

struct batch_fetching {
	const struct job *job; /* borrowed till done */
	int fd; /* a new file, open till done */
	char *sha256; /* 65 bytes, filled where done has no error */
	batch_fetched_fn *done; /* once, later; not once the carrier is freed */
	void *arg;
};

struct batch_carrier_kind {
	/* Go on with an item: submit it, or look for its job. */
	void (*take)(struct batch_carrier *c, size_t i);
	int (*fetch)(struct batch_carrier *c, const struct batch_fetching *f,
	    struct error *err);
	/* Submissions that cannot be broken off without doubt go on to their
	 * end, nothing else does; how many there are. */
	size_t (*drain)(struct batch_carrier *c);
	void (*free)(struct batch_carrier *c);
};

struct batch_carrier_options {
	struct app *app;
	struct batch_plan *plan;
	const struct request_options *request; /* of all items */
	unsigned in_flight; /* at most so many items at a time */
	struct batch_news news;
};

struct batch_carrier {
	const struct batch_carrier_kind *kind;
	struct batch_carrier_options o;
};

/* Nothing is told before the loop runs. *out is the caller's. */
int batch_service_new(const struct batch_carrier_options *o,
    struct batch_carrier **out, struct error *err);
/* Runs the loop until it knows what the state file has. */
int batch_engine_new(const struct batch_carrier_options *o, const char *path,
    struct batch_carrier **out, struct error *err);

/* --- the request of one item ------------------------------------------ */

struct batch_request {
	struct request_options o; /* of the entry, which must outlive it */
	const struct conf_endpoint *endpoint;
	char *words; /* what o.tags are in, or NULL */
};

/* The options of all with what the entry says over them. */
int batch_request_init(struct batch_request *r, struct app *app,
    const struct request_options *all, const struct batch_entry *e,
    struct error *err);
void batch_request_done(struct batch_request *r);

#endif
