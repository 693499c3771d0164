/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd config keys: the table of keys, for who writes a configuration. */
#include "cmd/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/keys.h"

#define LINE_SIZE ((size_t)16 << 10)
#define WIDTH 79
#define INDENT 8

/* --- JSON ----------------------------------------------------------- */

static void
write_bound(struct jsonw *w, const char *name, const struct conf_key *key,
    void (*about)(const struct conf_key *key, struct buf *out))
{
	struct buf b;

	buf_init(&b, 64);
	about(key, &b);
	jsonw_opt(w, name, b.len > 0 ? b.data : NULL);
	buf_done(&b);
}

static void
write_choices(struct jsonw *w, const char *choices)
{
	size_t len;

	if (choices == NULL)
		return;
	jsonw_begin(w, "choices", '[');
	for (; *choices != '\0'; choices += len + (choices[len] == '|')) {
		len = strcspn(choices, "|");
		jsonw_strn(w, NULL, choices, len);
	}
	jsonw_end(w, ']');
}

static void
print_json(const struct conf_kind *kind, const struct conf_key *key)
{
	char *variable = conf_about_variable(kind, key);
	struct jsonw w;
	struct buf b;

	buf_init(&b, LINE_SIZE);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "section", kind->name);
	jsonw_bool(&w, "named", kind->named);
	jsonw_str(&w, "key", key->name);
	jsonw_str(&w, "type", conf_about_type(key));
	write_choices(&w, key->choices);
	write_bound(&w, "min", key, conf_about_min);
	write_bound(&w, "max", key, conf_about_max);
	jsonw_str(&w, "default", key->def);
	jsonw_bool(&w, "required", (key->flags & CONF_REQUIRED) != 0);
	jsonw_bool(&w, "restart", (key->flags & CONF_RESTART) != 0);
	jsonw_bool(&w, "secret",
	    key->type == CONF_SECRET || key->type == CONF_SECRETS);
	jsonw_opt(&w, "variable", variable);
	jsonw_str(&w, "help", key->help);
	jsonw_end(&w, '}');
	puts(b.data);
	buf_done(&b);
	free(variable);
}

/* --- text ----------------------------------------------------------- */

/* In lines that fit, broken at blanks. */
static void
print_wrapped(const char *text)
{
	size_t room = WIDTH - INDENT, len;

	while (*text != '\0') {
		len = strlen(text);
		if (len > room) {
			for (len = room; len > 0 && text[len] != ' '; len--)
				;
			if (len == 0)
				len = strcspn(text, " ");
		}
		printf("%*s%.*s\n", INDENT, "", (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
}

static void
add_bounds(const struct conf_key *key, struct buf *out)
{
	struct buf min, max;

	buf_init(&min, 64);
	buf_init(&max, 64);
	conf_about_min(key, &min);
	conf_about_max(key, &max);
	if (min.len > 0 && max.len > 0)
		buf_printf(out, " from %s to %s", min.data, max.data);
	else if (min.len > 0)
		buf_printf(out, ", at least %s", min.data);
	else if (max.len > 0)
		buf_printf(out, " up to %s", max.data);
	buf_done(&min);
	buf_done(&max);
}

static void
print_text(const struct conf_kind *kind, const struct conf_key *key)
{
	char *variable = conf_about_variable(kind, key);
	struct buf b;

	printf("    %s =%s%s\n", key->name, *key->def != '\0' ? " " : "",
	    key->def);
	buf_init(&b, LINE_SIZE);
	if (key->choices != NULL)
		buf_printf(&b, "%s", key->choices);
	else
		buf_puts(&b, conf_about_type(key));
	add_bounds(key, &b);
	buf_printf(&b, ": %s.", key->help);
	if ((key->flags & CONF_REQUIRED) != 0)
		buf_puts(&b, " It must be set.");
	if ((key->flags & CONF_RESTART) != 0)
		buf_puts(&b, " Needs a restart.");
	if (variable != NULL)
		buf_printf(&b, " %s", variable);
	print_wrapped(b.data);
	buf_done(&b);
	free(variable);
}

/* --- all of them ---------------------------------------------------- */

static void
print_kind(const struct conf_kind *kind, bool json, bool first)
{
	size_t i;

	if (!json)
		printf("%s[%s%s]\n", first ? "" : "\n", kind->name,
		    kind->named ? " NAME" : "");
	for (i = 0; i < conf_keys_len; i++) {
		if (!str_eq(conf_keys[i].section, kind->name))
			continue;
		if (json)
			print_json(kind, &conf_keys[i]);
		else
			print_text(kind, &conf_keys[i]);
	}
}

/* Of "webhook", "webhook NAME" and "webhook hook" the first word counts. */
static bool
is_kind(const struct conf_kind *kind, const char *section)
{
	size_t len = strcspn(section, " ");

	return strlen(kind->name) == len &&
	    memcmp(kind->name, section, len) == 0 &&
	    (kind->named || section[len] == '\0');
}

static int
refuse(const char *section)
{
	struct error err;
	struct buf known;
	size_t i;

	buf_init(&known, sizeof(err.hint) - 32);
	err_set(&err, ERR_NOT_FOUND, "there are no sections [%s]", section);
	for (i = 0; i < conf_kinds_len; i++)
		buf_printf(
		    &known, "%s%s", i > 0 ? ", " : "", conf_kinds[i].name);
	err_hint(&err, "There are %s.", known.data);
	for (i = 0; i < conf_kinds_len; i++) {
		if (str_near(conf_kinds[i].name, section))
			err_hint(
			    &err, "Did you mean \"%s\"?", conf_kinds[i].name);
	}
	buf_done(&known);
	return cmd_fail(&err);
}

static bool
is_wanted(const struct conf_kind *kind, char *const *sections, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		if (is_kind(kind, sections[i]))
			return true;
	}
	return n == 0;
}

int
config_keys(char *const *sections, int n, bool json)
{
	bool first = true;
	size_t j;
	int i;

	for (i = 0; i < n; i++) {
		for (j = 0; j < conf_kinds_len &&
		     !is_kind(&conf_kinds[j], sections[i]);
		     j++)
			;
		if (j == conf_kinds_len)
			return refuse(sections[i]);
	}
	for (j = 0; j < conf_kinds_len; j++) {
		if (!is_wanted(&conf_kinds[j], sections, n))
			continue;
		print_kind(&conf_kinds[j], json, first);
		first = false;
	}
	return STATUS_OK;
}
