/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of waiting requests per endpoint. A run is a request taken off
 * its line: by a model, or by its time to live.
 */
#include "local/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/model.h"
#include "local/s3uri.h"

/* After a fault of this machine, such as a full disk. */
/* Each that expires holds its body and two files for a moment. */
#define EXPIRE_AT_ONCE 16
#define EXPIRE_PAUSE_MS 50
#define PAUSE_MS 5000
#define TEXT_TYPE "Content-Type: text/plain; charset=utf-8\n"

struct waiting {
	TAILQ_ENTRY(waiting) entry;
	int64_t seq;
	int64_t expires_at;
};
TAILQ_HEAD(waitings, waiting);

struct line {
	struct queue *queue;
	const struct conf_endpoint *endpoint;
	struct waitings waiting;
	int64_t running;
	struct loop_timer *expiry;
	struct loop_timer *pause;
	bool paused;
};

struct run {
	TAILQ_ENTRY(run) entry;
	struct line *line;
	struct db_request r;
	struct model *model;
	struct objects_draft draft;
	int stdin_fd;
	bool counted; /* among the line's running */
	const char *outcome; /* what the log calls its end */
};
TAILQ_HEAD(runs, run);

struct queue {
	struct queue_options o;
	struct line *lines;
	struct runs runs;
	bool started;
	bool stopping;
};

/* A request that waits for its commit. */
struct accepting {
	struct queue *queue;
	struct line *line;
	int64_t seq;
	int64_t expires_at;
	char *inference_id;
	db_commit_fn *done;
	void *arg;
};

static void kick(struct line *line);
static void run_fail(
    struct run *run, const char *outcome, const char *text, size_t len);

static void
log_state(
    const char *inference, const char *endpoint, const char *state, int64_t ms)
{
	log_begin(LOG_INFO, "endpoint");
	log_str("inference", inference);
	log_str("endpoint", endpoint);
	log_str("state", state);
	log_int("ms", ms);
	log_end();
}

static void
log_trouble(const char *what, const struct error *err)
{
	log_begin(LOG_ERROR, "endpoint");
	log_str("msg", what);
	log_err(err);
	log_end();
}

static int64_t
age_of(const struct run *run)
{
	return clock_wall_ms() - run->r.accepted_at;
}

/* --- lines ---------------------------------------------------------- */

/* In the order of acceptance: most come last, a few come back. */
static void
line_add(struct line *line, int64_t seq, int64_t expires_at)
{
	struct waiting *w = xcalloc(1, sizeof(*w)), *after;

	w->seq = seq;
	w->expires_at = expires_at;
	TAILQ_FOREACH_REVERSE(after, &line->waiting, waitings, entry)
	{
		if (after->seq < seq)
			break;
	}
	if (after != NULL)
		TAILQ_INSERT_AFTER(&line->waiting, after, w, entry);
	else
		TAILQ_INSERT_HEAD(&line->waiting, w, entry);
}

static void
line_remove(struct line *line, struct waiting *w)
{
	TAILQ_REMOVE(&line->waiting, w, entry);
	free(w);
}

static void
line_pause(struct line *line)
{
	line->paused = true;
	loop_timer_set(line->pause, PAUSE_MS);
}

static void
on_pause_over(void *arg)
{
	struct line *line = arg;

	line->paused = false;
	kick(line);
}

static int64_t
expiry_of(const struct db_request *r)
{
	return r->accepted_at + r->ttl_s * 1000;
}

/* --- runs ----------------------------------------------------------- */

static void
run_free(struct run *run)
{
	struct line *line = run->line;

	if (run->stdin_fd != -1)
		close(run->stdin_fd);
	objects_discard(line->queue->o.objects, &run->draft);
	if (run->counted)
		line->running--;
	TAILQ_REMOVE(&line->queue->runs, run, entry);
	db_request_done(&run->r);
	free(run);
}

/* A fault that is not the request's: try again in a while. */
static void
run_again(struct run *run, const char *what, const struct error *err)
{
	struct line *line = run->line;

	if (!line->queue->stopping) {
		log_trouble(what, err);
		line_add(line, run->r.seq, expiry_of(&run->r));
		line_pause(line);
	}
	run_free(run);
}

