/* SPDX-License-Identifier: Apache-2.0 */
/* One 403, explained: a GET, and where it needs one a listing. */
#include "engine/explain.h"

#include <stdlib.h>
#include <string.h>

#include "aws/grant.h"
#include "base/mem.h"
#include "base/str.h"

struct explain {
	struct site *site;
	char *place;
	char *owner; /* whose bucket it has to be, or NULL */
	size_t prefix_len;
	struct error *known; /* or NULL */
	struct error denied; /* what the GET said */
	struct s3_call *call;
	explain_fn *done;
	void *arg;
};

static void
explain_free(struct explain *x)
{
	free(x->place);
	free(x->owner);
	free(x->known);
	free(x);
}

static void
answer(struct explain *x, enum explain_answer what, enum access_verdict verdict,
    const struct error *err)
{
	x->done(what, verdict, err, x->arg);
	explain_free(x);
}

/* --- words ---------------------------------------------------------- */

void
explain_denied(
    struct error *err, const char *place, size_t prefix_len, const char *region)
{
	char action[GRANT_ACTION_SIZE];

	grant_named_action(err, action);
	/* Elsewhere than in one's own account S3 says no more than "KMS". */
	if (action[0] == '\0' && strstr(err->text, "KMS") != NULL)
		memcpy(action, "kms:Decrypt", sizeof("kms:Decrypt"));
	grant_hint(err, action[0] != '\0' ? action : "s3:GetObject", place,
	    prefix_len, region);
}

static void
tell(struct explain *x, enum access_verdict verdict)
{
	const char *region = x->site->s3_endpoint.region;
	struct error err = x->denied;
	int len = x->prefix_len < 200 ? (int)x->prefix_len : 200;

	if (verdict == ACCESS_DENIED) {
		explain_denied(&err, x->place, x->prefix_len, region);
		err_prefix(&err, "%.*s: may not be read", len, x->place);
	} else {
		grant_hint(
		    &err, "s3:ListBucket", x->place, x->prefix_len, region);
		err_prefix(&err,
		    "%.*s: the result is not there yet, or it may not be "
		    "read%s%s",
		    len, x->place,
		    x->owner != NULL ? ", or the bucket is not of account "
				     : "",
		    x->owner != NULL ? x->owner : "");
	}
	answer(x, EXPLAIN_REFUSED, verdict, &err);
}

/* --- the listing ---------------------------------------------------- */

/* Refused as well, it tells nothing; nor does one that could not be made. */
static void
on_listing(const struct s3_listing *listing, const struct error *err, void *arg)
{
	struct explain *x = arg;

	x->call = NULL;
	if (listing != NULL)
		tell(x, ACCESS_DENIED);
	else
		tell(x,
		    str_starts(err->remote_code, "AccessDenied")
			? ACCESS_HIDDEN
			: ACCESS_UNSURE);
}

static void
ask_listing(struct explain *x)
{
	struct s3_list list = {
	    .prefix.uri = x->place,
	    .prefix.owner = x->owner,
	    .max_keys = 1,
	};
	struct error err;

	if (s3_list(x->site->s3, &list, on_listing, x, &x->call, &err) == -1)
		tell(x, ACCESS_UNSURE);
}

/* --- the GET -------------------------------------------------------- */

static int
discard(const void *data, size_t len, void *arg, struct error *err)
{
	(void)data;
	(void)len;
	(void)arg;
	return err_set(err, ERR_CANCELLED, "it is there after all");
}

static void
on_denied(struct explain *x)
{
	char action[GRANT_ACTION_SIZE];

	grant_named_action(&x->denied, action);
	if (x->known != NULL)
		answer(x, EXPLAIN_KNOWN, ACCESS_UNSURE, x->known);
	else if (action[0] == '\0')
		ask_listing(x);
	else
		tell(x,
		    str_eq(action, "s3:ListBucket") ? ACCESS_HIDDEN
						    : ACCESS_DENIED);
}

static void
on_get(const struct s3_object *object, const struct error *err, void *arg)
{
	struct explain *x = arg;

	x->call = NULL;
	if (object != NULL || err->code == ERR_CANCELLED) {
		answer(x, EXPLAIN_THERE, ACCESS_UNSURE, NULL);
	} else if (err->code == ERR_NOT_FOUND &&
	    !str_eq(err->remote_code, "NoSuchBucket")) {
		answer(x, EXPLAIN_MISSING, ACCESS_UNSURE, NULL);
	} else if (str_starts(err->remote_code, "AccessDenied")) {
		x->denied = *err;
		on_denied(x);
	} else {
		answer(x, EXPLAIN_TROUBLE, ACCESS_UNSURE, err);
	}
}

int
explain_start(const struct explain_options *o, explain_fn *done, void *arg,
    struct explain **out, struct error *err)
{
	struct s3_get get = {.ref = o->ref, .sink = discard};
	struct explain *x = xcalloc(1, sizeof(*x));

	x->site = o->site;
	x->place = xstrdup(o->ref.uri);
	x->owner = xstrdup_or_null(o->ref.owner);
	x->prefix_len = o->prefix_len;
	x->known =
	    o->known != NULL ? xmemdup(o->known, sizeof(*o->known)) : NULL;
	x->done = done;
	x->arg = arg;
	if (o->denied != NULL) {
		x->denied = *o->denied;
		*out = x;
		on_denied(x);
		return 0;
	}
	if (s3_get(o->site->s3, &get, on_get, x, &x->call, err) == -1) {
		explain_free(x);
		return -1;
	}
	*out = x;
	return 0;
}

void
explain_query(const struct explain *x, struct access_query *out)
{
	out->place = x->place;
	out->len = x->prefix_len;
}

void
explain_cancel(struct explain *x)
{
	if (x == NULL)
		return;
	s3_cancel(x->call);
	explain_free(x);
}
