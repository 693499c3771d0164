/* SPDX-License-Identifier: Apache-2.0 */
/* Segments: sorted arrays of jobs. */
#include "engine/segment.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/core.h"

static const char *
id_of(const struct item *item)
{
	return item->w->id;
}

struct segment *
segments_place(struct segments *all, const char *id)
{
	struct segment *last = TAILQ_LAST(all, segments), *s;

	if (last == NULL ||
	    (last->keys >= SEGMENT_KEYS &&
		(last->n == 0 || strcmp(id_of(&last->v[last->n - 1]), id) < 0)))
		return NULL;
	/* Nearly always the last one, as ids grow. */
	for (s = last; TAILQ_PREV(s, segments, link) != NULL &&
	     (s->n == 0 || strcmp(id, id_of(&s->v[0])) < 0);)
		s = TAILQ_PREV(s, segments, link);
	return s;
}

struct segment *
segment_new(struct segments *all, struct segment *after)
{
	struct segment *s = xcalloc(1, sizeof(*s));

	if (after != NULL)
		TAILQ_INSERT_AFTER(all, after, s, link);
	else
		TAILQ_INSERT_TAIL(all, s, link);
	return s;
}

void
segment_free(struct segments *all, struct segment *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		s->v[i].w->segment = NULL;
	TAILQ_REMOVE(all, s, link);
	free(s->scan.from);
	free(s->v);
	free(s);
}

size_t
segment_find(const struct segment *s, const char *id)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(id_of(&s->v[mid]), id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void
make_room(struct segment *s, size_t n)
{
	if (n <= s->cap)
		return;
	s->cap = s->cap != 0 ? s->cap * 2 : 16;
	if (s->cap < n)
		s->cap = n;
	s->v = xreallocarray(s->v, s->cap, sizeof(struct item));
}

void
segment_add(struct segment *s, struct work *w, int64_t sent_at, int64_t end_at)
{
	size_t i = segment_find(s, w->id);

	make_room(s, s->n + 1);
	memmove(&s->v[i + 1], &s->v[i], (s->n - i) * sizeof(struct item));
	s->v[i].w = w;
	s->v[i].sent_ms = (uint32_t)sent_at;
	s->v[i].end_s = (uint32_t)(end_at / 1000);
	s->n++;
	s->keys++;
	w->segment = s;
}

void
segment_remove(struct segment *s, struct work *w)
{
	size_t i = segment_find(s, w->id);

	s->n--;
	memmove(&s->v[i], &s->v[i + 1], (s->n - i) * sizeof(struct item));
	w->segment = NULL;
	if (s->cap > 64 && s->n < s->cap / 4) {
		s->cap /= 2;
		s->v = xreallocarray(s->v, s->cap, sizeof(struct item));
	}
}

static void
take_items(struct segment *to, const struct segment *from, size_t i)
{
	make_room(to, to->n + from->n - i);
	for (; i < from->n; i++) {
		to->v[to->n++] = from->v[i];
		from->v[i].w->segment = to;
	}
}

static struct segment *
split(struct segments *all, struct segment *s, size_t i)
{
	struct segment *rest = segment_new(all, s);

	rest->scan.group = s->scan.group;
	rest->scan.listed_at = s->scan.listed_at;
	rest->covers = s->covers;
	/* As if the keys were spread evenly. */
	rest->keys = s->keys * (s->n - i) / s->n;
	if (TAILQ_NEXT(rest, link) != NULL)
		rest->keys = SEGMENT_KEYS;
	s->keys = SEGMENT_KEYS;
	take_items(rest, s, i);
	s->n = i;
	return rest;
}

struct segment *
segment_push(struct segments *all, struct segment *s, size_t i)
{
	struct segment *next = TAILQ_NEXT(s, link);
	size_t n = s->n - i;

	/* Many small ones would cost a page each. */
	if (next == NULL || next->n + n > 2 * SEGMENT_KEYS)
		return split(all, s, i);
	make_room(next, next->n + n);
	memmove(&next->v[n], next->v, next->n * sizeof(struct item));
	memcpy(next->v, &s->v[i], n * sizeof(struct item));
	next->n += n;
	next->keys += n;
	s->n = i;
	for (i = 0; i < n; i++)
		next->v[i].w->segment = next;
	if (s->scan.listed_at < next->scan.listed_at)
		next->scan.listed_at = s->scan.listed_at;
	return next;
}

void
segment_join_next(struct segments *all, struct segment *s)
{
	struct segment *next = TAILQ_NEXT(s, link);

	take_items(s, next, 0);
	s->keys += next->keys;
	s->covers |= next->covers;
	if (next->scan.listed_at < s->scan.listed_at)
		s->scan.listed_at = next->scan.listed_at;
	next->n = 0;
	segment_free(all, next);
}

int64_t
item_age_ms(const struct item *item, int64_t now)
{
	return (int64_t)(uint32_t)((uint32_t)now - item->sent_ms);
}

int64_t
item_left_ms(const struct item *item, int64_t now)
{
	int64_t left = (int64_t)item->end_s * 1000 - now;

	return left > 0 ? left : 1;
}
