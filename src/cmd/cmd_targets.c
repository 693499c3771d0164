/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd targets, enable and disable: how receivers are, and switching them. */
#include "cmd/cmd.h"
#include "cmd/remote_targets.h"
#include "cmd/report.h"
#include "cmd/table.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/target_json.h"

#define LINE_MAX_LEN ((size_t)64 << 10)

/* --- all ------------------------------------------------------------ */

static const struct table_column columns[] = {
    {.name = "TARGET", .shrink = 1, .min = 24},
    {.name = "STATE"},
    {.name = "UNTIL/SINCE", .spare = 2},
    {.name = "WAITING", .align = TABLE_RIGHT},
    {.name = "UNDER WAY", .align = TABLE_RIGHT, .spare = 3},
    {.name = "FAILURES", .align = TABLE_RIGHT},
    {.name = "LAST SUCCESS", .spare = 1},
    {.name = "WHY", .shrink = 2, .min = 16},
};

struct listing {
	struct table *table; /* NULL: JSON */
	size_t n;
};

static void
print_json(const struct health *h)
{
	struct jsonw w;
	struct buf b;

	buf_init(&b, LINE_MAX_LEN);
	jsonw_init(&w, &b);
	target_json_write(&w, h);
	printf("%s\n", b.data);
	buf_done(&b);
}

/* What a success came after explains nothing any more. */
static const char *
why_of(const struct health *h)
{
	if (h->reason != NULL)
		return h->reason;
	if (h->last_error == NULL ||
	    (h->state == HEALTH_OK && h->failures == 0 &&
		h->last_ok_at > h->last_error_at))
		return "";
	return h->last_error;
}

static enum term_tone
tone_of(const struct health *h)
{
	switch (h->state) {
	case HEALTH_OK:
	case HEALTH_PROBING:
		return TERM_PLAIN;
	case HEALTH_RESTING:
	case HEALTH_UNKNOWN:
		return TERM_WARN;
	case HEALTH_DISABLED:
		return TERM_BAD;
	}
	abort();
}

static void
add_row(struct table *t, const struct health *h)
{
	table_text(t, h->target);
	table_tone(t, health_state_name(h->state), tone_of(h));
	table_instant(
	    t, h->state == HEALTH_RESTING ? h->until_at : h->since_at);
	table_number(t, (int64_t)h->waiting);
	table_number(t, (int64_t)h->under_way);
	table_number(t, h->failures);
	table_instant(t, h->last_ok_at);
	table_text(t, why_of(h));
}

static void
print_target(const struct health *h, void *arg)
{
	struct listing *l = arg;

	if (l->table == NULL)
		print_json(h);
	else
		add_row(l->table, h);
	l->n++;
}

static int
list(struct app *app, const struct cmd_line *line, struct error *err)
{
	struct listing l = {0};
	size_t left_out;
	int rc;

	(void)line;
	if (!app->globals->json)
		l.table = table_new(stdout, columns, ARRAY_LEN(columns));
	rc = remote_list_targets(app, print_target, &l, &left_out, err);
	table_free(l.table);
	if (rc == -1)
		return -1;
	if (app->globals->json || app->globals->quiet)
		return 0;
	if (l.n == 0)
		fputs("awaitd: there are no targets\n", stderr);
	if (left_out > 0)
		fprintf(stderr, "awaitd: %zu hosts of callbacks are left out\n",
		    left_out);
	return 0;
}

static int
run_list(const struct cmd_line *line)
{
	return app_ask_service(line, "'awaitd targets'", NULL, list);
}

/* --- one ------------------------------------------------------------ */

struct switched {
	const struct app *app;
	const char *verb;
};

static void
print_switched(const struct health *h, void *arg)
{
	const struct switched *s = arg;
	char target[300];

	if (s->app->globals->json) {
		print_json(h);
		return;
	}
	if (s->app->globals->quiet)
		return;
	snprintf(target, sizeof(target), "%s", h->target);
	str_defang(target);
	fprintf(stderr, "awaitd: target %s is %sd; %zu deliveries wait%s\n",
	    target, s->verb, h->waiting,
	    *s->verb == 'e' && h->waiting > 0 ? ", and go now" : "");
}

static int
switch_all(struct app *app, const struct cmd_line *line, const char *verb)
{
	struct switched s = {.app = app, .verb = verb};
	struct error err;
	int i, one, status = STATUS_OK;

	for (i = 0; i < line->nargs; i++) {
		if (remote_switch_target(app, line->args[i], verb,
			print_switched, &s, &err) == 0)
			continue;
		cmd_about(&err, "target", line->args[i]);
		one = cmd_fail(&err);
		if (one > status)
			status = one;
	}
	return status;
}

static int
run_switch(const struct cmd_line *line, const char *verb, const char *what)
{
	struct app app;
	struct error err;
	int status, named = 0;

	while (named < line->nargs && *line->args[named] != '\0')
		named++;
	if (named == 0 || named < line->nargs) {
		err_set(&err, ERR_USAGE, "no target was named");
		err_hint(&err, "'awaitd targets' lists what there is.");
		return cmd_fail(&err);
	}
	if (app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	if (app_require_service(&app, what, &err) == -1)
		status = cmd_fail(&err);
	else
		status = switch_all(&app, line, verb);
	app_done(&app);
	return status;
}

static int
run_enable(const struct cmd_line *line)
{
	return run_switch(line, "enable", "'awaitd enable'");
}

static int
run_disable(const struct cmd_line *line)
{
	return run_switch(line, "disable", "'awaitd disable'");
}

const struct cmd cmd_targets = {
    .name = "targets",
    .group = GROUP_DELIVER,
    .args = "",
    .summary = "List where a service delivers to, and how that goes",
    .examples = "  awaitd targets\n"
		"  awaitd targets --json | jq -r 'select(.state != "
		"\"ok\") | .target'\n",
    .run = run_list,
};

const struct cmd cmd_enable = {
    .name = "enable",
    .group = GROUP_DELIVER,
    .args = "TARGET...",
    .summary = "Let what waits for a target go: it is well again",
    .examples = "  awaitd enable 'webhook hook'\n",
    .run = run_enable,
};

const struct cmd cmd_disable = {
    .name = "disable",
    .group = GROUP_DELIVER,
    .args = "TARGET...",
    .summary = "Hold deliveries to a target back until it is enabled",
    .examples = "  awaitd disable 'webhook hook'\n",
    .run = run_disable,
};
