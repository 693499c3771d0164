/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast a peer is asked: so many requests a second, half as many once it
 * says that it is too much, then slowly more again. Pure: the caller has the
 * clock. S3 takes 5,500 GETs a second for each prefix it has partitioned, gets
 * there slowly, and answers 503 meanwhile.
 * Source: "Best practices design patterns: optimizing Amazon S3 performance".
 */
#ifndef ENGINE_PACE_H
#define ENGINE_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	double top; /* requests a second, as they were wanted */
	double rate; /* … as they are now */
	double tokens; /* may be owed: requests that nobody asked us about */
	int64_t filled_at; /* monotonic, as every instant here */
	int64_t halved_at;
	bool halved; /* ever */
};

void pace_init(struct pace *p, int64_t per_second, int64_t now);

/* Another number is wanted: what was found out holds below it. */
void pace_set(struct pace *p, int64_t per_second, int64_t now);

/* 0: a request may go now; else in so many milliseconds. */
int64_t pace_wait_ms(struct pace *p, int64_t now);

/* One went, asked for or not. */
void pace_sent(struct pace *p, int64_t now);

/* The peer says "slow down". What answers the same storm counts once: false. */
bool pace_slow_down(struct pace *p, int64_t now);

/* Requests a second, now. */
int64_t pace_rate(struct pace *p, int64_t now);

#endif
