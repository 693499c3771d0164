/* SPDX-License-Identifier: Apache-2.0 */
/* Words for metavars: lists that never change, and those that do. */
#include "cmd/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cmd/app.h"
#include "cmd/live.h"
#include "deliver/class.h"
#include "deliver/payload.h"

struct word {
	const char *word;
	const char *about;
};

static const struct word levels[] = {{"debug", "all there is"},
    {"info", "each change of state"}, {"warn", "what may need a look"},
    {"error", "what failed"}, {"none", "nothing"}, {NULL, NULL}};
static const struct word forms[] = {
    {"text", "for people"}, {"json", "for machines"}, {NULL, NULL}};
static const struct word shells[] = {
    {"bash", NULL}, {"zsh", NULL}, {"fish", NULL}, {NULL, NULL}};
static const struct word addresses[] = {{"none", "without a service"},
    {"unix:", "PATH"}, {"http://", "HOST:PORT"}, {NULL, NULL}};
static const struct word types[] = {{"application/json", NULL},
    {"application/jsonlines", NULL}, {"application/octet-stream", NULL},
    {"application/x-npy", NULL}, {"text/csv", NULL}, {"text/plain", NULL},
    {"image/jpeg", NULL}, {"image/png", NULL}, {NULL, NULL}};
static const struct word kinds[] = {{"job.*", "all of jobs"},
    {"job.queued", NULL}, {"job.accepted", NULL}, {"job.done", NULL},
    {"job.late", "a result behind the deadline"},
    {"job.withdrawn", "never accepted"}, {"delivery.*", "all of deliveries"},
    {"delivery.failed", "another attempt follows"},
    {"delivery.delivered", NULL}, {"delivery.dead", "given up"},
    {"delivery.replayed", NULL}, {NULL, NULL}};
static const struct word job_states[] = {{"queued", "not accepted yet"},
    {"pending", "the result is waited for"}, {"done", "over"}, {NULL, NULL}};
static const struct word outcomes[] = {{"ok", "the result is there"},
    {"failed", "the model failed, or refused"},
    {"expired", "no answer in time"}, {"cancelled", "given up"}, {NULL, NULL}};
static const struct word delivery_states[] = {{"waiting", "for an attempt"},
    {"delivered", "taken"}, {"dead", "given up; can be replayed"},
    {NULL, NULL}};

static const struct word attempt_outcomes[] = {{"open", "under way"},
    {"ok", NULL}, {"failed", NULL}, {"interrupted", NULL}, {NULL, NULL}};

/* Of jobs, or of attempts. */
static void
put_outcomes(const struct words *w)
{
	const struct word *p =
	    str_eq(w->command, "attempts") ? attempt_outcomes : outcomes;

	for (; p->word != NULL; p++)
		words_put(w, p->word, p->about);
}

static void
put_classes(const struct words *w)
{
	int i;

	for (i = CLASS_NONE + 1; i <= CLASS_OTHER; i++)
		words_put(w, deliver_class_name((enum deliver_class)i), NULL);
}

static void
put_events(const struct words *w)
{
	const char *const *p;

	for (p = payload_event_types; *p != NULL; p++)
		words_put(w, *p, NULL);
}

static void
put_commands(const struct words *w)
{
	const struct cmd *cmd;
	size_t i;

	for (i = 0; (cmd = cmd_at(i)) != NULL; i++)
		words_put(w, cmd->name, cmd->summary);
}

static void
put_states(const struct words *w)
{
	bool jobs = str_eq(w->command, "list") || str_eq(w->command, "retry") ||
	    str_eq(w->command, "cancel");
	const struct word *p;

	for (p = jobs ? job_states : delivery_states; p->word != NULL; p++)
		words_put(w, p->word, p->about);
}

/* Behind the last comma; what is before it stays. */
static void
put_targets(const struct words *w)
{
	const char *comma = strrchr(w->prefix, ',');
	struct words last = *w;
	char *before;

	if (comma == NULL) {
		words_put(w, "none", "to nobody");
		live_targets(w);
		return;
	}
	comma++;
	comma += strspn(comma, " ");
	before =
	    xasprintf("%s%.*s", w->before, (int)(comma - w->prefix), w->prefix);
	last.before = before;
	last.prefix = comma;
	live_targets(&last);
	free(before);
}

