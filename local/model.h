/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model as a command: one process a request, the payload on its standard
 * input, the result from its standard output, both files. A status other
 * than 0 is a failure whose text is the end of its standard error.
 */
#ifndef LOCAL_MODEL_H
#define LOCAL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"

struct model;

/* What the command is told in its environment; NULL: not set. */
struct model_facts {
	const char *inference_id;
	const char *endpoint;
	const char *content_type;
	const char *accept;
	const char *custom_attributes;
};

struct model_options {
	const char *const *argv;
	const struct model_facts *facts;
	int stdin_fd; /* all borrowed; stdout until done is called */
	int stdout_fd;
	const char *tmp_dir;
	int64_t timeout_s;
	int64_t output_max; /* bytes of output before it is ended */
};

struct model_result {
	bool ok;
	const char *text; /* of a failure, any bytes, never empty */
	size_t len;
};

/* The model is gone once this was called. */
typedef void model_done_fn(const struct model_result *r, void *arg);

/* done is called once, later. */
int model_start(struct loop *loop, const struct model_options *options,
    model_done_fn *done, void *arg, struct model **out, struct error *err);

/* Kill it; done is not called. NULL does nothing. */
void model_cancel(struct model *m);

/*
 * The whole environment of a command: little of ours, the facts, and one
 * thread for Tesseract, which gets slower with more. Ends in NULL; free each
 * and all.
 */
char **model_environment(const struct model_facts *facts);

#endif
