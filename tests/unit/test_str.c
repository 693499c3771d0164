/* SPDX-License-Identifier: Apache-2.0 */
/*
 * String questions, UTF-8 sequences, and numbers and durations read without
 * surprises.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

static void
strings_compare_with_and_without_case(void **state)
{
	(void)state;
	assert_true(str_eq("abc", "abc"));
	assert_false(str_eq("abc", "abC"));
	assert_true(str_ieq("X-Amz-Date", "x-amz-date"));
	assert_true(str_ieq("", ""));
	assert_false(str_ieq("abc", "ab"));
	assert_false(str_ieq("ab", "abc"));
	/* '@' and '`', '[' and '{' differ by the same bit as letters do. */
	assert_false(str_ieq("@", "`"));
	assert_false(str_ieq("[", "{"));
	/* Only ASCII: the two bytes of an umlaut have no case. */
	assert_false(str_ieq("\xc3\x84", "\xc3\xa4"));
}

static void
starts_and_ends_are_found(void **state)
{
	(void)state;
	assert_true(str_starts("s3://b/k", "s3://"));
	assert_true(str_starts("abc", ""));
	assert_false(str_starts("s3:/", "s3://"));
	assert_true(str_ends("job.out", ".out"));
	assert_true(str_ends("abc", ""));
	assert_false(str_ends("out", ".out"));
	assert_false(str_ends("job.out ", ".out"));
}

static void
null_and_nothing_are_empty(void **state)
{
	(void)state;
	assert_true(str_empty(NULL));
	assert_true(str_empty(""));
	assert_false(str_empty(" "));
}

static void
every_control_byte_is_noticed_and_no_other(void **state)
{
	int c;

	(void)state;
	for (c = 1; c < 256; c++) {
		char s[] = {'a', (char)c, 'b', '\0'};

		assert_int_equal(str_has_control(s), c < 0x20 || c == 0x7f);
	}
}

static void
trimming_takes_blanks_from_both_ends_only(void **state)
{
	static const char *const cases[][2] = {
	    {"  a b\t", "a b"},
	    {"\r\n x \r\n", "x"},
	    {"", ""},
	    {" \t\r\n", ""},
	    {"x", "x"},
	    {"\x0b"
	     "x",
		"\x0b"
		"x"},
	};
	char s[16];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		memcpy(s, cases[i][0], strlen(cases[i][0]) + 1);
		assert_string_equal(str_trim(s), cases[i][1]);
	}
}

static void
lower_case_touches_ascii_letters_only(void **state)
{
	char s[] = "AZaz@[`{09\xc3\x84";

	(void)state;
	str_lower(s);
	assert_string_equal(s, "azaz@[`{09\xc3\x84");
}

static void
letters_and_digits_are_ascii(void **state)
{
	int c, n = 0;

	(void)state;
	for (c = -128; c < 256; c++)
		n += str_is_alnum(c);
	assert_int_equal(n, 62);
	assert_true(str_is_alnum('z') && str_is_alnum('A'));
	assert_false(str_is_alnum('_'));
}

