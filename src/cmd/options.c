/* SPDX-License-Identifier: Apache-2.0 */
/* Options from tables, over getopt_long. */
#include "cmd/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "base/str.h"

#define OPTIONS_MAX 64
/* getopt's value of the first option; its place is the rest. */
#define FIRST_VALUE 256
#define HELP_COLUMN 32
#define INTERVAL_MIN_MS 50
#define A_TIME "a time such as 500ms, 5s, 2m or 1h"

struct row {
	const struct cmd_option *option;
	void *values;
};

struct option_table {
	struct row rows[OPTIONS_MAX];
	int n;
	struct option longs[OPTIONS_MAX + 1];
	char shorts[OPTIONS_MAX * 2 + 2];
};

bool
option_may_lack_value(const struct cmd_option *o)
{
	return o->type == OPT_DURATION_IF || o->type == OPT_TEXT_IF;
}

static void
fill_table(struct option_table *t, const struct option_set *sets, size_t nsets)
{
	size_t s, i, len = 0;

	memset(t, 0, sizeof(*t));
	t->shorts[len++] = ':';
	for (s = 0; s < nsets; s++) {
		for (i = 0; i < sets[s].n; i++) {
			const struct cmd_option *o = &sets[s].options[i];
			bool arg = o->type != OPT_FLAG;
			bool may = option_may_lack_value(o);

			if (t->n == OPTIONS_MAX)
				abort();
			t->longs[t->n].name = o->name;
			t->longs[t->n].has_arg = may ? optional_argument
			    : arg                    ? required_argument
						     : no_argument;
			t->longs[t->n].val = FIRST_VALUE + t->n;
			t->rows[t->n].option = o;
			t->rows[t->n++].values = sets[s].values;
			if (o->letter != 0)
				t->shorts[len++] = (char)o->letter;
			if (o->letter != 0 && arg)
				t->shorts[len++] = ':';
		}
	}
}

static const struct row *
row_of(const struct option_table *t, int value)
{
	int i;

	if (value >= FIRST_VALUE)
		return &t->rows[value - FIRST_VALUE];
	for (i = 0; i < t->n; i++) {
		if (t->rows[i].option->letter == value)
			return &t->rows[i];
	}
	abort();
}

static int
bad_value(const struct cmd_option *o, const char *arg, const char *want,
    struct error *err)
{
	return err_set(
	    err, ERR_USAGE, "--%s %s: it must be %s", o->name, arg, want);
}

static int
set_value(const struct row *row, const char *arg, struct error *err)
{
	const struct cmd_option *o = row->option;
	void *field = (char *)row->values + o->offset;

	if (arg != NULL && *arg == '\0')
		return err_set(
		    err, ERR_USAGE, "--%s: it must not be empty", o->name);
	switch (o->type) {
	case OPT_FLAG:
		*(bool *)field = true;
		return 0;
	case OPT_TEXT:
	case OPT_TEXT_IF:
		*(const char **)field = arg != NULL ? arg : "";
		return 0;
	case OPT_DURATION:
		if (str_to_duration_ms(arg, field) == -1)
			return bad_value(o, arg, A_TIME, err);
		return 0;
	case OPT_INTERVAL:
		if (str_to_duration_ms(arg, field) == -1)
			return bad_value(o, arg, A_TIME, err);
		if (*(int64_t *)field < INTERVAL_MIN_MS)
			return bad_value(o, arg, "at least 50ms", err);
		return 0;
	case OPT_DURATION_IF:
		if (arg == NULL)
			*(int64_t *)field = OPT_NO_DURATION;
		else if (str_to_duration_ms(arg, field) == -1 ||
		    *(int64_t *)field == 0)
			return bad_value(o, arg, A_TIME, err);
		return 0;
	case OPT_COUNT:
		if (str_to_i64(arg, 1, INT32_MAX, field) == -1)
			return bad_value(
			    o, arg, "a whole number, at least 1", err);
		return 0;
	case OPT_LIST:
		option_list_add(field, arg);
		return 0;
	}
	abort();
}

/* --timout, or -timeout, or one that several begin with. */
static void
suggest(const struct option_table *t, const char *word, struct error *err)
{
	const char *name = word + strspn(word, "-");
	size_t len = strcspn(name, "=");
	struct near near;
	char written[64];
	int i;

	if (word[0] != '-' || len < 2 || len >= sizeof(written))
		return;
	snprintf(written, sizeof(written), "%.*s", (int)len, name);
	near_init(&near, written);
	for (i = 0; i < t->n; i++)
		near_try(&near, t->longs[i].name);
	if (near.best != NULL)
		err_hint(err, "Did you mean --%s?", near.best);
}

/* Written short, where several begin so: getopt takes none of them. */
static bool
is_ambiguous(const struct option_table *t, const char *word)
{
	size_t len = strcspn(word, "=");
	int i, n = 0;

	for (i = 0; i < t->n && len > 2; i++)
		n += strncmp(t->longs[i].name, word + 2, len - 2) == 0;
	return n > 1;
}

static int
usage_error(
    const struct option_table *t, int value, char **argv, struct error *err)
{
	const char *word = argv[optind - 1];

	if (value == ':')
		err_set(err, ERR_USAGE, "%s needs a value", word);
	else if (optopt >= FIRST_VALUE)
		err_set(err, ERR_USAGE, "%s: --%.*s takes no value", word,
		    (int)strcspn(word + 2, "="), word + 2);
	else if (optopt != 0)
		err_set(err, ERR_USAGE, "unknown option -%c", optopt);
	else if (is_ambiguous(t, word))
		err_set(err, ERR_USAGE, "%s may be several options", word);
	else
		err_set(err, ERR_USAGE, "unknown option %s", word);
	err_hint(err, "See 'awaitd %s --help'.", argv[0]);
	if (value != ':' && optopt < FIRST_VALUE)
		suggest(t, word, err);
	return -1;
}

int
options_parse(const struct option_set *sets, size_t nsets, int argc,
    char **argv, int *nargs, struct error *err)
{
	struct option_table t;
	int value, i;

	fill_table(&t, sets, nsets);
	optind = 0; /* glibc: start anew */
	opterr = 0;
	while (
	    (value = getopt_long(argc, argv, t.shorts, t.longs, NULL)) != -1) {
		if (value == '?' || value == ':')
			return usage_error(&t, value, argv, err);
		if (set_value(row_of(&t, value), optarg, err) == -1)
			return -1;
	}
	*nargs = argc - optind;
	for (i = 0; i < *nargs; i++)
		argv[i] = argv[optind + i];
	return 0;
}

void
options_help(const struct cmd_option *options, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const struct cmd_option *o = &options[i];
		char left[80], letter[8] = "";

		if (o->letter != 0)
			snprintf(letter, sizeof(letter), "-%c, ", o->letter);
		snprintf(left, sizeof(left), "  %4s--%s%s%s%s", letter, o->name,
		    o->metavar == NULL             ? ""
			: option_may_lack_value(o) ? "[="
						   : " ",
		    o->metavar != NULL ? o->metavar : "",
		    option_may_lack_value(o) ? "]" : "");
		printf("%-*s %s\n", HELP_COLUMN, left, o->help);
	}
}

void
option_list_add(struct option_list *list, const char *value)
{
	list->v = xreallocarray(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = value;
}

void
option_list_done(struct option_list *list)
{
	free(list->v);
	memset(list, 0, sizeof(*list));
}
