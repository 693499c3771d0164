/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Others may write to the folder, too. So every name is opened relative to the
 * folder that was opened once, no link is followed, and a temporary file is one
 * that was made here and is held by a lock: one that nobody holds is left over.
 */
#include "deliver/dirfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"

#define MODE ((mode_t)0640) /* less the umask */
#define TEMP_PREFIX ".awaitd-"
#define TEMP_SUFFIX ".tmp"
#define TEMP_SIZE 256
#define SLICE ((size_t)256 * 1024)
/* What is on its way to the disk need not be waited for at the end. */
#define WRITE_BEHIND ((int64_t)8 << 20)

struct task {
	struct dirfile *f;
	const struct offload_call *call;
	int folder;
	char temp[TEMP_SIZE];
	char *slice;
};

static int
failed(const struct task *t, const char *what, struct error *err)
{
	err_set_errno(
	    err, ERR_IO, "%s %s in %s", what, t->f->name, t->f->folder);
	if (err_no_room(err))
		err_hint(err, "Make room there; it is tried again.");
	return -1;
}

/* --- bytes ---------------------------------------------------------- */

/* The next ones, up to a slice: how many, or -1. */
static ssize_t
take(struct task *t, int64_t at, const char **out, struct error *err)
{
	const struct dirfile *f = t->f;
	int64_t left = f->size - at;
	size_t len = left < (int64_t)SLICE ? (size_t)left : SLICE;
	ssize_t n;

	if (offload_cancelled(t->call))
		return err_set(err, ERR_CANCELLED, "given up");
	if (f->fd == -1) {
		*out = (const char *)f->data + at;
		return (ssize_t)len;
	}
	do {
		n = pread(f->fd, t->slice, len, at);
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return err_set_errno(err, ERR_IO, "read the result");
	if (n == 0)
		return err_set(err, ERR_IO, "read the result: it is cut short");
	*out = t->slice;
	return n;
}

static void
push_out(int fd, int64_t at, int64_t n)
{
	int64_t begun = at - at % WRITE_BEHIND;

	if (at + n - begun >= WRITE_BEHIND)
		sync_file_range(
		    fd, begun, at + n - begun, SYNC_FILE_RANGE_WRITE);
}

/* All of them, through the digest and, where fd is not -1, into that file. */
static int
copy(struct task *t, int fd, struct error *err)
{
	struct hash *hash = hash_new(HASH_SHA256);
	unsigned char digest[HASH_SHA256_SIZE];
	const char *p = NULL;
	int64_t at;
	ssize_t n;
	int rc = 0;

	for (at = 0; rc == 0 && at < t->f->size; at += n) {
		n = take(t, at, &p, err);
		if (n == -1) {
			rc = -1;
			break;
		}
		hash_update(hash, p, (size_t)n);
		if (fd == -1)
			continue;
		rc = file_write_all(fd, p, (size_t)n, err);
		push_out(fd, at, n);
	}
	hash_final(hash, digest);
	encode_hex(digest, sizeof(digest), t->f->sha256);
	hash_free(hash);
	return rc;
}

/* The file system may share the blocks of a file that is large. */
static bool
share_blocks(const struct task *t, int fd)
{
	return t->f->fd != -1 && ioctl(fd, FICLONE, t->f->fd) == 0;
}

/* --- what is there -------------------------------------------------- */

static int
read_other(struct task *t, int fd, struct error *err)
{
	struct buf *other = &t->f->other;
	ssize_t n = 1;

	while (n > 0 && other->len < DIRFILE_OTHER_MAX) {
		n = pread(fd, t->slice, SLICE, (off_t)other->len);
		if (n > 0 && buf_append(other, t->slice, (size_t)n) == -1)
			break;
	}
	if (n != 0)
		buf_clear(other);
	err_set(err, ERR_EXISTS, "%s is there in %s, and is something else",
	    t->f->name, t->f->folder);
	return err_hint(err, "Move it away: nothing is written over.");
}

/* Its digest is that of ours, or -1. */
static int
same_digest(struct task *t, int fd, struct error *err)
{
	struct dirfile there = *t->f;
	struct task look = *t;

	there.fd = fd;
	look.f = &there;
	if (copy(&look, -1, err) == -1)
		return -1;
	if (str_eq(there.sha256, t->f->sha256))
		return 0;
	return read_other(t, fd, err);
}

/* Something has the name. With the same bytes it is ours, of a former attempt
 * that may not have come to its sync. */
static int
compare(struct task *t, struct error *err)
{
	struct dirfile *f = t->f;
	struct stat st;
	int fd, rc;

	fd = openat(t->folder, f->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd == -1 && errno != ELOOP)
		return failed(t, "open", err);
	if (fd == -1)
		return read_other(t, -1, err);
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		rc = read_other(t, -1, err);
	else if (st.st_size != f->size)
		rc = read_other(t, fd, err);
	else
		rc = same_digest(t, fd, err);
	if (rc == 0 && fsync(fd) == -1)
		rc = failed(t, "fsync", err);
	close(fd);
	f->was_there = rc == 0;
	return rc;
}

static bool
is_there(const struct task *t)
{
	struct stat st;

	return fstatat(t->folder, t->f->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* --- a new one ------------------------------------------------------ */

static int
make_temp(struct task *t, struct error *err)
{
	char id[RANDOM_UUID_SIZE];
	int fd;

	random_uuid(id);
	snprintf(t->temp, sizeof(t->temp),
	    TEMP_PREFIX "%.8s-%.128s" TEMP_SUFFIX, id, t->f->name);
	fd = openat(t->folder, t->temp,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
	if (fd == -1)
		return failed(t, "create", err);
	/* Where there are no locks, nobody takes it for left over. */
	if (flock(fd, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK) {
		close(fd);
		return err_set(err, ERR_BUSY,
		    "%s was taken for left over, and is written anew", t->temp);
	}
	return fd;
}

static int
fill(struct task *t, int fd, struct error *err)
{
	bool shared = share_blocks(t, fd);
	struct stat st;

	if (copy(t, shared ? -1 : fd, err) == -1) {
		if (err->sys_errno == 0)
			return -1;
		errno = err->sys_errno;
		return failed(t, "write", err);
	}
	crash_point("C18");
	if (fsync(fd) == -1 || fstat(fd, &st) == -1)
		return failed(t, "fsync", err);
	if (st.st_size != t->f->size)
		return err_set(
		    err, ERR_IO, "the result has another size than it should");
	return 0;
}

/* Never over another: 0, or -1 with errno. Not all file systems can say so to
 * rename(2), and of those most have links. */
static int
put_in_place(struct task *t)
{
	const char *name = t->f->name;

	if (renameat2(t->folder, t->temp, t->folder, name, RENAME_NOREPLACE) ==
	    0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (linkat(t->folder, t->temp, t->folder, name, 0) == -1)
		return -1;
	unlinkat(t->folder, t->temp, 0);
	return 0;
}

static int
write_new(struct task *t, struct error *err)
{
	int fd = make_temp(t, err), rc;

	if (fd == -1)
		return -1;
	rc = fill(t, fd, err);
	if (rc == 0 && put_in_place(t) == -1)
		rc = errno == EEXIST ? compare(t, err)
				     : failed(t, "rename", err);
	if (rc == -1 || t->f->was_there)
		unlinkat(t->folder, t->temp, 0);
	close(fd);
	return rc;
}

/* --- what is left over ---------------------------------------------- */

/* A lock goes with the process that had it. */
static void
remove_leftover(int folder, const char *name)
{
	struct stat st;
	int fd;

	fd = openat(folder, name,
	    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd == -1)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlinkat(folder, name, 0);
	close(fd);
}

static void
remove_leftovers(const struct task *t)
{
	int fd = openat(t->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *e;
	DIR *d;

	d = fd != -1 ? fdopendir(fd) : NULL;
	if (d == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	while (!offload_cancelled(t->call) && (e = readdir(d)) != NULL) {
		if (str_starts(e->d_name, TEMP_PREFIX) &&
		    str_ends(e->d_name, TEMP_SUFFIX))
			remove_leftover(t->folder, e->d_name);
	}
	closedir(d);
}

/* --- all of it ------------------------------------------------------ */

static int
open_folder(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		err_set_errno(err, ERR_IO, "the folder %s", path);
	return fd;
}

static int
write_file(struct task *t, struct error *err)
{
	int rc;

	if (!is_there(t))
		rc = write_new(t, err);
	else if ((rc = copy(t, -1, err)) == 0)
		rc = compare(t, err);
	if (rc == 0 && fsync(t->folder) == -1)
		rc = failed(t, "fsync the folder of", err);
	return rc;
}

int
dirfile_write(
    struct dirfile *f, const struct offload_call *call, struct error *err)
{
	struct task t = {.f = f, .call = call};
	int rc;

	t.folder = open_folder(f->folder, err);
	if (t.folder == -1)
		return -1;
	if (f->tidy)
		remove_leftovers(&t);
	t.slice = xmalloc(SLICE);
	rc = write_file(&t, err);
	free(t.slice);
	close(t.folder);
	return rc;
}

int
dirfile_check(const char *folder, struct error *err)
{
	int fd = open_folder(folder, err), rc = 0;

	if (fd == -1) {
		err->code = ERR_CONFIG;
		return err_hint(err,
		    "Make it, for the user that awaitd runs as: it is not made "
		    "for you.");
	}
	if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) == -1) {
		err_set_errno(
		    err, ERR_CONFIG, "make files in the folder %s", folder);
		rc = err_hint(err,
		    "The user that awaitd runs as must be able to write "
		    "there; in a unit of systemd, ReadWritePaths= names it.");
	}
	close(fd);
	return rc;
}
