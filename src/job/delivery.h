/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A delivery: one event of one job on its way to one target, and its attempts.
 *
 *   WAITING --(2xx, exit 0)---------------> DELIVERED
 *    ^   `----(schedule over, 410)--------> DEAD
 *    `-------------- replay ------------- either
 *
 * It is made with the job's DONE, in the same transaction. Its bytes are frozen
 * then: every copy of the event has one id and one body.
 */
#ifndef JOB_DELIVERY_H
#define JOB_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "job/attempt.h"
#include "job/jobid.h"

/* "msg_" and 128 bits in base 32: the webhook-id, which holds no ".". */
#define DELIVERY_ID_LEN 30
#define DELIVERY_ID_SIZE (DELIVERY_ID_LEN + 1)

enum delivery_state {
	DELIVERY_WAITING, /* for its next attempt, or one is under way */
	DELIVERY_DELIVERED,
	DELIVERY_DEAD, /* given up: kept, listed, can be replayed */
};

/* What goes over: an account of what happened; the result itself; an account
 * that only names the result, with a presigned URL. */
enum delivery_payload { DELIVERY_EVENT, DELIVERY_RAW, DELIVERY_REFERENCE };

/* How: as Standard Webhooks has it, or as CloudEvents 1.0, in its binary mode
 * (facts in header fields) or its structured one (all in one JSON). */
enum delivery_format {
	DELIVERY_PLAIN,
	DELIVERY_CE_BINARY,
	DELIVERY_CE_STRUCTURED,
};

struct delivery {
	/* Kept in the store. Change only with a migration. */
	char id[DELIVERY_ID_SIZE];
	char job_id[JOBID_SIZE];
	char *target; /* "webhook NAME", "exec NAME": its section; "callback
			 https://host:port" */
	char *event; /* its type, such as "inference.completed" */
	enum delivery_state state;
	int64_t epoch; /* fences commits of a former owner */
	int64_t created_at;
	int64_t due_at; /* WAITING: of the next attempt; 0: one is under
			   way */
	int64_t ended_at;
	unsigned attempts; /* the one under way included */
	unsigned failures; /* of this run through the schedule */
	unsigned interruptions; /* since interrupted_since */
	int64_t interrupted_since; /* the first of them, or where they make a
				      quarantine, the last; or 0 */
	unsigned replays;
	int last_status; /* of the last attempt that ended, as its status */
	char *note; /* why the last attempt failed, or NULL */
	char *about; /* the delivery that this one tells of, or NULL */
	enum delivery_payload payload;
	enum delivery_format format;
	int64_t url_expires_at; /* of the presigned URL in the body; 0: none */
	char *content_type; /* of the body */
	int64_t body_size;
	char *body_sha256; /* hex; NULL: by reference */
	/* The body is the job's result, too large to keep: it is read again
	 * from S3 under the ETag that was noted. */
	bool by_reference;

	/* Only in memory: made with the change that is saved, in the same step;
	 * or NULL. */
	struct delivery *follow;
	/* Only where the store was asked for them. */
	void *body;
	struct attempt *log;
	size_t nlog;
};

/*
 * WAITING, due at created_at, with the id that follows from job, target and
 * event: whoever makes it again makes the same. No body yet.
 */
struct delivery *delivery_new(const char *job_id, const char *target,
    const char *event, int64_t created_at);
/* The same, to tell of what became of another one: the id follows from that
 * one, its replays, target and event, so that it is told once of each run. */
struct delivery *delivery_new_about(const struct delivery *other,
    const char *target, const char *event, int64_t created_at);
/* A copy of its own; without the body where that is not needed. */
struct delivery *delivery_clone(const struct delivery *from, bool with_body);
void delivery_free(struct delivery *d);

/* Freeze the bytes: body, size and hash. */
void delivery_set_body(struct delivery *d, const void *data, size_t len);

/*
 * The only place that changes the state; a move that the picture above does
 * not show ends the process. Back to WAITING it is due at `at`, with the whole
 * schedule before it.
 */
void delivery_move(struct delivery *d, enum delivery_state to, int64_t at);

/* Begin attempt d->attempts + 1: counted, open, started at `at`; due_at is 0.
 * Only while WAITING. */
void delivery_begin_attempt(
    struct delivery *d, int64_t at, bool replay, struct attempt *out);

/*
 * The attempt under way was interrupted: counted, within 72 h of the first one
 * that counts; one that comes later is a first one.
 */
void delivery_interrupt(struct delivery *d, int64_t at);

/* Interruptions that are 72 h old do not count any more. */
void delivery_calm(struct delivery *d, int64_t now);

/* It waits, and was interrupted three times within 72 h: it may be what ends
 * the process. Such ones go one at a time, behind all others, until they are
 * delivered or 72 h passed without another interruption. */
bool delivery_quarantined(const struct delivery *d);

bool delivery_id_ok(const char *s);

const char *delivery_state_name(enum delivery_state state);

/* By the name. 0, or -1 with *out untouched. */
int delivery_state_parse(const char *name, enum delivery_state *out);

/* "event", "raw", "reference"; "binary", "structured" and "" for plain, as the
 * configuration has them. 0, or -1 with *out untouched. */
const char *delivery_payload_name(enum delivery_payload payload);
int delivery_payload_parse(const char *name, enum delivery_payload *out);
const char *delivery_format_name(enum delivery_format format);
int delivery_format_parse(const char *name, enum delivery_format *out);

#endif
