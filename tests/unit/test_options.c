/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: every type, every spelling, every mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cmd/options.h"

struct values {
	bool flag;
	bool other;
	const char *text;
	int64_t duration;
	int64_t count;
	struct option_list list;
};

#define AT(field) offsetof(struct values, field)

static const struct cmd_option first[] = {
    {"flag", 'f', OPT_FLAG, AT(flag), NULL, "a flag"},
    {"other", 'o', OPT_FLAG, AT(other), NULL, "another"},
    {"text", 't', OPT_TEXT, AT(text), "TEXT", "a text"},
};
static const struct cmd_option second[] = {
    {"duration", 'd', OPT_DURATION, AT(duration), "TIME", "a time"},
    {"count", 0, OPT_COUNT, AT(count), "N", "a number"},
    {"list", 'l', OPT_LIST, AT(list), "X", "again and again"},
};

static char *argv[20];
static int nargs;

/* Words separated by one blank; "_" is an empty one. */
static int
parse(const char *line, struct values *v, struct error *err)
{
	const struct option_set sets[] = {
	    {first, ARRAY_LEN(first), v},
	    {second, ARRAY_LEN(second), v},
	};
	static char words[400];
	char *rest = words, *word;
	int argc = 0;

	memset(v, 0, sizeof(*v));
	snprintf(words, sizeof(words), "cmd %s", line);
	while ((word = strsep(&rest, " ")) != NULL) {
		if (*word == '\0')
			continue;
		if (str_eq(word, "_"))
			*word = '\0';
		argv[argc++] = word;
	}
	argv[argc] = NULL;
	return options_parse(sets, 2, argc, argv, &nargs, err);
}

static struct values
must_parse(const char *line)
{
	struct values v;
	struct error err;

	if (parse(line, &v, &err) == -1)
		fail_msg("%s: %s", line, err.text);
	return v;
}

static void
every_spelling_is_read(void **state)
{
	static const char *const flags[] = {"-f -o -t x", "-fo -t x", "-fotx",
	    "-of -tx", "--flag --other --text x", "--text=x --other --flag",
	    "-f --text x -o"};
	struct values v;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(flags); i++) {
		v = must_parse(flags[i]);
		assert_true(v.flag);
		assert_true(v.other);
		assert_string_equal(v.text, "x");
		assert_int_equal(nargs, 0);
	}
	v = must_parse("");
	assert_false(v.flag);
	assert_null(v.text);
}

static void
every_type_is_read(void **state)
{
	struct values v;

	(void)state;
	assert_int_equal(must_parse("-d 250ms").duration, 250);
	assert_int_equal(must_parse("-d 5").duration, 5000);
	assert_int_equal(must_parse("-d 0").duration, 0);
	assert_int_equal(must_parse("--duration=2h").duration, 7200000);
	assert_int_equal(must_parse("--count 1").count, 1);
	assert_int_equal(must_parse("--count 2147483647").count, INT32_MAX);
	assert_string_equal(must_parse("-t --flag").text, "--flag");
	assert_string_equal(must_parse("--text=a=b").text, "a=b");
	assert_string_equal(must_parse("-t a -t b").text, "b");
	v = must_parse("-l a --list=b -lc");
	assert_int_equal(v.list.n, 3);
	assert_string_equal(v.list.v[0], "a");
	assert_string_equal(v.list.v[1], "b");
	assert_string_equal(v.list.v[2], "c");
	option_list_done(&v.list);
	assert_int_equal(v.list.n, 0);
}

static void
words_stay_in_their_order(void **state)
{
	(void)state;
	must_parse("a -f b --text x c");
	assert_int_equal(nargs, 3);
	assert_string_equal(argv[0], "a");
	assert_string_equal(argv[1], "b");
	assert_string_equal(argv[2], "c");
	must_parse("a - -- -f --nonsense");
	assert_int_equal(nargs, 4);
	assert_string_equal(argv[1], "-");
	assert_string_equal(argv[2], "-f");
	assert_string_equal(argv[3], "--nonsense");
	/* Anew each time. */
	must_parse("z");
	assert_int_equal(nargs, 1);
	assert_string_equal(argv[0], "z");
}

static const struct {
	const char *line;
	const char *text;
} mistakes[] = {
    {"-x", "unknown option -x"},
    {"-fx", "unknown option -x"},
    {"--nonsense", "unknown option --nonsense"},
    {"--nonsense=1", "unknown option --nonsense=1"},
    {"-f --flag=yes", "--flag=yes: --flag takes no value"},
    {"--no", "unknown option --no"},
    {"-t", "-t needs a value"},
    {"--text", "--text needs a value"},
    {"-ft", "-ft needs a value"},
    {"--text=", "--text: it must not be empty"},
    {"-t _", "--text: it must not be empty"},
    {"-l _", "--list: it must not be empty"},
    {"-d soon",
	"--duration soon: it must be a time such as 500ms, 5s, 2m or "
	"1h"},
    {"-d -1s", "--duration -1s: it must be a time"},
    {"--count 0", "--count 0: it must be a whole number, at least 1"},
    {"--count -1", "--count -1: it must be a whole number, at least 1"},
    {"--count 1.5", "--count 1.5: it must be"},
    {"--count 2147483648", "--count 2147483648: it must be"},
    {"--count 1x", "--count 1x: it must be"},
};

static void
every_mistake_names_the_option(void **state)
{
	struct values v;
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(mistakes); i++) {
		if (parse(mistakes[i].line, &v, &err) == 0)
			fail_msg("taken: %s", mistakes[i].line);
		assert_int_equal(err.code, ERR_USAGE);
		if (!str_starts(err.text, mistakes[i].text))
			fail_msg("%s: %s", mistakes[i].line, err.text);
		option_list_done(&v.list);
	}
}

static void
a_misspelt_option_is_recognized(void **state)
{
	static const char *const cases[][2] = {
	    {"--duratoin=5s", "Did you mean --duration?"},
	    {"--flg", "Did you mean --flag?"},
	    {"--othre x", "Did you mean --other?"},
	    {"--nonsense", "See 'awaitd cmd --help'."},
	    {"-x", "See 'awaitd cmd --help'."},
	    {"-t", "See 'awaitd cmd --help'."},
	    {"--flag=yes", "See 'awaitd cmd --help'."},
	};
	struct values v;
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(parse(cases[i][0], &v, &err), -1);
		assert_string_equal(err.hint, cases[i][1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_spelling_is_read),
	    cmocka_unit_test(every_type_is_read),
	    cmocka_unit_test(words_stay_in_their_order),
	    cmocka_unit_test(every_mistake_names_the_option),
	    cmocka_unit_test(a_misspelt_option_is_recognized),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
