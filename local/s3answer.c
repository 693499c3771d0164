/* SPDX-License-Identifier: Apache-2.0 */
/* The table of codes, and the documents made from it. */
#include "local/s3answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "local/xml.h"

#define DOCUMENT_MAX (1024 * 1024)

static const struct {
	const char *code;
	int status;
	const char *message;
} table[] = {
    {"AccessDenied", 403, "Access Denied"},
    {"AuthorizationHeaderMalformed", 400,
	"The authorization header that you provided is not valid."},
    {"BadDigest", 400,
	"The Content-MD5 or checksum value that you specified did not match "
	"what the server received."},
    {"EntityTooLarge", 400,
	"Your proposed upload exceeds the maximum allowed object size."},
    {"IncompleteBody", 400,
	"You did not provide the number of bytes specified by the "
	"Content-Length HTTP header."},
    {"InternalError", 500,
	"We encountered an internal error. Please try again."},
    {"InvalidAccessKeyId", 403,
	"The AWS Access Key Id you provided does not exist in our records."},
    {"InvalidArgument", 400, "Invalid Argument"},
    {"InvalidBucketName", 400, "The specified bucket is not valid."},
    {"InvalidDigest", 400, "The Content-MD5 you specified is not valid."},
    {"InvalidRange", 416, "The requested range is not satisfiable"},
    {"InvalidRequest", 400, "Invalid Request"},
    {"InvalidToken", 400,
	"The provided token is malformed or otherwise invalid."},
    {"InvalidURI", 400, "Couldn't parse the specified URI."},
    {"KeyTooLongError", 400, "Your key is too long"},
    {"MetadataTooLarge", 400,
	"Your metadata headers exceed the maximum allowed metadata size."},
    {"MethodNotAllowed", 405,
	"The specified method is not allowed against this resource."},
    {"MissingContentLength", 411,
	"You must provide the Content-Length HTTP header."},
    {"NoSuchBucket", 404, "The specified bucket does not exist"},
    {"NoSuchKey", 404, "The specified key does not exist."},
    {"NotImplemented", 501,
	"A header or query you provided implies functionality that is not "
	"implemented."},
    {"PreconditionFailed", 412,
	"At least one of the pre-conditions you specified did not hold"},
    {"RequestTimeTooSkewed", 403,
	"The difference between the request time and the current time is too "
	"large."},
    {"ServiceUnavailable", 503, "Service is unable to handle request."},
    {"SignatureDoesNotMatch", 403,
	"The request signature we calculated does not match the signature you "
	"provided. Check your key and signing method."},
    {"SlowDown", 503, "Please reduce your request rate."},
    {"XAmzContentSHA256Mismatch", 400,
	"The provided 'x-amz-content-sha256' header does not match what was "
	"computed."},
};

/* Support would ask for it; here there is one host. */
static const char host_id[] = "awaitd-local";

void
s3answer_headers(const struct call *c, struct headers *out)
{
	headers_init(out);
	headers_add(out, "x-amz-request-id", c->request_id);
	headers_add(out, "x-amz-id-2", host_id);
	headers_add(out, "Server", "awaitd-local");
}

static size_t
find(const char *code)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		if (str_eq(table[i].code, code))
			return i;
	}
	return ARRAY_LEN(table);
}

int
s3answer_status(const char *code)
{
	size_t i = find(code);

	return i < ARRAY_LEN(table) ? table[i].status : 500;
}

void
s3answer_format(struct buf *out, const struct s3answer_error *e,
    const char *resource, const char *request_id)
{
	size_t i = find(e->code), j;
	const char *message = e->message;

	if (message == NULL)
		message = i < ARRAY_LEN(table) ? table[i].message : e->code;
	xml_start(out);
	xml_open(out, "Error", NULL);
	xml_text(out, "Code", e->code);
	xml_text(out, "Message", message);
	for (j = 0; j + 1 < ARRAY_LEN(e->detail); j += 2) {
		if (e->detail[j] != NULL && e->detail[j + 1] != NULL)
			xml_text(out, e->detail[j], e->detail[j + 1]);
	}
	if (resource != NULL)
		xml_text(out, "Resource", resource);
	xml_text(out, "RequestId", request_id);
	xml_text(out, "HostId", host_id);
	xml_close(out, "Error");
}

void
s3answer_error(struct call *c, const struct s3answer_error *e)
{
	int status = e->status != 0 ? e->status : s3answer_status(e->code);
	struct headers headers;
	struct buf body;

	s3answer_headers(c, &headers);
	if (str_eq(http_method(c->x), "HEAD")) {
		call_reply_head(c, status, &headers, -1);
		headers_done(&headers);
		return;
	}
	headers_add(&headers, "Content-Type", "application/xml");
	buf_init(&body, DOCUMENT_MAX);
	s3answer_format(&body, e, http_path(c->x), c->request_id);
	call_reply(c, status, &headers, body.data, body.len);
	buf_done(&body);
	headers_done(&headers);
}

