/* SPDX-License-Identifier: Apache-2.0 */
/* Instants by two clocks. */
#include "base/instant.h"

#include "base/clock.h"

int64_t
instant_left_ms(int64_t at, int64_t mono, int64_t boot)
{
	if (boot != 0 && boot == clock_boot())
		return mono - clock_mono_ms();
	return at - clock_wall_ms();
}

int64_t
instant_since_ms(int64_t at, int64_t mono, int64_t boot)
{
	int64_t left = instant_left_ms(at, mono, boot);

	return left < 0 ? -left : 0;
}
