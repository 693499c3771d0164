/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deliveries in the engine's hands: one lane for each target (lane.h), so that
 * a slow receiver holds up nobody else's. At most max_in_flight of a lane are
 * under way; the others wait here without their bytes. Only for files of this
 * folder.
 */
#ifndef ENGINE_DISPATCH_H
#define ENGINE_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "deliver/driver.h"
#include "engine/agenda.h"
#include "engine/engine.h"
#include "engine/lane.h"
#include "engine/spool.h"

struct dispatch;
struct fetch;
struct fresh_url;
struct stream;

/* One delivery. */
struct shipment {
	struct agenda_entry entry; /* first: an entry is its shipment */
	struct dispatch *dispatch;
	struct lane *lane;
	enum lane_rank rank; /* of its last place there */
	struct delivery *d; /* as it is or will be on disk; no body */
	bool under_way; /* from the wish to begin to the end on disk */
	bool ending; /* what became of the attempt is being written */
	bool replay; /* the next attempt was asked for */
	bool stale; /* the last one went over a kept connection that was dead */
	enum delivery_state from; /* of the replay that is being written */
	bool probe; /* its receiver rested: all hangs on this attempt */
	bool asked; /* its receiver was, in this attempt */
	bool stranger; /* its host did not answer before: lane_turn.c */
	char *sha256; /* by reference: of its first whole reading, or NULL */
	struct spool_claim claim; /* by reference: on disk, for one attempt */
	int64_t was_due_at; /* while it waits for that */

	/* While an attempt is under way. */
	struct attempt attempt;
	struct target *target; /* a reference */
	struct job *job;
	struct delivery *full; /* the same with its body */
	struct fetch *fetch;
	struct fresh_url *fresh;
	char *result_url; /* of the parcel, or NULL */
	struct stream *stream; /* instead of a file, or NULL */
	int fd; /* of a body by reference, or -1 */
	char *read_sha256; /* of what is being read there, or NULL */
	void *call; /* the driver's */
};

/* The options are the engine's, borrowed. */
struct dispatch *dispatch_new(const struct engine_options *o);
void dispatch_free(struct dispatch *dp);

/* Nothing is begun any more. */
void dispatch_stop(struct dispatch *dp);

/*
 * Nor does anything go on: attempts under way are broken off, and that is
 * written down, so that none is left open; what was only written down does
 * not leave. Such an end counts for nothing.
 */
void dispatch_break_off(struct dispatch *dp);

/* A delivery that is on disk, WAITING. Takes it. */
void dispatch_add(struct dispatch *dp, struct delivery *take_d);

/* The same of an earlier process: see engine_adopt_delivery. */
void dispatch_adopt(struct dispatch *dp, struct delivery *take_d);

/* See engine_targets_changed. */
void dispatch_targets_changed(struct dispatch *dp);

/* See engine_replay. */
void dispatch_replay(struct dispatch *dp, struct delivery *take_d);

/* Give up one that waits: see engine_give_up_delivery. */
void dispatch_give_up_on(struct dispatch *dp, struct delivery *take_d);

/* Fills waiting, attempts and quarantined. */
void dispatch_count(const struct dispatch *dp, struct engine_counts *out);

/* For health.h. */
struct lanes *dispatch_lanes(struct dispatch *dp);

/* How many attempts are under way. */
size_t dispatch_under_way(const struct dispatch *dp);

/* --- deadletter.c --------------------------------------------------- */

/* The attempt has ended, and if the delivery with it, as given up: tell of that
 * (s->d->follow) in the step that is to be saved. Behind that, on its way. */
void deadletter_attach(struct shipment *s);
void deadletter_begin(struct shipment *s);

/* --- for step_deliver.c --------------------------------------------- */

/* May an attempt begin? It has what it needs on disk then, until its end; else
 * it is due in its lane much later, or as soon as there is room. */
bool step_deliver_fits(struct shipment *s, const struct target *t);

/* Begin one attempt at s->target; ends in exactly one dispatch_apply(). */
void step_deliver(struct shipment *s);

/* Let go of what it has under way. */
void step_deliver_cancel(struct shipment *s);

/* What became of the attempt. Only dispatch.c moves deliveries. */
void dispatch_apply(struct shipment *s, const struct deliver_result *r);

/* The attempt came to nothing, which is no failure: again shortly. */
void dispatch_put_off(struct shipment *s, const char *note);

const struct engine_options *dispatch_options(const struct shipment *s);

/* The attempt is on disk and all was broken off: then true, and it ends here
 * as one that did not leave. */
bool dispatch_stopped(struct shipment *s);

/*
 * The store has it not as it was written. Damaged rows are never delivered
 * from, and hold nobody else up; they stay as they are. Where the store itself
 * failed, nobody goes on here. Frees the shipment.
 */
void dispatch_lost(struct shipment *s, const struct error *err);

#endif
