/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal, base64 (RFC 4648, 10) and percent-encoding, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/encode.h"
#include "base/mem.h"

/* A copy of just that size, so that a step too far is caught. */
static int
decode(struct buf *out, const char *s)
{
	size_t len = strlen(s);
	char *copy = xmemdup(s, len);
	int rc = decode_base64(out, copy, len);

	free(copy);
	return rc;
}

static void
hex_is_lower_case_and_ends(void **state)
{
	char out[11];

	(void)state;
	encode_hex("\x00\x0f\xa0\xff\x7f", 5, out);
	assert_string_equal(out, "000fa0ff7f");
	encode_hex("", 0, out);
	assert_string_equal(out, "");
}

static void
base32_has_no_padding_and_no_letter_that_looks_like_another(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *text;
	} cases[] = {
	    {"", 0, ""},
	    {"\x00", 1, "00"},
	    {"\xff", 1, "zw"},
	    {"\xff\xff\xff\xff\xff", 5, "zzzzzzzz"},
	    {"\x08\x86\x42\x98\xe8", 5, "12345678"},
	    {"\x4a\x6b\xb5\x67\x9f\x9d", 6, "99nvaswzkm"},
	};
	char out[ENCODE_BASE32_SIZE(6)];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		encode_base32(cases[i].bytes, cases[i].len, out);
		assert_string_equal(out, cases[i].text);
		assert_int_equal(
		    strlen(out) + 1, ENCODE_BASE32_SIZE(cases[i].len));
	}
	assert_null(strpbrk(ENCODE_BASE32_DIGITS, "ilou"));
}

static const struct {
	const char *plain, *text;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "+/+/"},
};

static void
base64_matches_the_published_vectors(void **state)
{
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 100);
	for (i = 0; i < ARRAY_LEN(vectors); i++) {
		const char *plain = vectors[i].plain, *text = vectors[i].text;

		buf_clear(&b);
		assert_int_equal(encode_base64(&b, plain, strlen(plain)), 0);
		assert_string_equal(b.data, text);
		buf_clear(&b);
		assert_int_equal(decode_base64(&b, text, strlen(text)), 0);
		assert_string_equal(b.data, plain);
	}
	buf_done(&b);
}

static void
every_byte_and_length_survives_base64(void **state)
{
	unsigned char bytes[256];
	struct buf text, back;
	size_t i;

	(void)state;
	buf_init(&text, 1000);
	buf_init(&back, 1000);
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)i;
	for (i = 0; i <= sizeof(bytes); i++) {
		buf_clear(&text);
		buf_clear(&back);
		encode_base64(&text, bytes, i);
		assert_int_equal(text.len, (i + 2) / 3 * 4);
		assert_int_equal(decode_base64(&back, text.data, text.len), 0);
		assert_int_equal(back.len, i);
		assert_memory_equal(back.data, bytes, i);
	}
	buf_done(&text);
	buf_done(&back);
}

static void
base64_that_is_not_strict_is_refused(void **state)
{
	static const char *const bad[] = {"Z", "Zg", "Zg=", "Zm8", "=",
	    "==", "====", "Z===", "=Zg=", "Z=g=", "Zg==Zg==", "Zm9v=",
	    "Zm9vZg=", "Zm9v\n", "Zm9v Zm9", "Zm 9", "Zm-_", "Zm9\xff", "Zg=a",
	    "Zm9v===="};
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 100);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (decode(&b, bad[i]) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
	}
	assert_int_equal(decode_base64(&b, "Zm\0v", 4), -1);
	buf_done(&b);
}

static void
base64_respects_the_buffers_maximum(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 7);
	assert_int_equal(encode_base64(&b, "foobar", 6), -1);
	assert_true(b.overflow);
	buf_clear(&b);
	assert_int_equal(decode_base64(&b, "Zm9vYmFyZm9v", 12), -1);
	buf_done(&b);
}

