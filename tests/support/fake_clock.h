/* SPDX-License-Identifier: Apache-2.0 */
/* Time that passes only when a test says so; replaces base/clock.c. */
#ifndef TESTS_FAKE_CLOCK_H
#define TESTS_FAKE_CLOCK_H

#include <stdint.h>

/* 2026-03-04T05:06:07Z */
#define FAKE_CLOCK_START INT64_C(1772600767000)

/* For another test: on to the next whole second, since ids look back. */
void fake_clock_reset(void);

/* Both go on by so much. */
void fake_clock_advance(int64_t ms);

/* Only the wall clock is set, as an administrator would. */
void fake_clock_jump(int64_t ms);

/* Another boot: the monotonic clock begins anew. */
void fake_clock_reboot(void);

#endif
