/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signature Version 4 but for the canonical text (sigv4_canonical.c): keys
 * derived for one day, region and service, which are kept, and requests that
 * are signed in their headers or in their query.
 */
#include "aws/sigv4.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"

#define DAY_LEN 8 /* of 20130524T000000Z */
#define EXPIRES_MAX_S 604800 /* a week */
#define KEY_SLOTS 8

/* Far above any request that a service takes. */
#define TEXT_MAX ((size_t)1 << 20)

void
sigv4_credential_scope(const struct sigv4_scope *scope, struct buf *out)
{
	char date[TIMEFMT_AMZ_SIZE];

	timefmt_amz(scope->at, date);
	buf_append(out, date, DAY_LEN);
	buf_putc(out, '/');
	buf_puts(out, scope->region);
	buf_putc(out, '/');
	buf_puts(out, scope->service);
	buf_puts(out, "/aws4_request");
}

void
sigv4_string_to_sign(const struct sigv4_scope *scope,
    const char *canonical_request, size_t len, struct buf *out)
{
	char date[TIMEFMT_AMZ_SIZE], hash[HASH_SHA256_HEX_SIZE];

	timefmt_amz(scope->at, date);
	hash_sha256_hex(canonical_request, len, hash);
	buf_puts(out, SIGV4_ALGORITHM "\n");
	buf_puts(out, date);
	buf_putc(out, '\n');
	sigv4_credential_scope(scope, out);
	buf_putc(out, '\n');
	buf_puts(out, hash);
}

/* --- derived keys --------------------------------------------------- */

/* A key is found by a digest, so that no secret is kept beside it. */
static struct {
	unsigned char id[HASH_SHA256_SIZE];
	struct hash_mac *mac; /* NULL: free */
	uint64_t used;
} slots[KEY_SLOTS];
static uint64_t uses;

static void
key_id(const struct sigv4_credentials *creds, const struct sigv4_scope *scope,
    const char *date, unsigned char id[HASH_SHA256_SIZE])
{
	struct hash *h = hash_new(HASH_SHA256);

	/* With their NULs no two sets of strings look the same. */
	hash_update(h, date, DAY_LEN);
	hash_update(h, scope->region, strlen(scope->region) + 1);
	hash_update(h, scope->service, strlen(scope->service) + 1);
	hash_update(h, creds->access_key, strlen(creds->access_key) + 1);
	hash_update(h, creds->secret_key, strlen(creds->secret_key) + 1);
	hash_final(h, id);
	hash_free(h);
}

static struct hash_mac *
derive(const struct sigv4_credentials *creds, const struct sigv4_scope *scope,
    const char *date)
{
	char *start = xasprintf("AWS4%s", creds->secret_key);
	unsigned char k[HASH_SHA256_SIZE];
	struct hash_mac *mac;

	hash_hmac_sha256(start, strlen(start), date, DAY_LEN, k);
	hash_hmac_sha256(k, sizeof(k), scope->region, strlen(scope->region), k);
	hash_hmac_sha256(
	    k, sizeof(k), scope->service, strlen(scope->service), k);
	hash_hmac_sha256(k, sizeof(k), "aws4_request", 12, k);
	mac = hash_mac_new(k, sizeof(k));
	hash_wipe(start, strlen(start));
	hash_wipe(k, sizeof(k));
	free(start);
	return mac;
}

static struct hash_mac *
signing_key(
    const struct sigv4_credentials *creds, const struct sigv4_scope *scope)
{
	char date[TIMEFMT_AMZ_SIZE];
	unsigned char id[HASH_SHA256_SIZE];
	size_t i, oldest = 0;

	timefmt_amz(scope->at, date);
	key_id(creds, scope, date, id);
	for (i = 0; i < KEY_SLOTS; i++) {
		if (slots[i].mac != NULL &&
		    hash_equal(slots[i].id, id, sizeof(id))) {
			slots[i].used = ++uses;
			return slots[i].mac;
		}
		if (slots[i].used < slots[oldest].used)
			oldest = i;
	}
	hash_mac_free(slots[oldest].mac);
	memcpy(slots[oldest].id, id, sizeof(id));
	slots[oldest].mac = derive(creds, scope, date);
	slots[oldest].used = ++uses;
	return slots[oldest].mac;
}

