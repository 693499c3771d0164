/* SPDX-License-Identifier: Apache-2.0 */
/* net/http_parse: what is refused, what is read, and where a head ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "net/http_parse.h"
#include "tests/unit/http_cases.h"

#define MAX_HEAD 16384
#define MAX_HEADERS 64

/* The bytes in a block of their own, so that a sanitizer sees the end. */
static enum http_scan_result
feed(struct http_scan *s, const char *bytes, size_t len, struct error *err)
{
	char *copy = xmemdup(bytes, len);
	enum http_scan_result r = http_scan_feed(s, copy, len, err);

	free(copy);
	return r;
}

/*
 * Read a head that comes in two pieces, cut at `cut`. Returns 0 with *head
 * and *seen filled, the status of the refusal, or -1 where the end is missing.
 */
static int
read_cut(const char *bytes, size_t len, size_t cut, struct http_head *head,
    size_t *seen)
{
	enum http_scan_result r;
	struct http_scan s;
	struct error err;
	char *copy;
	int rc;

	http_scan_init(&s, MAX_HEAD, MAX_HEADERS);
	r = feed(&s, bytes, cut, &err);
	if (r == HTTP_SCAN_MORE)
		r = feed(&s, bytes + cut, len - cut, &err);
	if (r == HTTP_SCAN_BAD)
		return err.http_status;
	if (r == HTTP_SCAN_MORE)
		return -1;
	*seen = s.seen;
	copy = xmemdup(bytes, s.seen);
	rc = http_parse_head(copy, s.seen, head, &err);
	free(copy);
	return rc == 0 ? 0 : err.http_status;
}

static int
read_head(const char *bytes, struct http_head *head)
{
	size_t seen;

	return read_cut(bytes, strlen(bytes), 0, head, &seen);
}

static void
expect_refused(const struct http_case *c, size_t cut)
{
	struct http_head head;
	size_t seen;
	int status = read_cut(c->bytes, c->len, cut, &head, &seen);

	if (status == c->status)
		return;
	print_error("%s, cut at %zu: %d\n", c->name, cut, status);
	if (status == 0)
		http_head_done(&head);
	fail();
}

static void
every_bad_head_is_refused_wherever_it_is_cut(void **state)
{
	size_t i, cut;

	(void)state;
	for (i = 0; i < http_n_bad_heads; i++) {
		for (cut = 0; cut <= http_bad_heads[i].len; cut++)
			expect_refused(&http_bad_heads[i], cut);
	}
}

static void
a_head_that_cannot_become_sound_is_refused_at_once(void **state)
{
	static const char *const starts[] = {"GET / HTTP/1.1\n",
	    "GET / HTTP/1.1\r\nHost: a\n", "GET / HTTP/1.1\r\nHost: a\rb", "\n",
	    "GET / HTTP/1.1\r\nHost: a\r\n\rx", "\r\r", " ",
	    "GET / HTTP/1.1\r\nHost: a\r\n ", "GET / HTTP/1.1\r\n\t"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		struct http_head head;

		assert_int_equal(read_head(starts[i], &head), 400);
	}
}

static void
every_good_head_is_read_wherever_it_is_cut(void **state)
{
	size_t i, cut;

	(void)state;
	for (i = 0; i < http_n_good; i++) {
		const struct http_case *c = &http_good[i];
		const char *end = strstr(c->bytes + 2, "\r\n\r\n");

		for (cut = 0; cut <= c->len; cut++) {
			struct http_head head;
			size_t seen;

			assert_int_equal(
			    read_cut(c->bytes, c->len, cut, &head, &seen), 0);
			assert_int_equal(seen, (size_t)(end - c->bytes) + 4);
			http_head_done(&head);
		}
	}
}

static void
a_head_is_taken_apart(void **state)
{
	struct http_head h;

	(void)state;
	assert_int_equal(
	    read_head("PUT /b/k%20?x=1?y HTTP/1.1\r\nHost: a:80\r\n"
		      "X-A: \t b c \r\nx-a:\r\nContent-Length: 12\r\n\r\n",
		&h),
	    0);
	assert_string_equal(h.method, "PUT");
	assert_string_equal(h.path, "/b/k%20");
	assert_string_equal(h.query, "x=1?y");
	assert_int_equal(h.minor, 1);
	assert_int_equal(h.headers.n, 4);
	assert_string_equal(headers_get(&h.headers, "HOST"), "a:80");
	assert_string_equal(h.headers.v[1].value, "b c");
	assert_string_equal(h.headers.v[2].name, "x-a");
	assert_string_equal(h.headers.v[2].value, "");
	assert_int_equal(h.length, 12);
	assert_false(h.chunked);
	assert_false(h.expect);
	assert_false(h.close);
	http_head_done(&h);
}

