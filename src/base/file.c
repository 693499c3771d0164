/* SPDX-License-Identifier: Apache-2.0 */
/* Files: whole reads, durable writes, locks. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"

static int
read_all(int fd, const char *path, struct buf *out, struct error *err)
{
	char chunk[16384];
	ssize_t n;

	for (;;) {
		n = read(fd, chunk, sizeof(chunk));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_set_errno(err, ERR_IO, "read %s", path);
		if (n == 0)
			return 0;
		if (buf_append(out, chunk, (size_t)n) == -1)
			return err_set(err, ERR_LIMIT,
			    "%s is larger than %zu bytes", path, out->max);
	}
}

int
file_read(const char *path, struct buf *out, struct error *err)
{
	size_t before = out->len;
	int fd, rc;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -1)
		return err_set_errno(err,
		    errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "open %s", path);
	rc = read_all(fd, path, out, err);
	close(fd);
	if (rc == -1)
		buf_truncate(out, before);
	return rc;
}

bool
file_is_private(const struct stat *st)
{
	bool handed = st->st_uid == 0 && st->st_gid == 0 && geteuid() != 0;
	mode_t group = handed ? S_IWGRP | S_IXGRP : S_IRWXG;

	return (st->st_mode & (group | S_IRWXO)) == 0;
}

int
file_check_private(const char *path, struct error *err)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return err_set_errno(err, ERR_CONFIG, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG, "%s is no regular file", path);
	if (file_is_private(&st))
		return 0;
	err_set(err, ERR_CONFIG, "%s can be read by others", path);
	return err_hint(err, "Do 'chmod 600 %s'.", path);
}

int
file_write_all(int fd, const void *data, size_t len, struct error *err)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_set_errno(err, ERR_IO, "write");
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int
file_sync_dir(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return err_set_errno(err, ERR_IO, "open %s", path);
	if (fsync(fd) == -1) {
		err_set_errno(err, ERR_IO, "fsync %s", path);
		close(fd);
		return -1;
	}
	close(fd);
	return 0;
}

char *
file_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return xstrdup(".");
	return xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static int
sync_parent(const char *path, struct error *err)
{
	char *folder = file_folder(path);
	int rc = file_sync_dir(folder, err);

	free(folder);
	return rc;
}

int
file_sync(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int rc = 0;

	if (fd == -1)
		return err_set_errno(err, ERR_IO, "open %s", path);
	if (fsync(fd) == -1)
		rc = err_set_errno(err, ERR_IO, "fsync %s", path);
	close(fd);
	return rc == 0 ? sync_parent(path, err) : -1;
}

static int
write_and_sync(const char *path, const void *data, size_t len, mode_t mode,
    struct error *err)
{
	int fd, rc;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd == -1)
		return err_set_errno(err, ERR_IO, "create %s", path);
	rc = file_write_all(fd, data, len, err);
	if (rc == 0 && fsync(fd) == -1)
		rc = err_set_errno(err, ERR_IO, "fsync %s", path);
	close(fd);
	if (rc == -1)
		unlink(path);
	return rc;
}

int
file_write_atomic(const char *path, const void *data, size_t len, mode_t mode,
    struct error *err)
{
	char id[RANDOM_UUID_SIZE], *tmp;
	int rc;

	/* No name of a user's, nor of a second writer's. */
	random_uuid(id);
	tmp = xasprintf("%s.%.8s.tmp", path, id);
	rc = write_and_sync(tmp, data, len, mode, err);
	if (rc == 0 && rename(tmp, path) == -1) {
		rc = err_set_errno(err, ERR_IO, "rename %s", tmp);
		unlink(tmp);
	}
	free(tmp);
	return rc == 0 ? sync_parent(path, err) : -1;
}

/* 0 where the folder is there afterwards, else -1 with errno. */
static int
make_folder(const char *path, mode_t mode)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return 0;
	if (errno != EEXIST || stat(path, &st) == -1)
		return -1;
	errno = ENOTDIR;
	return S_ISDIR(st.st_mode) ? 0 : -1;
}

int
file_mkdirs(const char *path, mode_t mode, struct error *err)
{
	char *copy = xstrdup(path), *p = copy;
	int rc = 0;

	/* Each '/' but one at the start ends the name of a folder. */
	while (rc == 0 && *p != '\0' && (p = strchr(p + 1, '/')) != NULL) {
		*p = '\0';
		rc = make_folder(copy, mode);
		if (rc == 0)
			*p = '/';
	}
	if (rc == 0)
		rc = make_folder(copy, mode);
	if (rc == -1)
		err_set_errno(err, ERR_IO, "make the folder %s", copy);
	free(copy);
	return rc;
}

/* As flock, but patient. */
static int
lock_within(int fd, int64_t wait_ms)
{
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
	int64_t until = clock_mono_ms() + wait_ms;

	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK || clock_mono_ms() >= until)
			return -1;
		nanosleep(&pause, NULL);
		errno = EWOULDBLOCK;
	}
	return 0;
}

int
file_lock(const char *path, int64_t wait_ms, int *out_fd, struct error *err)
{
	int fd =
	    open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, (mode_t)0600);

	if (fd == -1)
		return err_set_errno(err, ERR_IO, "open %s", path);
	if (lock_within(fd, wait_ms) == -1) {
		if (errno == EWOULDBLOCK) {
			err_set(err, ERR_BUSY,
			    "%s is locked by another process", path);
			err->retryable = true;
		} else {
			err_set_errno(err, ERR_IO, "lock %s", path);
		}
		close(fd);
		return -1;
	}
	*out_fd = fd;
	return 0;
}

int
file_open_nameless(
    const char *folder, bool append, int *out_fd, struct error *err)
{
	int flags = O_CLOEXEC | (append ? O_APPEND : 0), fd;
	char *path;

	fd = open(folder, O_TMPFILE | O_RDWR | flags, (mode_t)0600);
	/* Not every file system can; then it has a name for a moment. */
	if (fd == -1 &&
	    (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
		path = xasprintf("%s/awaitd.XXXXXX", folder);
		fd = mkostemp(path, flags);
		if (fd != -1)
			unlink(path);
		free(path);
	}
	if (fd == -1)
		return err_set_errno(err, ERR_IO, "make a file in %s", folder);
	*out_fd = fd;
	return 0;
}
