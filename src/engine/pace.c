/* SPDX-License-Identifier: Apache-2.0 */
/* A token bucket whose rate is halved and raised (AIMD). */
#include "engine/pace.h"

#include <math.h>
#include <string.h>

#define RATE_MIN 1.0
/* So much of what is wanted comes back each second: half of it in 50 s. */
#define RAISE 0.01
/* What was under way when it was too much is answered in this time. */
#define STORM_MS 1000
/* Of a second: as much may go at once as comes in that time, and as much may
 * be owed. */
#define BURST_S 0.1
#define DEBT_S 1.0

static double
at_least(double a, double least)
{
	return a > least ? a : least;
}

void
pace_init(struct pace *p, int64_t per_second, int64_t now)
{
	memset(p, 0, sizeof(*p));
	p->top = p->rate = at_least((double)per_second, RATE_MIN);
	p->tokens = at_least(p->rate * BURST_S, 1);
	p->filled_at = now;
}

static void
fill(struct pace *p, int64_t now)
{
	double s = (double)(now - p->filled_at) / 1000, most;

	if (s <= 0)
		return;
	p->filled_at = now;
	p->rate = fmin(p->top, p->rate + p->top * RAISE * s);
	most = at_least(p->rate * BURST_S, 1);
	p->tokens = fmin(most, p->tokens + p->rate * s);
}

void
pace_set(struct pace *p, int64_t per_second, int64_t now)
{
	double top = at_least((double)per_second, RATE_MIN);

	fill(p, now);
	/* Nothing was found out where the rate is the one that was wanted. */
	if (p->rate >= p->top || p->rate > top)
		p->rate = top;
	p->top = top;
}

int64_t
pace_wait_ms(struct pace *p, int64_t now)
{
	fill(p, now);
	if (p->tokens >= 1)
		return 0;
	return (int64_t)ceil((1 - p->tokens) * 1000 / p->rate);
}

void
pace_sent(struct pace *p, int64_t now)
{
	fill(p, now);
	p->tokens = fmax(p->tokens - 1, -at_least(p->rate * DEBT_S, 1));
}

bool
pace_slow_down(struct pace *p, int64_t now)
{
	fill(p, now);
	if (p->halved && now - p->halved_at < STORM_MS)
		return false;
	p->halved = true;
	p->halved_at = now;
	p->rate = at_least(p->rate / 2, RATE_MIN);
	p->tokens = fmin(p->tokens, 0);
	return true;
}

int64_t
pace_rate(struct pace *p, int64_t now)
{
	fill(p, now);
	return (int64_t)p->rate;
}
