/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and checking the Authorization header, or the query's parameters. */
#include "aws/sigv4_verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"

#define HEADER_MAX 4096
#define CANONICAL_MAX (128 * 1024)
#define PARAM_MAX 8192
#define EXPIRES_MAX_S 604800 /* a week */

void
sigv4_claim_init(struct sigv4_claim *c)
{
	memset(c, 0, sizeof(*c));
	c->at = -1;
	buf_init(&c->canonical, CANONICAL_MAX);
	buf_init(&c->string_to_sign, CANONICAL_MAX);
}

void
sigv4_claim_done(struct sigv4_claim *c)
{
	free(c->access_key);
	free(c->day);
	free(c->region);
	free(c->service);
	free(c->signed_headers);
	free(c->token);
	buf_done(&c->canonical);
	buf_done(&c->string_to_sign);
}

static enum sigv4_verdict
malformed(struct sigv4_claim *c, const char *detail)
{
	snprintf(c->detail, sizeof(c->detail), "%s", detail);
	return SIGV4_MALFORMED;
}

/* Cut the text at the next '/', or NULL at its end. */
static char *
next_part(char **rest)
{
	char *start = *rest, *slash;

	if (start == NULL)
		return NULL;
	slash = strchr(start, '/');
	*rest = slash != NULL ? slash + 1 : NULL;
	if (slash != NULL)
		*slash = '\0';
	return start;
}

/* access-key/day/region/service/aws4_request */
static int
take_credential(struct sigv4_claim *c, char *value)
{
	char *rest = value, *part[5];
	size_t i;

	for (i = 0; i < ARRAY_LEN(part); i++) {
		part[i] = next_part(&rest);
		if (str_empty(part[i]))
			return -1;
	}
	if (rest != NULL || !str_eq(part[4], "aws4_request") ||
	    c->access_key != NULL)
		return -1;
	c->access_key = xstrdup(part[0]);
	c->day = xstrdup(part[1]);
	c->region = xstrdup(part[2]);
	c->service = xstrdup(part[3]);
	return 0;
}

static int
take_signature(struct sigv4_claim *c, const char *value)
{
	size_t len = strlen(value);

	if (len != SIGV4_SIGNATURE_SIZE - 1 ||
	    strspn(value, "0123456789abcdef") != len)
		return -1;
	memcpy(c->signature, value, len + 1);
	return 0;
}

static int
take_field(struct sigv4_claim *c, char *field)
{
	char *eq = strchr(field, '=');

	if (eq == NULL)
		return -1;
	*eq = '\0';
	if (str_eq(field, "Credential"))
		return take_credential(c, eq + 1);
	if (str_eq(field, "Signature"))
		return take_signature(c, eq + 1);
	if (!str_eq(field, "SignedHeaders") || c->signed_headers != NULL)
		return -1;
	c->signed_headers = xstrdup(eq + 1);
	return 0;
}

static int
take_fields(struct sigv4_claim *c, char *fields)
{
	char *field = fields, *comma;

	while (field != NULL) {
		comma = strchr(field, ',');
		if (comma != NULL)
			*comma = '\0';
		if (take_field(c, str_trim(field)) == -1)
			return -1;
		field = comma != NULL ? comma + 1 : NULL;
	}
	return c->access_key != NULL && c->signed_headers != NULL &&
		c->signature[0] != '\0'
	    ? 0
	    : -1;
}

static void
take_date(struct sigv4_claim *c, const struct headers *headers)
{
	const char *amz = headers_get(headers, "x-amz-date");
	const char *date = headers_get(headers, "date");

	if (amz != NULL)
		timefmt_parse_amz(amz, &c->at);
	else if (date != NULL)
		timefmt_parse_http(date, &c->at);
}

/* --- presigned URLs ------------------------------------------------- */

enum param {
	ALGORITHM,
	CREDENTIAL,
	DATE,
	EXPIRES,
	SIGNED_HEADERS,
	SIGNATURE,
	TOKEN,
	PARAMS,
};

