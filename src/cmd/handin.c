/* SPDX-License-Identifier: Apache-2.0 */
/* Handing inputs in: in the API's raw form, streamed, or as its JSON form
 * where the input is a location; or to an engine of our own. */
#include "cmd/handin.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/input.h"
#include "cmd/remote.h"
#include "cmd/runs.h"
#include "job/trace.h"

/* The options' text has less: the service takes no more in one object. */
#define JSON_MAX ((size_t)256 * 1024)

#define AT(field) offsetof(struct request_options, field)

/* How the API names what was asked for, in either form. */
static const struct {
	const char *member;
	const char *field;
	size_t offset;
} asked[] = {
    {"endpoint", "Awaitd-Endpoint", AT(endpoint)},
    {"content_type", "Content-Type", AT(content_type)},
    {"accept", "Awaitd-Accept", AT(accept)},
    {"custom_attributes", "Awaitd-Custom-Attributes", AT(custom_attributes)},
    {"inference_id", "Awaitd-Inference-Id", AT(inference_id)},
    {"output_path_extension", "Awaitd-Output-Path-Extension", AT(extension)},
    {"filename", "Awaitd-Filename", AT(filename)},
};

static const char *
value_of(const struct request_options *o, size_t i)
{
	return *(const char *const *)(const void *)((const char *)o +
	    asked[i].offset);
}

/* --- a service ------------------------------------------------------ */

struct service_hand {
	struct app *app;
	const struct handin *h;
	const struct conf_endpoint *endpoint; /* with the flags over it */
	char *tags; /* or NULL */
};

/* NULL: those of the endpoint; "": nobody. */
static const char *
routes_of(const struct handin *h)
{
	const char *deliver = h->request->deliver;

	if (deliver == NULL)
		return h->deliver ? NULL : "";
	if (str_eq(deliver, "none"))
		return "";
	return *deliver != '\0' ? deliver : NULL;
}

/* That of whoever called us, as programs hand it on; what is not sound goes no
 * further. */
static void
add_trace(struct headers *out)
{
	const char *parent = getenv("TRACEPARENT");
	const char *state = getenv("TRACESTATE");
	char *sound = parent != NULL ? trace_parent(parent) : NULL;
	char *states = state != NULL ? trace_state(state) : NULL;

	if (sound != NULL)
		headers_add(out, "traceparent", sound);
	if (sound != NULL && states != NULL)
		headers_add(out, "tracestate", states);
	free(sound);
	free(states);
}

/* Of the line, else of the flag, else 0: the service's configuration has it. */
static int64_t
seconds_of(int64_t line_s, const char *flag, int64_t configured_ms)
{
	if (line_s != 0 || flag == NULL)
		return line_s;
	return configured_ms / 1000;
}

static int64_t
ttl_of(const struct service_hand *s)
{
	const struct request_options *o = s->h->request;

	return seconds_of(
	    o->request_ttl_s, o->request_ttl, s->endpoint->request_ttl_ms);
}

static int64_t
timeout_of(const struct service_hand *s)
{
	const struct request_options *o = s->h->request;

	return seconds_of(o->invocation_timeout_s, o->invocation_timeout,
	    s->endpoint->invocation_timeout_ms);
}

static void
fill_headers(const struct service_hand *s, struct headers *out)
{
	const struct request_options *o = s->h->request;
	size_t i;

	for (i = 0; i < ARRAY_LEN(asked); i++) {
		if (value_of(o, i) != NULL)
			headers_add(out, asked[i].field, value_of(o, i));
	}
	if (ttl_of(s) != 0)
		headers_addf(
		    out, "Awaitd-Request-Ttl", "%lld", (long long)ttl_of(s));
	if (timeout_of(s) != 0)
		headers_addf(out, "Awaitd-Invocation-Timeout", "%lld",
		    (long long)timeout_of(s));
	if (o->callback != NULL)
		headers_add(out, "Awaitd-Callback-Url", o->callback);
	if (routes_of(s->h) != NULL)
		headers_add(out, "Awaitd-Deliver", routes_of(s->h));
	if (s->tags != NULL)
		headers_add(out, "Awaitd-Tags", s->tags);
}

static void
fill_json(const struct service_hand *s, const char *location, struct jsonw *w)
{
	const struct request_options *o = s->h->request;
	size_t i;

	jsonw_begin(w, NULL, '{');
	jsonw_str(w, "input_location", location);
	for (i = 0; i < ARRAY_LEN(asked); i++)
		jsonw_opt(w, asked[i].member, value_of(o, i));
	if (ttl_of(s) != 0)
		jsonw_int(w, "request_ttl_s", ttl_of(s));
	if (timeout_of(s) != 0)
		jsonw_int(w, "invocation_timeout_s", timeout_of(s));
	jsonw_opt(w, "callback_url", o->callback);
	if (routes_of(s->h) != NULL)
		jsonw_list(w, "deliver", routes_of(s->h));
	if (s->tags != NULL)
		jsonw_list(w, "tags", s->tags);
	jsonw_end(w, '}');
}

/* In either form. The headers and the buffer are the caller's. */
static int
fill_form(const struct service_hand *s, const char *location,
    struct headers *out, struct buf *json, struct error *err)
{
	struct jsonw w;

	headers_init(out);
	buf_init(json, JSON_MAX);
	if (location == NULL) {
		fill_headers(s, out);
	} else {
		jsonw_init(&w, json);
		fill_json(s, location, &w);
		headers_add(out, "Content-Type", "application/json");
	}
	add_trace(out);
	if (!json->overflow)
		return 0;
	headers_done(out);
	buf_done(json);
	return err_set(err, ERR_USAGE,
	    "what is asked for has more than %zu bytes", JSON_MAX);
}

