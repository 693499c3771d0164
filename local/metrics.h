/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Amazon CloudWatch shows of an asynchronous endpoint, under the same
 * names, for Prometheus. Counters count since the start.
 * Source: "Monitor asynchronous endpoint", SageMaker developer guide.
 */
#ifndef LOCAL_METRICS_H
#define LOCAL_METRICS_H

#include <stdint.h>

#include "base/buf.h"

/* A sum and its count: the average over any time can be had from both. */
struct metrics_sum {
	int64_t sum;
	int64_t n;
};

/* Of one endpoint: counted by the queue, and what it looks like now. */
struct metrics_endpoint {
	const char *endpoint; /* borrowed */
	int64_t max_concurrent;
	/* now */
	int64_t waiting;
	int64_t running; /* with those whose result is being written */
	int64_t oldest_ms; /* age of the oldest that waits or runs; 0: none */
	/* A model that is always there, such as a command, counts as one. */
	int64_t instances_starting;
	int64_t instances_in_service;
	int64_t instances_draining;
	/* since the start */
	int64_t accepted;
	int64_t processed; /* InvocationsProcesssed: completed and failed */
	int64_t failures; /* InvocationFailures */
	int64_t client_errors; /* Invocation4XXErrors */
	int64_t server_errors; /* Invocation5XXErrors */
	int64_t expired; /* ExpiredRequests */
	int64_t download_failures; /* RequestDownloadFailures */
	int64_t upload_failures; /* ResponseUploadFailures */
	int64_t notification_failures; /* NotificationFailures */
	struct metrics_sum model_us; /* ModelLatency */
	struct metrics_sum download_us; /* RequestDownloadLatency */
	struct metrics_sum upload_us; /* ResponseUploadLatency */
	struct metrics_sum backlog_ms; /* TimeInBacklog */
	struct metrics_sum total_ms; /* TotalProcessingTime */
};

/* The text format 0.0.4, all endpoints. */
void metrics_write(struct buf *out, const struct metrics_endpoint *v, size_t n);

#endif
