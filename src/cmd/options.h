/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options from tables: one row gives the parsing, the line in --help and what
 * `make lint` looks for in the manual.
 */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum option_type {
	OPT_FLAG, /* bool */
	OPT_TEXT, /* const char *, never empty */
	OPT_TEXT_IF, /* the same; --NAME alone is "" */
	OPT_DURATION, /* int64_t milliseconds, "5" is seconds */
	OPT_INTERVAL, /* the same, at least 50 ms, as poll_interval */
	OPT_DURATION_IF, /* a duration, not 0; --NAME alone: OPT_NO_DURATION */
	OPT_COUNT, /* int64_t, at least 1 */
	OPT_LIST, /* struct option_list, may be given again */
};

#define OPT_NO_DURATION (-1)

struct option_list {
	const char **v;
	size_t n;
};

struct cmd_option {
	const char *name;
	int letter; /* or 0 */
	enum option_type type;
	size_t offset; /* of the value in the struct it is for */
	const char *metavar;
	const char *help;
};

struct option_set {
	const struct cmd_option *options;
	size_t n;
	void *values;
};

/*
 * Read argv[1…] by the sets; the words that are no options stay, in order,
 * in argv[0 … *nargs). ERR_USAGE names the option.
 */
int options_parse(const struct option_set *sets, size_t nsets, int argc,
    char **argv, int *nargs, struct error *err);

/* A line for each option, on stdout. */
void options_help(const struct cmd_option *options, size_t n);

/* --NAME alone will do, and its value stands behind '='. */
bool option_may_lack_value(const struct cmd_option *o);

/* What OPT_LIST values hold. */
void option_list_add(struct option_list *list, const char *value);
void option_list_done(struct option_list *list);

#endif
