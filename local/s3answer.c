/* SPDX-License-Identifier: Apache-2.0 */
/* The table of codes, and the documents made from it. */
#include "local/s3answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
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
    {"AccessControlListNotSupported", 400, "The bucket does not allow ACLs"},
    {"AccessDenied", 403, "Access Denied"},
    {"AuthorizationHeaderMalformed", 400,
	"The authorization header that you provided is not valid."},
    {"AuthorizationQueryParametersError", 400,
	"Query-string authentication is not valid."},
    {"BadDigest", 400,
	"The Content-MD5 or checksum value that you specified did "
	"not match what the server received."},
    {"BucketAlreadyOwnedByYou", 409,
	"Your previous request to create the named bucket "
	"succeeded and you already own it."},
    {"EntityTooLarge", 400,
	"Your proposed upload exceeds the maximum allowed object "
	"size."},
    {"IllegalLocationConstraintException", 400,
	"The specified location-constraint is not valid"},
    {"IncompleteBody", 400,
	"You did not provide the number of bytes specified by the "
	"Content-Length HTTP header."},
    {"InternalError", 500,
	"We encountered an internal error. Please try again."},
    {"InvalidAccessKeyId", 403,
	"The AWS Access Key Id you provided does not exist in our "
	"records."},
    {"InvalidArgument", 400, "Invalid Argument"},
    {"InvalidBucketName", 400, "The specified bucket is not valid."},
    {"InvalidBucketOwnerAWSAccountID", 400,
	"The value of the expected bucket owner parameter must be "
	"an AWS account ID"},
    {"InvalidDigest", 400, "The Content-MD5 you specified is not valid."},
    {"InvalidPartNumber", 416, "The requested partnumber is not satisfiable"},
    {"InvalidRange", 416, "The requested range is not satisfiable"},
    {"InvalidRequest", 400, "Invalid Request"},
    {"InvalidStorageClass", 400,
	"The storage class you specified is not valid"},
    {"InvalidToken", 400,
	"The provided token is malformed or otherwise invalid."},
    {"InvalidURI", 400, "Couldn't parse the specified URI."},
    {"KeyTooLongError", 400, "Your key is too long"},
    {"MalformedTrailerError", 400,
	"The request contained trailing data that was not "
	"well-formed or did not conform to our published schema."},
    {"MalformedXML", 400,
	"The XML you provided was not well-formed or did not "
	"validate against our published schema"},
    {"MaxMessageLengthExceeded", 400, "Your request was too big."},
    {"MetadataTooLarge", 400,
	"Your metadata headers exceed the maximum allowed metadata "
	"size."},
    {"MethodNotAllowed", 405,
	"The specified method is not allowed against this "
	"resource."},
    {"MissingContentLength", 411,
	"You must provide the Content-Length HTTP header."},
    {"NoSuchBucket", 404, "The specified bucket does not exist"},
    {"NoSuchKey", 404, "The specified key does not exist."},
    {"NotImplemented", 501,
	"A header or query you provided implies functionality that "
	"is not implemented."},
    {"PreconditionFailed", 412,
	"At least one of the pre-conditions you specified did not "
	"hold"},
    {"RequestTimeTooSkewed", 403,
	"The difference between the request time and the current "
	"time is too large."},
    {"ServiceUnavailable", 503, "Service is unable to handle request."},
    {"SignatureDoesNotMatch", 403,
	"The request signature we calculated does not match the "
	"signature you provided. Check your key and signing "
	"method."},
    {"SlowDown", 503, "Please reduce your request rate."},
    {"XAmzContentSHA256Mismatch", 400,
	"The provided 'x-amz-content-sha256' header does not match "
	"what was computed."},
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
s3answer_xml(struct call *c, int status, const struct buf *document)
{
	struct headers headers;

	s3answer_headers(c, &headers);
	headers_add(&headers, "Content-Type", "application/xml");
	call_reply(c, status, &headers, document->data, document->len);
	headers_done(&headers);
}

