/* SPDX-License-Identifier: Apache-2.0 */
/* STS: who calls is found out by the rules of awaitd-local, not by ours. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "aws/sigv4_verify.h"
#include "tests/support/credpeer.h"

#define XML_TYPE "text/xml"
#define NAMESPACE "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\""
#define VALUE_MAX ((size_t)64 * 1024)

static void
refuse(
    struct credpeer_call *c, int status, const char *code, const char *message)
{
	char *body = xasprintf("<ErrorResponse " NAMESPACE ">\n  <Error>\n"
			       "    <Type>Sender</Type>\n"
			       "    <Code>%s</Code>\n"
			       "    <Message>%s</Message>\n  </Error>\n"
			       "  <RequestId>r-1</RequestId>\n"
			       "</ErrorResponse>\n",
	    code, message);

	credpeer_reply(c, status, XML_TYPE, body);
	free(body);
}

/* A blank may be '+', or "%20". The caller's. */
static char *
decode_form(const char *s, size_t len)
{
	char *text = xstrndup(s, len), *plus;
	struct buf out;

	for (plus = text; (plus = strchr(plus, '+')) != NULL;)
		*plus = ' ';
	buf_init(&out, VALUE_MAX);
	if (decode_uri(&out, text, len) == -1)
		abort();
	free(text);
	return buf_take(&out);
}

/* The form's value, decoded; the caller's. NULL: it is not there. */
static char *
form(const struct credpeer_call *c, const char *name)
{
	const char *p = c->body.data;
	size_t n = strlen(name), len;

	for (; *p != '\0'; p += len + (p[len] == '&')) {
		len = strcspn(p, "&");
		if (strncmp(p, name, n) != 0 || p[n] != '=')
			continue;
		return decode_form(p + n + 1, len - n - 1);
	}
	return NULL;
}

/* NULL is a value like any. */
static bool
is(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : str_eq(a, b);
}

/* --- who calls ------------------------------------------------------ */

/* "base", the name of a session that we gave out, or NULL. */
static char *
name_of(const char *access_key)
{
	char *name;

	if (str_eq(access_key, CREDPEER_KEY))
		return xstrdup("base");
	if (!str_starts(access_key, "ASIA"))
		return NULL;
	name = xstrdup(access_key + 4);
	str_lower(name);
	return name;
}

static bool
is_signed_well(
    struct credpeer_call *c, const char *name, struct sigv4_claim *claim)
{
	struct credpeer_keys k;
	struct sigv4_user user = {
	    .access_key = CREDPEER_KEY, .secret_key = CREDPEER_SECRET};
	struct sigv4_clients auth = {
	    .users = &user, .n = 1, .region = "us-east-1"};
	char hash[HASH_SHA256_HEX_SIZE];
	struct sigv4_received r = {.method = http_method(c->x),
	    .path = http_path(c->x),
	    .query = http_query(c->x),
	    .headers = http_headers(c->x),
	    .payload_hash = hash};

	if (!str_eq(name, "base")) {
		credpeer_issue(c, name, &k);
		user.access_key = k.access;
		user.secret_key = k.secret;
		user.session_token = k.token;
	}
	hash_sha256_hex(c->body.data, c->body.len, hash);
	return sigv4_admit(&auth, "sts", r.headers, clock_wall_ms(), claim) ==
	    SIGV4_OK &&
	    sigv4_verify(claim, &r) == SIGV4_OK;
}

/* The caller's; NULL where the request was refused. */
static char *
who_calls(struct credpeer_call *c)
{
	struct sigv4_claim claim;
	char *name = NULL;

	sigv4_claim_init(&claim);
	if (sigv4_claim_parse(http_headers(c->x), http_query(c->x), &claim) !=
	    SIGV4_OK) {
		refuse(c, 403, "MissingAuthenticationToken",
		    "Request is missing Authentication Token");
	} else if ((name = name_of(claim.access_key)) == NULL) {
		refuse(c, 403, "InvalidClientTokenId",
		    "The security token included in the request is invalid.");
	} else if (!is_signed_well(c, name, &claim)) {
		refuse(c, 403, "SignatureDoesNotMatch",
		    "The request signature we calculated does not match.");
		xfree(&name);
	}
	sigv4_claim_done(&claim);
	return name;
}

/* --- roles ---------------------------------------------------------- */

