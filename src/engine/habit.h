/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an endpoint behaves, from the results that came: how long they take, when
 * it has just been at work and when it has not (a cold start), how large they
 * are, how many are failures, and whether notifications come. Bounded, and the
 * old fades. Only for files of this folder.
 */
#ifndef ENGINE_HABIT_H
#define ENGINE_HABIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/jsonw.h"
#include "engine/curve.h"
#include "engine/plan.h"

/* The endpoint as a job found it when it was accepted. */
enum warmth {
	WARMTH_UNKNOWN, /* by another process, or nothing came in this one */
	WARMTH_WARM,
	WARMTH_COLD, /* no result for a while */
};
#define WARMTHS (WARMTH_COLD + 1)

struct tempo;

struct habit {
	struct curve latency[2]; /* warm or unknown, cold */
	struct curve sizes; /* bytes */
	double ended, failed; /* results of both kinds; fading */
	double missed; /* share of results that nobody rang for; 0: all */
	bool heads_only; /* a HEAD may see what a GET may not read */
	bool heard; /* a result came in this process */
	int64_t heard_mono; /* … the last one */
	double overdue; /* results that should have come since */
	int64_t overdue_mono; /* … begins then to be more than 0 */
	struct tempo *tempo[WARMTHS]; /* worked out, or NULL */
};

/* So many results make a curve that is better than a share of the age; and so
 * many are enough to tell sizes by. */
#define HABIT_ENOUGH 20

/* All zero is an empty one. */
void habit_done(struct habit *h);

enum warmth habit_warmth(const struct habit *h);

/* A job that waits: what it found, and how far it was counted. */
struct habit_job {
	enum warmth warmth;
	uint8_t passed; /* as of curve.h */
};

/* A job is not over, so long after its submission. */
void habit_waits(struct habit *h, struct habit_job *job, int64_t ms);

/* A result came so long after its submission, and how large it is (-1: not
 * known). */
void habit_result(
    struct habit *h, const struct habit_job *job, int64_t ms, int64_t size);
void habit_failure(struct habit *h);

/* 95 of 100 results came within this time; 0: not known. */
int64_t habit_p95_ms(const struct habit *h);

/*
 * The curve and the price of a look that a plan is to use (not of results that
 * came and went since, but nearly), or NULL: too little is known, or the plan
 * wants none. Borrowed, till the next result.
 */
const struct survival *habit_known(
    struct habit *h, enum warmth w, const struct plan *plan, double *price_ms);

/*
 * So long nothing came of an endpoint although so many jobs wait that chance
 * does not explain it: it hangs, or has become much slower. 0: it does not.
 */
int64_t habit_silent_ms(const struct habit *h);

/* Results of which that is known. */
double habit_results(const struct habit *h);

/*
 * The share of failures, at least 1/HABIT_FAILURE_MAX^2; and of so many looks
 * one looks for the failure, too, where no curve tells (plan_failure_due): its
 * inverse square root. Both paths then cost what they are worth.
 */
#define HABIT_FAILURE_MAX 10
double habit_failing(const struct habit *h);
unsigned habit_failure_every(const struct habit *h);

/* Did a notification come before a look found the result? */
enum bell {
	BELL_RANG,
	BELL_SILENT, /* it hardly had the time */
	BELL_MISSED, /* it had */
};
void habit_bell(struct habit *h, enum bell bell);

/* The share of results that looks have to find, 1 where nobody rings. */
double habit_missed(const struct habit *h);

/* Nine of ten results are no larger; -1: not known yet. */
int64_t habit_size_p90(const struct habit *h);

/* Members of an object that is open, and back; what makes no sense is passed
 * over. */
void habit_write(const struct habit *h, struct jsonw *w);
void habit_read(struct habit *h, const struct json *doc);

#endif