static void
run_end(struct run *run)
{
	struct line *line = run->line;

	log_state(
	    run->r.inference_id, run->r.endpoint, run->outcome, age_of(run));
	run_free(run);
	kick(line);
}

static int
also_delete(struct db *db, void *arg, struct error *err)
{
	const struct run *run = arg;

	return db_request_delete(db, run->r.seq, err);
}

static void
on_stored(
    const struct objects_stored *stored, const struct error *err, void *arg)
{
	(void)stored;
	if (err != NULL)
		run_again(arg, "an object could not be written", err);
	else
		run_end(arg);
}

static void
on_removed(const struct error *err, void *arg)
{
	if (err != NULL)
		run_again(arg, "a request could not be removed", err);
	else
		run_end(arg);
}

static void
store(struct run *run, const char *location, const char *headers)
{
	struct objects_store what = {
	    .headers = headers,
	    .also = also_delete,
	    .done = on_stored,
	    .arg = run,
	};
	const char *key;
	char *bucket;

	/* Our own text, made from a checked configuration. */
	if (s3uri_split(location, &bucket, &key) == -1)
		abort();
	what.bucket = bucket;
	what.key = key;
	objects_store(run->line->queue->o.objects, &run->draft, &what);
	free(bucket);
}

static void
run_remove(struct run *run)
{
	struct db *db = run->line->queue->o.db;
	struct error err;

	if (db_request_delete(db, run->r.seq, &err) == -1)
		run_again(run, "a request could not be removed", &err);
	else
		db_on_commit(db, on_removed, run);
}

static void
run_fail(struct run *run, const char *outcome, const char *text, size_t len)
{
	struct objects *objects = run->line->queue->o.objects;
	bool silent = str_eq(outcome, "expired") &&
	    run->line->endpoint->expired == CONF_EXPIRED_SILENT;
	struct error err;

	run->outcome = outcome;
	objects_discard(objects, &run->draft);
	if (run->r.failure == NULL || silent) {
		run_remove(run);
		return;
	}
	if (objects_draft(objects, &run->draft, &err) == -1 ||
	    file_write_all(run->draft.fd, text, len, &err) == -1) {
		run_again(run, "a failure could not be written", &err);
		return;
	}
	store(run, run->r.failure, TEXT_TYPE);
}

static void
run_fail_error(struct run *run, const char *what, const struct error *err)
{
	char *text = xasprintf("%s: %s", what, err->text);

	run_fail(run, "failed", text, strlen(text));
	free(text);
}

static void
on_model(const struct model_result *r, void *arg)
{
	struct run *run = arg;
	char *headers;

	run->model = NULL;
	if (!r->ok) {
		run_fail(run, "failed", r->text, r->len);
		return;
	}
	run->outcome = "completed";
	headers = xasprintf(
	    "Content-Type: %s\n", run->line->endpoint->result_content_type);
	store(run, run->r.output, headers);
	free(headers);
}

/* --- input ---------------------------------------------------------- */

static int
open_body(struct run *run, struct error *err)
{
	run->stdin_fd = memfd_create("payload", MFD_CLOEXEC);
	if (run->stdin_fd == -1)
		return err_set_errno(err, ERR_IO, "hold a payload");
	if (file_write_all(run->stdin_fd, run->r.body, run->r.body_len, err) ==
	    -1)
		return -1;
	if (lseek(run->stdin_fd, 0, SEEK_SET) == -1)
		return err_set_errno(err, ERR_IO, "rewind a payload");
	return 0;
}

static int
open_object(struct run *run, struct error *err)
{
	const char *location = run->r.input_location, *key;
	struct db_object object = {0};
	char *bucket;
	int rc;

	if (s3uri_split(location, &bucket, &key) == -1)
		return err_set(err, ERR_NOT_FOUND,
		    "%s is no place in this object store", location);
	rc = objects_open(run->line->queue->o.objects, bucket, key, &object,
	    &run->stdin_fd, err);
	free(bucket);
	db_object_done(&object);
	if (rc == 0)
		return err_set(
		    err, ERR_NOT_FOUND, "there is no object %s", location);
	return rc == -1 ? -1 : 0;
}

