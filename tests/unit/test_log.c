/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines: always one line, in JSON always a document that our own strict
 * parser takes, whatever a value holds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"

static struct buf last;
static int lines;

static void
keep(const char *line, void *arg)
{
	assert_ptr_equal(arg, &last);
	buf_clear(&last);
	buf_puts(&last, line);
	lines++;
}

static int
enter(void **state)
{
	(void)state;
	buf_init(&last, 1 << 20);
	lines = 0;
	log_set_sink(keep, &last);
	return 0;
}

static int
leave(void **state)
{
	(void)state;
	log_set_sink(NULL, NULL);
	log_init(LOG_INFO, LOG_TEXT);
	buf_done(&last);
	return 0;
}

/* The kept line without its time. */
static const char *
tail(void)
{
	assert_true(last.len > TIMEFMT_ISO_SIZE);
	return last.data + TIMEFMT_ISO_SIZE;
}

static struct json *
parsed(void)
{
	struct json *doc = NULL;
	struct error err;

	error_clear(&err);
	if (json_parse(last.data, last.len, &doc, &err) != 0)
		fail_msg("%s: %s", err.text, last.data);
	return doc;
}

static void
text_lines_begin_with_time_level_and_part(void **state)
{
	char stamp[TIMEFMT_ISO_SIZE];
	int64_t at;

	(void)state;
	log_init(LOG_DEBUG, LOG_TEXT);
	log_begin(LOG_INFO, "engine");
	log_str("job", "abc");
	log_int("ms", -12);
	log_str("none", NULL);
	log_end();
	assert_string_equal(tail(), "info engine: job=abc ms=-12");
	memcpy(stamp, last.data, sizeof(stamp) - 1);
	stamp[sizeof(stamp) - 1] = '\0';
	assert_int_equal(timefmt_parse_iso(stamp, &at), 0);
	log_warn("api", "two words: %d", 2);
	assert_string_equal(tail(), "warn api: msg=\"two words: 2\"");
}

static void
values_are_quoted_where_a_reader_would_stumble(void **state)
{
	static const char *const cases[][2] = {
	    {"plain", "plain"},
	    {"a/b:c,d;e", "a/b:c,d;e"},
	    {"", "\"\""},
	    {"a b", "\"a b\""},
	    {"a=b", "\"a=b\""},
	    {"a\"b", "\"a\\\"b\""},
	    {"a\\b", "\"a\\\\b\""},
	    {"a\nb", "\"a\\u000ab\""},
	    {"a\rb", "\"a\\u000db\""},
	    {"\x1b[31m", "\"\\u001b[31m\""},
	    {"\x7f", "\"\\u007f\""},
	    {"\xc3\xa9", "\"\xc3\xa9\""},
	    {"\xff", "\"\\u00ff\""},
	};
	char want[100];
	size_t i;

	(void)state;
	log_init(LOG_DEBUG, LOG_TEXT);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		log_begin(LOG_INFO, "t");
		log_str("k", cases[i][0]);
		log_end();
		snprintf(want, sizeof(want), "info t: k=%s", cases[i][1]);
		assert_string_equal(tail(), want);
	}
}

static void
json_lines_hold_the_same_facts(void **state)
{
	struct json *doc;
	int64_t n = 0, at;

	(void)state;
	log_init(LOG_DEBUG, LOG_JSON);
	log_begin(LOG_ERROR, "engine");
	log_str("job", "a b");
	log_int("ms", 42);
	log_str("none", NULL);
	log_end();
	doc = parsed();
	assert_string_equal(json_get_str(doc, "level"), "error");
	assert_string_equal(json_get_str(doc, "part"), "engine");
	assert_string_equal(json_get_str(doc, "job"), "a b");
	assert_int_equal(json_i64(json_get(doc, "ms"), &n), 0);
	assert_int_equal(n, 42);
	assert_null(json_get(doc, "none"));
	assert_int_equal(timefmt_parse_iso(json_get_str(doc, "time"), &at), 0);
	json_free(doc);
}

static void
every_byte_makes_one_line_that_can_be_read(void **state)
{
	struct json *doc;
	int c, format;

	(void)state;
	for (format = LOG_TEXT; format <= LOG_JSON; format++) {
		log_init(LOG_DEBUG, (enum log_format)format);
		for (c = 1; c < 256; c++) {
			char s[] = {'<', (char)c, '>', '\0'};

			log_info("t", "%s", s);
			assert_false(str_has_control(last.data));
			if (format == LOG_TEXT)
				continue;
			doc = parsed();
			if (c < 0x80)
				assert_string_equal(
				    json_get_str(doc, "msg"), s);
			json_free(doc);
		}
	}
	assert_int_equal(lines, 2 * 255);
}

static void
bytes_that_are_not_utf8_are_shown_as_escapes(void **state)
{
	(void)state;
	log_init(LOG_DEBUG, LOG_JSON);
	log_info("t", "%s", "\xe2\x82|\xc0\xaf|\xed\xa0\x80|\xf0\x9f");
	json_free(parsed());
	assert_non_null(strstr(last.data,
	    "\\u00e2\\u0082|\\u00c0\\u00af|\\u00ed\\u00a0\\u0080|"
	    "\\u00f0\\u009f\""));
}

