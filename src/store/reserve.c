/* SPDX-License-Identifier: Apache-2.0 */
/* The reserve: a file that is only there to go. */
#include "store/reserve.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

static char *
reserve_path(const char *path)
{
	return xasprintf("%s-reserve", path);
}

/* Blocks that are not there yet may not be there when they are needed. */
static bool
complete(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size == RESERVE_SIZE && st.st_blocks >= RESERVE_SIZE / 512;
}

static bool
fill(const char *path, int fd)
{
	if (complete(fd))
		return true;
	return reserve_room(path, 2 * RESERVE_SIZE) &&
	    posix_fallocate(fd, 0, RESERVE_SIZE) == 0 &&
	    ftruncate(fd, RESERVE_SIZE) == 0;
}

bool
reserve_make(const char *path)
{
	char *name = reserve_path(path);
	int fd = open(
	    name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	bool ok = fd != -1 && fill(path, fd);

	if (fd != -1)
		close(fd);
	if (fd != -1 && !ok)
		unlink(name);
	free(name);
	return ok;
}

bool
reserve_spend(const char *path)
{
	char *name = reserve_path(path);
	bool there = unlink(name) == 0;

	free(name);
	return there;
}

bool
reserve_room(const char *path, int64_t bytes)
{
	char *folder = file_folder(path);
	struct statvfs st;
	int rc = statvfs(folder, &st);

	free(folder);
	return rc == -1 ||
	    (uint64_t)st.f_bavail >= (uint64_t)bytes / st.f_frsize;
}
