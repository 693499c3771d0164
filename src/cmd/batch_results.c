/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of results.jsonl. */
#include "cmd/batch_results.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/batch_plan_inner.h"

/* Its error text has at most 4 KiB, each byte of which may be escaped. */
#define RESULT_MAX ((size_t)256 << 10)
#define NEW_RESULTS "results.jsonl.new"

struct batch_results {
	struct batch_plan *p;
	int fd;
	size_t ok, bad;
	bool stale; /* a line is there that should not be */
};

static int
bad_line(const struct batch_results *r, size_t no, struct error *err)
{
	err_set(err, ERR_DAMAGED,
	    "%s/" BATCH_RESULTS ", line %zu: it is not what was written",
	    r->p->dir, no);
	return err_hint(err,
	    "Move the file away: it is made again from the jobs, and nothing "
	    "is submitted twice.");
}

/* The item and round that a line is of. */
static int
read_place(const struct batch_results *r, const struct json *line, size_t *i,
    int64_t *round)
{
	int64_t n;

	*round = 1;
	if (json_i64(json_get(line, "index"), &n) == -1 || n < 0 ||
	    n >= (int64_t)r->p->n || json_get_str(line, "outcome") == NULL)
		return -1;
	*i = (size_t)n;
	return json_get(line, "round") == NULL
	    ? 0
	    : json_i64(json_get(line, "round"), round);
}

static int
take_line(struct batch_results *r, const struct json *line)
{
	struct batch_item *item;
	int64_t round;
	size_t i;

	if (read_place(r, line, &i, &round) == -1 ||
	    round > r->p->items[i].round)
		return -1;
	item = &r->p->items[i];
	if (round < item->round || item->state == BATCH_ENDED) {
		r->stale = true;
		return 0;
	}
	item->state = BATCH_ENDED;
	item->bad = !str_eq(json_get_str(line, "outcome"), "ok");
	r->ok += !item->bad;
	r->bad += item->bad;
	return 0;
}

static int
on_line(
    char *text, size_t len, int64_t at, size_t no, void *arg, struct error *err)
{
	struct batch_results *r = arg;
	struct json *line;
	int rc;

	(void)at;
	if (json_parse(text, len, &line, err) == -1)
		return bad_line(r, no, err);
	rc = take_line(r, line);
	json_free(line);
	return rc == -1 ? bad_line(r, no, err) : 0;
}

/* --- without what is over -------------------------------------------- */

struct rewriting {
	struct batch_results *r;
	int fd;
	struct buf out;
	unsigned char *seen; /* items */
};

static int
keep_line(
    char *text, size_t len, int64_t at, size_t no, void *arg, struct error *err)
{
	struct rewriting *w = arg;
	const struct batch_plan *p = w->r->p;
	struct json *line;
	int64_t round = 0;
	size_t i = 0;
	bool keep;
	int rc;

	(void)at;
	if (json_parse(text, len, &line, err) == -1)
		return bad_line(w->r, no, err);
	rc = read_place(w->r, line, &i, &round);
	json_free(line);
	if (rc == -1)
		return bad_line(w->r, no, err);
	keep = round == p->items[i].round && p->items[i].state == BATCH_ENDED &&
	    !w->seen[i];
	if (!keep)
		return 0;
	w->seen[i] = 1;
	buf_append(&w->out, text, len);
	buf_putc(&w->out, '\n');
	if (w->out.len < RESULT_MAX)
		return 0;
	rc = file_write_all(w->fd, w->out.data, w->out.len, err);
	buf_clear(&w->out);
	return rc;
}

static int
swap(struct batch_results *r, int fd, struct error *err)
{
	struct batch_plan *p = r->p;

	if (fsync(fd) == -1 ||
	    renameat(p->dir_fd, NEW_RESULTS, p->dir_fd, BATCH_RESULTS) == -1 ||
	    fsync(p->dir_fd) == -1)
		return err_set_errno(
		    err, ERR_IO, "write %s/" BATCH_RESULTS, p->dir);
	close(r->fd);
	r->fd = fd;
	r->stale = false;
	return 0;
}

static int
open_in(
    const struct batch_plan *p, const char *name, int flags, struct error *err)
{
	int fd = openat(p->dir_fd, name,
	    O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | flags,
	    (mode_t)0666);

	if (fd == -1)
		err_set_errno(err, ERR_IO, "%s/%s", p->dir, name);
	return fd;
}

static int
rewrite(struct batch_results *r, struct error *err)
{
	struct rewriting w = {.r = r};
	int64_t end;
	int rc;

	w.fd = open_in(r->p, NEW_RESULTS, O_TRUNC, err);
	if (w.fd == -1)
		return -1;
	w.seen = xcalloc(r->p->n, 1);
	buf_init(&w.out, 2 * RESULT_MAX + 1);
	rc = batch_file_read(r->fd, RESULT_MAX, keep_line, &w, &end, err);
	if (rc == 0)
		rc = file_write_all(w.fd, w.out.data, w.out.len, err);
	if (rc == 0)
		rc = swap(r, w.fd, err);
	if (rc == -1)
		close(w.fd);
	buf_done(&w.out);
	free(w.seen);
	return rc;
}

/* --- in and out ------------------------------------------------------ */

