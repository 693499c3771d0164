/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as it is written: exact text, and what our own strict parser reads
 * back from it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/jsonw.h"

static void
commas_and_quotes_come_by_themselves(void **state)
{
	struct jsonw w;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "a", "x");
	jsonw_begin(&w, "list", '[');
	jsonw_int(&w, NULL, 1);
	jsonw_begin(&w, NULL, '{');
	jsonw_end(&w, '}');
	jsonw_begin(&w, NULL, '[');
	jsonw_end(&w, ']');
	jsonw_str(&w, NULL, "");
	jsonw_end(&w, ']');
	jsonw_list(&w, "words", " a, b c,d");
	jsonw_list(&w, "none", "");
	jsonw_bool(&w, "t", true);
	jsonw_bool(&w, "f", false);
	jsonw_null(&w, "n");
	jsonw_end(&w, '}');
	assert_string_equal(b.data,
	    "{\"a\":\"x\",\"list\":[1,{},[],\"\"],"
	    "\"words\":[\"a\",\"b "
	    "c\",\"d\"],\"none\":[],\"t\":true,\"f\":false,"
	    "\"n\":null}");
	buf_done(&b);
}

static void
integers_stay_exact(void **state)
{
	struct jsonw w;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '[');
	jsonw_int(&w, NULL, INT64_MAX);
	jsonw_int(&w, NULL, INT64_MIN);
	jsonw_int(&w, NULL, 9007199254740993);
	jsonw_end(&w, ']');
	assert_string_equal(b.data,
	    "[9223372036854775807,-9223372036854775808,9007199254740993]");
	buf_done(&b);
}

static void
every_byte_is_written_as_text_that_reads_back(void **state)
{
	struct json *doc;
	struct error err;
	struct jsonw w;
	struct buf b;
	int c;

	(void)state;
	error_clear(&err);
	buf_init(&b, 1000);
	for (c = 1; c < 256; c++) {
		char s[] = {'<', (char)c, '>', '\0'};

		buf_clear(&b);
		jsonw_init(&w, &b);
		jsonw_begin(&w, NULL, '{');
		jsonw_str(&w, s, s);
		jsonw_end(&w, '}');
		if (json_parse(b.data, b.len, &doc, &err) != 0)
			fail_msg("byte %d: %s", c, err.text);
		assert_string_equal(
		    json_str(json_first(doc)), c < 0x80 ? s : "<\xef\xbf\xbd>");
		assert_string_equal(json_name(json_first(doc)),
		    c < 0x80 ? s : "<\xef\xbf\xbd>");
		json_free(doc);
	}
	buf_done(&b);
}

static void
quotes_and_control_bytes_are_escaped(void **state)
{
	static const char s[] = "\"\\/\b\n\x1f\x7f\0\xc3\xa9";
	struct jsonw w;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	jsonw_init(&w, &b);
	jsonw_strn(&w, NULL, s, sizeof(s) - 1);
	assert_string_equal(
	    b.data, "\"\\\"\\\\/\\u0008\\u000a\\u001f\\u007f\\u0000\xc3\xa9\"");
	buf_done(&b);
}

/* Terminals obey U+0080 to U+009F; U+00A0 and what is behind is text. */
static void
controls_behind_ascii_are_escaped(void **state)
{
	struct json *doc;
	struct error err;
	struct jsonw w;
	struct buf b;

	(void)state;
	error_clear(&err);
	buf_init(&b, 1000);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '[');
	jsonw_str(&w, NULL, "\xc2\x80|\xc2\x9b|\xc2\x9f|\xc2\xa0");
	jsonw_end(&w, ']');
	assert_string_equal(b.data, "[\"\\u0080|\\u009b|\\u009f|\xc2\xa0\"]");
	assert_int_equal(json_parse(b.data, b.len, &doc, &err), 0);
	assert_string_equal(
	    json_str(json_first(doc)), "\xc2\x80|\xc2\x9b|\xc2\x9f|\xc2\xa0");
	json_free(doc);
	buf_done(&b);
}

static void
each_byte_that_is_not_utf8_becomes_a_replacement(void **state)
{
	struct jsonw w;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	jsonw_init(&w, &b);
	/* Half a euro sign, an overlong slash, a surrogate, a cut emoji. */
	jsonw_strn(&w, NULL, "\xe2\x82|\xc0\xaf|\xed\xa0\x80|\xf0\x9f", 12);
#define R "\xef\xbf\xbd"
	assert_string_equal(b.data, "\"" R R "|" R R "|" R R R "|" R R "\"");
	buf_done(&b);
}

static void
what_is_empty_is_left_out_on_request(void **state)
{
	struct jsonw w;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	jsonw_opt(&w, "a", NULL);
	jsonw_opt(&w, "b", "");
	jsonw_time(&w, "c", 0);
	jsonw_opt(&w, "d", "x");
	jsonw_time(&w, "e", 1369353600123);
	jsonw_end(&w, '}');
	assert_string_equal(
	    b.data, "{\"d\":\"x\",\"e\":\"2013-05-24T00:00:00.123Z\"}");
	buf_done(&b);
}

static void
a_document_that_does_not_fit_is_known_by_its_overflow(void **state)
{
	struct jsonw w;
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "key", "value");
	jsonw_end(&w, '}');
	assert_true(b.overflow);
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(commas_and_quotes_come_by_themselves),
	    cmocka_unit_test(integers_stay_exact),
	    cmocka_unit_test(every_byte_is_written_as_text_that_reads_back),
	    cmocka_unit_test(quotes_and_control_bytes_are_escaped),
	    cmocka_unit_test(controls_behind_ascii_are_escaped),
	    cmocka_unit_test(each_byte_that_is_not_utf8_becomes_a_replacement),
	    cmocka_unit_test(what_is_empty_is_left_out_on_request),
	    cmocka_unit_test(
		a_document_that_does_not_fit_is_known_by_its_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
