/* SPDX-License-Identifier: Apache-2.0 */
/* A binary heap whose entries know their place. */
#include "engine/agenda.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Of a second whose every millisecond has looks, 32 wake us. */
#define EARLY_MAX_MS 32
#define EARLY_SHARE 16

void
agenda_init(struct agenda *a)
{
	memset(a, 0, sizeof(*a));
}

void
agenda_done(struct agenda *a)
{
	free(a->heap);
	agenda_init(a);
}

static void
put(struct agenda *a, struct agenda_entry *e, size_t place)
{
	a->heap[place - 1] = e;
	e->place = (uint32_t)place;
}

static void
sift_up(struct agenda *a, struct agenda_entry *e)
{
	size_t place = e->place;

	while (place > 1 && a->heap[place / 2 - 1]->due_at > e->due_at) {
		put(a, a->heap[place / 2 - 1], place);
		place /= 2;
	}
	put(a, e, place);
}

static void
sift_down(struct agenda *a, struct agenda_entry *e)
{
	size_t place = e->place, child;

	while ((child = place * 2) <= a->n) {
		if (child < a->n &&
		    a->heap[child]->due_at < a->heap[child - 1]->due_at)
			child++;
		if (a->heap[child - 1]->due_at >= e->due_at)
			break;
		put(a, a->heap[child - 1], place);
		place = child;
	}
	put(a, e, place);
}

void
agenda_set(struct agenda *a, struct agenda_entry *e, int64_t due_at)
{
	if (e->place == 0) {
		if (a->n == a->cap) {
			a->cap = a->cap != 0 ? a->cap * 2 : 16;
			a->heap = xreallocarray(
			    a->heap, a->cap, sizeof(struct agenda_entry *));
		}
		if (a->n == UINT32_MAX)
			abort();
		a->n++;
		put(a, e, a->n);
	}
	e->due_at = due_at;
	e->early_ms = 0;
	sift_up(a, e);
	sift_down(a, e);
}

void
agenda_remove(struct agenda *a, struct agenda_entry *e)
{
	struct agenda_entry *last;
	size_t place = e->place;

	if (place == 0)
		return;
	e->place = 0;
	last = a->heap[--a->n];
	if (last == e)
		return;
	put(a, last, place);
	sift_up(a, last);
	sift_down(a, last);
}

struct agenda_entry *
agenda_first(const struct agenda *a)
{
	return a->n > 0 ? a->heap[0] : NULL;
}

uint32_t
agenda_early_ms(int64_t delay_ms)
{
	int64_t early = delay_ms / EARLY_SHARE;

	if (early < 0)
		return 0;
	return (uint32_t)(early < EARLY_MAX_MS ? early : EARLY_MAX_MS);
}

struct agenda_entry *
agenda_take(struct agenda *a, int64_t now)
{
	struct agenda_entry *first = agenda_first(a);

	if (first == NULL || first->due_at - first->early_ms > now)
		return NULL;
	agenda_remove(a, first);
	return first;
}
