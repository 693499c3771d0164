/* SPDX-License-Identifier: Apache-2.0 */
/* net/http_chunk: the same body however it is cut, and nothing malformed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/http_chunk.h"
#include "tests/unit/http_cases.h"

#define BODY                                                   \
	"5\r\nhello\r\n0A;x=\"y\"\r\n0123456789\r\n1\r\n!\r\n" \
	"0\r\nX-A: b\r\nX-B:\r\n\r\n"
#define PLAIN "hello0123456789!"
#define NEXT "GET /next"

/* Read one piece to its end; *used is how far the decoder came. */
static enum http_chunk_result
read_piece(struct http_chunk *c, const char *in, size_t len, size_t *used,
    struct buf *out)
{
	char *copy = xmemdup(in, len);
	enum http_chunk_result r;
	size_t step, n;

	*used = 0;
	do {
		r = http_chunk_read(c, copy + *used, len - *used, &step, &n);
		*used += step;
		assert_true(*used <= len && n <= step);
		if (r == HTTP_CHUNK_DATA)
			buf_append(out, copy + *used - n, n);
		else
			assert_int_equal(n, 0);
	} while (r == HTTP_CHUNK_DATA);
	free(copy);
	return r;
}

/* Two cuts: every way to have three pieces. */
static void
read_cut(const char *in, size_t len, size_t a, size_t b)
{
	size_t at[4] = {0, a, b, len}, total = 0, used, i;
	enum http_chunk_result r = HTTP_CHUNK_MORE;
	struct http_chunk c;
	struct buf out;

	buf_init(&out, 1000);
	http_chunk_init(&c);
	for (i = 0; i < 3 && r == HTTP_CHUNK_MORE; i++) {
		r = read_piece(&c, in + at[i], at[i + 1] - at[i], &used, &out);
		total += used;
		if (r == HTTP_CHUNK_MORE)
			assert_int_equal(used, at[i + 1] - at[i]);
	}
	assert_int_equal(r, HTTP_CHUNK_END);
	assert_int_equal(total, strlen(BODY));
	assert_string_equal(out.data, PLAIN);
	buf_done(&out);
}

static void
the_body_is_the_same_wherever_it_is_cut(void **state)
{
	static const char in[] = BODY NEXT;
	size_t a, b, len = sizeof(in) - 1;

	(void)state;
	for (a = 0; a <= len; a++) {
		for (b = a; b <= len; b++)
			read_cut(in, len, a, b);
	}
}

static void
single_bytes_do(void **state)
{
	static const char in[] = BODY;
	struct http_chunk c;
	struct buf out;
	size_t i, used;

	(void)state;
	buf_init(&out, 1000);
	http_chunk_init(&c);
	for (i = 0; i < sizeof(in) - 2; i++) {
		assert_int_equal(
		    read_piece(&c, in + i, 1, &used, &out), HTTP_CHUNK_MORE);
		assert_int_equal(used, 1);
	}
	assert_int_equal(
	    read_piece(&c, in + i, 1, &used, &out), HTTP_CHUNK_END);
	assert_string_equal(out.data, PLAIN);
	buf_done(&out);
}

static void
the_end_stays_the_end(void **state)
{
	struct http_chunk c;
	size_t used, n;

	(void)state;
	http_chunk_init(&c);
	assert_int_equal(http_chunk_read(&c, "0\r\n\r\n5\r\n", 8, &used, &n),
	    HTTP_CHUNK_END);
	assert_int_equal(used, 5);
	assert_int_equal(
	    http_chunk_read(&c, "5\r\n", 3, &used, &n), HTTP_CHUNK_END);
	assert_int_equal(used, 0);
}

static void
every_bad_body_is_refused_wherever_it_is_cut(void **state)
{
	size_t i, cut;

	(void)state;
	for (i = 0; i < http_n_bad_bodies; i++) {
		const struct http_case *bad = &http_bad_bodies[i];

		for (cut = 0; cut <= bad->len; cut++) {
			enum http_chunk_result r;
			struct http_chunk c;
			struct buf out;
			size_t used;

			buf_init(&out, 1 << 16);
			http_chunk_init(&c);
			r = read_piece(&c, bad->bytes, cut, &used, &out);
			if (r == HTTP_CHUNK_MORE)
				r = read_piece(&c, bad->bytes + cut,
				    bad->len - cut, &used, &out);
			if (r != HTTP_CHUNK_BAD) {
				print_error("%s, cut at %zu\n", bad->name, cut);
				fail();
			}
			buf_done(&out);
		}
	}
}

static void
what_is_broken_stays_broken(void **state)
{
	struct http_chunk c;
	size_t used, n;

	(void)state;
	http_chunk_init(&c);
	assert_int_equal(
	    http_chunk_read(&c, "x", 1, &used, &n), HTTP_CHUNK_BAD);
	assert_int_equal(http_chunk_read(&c, "5\r\nhello\r\n", 10, &used, &n),
	    HTTP_CHUNK_BAD);
}

static void
the_largest_size_is_taken_and_counted_down(void **state)
{
	struct http_chunk c;
	size_t used, n;

	(void)state;
	http_chunk_init(&c);
	assert_int_equal(
	    http_chunk_read(&c, "0020000000000000\r\nab", 20, &used, &n),
	    HTTP_CHUNK_DATA);
	assert_int_equal(n, 2);
	assert_int_equal(c.left, (INT64_C(1) << 53) - 2);
}

static void
the_bound_on_extras_is_one_for_the_whole_body(void **state)
{
	enum http_chunk_result r;
	struct http_chunk c;
	struct buf in, out;
	size_t used;
	int i, chunks = 0;

	(void)state;
	for (i = 0; i < 2; i++) {
		buf_init(&in, 1 << 20);
		buf_init(&out, 1 << 20);
		http_chunk_init(&c);
		for (chunks = 0; chunks < HTTP_CHUNK_EXTRA_MAX / 4 + i;
		     chunks++)
			buf_puts(&in, "1;abcd\r\nx\r\n");
		buf_puts(&in, "0\r\n\r\n");
		r = read_piece(&c, in.data, in.len, &used, &out);
		assert_int_equal(r, i == 0 ? HTTP_CHUNK_END : HTTP_CHUNK_BAD);
		buf_done(&in);
		buf_done(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_body_is_the_same_wherever_it_is_cut),
	    cmocka_unit_test(single_bytes_do),
	    cmocka_unit_test(the_end_stays_the_end),
	    cmocka_unit_test(every_bad_body_is_refused_wherever_it_is_cut),
	    cmocka_unit_test(what_is_broken_stays_broken),
	    cmocka_unit_test(the_largest_size_is_taken_and_counted_down),
	    cmocka_unit_test(the_bound_on_extras_is_one_for_the_whole_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
