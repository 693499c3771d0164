/* SPDX-License-Identifier: Apache-2.0 */
/* Completion: what a line that is being written has so far, and what fits. */
#include "cmd/complete.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "cmd/words.h"

#define LIMIT_S 1

struct line {
	const struct cmd *cmd;
	struct cmd_globals globals;
	/* Tables of options, and which rows of them were used. */
	const struct cmd_option *sets[3];
	size_t n[3];
	bool *used[3];
	const struct cmd_option *pending; /* its value is next */
	bool dashes; /* behind "--": no options any more */
	int nargs;
};

/* --- what is written ------------------------------------------------ */

static bool
wants_value(const struct cmd_option *o)
{
	return o->type != OPT_FLAG && !option_may_lack_value(o);
}

static void
use(struct line *l, int set, size_t i, const char *value)
{
	const struct cmd_option *o = &l->sets[set][i];
	void *field = (char *)&l->globals + o->offset;

	l->used[set][i] = o->type != OPT_LIST;
	if (value == NULL && wants_value(o))
		l->pending = o;
	if (value == NULL || set != 0)
		return;
	/* Where the configuration is, and the service. */
	if (o->type == OPT_TEXT)
		*(const char **)field = value;
	else if (o->type == OPT_LIST)
		option_list_add(field, value);
}

/* A whole name, as options_parse() would take it; letter 0: not by that. */
static bool
take_option(
    struct line *l, const char *name, size_t len, int letter, const char *value)
{
	size_t i;
	int set;

	for (set = 0; set < 3; set++) {
		for (i = 0; i < l->n[set]; i++) {
			const struct cmd_option *o = &l->sets[set][i];

			if (letter != 0 ? o->letter != letter
					: strlen(o->name) != len ||
				    strncmp(o->name, name, len) != 0)
				continue;
			use(l, set, i, value);
			return true;
		}
	}
	return false;
}

static void
take_long(struct line *l, const char *word)
{
	size_t len = strcspn(word, "=");

	take_option(l, word, len, 0, word[len] == '=' ? word + len + 1 : NULL);
}

/* -jq, -cFILE, -c FILE */
static void
take_short(struct line *l, const char *p)
{
	for (; *p != '\0'; p++) {
		if (!take_option(l, NULL, 0, *p, NULL))
			return;
		if (l->pending == NULL)
			continue;
		if (p[1] != '\0') {
			l->pending = NULL;
			take_option(l, NULL, 0, *p, p + 1);
		}
		return;
	}
}

static void
take_word(struct line *l, const char *word)
{
	const char *name;

	if (l->pending != NULL) {
		name = l->pending->name;
		l->pending = NULL;
		take_option(l, name, strlen(name), 0, word);
	} else if (l->dashes || word[0] != '-' || word[1] == '\0') {
		l->nargs++;
	} else if (str_eq(word, "--")) {
		l->dashes = true;
	} else if (word[1] == '-') {
		take_long(l, word + 2);
	} else {
		take_short(l, word + 1);
	}
}

static void
line_init(struct line *l, const struct cmd *cmd)
{
	int set;

	*l = (struct line){
	    .cmd = cmd,
	    .sets = {cmd_global_options, cmd->options, cmd->shared},
	    .n = {cmd_global_options_len, cmd->noptions,
		cmd->nshared != NULL ? *cmd->nshared : 0},
	};
	for (set = 0; set < 3; set++)
		l->used[set] = xcalloc(l->n[set] + 1, sizeof(bool));
}

static void
line_done(struct line *l)
{
	int set;

	for (set = 0; set < 3; set++)
		free(l->used[set]);
	option_list_done(&l->globals.sets);
}

/* --- what fits ------------------------------------------------------ */

static void
say(const char *kind)
{
	puts(kind);
}

/* True: the shell does it. */
static bool
is_shells(const char *metavar)
{
	enum words_kind kind = words_kind(metavar);

	if (kind != WORDS_FILES && kind != WORDS_FOLDERS)
		return false;
	say(kind == WORDS_FILES ? "files" : "folders");
	return true;
}

static void
put_value(const struct line *l, const char *metavar, const char *prefix,
    const char *before)
{
	struct words w = {l->cmd->name, &l->globals, prefix, before};

	if (is_shells(metavar))
		return;
	say("words");
	words_list(&w, metavar);
}

