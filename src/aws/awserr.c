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
	bool html;
};

/*
 * Every code that means something, once. Sources: the AWS SDKs' lists of
 * throttling, transient and clock skew errors ("Retry behavior", AWS SDKs and
 * Tools reference guide); S3's and STS's lists of error codes; the common
 * errors of the SageMaker Runtime API; the errors of SQS's actions, with the
 * names that its query protocol has for them.
 */
static const struct {
	const char *code;
	enum awserr_class class;
} codes[] = {
    {"AWS.SimpleQueueService.NonExistentQueue", AWSERR_NOT_FOUND},
    {"AccessDenied", AWSERR_AUTH},
    {"AccessDeniedException", AWSERR_AUTH},
    {"AccountProblem", AWSERR_AUTH},
    {"AllAccessDisabled", AWSERR_AUTH},
    {"AuthFailure", AWSERR_AUTH},
    {"AuthorizationHeaderMalformed", AWSERR_REDIRECT},
    {"BandwidthLimitExceeded", AWSERR_THROTTLED},
    {"EC2ThrottledException", AWSERR_THROTTLED},
    {"ExpiredToken", AWSERR_EXPIRED},
    {"ExpiredTokenException", AWSERR_EXPIRED},
    {"IDPCommunicationError", AWSERR_TRANSIENT},
    {"IncompleteSignature", AWSERR_AUTH},
    {"InternalError", AWSERR_TRANSIENT},
    {"InternalFailure", AWSERR_TRANSIENT},
    {"InvalidAccessKeyId", AWSERR_AUTH},
    {"InvalidClientTokenId", AWSERR_AUTH},
    {"InvalidSecurity", AWSERR_AUTH},
    {"InvalidSignatureException", AWSERR_AUTH},
    {"InvalidToken", AWSERR_EXPIRED},
    {"KMS.AccessDeniedException", AWSERR_AUTH},
    {"KMS.ThrottlingException", AWSERR_THROTTLED},
    {"KmsAccessDenied", AWSERR_AUTH},
    {"KmsThrottled", AWSERR_THROTTLED},
    {"LimitExceededException", AWSERR_THROTTLED},
    {"MissingAuthenticationToken", AWSERR_AUTH},
    {"MissingAuthenticationTokenException", AWSERR_AUTH},
    {"NoSuchBucket", AWSERR_NOT_FOUND},
    {"NoSuchKey", AWSERR_NOT_FOUND},
    {"NotSignedUp", AWSERR_AUTH},
    {"OptInRequired", AWSERR_AUTH},
    {"OverLimit", AWSERR_THROTTLED},
    {"PermanentRedirect", AWSERR_REDIRECT},
    {"PriorRequestNotComplete", AWSERR_THROTTLED},
    {"ProvisionedThroughputExceededException", AWSERR_THROTTLED},
    {"QueueDoesNotExist", AWSERR_NOT_FOUND},
    {"RequestExpired", AWSERR_EXPIRED},
    {"RequestInTheFuture", AWSERR_SKEW},
    {"RequestLimitExceeded", AWSERR_THROTTLED},
    {"RequestThrottled", AWSERR_THROTTLED},
    {"RequestThrottledException", AWSERR_THROTTLED},
    {"RequestTimeTooSkewed", AWSERR_SKEW},
    {"RequestTimeout", AWSERR_TRANSIENT},
    {"RequestTimeoutException", AWSERR_TRANSIENT},
    {"SignatureDoesNotMatch", AWSERR_AUTH},
    {"SlowDown", AWSERR_THROTTLED},
    {"TemporaryRedirect", AWSERR_REDIRECT},
    {"ThrottledException", AWSERR_THROTTLED},
    {"Throttling", AWSERR_THROTTLED},
    {"ThrottlingException", AWSERR_THROTTLED},
    {"TooManyRequestsException", AWSERR_THROTTLED},
    {"TransactionInProgressException", AWSERR_THROTTLED},
    {"UnrecognizedClientException", AWSERR_AUTH},
};

/* --- classes -------------------------------------------------------- */

/* Without one the status stands in for it. */
static bool
is_code(const char *code)
{
	while (*code >= '0' && *code <= '9')
		code++;
	return *code != '\0';
}

static enum awserr_class
class_of_status(int status)
{
	if (status == 301 || status == 307)
		return AWSERR_REDIRECT;
	if (status == 401)
		return AWSERR_AUTH;
	if (status == 403)
		return AWSERR_AMBIGUOUS;
	if (status == 404)
		return AWSERR_NOT_FOUND;
	if (status == 429)
		return AWSERR_THROTTLED;
	/* 408: somebody gave up waiting, for us or for what is behind it. */
	if (status >= 500 || status == 408)
		return AWSERR_TRANSIENT;
	return AWSERR_PERMANENT;
}

/* The messages of an InvalidSignatureException that is about the time. */
static bool
is_of_time(const char *text)
{
	return strstr(text, "Signature expired") != NULL ||
	    strstr(text, "Signature not yet current") != NULL;
}

