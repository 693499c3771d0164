/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd config: every value in force and where it comes from. */
#include "cmd/app.h"
#include "cmd/cmd.h"
#include "cmd/config.h"
#include "cmd/remote_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/conf_json.h"

#define LINE_SIZE ((size_t)128 << 10)

struct config_options {
	bool changed;
	bool running;
};

#define AT(field) offsetof(struct config_options, field)
static const struct cmd_option config_options[] = {
    {"changed", 0, OPT_FLAG, AT(changed), NULL,
	"show: only what is not the default"},
    {"running", 0, OPT_FLAG, AT(running), NULL,
	"show: what is in force in the service"},
};

struct printing {
	bool json;
	bool changed;
	char *section; /* the last one printed, or NULL */
};

/* --- show ----------------------------------------------------------- */

static void
print_json(const struct conf_shown *v)
{
	struct jsonw w;
	struct buf b;

	buf_init(&b, LINE_SIZE);
	jsonw_init(&w, &b);
	conf_json_write(&w, v);
	puts(b.data);
	buf_done(&b);
}

/* A service's words, too: each stays in its line, and harmless. */
static char *
words(const char *text)
{
	char *copy = xstrdup(text != NULL ? text : "");

	str_defang(copy);
	return copy;
}

/* What is masked must not be taken for the value when this is read again. */
static void
print_line(const struct conf_shown *v)
{
	char *source = words(v->source), *key = words(v->key);
	char *value = words(v->value), *pending = words(v->pending);

	printf("# %s%s%s%s\n%s%s = %s\n", source, v->secret ? ", secret" : "",
	    v->pending != NULL ? "; behind a restart: " : "", pending,
	    v->secret ? "# " : "", key, value);
	free(source);
	free(key);
	free(value);
	free(pending);
}

static void
print_text(struct printing *p, const struct conf_shown *v)
{
	char *section;

	if (p->section == NULL || !str_eq(p->section, v->section)) {
		section = words(v->section);
		printf("%s[%s]\n", p->section != NULL ? "\n" : "", section);
		free(section);
		free(p->section);
		p->section = xstrdup(v->section);
	}
	print_line(v);
}

static void
print_shown(const struct conf_shown *v, void *arg)
{
	struct printing *p = arg;

	if (p->json)
		print_json(v);
	else
		print_text(p, v);
}

static void
print_value(const struct conf_value *v, void *arg)
{
	struct conf_shown shown = conf_json_of(v);
	struct printing *p = arg;

	if (!p->changed || !v->is_default)
		print_shown(&shown, p);
}

static void
print_place(const struct conf_place *place, void *arg)
{
	const char **before = arg;

	if (!place->must_exist)
		printf("%s%s", *before, place->file);
	*before = ", ";
}

static void
print_file(const struct app *app)
{
	const char *before = "# file: none; would be read: ";

	if (app->conf->file != NULL) {
		printf("# file: %s\n", app->conf->file);
		return;
	}
	conf_places(app->globals->config, print_place, &before);
	putchar('\n');
}

/* "[webhook hook]" is "webhook hook". */
static char *
bare_title(const char *word)
{
	size_t len = strlen(word);

	if (len >= 2 && word[0] == '[' && word[len - 1] == ']')
		return xstrndup(word + 1, len - 2);
	return xstrdup(word);
}

static void
show_one(const struct app *app, const char *word, struct printing *p)
{
	char *title = bare_title(word);

	conf_show(app->conf, title, print_value, p);
	free(title);
}

/* Before anything is printed. */
static int
need_sections(
    const struct app *app, char *const *sections, int n, struct error *err)
{
	int i, rc = 0;

	for (i = 0; i < n && rc == 0; i++) {
		char *title = bare_title(sections[i]);

		rc = conf_need_section(app->conf, title, err);
		free(title);
	}
	return rc;
}

static int
show_own(
    const struct app *app, char *const *sections, int n, struct printing *p)
{
	struct error err;
	int i;

	if (need_sections(app, sections, n, &err) == -1)
		return cmd_fail(&err);
	if (!p->json)
		print_file(app);
	if (n == 0)
		conf_show(app->conf, NULL, print_value, p);
	for (i = 0; i < n; i++)
		show_one(app, sections[i], p);
	return STATUS_OK;
}

/* --- show --running ------------------------------------------------- */