void
sigv4_forget_keys(void)
{
	size_t i;

	for (i = 0; i < KEY_SLOTS; i++)
		hash_mac_free(slots[i].mac);
	hash_wipe(slots, sizeof(slots));
	uses = 0;
}

void
sigv4_signature(const struct sigv4_credentials *creds,
    const struct sigv4_scope *scope, const char *string_to_sign, size_t len,
    char out[HASH_SHA256_HEX_SIZE])
{
	unsigned char mac[HASH_SHA256_SIZE];

	hash_mac_sha256(signing_key(creds, scope), string_to_sign, len, mac);
	encode_hex(mac, sizeof(mac), out);
}

/* --- whole requests ------------------------------------------------- */

static int
check_inputs(const struct sigv4_credentials *creds,
    const struct headers *headers, struct error *err)
{
	if (!header_value_ok(creds->access_key) ||
	    (creds->session_token != NULL &&
		!header_value_ok(creds->session_token)))
		return err_set(err, ERR_AUTH,
		    "the access key or session token holds a control "
		    "character");
	if (headers_get(headers, "host") == NULL)
		return err_set(err, ERR_USAGE,
		    "a request without a host cannot be signed");
	return 0;
}

/* All stages over a complete request; `names` is appended. */
static int
sign_request(const struct sigv4_credentials *creds,
    const struct sigv4_scope *scope, const struct sigv4_request *r,
    struct buf *names, char signature[HASH_SHA256_HEX_SIZE], struct error *err)
{
	struct buf text, to_sign;
	int rc;

	buf_init(&text, TEXT_MAX);
	buf_init(&to_sign, TEXT_MAX);
	rc = sigv4_canonical_request(r, &text, names, err);
	if (rc == 0) {
		sigv4_string_to_sign(scope, text.data, text.len, &to_sign);
		sigv4_signature(
		    creds, scope, to_sign.data, to_sign.len, signature);
	}
	buf_done(&to_sign);
	buf_done(&text);
	return rc;
}

/* What an earlier try left behind is neither signed nor kept. */
static void
copy_headers(struct headers *to, const struct headers *from)
{
	size_t i;

	headers_init(to);
	for (i = 0; i < from->n; i++) {
		const char *name = from->v[i].name;

		if (!str_ieq(name, "Authorization") &&
		    !str_ieq(name, "X-Amz-Date") &&
		    !str_ieq(name, "X-Amz-Security-Token"))
			headers_add(to, name, from->v[i].value);
	}
}

static void
put_authorization(struct headers *headers, const char *access_key,
    const struct sigv4_scope *scope, const char *names, const char *signature)
{
	struct buf b;

	buf_init(&b, TEXT_MAX * 2);
	buf_puts(&b, SIGV4_ALGORITHM " Credential=");
	buf_puts(&b, access_key);
	buf_putc(&b, '/');
	sigv4_credential_scope(scope, &b);
	buf_printf(&b, ", SignedHeaders=%s, Signature=%s", names, signature);
	headers_add(headers, "Authorization", b.data);
	buf_done(&b);
}

int
sigv4_sign(const struct sigv4_credentials *creds,
    const struct sigv4_scope *scope, const struct sigv4_request *r,
    struct headers *headers, struct error *err)
{
	char date[TIMEFMT_AMZ_SIZE], signature[HASH_SHA256_HEX_SIZE];
	struct sigv4_request complete = *r;
	struct headers all, old;
	struct buf names;
	int rc;

	if (check_inputs(creds, headers, err) == -1)
		return -1;
	timefmt_amz(scope->at, date);
	copy_headers(&all, headers);
	headers_add(&all, "X-Amz-Date", date);
	if (creds->session_token != NULL)
		headers_add(&all, "X-Amz-Security-Token", creds->session_token);
	complete.headers = &all;
	buf_init(&names, TEXT_MAX);
	rc = sign_request(creds, scope, &complete, &names, signature, err);
	if (rc == 0) {
		put_authorization(
		    &all, creds->access_key, scope, names.data, signature);
		old = *headers;
		*headers = all;
		all = old;
	}
	headers_done(&all);
	buf_done(&names);
	return rc;
}

/* --- presigned URLs ------------------------------------------------- */

