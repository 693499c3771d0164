/* SPDX-License-Identifier: Apache-2.0 */
/* net/http_client.h with no network behind it. */
#include "tests/support/fake_http.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/support/fake_loop.h"

#define HEADERS_MAX 12
/* A body reaches the sink in pieces of this size. */
#define PIECE 1000

struct peer_step {
	TAILQ_ENTRY(peer_step) entry;
	char *method;
	char *url;
	size_t nheaders;
	char *names[HEADERS_MAX];
	char *patterns[HEADERS_MAX];
	char *want_body;
	bool answers;
	int status;
	char *headers;
	char *body;
	struct error err; /* code NONE: a reply */
	int64_t delay_ms;
};
TAILQ_HEAD(steps, peer_step);

struct http_call {
	TAILQ_ENTRY(http_call) entry;
	struct http_client *client;
	struct loop_timer *timer;
	const struct peer_step *step;
	size_t seen; /* its place among them */
	http_source_fn *source; /* NULL: all of the body came */
	void *source_arg;
	int64_t source_len;
	struct http_response response;
	bool head;
	bool cut_body;
	bool began; /* the head was given */
	bool paused;
	size_t given; /* of the body */
	http_sink_fn *sink;
	void *sink_arg;
	http_head_fn *check;
	void *check_arg;
	http_done_fn *done;
	void *arg;
};
TAILQ_HEAD(calls, http_call);

struct http_client {
	struct loop *loop;
	struct calls calls;
};

static char last_ca_file[200];

static struct {
	struct steps expected;
	struct steps always;
	struct steps used;
	struct peer_seen *seen;
	size_t nseen, cap;
	peer_hook *before;
	peer_hook *after;
	void *hook_arg;
	peer_serve_fn *serve;
	void *serve_arg;
	bool forget;
	size_t sunk;
	char verdict[2000];
} peer;

/* --- the script ----------------------------------------------------- */

static struct peer_step *
step_new(struct steps *list, const char *method, const char *url)
{
	struct peer_step *s = xcalloc(1, sizeof(*s));

	if (list->tqh_last == NULL)
		peer_reset();
	s->method = xstrdup(method);
	s->url = xstrdup(url);
	TAILQ_INSERT_TAIL(list, s, entry);
	return s;
}

struct peer_step *
peer_expect(const char *method, const char *url)
{
	return step_new(&peer.expected, method, url);
}

struct peer_step *
peer_always(const char *method, const char *url)
{
	return step_new(&peer.always, method, url);
}

void
peer_header(struct peer_step *s, const char *name, const char *pattern)
{
	if (s->nheaders == HEADERS_MAX)
		abort();
	s->names[s->nheaders] = xstrdup(name);
	s->patterns[s->nheaders++] = xstrdup_or_null(pattern);
}

void
peer_body(struct peer_step *s, const char *body)
{
	s->want_body = xstrdup(body);
}

struct peer_step *
peer_reply(
    struct peer_step *s, int status, const char *headers, const char *body)
{
	s->answers = true;
	s->status = status;
	s->headers = xstrdup(headers);
	s->body = xstrdup(body);
	return s;
}

struct peer_step *
peer_fail(
    struct peer_step *s, enum error_code code, const char *text, bool sent)
{
	s->answers = true;
	err_set(&s->err, code, "%s", text);
	s->err.retryable = true;
	s->err.sent = sent;
	return s;
}

struct peer_step *
peer_stale(struct peer_step *s)
{
	peer_fail(s, ERR_NET, "the kept connection was closed", true);
	s->err.stale = true;
	return s;
}

struct peer_step *
peer_delay(struct peer_step *s, int64_t ms)
{
	s->delay_ms = ms;
	return s;
}

void
peer_watch(peer_hook *before, peer_hook *after, void *arg)
{
	peer.before = before;
	peer.after = after;
	peer.hook_arg = arg;
}

void
peer_serve(peer_serve_fn *fn, void *arg)
{
	peer.serve = fn;
	peer.serve_arg = arg;
}

void
peer_forget(bool forget)
{
	peer.forget = forget;
}

const struct peer_seen *
peer_seen(size_t i)
{
	return i < peer.nseen ? &peer.seen[i] : NULL;
}

