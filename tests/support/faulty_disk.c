/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of the system, between the program and the kernel. */
#include "tests/support/faulty_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/str.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct {
	const char *suffix;
	int error;
	int times; /* -1: always */
} rules[FAULTY_CALLS];
static unsigned failed;
static const char *holding;
static bool held;
static const char *slow;
static unsigned slow_ms;
static unsigned reads;
static int dropped_behind; /* so many reads; -1: not dropped */

ssize_t pread64(int fd, void *data, size_t len, off_t at);
ssize_t pwrite64(int fd, const void *data, size_t len, off_t at);
int fdatasync(int fd);
int fsync(int fd);
int posix_fadvise(int fd, off_t at, off_t len, int advice);

static bool
concerns(int fd, const char *suffix)
{
	char link[64], path[4096];
	ssize_t n;

	if (suffix == NULL)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n == -1)
		return false;
	path[n] = '\0';
	return str_ends(path, suffix);
}

static int
fails(enum faulty_call call, int fd)
{
	int error = 0;

	pthread_mutex_lock(&lock);
	if (rules[call].times != 0 && concerns(fd, rules[call].suffix)) {
		if (rules[call].times > 0)
			rules[call].times--;
		error = rules[call].error;
		failed++;
	}
	pthread_mutex_unlock(&lock);
	return error;
}

static void
wait_here(int fd)
{
	pthread_mutex_lock(&lock);
	while (concerns(fd, holding)) {
		held = true;
		pthread_cond_wait(&changed, &lock);
	}
	held = false;
	pthread_mutex_unlock(&lock);
}

static int
sync_file(int fd, long number)
{
	int error;

	wait_here(fd);
	error = fails(FAULTY_SYNC, fd);
	if (error == 0)
		return (int)syscall(number, fd);
	errno = error;
	return -1;
}

ssize_t
pread64(int fd, void *data, size_t len, off_t at)
{
	unsigned ms = 0;

	pthread_mutex_lock(&lock);
	if (concerns(fd, slow)) {
		ms = slow_ms;
		reads++;
	}
	pthread_mutex_unlock(&lock);
	if (ms > 0)
		usleep(ms * 1000);
	return syscall(SYS_pread64, fd, data, len, at);
}

ssize_t
pwrite64(int fd, const void *data, size_t len, off_t at)
{
	int error = fails(FAULTY_WRITE, fd);

	if (error == 0)
		return syscall(SYS_pwrite64, fd, data, len, at);
	errno = error;
	return -1;
}

int
fdatasync(int fd)
{
	return sync_file(fd, SYS_fdatasync);
}

int
fsync(int fd)
{
	return sync_file(fd, SYS_fsync);
}

int
posix_fadvise(int fd, off_t at, off_t len, int advice)
{
	pthread_mutex_lock(&lock);
	if (advice == POSIX_FADV_DONTNEED && concerns(fd, slow))
		dropped_behind = (int)reads;
	pthread_mutex_unlock(&lock);
	return (int)syscall(SYS_fadvise64, fd, at, len, advice);
}

void
faulty_disk_break_times(
    enum faulty_call call, const char *suffix, int error, int times)
{
	pthread_mutex_lock(&lock);
	rules[call].suffix = suffix;
	rules[call].error = error;
	rules[call].times = times;
	failed = 0;
	pthread_mutex_unlock(&lock);
}

void
faulty_disk_break(enum faulty_call call, const char *suffix, int error)
{
	faulty_disk_break_times(call, suffix, error, -1);
}

void
faulty_disk_heal(void)
{
	pthread_mutex_lock(&lock);
	memset(rules, 0, sizeof(rules));
	pthread_mutex_unlock(&lock);
}

unsigned
faulty_disk_failed(void)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = failed;
	pthread_mutex_unlock(&lock);
	return n;
}

void
faulty_disk_slow(const char *suffix, unsigned ms)
{
	pthread_mutex_lock(&lock);
	slow = suffix;
	slow_ms = ms;
	reads = 0;
	dropped_behind = -1;
	pthread_mutex_unlock(&lock);
}

unsigned
faulty_disk_reads(void)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = reads;
	pthread_mutex_unlock(&lock);
	return n;
}

int
faulty_disk_dropped(void)
{
	int n;

	pthread_mutex_lock(&lock);
	n = dropped_behind;
	pthread_mutex_unlock(&lock);
	return n;
}

void
faulty_disk_hold(const char *suffix)
{
	pthread_mutex_lock(&lock);
	holding = suffix;
	pthread_mutex_unlock(&lock);
}

bool
faulty_disk_held(void)
{
	bool there;

	pthread_mutex_lock(&lock);
	there = held;
	pthread_mutex_unlock(&lock);
	return there;
}

void
faulty_disk_let_go(void)
{
	pthread_mutex_lock(&lock);
	holding = NULL;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}
