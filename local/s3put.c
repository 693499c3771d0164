/* SPDX-License-Identifier: Apache-2.0 */
/* One upload, from its headers to the reply. */
#include "local/s3put.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/chunked.h"
#include "local/s3answer.h"
#include "local/s3cond.h"
#include "local/s3digest.h"

#define METADATA_MAX 2048
#define HEADERS_MAX (32 * 1024)
/* Framing of aws-chunked may add a quarter, and so much to the smallest. */
#define FRAMING_MAX (64 * 1024)

struct s3put {
	struct s3 *s3;
	struct call *call; /* NULL: the client has left */
	char *bucket;
	char *key;
	char *headers; /* to keep, "Name: value\n"... */
	struct objects_draft draft;
	bool if_absent;
	char *if_etag; /* or NULL */
	bool may_list; /* may know that a key is missing */
	int64_t length; /* of the object, as announced */
	int64_t received;
	struct s3digest digest;
	struct chunked *chunked; /* NULL: the body is the object */
};

static void
put_free(struct s3put *p)
{
	objects_discard(p->s3->objects, &p->draft);
	s3digest_done(&p->digest);
	chunked_free(p->chunked);
	free(p->if_etag);
	free(p->bucket);
	free(p->key);
	free(p->headers);
	free(p);
}

/* Answer with an error of S3's, and end. */
static void
refuse(struct s3put *p, const char *code, const char *message)
{
	if (p->call != NULL) {
		call_on_gone(p->call, NULL, NULL);
		s3answer_text(p->call, code, message);
	}
	put_free(p);
}

static void
refuse_error(struct s3put *p, const struct error *err)
{
	if (err->remote_code[0] != '\0') {
		refuse(p, err->remote_code, err->text);
		return;
	}
	log_begin(LOG_ERROR, "s3");
	log_str("msg", "an upload failed");
	log_err(err);
	log_end();
	refuse(p, "InternalError", NULL);
}

static void
on_gone(void *arg)
{
	put_free(arg);
}

/* After the body: the object is made even if nobody waits for the answer. */
static void
on_gone_late(void *arg)
{
	struct s3put *p = arg;

	p->call = NULL;
}

/* --- what the headers say ------------------------------------------- */

static int
bad(struct error *err, const char *code, const char *text)
{
	err_set(err, ERR_PROTOCOL, "%s", text);
	snprintf(err->remote_code, sizeof(err->remote_code), "%s", code);
	return -1;
}

/* What would change the object, and is not done here, is not passed over. */
static int
check_implied(const struct headers *h, struct error *err)
{
	static const char *const prefixes[] = {
	    "x-amz-copy-source",
	    "x-amz-server-side-encryption",
	    "x-amz-object-lock-",
	    "x-amz-tagging",
	    "x-amz-website-redirect-location",
	    "x-amz-write-offset-bytes",
	};
	size_t i, j;

	for (i = 0; i < h->n; i++) {
		for (j = 0; j < ARRAY_LEN(prefixes); j++) {
			if (strncasecmp(h->v[i].name, prefixes[j],
				strlen(prefixes[j])) == 0)
				return bad(err, "NotImplemented",
				    "A header you provided implies "
				    "functionality that is not implemented.");
		}
	}
	return 0;
}

static int
read_conditions(struct s3put *p, const struct headers *h, struct error *err)
{
	const char *none = headers_get(h, "if-none-match");
	const char *match = headers_get(h, "if-match");

	if (none != NULL && !str_eq(none, "*"))
		return bad(err, "NotImplemented",
		    "A header you provided implies functionality that is not "
		    "implemented: If-None-Match takes only *.");
	if (none != NULL && match != NULL)
		return bad(err, "NotImplemented",
		    "If-Match and If-None-Match exclude each other.");
	p->if_absent = none != NULL;
	p->if_etag = match != NULL ? s3cond_bare(match) : NULL;
	return 0;
}

/* Buckets here have no ACLs, as new ones of S3 have none. */
static int
check_acl(const struct headers *h, struct error *err)
{
	const char *acl = headers_get(h, "x-amz-acl");
	size_t i;

	for (i = 0; i < h->n; i++) {
		if (strncasecmp(h->v[i].name, "x-amz-grant-", 12) == 0)
			acl = "granted";
	}
	if (acl == NULL || str_eq(acl, "private") ||
	    str_eq(acl, "bucket-owner-full-control"))
		return 0;
	return bad(err, "AccessControlListNotSupported",
	    "The bucket does not allow ACLs");
}

static int
check_class(const struct headers *h, struct error *err)
{
	static const char *const classes[] = {"STANDARD", "REDUCED_REDUNDANCY",
	    "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER",
	    "DEEP_ARCHIVE", "GLACIER_IR"};
	const char *class = headers_get(h, "x-amz-storage-class");
	size_t i;

	if (class == NULL)
		return 0;
	for (i = 0; i < ARRAY_LEN(classes); i++) {
		if (str_eq(classes[i], class))
			return 0;
	}
	return bad(err, "InvalidStorageClass",
	    "The storage class you specified is not valid");
}

