/* SPDX-License-Identifier: Apache-2.0 */
/* Instants by two clocks: neither a jump nor a reboot moves them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/instant.h"
#include "tests/support/fake_clock.h"

static void
a_clock_that_is_set_moves_nothing(void **state)
{
	int64_t at = clock_wall_ms() + 5000, mono = clock_mono_ms() + 5000;

	(void)state;
	fake_clock_jump(-86400000);
	assert_int_equal(instant_left_ms(at, mono, clock_boot()), 5000);
	fake_clock_jump(2 * 86400000);
	assert_int_equal(instant_left_ms(at, mono, clock_boot()), 5000);
	fake_clock_advance(7000);
	assert_int_equal(instant_left_ms(at, mono, clock_boot()), -2000);
	assert_int_equal(instant_since_ms(at, mono, clock_boot()), 2000);
}

static void
over_a_reboot_the_wall_clock_tells(void **state)
{
	int64_t at = clock_wall_ms() + 5000, mono = clock_mono_ms() + 5000;
	int64_t boot = clock_boot();

	(void)state;
	fake_clock_reboot();
	fake_clock_advance(1000);
	assert_int_equal(instant_left_ms(at, mono, boot), 4000);
	assert_int_equal(instant_since_ms(at, mono, boot), 0);
}

static void
an_instant_without_a_boot_is_the_wall_clocks(void **state)
{
	(void)state;
	assert_int_equal(instant_left_ms(clock_wall_ms() + 10, 0, 0), 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_clock_that_is_set_moves_nothing),
	    cmocka_unit_test(over_a_reboot_the_wall_clock_tells),
	    cmocka_unit_test(an_instant_without_a_boot_is_the_wall_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
