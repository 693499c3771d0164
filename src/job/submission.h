/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One InvokeEndpointAsync of a job: what was about to be sent, and what
 * became of it.
 */
#ifndef JOB_SUBMISSION_H
#define JOB_SUBMISSION_H

#include <stdint.h>

/* What became of one InvokeEndpointAsync. */
enum submission_fate {
	SUB_OPEN, /* the intent is written; what happened is not known */
	SUB_ACCEPTED, /* 202 */
	SUB_NOT_SENT, /* nothing can have been accepted: n is used again */
	SUB_REFUSED, /* the service said no */
	SUB_DOUBT, /* it may have been accepted */
	SUB_FAILED, /* accepted, and its failure object was seen */
};

#define SUBMISSIONS_MAX 31 /* n is one base-32 digit */

struct submission {
	unsigned n; /* 1 … SUBMISSIONS_MAX */
	enum submission_fate fate;
	int64_t intent_at;
	int64_t ended_at;
	/* The same two by the monotonic clock of that boot (clock_boot()): the
	 * wall clock may be set in between. */
	int64_t intent_mono;
	int64_t ended_mono;
	int64_t boot;
	char *inference_id;
	char *extension;
	char *filename;
	char *predicted; /* output location, where it can be told */
	char *output_location; /* as the 202 names it */
	char *failure_location; /* NULL: the endpoint has none */
	char *request_id;
	char *note; /* the error, or NULL */
	/* What lay under the caller's own name before the request was sent: a
	 * result must differ from it. NULL: nobody looked; "": nothing. */
	char *before_etag;
	int64_t before_at; /* its Last-Modified, or 0 */
};

/* Releases and copies the strings. */
void submission_done(struct submission *s);
void submission_copy(struct submission *to, const struct submission *from);

/* Where its output may be, or NULL where none is expected. */
const char *submission_output(const struct submission *s);

const char *submission_fate_name(enum submission_fate fate);

/* By the name. 0, or -1 with *out untouched. */
int submission_fate_parse(const char *name, enum submission_fate *out);

/* "1" … "v": how n stands in names. */
char submission_digit(unsigned n);

#endif
