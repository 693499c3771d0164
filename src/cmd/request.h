/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of invoke and submit, and the job made from them: everything is
 * checked here, before anything is written or sent.
 */
#ifndef CMD_REQUEST_H
#define CMD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "cmd/app.h"
#include "cmd/options.h"
#include "job/job.h"

struct request_options {
	const char *endpoint;
	const char *content_type;
	const char *accept;
	const char *custom_attributes;
	const char *inference_id;
	const char *input_location;
	const char *extension;
	const char *filename;
	const char *request_ttl;
	const char *invocation_timeout;
	const char *input_prefix;
	const char *output_path;
	const char *deliver; /* routes; "": the endpoint's; NULL: as usual */
	const char *callback;
	struct option_list tags;
	int64_t poll_interval_ms;
	/* Of a line of a manifest, no options. */
	int64_t request_ttl_s; /* instead of the text, or 0 */
	int64_t invocation_timeout_s;
	const char *body; /* the input itself, or NULL */
	/* The job of a file to be uploaded is without its size and digest:
	 * somebody else reads it (cmd/digest.h). */
	bool undigested;
};

/* Rows for a command whose options begin with a struct request_options. */
extern const struct cmd_option request_cmd_options[];
extern const size_t request_cmd_options_len;

/* The endpoint's configuration with the flags over it; to be called before
 * request_job(). */
int request_configure(struct app *app, const struct request_options *o,
    const struct conf_endpoint **out, struct error *err);

/* What the input is, said by one INPUT (or NULL) and --input-location. */
int request_word(const struct request_options *o, const char *word,
    const char **out, bool *location, struct error *err);

/* What --tag said, as job/tags.h has it; NULL for none. The caller's. */
int request_tags(
    const struct request_options *o, char **out, struct error *err);

/* All that can be checked of a job that somebody else will make; its input,
 * where it is a location, or NULL. */
int request_check(const struct app *app, const struct request_options *o,
    const struct conf_endpoint *endpoint, const char *location,
    struct error *err);

/* *out is the caller's. `word` is one INPUT, or NULL for none. */
int request_job(const struct app *app, const struct request_options *o,
    const struct conf_endpoint *endpoint, const char *word, const char *folder,
    struct job **out, struct error *err);

/* A job that is not to be: its copy of standard input goes, too. */
void request_drop(struct job *take_job);

#endif