static void
utf8_sequences_have_their_length(void **state)
{
	static const struct {
		const char *s;
		size_t len, expected;
	} cases[] = {
	    {"", 0, 0},
	    {"a", 1, 1},
	    {"\0", 1, 1},
	    {"\x7f", 1, 1},
	    {"\x80", 1, 0}, /* a continuation alone */
	    {"\xbf", 1, 0},
	    {"\xc0\xaf", 2, 0}, /* overlong '/' */
	    {"\xc1\xbf", 2, 0},
	    {"\xc2\x80", 2, 2}, /* U+0080 */
	    {"\xdf\xbf", 2, 2}, /* U+07FF */
	    {"\xc2", 1, 0},
	    {"\xc2\x7f", 2, 0},
	    {"\xc2\xc0", 2, 0},
	    {"\xe0\x80\xaf", 3, 0}, /* overlong '/' */
	    {"\xe0\x9f\xbf", 3, 0},
	    {"\xe0\xa0\x80", 3, 3}, /* U+0800 */
	    {"\xe2\x82\xac", 3, 3}, /* the euro sign */
	    {"\xe2\x82", 2, 0},
	    {"\xe2\x28\xa1", 3, 0},
	    {"\xe2\x82\x28", 3, 0},
	    {"\xed\x9f\xbf", 3, 3}, /* U+D7FF */
	    {"\xed\xa0\x80", 3, 0}, /* U+D800, a surrogate */
	    {"\xed\xbf\xbf", 3, 0},
	    {"\xee\x80\x80", 3, 3}, /* U+E000 */
	    {"\xef\xbf\xbf", 3, 3}, /* U+FFFF */
	    {"\xf0\x80\x80\xaf", 4, 0}, /* overlong '/' */
	    {"\xf0\x8f\xbf\xbf", 4, 0},
	    {"\xf0\x90\x80\x80", 4, 4}, /* U+10000 */
	    {"\xf0\x9f\x98\x80", 4, 4},
	    {"\xf0\x9f\x98", 3, 0},
	    {"\xf0\x9f\x98\x41", 4, 0},
	    {"\xf4\x8f\xbf\xbf", 4, 4}, /* U+10FFFF */
	    {"\xf4\x90\x80\x80", 4, 0}, /* past the end */
	    {"\xf5\x80\x80\x80", 4, 0},
	    {"\xf8\x88\x80\x80\x80", 5, 0},
	    {"\xfe", 1, 0},
	    {"\xff", 1, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		size_t n = str_utf8_len(cases[i].s, cases[i].len);

		if (n != cases[i].expected)
			fail_msg("case %zu: %zu", i, n);
	}
}

static void
whole_numbers_are_read_exactly(void **state)
{
	int64_t n = 0;

	(void)state;
	assert_int_equal(str_to_i64("0", 0, 9, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(str_to_i64("-5", -5, 5, &n), 0);
	assert_int_equal(n, -5);
	assert_int_equal(
	    str_to_i64("9223372036854775807", 0, INT64_MAX, &n), 0);
	assert_true(n == INT64_MAX);
	assert_int_equal(
	    str_to_i64("-9223372036854775808", INT64_MIN, 0, &n), 0);
	assert_true(n == INT64_MIN);
}

static void
what_is_no_whole_number_leaves_the_output_alone(void **state)
{
	static const char *const bad[] = {"", "-", "--1", "+1", " 1", "1 ",
	    "1\n", "0x10", "1e3", "1.0", "1,000", "a", "9223372036854775808",
	    "-9223372036854775809", "99999999999999999999999999", "\xd9\xa1"};
	int64_t n = 42;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (str_to_i64(bad[i], INT64_MIN, INT64_MAX, &n) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
	}
	assert_int_equal(str_to_i64("11", 0, 10, &n), -1);
	assert_int_equal(str_to_i64("-1", 0, 10, &n), -1);
	assert_int_equal(n, 42);
}

static void
durations_know_their_units(void **state)
{
	static const struct {
		const char *s;
		int64_t ms;
	} cases[] = {
	    {"250ms", 250}, {"0ms", 0}, {"5s", 5000}, {"5", 5000},
	    {"0.25", 250}, {"1.5m", 90000}, {"2m", 120000}, {"6h", 21600000},
	    {"7d", 604800000}, {"0", 0}, {"0.0001", 0}, {"0.0005", 1},
	    {"0.29", 290}, /* 0.29 * 1000 is a hair below 290 */
	};
	int64_t ms;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		ms = -1;
		if (str_to_duration_ms(cases[i].s, &ms) != 0 ||
		    ms != cases[i].ms)
			fail_msg("\"%s\": %lld", cases[i].s, (long long)ms);
	}
}

static void
what_is_no_duration_leaves_the_output_alone(void **state)
{
	static const char *const bad[] = {"", "s", "ms", ".", "-1s", "+1s",
	    "1 s", " 1s", "1s ", "1S", "1M", "1w", "1sec", "1.2.3s", "0x10s",
	    "1e3s", "inf", "nan", "1,5s", "99999999999d",
	    "1000000000000000000000", "1h30m"};
	int64_t ms = 42;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (str_to_duration_ms(bad[i], &ms) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
	}
	assert_int_equal(ms, 42);
}

static void
what_a_terminal_would_obey_is_defanged(void **state)
{
	static const char *const cases[][2] = {
	    {"", ""},
	    {"a b", "a b"},
	    {"a\r\n\tb\x1b[0m\x7f", "a   b [0m "},
	    {"\xc2\x80\xc2\x9f\xc2\xa0", "    \xc2\xa0"},
	    {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
		"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
	    {"\x9b\xff\xc3", "???"},
	    {"\xe2\x82", "??"},
	    /* Overrides, isolates, marks: "exe.txt" would read "txt.exe". */
	    {"a\xe2\x80\xae"
	     "b\xe2\x81\xa6\xe2\x80\x8f"
	     "c",
		"a   b      c"},
	    {"\xd8\x9c\xe2\x80\xaa\xe2\x81\xa9", "        "},
	    /* No-break space, joiners and what lies beside the ranges. */
	    {"\xe2\x80\x8c\xe2\x80\x8d\xe2\x80\xaf",
		"\xe2\x80\x8c\xe2\x80\x8d\xe2\x80\xaf"},
	    {"\xe2\x80\xa8\xef\xbb\xbf\xf3\xa0\x81\x81", "          "},
	};
	char s[32];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		memcpy(s, cases[i][0], strlen(cases[i][0]) + 1);
		str_defang(s);
		assert_string_equal(s, cases[i][1]);
	}
}

static void
sizes_know_their_units(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} cases[] = {
	    {"0", 0},
	    {"500", 500},
	    {"7B", 7},
	    {"20kB", 20000},
	    {"3MB", 3000000},
	    {"2GB", 2000000000},
	    {"1TB", 1000000000000},
	    {"64KiB", 65536},
	    {"512MiB", 536870912},
	    {"5GiB", INT64_C(5368709120)},
	    {"1TiB", INT64_C(1099511627776)},
	    {"1048576TiB", INT64_C(1) << 60},
	    {"1000000000000000000", INT64_C(1000000000000000000)},
	};
	static const char *const bad[] = {"", "kB", "-1", "+1", " 1", "1 kB",
	    "1.5kB", "1KB", "1kb", "1kiB", "1K", "1kBx", "0x10", "1048577TiB",
	    "1152921504606846977", "99999999999999999999"};
	int64_t n = 42;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (str_to_size(bad[i], &n) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
	}
	assert_int_equal(n, 42);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(str_to_size(cases[i].text, &n), 0);
		assert_int_equal(n, cases[i].bytes);
	}
}

