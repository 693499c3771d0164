/* SPDX-License-Identifier: Apache-2.0 */
/* Which jobs are meant: options that 'list', 'retry' and 'cancel' share. */
#ifndef CMD_JOB_FILTER_H
#define CMD_JOB_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cmd/options.h"
#include "store/store.h"

/* First in the struct of a command's options. */
struct job_filter_options {
	const char *state;
	const char *outcome;
	const char *endpoint;
	const char *tag;
	const char *since;
	const char *until;
	const char *error;
};

extern const struct cmd_option job_filter_cmd_options[];
extern const size_t job_filter_cmd_options_len;

bool job_filter_none(const struct job_filter_options *o);

/* The question, which borrows from the options; spans are counted back from
 * now. ERR_USAGE names the option. */
int job_filter_query(const struct job_filter_options *o,
    struct store_query *out, struct error *err);

#endif
