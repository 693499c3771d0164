/* SPDX-License-Identifier: Apache-2.0 */
/* What all verbs have in common: an address, an answer, another region. */
#include "aws/s3.h"

#include <stdlib.h>
#include <string.h>

#include "aws/awserr.h"
#include "aws/s3_inner.h"
#include "aws/s3uri.h"
#include "aws/s3xml.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

struct s3 *
s3_new(const struct s3_options *options)
{
	struct s3 *s3 = xcalloc(1, sizeof(*s3));

	s3->client = options->client;
	s3->endpoint = options->endpoint;
	s3->sums = options->sums;
	s3->regions = s3_regions_new();
	return s3;
}

void
s3_free(struct s3 *s3)
{
	if (s3 == NULL)
		return;
	s3_regions_free(s3->regions);
	free(s3);
}

/* --- the call ------------------------------------------------------- */

struct s3_call *
s3_call_new(struct s3 *s3, const struct s3_ref *ref, unsigned flags,
    s3_answered_fn *answered, struct error *err)
{
	bool of_bucket = (flags & S3_CALL_BUCKET) != 0;
	struct s3_call *call;
	char *bucket, *key;

	if (s3_uri_parse(ref->uri, of_bucket ? S3_URI_PREFIX : 0, &bucket, &key,
		err) == -1)
		return NULL;
	call = xcalloc(1, sizeof(*call));
	call->s3 = s3;
	call->bucket = bucket;
	call->key = of_bucket ? xstrdup("") : key;
	call->prefix = of_bucket ? key : NULL;
	call->answered = answered;
	headers_init(&call->headers);
	if (!str_empty(ref->owner))
		headers_add(
		    &call->headers, "x-amz-expected-bucket-owner", ref->owner);
	return call;
}

void
s3_call_free(struct s3_call *call)
{
	s3file_cancel(call->file);
	hash_free(call->hash);
	if (call->own_sum)
		s3sum_free(call->sum);
	headers_done(&call->headers);
	free(call->bucket);
	free(call->key);
	free(call->prefix);
	free(call->query);
	free(call->if_match);
	free(call->etag);
	endpoint_done(&call->there);
	free(call);
}

static enum s3_kind
kind_of(const struct s3_call *call)
{
	const char *method = call->request.method;

	if (str_eq(method, "HEAD"))
		return S3_KIND_HEAD;
	if (!str_eq(method, "GET"))
		return S3_KIND_WRITE;
	return call->prefix != NULL ? S3_KIND_LIST : S3_KIND_GET;
}

static void
on_sending(void *arg)
{
	struct s3_call *call = arg;
	const struct s3_watch *w = &call->s3->watch;

	if (w->sent != NULL)
		w->sent(call->bucket, kind_of(call), w->arg);
}

void
s3_watch(struct s3 *s3, const struct s3_watch *watch)
{
	static const struct s3_watch none;

	s3->watch = watch != NULL ? *watch : none;
}

/* "SlowDown" and "ServiceUnavailable"; a HEAD has the status alone.
 * Source: "Error responses", S3 API reference. */
static void
note_slow_down(const struct s3_call *call, int status)
{
	const struct s3_watch *w = &call->s3->watch;

	if ((status == 503 || status == 429) && w->slow_down != NULL)
		w->slow_down(call->bucket, w->arg);
}

static void
on_refusal(const struct http_response *r, void *arg)
{
	struct s3_call *call = arg;

	note_slow_down(call, r->status);
	call->region_status = r->status;
	if (!s3_region_of(r, call->region, sizeof(call->region)))
		call->region[0] = '\0';
}

static void
copy_cut(char *to, size_t size, const char *from)
{
	size_t len = strnlen(from, size - 1);

	memcpy(to, from, len);
	to[len] = '\0';
}

static void on_answer(
    const struct http_response *r, const struct error *err, void *arg);

static int
send_to(struct s3_call *call, const struct aws_endpoint *e, struct error *err)
{
	struct aws_request *r = &call->request;
	char *host, *path;
	int rc;

	if (endpoint_s3_target(e, call->bucket, call->key, &host, &path, err) ==
	    -1)
		return -1;
	call->region[0] = '\0';
	copy_cut(call->asked, sizeof(call->asked), e->region);
	r->service = "s3";
	r->region = e->region;
	r->scheme = e->scheme;
	r->host = host;
	r->path = path;
	r->query = call->query;
	r->headers = &call->headers;
	r->refused = on_refusal;
	r->sending = on_sending;
	r->refused_arg = call;
	rc = aws_call(call->s3->client, r, on_answer, call, &call->call, err);
	free(host);
	free(path);
	return rc;
}

