/* SPDX-License-Identifier: Apache-2.0 */
/* Names that do not say whose they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/alias.h"

static const char *dead; /* jobs whose ids are below it are */

static bool
is_alive(const char *id, void *arg)
{
	(void)arg;
	assert_true(jobid_ok(id));
	return dead == NULL || strcmp(id, dead) >= 0;
}

static int
setup(void **state)
{
	dead = NULL;
	*state = aliases_new(is_alive, NULL);
	return 0;
}

static int
teardown(void **state)
{
	aliases_free(*state);
	return 0;
}

/* "a b " of the jobs of a name. */
static const char *
jobs_of(const struct aliases *a, const char *name)
{
	static char text[400];
	char id[JOBID_SIZE];
	size_t place = 0;

	text[0] = '\0';
	while (alias_find(a, name, &place, id))
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "%s ", id);
	return text;
}

#define A "01arz3ndektsv4rrffq69g5fav"
#define B "7zzzzzzzzzzzzzzzzzzzzzzzzz"
#define C "00000000000000000000000000"

static void
an_id_comes_back_as_it_was(void **state)
{
	static const char *const ids[] = {A, B, C};
	size_t i;
	char name[8], wanted[40];

	for (i = 0; i < ARRAY_LEN(ids); i++) {
		snprintf(name, sizeof(name), "n%zu", i);
		snprintf(wanted, sizeof(wanted), "%s ", ids[i]);
		alias_add(*state, name, ids[i]);
		assert_string_equal(jobs_of(*state, name), wanted);
	}
	for (i = 0; i < 1000; i++) {
		char id[JOBID_SIZE];

		jobid_new(id);
		snprintf(wanted, sizeof(wanted), "%s ", id);
		alias_add(*state, id, id);
		assert_string_equal(jobs_of(*state, id), wanted);
	}
}

static void
nothing_is_found_where_nothing_is(void **state)
{
	assert_string_equal(jobs_of(*state, "x"), "");
	alias_add(*state, "y", A);
	assert_string_equal(jobs_of(*state, "x"), "");
	assert_string_equal(jobs_of(*state, ""), "");
}

static void
a_name_may_have_several_jobs_each_once(void **state)
{
	alias_add(*state, "x", A);
	alias_add(*state, "x", B);
	alias_add(*state, "x", A);
	assert_string_equal(jobs_of(*state, "x"), A " " B " ");
	assert_int_equal(aliases_count(*state), 2);
}

static void
what_is_over_makes_room(void **state)
{
	char name[24], id[JOBID_SIZE], last[JOBID_SIZE];
	unsigned i;

	dead = last;
	for (i = 0; i < 100000; i++) {
		jobid_new(id);
		memcpy(last, id, sizeof(last));
		snprintf(name, sizeof(name), "n%u", i);
		alias_add(*state, name, id);
		assert_true(aliases_count(*state) <= 16);
	}
	assert_string_not_equal(jobs_of(*state, name), "");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(an_id_comes_back_as_it_was),
	    T(nothing_is_found_where_nothing_is),
	    T(a_name_may_have_several_jobs_each_once),
	    T(what_is_over_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
