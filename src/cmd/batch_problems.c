/* SPDX-License-Identifier: Apache-2.0 */
/* Many errors, in few lines. */
#include "cmd/batch_problems.h"

#include "cmd/cmd.h"

void
batch_problem(struct batch_problems *p, const struct error *err)
{
	if (p->n++ < BATCH_PROBLEMS_SHOWN)
		cmd_fail(err);
}

int
batch_problems_end(const struct batch_problems *p, struct error *err)
{
	if (p->n == 0)
		return 0;
	if (p->n > BATCH_PROBLEMS_SHOWN)
		err_set(err, ERR_USAGE,
		    "%zu inputs are wrong, of which the first %d are told",
		    p->n, BATCH_PROBLEMS_SHOWN);
	else
		err_set(err, ERR_USAGE, "%zu input%s wrong", p->n,
		    p->n == 1 ? " is" : "s are");
	return err_hint(err, "Nothing was sent.");
}
