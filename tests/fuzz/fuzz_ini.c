/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration and AWS's shared files from anybody: each entry has to be a
 * clean piece of one line, and an error has to name a line that exists.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/ini.h"
#include "base/str.h"
#include "net/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct count {
	int last_line;
	int lines;
	size_t entries;
	size_t stop_at; /* fail at this entry */
};

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static bool
is_clean(const char *s)
{
	size_t n = strlen(s);

	return header_value_ok(s) &&
	    (n == 0 ||
		(strchr(" \t", s[0]) == NULL &&
		    strchr(" \t", s[n - 1]) == NULL));
}

static int
take(const struct ini_entry *e, void *arg, struct error *err)
{
	struct count *c = arg;

	must(e->line > c->last_line && e->line <= c->lines);
	must(is_clean(e->section) && is_clean(e->key) && is_clean(e->value));
	must(e->parent == NULL || (*e->parent != '\0' && *e->key != '\0'));
	must(*e->key != '\0' || (*e->section != '\0' && *e->value == '\0'));
	must(strchr(e->key, '=') == NULL);
	c->last_line = e->line;
	if (++c->entries == c->stop_at)
		return err_set(err, ERR_CONFIG, "stopped");
	return 0;
}

static void
parse(const char *text, size_t size, enum ini_style style, size_t stop_at)
{
	struct count c = {.lines = 1, .stop_at = stop_at};
	struct error err;
	size_t i;
	int rc;

	for (i = 0; i < size; i++)
		c.lines += text[i] == '\n';
	error_clear(&err);
	rc = ini_parse("f", text, size, style, take, &c, &err);
	must(rc == 0 || (err.code == ERR_CONFIG && str_starts(err.text, "f:")));
	if (stop_at > 0 && c.entries >= stop_at)
		must(rc == -1 && c.entries == stop_at);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;

	parse(text, size, INI_PLAIN, 0);
	parse(text, size, INI_NESTED, 0);
	parse(text, size, INI_NESTED, 2);
	return 0;
}