static const char *const param_names[PARAMS] = {
    [ALGORITHM] = "X-Amz-Algorithm",
    [CREDENTIAL] = "X-Amz-Credential",
    [DATE] = "X-Amz-Date",
    [EXPIRES] = "X-Amz-Expires",
    [SIGNED_HEADERS] = "X-Amz-SignedHeaders",
    [SIGNATURE] = "X-Amz-Signature",
    [TOKEN] = "X-Amz-Security-Token",
};

/* Which parameter "name=value" of this length is; PARAMS: none of ours. A
 * name that only looks another way is the same to whoever decodes it. */
static size_t
param_of(const char *piece, size_t len)
{
	const char *eq = memchr(piece, '=', len);
	struct buf name;
	size_t i;

	buf_init(&name, PARAM_MAX);
	if (decode_uri(&name, piece, eq != NULL ? (size_t)(eq - piece) : len) ==
	    -1)
		buf_clear(&name);
	for (i = 0; i < PARAMS; i++) {
		if (str_eq(param_names[i], name.data))
			break;
	}
	buf_done(&name);
	return i;
}

/* The caller's, or NULL where it cannot be decoded. */
static char *
param_value(const char *piece, size_t len)
{
	const char *eq = memchr(piece, '=', len);
	char *value = NULL;
	struct buf b;

	if (eq == NULL)
		return xstrdup("");
	buf_init(&b, PARAM_MAX);
	if (decode_uri(&b, eq + 1, len - (size_t)(eq + 1 - piece)) == 0 &&
	    strlen(b.data) == b.len)
		value = buf_take(&b);
	buf_done(&b);
	return value;
}

/* Each at most once: two readers could choose differently. */
static int
read_params(const char *query, char *values[PARAMS])
{
	while (*query != '\0') {
		size_t len = strcspn(query, "&"), i = param_of(query, len);

		if (i < PARAMS) {
			if (values[i] != NULL)
				return -1;
			values[i] = param_value(query, len);
			if (values[i] == NULL)
				return -1;
		}
		query += len;
		query += *query == '&';
	}
	return 0;
}

static bool
is_presigned(const char *query)
{
	while (*query != '\0') {
		size_t len = strcspn(query, "&"), i = param_of(query, len);

		if (i == ALGORITHM || i == CREDENTIAL || i == SIGNATURE)
			return true;
		query += len;
		query += *query == '&';
	}
	return false;
}

static enum sigv4_verdict
take_expires(struct sigv4_claim *c, const char *value)
{
	if (str_to_i64(value, INT64_MIN, INT64_MAX, &c->expires_s) == -1)
		return malformed(c, "X-Amz-Expires should be a number");
	if (c->expires_s < 1)
		return malformed(c, "X-Amz-Expires must be positive");
	if (c->expires_s > EXPIRES_MAX_S)
		return malformed(c,
		    "X-Amz-Expires must be less than a week (in seconds); "
		    "that is, the given X-Amz-Expires must be less than "
		    "604800 seconds");
	return SIGV4_OK;
}

/* All are there; source of the words: what S3 answers. */
static enum sigv4_verdict
take_params(struct sigv4_claim *c, char *v[PARAMS])
{
	if (!str_eq(v[ALGORITHM], SIGV4_ALGORITHM))
		return malformed(
		    c, "X-Amz-Algorithm only supports \"" SIGV4_ALGORITHM "\"");
	if (take_credential(c, v[CREDENTIAL]) == -1)
		return malformed(c,
		    "Error parsing the X-Amz-Credential parameter; the "
		    "Credential is mal-formed; expecting \"<YOUR-AKID>/"
		    "YYYYMMDD/REGION/SERVICE/aws4_request\".");
	if (timefmt_parse_amz(v[DATE], &c->at) == -1)
		return malformed(c,
		    "X-Amz-Date must be in the ISO8601 Long Format "
		    "\"yyyyMMdd'T'HHmmss'Z'\"");
	if (take_signature(c, v[SIGNATURE]) == -1)
		return malformed(
		    c, "X-Amz-Signature must be 64 lower-case hex digits");
	c->signed_headers = xstrdup(v[SIGNED_HEADERS]);
	c->token = xstrdup_or_null(v[TOKEN]);
	return take_expires(c, v[EXPIRES]);
}

