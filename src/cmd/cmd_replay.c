/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd replay: have the service attempt deliveries again. */
#include "cmd/bulk.h"
#include "cmd/cmd.h"
#include "cmd/filter.h"
#include "cmd/known.h"
#include "cmd/remote.h"
#include "cmd/report.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"

struct replay_options {
	struct filter_options filter; /* first: its rows are shared */
	bool dry_run;
	int64_t limit;
};

#define AT(field) offsetof(struct replay_options, field)
static const struct cmd_option replay_options[] = {
    {"dry-run", 0, OPT_FLAG, AT(dry_run), NULL,
	"only say how many match, and attempt none"},
    {"limit", 0, OPT_COUNT, AT(limit), "NUMBER",
	"at most so many, the oldest first"},
};

static const struct bulk_words words = {
    .one = "delivery",
    .many = "deliveries",
    .done = "replayed",
    .what = "attempted again",
};

/* --- each that was named --------------------------------------------- */

static int
replay(struct app *app, const char *id)
{
	struct error err;
	struct delivery *d;

	if (remote_replay(app, id, &d, &err) == -1) {
		known_delivery_failed(id, &err);
		return cmd_fail(&err);
	}
	if (app->globals->json)
		report_delivery_json(d, false);
	else if (!app->globals->quiet)
		fprintf(stderr, "awaitd: delivery %s is attempted again\n", id);
	delivery_free(d);
	return STATUS_OK;
}

static int
replay_named(struct app *app, const struct cmd_line *line)
{
	int i, one, status = STATUS_OK;

	for (i = 0; i < line->nargs; i++) {
		one = replay(app, line->args[i]);
		if (one > status)
			status = one;
	}
	return status;
}

/* --- all that match --------------------------------------------------- */

static int
replay_matching(struct app *app, const struct replay_options *o)
{
	struct remote_query q;
	struct remote_bulk bulk = {
	    .path = "/v1/deliveries/replay",
	    .done = words.done,
	    .deliveries = &q,
	    .dry_run = o->dry_run,
	    .limit = o->limit,
	};
	struct remote_bulk_end end;
	struct error err;
	struct filter f;
	int rc;

	if (filter_query(&o->filter, &f, &q, &err) == -1)
		return cmd_fail(&err);
	rc = remote_bulk(app, &bulk, &end, &err);
	if (rc == 0 && end.n == 0 && q.target != NULL)
		rc = known_target(app, q.target, &err);
	/* Of what went before an error, too. */
	if (rc == 0 || end.n > 0)
		bulk_say(app, &words, o->dry_run, &end);
	return rc == 0 ? STATUS_OK : cmd_fail(&err);
}

/* --- either ----------------------------------------------------------- */

static int
check(const struct cmd_line *line, struct error *err)
{
	const struct replay_options *o = line->options;
	int i;

	if (bulk_check(line, !filter_none(&o->filter),
		o->dry_run || o->limit != 0, &words,
		"'awaitd deliveries' lists what there is; '--state dead' and "
		"the like mean all that match.",
		err) == -1)
		return -1;
	for (i = 0; i < line->nargs; i++) {
		if (known_delivery_form(line->args[i], err) == -1)
			return -1;
	}
	return 0;
}

static int
run(const struct cmd_line *line)
{
	struct app app;
	struct error err;
	int status;

	if (check(line, &err) == -1 ||
	    app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	if (app_find_service(&app, &err) == -1 ||
	    app_need_service(&app, "'awaitd replay'", &err) == -1)
		status = cmd_fail(&err);
	else if (line->nargs > 0)
		status = replay_named(&app, line);
	else
		status = replay_matching(&app, line->options);
	app_done(&app);
	return status;
}

const struct cmd cmd_replay = {
    .name = "replay",
    .group = GROUP_DELIVER,
    .args = "[DELIVERY...]",
    .summary = "Attempt deliveries again, now: those named, or all that match",
    .examples = "  awaitd replay msg_01jd2k3m4n5p6q7r8s9t0v1w2x\n"
		"  awaitd replay --state dead --since 2h --dry-run\n"
		"  awaitd replay --state dead --target 'webhook hook'\n",
    .options = replay_options,
    .noptions = ARRAY_LEN(replay_options),
    .shared = filter_cmd_options,
    .nshared = &filter_cmd_options_len,
    .shared_title = "which deliveries (all that is given must hold)",
    .options_size = sizeof(struct replay_options),
    .run = run,
};