size_t
peer_count(const char *method, const char *url)
{
	size_t i, n = 0;

	for (i = 0; i < peer.nseen; i++)
		n += fnmatch(method, peer.seen[i].method, 0) == 0 &&
		    fnmatch(url, peer.seen[i].url, 0) == 0;
	return n;
}

size_t
peer_sunk(void)
{
	return peer.sunk;
}

static void __attribute__((format(printf, 1, 2))) complain(const char *fmt, ...)
{
	size_t len = strlen(peer.verdict);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(peer.verdict + len, sizeof(peer.verdict) - len, fmt, ap);
	va_end(ap);
}

const char *
peer_verdict(void)
{
	struct peer_step *s;

	TAILQ_FOREACH (s, &peer.expected, entry)
		complain("; %s %s never came", s->method, s->url);
	return peer.verdict[0] != '\0' ? peer.verdict : NULL;
}

static void
free_steps(struct steps *list)
{
	struct peer_step *s;
	size_t i;

	while (list->tqh_last != NULL && (s = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, s, entry);
		for (i = 0; i < s->nheaders; i++) {
			free(s->names[i]);
			free(s->patterns[i]);
		}
		free(s->method);
		free(s->url);
		free(s->want_body);
		free(s->headers);
		free(s->body);
		free(s);
	}
	TAILQ_INIT(list);
}

void
peer_reset(void)
{
	size_t i;

	free_steps(&peer.expected);
	free_steps(&peer.always);
	free_steps(&peer.used);
	for (i = 0; i < peer.nseen; i++) {
		free(peer.seen[i].method);
		free(peer.seen[i].url);
		free(peer.seen[i].body);
		free(peer.seen[i].auth);
	}
	free(peer.seen);
	peer.seen = NULL;
	peer.nseen = peer.cap = 0;
	peer.sunk = 0;
	peer.before = peer.after = NULL;
	peer.serve = NULL;
	peer.forget = false;
	peer.verdict[0] = '\0';
}

/* --- one request ---------------------------------------------------- */

static void
note_request(const struct http_request *r)
{
	struct peer_seen *seen;

	if (peer.nseen == peer.cap) {
		peer.cap = peer.cap != 0 ? 2 * peer.cap : 64;
		peer.seen =
		    xreallocarray(peer.seen, peer.cap, sizeof(*peer.seen));
	}
	seen = &peer.seen[peer.nseen++];
	seen->at = clock_wall_ms();
	seen->method = xstrdup(r->method);
	seen->url = xstrdup(r->url);
	seen->auth = xstrdup_or_null(headers_get(r->headers, "authorization"));
	seen->body_len = r->file_len > 0 ? (size_t)r->file_len : r->body_len;
	if (r->source != NULL)
		seen->body_len = 0;
	seen->body = xcalloc(1, seen->body_len + 1);
	if (r->source != NULL)
		return;
	if (r->file_len == 0 && r->body_len > 0)
		memcpy(seen->body, r->body, r->body_len);
	else if (r->file_len > 0 &&
	    pread(r->body_fd, seen->body, seen->body_len, 0) != r->file_len)
		complain("; the file to send has not %lld bytes",
		    (long long)r->file_len);
}

static bool
fits(const struct peer_step *s, const struct http_request *r)
{
	return str_eq(s->method, r->method) && fnmatch(s->url, r->url, 0) == 0;
}

static void
check_request(const struct peer_step *s, const struct http_request *r)
{
	const struct peer_seen *seen = &peer.seen[peer.nseen - 1];
	size_t i;

	for (i = 0; i < s->nheaders; i++) {
		const char *value = headers_get(r->headers, s->names[i]);
		const char *want = s->patterns[i];

		if (want == NULL
			? value != NULL
			: value == NULL || fnmatch(want, value, 0) != 0)
			complain("; %s %s: %s is '%s', not '%s'", r->method,
			    r->url, s->names[i], value != NULL ? value : "-",
			    want != NULL ? want : "-");
	}
	if (s->want_body != NULL && !str_eq(s->want_body, seen->body))
		complain("; %s %s: the body is '%.200s', not '%.200s'",
		    r->method, r->url, seen->body, s->want_body);
}

