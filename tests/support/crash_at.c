/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the place of base/crash.c, for awaitd-crash: the process kills itself at
 * the n-th passage of the point that AWAITD_CRASH_AT=NAME:n names, and says so
 * first in the file that AWAITD_CRASH_NOTE names. So whoever finds it dead
 * knows where it died.
 */
#include "base/crash.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_long passed;

static void
die_here(const char *name)
{
	const char *path = getenv("AWAITD_CRASH_NOTE");
	int fd = path != NULL
	    ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)
	    : -1;

	if (fd != -1) {
		(void)!write(fd, name, strlen(name));
		(void)!write(fd, "\n", 1);
		close(fd);
	}
	(void)kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

void
crash_point(const char *name)
{
	const char *at = getenv("AWAITD_CRASH_AT");
	size_t len = strlen(name);

	if (at == NULL || strncmp(at, name, len) != 0 || at[len] != ':')
		return;
	if (atomic_fetch_add(&passed, 1) + 1 == strtol(at + len + 1, NULL, 10))
		die_here(name);
}