/* --- taking requests off a line ------------------------------------- */

static int
start_model(struct run *run, struct error *err)
{
	const struct conf_endpoint *e = run->line->endpoint;
	const struct queue_options *o = &run->line->queue->o;
	const char *type = run->r.content_type;
	struct model_facts facts = {
	    .inference_id = run->r.inference_id,
	    .endpoint = run->r.endpoint,
	    .content_type = type != NULL ? type : e->content_type,
	    .accept = run->r.accept,
	    .custom_attributes = run->r.custom_attributes,
	};
	struct model_options model = {
	    .argv = (const char *const *)e->argv,
	    .facts = &facts,
	    .stdin_fd = run->stdin_fd,
	    .stdout_fd = run->draft.fd,
	    .tmp_dir = o->tmp_dir,
	    .timeout_s = run->r.timeout_s,
	    .output_max = o->max_object,
	};

	return model_start(o->loop, &model, on_model, run, &run->model, err);
}

static void
run_model(struct run *run)
{
	struct error err;
	int rc;

	log_state(run->r.inference_id, run->r.endpoint, "running", age_of(run));
	rc = run->r.input_location != NULL ? open_object(run, &err)
					   : open_body(run, &err);
	if (rc == -1 && err.code == ERR_NOT_FOUND)
		run_fail_error(run, "Input could not be read", &err);
	else if (rc == -1 ||
	    objects_draft(run->line->queue->o.objects, &run->draft, &err) == -1)
		run_again(run, "a model could not be started", &err);
	else if (start_model(run, &err) == -1) {
		/* A program that is not there stays so; a machine that is
		 * short of descriptors or memory is no fault of a request. */
		if (err.code == ERR_NOT_FOUND)
			run_fail_error(run, "Model could not be started", &err);
		else
			run_again(run, "a model could not be started", &err);
	}
}

/* The run of a waiting request, which leaves its line; NULL: none. */
static struct run *
take(struct line *line, struct waiting *w)
{
	struct run *run = xcalloc(1, sizeof(*run));
	struct error err;
	int rc;

	rc = db_request_get(line->queue->o.db, w->seq, &run->r, &err);
	if (rc != 1) {
		free(run);
		if (rc == -1) {
			log_trouble("a request could not be read", &err);
			line_pause(line);
		} else
			line_remove(line, w);
		return NULL;
	}
	line_remove(line, w);
	run->line = line;
	run->draft.fd = -1;
	run->stdin_fd = -1;
	TAILQ_INSERT_TAIL(&line->queue->runs, run, entry);
	return run;
}

static void
expire(struct line *line, struct waiting *w)
{
	struct run *run = take(line, w);
	char *text;

	if (run == NULL)
		return;
	text = xasprintf("Request expired: it waited longer than its time to "
			 "live of %lld seconds",
	    (long long)run->r.ttl_s);
	run_fail(run, "expired", text, strlen(text));
	free(text);
}

/* Expire what is due; look again when the next one is. */
static void
on_expiry(void *arg)
{
	struct line *line = arg;
	int64_t now = clock_wall_ms(), next = INT64_MAX;
	struct waiting *w, *after;
	int room = EXPIRE_AT_ONCE;

	if (line->paused || line->queue->stopping)
		return;
	for (w = TAILQ_FIRST(&line->waiting); w != NULL && !line->paused;
	     w = after) {
		after = TAILQ_NEXT(w, entry);
		if (w->expires_at <= now && room-- > 0)
			expire(line, w);
		else if (w->expires_at < next)
			next = w->expires_at;
	}
	if (next != INT64_MAX)
		loop_timer_set(
		    line->expiry, next > now ? next - now : EXPIRE_PAUSE_MS);
}

static void
kick(struct line *line)
{
	struct queue *q = line->queue;
	struct waiting *w;
	struct run *run;

	if (!q->started || q->stopping)
		return;
	on_expiry(line);
	while (!line->paused &&
	    line->running < line->endpoint->max_concurrent &&
	    (w = TAILQ_FIRST(&line->waiting)) != NULL) {
		run = take(line, w);
		if (run == NULL)
			continue;
		run->counted = true;
		line->running++;
		run_model(run);
	}
}

