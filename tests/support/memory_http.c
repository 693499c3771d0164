/* SPDX-License-Identifier: Apache-2.0 */
/* net/http_client.h with a function behind it. */
#include "tests/support/memory_http.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/mem.h"
#include "base/str.h"

#define BODY_MAX ((size_t)1024 * 1024)

struct http_call {
	TAILQ_ENTRY(http_call) entry;
	struct http_client *client;
	unsigned turn; /* in which it was asked */
	struct http_response response;
	bool head_only;
	bool sink_all;
	http_sink_fn *sink;
	void *sink_arg;
	http_head_fn *head;
	void *head_arg;
	http_done_fn *done;
	void *arg;
};
TAILQ_HEAD(calls, http_call);

struct http_client {
	struct loop *loop;
	struct calls calls;
	unsigned turn;
	bool posted;
	bool in_turn, unwanted; /* as in net/http_client.c */
};

static memory_http_fn *serve;
static void *serve_arg;

void
memory_http_serve(memory_http_fn *fn, void *arg)
{
	serve = fn;
	serve_arg = arg;
}

static void
call_free(struct http_call *call)
{
	TAILQ_REMOVE(&call->client->calls, call, entry);
	headers_done(&call->response.headers);
	buf_done(&call->response.body);
	free(call);
}

/* 0, or -1 with the error of who wanted the bytes. */
static int
give_body(struct http_call *call, struct error *err)
{
	struct http_response *r = &call->response;
	bool good = r->status / 100 == 2;

	if (call->head_only) {
		buf_clear(&r->body);
		return 0;
	}
	headers_addf(&r->headers, "Content-Length", "%zu", r->body.len);
	r->body_bytes = (int64_t)r->body.len;
	if (call->sink == NULL || !(good || call->sink_all))
		return 0;
	if (call->head != NULL && r->body.len > 0 &&
	    call->head(r, call->head_arg, err) == -1)
		return -1;
	if (r->body.len > 0 &&
	    call->sink(r->body.data, r->body.len, call->sink_arg, err) == -1)
		return -1;
	buf_clear(&r->body);
	return 0;
}

static void
answer(struct http_call *call)
{
	struct error err;
	int rc = -1;

	if (call->response.status == 0) {
		err_set(&err, ERR_NET, "the connection broke");
		err.retryable = true;
	} else {
		rc = give_body(call, &err);
	}
	err.sent = true;
	call->done(
	    rc == 0 ? &call->response : NULL, rc == 0 ? NULL : &err, call->arg);
	call_free(call);
}

/* What is asked meanwhile has its turn later. */
static void
on_turn(void *arg)
{
	struct http_client *c = arg;
	unsigned turn = c->turn++;
	struct http_call *call;

	c->posted = false;
	c->in_turn = true;
	while ((call = TAILQ_FIRST(&c->calls)) != NULL && call->turn <= turn &&
	    !c->unwanted)
		answer(call);
	c->in_turn = false;
	if (c->unwanted)
		http_client_free(c);
}

int
http_client_new(struct loop *loop, const struct http_client_options *options,
    struct http_client **out, struct error *err)
{
	struct http_client *c = xcalloc(1, sizeof(*c));

	(void)options;
	(void)err;
	c->loop = loop;
	TAILQ_INIT(&c->calls);
	*out = c;
	return 0;
}

void
http_client_free(struct http_client *c)
{
	struct http_call *call;

	if (c == NULL)
		return;
	c->unwanted = true;
	if (c->in_turn)
		return;
	loop_unpost(c->loop, c);
	while ((call = TAILQ_FIRST(&c->calls)) != NULL)
		call_free(call);
	free(c);
}

int
http_start(struct http_client *c, const struct http_request *r,
    http_done_fn *done, void *arg, struct http_call **out, struct error *err)
{
	struct http_call *call = xcalloc(1, sizeof(*call));

	(void)err;
	call->client = c;
	call->turn = c->turn;
	call->head_only = str_eq(r->method, "HEAD");
	call->sink = r->sink;
	call->sink_arg = r->sink_arg;
	call->sink_all = r->sink_all;
	call->head = r->head;
	call->head_arg = r->head_arg;
	call->done = done;
	call->arg = arg;
	headers_init(&call->response.headers);
	buf_init(&call->response.body, BODY_MAX);
	TAILQ_INSERT_TAIL(&c->calls, call, entry);
	serve(r, &call->response, serve_arg);
	if (!c->posted)
		loop_post(c->loop, on_turn, c);
	c->posted = true;
	*out = call;
	return 0;
}

void
http_pause(struct http_call *call, bool paused)
{
	(void)call;
	(void)paused;
}

void
http_cancel(struct http_call *call)
{
	if (call != NULL)
		call_free(call);
}

/* It pulls nothing. */
void
http_resume(struct http_call *call)
{
	(void)call;
}
