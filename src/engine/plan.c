/* SPDX-License-Identifier: Apache-2.0 */
/* Exponential backoff written as a share of the age, with jitter. */
#include "engine/plan.h"

#define AGE_SHARE 0.3
#define JITTER 0.2

int64_t
plan_delay_ms(
    const struct plan *plan, int64_t age_ms, int64_t left_ms, double unit)
{
	/* Below the longest by the jitter, as in base/backoff.c. */
	double max = (double)plan->max_ms / (1 + JITTER);
	double delay = AGE_SHARE * (double)age_ms;

	if (delay < (double)plan->start_ms)
		delay = (double)plan->start_ms;
	if (delay > max)
		delay = max;
	delay *= 1 + JITTER * (2 * unit - 1);
	if (plan->interval_ms > 0)
		delay = (double)plan->interval_ms;
	if (delay > (double)left_ms)
		delay = (double)left_ms;
	return delay < 1 ? 1 : (int64_t)delay;
}
