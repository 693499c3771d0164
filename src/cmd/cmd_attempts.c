/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd attempts: what was tried, what it met, and what went and came. */
#include "cmd/cmd.h"
#include "cmd/filter.h"
#include "cmd/known.h"
#include "cmd/remote.h"
#include "cmd/report.h"
#include "cmd/table.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define STATUS_MAX 999

struct attempts_options {
	const char *job;
	const char *target;
	const char *outcome;
	const char *class;
	const char *status;
	const char *since;
	const char *until;
	bool newest;
	bool headers;
	int64_t limit;
};

#define AT(field) offsetof(struct attempts_options, field)
static const struct cmd_option attempts_options[] = {
    {"job", 0, OPT_TEXT, AT(job), "JOB", "only of this job"},
    {"target", 0, OPT_TEXT, AT(target), "NAME",
	"only at this one, such as 'webhook hook'"},
    {"outcome", 0, OPT_TEXT, AT(outcome), "OUTCOME",
	"open, ok, failed or interrupted: only these"},
    {"class", 0, OPT_TEXT, AT(class), "CLASS",
	"what they met, such as dns, timeout or status"},
    {"status", 0, OPT_TEXT, AT(status), "NUMBER",
	"only with this HTTP or exit status"},
    {"since", 0, OPT_TEXT, AT(since), "TIME",
	"begun then or later, such as 2h (ago)"},
    {"until", 0, OPT_TEXT, AT(until), "TIME", "begun before then"},
    {"newest", 0, OPT_FLAG, AT(newest), NULL, "the newest first"},
    {"limit", 0, OPT_COUNT, AT(limit), "NUMBER", "at most so many"},
    {"headers", 0, OPT_FLAG, AT(headers), NULL,
	"with --json: header fields of webhooks, too"},
};

/* --- many ----------------------------------------------------------- */

static const struct table_column columns[] = {
    {.name = "DELIVERY"},
    {.name = "N", .align = TABLE_RIGHT},
    {.name = "TARGET", .shrink = 1, .min = 12},
    {.name = "OUTCOME"},
    {.name = "CLASS"},
    {.name = "STATUS", .align = TABLE_RIGHT},
    {.name = "STARTED", .spare = 1},
    {.name = "MS", .align = TABLE_RIGHT},
    {.name = "NOTE", .shrink = 2, .min = 10},
};

struct listing {
	struct table *table; /* NULL: JSON */
	bool headers;
	size_t n;
};

static void
add_row(struct table *t, const struct attempt_entry *e)
{
	const struct attempt *a = &e->a;
	bool bad = a->outcome == ATTEMPT_FAILED;

	table_text(t, e->delivery);
	table_number(t, a->n);
	table_text(t, e->target);
	table_tone(
	    t, attempt_outcome_name(a->outcome), bad ? TERM_BAD : TERM_PLAIN);
	table_text(t, a->error_class);
	if (a->status == ATTEMPT_NO_STATUS)
		table_text(t, NULL);
	else
		table_number(t, a->status);
	table_instant(t, a->started_at);
	if (a->ended_at < a->started_at)
		table_text(t, NULL);
	else
		table_number(t, a->ended_at - a->started_at);
	table_text(t, a->note != NULL ? a->note : "");
}

static void
print_entry(const struct attempt_entry *e, void *arg)
{
	struct listing *l = arg;

	if (l->table == NULL)
		report_attempt_json(e, l->headers);
	else
		add_row(l->table, e);
	l->n++;
}

static int
fill_query(
    const struct cmd_line *line, struct store_query *q, struct error *err)
{
	const struct attempts_options *o = line->options;
	int64_t status = 0;

	if (o->status != NULL &&
	    str_to_i64(o->status, 0, STATUS_MAX, &status) == -1)
		return err_set(err, ERR_USAGE,
		    "--status \"%s\": that is no number from 0 to %d",
		    o->status, STATUS_MAX);
	*q = (struct store_query){
	    .delivery = line->nargs > 0 ? line->args[0] : NULL,
	    .job = o->job,
	    .target = o->target,
	    .outcome = o->outcome,
	    .error_class = o->class,
	    .by_status = o->status != NULL,
	    .status = (int)status,
	    .newest = o->newest,
	    .limit = (size_t)o->limit,
	};
	if (filter_time("since", o->since, &q->since_at, err) == -1)
		return -1;
	return filter_time("until", o->until, &q->until_at, err);
}

