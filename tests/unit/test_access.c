/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of prefixes, of whom, and for how long. */
#include "engine/access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/fake_clock.h"

#define QUARTER 900000

static struct access *a;
static struct error words;
static const struct error *known;

static int
set_up(void **state)
{
	(void)state;
	fake_clock_reset();
	a = access_new();
	err_set(&words, ERR_AUTH, "so it is");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	access_free(a);
	return 0;
}

static struct access_query
at(const char *place)
{
	struct access_query q = {
	    .place = place,
	    .len = access_prefix_len(place, NULL),
	    .access_key = "AKIDA",
	};

	return q;
}

static void
a_prefix_is_the_output_path_or_else_the_folder(void **state)
{
	(void)state;
	assert_int_equal(access_prefix_len("s3://b/o/x/y.out", "s3://b/o"), 9);
	assert_int_equal(access_prefix_len("s3://b/o/x/y.out", "s3://b/o/"), 9);
	assert_int_equal(access_prefix_len("s3://b/o/x/y.out", "s3://b"), 7);
	assert_int_equal(access_prefix_len("s3://b/o/x/y.out", NULL), 11);
	assert_int_equal(access_prefix_len("s3://b/ox/y.out", "s3://b/o"), 10);
	assert_int_equal(access_prefix_len("s3://c/y.out", "s3://b/o"), 7);
}

static void
one_asks_and_all_know_for_a_quarter_of_an_hour(void **state)
{
	struct access_query q = at("s3://b/o/1"), r = at("s3://b/o/2");

	(void)state;
	assert_true(access_is_empty(a));
	assert_int_equal(access_find(a, &q, &known), ACCESS_ASK);
	access_begin(a, &q);
	assert_int_equal(access_find(a, &r, &known), ACCESS_ASKED);
	assert_true(access_learn(a, &q, ACCESS_HIDDEN, &words));
	assert_int_equal(access_find(a, &r, &known), ACCESS_KNOWN);
	assert_string_equal(known->text, "so it is");
	fake_clock_advance(QUARTER - 1);
	assert_int_equal(access_find(a, &r, &known), ACCESS_KNOWN);
	fake_clock_advance(1);
	assert_int_equal(access_find(a, &r, &known), ACCESS_ASK);
	assert_false(access_learn(a, &q, ACCESS_HIDDEN, &words));
	assert_false(access_learn(a, &q, ACCESS_UNSURE, &words));
	assert_false(access_learn(a, &q, ACCESS_HIDDEN, &words));
	assert_true(access_learn(a, &q, ACCESS_DENIED, &words));
}

static void
one_who_breaks_off_leaves_it_to_the_next(void **state)
{
	struct access_query q = at("s3://b/o/1");

	(void)state;
	access_begin(a, &q);
	access_drop(a, &q);
	assert_int_equal(access_find(a, &q, &known), ACCESS_ASK);
}

static void
other_credentials_are_asked_for_anew(void **state)
{
	struct access_query q = at("s3://b/o/1");

	(void)state;
	access_learn(a, &q, ACCESS_HIDDEN, &words);
	q.access_key = "AKIDB";
	assert_int_equal(access_find(a, &q, &known), ACCESS_ASK);
	q.access_key = NULL;
	assert_int_equal(access_find(a, &q, &known), ACCESS_ASK);
	q.access_key = "AKIDA";
	assert_int_equal(access_find(a, &q, &known), ACCESS_KNOWN);
}

static void
an_answer_that_contradicts_ends_it_but_not_at_once(void **state)
{
	struct access_query q = at("s3://b/o/1");

	(void)state;
	access_learn(a, &q, ACCESS_HIDDEN, &words);
	access_answered(a, &q, true);
	fake_clock_advance(QUARTER - 1);
	assert_int_equal(access_find(a, &q, &known), ACCESS_KNOWN);
	access_answered(a, &q, false);
	assert_int_equal(access_find(a, &q, &known), ACCESS_ASK);
	access_learn(a, &q, ACCESS_DENIED, &words);
	access_answered(a, &q, true);
	assert_int_equal(access_find(a, &q, &known), ACCESS_KNOWN);
	fake_clock_advance(60000);
	assert_int_equal(access_find(a, &q, &known), ACCESS_ASK);
}

static void
of_many_prefixes_the_oldest_goes(void **state)
{
	struct access_query first = at("s3://b/first/1"), q;
	char place[64];
	int i;

	(void)state;
	access_learn(a, &first, ACCESS_HIDDEN, &words);
	for (i = 0; i < 64; i++) {
		fake_clock_advance(1);
		snprintf(place, sizeof(place), "s3://b/%d/x", i);
		q = at(place);
		access_learn(a, &q, ACCESS_HIDDEN, &words);
	}
	assert_int_equal(access_find(a, &first, &known), ACCESS_ASK);
	q = at("s3://b/0/x");
	assert_int_equal(access_find(a, &q, &known), ACCESS_KNOWN);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_prefix_is_the_output_path_or_else_the_folder),
	    TEST(one_asks_and_all_know_for_a_quarter_of_an_hour),
	    TEST(one_who_breaks_off_leaves_it_to_the_next),
	    TEST(other_credentials_are_asked_for_anew),
	    TEST(an_answer_that_contradicts_ends_it_but_not_at_once),
	    TEST(of_many_prefixes_the_oldest_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
