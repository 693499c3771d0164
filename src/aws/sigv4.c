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

/* Most requests are shorter. */
#define TEXT_USUAL ((size_t)1000)

/* One thread signs, so that one digest does for all. */
static struct hash *digest;

static void
sha256(const void *data, size_t len, unsigned char out[HASH_SHA256_SIZE])
{
	if (digest == NULL)
		digest = hash_new(HASH_SHA256);
	else
		hash_restart(digest);
	hash_update(digest, data, len);
	hash_final(digest, out);
}

/* `date` is that of the scope in all of these: it is written once. */
static void
put_scope(const struct sigv4_scope *scope, const char *date, struct buf *out)
{
	buf_append(out, date, DAY_LEN);
	buf_putc(out, '/');
	buf_puts(out, scope->region);
	buf_putc(out, '/');
	buf_puts(out, scope->service);
	buf_puts(out, "/aws4_request");
}

void
sigv4_credential_scope(const struct sigv4_scope *scope, struct buf *out)
{
	char date[TIMEFMT_AMZ_SIZE];

	timefmt_amz(scope->at, date);
	put_scope(scope, date, out);
}

static void
put_string_to_sign(const struct sigv4_scope *scope, const char *date,
    const char *canonical_request, size_t len, struct buf *out)
{
	char hash[HASH_SHA256_HEX_SIZE];
	unsigned char bytes[HASH_SHA256_SIZE];

	sha256(canonical_request, len, bytes);
	encode_hex(bytes, sizeof(bytes), hash);
	buf_puts(out, SIGV4_ALGORITHM "\n");
	buf_puts(out, date);
	buf_putc(out, '\n');
	put_scope(scope, date, out);
	buf_putc(out, '\n');
	buf_puts(out, hash);
}

void
sigv4_string_to_sign(const struct sigv4_scope *scope,
    const char *canonical_request, size_t len, struct buf *out)
{
	char date[TIMEFMT_AMZ_SIZE];

	timefmt_amz(scope->at, date);
	put_string_to_sign(scope, date, canonical_request, len, out);
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
	const char *const parts[] = {scope->region, scope->service,
	    creds->access_key, creds->secret_key};
	struct buf b;
	size_t i;

	/* With their NULs no two sets of strings look the same. */
	buf_init(&b, SIZE_MAX - 1);
	buf_reserve(&b, 256);
	buf_append(&b, date, DAY_LEN);
	for (i = 0; i < ARRAY_LEN(parts); i++)
		buf_append(&b, parts[i], strlen(parts[i]) + 1);
	sha256(b.data, b.len, id);
	hash_wipe(b.data, b.len);
	buf_done(&b);
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
signing_key(const struct sigv4_credentials *creds,
    const struct sigv4_scope *scope, const char *date)
{
	unsigned char id[HASH_SHA256_SIZE];
	size_t i, oldest = 0;

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
	hash_free(digest);
	digest = NULL;
	uses = 0;
}

static void
make_signature(const struct sigv4_credentials *creds,
    const struct sigv4_scope *scope, const char *date,
    const char *string_to_sign, size_t len, char out[HASH_SHA256_HEX_SIZE])
{
	unsigned char mac[HASH_SHA256_SIZE];

	hash_mac_sha256(
	    signing_key(creds, scope, date), string_to_sign, len, mac);
	encode_hex(mac, sizeof(mac), out);
}

void
sigv4_signature(const struct sigv4_credentials *creds,
    const struct sigv4_scope *scope, const char *string_to_sign, size_t len,
    char out[HASH_SHA256_HEX_SIZE])
{
	char date[TIMEFMT_AMZ_SIZE];

	timefmt_amz(scope->at, date);
	make_signature(creds, scope, date, string_to_sign, len, out);
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
    const struct sigv4_scope *scope, const char *date,
    const struct sigv4_request *r, struct buf *names,
    char signature[HASH_SHA256_HEX_SIZE], struct error *err)
{
	struct buf text, to_sign;
	int rc;

	buf_init(&text, TEXT_MAX);
	buf_reserve(&text, TEXT_USUAL);
	buf_init(&to_sign, TEXT_MAX);
	buf_reserve(&to_sign, 256);
	rc = sigv4_canonical_request(r, &text, names, err);
	if (rc == 0) {
		put_string_to_sign(scope, date, text.data, text.len, &to_sign);
		make_signature(
		    creds, scope, date, to_sign.data, to_sign.len, signature);
	}
	buf_done(&to_sign);
	buf_done(&text);
	return rc;
}

/* What an earlier try left behind is neither signed nor kept. */
static const char *const ours[] = {
    "Authorization", "X-Amz-Date", "X-Amz-Security-Token"};

static bool
is_ours(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(ours); i++) {
		if (str_ieq(name, ours[i]))
			return true;
	}
	return false;
}

