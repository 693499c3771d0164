/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs: where they are and how they will travel. */
#include "cmd/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/sagemaker.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/digest.h"
#include "serve/intake.h"

#define PIECE 65536

static int
read_body(
    int fd, const char *name, int64_t size, struct job *job, struct error *err)
{
	struct buf b;
	ssize_t n;

	buf_init(&b, SAGEMAKER_BODY_MAX);
	do {
		char piece[16384];

		n = read(fd, piece, sizeof(piece));
		if (n > 0 && buf_append(&b, piece, (size_t)n) == -1)
			n = -2;
	} while (n > 0);
	if (n < 0 || (int64_t)b.len != size) {
		buf_done(&b);
		return err_set(
		    err, ERR_IO, "the input %s changes while it is read", name);
	}
	job->spec.input = INPUT_BODY;
	job->spec.body_len = b.len;
	job->spec.input_size = size;
	job->spec.body = buf_take(&b);
	return 0;
}

static int
use_file(int fd, const char *path, const struct input_options *o,
    struct job *job, struct error *err)
{
	struct job_spec *spec = &job->spec;
	struct digest digest;

	if (!o->undigested) {
		if (digest_fd(fd, &digest, err) == -1)
			return -1;
		spec->input_size = digest.size;
		spec->input_sha256 = xstrdup(digest.sha256);
	}
	spec->input = INPUT_FILE;
	spec->input_path = realpath(path, NULL);
	if (spec->input_path == NULL)
		return err_set_errno(err, ERR_USAGE, "input %s", path);
	spec->input_location = job_upload_place(job, o->endpoint->input_prefix);
	return 0;
}

static int
open_file(const char *word, int *fd, int64_t *size, struct error *err)
{
	struct stat st;

	/* Not to wait for whoever might write into a named pipe. */
	*fd = open(word, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd == -1 || fstat(*fd, &st) == -1) {
		err_set_errno(err, ERR_USAGE, "input %s", word);
		if (strstr(word, "://") != NULL)
			err_hint(err, "Of locations, s3:// ones are read.");
		return *fd == -1 ? -1 : (close(*fd), -1);
	}
	if (S_ISDIR(st.st_mode)) {
		close(*fd);
		err_set(err, ERR_USAGE, "input %s is a folder", word);
		return err_hint(
		    err, "'awaitd batch' takes all files below one.");
	}
	if (!S_ISREG(st.st_mode)) {
		close(*fd);
		err_set(err, ERR_USAGE, "input %s is no regular file", word);
		return err_hint(err, "Use - to read standard input.");
	}
	*size = st.st_size;
	return 0;
}

static int
take_file(const struct input_options *o, struct job *job, struct error *err)
{
	int64_t size;
	int fd, rc;

	if (open_file(o->word, &fd, &size, err) == -1)
		return -1;
	if (intake_inline(o->endpoint, size))
		rc = read_body(fd, o->word, size, job, err);
	else if (o->endpoint->input_prefix == NULL)
		rc = intake_no_prefix(o->endpoint, size, err);
	else
		rc = use_file(fd, o->word, o, job, err);
	close(fd);
	return rc;
}

/* Copy standard input to a file, which the store makes durable. */
static int
spool_stdin(int fd, struct error *err)
{
	char *piece = xmalloc(PIECE);
	ssize_t n;
	int rc = 0;

	while (rc == 0 && (n = read(STDIN_FILENO, piece, PIECE)) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		rc = n == -1 ? err_set_errno(err, ERR_IO, "read standard input")
			     : file_write_all(fd, piece, (size_t)n, err);
	}
	free(piece);
	return rc;
}

static int
open_stdin(int *fd, int64_t *size, struct error *err)
{
	const char *folder = getenv("TMPDIR");
	struct stat st;

	if (file_open_nameless(
		str_empty(folder) ? "/tmp" : folder, false, fd, err) == -1)
		return -1;
	if (spool_stdin(*fd, err) == -1) {
		close(*fd);
		return err_prefix(err, "keep standard input");
	}
	if (fstat(*fd, &st) == -1) {
		close(*fd);
		return err_set_errno(err, ERR_IO, "standard input");
	}
	*size = st.st_size;
	return 0;
}

int
input_open(const char *word, int *fd, int64_t *size, struct error *err)
{
	if (str_eq(word, "-"))
		return open_stdin(fd, size, err);
	return open_file(word, fd, size, err);
}

bool
input_is_location(const char *word)
{
	return str_starts(word, "s3://") || str_starts(word, "https://");
}

static int
take_spooled(int fd, const char *path, const struct input_options *o,
    struct job *job, struct error *err)
{
	struct stat st;

	if (spool_stdin(fd, err) == -1)
		return err_prefix(err, "%s", path);
	/* Durable before the job is. */
	if (fsync(fd) == -1)
		return err_set_errno(err, ERR_IO, "fsync %s", path);
	if (fstat(fd, &st) == -1 || lseek(fd, 0, SEEK_SET) == -1)
		return err_set_errno(err, ERR_IO, "%s", path);
	if (intake_inline(o->endpoint, st.st_size))
		return read_body(fd, "standard input", st.st_size, job, err);
	if (o->endpoint->input_prefix == NULL)
		return intake_no_prefix(o->endpoint, st.st_size, err);
	if (use_file(fd, path, o, job, err) == -1)
		return -1;
	job->spec.input_spooled = true;
	return 0;
}

static int
take_stdin(const struct input_options *o, struct job *job, struct error *err)
{
	char *path = xasprintf("%s/%s" INTAKE_SUFFIX, o->folder, job->id);
	int fd, rc;

	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)0600);
	if (fd == -1) {
		err_set_errno(err, ERR_IO, "create %s", path);
		free(path);
		return -1;
	}
	rc = take_spooled(fd, path, o, job, err);
	close(fd);
	if (rc == -1 || !job->spec.input_spooled)
		unlink(path);
	free(path);
	return rc;
}

int
input_take(const struct input_options *o, struct job *job, struct error *err)
{
	if (input_is_location(o->word)) {
		job->spec.input = INPUT_LOCATION;
		job->spec.input_location = xstrdup(o->word);
		return 0;
	}
	if (str_eq(o->word, "-"))
		return take_stdin(o, job, err);
	return take_file(o, job, err);
}
