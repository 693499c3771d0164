/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inputs of a batch, as the command line or a manifest names them: found,
 * checked as far as they can be, each with a key by which the same input is
 * known when the command is given again. Nothing is written and nothing sent.
 */
#ifndef CMD_BATCH_INPUTS_H
#define CMD_BATCH_INPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "cmd/batch_problems.h"

struct batch_input {
	char *shown; /* as the caller named it */
	char *path; /* absolute; or NULL: it is at … */
	char *location; /* … s3://…; NULL, too: it stands in the line */
	char *below; /* what the name of its result is made of */
	char *name; /* that was chosen, or NULL */
	char *key; /* the same for the same input, and for no other */
	int64_t size; /* of a file or a body; -1: not known */
	int64_t line_at; /* of a manifest: where its line begins … */
	size_t line_len; /* … and its length; 0: it has none */
	size_t line_no;
};

struct batch_inputs {
	struct batch_input *v;
	size_t n;
	int manifest_fd; /* what lines are read from again, or -1 */
	size_t hidden, links, odd, doubled; /* that were left out */
	struct batch_problems problems;
};

struct batch_input_words {
	char **words;
	int n;
	const char *manifest; /* instead of words, or NULL */
	bool null; /* names on standard input end in NUL */
	const struct stat *output; /* the folder that nothing is read from */
};

void batch_inputs_init(struct batch_inputs *in);
void batch_inputs_done(struct batch_inputs *in);

/* What is wrong with single inputs stands in in->problems. */
int batch_inputs_collect(struct batch_inputs *in,
    const struct batch_input_words *words, struct error *err);

/* A manifest of this descriptor, which is the list's then. */
int batch_inputs_manifest(struct batch_inputs *in, int take_fd,
    const char *folder, struct error *err);

/* A new one at the end, all of it empty. Borrowed till the next. */
struct batch_input *batch_inputs_add(struct batch_inputs *in);

/* The folder that a word's relative path begins at, and its own absolute form;
 * the caller's. ERR_USAGE where there is nothing of that name. */
int batch_inputs_absolute(
    const char *folder, const char *word, char **out, struct error *err);

#endif