int
batch_results_open(
    struct batch_plan *p, struct batch_results **out, struct error *err)
{
	struct batch_results *r = xcalloc(1, sizeof(*r));
	int64_t end;

	r->p = p;
	r->fd = open_in(p, BATCH_RESULTS, 0, err);
	if (r->fd == -1 ||
	    batch_file_read(r->fd, RESULT_MAX, on_line, r, &end, err) == -1 ||
	    (r->stale && rewrite(r, err) == -1)) {
		batch_results_free(r);
		return -1;
	}
	*out = r;
	return 0;
}

void
batch_results_free(struct batch_results *r)
{
	if (r == NULL)
		return;
	if (r->fd != -1)
		close(r->fd);
	free(r);
}

/* --- one line -------------------------------------------------------- */

static void
put_job(struct jsonw *w, const struct job *job)
{
	jsonw_str(w, "job", job->id);
	jsonw_opt(w, "endpoint", job->spec.endpoint);
	jsonw_str(w, "outcome", job_outcome_name(job->outcome));
	jsonw_opt(w, "error_code", job->error_code);
	jsonw_opt(w, "error", job->error_text);
	if (job->outcome == OUTCOME_OK)
		jsonw_int(w, "size", job->result_size);
}

static void
put_result(struct jsonw *w, const struct batch_results *r,
    const struct batch_result *one)
{
	const struct batch_entry *e = one->entry;
	const struct job *job = one->job;
	unsigned round = r->p->items[one->index].round;

	jsonw_begin(w, NULL, '{');
	jsonw_int(w, "index", (int64_t)one->index);
	jsonw_opt(w, "id", e->line.id);
	jsonw_str(w, "input", e->shown);
	if (job != NULL && job->outcome == OUTCOME_OK)
		jsonw_str(w, "output", e->name);
	if (job != NULL) {
		put_job(w, job);
	} else {
		jsonw_str(w, "outcome", one->outcome);
		jsonw_opt(w, "error_code", one->error_code);
		jsonw_opt(w, "error", one->error);
	}
	jsonw_opt(w, "sha256", one->sha256);
	if (job != NULL) {
		jsonw_time(w, "submitted_at", job->submitted_at);
		jsonw_time(w, "completed_at", job->completed_at);
		if (job->spec.tags != NULL)
			jsonw_list(w, "tags", job->spec.tags);
	}
	if (round > 1)
		jsonw_int(w, "round", round);
	jsonw_end(w, '}');
}

int
batch_results_add(
    struct batch_results *r, const struct batch_result *one, struct error *err)
{
	struct batch_item *item = &r->p->items[one->index];
	struct jsonw w;
	struct buf b;
	int rc;

	buf_init(&b, RESULT_MAX);
	jsonw_init(&w, &b);
	put_result(&w, r, one);
	buf_putc(&b, '\n');
	rc = b.overflow ? err_set(err, ERR_LIMIT, "a line is too long")
			: batch_file_append(r->fd, b.data, b.len, err);
	buf_done(&b);
	if (rc == -1)
		return err_prefix(err, "%s/" BATCH_RESULTS, r->p->dir);
	item->state = BATCH_ENDED;
	item->bad = one->job == NULL || one->job->outcome != OUTCOME_OK;
	r->ok += !item->bad;
	r->bad += item->bad;
	return 0;
}

int
batch_results_retry(struct batch_results *r, size_t *n, struct error *err)
{
	struct batch_plan *p = r->p;
	size_t i;

	*n = 0;
	for (i = 0; i < p->n; i++) {
		if (p->items[i].state != BATCH_ENDED || !p->items[i].bad)
			continue;
		if (batch_plan_note_round(p, i, err) == -1)
			return -1;
		p->items[i].state = BATCH_WAITS;
		p->items[i].bad = false;
		r->bad--;
		(*n)++;
	}
	if (*n == 0)
		return 0;
	/* Once that is on disk, their lines are of a round that is over. */
	if (batch_plan_sync(p, err) == -1)
		return -1;
	return rewrite(r, err);
}

int
batch_results_sync(struct batch_results *r, struct error *err)
{
	if (fdatasync(r->fd) == -1)
		return err_set_errno(
		    err, ERR_IO, "fsync %s/" BATCH_RESULTS, r->p->dir);
	return 0;
}

int
batch_results_fd(const struct batch_results *r)
{
	return r->fd;
}

size_t
batch_results_ok(const struct batch_results *r)
{
	return r->ok;
}

size_t
batch_results_bad(const struct batch_results *r)
{
	return r->bad;
}

struct visiting {
	struct batch_results *r;
	batch_results_fn *fn;
	void *arg;
};

static int
visit(
    char *text, size_t len, int64_t at, size_t no, void *arg, struct error *err)
{
	struct visiting *v = arg;
	struct json *line;
	int rc;

	(void)at;
	if (json_parse(text, len, &line, err) == -1)
		return bad_line(v->r, no, err);
	rc = v->fn(line, v->arg, err);
	json_free(line);
	return rc;
}

int
batch_results_each(
    struct batch_results *r, batch_results_fn *fn, void *arg, struct error *err)
{
	struct visiting v = {.r = r, .fn = fn, .arg = arg};
	int64_t end;

	return batch_file_read(r->fd, RESULT_MAX, visit, &v, &end, err);
}
