/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aws-chunked, fed in every size of piece, against the example of S3's own
 * documentation; and the checksums that come with it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/timefmt.h"
#include "local/checksum.h"
#include "local/chunked.h"

/* "Transferring payload in multiple chunks (chunked upload)": 66,560 bytes
 * of 'a' in chunks of 65,536 and 1,024. */
#define SEED "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
#define FIRST "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"
#define SECOND \
	"0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"
#define LAST "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"
#define MARK ";chunk-signature="

static struct buf got;

static int
setup(void **state)
{
	(void)state;
	buf_init(&got, 1024 * 1024);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buf_done(&got);
	sigv4_forget_keys();
	return 0;
}

static int
take(const void *data, size_t len, void *arg, struct error *err)
{
	(void)arg;
	(void)err;
	return buf_append(&got, data, len);
}

/* "" where all is well, else the code of the refusal. */
static const char *
decode(const struct chunked_options *o, const char *text, size_t len,
    size_t piece, char code[64])
{
	struct chunked *c = chunked_new(o);
	struct error err = {0};
	size_t i;
	int rc = 0;

	buf_clear(&got);
	for (i = 0; rc == 0 && i < len; i += piece)
		rc = chunked_feed(
		    c, text + i, len - i < piece ? len - i : piece, &err);
	if (rc == 0)
		rc = chunked_finish(c, &err);
	chunked_free(c);
	memcpy(code, err.remote_code, sizeof(err.remote_code));
	assert_int_equal(rc == 0, code[0] == '\0');
	return code;
}

static struct chunked_options
documented(void)
{
	struct chunked_options o = {
	    .length = 66560,
	    .seed = SEED,
	    .scope = {"us-east-1", "s3", 0},
	    .credentials = {"AKIAIOSFODNN7EXAMPLE",
		"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", NULL},
	    .data = take,
	};

	timefmt_parse_amz("20130524T000000Z", &o.scope.at);
	assert_true(chunked_by_name("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", &o));
	return o;
}

static void
documented_body(struct buf *out)
{
	size_t i;

	buf_puts(out, "10000" MARK FIRST "\r\n");
	for (i = 0; i < 65536; i++)
		buf_putc(out, 'a');
	buf_puts(out, "\r\n400" MARK SECOND "\r\n");
	for (i = 0; i < 1024; i++)
		buf_putc(out, 'a');
	buf_puts(out, "\r\n0" MARK LAST "\r\n\r\n");
}

static void
the_documented_upload_is_accepted(void **state)
{
	static const size_t pieces[] = {1, 7, 4096, 1000000};
	struct chunked_options o = documented();
	struct buf body;
	char code[64];
	size_t i;

	(void)state;
	buf_init(&body, 1024 * 1024);
	documented_body(&body);
	for (i = 0; i < ARRAY_LEN(pieces); i++) {
		assert_string_equal(
		    decode(&o, body.data, body.len, pieces[i], code), "");
		assert_int_equal(got.len, 66560);
		assert_null(memchr(got.data, '\r', got.len));
	}
	buf_done(&body);
}

static void
one_changed_byte_of_data_is_noticed(void **state)
{
	struct chunked_options o = documented();
	struct buf body;
	char code[64];

	(void)state;
	buf_init(&body, 1024 * 1024);
	documented_body(&body);
	body.data[1000] = 'b';
	assert_string_equal(decode(&o, body.data, body.len, 4096, code),
	    "SignatureDoesNotMatch");
	body.data[1000] = 'a';
	body.data[body.len - 5] = body.data[body.len - 5] == '0' ? '1' : '0';
	assert_string_equal(decode(&o, body.data, body.len, 4096, code),
	    "SignatureDoesNotMatch");
	buf_done(&body);
}

static void
a_body_that_stops_is_incomplete(void **state)
{
	struct chunked_options o = documented();
	struct buf body;
	char code[64];
	size_t cut;

	(void)state;
	buf_init(&body, 1024 * 1024);
	documented_body(&body);
	for (cut = 1; cut < 200; cut++)
		assert_string_equal(
		    decode(&o, body.data, body.len - cut, 4096, code),
		    "IncompleteBody");
	buf_done(&body);
}

static const char *
decode_plain(const char *text, int64_t length, char code[64])
{
	struct chunked_options o = {.length = length, .data = take};

	assert_true(chunked_by_name("STREAMING-UNSIGNED-PAYLOAD-TRAILER", &o));
	return decode(&o, text, strlen(text), 3, code);
}

