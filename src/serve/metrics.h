/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prometheus metrics of a service: counters and histograms fed by events,
 * gauges asked of the engine when somebody looks. Base units, text format
 * 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).
 */
#ifndef SERVE_METRICS_H
#define SERVE_METRICS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "engine/budget.h"
#include "engine/engine.h"
#include "engine/spool.h"
#include "net/http_server.h"
#include "serve/doorbell.h"
#include "serve/events.h"

struct metrics;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);

/* News of the engine. */
void metrics_event(
    struct metrics *m, enum engine_event event, const struct job *job);
void metrics_found(struct metrics *m, const struct engine_found *found);
void metrics_delivery(
    struct metrics *m, const struct delivery *d, const struct attempt *a);

/* An API request was answered. */
void metrics_request(struct metrics *m, int status);

/* A stream of events was cut off, since its reader took too little. */
void metrics_stream_cut(struct metrics *m);

/* Jobs, or idempotency keys, went at the end of their time. */
void metrics_pruned(struct metrics *m, bool keys, size_t n);

/* A reload of the configuration, good or bad. */
void metrics_reload(struct metrics *m, bool ok);

/* What became of a notification. */
void metrics_notification(
    struct metrics *m, enum doorbell_way way, enum doorbell_verdict verdict);

/* Of the queues of [sqs]. */
void metrics_queue_message(struct metrics *m, enum doorbell_verdict verdict);
void metrics_queue_deleted(struct metrics *m, size_t n);
void metrics_queue_error(struct metrics *m);

struct metrics_now {
	struct engine_counts engine;
	struct engine_request_counts requests;
	struct store_counts store;
	struct spool_counts spool;
	struct events_counts events;
};
void metrics_write(
    struct metrics *m, const struct metrics_now *now, struct buf *out);

/* Of targets: metrics_targets.c. */
struct service;
void metrics_write_targets(const struct service *service, struct buf *out);

/* GET /metrics, for http_server_new; arg is the struct service. */
void metrics_handle(struct http_exchange *x, void *arg);

#endif