static void
a_decimal_has_six_digits_behind_the_point(void **state)
{
	static const struct {
		const char *text;
		int64_t millionths;
	} cases[] = {
	    {"0", 0},
	    {"0.0004", 400},
	    {"0.005", 5000},
	    {"1", 1000000},
	    {"12.5", 12500000},
	    {"0.000001", 1},
	    {"007.100000", 7100000},
	    {"999999999999.999999", INT64_C(999999999999999999)},
	};
	static const char *const bad[] = {"", ".", ".5", "1.", "-1", "+1", " 1",
	    "1 ", "1,5", "1e3", "1.2.3", "0x1", "0.0000001", "1234567890123",
	    "nan", "$1"};
	int64_t n = 42;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (str_to_millionths(bad[i], &n) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
	}
	assert_int_equal(n, 42);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(str_to_millionths(cases[i].text, &n), 0);
		assert_int_equal(n, cases[i].millionths);
	}
}

static void
an_address_is_a_host_and_a_port(void **state)
{
	static const struct {
		const char *text, *host;
		int port;
	} cases[] = {
	    {"127.0.0.1:8080", "127.0.0.1", 8080},
	    {"localhost:0", "localhost", 0},
	    {"a-b.c_d:65535", "a-b.c_d", 65535},
	    {"[::1]:7", "::1", 7},
	    {"[fe80::1]:7", "fe80::1", 7},
	};
	static const char *const bad[] = {"", ":", ":1", "a", "a:", "8080",
	    "a:65536", "a:-1", "a:-0", "a:+1", "a: 1", "a b:1", "::1:7",
	    "[::1]", "[::1]7", "[]:7", "[a]:7", "[::1:7", "::1]:7", "a:b:7",
	    "a/b:7", "[127.0.0.1]:7", "http://a:7"};
	char *host = NULL;
	int port = 42;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (str_split_host_port(bad[i], &host, &port) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
	}
	assert_null(host);
	assert_int_equal(port, 42);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(
		    str_split_host_port(cases[i].text, &host, &port), 0);
		assert_string_equal(host, cases[i].host);
		assert_int_equal(port, cases[i].port);
		free(host);
	}
}

/* The words with '|' between them, which become nobody's. */
static void
assert_words(char **words, size_t n, const char *want)
{
	struct buf b;
	size_t i;

	buf_init(&b, 256);
	for (i = 0; i < n; i++)
		buf_printf(&b, "%s%s", i > 0 ? "|" : "", words[i]);
	assert_null(words[n]);
	assert_string_equal(b.data, want);
	buf_done(&b);
	str_free_words(words);
}

static void
must_split(const char *text, const char *want)
{
	struct error err;
	char **words;
	size_t n;

	if (str_split_words(text, 8, &words, &n, &err) == -1)
		fail_msg("%s: %s", text, err.text);
	assert_words(words, n, want);
}

static void
must_split_command(const char *text, const char *want)
{
	struct error err;
	char **words;
	size_t n;

	if (str_split_command(text, 8, &words, &n, &err) == -1)
		fail_msg("%s: %s", text, err.text);
	assert_words(words, n, want);
}

