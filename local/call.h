/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request from its head to its reply: what all APIs note about it, the
 * faults that strike it (fault.h), and the log line at its end. Every reply
 * goes through here, and frees the call.
 */
#ifndef LOCAL_CALL_H
#define LOCAL_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/random.h"
#include "aws/sigv4_verify.h"
#include "local/fault.h"
#include "net/header.h"
#include "net/http_server.h"

struct call;

/* How an API says what a fault has it say; both answer the call. */
struct call_words {
	void (*throttle)(struct call *c);
	void (*fail)(struct call *c, int status); /* 500 to 599 */
};

struct call {
	struct http_exchange *x; /* of which everything may be asked */
	char request_id[RANDOM_UUID_SIZE];
	int64_t started_at; /* monotonic */
	struct sigv4_claim claim; /* who is said to have signed */
	void (*gone)(void *arg);
	void *gone_arg;
	struct faults *faults;
	struct fault_subject about; /* our copies */
	int64_t skew_ms;
	const struct call_words *words; /* NULL: no fault strikes the reply */
	const char *fault; /* that struck last, or NULL */
};

/* Belongs to the exchange from now on. faults are borrowed, NULL: none. */
struct call *call_new(struct http_exchange *x, struct faults *faults);

/* What the call is about, once, before its signature is judged: a clock that
 * is to be wrong is so from here on. */
void call_about(struct call *c, const struct fault_subject *about);

/* The time by the clock that this call is judged by. */
int64_t call_now(const struct call *c);

/* Is the signature that of the request, whose body went into `payload`? Ends
 * the hash. */
enum sigv4_verdict call_verify(struct call *c, struct hash *payload);

/*
 * The signature is right, and nothing was done yet: from here on faults may
 * strike. True: one did, and the call is answered. words are borrowed.
 */
bool call_struck(struct call *c, const struct call_words *words);

/* The fault of this kind that strikes the call, or NULL; see fault_take. */
const struct fault *call_fault(struct call *c, enum fault_kind kind);

/*
 * Called when the peer has left: the call is freed right after. Not called
 * after a reply. NULL takes it back.
 */
void call_on_gone(struct call *c, void (*gone)(void *arg), void *arg);

/* As http_reply and its kin, where no fault has it otherwise; the call is gone
 * then. */
void call_reply(struct call *c, int status, const struct headers *headers,
    const void *body, size_t len);
void call_reply_head(
    struct call *c, int status, const struct headers *headers, int64_t len);
void call_reply_file(struct call *c, int status, const struct headers *headers,
    int take_fd, int64_t offset, int64_t len);

#endif
