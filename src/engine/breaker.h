/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a receiver that fails is left alone, and how it is taken up again:
 *
 *   CLOSED --(so many failures)--> OPEN --(the rest is over)--> PROBING
 *     ^                             ^                              |
 *     |                             `--(it fails: twice the rest)--+
 *     `--(an answer; few at a time at first)-----------------------'
 *
 * Pure: the caller has the clock (monotonic milliseconds) and the chance.
 */
#ifndef ENGINE_BREAKER_H
#define ENGINE_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

/* The first rest; of a target whose longest is shorter, that. */
#define BREAKER_FIRST_MS 30000
/* What a receiver may ask for, even above the longest rest. */
#define BREAKER_WISH_MAX_MS ((int64_t)3600 * 1000)

enum breaker_state {
	BREAKER_CLOSED,
	BREAKER_OPEN,
	BREAKER_PROBING, /* one attempt is under way, and all hangs on it */
};

/* What an attempt says of its receiver. */
enum breaker_news {
	BREAKER_ALIVE, /* it answers, whatever it thinks of this payload */
	BREAKER_FAILED,
	BREAKER_NOTHING, /* it was not asked */
};

struct breaker {
	enum breaker_state state;
	unsigned failures; /* in a row */
	unsigned rests; /* in a row */
	int64_t until; /* OPEN: then a probe may go */
	unsigned window; /* so many may be under way; 0: no bound of ours */
};

/* Of one target. */
struct breaker_limits {
	unsigned failures; /* in a row, then it rests; 0: never */
	int64_t max_ms; /* the longest rest */
};

/* Closed; `gently` as behind a rest: one at first, and with each answer one
 * more, so that each round has twice as many. */
void breaker_init(struct breaker *b, bool gently);

/* Closed again, gently: somebody says that it is well. */
void breaker_reset(struct breaker *b);

/*
 * May one more attempt begin beside those under way, of at most `max`? 0: now;
 * a number: in so many milliseconds; -1: when one of them is over.
 */
int64_t breaker_wait_ms(
    const struct breaker *b, unsigned under_way, unsigned max, int64_t now);

/* It begins. True: it is the probe. */
bool breaker_begin(struct breaker *b);

struct breaker_heard {
	enum breaker_news news;
	bool probe; /* the attempt was one */
	int64_t retry_after_ms; /* what the receiver wished for; or 0 */
};

/* An attempt is over. True where the state changed, or a rest was made longer:
 * what is remembered elsewhere is to be written anew. */
bool breaker_hear(struct breaker *b, const struct breaker_heard *heard,
    const struct breaker_limits *limits, int64_t now, double unit);

/* Open for so much longer, as an earlier process had it. Both are brought
 * within bounds. */
void breaker_recall(
    struct breaker *b, int64_t left_ms, int64_t rests, int64_t now);

#endif
