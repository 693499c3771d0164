/* SPDX-License-Identifier: Apache-2.0 */
/* One signed request, from headers to classified error. */
#include "aws/call.h"

#include <stdlib.h>
#include <string.h>

#include "aws/awserr.h"
#include "aws/retry.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

struct aws_client {
	struct loop *loop;
	struct http_client *http;
	bool anonymous;
	bool is_fixed;
	struct creds fixed; /* where is_fixed */
	struct creds_cache *creds; /* or NULL: fixed, or anonymous */
	struct retry_options retry;
};

struct aws_call {
	struct aws_client *client;
	struct aws_request request; /* with strings of our own */
	char payload_hash[HASH_SHA256_HEX_SIZE + 8];
	struct headers headers; /* of the caller */
	struct http_call *http;
	char *signed_by; /* the access key */
	bool refreshed;
	aws_done_fn *done;
	void *arg;
};

int
aws_client_new(const struct aws_client_options *options,
    struct aws_client **out, struct error *err)
{
	struct creds_cache_options co = {
	    .env = {.loop = options->loop, .http = options->http},
	    .profile = options->profile,
	};
	struct creds_cache *creds = NULL;
	struct retry_options retry;
	struct aws_client *c;

	if (retry_options_load(options->profile, &retry, err) == -1 ||
	    (options->fixed == NULL && !options->anonymous &&
		creds_cache_new(&co, &creds, err) == -1))
		return -1;
	c = xcalloc(1, sizeof(*c));
	c->loop = options->loop;
	c->http = options->http;
	c->retry = retry;
	c->creds = creds;
	c->anonymous = options->anonymous;
	c->is_fixed = !options->anonymous && options->fixed != NULL;
	if (c->is_fixed)
		creds_copy(options->fixed, &c->fixed);
	*out = c;
	return 0;
}

void
aws_client_free(struct aws_client *c)
{
	if (c == NULL)
		return;
	creds_cache_free(c->creds);
	if (c->is_fixed)
		creds_done(&c->fixed);
	sigv4_forget_keys();
	free(c);
}

int64_t
aws_client_skew_ms(const struct aws_client *c, const char *host)
{
	(void)c;
	(void)host;
	return 0;
}

struct loop *
aws_client_loop(const struct aws_client *c)
{
	return c->loop;
}

struct creds_cache *
aws_client_creds(struct aws_client *c)
{
	return c->creds;
}

/*
 * Is there something newer than the key that expired? Of several calls under
 * way the first one fetches it for all.
 */
static bool
refresh(struct aws_client *c, const char *expired)
{
	if (c->creds == NULL)
		return false;
	creds_cache_refused(c->creds, expired);
	return !str_eq(creds_cache_now(c->creds)->access_key, expired);
}

static char **
strings_of(struct aws_request *r, size_t i)
{
	/* The members that are copied and freed alike. */
	const char **members[] = {&r->what, &r->service, &r->region, &r->method,
	    &r->scheme, &r->host, &r->path, &r->query, &r->file_sha256};

	return i < ARRAY_LEN(members) ? (char **)(void *)members[i] : NULL;
}

static void
call_free(struct aws_call *call)
{
	char **s;
	size_t i;

	for (i = 0; (s = strings_of(&call->request, i)) != NULL; i++)
		free(*s);
	headers_done(&call->headers);
	free(call->signed_by);
	free(call);
}

static void
hash_payload(struct aws_call *call)
{
	const struct aws_request *r = &call->request;

	if (r->file_len == 0)
		hash_sha256_hex(r->body != NULL ? r->body : "", r->body_len,
		    call->payload_hash);
	else
		memcpy(call->payload_hash,
		    r->file_sha256 != NULL ? r->file_sha256
					   : SIGV4_UNSIGNED_PAYLOAD,
		    strlen(r->file_sha256 != NULL ? r->file_sha256
						  : SIGV4_UNSIGNED_PAYLOAD) +
			1);
}

static int send_call(struct aws_call *call, struct error *err);

