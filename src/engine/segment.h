/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs whose results lie in one folder under names of ours, in the order of
 * these: cut into segments of which one page of a listing shows all keys. Pure
 * but for the jobs' ids. Only for sweep*.c.
 */
#ifndef ENGINE_SEGMENT_H
#define ENGINE_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "engine/agenda.h"

/* What S3 puts on a page, and so many jobs begin a segment at most. */
#define SEGMENT_KEYS 1000

struct work;
struct group;
struct s3_call;

struct item {
	struct work *w;
	/* Monotonic: of its intent the low bits, and the end of its time, where
	 * that is in the next 136 years. */
	uint32_t sent_ms;
	uint32_t end_s;
};

/* Something that is listed time and again. */
struct scan {
	struct agenda_entry entry; /* first: an entry is its scan */
	struct group *group;
	unsigned queue; /* of its bucket's budget; 0: none */
	bool failures; /* the group's; else of a segment */
	struct s3_call *call; /* under way, or NULL */
	int64_t sent_at; /* … or the last one; monotonic, as all instants */
	char *from; /* it begins behind this name; or NULL */
	int64_t listed_at; /* up to then it is known; 0: never */
};

struct segment {
	struct scan scan; /* first: such a scan is its segment */
	TAILQ_ENTRY(segment) link;
	struct item *v; /* in the order of ids */
	size_t n, cap;
	size_t keys; /* that it began, about; those that are gone, too */
	size_t weighed; /* n, when its time was last worked out */
	bool covers; /* its jobs are listed, and not looked at one by one */
};
TAILQ_HEAD(segments, segment);

/* The segment where this id belongs: NULL where that is a new one, at the
 * end. */
struct segment *segments_place(struct segments *all, const char *id);

struct segment *segment_new(struct segments *all, struct segment *after);

/* It must be empty or about to be forgotten with all its jobs. */
void segment_free(struct segments *all, struct segment *s);

/* Of an intent and with a deadline at these monotonic instants. */
void segment_add(
    struct segment *s, struct work *w, int64_t sent_at, int64_t end_at);
void segment_remove(struct segment *s, struct work *w);

/* The first item that is not before this id; s->n: none. */
size_t segment_find(const struct segment *s, const char *id);

/* From the i-th item on they go to the next segment, or where that is full to
 * a new one behind this. Returns that. */
struct segment *segment_push(struct segments *all, struct segment *s, size_t i);

/* All of the next one comes to this one; that is freed. */
void segment_join_next(struct segments *all, struct segment *s);

/* Since its intent; and to the end of its time, at least 1. */
int64_t item_age_ms(const struct item *item, int64_t now);
int64_t item_left_ms(const struct item *item, int64_t now);

#endif
