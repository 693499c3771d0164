/* SPDX-License-Identifier: Apache-2.0 */
/* How long to wait before the next try: a pure function of the count. */
#ifndef BASE_BACKOFF_H
#define BASE_BACKOFF_H

#include <stdint.h>

struct backoff {
	int64_t start_ms; /* the first delay, > 0 */
	int64_t max_ms; /* >= 1; no delay is longer, jitter included, which
			   spreads below it */
	double factor; /* of each delay to the one before, >= 1 */
	double jitter; /* 0.2: from 0.8 to 1.2 of the computed delay */
};

/*
 * The delay before try `n` (0: the first wait). `unit` is a random number in
 * [0, 1). Never below 1.
 */
int64_t backoff_delay_ms(const struct backoff *b, unsigned n, double unit);

#endif
