/* SPDX-License-Identifier: Apache-2.0 */
/* When a job is looked at next, and why then. */
#include "engine/outlook.h"

#include "engine/core.h"

int
engine_outlook(
    const struct engine *e, const char *id, struct engine_outlook *out)
{
	(void)e;
	(void)id;
	(void)out;
	return -1;
}
