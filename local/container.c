/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request to a container: sent once, its answer judged by its head, its
 * body streamed into a file.
 *
 * An answer that SageMaker does not take (no Content-Length, too many
 * headers) is read to its end and dropped: the container works until then,
 * and who counts what runs in it must not be told otherwise.
 */
#include "local/container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/model_kind.h"

#define CONNECT_MS 250
/* That covers the handshake of TLS, too. */
#define CONNECT_TLS_MS 2000
#define PING_MS 2000
#define HEADERS_MAX ((size_t)4096)
/* What a crash on demand gives it, to have begun. */
#define CRASH_MS 100

#define NO_LENGTH                                                           \
	"The response from container primary did not specify the required " \
	"Content-Length header"
#define LONG_HEADERS                                                     \
	"Response received from the primary container has headers with " \
	"length greater than 4096 bytes. Reduce the length of your "     \
	"container's response headers and update your endpoint."
#define TIMED_OUT                                                      \
	"Your invocation timed out while waiting for a response from " \
	"container primary. Review the latency metrics for each "      \
	"container in Amazon CloudWatch, resolve the issue, and try again."

struct container_call {
	struct container_options o;
	struct http_call *http;
	struct loop_timer *timer;
	int payload_fd; /* ours: it outlives the caller's where we linger */
	int output_fd; /* -1: nobody wants it */
	int64_t taken;
	const char *refusal; /* why the answer is not taken, or NULL */
	bool too_large;
	bool lingers; /* done was called */
};

static void
call_free(struct container_call *c)
{
	loop_timer_free(c->timer);
	if (c->payload_fd != -1)
		close(c->payload_fd);
	free(c);
}

/* --- the end -------------------------------------------------------- */

static void
call_over(struct container_call *c)
{
	struct container_options o = c->o;

	call_free(c);
	o.over(o.arg);
}

static void
finish(struct container_call *c, const struct model_result *r,
    enum container_fate fate)
{
	struct container_options o = c->o;

	if (fate == CONTAINER_LEFT && o.linger_ms > 0) {
		c->lingers = true;
		c->output_fd = -1;
		loop_timer_set(c->timer, o.linger_ms);
	} else {
		http_cancel(c->http);
		call_free(c);
	}
	o.done(r, fate, o.arg);
}

/* The failure is told in our words; NULL: in those of the reason. */
static void
fail(struct container_call *c, int status, const char *text,
    enum container_fate fate)
{
	char reason[MODEL_REASON_SIZE];
	struct model_result r = {
	    .verdict = MODEL_FAILED, .status = status, .reason = reason};

	model_reason(reason, status);
	r.text = text != NULL ? text : reason;
	r.len = strlen(r.text);
	finish(c, &r, fate);
}

static void
fail_too_large(struct container_call *c)
{
	char *text = xasprintf("Model output is larger than %lld bytes",
	    (long long)c->o.output_max);

	fail(c, 500, text, CONTAINER_ANSWERED);
	free(text);
}

static void
again(
    struct container_call *c, const struct error *err, enum container_fate fate)
{
	struct model_result r = {.verdict = MODEL_AGAIN, .err = *err};

	finish(c, &r, fate);
}

static const char *
type_of(const struct http_response *r)
{
	const char *type = headers_get(&r->headers, "Content-Type");

	return type != NULL && *type != '\0' && header_value_ok(type) ? type
								      : NULL;
}

static void
answer(struct container_call *c, const struct http_response *response)
{
	int status = response->status;
	char reason[MODEL_REASON_SIZE];
	struct model_result r = {.verdict = MODEL_OK,
	    .status = 200,
	    .content_type = type_of(response)};

	if (status < 200 || status >= 300) {
		/* A redirect leads nowhere; the service knows no name for it
		 * but that of a model's failure. */
		r.verdict = MODEL_FAILED;
		r.status = status >= 400 && status < 600 ? status : 500;
		r.reason = reason;
		model_reason(reason, status);
		if (response->body_bytes == 0) {
			r.text = reason;
			r.len = strlen(reason);
			r.content_type = NULL;
		}
	}
	finish(c, &r, CONTAINER_ANSWERED);
}

static void
break_off(struct container_call *c, const struct error *err)
{
	if (c->too_large)
		fail_too_large(c);
	else if (c->refusal != NULL)
		fail(c, 0, c->refusal, CONTAINER_ANSWERED);
	else if (err->code == ERR_LIMIT)
		/* More than even the client takes. */
		fail(c, 0, LONG_HEADERS, CONTAINER_ANSWERED);
	else if (err->code == ERR_IO)
		/* A disk of ours is full: no fault of the model's. */
		again(c, err, CONTAINER_ANSWERED);
	else if (!err->sent)
		again(c, err, CONTAINER_MISSED);
	else
		fail(c, 0, NULL, CONTAINER_BROKE);
}

/* --- the answer ----------------------------------------------------- */

static size_t
size_of(const struct headers *h)
{
	size_t i, size = 0;

	/* As they stand on the wire: "Name: value" and a line end. */
	for (i = 0; i < h->n; i++)
		size += strlen(h->v[i].name) + strlen(h->v[i].value) + 4;
	return size;
}

static bool
has_length(const struct http_response *r)
{
	/* RFC 9110, 8.6: a 204 cannot have one. */
	if (r->status == 204)
		return true;
	/* Two that differ are none (RFC 9112, 6.3). */
	return headers_get(&r->headers, "Transfer-Encoding") == NULL &&
	    headers_count(&r->headers, "Content-Length") == 1 &&
	    http_response_length(r) >= 0;
}

