/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request to the API from its head to its answer: what the handlers in
 * api_*.c share. Only for files of this folder.
 *
 * A call lives until it was answered or its peer left, and no callback that
 * cannot be called off is due any more. Each reply ends it: nothing of it may
 * be touched behind one.
 */
#ifndef SERVE_API_CALL_H
#define SERVE_API_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/hash.h"
#include "net/http_server.h"
#include "serve/api.h"
#include "serve/api_query.h"
#include "serve/problem.h"
#include "serve/waiters.h"

#define API_REQUEST_ID_MAX 64

struct api_call;
struct attempt_entry;
TAILQ_HEAD(api_calls, api_call);

struct api {
	const struct service *service;
	bool tcp; /* with this token, of which only the digest is kept */
	unsigned char token[HASH_SHA256_SIZE];
	int64_t *uids;
	size_t nuids;
	struct api_calls calls;
	struct api_calls queue; /* that wait to fetch a result */
	unsigned fetching;
	unsigned trials; /* of targets, under way */
};

struct api_call {
	TAILQ_ENTRY(api_call) entry;
	TAILQ_ENTRY(api_call) queued;
	struct api *api; /* NULL: that is gone, and the exchange, too */
	struct http_exchange *x; /* NULL: answered, or the peer left */
	char request_id[API_REQUEST_ID_MAX + 1];
	char id[DELIVERY_ID_SIZE]; /* that the path names, or "" */
	unsigned number; /* likewise, or 0 */
	char job[JOBID_SIZE]; /* that the answer is about, or "" */
	const char *allow; /* of a 405, until that is sent */
	int64_t whole; /* of a 416, how long what has no such part is */
	struct api_query query;
	bool known; /* who asks may do so, and may know what we are */
	int64_t started_at; /* monotonic */
	/* What was done of many before an error, which tells it. */
	struct problem_begun begun;
	unsigned held;
	struct waiter *waiter;
	/* Of the handler; freed with the call. */
	void *work;
	void (*work_free)(void *work);
};

/* --- api.c ---------------------------------------------------------- */

/*
 * Around what cannot be called off (the store's verbs): hold before, and in
 * the callback `back`, which says whether there is still somebody to answer;
 * where there is not, the call may be gone.
 */
void *api_hold(struct api_call *c);
bool api_back(struct api_call *c);

/* The same where one thing was looked for. False also where it is not there, or
 * could not be read: that was answered then. */
bool api_back_with(
    struct api_call *c, const void *found, const struct error *err);

/*
 * Wait for news of a job; the peer's leaving ends it. A wait for WAIT_STORED
 * stays and counts as held: api_back. In fn, c->waiter becomes NULL first.
 */
void api_wait(struct api_call *c, const char *id, enum wait_goal goal,
    int64_t timeout_ms, waiter_fn *fn);

/* The exchange is over: for api_reply.c. */
void api_end(struct api_call *c);

/* --- api_reply.c: each of them ends the call ------------------------ */

void api_reply(struct api_call *c, int status, const char *type,
    const void *body, size_t len);
void api_reply_json(struct api_call *c, int status, const struct buf *json);
void api_reply_job(struct api_call *c, int status, const struct job *job);
void api_reply_attempt(struct api_call *c, const struct attempt_entry *e);

/* With fields of one's own; fd and size as http_reply_file has them, fd -1:
 * only their head. */
void api_reply_file(struct api_call *c, int status,
    const struct headers *headers, int take_fd, int64_t size);

void api_problem(struct api_call *c, const struct problem *p);
void api_refuse(struct api_call *c, int status, const char *code,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Its text and its hint. */
void api_refuse_err(
    struct api_call *c, int status, const char *code, const struct error *err);
/* 503, or 507 for a lack of room, or 500 for damaged rows, with what the store
 * or a file says. */
void api_refuse_store(struct api_call *c, const struct error *err);
void api_refuse_stopping(struct api_call *c);
/* Nothing new can be written: the service stops, or its store is stalled. True
 * where that is so, and was answered. */
bool api_refuse_write(struct api_call *c);
void api_not_found(struct api_call *c);

/* --- api_result.c: what all who want a result ask ------------------- */

/* Are the id and ?late= proper; is there such a result? Where not, that was
 * answered, and the call is over. */
bool api_result_asked(struct api_call *c);
bool api_result_there(struct api_call *c, const struct job *job, bool late);
bool api_result_late(const struct api_call *c); /* ?late=true */

#include "serve/api_handlers.h" /* of the routes */

#endif
