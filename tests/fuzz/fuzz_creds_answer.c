/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What those say whom credentials are got from, by the first byte: an answer of
 * STS, of a container or IMDS, an error of theirs, a login of SSO. No crash, no
 * leak, and what is taken can be signed with.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws/creds_source.h"
#include "aws/creds_sso_cache.h"
#include "aws/queryxml.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* It becomes part of headers. */
static void
check_creds(struct creds *c)
{
	if (str_empty(c->access_key) || str_empty(c->secret_key) ||
	    !header_value_ok(c->access_key) ||
	    (c->session_token != NULL && !header_value_ok(c->session_token)) ||
	    (c->expires_at == 0) != (c->expires_mono == INT64_MAX))
		abort();
	creds_done(c);
}

static void
try_xml(const char *data, size_t len)
{
	struct queryxml_field f[] = {
	    {.path = "AssumeRoleResult/Credentials/AccessKeyId"},
	    {.path = "AssumeRoleResult/Credentials/SessionToken"},
	    {.path = "AssumeRoleResult"},
	};
	struct error err;

	if (queryxml_read(
		data, len, "AssumeRoleResponse", f, ARRAY_LEN(f), &err) == 0)
		queryxml_done(f, ARRAY_LEN(f));
	else if (err.code != ERR_PROTOCOL || f[0].value != NULL)
		abort();
}

static void
try_json(const char *data, size_t len)
{
	struct http_response r = {.status = 200};
	struct creds creds;
	struct error err;

	buf_init(&r.body, len + 1);
	buf_append(&r.body, data, len);
	if (creds_take_json("fuzz", &r, &creds, &err) == 0)
		check_creds(&creds);
	else if (err.code != ERR_PROTOCOL)
		abort();
	buf_done(&r.body);
}

static void
try_refusal(const char *data, size_t len)
{
	struct http_response r = {.status = 400};
	char *secret = xstrndup(data, len < 12 ? len : 12);
	struct error err;

	buf_init(&r.body, len + 1);
	buf_append(&r.body, data, len);
	creds_refusal("fuzz", &r, &err);
	if (str_has_control(err.text))
		abort();
	creds_redact(&err, secret);
	free(secret);
	buf_done(&r.body);
}

static void
try_login(const char *data, size_t len)
{
	struct sso_token t;
	struct error err;

	if (sso_cache_parse(data, len, &t, &err) == -1) {
		if (err.code != ERR_CONFIG)
			abort();
		return;
	}
	if (!header_value_ok(t.access_token))
		abort();
	sso_token_renewable(&t, 0);
	sso_token_done(&t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(const char *data, size_t len) = {
	    try_xml, try_json, try_refusal, try_login};

	if (size > 0)
		tries[data[0] % ARRAY_LEN(tries)](
		    (const char *)data + 1, size - 1);
	return 0;
}
