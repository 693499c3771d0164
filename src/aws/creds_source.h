/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of credentials are to creds_fetch.c. Only for the files
 * creds_*.c.
 */
#ifndef AWS_CREDS_SOURCE_H
#define AWS_CREDS_SOURCE_H

#include "aws/creds_fetch.h"

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

#endif
