/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The budget of requests of each bucket: what is over it waits in its bucket's
 * own queue, in the order in which it was due. Only for files of this folder.
 */
#ifndef ENGINE_LIMITS_H
#define ENGINE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "engine/agenda.h"

struct limits;

enum limits_kind { LIMITS_LOOK, LIMITS_LIST };
#define LIMITS_KINDS 2

/* Its turn has come, and it is in no queue any more. False: nothing can go
 * now; it is put back, and limits_resume() goes on. */
typedef bool limits_go_fn(
    enum limits_kind kind, struct agenda_entry *entry, void *arg);

struct limits *limits_new(struct loop *loop, limits_go_fn *go, void *arg);
void limits_free(struct limits *l);

/* Requests a second that each bucket may get. */
void limits_set(struct limits *l, int64_t per_second);

/*
 * What will ask for something in the bucket of this s3:// URI, and was due at
 * that instant (0: before all others). 0: it may go now; else it waits, in the
 * queue of this number. The entry must be in no agenda.
 */
unsigned limits_ask(struct limits *l, const char *uri, enum limits_kind kind,
    struct agenda_entry *entry, int64_t due_at);

/* How long what is asked for now will wait, about. */
int64_t limits_wait_ms(struct limits *l, const char *uri);

/* It does not wait any more. */
void limits_leave(struct limits *l, unsigned queue, enum limits_kind kind,
    struct agenda_entry *entry);

/* There is room again. */
void limits_resume(struct limits *l);

/* A request went to the bucket; it answered that this was too much. */
void limits_sent(struct limits *l, const char *bucket);
void limits_slow_down(struct limits *l, const char *bucket);

struct limits_counts {
	uint64_t put_off; /* looks and listings that had to wait */
	uint64_t slow_downs; /* answers */
	size_t waiting;
	int64_t rate; /* requests a second of the slowest bucket */
};
void limits_count(const struct limits *l, struct limits_counts *out);

#endif
