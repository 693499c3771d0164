/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is due when: a heap of entries that live in the things themselves.
 * One timer of the engine serves all jobs; whatever is due is taken together.
 */
#ifndef ENGINE_AGENDA_H
#define ENGINE_AGENDA_H

#include <stddef.h>
#include <stdint.h>

struct agenda_entry {
	int64_t due_at; /* monotonic milliseconds */
	uint32_t place; /* 1-based place in the heap; 0: not in it */
	uint32_t early_ms; /* it may be taken so long before, with another */
};

struct agenda {
	struct agenda_entry **heap;
	size_t n;
	size_t cap;
};

void agenda_init(struct agenda *a);
void agenda_done(struct agenda *a);

/* Put the entry in, or move it; not to be taken early. */
void agenda_set(struct agenda *a, struct agenda_entry *e, int64_t due_at);
void agenda_remove(struct agenda *a, struct agenda_entry *e);

/* The earliest, or NULL. Borrowed. */
struct agenda_entry *agenda_first(const struct agenda *a);

/* How early one may be taken that is put in to wait for so long. */
uint32_t agenda_early_ms(int64_t delay_ms);

/*
 * Take the earliest, where something is due: it is, or it is not yet and may be
 * taken with what was. NULL: there is none.
 */
struct agenda_entry *agenda_take(struct agenda *a, int64_t now);

#endif
