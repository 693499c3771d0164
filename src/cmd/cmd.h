/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: a table of commands, one file for each, and what they
 * share. Result bytes go to stdout, everything for people to stderr.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/options.h"

enum cmd_status {
	STATUS_OK = 0,
	STATUS_ERROR = 1,
	STATUS_USAGE = 2, /* or configuration; nothing was sent */
	STATUS_FAILED = 3, /* the inference failed, or was refused */
	STATUS_NOT_READY = 4, /* the job goes on */
	STATUS_EXPIRED = 5, /* or cancelled */
	STATUS_NOT_FOUND = 6,
	STATUS_SIGNAL = 128, /* + the signal's number */
};

/* Options that every command takes. */
struct cmd_globals {
	const char *config;
	struct option_list sets;
	const char *server;
	const char *token_file;
	const char *profile;
	const char *region;
	const char *log_level;
	const char *log_format;
	bool json;
	bool quiet;
	bool verbose;
	bool help;
};

struct cmd_line {
	const struct cmd_globals *globals;
	const void *options; /* the command's own struct */
	char **args;
	int nargs;
};

/* By what one wants to do: the order of the overview. */
enum cmd_group {
	GROUP_MORE, /* awaitd itself; last */
	GROUP_RUN,
	GROUP_LOOK,
	GROUP_DELIVER,
	GROUP_OPERATE,
};

struct cmd {
	const char *name;
	enum cmd_group group;
	const char *args; /* as usage shows them; words: cmd/words.c */
	const char *summary;
	const char *examples; /* lines for --help */
	const struct cmd_option *options;
	size_t noptions;
	const struct cmd_option *shared; /* rows of several commands */
	const size_t *nshared;
	const char *shared_title; /* above those rows in --help */
	size_t options_size;
	void (*defaults)(void *options); /* NULL: all zero */
	int (*run)(const struct cmd_line *line); /* a cmd_status */
};

int cmd_main(int argc, char **argv);

/* Print the error as one line on stderr; the status that fits it. */
int cmd_fail(const struct error *err);

/* Says what it is about, unless the service's words do. Returns -1. */
int cmd_about(struct error *err, const char *kind, const char *id);

/* Each command in its order, and NULL behind the last; or that of a name. */
const struct cmd *cmd_at(size_t i);
const struct cmd *cmd_find(const char *name);

/* What every command takes. */
extern const struct cmd_option cmd_global_options[];
extern const size_t cmd_global_options_len;

/* There is no such command: which one may be meant. A cmd_status. */
int cmd_unknown(const char *name);

extern const struct cmd cmd_attempts, cmd_batch, cmd_cancel, cmd_check,
    cmd_completion, cmd_config, cmd_deliveries, cmd_disable, cmd_enable,
    cmd_help_cmd, cmd_invoke, cmd_list, cmd_listen, cmd_replay, cmd_result,
    cmd_reload, cmd_retry, cmd_serve, cmd_show, cmd_submit, cmd_tail,
    cmd_targets, cmd_test, cmd_version, cmd_wait;

#endif
