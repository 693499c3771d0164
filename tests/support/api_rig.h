/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API as a service has it: a real store and engine, a real server on a
 * UNIX socket and on TCP, and on the same loop somebody who answers as AWS
 * would. Everything here fails the test where nothing comes for ten seconds.
 */
#ifndef TESTS_API_RIG_H
#define TESTS_API_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"
#include "serve/api.h"
#include "serve/metrics.h"
#include "serve/service.h"
#include "serve/waiters.h"

#define RIG_TOKEN "a-token-for-the-tests"
#define RIG_HELD_MAX 64

struct api_rig {
	struct service s;
	char dir[64];
	struct http_server *unix_server;
	struct http_server *tcp_server;

	/* AWS: takes uploads and submissions or is overloaded, has the object
	 * s3://bucket/out or not yet, and holds every GET of s3://bucket/held
	 * until it is let go, and submissions where it is silent. */
	bool accepts;
	bool silent;
	const char *result; /* NULL: not there */
	const char *result_type;
	const char *result_etag; /* NULL: the one that was noted */
	const char *noted_etag; /* NULL: "e1" */
	char range[64]; /* that the last GET of an object asked for, or "" */
	char if_match[64]; /* likewise */
	int accepted;
	struct http_exchange *held[RIG_HELD_MAX];
	size_t nheld;

	/* The last answer. */
	int status;
	struct buf head;
	struct buf body;
	struct json *json; /* NULL: it was none */
};
extern struct api_rig rig;

int api_rig_setup(void **state);
int api_rig_teardown(void **state);

/* Before the store is idle, unlike in api_rig_teardown. */
void rig_end_api(void);

/* Turn the loop until this is so. */
void rig_until(bool (*is_so)(void *arg), void *arg);
/* One turn of the loop, or a few. */
void rig_turn(void);
/* Files of the state folder whose name ends so. */
size_t rig_files(const char *suffix);
void rig_release_held(void);

/* --- one request, one answer ---------------------------------------- */

/* `fields` are whole lines, or "". Sets rig.status and so on. */
void rig_ask(const char *method, const char *target, const char *fields,
    const void *body, size_t len);
void rig_get(const char *target);
void rig_post(const char *target, const char *fields, const char *body);
/* A JSON body with its type. */
void rig_post_json(const char *fields, const char *body);

/* A field of the last answer, or NULL. Borrowed. */
const char *rig_field(const char *name);
/* A member of it, by "a.b" or "a.0"; fails where there is none. */
const char *rig_str(const char *path);
int64_t rig_int(const char *path);
const struct json *rig_at(const char *path);
size_t rig_count(const char *path);

/* The last answer is this problem; `named` stands in its detail or hint. */
void rig_problem(int status, const char *code, const char *named);

/* --- peers that are slow, or leave ---------------------------------- */

struct peer;
struct peer *peer_new(bool tcp);
void peer_send(struct peer *p, const void *data, size_t len);
void peer_puts(struct peer *p, const char *text);
/* The next answer as the last one; false where the connection ended. */
bool peer_reply(struct peer *p, bool to_head);
bool peer_has_reply(struct peer *p);
/* All that came and was no answer yet, such as a stream. Borrowed. */
const char *peer_text(struct peer *p);
void peer_free(struct peer *p); /* leaves */

/* --- the store ------------------------------------------------------ */

/* A job in the store as it would be, in this state; the caller's. */
struct job *rig_job(enum job_state state, enum job_outcome outcome);
/* … with its result there. */
struct job *rig_job_at(const char *location);
/* … that expired, its result being there late, at s3://bucket/out. */
struct job *rig_job_late(void);
/* … with one delivery, which is the job's. */
struct job *rig_job_delivered(enum delivery_state state);
size_t rig_jobs(void); /* how many the store has */
void rig_store_idle(void); /* what was queued up to now is written */

#endif
