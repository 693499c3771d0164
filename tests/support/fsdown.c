/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fsdown FOLDER [LEDGER]
 * The power goes: the ext4 file system of FOLDER ends here and now, and what
 * is not on its device is lost, its journal's last part included. Root only,
 * and never for a file system that others need.
 *
 * Says how many bytes LEDGER had before, and when that was by both clocks:
 * what stands in those bytes was written down before the cut. No clock could
 * tell as safely.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

/* From linux/fs/ext4/ext4.h; XFS has the same number. */
#define EXT4_IOC_SHUTDOWN _IOR('X', 125, uint32_t)
#define GOING_FLAGS_NOLOGFLUSH 2

static int
complain(const char *what)
{
	fprintf(stderr, "fsdown: %s: %s\n", what, strerror(errno));
	return 1;
}

int
main(int argc, char **argv)
{
	uint32_t flags = GOING_FLAGS_NOLOGFLUSH;
	struct stat ours, root, ledger = {0};
	long long wall, mono;
	int fd;

	if (argc < 2 || argc > 3) {
		fputs("usage: fsdown FOLDER [LEDGER]\n", stderr);
		return 2;
	}
	fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &ours) == -1 || stat("/", &root) == -1)
		return complain(argv[1]);
	if (ours.st_dev == root.st_dev) {
		fprintf(
		    stderr, "fsdown: %s is on the root file system\n", argv[1]);
		return 1;
	}
	if (argc == 3 && stat(argv[2], &ledger) == -1)
		return complain(argv[2]);
	wall = clock_wall_ms();
	mono = clock_mono_ms();
	if (ioctl(fd, EXT4_IOC_SHUTDOWN, &flags) == -1)
		return complain("shutdown");
	printf("at_ms=%lld mono_ms=%lld ledger_bytes=%lld\n", wall, mono,
	    (long long)ledger.st_size);
	close(fd);
	return 0;
}
