/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to a service, one at a time, and what must hold of its answers. */
#include "cmd/remote.h"
#include "cmd/remote_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "cmd/watch.h"
#include "job/attemptjson.h"
#include "job/jobjson.h"

/* Of an answer that needs no look at S3 and no long body. */
#define TIMEOUT_MS 60000
/* A service that reads a result from S3, or writes an input to a slow disk, is
 * silent meanwhile. */
#define SILENCE_MS (10 * 60000)
/* A service that is started anew is there again after a while. */
#define AGAIN_MS 1000
/* Rows of a page of which no number is asked for. */
#define PAGE_USUAL 100

static const struct backoff rest_backoff = {
    .start_ms = 100,
    .max_ms = 1000,
    .factor = 2,
    .jitter = 0.2,
};

/* --- one question --------------------------------------------------- */

/* What is made of an answer; 0, or -1 with *err. */
typedef int take_fn(const struct json *answer, void *out, struct error *err);

struct question {
	struct app *app;
	take_fn *take; /* NULL: there is a sink */
	void *out;
	struct error *err;
	int rc;
	bool over;
};

static void
on_answer(const struct json *answer, const struct error *err, void *arg)
{
	struct question *q = arg;

	q->over = true;
	if (err != NULL) {
		*q->err = *err;
		q->rc = -1;
	} else if (q->take != NULL) {
		q->rc = q->take(answer, q->out, q->err);
	}
	loop_stop(q->app->loop);
}

static int
ask(struct app *app, const struct client_request *r, take_fn *take, void *out,
    struct error *err)
{
	struct question q = {.app = app, .take = take, .out = out, .err = err};
	struct client_call *call;

	if (client_start(app->client, r, on_answer, &q, &call, err) == -1)
		return -1;
	while (!q.over && app->signo == 0)
		loop_run(app->loop);
	if (q.over)
		return q.rc;
	client_cancel(call);
	return err_set(err, ERR_CANCELLED, "interrupted");
}

int
remote_ask(struct app *app, const struct client_request *r,
    remote_take_fn *take, void *out, struct error *err)
{
	return ask(app, r, take, out, err);
}

/* --- one job -------------------------------------------------------- */

struct wanted {
	const char *id; /* NULL: a new one */
	struct job *job;
};

static int
take_job(const struct json *answer, void *out, struct error *err)
{
	struct wanted *w = out;
	struct job *job;

	if (jobjson_parse(answer, &job, err) == -1)
		return -1;
	if (w->id != NULL && !str_eq(job->id, w->id)) {
		job_free(job);
		return err_set(err, ERR_PROTOCOL,
		    "the service was asked for another job than it told of");
	}
	w->job = job;
	return 0;
}

/* "POST /v1/jobs/ID/cancel" and the like. */
static int
ask_job(struct app *app, const struct client_request *r, const char *id,
    struct job **out, struct error *err)
{
	struct wanted w = {.id = id};

	if (ask(app, r, take_job, &w, err) == -1)
		return -1;
	*out = w.job;
	return 0;
}

int
remote_find(
    struct app *app, const char *id, struct job **out, struct error *err)
{
	struct client_request r = {.method = "GET", .timeout_ms = TIMEOUT_MS};
	char *path = xasprintf("/v1/jobs/%s", id);
	int rc;

	r.path = path;
	rc = ask_job(app, &r, id, out, err);
	free(path);
	return rc;
}

static int
act_on(struct app *app, const char *id, const char *verb, const char *want,
    struct job **out, struct error *err)
{
	struct client_request r = {
	    .method = "POST",
	    .timeout_ms = TIMEOUT_MS,
	    .once = true,
	};
	char *path = xasprintf("/v1/jobs/%s/%s", id, verb);
	int rc;

	r.path = path;
	rc = ask_job(app, &r, want, out, err);
	free(path);
	return rc;
}

int
remote_cancel(
    struct app *app, const char *id, struct job **out, struct error *err)
{
	return act_on(app, id, "cancel", id, out, err);
}

int
remote_retry(
    struct app *app, const char *id, struct job **out, struct error *err)
{
	return act_on(app, id, "retry", NULL, out, err);
}

