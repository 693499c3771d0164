/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a call is tried again: the AWS SDKs' standard mode as of November 2026,
 * with its quota, and adaptive mode with its rate limiter on top. One of these
 * for each host. Pure but for the caller's clock and random numbers.
 * Source: "Retry behavior", AWS SDKs and Tools reference guide, and "Updated
 * default retry behavior", AWS Developer Tools Blog.
 */
#ifndef AWS_RETRY_H
#define AWS_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct retry_options {
	bool adaptive;
	int max_attempts; /* the first included */
};

/* AWS_RETRY_MODE or retry_mode ("legacy" counts as standard), AWS_MAX_ATTEMPTS
 * or max_attempts; ERR_CONFIG where they are senseless. */
int retry_options_load(
    const char *profile, struct retry_options *out, struct error *err);

struct retry {
	struct retry_options o;
	double quota; /* tokens, of 500 */
	/* adaptive */
	bool throttled; /* once: the limiter is on */
	double rate, measured, last_max, bucket, window;
	int64_t filled_at, throttled_at, window_at;
};

void retry_init(struct retry *r, const struct retry_options *o);

/* How long the next send has to wait for the rate limiter; 0 but in adaptive
 * mode after a throttling. */
int64_t retry_wait_ms(struct retry *r, int64_t now_mono);

/*
 * The `tries`-th try (1: the first) failed so: how long until the next one, or
 * -1: none. What the quota was charged stands in *cost, for retry_succeeded.
 */
int64_t retry_failed(struct retry *r, const struct error *err, int tries,
    double unit, int64_t now_mono, int *cost);
void retry_succeeded(struct retry *r, int cost, int64_t now_mono);

#endif
