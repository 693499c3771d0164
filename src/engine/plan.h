/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to look: pure functions of what is known and of now. A look that finds
 * nothing writes nothing; after a restart the schedule simply goes on from
 * the age of the submission.
 *
 * Until an endpoint is known a look comes after a share of the age. Then it
 * comes when the delay expected to have built up since the last one, given that
 * the job was not done then, reaches what a look is worth: its price, in
 * milliseconds of delay. With a constant hazard that is the best there is, and
 * it waits through stretches in which nothing ends. Behind the age at which the
 * last one ended that was seen, and where an endpoint has fallen silent, it is
 * unknown again: no look comes sooner than in three tenths of the time since.
 */
#ifndef ENGINE_PLAN_H
#define ENGINE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/curve.h"

struct plan {
	int64_t start_ms; /* the first delay and the least, but for jitter */
	int64_t max_ms; /* the longest between two looks */
	int64_t interval_ms; /* > 0: this fixed period instead */
	int64_t delay_ms; /* > 0: the mean delay wanted, else … */
	double requests; /* … so many looks a job, on average; 0: no learned
			    schedule */
};

/* The price of a look at which the plan's wish comes true, as far as the least
 * and the longest time between two looks let it. */
double plan_price(const struct plan *plan, const struct survival *known);

/* What a job costs at that price, of what was seen. */
struct plan_cost {
	double looks;
	double delay_ms; /* mean */
};
void plan_cost(const struct plan *plan, const struct survival *known,
    double price_ms, struct plan_cost *out);

/* What decides when the next look is. */
enum plan_why {
	PLAN_INTERVAL, /* a fixed one */
	PLAN_BACKOFF, /* too little is known */
	PLAN_LEARNED,
	PLAN_OVERDUE, /* learned, and nothing comes */
	PLAN_LONGEST, /* poll_max */
	PLAN_END, /* the time to wait is over then */
};

/* What is known of a job that waits. */
struct plan_now {
	int64_t age_ms; /* since it was accepted */
	int64_t left_ms; /* to the end of the waiting */
	double unit; /* of chance, in [0, 1) */
	/* Of its endpoint, or NULL: too little. */
	const struct survival *known;
	double price_ms; /* plan_price(), more where delay matters less */
	int64_t ran_ms; /* since it was sent, as the curve counts */
	int64_t silent_ms; /* habit_silent_ms() */
};

/*
 * From now to the next look, at least 1 and never past left_ms. *why may be
 * NULL.
 */
int64_t plan_delay_ms(
    const struct plan *plan, const struct plan_now *now, enum plan_why *why);

/* The least from one look to the next where so long nothing came that should
 * have come. */
int64_t plan_overdue_ms(int64_t silent_ms);

/*
 * A look at the output found nothing: is one at the failure worth its price,
 * too? Of a job whose endpoint is known; `share` of all fail, as late as others
 * succeed, and it was last looked for since_ms ago.
 */
bool plan_failure_due(const struct plan *plan, const struct plan_now *now,
    double share, int64_t since_ms);

/*
 * From now to the next look of a job that expired so long ago: after a minute,
 * then three times as late each time, at most an hour between two looks.
 */
int64_t plan_late_ms(int64_t age_ms);

#endif
