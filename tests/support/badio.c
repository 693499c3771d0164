/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that fails, for LD_PRELOAD: writes and syncs of files with ".db" in
 * their names (or with $BADIO_NAME), as the first line of the file
 * $BADIO_CONTROL says now:
 *
 *   none
 *   write every N [ERROR]    each N-th write fails, and writes nothing
 *   write share X [ERROR]    so do X of all (0.01: one in a hundred)
 *   torn  every|share …      the same, with half of it written
 *   sync  every|share …      fsync and fdatasync fail
 *
 * ERROR is EIO (the default), ENOSPC or EROFS. $BADIO_LOG gets a line for each
 * failure, $BADIO_SEED the beginning of chance. With $BADIO_FORGET a sync that
 * fails loses what was written since the last good one, which is what the file
 * would have after the next start of the machine.
 *
 * Nothing of awaitd is linked: it lives inside the program under test.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_LEN 256

typedef ssize_t write_fn(int fd, const void *data, size_t len);
typedef ssize_t pwrite_fn(int fd, const void *data, size_t len, off_t at);
typedef int sync_fn(int fd);

/* What a file had before it was written to. */
struct image {
	TAILQ_ENTRY(image) entry;
	dev_t dev;
	ino_t ino;
	off_t size; /* of the file then */
	off_t at;
	size_t len;
	char data[];
};

static struct {
	pthread_mutex_t lock;
	write_fn *write;
	pwrite_fn *pwrite;
	sync_fn *fsync;
	sync_fn *fdatasync;
	unsigned long writes;
	unsigned long syncs;
	unsigned short chance[3];
	bool seeded;
	TAILQ_HEAD(images, image) images;
} bad = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .images = TAILQ_HEAD_INITIALIZER(bad.images),
};

/* The exported names, which no header here declares. */
ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at);

static void *
real(const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);

	if (p == NULL)
		abort();
	return p;
}

__attribute__((constructor)) static void
find_all(void)
{
	/* What dlsym returns may be a function, says POSIX, not C. */
	*(void **)&bad.write = real("write");
	*(void **)&bad.pwrite = real("pwrite");
	*(void **)&bad.fsync = real("fsync");
	*(void **)&bad.fdatasync = real("fdatasync");
}

/* Of a file that is ours to fail; false: of no other. */
static bool
name_of(int fd, char out[NAME_LEN])
{
	char link[64], path[4096];
	const char *base, *part = getenv("BADIO_NAME");
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return false;
	path[n] = '\0';
	base = strrchr(path, '/');
	base = base != NULL ? base + 1 : path;
	if (strstr(base, part != NULL ? part : ".db") == NULL)
		return false;
	snprintf(out, NAME_LEN, "%.*s", NAME_LEN - 1, base);
	return true;
}

/* --- what is to fail ------------------------------------------------- */

struct control {
	char what[16];
	char how[16];
	double number;
	int error;
};

static void
read_control(struct control *c)
{
	const char *path = getenv("BADIO_CONTROL");
	char text[200], error[16] = "EIO";
	ssize_t n = -1;
	int fd;

	memset(c, 0, sizeof(*c));
	fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd != -1) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	if (n <= 0)
		return;
	text[n] = '\0';
	if (sscanf(text, "%15s %15s %lf %15s", c->what, c->how, &c->number,
		error) < 3)
		c->what[0] = '\0';
	c->error = strcmp(error, "ENOSPC") == 0 ? ENOSPC
	    : strcmp(error, "EROFS") == 0       ? EROFS
						: EIO;
}

/* Under the lock. Is call number n one of those? */
static bool
falls_on(const struct control *c, unsigned long n)
{
	const char *seed = getenv("BADIO_SEED");

	if (strcmp(c->how, "every") == 0)
		return c->number >= 1 && n % (unsigned long)c->number == 0;
	if (!bad.seeded) {
		uint32_t s =
		    seed != NULL ? (uint32_t)strtoul(seed, NULL, 10) : 1;

		bad.chance[0] = (unsigned short)s;
		bad.chance[1] = (unsigned short)(s >> 16);
		bad.chance[2] = 0x330e;
		bad.seeded = true;
	}
	return strcmp(c->how, "share") == 0 && erand48(bad.chance) < c->number;
}

