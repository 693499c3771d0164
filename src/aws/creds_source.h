/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of credentials are to creds_fetch.c, and what they share.
 * Only for the files creds_*.c and sts.c.
 */
#ifndef AWS_CREDS_SOURCE_H
#define AWS_CREDS_SOURCE_H

#include "aws/creds_fetch.h"
#include "base/buf.h"

/* A source's own struct begins with this. */
struct creds_fetch {
	struct creds_fetch_env env;
	const struct creds_plan *plan;
	creds_done_fn *done;
	void *arg;
	/* Ends what is under way and frees everything, the struct included. */
	void (*cancel)(struct creds_fetch *f);
};

/* The arguments are creds_fetch_start's. */
typedef int creds_source_fn(const struct creds_fetch_env *env,
    const struct creds_plan *plan, creds_done_fn *done, void *arg,
    struct creds_fetch **out, struct error *err);

creds_source_fn creds_process_start;
creds_source_fn creds_role_start;
creds_source_fn creds_web_identity_start;
creds_source_fn creds_sso_start;
creds_source_fn creds_container_start;
creds_source_fn creds_imds_start;

/* What was learned about the metadata service: its token is a secret. */
void creds_imds_forget(void);

/* "no credentials", and all the ways to have some: ERR_AUTH. Returns -1. */
int creds_none(const char *profile, struct error *err);
/* Those ways alone, as the hint of another error. */
void creds_none_hint(const char *profile, struct error *err);

/* --- creds_fetch.c -------------------------------------------------- */

/* Frees the source by its `cancel`, then calls done: nothing of the source is
 * touched behind it. Not from a timer of the source's own. */
void creds_finish(
    struct creds_fetch *f, struct creds *take, const struct error *err);

/* --- creds_answer.c ------------------------------------------------- */

/*
 * Credentials of an answer: reckoned by the clock of its Date, and all faults
 * are ERR_PROTOCOL: keys that are missing, too. `out` is the caller's.
 */
int creds_take_answer(const struct creds_parts *parts,
    const struct http_response *r, struct creds *out, struct error *err);

/* As JSON: ECS, EKS and IMDS name the parts alike. */
int creds_take_json(const char *source, const struct http_response *r,
    struct creds *out, struct error *err);

/* The error of an answer that is not 200: `what`, the status, and the code and
 * message of its JSON; ERR_AUTH for 401 and 403, retryable for 429 and 5xx. */
int creds_refusal(
    const char *what, const struct http_response *r, struct error *err);

/* Take a secret, or the beginning of it, out of text and hint. NULL: nothing.
 */
void creds_redact(struct error *err, const char *secret);

/* file_read, but what is no regular file, and could keep the loop waiting, is
 * ERR_CONFIG; one that is missing is ERR_NOT_FOUND. */
int creds_read_file(const char *path, struct buf *out, struct error *err);

/*
 * A token from a file, without line ends behind it: appended. ERR_CONFIG where
 * it is missing, no regular file, empty, or holds what no header can.
 */
int creds_read_token(const char *path, struct buf *out, struct error *err);

#endif
