/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long things take: of those that lasted to an age, how many ended there,
 * in a fixed number of steps that grow by the fourth root of two from 125 ms to
 * 30 hours; and what follows from that for somebody who still waits. Who still
 * waits counts, too, as far as his age goes: so of a thousand that began at
 * once not all seem as fast as the first of them (Kaplan and Meier, 1958). What
 * is old weighs less and less. The same steps serve for sizes, from 125 bytes
 * up. Only for files of this folder.
 */
#ifndef ENGINE_CURVE_H
#define ENGINE_CURVE_H

#include <stdint.h>

#define CURVE_STEPS 80
#define CURVE_ONE 64 /* of a count: one result */

struct curve {
	/* In 1/CURVE_ONE of a result: those that ended in this step, of those
	 * that lasted to its beginning and were seen there. */
	uint32_t ended[CURVE_STEPS];
	uint32_t of[CURVE_STEPS];
	uint32_t results; /* up to CURVE_RESULTS_MAX */
};
#define CURVE_RESULTS_MAX 512

void curve_add(struct curve *c, int64_t value);

/*
 * Of one that is watched: it was seen to last so long; or it ended so late.
 * *passed are the steps that it was counted in, 0 at first.
 */
void curve_lasts(struct curve *c, uint8_t *passed, int64_t value);
void curve_ends(struct curve *c, uint8_t passed, int64_t value);

/* It is watched from here on, whatever was before. */
uint8_t curve_passed(int64_t value);

/* Of so many like it, that lasted from one step to another, so many should have
 * ended. */
double curve_expected(const struct curve *c, uint8_t from, uint8_t to);

/* For what was kept: of one step, in 1/CURVE_ONE; and all results. What makes
 * no sense is passed over. */
void curve_put(struct curve *c, int64_t step, int64_t ended, int64_t of);
void curve_put_results(struct curve *c, int64_t n);

/* The same, of an older form, step by step from the first on: whole results in
 * steps of twice the width. */
#define CURVE_OLD_STEPS 40
void curve_put_old(struct curve *c, int64_t step, int64_t n);

/* So many percent were no larger than this; 0: nothing is known. */
int64_t curve_percentile(const struct curve *c, unsigned percent);

/* Both together, not decayed. */
void curve_merge(struct curve *c, const struct curve *more);

/*
 * Survival: the share that is not over at an age, tabulated at the steps' ends
 * and straight in between. `s` holds a thin prior, too: so no age is certain,
 * and behind all that was seen it falls as a power of the age. `seen` is what
 * was seen and nothing else.
 */
struct survival {
	double s[CURVE_STEPS + 1];
	double seen[CURVE_STEPS + 1];
	double end_ms; /* none was seen to end later */
};

/* Of a kind of results; where they are few, others stand in for what is
 * missing. `others` may be NULL. */
void survival_make(
    struct survival *out, const struct curve *own, const struct curve *others);

/* The share that lasts longer; `v` is s or seen. */
double survival_at(const double v[CURVE_STEPS + 1], double age_ms);

/* The time from a result's coming to `to`, counted as 0 for what comes later,
 * to be expected of what is not over at `from`. */
double survival_accrued(
    const double v[CURVE_STEPS + 1], double from_ms, double to_ms);

/* The age at which that reaches `price_ms`; INFINITY: never. */
double survival_reach(
    const double v[CURVE_STEPS + 1], double from_ms, double price_ms);

/* The age by which `share` of what is not over at `from` is; INFINITY: nothing
 * lasts that long. */
double survival_quantile(
    const double v[CURVE_STEPS + 1], double from_ms, double share);

#endif
