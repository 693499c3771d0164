/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections of key = value lines: what is called back, in which order, and
 * how each mistake is named with file and line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/ini.h"
#include "base/mem.h"
#include "base/str.h"

/* What was called back, one entry a line: section|parent|key|value. */
struct seen {
	struct buf text;
	const char *stop_at; /* the key that the callback refuses */
	int last_line;
};

static int
note(const struct ini_entry *e, void *arg, struct error *err)
{
	struct seen *s = arg;

	assert_string_equal(e->file, "f.conf");
	s->last_line = e->line;
	if (s->stop_at != NULL && str_eq(e->key, s->stop_at))
		return err_set(err, ERR_USAGE, "no such key");
	buf_printf(&s->text, "%s|%s|%s|%s\n", e->section,
	    e->parent != NULL ? e->parent : "-", e->key, e->value);
	return 0;
}

/* The text goes in as a copy with no NUL behind it. */
static int
parse(struct seen *s, const char *text, size_t len, enum ini_style style,
    struct error *err)
{
	char *copy = xmemdup(text, len);
	int rc;

	memset(s, 0, sizeof(*s));
	buf_init(&s->text, 1 << 20);
	error_clear(err);
	rc = ini_parse("f.conf", copy, len, style, note, s, err);
	free(copy);
	return rc;
}

static void
assert_entries(const char *text, enum ini_style style, const char *want)
{
	struct error err;
	struct seen s;

	if (parse(&s, text, strlen(text), style, &err) != 0)
		fail_msg("%s", err.text);
	assert_string_equal(s.text.data, want);
	buf_done(&s.text);
}

static void
assert_fault(const char *text, size_t len, const char *want)
{
	struct error err;
	struct seen s;

	assert_int_equal(parse(&s, text, len, INI_PLAIN, &err), -1);
	assert_string_equal(err.text, want);
	assert_int_equal(err.code, ERR_CONFIG);
	buf_done(&s.text);
}

static void
keys_come_in_their_order_with_their_section(void **state)
{
	(void)state;
	assert_entries("top = 1\n[ one ]\na=b\n\n[two words]\n c =d e \n",
	    INI_PLAIN,
	    "|-|top|1\none|-||\none|-|a|b\ntwo words|-||\n"
	    "two words|-|c|d e\n");
}

static void
comments_stand_on_lines_of_their_own_only(void **state)
{
	(void)state;
	assert_entries("# c\n; c\n  # c = d\n\t; c\na = b # c\nc = d ; e\n"
		       "url = http://h/#f;g\n",
	    INI_PLAIN, "|-|a|b # c\n|-|c|d ; e\n|-|url|http://h/#f;g\n");
}

static void
only_the_first_equals_sign_divides(void **state)
{
	(void)state;
	assert_entries("a = b = c==\nd =\ne=\n", INI_PLAIN,
	    "|-|a|b = c==\n|-|d|\n|-|e|\n");
}

static void
a_mark_crlf_and_a_missing_line_end_change_nothing(void **state)
{
	(void)state;
	assert_entries("\xef\xbb\xbf[s]\r\na = b\r\n\r\nc = d", INI_PLAIN,
	    "s|-||\ns|-|a|b\ns|-|c|d\n");
	assert_entries("\xef\xbb\xbf", INI_PLAIN, "");
	assert_entries("", INI_PLAIN, "");
	assert_entries("\n\n", INI_NESTED, "");
}

static void
tabs_divide_and_stay_inside_values(void **state)
{
	(void)state;
	assert_entries("a\t=\tb\tc\t\n", INI_PLAIN, "|-|a|b\tc\n");
}

static void
a_line_of_100_kb_is_not_cut(void **state)
{
	size_t n = 100000;
	char *text = xmalloc(n + 5);
	struct error err;
	struct seen s;

	(void)state;
	memcpy(text, "k = ", 4);
	memset(text + 4, 'v', n);
	text[n + 4] = '\n';
	assert_int_equal(parse(&s, text, n + 5, INI_PLAIN, &err), 0);
	assert_int_equal(s.text.len, strlen("|-|k|") + n + 1);
	buf_done(&s.text);
	free(text);
}

static void
nested_lines_belong_to_the_key_above(void **state)
{
	static const char text[] = "[profile x]\ns3 =\n  a = 1\n\tb = 2\n"
				   "\n# c\n  c = 3\nregion = r\n";

	(void)state;
	assert_entries(text, INI_NESTED,
	    "profile x|-||\nprofile x|-|s3|\nprofile x|s3|a|1\n"
	    "profile x|s3|b|2\nprofile x|s3|c|3\nprofile x|-|region|r\n");
	assert_entries(text, INI_PLAIN,
	    "profile x|-||\nprofile x|-|s3|\nprofile x|-|a|1\n"
	    "profile x|-|b|2\nprofile x|-|c|3\nprofile x|-|region|r\n");
}

static void
a_section_ends_what_was_nested(void **state)
{
	(void)state;
	assert_entries("[a]\ns3 =\n[b]\n  k =\n  x = v\n", INI_NESTED,
	    "a|-||\na|-|s3|\nb|-||\nb|-|k|\nb|k|x|v\n");
}

static void
indented_keys_of_a_profile_are_its_own(void **state)
{
	(void)state;
	assert_entries("[default]\n  region = r\n  output = json\n", INI_NESTED,
	    "default|-||\ndefault|-|region|r\ndefault|-|output|json\n");
}

