/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of listings have in common: how many requests there were, and how
 * long jobs take. */
#ifndef TESTS_FLOW_SWEEP_H
#define TESTS_FLOW_SWEEP_H

#include <stddef.h>
#include <stdint.h>

int sweep_setup(void **state);
int sweep_teardown(void **state);
#define SWEEP_TEST(f) \
	cmocka_unit_test_setup_teardown(f, sweep_setup, sweep_teardown)

size_t lists(void);

/* Looks, and the reading of what they find. */
size_t looks(void);

/* Jobs that are not done. */
size_t waiting(void);

/* Between 20 and 40 s, all the same; the last of a hundred a minute more. */
int64_t half_a_minute(size_t i);

/* One in 50. */
int64_t some_fail(size_t i);

#endif