/* What of Content-Encoding is the object's own: aws-chunked is not. */
static char *
own_encoding(const char *value)
{
	struct buf b;
	char *result;

	buf_init(&b, HEADERS_MAX);
	while (*value != '\0') {
		size_t n = strcspn(value, ",");
		char *token = xstrndup(value, n), *trimmed = str_trim(token);

		if (*trimmed != '\0' && !str_ieq(trimmed, "aws-chunked"))
			buf_printf(&b, "%s%s", b.len > 0 ? "," : "", trimmed);
		free(token);
		value += n;
		value += *value == ',';
	}
	result = buf_take(&b);
	buf_done(&b);
	return result;
}

static bool
is_kept(const char *name)
{
	static const char *const kept[] = {"Content-Type", "Cache-Control",
	    "Content-Disposition", "Content-Language", "Expires"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(kept); i++) {
		if (str_ieq(name, kept[i]))
			return true;
	}
	return strncasecmp(name, "x-amz-meta-", 11) == 0;
}

/* Names of metadata are given back in lower case. */
static void
keep(struct buf *out, const char *name, const char *value)
{
	char *own = xstrdup(name);

	if (strncasecmp(own, "x-amz-", 6) == 0)
		str_lower(own);
	buf_printf(out, "%s: %s\n", own, value);
	free(own);
}

static int
keep_headers(struct s3put *p, const struct headers *h, struct error *err)
{
	size_t i, metadata = 0;
	struct buf b;

	buf_init(&b, HEADERS_MAX);
	for (i = 0; i < h->n; i++) {
		const char *name = h->v[i].name, *value = h->v[i].value;

		if (str_ieq(name, "content-encoding")) {
			char *own = own_encoding(value);

			if (*own != '\0')
				buf_printf(&b, "Content-Encoding: %s\n", own);
			free(own);
		} else if (is_kept(name)) {
			keep(&b, name, value);
			if (strncasecmp(name, "x-amz-", 6) == 0)
				metadata += strlen(name + 11) + strlen(value);
		}
	}
	if (headers_get(h, "content-type") == NULL)
		buf_puts(&b, "Content-Type: binary/octet-stream\n");
	p->headers = buf_take(&b);
	buf_done(&b);
	if (metadata > METADATA_MAX)
		return bad(err, "MetadataTooLarge",
		    "Your metadata headers exceed the maximum allowed "
		    "metadata size.");
	return 0;
}

static int
take_bytes(const void *data, size_t len, void *arg, struct error *err)
{
	struct s3put *p = arg;

	if (file_write_all(p->draft.fd, data, len, err) == -1)
		return -1;
	s3digest_update(&p->digest, data, len);
	p->received += (int64_t)len;
	return 0;
}

static int
read_decoded_length(struct s3put *p, const struct headers *h, struct error *err)
{
	const char *value = headers_get(h, "x-amz-decoded-content-length");

	if (value == NULL || str_to_i64(value, 0, INT64_MAX, &p->length) == -1)
		return bad(err, "MissingContentLength",
		    "You must provide the x-amz-decoded-content-length "
		    "header.");
	return 0;
}

/* How the body is made, from x-amz-content-sha256. */
static int
read_framing(struct s3put *p, const struct headers *h, struct error *err)
{
	const char *sha256 = headers_get(h, "x-amz-content-sha256");
	struct chunked_options o = {
	    .seed = p->call->claim.signature,
	    .scope = sigv4_claim_scope(&p->call->claim),
	    .credentials = sigv4_claim_credentials(&p->call->claim),
	    .data = take_bytes,
	    .arg = p,
	};

	/* A presigned URL need not say it. */
	if (sha256 == NULL)
		sha256 = SIGV4_UNSIGNED_PAYLOAD;
	if (chunked_by_name(sha256, &o)) {
		if (read_decoded_length(p, h, err) == -1)
			return -1;
		o.length = p->length;
		p->chunked = chunked_new(&o);
		return 0;
	}
	p->length = http_content_length(p->call->x);
	if (p->length < 0 || headers_get(h, "content-length") == NULL)
		return bad(err, "MissingContentLength",
		    "You must provide the Content-Length HTTP header.");
	if (!s3digest_hash_ok(sha256))
		return bad(err, "InvalidArgument", S3DIGEST_HASH_WRONG);
	return 0;
}

static int
read_headers(struct s3put *p, const struct headers *h, struct error *err)
{
	if (check_implied(h, err) == -1 || check_acl(h, err) == -1 ||
	    check_class(h, err) == -1 || read_conditions(p, h, err) == -1 ||
	    read_framing(p, h, err) == -1 ||
	    s3digest_init(&p->digest, h, p->chunked != NULL, err) == -1 ||
	    keep_headers(p, h, err) == -1)
		return -1;
	if (p->length > p->s3->max_object)
		return bad(err, "EntityTooLarge",
		    "Your proposed upload exceeds the maximum allowed object "
		    "size.");
	return 0;
}

