/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Webhooks: one POST an attempt. Each attempt has a connection of its own
 * (`once`): curl repeats a request by itself where a kept connection turns
 * out dead, also one that the receiver has read, and a copy that the journal
 * does not know must not be.
 */
#include "deliver/webhook.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/whsign.h"
#include "net/url.h"

struct webhook {
	struct http_client *http;
	char *url;
	int64_t timeout_ms;
	struct whsign *sign; /* or NULL */
};

struct call {
	struct http_call *http;
	deliver_done_fn *done;
	void *arg;
};

/* --- the answer ----------------------------------------------------- */

/* Seconds, or a date by the receiver's own clock; 0: nothing of use. */
static int64_t
retry_after_ms(const struct http_response *r)
{
	const char *value = headers_get(&r->headers, "Retry-After");
	int64_t s, at, now;

	if (value == NULL || r->status < 400)
		return 0;
	if (str_to_i64(value, 0, INT32_MAX, &s) == 0)
		return s * 1000;
	at = http_response_date(r, "Retry-After");
	if (at == -1)
		return 0;
	now = http_response_date(r, "Date");
	if (now == -1)
		now = clock_wall_ms();
	return at > now ? at - now : 0;
}

static void
judge(const struct http_response *r, struct deliver_result *out)
{
	out->status = r->status;
	if (r->status >= 200 && r->status < 300) {
		out->verdict = DELIVER_OK;
	} else if (r->status == 410) {
		out->verdict = DELIVER_GONE;
	} else {
		out->verdict = DELIVER_RETRY;
		out->retry_after_ms = retry_after_ms(r);
	}
}

static char *
note_of(int status)
{
	const char *why = "";

	if (status >= 300 && status < 400)
		why = ": redirects are not followed";
	else if (status == 410)
		why = ": it wants no more of this";
	return xasprintf("answered %d%s", status, why);
}

static void
on_done(const struct http_response *r, const struct error *err, void *arg)
{
	struct call *c = arg;
	struct deliver_result result = {
	    .verdict = DELIVER_RETRY, .status = ATTEMPT_NO_STATUS};
	char *note = NULL, *said = NULL;

	if (r != NULL) {
		crash_point("C11");
		judge(r, &result);
		said = deliver_text(r->body.data, r->body.len);
		if (result.verdict != DELIVER_OK)
			note = note_of(r->status);
	} else {
		note = xstrdup(err->text);
	}
	result.note = note;
	result.response = said;
	c->done(&result, c->arg);
	free(said);
	free(note);
	free(c);
}

/* --- the request ---------------------------------------------------- */

static void
add_headers(struct headers *h, const struct webhook *w, const struct parcel *p)
{
	int64_t now_s = clock_wall_ms() / 1000;
	char signature[WHSIGN_SIZE];

	headers_init(h);
	headers_add(h, "User-Agent", "awaitd/" PACKAGE_VERSION);
	headers_add(h, "Content-Type", "application/json");
	headers_add(h, "webhook-id", p->delivery->id);
	headers_addf(h, "webhook-timestamp", "%lld", (long long)now_s);
	if (w->sign != NULL) {
		whsign_v1(w->sign, p->delivery->id, now_s, p->body,
		    (size_t)p->size, signature);
		headers_add(h, "webhook-signature", signature);
	}
	headers_addf(h, "awaitd-attempt", "%u", p->attempt);
	if (p->replay)
		headers_add(h, "awaitd-replay", "1");
}

static int
post(struct webhook *w, const struct parcel *p, struct call *c,
    struct error *err)
{
	struct headers headers;
	struct http_request r = {
	    .method = "POST",
	    .url = w->url,
	    .headers = &headers,
	    .body = p->body,
	    .body_len = (size_t)p->size,
	    .body_max = ATTEMPT_RESPONSE_MAX,
	    .cut_body = true,
	    .timeout_ms = w->timeout_ms,
	    .stall_ms = w->timeout_ms,
	    .once = true,
	};
	int rc;

	add_headers(&headers, w, p);
	rc = http_start(w->http, &r, on_done, c, &c->http, err);
	headers_done(&headers);
	return rc;
}

static int
webhook_start(void *self, const struct parcel *p, deliver_done_fn *done,
    void *arg, void **out, struct error *err)
{
	struct call *c;

	if (p->fd != -1)
		return err_set(
		    err, ERR_USAGE, "a webhook's body has to be in memory");
	c = xcalloc(1, sizeof(*c));
	c->done = done;
	c->arg = arg;
	if (post(self, p, c, err) == -1) {
		free(c);
		return -1;
	}
	*out = c;
	return 0;
}

static void
webhook_cancel(void *call)
{
	struct call *c = call;

	http_cancel(c->http);
	free(c);
}

static void
webhook_free(void *self)
{
	struct webhook *w = self;

	whsign_free(w->sign);
	free(w->url);
	free(w);
}

static const struct deliver_driver webhook_driver = {
    .start = webhook_start,
    .cancel = webhook_cancel,
    .free = webhook_free,
};

static int
check_url(const char *s, struct error *err)
{
	struct url url;

	if (url_parse(s, &url, err) == -1) {
		err->code = ERR_CONFIG;
		return -1;
	}
	url_done(&url);
	return 0;
}

int
webhook_new(
    const struct webhook_options *o, struct target **out, struct error *err)
{
	struct whsign *sign = NULL;
	struct webhook *w;

	if (check_url(o->url, err) == -1)
		return -1;
	if (o->secret_files != NULL && o->secret_files[0] != NULL &&
	    whsign_from_file(o->secret_files[0], &sign, err) == -1)
		return err_prefix(err, "secret_file");
	w = xcalloc(1, sizeof(*w));
	w->http = o->http;
	w->url = xstrdup(o->url);
	w->timeout_ms = o->target.timeout_ms;
	w->sign = sign;
	*out = target_new(&o->target, &webhook_driver, w);
	return 0;
}
