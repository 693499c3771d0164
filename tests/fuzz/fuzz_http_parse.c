/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a request: the first byte says how the rest is cut. A head
 * that is accepted must keep the promises of http_parse.h, and head and chunks
 * must come out the same whole and in pieces.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/http_chunk.h"
#include "net/http_parse.h"

#define MAX_HEAD 2048
#define MAX_HEADERS 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
hold(bool promise)
{
	if (!promise)
		abort();
}

/* Scan in pieces of `step` bytes, each in memory of its own. */
static enum http_scan_result
scan(const char *in, size_t len, size_t step, size_t *seen, int *status)
{
	enum http_scan_result r = HTTP_SCAN_MORE;
	struct http_scan s;
	struct error err;
	size_t at, n;

	http_scan_init(&s, MAX_HEAD, MAX_HEADERS);
	for (at = 0; at < len && r == HTTP_SCAN_MORE; at += n) {
		char *piece;

		n = len - at < step ? len - at : step;
		piece = xmemdup(in + at, n);
		r = http_scan_feed(&s, piece, n, &err);
		free(piece);
	}
	*status = r == HTTP_SCAN_BAD ? err.http_status : 0;
	*seen = s.seen;
	hold(s.seen <= MAX_HEAD);
	return r;
}

/* What the decoder makes of `in`, in pieces of `step` bytes. */
static enum http_chunk_result
decode(const char *in, size_t len, size_t step, struct buf *out, size_t *total)
{
	enum http_chunk_result r = HTTP_CHUNK_MORE;
	struct http_chunk c;
	size_t used, n;

	*total = 0;
	http_chunk_init(&c);
	while (*total < len && r != HTTP_CHUNK_END && r != HTTP_CHUNK_BAD) {
		size_t most = len - *total < step ? len - *total : step;
		char *piece = xmemdup(in + *total, most);

		r = http_chunk_read(&c, piece, most, &used, &n);
		hold(used <= most && n <= used);
		buf_append(out, piece + used - n, n);
		free(piece);
		*total += used;
	}
	return r == HTTP_CHUNK_DATA ? HTTP_CHUNK_MORE : r;
}

static void
check_chunks(const char *in, size_t len, size_t step)
{
	enum http_chunk_result whole, cut;
	size_t whole_used, cut_used;
	struct buf a, b;

	buf_init(&a, len);
	buf_init(&b, len);
	whole = decode(in, len, len + 1, &a, &whole_used);
	cut = decode(in, len, step, &b, &cut_used);
	hold(whole == cut);
	hold(whole_used == cut_used);
	hold(a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
	buf_done(&a);
	buf_done(&b);
}

static void
check_head(const struct http_head *h)
{
	size_t i, lengths = headers_count(&h->headers, "Content-Length");
	size_t codings = headers_count(&h->headers, "Transfer-Encoding");
	size_t hosts = headers_count(&h->headers, "Host");

	hold(h->minor == 0 || h->minor == 1);
	hold(header_name_ok(h->method));
	hold(h->path[0] == '/' && !str_has_control(h->path));
	hold(strpbrk(h->path, " ?#") == NULL);
	hold(strpbrk(h->query, " #") == NULL && !str_has_control(h->query));
	hold(h->headers.n <= MAX_HEADERS);
	hold(hosts <= 1 && (hosts == 1 || h->minor == 0));
	hold(lengths + codings <= 1);
	hold(h->chunked == (codings == 1) && h->chunked == (h->length == -1));
	hold(!h->chunked || h->minor == 1);
	hold(h->length <= HTTP_LENGTH_MAX && (lengths == 1 || h->length <= 0));
	hold(!h->expect || h->length != 0);
	for (i = 0; i < h->headers.n; i++) {
		hold(header_name_ok(h->headers.v[i].name));
		hold(header_value_ok(h->headers.v[i].value));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *in = (const char *)data + 1;
	size_t step, seen, seen_cut;
	enum http_scan_result r;
	struct http_head head;
	struct error err;
	int status, status_cut;

	if (size < 2)
		return 0;
	step = (size_t)data[0] % 64 + 1;
	size--;
	r = scan(in, size, size, &seen, &status);
	hold(r == scan(in, size, step, &seen_cut, &status_cut));
	hold(status == status_cut);
	if (r != HTTP_SCAN_END) {
		check_chunks(in, size, step);
		return 0;
	}
	hold(seen == seen_cut && memcmp(in + seen - 4, "\r\n\r\n", 4) == 0);
	if (http_parse_head(in, seen, &head, &err) == -1) {
		hold(err.http_status >= 400 && err.http_status <= 505);
		return 0;
	}
	check_head(&head);
	if (head.chunked)
		check_chunks(in + seen, size - seen, step);
	http_head_done(&head);
	return 0;
}
