/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers, and the one line that is logged of each. Neither tokens nor
 * payloads come here; of a query nothing is logged.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "job/attemptjson.h"
#include "job/jobjson.h"
#include "serve/api_call.h"
#include "serve/api_input.h"
#include "serve/api_stream.h"
#include "serve/metrics.h"

#define JSON_TYPE "application/json"
#define PROBLEM_MAX ((size_t)64 << 10)
#define JOB_MAX ((size_t)16 << 20)
#define ATTEMPT_MAX ((size_t)256 << 10)

static enum log_level
level_of(const struct api_call *c, int status)
{
	/* Anybody may ask, every second; and why not was logged before. */
	if (str_eq(http_path(c->x), "/readyz"))
		return LOG_DEBUG;
	if (status >= 500)
		return LOG_WARN;
	return str_eq(http_method(c->x), "POST") ? LOG_INFO : LOG_DEBUG;
}

static void
note(struct api_call *c, int status, const struct problem *p)
{
	log_begin(level_of(c, status), "api");
	log_str("request", c->request_id);
	log_str("method", http_method(c->x));
	log_str("path", http_path(c->x));
	log_int("status", status);
	log_str("job", c->job[0] != '\0' ? c->job : NULL);
	log_str("code", p != NULL ? p->code : NULL);
	log_str("detail", p != NULL && status >= 500 ? p->detail : NULL);
	log_int("ms", clock_mono_ms() - c->started_at);
	log_end();
	if (c->api->service->metrics != NULL)
		metrics_request(c->api->service->metrics, status);
}

static void
add_common(const struct api_call *c, struct headers *h)
{
	headers_add(h, "X-Request-Id", c->request_id);
	headers_add(h, "Cache-Control", "no-store");
	headers_add(h, "X-Content-Type-Options", "nosniff");
	if (c->known)
		headers_add(h, "Awaitd-Version", PACKAGE_VERSION);
}

/* Fields that a status brings with it. */
static void
add_by_status(const struct api_call *c, int status, struct headers *h)
{
	if (status == 201)
		headers_addf(h, "Location", "/v1/jobs/%s", c->job);
	else if (status == 401)
		headers_add(h, "WWW-Authenticate", "Bearer");
	else if (status == 405)
		headers_add(h, "Allow", c->allow);
	else if (status == 416)
		headers_addf(
		    h, "Content-Range", "bytes */%lld", (long long)c->whole);
	else if (status == 503 || status == 507)
		headers_add(h, "Retry-After", "1");
}

static void
send_reply(struct api_call *c, int status, const char *type, const void *body,
    size_t len)
{
	struct headers h;

	headers_init(&h);
	headers_add(&h, "Content-Type", type);
	add_common(c, &h);
	add_by_status(c, status, &h);
	http_reply(c->x, status, &h, body, len);
	headers_done(&h);
	api_end(c);
}

void
api_reply(struct api_call *c, int status, const char *type, const void *body,
    size_t len)
{
	note(c, status, NULL);
	send_reply(c, status, type, body, len);
}

void
api_reply_json(struct api_call *c, int status, const struct buf *json)
{
	if (json->overflow)
		api_refuse(c, 500, "internal",
		    "the answer is larger than any should be");
	else
		api_reply(c, status, JSON_TYPE, json->data, json->len);
}

void
api_reply_job(struct api_call *c, int status, const struct job *job)
{
	struct jsonw w;
	struct buf b;

	memcpy(c->job, job->id, JOBID_SIZE);
	buf_init(&b, JOB_MAX);
	jsonw_init(&w, &b);
	jobjson_write(&w, job, true);
	buf_putc(&b, '\n');
	api_reply_json(c, status, &b);
	buf_done(&b);
}

void
api_reply_attempt(struct api_call *c, const struct attempt_entry *e)
{
	struct jsonw w;
	struct buf b;

	buf_init(&b, ATTEMPT_MAX);
	jsonw_init(&w, &b);
	attemptjson_write(&w, e, true);
	buf_putc(&b, '\n');
	api_reply_json(c, 200, &b);
	buf_done(&b);
}

void
api_reply_file(struct api_call *c, int status, const struct headers *headers,
    int take_fd, int64_t size)
{
	struct headers h;
	size_t i;

	note(c, status, NULL);
	headers_init(&h);
	for (i = 0; i < headers->n; i++)
		headers_add(&h, headers->v[i].name, headers->v[i].value);
	add_common(c, &h);
	if (take_fd == -1)
		http_reply_head(c->x, status, &h, size);
	else
		http_reply_file(c->x, status, &h, take_fd, 0, size);
	headers_done(&h);
	api_end(c);
}

int
api_stream(struct api_call *c, const char *type, const struct http_stream *how,
    void *arg)
{
	struct headers h;
	int rc;

	note(c, 200, NULL);
	headers_init(&h);
	headers_add(&h, "Content-Type", type);
	add_common(c, &h);
	rc = http_stream_begin(c->x, 200, &h, how, arg);
	headers_done(&h);
	if (rc == -1)
		api_end(c);
	return rc;
}

/* --- errors --------------------------------------------------------- */

void
api_problem(struct api_call *c, const struct problem *p)
{
	struct buf b;

	note(c, p->status, p);
	buf_init(&b, PROBLEM_MAX);
	problem_write(p, &b);
	send_reply(c, p->status, PROBLEM_TYPE, b.data, b.len);
	buf_done(&b);
}

void
api_refuse(
    struct api_call *c, int status, const char *code, const char *fmt, ...)
{
	struct error err;
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	err_set(&err, ERR_NONE, "%s", text);
	free(text);
	api_refuse_err(c, status, code, &err);
}

void
api_refuse_err(
    struct api_call *c, int status, const char *code, const struct error *err)
{
	struct problem p = {
	    .status = status,
	    .code = code,
	    .detail = err->text,
	    .hint = err->hint,
	    .begun = c->begun,
	};
	char *detail = NULL;

	if (c->begun.name != NULL) {
		detail = xasprintf("%s (%lld %s before that)", err->text,
		    (long long)c->begun.n, c->begun.name);
		p.detail = detail;
	}
	api_problem(c, &p);
	free(detail);
}

void
api_refuse_store(struct api_call *c, const struct error *err)
{
	struct error e = *err;

	if (e.code == ERR_DAMAGED) {
		if (e.hint[0] == '\0')
			err_hint(&e,
			    "It is set aside and will not be delivered; the "
			    "service's log tells what it was.");
		api_refuse_err(c, 500, "damaged", &e);
		return;
	}
	/* The store goes on by itself. */
	if (e.code == ERR_STORE && e.retryable && e.hint[0] == '\0')
		err_hint(
		    &e, "Ask again later: it goes on as soon as it can write.");
	if (err_no_room(&e))
		api_refuse_err(c, 507, "no_space", &e);
	else
		api_refuse_err(c, 503, "unavailable", &e);
}

void
api_refuse_stopping(struct api_call *c)
{
	api_refuse(c, 503, "unavailable", "the service stops");
}

bool
api_refuse_write(struct api_call *c)
{
	const struct service *service = c->api->service;

	if (service->stopping)
		api_refuse_stopping(c);
	else if (service->stalled.code != ERR_NONE)
		api_refuse_store(c, &service->stalled);
	else
		return false;
	return true;
}

void
api_not_found(struct api_call *c)
{
	api_refuse(c, 404, "not_found", "there is no %s of this id",
	    str_starts(http_path(c->x), "/v1/jobs") ? "job" : "delivery");
}
