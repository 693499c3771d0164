/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests from their acceptance to the one object each leaves, or none for a
 * failure that has no place: first come, first run, at most max_concurrent at
 * once per endpoint. A request leaves the queue in the transaction in which
 * its object appears; one that a crash interrupts is run again.
 */
#ifndef LOCAL_QUEUE_H
#define LOCAL_QUEUE_H

#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "local/conf.h"
#include "local/db.h"
#include "local/objects.h"

struct queue;

/* All borrowed for the life of the queue. */
struct queue_options {
	struct loop *loop;
	struct db *db;
	struct objects *objects;
	const struct conf_endpoint *endpoints;
	size_t endpoints_n;
	const char *tmp_dir;
	int64_t max_object;
};

/* Takes up what the database holds. */
int queue_new(
    const struct queue_options *options, struct queue **out, struct error *err);

/* Run what is due, and whatever comes. */
void queue_start(struct queue *q);

/* Kill what runs; it stays queued in the database. */
void queue_stop(struct queue *q);

/* After the objects on their way have ended. */
void queue_free(struct queue *q);

/* done is called once, later, when the request is durable or lost; r is the
 * caller's and only read before queue_accept returns. */
void queue_accept(
    struct queue *q, struct db_request *r, db_commit_fn *done, void *arg);

#endif
