/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of STS: a form out, XML back. */
#include "aws/sts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "aws/awserr.h"
#include "aws/creds_source.h"
#include "aws/endpoint.h"
#include "aws/profile.h"
#include "aws/query.h"
#include "aws/queryxml.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#define FORM_MAX_BYTES ((size_t)128 * 1024)

struct sts_call {
	struct query query;
	struct aws_call *call;
	/* AssumeRole and its sister */
	char *role_arn;
	char *source;
	char *token; /* of the web identity, or NULL */
	sts_creds_fn *creds_done;
	sts_identity_fn *identity_done;
	void *arg;
};

static struct sts_call *
call_new(const char *action)
{
	struct sts_call *c = xcalloc(1, sizeof(*c));

	query_init(&c->query, "sts", action, "2011-06-15", FORM_MAX_BYTES);
	return c;
}

static void
call_free(struct sts_call *c)
{
	query_done(&c->query);
	hash_wipe_free(&c->token);
	free(c->role_arn);
	free(c->source);
	free(c);
}

static int
send_call(struct aws_client *client, struct sts_call *c, const char *region,
    const char *profile, aws_done_fn *done, struct error *err)
{
	struct endpoint_options o = {
	    .service = "STS", .region = region, .profile = profile};

	return query_send(&c->query, client, &o, 0, done, c, &c->call, err);
}

/*
 * Of a role: where no region is set at all, us-east-1, as in the SDKs; it is
 * the commands' affair to want one of their own.
 */
static int
region_of(const struct sts_assume *assume, char **out, struct error *err)
{
	char *set = NULL;
	int rc;

	if (!str_empty(assume->region)) {
		*out = xstrdup(assume->region);
		return 0;
	}
	if (!str_empty(getenv("AWS_REGION")) ||
	    !str_empty(getenv("AWS_DEFAULT_REGION")))
		return endpoint_region(NULL, assume->profile, out, err);
	rc = profile_setting(assume->profile, "region", &set, err);
	if (rc == 0 && str_empty(set))
		*out = xstrdup("us-east-1");
	else if (rc == 0)
		rc = endpoint_region(NULL, assume->profile, out, err);
	free(set);
	return rc;
}

/* --- AssumeRole, AssumeRoleWithWebIdentity -------------------------- */

static const char *
remedy(const struct sts_call *c, const struct error *err)
{
	const char *code = err->remote_code;

	if (str_starts(code, "AccessDenied"))
		return c->token != NULL
		    ? "Let the role's trust policy name the cluster's OIDC "
		      "provider, this service account and "
		      "sts:AssumeRoleWithWebIdentity."
		    : "Allow the caller sts:AssumeRole on this role, and name "
		      "the caller, and the external id where one is asked "
		      "for, in the role's trust policy.";
	if (c->token != NULL && str_starts(code, "ExpiredToken"))
		return "The web identity token's time is over: see why nobody "
		       "writes a new one into its file.";
	if (str_starts(code, "ExpiredToken"))
		return "The time of the credentials that ask for the role is "
		       "over; renew them.";
	if (str_eq(code, "InvalidIdentityToken"))
		return "Look whether IAM has the token's issuer as an OIDC "
		       "provider with the audience sts.amazonaws.com.";
	if (str_eq(code, "RegionDisabledException"))
		return "Activate STS for this region in the account, or set "
		       "AWS_REGION to one where it is active.";
	if (str_eq(code, "ValidationError"))
		return "Look at role_arn, role_session_name and "
		       "duration_seconds, which may not be longer than the "
		       "role allows.";
	return NULL;
}

static void
tell_refusal(const struct sts_call *c, struct error *err)
{
	const char *hint = remedy(c, err);

	creds_redact(err, c->token);
	err_prefix(err, "role %s", c->role_arn);
	if (hint != NULL)
		err_hint(err, "%s", hint);
}

enum { ACCESS_KEY, SECRET_KEY, SESSION_TOKEN, EXPIRATION, N_CREDS };

static int
read_credentials(const struct sts_call *c, const struct http_response *r,
    struct creds *out, struct error *err)
{
	static const char *const names[N_CREDS] = {
	    "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"};
	struct queryxml_field f[N_CREDS];
	struct creds_parts parts = {.source = c->source};
	char *root = xasprintf("%sResponse", c->query.action);
	char *paths[N_CREDS];
	size_t i;
	int rc;

