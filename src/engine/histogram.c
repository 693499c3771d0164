/* SPDX-License-Identifier: Apache-2.0 */
/* Counts in logarithmic steps. */
#include "engine/histogram.h"

#define FIRST_MS 125
/* At this many all are halved: so it follows what an endpoint becomes. */
#define TOTAL_MAX 512

/* The longest that counts in this step. */
static int64_t
bound(unsigned step)
{
	int64_t ms = (int64_t)FIRST_MS << (step / 2);

	return step % 2 == 0 ? ms : ms * 1414 / 1000;
}

static void
halve(struct histogram *h)
{
	unsigned i;

	h->total = 0;
	for (i = 0; i < HISTOGRAM_STEPS; i++) {
		h->n[i] /= 2;
		h->total += h->n[i];
	}
}

void
histogram_add(struct histogram *h, int64_t ms)
{
	unsigned i = 0;

	while (i < HISTOGRAM_STEPS - 1 && ms > bound(i))
		i++;
	h->n[i]++;
	if (++h->total >= TOTAL_MAX)
		halve(h);
}

void
histogram_put(struct histogram *h, int64_t step, int64_t n)
{
	if (step < 0 || step >= HISTOGRAM_STEPS || n <= 0 || n > TOTAL_MAX ||
	    h->total + (uint32_t)n > TOTAL_MAX)
		return;
	h->n[step] += (uint32_t)n;
	h->total += (uint32_t)n;
}

int64_t
histogram_percentile(const struct histogram *h, unsigned percent)
{
	uint64_t seen = 0;
	unsigned i;

	if (h->total == 0)
		return 0;
	for (i = 0; i < HISTOGRAM_STEPS; i++) {
		seen += h->n[i];
		if (seen * 100 >= (uint64_t)h->total * percent)
			break;
	}
	return bound(i);
}
