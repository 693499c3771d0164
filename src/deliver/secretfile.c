/* SPDX-License-Identifier: Apache-2.0 */
/* Files that hold a secret. */
#include "deliver/secretfile.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

/* Only ourselves, and root, may be able to read it. */
static int
check_mode(int fd, const char *path, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return err_set_errno(err, ERR_CONFIG, "look at %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG, "%s is no file", path);
	if (!file_is_private(&st)) {
		err_set(err, ERR_CONFIG, "%s can be read by others", path);
		return err_hint(err, "Run 'chmod 600 %s'.", path);
	}
	return 0;
}

/* Into `text`, which has room for max + 2 bytes. */
static int
read_text(int fd, const char *path, const char *what, char *text, size_t max,
    struct error *err)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, text + len, max + 1 - len)) > 0)
		len += (size_t)n;
	if (n == -1)
		return err_set_errno(err, ERR_CONFIG, "read %s", path);
	if (len > max)
		return err_set(err, ERR_CONFIG,
		    "%s is larger than %zu bytes: not %s", path, max, what);
	if (memchr(text, '\0', len) != NULL)
		return err_set(err, ERR_CONFIG, "%s holds a zero byte", path);
	text[len] = '\0';
	return 0;
}

int
secretfile_read(const char *path, const char *what, size_t max, char **out,
    struct error *err)
{
	char *text;
	int fd, rc;

	/* A FIFO in its place must not hold us up. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		return err_set_errno(err, ERR_CONFIG, "open %s", path);
	/* All its memory at once: growing would leave copies behind. */
	text = xcalloc(1, max + 2);
	rc = check_mode(fd, path, err);
	if (rc == 0)
		rc = read_text(fd, path, what, text, max, err);
	close(fd);
	if (rc == 0) {
		*out = text;
		return 0;
	}
	hash_wipe(text, max + 2);
	free(text);
	return rc;
}

/* Who wrote it with an editor, or on Windows, has an end of line there. */
static void
trim(char *text)
{
	const char *begin = str_trim(text);

	memmove(text, begin, strlen(begin) + 1);
}

int
secretfile_line(const char *path, const char *what, size_t min, size_t max,
    char **out, struct error *err)
{
	char *text;

	if (secretfile_read(path, what, max, &text, err) == -1)
		return -1;
	trim(text);
	if (strlen(text) >= min && !str_has_control(text)) {
		*out = text;
		return 0;
	}
	hash_wipe_free(&text);
	return err_set(err, ERR_CONFIG,
	    "%s: %s is one line of at least %zu characters", path, what, min);
}
