/* SPDX-License-Identifier: Apache-2.0 */
/* Who hears of which end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "job/route.h"

static void
a_route_is_a_target_and_when(void **state)
{
	static const struct {
		const char *item;
		const char *target;
		enum route_on on;
	} cases[] = {
	    {"webhook a", "webhook a", ROUTE_BOTH},
	    {"webhook a on both", "webhook a", ROUTE_BOTH},
	    {"exec b on success", "exec b", ROUTE_SUCCESS},
	    {"dir c on failure", "dir c", ROUTE_FAILURE},
	    {"webhook on", "webhook on", ROUTE_BOTH},
	    {"webhook on on failure", "webhook on", ROUTE_FAILURE},
	    {"a", "a", ROUTE_BOTH},
	};
	struct route r;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(route_parse(cases[i].item, &r), 0);
		assert_string_equal(r.target, cases[i].target);
		assert_int_equal(r.on, cases[i].on);
		route_done(&r);
		assert_null(r.target);
	}
}

static void
other_words_behind_a_target_are_no_route(void **state)
{
	static const char *const bad[] = {
	    "webhook a on",
	    "webhook a on ",
	    "webhook a on Success",
	    "webhook a on success ",
	    "webhook a  on success",
	    "webhook a on success on failure",
	    "webhook a success",
	    "webhook a b",
	    "webhook a ",
	    "webhook a on failures",
	};
	struct route r = {0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(route_parse(bad[i], &r), -1);
		assert_null(r.target);
	}
}

static void
a_list_is_gone_through_item_by_item(void **state)
{
	const char *list = " webhook a on success ,,exec b, webhook c d,"
			   "webhook e on failure,";
	struct route r;

	(void)state;
	assert_true(route_next(&list, &r));
	assert_string_equal(r.target, "webhook a");
	assert_int_equal(r.on, ROUTE_SUCCESS);
	route_done(&r);
	assert_true(route_next(&list, &r));
	assert_string_equal(r.target, "exec b");
	assert_int_equal(r.on, ROUTE_BOTH);
	route_done(&r);
	/* What is none is passed over. */
	assert_true(route_next(&list, &r));
	assert_string_equal(r.target, "webhook e");
	assert_int_equal(r.on, ROUTE_FAILURE);
	route_done(&r);
	assert_false(route_next(&list, &r));
	assert_false(route_next(&list, &r));
	list = NULL;
	assert_false(route_next(&list, &r));
}

static void
each_fits_the_ends_that_it_names(void **state)
{
	const struct route both = {.on = ROUTE_BOTH};
	const struct route success = {.on = ROUTE_SUCCESS};
	const struct route failure = {.on = ROUTE_FAILURE};

	(void)state;
	assert_true(route_fits(&both, true));
	assert_true(route_fits(&both, false));
	assert_true(route_fits(&success, true));
	assert_false(route_fits(&success, false));
	assert_false(route_fits(&failure, true));
	assert_true(route_fits(&failure, false));
}

static void
two_to_one_target_are_known(void **state)
{
	(void)state;
	assert_true(route_same("exec a", "exec a on failure"));
	assert_true(route_same("exec a on success", "exec a on failure"));
	assert_false(route_same("exec a", "exec ab"));
	assert_false(route_same("exec ab", "exec a"));
	assert_false(route_same("exec a", "webhook a"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_route_is_a_target_and_when),
	    cmocka_unit_test(other_words_behind_a_target_are_no_route),
	    cmocka_unit_test(a_list_is_gone_through_item_by_item),
	    cmocka_unit_test(each_fits_the_ends_that_it_names),
	    cmocka_unit_test(two_to_one_target_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
