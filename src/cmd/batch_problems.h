/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with many inputs: told all at once, as far as there is room. */
#ifndef CMD_BATCH_PROBLEMS_H
#define CMD_BATCH_PROBLEMS_H

#include <stddef.h>

#include "base/error.h"

#define BATCH_PROBLEMS_SHOWN 20

struct batch_problems {
	size_t n;
};

/* One line on stderr, for the first ones. */
void batch_problem(struct batch_problems *p, const struct error *err);

/* -1 with ERR_USAGE where there were any. */
int batch_problems_end(const struct batch_problems *p, struct error *err);

#endif
