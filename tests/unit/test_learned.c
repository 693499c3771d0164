/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of endpoints: marks, paths, and what is read back of them. */
#include "engine/learned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "tests/support/fake_clock.h"

#define LONG "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define CONF "s3://conf/out"

static struct learned_list *list;
static struct learned *l;

static int
setup(void **state)
{
	(void)state;
	list = learned_new();
	l = learned_add(list, "us-east-1", "ocr");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	learned_free(list);
	return 0;
}

static void
an_endpoint_that_differs_is_marked_and_told_of_once(void **state)
{
	(void)state;
	assert_string_equal(learned_path(NULL, CONF), CONF);
	assert_null(learned_path(NULL, NULL));
	assert_string_equal(learned_path(l, CONF), CONF);
	assert_int_equal(learned_answer(l, CONF, NULL), LEARNED_DIFFERS);
	assert_true(learned_marked(l, CONF));
	assert_null(learned_path(l, CONF));
	assert_int_equal(learned_answer(l, CONF, NULL), LEARNED_NOTHING);
	assert_int_equal(
	    learned_answer(l, CONF, "s3://elsewhere"), LEARNED_NOTHING);
}

static void
three_right_ones_in_a_row_take_the_mark_away(void **state)
{
	(void)state;
	learned_answer(l, CONF, NULL);
	assert_int_equal(learned_answer(l, CONF, CONF), LEARNED_NOTHING);
	assert_int_equal(learned_answer(l, CONF, CONF), LEARNED_NOTHING);
	assert_int_equal(learned_answer(l, CONF, NULL), LEARNED_NOTHING);
	assert_int_equal(learned_answer(l, CONF, CONF), LEARNED_NOTHING);
	assert_int_equal(learned_answer(l, CONF, CONF), LEARNED_NOTHING);
	assert_true(learned_marked(l, CONF));
	assert_int_equal(learned_answer(l, CONF, CONF), LEARNED_HONOURS);
	assert_false(learned_marked(l, CONF));
	assert_string_equal(learned_path(l, CONF), CONF);
	assert_int_equal(learned_answer(l, CONF, CONF), LEARNED_NOTHING);
}

static void
another_configuration_takes_the_mark_away(void **state)
{
	(void)state;
	learned_answer(l, CONF, "s3://right/out");
	assert_true(learned_marked(l, CONF));
	assert_false(learned_marked(l, "s3://right/out"));
	assert_string_equal(
	    learned_path(l, "s3://right/out"), "s3://right/out");
	assert_int_equal(learned_answer(l, "s3://right/out", "s3://right/out"),
	    LEARNED_HONOURS);
}

static void
without_a_configured_path_it_is_learned(void **state)
{
	(void)state;
	assert_int_equal(learned_answer(l, NULL, "s3://a/b"), LEARNED_PATH);
	assert_string_equal(learned_path(l, NULL), "s3://a/b");
	assert_string_equal(learned_path(l, ""), "s3://a/b");
	assert_int_equal(learned_answer(l, NULL, "s3://a/b"), LEARNED_NOTHING);
	/* It moved: what is in doubt meanwhile may be here or there. */
	assert_int_equal(learned_answer(l, NULL, "s3://c"), LEARNED_DIFFERS);
	assert_null(learned_path(l, NULL));
	learned_answer(l, NULL, "s3://c");
	learned_answer(l, NULL, "s3://c");
	assert_int_equal(learned_answer(l, NULL, "s3://c"), LEARNED_HONOURS);
	assert_string_equal(learned_path(l, NULL), "s3://c");
}

static void
slashes_at_the_end_are_no_difference(void **state)
{
	(void)state;
	assert_int_equal(learned_answer(l, CONF "/", CONF "//"), LEARNED_PATH);
	assert_false(learned_marked(l, CONF "/"));
	assert_string_equal(learned_path(l, CONF "/"), CONF "//");
	assert_int_equal(
	    learned_answer(l, CONF "/", CONF "x"), LEARNED_DIFFERS);
}

/* --- kept ----------------------------------------------------------- */

static void
what_was_kept_is_what_was_known(void **state)
{
	char *name, *value;
	int i;

	(void)state;
	learned_answer(l, CONF, "s3://else");
	for (i = 0; i < 50; i++)
		habit_result(learned_habit(l),
		    &(struct habit_job){.warmth = WARMTH_COLD}, 60000, 700);
	assert_true(learned_failures(l, "s3://b/f/{name}-error.out"));
	learned_save(l, &name, &value);
	assert_string_equal(name, "endpoint us-east-1 ocr");
	learned_free(list);
	list = learned_new();
	learned_recall(list, name, value);
	l = learned_find(list, "us-east-1", "ocr");
	assert_non_null(l);
	assert_true(learned_marked(l, CONF));
	assert_false(learned_marked(l, NULL));
	assert_string_equal(learned_path(l, NULL), "s3://else");
	assert_in_range(habit_p95_ms(learned_habit(l)), 60000, 90000);
	assert_in_range(habit_size_p90(learned_habit(l)), 700, 1000);
	assert_int_equal((int)habit_results(learned_habit(l)), 50);
	assert_string_equal(
	    learned_failure_pattern(l), "s3://b/f/{name}-error.out");
	free(name);
	free(value);
}

