/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long things take, in a fixed number of steps that grow by the square
 * root of two from 125 ms to a day. What is old weighs less and less. Only for
 * files of this folder.
 */
#ifndef ENGINE_HISTOGRAM_H
#define ENGINE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEPS 40

struct histogram {
	uint32_t n[HISTOGRAM_STEPS];
	uint32_t total;
};

void histogram_add(struct histogram *h, int64_t ms);

/* For what was kept: so many in one step; what makes no sense is passed over.
 */
void histogram_put(struct histogram *h, int64_t step, int64_t n);

/* So many percent took no longer than this; 0: nothing is known. */
int64_t histogram_percentile(const struct histogram *h, unsigned percent);

#endif
