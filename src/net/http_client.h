/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP requests on the loop: the only door to libcurl. Bodies stream both
 * ways; redirects are never followed. Flow tests replace this file at link
 * time with a scripted peer.
 */
#ifndef NET_HTTP_CLIENT_H
#define NET_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/loop.h"
#include "net/header.h"

struct egress;
struct http_client;
struct http_call;

/* Strings and the policy are copied. */
struct http_client_options {
	unsigned max_per_host; /* connections, 0: 64 */
	const char *ca_file; /* instead of the system's, or NULL */
	const char *user_agent;
	/* Which addresses may be connected to (net/egress.h); NULL: any. With
	 * one, URLs are read strictly (net/url.h), and what is refused is
	 * ERR_REFUSED: by http_start() where the URL tells. */
	const struct egress *egress;
	/* For servers that ask for a certificate: PEM, read here and now; both
	 * or neither. */
	const char *certificate_file;
	const char *private_key_file;
	/* A URL; "": none; NULL: the environment's. Its address is not judged,
	 * and the one behind it cannot be. */
	const char *proxy;
};

struct http_response {
	int status;
	struct headers headers;
	struct buf body; /* what did not go to the sink */
	int64_t body_bytes; /* that came, the sink's and the cut included */
	bool cut; /* the body is not all of it (cut_body) */
	bool unsent; /* it came before all of the request's body had left, and
			the rest never left */
};

/* A piece of a 2xx body, or of any (sink_all): 0, or -1 with *err to break
 * off. */
typedef int http_sink_fn(
    const void *data, size_t len, void *arg, struct error *err);

/* The head of an answer whose body goes to the sink, before its first byte
 * does: 0, or -1 with *err to break off. */
typedef int http_head_fn(
    const struct http_response *r, void *arg, struct error *err);

/*
 * The next bytes of a request's body, of which nothing is read twice: up to
 * `max` of them, their number in *len. None: not yet, until http_resume(). 0,
 * or -1 with *err to break off.
 */
typedef int http_source_fn(
    void *out, size_t max, size_t *len, void *arg, struct error *err);

/* Strings, headers and `body` are copied; body_fd must stay open till done. */
struct http_request {
	const char *method;
	const char *url; /* sent as it is, "/../" included */
	const char *unix_socket; /* connect to this instead of the URL's host,
				    never by a proxy; or NULL */
	/* Never by a proxy: metadata services, and whoever vets addresses. */
	bool direct;
	/* Connect, shake hands with TLS, and no more: nothing is sent, and the
	 * response is empty with status 0. */
	bool connect_only;
	const struct headers *headers;
	const void *body;
	size_t body_len;
	int body_fd; /* used where file_len > 0: read from offset 0 */
	int64_t file_len;
	/* Instead of body_fd: file_len bytes are pulled as the peer takes them,
	 * over a connection of their own. While none come the call stalls. */
	http_source_fn *source;
	void *source_arg;
	size_t body_max; /* of the response in memory; 0: 64 KiB */
	/* The status is the answer: once the head is there the call cannot
	 * fail any more. What passes body_max, or breaks, or does not come in
	 * time is left out of the body, whatever the status, and the
	 * connection is not used again. Not with a sink. */
	bool cut_body;
	http_sink_fn *sink;
	void *sink_arg;
	bool sink_all; /* the sink gets bodies of any status */
	http_head_fn *head; /* or NULL */
	void *head_arg;
	int64_t timeout_ms; /* of the whole exchange; 0: none */
	int64_t connect_ms; /* until there is a connection; 0: 10 s */
	int64_t stall_ms; /* without a byte either way; 0: 60 s */
	/* Never sent a second time, not even over a kept connection that
	 * turned out dead: for requests that are not idempotent. */
	bool once;
	/* Nor is this, but it may go over a kept connection: where that turns
	 * out dead the call fails, with error.stale. Only with a body, or a
	 * method that can have one. */
	bool no_copy;
	unsigned kept_max_s; /* no kept connection that was idle for longer (a
				second more at most); 0: 118 s */
};

/*
 * The response, complete as far as its framing tells, or NULL with the error;
 * error.sent is false only where no byte of the request can have left. Both
 * are borrowed for the length of the call.
 */
typedef void http_done_fn(
    const struct http_response *r, const struct error *err, void *arg);

/* ERR_CONFIG: one of the files, or the proxy. */
int http_client_new(struct loop *loop,
    const struct http_client_options *options, struct http_client **out,
    struct error *err);

/* Cancels what is under way. May be called from a callback of its own. */
void http_client_free(struct http_client *c);

/* *out is for http_cancel() and is gone once done was called. */
int http_start(struct http_client *c, const struct http_request *r,
    http_done_fn *done, void *arg, struct http_call **out, struct error *err);

/* done is not called any more. */
void http_cancel(struct http_call *call);

/* The source has more, or an error to tell. Not from within the source. */
void http_resume(struct http_call *call);

/*
 * No more bytes for the sink until it goes on; what it is being given now it
 * takes. Nothing is read from the peer meanwhile, and that counts as no stall.
 */
void http_pause(struct http_call *call, bool paused);

/* The header's date and the like; -1 where it is missing or senseless. */
int64_t http_response_date(const struct http_response *r, const char *name);
int64_t http_response_length(const struct http_response *r);

#endif
