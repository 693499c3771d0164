/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clocks of base/clock.h, turned by the test. The monotonic one starts
 * elsewhere, so that a mix-up of the two shows.
 */
#include "tests/support/fake_clock.h"

#include "base/clock.h"

#define MONO_START 5000000

static int64_t wall = FAKE_CLOCK_START;
static int64_t mono = MONO_START;
static int64_t boot = 1;

void
fake_clock_reset(void)
{
	fake_clock_advance(1000 - wall % 1000);
}

void
fake_clock_advance(int64_t ms)
{
	wall += ms;
	mono += ms;
}

void
fake_clock_jump(int64_t ms)
{
	wall += ms;
}

void
fake_clock_reboot(void)
{
	boot++;
	mono = MONO_START / 2;
}

int64_t
clock_wall_ms(void)
{
	return wall;
}

int64_t
clock_mono_ms(void)
{
	return mono;
}

int64_t
clock_boot(void)
{
	return boot;
}
