/* SPDX-License-Identifier: Apache-2.0 */
/* Linear probing, with no marks for what went: those behind move up. */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/siphash.h"

#define CAP_MIN 16

static uint32_t
hash_of(const struct map *m, const void *key, size_t len)
{
	return (uint32_t)siphash(m->seed, key, len);
}

/* --- places --------------------------------------------------------- */

void
map_init(struct map *m, map_key_fn *key)
{
	memset(m, 0, sizeof(*m));
	m->key = key;
	random_bytes(m->seed, sizeof(m->seed));
}

void
map_done(struct map *m)
{
	free(m->items);
	free(m->hashes);
	m->items = NULL;
	m->hashes = NULL;
	m->n = 0;
	m->cap = 0;
}

static size_t
next_to(const struct map *m, size_t place)
{
	return (place + 1) & (m->cap - 1);
}

static void
put(struct map *m, void *item, uint32_t hash)
{
	size_t place = hash & (m->cap - 1);

	while (m->items[place] != NULL)
		place = next_to(m, place);
	m->items[place] = item;
	m->hashes[place] = hash;
}

static void
grow(struct map *m)
{
	struct map old = *m;
	size_t i;

	/* A hash has no more bits. */
	if (m->cap > UINT32_MAX / 2)
		abort();
	m->cap = m->cap != 0 ? m->cap * 2 : CAP_MIN;
	m->items = xcalloc(m->cap, sizeof(void *));
	m->hashes = xcalloc(m->cap, sizeof(*m->hashes));
	for (i = 0; i < old.cap; i++) {
		if (old.items[i] != NULL)
			put(m, old.items[i], old.hashes[i]);
	}
	free(old.items);
	free(old.hashes);
}

void
map_add(struct map *m, void *item)
{
	size_t len;
	const void *key = m->key(item, &len);

	if (m->n >= m->cap - m->cap / 5)
		grow(m);
	put(m, item, hash_of(m, key, len));
	m->n++;
}

/* Its place; m->cap where it is in none. */
static size_t
place_of(const struct map *m, const void *key, size_t len)
{
	uint32_t hash;
	size_t place, its_len;
	const void *its;

	if (m->n == 0)
		return m->cap;
	hash = hash_of(m, key, len);
	for (place = hash & (m->cap - 1); m->items[place] != NULL;
	     place = next_to(m, place)) {
		if (m->hashes[place] != hash)
			continue;
		its = m->key(m->items[place], &its_len);
		if (its_len == len && memcmp(its, key, len) == 0)
			return place;
	}
	return m->cap;
}

void *
map_find(const struct map *m, const void *key, size_t len)
{
	size_t place = place_of(m, key, len);

	return place < m->cap ? m->items[place] : NULL;
}

/* What stands behind a place that became free belongs there where its own place
 * is not between the two. */
static void
close_up(struct map *m, size_t free_place)
{
	size_t place = free_place, own, mask = m->cap - 1;

	for (;;) {
		place = next_to(m, place);
		if (m->items[place] == NULL)
			return;
		own = m->hashes[place] & mask;
		if (((place - own) & mask) < ((place - free_place) & mask))
			continue;
		m->items[free_place] = m->items[place];
		m->hashes[free_place] = m->hashes[place];
		m->items[place] = NULL;
		free_place = place;
	}
}

void
map_remove(struct map *m, const void *item)
{
	size_t len, place;
	const void *key = m->key(item, &len);

	place = place_of(m, key, len);
	if (place == m->cap || m->items[place] != item)
		return;
	m->items[place] = NULL;
	m->n--;
	close_up(m, place);
}
