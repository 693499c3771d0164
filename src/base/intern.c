/* SPDX-License-Identifier: Apache-2.0 */
/* Texts by number, and a map from the text to it. */
#include "base/intern.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"

struct text {
	uint32_t number;
	uint32_t held;
	size_t len;
	char data[];
};

struct intern {
	struct map map;
	/* By number; one that is free has the next free one in its place. */
	union {
		struct text *text;
		uintptr_t next_free;
	} * places;
	size_t nplaces;
	uintptr_t first_free; /* 0: none */
};

static const void *
key_of(const void *item, size_t *len)
{
	const struct text *text = item;

	*len = text->len;
	return text->data;
}

struct intern *
intern_new(void)
{
	struct intern *t = xcalloc(1, sizeof(*t));

	map_init(&t->map, key_of);
	return t;
}

void
intern_free(struct intern *t)
{
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->map.cap; i++)
		free(t->map.items[i]);
	map_done(&t->map);
	free(t->places);
	free(t);
}

/* Numbers begin with 1, so place 0 is never used. */
static uint32_t
free_number(struct intern *t)
{
	size_t old = t->nplaces, i;
	uint32_t number;

	if (t->first_free == 0) {
		t->nplaces = old != 0 ? old * 2 : 16;
		if (t->nplaces > UINT32_MAX)
			abort();
		t->places =
		    xreallocarray(t->places, t->nplaces, sizeof(*t->places));
		for (i = t->nplaces - 1; i >= old && i > 0; i--) {
			t->places[i].next_free = t->first_free;
			t->first_free = i;
		}
	}
	number = (uint32_t)t->first_free;
	t->first_free = t->places[number].next_free;
	return number;
}

uint32_t
intern_hold(struct intern *t, const char *text, size_t len)
{
	struct text *known = map_find(&t->map, text, len);

	if (known == NULL) {
		known = xmalloc(sizeof(*known) + len + 1);
		known->number = free_number(t);
		known->held = 0;
		known->len = len;
		memcpy(known->data, text, len);
		known->data[len] = '\0';
		t->places[known->number].text = known;
		map_add(&t->map, known);
	}
	known->held++;
	return known->number;
}

const char *
intern_text(const struct intern *t, uint32_t number, size_t *len)
{
	const struct text *text = t->places[number].text;

	*len = text->len;
	return text->data;
}

void
intern_drop(struct intern *t, uint32_t number)
{
	struct text *text = t->places[number].text;

	if (--text->held > 0)
		return;
	map_remove(&t->map, text);
	free(text);
	t->places[number].next_free = t->first_free;
	t->first_free = number;
}

size_t
intern_count(const struct intern *t)
{
	return t->map.n;
}
