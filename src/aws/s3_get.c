/* SPDX-License-Identifier: Apache-2.0 */
/* HEAD, GET and DELETE. */
#include <stdio.h>
#include <string.h>

#include "aws/s3_inner.h"
#include "base/mem.h"
#include "base/str.h"

static bool
on_short(struct s3_call *call, const struct http_response *r,
    const struct error *err)
{
	s3_call_done(call, r, err);
	return true;
}

static int
ask_shortly(struct s3 *s3, const struct s3_ref *ref,
    const struct aws_request *r, s3_done_fn *done, void *arg,
    struct s3_call **out, struct error *err)
{
	struct s3_call *call = s3_call_new(s3, ref, 0, on_short, err);

	if (call == NULL)
		return -1;
	call->request = *r;
	call->request.timeout_ms = S3_SHORT_TIMEOUT_MS;
	call->done = done;
	call->arg = arg;
	return s3_call_launch(call, out, err);
}

int
s3_head(struct s3 *s3, const struct s3_ref *ref, s3_done_fn *done, void *arg,
    struct s3_call **out, struct error *err)
{
	const struct aws_request r = {
	    .what = "HeadObject",
	    .method = "HEAD",
	    .terse = true,
	};

	return ask_shortly(s3, ref, &r, done, arg, out, err);
}

int
s3_delete(struct s3 *s3, const struct s3_ref *ref, s3_done_fn *done, void *arg,
    struct s3_call **out, struct error *err)
{
	const struct aws_request r = {
	    .what = "DeleteObject",
	    .method = "DELETE",
	};

	return ask_shortly(s3, ref, &r, done, arg, out, err);
}

/* --- GET ------------------------------------------------------------ */

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

static bool
is_part(const struct s3_call *call)
{
	return call->offset > 0 || call->end > 0;
}

/* "bytes 100-199/200": from where we asked on, and to where. */
static bool
take_range(struct s3_call *call, const struct http_response *r)
{
	const char *range = headers_get(&r->headers, "content-range");
	int64_t length = http_response_length(r), end, size;
	char want[80];

	if (!is_part(call))
		return r->status == 200;
	if (length > INT64_MAX - call->offset)
		return false;
	end = call->offset + length;
	snprintf(want, sizeof(want), "bytes %lld-%lld/",
	    (long long)call->offset, (long long)end - 1);
	if (r->status != 206 || range == NULL || !str_starts(range, want) ||
	    str_to_i64(range + strlen(want), end, INT64_MAX, &size) == -1)
		return false;
	call->behind = size - end;
	return end == (call->end > 0 ? call->end : size);
}

/* What S3 promises of If-Match and Range, something between may break. */
static int
check_version(const struct s3_call *call, const struct http_response *r,
    struct error *err)
{
	const char *etag = headers_get(&r->headers, "etag");

	if (etag == NULL)
		etag = "";
	/* A whole object without an ETag is what If-Match let through. */
	if (str_empty(call->if_match) || str_eq(etag, call->if_match) ||
	    (*etag == '\0' && !is_part(call)))
		return 0;
	err_set(err, ERR_PROTOCOL,
	    "GetObject: asked for version %s, and %s came", call->if_match,
	    etag);
	/* What S3 would have said. */
	snprintf(
	    err->remote_code, sizeof(err->remote_code), "PreconditionFailed");
	return -1;
}

static int
take_head(const struct http_response *r, void *arg, struct error *err)
{
	struct s3_call *call = arg;
	struct s3_object o;

	call->head_seen = true;
	/* Nor is it known what is missing, once it broke off. */
	if (http_response_length(r) == -1)
		return err_set(err, ERR_PROTOCOL,
		    "GetObject: the answer does not say how long it is");
	if (!take_range(call, r))
		return err_set(err, ERR_PROTOCOL,
		    "GetObject: asked for the bytes from %lld on, and others "
		    "came (HTTP %d)",
		    (long long)call->offset, r->status);
	if (check_version(call, r, err) == -1)
		return -1;
	if (call->sum != NULL && call->offset == 0)
		s3sum_begin(call->sum, &r->headers);
	if (call->head == NULL)
		return 0;
	s3_call_object(call, r, &o);
	return call->head(&o, call->sink_arg, err);
}

/* What the caller took is what is summed up, so that both can go on from there
 * together. */
static int
take_piece(const void *data, size_t len, void *arg, struct error *err)
{
	struct s3_call *call = arg;

	if (call->sink(data, len, call->sink_arg, err) == -1)
		return -1;
	if (call->sum != NULL)
		s3sum_update(call->sum, data, len);
	return 0;
}

static int
check_whole(
    struct s3_call *call, const struct http_response *r, struct error *err)
{
	if (check_length(r, err) == -1)
		return -1;
	/* Nobody asked before an empty body. */
	if (!call->head_seen && take_head(r, call, err) == -1)
		return -1;
	if (call->sum == NULL)
		return 0;
	return s3sum_check(call->sum, err);
}

static bool
on_got(struct s3_call *call, const struct http_response *r,
    const struct error *err)
{
	struct error bad;

	if (r != NULL && check_whole(call, r, &bad) == -1)
		err = &bad;
	s3_call_done(call, r, err);
	return true;
}

static void
add_headers(struct s3_call *call, const struct s3_get *get)
{
	struct headers *h = &call->headers;

	/* A weak one never matches: RFC 9110, 13.1.1. */
	if (!str_empty(get->if_match) && !str_starts(get->if_match, "W/"))
		headers_add(h, "If-Match", get->if_match);
	if (get->end > 0)
		headers_addf(h, "Range", "bytes=%lld-%lld",
		    (long long)get->offset, (long long)get->end - 1);
	else if (get->offset > 0)
		headers_addf(h, "Range", "bytes=%lld-", (long long)get->offset);
	else if (call->sum != NULL)
		headers_add(h, "x-amz-checksum-mode", "ENABLED");
}

int
s3_get(struct s3 *s3, const struct s3_get *get, s3_done_fn *done, void *arg,
    struct s3_call **out, struct error *err)
{
	struct s3_call *call = s3_call_new(s3, &get->ref, 0, on_got, err);

	if (call == NULL)
		return -1;
	call->offset = get->offset;
	call->end = get->end;
	call->if_match = xstrdup_or_null(get->if_match);
	call->head = get->head;
	call->sink = get->sink;
	call->sink_arg = get->sink_arg;
	if (s3->sums.verify) {
		call->sum = get->sum;
		call->own_sum = get->sum == NULL && !is_part(call);
		if (call->own_sum)
			call->sum = s3sum_new();
	}
	add_headers(call, get);
	call->request = (struct aws_request){
	    .what = "GetObject",
	    .method = "GET",
	    .sink = take_piece,
	    .sink_arg = call,
	    .head = take_head,
	    .head_arg = call,
	};
	call->done = done;
	call->arg = arg;
	return s3_call_launch(call, out, err);
}
