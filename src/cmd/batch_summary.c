/* SPDX-License-Identifier: Apache-2.0 */
/* What became of a batch, by reason. */
#include "cmd/batch_summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonw.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "cmd/batch_progress.h"

/* More kinds than that are one. */
#define REASONS_MAX 500
#define REASONS_SHOWN 10
#define JSON_MAX ((size_t)1 << 20)
/* What is as long, or has as many digits in a row, is some number of a job. */
#define WORD_LEN 20
#define DIGITS_LEN 4

struct reason {
	char *key; /* label, code and text, with '\n' between them */
	const char *code; /* in it */
	const char *text;
	size_t n;
	char job[JOBID_SIZE]; /* one of them, or "" */
};

struct reasons {
	struct map map;
	struct reason *v[REASONS_MAX + 1];
	size_t n;
	size_t ok, bad;
	int status;
};

/* --- reasons ------------------------------------------------------------ */

static bool
is_word(unsigned char c)
{
	return str_is_alnum(c) || c == '-' || c == '_';
}

/* The length of a word that is left out, or 0. */
static size_t
odd_word(const char *s)
{
	size_t len = 0, digits = 0;

	while (is_word((unsigned char)s[len])) {
		digits += s[len] >= '0' && s[len] <= '9';
		len++;
	}
	if ((len >= WORD_LEN && digits >= 2) ||
	    (digits == len && len >= DIGITS_LEN))
		return len;
	return 0;
}

void
batch_reason(const char *text, char out[BATCH_REASON_SIZE])
{
	static const char left_out[] = "...";
	size_t to = 0, len;
	bool begins = true;

	while (*text == '\n' || *text == ' ')
		text++;
	while (*text != '\0' && *text != '\n' && to + 8 < BATCH_REASON_SIZE) {
		len = begins ? odd_word(text) : 0;
		if (len > 0) {
			memcpy(out + to, left_out, sizeof(left_out) - 1);
			to += sizeof(left_out) - 1;
			text += len;
			begins = false;
			continue;
		}
		begins = !is_word((unsigned char)*text);
		out[to++] = *text++;
	}
	out[to] = '\0';
	str_defang(out);
}

static const void *
reason_key(const void *item, size_t *len)
{
	const struct reason *r = item;

	*len = strlen(r->key);
	return r->key;
}

static struct reason *
find(struct reasons *all, const char *label, const char *code, const char *text)
{
	char *key = xasprintf("%s\n%s\n%s", label, code, text);
	struct reason *r = map_find(&all->map, key, strlen(key));

	if (r == NULL && all->n >= REASONS_MAX) {
		free(key);
		key = xstrdup("failed\nother\nreasons of other kinds");
		r = map_find(&all->map, key, strlen(key));
	}
	if (r != NULL) {
		free(key);
		return r;
	}
	r = xcalloc(1, sizeof(*r));
	r->key = key;
	map_add(&all->map, r);
	all->v[all->n++] = r;
	return r;
}

static int
status_of(const char *outcome)
{
	if (str_eq(outcome, "ok"))
		return STATUS_OK;
	if (str_eq(outcome, "expired") || str_eq(outcome, "cancelled"))
		return STATUS_EXPIRED;
	return STATUS_FAILED;
}

/* A model that failed, and a service that refused, are both "failed". */
static const char *
label_of(const char *outcome, const char *code)
{
	return str_eq(code, "refused") ? code : outcome;
}

static int
on_line(const struct json *line, void *arg, struct error *err)
{
	struct reasons *all = arg;
	const char *outcome = json_get_str(line, "outcome");
	const char *code = json_get_str(line, "error_code");
	const char *text = json_get_str(line, "error");
	const char *job = json_get_str(line, "job");
	char plain[BATCH_REASON_SIZE], plain_code[64];
	struct reason *r;

	(void)err;
	if (outcome == NULL)
		return 0;
	if (status_of(outcome) > all->status)
		all->status = status_of(outcome);
	if (str_eq(outcome, "ok")) {
		all->ok++;
		return 0;
	}
	all->bad++;
	batch_reason(text != NULL ? text : "", plain);
	snprintf(
	    plain_code, sizeof(plain_code), "%s", code != NULL ? code : "");
	str_defang(plain_code);
	r = find(all, label_of(outcome, plain_code), plain_code, plain);
	r->n++;
	if (job != NULL && r->job[0] == '\0' && jobid_ok(job))
		memcpy(r->job, job, JOBID_SIZE);
	return 0;
}

static int
by_size(const void *a, const void *b)
{
	const struct reason *x = *(struct reason *const *)a;
	const struct reason *y = *(struct reason *const *)b;

	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return strcmp(x->key, y->key);
}

/* Largest first; nothing is looked for any more. */
static void
settle(struct reasons *all)
{
	char *code, *text;
	size_t i;

	map_done(&all->map);
	if (all->n > 0)
		qsort(all->v, all->n, sizeof(struct reason *), by_size);
	for (i = 0; i < all->n; i++) {
		code = strchr(all->v[i]->key, '\n');
		*code++ = '\0';
		text = strchr(code, '\n');
		*text++ = '\0';
		all->v[i]->code = code;
		all->v[i]->text = text;
	}
}

static void
forget(struct reasons *all)
{
	while (all->n > 0) {
		free(all->v[--all->n]->key);
		free(all->v[all->n]);
	}
}

