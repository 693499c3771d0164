/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DeliveryPolicy: when a delivery that failed is tried again, how many a
 * receiver gets in a second, and the Content-Type of what it gets.
 *
 * A policy has four phases: tries at once, tries after the shortest delay, the
 * way from there to the longest, and tries after the longest.
 * Source: "Amazon SNS message delivery retries" and "Creating an HTTP/S
 * delivery policy", SNS developer guide. It shows curves for the way and no
 * formulas; sns_policy.c has those that are used here.
 */
#ifndef LOCAL_SNS_POLICY_H
#define LOCAL_SNS_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

#define SNS_POLICY_MAX 10240 /* bytes of its JSON */
#define SNS_POLICY_TYPE_SIZE 64

enum sns_backoff {
	SNS_LINEAR,
	SNS_ARITHMETIC,
	SNS_GEOMETRIC,
	SNS_EXPONENTIAL,
};

struct sns_policy {
	int64_t min_delay_s;
	int64_t max_delay_s;
	int64_t retries;
	int64_t retries_at_once;
	int64_t retries_min; /* after the shortest delay */
	int64_t retries_max; /* after the longest */
	enum sns_backoff backoff;
	int64_t per_second; /* deliveries; 0: no limit */
	char content_type[SNS_POLICY_TYPE_SIZE]; /* "": the usual one */
	bool no_overrides; /* of a topic: subscriptions' policies are void */
};

/* What holds where nothing was set: 3 retries, 20 s apart. */
void sns_policy_init(struct sns_policy *p);

/*
 * A subscription's {"healthyRetryPolicy":…,"throttlePolicy":…,
 * "requestPolicy":…}, or a topic's {"http":{"defaultHealthyRetryPolicy":…}}.
 * Replaces of *p what the text says. ERR_USAGE with one line that says what is
 * wrong; *p is untouched then.
 */
int sns_policy_read(struct sns_policy *p, const char *text, size_t len,
    bool of_topic, struct error *err);

/* The one that holds: either text may be NULL. Texts were accepted before. */
void sns_policy_effective(
    struct sns_policy *p, const char *of_topic, const char *of_subscription);

/* The delay behind failure n (1, 2, …) in ms; -1: there is no further try. */
int64_t sns_policy_delay_ms(const struct sns_policy *p, int64_t n);

/* As GetSubscriptionAttributes and GetTopicAttributes show it. */
void sns_policy_write(
    const struct sns_policy *p, bool of_topic, struct buf *out);

#endif
