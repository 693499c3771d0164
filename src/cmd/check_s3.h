/* SPDX-License-Identifier: Apache-2.0 */
/* What the probes of S3 have in common. Only for check_s3*.c. */
#ifndef CMD_CHECK_S3_H
#define CMD_CHECK_S3_H

#include "aws/s3.h"
#include "cmd/check.h"
#include "engine/explain.h"

struct check_s3 {
	const struct conf_endpoint *endpoint;
	const char *prefix; /* of the configuration */
	const char *key; /* … that names it there */
	struct site *site;
	char *place; /* a key below it that nobody has */
	char *host; /* … and where that is asked for */
	bool missing; /* as HEAD has it */
	bool again; /* the HEAD, behind an explanation */
	struct s3_call *call;
	struct explain *explain;
	/* check_s3_write.c */
	int fd;
	struct loop_timer *timer;
	bool deleting;
	struct error put; /* code NONE: it went well */
};

/* The caller's. */
char *check_s3_place(const char *prefix);

/* Finds site and place; NULL: there is none, and the probe has ended. */
struct check_s3 *check_s3_begin(struct check_probe *p);

/* The place, in a bucket of whom the configuration says. Borrowed. */
struct s3_ref check_s3_ref(const struct check_s3 *x);

/* End it; a missing permission, the bucket and the way to it get remedies. */
void check_s3_refused(struct check_probe *p, enum check_status status,
    const char *action, const struct error *err);

void check_s3_cancel(struct check_probe *p);
void check_s3_forget(struct check_probe *p);

/* --write: an object is put and deleted. */
extern const struct check_kind check_write_kind;

#endif
