/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What went wrong, for the program and for people.
 *
 * A function that can fail returns 0 or -1 and takes `struct error *err`
 * last, never NULL. The code decides what happens next; the text explains in
 * one lower-case line without a full stop; the hint, if any, is a sentence
 * that says what to do. On success the error is untouched.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>
#include <stdint.h>

enum error_code {
	ERR_NONE,
	ERR_USAGE, /* what the user asked for cannot be meant */
	ERR_CONFIG, /* a configuration or credentials file is wrong */
	ERR_IO, /* a file or a descriptor of this machine */
	ERR_NET, /* no connection, or it broke */
	ERR_PROTOCOL, /* the peer's words make no sense */
	ERR_AUTH, /* the peer knows us not, or denies us this */
	ERR_NOT_FOUND, /* there is no such thing */
	ERR_THROTTLED, /* later, says the peer */
	ERR_REFUSED, /* never, says the peer */
	ERR_REMOTE, /* the peer failed by its own account */
	ERR_TIMEOUT, /* a deadline passed */
	ERR_CANCELLED, /* we gave it up ourselves */
	ERR_LIMIT, /* larger than a cap of ours */
	ERR_BUSY, /* held by somebody else at the moment */
	ERR_EXISTS, /* there is one already */
	ERR_STORE, /* the state on disk */
	ERR_DAMAGED, /* what is stored is not what was written */
};

/* Of an exchange that failed: where, as far as the library told. */
enum error_net {
	NET_UNKNOWN,
	NET_DNS,
	NET_CONNECT,
	NET_TLS,
	NET_BROKEN, /* it was under way */
	NET_NONSENSE, /* what came is not what the protocol has */
};

struct error {
	enum error_code code;
	enum error_net net;
	bool retryable; /* the same call may work later */
	bool sent; /* a byte of the request may have left */
	bool stale; /* it went over a kept connection that turned out dead: over
		       another one it may go well */
	int http_status; /* 0: no answer was read */
	int sys_errno; /* of a call of the system that failed, or 0 */
	int64_t retry_after_ms; /* 0: the peer named no time */
	char remote_code[64]; /* AWS's code, such as NoSuchKey, or "" */
	char text[600];
	char hint[300];
};

/* Forget what the error says. */
void error_clear(struct error *err);

/* Replace the whole error. Returns -1, so that a caller can return it. */
int err_set(struct error *err, enum error_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with strerror(errno) behind the text. */
int err_set_errno(struct error *err, enum error_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The disk, or our share of it, is full: there may be room later. */
bool err_no_room(const struct error *err);

/* Put "…: " before the text, on the way up. Returns -1. */
int err_prefix(struct error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Say what to do about it. Returns -1. */
int err_hint(struct error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Text and hint as one, for where there is room for one. The caller's. */
char *err_words(const struct error *err);

/* The name of a code as logs and JSON show it, such as "refused". */
const char *error_code_name(enum error_code code);

#endif