static void
a_sentence_that_is_too_long_is_cut(void **state)
{
	char *s = xmalloc(100001);
	struct json *doc;

	(void)state;
	memset(s, 'x', 100000);
	s[100000] = '\0';
	log_init(LOG_DEBUG, LOG_JSON);
	log_info("t", "%s", s);
	doc = parsed();
	assert_in_range(strlen(json_get_str(doc, "msg")), 3000, 5000);
	json_free(doc);
	log_init(LOG_DEBUG, LOG_TEXT);
	log_begin(LOG_INFO, "t");
	log_str("k", s);
	log_int("n", 1);
	log_end();
	assert_in_range(last.len, 3000, 5000);
	assert_true(str_ends(last.data, " n=1"));
	free(s);
}

static void
levels_below_the_threshold_are_silent(void **state)
{
	int level, threshold;

	(void)state;
	for (threshold = LOG_DEBUG; threshold <= LOG_NONE; threshold++) {
		log_init((enum log_level)threshold, LOG_TEXT);
		for (level = LOG_DEBUG; level < LOG_NONE; level++) {
			lines = 0;
			log_begin((enum log_level)level, "t");
			log_str("k", "v");
			log_int("n", 1);
			log_end();
			assert_int_equal(lines, level >= threshold);
			assert_int_equal(log_wants((enum log_level)level),
			    level >= threshold);
		}
	}
}

static void
each_level_speaks_under_its_own_name(void **state)
{
	(void)state;
	log_init(LOG_DEBUG, LOG_TEXT);
	log_debug("t", "x");
	assert_string_equal(tail(), "debug t: msg=x");
	log_info("t", "x");
	assert_string_equal(tail(), "info t: msg=x");
	log_warn("t", "x");
	assert_string_equal(tail(), "warn t: msg=x");
	log_error("t", "x");
	assert_string_equal(tail(), "error t: msg=x");
	log_init(LOG_NONE, LOG_TEXT);
	lines = 0;
	log_error("t", "x");
	assert_int_equal(lines, 0);
}

static void
an_error_is_logged_with_code_and_hint(void **state)
{
	struct error err;

	(void)state;
	log_init(LOG_DEBUG, LOG_TEXT);
	error_clear(&err);
	err_set(&err, ERR_NOT_FOUND, "no such job");
	log_begin(LOG_WARN, "t");
	log_err(&err);
	log_end();
	assert_string_equal(
	    tail(), "warn t: error=\"no such job\" code=not-found");
	snprintf(err.remote_code, sizeof(err.remote_code), "NoSuchKey");
	err_hint(&err, "Look again.");
	log_begin(LOG_WARN, "t");
	log_err(&err);
	log_end();
	assert_string_equal(tail(),
	    "warn t: error=\"no such job\" code=NoSuchKey "
	    "hint=\"Look again.\"");
}

static void
names_of_levels_and_formats_are_read(void **state)
{
	static const char *const names[] = {
	    "debug", "info", "warn", "error", "none"};
	enum log_level level = LOG_DEBUG;
	enum log_format format = LOG_TEXT;
	int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		assert_int_equal(log_parse_level(names[i], &level), 0);
		assert_int_equal(level, i);
	}
	assert_int_equal(log_parse_level("INFO", &level), -1);
	assert_int_equal(log_parse_level("", &level), -1);
	assert_int_equal(log_parse_level("infos", &level), -1);
	assert_int_equal(level, LOG_NONE);
	assert_int_equal(log_parse_format("json", &format), 0);
	assert_int_equal(format, LOG_JSON);
	assert_int_equal(log_parse_format("xml", &format), -1);
	assert_int_equal(format, LOG_JSON);
	assert_int_equal(log_parse_format("text", &format), 0);
	assert_int_equal(format, LOG_TEXT);
}

static void
lines_go_to_standard_error_with_one_line_end(void **state)
{
	char got[200] = "";
	int saved, ends[2];
	ssize_t n;

	(void)state;
	log_init(LOG_INFO, LOG_TEXT);
	log_set_sink(NULL, NULL);
	assert_int_equal(pipe(ends), 0);
	saved = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	log_info("t", "one");
	log_debug("t", "silent");
	log_info("t", "two");
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);
	n = read(ends[0], got, sizeof(got) - 1);
	close(ends[0]);
	assert_int_equal(n, 2 * (TIMEFMT_ISO_SIZE + 16));
	assert_string_equal(
	    got + TIMEFMT_ISO_SIZE * 2 + 16, "info t: msg=two\n");
}

