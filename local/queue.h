/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests from their acceptance to the one object each leaves, or none for a
 * failure that has no place: first come, first run, as many at once as the
 * endpoint's model has room for. A request leaves the queue in the transaction
 * in which its object appears and its notification is written; one that a
 * crash interrupts is run again.
 */
#ifndef LOCAL_QUEUE_H
#define LOCAL_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "local/conf.h"
#include "local/db.h"
#include "local/fault.h"
#include "local/metrics.h"
#include "local/place.h"
#include "local/sns.h"

struct queue;

/* All borrowed for the life of the queue. */
struct queue_options {
	struct loop *loop;
	struct db *db;
	struct objects *objects;
	struct place *place;
	bool remote; /* it is another S3 */
	struct sns *sns;
	struct faults *faults;
	const char *region;
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

/*
 * Begin nothing more. Commands are killed and stay queued in the database;
 * containers may end what they run, for 30 s. stopped is called once, later.
 */
void queue_stop(struct queue *q, loop_fn *stopped, void *arg);

/* How many requests wait or run, of all endpoints and of those not there. */
size_t queue_backlog(const struct queue *q);

/* Of each endpoint; the array is the queue's, until its next call. */
const struct metrics_endpoint *queue_metrics(struct queue *q, size_t *n);

/* Whether an endpoint takes one more: false at its max_backlog. */
bool queue_has_room(const struct queue *q, const char *endpoint);

/* After the objects on their way have ended. */
void queue_free(struct queue *q);

/* done is called once, later, when the request is durable or lost; r is the
 * caller's and only read before queue_accept returns. */
void queue_accept(
    struct queue *q, struct db_request *r, db_commit_fn *done, void *arg);

#endif
