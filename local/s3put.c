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
#include "local/checksum.h"
#include "local/chunked.h"
#include "local/s3answer.h"

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
	int64_t length; /* of the object, as announced */
	int64_t received;
	struct hash *md5;
	unsigned char md5_digest[HASH_MD5_SIZE];
	bool md5_given;
	unsigned char md5_wanted[HASH_MD5_SIZE];
	struct hash *sha256; /* NULL: UNSIGNED-PAYLOAD or aws-chunked */
	char sha256_wanted[HASH_SHA256_HEX_SIZE];
	struct checksum *checksum; /* NULL: none was announced */
	const char *checksum_name;
	char *checksum_wanted; /* NULL: in the trailer, unless it is ours */
	bool checksum_ours; /* the client sent none: S3 makes one */
	struct chunked *chunked; /* NULL: the body is the object */
};

static void
put_free(struct s3put *p)
{
	objects_discard(p->s3->objects, &p->draft);
	hash_free(p->md5);
	hash_free(p->sha256);
	checksum_free(p->checksum);
	chunked_free(p->chunked);
	free(p->checksum_wanted);
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

	if (headers_get(h, "if-match") != NULL ||
	    (none != NULL && !str_eq(none, "*")))
		return bad(err, "NotImplemented",
		    "Of the conditions only If-None-Match: * is implemented.");
	p->if_absent = none != NULL;
	return 0;
}

static int
read_md5(struct s3put *p, const struct headers *h, struct error *err)
{
	const char *value = headers_get(h, "content-md5");
	struct buf b;
	int rc = 0;

	if (value == NULL)
		return 0;
	buf_init(&b, HASH_MD5_SIZE);
	if (decode_base64(&b, value, strlen(value)) == -1 ||
	    b.len != HASH_MD5_SIZE)
		rc = bad(err, "InvalidDigest",
		    "The Content-MD5 you specified is not valid.");
	else
		memcpy(p->md5_wanted, b.data, HASH_MD5_SIZE);
	p->md5_given = rc == 0;
	buf_done(&b);
	return rc;
}

static int
set_checksum(
    struct s3put *p, const char *name, const char *value, struct error *err)
{
	if (p->checksum != NULL)
		return bad(err, "InvalidRequest",
		    "Expecting a single x-amz-checksum- header. Multiple "
		    "checksum types are not allowed.");
	p->checksum = checksum_new(name);
	p->checksum_name = name;
	p->checksum_wanted = xstrdup_or_null(value);
	return 0;
}

static int
read_checksums(struct s3put *p, const struct headers *h, struct error *err)
{
	size_t i;

	for (i = 0; i < h->n; i++) {
		const char *name = checksum_of_header(h->v[i].name);
		const char *value = h->v[i].value;

		if (name != NULL && set_checksum(p, name, value, err) == -1)
			return -1;
		if (name != NULL || !str_ieq(h->v[i].name, "x-amz-trailer"))
			continue;
		name = checksum_of_header(value);
		if (name == NULL || p->chunked == NULL)
			return bad(err, "InvalidRequest",
			    "The value specified in the x-amz-trailer header "
			    "is not supported");
		if (set_checksum(p, name, NULL, err) == -1)
			return -1;
	}
	p->checksum_ours = p->checksum == NULL;
	return p->checksum_ours ? set_checksum(p, "crc64nvme", NULL, err) : 0;
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
			buf_printf(&b, "%s: %s\n", name, value);
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
	hash_update(p->md5, data, len);
	if (p->sha256 != NULL)
		hash_update(p->sha256, data, len);
	if (p->checksum != NULL)
		checksum_update(p->checksum, data, len);
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
	    .scope = auth_scope(&p->call->claim),
	    .credentials = auth_credentials(&p->call->claim),
	    .data = take_bytes,
	    .arg = p,
	};

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
	if (str_eq(sha256, SIGV4_UNSIGNED_PAYLOAD))
		return 0;
	if (strlen(sha256) != HASH_SHA256_HEX_SIZE - 1 ||
	    strspn(sha256, "0123456789abcdef") != HASH_SHA256_HEX_SIZE - 1)
		return bad(err, "InvalidArgument",
		    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, one of "
		    "the STREAMING- values, or a valid sha256 value.");
	p->sha256 = hash_new(HASH_SHA256);
	memcpy(p->sha256_wanted, sha256, HASH_SHA256_HEX_SIZE);
	return 0;
}

