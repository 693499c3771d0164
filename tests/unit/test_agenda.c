/* SPDX-License-Identifier: Apache-2.0 */
/* The heap of what is due, against one that looks through all of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "engine/agenda.h"

#define ENTRIES 200

static struct agenda agenda;
static struct agenda_entry entries[ENTRIES];
static int64_t model[ENTRIES]; /* -1: not in it */
static uint32_t chance;

static uint32_t
next(uint32_t below)
{
	chance = chance * 1664525 + 1013904223;
	return (chance >> 8) % below;
}

static void
compare(void)
{
	struct agenda_entry *first = agenda_first(&agenda);
	int64_t least = -1;
	size_t i, n = 0;

	for (i = 0; i < ENTRIES; i++) {
		assert_int_equal(entries[i].place != 0, model[i] != -1);
		if (model[i] == -1)
			continue;
		n++;
		assert_ptr_equal(
		    agenda.heap[entries[i].place - 1], &entries[i]);
		if (least == -1 || model[i] < least)
			least = model[i];
	}
	assert_int_equal(agenda.n, n);
	if (least == -1)
		assert_null(first);
	else
		assert_int_equal(first->due_at, least);
}

static void
random_changes_keep_it_in_order(void **state)
{
	int round;

	(void)state;
	for (chance = 1; chance < 6; chance++) {
		uint32_t seed = chance;

		agenda_init(&agenda);
		memset(entries, 0, sizeof(entries));
		memset(model, -1, sizeof(model));
		for (round = 0; round < 3000; round++) {
			uint32_t i = next(ENTRIES);

			if (next(3) == 0) {
				agenda_remove(&agenda, &entries[i]);
				model[i] = -1;
			} else {
				model[i] = next(500);
				agenda_set(&agenda, &entries[i], model[i]);
			}
			compare();
		}
		agenda_done(&agenda);
		chance = seed;
	}
}

static void
what_is_taken_comes_in_order(void **state)
{
	int64_t last = INT64_MIN;
	struct agenda_entry *first;
	size_t i;

	(void)state;
	agenda_init(&agenda);
	memset(entries, 0, sizeof(entries));
	for (i = 0; i < ENTRIES; i++)
		agenda_set(&agenda, &entries[i], (int64_t)next(50) - 25);
	for (i = 0; i < ENTRIES; i++) {
		first = agenda_first(&agenda);
		assert_true(first->due_at >= last);
		last = first->due_at;
		agenda_remove(&agenda, first);
		agenda_remove(&agenda, first);
	}
	assert_null(agenda_first(&agenda));
	agenda_done(&agenda);
}

static void
what_is_due_takes_with_it_what_is_nearly(void **state)
{
	struct agenda_entry due = {0}, near = {0}, far = {0}, exact = {0};

	(void)state;
	agenda_init(&agenda);
	agenda_set(&agenda, &due, 1000);
	agenda_set(&agenda, &near, 1030);
	near.early_ms = agenda_early_ms(60000);
	agenda_set(&agenda, &far, 1040);
	far.early_ms = agenda_early_ms(60000);
	assert_null(agenda_take(&agenda, 997));
	assert_ptr_equal(agenda_take(&agenda, 1000), &due);
	assert_ptr_equal(agenda_take(&agenda, 1000), &near);
	assert_null(agenda_take(&agenda, 1000));
	/* What is moved is on time until it is said again that it need not. */
	agenda_set(&agenda, &far, 1040);
	assert_null(agenda_take(&agenda, 1039));
	agenda_set(&agenda, &exact, 1041);
	assert_ptr_equal(agenda_take(&agenda, 1040), &far);
	assert_null(agenda_take(&agenda, 1040));
	agenda_done(&agenda);
}

static void
nothing_is_much_too_early(void **state)
{
	(void)state;
	assert_int_equal(agenda_early_ms(-1), 0);
	assert_int_equal(agenda_early_ms(0), 0);
	assert_int_equal(agenda_early_ms(15), 0);
	assert_int_equal(agenda_early_ms(320), 20);
	assert_int_equal(agenda_early_ms(1000), 32);
	assert_int_equal(agenda_early_ms(INT64_MAX), 32);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_changes_keep_it_in_order),
	    cmocka_unit_test(what_is_taken_comes_in_order),
	    cmocka_unit_test(what_is_due_takes_with_it_what_is_nearly),
	    cmocka_unit_test(nothing_is_much_too_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
