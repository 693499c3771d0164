/* SPDX-License-Identifier: Apache-2.0 */
/* Chance that repeats itself; replaces base/random.c. */
#ifndef TESTS_FAKE_RANDOM_H
#define TESTS_FAKE_RANDOM_H

#include <stdint.h>

/* The same seed gives the same bytes; random_unit() is 0.5: no jitter. */
void fake_random_seed(uint64_t seed);

/* What random_unit() gives from now on. */
void fake_random_set_unit(double unit);

#endif
