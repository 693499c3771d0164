/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ways to ask for a job share: the checks before anything is
 * written, the idempotency key, and the answer once the job is on disk. Only
 * for files of this folder.
 */
#ifndef SERVE_API_SUBMIT_H
#define SERVE_API_SUBMIT_H

#include "base/buf.h"
#include "serve/api_asked.h"
#include "serve/api_call.h"
#include "serve/api_input.h"

struct api_submit {
	struct api_asked asked;
	const char *code; /* of what is wrong with a member or a field */
	struct api_input input;
	struct buf text; /* of the JSON form */
	struct job *job; /* until the engine has it */
	char *key; /* NULL: none was given */
	char *digest; /* of what was asked for, with a key */
	bool submitted;
};

/* The call's work from now on; NULL: it was refused, and is over. */
struct api_submit *api_submit_new(struct api_call *c);

/*
 * A job out of s->asked, checked but for its input. An input of `size` bytes
 * (-1: not known yet) that is still to come has a way to travel; 0 bytes have
 * none but an upload. -1: it was refused, and is over.
 */
int api_submit_prepare(struct api_call *c, int64_t size);

/* More of the input's bytes. -1: refused, and over. */
int api_submit_input(struct api_call *c, const void *data, size_t len);

/* All bytes are there: the job takes them and goes on its way. */
void api_submit_finish(struct api_call *c);

/* The request's trace context becomes the job's; where it has none that is
 * sound, what is asked for again keeps its own. */
void api_submit_trace(const struct headers *h, struct job_spec *spec);

/* The job is whole; `input` is what tells its input from another. */
void api_submit_go(struct api_call *c, const char *input);

#endif
