/* SPDX-License-Identifier: Apache-2.0 */
/* A folder, looked at. */
#include "dir_rig.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#define MB ((size_t)1024 * 1024)

char *
path_of(const struct driver_rig *r, const char *name)
{
	return xasprintf("%s/%s", r->folder, name);
}

/* The whole file; the caller's. */
char *
text_of(const struct driver_rig *r, const char *name)
{
	char *path = path_of(r, name);
	struct error err;
	struct buf b;

	buf_init(&b, 16 * MB);
	if (file_read(path, &b, &err) == -1)
		fail_msg("%s", err.text);
	free(path);
	return buf_take(&b);
}

void
assert_text(const struct driver_rig *r, const char *name, const char *want)
{
	char *text = text_of(r, name);

	assert_string_equal(text, want);
	free(text);
}

void
put(const struct driver_rig *r, const char *name, const char *text)
{
	char *path = path_of(r, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	free(path);
}

void
unlink_in(const struct driver_rig *r, const char *name)
{
	char *path = path_of(r, name);

	assert_int_equal(unlink(path), 0);
	free(path);
}

struct stat
stat_of(const struct driver_rig *r, const char *name)
{
	char *path = path_of(r, name);
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	free(path);
	return st;
}

/* How many there are, hidden ones too, and how many of those are temporary. */
static unsigned
files(const struct driver_rig *r, unsigned *temporary)
{
	DIR *d = opendir(r->folder);
	const struct dirent *e;
	unsigned n = 0;

	*temporary = 0;
	while ((e = readdir(d)) != NULL) {
		if (str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
			continue;
		n++;
		*temporary += str_ends(e->d_name, ".tmp");
	}
	closedir(d);
	return n;
}

void
assert_files(const struct driver_rig *r, unsigned want, unsigned temporary)
{
	unsigned t;

	assert_int_equal(files(r, &t), want);
	assert_int_equal(t, temporary);
}

struct json *
json_of(const struct driver_rig *r, const char *name)
{
	char *text = text_of(r, name);
	struct error err;
	struct json *j;

	if (json_parse(text, strlen(text), &j, &err) == -1)
		fail_msg("%s", err.text);
	free(text);
	return j;
}
