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
#include "cmd/output.h"
#include "job/jobjson.h"

#define JSON_MAX (1024 * 1024)

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

void
report_json(const struct job *job, bool full)
{
	struct jsonw w;
	struct buf b;

	buf_init(&b, JSON_MAX);
	jsonw_init(&w, &b);
	jobjson_write(&w, job, full);
	fwrite(b.data, 1, b.len, stdout);
	putchar('\n');
	buf_done(&b);
}

/* Line ends and tabs; no other control, be it of ASCII or of U+0080 on. */
static bool
is_harmless(const char *s, size_t n)
{
	unsigned char c = (unsigned char)s[0];

	if (n == 1)
		return (c >= 0x20 && c != 0x7f) || c == '\n' || c == '\t';
	return n > 1 && !(c == 0xc2 && (unsigned char)s[1] < 0xa0);
}

void
report_words(FILE *out, const char *text)
{
	size_t len = strlen(text), i = 0, n;

	while (len > 0 && text[len - 1] == '\n')
		len--;
	while (i < len) {
		n = str_utf8_len(text + i, len - i);
		if (is_harmless(text + i, n)) {
			fwrite(text + i, 1, n, out);
			i += n;
			continue;
		}
		do {
			fprintf(out, "\\x%02x", (unsigned char)text[i++]);
		} while (n-- > 1);
	}
	fputc('\n', out);
}

static void
print_success(const struct job *job)
{
	char span[TIMEFMT_SPAN_SIZE];

	timefmt_span(job->completed_at - job->created_at, span);
	fprintf(stderr, "awaitd: job %s ok: %lld bytes in %s\n", job->id,
	    (long long)job->result_size, span);
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
		fprintf(stderr, "awaitd: job %s %s (%s): ", job->id,
		    job_outcome_name(job->outcome),
		    job->error_code != NULL ? job->error_code : "unknown");
		report_words(
		    stderr, job->error_text != NULL ? job->error_text : "");
	}
}

<<<<<<< HEAD
/* --- bytes ---------------------------------------------------------- */

struct fetching {
	struct loop *loop;
	bool ended;
	int rc;
	struct error *err;
};

static void
on_fetched(const struct error *err, void *arg)
{
	struct fetching *f = arg;

	f->ended = true;
	if (err != NULL) {
		*f->err = *err;
		f->rc = -1;
	}
	loop_stop(f->loop);
}

static int
fetch_to(struct app *app, const struct job *job, int fd, struct error *err)
{
	struct fetching f = {.loop = app->loop, .err = err};
	struct fetch_options to = {
	    .loop = app->loop,
	    .uri = job->result_location,
	    .etag = job->result_etag,
	    .fd = fd,
	};
	struct fetch *fetch;

	if (sites_get(app->sites, job->spec.region, &to.site, err) == -1 ||
	    fetch_start(&to, on_fetched, &f, &fetch, err) == -1)
		return -1;
	if (app->signo == 0)
		loop_run(app->loop);
	if (!f.ended) {
		fetch_cancel(fetch);
		return err_set(err, ERR_CANCELLED, "interrupted");
	}
	return f.rc;
}

/* Under its own name only when it is whole. */
static int
fetch_to_file(
    struct app *app, const struct job *job, const char *file, struct error *err)
{
	char *part = xasprintf("%s.%s.part", file, job->id);
	int fd, rc = -1;

	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
	    (mode_t)0666);
	if (fd == -1) {
		err_set_errno(err, ERR_IO, "create %s", part);
		free(part);
		return -1;
	}
	rc = fetch_to(app, job, fd, err);
	if (rc == 0 && fsync(fd) == -1 && errno != EINVAL)
		rc = err_set_errno(err, ERR_IO, "fsync %s", part);
	close(fd);
	if (rc == 0 && rename(part, file) == -1)
		rc = err_set_errno(err, ERR_IO, "rename %s to %s", part, file);
	if (rc == -1)
		unlink(part);
	free(part);
	return rc;
}

/* A device or a pipe cannot be replaced by a file; it is written to. */
static bool
is_special(const char *file)
{
	struct stat st;

	return stat(file, &st) == 0 && !S_ISREG(st.st_mode);
}

int
report_result(
    struct app *app, const struct job *job, const char *file, struct error *err)
{
	int fd, rc;

	if (file == NULL || str_eq(file, "-")) {
		fflush(stdout);
		return fetch_to(app, job, STDOUT_FILENO, err);
	}
	if (!is_special(file))
		return fetch_to_file(app, job, file, err);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd == -1)
		return err_set_errno(err, ERR_IO, "open %s", file);
	rc = fetch_to(app, job, fd, err);
	close(fd);
	return rc;
}

=======
>>>>>>> 850a4a280ef6c085426ad9c22a837a57fb83abd0
int
report_end(struct app *app, const struct job *job, const char *file)
{
	struct error err;
	bool bytes = file != NULL || !app->globals->json;

	if (job->outcome == OUTCOME_OK && bytes &&
	    output_write(app, job, file, &err) == -1) {
		err_prefix(&err,
		    "job %s is ok, but its result could not be "
		    "read",
		    job->id);
		if (err.hint[0] == '\0')
			err_hint(
			    &err, "'awaitd result %s' tries again.", job->id);
		cmd_fail(&err);
		return app->signo != 0 ? STATUS_SIGNAL + app->signo
				       : STATUS_ERROR;
	}
	report_job(app, job, false);
	return report_status(job);
}
