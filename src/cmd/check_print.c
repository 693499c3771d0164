/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of `awaitd check`: a table, plain lines, or JSON. */
#include "cmd/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "cmd/term.h"

#define JSON_MAX 65536
#define STATUS_WIDTH 7
#define NAME_WIDTH 13
#define INDENT (STATUS_WIDTH + 2 + NAME_WIDTH + 2)

static enum term_tone
tone_of(enum check_status status)
{
	switch (status) {
	case CHECK_OK:
		return TERM_GOOD;
	case CHECK_WARN:
		return TERM_WARN;
	case CHECK_FAIL:
		return TERM_BAD;
	case CHECK_SKIPPED:
		return TERM_FAINT;
	}
	abort();
}

/* As people should see it. */
static const char *
word_of(enum check_status status)
{
	return status == CHECK_FAIL ? "FAIL" : check_status_name(status);
}

/* Words from column `at` on, the lines behind the first at column `indent`.
 * A word that is longer than a line stays whole: it may be copied. */
static int
put_words(const char *s, int at, int indent, int max)
{
	while (*s != '\0') {
		size_t len = strcspn(s, " ");
		int n = term_width(s, len);

		if (max > 0 && at + 1 + n > max && at > indent) {
			printf("\n%*s", indent, "");
			at = indent;
		} else if (at > indent) {
			putchar(' ');
			at++;
		}
		fwrite(s, 1, len, stdout);
		at += n;
		s += len;
		s += strspn(s, " ");
	}
	return at;
}

/* One cause often fails several rows in a row. */
static bool
is_as_above(const struct check_probe *p)
{
	const struct check *c = p->check;
	const char *above =
	    c != NULL && c->shown > 1 ? c->v[c->shown - 2]->remedy : NULL;

	return above != NULL && str_eq(above, p->remedy);
}

static void
print_text(const struct check_probe *p)
{
	enum term_tone tone = tone_of(p->status);
	struct term term;
	int max, at = INDENT;

	term_of(stdout, &term);
	max = term.width;
	printf("%s%-*s%s  %-*s  ", term_tone(&term, tone), STATUS_WIDTH,
	    word_of(p->status), term_tone_end(&term, tone), NAME_WIDTH,
	    p->kind->name);
	at = put_words(p->subject, at, INDENT, max);
	putchar(':');
	put_words(p->detail, at + 1, INDENT, max);
	putchar('\n');
	if (p->remedy == NULL)
		return;
	printf("%*s", INDENT + 2, "");
	put_words(is_as_above(p) ? "As above." : p->remedy, INDENT + 2,
	    INDENT + 2, max);
	putchar('\n');
}

static void
print_json(const struct check_probe *p)
{
	struct jsonw w;
	struct buf b;

	buf_init(&b, JSON_MAX);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "check", p->kind->name);
	jsonw_str(&w, "subject", p->subject);
	jsonw_str(&w, "status", check_status_name(p->status));
	jsonw_str(&w, "detail", p->detail);
	jsonw_str(&w, "remedy", p->remedy != NULL ? p->remedy : "");
	jsonw_int(&w, "ms", p->ms);
	jsonw_end(&w, '}');
	puts(b.data);
	buf_done(&b);
}

void
check_print_row(const struct app *app, const struct check_probe *p)
{
	if (app->globals->json)
		print_json(p);
	else
		print_text(p);
}

void
check_print(struct check *c)
{
	size_t was = c->shown;

	while (c->shown < c->n && c->v[c->shown]->done)
		check_print_row(c->app, c->v[c->shown++]);
	if (c->shown > was)
		fflush(stdout);
}
