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
    .neither =
	"'awaitd deliveries' lists what there is; '--state dead' and the like "
	"mean all that match.",
};

/* --- each that was named --------------------------------------------- */

static int
replay(struct app *app, const char *id, void *arg)
{
	struct error err;
	struct delivery *d;

	(void)arg;
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
	return bulk_each(app, line, replay, NULL);
}

/* --- all that match --------------------------------------------------- */

static int
replay_matching(struct app *app, const struct cmd_line *line)
{
	const struct replay_options *o = line->options;
	struct remote_query q;
	struct remote_bulk bulk = {
	    .path = "/v1/deliveries/replay",
	    .done = words.done,
	    .deliveries = &q,
	    .dry_run = o->dry_run,
	    .limit = o->limit,
	};
	struct error err;
	struct filter f;

	if (filter_query(&o->filter, &f, &q, &err) == -1)
		return cmd_fail(&err);
	return bulk_matching(app, &words, &bulk, NULL, NULL);
}

/* --- either ----------------------------------------------------------- */

static int
run(const struct cmd_line *line)
{
	static const struct bulk_ways ways = {
	    .words = &words,
	    .service = "'awaitd replay'",
	    .form = known_delivery_form,
	    .named = replay_named,
	    .matching = replay_matching,
	};
	const struct replay_options *o = line->options;

	return bulk_run(
	    line, &ways, !filter_none(&o->filter), o->dry_run || o->limit != 0);
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