/* An answer made by the test's function becomes a step of its own. */
static struct peer_step *
serve(const struct http_request *r)
{
	struct peer_answer a = {0};
	struct peer_step *s = step_new(&peer.used, r->method, r->url);

	peer.serve(r->method, r->url, r->headers, &a, peer.serve_arg);
	s->delay_ms = a.delay_ms;
	if (a.status == 0)
		return peer_fail(s, ERR_NET, "the connection broke", true);
	peer_reply(s, a.status, a.headers, a.long_body != NULL ? "" : a.body);
	if (a.long_body != NULL) {
		free(s->body);
		s->body = a.long_body;
	}
	return s;
}

static struct peer_step *
find_step(const struct http_request *r)
{
	struct peer_step *s = TAILQ_FIRST(&peer.expected);

	if (s != NULL && fits(s, r)) {
		TAILQ_REMOVE(&peer.expected, s, entry);
		TAILQ_INSERT_TAIL(&peer.used, s, entry);
		return s;
	}
	TAILQ_FOREACH_REVERSE(s, &peer.always, steps, entry)
	{
		if (fits(s, r))
			return s;
	}
	if (peer.serve != NULL)
		return serve(r);
	s = TAILQ_FIRST(&peer.expected);
	complain("; unexpected %s %s (next: %s %s)", r->method, r->url,
	    s != NULL ? s->method : "nothing", s != NULL ? s->url : "");
	return NULL;
}

/* --- the answer ----------------------------------------------------- */

static void
call_free(struct http_call *call)
{
	if (call->client != NULL)
		TAILQ_REMOVE(&call->client->calls, call, entry);
	loop_timer_free(call->timer);
	headers_done(&call->response.headers);
	buf_done(&call->response.body);
	free(call);
}

static void
add_headers(struct headers *h, const char *text)
{
	char *copy = xstrdup(text), *rest = copy, *line, *colon;

	while ((line = strsep(&rest, "\n")) != NULL) {
		colon = strchr(line, ':');
		if (colon == NULL)
			continue;
		*colon = '\0';
		headers_add(h, line, str_trim(colon + 1));
	}
	free(copy);
}

static int
give_head(struct http_call *call, size_t len, struct error *err)
{
	struct http_response *r = &call->response;

	if (call->head)
		return 0;
	if (headers_get(&r->headers, "content-length") == NULL)
		headers_addf(&r->headers, "Content-Length", "%zu", len);
	if (call->check != NULL && len > 0 && r->status / 100 == 2)
		return call->check(r, call->check_arg, err);
	return 0;
}

/* All of it, or as far as it wants now. 0, or -1 with the error of the sink. */
static int
give_body(struct http_call *call, const char *body, struct error *err)
{
	struct http_response *r = &call->response;
	size_t len = strlen(body), at, n;

	if (call->head)
		return 0;
	for (; call->given < len && !call->paused; call->given += n) {
		at = call->given;
		n = len - at < PIECE ? len - at : PIECE;
		r->body_bytes += (int64_t)n;
		if (call->sink == NULL || r->status / 100 != 2) {
			if (buf_append(&r->body, body + at, n) == -1 &&
			    !call->cut_body)
				return err_set(err, ERR_LIMIT,
				    "the answer is larger than %zu bytes",
				    r->body.max);
		} else if (call->sink(body + at, n, call->sink_arg, err) ==
		    -1) {
			return -1;
		} else {
			peer.sunk += n;
		}
	}
	return 0;
}

/* What the source has now: 1 where that was all, 0 where it has to say when
 * there is more, -1 where it wants no more of this. */
static int
pull(struct http_call *call, struct error *err)
{
	struct peer_seen *seen = &peer.seen[call->seen];
	size_t len, want;

	while ((int64_t)seen->body_len < call->source_len) {
		want = (size_t)call->source_len - seen->body_len;
		if (want > PIECE)
			want = PIECE;
		seen->body =
		    xreallocarray(seen->body, seen->body_len + want + 1, 1);
		len = 0;
		if (call->source(seen->body + seen->body_len, want, &len,
			call->source_arg, err) == -1)
			return -1;
		if (len == 0)
			return 0;
		seen->body_len += len;
		seen->body[seen->body_len] = '\0';
	}
	return 1;
}

