/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The requests of one endpoint: those that wait, in the order of acceptance,
 * and those that run (run.h), as many as its model has room for.
 */
#ifndef LOCAL_LINE_H
#define LOCAL_LINE_H

#include <stdint.h>

#include "base/error.h"
#include "local/conf.h"
#include "local/db.h"
#include "local/metrics.h"
#include "local/queue.h"

struct line;

/* All borrowed for its life. */
struct line_options {
	const struct queue_options *queue;
	const struct conf_endpoint *endpoint;
	bool nowhere; /* it has no model: requests can only expire */
	struct metrics_endpoint *metrics; /* which it counts */
};

int line_new(
    const struct line_options *options, struct line **out, struct error *err);
/* Kills what runs; it stays queued in the database. NULL does nothing. */
void line_free(struct line *line);

const struct conf_endpoint *line_endpoint(const struct line *line);

/* A request that is in the database. Nothing runs before line_start. */
void line_add(struct line *line, const struct db_request *r);
void line_start(struct line *line);

/* Those that wait and run. */
size_t line_backlog(const struct line *line);

/* What the metrics say of now. */
void line_look(const struct line *line, struct metrics_endpoint *out);

/* See queue_stop; stopped is called once, later. */
void line_stop(struct line *line, loop_fn *stopped, void *arg);

#endif
