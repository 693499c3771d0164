/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words that may stand for a metavar, "ENDPOINT" or "JOB": for completion
 * in a shell. Where they change they are asked of the configuration, the
 * service on this machine and the state files; never of anybody else.
 */
#ifndef CMD_WORDS_H
#define CMD_WORDS_H

#include <stdbool.h>

#include "cmd/cmd.h"

enum words_kind {
	WORDS_UNKNOWN, /* no such metavar: a mistake in a table */
	WORDS_NONE, /* whatever somebody thinks of */
	WORDS_FILES, /* the shell knows them */
	WORDS_FOLDERS,
	WORDS_LISTED, /* words_list() has them */
};

enum words_kind words_kind(const char *metavar);

struct words {
	const char *command; /* "wait" offers other jobs than "result" */
	const struct cmd_globals *globals; /* as far as they are written */
	const char *prefix; /* what they begin with, so far */
	const char *before; /* stands before each: "--deliver=", or "" */
};

/* A line "word<TAB>what it is" on stdout for each that fits. */
void words_list(const struct words *w, const char *metavar);

/* One of them, if it fits. */
void words_put(const struct words *w, const char *word, const char *about);

#endif
