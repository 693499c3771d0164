/* SPDX-License-Identifier: Apache-2.0 */
/* What there is to know of buckets without an object. */
#include "local/s3bucket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/s3answer.h"
#include "local/s3body.h"
#include "local/s3list.h"
#include "local/s3wait.h"
#include "local/xml.h"
#include "local/xmlread.h"

#define LIST_MAX ((size_t)32 * 1024 * 1024)
#define XMLNS "http://s3.amazonaws.com/doc/2006-03-01/"
/* Where a bucket needs no location, and may be made again. */
#define FIRST_REGION "us-east-1"

/* --- CreateBucket --------------------------------------------------- */

static int
take_location(const char *path, const char *text, void *arg, struct error *err)
{
	char **location = arg;

	(void)err;
	if (!str_eq(path, "/CreateBucketConfiguration/LocationConstraint"))
		return 0;
	free(*location);
	*location = xstrdup(text);
	return 0;
}

static void
refuse_location(struct call *c, const char *location)
{
	char *text = xasprintf("The %s location constraint is incompatible for "
			       "the region specific endpoint this request was "
			       "sent to.",
	    location != NULL ? location : "unspecified");

	s3answer_text(c, "IllegalLocationConstraintException", text);
	free(text);
}

static void
create(struct s3 *s, struct call *c, const char *bucket)
{
	struct s3wait *w = s3wait_new(c, 200);
	struct error err;

	w->location = xasprintf("/%s", bucket);
	if (db_bucket_add(s->db, bucket, &err) == -1)
		s3wait_committed(&err, w);
	else
		db_on_commit(s->db, s3wait_committed, w);
}

/* Takes the call. */
static void
create_there(
    struct s3 *s, struct call *c, const char *bucket, const char *location)
{
	bool first = str_eq(s->auth->region, FIRST_REGION);
	struct s3answer_error owned = {
	    .code = "BucketAlreadyOwnedByYou",
	    .detail = {"BucketName", bucket},
	};
	struct error err;
	int rc;

	if (location == NULL ? !first : !str_eq(location, s->auth->region)) {
		refuse_location(c, location);
		return;
	}
	rc = db_bucket_has(s->db, bucket, &err);
	if (rc == -1)
		s3answer_internal(c, &err);
	else if (rc == 1 && !first)
		s3answer_error(c, &owned);
	else
		create(s, c, bucket);
}

static void
on_configuration(
    struct s3 *s, struct call *c, const char *bucket, const struct buf *text)
{
	char *location = NULL;
	struct error err;

	if (text->len > 0 &&
	    xmlread(text->data, text->len, take_location, &location, &err) ==
		-1)
		s3answer_code(c, "MalformedXML");
	else
		create_there(s, c, bucket, location);
	free(location);
}

void
s3bucket_create(struct s3 *s, struct call *c, const struct s3target *t)
{
	s3body_take(s, c, t, false, on_configuration);
}

/* --- ListBuckets ---------------------------------------------------- */

#define BUCKETS_MAX 10000

struct names {
	const char *prefix;
	const char *after; /* NULL: from the first */
	int64_t max;
	int64_t n;
	struct buf out;
	char *last;
	bool truncated;
};

static int
show_bucket(const char *name, void *arg, struct error *err)
{
	struct names *w = arg;

	(void)err;
	if (!str_starts(name, w->prefix) ||
	    (w->after != NULL && strcmp(name, w->after) <= 0))
		return 0;
	if (w->n == w->max) {
		w->truncated = true;
		return 0;
	}
	w->n++;
	xml_open(&w->out, "Bucket", NULL);
	xml_text(&w->out, "Name", name);
	/* The index does not keep when, and clients want one. */
	xml_text(&w->out, "CreationDate", "1970-01-01T00:00:00.000Z");
	xml_close(&w->out, "Bucket");
	free(w->last);
	w->last = xstrdup(name);
	return 0;
}

static int
parse_names(const struct s3target *t, struct names *w, struct buf *after,
    struct error *err)
{
	const char *max = s3target_param(t, "max-buckets");
	const char *token = s3target_param(t, "continuation-token");
	const char *prefix = s3target_param(t, "prefix");