static void
on_time(void *arg)
{
	loop_stop(arg);
}

/* Nothing else runs on the loop meanwhile that could stop it. */
static void
pause_for(struct app *app, int64_t ms)
{
	struct loop_timer *t = loop_timer_new(app->loop, on_time, app->loop);

	loop_timer_set(t, ms);
	loop_run(app->loop);
	loop_timer_free(t);
}

int
remote_submit(struct app *app, const struct client_request *r, struct job **out,
    struct error *err)
{
	struct client_request keyed = *r;
	struct headers headers;
	char key[RANDOM_UUID_SIZE];
	size_t i;
	int rc;

	headers_init(&headers);
	for (i = 0; i < r->headers->n; i++)
		headers_add(
		    &headers, r->headers->v[i].name, r->headers->v[i].value);
	random_uuid(key);
	headers_set(&headers, "Idempotency-Key", key);
	keyed.headers = &headers;
	keyed.stall_ms = SILENCE_MS;
	rc = ask_job(app, &keyed, NULL, out, err);
	if (rc == -1 && err->code == ERR_NET && err->sent && app->signo == 0) {
		pause_for(app, AGAIN_MS);
		rc = ask_job(app, &keyed, NULL, out, err);
	}
	headers_done(&headers);
	return rc;
}

/* --- a result ------------------------------------------------------- */

static int
wrong_size(const struct job *job, int64_t size, struct error *err)
{
	return err_set(err, ERR_PROTOCOL,
	    "the service sends %lld bytes, and %lld were noted",
	    (long long)size, (long long)job->result_size);
}

/* "bytes 5-9/10": from where it broke off, and to the end. */
static bool
is_rest(const struct remote_result *result, const struct http_response *r)
{
	const char *range = headers_get(&r->headers, "Content-Range");
	int64_t length = http_response_length(r);
	int64_t size = result->job->result_size;
	char want[80];

	snprintf(want, sizeof(want), "bytes %lld-%lld/%lld",
	    (long long)result->from, (long long)size - 1, (long long)size);
	return r->status == 206 && range != NULL && str_eq(range, want) &&
	    (length == -1 || length == size - result->from);
}

static int
no_rest(const struct remote_result *result, struct error *err)
{
	err_set(err, ERR_PROTOCOL,
	    "the service does not go on where the result broke off, at byte "
	    "%lld",
	    (long long)result->from);
	return err_hint(err,
	    "Ask for all of it once more: awaitd result %s. Is there a proxy "
	    "between that takes Range away?",
	    result->job->id);
}

static int
on_head(const struct http_response *r, void *arg, struct error *err)
{
	struct remote_result *result = arg;
	int64_t length = http_response_length(r);

	const char *noted = result->job->result_etag;
	const char *etag = headers_get(&r->headers, "ETag");

	if (etag != NULL && !str_empty(noted) && !str_eq(etag, noted))
		return err_set(err, ERR_PROTOCOL,
		    "the service sends another result than was noted");
	if (result->from > 0)
		return etag != NULL && is_rest(result, r)
		    ? 0
		    : no_rest(result, err);
	if (length != -1 && length != result->job->result_size)
		return wrong_size(result->job, length, err);
	return 0;
}

static int
on_piece(const void *data, size_t len, void *arg, struct error *err)
{
	struct remote_result *result = arg;

	result->got += (int64_t)len;
	if (result->got > result->job->result_size)
		return wrong_size(result->job, result->got, err);
	if (result->hash != NULL)
		hash_update(result->hash, data, len);
	return file_write_all(result->fd, data, len, err);
}

void
remote_result_request(struct remote_result *r, struct client_request *out)
{
	memset(out, 0, sizeof(*out));
	snprintf(r->path, sizeof(r->path), "/v1/jobs/%s/result%s", r->job->id,
	    r->job->outcome != OUTCOME_OK ? "?late=true" : "");
	out->method = "GET";
	out->path = r->path;
	out->head = on_head;
	out->sink = on_piece;
	out->sink_arg = r;
	out->stall_ms = SILENCE_MS;
}

int
remote_result_end(const struct remote_result *r, struct error *err)
{
	if (r->got != r->job->result_size)
		return wrong_size(r->job, r->got, err);
	return 0;
}

