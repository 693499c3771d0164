/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disk that large results take on their way to targets, with a quota: room
 * is reserved before the first byte comes, and whoever finds none waits, in
 * order. Files have no names: what a process leaves that dies is gone with it.
 */
#ifndef ENGINE_SPOOL_H
#define ENGINE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/error.h"
#include "base/loop.h"

struct spool;

/* What somebody has, or waits for. Zeroed but for the last two, it is neither
 * one; it stays where it is until spool_release(). */
struct spool_claim {
	TAILQ_ENTRY(spool_claim) entry;
	int64_t bytes; /* that it has, or wants */
	uint64_t turn; /* before whom it goes; 0: it did not wait yet */
	int fd; /* of the file that it has, borrowed; or -1 */
	bool has;
	bool waits;
	/* It waits no more, and is to ask again: there may be room. */
	void (*again)(void *arg);
	void *arg;
};

struct spool *spool_new(struct loop *loop, const char *folder);
void spool_free(struct spool *s);

/* At first there is no limit. */
void spool_set_max(struct spool *s, int64_t bytes);

/* Could so much ever be there? */
bool spool_could_hold(const struct spool *s, int64_t bytes);

/*
 * Room for so many bytes: true, they are the claim's now. False: not now, or
 * others wait for longer; then the claim waits. What could never be there gets
 * no room, and does not wait.
 */
bool spool_reserve(struct spool *s, struct spool_claim *c, int64_t bytes);

/* A file for what is reserved, for reading and writing. The caller's. */
int spool_open(struct spool *s, struct spool_claim *c, struct error *err);

/* The disk had no room after all: nothing is reserved for a while. */
void spool_disk_full(struct spool *s);

/* Give back what it has, or its place among those who wait. */
void spool_release(struct spool *s, struct spool_claim *c);

struct spool_counts {
	int64_t bytes; /* reserved */
	int64_t max;
	size_t waiting;
};
void spool_count(const struct spool *s, struct spool_counts *out);

#endif
