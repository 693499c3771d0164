/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the log about what anybody can bring about: one a minute. */
#ifndef SERVE_QUIET_H
#define SERVE_QUIET_H

#include <stdbool.h>
#include <stdint.h>

/* All zero at first. */
struct quiet {
	int64_t next_at; /* monotonic */
	int64_t skipped; /* since the last line */
};

/* May a line be written now? `skipped` tells how many were not. */
bool quiet_over(struct quiet *q, int64_t *skipped);

#endif
