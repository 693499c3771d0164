/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a job, told on stdout and stderr. */
#include "cmd/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "cmd/known.h"
#include "cmd/output.h"
#include "job/attemptjson.h"
#include "job/jobjson.h"

/* As large as what a service may say of one. */
#define JSON_MAX ((size_t)17 << 20)
/* Behind a key and a blank. */
#define VALUE_COLUMN 21

int
report_status(const struct job *job)
{
	if (job->state != JOB_DONE)
		return STATUS_NOT_READY;
	switch (job->outcome) {
	case OUTCOME_OK:
		return STATUS_OK;
	case OUTCOME_FAILED:
		return STATUS_FAILED;
	case OUTCOME_EXPIRED:
	case OUTCOME_CANCELLED:
		return STATUS_EXPIRED;
	case OUTCOME_NONE:
		break;
	}
	abort();
}

static void
print_json(struct buf *b)
{
	fwrite(b->data, 1, b->len, stdout);
	putchar('\n');
	buf_done(b);
}

void
report_json(const struct job *job, bool full)
{
	struct jsonw w;
	struct buf b;

	buf_init(&b, JSON_MAX);
	jsonw_init(&w, &b);
	jobjson_write(&w, job, full);
	print_json(&b);
}

void
report_delivery_json(const struct delivery *d, bool full)
{
	struct jsonw w;
	struct buf b;

	buf_init(&b, JSON_MAX);
	jsonw_init(&w, &b);
	jobjson_write_delivery(&w, d, full);
	print_json(&b);
}

void
report_attempt_json(const struct attempt_entry *e, bool full)
{
	struct jsonw w;
	struct buf b;

	buf_init(&b, JSON_MAX);
	jsonw_init(&w, &b);
	attemptjson_write(&w, e, full);
	print_json(&b);
}

const char *
report_delivery_state(const struct delivery *d)
{
	return delivery_quarantined(d) ? "quarantined"
				       : delivery_state_name(d->state);
}

/* Line ends and tabs, too. */
static bool
may_stand(const char *s, size_t n)
{
	if (n == 1 && (*s == '\n' || *s == '\t'))
		return true;
	return n > 0 && str_is_harmless(s, n);
}

void
report_words(FILE *out, const char *text, int column)
{
	size_t len = strlen(text), i = 0, n;

	while (len > 0 && text[len - 1] == '\n')
		len--;
	while (i < len) {
		n = str_utf8_len(text + i, len - i);
		if (may_stand(text + i, n)) {
			fwrite(text + i, 1, n, out);
			if (text[i] == '\n')
				fprintf(out, "%*s", column, "");
			i += n;
			continue;
		}
		do {
			fprintf(out, "\\x%02x", (unsigned char)text[i++]);
		} while (n-- > 1);
	}
	fputc('\n', out);
}

void
report_text(const char *key, const char *value)
{
	if (str_empty(value))
		return;
	printf("%-20s ", key);
	report_words(stdout, value, VALUE_COLUMN);
}

void
report_number(const char *key, int64_t value)
{
	printf("%-20s %lld\n", key, (long long)value);
}

void
report_instant(const char *key, int64_t at)
{
	char iso[TIMEFMT_ISO_SIZE];

	if (at == 0)
		return;
	timefmt_iso(at, iso);
	report_text(key, iso);
}

void
report_attempt(const struct attempt *a)
{
	report_text("  outcome", attempt_outcome_name(a->outcome));
	if (a->replay)
		report_text("  replay", "yes");
	report_instant("  started", a->started_at);
	report_instant("  ended", a->ended_at);
	if (a->started_at != 0 && a->ended_at >= a->started_at)
		report_number("  milliseconds", a->ended_at - a->started_at);
	report_text("  class", a->error_class);
	if (a->status != ATTEMPT_NO_STATUS)
		report_number("  status", a->status);
	report_text("  note", a->note);
	report_text("  response", a->response);
}

/* "Name: value\n" for each; without what a terminal would obey. */
static void
show_fields(const char *what, const char *text)
{
	char *copy, *rest, *line;

	if (text == NULL)
		return;
	printf("%s\n", what);
	copy = rest = xstrdup(text);
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (*line == '\0')
			continue;
		str_defang(line);
		printf("  %s\n", line);
	}
	free(copy);
}

void
report_entry(const struct attempt_entry *e)
{
	report_text("delivery", e->delivery);
	report_text("job", e->job);
	report_text("target", e->target);
	report_text("event", e->event);
	report_number("attempt", e->a.n);
	report_attempt(&e->a);
	if (e->next_attempt_at != 0)
		report_instant("next attempt", e->next_attempt_at);
	show_fields("request", e->a.request_headers);
	show_fields("answer", e->a.response_headers);
}

static void
print_success(const struct job *job)
{
	char span[TIMEFMT_SPAN_SIZE];

	timefmt_span(job->completed_at - job->created_at, span);
	fprintf(stderr, "awaitd: job %s ok: %lld bytes in %s\n", job->id,
	    (long long)job->result_size, span);
}

static void
print_failure(const struct app *app, const struct job *job)
{
	char code[80];

	snprintf(code, sizeof(code), "%s",
	    job->error_code != NULL ? job->error_code : "unknown");
	str_defang(code);
	fprintf(stderr, "awaitd: job %s %s (%s): ", job->id,
	    job_outcome_name(job->outcome), code);
	report_words(stderr, job->error_text != NULL ? job->error_text : "", 2);
	known_endpoint_refused(app, job);
}

void
report_job(const struct app *app, const struct job *job, bool full)
{
	if (app->globals->json)
		report_json(job, full);
	if (job->state != JOB_DONE) {
		if (!app->globals->json)
			fprintf(stderr, "awaitd: job %s is %s\n", job->id,
			    job_state_name(job->state));
	} else if (job->outcome == OUTCOME_OK) {
		if (!app->globals->quiet && !app->globals->json)
			print_success(job);
	} else {
		print_failure(app, job);
	}
}

int
report_end(struct app *app, const struct job *job, const struct client *service,
    const char *file)
{
	struct error err;
	bool bytes = file != NULL || !app->globals->json;

	if (job->outcome == OUTCOME_OK && bytes &&
	    output_write(app, job, service, file, &err) == -1) {
		err_prefix(&err,
		    "job %s is ok, but its result could not be "
		    "read",
		    job->id);
		if (err.hint[0] == '\0')
			err_hint(&err, "'awaitd result%s %s' tries again.",
			    app_same_server(app), job->id);
		cmd_fail(&err);
		return app->signo != 0 ? STATUS_SIGNAL + app->signo
				       : STATUS_ERROR;
	}
	report_job(app, job, false);
	return report_status(job);
}