static int
ask_one(struct app *app, const char *word, struct printing *p)
{
	char *title = word != NULL ? bare_title(word) : NULL;
	struct error err;
	int rc = remote_config(app, title, p->changed, print_shown, p, &err);

	free(title);
	return rc == 0 ? STATUS_OK : cmd_fail(&err);
}

static int
show_running(struct app *app, char *const *sections, int n, struct printing *p)
{
	int i, status = STATUS_OK;
	struct error err;

	if (app_require_service(app, "--running", &err) == -1)
		return cmd_fail(&err);
	if (n == 0)
		status = ask_one(app, NULL, p);
	for (i = 0; i < n && status == STATUS_OK; i++)
		status = ask_one(app, sections[i], p);
	return status;
}

static int
show(const struct cmd_line *line, char *const *sections, int n)
{
	const struct config_options *o = line->options;
	struct printing p = {
	    .json = line->globals->json,
	    .changed = o->changed,
	};
	struct app app;
	struct error err;
	int status;

	if (app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	status = o->running ? show_running(&app, sections, n, &p)
			    : show_own(&app, sections, n, &p);
	free(p.section);
	app_done(&app);
	return status;
}

/* --- path ----------------------------------------------------------- */

struct places {
	bool json;
	bool found;
	bool quiet;
};

static void
place_json(const struct conf_place *place)
{
	struct jsonw w;
	struct buf b;

	buf_init(&b, LINE_SIZE);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "file", place->file);
	jsonw_str(&w, "by", place->by);
	jsonw_bool(&w, "there", place->there);
	jsonw_bool(&w, "read", place->read);
	jsonw_end(&w, '}');
	puts(b.data);
	buf_done(&b);
}

static void
take_place(const struct conf_place *place, void *arg)
{
	struct places *p = arg;

	p->found |= place->read && place->there;
	if (p->json)
		place_json(place);
	else if (place->read && place->there)
		puts(place->file);
	else if (!p->quiet)
		fprintf(stderr, "awaitd: %s (%s) %s\n", place->file, place->by,
		    place->there ? "is not read: another comes before it"
				 : "is not there");
}

/* What it holds is not looked at: this is also for a file that is wrong. */
static int
path(const struct cmd_line *line)
{
	struct places p = {
	    .json = line->globals->json,
	    .quiet = line->globals->quiet,
	};

	conf_places(line->globals->config, take_place, &p);
	return p.found ? STATUS_OK : STATUS_NOT_FOUND;
}

/* --- which ---------------------------------------------------------- */

static int
refuse_word(const char *what, const char *word)
{
	struct error err;

	err_set(
	    &err, ERR_USAGE, "%s takes no argument such as \"%s\"", what, word);
	err_hint(&err,
	    "'awaitd config show SECTION' shows one section; besides there are "
	    "'config keys' and 'config path'.");
	return cmd_fail(&err);
}

static int
refuse_option(const struct config_options *o)
{
	struct error err;

	err_set(&err, ERR_USAGE, "--%s is for 'config show'",
	    o->changed ? "changed" : "running");
	return cmd_fail(&err);
}

static int
run(const struct cmd_line *line)
{
	const struct config_options *o = line->options;
	const char *word = line->nargs > 0 ? line->args[0] : "show";
	char *const *rest = line->nargs > 0 ? line->args + 1 : line->args;
	int n = line->nargs > 0 ? line->nargs - 1 : 0;

	if (str_eq(word, "show"))
		return show(line, rest, n);
	if (o->changed || o->running)
		return refuse_option(o);
	if (str_eq(word, "keys"))
		return config_keys(rest, n, line->globals->json);
	if (!str_eq(word, "path"))
		return refuse_word("config", word);
	return n > 0 ? refuse_word("config path", rest[0]) : path(line);
}

const struct cmd cmd_config = {
    .name = "config",
    .group = GROUP_OPERATE,
    .args = "[show [SECTION...] | keys [SECTION...] | path]",
    .summary = "Print every value in force and where it comes from",
    .examples =
	"  awaitd config show --changed         what is set, and where\n"
	"  awaitd config show 'webhook hook'    one section; webhook: all "
	"of them\n"
	"  awaitd config show --running         what the service goes by\n"
	"  awaitd config keys endpoint          every key of [endpoint NAME]\n"
	"  $EDITOR \"$(awaitd config path)\"      the file that is read\n",
    .options = config_options,
    .noptions = ARRAY_LEN(config_options),
    .options_size = sizeof(struct config_options),
    .run = run,
};
