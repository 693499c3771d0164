/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to look: pure functions of what is known and of now. A look that finds
 * nothing writes nothing; after a restart the schedule simply goes on from
 * the age of the submission.
 */
#ifndef ENGINE_PLAN_H
#define ENGINE_PLAN_H

#include <stdint.h>

struct plan {
	int64_t start_ms; /* the first delay and the least, but for jitter */
	int64_t max_ms; /* the longest between two looks */
	int64_t interval_ms; /* > 0: this fixed period instead */
};

/*
 * From now to the next look, `age_ms` after the submission: a share of the
 * age, so that a result is seen at most that share late, with jitter from
 * `unit` in [0, 1). Never past `left_ms`, the time to the deadline.
 */
int64_t plan_delay_ms(
    const struct plan *plan, int64_t age_ms, int64_t left_ms, double unit);

/*
 * The same for a job that expired so long ago: after a minute, then three times
 * as late each time, at most an hour between two looks.
 */
int64_t plan_late_ms(int64_t age_ms);

#endif
