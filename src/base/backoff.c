/* SPDX-License-Identifier: Apache-2.0 */
/* Exponential delay with jitter. */
#include "base/backoff.h"

int64_t
backoff_delay_ms(const struct backoff *b, unsigned n, double unit)
{
	double max = (double)b->max_ms;
	double delay = (double)b->start_ms;
	unsigned i;

	for (i = 0; i < n && delay < max; i++)
		delay *= b->factor;
	if (delay > max)
		delay = max;
	delay *= 1 + b->jitter * (2 * unit - 1);
	if (delay > max)
		delay = max;
	return delay < 1 ? 1 : (int64_t)delay;
}
