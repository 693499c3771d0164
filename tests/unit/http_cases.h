/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that must be refused and requests that must be served, as bytes.
 * The parsers' tests and the server's read the same tables.
 */
#ifndef TESTS_HTTP_CASES_H
#define TESTS_HTTP_CASES_H

#include <stddef.h>

struct http_case {
	const char *name;
	int status; /* of the answer */
	const char *bytes;
	size_t len;
	const char *seen; /* what the handler made of it; NULL: refused */
};

/* The head is refused. */
extern const struct http_case http_bad_heads[];
extern const size_t http_n_bad_heads;

/* The head of http_chunked_head is sound, the body in chunks is refused. */
extern const char http_chunked_head[];
extern const struct http_case http_bad_bodies[];
extern const size_t http_n_bad_bodies;

/* What only a listener for SNS at /sns refuses, which takes no chunks. */
extern const char http_sns_chunked_head[];
extern const struct http_case http_bad_posts[];
extern const size_t http_n_bad_posts;

/* Whole requests that are served, and what the echo of the rig then says. */
extern const struct http_case http_good[];
extern const size_t http_n_good;

#endif
