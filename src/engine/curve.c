/* SPDX-License-Identifier: Apache-2.0 */
/* Counts in logarithmic steps, and the waiting that follows from them. */
#include "engine/curve.h"

#include <math.h>
#include <stddef.h>

#define FIRST 125
/* At this many results all are halved: so it follows what an endpoint becomes.
 */
#define RESULTS_MAX 512
#define TOTAL_MAX (RESULTS_MAX * CURVE_ONE)

/* Of results of the kind that is asked for, before others stand in. */
#define OWN_ENOUGH 20.0
/* The prior, spread over all steps: so many results at first, and so many that
 * never fade. */
#define PRIOR_FIRST 9.0
#define PRIOR_LAST 1.6
#define PRIOR_FADES 200.0

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
halve(struct curve *c)
{
	size_t i;

	c->total = 0;
	for (i = 0; i < CURVE_STEPS; i++) {
		c->n[i] /= 2;
		c->total += c->n[i];
	}
}

void
curve_add(struct curve *c, int64_t value)
{
	c->n[step_of((double)value)] += CURVE_ONE;
	c->total += CURVE_ONE;
	if (c->total >= TOTAL_MAX)
		halve(c);
}

void
curve_put(struct curve *c, int64_t step, int64_t n)
{
	if (step < 0 || step >= CURVE_STEPS || n <= 0 || n > TOTAL_MAX ||
	    c->total + (uint32_t)n > TOTAL_MAX)
		return;
	c->n[step] += (uint32_t)n;
	c->total += (uint32_t)n;
}

void
curve_put_old(struct curve *c, int64_t step, int64_t n)
{
	int64_t half = CURVE_ONE / 2;

	if (step < 0 || step >= CURVE_OLD_STEPS || n <= 0 || n > RESULTS_MAX ||
	    c->total + (uint32_t)n * CURVE_ONE > TOTAL_MAX)
		return;
	curve_put(c, 2 * step, n * half);
	curve_put(c, step > 0 ? 2 * step - 1 : 0, n * half);
}

double
curve_results(const struct curve *c)
{
	return (double)c->total / CURVE_ONE;
}

int64_t
curve_percentile(const struct curve *c, unsigned percent)
{
	uint64_t seen = 0;
	size_t i;

	if (c->total == 0)
		return 0;
	for (i = 0; i < CURVE_STEPS - 1; i++) {
		seen += c->n[i];
		if (seen * 100 >= (uint64_t)c->total * percent)
			break;
	}
	return (int64_t)ceil(bound(i));
}

void
curve_merge(struct curve *c, const struct curve *more)
{
	size_t i;

	for (i = 0; i < CURVE_STEPS; i++)
		c->n[i] += more->n[i];
	c->total += more->total;
}

/* --- survival ------------------------------------------------------- */

static double
fading_prior(double results)
{
	double left = 1 - results / PRIOR_FADES;

	return PRIOR_LAST + (PRIOR_FIRST - PRIOR_LAST) * (left > 0 ? left : 0);
}

/* What the others count for, so that there are enough. */
static double
share_of_others(const struct curve *own, const struct curve *others)
{
	double missing = OWN_ENOUGH - curve_results(own), n;

	if (others == NULL || others->total == 0 || missing <= 0)
		return 0;
	n = curve_results(others);
	return n <= missing ? 1 : missing / n;
}

void
survival_make(
    struct survival *out, const struct curve *own, const struct curve *others)
{
	double share = share_of_others(own, others), seen, prior, s, one;
	size_t i;

	seen = curve_results(own);
	if (share > 0)
		seen += share * curve_results(others);
	prior = fading_prior(seen) / CURVE_STEPS;
	out->s[CURVE_STEPS] = out->seen[CURVE_STEPS] = 0;
	for (i = CURVE_STEPS; i-- > 0;) {
		one = (double)own->n[i] / CURVE_ONE;
		if (share > 0)
			one += share * (double)others->n[i] / CURVE_ONE;
		out->seen[i] = out->seen[i + 1] + one;
		out->s[i] = out->s[i + 1] + one + prior;
	}
	s = out->s[0];
	seen = out->seen[0];
	for (i = 0; i <= CURVE_STEPS; i++) {
		out->s[i] /= s;
		out->seen[i] /= seen;
	}
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
