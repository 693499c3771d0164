/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a request, and what the log says of it. */
#include "local/call.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/discard.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "net/http_server_shape.h"

/* No client waits longer for an answer. */
#define HANG_MS ((int64_t)3600 * 1000)

static void
call_free(struct call *c)
{
	sigv4_claim_done(&c->claim);
	free((char *)c->about.operation);
	free((char *)c->about.endpoint);
	free((char *)c->about.bucket);
	free((char *)c->about.key);
	free((char *)c->about.topic);
	free(c);
}

/* Status 0: nobody was there to be answered. The query is left out: a
 * presigned one holds a signature. */
static void
log_call(const struct call *c, int status)
{
	log_begin(LOG_DEBUG, "http");
	log_str("method", http_method(c->x));
	log_str("path", http_path(c->x));
	log_int("status", status);
	log_int("ms", clock_mono_ms() - c->started_at);
	log_str("user", c->claim.user != NULL ? c->claim.user->name : NULL);
	log_str("request", c->request_id);
	log_str("operation", c->about.operation);
	log_str("endpoint", c->about.endpoint);
	log_str("bucket", c->about.bucket);
	log_str("key", c->about.key);
	log_str("topic", c->about.topic);
	log_str("fault", c->fault);
	log_end();
}

static void
on_gone(struct http_exchange *x, void *arg)
{
	struct call *c = arg;

	(void)x;
	log_call(c, 0);
	if (c->gone != NULL)
		c->gone(c->gone_arg);
	call_free(c);
}

struct call *
call_new(struct http_exchange *x, struct faults *faults)
{
	struct call *c = xcalloc(1, sizeof(*c));

	c->x = x;
	c->faults = faults;
	c->started_at = clock_mono_ms();
	random_uuid(c->request_id);
	sigv4_claim_init(&c->claim);
	http_on_gone(x, on_gone, c);
	return c;
}

void
call_on_gone(struct call *c, void (*gone)(void *arg), void *arg)
{
	c->gone = gone;
	c->gone_arg = arg;
}

static void
finish(struct call *c, int status)
{
	log_call(c, status);
	http_on_gone(c->x, NULL, NULL);
	call_free(c);
}

/* --- faults --------------------------------------------------------- */

const struct fault *
call_fault(struct call *c, enum fault_kind kind)
{
	const struct fault *f = fault_take(c->faults, kind, &c->about);

	if (f != NULL)
		c->fault = fault_name(kind);
	return f;
}

void
call_about(struct call *c, const struct fault_subject *about)
{
	const struct fault *f;

	c->about = (struct fault_subject){
	    .operation = xstrdup_or_null(about->operation),
	    .endpoint = xstrdup_or_null(about->endpoint),
	    .bucket = xstrdup_or_null(about->bucket),
	    .key = xstrdup_or_null(about->key),
	    .topic = xstrdup_or_null(about->topic),
	};
	f = call_fault(c, FAULT_CLOCK_SKEW);
	if (f != NULL)
		c->skew_ms = f->ms;
}

int64_t
call_now(const struct call *c)
{
	return clock_wall_ms() + c->skew_ms;
}

enum sigv4_verdict
call_verify(struct call *c, struct hash *payload)
{
	unsigned char digest[HASH_SHA256_SIZE];
	char hex[HASH_SHA256_HEX_SIZE];
	struct sigv4_received r = {
	    .method = http_method(c->x),
	    .path = http_path(c->x),
	    .query = http_query(c->x),
	    .headers = http_headers(c->x),
	    .payload_hash = hex,
	};

	hash_final(payload, digest);
	encode_hex(digest, sizeof(digest), hex);
	return sigv4_verify(&c->claim, &r);
}

bool
call_struck(struct call *c, const struct call_words *words)
{
	const struct fault *f;

	if (call_fault(c, FAULT_THROTTLE) != NULL) {
		words->throttle(c);
		return true;
	}
	f = call_fault(c, FAULT_ERROR_BEFORE);
	if (f != NULL) {
		words->fail(c, f->status);
		return true;
	}
	c->words = words;
	return false;
}

static bool
is_head(const struct call *c)
{
	return str_eq(http_method(c->x), "HEAD");
}

/* A look that finds nothing is done, too. */
static bool
was_done(const struct call *c, int status)
{
	return status < 400 || is_head(c) || str_eq(http_method(c->x), "GET");
}

static void
shape_body(struct call *c)
{
	const struct fault *cut = call_fault(c, FAULT_TRUNCATE);
	const struct fault *drip = call_fault(c, FAULT_DRIP);
	struct http_shape shape = {
	    .cut = cut != NULL,
	    .cut_at = cut != NULL ? cut->bytes : 0,
	    .drip = drip != NULL ? drip->bytes : 0,
	    .drip_ms = drip != NULL ? drip->ms : 0,
	};

	if (cut != NULL || drip != NULL)
		http_reply_shape(c->x, &shape);
}

/* Whether a fault takes the place of the reply; len is its body's. */
static bool
spoiled(struct call *c, int status, int64_t len)
{
	const struct call_words *words = c->words;
	struct http_exchange *x = c->x;
	const struct fault *f;

	if (words == NULL)
		return false;
	c->words = NULL;
	if (was_done(c, status)) {
		f = call_fault(c, FAULT_ERROR_AFTER);
		if (f != NULL) {
			words->fail(c, f->status);
			return true;
		}
		if (call_fault(c, FAULT_DROP_REPLY) != NULL) {
			finish(c, status);
			http_abort(x);
			return true;
		}
	}
	if (call_fault(c, FAULT_HANG) != NULL) {
		finish(c, status);
		http_hang(x, HANG_MS);
		return true;
	}
	if (len > 0 && !is_head(c))
		shape_body(c);
	return false;
}

/* --- replies -------------------------------------------------------- */

/* With the date of a clock that is wrong, in own. */
static const struct headers *
date(const struct call *c, const struct headers *headers, struct headers *own)
{
	char text[TIMEFMT_HTTP_SIZE];
	size_t i;

	headers_init(own);
	if (c->skew_ms == 0)
		return headers;
	for (i = 0; headers != NULL && i < headers->n; i++)
		headers_add(own, headers->v[i].name, headers->v[i].value);
	timefmt_http(call_now(c), text);
	headers_set(own, "Date", text);
	return own;
}

void
call_reply(struct call *c, int status, const struct headers *headers,
    const void *body, size_t len)
{
	struct http_exchange *x = c->x;
	struct headers own;

	if (spoiled(c, status, (int64_t)len))
		return;
	headers = date(c, headers, &own);
	finish(c, status);
	http_reply(x, status, headers, body, len);
	headers_done(&own);
}

void
call_reply_head(
    struct call *c, int status, const struct headers *headers, int64_t len)
{
	struct http_exchange *x = c->x;
	struct headers own;

	if (spoiled(c, status, 0))
		return;
	headers = date(c, headers, &own);
	finish(c, status);
	http_reply_head(x, status, headers, len);
	headers_done(&own);
}

void
call_reply_file(struct call *c, int status, const struct headers *headers,
    int take_fd, int64_t offset, int64_t len)
{
	struct http_exchange *x = c->x;
	struct headers own;

	if (spoiled(c, status, len)) {
		discard_fd(take_fd);
		return;
	}
	headers = date(c, headers, &own);
	finish(c, status);
	http_reply_file(x, status, headers, take_fd, offset, len);
	headers_done(&own);
}
