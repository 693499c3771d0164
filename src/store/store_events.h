/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of events: what jobs and deliveries came to, in the order in which
 * it was committed. A row is written in the transaction of what it tells of, by
 * whichever verb that was. Include store/store.h, which has the promises.
 *
 * A new store's first seq is the time of its making in milliseconds: whoever
 * asks it for events behind one of another store's, an earlier one in the same
 * folder, finds that they are not there.
 */
#ifndef STORE_STORE_EVENTS_H
#define STORE_STORE_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "job/job_event.h"

struct store;

/* Which events there are, and how far a list of them goes. */
struct store_span {
	int64_t first; /* seq of the oldest that is kept, or of the next one */
	int64_t last; /* of the newest that there ever was */
	int64_t up_to; /* behind what was asked, all up to this one are given */
};

/* The events are the callee's, the array is not. */
typedef void store_events_fn(struct job_event **v, size_t n,
    const struct store_span *span, const struct error *err, void *arg);

/*
 * At most `limit` behind a seq, oldest first, with what their jobs and
 * deliveries have now. One that is damaged is EVENT_NONE with its seq alone.
 */
void store_list_events(struct store *store, int64_t after, size_t limit,
    store_events_fn *done, void *arg);

/* Seq of the newest that is on disk, of those that STORE_HAPPENED told of or
 * is about to. */
int64_t store_last_event(struct store *store);

#endif
