/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job in the engine's hands, and the contract between the engine and its
 * steps. Only for files of this folder.
 */
#ifndef ENGINE_WORK_H
#define ENGINE_WORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "aws/s3.h"
#include "aws/sagemaker.h"
#include "engine/agenda.h"
#include "engine/engine.h"
#include "engine/step.h"
#include "engine/waiting.h"
#include "job/fold.h"

struct work {
	struct agenda_entry entry; /* first: an entry is its work */
	TAILQ_ENTRY(work) all;
	TAILQ_ENTRY(work) late; /* where is_late */
	struct engine *engine;
	char id[JOBID_SIZE];
	bool listed; /* found by its id */
	bool running; /* a step has begun and not told its verdict */
	bool writing; /* the store has something of it */
	bool sending; /* from the intent to the answer */
	bool cancelled; /* to be moved as soon as nothing is being written */
	uint8_t swept; /* enum swept */
	uint16_t shown; /* a sum of the name that a listing showed */
	uint16_t queue; /* of its bucket's budget, that it waits in; 0: none */
	bool rung; /* look once more behind what is going on */
	bool unheard; /* it was taken up, and nothing rang for it since */
	bool is_late; /* the job is DONE and expired */
	bool waits; /* until another job is DONE (own) */
	bool input_stored;
	bool refuses_inline; /* the service does: upload instead */
	uint8_t cause; /* enum look_cause, of the next look or this one */
	uint8_t said[2]; /* of a prefix it said this verdict, + 1; [1]: of
			    failures */
	uint8_t denials; /* in a row: HEADs that were answered 403 */
	struct waiting wait; /* look */
	unsigned in_vain; /* looks that could not be made after the deadline */
	unsigned retries; /* in a row */
	uint32_t warned; /* a sum of the last obstacle that was logged */
	int64_t created_at;
	int64_t expired_mono; /* where is_late */
	struct site *site;
	struct segment *segment; /* that listings find it in, or NULL */
	struct own_claim *claim; /* own */
	struct direct *direct; /* a caller waits for the first try, or NULL */
	char *uploaded; /* where an inline body went, and not inline */
	/* One that only waits rests: it has neither job nor step, but a fold.
	 * In a step, and in all that is called from one, it has both. */
	struct job *job;
	struct step *step;
	struct fold *fold;
};

/* What a step tells the engine. */
enum verdict {
	VERDICT_DONE, /* move to `next` */
	VERDICT_HOLD, /* not a look: go on in delay_ms */
	VERDICT_WAIT, /* nothing wrong, not there yet: look in delay_ms */
	VERDICT_RETRY, /* failed, may work later: back off */
	VERDICT_FAIL, /* will never work */
};

struct step_result {
	enum verdict verdict;
	enum job_state next; /* DONE */
	enum job_outcome outcome; /* DONE, where next is JOB_DONE */
	int64_t delay_ms; /* WAIT */
	unsigned submission; /* to be written along; 0: none */
	const struct error *err; /* RETRY and FAIL; WAIT: an obstacle */
	const char *error_code; /* FAIL, and DONE with a failure */
	const char *error_text; /* DONE; FAIL takes that of err */
};

/* The steps: each ends in exactly one engine_apply(). */
void step_submit(struct work *w);
void step_poll(struct work *w);

/* The next submission, whatever became of those before. */
void step_submit_now(struct work *w);

/* Let go of what a step has under way. */
void step_submit_cancel(struct work *w);
void step_poll_cancel(struct work *w);

/* Where a caller waits for the answer it hears all of it, and nothing is
 * checked before: the service is to judge what it said. */
void direct_listen(struct work *w, struct sagemaker_invoke *in);
void direct_unhear(struct work *w); /* it was not meant for the caller */

/* The only caller of job_move(). */
void engine_apply(struct work *w, const struct step_result *r);

/* From the intent to the answer: what a stop should wait for. */
void engine_sending(struct work *w, bool sending);

/* It drains: nothing is sent that was not being sent before. */
bool engine_draining(const struct work *w);

/* Write submission n without a change of state; `next` runs once on disk. */
void engine_record(struct work *w, unsigned n, work_fn *next);

/* Read the input's bytes back from the store; `next` runs once they are there.
 * Where they are not any more the job is failed. */
void engine_reload_body(struct work *w, work_fn *next);

/* Keep what stands in the way, or forget it (NULL). Of 100,000 jobs that wait
 * few have one, and an error is large. */
void work_obstacle(struct work *w, const struct error *err);

/* This is another one than was logged last: it is logged now. */
bool work_warns(struct work *w, const char *code);

const struct engine_options *engine_options_of(const struct work *w);
void engine_policy_of(const struct work *w, struct engine_policy *out);
struct loop *engine_loop(const struct work *w);

/* A listing showed this name; may it be that of this place? */
void work_show(struct work *w, const char *name);
bool work_is_shown(const struct work *w, const char *place);

/* An object of this job's, as S3 is asked for it. The URI is borrowed. */
struct s3_ref work_ref(const struct work *w, const char *uri);

#endif
