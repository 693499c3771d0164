/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the files of serve/gateway*, and for nobody else.
 *
 * A call is one HTTP request, and ends with its answer. An ask is what was
 * asked for, once, however often an SDK sends it: calls join it by its key and
 * leave it, and all that wait are told the same.
 */
#ifndef SERVE_GATEWAY_INNER_H
#define SERVE_GATEWAY_INNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "aws/sigv4_verify.h"
#include "base/loop.h"
#include "base/random.h"
#include "engine/direct.h"
#include "job/job.h"
#include "net/http_server.h"
#include "serve/api_input.h"
#include "serve/gateway.h"
#include "serve/gateway_keys.h"
#include "serve/quiet.h"
#include "serve/waiters.h"

/* Without a place to upload to, so much is passed on, to be refused by the
 * service; more is refused here, in its words. */
#define GATEWAY_PASSED_MAX ((size_t)1 << 20)

enum gateway_result {
	GATEWAY_ACCEPTED,
	GATEWAY_DECLINED, /* the service's own answer */
	GATEWAY_NOT_SENT, /* no network, no credentials: no job */
	GATEWAY_IN_DOUBT,
	GATEWAY_TIMEOUT,
	GATEWAY_ENDED, /* the job it attached to was given up, or refused */
	GATEWAY_UNSIGNED, /* the signature, or who signed */
	GATEWAY_INVALID, /* no job could be made of it */
	GATEWAY_UNAVAILABLE, /* nothing can be written, or the service stops */
	GATEWAY_RESULTS,
};

#define GATEWAY_COUNTS 64

struct gateway {
	const struct service *service;
	const struct conf_gateway *conf; /* of the start */
	struct gateway_keys *keys;
	struct http_server *server; /* NULL: not open */
	TAILQ_HEAD(, gateway_call) calls;
	TAILQ_HEAD(, gateway_ask) asks;
	struct quiet refusals; /* of signatures */
	struct {
		int code;
		enum gateway_result result;
		uint64_t n;
	} counts[GATEWAY_COUNTS];
	size_t ncounts;
};

struct gateway_call {
	TAILQ_ENTRY(gateway_call) entry;
	TAILQ_ENTRY(gateway_call) joined;
	struct gateway *g;
	struct http_exchange *x;
	char request_id[RANDOM_UUID_SIZE];
	int64_t started_at; /* monotonic */
	struct gateway_keys *keys; /* as of its head */
	struct sigv4_claim claim;
	struct job *job; /* till it is asked for */
	struct api_input input;
	bool stranger; /* its bytes are only counted in */
	struct gateway_ask *ask;
	struct loop_timer *timer;
};

struct gateway_ask {
	TAILQ_ENTRY(gateway_ask) entry;
	struct gateway *g;
	TAILQ_HEAD(, gateway_call) calls;
	char id[JOBID_SIZE]; /* of its job, once that is known */
	char *key; /* NULL: each request is one of its own */
	struct job *job; /* till the engine has it */
	bool direct; /* the engine will say what came of it */
	unsigned looks; /* into the store */
	struct waiter *waiter;
};

/* --- gateway_call.c: from the head to the answer -------------------- */
void gateway_handle(struct http_exchange *x, void *arg); /* the gateway */
/* It is answered, or its client left. */
void gateway_call_end(struct gateway_call *c);

/* --- gateway_request.c: what is asked for --------------------------- */
/* "/endpoints/NAME/async-invocations": the name, decoded; NULL: it is another
 * path. The caller's. */
char *gateway_endpoint(const char *path);

/* What no job can carry: ERR_USAGE with the words for the client, remote_code
 * the type. The input is still missing. *out is the caller's. */
int gateway_job(const struct gateway_call *c, const char *endpoint,
    struct job **out, struct error *err);

/* What an SDK sends again is the same; NULL: it says nothing of that. In a form
 * that no caller of the API can choose. The caller's. */
char *gateway_key(const struct gateway_call *c, const char *digest);

/* --- gateway_ask.c: what became of it ------------------------------- */
/* The call waits, and is answered. Takes its job. */
void gateway_ask(struct gateway_call *c, char *take_key);
void gateway_ask_leave(struct gateway_call *c);
/* Its time is up. */
void gateway_ask_timeout(struct gateway_call *c);
void gateway_asks_stop(struct gateway *g);
void gateway_asks_free(struct gateway *g);

/* --- gateway_answer.c: each of them ends the call ------------------- */
/* An error of ours, as AWS words them. */
void gateway_refuse(struct gateway_call *c, enum gateway_result result,
    int status, const char *type, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
void gateway_refuse_claim(struct gateway_call *c, enum sigv4_verdict verdict);
/* The service's own, or what the store knows of it (NULL). */
void gateway_accept(struct gateway_call *c, const struct job *job,
    const struct direct_answer *answer);
void gateway_pass_on(struct gateway_call *c, const struct job *job,
    const struct direct_answer *answer);
/* For http_server_options; counted as every answer. */
void gateway_refusal(int status, const char *why, struct headers *headers,
    struct buf *body, void *arg);

#endif
