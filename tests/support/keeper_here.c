/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/keeper_here.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/keeper.h"
#include "base/mem.h"

void
keeper_here(void)
{
	const char *dir = getenv("abs_top_builddir");
	char *cwd = getcwd(NULL, 0);
	char *path = xasprintf("%s/awaitd-keeper", dir != NULL ? dir : cwd);

	keeper_set_path(path);
	free(path);
	free(cwd);
}