/* The client may be freed by whoever is told. */
static void
end_call(struct http_call *call, const struct error *err)
{
	TAILQ_REMOVE(&call->client->calls, call, entry);
	call->client = NULL;
	call->done(err == NULL ? &call->response : NULL, err, call->arg);
	call_free(call);
}

static void
answer(struct http_call *call)
{
	const struct peer_step *s = call->step;
	struct error err = s->err;
	bool first = !call->began;

	call->began = true;
	call->response.status = s->status;
	if (err.code != ERR_NONE) {
		end_call(call, &err);
		return;
	}
	if (first)
		add_headers(&call->response.headers, s->headers);
	if ((first && give_head(call, strlen(s->body), &err) == -1) ||
	    give_body(call, s->body, &err) == -1) {
		err.sent = true;
		end_call(call, &err);
	} else if (!call->paused) {
		end_call(call, NULL);
	}
}

static void
on_answer_due(void *arg)
{
	struct http_call *call = arg;
	struct error err = {0};
	int rc = call->source != NULL ? pull(call, &err) : 1;

	if (rc == 0)
		return;
	if (rc == -1) {
		err.sent = true;
		end_call(call, &err);
	} else if (call->source != NULL && call->step->delay_ms > 0) {
		call->source = NULL;
		loop_timer_set(call->timer, call->step->delay_ms);
	} else {
		answer(call);
	}
}

void
http_pause(struct http_call *call, bool paused)
{
	call->paused = paused;
	if (!paused && call->began)
		loop_timer_set(call->timer, 0);
}

const char *
peer_ca_file(void)
{
	return last_ca_file;
}

/* --- what the rest of the program sees ------------------------------ */

int
http_client_new(struct loop *loop, const struct http_client_options *options,
    struct http_client **out, struct error *err)
{
	struct http_client *c = xcalloc(1, sizeof(*c));

	(void)err;
	c->loop = loop;
	snprintf(last_ca_file, sizeof(last_ca_file), "%s",
	    options->ca_file != NULL ? options->ca_file : "");
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
	while ((call = TAILQ_FIRST(&c->calls)) != NULL)
		call_free(call);
	free(c);
}

static struct http_call *
call_new(struct http_client *c, const struct http_request *r)
{
	struct http_call *call = xcalloc(1, sizeof(*call));
	size_t max = r->body_max != 0 ? r->body_max : 65536;

	call->client = c;
	call->timer = loop_timer_new(c->loop, on_answer_due, call);
	call->head = str_eq(r->method, "HEAD");
	call->cut_body = r->cut_body;
	call->sink = r->sink;
	call->sink_arg = r->sink_arg;
	call->check = r->head;
	call->check_arg = r->head_arg;
	call->source = peer.forget ? NULL : r->source;
	call->source_arg = r->source_arg;
	call->source_len = r->file_len;
	headers_init(&call->response.headers);
	buf_init(&call->response.body, max);
	TAILQ_INSERT_TAIL(&c->calls, call, entry);
	return call;
}

int
http_start(struct http_client *c, const struct http_request *r,
    http_done_fn *done, void *arg, struct http_call **out, struct error *err)
{
	struct http_call *call = call_new(c, r);

	(void)err;
	call->done = done;
	call->arg = arg;
	*out = call;
	if (peer.before != NULL &&
	    !peer.before(r->method, r->url, r->headers, peer.hook_arg)) {
		fake_loop_halt(c->loop);
		return 0;
	}
	call->seen = peer.nseen;
	if (!peer.forget)
		note_request(r);
	call->step = find_step(r);
	if (call->step != NULL && !peer.forget)
		check_request(call->step, r);
	if (peer.after != NULL &&
	    !peer.after(r->method, r->url, r->headers, peer.hook_arg))
		fake_loop_halt(c->loop);
	else if (call->step != NULL && call->step->answers)
		loop_timer_set(call->timer,
		    call->source != NULL ? 0 : call->step->delay_ms);
	return 0;
}

void
http_cancel(struct http_call *call)
{
	if (call != NULL)
		call_free(call);
}

void
http_resume(struct http_call *call)
{
	if (call->source != NULL)
		loop_timer_set(call->timer, 0);
}
