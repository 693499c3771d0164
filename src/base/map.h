/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Things found by a key that each of them holds: open addressing, 12 bytes a
 * place. The hash is seeded by chance, so that whoever chooses keys cannot
 * choose those that meet.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

/* The key of a thing and its length; both stay as they are while the thing is
 * in a map. */
typedef const void *map_key_fn(const void *item, size_t *len);

struct map {
	map_key_fn *key;
	void **items; /* NULL: nothing in this place */
	uint32_t *hashes; /* of the things in the same places */
	size_t n;
	size_t cap; /* places: 0 or a power of two */
	uint64_t seed[2];
};

void map_init(struct map *m, map_key_fn *key);

/* The things stay the caller's. */
void map_done(struct map *m);

/* The thing of this key, or NULL. Borrowed. */
void *map_find(const struct map *m, const void *key, size_t len);

/* Put it in; none of its key may be there. */
void map_add(struct map *m, void *item);

/* Take it out, where it is in. */
void map_remove(struct map *m, const void *item);

#endif