	for (i = 0; i < N_CREDS; i++) {
		paths[i] = xasprintf(
		    "%sResult/Credentials/%s", c->query.action, names[i]);
		f[i].path = paths[i];
	}
	rc = queryxml_read(r->body.data, r->body.len, root, f, N_CREDS, err);
	if (rc == 0) {
		parts.access_key = (struct creds_part){names[0], f[0].value};
		parts.secret_key = (struct creds_part){names[1], f[1].value};
		parts.session_token = (struct creds_part){names[2], f[2].value};
		parts.expiration = (struct creds_part){names[3], f[3].value};
		rc = creds_take_answer(&parts, r, out, err);
		queryxml_done(f, N_CREDS);
	}
	for (i = 0; i < N_CREDS; i++)
		free(paths[i]);
	free(root);
	return rc;
}

static void
on_assumed(const struct http_response *r, const struct error *err, void *arg)
{
	struct sts_call *c = arg;
	sts_creds_fn *done = c->creds_done;
	void *done_arg = c->arg;
	struct creds creds, *take = NULL;
	struct error e;

	if (r == NULL) {
		e = *err;
		tell_refusal(c, &e);
	} else if (read_credentials(c, r, &creds, &e) == -1) {
		err_prefix(&e, "role %s: %s", c->role_arn, c->query.action);
	} else {
		take = xmemdup(&creds, sizeof(creds));
	}
	call_free(c);
	done(take, take != NULL ? NULL : &e, done_arg);
}

int
sts_assume_role(struct aws_client *client, const struct sts_assume *assume,
    sts_creds_fn *done, void *arg, struct sts_call **out, struct error *err)
{
	const struct creds_plan_role *role = assume->role;
	const char *token = assume->web_identity_token;
	struct sts_call *c = call_new(
	    token != NULL ? "AssumeRoleWithWebIdentity" : "AssumeRole");
	char *region = NULL;
	int rc;

	c->role_arn = xstrdup(role->arn);
	c->source = xstrdup_or_null(assume->source);
	c->token = xstrdup_or_null(token);
	c->creds_done = done;
	c->arg = arg;
	query_add(&c->query, "RoleArn", role->arn);
	query_add(&c->query, "RoleSessionName", role->session_name);
	query_add(&c->query, "WebIdentityToken", token);
	if (token == NULL)
		query_add(&c->query, "ExternalId", role->external_id);
	if (role->duration_s > 0)
		buf_printf(&c->query.form, "&DurationSeconds=%" PRId64,
		    role->duration_s);
	rc = region_of(assume, &region, err);
	if (rc == 0)
		rc = send_call(
		    client, c, region, assume->profile, on_assumed, err);
	free(region);
	if (rc == -1) {
		err_prefix(err, "role %s", c->role_arn);
		call_free(c);
		return -1;
	}
	*out = c;
	return 0;
}

/* --- GetCallerIdentity ---------------------------------------------- */

#define IDENTITY "GetCallerIdentityResult/"

static void
on_identity(const struct http_response *r, const struct error *err, void *arg)
{
	struct queryxml_field f[] = {
	    {.path = IDENTITY "Account"},
	    {.path = IDENTITY "Arn"},
	    {.path = IDENTITY "UserId"},
	};
	struct sts_call *c = arg;
	sts_identity_fn *done = c->identity_done;
	void *done_arg = c->arg;
	struct sts_identity id;
	struct error e;
	int rc = -1;

	if (r == NULL)
		e = *err;
	else
		rc = queryxml_read(r->body.data, r->body.len,
		    "GetCallerIdentityResponse", f, ARRAY_LEN(f), &e);
	if (rc == 0 && (str_empty(f[0].value) || str_empty(f[1].value))) {
		queryxml_done(f, ARRAY_LEN(f));
		rc = err_set(
		    &e, ERR_PROTOCOL, "the answer has no Account or no Arn");
	}
	if (r != NULL && rc == -1)
		err_prefix(&e, "%s", c->query.action);
	call_free(c);
	if (rc == -1) {
		done(NULL, &e, done_arg);
		return;
	}
	id.account = f[0].value;
	id.arn = f[1].value;
	id.user_id = f[2].value;
	done(&id, NULL, done_arg);
	queryxml_done(f, ARRAY_LEN(f));
}

int
sts_get_caller_identity(struct aws_client *client, const char *region,
    const char *profile, sts_identity_fn *done, void *arg,
    struct sts_call **out, struct error *err)
{
	struct sts_call *c = call_new("GetCallerIdentity");

	c->identity_done = done;
	c->arg = arg;
	if (send_call(client, c, region, profile, on_identity, err) == -1) {
		call_free(c);
		return -1;
	}
	*out = c;
	return 0;
}

void
sts_cancel(struct sts_call *call)
{
	if (call == NULL)
		return;
	aws_cancel(call->call);
	call_free(call);
}
