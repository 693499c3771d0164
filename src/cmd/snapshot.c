/* SPDX-License-Identifier: Apache-2.0 */
/* State files read while they may change. */
#include "cmd/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "store/store.h"

#define TRIES 100
#define PAUSE_US 10000
#define WAL_HEADER 32 /* its salts change with each checkpoint's restart */

/* A copy of file and log, in a folder of its own. */
struct copy {
	char *folder;
	char *path;
};

struct found {
	struct job **jobs;
	size_t n;
};

struct mark {
	struct stat st;
	char wal[WAL_HEADER];
	ssize_t wal_len;
};

static int
take_mark(const char *db, const char *wal, struct mark *m)
{
	int fd;

	memset(m, 0, sizeof(*m));
	if (stat(db, &m->st) == -1)
		return -1;
	fd = open(wal, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	m->wal_len = pread(fd, m->wal, sizeof(m->wal), 0);
	close(fd);
	return 0;
}

/* Nothing was checkpointed between the two marks. */
static bool
same(const struct mark *a, const struct mark *b)
{
	return a->st.st_ino == b->st.st_ino && a->st.st_size == b->st.st_size &&
	    a->st.st_mtim.tv_sec == b->st.st_mtim.tv_sec &&
	    a->st.st_mtim.tv_nsec == b->st.st_mtim.tv_nsec &&
	    a->wal_len == b->wal_len &&
	    memcmp(a->wal, b->wal, sizeof(a->wal)) == 0;
}

static int
copy_file(const char *from, const char *to, struct error *err)
{
	char chunk[65536];
	ssize_t n = -1;
	int in, out, rc = -1;

	in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (in == -1)
		return err_set_errno(err, ERR_IO, "open %s", from);
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
	    (mode_t)0600);
	if (out != -1) {
		rc = 0;
		while (rc == 0 && (n = read(in, chunk, sizeof(chunk))) > 0)
			rc = file_write_all(out, chunk, (size_t)n, err);
		close(out);
	}
	if (rc == -1 || n == -1)
		rc = err_set_errno(err, ERR_IO, "copy %s", from);
	close(in);
	return rc;
}

static int
copy_make(const char *db, const char *wal, bool with_wal, struct copy *c,
    struct error *err)
{
	char *wal_copy;
	int rc;

	c->folder = xasprintf("%s" COPY_MARK "XXXXXX", db);
	if (mkdtemp(c->folder) == NULL) {
		err_set_errno(err, ERR_IO, "make a folder beside %s", db);
		xfree(&c->folder);
		return -1;
	}
	c->path = xasprintf("%s/copy.db", c->folder);
	wal_copy = xasprintf("%s-wal", c->path);
	rc = copy_file(db, c->path, err);
	if (rc == 0 && with_wal)
		rc = copy_file(wal, wal_copy, err);
	free(wal_copy);
	return rc;
}

void
snapshot_remove(const char *folder)
{
	static const char *const names[] = {
	    "copy.db", "copy.db-wal", "copy.db-shm", "copy.db-journal"};
	char *file;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		file = xasprintf("%s/%s", folder, names[i]);
		unlink(file);
		free(file);
	}
	rmdir(folder);
}

static void
copy_remove(struct copy *c)
{
	if (c->folder == NULL)
		return;
	snapshot_remove(c->folder);
	xfree(&c->folder);
	xfree(&c->path);
}

/* The file as it is where it has no log, else a copy of both. A file of an
 * older version is copied, too: the copy can be brought up to date. */
static int
read_marked(const char *db, const char *wal, const struct mark *before,
    const char *id, struct found *out, struct error *err)
{
	struct copy c = {NULL, NULL};
	struct mark after;
	int rc;

	if (before->wal_len == 0) {
		rc = store_peek(db, true, id, &out->jobs, &out->n, err);
		if (rc == 0 || err->code != ERR_BUSY)
			return rc;
	}
	rc = copy_make(db, wal, before->wal_len != 0, &c, err);
	if (rc == 0 &&
	    (take_mark(db, wal, &after) == -1 || !same(before, &after)))
		rc = err_set(err, ERR_BUSY, "%s changes", db);
	if (rc == 0)
		rc = store_peek(c.path, false, id, &out->jobs, &out->n, err);
	copy_remove(&c);
	return rc;
}

/* 1: read, 0: it changed meanwhile, -1: it cannot be read. */
static int
try_read(const char *db, const char *wal, const char *id, struct found *out,
    struct error *err)
{
	struct mark before, after;
	int rc;

	if (take_mark(db, wal, &before) == -1)
		return err_set_errno(err,
		    errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "read %s", db);
	rc = read_marked(db, wal, &before, id, out, err);
	if (take_mark(db, wal, &after) == 0 && same(&before, &after) &&
	    (rc == 0 || err->code != ERR_BUSY))
		return rc == 0 ? 1 : -1;
	while (rc == 0 && out->n > 0)
		job_free(out->jobs[--out->n]);
	if (rc == 0)
		free(out->jobs);
	return 0;
}

int
snapshot_read(const char *path, const char *id, struct job ***jobs, size_t *n,
    struct error *err)
{
	char *wal = xasprintf("%s-wal", path);
	struct found found = {NULL, 0};
	int i, rc = 0;

	for (i = 0; i < TRIES && rc == 0; i++) {
		if (i > 0)
			usleep(PAUSE_US);
		rc = try_read(path, wal, id, &found, err);
	}
	free(wal);
	if (rc == 0)
		return err_set(err, ERR_BUSY,
		    "%s is in use and changes too fast to be read", path);
	if (rc == -1)
		return -1;
	*jobs = found.jobs;
	*n = found.n;
	return 0;
}
