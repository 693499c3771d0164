/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd config: every value in force and where it comes from. */
#include "cmd/app.h"
#include "cmd/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/proxy.h"

#define JSON_MAX 65536

struct printing {
	bool json;
	char *section; /* the last one printed, or NULL */
};

static void
print_json(
    const char *section, const char *key, const char *value, const char *source)
{
	struct jsonw w;
	struct buf b;

	buf_init(&b, JSON_MAX);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "section", section);
	jsonw_str(&w, "key", key);
	jsonw_str(&w, "value", value);
	jsonw_str(&w, "source", source);
	jsonw_end(&w, '}');
	puts(b.data);
	buf_done(&b);
}

static void
print_text(struct printing *p, const char *section, const char *key,
    const char *value, const char *source)
{
	if (p->section == NULL || !str_eq(p->section, section)) {
		printf("%s[%s]\n", p->section != NULL ? "\n" : "", section);
		free(p->section);
		p->section = xstrdup(section);
	}
	printf("# %s\n%s = %s\n", source, key, value);
}

static void
print_value(const char *section, const char *key, const char *value,
    const char *source, void *arg)
{
	struct printing *p = arg;
	char *shown = NULL;

	/* The one value that may hold a password. */
	if (str_eq(key, "proxy") && strchr(value, '@') != NULL)
		value = shown = proxy_name(value);
	if (p->json)
		print_json(section, key, value, source);
	else
		print_text(p, section, key, value, source);
	free(shown);
}

static int
run(const struct cmd_line *line)
{
	struct printing p = {.json = line->globals->json};
	struct app app;
	struct error err;

	if (line->nargs > 0) {
		err_set(&err, ERR_USAGE,
		    "config takes no argument such as "
		    "\"%s\"",
		    line->args[0]);
		return cmd_fail(&err);
	}
	if (app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	if (!line->globals->json)
		printf("# file: %s\n",
		    app.conf->file != NULL ? app.conf->file : "none");
	conf_show(app.conf, print_value, &p);
	free(p.section);
	app_done(&app);
	return STATUS_OK;
}

const struct cmd cmd_config = {
    .name = "config",
    .group = GROUP_OPERATE,
    .args = "",
    .summary = "Print every value in force and where it comes from",
    .examples = "  awaitd config -c awaitd.conf\n",
    .run = run,
};