static enum sigv4_verdict
parse_query(struct sigv4_claim *c, const char *query)
{
	char *values[PARAMS] = {NULL};
	enum sigv4_verdict verdict = SIGV4_OK;
	size_t i;

	c->form = SIGV4_FORM_QUERY;
	if (read_params(query, values) == -1)
		verdict = malformed(c,
		    "The X-Amz- parameters are expected once each, and "
		    "percent-encoded");
	for (i = 0; i < TOKEN && verdict == SIGV4_OK; i++) {
		if (str_empty(values[i]))
			verdict = malformed(c,
			    "Query-string authentication version 4 requires "
			    "the X-Amz-Algorithm, X-Amz-Credential, "
			    "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, "
			    "and X-Amz-Expires parameters.");
	}
	if (verdict == SIGV4_OK)
		verdict = take_params(c, values);
	for (i = 0; i < PARAMS; i++)
		free(values[i]);
	return verdict;
}

/* What was signed: the query without the signature. */
static void
without_signature(const char *query, struct buf *out)
{
	while (*query != '\0') {
		size_t len = strcspn(query, "&");

		if (param_of(query, len) != SIGNATURE) {
			if (out->len > 0)
				buf_putc(out, '&');
			buf_append(out, query, len);
		}
		query += len;
		query += *query == '&';
	}
}

/* --- the claim ------------------------------------------------------ */

static enum sigv4_verdict
parse_header(
    struct sigv4_claim *c, const struct headers *headers, const char *value)
{
	size_t scheme = strlen(SIGV4_ALGORITHM);
	char *copy;
	int rc;

	c->form = SIGV4_FORM_HEADER;
	if (headers_count(headers, "authorization") != 1 ||
	    strlen(value) > HEADER_MAX)
		return malformed(c, "one Authorization header is expected");
	if (strncmp(value, SIGV4_ALGORITHM, scheme) != 0 ||
	    value[scheme] != ' ') {
		c->form = SIGV4_FORM_OTHER;
		return malformed(c, "the algorithm is not " SIGV4_ALGORITHM);
	}
	copy = xstrdup(value + scheme);
	rc = take_fields(c, copy);
	free(copy);
	if (rc == -1)
		return malformed(c,
		    "Credential, SignedHeaders and Signature are expected, "
		    "each once and complete");
	take_date(c, headers);
	return SIGV4_OK;
}

enum sigv4_verdict
sigv4_claim_parse(
    const struct headers *headers, const char *query, struct sigv4_claim *c)
{
	const char *value = headers_get(headers, "authorization");
	bool presigned = is_presigned(query);

	if (value == NULL)
		return presigned ? parse_query(c, query) : SIGV4_MISSING;
	if (!presigned)
		return parse_header(c, headers, value);
	c->form = SIGV4_FORM_BOTH;
	return malformed(c,
	    "Only one auth mechanism allowed; only the X-Amz-Algorithm query "
	    "parameter, Signature query string parameter or the Authorization "
	    "header should be specified");
}

int64_t
sigv4_skew_ms(const char *service)
{
	return str_eq(service, "s3") ? 15 * 60 * 1000 : 5 * 60 * 1000;
}

/* The digests are compared: their time tells nothing of the texts. */
static bool
same_text(const char *a, const char *b)
{
	unsigned char x[HASH_SHA256_SIZE], y[HASH_SHA256_SIZE];

	hash_sha256(a, strlen(a), x);
	hash_sha256(b, strlen(b), y);
	return hash_equal(x, y, sizeof(x));
}

/* Stands in for whoever is not known, so that the work is the same. */
static const struct sigv4_user nobody = {
    .name = "",
    .access_key = "nobody",
    .secret_key = "nobody's",
};

/* All are compared, and none faster than another. */
static const struct sigv4_user *
find_user(const struct sigv4_clients *a, const char *access_key)
{
	const struct sigv4_user *found = &nobody;
	size_t i;

	for (i = 0; i < a->n; i++) {
		if (same_text(a->users[i].access_key, access_key))
			found = &a->users[i];
	}
	return found;
}