/* The rest of it, or all. */
static int
ask_result(struct app *app, struct remote_result *result, struct error *err)
{
	struct client_request r;
	struct headers headers;
	int rc;

	remote_result_request(result, &r);
	headers_init(&headers);
	result->from = result->got;
	if (result->from > 0) {
		headers_addf(
		    &headers, "Range", "bytes=%lld-", (long long)result->from);
		headers_add(&headers, "If-Range", result->job->result_etag);
	}
	r.headers = &headers;
	rc = ask(app, &r, NULL, NULL, err);
	headers_done(&headers);
	return rc;
}

/* Of the same bytes, which only a strong ETag can promise. */
static bool
may_go_on(const struct remote_result *result, const struct error *err)
{
	const char *etag = result->job->result_etag;

	return client_unheard(err) && result->got > 0 &&
	    result->got < result->job->result_size && etag != NULL &&
	    *etag == '"';
}

int
remote_result(struct app *app, const struct job *job, int fd, struct error *err)
{
	struct remote_result result = {.job = job, .fd = fd};
	int64_t broke_at = 0;
	unsigned tries = 0; /* in a row without a byte */

	while (ask_result(app, &result, err) == -1) {
		if (result.got > result.from || tries == 0) {
			broke_at = clock_mono_ms();
			tries = 0;
		}
		if (!may_go_on(&result, err) ||
		    clock_mono_ms() - broke_at > WATCH_PATIENCE_MS)
			return -1;
		if (tries == 0)
			log_warn("result", "%s; going on at byte %lld",
			    err->text, (long long)result.got);
		pause_for(app,
		    backoff_delay_ms(&rest_backoff, tries++, random_unit()));
	}
	return remote_result_end(&result, err);
}

static int
take_url(const struct json *answer, void *out, struct error *err)
{
	struct remote_url *u = out;
	const char *url = json_get_str(answer, "url");
	const char *until = json_get_str(answer, "expires_at");

	if (url == NULL || str_has_control(url) || until == NULL ||
	    json_i64(json_get(answer, "valid_s"), &u->valid_s) == -1 ||
	    timefmt_parse_iso(until, &u->expires_at) == -1)
		return err_set(err, ERR_PROTOCOL,
		    "the service's answer has no URL that can be read");
	u->url = xstrdup(url);
	return 0;
}

int
remote_result_url(struct app *app, const struct job *job, int64_t valid_s,
    struct remote_url *out, struct error *err)
{
	char *path = xasprintf("/v1/jobs/%s/result-url?expires=%lld%s", job->id,
	    (long long)valid_s, job->outcome != OUTCOME_OK ? "&late=true" : "");
	struct client_request r = {
	    .method = "GET",
	    .path = path,
	    .timeout_ms = TIMEOUT_MS,
	};
	int rc = ask(app, &r, take_url, out, err);

	free(path);
	return rc;
}

/* --- pages ---------------------------------------------------------- */

struct page {
	const char *items; /* the member that is the array */
	int (*item)(const struct json *j, struct page *p, struct error *err);
	void *fn; /* of the caller's, for item() */
	void *arg;
	char last[64]; /* id of the last item */
	char next[64]; /* "": there is no more, or no more is wanted */
	bool enough;
};

static int
no_page(struct error *err)
{
	return err_set(
	    err, ERR_PROTOCOL, "the service's list is none that can be read");
}

/* `next` must be where this page ends, or the list might never end. */
static int
take_next(const struct json *answer, struct page *p, struct error *err)
{
	const struct json *next = json_get(answer, "next");
	const char *id = json_str(next);

	p->next[0] = '\0';
	if (next == NULL)
		return 0;
	if (id == NULL || p->last[0] == '\0' || !str_eq(id, p->last))
		return no_page(err);
	snprintf(p->next, sizeof(p->next), "%s", id);
	return 0;
}

static int
take_page(const struct json *answer, void *out, struct error *err)
{
	struct page *p = out;
	const struct json *items = json_get(answer, p->items), *j;

	if (!json_is_array(items))
		return no_page(err);
	p->last[0] = '\0';
	for (j = json_first(items); j != NULL; j = json_next(j)) {
		if (p->item(j, p, err) == -1)
			return -1;
	}
	return take_next(answer, p, err);
}