static void
note(const char *what, unsigned long n, const char *name, int error)
{
	const char *path = getenv("BADIO_LOG");
	char line[300];
	ssize_t done = 0;
	int fd, len;

	fd = path != NULL
	    ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644)
	    : -1;
	if (fd == -1)
		return;
	len = snprintf(line, sizeof(line), "%s %lu %s %s\n", what, n, name,
	    strerror(error));
	if (len > 0)
		done = bad.write(fd, line, (size_t)len);
	if (done < 0)
		abort();
	close(fd);
}

/* --- what would be lost ---------------------------------------------- */

/* Under the lock, before the write. */
static void
keep_image(int fd, off_t at, size_t len)
{
	struct image *image;
	struct stat st;
	ssize_t n;

	if (getenv("BADIO_FORGET") == NULL || fstat(fd, &st) == -1)
		return;
	image = malloc(sizeof(*image) + len);
	if (image == NULL)
		abort();
	n = pread(fd, image->data, len, at);
	image->dev = st.st_dev;
	image->ino = st.st_ino;
	image->size = st.st_size;
	image->at = at;
	image->len = n > 0 ? (size_t)n : 0;
	TAILQ_INSERT_HEAD(&bad.images, image, entry);
}

/* Under the lock; the youngest first. */
static void
drop_images(int fd, bool restore)
{
	struct image *image, *next;
	struct stat st;

	if (fstat(fd, &st) == -1)
		return;
	for (image = TAILQ_FIRST(&bad.images); image != NULL; image = next) {
		next = TAILQ_NEXT(image, entry);
		if (image->dev != st.st_dev || image->ino != st.st_ino)
			continue;
		if (restore &&
		    (bad.pwrite(fd, image->data, image->len, image->at) !=
			    (ssize_t)image->len ||
			ftruncate(fd, image->size) == -1))
			abort();
		TAILQ_REMOVE(&bad.images, image, entry);
		free(image);
	}
}

/* --- the calls ------------------------------------------------------- */

/* How much of a write goes through: all, half or nothing (0 with *error). */
static size_t
allowed(int fd, size_t len, off_t at, int *error)
{
	struct control c;
	char name[NAME_LEN];
	bool torn;

	*error = 0;
	if (len == 0 || !name_of(fd, name))
		return len;
	read_control(&c);
	torn = strcmp(c.what, "torn") == 0;
	pthread_mutex_lock(&bad.lock);
	bad.writes++;
	if ((torn || strcmp(c.what, "write") == 0) &&
	    falls_on(&c, bad.writes)) {
		*error = c.error;
		note(c.what, bad.writes, name, c.error);
		len = torn ? len / 2 : 0;
	}
	if (len > 0 && at >= 0)
		keep_image(fd, at, len);
	pthread_mutex_unlock(&bad.lock);
	return len;
}

/* What was written, or -1 for what was to fail. */
static ssize_t
outcome(ssize_t n, int error)
{
	if (error == 0)
		return n;
	errno = error;
	return -1;
}

ssize_t
write(int fd, const void *data, size_t len)
{
	int error;
	size_t n = allowed(fd, len, -1, &error);
	ssize_t done = 0;

	if (n > 0 || error == 0)
		done = bad.write(fd, data, n);
	return outcome(done, error);
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t at)
{
	int error;
	size_t n = allowed(fd, len, at, &error);
	ssize_t done = 0;

	if (n > 0 || error == 0)
		done = bad.pwrite(fd, data, n, at);
	return outcome(done, error);
}

ssize_t
pwrite64(int fd, const void *data, size_t len, off64_t at)
{
	return pwrite(fd, data, len, (off_t)at);
}

static int
sync_one(int fd, sync_fn *call)
{
	struct control c;
	char name[NAME_LEN];
	bool fails = false;
	int rc;

	if (!name_of(fd, name))
		return call(fd);
	read_control(&c);
	pthread_mutex_lock(&bad.lock);
	bad.syncs++;
	if (strcmp(c.what, "sync") == 0 && falls_on(&c, bad.syncs)) {
		fails = true;
		note(c.what, bad.syncs, name, c.error);
		drop_images(fd, true);
	}
	pthread_mutex_unlock(&bad.lock);
	rc = fails ? -1 : call(fd);
	if (rc == 0) {
		pthread_mutex_lock(&bad.lock);
		drop_images(fd, false);
		pthread_mutex_unlock(&bad.lock);
	} else if (fails) {
		errno = c.error;
	}
	return rc;
}

int
fsync(int fd)
{
	return sync_one(fd, bad.fsync);
}

int
fdatasync(int fd)
{
	return sync_one(fd, bad.fdatasync);
}
