/* SPDX-License-Identifier: Apache-2.0 */
/* Where the keeper is. */
#include "base/keeper.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/* Whoever owns our own program could have changed that. */
static bool
is_of_ours(const struct stat *st)
{
	struct stat own;

	return st->st_uid == 0 || st->st_uid == geteuid() ||
	    (stat("/proc/self/exe", &own) == 0 && st->st_uid == own.st_uid);
}

/* Beside a program that lies in a folder of everybody's, everybody may put
 * one: it, and a link to it, must be of whom we trust already. */
static bool
is_trusted(const char *path)
{
	struct stat link, file;

	return lstat(path, &link) == 0 && stat(path, &file) == 0 &&
	    is_of_ours(&link) && is_of_ours(&file) && S_ISREG(file.st_mode) &&
	    (file.st_mode & S_IWOTH) == 0 && access(path, X_OK) == 0;
}

/* Takes path. */
static bool
is_there(char *take_path)
{
	if (is_trusted(take_path)) {
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
	    "%s; beside awaitd itself will do, where it is of the same "
	    "owner and others cannot write to it.",
	    PKGLIBEXECDIR);
	return NULL;
}

void
keeper_set_path(const char *path)
{
	free(keeper);
	keeper = xstrdup(path);
}