static enum awserr_class
class_of(const char *code, const char *text, int status)
{
	size_t i;

	if (!is_code(code))
		return class_of_status(status);
	if (str_eq(code, "InvalidSignatureException") && is_of_time(text))
		return AWSERR_SKEW;
	for (i = 0; i < ARRAY_LEN(codes); i++) {
		if (str_eq(code, codes[i].code))
			return codes[i].class;
	}
	/* A code that says more than "403" is no riddle. */
	return status == 403 ? AWSERR_AUTH : class_of_status(status);
}

static enum error_code error_code_of(enum awserr_class class)
{
	switch (class) {
	case AWSERR_THROTTLED:
		return ERR_THROTTLED;
	case AWSERR_NO_CREDENTIALS:
	case AWSERR_EXPIRED:
	case AWSERR_SKEW:
	case AWSERR_AUTH:
	case AWSERR_AMBIGUOUS:
		return ERR_AUTH;
	case AWSERR_NOT_FOUND:
		return ERR_NOT_FOUND;
	case AWSERR_TRANSIENT:
		return ERR_REMOTE;
	case AWSERR_REDIRECT:
	case AWSERR_PERMANENT:
		return ERR_REFUSED;
	}
	abort();
}

static bool may_pass(enum awserr_class class)
{
	return class == AWSERR_THROTTLED || class == AWSERR_TRANSIENT ||
	    class == AWSERR_EXPIRED || class == AWSERR_SKEW;
}

bool
awserr_has_code(const struct error *err)
{
	return is_code(err->remote_code);
}

/* No answer was read, or it was read and then found wanting. */
static enum awserr_class
class_of_ours(const struct error *err)
{
	if (err->code == ERR_AUTH)
		return !err->sent && err->retryable ? AWSERR_NO_CREDENTIALS
						    : AWSERR_AUTH;
	if (err->code == ERR_NOT_FOUND)
		return AWSERR_NOT_FOUND;
	if (err->code == ERR_THROTTLED)
		return AWSERR_THROTTLED;
	return err->retryable ? AWSERR_TRANSIENT : AWSERR_PERMANENT;
}

enum awserr_class
awserr_class(const struct error *err)
{
	/* ERR_REMOTE: a page of HTML is that, whatever its status. */
	if (!err->sent || err->http_status == 0 ||
	    (err->code == ERR_REMOTE && !awserr_has_code(err)))
		return class_of_ours(err);
	return class_of(err->remote_code, err->text, err->http_status);
}

bool
awserr_is_identity(const struct error *err)
{
	static const char *const denials[] = {
	    "AccessDenied",
	    "AccessDeniedException",
	    "AllAccessDisabled",
	    "KMS.AccessDeniedException",
	    "KmsAccessDenied",
	};
	size_t i;

	switch (awserr_class(err)) {
	case AWSERR_NO_CREDENTIALS:
	case AWSERR_EXPIRED:
	case AWSERR_SKEW:
		return true;
	case AWSERR_AUTH:
		break;
	default:
		return false;
	}
	for (i = 0; i < ARRAY_LEN(denials); i++) {
		if (str_eq(err->remote_code, denials[i]))
			return false;
	}
	return awserr_has_code(err);
}

const char *awserr_class_name(enum awserr_class class)
{
	switch (class) {
	case AWSERR_THROTTLED:
		return "throttled";
	case AWSERR_NO_CREDENTIALS:
		return "no-credentials";
	case AWSERR_EXPIRED:
		return "expired";
	case AWSERR_SKEW:
		return "skew";
	case AWSERR_AUTH:
		return "auth";
	case AWSERR_AMBIGUOUS:
		return "ambiguous";
	case AWSERR_NOT_FOUND:
		return "not-found";
	case AWSERR_REDIRECT:
		return "redirect";
	case AWSERR_TRANSIENT:
		return "transient";
	case AWSERR_PERMANENT:
		return "permanent";
	}
	abort();
}

/* --- what an answer says -------------------------------------------- */