static void
framing_is_strict(void **state)
{
	static const struct {
		const char *text;
		const char *code;
	} cases[] = {
	    {"3\r\nabc\r\n0\r\n\r\n", ""},
	    {"1\r\na\r\n2\r\nbc\r\n0\r\nx-amz-checksum-crc32:QQ==\r\n\r\n", ""},
	    {"003\r\nabc\r\n00\r\n\r\n", ""},
	    {"3\nabc\r\n0\r\n\r\n", "InvalidRequest"},
	    {"+3\r\nabc\r\n0\r\n\r\n", "InvalidRequest"},
	    {"0x3\r\nabc\r\n0\r\n\r\n", "InvalidRequest"},
	    {"3 \r\nabc\r\n0\r\n\r\n", "InvalidRequest"},
	    {"3;x=y\r\nabc\r\n0\r\n\r\n", "InvalidRequest"},
	    {"\r\nabc\r\n0\r\n\r\n", "InvalidRequest"},
	    {"3\r\nabcd\r\n0\r\n\r\n", "InvalidRequest"},
	    {"4\r\nabcd\r\n0\r\n\r\n", "InvalidRequest"},
	    {"ffffffffffffffff\r\nabc", "InvalidRequest"},
	    {"2\r\nab\r\n0\r\n\r\n", "IncompleteBody"},
	    {"3\r\nabc\r\n0\r\n\r\nx", "InvalidRequest"},
	    {"3\r\nabc\r\n0\r\nno colon\r\n\r\n", "InvalidRequest"},
	    {"3\r\nabc\r\n0\r\na:1\r\na:2\r\n\r\n", "InvalidRequest"},
	};
	char code[64];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		decode_plain(cases[i].text, 3, code);
		if (strcmp(code, cases[i].code) != 0)
			fail_msg("case %zu: '%s'", i, code);
	}
}

static void
an_unsigned_trailer_is_handed_over(void **state)
{
	static const char text[] =
	    "1\r\nx\r\n0\r\nX-Amz-Checksum-Crc32: abc= \r\n\r\n";
	struct chunked_options o = {
	    .length = 1, .trailers = true, .data = take};
	struct chunked *c = chunked_new(&o);
	struct error err;

	(void)state;
	assert_int_equal(chunked_feed(c, text, strlen(text), &err), 0);
	assert_int_equal(chunked_finish(c, &err), 0);
	assert_string_equal(
	    headers_get(chunked_trailers(c), "x-amz-checksum-crc32"), "abc=");
	chunked_free(c);
}

static void
a_signed_trailer_must_be_signed(void **state)
{
	static const char text[] =
	    "0" MARK
	    "0000000000000000000000000000000000000000000000000000000000000000"
	    "\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n";
	struct chunked_options o = documented();
	char code[64];

	(void)state;
	o.length = 0;
	o.trailers = true;
	assert_string_equal(decode(&o, text, strlen(text), 1000, code),
	    "SignatureDoesNotMatch");
	o.trailers = false;
	o.signed_chunks = false;
	assert_string_equal(
	    decode(&o, "0\r\na:1\r\n\r\n", 10, 1000, code), "InvalidRequest");
}

static void
checksums_are_those_of_the_check_string(void **state)
{
	static const struct {
		const char *name;
		const char *value;
	} known[] = {
	    {"crc32", "y/Q5Jg=="},
	    {"crc32c", "4waSgw=="},
	    {"crc64nvme", "rosUhgp5mIg="},
	    {"sha1", "98O8HYCOBHMq32eZZczDTKeuNEE="},
	    {"sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="},
	};
	size_t i, cut;

	(void)state;
	for (i = 0; i < ARRAY_LEN(known); i++) {
		for (cut = 0; cut <= 9; cut++) {
			struct checksum *c = checksum_new(known[i].name);
			struct buf b;

			buf_init(&b, 64);
			checksum_update(c, "123456789", cut);
			checksum_update(c, &"123456789"[cut], 9 - cut);
			checksum_final(c, &b);
			assert_string_equal(b.data, known[i].value);
			buf_done(&b);
			checksum_free(c);
		}
	}
	assert_null(checksum_new("md5"));
	assert_string_equal(
	    checksum_of_header("X-Amz-Checksum-SHA256"), "sha256");
	assert_null(checksum_of_header("x-amz-checksum-mode"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_documented_upload_is_accepted),
	    TEST(one_changed_byte_of_data_is_noticed),
	    TEST(a_body_that_stops_is_incomplete),
	    TEST(framing_is_strict),
	    TEST(an_unsigned_trailer_is_handed_over),
	    TEST(a_signed_trailer_must_be_signed),
	    TEST(checksums_are_those_of_the_check_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
