/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a request, and what the log says of it. */
#include "local/call.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

static void
call_free(struct call *c)
{
	auth_claim_done(&c->claim);
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
call_new(struct http_exchange *x)
{
	struct call *c = xcalloc(1, sizeof(*c));

	c->x = x;
	c->started_at = clock_mono_ms();
	random_uuid(c->request_id);
	auth_claim_init(&c->claim);
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

void
call_reply(struct call *c, int status, const struct headers *headers,
    const void *body, size_t len)
{
	struct http_exchange *x = c->x;

	finish(c, status);
	http_reply(x, status, headers, body, len);
}

void
call_reply_head(
    struct call *c, int status, const struct headers *headers, int64_t len)
{
	struct http_exchange *x = c->x;

	finish(c, status);
	http_reply_head(x, status, headers, len);
}

void
call_reply_file(struct call *c, int status, const struct headers *headers,
    int take_fd, int64_t offset, int64_t len)
{
	struct http_exchange *x = c->x;

	finish(c, status);
	http_reply_file(x, status, headers, take_fd, offset, len);
}