/* --- the body ------------------------------------------------------- */

static int
on_data(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	struct s3put *p = arg;
	struct error err = {0};
	int rc;

	(void)x;
	if (p->chunked != NULL)
		rc = chunked_feed(p->chunked, data, len, &err);
	else
		rc = take_bytes(data, len, p, &err);
	if (rc == -1)
		refuse_error(p, &err);
	return rc;
}

static int
check_body(struct s3put *p, struct buf *checksum, struct error *err)
{
	if (p->chunked != NULL && chunked_finish(p->chunked, err) == -1)
		return -1;
	if (p->received != p->length)
		return bad(err, "IncompleteBody",
		    "You did not provide the number of bytes specified by "
		    "the Content-Length HTTP header.");
	return s3digest_finish(&p->digest,
	    p->chunked != NULL ? chunked_trailers(p->chunked) : NULL, checksum,
	    err);
}

static void
reply_stored(struct s3put *p, const struct objects_stored *stored)
{
	const char *eq = strchr(stored->checksum, '=');
	struct headers h;
	char *name;

	s3answer_headers(p->call, &h);
	s3answer_etag(p->call, &h, stored->etag);
	if (eq != NULL) {
		name = xasprintf("x-amz-checksum-%.*s",
		    (int)(eq - stored->checksum), stored->checksum);
		headers_add(&h, name, eq + 1);
		headers_add(&h, "x-amz-checksum-type", "FULL_OBJECT");
		free(name);
	}
	call_on_gone(p->call, NULL, NULL);
	call_reply(p->call, 200, &h, NULL, 0);
	headers_done(&h);
	put_free(p);
}

static void
refuse_condition(struct s3put *p)
{
	struct s3answer_error e = {
	    .code = "PreconditionFailed",
	    .detail = {"Condition",
		p->if_absent ? "If-None-Match" : "If-Match"},
	};

	if (p->call != NULL) {
		call_on_gone(p->call, NULL, NULL);
		s3answer_error(p->call, &e);
	}
	put_free(p);
}

static void
on_stored(
    const struct objects_stored *stored, const struct error *err, void *arg)
{
	struct s3put *p = arg;

	if (err != NULL && err->code == ERR_REFUSED)
		refuse_condition(p);
	else if (err != NULL && err->code == ERR_NOT_FOUND)
		refuse(p, p->may_list ? "NoSuchKey" : "AccessDenied", NULL);
	else if (err != NULL)
		refuse_error(p, err);
	else if (p->call == NULL)
		put_free(p);
	else
		reply_stored(p, stored);
}

static void
on_end(struct http_exchange *x, void *arg)
{
	struct s3put *p = arg;
	char etag[2 * HASH_MD5_SIZE + 1];
	struct error err = {0};
	struct buf checksum;
	struct objects_store what;

	(void)x;
	buf_init(&checksum, 256);
	if (check_body(p, &checksum, &err) == -1) {
		buf_done(&checksum);
		refuse_error(p, &err);
		return;
	}
	encode_hex(p->digest.md5_digest, HASH_MD5_SIZE, etag);
	call_on_gone(p->call, on_gone_late, p);
	what = (struct objects_store){
	    .bucket = p->bucket,
	    .key = p->key,
	    .headers = p->headers,
	    .etag = etag,
	    .size = p->length,
	    .checksum = checksum.data,
	    .if_absent = p->if_absent,
	    .if_etag = p->if_etag,
	    .done = on_stored,
	    .arg = p,
	};
	objects_store(p->s3->objects, &p->draft, &what);
	buf_done(&checksum);
}

static void
on_toolarge(struct http_exchange *x, void *arg)
{
	struct s3put *p = arg;

	(void)x;
	if (p->chunked != NULL)
		refuse(p, "InvalidRequest",
		    "more bytes than x-amz-decoded-content-length");
	else
		refuse(p, "EntityTooLarge", NULL);
}

void
s3put_start(struct s3 *s, struct call *c, const struct s3target *t)
{
	struct s3put *p = xcalloc(1, sizeof(*p));
	struct http_body_sink sink = {
	    .data = on_data, .end = on_end, .toolarge = on_toolarge};
	struct error err = {0};

	p->s3 = s;
	p->call = c;
	p->draft.fd = -1;
	p->bucket = xstrdup(t->bucket);
	p->key = xstrdup(t->key);
	p->may_list = c->claim.user->list;
	if (read_headers(p, &t->fields, &err) == -1 ||
	    objects_draft(s->objects, &p->draft, &err) == -1) {
		refuse_error(p, &err);
		return;
	}
	sink.max = p->length;
	if (p->chunked != NULL)
		sink.max += p->length / 4 + FRAMING_MAX;
	call_on_gone(c, on_gone, p);
	http_body(c->x, &sink, p);
}
