/* SPDX-License-Identifier: Apache-2.0 */
/* What look.c keeps of a job that waits, and of one look. Part of work.h. */
#ifndef ENGINE_WAITING_H
#define ENGINE_WAITING_H

#include <stdbool.h>
#include <stdint.h>

struct waiting {
	uint32_t failure_at; /* it was last looked for; 0: never */
	uint16_t looks; /* of this process */
	uint8_t skipped; /* of them, since the failure was looked for */
	uint8_t warmth; /* enum warmth, of its endpoint */
	uint8_t passed; /* steps of the curve that it was counted in */
	bool watched; /* since it was accepted, or since a first look */
	uint8_t why; /* enum plan_why, of the next look */
};

/* Lives while a look runs. */
struct look {
	bool failures; /* it is for them, too */
	bool alone; /* … but only for what a listing showed */
	bool head_seen; /* of what a GET found */
	bool stale; /* … which is not the result */
	int64_t max; /* … whose bytes are wanted up to here */
	int64_t took_ms; /* from the intent to the result; -1: not known */
	int64_t age_ms; /* of what was found; -1: not known */
	int64_t size; /* … */
	bool found; /* the end of the job, by this cause; for the log */
	uint8_t cause; /* enum look_cause */
};

#endif