static enum sigv4_verdict
check_day(struct sigv4_claim *c)
{
	char amz[TIMEFMT_AMZ_SIZE];

	timefmt_amz(c->at, amz);
	amz[8] = '\0';
	if (str_eq(c->day, amz))
		return SIGV4_OK;
	if (c->form != SIGV4_FORM_QUERY)
		return malformed(
		    c, "the day in Credential is not that of X-Amz-Date");
	snprintf(c->detail, sizeof(c->detail),
	    "Invalid credential date \"%.32s\". This date is not the same as "
	    "X-Amz-Date: \"%s\".",
	    c->day, amz);
	return SIGV4_MALFORMED;
}

static enum sigv4_verdict
check_time(struct sigv4_claim *c, int64_t skew, int64_t now_at)
{
	int64_t last_at;
	enum sigv4_verdict verdict;

	if (c->at == -1)
		return malformed(c, "X-Amz-Date is missing or unreadable");
	verdict = check_day(c);
	if (verdict != SIGV4_OK)
		return verdict;
	last_at =
	    c->at + (c->form == SIGV4_FORM_QUERY ? c->expires_s * 1000 : skew);
	if (now_at > last_at)
		return SIGV4_EXPIRED;
	return c->at > now_at + skew ? SIGV4_FUTURE : SIGV4_OK;
}

/* It is signed wherever it stands; in two places it could be two things. */
static enum sigv4_verdict
check_token(const struct sigv4_claim *c, const struct headers *headers)
{
	const char *header = headers_get(headers, "x-amz-security-token");
	const char *sent = c->token != NULL ? c->token : header;
	const char *wanted = c->user->session_token;

	if (sent == NULL && wanted == NULL)
		return SIGV4_OK;
	if (sent == NULL || wanted == NULL ||
	    (c->token != NULL && header != NULL) || !same_text(sent, wanted))
		return SIGV4_TOKEN;
	return SIGV4_OK;
}

enum sigv4_verdict
sigv4_admit(const struct sigv4_clients *a, const char *service,
    const struct headers *headers, int64_t now_at, struct sigv4_claim *c)
{
	if (c->form == SIGV4_FORM_QUERY && !str_eq(service, "s3"))
		return SIGV4_PRESIGNED;
	if (!str_eq(c->service, service))
		return SIGV4_WRONG_SERVICE;
	if (a->region != NULL && !str_eq(c->region, a->region))
		return SIGV4_WRONG_REGION;
	c->user = find_user(a, c->access_key);
	if (c->user == &nobody)
		return SIGV4_UNKNOWN_KEY;
	if (check_token(c, headers) != SIGV4_OK)
		return SIGV4_TOKEN;
	return check_time(c,
	    a->skew_ms != 0 ? a->skew_ms : sigv4_skew_ms(c->service), now_at);
}

/* Whether a name stands in the list "a;b;c". */
static bool
is_listed(const char *list, const char *name)
{
	size_t len = strlen(name);
	const char *p = list;

	while (p != NULL) {
		if (strncasecmp(p, name, len) == 0 &&
		    (p[len] == ';' || p[len] == '\0'))
			return true;
		p = strchr(p, ';');
		if (p != NULL)
			p++;
	}
	return false;
}

static enum sigv4_verdict
left_out(struct sigv4_claim *c, const char *name)
{
	snprintf(c->detail, sizeof(c->detail), "%s", name);
	return SIGV4_NOT_SIGNED;
}

/* Who the bytes are for, and under which names: x-amz-* and SageMaker's own.
 * The SDKs leave x-amzn-trace-id out, which the way may add. */
static bool
must_be_signed(const char *name)
{
	return strncasecmp(name, "x-amz-", 6) == 0 ||
	    strncasecmp(name, "x-amzn-sagemaker-", 17) == 0;
}

/*
 * Whoever is between may change what is not signed: of what decides where
 * bytes come from and go to, nothing. Two fields of one name are signed as
 * one with a comma, and could be read as something else.
 */
