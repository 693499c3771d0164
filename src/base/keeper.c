/* SPDX-License-Identifier: Apache-2.0 */
/* Where the keeper is. */
#include "base/keeper.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define NAME "awaitd-keeper"

static char *keeper;

/* The folder of our own program, or NULL. The caller's. */
static char *
own_folder(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (n <= 0)
		return NULL;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL)
		return NULL;
	*slash = '\0';
	return xstrdup(path);
}

/* Takes path. */
static bool
is_there(char *take_path)
{
	if (access(take_path, X_OK) == 0) {
		keeper = take_path;
		return true;
	}
	free(take_path);
	return false;
}

const char *
keeper_path(struct error *err)
{
	char *own;
	bool found;

	if (keeper != NULL)
		return keeper;
	own = own_folder();
	/* In a build tree, where it is installed, and where all of that was
	 * moved to. */
	found = (own != NULL && is_there(xasprintf("%s/" NAME, own))) ||
	    is_there(xstrdup(PKGLIBEXECDIR "/" NAME)) ||
	    (own != NULL &&
		is_there(xasprintf("%s/../libexec/awaitd/" NAME, own)));
	free(own);
	if (found)
		return keeper;
	err_set(err, ERR_NOT_FOUND, "there is no program " NAME);
	err_hint(err,
	    "Commands run under it. \"make install\" puts it into "
	    "%s; beside awaitd itself will do.",
	    PKGLIBEXECDIR);
	return NULL;
}

void
keeper_set_path(const char *path)
{
	free(keeper);
	keeper = xstrdup(path);
}