struct framing {
	const char *bytes;
	int64_t length;
	bool chunked;
	bool expect;
	bool close;
};

static void
the_framing_is_read(void **state)
{
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
	static const struct framing cases[] = {
	    {POST "\r\n", 0, false, false, false},
	    {POST "Content-Length: 9007199254740992\r\n\r\n",
		INT64_C(9007199254740992), false, false, false},
	    {POST "Transfer-Encoding: chunked\r\n\r\n", -1, true, false, false},
	    {POST "Content-Length: 1\r\nExpect: 100-Continue\r\n\r\n", 1, false,
		true, false},
	    {POST "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
		-1, true, true, false},
	    {POST "Expect: 100-continue\r\n\r\n", 0, false, false, false},
	    {POST "Content-Length: 0\r\nExpect: 100-continue\r\n\r\n", 0, false,
		false, false},
	    {POST "Connection: close\r\n\r\n", 0, false, false, true},
	    {POST "Connection: a,\tCLOSE ,b\r\n\r\n", 0, false, false, true},
	    {POST "Connection: a\r\nConnection: close\r\n\r\n", 0, false, false,
		true},
	    {POST "Connection: closed, not-close\r\n\r\n", 0, false, false,
		false},
	    {"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\n", 3, false, false,
		true},
	    {"POST / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 0, false,
		false, true},
	    {"POST / HTTP/1.0\r\nContent-Length: 3\r\nExpect: x\r\n\r\n", 3,
		false, false, true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_head h;

		assert_int_equal(read_head(cases[i].bytes, &h), 0);
		assert_int_equal(h.length, cases[i].length);
		assert_int_equal(h.chunked, cases[i].chunked);
		assert_int_equal(h.expect, cases[i].expect);
		assert_int_equal(h.close, cases[i].close);
		http_head_done(&h);
	}
}

/* A request with a path and fields of these sizes, and what becomes of it. */
static int
sized(size_t path, size_t fields, size_t each)
{
	size_t size = path + fields * (each + 8) + 64, len, i, seen;
	char *bytes = xmalloc(size);
	struct http_head head;
	int status;

	len = (size_t)snprintf(bytes, size, "GET /");
	memset(bytes + len, 'p', path);
	len += path;
	len += (size_t)snprintf(
	    bytes + len, size - len, " HTTP/1.1\r\nHost: a\r\n");
	for (i = 1; i < fields; i++) {
		len += (size_t)snprintf(bytes + len, size - len, "X: ");
		memset(bytes + len, 'v', each);
		len += each;
		len += (size_t)snprintf(bytes + len, size - len, "\r\n");
	}
	len += (size_t)snprintf(bytes + len, size - len, "\r\n");
	status = read_cut(bytes, len, len / 3, &head, &seen);
	if (status == 0)
		http_head_done(&head);
	free(bytes);
	return status;
}

static void
the_caps_hold_to_the_byte(void **state)
{
	/* 5 + path + 11 + 9 + 2 bytes without further fields */
	(void)state;
	assert_int_equal(sized(MAX_HEAD - 27, 1, 0), 0);
	assert_int_equal(sized(MAX_HEAD - 26, 1, 0), 431);
	assert_int_equal(sized(MAX_HEAD, 1, 0), 414);
	assert_int_equal(sized(1000000, 1, 0), 414);
	assert_int_equal(sized(0, 2, MAX_HEAD - 32), 0);
	assert_int_equal(sized(0, 2, MAX_HEAD - 31), 431);
	assert_int_equal(sized(0, 2, 1000000), 431);
	assert_int_equal(sized(0, MAX_HEADERS, 0), 0);
	assert_int_equal(sized(0, MAX_HEADERS + 1, 0), 431);
	assert_int_equal(sized(0, 100000, 0), 431);
}

static void
a_refused_head_leaves_the_output_alone(void **state)
{
	struct http_head h;

	(void)state;
	memset(&h, 0x5a, sizeof(h));
	assert_int_equal(read_head("GET / HTTP/1.1\r\n\r\n", &h), 400);
	assert_int_equal(h.minor, 0x5a5a5a5a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_bad_head_is_refused_wherever_it_is_cut),
	    cmocka_unit_test(
		a_head_that_cannot_become_sound_is_refused_at_once),
	    cmocka_unit_test(every_good_head_is_read_wherever_it_is_cut),
	    cmocka_unit_test(a_head_is_taken_apart),
	    cmocka_unit_test(the_framing_is_read),
	    cmocka_unit_test(the_caps_hold_to_the_byte),
	    cmocka_unit_test(a_refused_head_leaves_the_output_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
