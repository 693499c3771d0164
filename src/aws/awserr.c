/* SPDX-License-Identifier: Apache-2.0 */
/* AWS's errors, classified in one place. */
#include "aws/awserr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/s3xml.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

/* No peer decides how long we sleep: a hint past this is cut. */
#define RETRY_AFTER_MAX_MS 3600000

struct answer {
	char code[64];
	char message[300];
};

/* Sources: the AWS SDKs' lists of throttling codes; S3's error codes. */
static const struct {
	const char *code;
	enum error_code class;
} classes[] = {
    {"AccessDenied", ERR_AUTH},
    {"AccessDeniedException", ERR_AUTH},
    {"BandwidthLimitExceeded", ERR_THROTTLED},
    {"EC2ThrottledException", ERR_THROTTLED},
    {"ExpiredToken", ERR_AUTH},
    {"ExpiredTokenException", ERR_AUTH},
    {"IncompleteSignature", ERR_AUTH},
    {"InternalError", ERR_REMOTE},
    {"InternalFailure", ERR_REMOTE},
    {"InvalidAccessKeyId", ERR_AUTH},
    {"InvalidClientTokenId", ERR_AUTH},
    {"InvalidSignatureException", ERR_AUTH},
    {"InvalidToken", ERR_AUTH},
    {"LimitExceededException", ERR_THROTTLED},
    {"MissingAuthenticationToken", ERR_AUTH},
    {"MissingAuthenticationTokenException", ERR_AUTH},
    {"NoSuchBucket", ERR_NOT_FOUND},
    {"NoSuchKey", ERR_NOT_FOUND},
    {"PriorRequestNotComplete", ERR_THROTTLED},
    {"RequestExpired", ERR_AUTH},
    {"RequestLimitExceeded", ERR_THROTTLED},
    {"RequestThrottled", ERR_THROTTLED},
    {"RequestThrottledException", ERR_THROTTLED},
    {"RequestTimeTooSkewed", ERR_AUTH},
    {"RequestTimeout", ERR_REMOTE},
    {"SignatureDoesNotMatch", ERR_AUTH},
    {"SlowDown", ERR_THROTTLED},
    {"ThrottledException", ERR_THROTTLED},
    {"Throttling", ERR_THROTTLED},
    {"ThrottlingException", ERR_THROTTLED},
    {"TooManyRequestsException", ERR_THROTTLED},
    {"UnrecognizedClientException", ERR_AUTH},
};

static enum error_code
class_of_status(int status)
{
	if (status == 404)
		return ERR_NOT_FOUND;
	if (status == 401 || status == 403)
		return ERR_AUTH;
	if (status == 429)
		return ERR_THROTTLED;
	/* 408: somebody gave up waiting, for us or for what is behind it. */
	if (status >= 500 || status == 408)
		return ERR_REMOTE;
	return ERR_REFUSED;
}

static enum error_code
class_of(const struct answer *a, int status)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(classes); i++) {
		if (str_eq(a->code, classes[i].code))
			return classes[i].class;
	}
	return class_of_status(status);
}

static void
copy_code(struct answer *a, const char *code)
{
	size_t len = strcspn(code, ":");

	/* "com.amazonaws.x#Code" in a body's __type. */
	if (memchr(code, '#', len) != NULL) {
		const char *hash = strchr(code, '#');

		len -= (size_t)(hash + 1 - code);
		code = hash + 1;
	}
	snprintf(a->code, sizeof(a->code), "%.*s", (int)len, code);
}

static void
read_json(const struct http_response *r, struct answer *a)
{
	static const char *const code_keys[] = {"__type", "code", "Code"};
	static const char *const text_keys[] = {"message", "Message"};
	struct json *doc;
	struct error ignored;
	const char *s;
	size_t i;

	if (json_parse(r->body.data, r->body.len, &doc, &ignored) == -1)
		return;
	for (i = 0; i < ARRAY_LEN(code_keys) && a->code[0] == '\0'; i++) {
		s = json_get_str(doc, code_keys[i]);
		if (s != NULL)
			copy_code(a, s);
	}
	for (i = 0; i < ARRAY_LEN(text_keys) && a->message[0] == '\0'; i++) {
		s = json_get_str(doc, text_keys[i]);
		if (s != NULL)
			snprintf(a->message, sizeof(a->message), "%s", s);
	}
	json_free(doc);
}

