/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of an input as they come: in memory as long as they may go
 * inline, else in a file of the state folder, which the store makes durable
 * with the job. Only for files of this folder.
 */
#ifndef SERVE_API_INPUT_H
#define SERVE_API_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "job/job.h"

/* The payload of an InvokeEndpointAsync: "up to 1 GB", as SageMaker's guide to
 * asynchronous inference says; taken in its larger reading. */
#define API_INPUT_MAX ((int64_t)1 << 30)

struct api_input {
	const char *folder;
	bool to_file; /* it does not, or no longer, go inline */
	int64_t inline_max; /* SAGEMAKER_BODY_MAX; more is a file */
	struct buf small;
	char *path; /* NULL: no file was made */
	int fd;
	struct hash *hash;
	int64_t size;
};

/* The folder is borrowed. */
void api_input_init(struct api_input *in, const char *folder);

/* Before the first byte: up to so many stay in memory. */
void api_input_keep(struct api_input *in, size_t max);

/* The file that was not handed over goes. */
void api_input_done(struct api_input *in);

/* More bytes. ERR_IO; ERR_LIMIT beyond API_INPUT_MAX. */
int api_input_take(
    struct api_input *in, const void *data, size_t len, struct error *err);

/* Would so many more bytes make it a file? */
bool api_input_grows(const struct api_input *in, size_t len);

/*
 * All is there: into the job, whose id names the file from now on. `prefix`
 * is where it will be uploaded to, if it is a file. The digest, in hex, is
 * the caller's. What was handed over is api_input_done's no longer.
 */
int api_input_end(struct api_input *in, struct job *job, const char *prefix,
    char **digest, struct error *err);

#endif
