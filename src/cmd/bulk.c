/* SPDX-License-Identifier: Apache-2.0 */
/* Some by name, or all that match. */
#include "cmd/bulk.h"

#include <stdio.h>

#include "cmd/known.h"
#include "cmd/matching.h"

/* --- the command ---------------------------------------------------- */

static int
check(const struct cmd_line *line, const struct bulk_ways *ways, bool filtered,
    bool more, struct error *err)
{
	int i;

	if (line->nargs > 0 && (filtered || more))
		return err_set(err, ERR_USAGE,
		    "--state and its like say which of many, and \"%s\" is one",
		    line->args[0]);
	if (line->nargs == 0 && !filtered) {
		err_set(err, ERR_USAGE, "no %s was named", ways->words->one);
		return err_hint(err, "%s", ways->words->neither);
	}
	for (i = 0; i < line->nargs && ways->form != NULL; i++) {
		if (ways->form(line->args[i], err) == -1)
			return -1;
	}
	return 0;
}

static int
find_service(struct app *app, const struct bulk_ways *ways, struct error *err)
{
	return ways->service != NULL
	    ? app_require_service(app, ways->service, err)
	    : app_find_service(app, err);
}

int
bulk_run(const struct cmd_line *line, const struct bulk_ways *ways,
    bool filtered, bool more)
{
	struct app app;
	struct error err;
	int status;

	if (check(line, ways, filtered, more, &err) == -1 ||
	    app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	if (find_service(&app, ways, &err) == -1)
		status = cmd_fail(&err);
	else if (line->nargs > 0)
		status = ways->named(&app, line);
	else
		status = ways->matching(&app, line);
	app_done(&app);
	return status;
}

int
bulk_each(struct app *app, const struct cmd_line *line,
    int (*one)(struct app *app, const char *id, void *arg), void *arg)
{
	int i, now, status = STATUS_OK;

	for (i = 0; i < line->nargs && app->signo == 0; i++) {
		now = one(app, line->args[i], arg);
		if (now > status)
			status = now;
	}
	return status;
}

/* --- all that match ------------------------------------------------- */

static void
say_json(const struct bulk_words *words, bool dry_run,
    const struct remote_bulk_end *end)
{
	printf("{\"%s\":%lld", dry_run ? "matched" : words->done,
	    (long long)end->n);
	if (end->skipped > 0)
		printf(",\"skipped\":%lld", (long long)end->skipped);
	puts("}");
}

static void
say(const struct app *app, const struct bulk_words *words,
    const struct remote_bulk *b, const struct remote_bulk_end *end)
{
	bool none = end->n + end->skipped == 0 && b->jobs != NULL;
	const char *verb = b->dry_run ? "would be" : end->n == 1 ? "is" : "are";

	if (app->globals->json)
		say_json(words, b->dry_run, end);
	known_say_jobs(app, none ? b->jobs->endpoint : NULL, "%lld %s %s %s",
	    (long long)end->n, end->n == 1 ? words->one : words->many, verb,
	    words->what);
	if (end->skipped > 0)
		known_say_jobs(app, NULL, "%lld %s passed over: %s",
		    (long long)end->skipped, end->skipped == 1 ? "was" : "were",
		    words->passed);
}

static int
at_service(struct app *app, const struct bulk_words *words,
    const struct remote_bulk *b)
{
	const char *target =
	    b->deliveries != NULL ? b->deliveries->target : NULL;
	struct remote_bulk_end end;
	struct error err;
	int rc = remote_bulk(app, b, &end, &err);

	if (rc == 0 && end.n == 0 && target != NULL)
		rc = known_target(app, target, &err);
	/* Of what went before an error, too. */
	if (rc == 0 || end.n > 0)
		say(app, words, b, &end);
	return rc == 0 ? STATUS_OK : cmd_fail(&err);
}

static int
each_found(struct app *app, const struct matching *m,
    int (*one)(struct app *app, const struct found *f, void *arg), void *arg)
{
	int now, status = m->status;
	size_t i;

	for (i = 0; i < m->n && app->signo == 0; i++) {
		const struct found f = {m->v[i].job, m->v[i].path};

		now = one(app, &f, arg);
		if (now > status)
			status = now;
	}
	return status;
}

int
bulk_matching(struct app *app, const struct bulk_words *words,
    const struct remote_bulk *b,
    int (*one)(struct app *app, const struct found *f, void *arg), void *arg)
{
	struct matching m;
	struct error err;
	int status;

	if (app->client != NULL)
		return at_service(app, words, b);
	if (matching_here(app, b->jobs, &m, &err) == -1)
		return cmd_fail(&err);
	if (b->dry_run || m.n == 0) {
		say(app, words, b,
		    &(struct remote_bulk_end){.n = (int64_t)m.n});
		status = m.status;
	} else {
		status = each_found(app, &m, one, arg);
	}
	matching_done(&m);
	return status;
}
