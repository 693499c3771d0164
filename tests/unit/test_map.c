/* SPDX-License-Identifier: Apache-2.0 */
/* The map against a model, and keys that somebody chose to do harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"

#define ITEMS 500
#define MANY 100000

struct item {
	char key[24];
	size_t len;
	bool in;
};

static struct item items[ITEMS];
static uint32_t chance;

static uint32_t
next(uint32_t below)
{
	chance = chance * 1664525 + 1013904223;
	return (chance >> 8) % below;
}

static const void *
key_of(const void *item, size_t *len)
{
	const struct item *it = item;

	*len = it->len;
	return it->key;
}

static void
name_item(struct item *it, unsigned n)
{
	it->len = (size_t)snprintf(it->key, sizeof(it->key), "%u", n);
	it->in = false;
}

static void
compare(const struct map *m)
{
	size_t i, n = 0;

	for (i = 0; i < ITEMS; i++) {
		assert_ptr_equal(map_find(m, items[i].key, items[i].len),
		    items[i].in ? &items[i] : NULL);
		n += items[i].in;
	}
	assert_int_equal(m->n, n);
}

static void
random_changes_are_found_as_they_are(void **state)
{
	struct map m;
	struct item *it;
	unsigned i;

	(void)state;
	for (i = 0; i < ITEMS; i++)
		name_item(&items[i], i);
	map_init(&m, key_of);
	compare(&m);
	for (i = 0; i < 20000; i++) {
		it = &items[next(i / 40 + 1)];
		if (it->in)
			map_remove(&m, it);
		else
			map_add(&m, it);
		it->in = !it->in;
		if (i % 100 == 0)
			compare(&m);
	}
	compare(&m);
	map_done(&m);
}

static void
what_is_not_in_it_is_not_taken_out(void **state)
{
	struct item a, twin;
	struct map m;

	(void)state;
	name_item(&a, 1);
	name_item(&twin, 1);
	map_init(&m, key_of);
	map_remove(&m, &a);
	map_add(&m, &a);
	map_remove(&m, &twin);
	assert_ptr_equal(map_find(&m, "1", 1), &a);
	assert_null(map_find(&m, "1", 0));
	assert_null(map_find(&m, "1\0", 2));
	map_remove(&m, &a);
	assert_null(map_find(&m, "1", 1));
	map_done(&m);
}

/* How far the furthest stands from where it belongs. */
static size_t
furthest(const struct map *m)
{
	size_t i, far, most = 0;

	for (i = 0; i < m->cap; i++) {
		far = (i - m->hashes[i]) & (m->cap - 1);
		if (m->items[i] != NULL && far > most)
			most = far;
	}
	return most;
}

/* Keys in a row, and keys that met in a map of another seed. */
static void
chosen_keys_do_not_meet(void **state)
{
	struct item *many = xcalloc(MANY, sizeof(*many));
	struct map m, other;
	unsigned i;

	(void)state;
	map_init(&m, key_of);
	map_init(&other, key_of);
	for (i = 0; i < MANY; i++) {
		name_item(&many[i], i);
		map_add(&m, &many[i]);
	}
	assert_true(furthest(&m) < 400);
	for (i = 0; i < m.cap; i++) {
		if (m.items[i] != NULL && (m.hashes[i] & 0xff) == 7)
			map_add(&other, m.items[i]);
	}
	assert_in_range(other.n, MANY / 512, MANY / 128);
	assert_true(furthest(&other) < 100);
	map_done(&m);
	map_done(&other);
	free(many);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_changes_are_found_as_they_are),
	    cmocka_unit_test(what_is_not_in_it_is_not_taken_out),
	    cmocka_unit_test(chosen_keys_do_not_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
