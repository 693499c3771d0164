/* SPDX-License-Identifier: Apache-2.0 */
/* Counts in logarithmic steps, and the waiting that follows from them. */
#include "engine/curve.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#define FIRST 125
/* At this many the counts of a step are halved: so it follows what an endpoint
 * becomes. */
#define STEP_MAX (CURVE_RESULTS_MAX * CURVE_ONE)

/* Of the kind that is asked for, before others stand in. */
#define OWN_ENOUGH 20.0
/* The prior, as if so many more had lasted to each step, of which this share
 * ended there. */
#define PRIOR_OF 0.25
#define PRIOR_ENDED 0.08

/* The longest that counts in this step. */
static double
bound(size_t step)
{
	static const double part[] = {1, 1.189207115, 1.414213562, 1.681792831};

	return (double)((int64_t)FIRST << (step / 4)) * part[step % 4];
}

/* Where a step begins; that of CURVE_STEPS is the end of them all. */
static double
edge(size_t step)
{
	return step == 0 ? 0 : bound(step - 1);
}

/* The step that holds it. */
static size_t
step_of(double value)
{
	size_t low = 0, high = CURVE_STEPS - 1, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (value <= bound(mid))
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* --- counting ------------------------------------------------------- */

static void
count(struct curve *c, size_t step, bool ended)
{
	c->of[step] += CURVE_ONE;
	c->ended[step] += ended ? CURVE_ONE : 0;
	if (c->of[step] < STEP_MAX)
		return;
	c->of[step] /= 2;
	c->ended[step] /= 2;
}

uint8_t
curve_passed(int64_t value)
{
	size_t step = 0;

	while (step < CURVE_STEPS - 1 && bound(step) <= (double)value)
		step++;
	return (uint8_t)step;
}

void
curve_lasts(struct curve *c, uint8_t *passed, int64_t value)
{
	for (; *passed < CURVE_STEPS - 1 && bound(*passed) <= (double)value;
	     ++*passed)
		count(c, *passed, false);
}

double
curve_expected(const struct curve *c, uint8_t from, uint8_t to)
{
	double sum = 0;

	for (; from < to; from++)
		sum += (double)c->ended[from] / (c->of[from] + CURVE_ONE);
	return sum;
}

void
curve_ends(struct curve *c, uint8_t passed, int64_t value)
{
	size_t last = step_of((double)value), i;

	/* It was seen to last longer, by another clock. */
	if (last < passed)
		last = passed;
	for (i = passed; i < last; i++)
		count(c, i, false);
	count(c, last, true);
	if (c->results < CURVE_RESULTS_MAX)
		c->results++;
}

void
curve_add(struct curve *c, int64_t value)
{
	curve_ends(c, 0, value);
}

void
curve_put(struct curve *c, int64_t step, int64_t ended, int64_t of)
{
	if (step < 0 || step >= CURVE_STEPS || ended < 0 || of <= 0 ||
	    ended > of || of > STEP_MAX)
		return;
	c->ended[step] = (uint32_t)ended;
	c->of[step] = (uint32_t)of;
}

void
curve_put_results(struct curve *c, int64_t n)
{
	if (n > 0 && n <= CURVE_RESULTS_MAX)
		c->results = (uint32_t)n;
}

void
curve_put_old(struct curve *c, int64_t step, int64_t n)
{
	size_t last, i;

	if (step < 0 || step >= CURVE_OLD_STEPS || n <= 0 ||
	    n + c->results > CURVE_RESULTS_MAX)
		return;
	/* Half of them to each half of the old step. */
	for (last = step > 0 ? (size_t)(2 * step - 1) : 0;
	     last <= (size_t)(2 * step); last++) {
		uint32_t some = (uint32_t)n * CURVE_ONE / (step > 0 ? 2 : 1);

		for (i = 0; i <= last; i++)
			c->of[i] += some;
		c->ended[last] += some;
	}
	c->results += (uint32_t)n;
}

void
curve_merge(struct curve *c, const struct curve *more)
{
	size_t i;

	for (i = 0; i < CURVE_STEPS; i++) {
		c->ended[i] += more->ended[i];
		c->of[i] += more->of[i];
	}
	c->results += more->results;
}

/* --- survival ------------------------------------------------------- */

void
survival_make(
    struct survival *out, const struct curve *own, const struct curve *others)
{
	double ended, of, share;
	size_t i;

	out->s[0] = out->seen[0] = 1;
	out->end_ms = 0;
	for (i = 0; i < CURVE_STEPS; i++) {
		ended = (double)own->ended[i] / CURVE_ONE;
		of = (double)own->of[i] / CURVE_ONE;
		if (others != NULL && of < OWN_ENOUGH && others->of[i] > 0) {
			share = (OWN_ENOUGH - of) * CURVE_ONE / others->of[i];
			if (share > 1)
				share = 1;
			ended += share * others->ended[i] / CURVE_ONE;
			of += share * others->of[i] / CURVE_ONE;
		}
		if (ended > 0)
			out->end_ms = edge(i + 1);
		out->seen[i + 1] = of > 0 ? out->seen[i] * (1 - ended / of) : 0;
		out->s[i + 1] = out->s[i] *
		    (1 - (ended + PRIOR_OF * PRIOR_ENDED) / (of + PRIOR_OF));
	}
	out->s[CURVE_STEPS] = out->seen[CURVE_STEPS] = 0;
}

int64_t
curve_percentile(const struct curve *c, unsigned percent)
{
	double left = 1;
	size_t i;

	if (c->results == 0)
		return 0;
	for (i = 0; i < CURVE_STEPS - 1 && c->of[i] > 0; i++) {
		left *= 1 - (double)c->ended[i] / c->of[i];
		if (left * 100 <= 100 - percent + 1e-6)
			break;
	}
	return (int64_t)ceil(bound(i));
}

/* Within a step, which begins at `low`. */
static double
between(const double *v, size_t step, double age)
{
	double low = edge(step);

	return v[step] +
	    (v[step + 1] - v[step]) * (age - low) / (edge(step + 1) - low);
}

double
survival_at(const double v[CURVE_STEPS + 1], double age)
{
	if (age <= 0)
		return 1;
	if (age >= edge(CURVE_STEPS))
		return 0;
	return between(v, step_of(age), age);
}

double
survival_accrued(const double v[CURVE_STEPS + 1], double from, double to)
{
	double s0 = survival_at(v, from), s = s0, at = from, sum = 0;
	size_t i;

	if (s0 <= 0)
		return 0;
	for (i = step_of(from); i < CURVE_STEPS && at < to; i++) {
		double end = edge(i + 1) < to ? edge(i + 1) : to;
		double then = between(v, i, end);

		sum += (s0 - (s + then) / 2) * (end - at);
		at = end;
		s = then;
	}
	if (at < to)
		sum += s0 * (to - at);
	return sum / s0;
}

/* x where b x + a x^2 = c, none of them negative. */
static double
root(double a, double b, double c)
{
	double d = b + sqrt(b * b + 4 * a * c);

	return d > 0 ? 2 * c / d : 0;
}

double
survival_reach(const double v[CURVE_STEPS + 1], double from, double price)
{
	double s0 = survival_at(v, from), s = s0, at = from, left;
	size_t i;

	if (s0 <= 0)
		return INFINITY;
	left = price * s0;
	for (i = step_of(from); i < CURVE_STEPS; i++) {
		double width = edge(i + 1) - at, drop = s - v[i + 1];
		double more = (s0 - s + drop / 2) * width;

		if (more >= left)
			return at + root(drop / width / 2, s0 - s, left);
		left -= more;
		at += width;
		s = v[i + 1];
	}
	return INFINITY;
}

double
survival_quantile(const double v[CURVE_STEPS + 1], double from, double share)
{
	double s0 = survival_at(v, from), want = s0 * (1 - share), low;
	size_t i;

	if (s0 <= 0)
		return INFINITY;
	for (i = step_of(from); i < CURVE_STEPS - 1 && v[i + 1] > want; i++)
		continue;
	low = edge(i);
	if (v[i] <= v[i + 1])
		return edge(i + 1);
	return low + (edge(i + 1) - low) * (v[i] - want) / (v[i] - v[i + 1]);
}
