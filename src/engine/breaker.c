/* SPDX-License-Identifier: Apache-2.0 */
/* A breaker: failures in a row, rests, one probe, a slow start. */
#include "engine/breaker.h"

#include <string.h>

#define JITTER 0.2
/* 30 s, doubled so often, is above every longest rest there is. */
#define DOUBLINGS_MAX 12
#define REST_MAX_MS ((int64_t)24 * 3600 * 1000)
/* A probe that came to nothing on our side says nothing. */
#define AGAIN_MS 1000
/* The probe that was answered, and as many again. */
#define SECOND_ROUND 2

void
breaker_init(struct breaker *b, bool gently)
{
	memset(b, 0, sizeof(*b));
	b->window = gently ? 1 : 0;
}

void
breaker_reset(struct breaker *b)
{
	breaker_init(b, true);
}

int64_t
breaker_wait_ms(
    const struct breaker *b, unsigned under_way, unsigned max, int64_t now)
{
	if (b->state == BREAKER_PROBING)
		return -1;
	if (b->state == BREAKER_OPEN)
		return b->until > now ? b->until - now : 0;
	if (b->window != 0 && b->window < max)
		max = b->window;
	return under_way < max ? 0 : -1;
}

bool
breaker_begin(struct breaker *b)
{
	if (b->state != BREAKER_OPEN)
		return false;
	b->state = BREAKER_PROBING;
	return true;
}

/* Within the longest rest, but for what the receiver itself wished for. */
static int64_t
rest_ms(const struct breaker *b, const struct breaker_limits *limits,
    int64_t wish, double unit)
{
	int64_t most = limits->max_ms, ms = BREAKER_FIRST_MS;
	unsigned n = b->rests < DOUBLINGS_MAX ? b->rests : DOUBLINGS_MAX;

	ms = ms < most ? ms << n : most;
	ms = ms < most ? ms : most;
	ms = (int64_t)((double)ms * (1 + JITTER * (2 * unit - 1)));
	ms = ms < most ? ms : most;
	if (wish > BREAKER_WISH_MAX_MS)
		wish = BREAKER_WISH_MAX_MS;
	return ms > wish ? ms : wish;
}

static bool
alive(struct breaker *b)
{
	bool was_closed = b->state == BREAKER_CLOSED;

	b->failures = 0;
	b->rests = 0;
	b->state = BREAKER_CLOSED;
	if (!was_closed)
		b->window = SECOND_ROUND;
	else if (b->window != 0 && ++b->window > 1000)
		b->window = 0; /* no target has so many */
	return !was_closed;
}

static bool
failed(struct breaker *b, const struct breaker_heard *heard,
    const struct breaker_limits *limits, int64_t now, double unit)
{
	bool opens = b->state == BREAKER_CLOSED;

	if (b->failures < UINT32_MAX)
		b->failures++;
	if (b->window != 0)
		b->window = 1;
	if (limits->failures == 0)
		return false;
	if (opens ? b->failures < limits->failures : !heard->probe)
		return false;
	b->state = BREAKER_OPEN;
	b->until = now + rest_ms(b, limits, heard->retry_after_ms, unit);
	b->rests++;
	return true;
}

bool
breaker_hear(struct breaker *b, const struct breaker_heard *heard,
    const struct breaker_limits *limits, int64_t now, double unit)
{
	switch (heard->news) {
	case BREAKER_ALIVE:
		return alive(b);
	case BREAKER_FAILED:
		return failed(b, heard, limits, now, unit);
	case BREAKER_NOTHING:
		/* Another one has to find out. */
		if (heard->probe && b->state == BREAKER_PROBING) {
			b->state = BREAKER_OPEN;
			b->until = now + AGAIN_MS;
		}
		return false;
	}
	return false;
}

void
breaker_recall(struct breaker *b, int64_t left_ms, int64_t rests, int64_t now)
{
	if (left_ms < 0)
		left_ms = 0;
	b->state = BREAKER_OPEN;
	b->until = now + (left_ms < REST_MAX_MS ? left_ms : REST_MAX_MS);
	b->rests = rests < 1        ? 1
	    : rests < DOUBLINGS_MAX ? (unsigned)rests
				    : DOUBLINGS_MAX;
}