/* Page after page of what `path`, with its parameters, lists; no more of them
 * than somebody reads. */
static int
all_pages(struct app *app, const char *path, struct page *p, struct error *err)
{
	struct client_request r = {.method = "GET", .timeout_ms = TIMEOUT_MS};
	struct buf b;
	int rc;

	do {
		buf_init(&b, REMOTE_QUERY_MAX);
		buf_puts(&b, path);
		if (p->next[0] != '\0')
			remote_parameter(&b, "after", p->next);
		r.path = b.data;
		rc = ask(app, &r, take_page, p, err);
		buf_done(&b);
	} while (
	    rc == 0 && p->next[0] != '\0' && !p->enough && !ferror(stdout));
	return rc;
}

static int
all_pages_of(
    struct app *app, const struct buf *path, struct page *p, struct error *err)
{
	if (path->overflow)
		return err_set(err, ERR_USAGE, "what is asked for is too long");
	return all_pages(app, path->data, p, err);
}

struct job_list {
	remote_job_fn *fn;
	void *arg;
	size_t n;
	size_t limit; /* 0: none */
};

static int
list_job(const struct json *j, struct page *p, struct error *err)
{
	struct job_list *list = p->arg;
	struct job *job;

	if (jobjson_parse(j, &job, err) == -1)
		return -1;
	/* Behind itself nothing stands; that much of a ring can be seen. Ids
	 * that came at the same time may stand in any order. */
	if (str_eq(job->id, p->next) || str_eq(job->id, p->last)) {
		job_free(job);
		return no_page(err);
	}
	snprintf(p->last, sizeof(p->last), "%s", job->id);
	if (!p->enough)
		list->fn(job, list->arg);
	p->enough = ++list->n == list->limit || p->enough;
	job_free(job);
	return 0;
}

int
remote_list(struct app *app, const struct store_query *q, remote_job_fn *fn,
    void *arg, struct error *err)
{
	struct job_list list = {.fn = fn, .arg = arg, .limit = q->limit};
	struct page p = {.items = "jobs", .item = list_job, .arg = &list};
	struct buf path;
	char limit[32];
	int rc;

	snprintf(limit, sizeof(limit), "%zu", q->limit);
	buf_init(&path, REMOTE_QUERY_MAX / 2);
	buf_puts(&path, "/v1/jobs");
	remote_job_query(&path, q);
	remote_parameter(&path, "order", q->newest ? "newest" : NULL);
	if (q->limit > 0 && q->limit < PAGE_USUAL)
		remote_parameter(&path, "limit", limit);
	rc = all_pages_of(app, &path, &p, err);
	buf_done(&path);
	return rc;
}

/* --- deliveries ----------------------------------------------------- */

struct delivery_list {
	remote_delivery_fn *fn;
	void *arg;
};

static int
list_delivery(const struct json *j, struct page *p, struct error *err)
{
	const struct delivery_list *list = p->arg;
	struct delivery *d;

	if (jobjson_parse_delivery(j, &d, err) == -1)
		return -1;
	/* Behind itself nothing stands; that much of a ring can be seen. */
	if (str_eq(d->id, p->next)) {
		delivery_free(d);
		return no_page(err);
	}
	snprintf(p->last, sizeof(p->last), "%s", d->id);
	list->fn(d, list->arg);
	delivery_free(d);
	return 0;
}

int
remote_list_deliveries(struct app *app, const struct remote_query *q,
    remote_delivery_fn *fn, void *arg, struct error *err)
{
	struct delivery_list list = {.fn = fn, .arg = arg};
	struct page p = {
	    .items = "deliveries",
	    .item = list_delivery,
	    .arg = &list,
	};
	struct buf path;
	int rc;

	buf_init(&path, REMOTE_QUERY_MAX / 2);
	buf_puts(&path, "/v1/deliveries");
	remote_delivery_query(&path, q);
	rc = all_pages_of(app, &path, &p, err);
	buf_done(&path);
	return rc;
}

