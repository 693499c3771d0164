/* SPDX-License-Identifier: Apache-2.0 */
/* Exponential backoff written as a share of the age, with jitter. */
#include "engine/plan.h"

#define AGE_SHARE 0.3
#define JITTER 0.2
#define LATE_FIRST_MS 60000
#define LATE_MAX_MS 3600000

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

int64_t
plan_late_ms(int64_t age_ms)
{
	/* At 1, 4, 13, 40 minutes: each is three times the one before. */
	if (age_ms <= 0)
		return LATE_FIRST_MS;
	if (age_ms >= LATE_MAX_MS / 2)
		return LATE_MAX_MS;
	return LATE_FIRST_MS + 2 * age_ms;
}
