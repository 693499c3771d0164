/* SPDX-License-Identifier: Apache-2.0 */
/* What a query may say, and that everything else is named and refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "serve/api_query.h"

static const char *const names[] = {"limit", "state", "target", NULL};
static const char *const states[] = {"waiting", "dead", NULL};

static void
values_are_decoded(void **state)
{
	static const char raw[] =
	    "target=webhook%20a%2Bb%26c&state=two+words&limit=%37";
	struct api_query q;
	struct error err;
	int64_t n = 0;

	(void)state;
	assert_int_equal(api_query_parse(raw, names, &q, &err), 0);
	assert_string_equal(api_query_get(&q, "target"), "webhook a+b&c");
	assert_string_equal(api_query_get(&q, "state"), "two words");
	assert_int_equal(api_query_i64(&q, "limit", 1, 9, &n, &err), 0);
	assert_int_equal(n, 7);
	api_query_done(&q);
}

static void
what_is_not_given_stays_as_it_was(void **state)
{
	const char *word = "as it was";
	struct api_query q;
	struct error err;
	int64_t n = 42;

	(void)state;
	assert_int_equal(api_query_parse("", names, &q, &err), 0);
	assert_null(api_query_get(&q, "limit"));
	assert_int_equal(api_query_i64(&q, "limit", 1, 9, &n, &err), 0);
	assert_int_equal(n, 42);
	assert_int_equal(api_query_word(&q, "state", states, &word, &err), 0);
	assert_null(word);
	api_query_done(&q);
}

/* Each with what the error must name. */
static const struct {
	const char *raw;
	const char *named;
	const char *hint;
} bad[] = {
    {"limits=1", "\"limits\"", "Did you mean \"limit\"?"},
    {"something_else=1", "\"something_else\"", "limit, state, target"},
    {"LIMIT=1", "\"LIMIT\"", "Known"},
    {"limit=1&limit=1", "stands twice", ""},
    {"limit=1&l%69mit=1", "stands twice", ""},
    {"limit", "is empty", ""},
    {"limit=", "is empty", ""},
    {"=1", "\"\"", ""},
    {"limit=1&&state=dead", "\"\"", ""},
    {"limit=%", "\"limit\"", ""},
    {"limit=%4", "\"limit\"", ""},
    {"limit=%zz", "\"limit\"", ""},
    {"limit=%00", "\"limit\"", ""},
    {"limit=a%0ab", "\"limit\"", ""},
    {"limit=a%7f", "\"limit\"", ""},
    {"%00=1", "the name", ""},
};

static void
what_is_wrong_is_named(void **state)
{
	struct api_query q;
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (api_query_parse(bad[i].raw, names, &q, &err) == 0)
			fail_msg("%s was taken", bad[i].raw);
		assert_int_equal(err.code, ERR_USAGE);
		if (strstr(err.text, bad[i].named) == NULL ||
		    strstr(err.hint, bad[i].hint) == NULL)
			fail_msg("%s: %s. %s", bad[i].raw, err.text, err.hint);
	}
}

static void
a_value_that_is_too_long_is_refused(void **state)
{
	char raw[2048] = "limit=";
	struct api_query q;
	struct error err;

	(void)state;
	memset(raw + 6, '1', 1024);
	assert_int_equal(api_query_parse(raw, names, &q, &err), 0);
	api_query_done(&q);
	memset(raw + 6, '1', 1025);
	assert_int_equal(api_query_parse(raw, names, &q, &err), -1);
}

static void
numbers_and_words_are_held_to_their_range(void **state)
{
	static const char *const numbers[] = {"0", "10", "-1", "1x", "1.0",
	    "99999999999999999999", "%201", "0x1"};
	const char *word;
	struct api_query q;
	struct error err;
	int64_t n = 5;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(numbers); i++) {
		char *raw = xasprintf("limit=%s", numbers[i]);

		assert_int_equal(api_query_parse(raw, names, &q, &err), 0);
		if (api_query_i64(&q, "limit", 1, 9, &n, &err) == 0)
			fail_msg("%s was taken", raw);
		assert_non_null(strstr(err.text, "from 1 to 9"));
		assert_int_equal(n, 5);
		api_query_done(&q);
		free(raw);
	}
	assert_int_equal(api_query_parse("state=alive", names, &q, &err), 0);
	assert_int_equal(api_query_word(&q, "state", states, &word, &err), -1);
	assert_non_null(strstr(err.text, "waiting, dead"));
	api_query_done(&q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_are_decoded),
	    cmocka_unit_test(what_is_not_given_stays_as_it_was),
	    cmocka_unit_test(what_is_wrong_is_named),
	    cmocka_unit_test(a_value_that_is_too_long_is_refused),
	    cmocka_unit_test(numbers_and_words_are_held_to_their_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