	w->prefix = prefix != NULL ? prefix : "";
	w->max = BUCKETS_MAX;
	if (max != NULL && str_to_i64(max, 1, BUCKETS_MAX, &w->max) == -1)
		return s3answer_bad(err, "InvalidArgument",
		    "Argument max-buckets must be an integer between 1 and "
		    "10000");
	if (token == NULL)
		return 0;
	if (decode_base64(after, token, strlen(token)) == -1 ||
	    after->len == 0 || strlen(after->data) != after->len)
		return s3answer_bad(err, "InvalidArgument",
		    "The continuation token provided is incorrect");
	w->after = after->data;
	return 0;
}

static void
put_names(const struct s3target *t, const struct names *w, struct buf *out)
{
	struct buf token;

	xml_start(out);
	xml_open(out, "ListAllMyBucketsResult", XMLNS);
	xml_open(out, "Owner", NULL);
	xml_text(out, "ID", "awaitd-local");
	xml_close(out, "Owner");
	xml_open(out, "Buckets", NULL);
	buf_append(out, w->out.data, w->out.len);
	xml_close(out, "Buckets");
	if (w->truncated) {
		buf_init(&token, 256);
		encode_base64(&token, w->last, strlen(w->last));
		xml_text(out, "ContinuationToken", token.data);
		buf_done(&token);
	}
	if (s3target_param(t, "prefix") != NULL)
		xml_text(out, "Prefix", w->prefix);
	xml_close(out, "ListAllMyBucketsResult");
}

static void
list_names(struct s3 *s, struct call *c, const struct s3target *t,
    struct names *w, struct error *err)
{
	struct buf page;

	if (db_bucket_each(s->db, show_bucket, w, err) == -1) {
		s3answer_internal(c, err);
		return;
	}
	buf_init(&page, LIST_MAX);
	put_names(t, w, &page);
	s3answer_xml(c, 200, &page);
	buf_done(&page);
}

void
s3bucket_list(struct s3 *s, struct call *c, const struct s3target *t)
{
	struct names w = {0};
	struct error err = {0};
	struct buf after;

	if (!c->claim.user->list) {
		s3answer_code(c, "AccessDenied");
		return;
	}
	buf_init(&w.out, LIST_MAX / 2);
	buf_init(&after, 256);
	if (parse_names(t, &w, &after, &err) == -1)
		s3answer_text(c, err.remote_code, err.text);
	else
		list_names(s, c, t, &w, &err);
	buf_done(&after);
	buf_done(&w.out);
	free(w.last);
}

/* --- one bucket ----------------------------------------------------- */

void
s3bucket_head(struct s3 *s, struct call *c)
{
	struct headers h;

	s3answer_headers(c, &h);
	headers_add(&h, "x-amz-bucket-region", s->auth->region);
	call_reply_head(c, 200, &h, 0);
	headers_done(&h);
}

void
s3bucket_location(struct s3 *s, struct call *c)
{
	const char *region = s->auth->region;
	struct buf b;

	buf_init(&b, 1024);
	xml_start(&b);
	xml_open(&b, "LocationConstraint", XMLNS);
	/* The first region has no name here. */
	if (!str_eq(region, FIRST_REGION))
		xml_escape(&b, region);
	xml_close(&b, "LocationConstraint");
	s3answer_xml(c, 200, &b);
	buf_done(&b);
}

struct list_arg {
	struct db *db;
	const char *bucket;
};

static int
list_seek(void *arg, const char *from, size_t len, struct error *err)
{
	const struct list_arg *a = arg;

	return db_list_seek(a->db, a->bucket, from, len, err);
}

static int
list_next(void *arg, struct db_entry *out, struct error *err)
{
	const struct list_arg *a = arg;

	return db_list_next(a->db, out, err);
}

void
s3bucket_objects(struct s3 *s, struct call *c, const struct s3target *t)
{
	struct list_arg arg = {s->db, t->bucket};
	struct s3list_source source = {list_seek, list_next, &arg};
	struct error err = {0};
	struct s3list list;
	struct buf page;

	buf_init(&page, LIST_MAX);
	if (s3list_parse(t, &list, &err) == -1 ||
	    s3list_write(&list, &source, &page, &err) == -1) {
		if (err.remote_code[0] != '\0')
			s3answer_text(c, err.remote_code, err.text);
		else
			s3answer_internal(c, &err);
	} else {
		s3answer_xml(c, 200, &page);
	}
	db_list_end(s->db);
	buf_done(&page);
}