struct wanted_delivery {
	const char *id;
	struct delivery *d;
};

static int
take_delivery(const struct json *answer, void *out, struct error *err)
{
	struct wanted_delivery *w = out;
	struct delivery *d;

	if (jobjson_parse_delivery(answer, &d, err) == -1)
		return -1;
	if (!str_eq(d->id, w->id)) {
		delivery_free(d);
		return err_set(err, ERR_PROTOCOL,
		    "the service was asked for another delivery than it told "
		    "of");
	}
	w->d = d;
	return 0;
}

static int
ask_delivery(struct app *app, struct client_request *r, const char *id,
    const char *verb, struct delivery **out, struct error *err)
{
	struct wanted_delivery w = {.id = id};
	char *path = xasprintf("/v1/deliveries/%s%s", id, verb);
	int rc;

	r->path = path;
	r->timeout_ms = TIMEOUT_MS;
	rc = ask(app, r, take_delivery, &w, err);
	free(path);
	if (rc == 0)
		*out = w.d;
	return rc;
}

int
remote_find_delivery(
    struct app *app, const char *id, struct delivery **out, struct error *err)
{
	struct client_request r = {.method = "GET"};

	return ask_delivery(app, &r, id, "", out, err);
}

int
remote_replay(
    struct app *app, const char *id, struct delivery **out, struct error *err)
{
	struct client_request r = {.method = "POST", .once = true};

	return ask_delivery(app, &r, id, "/replay", out, err);
}

int
remote_cancel_delivery(
    struct app *app, const char *id, struct delivery **out, struct error *err)
{
	struct client_request r = {.method = "POST", .once = true};

	return ask_delivery(app, &r, id, "/cancel", out, err);
}

/* --- attempts ------------------------------------------------------- */

struct attempt_list {
	remote_attempt_fn *fn;
	void *arg;
	size_t n;
	size_t limit; /* 0: none */
};

static int
list_attempt(const struct json *j, struct page *p, struct error *err)
{
	struct attempt_list *list = p->arg;
	struct attempt_entry *e;
	char place[ATTEMPT_PLACE_SIZE];

	if (attemptjson_parse(j, &e, err) == -1)
		return -1;
	attempt_place(e, place);
	if (str_eq(place, p->next) || str_eq(place, p->last)) {
		attempt_entry_free(e);
		return no_page(err);
	}
	snprintf(p->last, sizeof(p->last), "%s", place);
	if (!p->enough)
		list->fn(e, list->arg);
	p->enough = ++list->n == list->limit || p->enough;
	attempt_entry_free(e);
	return 0;
}

int
remote_list_attempts(struct app *app, const struct store_query *q, bool headers,
    remote_attempt_fn *fn, void *arg, struct error *err)
{
	struct attempt_list list = {.fn = fn, .arg = arg, .limit = q->limit};
	struct page p = {
	    .items = "attempts",
	    .item = list_attempt,
	    .arg = &list,
	};
	struct buf path;
	char limit[32];
	int rc;

	snprintf(limit, sizeof(limit), "%zu", q->limit);
	buf_init(&path, REMOTE_QUERY_MAX / 2);
	buf_puts(&path, "/v1/attempts");
	remote_attempt_query(&path, q);
	remote_parameter(&path, "order", q->newest ? "newest" : NULL);
	remote_parameter(&path, "headers", headers ? "true" : NULL);
	if (q->limit > 0 && q->limit < PAGE_USUAL)
		remote_parameter(&path, "limit", limit);
	rc = all_pages_of(app, &path, &p, err);
	buf_done(&path);
	return rc;
}

static int
take_attempt(const struct json *answer, void *out, struct error *err)
{
	return attemptjson_parse(answer, out, err);
}

int
remote_find_attempt(struct app *app, const char *delivery, unsigned n,
    struct attempt_entry **out, struct error *err)
{
	char *path = xasprintf("/v1/deliveries/%s/attempts/%u", delivery, n);
	struct client_request r = {
	    .method = "GET",
	    .path = path,
	    .timeout_ms = TIMEOUT_MS,
	};
	int rc = ask(app, &r, take_attempt, out, err);

	free(path);
	return rc;
}
