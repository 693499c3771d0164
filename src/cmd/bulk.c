/* SPDX-License-Identifier: Apache-2.0 */
/* Some by name, or all that match. */
#include "cmd/bulk.h"

#include <stdio.h>

int
bulk_check(const struct cmd_line *line, bool filtered, bool more,
    const struct bulk_words *words, const char *hint, struct error *err)
{
	if (line->nargs > 0 && !filtered && !more)
		return 0;
	if (line->nargs > 0)
		return err_set(err, ERR_USAGE,
		    "--state and its like say which of many, and \"%s\" is one",
		    line->args[0]);
	if (filtered)
		return 0;
	err_set(err, ERR_USAGE, "no %s was named", words->one);
	return err_hint(err, "%s", hint);
}

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

void
bulk_say(const struct app *app, const struct bulk_words *words, bool dry_run,
    const struct remote_bulk_end *end)
{
	if (app->globals->json) {
		say_json(words, dry_run, end);
		return;
	}
	if (app->globals->quiet)
		return;
	fprintf(stderr, "awaitd: %lld %s %s %s\n", (long long)end->n,
	    end->n == 1 ? words->one : words->many,
	    dry_run           ? "would be"
		: end->n == 1 ? "is"
			      : "are",
	    words->what);
	if (end->skipped > 0)
		fprintf(stderr, "awaitd: %lld %s passed over: %s\n",
		    (long long)end->skipped, end->skipped == 1 ? "was" : "were",
		    words->passed);
}