static enum sigv4_verdict
check_listed(struct sigv4_claim *c, const struct headers *headers)
{
	size_t i;

	if (!is_listed(c->signed_headers, "host"))
		return left_out(c, "host");
	for (i = 0; i < headers->n; i++) {
		const char *name = headers->v[i].name;

		if (!must_be_signed(name))
			continue;
		if (!is_listed(c->signed_headers, name))
			return left_out(c, name);
		if (headers_count(headers, name) != 1)
			return malformed(c, "a header stands there twice");
	}
	return SIGV4_OK;
}

/* The signed headers of the request; -1 where one is not there. */
static int
pick_headers(const char *list, const struct headers *all, struct headers *out)
{
	const char *p = list, *end;
	size_t i, n;

	for (;;) {
		char *name;
		size_t before = out->n;

		end = strchr(p, ';');
		n = end != NULL ? (size_t)(end - p) : strlen(p);
		name = xstrndup(p, n);
		for (i = 0; i < all->n; i++) {
			if (str_ieq(all->v[i].name, name))
				headers_add(out, name, all->v[i].value);
		}
		free(name);
		if (out->n == before)
			return -1;
		if (end == NULL)
			return 0;
		p = end + 1;
	}
}

static int
compute(struct sigv4_claim *c, const struct sigv4_received *r,
    const struct headers *picked, char out[SIGV4_SIGNATURE_SIZE])
{
	bool s3 = str_eq(c->service, "s3");
	struct buf names, query;
	struct sigv4_request request = {
	    .method = r->method,
	    .path = r->path,
	    .query = r->query,
	    .headers = picked,
	    .payload_hash = r->payload_hash,
	    .path_as_is = s3,
	};
	struct sigv4_scope scope = sigv4_claim_scope(c);
	struct sigv4_credentials creds = sigv4_claim_credentials(c);
	struct error err = {0};
	int rc;

	buf_init(&names, HEADER_MAX);
	buf_init(&query, CANONICAL_MAX);
	if (c->form == SIGV4_FORM_QUERY) {
		without_signature(r->query, &query);
		request.query = query.data;
	}
	buf_clear(&c->canonical);
	buf_clear(&c->string_to_sign);
	rc = sigv4_canonical_request(&request, &c->canonical, &names, &err);
	/* In another order, or with one name twice, it is another list. */
	if (rc == 0 && !str_eq(names.data, c->signed_headers))
		rc = -1;
	buf_done(&names);
	buf_done(&query);
	if (rc == -1)
		return -1;
	sigv4_string_to_sign(
	    &scope, c->canonical.data, c->canonical.len, &c->string_to_sign);
	sigv4_signature(
	    &creds, &scope, c->string_to_sign.data, c->string_to_sign.len, out);
	return 0;
}

enum sigv4_verdict
sigv4_verify(struct sigv4_claim *c, const struct sigv4_received *r)
{
	enum sigv4_verdict verdict = check_listed(c, r->headers);
	char expected[SIGV4_SIGNATURE_SIZE];
	struct headers picked;

	if (verdict != SIGV4_OK)
		return verdict;
	headers_init(&picked);
	verdict = SIGV4_MISMATCH;
	if (pick_headers(c->signed_headers, r->headers, &picked) == 0 &&
	    compute(c, r, &picked, expected) == 0 &&
	    hash_equal(expected, c->signature, sizeof(expected)))
		verdict = SIGV4_OK;
	headers_done(&picked);
	if (c->user == &nobody)
		return SIGV4_UNKNOWN_KEY;
	return verdict;
}

struct sigv4_scope
sigv4_claim_scope(const struct sigv4_claim *c)
{
	return (struct sigv4_scope){
	    .region = c->region,
	    .service = c->service,
	    .at = c->at,
	};
}

struct sigv4_credentials
sigv4_claim_credentials(const struct sigv4_claim *c)
{
	return (struct sigv4_credentials){
	    .access_key = c->user->access_key,
	    .secret_key = c->user->secret_key,
	};
}
