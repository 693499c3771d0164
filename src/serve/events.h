/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who listens to events. Each stream has its place in the log, and gets what
 * stands behind it: from what was read last, which all share, or from the store
 * where that is further back. So who is at the end costs one reading for all,
 * who comes back reads until it has caught up, and who takes slowly waits: no
 * event is missed or doubled where one becomes the other.
 */
#ifndef SERVE_EVENTS_H
#define SERVE_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "serve/event_filter.h"
#include "store/store.h"

struct events;
struct event_stream;

#define EVENTS_FROM_NOW (-1)
#define EVENTS_FROM_OLDEST 0 /* that is kept */

struct events *events_new(struct loop *loop, struct store *store);
/* Behind store_close(), and when nobody listens any more. */
void events_free(struct events *es);

/* STORE_HAPPENED. */
void events_happened(struct events *es);

/* Where a stream's text goes. What is written is whole events. */
struct event_sink {
	void (*write)(const void *data, size_t len, void *arg);
	size_t (*queued)(void *arg); /* what nobody took yet */
	/* The log cannot be read: nothing more comes. Leave. */
	void (*end)(void *arg);
};

/*
 * Everything behind `after` that the filter wants, from a later turn of the
 * loop on; a gap is told where not all of it is there. The filter's contents
 * are taken, the sink is borrowed. To be ended by events_leave().
 */
struct event_stream *events_join(struct events *es, int64_t after,
    struct event_filter *take_filter, const struct event_sink *sink, void *arg);
void events_leave(struct event_stream *s);

struct events_counts {
	size_t streams; /* that are open */
	size_t slow; /* of them, those for which too much waits */
	uint64_t told; /* events; one for each stream that it was given to */
};
void events_count(const struct events *es, struct events_counts *out);

/* There is room again, behind an amount that was too much. */
void events_drained(struct event_stream *s);

#endif