static void
on_response(
    const struct http_response *resp, const struct error *http_err, void *arg)
{
	struct aws_call *call = arg;
	struct error err;

	call->http = NULL;
	if (resp != NULL && resp->status >= 200 && resp->status < 300) {
		call->done(resp, NULL, call->arg);
		call_free(call);
		return;
	}
	if (resp != NULL) {
		if (call->request.refused != NULL)
			call->request.refused(resp, call->request.refused_arg);
		awserr_from_response(call->request.what, resp, &err);
	} else {
		err = *http_err;
		err_prefix(&err, "%s at %s://%s", call->request.what,
		    call->request.scheme, call->request.host);
	}
	if (awserr_class(&err) == AWSERR_EXPIRED && !call->refreshed &&
	    refresh(call->client, call->signed_by)) {
		call->refreshed = true;
		if (send_call(call, &err) == 0)
			return;
	}
	call->done(NULL, &err, call->arg);
	call_free(call);
}

static int
sign(struct aws_call *call, struct headers *headers, struct error *err)
{
	const struct aws_request *r = &call->request;
	bool s3 = str_eq(r->service, "s3");
	struct sigv4_scope scope = {
	    .region = r->region,
	    .service = r->service,
	    .at = clock_wall_ms(),
	};
	struct sigv4_request sr = {
	    .method = r->method,
	    .path = r->path,
	    .query = r->query,
	    .payload_hash = call->payload_hash,
	    .path_as_is = s3,
	};
	struct aws_client *c = call->client;
	struct sigv4_credentials sc;
	size_t i;

	headers_add(headers, "Host", r->host);
	for (i = 0; i < call->headers.n; i++)
		headers_add(
		    headers, call->headers.v[i].name, call->headers.v[i].value);
	if (c->anonymous)
		return 0;
	sc = creds_for_signing(
	    c->is_fixed ? &c->fixed : creds_cache_now(c->creds));
	free(call->signed_by);
	call->signed_by = xstrdup(sc.access_key);
	/* S3 wants the hash as a header as well. */
	if (s3)
		headers_add(
		    headers, "x-amz-content-sha256", call->payload_hash);
	return sigv4_sign(&sc, &scope, &sr, headers, err);
}

static int
send_call(struct aws_call *call, struct error *err)
{
	const struct aws_request *r = &call->request;
	struct headers headers;
	struct http_request hr = {
	    .method = r->method,
	    .headers = &headers,
	    .body = r->body,
	    .body_len = r->body_len,
	    .body_fd = r->body_fd,
	    .file_len = r->file_len,
	    .body_max = r->body_max,
	    .sink = r->sink,
	    .sink_arg = r->sink_arg,
	    .head = r->head,
	    .head_arg = r->head_arg,
	    .timeout_ms = r->timeout_ms,
	    .once = r->once,
	};
	char *url;
	int rc;

	headers_init(&headers);
	rc = sign(call, &headers, err);
	if (rc == 0) {
		url = xasprintf("%s://%s%s%s%s", r->scheme, r->host, r->path,
		    *r->query != '\0' ? "?" : "", r->query);
		hr.url = url;
		rc = http_start(call->client->http, &hr, on_response, call,
		    &call->http, err);
		free(url);
	}
	headers_done(&headers);
	return rc;
}

int
aws_call(struct aws_client *c, const struct aws_request *r, aws_done_fn *done,
    void *arg, struct aws_call **out, struct error *err)
{
	struct aws_call *call = xcalloc(1, sizeof(*call));
	size_t i;
	char **s;

	call->client = c;
	call->request = *r;
	call->request.headers = NULL;
	if (call->request.query == NULL)
		call->request.query = "";
	for (i = 0; (s = strings_of(&call->request, i)) != NULL; i++)
		*s = xstrdup_or_null(*s);
	headers_init(&call->headers);
	for (i = 0; r->headers != NULL && i < r->headers->n; i++)
		headers_add(&call->headers, r->headers->v[i].name,
		    r->headers->v[i].value);
	call->done = done;
	call->arg = arg;
	hash_payload(call);
	if (send_call(call, err) == -1) {
		call_free(call);
		return -1;
	}
	*out = call;
	return 0;
}

void
aws_cancel(struct aws_call *call)
{
	if (call == NULL)
		return;
	http_cancel(call->http);
	call_free(call);
}