static void
reply_role(struct credpeer_call *c, const char *action, const char *role)
{
	struct credpeer_keys k;
	char *body;

	credpeer_issue(c, role, &k);
	body = xasprintf("<%sResponse " NAMESPACE ">\n<%sResult>\n"
			 "<AssumedRoleUser><Arn>arn:aws:sts::" CREDPEER_ACCOUNT
			 ":assumed-role/%s/s</Arn></AssumedRoleUser>\n"
			 "<Credentials><AccessKeyId>%s</AccessKeyId>"
			 "<SecretAccessKey>%s</SecretAccessKey>"
			 "<SessionToken>%s</SessionToken>"
			 "<Expiration>%s</Expiration></Credentials>\n"
			 "</%sResult>\n</%sResponse>\n",
	    action, action, role, k.access, k.secret, k.token, k.expiration,
	    action, action);
	credpeer_reply(c, 200, XML_TYPE, body);
	free(body);
}

/* May `caller` have it? */
static bool
trusts(struct credpeer_call *c, const char *role, const char *caller)
{
	const char *by = strstr(role, "-by-");
	char *id = form(c, "ExternalId");
	bool ok = str_eq(caller, by != NULL ? by + 4 : "base") &&
	    strstr(role, "denied") == NULL &&
	    is(id, strstr(role, "ext") != NULL ? CREDPEER_EXTERNAL_ID : NULL);

	free(id);
	return ok;
}

static void
assume_role(struct credpeer_call *c, const char *role)
{
	char *caller = who_calls(c), *message;

	if (caller == NULL)
		return;
	if (trusts(c, role, caller)) {
		reply_role(c, "AssumeRole", role);
	} else {
		message = xasprintf("User: %s is not authorized to perform: "
				    "sts:AssumeRole on resource: %s",
		    caller, role);
		refuse(c, 403, "AccessDenied", message);
		free(message);
	}
	free(caller);
}

static void
assume_with_token(struct credpeer_call *c, const char *role)
{
	char *token = form(c, "WebIdentityToken");
	char *text = xasprintf("token: %s", token != NULL ? token : "");

	if (headers_get(http_headers(c->x), "authorization") != NULL)
		refuse(c, 400, "InvalidAction", "this one is not signed");
	else if (str_eq(c->fault, "echotoken"))
		refuse(c, 400, "AccessDenied", text);
	else if (!is(token, c->p->web_token))
		refuse(c, 400, "ExpiredTokenException",
		    "Token expired: current date/time must be before it");
	else if (strstr(role, "denied") != NULL)
		refuse(c, 403, "AccessDenied",
		    "Not authorized to perform "
		    "sts:AssumeRoleWithWebIdentity");
	else
		reply_role(c, "AssumeRoleWithWebIdentity", role);
	free(token);
	free(text);
}

static void
identity(struct credpeer_call *c)
{
	char *caller = who_calls(c), *body;

	if (caller == NULL)
		return;
	body = xasprintf("<GetCallerIdentityResponse " NAMESPACE
			 "><GetCallerIdentityResult><Arn>arn:aws:iam::"
			 "" CREDPEER_ACCOUNT ":user/%s</Arn><UserId>AIDA"
			 "</UserId><Account>" CREDPEER_ACCOUNT "</Account>"
			 "</GetCallerIdentityResult>"
			 "</GetCallerIdentityResponse>",
	    caller);
	credpeer_reply(c, 200, XML_TYPE, body);
	free(body);
	free(caller);
}

void
credpeer_sts(struct credpeer_call *c)
{
	char *action = form(c, "Action"), *arn = form(c, "RoleArn");
	char *session = form(c, "RoleSessionName");
	const char *role = arn != NULL ? strrchr(arn, '/') : NULL;

	role = role != NULL ? role + 1 : "";
	if (*c->fault >= 'A' && *c->fault <= 'Z')
		refuse(c, 400, c->fault, "as it was told");
	else if (is(action, "GetCallerIdentity"))
		identity(c);
	else if (*role == '\0' || session == NULL)
		refuse(c, 400, "ValidationError", "no role or no session");
	else if (is(action, "AssumeRole"))
		assume_role(c, role);
	else if (is(action, "AssumeRoleWithWebIdentity"))
		assume_with_token(c, role);
	else
		refuse(c, 400, "InvalidAction", "no such action");
	free(action);
	free(arn);
	free(session);
}
