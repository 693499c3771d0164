/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chunked transfer coding of RFC 9112, 7.1, taken apart strictly and
 * piece by piece. Pure; knows no socket and no cap on the body.
 *
 * A size is 1 to 16 hexadecimal digits with nothing around them. Extensions
 * are skipped, trailer fields are checked and dropped; both are bounded over
 * the whole body by HTTP_CHUNK_EXTRA_MAX bytes. Line ends are CR LF only.
 */
#ifndef NET_HTTP_CHUNK_H
#define NET_HTTP_CHUNK_H

#include <stddef.h>
#include <stdint.h>

#define HTTP_CHUNK_EXTRA_MAX 4096

enum http_chunk_result {
	HTTP_CHUNK_MORE, /* all of the input was used, the body goes on */
	HTTP_CHUNK_DATA, /* a run of the body's bytes; call again behind it */
	HTTP_CHUNK_END, /* what is not used belongs to the next request */
	HTTP_CHUNK_BAD, /* broken; stays so */
};

struct http_chunk {
	int state;
	unsigned digits; /* of the size under way */
	int64_t left; /* of the chunk under way */
	unsigned extra; /* bytes of extensions and trailers */
};

void http_chunk_init(struct http_chunk *c);

/*
 * Read from `in`; *used is how far it came. With HTTP_CHUNK_DATA the run is
 * the last *n of the used bytes; *n is 0 otherwise.
 */
enum http_chunk_result http_chunk_read(
    struct http_chunk *c, const char *in, size_t len, size_t *used, size_t *n);

#endif
