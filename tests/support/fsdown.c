/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fsdown FOLDER [LEDGER...]
 * The power goes: the ext4 file system of FOLDER ends here and now, and what
 * is not on its device is lost, its journal's last part included. Root only,
 * and never for a file system that others need.
 *
 * Says how many bytes each LEDGER had before, and when that was by both clocks:
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

#define LEDGERS_MAX 8

static int
complain(const char *what)
{
	fprintf(stderr, "fsdown: %s: %s\n", what, strerror(errno));
	return 1;
}

/* Of each file; not 0 where one is not there. */
static int
note_sizes(char **paths, int n, long long sizes[LEDGERS_MAX])
{
	struct stat st;
	int i;

	for (i = 0; i < n; i++) {
		if (stat(paths[i], &st) == -1)
			return complain(paths[i]);
		sizes[i] = st.st_size;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	uint32_t flags = GOING_FLAGS_NOLOGFLUSH;
	long long wall, mono, sizes[LEDGERS_MAX];
	struct stat ours, root;
	int fd, i;

	if (argc < 2 || argc - 2 > LEDGERS_MAX) {
		fputs("usage: fsdown FOLDER [LEDGER...]\n", stderr);
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
	if (note_sizes(argv + 2, argc - 2, sizes) != 0)
		return 1;
	wall = clock_wall_ms();
	mono = clock_mono_ms();
	if (ioctl(fd, EXT4_IOC_SHUTDOWN, &flags) == -1)
		return complain("shutdown");
	printf("at_ms=%lld mono_ms=%lld", wall, mono);
	for (i = 0; i < argc - 2; i++)
		printf(" bytes=%lld", sizes[i]);
	putchar('\n');
	close(fd);
	return 0;
}