/* --- acceptance ----------------------------------------------------- */

static struct line *
find_line(struct queue *q, const char *endpoint)
{
	size_t i;

	for (i = 0; i < q->o.endpoints_n; i++) {
		if (str_eq(q->lines[i].endpoint->name, endpoint))
			return &q->lines[i];
	}
	return NULL;
}

static void
on_accepted(const struct error *err, void *arg)
{
	struct accepting *a = arg;

	if (err == NULL) {
		log_state(
		    a->inference_id, a->line->endpoint->name, "accepted", 0);
		line_add(a->line, a->seq, a->expires_at);
	}
	a->done(err, a->arg);
	kick(a->line);
	free(a->inference_id);
	free(a);
}

void
queue_accept(
    struct queue *q, struct db_request *r, db_commit_fn *done, void *arg)
{
	struct accepting *a;
	struct error err;

	if (db_request_add(q->o.db, r, &err) == -1) {
		/* The callback must come later; the transaction is given up. */
		log_trouble("a request could not be queued", &err);
		db_abandon(q->o.db);
		db_on_commit(q->o.db, done, arg);
		return;
	}
	a = xcalloc(1, sizeof(*a));
	a->queue = q;
	a->line = find_line(q, r->endpoint);
	a->seq = r->seq;
	a->expires_at = expiry_of(r);
	a->inference_id = xstrdup(r->inference_id);
	a->done = done;
	a->arg = arg;
	db_on_commit(q->o.db, on_accepted, a);
}

/* --- the whole ------------------------------------------------------ */

static int
on_stored_request(const struct db_request *r, void *arg, struct error *err)
{
	struct queue *q = arg;
	struct line *line = find_line(q, r->endpoint);

	(void)err;
	if (line != NULL) {
		line_add(line, r->seq, expiry_of(r));
		return 0;
	}
	log_begin(LOG_WARN, "endpoint");
	log_str("msg", "queued for an endpoint that is not configured");
	log_str("inference", r->inference_id);
	log_str("endpoint", r->endpoint);
	log_end();
	return 0;
}

int
queue_new(
    const struct queue_options *options, struct queue **out, struct error *err)
{
	struct queue *q = xcalloc(1, sizeof(*q));
	size_t i;

	q->o = *options;
	TAILQ_INIT(&q->runs);
	q->lines = xcalloc(q->o.endpoints_n + 1, sizeof(*q->lines));
	for (i = 0; i < q->o.endpoints_n; i++) {
		struct line *line = &q->lines[i];

		line->queue = q;
		line->endpoint = &q->o.endpoints[i];
		TAILQ_INIT(&line->waiting);
		line->expiry = loop_timer_new(q->o.loop, on_expiry, line);
		line->pause = loop_timer_new(q->o.loop, on_pause_over, line);
	}
	if (db_request_each(q->o.db, on_stored_request, q, err) == -1) {
		queue_free(q);
		return -1;
	}
	*out = q;
	return 0;
}

void
queue_start(struct queue *q)
{
	size_t i;

	q->started = true;
	for (i = 0; i < q->o.endpoints_n; i++)
		kick(&q->lines[i]);
}

void
queue_stop(struct queue *q)
{
	struct run *run, *next;

	q->stopping = true;
	for (run = TAILQ_FIRST(&q->runs); run != NULL; run = next) {
		next = TAILQ_NEXT(run, entry);
		if (run->model == NULL)
			continue;
		model_cancel(run->model);
		run_free(run);
	}
}

void
queue_free(struct queue *q)
{
	struct waiting *w;
	size_t i;

	if (q == NULL)
		return;
	for (i = 0; i < q->o.endpoints_n; i++) {
		while ((w = TAILQ_FIRST(&q->lines[i].waiting)) != NULL)
			line_remove(&q->lines[i], w);
		loop_timer_free(q->lines[i].expiry);
		loop_timer_free(q->lines[i].pause);
	}
	free(q->lines);
	free(q);
}