/* Strings are borrowed; `to` has room. */
static void
lend(struct headers *to, const char *name, const char *value)
{
	to->v[to->n].name = (char *)(uintptr_t)name;
	to->v[to->n++].value = (char *)(uintptr_t)value;
}

static void
lend_all(struct headers *to, const struct headers *from, const char *date,
    const char *session_token)
{
	size_t i;

	to->n = 0;
	to->cap = from->n + ARRAY_LEN(ours);
	to->v = xreallocarray(NULL, to->cap, sizeof(*to->v));
	for (i = 0; i < from->n; i++) {
		if (!is_ours(from->v[i].name))
			lend(to, from->v[i].name, from->v[i].value);
	}
	lend(to, "X-Amz-Date", date);
	if (session_token != NULL)
		lend(to, "X-Amz-Security-Token", session_token);
}

static void
put_authorization(struct headers *headers, const char *access_key,
    const struct sigv4_scope *scope, const char *date, const char *names,
    const char *signature)
{
	struct buf b;

	buf_init(&b, TEXT_MAX * 2);
	buf_reserve(&b, 512);
	buf_puts(&b, SIGV4_ALGORITHM " Credential=");
	buf_puts(&b, access_key);
	buf_putc(&b, '/');
	put_scope(scope, date, &b);
	buf_puts(&b, ", SignedHeaders=");
	buf_puts(&b, names);
	buf_puts(&b, ", Signature=");
	buf_puts(&b, signature);
	headers_addn(
	    headers, "Authorization", strlen("Authorization"), b.data, b.len);
	buf_done(&b);
}

int
sigv4_sign(const struct sigv4_credentials *creds,
    const struct sigv4_scope *scope, const struct sigv4_request *r,
    struct headers *headers, struct error *err)
{
	char date[TIMEFMT_AMZ_SIZE], signature[HASH_SHA256_HEX_SIZE];
	struct sigv4_request complete = *r;
	struct headers all;
	struct buf names;
	size_t i;
	int rc;

	if (check_inputs(creds, headers, err) == -1)
		return -1;
	timefmt_amz(scope->at, date);
	lend_all(&all, headers, date, creds->session_token);
	complete.headers = &all;
	buf_init(&names, TEXT_MAX);
	buf_reserve(&names, 256);
	rc =
	    sign_request(creds, scope, date, &complete, &names, signature, err);
	free(all.v);
	if (rc == 0) {
		for (i = 0; i < ARRAY_LEN(ours); i++)
			headers_remove(headers, ours[i]);
		headers_add(headers, "X-Amz-Date", date);
		if (creds->session_token != NULL)
			headers_add(headers, "X-Amz-Security-Token",
			    creds->session_token);
		put_authorization(headers, creds->access_key, scope, date,
		    names.data, signature);
	}
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
    const struct sigv4_scope *scope, const char *date, int64_t expires_s,
    const char *names)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	buf_puts(&b, creds->access_key);
	buf_putc(&b, '/');
	put_scope(scope, date, &b);
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
	static const char *const params[] = {
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

		for (i = 0; i < ARRAY_LEN(params); i++) {
			if (n == strlen(params[i]) &&
			    strncasecmp(query, params[i], n) == 0)
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
	char date[TIMEFMT_AMZ_SIZE], signature[HASH_SHA256_HEX_SIZE];
	struct sigv4_request complete = *r;
	struct buf names, discard;
	int rc;

	timefmt_amz(scope->at, date);
	buf_init(&names, TEXT_MAX);
	buf_init(&discard, TEXT_MAX);
	/* The names of the headers are part of the text that is signed. */
	rc = sigv4_canonical_request(r, &discard, &names, err);
	if (rc == 0) {
		buf_puts(query, r->query);
		put_params(query, creds, scope, date, expires_s, names.data);
		complete.query = query->data;
		if (query->overflow)
			rc = err_set(err, ERR_LIMIT, "the query is too long");
	}
	if (rc == 0)
		rc = sign_request(
		    creds, scope, date, &complete, &names, signature, err);
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
