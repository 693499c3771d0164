/* SPDX-License-Identifier: Apache-2.0 */
/* Which word may have been meant: slips are forgiven, guesses are not made. */
#include "base/near.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"

static const char *const known[] = {"invoke", "batch", "submit", "wait", "list",
    "show", "result", "cancel", "retry", "deliveries", "replay", "targets",
    "enable", "disable", "serve", "listen", "check", "config", "version",
    "help"};

static const char *
nearest(const char *word)
{
	struct near near;
	size_t i;

	near_init(&near, word);
	for (i = 0; i < ARRAY_LEN(known); i++)
		near_try(&near, known[i]);
	return near.best;
}

static void
a_slip_is_forgiven(void **state)
{
	static const char *const cases[][2] = {
	    {"invok", "invoke"}, /* left out */
	    {"lisst", "list"}, /* too many */
	    {"chack", "check"}, /* another */
	    {"shwo", "show"}, /* changed places */
	    {"delivreeis", "deliveries"}, /* both */
	    {"LIST", "list"},
	    {"deliv", "deliveries"}, /* its beginning */
	    {"targest", "targets"},
	    {"lst", "list"},
	    /* A slip is nearer than a beginning, and listen is farther. */
	    {"liste", "list"},
	    {"disabel", "disable"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		if (nearest(cases[i][0]) == NULL)
			fail_msg("%s: nothing", cases[i][0]);
		assert_string_equal(nearest(cases[i][0]), cases[i][1]);
	}
}

static void
what_is_another_word_is_left_alone(void **state)
{
	static const char *const cases[] = {"", "x", "fetch", "go",
	    "frobnicate", "li", "waffle", "tail",
	    "a-word-that-is-longer-than-any-that-was-ever-misspelt-by-mistake"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		if (nearest(cases[i]) != NULL)
			fail_msg("%s: %s", cases[i], nearest(cases[i]));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_slip_is_forgiven),
	    cmocka_unit_test(what_is_another_word_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