static void
read_answer(const struct http_response *r, struct answer *a)
{
	const char *type = headers_get(&r->headers, "x-amzn-errortype");
	struct s3xml_error xml;
	struct error ignored;

	memset(a, 0, sizeof(*a));
	if (type != NULL)
		copy_code(a, type);
	if (r->body.len > 0 && r->body.data[0] == '<') {
		if (s3xml_parse_error(
			r->body.data, r->body.len, &xml, &ignored) == 0) {
			copy_code(a, xml.code);
			snprintf(
			    a->message, sizeof(a->message), "%s", xml.message);
		}
	} else if (r->body.len > 0) {
		read_json(r, a);
	}
	if (a->code[0] == '\0')
		snprintf(a->code, sizeof(a->code), "%d", r->status);
}

static int64_t
retry_after_ms(const struct http_response *r)
{
	const char *ms = headers_get(&r->headers, "x-amz-retry-after");
	const char *s = headers_get(&r->headers, "retry-after");
	int64_t n;

	if (ms != NULL && str_to_i64(ms, 0, RETRY_AFTER_MAX_MS, &n) == 0)
		return n;
	if (s != NULL && str_to_i64(s, 0, RETRY_AFTER_MAX_MS / 1000, &n) == 0)
		return n * 1000;
	return 0;
}

/* How far this clock is from the peer's, where that is the trouble. */
static void
hint_at_clock(const struct http_response *r, struct error *err)
{
	int64_t date = http_response_date(r, "date"), skew;

	if (date == -1)
		return;
	skew = (clock_wall_ms() - date) / 1000;
	if (llabs(skew) > 60)
		err_hint(err,
		    "This machine's clock is %lld s %s the service's; set it "
		    "right.",
		    llabs(skew), skew > 0 ? "ahead of" : "behind");
}

/* The time did not fit; whose fault that is only the date can tell. */
static bool
is_of_time(const struct error *err)
{
	return str_starts(err->remote_code, "RequestExpired") ||
	    str_starts(err->remote_code, "RequestTimeTooSkewed") ||
	    strstr(err->text, "Signature expired") != NULL ||
	    strstr(err->text, "Signature not yet current") != NULL;
}

static void
hint_at_auth(const struct http_response *r, struct error *err)
{
	if (str_starts(err->remote_code, "ExpiredToken"))
		err_hint(err,
		    "The session token's time is over; get new "
		    "credentials.");
	else if (str_eq(err->remote_code, "UnrecognizedClientException") ||
	    str_eq(err->remote_code, "InvalidAccessKeyId"))
		err_hint(err,
		    "The service does not know this access key; check "
		    "AWS_ACCESS_KEY_ID or the profile.");
	else if (str_starts(err->remote_code, "AccessDenied"))
		err_hint(err,
		    "The key is known but not allowed to do this; see the "
		    "IAM policy in the README.");
	else if (!is_of_time(err))
		err_hint(err,
		    "Check the secret key and the region, and that no "
		    "proxy changes the request.");
	hint_at_clock(r, err);
}

int
awserr_from_response(
    const char *what, const struct http_response *r, struct error *err)
{
	struct answer a;

	read_answer(r, &a);
	err_set(err, class_of(&a, r->status), "%s: %s%s%s (HTTP %d)", what,
	    a.code, a.message[0] != '\0' ? ": " : "", a.message, r->status);
	err->sent = true;
	err->http_status = r->status;
	err->retryable = err->code == ERR_THROTTLED || err->code == ERR_REMOTE;
	err->retry_after_ms = retry_after_ms(r);
	memcpy(err->remote_code, a.code, sizeof(a.code));
	if (err->code == ERR_AUTH)
		hint_at_auth(r, err);
	return -1;
}

enum awserr_class
awserr_class(const struct error *err)
{
	if (err->code == ERR_AUTH &&
	    (str_starts(err->remote_code, "ExpiredToken") ||
		str_eq(err->remote_code, "RequestExpired")))
		return AWSERR_EXPIRED;
	return AWSERR_PERMANENT;
}