static void
behind_a_header_of_awss_a_comment_may_stand(void **state)
{
	(void)state;
	assert_entries("[a] # b]\n[c]; d\n[e#f]\n[g]h]\n", INI_NESTED,
	    "a|-||\nc|-||\ne#f|-||\ng]h|-||\n");
}

static void
mistakes_are_named_with_file_and_line(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"a = b\nword\n", "f.conf:2: expected 'key = value'"},
	    {"\n\n= b\n", "f.conf:3: expected a key before '='"},
	    {"[]\n", "f.conf:1: a section needs a name"},
	    {"[  ]\n", "f.conf:1: a section needs a name"},
	    {"[a\n", "f.conf:1: a section header ends in ']'"},
	    {"[\n", "f.conf:1: a section header ends in ']'"},
	    {"a = b\r\n[", "f.conf:2: a section header ends in ']'"},
	    {"[a] b\n", "f.conf:1: a section header ends in ']'"},
	    {"[a] # b\n", "f.conf:1: a section header ends in ']'"},
	    {"a = \x01\n", "f.conf:1: a control character"},
	    {"a = b\x7f", "f.conf:1: a control character"},
	    {"a = b\rc = d\n", "f.conf:1: a control character"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++)
		assert_fault(
		    cases[i].text, strlen(cases[i].text), cases[i].want);
}

static void
a_nul_byte_is_refused_wherever_it_stands(void **state)
{
	(void)state;
	assert_fault("a = b\0c\n", 8, "f.conf:1: a NUL byte");
	assert_fault("a = b\n# \0\n", 10, "f.conf:2: a NUL byte");
	assert_fault("a = b\n\0", 7, "f.conf:2: a NUL byte");
	/* UTF-16, as some editors write. */
	assert_fault("a\0 \0=\0", 6, "f.conf:1: a NUL byte");
}

static void
a_callbacks_error_stops_with_file_and_line(void **state)
{
	static const char text[] = "[s]\na = 1\nb = 2\nc = 3\n";
	struct seen s = {.stop_at = "b"};
	struct error err;

	(void)state;
	error_clear(&err);
	buf_init(&s.text, 100);
	assert_int_equal(ini_parse("f.conf", text, sizeof(text) - 1, INI_PLAIN,
			     note, &s, &err),
	    -1);
	assert_string_equal(err.text, "f.conf:3: no such key");
	assert_int_equal(err.code, ERR_USAGE);
	assert_string_equal(s.text.data, "s|-||\ns|-|a|1\n");
	assert_int_equal(s.last_line, 3);
	buf_done(&s.text);
}

static int
count(const struct ini_entry *e, void *arg, struct error *err)
{
	int *n = arg;

	return e->line == ++*n ? 0 : err_set(err, ERR_USAGE, "line");
}

static void
a_file_is_read_up_to_its_cap(void **state)
{
	char path[] = "/tmp/test_ini.XXXXXX", *big = xmalloc(1024 * 1024 + 1);
	int fd = mkstemp(path), n = 0, small, at_cap, over;
	struct error err;

	(void)state;
	assert_int_not_equal(fd, -1);
	memset(big, '\n', 1024 * 1024 + 1);
	error_clear(&err);
	file_write_all(fd, "a = 1\nb = 2", 11, &err);
	small = ini_parse_file(path, INI_PLAIN, count, &n, &err);
	lseek(fd, 0, SEEK_SET);
	file_write_all(fd, big, 1024 * 1024, &err);
	at_cap = ini_parse_file(path, INI_PLAIN, count, &n, &err);
	file_write_all(fd, "\n", 1, &err);
	over = ini_parse_file(path, INI_PLAIN, count, &n, &err);
	free(big);
	close(fd);
	unlink(path);
	assert_int_equal(small, 0);
	assert_int_equal(n, 2);
	assert_int_equal(at_cap, 0);
	assert_int_equal(over, -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_non_null(strstr(err.text, path));
	assert_int_equal(ini_parse_file(path, INI_PLAIN, count, &n, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
}

static void
a_tab_hides_no_control_byte(void **state)
{
	(void)state;
	assert_fault("a =\tb\x01\n", 7, "f.conf:1: a control character");
	assert_fault("[a\tb\x7f]\n", 7, "f.conf:1: a control character");
	assert_fault("a\t=\tb\rc = d\n", 13, "f.conf:1: a control character");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_come_in_their_order_with_their_section),
	    cmocka_unit_test(comments_stand_on_lines_of_their_own_only),
	    cmocka_unit_test(only_the_first_equals_sign_divides),
	    cmocka_unit_test(a_mark_crlf_and_a_missing_line_end_change_nothing),
	    cmocka_unit_test(tabs_divide_and_stay_inside_values),
	    cmocka_unit_test(a_line_of_100_kb_is_not_cut),
	    cmocka_unit_test(nested_lines_belong_to_the_key_above),
	    cmocka_unit_test(a_section_ends_what_was_nested),
	    cmocka_unit_test(indented_keys_of_a_profile_are_its_own),
	    cmocka_unit_test(behind_a_header_of_awss_a_comment_may_stand),
	    cmocka_unit_test(mistakes_are_named_with_file_and_line),
	    cmocka_unit_test(a_nul_byte_is_refused_wherever_it_stands),
	    cmocka_unit_test(a_callbacks_error_stops_with_file_and_line),
	    cmocka_unit_test(a_file_is_read_up_to_its_cap),
	    cmocka_unit_test(a_tab_hides_no_control_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
