/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time to and since an instant that was written down by both clocks. Within one
 * boot the monotonic one tells, so that setting the wall clock makes nothing
 * expire and nothing wait for years; over a reboot there is only the wall
 * clock.
 */
#ifndef BASE_INSTANT_H
#define BASE_INSTANT_H

#include <stdint.h>

/*
 * From now to an instant, negative where it is past: `at` by the wall clock,
 * `mono` by the monotonic one of the boot `boot` (0: not noted).
 */
int64_t instant_left_ms(int64_t at, int64_t mono, int64_t boot);

/* From such an instant to now; never negative. */
int64_t instant_since_ms(int64_t at, int64_t mono, int64_t boot);

#endif