static void
what_makes_no_sense_is_passed_over(void **state)
{
	static const char *const names[] = {"", "endpoint", "endpoint ",
	    "endpoint a", "endpoint a ", "endpoint  b", "endpoint a b c",
	    "endpoint a b/c", "endpoint a b\n", "ENDPOINT a b", LONG};
	static const char *const values[] = {"", "{", "[]", "null", "\"x\"",
	    "{\"output_path\":1}", "{\"output_path\":\"\"}",
	    "{\"output_path\":\"http://x/\"}", "{\"output_path\":\"s3://\"}",
	    "{\"output_path\":\"s3:///x\"}", "{\"output_path\":\"s3://a\\nb\"}",
	    "{\"failures\":\"\"}", "{\"failures\":\"s3://b/x\"}",
	    "{\"failures\":\"http://b/{name}\"}",
	    "{\"failures\":\"s3://b/{name}/{name}\"}",
	    "{\"differs\":\"yes\",\"configured\":[],\"latency\":[1]}",
	    "{\"latency\":{\"-1\":5,\"40\":5,\"x\":5,\"3\":-5}}",
	    "{\"warm\":7,\"cold\":{\"80\":64},\"sizes\":[]}",
	    "{\"ended\":-1,\"failed\":9,\"missed\":-3}",
	    "{\"latency\":{\"4\":1e300,\"5\":\"a\",\"6\":1.5}}"};
	char name[40];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(names); i++)
		learned_recall(list, names[i], "{}");
	assert_null(learned_find(list, "a", "b"));
	for (i = 0; i < ARRAY_LEN(values); i++) {
		snprintf(name, sizeof(name), "endpoint r e%zu", i);
		learned_recall(list, name, values[i]);
		l = learned_find(list, "r", name + strlen("endpoint r "));
		assert_null(learned_path(l, NULL));
		assert_null(learned_failure_pattern(l));
		assert_false(learned_marked(l, NULL));
		if (l != NULL)
			assert_int_equal(habit_p95_ms(learned_habit(l)), 0);
	}
	/* What is known by now is newer. */
	learned_answer(learned_add(list, "r", "known"), NULL, "s3://new");
	learned_recall(
	    list, "endpoint r known", "{\"output_path\":\"s3://old\"}");
	assert_string_equal(
	    learned_path(learned_find(list, "r", "known"), NULL), "s3://new");
}

static void
at_most_a_thousand_are_remembered_and_the_oldest_goes(void **state)
{
	char name[40];
	int i;

	(void)state;
	for (i = 0; i < LEARNED_MAX - 1; i++) {
		snprintf(name, sizeof(name), "e%d", i);
		learned_add(list, "r", name);
	}
	assert_non_null(learned_find(list, "us-east-1", "ocr"));
	learned_add(list, "us-east-1", "ocr");
	learned_add(list, "r", "one-more");
	assert_non_null(learned_find(list, "us-east-1", "ocr"));
	assert_non_null(learned_find(list, "r", "one-more"));
	assert_null(learned_find(list, "r", "e0"));
	assert_non_null(learned_find(list, "r", "e1"));
	learned_recall(list, "endpoint r two-more", "{}");
	assert_null(learned_find(list, "r", "two-more"));
}

static void
latencies_are_written_every_100_or_10_minutes(void **state)
{
	char *name, *value;
	int i;

	(void)state;
	assert_false(learned_due(l));
	for (i = 0; i < 99; i++)
		learned_note(l);
	assert_false(learned_due(l));
	learned_note(l);
	assert_true(learned_due(l));
	learned_save(l, &name, &value);
	free(name);
	free(value);
	assert_false(learned_due(l));
	fake_clock_advance(600000);
	assert_false(learned_due(l));
	learned_note(l);
	assert_true(learned_due(l));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(an_endpoint_that_differs_is_marked_and_told_of_once),
	    T(three_right_ones_in_a_row_take_the_mark_away),
	    T(another_configuration_takes_the_mark_away),
	    T(without_a_configured_path_it_is_learned),
	    T(slashes_at_the_end_are_no_difference),
	    T(what_was_kept_is_what_was_known),
	    T(what_makes_no_sense_is_passed_over),
	    T(at_most_a_thousand_are_remembered_and_the_oldest_goes),
	    T(latencies_are_written_every_100_or_10_minutes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