static void
a_line_that_is_too_long_stays_a_line(void **state)
{
	char value[4097], key[] = "k0";
	struct json *doc;
	bool cut = false;
	int64_t n = 0;
	int format;

	(void)state;
	memset(value, 0x01, sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (format = LOG_TEXT; format <= LOG_JSON; format++) {
		log_init(LOG_DEBUG, (enum log_format)format);
		log_begin(LOG_INFO, "t");
		log_int("first", 1);
		for (key[1] = '0'; key[1] <= '9'; key[1]++)
			log_str(key, value);
		log_int("last", 2);
		log_end();
		assert_in_range(last.len, 8192, 16500);
		assert_false(str_has_control(last.data));
	}
	doc = parsed();
	assert_int_equal(json_i64(json_get(doc, "first"), &n), 0);
	assert_int_equal(json_bool(json_get(doc, "cut"), &cut), 0);
	assert_true(cut);
	/* What still fits is kept, and what is there is marked as cut. */
	assert_int_equal(json_i64(json_get(doc, "last"), &n), 0);
	assert_true(str_ends(json_get_str(doc, "k0"), "\xe2\x80\xa6"));
	assert_null(json_get(doc, "k9"));
	json_free(doc);
}

static void
a_cut_value_ends_between_characters(void **state)
{
	char *s = xmalloc(30001);
	struct json *doc;
	const char *got;
	size_t i;

	(void)state;
	for (i = 0; i < 30000; i += 3)
		memcpy(s + i, "\xe2\x82\xac", 3);
	s[30000] = '\0';
	log_init(LOG_DEBUG, LOG_JSON);
	log_info("t", "x%s", s);
	free(s);
	doc = parsed();
	got = json_get_str(doc, "msg");
	assert_true(str_ends(got, "\xe2\x82\xac\xe2\x80\xa6"));
	assert_int_equal(strlen(got) % 3, 1);
	json_free(doc);
}

static void
characters_that_end_lines_or_command_terminals_are_escaped(void **state)
{
	(void)state;
	log_init(LOG_DEBUG, LOG_TEXT);
	log_info("t", "%s",
	    "\xc2\x85|\xc2\x9b"
	    "1m|\xe2\x80\xa8|\xe2\x80\xa9");
	assert_string_equal(
	    tail(), "info t: msg=\"\\u0085|\\u009b1m|\\u2028|\\u2029\"");
	log_info("t", "%s", "\xe2\x80\xae|\xf3\xa0\x81\x81");
	assert_string_equal(tail(), "info t: msg=\"\\u202e|\\udb40\\udc41\"");
	log_info("t", "%s", "\xc2\xa0\xe2\x80\xa7\xe2\x80\xaf");
	assert_string_equal(
	    tail(), "info t: msg=\"\xc2\xa0\xe2\x80\xa7\xe2\x80\xaf\"");
}

static void
a_line_within_a_line_loses_neither(void **state)
{
	(void)state;
	log_init(LOG_INFO, LOG_JSON);
	log_begin(LOG_INFO, "outer");
	log_int("n", 1);
	log_warn("inner", "x");
	log_str("late", "never seen");
	log_end();
	assert_int_equal(lines, 2);
	json_free(parsed());
	log_begin(LOG_INFO, "outer");
	log_debug("inner", "silent");
	log_int("n", 2);
	log_end();
	assert_int_equal(lines, 3);
	assert_non_null(strstr(last.data, "\"n\":2}"));
	log_begin(LOG_INFO, "outer");
	log_begin(LOG_DEBUG, "inner");
	log_str("silent", "x");
	log_end();
	assert_int_equal(lines, 4);
	assert_null(strstr(last.data, "silent"));
}

static void
a_line_full_to_its_last_byte_still_ends(void **state)
{
	char key[16];
	int extra, i;

	(void)state;
	log_init(LOG_DEBUG, LOG_JSON);
	/* Each time one byte further, whatever the fields' size. */
	for (extra = 0; extra < 12; extra++) {
		log_begin(LOG_INFO, "t");
		log_str("pad", &"............"[extra]);
		for (i = 10000; i < 12000; i++) {
			snprintf(key, sizeof(key), "k%d", i);
			log_int(key, 1);
		}
		log_end();
		json_free(parsed());
		assert_true(str_ends(last.data, ",\"cut\":true}"));
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(text_lines_begin_with_time_level_and_part),
	    T(values_are_quoted_where_a_reader_would_stumble),
	    T(json_lines_hold_the_same_facts),
	    T(every_byte_makes_one_line_that_can_be_read),
	    T(bytes_that_are_not_utf8_are_shown_as_escapes),
	    T(a_sentence_that_is_too_long_is_cut),
	    T(levels_below_the_threshold_are_silent),
	    T(each_level_speaks_under_its_own_name),
	    T(an_error_is_logged_with_code_and_hint),
	    T(names_of_levels_and_formats_are_read),
	    T(lines_go_to_standard_error_with_one_line_end),
	    T(a_line_that_is_too_long_stays_a_line),
	    T(a_cut_value_ends_between_characters),
	    T(characters_that_end_lines_or_command_terminals_are_escaped),
	    T(a_line_within_a_line_loses_neither),
	    T(a_line_full_to_its_last_byte_still_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