void
s3answer_error(struct call *c, const struct s3answer_error *e)
{
	int status = e->status != 0 ? e->status : s3answer_status(e->code);
	struct headers headers;
	struct buf body;

	s3answer_headers(c, &headers);
	if (e->region != NULL)
		headers_add(&headers, "x-amz-bucket-region", e->region);
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

void
s3answer_internal(struct call *c, const struct error *err)
{
	log_begin(LOG_ERROR, "s3");
	log_str("request", c->request_id);
	log_err(err);
	log_end();
	s3answer_code(c, "InternalError");
}

int
s3answer_bad(struct error *err, const char *code, const char *text)
{
	err_set(err, ERR_PROTOCOL, "%s", text);
	snprintf(err->remote_code, sizeof(err->remote_code), "%s", code);
	return -1;
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

static bool
is_presigned(const struct sigv4_claim *claim)
{
	return claim->form == SIGV4_FORM_QUERY;
}

static const char *
malformed_code(const struct sigv4_claim *claim)
{
	return is_presigned(claim) ? "AuthorizationQueryParametersError"
				   : "AuthorizationHeaderMalformed";
}

static void
send_region(struct call *c, const struct sigv4_claim *claim, const char *region)
{
	char *text = xasprintf("%s; the region '%s' is wrong; expecting '%s'",
	    is_presigned(claim) ? "Error parsing the X-Amz-Credential parameter"
				: "The authorization header is malformed",
	    claim->region, region);
	struct s3answer_error e = {
	    .code = malformed_code(claim),
	    .message = text,
	    .region = region,
	    .detail = {"Region", region},
	};

	s3answer_error(c, &e);
	xfree(&text);
}

static void
send_service(struct call *c, const struct sigv4_claim *claim)
{
	char *text = xasprintf(
	    "%s; incorrect service. This endpoint belongs to \"s3\".",
	    is_presigned(claim) ? "Error parsing the X-Amz-Credential parameter"
				: "The authorization header is malformed");

	s3answer_text(c, malformed_code(claim), text);
	xfree(&text);
}

/* 2013-05-24T00:00:00Z */
static void
put_instant(int64_t at, char out[TIMEFMT_ISO_SIZE])
{
	char *dot;

	timefmt_iso(at, out);
	dot = strchr(out, '.');
	memcpy(dot, "Z", 2);
}

static void
send_skewed(struct call *c, const struct sigv4_claim *claim)
{
	char signed_at[TIMEFMT_AMZ_SIZE], now[TIMEFMT_ISO_SIZE];
	struct s3answer_error e = {
	    .code = "RequestTimeTooSkewed",
	    .detail = {"RequestTime", signed_at, "ServerTime", now,
		"MaxAllowedSkewMilliseconds", "900000"},
	};

	timefmt_amz(claim->at, signed_at);
	put_instant(call_now(c), now);
	s3answer_error(c, &e);
}

static void
send_over(struct call *c, const struct sigv4_claim *claim)
{
	char until[TIMEFMT_ISO_SIZE], now[TIMEFMT_ISO_SIZE], seconds[24];
	struct s3answer_error e = {
	    .code = "AccessDenied",
	    .message = "Request has expired",
	    .detail = {"X-Amz-Expires", seconds, "Expires", until, "ServerTime",
		now},
	};

	snprintf(seconds, sizeof(seconds), "%lld", (long long)claim->expires_s);
	put_instant(claim->at + claim->expires_s * 1000, until);
	put_instant(call_now(c), now);
	s3answer_error(c, &e);
}

static void
send_too_early(struct call *c, const struct sigv4_claim *claim)
{
	char from[TIMEFMT_ISO_SIZE], now[TIMEFMT_ISO_SIZE];
	struct s3answer_error e = {
	    .code = "AccessDenied",
	    .message = "Request is not yet valid",
	    .detail = {"RequestTime", from, "ServerTime", now},
	};

	put_instant(claim->at, from);
	put_instant(call_now(c), now);
	s3answer_error(c, &e);
}

static void
send_time(struct call *c, const struct sigv4_claim *claim, bool past)
{
	if (!is_presigned(claim))
		send_skewed(c, claim);
	else if (past)
		send_over(c, claim);
	else
		send_too_early(c, claim);
}

/* What was signed here lets the client find the difference. */
static void
send_mismatch(struct call *c, const struct sigv4_claim *claim)
{
	struct s3answer_error e = {
	    .code = "SignatureDoesNotMatch",
	    .detail = {"AWSAccessKeyId", claim->access_key, "StringToSign",
		claim->string_to_sign.data, "SignatureProvided",
		claim->signature, "CanonicalRequest", claim->canonical.data},
	};

	s3answer_error(c, &e);
}

static void
send_with_key(struct call *c, const struct sigv4_claim *claim, const char *code)
{
	struct s3answer_error e = {
	    .code = code,
	    .detail = {"AWSAccessKeyId", claim->access_key},
	};

	s3answer_error(c, &e);
}

static void
send_malformed(struct call *c, const struct sigv4_claim *claim)
{
	struct s3answer_error both = {
	    .code = "InvalidArgument",
	    .message = claim->detail,
	    .detail = {"ArgumentName", "Authorization"},
	};
	char *text;

	if (claim->form == SIGV4_FORM_BOTH)
		s3answer_error(c, &both);
	else if (claim->form == SIGV4_FORM_OTHER)
		s3answer_text(c, "InvalidRequest",
		    "The authorization mechanism you have provided is not "
		    "supported. Please use AWS4-HMAC-SHA256.");
	else if (is_presigned(claim))
		s3answer_text(c, malformed_code(claim), claim->detail);
	else if (claim->service != NULL && claim->at == -1)
		s3answer_text(c, "AccessDenied",
		    "AWS authentication requires a valid Date or x-amz-date "
		    "header");
	else {
		text = xasprintf("The authorization header is malformed; %s.",
		    claim->detail);
		s3answer_text(c, malformed_code(claim), text);
		xfree(&text);
	}
}

static void
send_unsigned(struct call *c, const struct sigv4_claim *claim)
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
s3answer_auth(struct call *c, enum sigv4_verdict verdict, const char *region)
{
	const struct sigv4_claim *claim = &c->claim;

	switch (verdict) {
	case SIGV4_OK:
		break;
	case SIGV4_MISSING:
		s3answer_code(c, "AccessDenied");
		return;
	case SIGV4_PRESIGNED: /* of another service; never said of s3 */
		send_service(c, claim);
		return;
	case SIGV4_MALFORMED:
		send_malformed(c, claim);
		return;
	case SIGV4_WRONG_REGION:
		send_region(c, claim, region);
		return;
	case SIGV4_WRONG_SERVICE:
		send_service(c, claim);
		return;
	case SIGV4_UNKNOWN_KEY:
		send_with_key(c, claim, "InvalidAccessKeyId");
		return;
	case SIGV4_TOKEN:
		s3answer_code(c, "InvalidToken");
		return;
	case SIGV4_EXPIRED:
	case SIGV4_FUTURE:
		send_time(c, claim, verdict == SIGV4_EXPIRED);
		return;
	case SIGV4_NOT_SIGNED:
		send_unsigned(c, claim);
		return;
	case SIGV4_MISMATCH:
		send_mismatch(c, claim);
		return;
	}
	abort();
}
