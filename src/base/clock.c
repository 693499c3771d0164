/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's clocks. */
#include "base/clock.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Version 4 of a UUID: 122 of its bits are random (random(4)). */
#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define BOOT_DIGITS 8 /* before the first dash */

static int64_t
read_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

int64_t
clock_mono_ms(void)
{
	return read_ms(CLOCK_BOOTTIME);
}

int64_t
clock_boot(void)
{
	static int64_t boot = -1;
	char id[BOOT_DIGITS + 1] = "";
	int fd;

	if (boot != -1)
		return boot;
	boot = 0;
	fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return boot;
	if (read(fd, id, BOOT_DIGITS) == BOOT_DIGITS)
		boot = strtoll(id, NULL, 16);
	close(fd);
	return boot;
}
