/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's insides, for the files that it is made of; a step needs work.h
 * only. Only for files of this folder.
 */
#ifndef ENGINE_CORE_H
#define ENGINE_CORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/map.h"
#include "engine/agenda.h"
#include "engine/dispatch.h"
#include "engine/engine.h"
#include "engine/found.h"
#include "engine/learned.h"
#include "engine/work.h"

/* A job that no service took in this time is let go. */
#define QUEUED_MAX_MS ((int64_t)6 * 3600 * 1000)

TAILQ_HEAD(works, work);

struct engine {
	struct engine_options o;
	struct learned_list *learned;
	struct agenda agenda;
	struct limits *limits; /* budgets of buckets */
	struct sweep *sweep;
	uint64_t sent[S3_KINDS];
	struct loop_timer *timer;
	struct works works;
	struct works overdue; /* … of them DONE and expired; oldest first */
	size_t nlates;
	struct map late_index; /* … by job id */
	struct map index; /* of the others by job id */
	struct folds *folds; /* … those that rest */
	struct work *asked; /* opened for a question, and not folded since */
	void *owned; /* places that callers named, tsearch(3) */
	struct bells *bells;
	struct dispatch *dispatch;
	size_t running;
	size_t sending;
	bool draining; /* nothing new is begun */
	bool held; /* no step begins yet */
	bool stopping; /* and nothing is gone on with */
};

/* --- engine.c ------------------------------------------------------- */

/* A step runs in so much time, unless the engine drains. */
void engine_schedule(struct work *w, int64_t delay_ms);

/*
 * Look at it now, or as soon as what it does is over: it was rung for, or a
 * listing shows its key. Of one that is neither PENDING nor in doubt yet that
 * is remembered.
 */
void engine_look_now(struct work *w, enum look_cause cause);

/* Its verdict is told, or it is broken off: the next one may begin. */
void engine_step_over(struct work *w);

void engine_tell(
    struct work *w, enum engine_event event, const struct error *err);

/* A new job's way into the store; then it goes on. */
void engine_insert(struct work *w);

/* It goes on from where it stands, in so much time. */
void engine_begin(struct work *w, int64_t delay_ms);

/* The file that was ours to keep until the service had the input; inline bytes,
 * which are not needed behind that, nor is the memory. */
void engine_drop_spooled(const struct job *job);
void engine_drop_body(struct job *job);

/* The store failed, or the region is senseless: what is on disk stays true,
 * and nobody goes on here. Frees the work. */
void engine_give_up(struct work *w, const struct error *err);

/* From here on the deliveries of the job are the dispatcher's. */
void engine_hand_over(struct work *w);

/* A step of this work, now, if there is room for one. */
bool engine_has_room(const struct engine *e);
void engine_run(struct work *w);

/* It is due no more, nor does it wait for its bucket. */
void engine_unschedule(struct work *w);

/* --- direct.c ------------------------------------------------------- */

/* Whether the verdict ends a job whose caller waits for just that: then it is
 * none any more, and the engine has nothing left to do. */
bool direct_decides(struct work *w, const struct step_result *r);

/* What was told of the job may be what its caller waits for. */
void direct_news(
    struct work *w, enum engine_event event, const struct error *err);

/* Nobody is told. */
void direct_drop(struct work *w);

/* --- budget.c ------------------------------------------------------- */

void budget_begin(struct engine *e);
void budget_end(struct engine *e);

/* Whether the job's bucket takes another request; else it waits for that. */
bool budget_lets(struct work *w);

/* --- work.c --------------------------------------------------------- */

struct work *work_new(struct engine *e, struct job *take_job);
void work_free(struct work *w);

/* All of an engine; behind the last of its other parts. */
void works_init(struct engine *e);
void works_done(struct engine *e);

/* By the job's id; not those that are only looked for late. */
struct work *work_find(const struct engine *e, const char *id);

/* It is found no more. */
void work_hide(struct work *w);

/*
 * Something is done for it: it has its job and a step until it rests. It does
 * where nothing is under way and it only waits: then both are gone, whoever
 * held them. A job that is not accepted yet stays as it is.
 */
void work_wake(struct work *w);
void work_rest(struct work *w);

/* Of its job, whether it rests or not. */
enum job_state work_state(const struct work *w);

/* Its job, for a question. Borrowed, till the next question or the next turn of
 * the loop. */
const struct job *work_read(struct work *w);

#endif
