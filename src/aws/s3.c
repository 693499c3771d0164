/* SPDX-License-Identifier: Apache-2.0 */
/* HEAD, GET and PUT of objects. */
#include "aws/s3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/s3uri.h"
#include "base/mem.h"
#include "base/str.h"

#define HEAD_TIMEOUT_MS 30000

struct s3 {
	struct aws_client *client;
	const struct aws_endpoint *endpoint;
};

struct s3_call {
	struct aws_call *call;
	int64_t offset;
	const char *if_match; /* of a GET, or NULL; our own */
	bool want_body;
	s3_done_fn *done;
	void *arg;
};

struct s3 *
s3_new(const struct s3_options *options)
{
	struct s3 *s3 = xcalloc(1, sizeof(*s3));

	s3->client = options->client;
	s3->endpoint = options->endpoint;
	return s3;
}

void
s3_free(struct s3 *s3)
{
	free(s3);
}

static const char *
or_empty(const char *s)
{
	return s != NULL ? s : "";
}

/* A body without a length could have been cut off without a sign of it. */
static int
check_length(const struct http_response *r, struct error *err)
{
	int64_t announced = http_response_length(r);

	if (announced == -1 || announced != r->body_bytes) {
		err_set(err, ERR_NET, "GetObject: %lld of %lld bytes came",
		    (long long)r->body_bytes, (long long)announced);
		err->retryable = true;
		return -1;
	}
	return 0;
}

/* "bytes 100-199/200" begins where we asked it to. */
static bool
begins_at(const struct http_response *r, int64_t offset)
{
	const char *range = headers_get(&r->headers, "content-range");
	char want[40];

	if (offset == 0)
		return r->status == 200;
	snprintf(want, sizeof(want), "bytes %lld-", (long long)offset);
	return r->status == 206 && range != NULL && str_starts(range, want);
}

/* What S3 promises of If-Match and Range, something between may break. */
static int
check_head(const struct http_response *r, void *arg, struct error *err)
{
	const struct s3_call *call = arg;
	const char *etag = or_empty(headers_get(&r->headers, "etag"));

	if (!begins_at(r, call->offset))
		return err_set(err, ERR_PROTOCOL,
		    "GetObject: asked for the bytes from %lld on, and others "
		    "came (HTTP %d)",
		    (long long)call->offset, r->status);
	/* A whole object without an ETag is what If-Match let through. */
	if (!str_empty(call->if_match) && !str_eq(etag, call->if_match) &&
	    (*etag != '\0' || call->offset > 0)) {
		err_set(err, ERR_PROTOCOL,
		    "GetObject: asked for version %s, and %s came",
		    call->if_match, etag);
		/* What S3 would have said. */
		snprintf(err->remote_code, sizeof(err->remote_code),
		    "PreconditionFailed");
		return -1;
	}
	return 0;
}

static void
call_free(struct s3_call *call)
{
	free((char *)(uintptr_t)call->if_match);
	free(call);
}

static void
on_answer(const struct http_response *r, const struct error *err, void *arg)
{
	struct s3_call *call = arg;
	struct s3_object object;
	struct error bad;

	if (r != NULL && call->want_body && check_length(r, &bad) == -1)
		err = &bad;
	if (err != NULL) {
		call->done(NULL, err, call->arg);
		call_free(call);
		return;
	}
	object.etag = or_empty(headers_get(&r->headers, "etag"));
	object.content_type =
	    or_empty(headers_get(&r->headers, "content-type"));
	object.size = http_response_length(r) + call->offset;
	object.modified_at = http_response_date(r, "last-modified");
	object.server_at = http_response_date(r, "date");
	call->done(&object, NULL, call->arg);
	call_free(call);
}

/* Address the object and send; what the three verbs have in common. */
static int
start(struct s3 *s3, const char *uri, struct aws_request *r,
    struct s3_call *call, struct error *err)
{
	char *bucket, *key, *host, *path;
	int rc;

	if (s3_uri_parse(uri, 0, &bucket, &key, err) == -1)
		return -1;
	rc = endpoint_s3_target(s3->endpoint, bucket, key, &host, &path, err);
	if (rc == 0) {
		r->service = "s3";
		r->region = s3->endpoint->region;
		r->scheme = s3->endpoint->scheme;
		r->host = host;
		r->path = path;
		rc = aws_call(s3->client, r, on_answer, call, &call->call, err);
		free(host);
		free(path);
	}
	free(bucket);
	free(key);
	return rc == 0 ? 0 : err_prefix(err, "%s", uri);
}

static int
launch(struct s3 *s3, const char *uri, struct aws_request *r,
    struct s3_call init, struct s3_call **out, struct error *err)
{
	struct s3_call *call = xmemdup(&init, sizeof(init));

	call->if_match = xstrdup_or_null(init.if_match);
	if (call->want_body) {
		r->head = check_head;
		r->head_arg = call;
	}
	if (start(s3, uri, r, call, err) == -1) {
		call_free(call);
		return -1;
	}
	*out = call;
	return 0;
}

int
s3_head(struct s3 *s3, const struct s3_ref *ref, s3_done_fn *done, void *arg,
    struct s3_call **out, struct error *err)
{
	struct aws_request r = {
	    .what = "HeadObject",
	    .method = "HEAD",
	    .timeout_ms = HEAD_TIMEOUT_MS,
	};
	struct s3_call init = {.done = done, .arg = arg};

	return launch(s3, ref->uri, &r, init, out, err);
}

int
s3_get(struct s3 *s3, const struct s3_get *get, s3_done_fn *done, void *arg,
    struct s3_call **out, struct error *err)
{
	struct headers headers;
	struct aws_request r = {
	    .what = "GetObject",
	    .method = "GET",
	    .headers = &headers,
	    .sink = get->sink,
	    .sink_arg = get->sink_arg,
	};
	struct s3_call init = {
	    .offset = get->offset,
	    .if_match = get->if_match,
	    .want_body = true,
	    .done = done,
	    .arg = arg,
	};
	int rc;

	headers_init(&headers);
	if (!str_empty(get->if_match))
		headers_add(&headers, "If-Match", get->if_match);
	if (get->offset > 0)
		headers_addf(
		    &headers, "Range", "bytes=%lld-", (long long)get->offset);
	rc = launch(s3, get->ref.uri, &r, init, out, err);
	headers_done(&headers);
	return rc;
}

int
s3_put(struct s3 *s3, const struct s3_put *put, s3_done_fn *done, void *arg,
    struct s3_call **out, struct error *err)
{
	struct headers headers;
	struct aws_request r = {
	    .what = "PutObject",
	    .method = "PUT",
	    .headers = &headers,
	    .body_fd = put->fd,
	    .file_len = put->len,
	    .file_sha256 = put->sha256,
	};
	struct s3_call init = {.done = done, .arg = arg};
	int rc;

	headers_init(&headers);
	if (!str_empty(put->content_type))
		headers_add(&headers, "Content-Type", put->content_type);
	rc = launch(s3, put->ref.uri, &r, init, out, err);
	headers_done(&headers);
	return rc;
}

void
s3_cancel(struct s3_call *call)
{
	if (call == NULL)
		return;
	aws_cancel(call->call);
	call_free(call);
}
