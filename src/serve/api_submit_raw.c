/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/jobs with the input itself as the body, the rest in the header. */
#include "serve/api_submit.h"

static int
take_piece(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	(void)x;
	return api_submit_input(arg, data, len);
}

static void
on_end(struct http_exchange *x, void *arg)
{
	(void)x;
	api_submit_finish(arg);
}

static void
on_too_large(struct http_exchange *x, void *arg)
{
	(void)x;
	api_refuse(arg, 413, "too_large", "an input has at most %lld bytes",
	    (long long)API_INPUT_MAX);
}

void
api_submit_raw(struct api_call *c)
{
	struct http_body_sink sink = {
	    .max = API_INPUT_MAX,
	    .data = take_piece,
	    .end = on_end,
	    .toolarge = on_too_large,
	};
	struct api_submit *s = api_submit_new(c);
	struct error err;

	if (s == NULL)
		return;
	s->code = "bad_parameter";
	if (api_asked_header(http_headers(c->x), &s->asked, &err) == -1)
		api_refuse_err(c, 400, "bad_parameter", &err);
	else if (api_submit_prepare(c, http_content_length(c->x)) == 0)
		http_body(c->x, &sink, c);
}