static void
copy_code(struct answer *a, const char *code)
{
	size_t len = strcspn(code, ":;");

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

/* S3, and the query services. */
static void
read_xml(const struct http_response *r, struct answer *a)
{
	struct s3xml_error xml;
	struct error ignored;

	if (s3xml_parse_error(r->body.data, r->body.len, &xml, &ignored) == -1)
		return;
	copy_code(a, xml.code);
	snprintf(a->message, sizeof(a->message), "%s", xml.message);
}

static bool
begins_with(const struct buf *b, const char *word)
{
	size_t i, n = strlen(word);

	for (i = 0; i < n && i < b->len; i++) {
		if (str_lower_char((unsigned char)b->data[i]) != word[i])
			return false;
	}
	return i == n;
}

/* Of a proxy, a portal, a web server: whoever wrote it, AWS did not. */
static bool
is_html(const struct http_response *r)
{
	const char *type = headers_get(&r->headers, "content-type");

	return (type != NULL && str_starts(type, "text/html")) ||
	    begins_with(&r->body, "<!doctype html") ||
	    begins_with(&r->body, "<html");
}

/* To a HEAD S3 does not say what is wrong, only where the bucket is. */
static const char *
unsaid_code(const struct http_response *r)
{
	if (headers_get(&r->headers, "x-amz-bucket-region") == NULL)
		return "";
	if (r->status == 301)
		return "PermanentRedirect";
	if (r->status == 307)
		return "TemporaryRedirect";
	return r->status == 400 ? "AuthorizationHeaderMalformed" : "";
}

static void
read_answer(const struct http_response *r, struct answer *a)
{
	const char *type = headers_get(&r->headers, "x-amzn-errortype");
	const char *query = headers_get(&r->headers, "x-amzn-query-error");

	memset(a, 0, sizeof(*a));
	if (type != NULL)
		copy_code(a, type);
	if (r->body.len > 0 && r->body.data[0] == '<')
		read_xml(r, a);
	else if (r->body.len > 0)
		read_json(r, a);
	if (a->code[0] == '\0')
		copy_code(a, unsaid_code(r));
	/* "Code;Sender": of services that spoke the query protocol before. */
	if (a->code[0] == '\0' && query != NULL)
		copy_code(a, query);
	a->html = a->code[0] == '\0' && is_html(r);
	if (a->code[0] == '\0')
		snprintf(a->code, sizeof(a->code), "%d", r->status);
}

static int64_t
retry_after_ms(const struct http_response *r)
{
	const char *ms = headers_get(&r->headers, "x-amz-retry-after");
	const char *s = headers_get(&r->headers, "retry-after");
	int64_t n, date;

	if (ms != NULL && str_to_i64(ms, 0, RETRY_AFTER_MAX_MS, &n) == 0)
		return n;
	if (s != NULL && str_to_i64(s, 0, RETRY_AFTER_MAX_MS / 1000, &n) == 0)
		return n * 1000;
	/* A date, by the peer's own clock. */
	n = http_response_date(r, "retry-after");
	date = http_response_date(r, "date");
	if (n == -1 || date == -1 || n <= date || n - date > RETRY_AFTER_MAX_MS)
		return 0;
	return n - date;
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

static void
hint_at_auth(
    const struct http_response *r, enum awserr_class class, struct error *err)
{
	/* RequestExpired is of the time as well, and only the date can tell
	 * whose fault that is. */
	if (str_eq(err->remote_code, "InvalidToken"))
		err_hint(err,
		    "The session token is not this access key's, or its time "
		    "is over; get new credentials, or unset "
		    "AWS_SESSION_TOKEN.");
	else if (class == AWSERR_EXPIRED &&
	    !str_eq(err->remote_code, "RequestExpired"))
		err_hint(err,
		    "The session token's time is over; get new "
		    "credentials.");
	else if (str_eq(err->remote_code, "UnrecognizedClientException") ||
	    str_eq(err->remote_code, "InvalidClientTokenId") ||
	    str_eq(err->remote_code, "InvalidAccessKeyId"))
		err_hint(err,
		    "The service does not know this access key; check "
		    "AWS_ACCESS_KEY_ID or the profile.");
	else if (str_starts(err->remote_code, "AccessDenied"))
		err_hint(err,
		    "The key is known but not allowed to do this; see the "
		    "IAM policy in the README.");
	else if (class == AWSERR_AUTH || class == AWSERR_AMBIGUOUS)
		err_hint(err,
		    "Check the secret key and the region, and that no "
		    "proxy changes the request.");
	hint_at_clock(r, err);
}

static void
set_text(const char *what, const struct http_response *r,
    const struct answer *a, enum awserr_class class, struct error *err)
{
	enum error_code code = error_code_of(class);

	if (a->html)
		err_set(err, code,
		    "%s: answered with an HTML page, not as AWS does (HTTP %d)",
		    what, r->status);
	else if (r->body.len == 0 && a->message[0] == '\0' && !is_code(a->code))
		err_set(err, code, "%s: answered without a word (HTTP %d)",
		    what, r->status);
	else
		err_set(err, code, "%s: %s%s%s (HTTP %d)", what, a->code,
		    a->message[0] != '\0' ? ": " : "", a->message, r->status);
}

int
awserr_from_response(
    const char *what, const struct http_response *r, struct error *err)
{
	enum awserr_class class;
	struct answer a;

	read_answer(r, &a);
	class =
	    a.html ? AWSERR_TRANSIENT : class_of(a.code, a.message, r->status);
	set_text(what, r, &a, class, err);
	err->sent = true;
	err->http_status = r->status;
	err->retryable = may_pass(class);
	err->retry_after_ms = retry_after_ms(r);
	memcpy(err->remote_code, a.code, sizeof(a.code));
	if (a.html)
		err_hint(err,
		    "Something in between answers: a proxy, or the portal of a "
		    "network that wants a login.");
	if (err->code == ERR_AUTH)
		hint_at_auth(r, class, err);
	return -1;
}
