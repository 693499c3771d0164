/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flows with a driver that only plays one: what every receiver does is said by
 * the test, and every attempt is noted. For tests that also use flow.h.
 */
#ifndef TESTS_FLOW_RECEIVER_H
#define TESTS_FLOW_RECEIVER_H

#include "tests/support/flow.h"

#define RECEIVER "webhook hook"
#define RECEIVER_SCHEDULE "5s, 30s, 2m, 5m, 30m, 2h, 5h, 10h, 14h, 20h"

/* What an attempt meets. */
struct receiver_does {
	int status; /* 0: no connection; -1: it is not asked at all */
	int64_t takes_ms;
	int64_t retry_after_ms;
};
typedef void receiver_fn(const char *target, struct receiver_does *out);

struct receiver_call {
	int64_t at; /* monotonic */
	char target[64];
	char delivery[DELIVERY_ID_SIZE];
	unsigned attempt;
};

struct receiver {
	receiver_fn *fn;
	struct receiver_call *calls;
	size_t n;
	unsigned under_way;
	unsigned most; /* … at any time since it was set to 0 */
};
extern struct receiver receiver;

/* "webhook hook" and all callbacks, as these options have it, in this world
 * and those after a restart. Borrowed. */
void with_receiver(const struct target_options *o, receiver_fn *fn);

/* A target as the default configuration has it. */
struct target_options receiver_options(void);

/* So many jobs with a result, each delivered to this target. */
void deliver_to(const char *target, unsigned n);

/* Attempts at the target since call number `first`; NULL: at any. */
size_t calls_of(const char *target, size_t first);

/* What is known of a target. */
struct health health_of(const char *target);

/* Switched, and that is on disk. */
void switch_target(const char *target, bool on);

/* In setup and teardown. */
void receiver_begin(void);
void receiver_end(void);

#endif
