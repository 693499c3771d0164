/* SPDX-License-Identifier: Apache-2.0 */
/* Nobody dies here: see the header. A file of its own, so that a test program
 * can bring another. */
#include "base/crash.h"

void
crash_point(const char *name)
{
	(void)name;
}
