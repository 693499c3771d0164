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

#include <limits.h>
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
	/* Adaptive: the rate limiter. Rates are of requests a second. */
	bool throttled; /* once: the limiter is on */
	double rate;
	double bucket; /* tokens to send with */
	double bucket_max;
	double measured;
	double last_max; /* the rate at the last throttling */
	double answers; /* since window_s */
	double window_s; /* the half second that `measured` goes up to */
	int64_t filled_at; /* monotonic */
	int64_t throttled_at;
};

/* Instants are of the monotonic clock. */
void retry_init(struct retry *r, const struct retry_options *o, int64_t now);

/*
 * May the next request be sent? 0: yes, and its token is taken; else to be
 * asked again in so many milliseconds. 0 but in adaptive mode after a
 * throttling.
 */
int64_t retry_wait_ms(struct retry *r, int64_t now);

/* The `tries` of a request that is not tried again in any case. */
#define RETRY_NEVER INT_MAX

/*
 * The `tries`-th try (1: the first) failed so: how long until the next one, or
 * -1: none. `unit` is a random number in [0, 1). What the quota was charged
 * stands in *cost, for retry_succeeded; 0 where there is no other try.
 */
int64_t retry_failed(struct retry *r, const struct error *err, int tries,
    double unit, int64_t now, int *cost);

/* `cost` is that of the last retry; 0: there was none. */
void retry_succeeded(struct retry *r, int cost, int64_t now);

#endif
