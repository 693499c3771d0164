/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/jobs with a JSON object that says all. */
#include <string.h>

#include "base/str.h"
#include "serve/api_submit.h"

static bool
is_json(const char *type)
{
	size_t len = strcspn(type != NULL ? type : "", "; \t");

	return type != NULL && len == strlen("application/json") &&
	    strncasecmp(type, "application/json", len) == 0;
}

static const char *
code_of(const struct error *err)
{
	switch (err->code) {
	case ERR_PROTOCOL:
		return "bad_json";
	case ERR_NOT_FOUND:
		return "unknown_member";
	default:
		return "bad_member";
	}
}

static int
take_text(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	struct api_submit *s = ((struct api_call *)arg)->work;

	(void)x;
	return buf_append(&s->text, data, len);
}

static void
on_text(struct http_exchange *x, void *arg)
{
	struct api_call *c = arg;
	struct api_submit *s = c->work;
	struct error err;

	(void)x;
	if (api_asked_json(s->text.data, s->text.len, &s->asked, &err) == -1) {
		api_refuse_err(c, 400, code_of(&err), &err);
		return;
	}
	s->code = "bad_member";
	if (api_submit_prepare(c, (int64_t)s->asked.body_len) == -1)
		return;
	if (s->asked.input_location != NULL)
		api_submit_go(c, NULL);
	else if (api_submit_input(c, s->asked.body, s->asked.body_len) == 0)
		api_submit_finish(c);
}

static void
on_too_large(struct http_exchange *x, void *arg)
{
	struct api_call *c = arg;
	const struct api_submit *s = c->work;

	(void)x;
	api_refuse(c, 413, "too_large",
	    "a JSON body has at most %zu bytes; larger inputs are sent as "
	    "they are, with Awaitd-Endpoint",
	    s->text.max);
}

/* Awaitd-Deliver and the like without Awaitd-Endpoint would be lost. */
static const char *
stray_field(const struct headers *h)
{
	size_t i;

	for (i = 0; i < h->n; i++) {
		if (strncasecmp(h->v[i].name, "Awaitd-", 7) == 0)
			return h->v[i].name;
	}
	return NULL;
}

void
api_submit_json(struct api_call *c)
{
	const struct headers *h = http_headers(c->x);
	struct http_body_sink sink = {
	    .data = take_text,
	    .end = on_text,
	    .toolarge = on_too_large,
	};
	struct api_submit *s;

	if (stray_field(h) != NULL)
		api_refuse(c, 400, "bad_parameter",
		    "the header field \"%s\" needs \"Awaitd-Endpoint\"",
		    stray_field(h));
	else if (headers_count(h, "Content-Type") != 1 ||
	    !is_json(headers_get(h, "Content-Type")))
		api_refuse(c, 415, "unsupported_media_type",
		    "JSON is expected, or an input with Awaitd-Endpoint");
	else if ((s = api_submit_new(c)) != NULL) {
		sink.max = (int64_t)s->text.max;
		http_body(c->x, &sink, c);
	}
}
