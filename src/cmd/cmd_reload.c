/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd reload: have a service read its configuration again. */
#include "cmd/app.h"
#include "cmd/cmd.h"
#include "cmd/remote_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define ANSWER_MAX ((size_t)17 << 20)

/* --- what it says --------------------------------------------------- */

/* Words of a member; the service's, so they are made harmless. The caller's. */
static char *
words(const struct json *j, const char *name)
{
	const char *text = json_get_str(j, name);
	char *copy = xstrdup(text != NULL ? text : "");

	str_defang(copy);
	return copy;
}

static void
print_change(const struct json *j, bool pending)
{
	char *section = words(j, "section"), *key = words(j, "key");
	char *was = words(j, "was"), *value = words(j, "value");
	char *change = words(j, "change");

	if (*key == '\0')
		printf("[%s] %s\n", section, change);
	else if (pending)
		printf("[%s] %s: %s%sneeds a restart\n", section, key, value,
		    *value != '\0' ? " " : "");
	else
		printf("[%s] %s: %s -> %s\n", section, key,
		    *was != '\0' ? was : "\"\"",
		    *value != '\0' ? value : "\"\"");
	free(section);
	free(key);
	free(was);
	free(value);
	free(change);
}

/* What needs a restart is among the changes only the first time. */
static size_t
print_changes(const struct json *all)
{
	const struct json *j;
	bool restart;
	size_t n = 0;

	for (j = json_first(all); j != NULL; j = json_next(j), n++) {
		restart = false;
		json_bool(json_get(j, "restart"), &restart);
		if (!restart)
			print_change(j, false);
	}
	return n;
}

static void
print_warning(const struct json *j)
{
	char *detail = words(j, "detail"), *hint = words(j, "hint");

	fprintf(stderr, "awaitd: warning: %s%s%s\n", detail,
	    *hint != '\0' ? ". " : "", hint);
	free(detail);
	free(hint);
}

static void
print_text(const struct app *app, const struct json *answer)
{
	const struct json *pending = json_get(answer, "restart"), *j;
	char *file = words(answer, "file");
	int64_t left_out = 0;
	size_t n;

	json_i64(json_get(answer, "left_out"), &left_out);
	n = print_changes(json_get(answer, "changes")) + (size_t)left_out;
	for (j = json_first(pending); j != NULL; j = json_next(j))
		print_change(j, true);
	for (j = json_first(json_get(answer, "warnings")); j != NULL;
	     j = json_next(j))
		print_warning(j);
	if (!app->globals->quiet)
		fprintf(stderr, "awaitd: the service has read %s: %zu %s\n",
		    *file != '\0' ? file : "its environment, and no file", n,
		    n == 1 ? "change" : "changes");
	free(file);
}

static int
take_answer(const struct json *answer, void *out, struct error *err)
{
	const struct app *app = out;
	struct buf b;

	if (!json_is_array(json_get(answer, "changes")) ||
	    !json_is_array(json_get(answer, "restart")))
		return err_set(err, ERR_PROTOCOL,
		    "the service's answer is none that can be read");
	if (!app->globals->json) {
		print_text(app, answer);
		return 0;
	}
	buf_init(&b, ANSWER_MAX);
	if (json_print(answer, &b) == 0)
		puts(b.data);
	buf_done(&b);
	return 0;
}

/* --- the command ---------------------------------------------------- */

static int
ask(struct app *app, const struct cmd_line *line, struct error *err)
{
	(void)line;
	return remote_reload(app, take_answer, app, err);
}

static int
run(const struct cmd_line *line)
{
	return app_ask_service(line, "'awaitd reload'", NULL, ask);
}

const struct cmd cmd_reload = {
    .name = "reload",
    .group = GROUP_OPERATE,
    .args = "",
    .summary = "Have the service read its configuration again",
    .examples = "  awaitd reload\n"
		"  awaitd reload --json | jq '.restart'\n",
    .run = run,
};