/* A delivery that was not attempted yet has none; one that nobody knows is an
 * error. */
static int
none(struct app *app, const struct cmd_line *line, struct error *err)
{
	const struct attempts_options *o = line->options;
	struct delivery *d;

	if (line->nargs > 0) {
		if (remote_find_delivery(app, line->args[0], &d, err) == -1)
			return known_delivery_failed(line->args[0], err);
		delivery_free(d);
	}
	known_none(app, "attempts", o->target);
	return 0;
}

static int
list(struct app *app, const struct cmd_line *line, struct error *err)
{
	const struct attempts_options *o = line->options;
	struct listing l = {.headers = o->headers};
	struct store_query q;
	int rc;

	if (fill_query(line, &q, err) == -1)
		return -1;
	if (!app->globals->json)
		l.table = table_new(stdout, columns, ARRAY_LEN(columns));
	rc = remote_list_attempts(app, &q, o->headers, print_entry, &l, err);
	table_free(l.table);
	if (rc == -1)
		return -1;
	return l.n > 0 ? 0 : none(app, line, err);
}

/* --- one ------------------------------------------------------------ */

static int
number_of(const struct cmd_line *line, int64_t *n, struct error *err)
{
	if (str_to_i64(line->args[1], 1, INT_MAX, n) == 0)
		return 0;
	err_set(err, ERR_USAGE, "\"%s\" is no attempt's number", line->args[1]);
	return err_hint(
	    err, "They count from 1: 'awaitd attempts %s'.", line->args[0]);
}

static int
show_one(struct app *app, const struct cmd_line *line, struct error *err)
{
	struct attempt_entry *e;
	int64_t n;

	if (number_of(line, &n, err) == -1)
		return -1;
	if (remote_find_attempt(app, line->args[0], (unsigned)n, &e, err) == -1)
		return cmd_about(err, "attempt", line->args[1]);
	if (app->globals->json)
		report_attempt_json(e, true);
	else
		report_entry(e);
	attempt_entry_free(e);
	return 0;
}

/* --- either --------------------------------------------------------- */

static bool
is_filtered(const struct attempts_options *o)
{
	return o->job != NULL || o->target != NULL || o->outcome != NULL ||
	    o->class != NULL || o->status != NULL || o->since != NULL ||
	    o->until != NULL || o->newest || o->limit != 0;
}

static int
check(const struct cmd_line *line, struct error *err)
{
	const struct attempts_options *o = line->options;
	int64_t n;

	if (line->nargs > 2)
		return err_set(err, ERR_USAGE,
		    "a DELIVERY and a number are enough, and \"%s\" is a third",
		    line->args[2]);
	if (line->nargs > 0 && known_delivery_form(line->args[0], err) == -1)
		return -1;
	if (line->nargs == 2 && is_filtered(o))
		return err_set(err, ERR_USAGE,
		    "--outcome and its like are for the list, and \"%s\" is "
		    "one of it",
		    line->args[1]);
	if (line->nargs == 2 && number_of(line, &n, err) == -1)
		return -1;
	if (o->headers && !line->globals->json) {
		err_set(err, ERR_USAGE, "--headers needs --json");
		return err_hint(
		    err, "For people 'awaitd attempts DELIVERY N' has them.");
	}
	return 0;
}

static int
ask(struct app *app, const struct cmd_line *line, struct error *err)
{
	return line->nargs == 2 ? show_one(app, line, err)
				: list(app, line, err);
}

static int
run(const struct cmd_line *line)
{
	return app_ask_service(line, "'awaitd attempts'", check, ask);
}

const struct cmd cmd_attempts = {
    .name = "attempts",
    .group = GROUP_DELIVER,
    .args = "[DELIVERY [N]]",
    .summary = "List attempts of deliveries, or tell all of one",
    .examples = "  awaitd attempts --outcome failed --since 2h\n"
		"  awaitd attempts msg_01jd2k3m4n5p6q7r8s9t0v1w2x\n"
		"  awaitd attempts msg_01jd2k3m4n5p6q7r8s9t0v1w2x 1\n",
    .options = attempts_options,
    .noptions = ARRAY_LEN(attempts_options),
    .options_size = sizeof(struct attempts_options),
    .run = run,
};