static void
put_param(struct buf *query, const char *name, const char *value, size_t len)
{
	if (query->len > 0)
		buf_putc(query, '&');
	buf_puts(query, name);
	buf_putc(query, '=');
	encode_uri(query, value, len, false);
}

/* The whole query but for the signature. */
static void
put_params(struct buf *query, const struct sigv4_credentials *creds,
    const struct sigv4_scope *scope, int64_t expires_s, const char *names)
{
	char date[TIMEFMT_AMZ_SIZE];
	struct buf b;

	buf_init(&b, TEXT_MAX);
	buf_puts(&b, creds->access_key);
	buf_putc(&b, '/');
	sigv4_credential_scope(scope, &b);
	timefmt_amz(scope->at, date);
	put_param(
	    query, "X-Amz-Algorithm", SIGV4_ALGORITHM, strlen(SIGV4_ALGORITHM));
	put_param(query, "X-Amz-Credential", b.data, b.len);
	put_param(query, "X-Amz-Date", date, strlen(date));
	buf_printf(query, "&X-Amz-Expires=%lld", (long long)expires_s);
	put_param(query, "X-Amz-SignedHeaders", names, strlen(names));
	if (creds->session_token != NULL)
		put_param(query, "X-Amz-Security-Token", creds->session_token,
		    strlen(creds->session_token));
	buf_done(&b);
}

/* Two values of one of our parameters: each reader would choose its own. */
static bool
has_our_params(const char *query)
{
	static const char *const ours[] = {
	    "X-Amz-Algorithm",
	    "X-Amz-Credential",
	    "X-Amz-Date",
	    "X-Amz-Expires",
	    "X-Amz-Security-Token",
	    "X-Amz-Signature",
	    "X-Amz-SignedHeaders",
	};
	size_t i;

	while (*query != '\0') {
		size_t n = strcspn(query, "=&");

		for (i = 0; i < ARRAY_LEN(ours); i++) {
			if (n == strlen(ours[i]) &&
			    strncasecmp(query, ours[i], n) == 0)
				return true;
		}
		query += strcspn(query, "&");
		if (*query == '&')
			query++;
	}
	return false;
}

static int
presign(const struct sigv4_credentials *creds, const struct sigv4_scope *scope,
    const struct sigv4_request *r, int64_t expires_s, struct buf *query,
    struct error *err)
{
	char signature[HASH_SHA256_HEX_SIZE];
	struct sigv4_request complete = *r;
	struct buf names, discard;
	int rc;

	buf_init(&names, TEXT_MAX);
	buf_init(&discard, TEXT_MAX);
	/* The names of the headers are part of the text that is signed. */
	rc = sigv4_canonical_request(r, &discard, &names, err);
	if (rc == 0) {
		buf_puts(query, r->query);
		put_params(query, creds, scope, expires_s, names.data);
		complete.query = query->data;
		if (query->overflow)
			rc = err_set(err, ERR_LIMIT, "the query is too long");
	}
	if (rc == 0)
		rc = sign_request(
		    creds, scope, &complete, &names, signature, err);
	if (rc == 0)
		put_param(
		    query, "X-Amz-Signature", signature, strlen(signature));
	buf_done(&discard);
	buf_done(&names);
	return rc;
}

int
sigv4_presign(const struct sigv4_credentials *creds,
    const struct sigv4_scope *scope, const struct sigv4_request *r,
    int64_t expires_s, struct buf *query_out, struct error *err)
{
	struct buf query;
	int rc;

	if (expires_s < 1 || expires_s > EXPIRES_MAX_S)
		return err_set(err, ERR_USAGE,
		    "a presigned URL holds for 1 to %d seconds, not %lld",
		    EXPIRES_MAX_S, (long long)expires_s);
	if (check_inputs(creds, r->headers, err) == -1)
		return -1;
	if (has_our_params(r->query))
		return err_set(
		    err, ERR_USAGE, "the query is that of a presigned URL");
	buf_init(&query, TEXT_MAX);
	rc = presign(creds, scope, r, expires_s, &query, err);
	if (rc == 0 && buf_append(query_out, query.data, query.len) == -1)
		rc = err_set(err, ERR_LIMIT, "the presigned query is too long");
	buf_done(&query);
	return rc;
}
