/* SPDX-License-Identifier: Apache-2.0 */
/* How the end of a job was found out: for whoever counts. */
#ifndef ENGINE_FOUND_H
#define ENGINE_FOUND_H

#include <stdint.h>

/* What made the engine look. */
enum look_cause {
	LOOK_PLANNED, /* its time came */
	LOOK_RUNG, /* by a notification */
	LOOK_LISTED, /* a sweep saw its key */
};
#define LOOK_CAUSES (LOOK_LISTED + 1)

/* As the log and the metrics have it. */
const char *look_cause_name(enum look_cause cause);

/* A result, or a failure that ended its job. */
struct engine_found {
	enum look_cause cause;
	unsigned looks; /* at this job, of this process */
	int64_t delay_ms; /* the object's age by the server's clock, which
			     counts in seconds; -1: not known */
};
typedef void engine_found_fn(const struct engine_found *found, void *arg);

#endif
