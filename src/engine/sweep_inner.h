/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the sweep have in common. Only for sweep*.c. */
#ifndef ENGINE_SWEEP_INNER_H
#define ENGINE_SWEEP_INNER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/loop.h"
#include "engine/access.h"
#include "engine/agenda.h"
#include "engine/engine.h"
#include "engine/segment.h"
#include "engine/site.h"
#include "engine/sweep.h"

/* A refusal holds so long, as in access.c. */
#define SWEEP_DENIED_MS (INT64_C(15) * 60 * 1000)

/* Jobs of one endpoint whose results go to one folder. */
struct group {
	TAILQ_ENTRY(group) link;
	struct sweep *sweep;
	struct site *site;
	char *endpoint;
	char *folder; /* s3://bucket/so/far/ */
	char *failures; /* the same of failures; or NULL: the same folder, or
			   none, or not under names of ours (see hidden) */
	bool hidden; /* failures are not under names of ours */
	size_t base_len; /* of the folder: what permissions go by */
	struct segments segments;
	size_t n; /* jobs */
	struct scan failed; /* of the failures, where they have a folder */
	char *cursor; /* a name in that: it goes on behind it; or NULL */
	int max_keys; /* of a page */
	unsigned troubles; /* in a row */
	unsigned thin; /* pages in a row that showed few of our places */
	int64_t off_until; /* no listings before; 0: they work */
	unsigned offs; /* … in a row */
	bool proven; /* one has worked: looks may be put off for them */
};
TAILQ_HEAD(groups, group);

struct sweep {
	struct engine *e;
	struct groups groups;
	size_t ngroups;
	struct group *last; /* that was found, or NULL */
	struct agenda agenda; /* of scans */
	struct loop_timer *timer;
	struct access *denied; /* prefixes that may not be listed */
	double ratio; /* a listing costs as much as so many looks */
	struct sweep_counts counts;
};

/* --- sweep.c -------------------------------------------------------- */

/* Its jobs are listed from now on, or looked at one by one, as is cheaper. */
void sweep_settle(struct segment *s);

/* None of the group's is for so long, or longer where that is not new. */
void sweep_off(struct group *g, int64_t ms);

/* A listing worked. */
void sweep_proven(struct group *g);

/* Not before so long. */
void sweep_later(struct scan *scan, int64_t ms);

/* From the i-th on its jobs are the next one's. */
void sweep_push(struct segment *s, size_t i);

/* The next segment's jobs become this one's. */
void sweep_join_next(struct segment *s);

/* When it is listed next, by what is known now. */
void sweep_plan(struct scan *scan);

/* --- sweep_list.c --------------------------------------------------- */

/* List it, now. */
void sweep_list(struct scan *scan);

/* --- sweep_due.c ---------------------------------------------------- */

void sweep_policy(const struct group *g, struct engine_policy *out);

/* How its endpoint behaves, or NULL: nothing is known of it. */
struct habit *sweep_habit(const struct group *g);

/* When it is worth a listing; monotonic. */
int64_t sweep_due_at(const struct scan *scan);

/* From now to a look of its own, where listings do not look for it. */
int64_t sweep_own_ms(const struct segment *s, const struct item *item);

/* … and to the first one where listings looked for it so far. */
int64_t sweep_first_ms(const struct segment *s, const struct item *item);

/* Where a page shows so many keys, looks are so much rarer than the plan says,
 * by their price: at least 1. */
double sweep_dearth(const struct group *g, size_t keys);

/* … and where they do: now and then, in case that they miss something. */
int64_t sweep_backstop_ms(
    const struct group *g, const struct work *w, int64_t delay_ms);

#endif
