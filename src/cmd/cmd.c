/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands, and finding one's way through it. */
#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/near.h"
#include "base/str.h"
#include "cmd/complete.h"
#include "cmd/help.h"

static const struct {
	const char *name;
	const struct cmd *cmd;
} commands[] = {
    {"invoke", &cmd_invoke},
    {"submit", &cmd_submit},
    {"batch", &cmd_batch},
    {"wait", &cmd_wait},
    {"list", &cmd_list},
    {"show", &cmd_show},
    {"result", &cmd_result},
    {"cancel", &cmd_cancel},
    {"retry", &cmd_retry},
    {"deliveries", &cmd_deliveries},
    {"attempts", &cmd_attempts},
    {"replay", &cmd_replay},
    {"tail", &cmd_tail},
    {"targets", &cmd_targets},
    {"test", &cmd_test},
    {"enable", &cmd_enable},
    {"disable", &cmd_disable},
    {"serve", &cmd_serve},
    {"listen", &cmd_listen},
    {"reload", &cmd_reload},
    {"check", &cmd_check},
    {"config", &cmd_config},
    {"completion", &cmd_completion},
    {"version", &cmd_version},
    {"help", &cmd_help_cmd},
};

#define GLOBAL(field) offsetof(struct cmd_globals, field)
const struct cmd_option cmd_global_options[] = {
    {"config", 'c', OPT_TEXT, GLOBAL(config), "FILE",
	"read this configuration file"},
    {"set", 0, OPT_LIST, GLOBAL(sets), "KEY=VALUE",
	"set a key, such as 'endpoint ocr.poll_max=5s'"},
    {"server", 0, OPT_TEXT, GLOBAL(server), "ADDRESS",
	"unix:PATH or http://HOST:PORT; none: no service"},
    {"token-file", 0, OPT_TEXT, GLOBAL(token_file), "FILE",
	"the token for a service at http://"},
    {"profile", 0, OPT_TEXT, GLOBAL(profile), "PROFILE",
	"AWS profile, instead of AWS_PROFILE"},
    {"region", 0, OPT_TEXT, GLOBAL(region), "REGION",
	"AWS region, instead of AWS_REGION"},
    {"json", 'j', OPT_FLAG, GLOBAL(json), NULL, "answer in JSON on stdout"},
    {"quiet", 'q', OPT_FLAG, GLOBAL(quiet), NULL,
	"nothing on stderr but errors"},
    {"verbose", 'v', OPT_FLAG, GLOBAL(verbose), NULL,
	"log every change of state (log level info)"},
    {"log-level", 0, OPT_TEXT, GLOBAL(log_level), "LEVEL",
	"debug, info, warn, error or none"},
    {"log-format", 0, OPT_TEXT, GLOBAL(log_format), "FORM", "text or json"},
    {"help", 'h', OPT_FLAG, GLOBAL(help), NULL, "show this help"},
};
const size_t cmd_global_options_len = ARRAY_LEN(cmd_global_options);

const struct cmd *
cmd_at(size_t i)
{
	return i < ARRAY_LEN(commands) ? commands[i].cmd : NULL;
}

const struct cmd *
cmd_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		if (str_eq(commands[i].name, name))
			return commands[i].cmd;
	}
	return NULL;
}

static int
status_of(const struct error *err)
{
	switch (err->code) {
	case ERR_USAGE:
	case ERR_CONFIG:
		return STATUS_USAGE;
	case ERR_NOT_FOUND:
		return STATUS_NOT_FOUND;
	default:
		return STATUS_ERROR;
	}
}

int
cmd_fail(const struct error *err)
{
	fprintf(stderr, "awaitd: %s%s%s\n", err->text,
	    err->hint[0] != '\0' ? ". " : "", err->hint);
	return status_of(err);
}

int
cmd_about(struct error *err, const char *kind, const char *id)
{
	if (strstr(err->text, id) != NULL)
		return -1;
	return err_prefix(err, "%s %s", kind, id);
}