static void
words_are_cut_as_a_shell_does_and_nothing_is_expanded(void **state)
{
	(void)state;
	must_split("", "");
	must_split(" \t", "");
	must_split("a", "a");
	must_split("  a b\tc  ", "a|b|c");
	must_split("\"a b\" c", "a b|c");
	must_split("'a b' c", "a b|c");
	must_split("a\"b c\"d'e f'g", "ab cde fg");
	must_split("\"\" '' a", "||a");
	must_split("\"it's\" 'say \"no\"'", "it's|say \"no\"");
	must_split("\"\\\"\\\\\\n\"", "\"\\\\n");
	must_split("a\\ b '\\' \\\\", "a\\|b|\\|\\\\");
	must_split(
	    "$HOME ~ *.c `id` $(id) ;|&>#", "$HOME|~|*.c|`id`|$(id)|;|&>#");
	must_split("1 2 3 4 5 6 7 8", "1|2|3|4|5|6|7|8");
}

static void
what_cannot_be_cut_into_words_is_refused(void **state)
{
	static const char *const open[] = {
	    "\"", "'", "a \"b", "a 'b", "\"a\\\"", "'a\"", "a\"'"};
	char **words = NULL;
	struct error err;
	size_t n = 42, i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(open); i++) {
		if (str_split_words(open[i], 8, &words, &n, &err) == 0)
			fail_msg("%s was taken", open[i]);
		assert_int_equal(err.code, ERR_USAGE);
		assert_string_equal(err.text, "a quote is left open");
	}
	assert_int_equal(
	    str_split_words("1 2 3 4 5 6 7 8 9", 8, &words, &n, &err), -1);
	assert_string_equal(err.text, "more than 8 words");
	assert_null(words);
	assert_int_equal(n, 42);
}

/* As Python's shlex.split() cuts them, too. */
static void
in_a_command_a_backslash_counts_outside_of_quotes(void **state)
{
	char **words = NULL;
	struct error err;
	size_t n = 42;

	(void)state;
	must_split_command("a\\ b c", "a b|c");
	must_split_command("a\\\\b", "a\\b");
	must_split_command("a\\ b\\\tc \\'d \\\"e", "a b\tc|'d|\"e");
	must_split_command("'a\\ b' \"c\\ d\\\"\\\\\"", "a\\ b|c\\ d\"\\");
	must_split_command("\\$HOME \\a \"\\a\"", "$HOME|a|\\a");
	assert_int_equal(str_split_command("a \\", 8, &words, &n, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_non_null(strstr(err.text, "nothing follows"));
	assert_int_equal(
	    str_split_command("a \\'b 'c", 8, &words, &n, &err), -1);
	assert_string_equal(err.text, "a quote is left open");
	assert_null(words);
	assert_int_equal(n, 42);
}

static void
text_is_utf8_without_nul(void **state)
{
	(void)state;
	assert_true(str_is_text("", 0));
	assert_true(str_is_text("a\x01\n\x7f", 4));
	assert_true(str_is_text("\xc3\xa9\xf0\x9f\x98\x80", 6));
	assert_false(str_is_text("a\0b", 3));
	assert_false(str_is_text("\xff", 1));
	assert_false(str_is_text("\xc3\xa9", 1));
	assert_false(str_is_text("\xed\xa0\x80", 3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(strings_compare_with_and_without_case),
	    cmocka_unit_test(starts_and_ends_are_found),
	    cmocka_unit_test(null_and_nothing_are_empty),
	    cmocka_unit_test(every_control_byte_is_noticed_and_no_other),
	    cmocka_unit_test(trimming_takes_blanks_from_both_ends_only),
	    cmocka_unit_test(lower_case_touches_ascii_letters_only),
	    cmocka_unit_test(letters_and_digits_are_ascii),
	    cmocka_unit_test(utf8_sequences_have_their_length),
	    cmocka_unit_test(whole_numbers_are_read_exactly),
	    cmocka_unit_test(what_is_no_whole_number_leaves_the_output_alone),
	    cmocka_unit_test(durations_know_their_units),
	    cmocka_unit_test(what_is_no_duration_leaves_the_output_alone),
	    cmocka_unit_test(what_a_terminal_would_obey_is_defanged),
	    cmocka_unit_test(sizes_know_their_units),
	    cmocka_unit_test(a_decimal_has_six_digits_behind_the_point),
	    cmocka_unit_test(an_address_is_a_host_and_a_port),
	    cmocka_unit_test(
		words_are_cut_as_a_shell_does_and_nothing_is_expanded),
	    cmocka_unit_test(what_cannot_be_cut_into_words_is_refused),
	    cmocka_unit_test(in_a_command_a_backslash_counts_outside_of_quotes),
	    cmocka_unit_test(text_is_utf8_without_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
