/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scripted peer; replaces net/http_client.c. Requests are matched with what
 * the test expects, in its order; what comes unexpected and what is expected
 * and never comes both fail the test at its end (peer_verdict).
 */
#ifndef TESTS_FAKE_HTTP_H
#define TESTS_FAKE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/header.h"
#include "net/http_client.h"

struct http_client;
struct peer_step;

/* The next request must be this one. The URL is a pattern as of fnmatch(3). */
struct peer_step *peer_expect(const char *method, const char *url);

/*
 * Any number of such requests, at any time, when the next expected one is
 * another; the youngest rule that fits is taken.
 */
struct peer_step *peer_always(const char *method, const char *url);

/* What the request must hold: a pattern, or NULL for "no such header". */
void peer_header(struct peer_step *s, const char *name, const char *pattern);
void peer_body(struct peer_step *s, const char *body);

/* The answer. Without one of these the request is held. */
struct peer_step *peer_reply(
    struct peer_step *s, int status, const char *headers, const char *body);
struct peer_step *peer_fail(
    struct peer_step *s, enum error_code code, const char *text, bool sent);

/* It went over a kept connection that turned out dead. */
struct peer_step *peer_stale(struct peer_step *s);

/* The answer comes so much later. */
struct peer_step *peer_delay(struct peer_step *s, int64_t ms);

/* Called with each request as it "leaves"; false ends the process there. */
typedef bool peer_hook(const char *method, const char *url,
    const struct headers *headers, void *arg);
void peer_watch(peer_hook *before, peer_hook *after, void *arg);

/* Instead of a script: what answers everything that is not expected. */
struct peer_answer {
	int status; /* 0: the connection breaks */
	char headers[1024]; /* "Name: value\n…" */
	char body[1024];
	char *long_body; /* instead, from malloc(3); or NULL. It is taken. */
	int64_t delay_ms;
};
typedef void peer_serve_fn(const char *method, const char *url,
    const struct headers *headers, struct peer_answer *out, void *arg);
void peer_serve(peer_serve_fn *fn, void *arg);

/* How many bytes went into sinks. */
size_t peer_sunk(void);

/* Nothing that comes from now on is kept: of millions that would be much. */
void peer_forget(bool forget);

/* What came so far. Borrowed, until peer_reset(). */
struct peer_seen {
	int64_t at; /* wall clock */
	char *method;
	char *url;
	char *body;
	size_t body_len;
	char *auth; /* the Authorization header */
};
const struct peer_seen *peer_seen(size_t i); /* NULL: no such request */
size_t peer_count(const char *method, const char *url);

/* NULL where all went as expected, else what did not. Borrowed. */
const char *peer_verdict(void);
/* What the last client was made with, or "". */
const char *peer_ca_file(void);
void peer_reset(void);

#endif