static int
read_headers(struct s3put *p, const struct headers *h, struct error *err)
{
	if (check_implied(h, err) == -1 || read_conditions(p, h, err) == -1 ||
	    read_framing(p, h, err) == -1 || read_md5(p, h, err) == -1 ||
	    read_checksums(p, h, err) == -1 || keep_headers(p, h, err) == -1)
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
check_sha256(struct s3put *p, struct error *err)
{
	unsigned char digest[HASH_SHA256_SIZE];
	char hex[HASH_SHA256_HEX_SIZE];

	if (p->sha256 == NULL)
		return 0;
	hash_final(p->sha256, digest);
	encode_hex(digest, sizeof(digest), hex);
	if (hash_equal(hex, p->sha256_wanted, sizeof(hex)))
		return 0;
	return bad(err, "XAmzContentSHA256Mismatch",
	    "The provided 'x-amz-content-sha256' header does not match what "
	    "was computed.");
}

/* Its value comes in a header or in the trailer; out gets "name=BASE64". */
static int
check_checksum(struct s3put *p, struct buf *out, struct error *err)
{
	const char *wanted = p->checksum_wanted;
	char *header;
	size_t start;

	if (wanted == NULL && !p->checksum_ours) {
		header = xasprintf("x-amz-checksum-%s", p->checksum_name);
		wanted = headers_get(chunked_trailers(p->chunked), header);
		free(header);
	}
	if (wanted == NULL && !p->checksum_ours)
		return bad(err, "InvalidRequest",
		    "The trailer that x-amz-trailer announced did not come.");
	buf_printf(out, "%s=", p->checksum_name);
	start = out->len;
	checksum_final(p->checksum, out);
	if (p->checksum_ours || str_eq(out->data + start, wanted))
		return 0;
	err_set(err, ERR_PROTOCOL,
	    "The %s you specified did not match the calculated checksum.",
	    p->checksum_name);
	snprintf(err->remote_code, sizeof(err->remote_code), "BadDigest");
	return -1;
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
	hash_final(p->md5, p->md5_digest);
	if (p->md5_given &&
	    !hash_equal(p->md5_digest, p->md5_wanted, HASH_MD5_SIZE))
		return bad(err, "BadDigest",
		    "The Content-MD5 you specified did not match what was "
		    "received.");
	if (check_sha256(p, err) == -1)
		return -1;
	return check_checksum(p, checksum, err);
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
on_stored(
    const struct objects_stored *stored, const struct error *err, void *arg)
{
	struct s3put *p = arg;

	if (err != NULL && err->code == ERR_REFUSED)
		refuse(p, "PreconditionFailed", NULL);
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
	encode_hex(p->md5_digest, sizeof(p->md5_digest), etag);
	call_on_gone(p->call, on_gone_late, p);
	what = (struct objects_store){
	    .bucket = p->bucket,
	    .key = p->key,
	    .headers = p->headers,
	    .etag = etag,
	    .size = p->length,
	    .checksum = checksum.data,
	    .if_absent = p->if_absent,
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
s3put_start(struct s3 *s, struct call *c, const char *bucket, const char *key)
{
	struct s3put *p = xcalloc(1, sizeof(*p));
	struct http_body_sink sink = {
	    .data = on_data, .end = on_end, .toolarge = on_toolarge};
	struct error err = {0};

	p->s3 = s;
	p->call = c;
	p->draft.fd = -1;
	p->bucket = xstrdup(bucket);
	p->key = xstrdup(key);
	p->md5 = hash_new(HASH_MD5);
	if (read_headers(p, http_headers(c->x), &err) == -1 ||
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
