/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes: which target hears of a job, and of which ends. An item of a list
 * is the title of a target's section, with " on success", " on failure" or
 * " on both" behind it; without that it is both. Success: completed, and a
 * result that came late; failure: failed, expired, cancelled.
 */
#ifndef JOB_ROUTE_H
#define JOB_ROUTE_H

#include <stdbool.h>

enum route_on { ROUTE_BOTH, ROUTE_SUCCESS, ROUTE_FAILURE };

struct route {
	char *target; /* "webhook NAME"; whether it is there is not looked at */
	enum route_on on;
};

/* One item. -1, with *out untouched: what stands behind the name is none of
 * the three. *out is the caller's (route_done). */
int route_parse(const char *item, struct route *out);
void route_done(struct route *r);

/* The next item of a list with commas, from *list on, which moves on; items
 * that are none are passed over. False at the end. */
bool route_next(const char **list, struct route *out);

/* Do two items name the same target? */
bool route_same(const char *a, const char *b);

bool route_fits(const struct route *r, bool success);

#endif