static int
post(const struct service_hand *s, const char *word, bool location,
    struct job **out, struct error *err)
{
	struct headers headers;
	struct buf json;
	struct client_request r = {
	    .method = "POST",
	    .path = "/v1/jobs",
	    .headers = &headers,
	};
	int rc;

	if (!location && input_open(word, &r.body_fd, &r.file_len, err) == -1)
		return -1;
	rc = fill_form(s, location ? word : NULL, &headers, &json, err);
	if (rc == 0) {
		r.body = json.data;
		r.body_len = json.len;
		rc = remote_submit(s->app, &r, out, err);
		headers_done(&headers);
		buf_done(&json);
	}
	if (!location)
		close(r.body_fd);
	return rc;
}

/* What the service would refuse, or could not even be sent. */
static int
check_word(const struct service_hand *s, const char *word, struct error *err)
{
	const struct request_options *o = s->h->request;
	const char *input;
	int64_t size;
	bool location;
	int fd;

	if (request_word(o, word, &input, &location, err) == -1 ||
	    request_check(
		s->app, o, s->endpoint, location ? input : NULL, err) == -1)
		return -1;
	if (location || str_eq(input, "-"))
		return 0;
	if (input_open(input, &fd, &size, err) == -1)
		return -1;
	close(fd);
	return 0;
}

static int
post_word(const struct service_hand *s, const char *word, struct await *a,
    struct error *err)
{
	const char *input;
	struct job *job;
	bool location;
	int rc;

	if (request_word(s->h->request, word, &input, &location, err) == -1)
		return -1;
	rc = post(s, input, location, &job, err);
	if (rc == 0) {
		await_watch(a, job);
		job_free(job);
	} else if (s->app->signo != 0 || err->sent) {
		err_hint(err, "'awaitd list%s' tells whether it has the job.",
		    app_same_server(s->app));
	}
	return rc;
}

static const char *
word_at(const struct handin *h, int i)
{
	return h->n > 0 ? h->words[i] : NULL;
}

int
handin_refuse_options(
    const struct app *app, const struct request_options *o, struct error *err)
{
	if (app_refuse_option(
		app, "--input-prefix", o->input_prefix != NULL, err) == -1 ||
	    app_refuse_option(
		app, "--output-path", o->output_path != NULL, err) == -1)
		return -1;
	return app_refuse_option(
	    app, "--poll-interval", o->poll_interval_ms != 0, err);
}

static int
to_service(const struct service_hand *s, struct await *a, struct error *err)
{
	int i, n = s->h->n > 0 ? s->h->n : 1;

	if (handin_refuse_options(s->app, s->h->request, err) == -1)
		return -1;
	for (i = 0; i < n; i++) {
		if (check_word(s, word_at(s->h, i), err) == -1)
			return -1;
	}
	app_catch_signals(s->app);
	for (i = 0; i < n; i++) {
		if (post_word(s, word_at(s->h, i), a, err) == -1)
			return -1;
	}
	return 0;
}

/* --- an engine of our own ------------------------------------------- */

/* Every input is checked before the first is sent. */
static int
make_jobs(struct app *app, const struct handin *h, const char *folder,
    const struct conf_endpoint *endpoint, struct job **jobs, struct error *err)
{
	int i, n = h->n > 0 ? h->n : 1;

	for (i = 0; i < n; i++) {
		if (request_job(app, h->request, endpoint, word_at(h, i),
			folder, &jobs[i], err) == -1)
			break;
	}
	if (i == n)
		return n;
	while (i > 0)
		request_drop(jobs[--i]);
	return -1;
}

static int
to_engine(struct app *app, const struct handin *h,
    const struct conf_endpoint *endpoint, struct await *a, struct error *err)
{
	struct job **jobs;
	char *folder;
	int n;

	if (app_connect(app, err) == -1 ||
	    runs_folder_to_write(app, &folder, err) == -1)
		return -1;
	jobs = xcalloc((size_t)h->n + 1, sizeof(struct job *));
	n = make_jobs(app, h, folder, endpoint, jobs, err);
	if (n != -1) {
		runs_prune(app, folder);
		n = await_submit(a, folder, jobs, (size_t)n, err);
	}
	free(jobs);
	free(folder);
	return n == -1 ? -1 : 0;
}

int
handin_check_teller(
    const struct app *app, const struct request_options *o, struct error *err)
{
	const char *what = o->callback != NULL ? "a callback" : "a delivery";

	if (app->client != NULL || (o->deliver == NULL && o->callback == NULL))
		return 0;
	app_need_service(app, what, err);
	err->code = ERR_USAGE;
	return -1;
}

int
handin(
    struct app *app, const struct handin *h, struct await *a, struct error *err)
{
	struct service_hand s = {.app = app, .h = h};
	int rc;

	if (handin_check_teller(app, h->request, err) == -1)
		return -1;
	if (request_configure(app, h->request, &s.endpoint, err) == -1)
		return -1;
	if (app->client == NULL)
		return to_engine(app, h, s.endpoint, a, err);
	if (request_tags(h->request, &s.tags, err) == -1)
		return -1;
	rc = to_service(&s, a, err);
	free(s.tags);
	return rc;
}

int
handin_form(const struct handin *h, const struct conf_endpoint *endpoint,
    const char *location, struct headers *out, struct buf *json,
    struct error *err)
{
	struct service_hand s = {.h = h, .endpoint = endpoint};
	int rc;

	if (request_tags(h->request, &s.tags, err) == -1)
		return -1;
	rc = fill_form(&s, location, out, json, err);
	free(s.tags);
	return rc;
}