static void
judge_head(struct container_call *c, const struct http_response *r)
{
	if (!has_length(r))
		c->refusal = NO_LENGTH;
	else if (size_of(&r->headers) > HEADERS_MAX)
		c->refusal = LONG_HEADERS;
}

static int
on_head(const struct http_response *r, void *arg, struct error *err)
{
	struct container_call *c = arg;

	judge_head(c, r);
	c->too_large =
	    c->refusal == NULL && http_response_length(r) > c->o.output_max;
	if (c->too_large && !c->lingers)
		return err_set(err, ERR_LIMIT, "the output is too large");
	return 0;
}

static int
on_piece(const void *data, size_t len, void *arg, struct error *err)
{
	struct container_call *c = arg;

	c->taken += (int64_t)len;
	if (c->lingers)
		return 0;
	if (c->taken > c->o.output_max) {
		c->too_large = c->refusal == NULL;
		return err_set(err, ERR_LIMIT, "the output is too large");
	}
	if (c->refusal != NULL)
		return 0;
	return file_write_all(c->output_fd, data, len, err);
}

static void
on_http(const struct http_response *r, const struct error *err, void *arg)
{
	struct container_call *c = arg;

	c->http = NULL;
	if (c->lingers) {
		call_over(c);
		return;
	}
	if (r != NULL)
		judge_head(c, r);
	if (c->o.crash && (r != NULL || err->sent))
		fail(c, 0, NULL, CONTAINER_BROKE);
	else if (r == NULL)
		break_off(c, err);
	else if (c->refusal != NULL)
		fail(c, 0, c->refusal, CONTAINER_ANSWERED);
	else
		answer(c, r);
}

static void
on_timer(void *arg)
{
	struct container_call *c = arg;

	if (c->lingers)
		container_break(c);
	else
		fail(c, 0, c->o.crash ? NULL : TIMED_OUT, CONTAINER_LEFT);
}

/* --- the request ---------------------------------------------------- */

static void
add_header(struct headers *h, const char *name, const char *value)
{
	if (value != NULL && header_value_ok(value))
		headers_add(h, name, value);
}

static void
set_headers(struct headers *h, const struct model_facts *f)
{
	headers_init(h);
	add_header(h, "Content-Type", f->content_type);
	add_header(h, "Accept", f->accept);
	add_header(
	    h, "X-Amzn-SageMaker-Custom-Attributes", f->custom_attributes);
	add_header(h, "X-Amzn-SageMaker-Inference-Id", f->inference_id);
}

static int64_t
connect_ms(const struct container_options *o)
{
	if (o->connect_ms > 0)
		return o->connect_ms;
	return str_starts(o->base, "https:") ? CONNECT_TLS_MS : CONNECT_MS;
}

static int
start(struct container_call *c, const struct model_invocation *v,
    struct error *err)
{
	char *url = xasprintf("%s/invocations", c->o.base);
	struct headers h;
	struct http_request r = {
	    .method = "POST",
	    .url = url,
	    .headers = &h,
	    .body_fd = c->payload_fd,
	    .file_len = v->payload_len,
	    .sink = on_piece,
	    .sink_arg = c,
	    .sink_all = true,
	    .head = on_head,
	    .head_arg = c,
	    .connect_ms = connect_ms(&c->o),
	    /* The time is ours to watch; a model may think in silence. */
	    .stall_ms = v->timeout_s * 1000 + c->o.linger_ms + 60000,
	    .once = true,
	};
	int rc;

	set_headers(&h, &v->facts);
	rc = http_start(c->o.http, &r, on_http, c, &c->http, err);
	headers_done(&h);
	free(url);
	return rc;
}

int
container_invoke(const struct container_options *o,
    const struct model_invocation *v, struct container_call **out,
    struct error *err)
{
	struct container_call *c = xcalloc(1, sizeof(*c));

	c->o = *o;
	c->output_fd = v->output_fd;
	c->payload_fd = fcntl(v->payload_fd, F_DUPFD_CLOEXEC, 3);
	if (c->payload_fd == -1) {
		err_set_errno(err, ERR_IO, "keep a payload open");
		call_free(c);
		return -1;
	}
	if (start(c, v, err) == -1) {
		call_free(c);
		return -1;
	}
	c->timer = loop_timer_new(o->loop, on_timer, c);
	loop_timer_set(c->timer, o->crash ? CRASH_MS : v->timeout_s * 1000);
	*out = c;
	return 0;
}

static void
ignore(const struct model_result *r, enum container_fate fate, void *arg)
{
	(void)r;
	(void)fate;
	(void)arg;
}

void
container_leave(struct container_call *c)
{
	c->o.done = ignore;
	fail(c, 0, NULL, CONTAINER_LEFT);
}

void
container_break(struct container_call *c)
{
	if (!c->lingers) {
		fail(c, 0, NULL, CONTAINER_BROKE);
		return;
	}
	http_cancel(c->http);
	call_over(c);
}

void
container_cancel(struct container_call *c)
{
	if (c == NULL)
		return;
	http_cancel(c->http);
	call_free(c);
}

/* --- health --------------------------------------------------------- */

int
container_ping(struct http_client *http, const char *base, http_done_fn *done,
    void *arg, struct http_call **out, struct error *err)
{
	char *url = xasprintf("%s/ping", base);
	struct http_request r = {
	    .method = "GET",
	    .url = url,
	    .cut_body = true, /* the status is the answer */
	    .connect_ms = PING_MS,
	    .timeout_ms = PING_MS,
	    /* A connection kept open would hold a container of one thread. */
	    .once = true,
	};
	int rc;

	rc = http_start(http, &r, done, arg, out, err);
	free(url);
	return rc;
}

bool
container_is_healthy(const struct http_response *r)
{
	return r != NULL && r->status == 200;
}