int
s3_call_send(struct s3_call *call, struct error *err)
{
	const struct s3 *s3 = call->s3;
	const struct aws_endpoint *e =
	    s3_regions_find(s3->regions, call->bucket, s3->endpoint);

	if (send_to(call, e, err) == 0)
		return 0;
	return err_prefix(err, "s3://%s/%s", call->bucket, call->key);
}

int
s3_call_launch(struct s3_call *call, struct s3_call **out, struct error *err)
{
	if (s3_call_send(call, err) == -1) {
		s3_call_free(call);
		return -1;
	}
	*out = call;
	return 0;
}

/* --- answers -------------------------------------------------------- */

/*
 * Once more, to where the bucket is said to be. The name of a host is never
 * taken from an answer. A 307 is for the while that names take to get around,
 * so it is not remembered.
 */
static int
send_elsewhere(struct s3_call *call, struct error *err)
{
	endpoint_done(&call->there);
	if (endpoint_in_region(
		call->s3->endpoint, call->region, &call->there, err) == -1)
		return -1;
	call->redirected = true;
	call->passing = call->region_status == 307;
	return send_to(call, &call->there, err);
}

/* Compared with what this call asked: another one may have learned the place
 * while it was under way. */
static bool
is_elsewhere(const struct s3_call *call)
{
	return call->region[0] != '\0' && !call->redirected &&
	    !str_eq(call->region, call->asked);
}

/* A place is believed once it answers and sends nobody on: a region that is
 * not there would else be asked for ever. */
static void
note_place(struct s3_call *call, const struct error *err)
{
	bool answered =
	    err == NULL || (err->http_status != 0 && call->region[0] == '\0');

	if (call->there.host == NULL)
		return;
	if (answered && !call->passing) {
		s3_regions_learn(call->s3->regions, call->bucket, &call->there);
		memset(&call->there, 0, sizeof(call->there));
	} else {
		endpoint_done(&call->there);
	}
}

/* S3 may find out that it cannot once it has said 200. */
static bool
is_error_after_all(const struct http_response *r, struct http_response *as)
{
	struct s3xml_error e;
	struct error ignored;

	if (s3xml_parse_error(r->body.data, r->body.len, &e, &ignored) == -1)
		return false;
	*as = *r;
	as->status = 500;
	return true;
}

static void
on_answer(const struct http_response *r, const struct error *err, void *arg)
{
	struct s3_call *call = arg;
	struct http_response as;
	struct error e;

	call->call = NULL;
	note_place(call, err);
	if (r != NULL && is_error_after_all(r, &as)) {
		awserr_from_response(call->request.what, &as, &e);
		err = &e;
	} else if (err != NULL && is_elsewhere(call)) {
		if (send_elsewhere(call, &e) == 0)
			return;
		err = &e;
	}
	if (call->answered(call, err == NULL ? r : NULL, err))
		s3_call_free(call);
}

void
s3_call_object(const struct s3_call *call, const struct http_response *r,
    struct s3_object *o)
{
	o->etag = headers_get(&r->headers, "etag");
	if (o->etag == NULL)
		o->etag = "";
	o->content_type = headers_get(&r->headers, "content-type");
	if (o->content_type == NULL)
		o->content_type = "";
	o->size = call->offset + http_response_length(r) + call->behind;
	o->modified_at = http_response_date(r, "last-modified");
	o->server_at = http_response_date(r, "date");
}

void
s3_call_done(struct s3_call *call, const struct http_response *r,
    const struct error *err)
{
	struct s3_object o;

	if (err != NULL) {
		call->done(NULL, err, call->arg);
		return;
	}
	s3_call_object(call, r, &o);
	call->done(&o, NULL, call->arg);
}

void
s3_pause(struct s3_call *call, bool paused)
{
	if (call->call != NULL)
		aws_pause(call->call, paused);
}

void
s3_cancel(struct s3_call *call)
{
	if (call == NULL)
		return;
	aws_cancel(call->call);
	s3_call_free(call);
}
