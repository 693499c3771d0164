/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What time it is. Tests replace this file at link time, so that an hour
 * costs nothing. An instant (`_at`) is wall-clock milliseconds since 1970 and
 * may jump; a deadline inside one process uses the monotonic clock.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_wall_ms(void);

/* Counts while the machine sleeps, too: a waiting job's time goes on. */
int64_t clock_mono_ms(void);

/* A number that each start of the machine has for its own; 0: not known.
 * Monotonic times compare only within one. */
int64_t clock_boot(void);

#endif
