/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults on demand: what can go wrong between a client and SageMaker, S3 or
 * SNS, asked for by a line such as
 *
 *	drop-reply operation=InvokeEndpointAsync endpoint=ocr count=2
 *
 * in a file (--faults) or at the admin address while we run. A fault is taken
 * by the place that it concerns; awaitd-local(1) tells what each does.
 */
#ifndef LOCAL_FAULT_H
#define LOCAL_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum fault_kind {
	/* of requests to us */
	FAULT_THROTTLE, /* throttle: refused with the API's own error */
	FAULT_ERROR_BEFORE, /* error-before status=: 5xx, nothing was done */
	FAULT_ERROR_AFTER, /* error-after status=: done, and answered 5xx */
	FAULT_DROP_REPLY, /* drop-reply: done, and the connection broken */
	FAULT_HANG, /* hang: no answer, the connection stays */
	FAULT_TRUNCATE, /* truncate bytes=: the body breaks off there */
	FAULT_DRIP, /* drip bytes= ms=: so many bytes each so many ms */
	FAULT_FORBIDDEN_FOR_MISSING, /* forbidden-for-missing: 403, not 404 */
	FAULT_WRONG_ETAG, /* wrong-etag: another one than the object's */
	FAULT_CLOCK_SKEW, /* clock-skew ms=: our clock, ahead by so much */
	/* of notifications */
	FAULT_LOSE_NOTIFICATION, /* lose-notification: never sent */
	FAULT_DOUBLE_NOTIFICATION, /* double-notification: sent twice */
	FAULT_DELAY_NOTIFICATION, /* delay-notification ms= */
	FAULT_REORDER_NOTIFICATION, /* reorder-notification: behind the next */
	/* of invocations */
	FAULT_CRASH_MODEL, /* crash-model: it dies while it works */
	FAULT_LOSE_RESULT, /* lose-result: the upload fails for good, neither
			      object appears (ResponseUploadFailures) */
	FAULT_N
};

/* What something concerns; NULL where it does not apply. */
struct fault_subject {
	const char *operation; /* "InvokeEndpointAsync", "GetObject", … */
	const char *endpoint;
	const char *bucket;
	const char *key;
	const char *topic; /* ARN */
};

struct fault {
	enum fault_kind kind;
	int64_t id; /* unique while we run */
	int status;
	int64_t bytes;
	int64_t ms;
	int64_t after; /* so many that fit are let pass first */
	int64_t count; /* how often; 0: until it is taken back */
	int64_t taken; /* how often it was so far */
	/* NULL: any; else the whole text, or its beginning where it ends in
	 * an asterisk. */
	char *operation;
	char *endpoint;
	char *bucket;
	char *key;
	char *topic;
};

struct faults;

struct faults *faults_new(void);
void faults_free(struct faults *f);

/* One line, without its line end; a word that begins with # begins a comment.
 * ERR_CONFIG with a hint that names what is possible. *id may be NULL. */
int faults_add(
    struct faults *f, const char *line, int64_t *id, struct error *err);
/* Lines, all of them or, on an error, none; blank ones and those that begin
 * with # are skipped. ids gets the id of each, one a line, or is NULL. */
int faults_add_text(
    struct faults *f, const char *text, struct buf *ids, struct error *err);
/* A file of them. */
int faults_read(struct faults *f, const char *path, struct error *err);
/* false where there is no such fault. */
bool faults_remove(struct faults *f, int64_t id);
void faults_clear(struct faults *f);

/* Each as a line that faults_add takes, in its comment the id and how often it
 * was taken. Those that are used up stay while there is room. */
void faults_list(const struct faults *f, struct buf *out);

/*
 * The first fault of this kind that fits, counted as taken and logged; NULL:
 * none. Borrowed until one is added or taken back. NULL faults have none.
 */
const struct fault *fault_take(struct faults *f, enum fault_kind kind,
    const struct fault_subject *subject);

const char *fault_name(enum fault_kind kind);

#endif