void
s3answer_text(struct call *c, const char *code, const char *message)
{
	struct s3answer_error e = {.code = code, .message = message};

	s3answer_error(c, &e);
}

void
s3answer_code(struct call *c, const char *code)
{
	s3answer_text(c, code, NULL);
}

/* --- faults --------------------------------------------------------- */

/* Another one, but always the same, so that two looks agree. */
void
s3answer_etag(struct call *c, struct headers *h, const char *etag)
{
	char *other = xstrdup(etag);

	if (call_fault(c, FAULT_WRONG_ETAG) != NULL && *other != '\0')
		*other = *other == '0' ? '1' : '0';
	headers_addf(h, "ETag", "\"%s\"", other);
	free(other);
}

static void
throttle(struct call *c)
{
	s3answer_code(c, "SlowDown");
}

static void
fail(struct call *c, int status)
{
	struct s3answer_error e = {
	    .code = status == 503 ? "ServiceUnavailable" : "InternalError",
	    .status = status,
	};

	s3answer_error(c, &e);
}

const struct call_words s3answer_words = {throttle, fail};

/* --- signatures ----------------------------------------------------- */

static void
send_region(struct call *c, const struct auth_claim *claim, const char *region)
{
	char *text = xasprintf("The authorization header is malformed; the "
			       "region '%s' is wrong; expecting '%s'",
	    claim->region, region);
	struct s3answer_error e = {
	    .code = "AuthorizationHeaderMalformed",
	    .message = text,
	    .detail = {"Region", region},
	};

	s3answer_error(c, &e);
	xfree(&text);
}

static void
send_skewed(struct call *c, const struct auth_claim *claim)
{
	char signed_at[TIMEFMT_AMZ_SIZE], now[TIMEFMT_ISO_SIZE];
	struct s3answer_error e = {
	    .code = "RequestTimeTooSkewed",
	    .detail = {"RequestTime", signed_at, "ServerTime", now,
		"MaxAllowedSkewMilliseconds", "900000"},
	};

	timefmt_amz(claim->at, signed_at);
	timefmt_iso(call_now(c), now);
	s3answer_error(c, &e);
}

/* What was signed here lets the client find the difference. */
static void
send_mismatch(struct call *c, const struct auth_claim *claim)
{
	struct s3answer_error e = {
	    .code = "SignatureDoesNotMatch",
	    .detail = {"AWSAccessKeyId", claim->access_key, "StringToSign",
		claim->string_to_sign.data, "CanonicalRequest",
		claim->canonical.data},
	};

	s3answer_error(c, &e);
}

static void
send_with_key(struct call *c, const struct auth_claim *claim, const char *code)
{
	struct s3answer_error e = {
	    .code = code,
	    .detail = {"AWSAccessKeyId", claim->access_key},
	};

	s3answer_error(c, &e);
}

static void
send_malformed(struct call *c, const struct auth_claim *claim)
{
	char *text = xasprintf(
	    "The authorization header is malformed; %s.", claim->detail);

	s3answer_text(c, "AuthorizationHeaderMalformed", text);
	xfree(&text);
}

static void
send_unsigned(struct call *c, const struct auth_claim *claim)
{
	struct s3answer_error e = {
	    .code = "AccessDenied",
	    .message = "There were headers present in the request which were "
		       "not signed",
	    .detail = {"HeadersNotSigned", claim->detail},
	};

	s3answer_error(c, &e);
}

void
s3answer_auth(struct call *c, enum auth_verdict verdict, const char *region)
{
	const struct auth_claim *claim = &c->claim;

	switch (verdict) {
	case AUTH_OK:
		break;
	case AUTH_MISSING:
		s3answer_code(c, "AccessDenied");
		return;
	case AUTH_PRESIGNED:
		s3answer_text(c, "AccessDenied",
		    "Presigned requests are not accepted here; sign the "
		    "request in its Authorization header.");
		return;
	case AUTH_MALFORMED:
		send_malformed(c, claim);
		return;
	case AUTH_WRONG_REGION:
		send_region(c, claim, region);
		return;
	case AUTH_WRONG_SERVICE:
		s3answer_text(c, "AuthorizationHeaderMalformed",
		    "The authorization header is malformed; incorrect "
		    "service. This endpoint belongs to \"s3\".");
		return;
	case AUTH_UNKNOWN_KEY:
		send_with_key(c, claim, "InvalidAccessKeyId");
		return;
	case AUTH_TOKEN:
		s3answer_code(c, "InvalidToken");
		return;
	case AUTH_EXPIRED:
	case AUTH_FUTURE:
		send_skewed(c, claim);
		return;
	case AUTH_NOT_SIGNED:
		send_unsigned(c, claim);
		return;
	case AUTH_MISMATCH:
		send_mismatch(c, claim);
		return;
	}
	abort();
}
