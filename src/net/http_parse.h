/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of an HTTP/1 request, read strictly by RFC 9112: what another
 * reader of the same bytes could understand in another way is refused. Pure
 * functions over bytes; sockets, caps on bodies and answers are
 * net/http_server's.
 */
#ifndef NET_HTTP_PARSE_H
#define NET_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/header.h"

/* A length that JSON and a double can still hold. */
#define HTTP_LENGTH_MAX ((int64_t)1 << 53)

/* What may be given as Content-Length: digits, at most this many. */
#define HTTP_LENGTH_DIGITS 16

enum http_scan_result { HTTP_SCAN_MORE, HTTP_SCAN_END, HTTP_SCAN_BAD };

/* Looks for the end of a head in bytes that come piece by piece. */
struct http_scan {
	size_t max_head; /* bytes, line ends included */
	unsigned max_headers;
	size_t seen; /* bytes of this head up to now */
	unsigned lines; /* complete ones: the request line, then fields */
	int state;
};

void http_scan_init(struct http_scan *s, size_t max_head, unsigned max_headers);

/*
 * Go over the next piece. HTTP_SCAN_END: the head is the first s->seen bytes
 * of all that was given. HTTP_SCAN_BAD: err->http_status says what to answer.
 * One empty line in front is let through (RFC 9112, 2.2). A bare CR or LF, a
 * NUL or another control, a folded line and a passed cap end the scan where
 * they stand, so that nobody waits for the end of such a head.
 */
enum http_scan_result http_scan_feed(
    struct http_scan *s, const char *data, size_t len, struct error *err);

struct http_head {
	char *text; /* owns what the next three point into */
	const char *method;
	const char *path; /* raw, up to '?' */
	const char *query; /* raw, behind '?', or "" */
	struct headers headers; /* values without blanks at their ends */
	int minor; /* of HTTP/1.x: 0 or 1 */
	bool chunked;
	int64_t length; /* of the body; -1 if chunked, 0 without one */
	bool expect; /* waits for 100 before it sends the body */
	bool close; /* no further request comes on this connection */
};

/*
 * Take apart a head that http_scan_feed() has found the end of. On success
 * *out is to be given back with http_head_done(); otherwise err->http_status
 * says what to answer.
 */
int http_parse_head(
    const char *data, size_t len, struct http_head *out, struct error *err);
void http_head_done(struct http_head *h);

#endif
