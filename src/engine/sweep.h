/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One listing instead of many looks: where results lie in one folder under
 * names of ours, which sort by time, a page of ListObjectsV2 from the oldest
 * waiting key on shows a thousand of them at the price of a dozen looks. It is
 * a doorbell: what it shows is looked at, and that look says what is true.
 *
 * A folder's jobs are cut into segments of one page. One is listed when the
 * delay that is expected to have built up over all its jobs since its last
 * listing is worth the price of a listing; where few are left they are looked
 * at one by one. Failures lie in a folder of their own, or in the same. Only
 * for files of this folder.
 */
#ifndef ENGINE_SWEEP_H
#define ENGINE_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/agenda.h"

struct engine;
struct work;
struct sweep;

/* What became of a job in it. */
enum swept {
	SWEPT_NOT_YET,
	SWEPT_SHOWN, /* a listing has it */
	SWEPT_NEVER, /* … and a look did not find it: it looks for itself */
};

struct sweep *sweep_new(struct engine *e);
void sweep_free(struct sweep *s);

/* Prices of one listing and one look, in one unit. */
void sweep_set_prices(struct sweep *s, int64_t price_get, int64_t price_list);

/*
 * The job waits for its result: it is swept from now on, where it can be. From
 * now to its own next look, which would be in delay_ms: later, where listings
 * look for it.
 */
int64_t sweep_wait(struct work *w, int64_t delay_ms);

/* How much dearer a look of its own is than the plan says, since it is one of
 * the few that listings left over; 1: it is not. */
double sweep_look_price(const struct work *w);

/* Listings look for it, but never at its failure. */
bool sweep_hides_failure(const struct work *w);

/* It waits no more. */
void sweep_leave(struct work *w);

/* Its turn in its bucket's budget has come. False: not now. */
bool sweep_turn(struct agenda_entry *entry);

/* Is it looked for by listings: of which folder, and when next (monotonic; 0:
 * just now)? The folder, s3://…/, is borrowed for now. */
bool sweep_outlook(const struct work *w, const char **folder, int64_t *at);

struct sweep_counts {
	uint64_t keys; /* that listings showed */
	uint64_t jobs; /* … of jobs that waited */
	uint64_t denied; /* listings */
	uint64_t failed; /* listings that could not be made or believed */
	size_t covered; /* jobs that listings look for */
};
void sweep_count(const struct sweep *s, struct sweep_counts *out);

#endif
