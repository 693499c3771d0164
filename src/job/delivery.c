/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deliveries: their ids and bodies, the table of legal moves, copies. When an
 * attempt is due and what becomes of it is the engine's affair.
 */
#include "job/delivery.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#define ID_PREFIX "msg_"
#define ID_BYTES 16

#define WINDOW_MS ((int64_t)72 * 3600 * 1000)
#define QUARANTINE_AT 3

static const bool legal[3][3] = {
    [DELIVERY_WAITING] = {[DELIVERY_DELIVERED] = true, [DELIVERY_DEAD] = true},
    [DELIVERY_DELIVERED] = {[DELIVERY_WAITING] = true},
    [DELIVERY_DEAD] = {[DELIVERY_WAITING] = true},
};

/* Every string, so that copying and freeing cannot forget one. */
/* clang-format off */
#define DELIVERY_STRINGS(X)     \
	X(target)               \
	X(event)                \
	X(about)                \
	X(note)                 \
	X(content_type)         \
	X(body_sha256)
/* clang-format on */

/* No id, section or event type holds a line end: what is joined by them is one
 * key. */
static void
derive_id(struct delivery *d, char *take_key)
{
	unsigned char digest[HASH_SHA256_SIZE];

	hash_sha256(take_key, strlen(take_key), digest);
	free(take_key);
	memcpy(d->id, ID_PREFIX, strlen(ID_PREFIX));
	encode_base32(digest, ID_BYTES, d->id + strlen(ID_PREFIX));
}

struct delivery *
delivery_new(const char *job_id, const char *target, const char *event,
    int64_t created_at)
{
	struct delivery *d = xcalloc(1, sizeof(*d));

	if (!jobid_ok(job_id))
		abort();
	memcpy(d->job_id, job_id, JOBID_SIZE);
	d->target = xstrdup(target);
	d->event = xstrdup(event);
	derive_id(d, xasprintf("%s\n%s\n%s", job_id, target, event));
	d->epoch = 1;
	d->last_status = ATTEMPT_NO_STATUS;
	d->created_at = created_at;
	d->due_at = created_at;
	return d;
}

struct delivery *
delivery_new_about(const struct delivery *other, const char *target,
    const char *event, int64_t created_at)
{
	struct delivery *d =
	    delivery_new(other->job_id, target, event, created_at);

	derive_id(d,
	    xasprintf(
		"%s\n%s\n%s\n%u", other->id, target, event, other->replays));
	d->about = xstrdup(other->id);
	return d;
}

struct delivery *
delivery_clone(const struct delivery *from, bool with_body)
{
	struct delivery *to = xmemdup(from, sizeof(*from));
	size_t i;

#define COPY(name) to->name = xstrdup_or_null(from->name);
	DELIVERY_STRINGS(COPY)
#undef COPY
	to->body = NULL;
	if (from->body != NULL && with_body)
		to->body = xmemdup(from->body, (size_t)from->body_size);
	if (from->follow != NULL)
		to->follow = delivery_clone(from->follow, true);
	to->log = xcalloc(from->nlog, sizeof(*to->log));
	for (i = 0; i < from->nlog; i++)
		attempt_copy(&to->log[i], &from->log[i]);
	return to;
}

void
delivery_free(struct delivery *d)
{
	size_t i;

	if (d == NULL)
		return;
#define FREE(name) free(d->name);
	DELIVERY_STRINGS(FREE)
#undef FREE
	/* A presigned URL is a secret as long as it is valid. */
	if (d->body != NULL && d->url_expires_at != 0)
		hash_wipe(d->body, (size_t)d->body_size);
	free(d->body);
	delivery_free(d->follow);
	for (i = 0; i < d->nlog; i++)
		attempt_done(&d->log[i]);
	free(d->log);
	free(d);
}

void
delivery_set_body(struct delivery *d, const void *data, size_t len)
{
	char *hex = xmalloc(HASH_SHA256_HEX_SIZE);
	void *copy = xmemdup(data, len);

	hash_sha256_hex(copy, len, hex);
	free(d->body);
	free(d->body_sha256);
	d->body = copy;
	d->body_size = (int64_t)len;
	d->body_sha256 = hex;
	d->by_reference = false;
}

