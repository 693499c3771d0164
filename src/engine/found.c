/* SPDX-License-Identifier: Apache-2.0 */
/* The causes by name. */
#include "engine/found.h"

#include <stdlib.h>

const char *
look_cause_name(enum look_cause cause)
{
	switch (cause) {
	case LOOK_PLANNED:
		return "planned";
	case LOOK_RUNG:
		return "rung";
	case LOOK_LISTED:
		return "listed";
	}
	abort();
}
