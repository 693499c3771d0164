/* SPDX-License-Identifier: Apache-2.0 */
/* What one may ask of net/http_server. */
#ifndef NET_HTTP_SERVER_OPTIONS_H
#define NET_HTTP_SERVER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/header.h"

struct http_tls;

/* 0 in any number means the default named with it. */
struct http_server_options {
	const char *host; /* a numeric address or "localhost", the default */
	int port; /* 0: any free port, see _port() */
	const char *unix_path; /* instead of host and port: a socket there */
	unsigned unix_mode; /* of that file, 0: 0600 */
	struct http_tls *tls; /* http_server_tls.h; borrowed. NULL: plain */
	unsigned max_connections; /* 256; more are answered 503 and closed,
				     with TLS only closed */
	size_t max_head; /* 16 KiB for request line and fields */
	unsigned max_headers; /* 64 */
	/* 10 s from accept or first byte to head; the handshake of TLS is part
	 * of it. */
	int64_t head_timeout_ms;
	int64_t idle_timeout_ms; /* 60 s between requests */
	int64_t body_timeout_ms; /* 60 s without a byte of body, either way */
	/* From where the time for the head begins to the last byte of the
	 * body, whoever holds it up; 0: no such limit. */
	int64_t request_timeout_ms;
	unsigned max_per_source; /* connections of one IPv4 address or IPv6 /56;
				    0: no limit. A UNIX socket has no sources */
	/*
	 * Where no place is left, one that is waited for goes instead of the
	 * new one, without a word. First those which no 2xx has left yet, of
	 * them those of the source that has the most, of them the oldest: who
	 * only holds connections holds up nobody else.
	 */
	bool evict;
	/* The body (up to 16 KiB; HEAD has none) and type of a refusal that no
	 * handler saw (a request that is malformed, too slow or too much);
	 * NULL: one line of text. `why` is a lower-case line of ours, `arg`
	 * the handler's. */
	void (*refusal)(int status, const char *why, struct headers *headers,
	    struct buf *body, void *arg);
	int64_t min_body_rate; /* bytes a second over a whole body, after the
				  first 30 s, pauses not counted; 0: none */
};

#endif