/* --- for people --------------------------------------------------------- */

static void
print_reason(const struct batch_summary *s, const struct reason *r)
{
	char n[BATCH_COUNT_SIZE];
	bool twice = *r->code == '\0' || str_eq(r->code, r->key);

	batch_count_format(r->n, n);
	fprintf(stderr, "awaitd:   %s %s%s%s%s%s%s", n, r->key,
	    twice ? "" : " (", twice ? "" : r->code, twice ? "" : ")",
	    *r->text != '\0' ? ": " : "", r->text);
	if (r->job[0] != '\0')
		fprintf(stderr, "\nawaitd:     'awaitd show%s %s' tells more",
		    app_same_server(s->app), r->job);
	fputc('\n', stderr);
}

static void
print_rest(const struct reasons *all)
{
	size_t i, rest = 0;
	char n[BATCH_COUNT_SIZE];

	for (i = REASONS_SHOWN; i < all->n; i++)
		rest += all->v[i]->n;
	if (rest == 0)
		return;
	batch_count_format(rest, n);
	fprintf(stderr, "awaitd:   %s for %zu other reasons\n", n,
	    all->n - REASONS_SHOWN);
}

static void
print_odd(const struct batch_summary *s, size_t n, const char *what,
    const struct error *why, const char *todo)
{
	char count[BATCH_COUNT_SIZE];

	if (n == 0)
		return;
	batch_count_format(n, count);
	fprintf(stderr,
	    "awaitd:   %s %s: %s\nawaitd:     'awaitd batch%s -O %s%s' %s\n",
	    count, what, why->text, app_same_server(s->app), s->dir, todo,
	    *todo != '\0' ? "asks for them anew" : "reads them again");
}

static void
print_all(const struct batch_summary *s, const struct reasons *all)
{
	char ok[BATCH_COUNT_SIZE], total[BATCH_COUNT_SIZE],
	    not [BATCH_COUNT_SIZE];
	char span[TIMEFMT_SPAN_SIZE];
	size_t i, bad = all->bad + s->lost + s->unread;

	batch_count_format(all->ok, ok);
	batch_count_format(s->plan->n, total);
	batch_count_format(bad, not );
	timefmt_span(s->took_ms, span);
	if (bad == 0) {
		fprintf(stderr, "awaitd: %s of %s ok in %s\n", ok, total, span);
		return;
	}
	fprintf(stderr, "awaitd: %s of %s ok in %s, %s not:\n", ok, total, span,
	    not );
	for (i = 0; i < all->n && i < REASONS_SHOWN; i++)
		print_reason(s, all->v[i]);
	print_rest(all);
	print_odd(s, s->lost, "lost", s->lost_why, " --resend-lost");
	print_odd(s, s->unread, "not read", s->unread_why, "");
	if (all->bad > 0)
		fprintf(stderr,
		    "awaitd: %s/" BATCH_RESULTS " tells of each; 'awaitd "
		    "batch%s -O %s --retry-failed' asks for those that failed "
		    "once more\n",
		    s->dir, app_same_server(s->app), s->dir);
}

/* --- for programs ------------------------------------------------------- */

static void
print_json(const struct batch_summary *s, const struct reasons *all, int status)
{
	const struct reason *r;
	struct jsonw w;
	struct buf b;
	size_t i;

	buf_init(&b, JSON_MAX);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "batch", s->plan->batch);
	jsonw_str(&w, "output", s->plan->dir);
	jsonw_int(&w, "inputs", (int64_t)s->plan->n);
	jsonw_int(&w, "ok", (int64_t)all->ok);
	jsonw_int(&w, "not_ok", (int64_t)all->bad);
	jsonw_int(&w, "lost", (int64_t)s->lost);
	jsonw_int(&w, "not_read", (int64_t)s->unread);
	jsonw_int(&w, "open",
	    (int64_t)(s->plan->n - all->ok - all->bad - s->lost - s->unread));
	jsonw_begin(&w, "reasons", '[');
	for (i = 0; i < all->n; i++) {
		r = all->v[i];
		jsonw_begin(&w, NULL, '{');
		jsonw_int(&w, "n", (int64_t)r->n);
		jsonw_str(&w, "outcome", r->key);
		jsonw_opt(&w, "error_code", r->code);
		jsonw_opt(&w, "error", r->text);
		jsonw_opt(&w, "job", r->job);
		jsonw_end(&w, '}');
	}
	jsonw_end(&w, ']');
	jsonw_int(&w, "took_ms", s->took_ms);
	jsonw_int(&w, "status", status);
	jsonw_end(&w, '}');
	puts(b.data);
	buf_done(&b);
}

int
batch_summarize(const struct batch_summary *s)
{
	struct reasons all = {.status = s->status};
	const struct cmd_globals *g = s->app->globals;
	struct error err;

	map_init(&all.map, reason_key);
	if (batch_results_each(s->results, on_line, &all, &err) == -1) {
		cmd_fail(&err);
		if (all.status < STATUS_ERROR)
			all.status = STATUS_ERROR;
	}
	if (s->lost + s->unread > 0 && all.status < STATUS_ERROR)
		all.status = STATUS_ERROR;
	settle(&all);
	if (!g->quiet || all.bad + s->lost + s->unread > 0)
		print_all(s, &all);
	if (g->json)
		print_json(s, &all, all.status);
	forget(&all);
	return all.status;
}
