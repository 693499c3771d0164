/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a plan, one file for each place it may come from. Only for the
 * files creds_plan*.c.
 *
 * Each plan_from_… returns 1 with a plan that is the caller's, 0 where its
 * place says nothing, -1 where it is configured, but wrong.
 */
#ifndef AWS_CREDS_PLAN_INNER_H
#define AWS_CREDS_PLAN_INNER_H

#include <stdbool.h>

#include "aws/creds_plan.h"
#include "aws/profile.h"

/* One profile as it stands in both files. */
struct plan_profile {
	const char *name; /* borrowed */
	struct profile_section credentials;
	struct profile_section config;
};

int plan_profile_read(
    struct plan_profile *p, const char *name, struct error *err);
void plan_profile_done(struct plan_profile *p);

/* Borrowed, or NULL. The credentials file wins, as in the SDKs. */
const char *plan_profile_get(const struct plan_profile *p, const char *key);

/* The first of these keys that is set, or NULL. */
const char *plan_profile_first(
    const struct plan_profile *p, const char *const *keys, size_t n);

/* "FILE, profile 'x'", the file being the one that has the key; the
 * caller's. */
char *plan_profile_where(const struct plan_profile *p, const char *key);

/* "FILE, profile 'x': …"; -1. */
int plan_profile_complain(const struct plan_profile *p, const char *key,
    struct error *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The caller's. `source` is what it says to people. */
struct creds_plan *plan_new(enum creds_kind kind, const char *profile,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Something to tell the user; several are told as one. */
void plan_warn(struct creds_plan *plan, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* --- creds_plan_env.c ------------------------------------------------ */

int plan_from_env_keys(
    const char *profile, struct creds_plan **out, struct error *err);
int plan_from_env_web_identity(
    const char *profile, struct creds_plan **out, struct error *err);

/* --- creds_plan_profile.c -------------------------------------------- */

/* All that a profile may have, but role_arn with its source. */
int plan_from_profile(
    const struct plan_profile *p, struct creds_plan **out, struct error *err);
bool plan_profile_has_keys(const struct plan_profile *p);

/* --- creds_plan_role.c ----------------------------------------------- */

/* role_arn with source_profile or credential_source, and what they name. */
int plan_from_role(
    const struct plan_profile *p, struct creds_plan **out, struct error *err);

/* credential_source without a role. */
int plan_from_source(
    const struct plan_profile *p, struct creds_plan **out, struct error *err);

/* The role that a profile names, whatever it is assumed with. */
int plan_profile_role(const struct plan_profile *p, struct creds_plan_role *out,
    struct error *err);

/*
 * The role of a plan: NULL strings are what is not set. Errors begin with
 * `where`, and call the settings by the names given here.
 */
struct plan_role_names {
	const char *where;
	const char *arn, *session_name, *external_id, *duration;
};
int plan_take_role(const struct plan_role_names *names,
    const struct plan_role_names *values, struct creds_plan_role *out,
    struct error *err);

/* --- creds_plan_remote.c --------------------------------------------- */

int plan_from_container(
    const char *profile, struct creds_plan **out, struct error *err);

/* 0: switched off. */
int plan_from_imds(const struct plan_profile *p, bool last_resort,
    struct creds_plan **out, struct error *err);

#endif
