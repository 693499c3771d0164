/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd deliveries: what a service hands to whom, and how that goes. */
#include "cmd/cmd.h"
#include "cmd/filter.h"
#include "cmd/known.h"
#include "cmd/remote.h"
#include "cmd/report.h"
#include "cmd/table.h"

#include <stdio.h>

#include "base/mem.h"

/* --- many ----------------------------------------------------------- */

/* Nothing of an id is cut: it is there to be copied. */
static const struct table_column columns[] = {
    {.name = "DELIVERY"},
    {.name = "JOB", .spare = 2},
    {.name = "TARGET", .shrink = 1, .min = 12},
    {.name = "STATE"},
    {.name = "ATTEMPTS", .align = TABLE_RIGHT},
    {.name = "NEXT/ENDED", .spare = 1},
    {.name = "NOTE", .shrink = 2, .min = 10},
};

struct listing {
	struct table *table; /* NULL: JSON */
	size_t n;
};

static enum term_tone
tone_of(const struct delivery *d)
{
	if (d->state == DELIVERY_DEAD)
		return TERM_BAD;
	return delivery_quarantined(d) ? TERM_WARN : TERM_PLAIN;
}

static void
add_row(struct table *t, const struct delivery *d)
{
	table_text(t, d->id);
	table_text(t, d->job_id);
	table_text(t, d->target);
	table_tone(t, report_delivery_state(d), tone_of(d));
	table_number(t, d->attempts);
	/* An attempt that is under way has no time. */
	if (d->state == DELIVERY_WAITING && d->due_at == 0)
		table_text(t, "now");
	else
		table_instant(
		    t, d->state == DELIVERY_WAITING ? d->due_at : d->ended_at);
	table_text(t, d->note != NULL ? d->note : "");
}

static void
print_delivery(const struct delivery *d, void *arg)
{
	struct listing *l = arg;

	if (l->table == NULL)
		report_delivery_json(d, false);
	else
		add_row(l->table, d);
	l->n++;
}

static int
list(struct app *app, const struct filter_options *o, struct error *err)
{
	struct listing l = {0};
	struct remote_query q;
	struct filter f;
	int rc;

	if (filter_query(o, &f, &q, err) == -1)
		return -1;
	if (!app->globals->json)
		l.table = table_new(stdout, columns, ARRAY_LEN(columns));
	rc = remote_list_deliveries(app, &q, print_delivery, &l, err);
	/* What came before an error was told, too. */
	table_free(l.table);
	if (rc == -1)
		return -1;
	if (l.n == 0)
		known_none(app, "deliveries", o->target);
	return 0;
}

/* --- one ------------------------------------------------------------ */

static void
show(const struct delivery *d)
{
	size_t i;

	report_text("delivery", d->id);
	report_text("job", d->job_id);
	report_text("target", d->target);
	report_text("event", d->event);
	report_text("about", d->about);
	report_text("state", report_delivery_state(d));
	report_instant("created", d->created_at);
	if (d->state == DELIVERY_WAITING)
		report_instant("next attempt", d->due_at);
	report_instant("ended", d->ended_at);
	report_number("attempts", d->attempts);
	if (d->interruptions > 0)
		report_number("interruptions", d->interruptions);
	report_number("replays", d->replays);
	report_text("note", d->note);
	report_text("content type", d->content_type);
	report_number("bytes", d->body_size);
	for (i = 0; i < d->nlog; i++) {
		printf("attempt %u\n", d->log[i].n);
		report_attempt(&d->log[i]);
	}
}

static int
show_one(struct app *app, const char *id, struct error *err)
{
	struct delivery *d;

	if (remote_find_delivery(app, id, &d, err) == -1)
		return known_delivery_failed(id, err);
	if (app->globals->json)
		report_delivery_json(d, true);
	else
		show(d);
	delivery_free(d);
	return 0;
}

/* --- either --------------------------------------------------------- */

static int
check(const struct cmd_line *line, struct error *err)
{
	if (line->nargs > 1)
		return err_set(err, ERR_USAGE,
		    "one DELIVERY is enough, and \"%s\" is a second",
		    line->args[1]);
	if (line->nargs == 1 && !filter_none(line->options))
		return err_set(err, ERR_USAGE,
		    "--state and its like are for the list, and \"%s\" is one "
		    "of it",
		    line->args[0]);
	return line->nargs == 1 ? known_delivery_form(line->args[0], err) : 0;
}

static int
ask(struct app *app, const struct cmd_line *line, struct error *err)
{
	return line->nargs == 1 ? show_one(app, line->args[0], err)
				: list(app, line->options, err);
}

static int
run(const struct cmd_line *line)
{
	return app_ask_service(line, "'awaitd deliveries'", check, ask);
}

const struct cmd cmd_deliveries = {
    .name = "deliveries",
    .group = GROUP_DELIVER,
    .args = "[DELIVERY]",
    .summary = "List a service's deliveries, or tell all of one",
    .examples = "  awaitd deliveries --state dead --since 2h\n"
		"  awaitd deliveries --json --target 'webhook hook'\n"
		"  awaitd deliveries msg_01jd2k3m4n5p6q7r8s9t0v1w2x\n",
    .shared = filter_cmd_options,
    .nshared = &filter_cmd_options_len,
    .shared_title = "which deliveries (all that is given must hold)",
    .options_size = sizeof(struct filter_options),
    .run = run,
};