int
cmd_unknown(const char *name)
{
	struct error err;
	struct near near;
	size_t i;

	err_set(&err, ERR_USAGE, "unknown command \"%s\"", name);
	near_init(&near, name);
	for (i = 0; i < ARRAY_LEN(commands); i++)
		near_try(&near, commands[i].name);
	if (*name == '-')
		err_hint(&err,
		    "Options stand behind the command: see 'awaitd help'.");
	else if (near.best != NULL)
		err_hint(
		    &err, "Did you mean '%s'? See 'awaitd help'.", near.best);
	else
		err_hint(&err, "See 'awaitd help'.");
	return cmd_fail(&err);
}

static void
free_lists(const struct option_set *set)
{
	size_t i;

	for (i = 0; i < set->n; i++) {
		if (set->options[i].type == OPT_LIST)
			option_list_done((void *)((char *)set->values +
			    set->options[i].offset));
	}
}

/* Where none is taken, all of them are one too many. */
static int
check_args(const struct cmd *cmd, const struct cmd_line *line)
{
	struct error err;

	if (*cmd->args != '\0' || line->nargs == 0)
		return cmd->run(line);
	err_set(&err, ERR_USAGE, "%s takes no argument such as \"%s\"",
	    cmd->name, line->args[0]);
	err_hint(&err, "See 'awaitd %s --help'.", cmd->name);
	return cmd_fail(&err);
}

static int
run_command(const struct cmd *cmd, int argc, char **argv)
{
	struct cmd_globals globals = {0};
	void *values = xcalloc(1, cmd->options_size);
	struct option_set sets[] = {
	    {cmd_global_options, ARRAY_LEN(cmd_global_options), &globals},
	    {cmd->options, cmd->noptions, values},
	    {cmd->shared, cmd->nshared != NULL ? *cmd->nshared : 0, values},
	};
	struct cmd_line line = {
	    .globals = &globals,
	    .options = values,
	    .args = argv,
	};
	struct error err;
	int status;
	size_t i;

	if (cmd->defaults != NULL)
		cmd->defaults(values);
	if (options_parse(
		sets, ARRAY_LEN(sets), argc, argv, &line.nargs, &err) == -1)
		status = cmd_fail(&err);
	else if (globals.help)
		status = help_command(cmd);
	else
		status = check_args(cmd, &line);
	for (i = 0; i < ARRAY_LEN(sets); i++)
		free_lists(&sets[i]);
	free(values);
	return status;
}

/* Of a write that failed long ago stdio keeps no reason; that the reader of a
 * pipe has left can still be seen. */
static const char *
why_lost(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

	if (poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0)
		return strerror(EPIPE);
	return "not all of it was taken";
}

/* What was printed but did not arrive is an error like any other. */
static int
flush_output(int status)
{
	bool failed = fflush(stdout) == EOF;

	if (!failed && !ferror(stdout))
		return status;
	fprintf(stderr, "awaitd: write to stdout: %s\n",
	    failed ? strerror(errno) : why_lost());
	return status == STATUS_OK ? STATUS_ERROR : status;
}

/*
 * A file opened later must not take the place of a closed stdin, stdout or
 * stderr and be written to as such. What fills the gap can be used by nobody.
 */
static void
fill_gaps(void)
{
	int fd;

	for (fd = 0; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) == -1 &&
		    open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			abort();
	}
}

int
cmd_main(int argc, char **argv)
{
	const struct cmd *cmd;

	fill_gaps();
	/* A reader that left shows as an error of write(2). */
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		help_overview(stderr);
		return STATUS_USAGE;
	}
	if (str_eq(argv[1], "--help") || str_eq(argv[1], "-h"))
		return flush_output(help_overview(stdout));
	if (str_eq(argv[1], COMPLETE_COMMAND))
		return complete_main(argc - 2, argv + 2);
	cmd = str_eq(argv[1], "--version") ? &cmd_version : cmd_find(argv[1]);
	if (cmd == NULL)
		return cmd_unknown(argv[1]);
	return flush_output(run_command(cmd, argc - 1, argv + 1));
}