/* Every metavar of every option and argument: tests/unit/test_complete.c. */
static const struct {
	const char *metavar;
	enum words_kind kind;
	const struct word *words;
	void (*list)(const struct words *w);
} metavars[] = {
    {"ADDRESS", WORDS_LISTED, addresses, NULL},
    {"CLASS", WORDS_LISTED, NULL, put_classes},
    {"CODE", WORDS_NONE, NULL, NULL},
    {"COMMAND", WORDS_LISTED, NULL, put_commands},
    {"DELIVERY", WORDS_LISTED, NULL, live_deliveries},
    {"DIR", WORDS_FOLDERS, NULL, NULL},
    {"ENDPOINT", WORDS_LISTED, NULL, live_endpoints},
    {"EVENT", WORDS_LISTED, NULL, put_events},
    {"FILE", WORDS_FILES, NULL, NULL},
    {"FORM", WORDS_LISTED, forms, NULL},
    {"HOST:PORT", WORDS_NONE, NULL, NULL},
    {"ID", WORDS_NONE, NULL, NULL},
    {"INPUT", WORDS_FILES, NULL, NULL},
    {"JOB", WORDS_LISTED, NULL, live_jobs},
    {"KEY=VALUE", WORDS_LISTED, NULL, live_keys},
    {"KIND", WORDS_LISTED, kinds, NULL},
    {"LEVEL", WORDS_LISTED, levels, NULL},
    {"N", WORDS_NONE, NULL, NULL},
    {"NAME", WORDS_NONE, NULL, NULL},
    {"NUMBER", WORDS_NONE, NULL, NULL},
    {"OUTCOME", WORDS_LISTED, NULL, put_outcomes},
    {"PATH", WORDS_NONE, NULL, NULL}, /* of an object */
    {"PROFILE", WORDS_LISTED, NULL, live_profiles},
    {"REGION", WORDS_NONE, NULL, NULL},
    {"S3URI", WORDS_NONE, NULL, NULL},
    {"SECTION", WORDS_LISTED, NULL, live_sections},
    {"SHELL", WORDS_LISTED, shells, NULL},
    {"STATE", WORDS_LISTED, NULL, put_states},
    {"TAG", WORDS_NONE, NULL, NULL},
    {"TARGET", WORDS_LISTED, NULL, live_targets},
    {"TARGETS", WORDS_LISTED, NULL, put_targets},
    {"TEXT", WORDS_NONE, NULL, NULL},
    {"TIME", WORDS_NONE, NULL, NULL},
    {"TYPE", WORDS_LISTED, types, NULL},
    {"URL", WORDS_NONE, NULL, NULL},
};

static size_t
place_of(const char *metavar)
{
	size_t i = 0;

	while (i < ARRAY_LEN(metavars) && !str_eq(metavars[i].metavar, metavar))
		i++;
	return i;
}

enum words_kind
words_kind(const char *metavar)
{
	size_t i = place_of(metavar);

	return i < ARRAY_LEN(metavars) ? metavars[i].kind : WORDS_UNKNOWN;
}

void
words_list(const struct words *w, const char *metavar)
{
	size_t i = place_of(metavar);
	const struct word *p;

	if (i == ARRAY_LEN(metavars))
		return;
	for (p = metavars[i].words; p != NULL && p->word != NULL; p++)
		words_put(w, p->word, p->about);
	if (metavars[i].list != NULL)
		metavars[i].list(w);
}

/* A line is one word: what would break it cannot be typed either, and what a
 * terminal would obey is not shown to one. */
static bool
can_be_shown(const char *word)
{
	char *copy = xstrdup(word);
	bool same;

	str_defang(copy);
	same = str_eq(copy, word);
	free(copy);
	return same;
}

void
words_put(const struct words *w, const char *word, const char *about)
{
	char *text;

	if (!str_starts(word, w->prefix) || !can_be_shown(word))
		return;
	text = xstrdup(about != NULL ? about : "");
	str_defang(text);
	printf("%s%s\t%s\n", w->before, word, text);
	free(text);
}
