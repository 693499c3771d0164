/* SPDX-License-Identifier: Apache-2.0 */
/* Exponential delay with jitter. */
#include "base/backoff.h"

int64_t
backoff_delay_ms(const struct backoff *b, unsigned n, double unit)
{
	double max = (double)b->max_ms / (1 + b->jitter);
	double delay = (double)b->start_ms;
	unsigned i;

	for (i = 0; i < n && delay < max && b->factor > 1; i++)
		delay *= b->factor;
	/* Below the cap by the jitter: cut off at the cap itself, half of all
	 * waiters would come back in the same moment. */
	if (delay > max)
		delay = max;
	delay *= 1 + b->jitter * (2 * unit - 1);
	if (delay < 1)
		return 1;
	return delay < (double)b->max_ms ? (int64_t)delay : b->max_ms;
}