static void
put_options(const struct line *l, const char *prefix)
{
	/* Those of the command in front of those of all commands. */
	static const int order[] = {2, 1, 0};
	struct words w = {l->cmd->name, &l->globals, prefix + 2, "--"};
	size_t i, k;

	say("words");
	/* "-" alone: names tell more than letters. */
	if (prefix[1] == '\0')
		w.prefix = "";
	else if (prefix[1] != '-')
		return;
	for (k = 0; k < ARRAY_LEN(order); k++) {
		for (i = 0; i < l->n[order[k]]; i++) {
			if (!l->used[order[k]][i])
				words_put(&w, l->sets[order[k]][i].name,
				    l->sets[order[k]][i].help);
		}
	}
}

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* The next run of such characters from *p on; false: there is none. */
static bool
next_name(const char **p, const char *of, char name[32])
{
	size_t len;

	*p += strcspn(*p, of);
	len = strspn(*p, of);
	snprintf(name, 32, "%.*s", (int)len, *p);
	*p += len;
	return len > 0;
}

/*
 * Of "[JOB|DELIVERY...]" the names; of "[show [SECTION...] | path]" the words
 * themselves come first.
 */
static void
put_args(const struct line *l, const char *prefix)
{
	struct words w = {l->cmd->name, &l->globals, prefix, ""};
	const char *p = l->cmd->args, *verb = strpbrk(p, LETTERS);
	char name[32], last[32] = "";

	if (l->nargs > 0 && strstr(p, "...") == NULL) {
		say("words");
		return;
	}
	if (l->nargs == 0 && verb != NULL) {
		say("words");
		while (next_name(&p, LETTERS, name))
			words_put(&w, name, NULL);
		return;
	}
	if (next_name(&p, CAPITALS, name) && is_shells(name))
		return;
	say("words");
	p = l->cmd->args;
	while (next_name(&p, CAPITALS, name)) {
		if (!str_eq(name, last))
			words_list(&w, name);
		memcpy(last, name, sizeof(last));
	}
}

static const struct cmd_option *
option_of(const struct line *l, const char *name, size_t len)
{
	size_t i;
	int set;

	for (set = 0; set < 3; set++) {
		for (i = 0; i < l->n[set]; i++) {
			const struct cmd_option *o = &l->sets[set][i];

			if (strlen(o->name) == len &&
			    strncmp(o->name, name, len) == 0)
				return o;
		}
	}
	return NULL;
}

/* --NAME=... */
static void
put_inline(const struct line *l, const char *word)
{
	size_t len = strcspn(word, "=") + 1;
	const struct cmd_option *o = option_of(l, word + 2, len - 3);
	char *before;

	if (o == NULL || o->metavar == NULL) {
		say("words");
		return;
	}
	before = xasprintf("%.*s", (int)len, word);
	put_value(l, o->metavar, word + len, before);
	free(before);
}

static void
put_first(const char *prefix)
{
	struct cmd_globals none = {0};
	struct words w = {"", &none, prefix, ""};

	say("words");
	words_list(&w, "COMMAND");
	if (*prefix == '-') {
		words_put(&w, "--help", "tell what awaitd does");
		words_put(&w, "--version", "print the version");
	}
}

/* --- the line ------------------------------------------------------- */

static void
on_alarm(int signo)
{
	(void)signo;
	_exit(STATUS_OK);
}

int
complete_main(int nwords, char **words)
{
	const char *last = nwords > 0 ? words[nwords - 1] : "";
	const struct cmd *cmd;
	struct line l;
	int i;

	/* What was found in time is out by then. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGALRM, on_alarm);
	alarm(LIMIT_S);
	if (nwords <= 1) {
		put_first(last);
		return STATUS_OK;
	}
	cmd = cmd_find(words[0]);
	if (cmd == NULL) {
		say("words");
		return STATUS_OK;
	}
	line_init(&l, cmd);
	for (i = 1; i < nwords - 1; i++)
		take_word(&l, words[i]);
	if (l.pending != NULL)
		put_value(&l, l.pending->metavar, last, "");
	else if (!l.dashes && str_starts(last, "--") && strchr(last, '='))
		put_inline(&l, last);
	else if (!l.dashes && *last == '-')
		put_options(&l, last);
	else
		put_args(&l, last);
	line_done(&l);
	return STATUS_OK;
}
