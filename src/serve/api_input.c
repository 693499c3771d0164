/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs on their way in. Only a disk that is slower than the peer is waited
 * for. */
#include "serve/api_input.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/sagemaker.h"
#include "base/discard.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/intake.h"

void
api_input_init(struct api_input *in, const char *folder)
{
	memset(in, 0, sizeof(*in));
	in->folder = folder;
	in->fd = -1;
	in->hash = hash_new(HASH_SHA256);
	buf_init(&in->small, SAGEMAKER_BODY_MAX);
	in->inline_max = SAGEMAKER_BODY_MAX;
}

void
api_input_keep(struct api_input *in, size_t max)
{
	in->small.max = max;
	in->inline_max = (int64_t)max;
}

void
api_input_done(struct api_input *in)
{
	discard_fd(in->fd);
	if (in->path != NULL)
		discard_path(in->path);
	free(in->path);
	hash_free(in->hash);
	buf_done(&in->small);
}

bool
api_input_grows(const struct api_input *in, size_t len)
{
	return !in->to_file && in->size + (int64_t)len > in->inline_max;
}

static char *
path_of(const struct api_input *in, const char *id)
{
	return xasprintf("%s/%s" INTAKE_SUFFIX, in->folder, id);
}

/* Under an id that no job has; what came up to now goes in. */
static int
make_file(struct api_input *in, struct error *err)
{
	char id[JOBID_SIZE], *path;

	jobid_new(id);
	path = path_of(in, id);
	in->fd = open(path,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode_t)0600);
	if (in->fd == -1) {
		err_set_errno(err, ERR_IO, "create %s", path);
		free(path);
		return -1;
	}
	in->path = path;
	in->to_file = true;
	return file_write_all(in->fd, in->small.data, in->small.len, err);
}

/*
 * Behind each so many bytes the kernel is told to begin writing them: else all
 * of them wait for the fsync before the job, and with it every other job. It
 * takes long only where the disk is slower than the peer, and then not longer
 * than the disk does for these.
 */
#define WRITE_BEHIND ((int64_t)2 << 20)

static int
write_piece(
    struct api_input *in, const void *data, size_t len, struct error *err)
{
	int64_t begun = in->size - (int64_t)len;

	if (file_write_all(in->fd, data, len, err) == -1)
		return -1;
	begun -= begun % WRITE_BEHIND;
	if (in->size - begun >= WRITE_BEHIND)
		sync_file_range(
		    in->fd, begun, in->size - begun, SYNC_FILE_RANGE_WRITE);
	return 0;
}

int
api_input_take(
    struct api_input *in, const void *data, size_t len, struct error *err)
{
	if (in->size + (int64_t)len > API_INPUT_MAX)
		return err_set(err, ERR_LIMIT,
		    "the input has more than %lld bytes",
		    (long long)API_INPUT_MAX);
	if ((in->to_file || api_input_grows(in, len)) && in->fd == -1 &&
	    make_file(in, err) == -1)
		return -1;
	hash_update(in->hash, data, len);
	in->size += (int64_t)len;
	if (in->fd != -1)
		return write_piece(in, data, len, err);
	buf_append(&in->small, data, len);
	return 0;
}

static int
hand_over_file(struct api_input *in, struct job *job, const char *prefix,
    const char *digest, struct error *err)
{
	struct job_spec *spec = &job->spec;
	char *path;

	if (in->fd == -1 && make_file(in, err) == -1)
		return -1;
	path = path_of(in, job->id);
	if (rename(in->path, path) == -1) {
		err_set_errno(err, ERR_IO, "rename %s", in->path);
		free(path);
		return -1;
	}
	free(in->path);
	in->path = path;
	spec->input_path = realpath(path, NULL);
	if (spec->input_path == NULL)
		return err_set_errno(err, ERR_IO, "%s", path);
	xfree(&in->path);
	spec->input = INPUT_FILE;
	spec->input_spooled = true;
	spec->input_sha256 = xstrdup(digest);
	spec->input_location = job_upload_place(job, prefix);
	return 0;
}

int
api_input_end(struct api_input *in, struct job *job, const char *prefix,
    char **digest, struct error *err)
{
	unsigned char raw[HASH_SHA256_SIZE];
	char hex[HASH_SHA256_HEX_SIZE];

	hash_final(in->hash, raw);
	encode_hex(raw, sizeof(raw), hex);
	job->spec.input_size = in->size;
	if (in->to_file) {
		if (hand_over_file(in, job, prefix, hex, err) == -1)
			return -1;
	} else {
		job->spec.input = INPUT_BODY;
		job->spec.body_len = in->small.len;
		job->spec.body = buf_take(&in->small);
	}
	*digest = xstrdup(hex);
	return 0;
}
