/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delays written one by one, such as "5s, 30s, 2m": when a thing that failed
 * is tried again, and when it is given up.
 */
#ifndef BASE_SCHEDULE_H
#define BASE_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SCHEDULE_MAX 32

struct schedule {
	int64_t delay_ms[SCHEDULE_MAX];
	size_t n;
};

/*
 * Durations with commas between them, at most SCHEDULE_MAX, each at least
 * 1 ms. "none" is a schedule with no second try. ERR_USAGE names the part.
 */
int schedule_parse(const char *text, struct schedule *out, struct error *err);

/*
 * The delay after failure number k (0: the first), spread by 20 % to both
 * sides with `unit` in [0, 1); -1 where the schedule is over.
 */
int64_t schedule_delay_ms(const struct schedule *s, size_t k, double unit);

#endif
