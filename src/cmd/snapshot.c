/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of state files in use. */
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

#define TRIES 20
#define WAL_HEADER 32 /* its salts change with each checkpoint's restart */

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
		return -1;
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

/* 1: a sound copy, 0: it changed meanwhile, -1: it cannot be copied. */
static int
try_copy(const char *db, const char *wal, const struct snapshot *s,
    const char *wal_copy, struct error *err)
{
	struct mark before, after;

	if (take_mark(db, wal, &before) == -1)
		return 0;
	if (copy_file(db, s->path, err) == -1 ||
	    copy_file(wal, wal_copy, err) == -1)
		return -1;
	if (take_mark(db, wal, &after) == -1)
		return 0;
	return same(&before, &after);
}

int
snapshot_take(const char *path, struct snapshot *out, struct error *err)
{
	struct snapshot s = {.folder = xasprintf("%s.copy-XXXXXX", path)};
	char *wal = xasprintf("%s-wal", path), *wal_copy;
	int i, rc = 0;

	if (mkdtemp(s.folder) == NULL) {
		err_set_errno(err, ERR_IO, "make a folder beside %s", path);
		xfree(&s.folder);
		free(wal);
		return -1;
	}
	s.path = xasprintf("%s/copy.db", s.folder);
	wal_copy = xasprintf("%s-wal", s.path);
	for (i = 0; i < TRIES && rc == 0; i++) {
		rc = try_copy(path, wal, &s, wal_copy, err);
		if (rc == 0)
			usleep(10000);
	}
	free(wal);
	free(wal_copy);
	if (rc == 1) {
		*out = s;
		return 0;
	}
	if (rc == 0)
		err_set(err, ERR_BUSY,
		    "%s is in use and changes too fast to be read", path);
	snapshot_remove(&s);
	return -1;
}

void
snapshot_remove(struct snapshot *s)
{
	static const char *const names[] = {
	    "copy.db", "copy.db-wal", "copy.db-shm", "copy.db-journal"};
	char *file;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		file = xasprintf("%s/%s", s->folder, names[i]);
		unlink(file);
		free(file);
	}
	rmdir(s->folder);
	xfree(&s->folder);
	xfree(&s->path);
}