static void
forget_interruptions(struct delivery *d)
{
	d->interruptions = 0;
	d->interrupted_since = 0;
}

void
delivery_move(struct delivery *d, enum delivery_state to, int64_t at)
{
	/* What was delivered once does not end the process. */
	if (d->state == DELIVERY_DELIVERED)
		forget_interruptions(d);
	if (!legal[d->state][to])
		abort();
	d->state = to;
	if (to == DELIVERY_WAITING) {
		/* A new run through the schedule. */
		d->due_at = at;
		d->ended_at = 0;
		d->failures = 0;
		return;
	}
	d->ended_at = at;
	if (to == DELIVERY_DELIVERED)
		xfree(&d->note);
}

void
delivery_begin_attempt(
    struct delivery *d, int64_t at, bool replay, struct attempt *out)
{
	if (d->state != DELIVERY_WAITING)
		abort();
	memset(out, 0, sizeof(*out));
	out->n = ++d->attempts;
	out->outcome = ATTEMPT_OPEN;
	out->replay = replay;
	out->started_at = at;
	out->status = ATTEMPT_NO_STATUS;
	d->due_at = 0;
}

/* An instant that lies far ahead is one of a clock that was wrong. */
void
delivery_calm(struct delivery *d, int64_t now)
{
	/* Older versions did not note it. */
	if (d->interruptions > 0 && d->interrupted_since == 0)
		d->interrupted_since = now;
	if (llabs(now - d->interrupted_since) > WINDOW_MS)
		forget_interruptions(d);
}

void
delivery_interrupt(struct delivery *d, int64_t at)
{
	delivery_calm(d, at);
	if (++d->interruptions == 1 || d->interruptions >= QUARANTINE_AT)
		d->interrupted_since = at;
}

bool
delivery_quarantined(const struct delivery *d)
{
	return d->state == DELIVERY_WAITING &&
	    d->interruptions >= QUARANTINE_AT;
}

bool
delivery_id_ok(const char *s)
{
	return str_starts(s, ID_PREFIX) && strlen(s) == DELIVERY_ID_LEN &&
	    strspn(s + strlen(ID_PREFIX), ENCODE_BASE32_DIGITS) ==
	    DELIVERY_ID_LEN - strlen(ID_PREFIX);
}

const char *
delivery_state_name(enum delivery_state state)
{
	switch (state) {
	case DELIVERY_WAITING:
		return "waiting";
	case DELIVERY_DELIVERED:
		return "delivered";
	case DELIVERY_DEAD:
		return "dead";
	}
	abort();
}

int
delivery_state_parse(const char *name, enum delivery_state *out)
{
	enum delivery_state s;

	for (s = DELIVERY_WAITING; s <= DELIVERY_DEAD; s++) {
		if (str_eq(name, delivery_state_name(s))) {
			*out = s;
			return 0;
		}
	}
	return -1;
}

static const char *const payloads[] = {
    [DELIVERY_EVENT] = "event",
    [DELIVERY_RAW] = "raw",
    [DELIVERY_REFERENCE] = "reference",
};

const char *
delivery_payload_name(enum delivery_payload payload)
{
	return payloads[payload];
}

int
delivery_payload_parse(const char *name, enum delivery_payload *out)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(payloads); i++) {
		if (str_eq(name, payloads[i])) {
			*out = (enum delivery_payload)i;
			return 0;
		}
	}
	return -1;
}

static const char *const formats[] = {
    [DELIVERY_PLAIN] = "",
    [DELIVERY_CE_BINARY] = "binary",
    [DELIVERY_CE_STRUCTURED] = "structured",
};

const char *
delivery_format_name(enum delivery_format format)
{
	return formats[format];
}

int
delivery_format_parse(const char *name, enum delivery_format *out)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(formats); i++) {
		if (str_eq(name, formats[i])) {
			*out = (enum delivery_format)i;
			return 0;
		}
	}
	return -1;
}
