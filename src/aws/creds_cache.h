/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The credentials in use, kept fresh: one refresh at a time, five minutes
 * before the end with jitter, in the background while the old set is valid.
 * Nothing is ever signed with a set whose time is over, with one exception:
 * where IMDS cannot be asked, or itself has only what is over, the old set
 * serves for 5 to 10 minutes more, and so on as long as that lasts ("static
 * stability", as in the SDKs), unless a service refuses it.
 *
 * The shared files are looked at again when they change; a set from another
 * source then replaces the one in use. A refresh that fails is tried again
 * with growing gaps: who asks within one hears the last error, later but
 * without a wait.
 *
 * There are no timers: a refresh that is due begins when somebody asks.
 */
#ifndef AWS_CREDS_CACHE_H
#define AWS_CREDS_CACHE_H

#include <stdbool.h>

#include "aws/creds.h"
#include "aws/creds_fetch.h"
#include "base/error.h"

struct creds_cache;
struct creds_waiter;

/*
 * What people should hear of, told once for each change: what went wrong, or
 * (with `trouble` NULL) in `text` that it is over. Borrowed.
 */
typedef void aws_news_fn(
    const struct error *trouble, const char *text, void *arg);

struct creds_cache_options {
	struct creds_fetch_env env;
	const char *profile; /* explicit, or NULL; copied */
	aws_news_fn *news; /* or NULL */
	void *news_arg;
};

/* Makes the plan and asks nobody yet; fails as creds_plan_make does. */
int creds_cache_new(const struct creds_cache_options *options,
    struct creds_cache **out, struct error *err);
void creds_cache_free(struct creds_cache *c);

/*
 * The set to sign with now, borrowed until the loop goes on; NULL where there
 * is none that is valid: then creds_cache_wait. Begins a refresh that is due.
 */
const struct creds *creds_cache_now(struct creds_cache *c);

typedef void creds_ready_fn(
    const struct creds *creds, const struct error *err, void *arg);

/*
 * A valid set, as soon as there is one, or the error of the refresh that was to
 * bring it; later, never within the call. The error is ERR_AUTH, retryable, and
 * `sent` is false: nothing went out (AWSERR_NO_CREDENTIALS).
 */
void creds_cache_wait(struct creds_cache *c, creds_ready_fn *ready, void *arg,
    struct creds_waiter **out);
void creds_waiter_cancel(struct creds_waiter *w);

/*
 * A service says that this key's time is over, or knows it no more: it is used
 * no longer, and a refresh begins. One that was replaced already is no news,
 * and one that a refresh for this reason has brought in the last 30 s goes on
 * being used: the service's words stand then.
 */
void creds_cache_refused(struct creds_cache *c, const char *access_key);

/* Look at the shared files now, and try again now what failed. */
void creds_cache_reload(struct creds_cache *c);

/* For those who show it. Strings are borrowed. */
struct creds_state {
	const char *source; /* of the plan */
	const char *warning; /* or NULL */
	const struct creds *current; /* valid or not; NULL: none yet */
	const struct error *failed; /* of the last refresh, or the files are
				       wrong; NULL: all is well */
};
void creds_cache_state(const struct creds_cache *c, struct creds_state *out);

#endif
