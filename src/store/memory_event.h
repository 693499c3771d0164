/* SPDX-License-Identifier: Apache-2.0 */
/* The log of events in memory. Only for memory*.c. */
#ifndef STORE_MEMORY_EVENT_H
#define STORE_MEMORY_EVENT_H

#include "job/job_event.h"
#include "store/memory_db.h"

struct event_row {
	struct row row;
	char *key; /* the seq */
	int64_t seq;
	int64_t at;
	enum job_event_type type;
	char job[JOBID_SIZE];
	char delivery[DELIVERY_ID_SIZE]; /* or "" */
	unsigned n;
};

/* EVENT_NONE notes nothing; delivery NULL: it is the job's. */
void memory_note_event(struct mem *m, enum job_event_type type, const char *job,
    const char *delivery, unsigned n);
int memory_events(void *arg, int64_t after, size_t limit,
    struct job_event ***out, size_t *n, struct store_span *span,
    struct error *err);
int64_t memory_last_event(void *arg);
size_t memory_forget_events(struct mem *m, int64_t before_at, size_t limit);
void memory_free_event(struct event_row *r);

#endif