static void
only_unreserved_bytes_stay_as_they_are(void **state)
{
	static const char stay[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "abcdefghijklmnopqrstuvwxyz0123456789-._~";
	struct buf b;
	char want[4];
	int c;

	(void)state;
	buf_init(&b, 3);
	for (c = 0; c < 256; c++) {
		char byte = (char)c;

		buf_clear(&b);
		assert_int_equal(encode_uri(&b, &byte, 1, false), 0);
		if (c != 0 && strchr(stay, c) != NULL) {
			assert_int_equal(b.len, 1);
			assert_int_equal(b.data[0], byte);
			continue;
		}
		want[0] = '%';
		want[1] = "0123456789ABCDEF"[c >> 4];
		want[2] = "0123456789ABCDEF"[c & 15];
		want[3] = '\0';
		assert_string_equal(b.data, want);
	}
	buf_done(&b);
}

static void
a_slash_stays_only_where_it_is_asked_for(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	encode_uri(&b, "a/b c+\xc3\xa9", 8, true);
	assert_string_equal(b.data, "a/b%20c%2B%C3%A9");
	buf_clear(&b);
	encode_uri(&b, "a/b", 3, false);
	assert_string_equal(b.data, "a%2Fb");
	buf_done(&b);
}

static void
an_encoded_byte_is_whole_or_not_there(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 3);
	assert_int_equal(encode_uri(&b, "a b", 3, false), -1);
	assert_string_equal(b.data, "a");
	buf_done(&b);
}

static void
percent_encoding_is_undone(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(decode_uri(&b, "a%2fb%2Fc+%41%00z", 17), 0);
	assert_int_equal(b.len, 9);
	assert_memory_equal(b.data, "a/b/c+A\0z", 9);
	buf_done(&b);
}

static void
a_percent_sign_needs_two_digits(void **state)
{
	static const char *const bad[] = {"%", "%4", "%g0", "%0g", "a%", "a%4",
	    "%%41", "% 4", "%-1", "%0x41"};
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 100);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (decode_uri(&b, bad[i], strlen(bad[i])) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
	}
	/* The digits must be inside the length, not behind it. */
	assert_int_equal(decode_uri(&b, "%41", 2), -1);
	buf_done(&b);
}

static void
base64_with_bits_that_no_encoder_sets_is_refused(void **state)
{
	static const char *const bad[] = {
	    "Zh==", "Zv==", "Zm9=", "Zm+=", "Zm9vYh==", "//==", "///="};
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 100);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (decode(&b, bad[i]) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
	}
	assert_int_equal(decode_base64(&b, "/w==", 4), 0);
	buf_done(&b);
}

static void
a_failed_decoding_leaves_the_buffer_as_it_was(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 9);
	buf_puts(&b, "kept");
	assert_int_equal(decode_base64(&b, "Zm9vZm9v?m9v", 12), -1);
	assert_string_equal(b.data, "kept");
	assert_int_equal(b.len, 4);
	assert_int_equal(decode_uri(&b, "a%41%4", 6), -1);
	assert_string_equal(b.data, "kept");
	assert_int_equal(decode_uri(&b, "too long", 8), -1);
	assert_string_equal(b.data, "kept");
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hex_is_lower_case_and_ends),
	    cmocka_unit_test(
		base32_has_no_padding_and_no_letter_that_looks_like_another),
	    cmocka_unit_test(base64_matches_the_published_vectors),
	    cmocka_unit_test(every_byte_and_length_survives_base64),
	    cmocka_unit_test(base64_that_is_not_strict_is_refused),
	    cmocka_unit_test(base64_respects_the_buffers_maximum),
	    cmocka_unit_test(only_unreserved_bytes_stay_as_they_are),
	    cmocka_unit_test(a_slash_stays_only_where_it_is_asked_for),
	    cmocka_unit_test(an_encoded_byte_is_whole_or_not_there),
	    cmocka_unit_test(percent_encoding_is_undone),
	    cmocka_unit_test(a_percent_sign_needs_two_digits),
	    cmocka_unit_test(base64_with_bits_that_no_encoder_sets_is_refused),
	    cmocka_unit_test(a_failed_decoding_leaves_the_buffer_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
