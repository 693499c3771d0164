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

#include "aws/creds_cache.h"
#include "aws/s3.h"
#include "base/buf.h"
#include "engine/agenda.h"
#include "engine/engine.h"
#include "engine/explain.h"
#include "engine/waiting.h"

struct work;
typedef void work_fn(struct work *w);

struct work {
	struct agenda_entry entry; /* first: an entry is its work */
	TAILQ_ENTRY(work) all;
	TAILQ_ENTRY(work) late; /* where is_late */
	TAILQ_ENTRY(work) waiting; /* where waits */
	bool listed; /* found by its id */
	struct engine *engine;
	struct job *job;
	struct site *site;
	unsigned retries; /* in a row */
	bool running; /* a step has begun and not told its verdict */
	bool writing; /* the store has something of it */
	bool cancelled; /* to be moved as soon as nothing is being written */
	work_fn *after_write;
	enum job_state from; /* of the move that is being written */
	uint8_t cause; /* enum look_cause, of the next look or this one */
	bool rung; /* look once more behind what is going on */
	int64_t again_ms; /* before the next submission, behind a failure */

	struct waiting wait; /* look */

	/* step_submit */
	bool input_stored;
	bool refuses_inline; /* the service does: upload instead */
	bool sending; /* from the intent to the answer */
	int input_fd;
	char *uploaded; /* where an inline body went then */
	struct creds_waiter *credentials;
	struct sagemaker_call *invoke;

	/* own: where the caller chose the Filename */
	struct own_claim *claim;
	bool waits; /* until another job is DONE */
	work_fn *after_look;
	struct {
		bool known;
		char *etag; /* NULL: nobody can tell; "": nothing */
		int64_t at;
		unsigned tries;
		unsigned holds;
	} before; /* what lay there */

	/* step_poll */
	struct s3_call *call;
	struct explain *explain;
	bool asking; /* … for all below this prefix */
	uint8_t said[2]; /* … it has said this verdict, + 1; [1]: of failures */
	uint8_t denials; /* in a row: HEADs that were answered 403 */
	size_t at; /* the submission looked at */
	bool at_failure; /* … its failure object */
	char *failure; /* … which is there */
	bool again; /* … for the second time */
	bool blind; /* a place could not be looked at, but may be later */
	bool have_result;
	unsigned in_vain; /* looks that could not be made after the deadline */
	int64_t looked_mono; /* this look began */
	struct look look;
	struct buf result; /* its bytes, where deliveries want them */
	struct buf text; /* of the failure object, its beginning */
	struct error *obstacle; /* what stood in the way, or NULL */
	char warned[64]; /* the last obstacle that was logged */

	/* late: the job is DONE and expired */
	bool is_late;
	int64_t expired_mono;
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

const struct engine_options *engine_options_of(const struct work *w);
void engine_policy_of(const struct work *w, struct engine_policy *out);
struct loop *engine_loop(const struct work *w);

/* An object of this job's, as S3 is asked for it. The URI is borrowed. */
struct s3_ref work_ref(const struct work *w, const char *uri);

#endif
