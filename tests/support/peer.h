/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer: the whole other side of awaitd in one process and in memory, for
 * campaigns: the SageMaker runtime with a model, S3, and a receiver of
 * webhooks. What it saw and did stands in ledgers, a line an event, written
 * before the answer leaves. It checks no signatures and is never killed.
 */
#ifndef SUPPORT_PEER_H
#define SUPPORT_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/loop.h"
#include "net/http_server.h"

/* Chances are in [0, 1], times in ms. */
struct peer_knobs {
	double seed;
	double result_min, result_max; /* from acceptance to the result */
	double slow, slow_max; /* a share of them takes so long instead */
	double result_bytes; /* size of a result, at least what it must say */
	double answer_max; /* 202 comes 0 … so much after acceptance */
	double refuse; /* 429, 503 and 500 by turns, nothing accepted */
	double reset; /* a reset, nothing accepted */
	double lose; /* accepted, and the answer is lost … */
	double lose_first; /* … for certain, of submission 1 of each job */
	double hang_max; /* of those, so many at most are never answered */
	double hook_fail; /* 500, 302, 429, 404 by turns: not taken */
	double hook_drop; /* taken, and the answer is lost */
	double hook_max; /* an answer comes 0 … so much after the event */
};

struct peer {
	struct peer_knobs k;
	struct loop *loop;
	uint64_t dice;
	int accepted, runs, hooks; /* ledgers */
	unsigned long nlost, nrefused, nhung, nfailed;
};

extern struct peer peer;

/* An exchange whose body is read as a whole. */
struct peer_call {
	struct http_exchange *x;
	struct buf body;
	void (*fn)(struct peer_call *c);
	struct loop_timer *timer;
	/* For what comes later. */
	int status;
	char *a, *b, *c; /* freed with it */
};

/* Reads the body and calls fn, which ends in one of the functions below. */
void peer_take(struct http_exchange *x, void (*fn)(struct peer_call *c));

/* Calls fn after so long, unless the other end is gone. */
void peer_later(
    struct peer_call *c, int64_t delay_ms, void (*fn)(struct peer_call *c));
void peer_reply(struct peer_call *c, int status, const struct headers *h,
    const void *body, size_t len);
void peer_reset(struct peer_call *c);
/* Says len bytes and sends one less. */
void peer_truncate(struct peer_call *c, int status, const struct headers *h,
    const void *body, size_t len);

bool peer_chance(double p);
int64_t peer_between(double min, double max);

/* One line by one write(2); the time and a tab stand before it. */
void peer_note(int ledger, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* --- objects ("bucket/key") ----------------------------------------- */

/* There after delay_ms; sha256 of its bytes goes to sha. */
void object_result(const char *name, const char *input_sha, const char *id,
    int64_t delay_ms, char sha[HASH_SHA256_HEX_SIZE]);
/* Of what was uploaded: false where there is none. */
bool object_sha(const char *name, char sha[HASH_SHA256_HEX_SIZE]);
void object_serve(struct http_exchange *x);
void object_forget(void);

void endpoint_serve(struct http_exchange *x);
void hook_serve(struct http_exchange *x);

#endif
