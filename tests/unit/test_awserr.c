/* SPDX-License-Identifier: Apache-2.0 */
/* Answers as AWS, S3 and those in between give them, and what they mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/awserr.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"

static struct error
read_answer(int status, const char *headers, const char *body)
{
	char *copy = xstrdup(headers), *rest = copy, *line, *colon;
	struct http_response r = {.status = status};
	struct error err;

	headers_init(&r.headers);
	buf_init(&r.body, 65536);
	buf_puts(&r.body, body);
	while ((line = strsep(&rest, "\n")) != NULL) {
		colon = strchr(line, ':');
		if (colon == NULL)
			continue;
		*colon = '\0';
		headers_add(&r.headers, line, str_trim(colon + 1));
	}
	assert_int_equal(awserr_from_response("Op", &r, &err), -1);
	headers_done(&r.headers);
	buf_done(&r.body);
	free(copy);
	return err;
}

#define XML(code) "<?xml version=\"1.0\"?><Error><Code>" code "</Code></Error>"
#define HTML(status) \
	"Op: answered with an HTML page, not as AWS does (HTTP " #status ")"
#define TYPE(code) "x-amzn-ErrorType: " code

static const struct {
	int status;
	const char *headers;
	const char *body;
	enum error_code code;
	bool retryable;
	const char *remote;
	const char *text;
	const char *hint; /* part of it, or NULL for none */
} answers[] = {
    /* SageMaker Runtime */
    {400, TYPE("ValidationError:http://internal.amazon.com/coral/x/"),
	"{\"message\":\"Endpoint x of account 1 not found.\"}", ERR_REFUSED,
	false, "ValidationError",
	"Op: ValidationError: Endpoint x of account 1 not found. (HTTP 400)",
	NULL},
    {400, "", "{\"__type\":\"com.amazon#ValidationError\",\"Message\":\"m\"}",
	ERR_REFUSED, false, "ValidationError",
	"Op: ValidationError: m (HTTP 400)", NULL},
    {400, "", "{\"code\":\"ValidationError\"}", ERR_REFUSED, false,
	"ValidationError", "Op: ValidationError (HTTP 400)", NULL},
    {400, TYPE("ThrottlingException"), "{\"message\":\"Rate exceeded\"}",
	ERR_THROTTLED, true, "ThrottlingException",
	"Op: ThrottlingException: Rate exceeded (HTTP 400)", NULL},
    {429, "", "", ERR_THROTTLED, true, "429",
	"Op: answered without a word (HTTP 429)", NULL},
    {403, TYPE("AccessDeniedException"), "{\"Message\":\"User: a\"}", ERR_AUTH,
	false, "AccessDeniedException",
	"Op: AccessDeniedException: User: a (HTTP 403)", "IAM policy"},
    {403, TYPE("ExpiredTokenException"), "{}", ERR_AUTH, true,
	"ExpiredTokenException", "Op: ExpiredTokenException (HTTP 403)",
	"get new credentials"},
    {403, TYPE("UnrecognizedClientException"), "{}", ERR_AUTH, false,
	"UnrecognizedClientException",
	"Op: UnrecognizedClientException (HTTP 403)", "access key"},
    {403, TYPE("InvalidSignatureException"), "{}", ERR_AUTH, false,
	"InvalidSignatureException", "Op: InvalidSignatureException (HTTP 403)",
	"secret key"},
    {500, TYPE("InternalFailure"), "{}", ERR_REMOTE, true, "InternalFailure",
	"Op: InternalFailure (HTTP 500)", NULL},
    {503, TYPE("ServiceUnavailable"), "{\"message\":\"\"}", ERR_REMOTE, true,
	"ServiceUnavailable", "Op: ServiceUnavailable (HTTP 503)", NULL},
    /* S3 */
    {400, "", XML("InvalidToken"), ERR_AUTH, true, "InvalidToken",
	"Op: InvalidToken (HTTP 400)", "unset AWS_SESSION_TOKEN"},
    {404, "", XML("NoSuchKey"), ERR_NOT_FOUND, false, "NoSuchKey",
	"Op: NoSuchKey (HTTP 404)", NULL},
    {404, "", XML("NoSuchBucket"), ERR_NOT_FOUND, false, "NoSuchBucket",
	"Op: NoSuchBucket (HTTP 404)", NULL},
    {403, "", XML("AccessDenied"), ERR_AUTH, false, "AccessDenied",
	"Op: AccessDenied (HTTP 403)", "IAM policy"},
    {403, "", "", ERR_AUTH, false, "403",
	"Op: answered without a word (HTTP 403)", "region"},
    {404, "", "", ERR_NOT_FOUND, false, "404",
	"Op: answered without a word (HTTP 404)", NULL},
    {503, "", XML("SlowDown"), ERR_THROTTLED, true, "SlowDown",
	"Op: SlowDown (HTTP 503)", NULL},
    {412, "", XML("PreconditionFailed"), ERR_REFUSED, false,
	"PreconditionFailed", "Op: PreconditionFailed (HTTP 412)", NULL},
    {403, "", XML("RequestTimeTooSkewed"), ERR_AUTH, true,
	"RequestTimeTooSkewed", "Op: RequestTimeTooSkewed (HTTP 403)", NULL},
    {400, "", XML("RequestTimeout"), ERR_REMOTE, true, "RequestTimeout",
	"Op: RequestTimeout (HTTP 400)", NULL},
    {400, "", XML("ExpiredToken"), ERR_AUTH, true, "ExpiredToken",
	"Op: ExpiredToken (HTTP 400)", "get new credentials"},
    /* SQS, and what once spoke the query protocol */
    {400, "x-amzn-query-error: AWS.SimpleQueueService.NonExistentQueue;Sender",
	"{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\","
	"\"message\":\"The specified queue does not exist.\"}",
	ERR_NOT_FOUND, false, "QueueDoesNotExist",
	"Op: QueueDoesNotExist: The specified queue does not exist. (HTTP 400)",
	NULL},
    {400, "x-amzn-query-error: AWS.SimpleQueueService.NonExistentQueue;Sender",
	"{}", ERR_NOT_FOUND, false, "AWS.SimpleQueueService.NonExistentQueue",
	"Op: AWS.SimpleQueueService.NonExistentQueue (HTTP 400)", NULL},
    {403, "", "{\"__type\":\"com.amazonaws.sqs#RequestThrottled\"}",
	ERR_THROTTLED, true, "RequestThrottled",
	"Op: RequestThrottled (HTTP 403)", NULL},
    {403, "", "{\"__type\":\"com.amazonaws.sqs#OverLimit\"}", ERR_THROTTLED,
	true, "OverLimit", "Op: OverLimit (HTTP 403)", NULL},
    {400, "", "{\"__type\":\"com.amazonaws.sqs#KmsThrottled\"}", ERR_THROTTLED,
	true, "KmsThrottled", "Op: KmsThrottled (HTTP 400)", NULL},
    {400, "", "{\"__type\":\"com.amazonaws.sqs#KmsAccessDenied\"}", ERR_AUTH,
	false, "KmsAccessDenied", "Op: KmsAccessDenied (HTTP 400)",
	"secret key"},
    {404, "", "{\"__type\":\"com.amazonaws.sqs#InvalidAddress\"}",
	ERR_NOT_FOUND, false, "InvalidAddress", "Op: InvalidAddress (HTTP 404)",
	NULL},
    /* Others in between, and nonsense */
    {502, "Content-Type: text/html", "<html><h1>Bad Gateway</h1></html>",
	ERR_REMOTE, true, "502", HTML(502), "in between"},
    {403, "Content-Type: text/html; charset=utf-8", "", ERR_REMOTE, true, "403",
	HTML(403), "in between"},
    {200, "", "<!DOCTYPE html>\n<p>log in", ERR_REMOTE, true, "200", HTML(200),
	"in between"},
    {403, "Content-Type: text/html", XML("AccessDenied"), ERR_AUTH, false,
	"AccessDenied", "Op: AccessDenied (HTTP 403)", "IAM policy"},
    {408, "", "", ERR_REMOTE, true, "408",
	"Op: answered without a word (HTTP 408)", NULL},
    {407, "", "<html/>", ERR_REMOTE, true, "407", HTML(407), "in between"},
    {302, "Location: http://x/", "", ERR_REFUSED, false, "302",
	"Op: answered without a word (HTTP 302)", NULL},
    {500, "", "{\"__type\":", ERR_REMOTE, true, "500", "Op: 500 (HTTP 500)",
	NULL},
    {500, "", "{\"__type\":7,\"message\":[]}", ERR_REMOTE, true, "500",
	"Op: 500 (HTTP 500)", NULL},
    {500, "", "\"just a string\"", ERR_REMOTE, true, "500",
	"Op: 500 (HTTP 500)", NULL},
    {400, "", "<Error><Code></Code></Error>", ERR_REFUSED, false, "400",
	"Op: 400 (HTTP 400)", NULL},
    {400, TYPE(""), "", ERR_REFUSED, false, "400",
	"Op: answered without a word (HTTP 400)", NULL},
    {400, TYPE(":http://x"), "", ERR_REFUSED, false, "400",
	"Op: answered without a word (HTTP 400)", NULL},
};

static void
every_answer_has_its_class_its_words_and_its_remedy(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(answers); i++) {
		struct error err = read_answer(
		    answers[i].status, answers[i].headers, answers[i].body);

		if (err.code != answers[i].code ||
		    err.retryable != answers[i].retryable)
			fail_msg("%s: %s", answers[i].text,
			    error_code_name(err.code));
		assert_string_equal(err.text, answers[i].text);
		assert_string_equal(err.remote_code, answers[i].remote);
		assert_int_equal(err.http_status, answers[i].status);
		assert_true(err.sent);
		if (answers[i].hint == NULL)
			assert_string_equal(err.hint, "");
		else if (strstr(err.hint, answers[i].hint) == NULL)
			fail_msg("%s: hint '%s'", err.text, err.hint);
	}
}

static void
a_wait_that_is_named_is_kept_within_an_hour(void **state)
{
	static const struct {
		const char *headers;
		int64_t ms;
	} waits[] = {
	    {"", 0},
	    {"Retry-After: 0", 0},
	    {"Retry-After: 7", 7000},
	    {"Retry-After: 3600", 3600000},
	    {"Retry-After: 3601", 0},
	    {"Retry-After: 99999999999999999999", 0},
	    {"Retry-After: -1", 0},
	    {"Retry-After: Wed, 04 Mar 2026 05:06:07 GMT", 0},
	    {"Retry-After: Wed, 04 Mar 2026 05:06:07 GMT\n"
	     "Date: Wed, 04 Mar 2026 05:05:57 GMT",
		10000},
	    {"Retry-After: Wed, 04 Mar 2026 05:06:07 GMT\n"
	     "Date: Wed, 04 Mar 2026 05:06:08 GMT",
		0},
	    {"Retry-After: Wed, 04 Mar 2026 06:06:08 GMT\n"
	     "Date: Wed, 04 Mar 2026 05:06:07 GMT",
		0},
	    {"x-amz-retry-after: 250", 250},
	    {"x-amz-retry-after: 250\nRetry-After: 7", 250},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(waits); i++)
		assert_int_equal(
		    read_answer(503, waits[i].headers, "").retry_after_ms,
		    waits[i].ms);
}

static void
a_clock_that_is_wrong_is_told(void **state)
{
	char date[TIMEFMT_HTTP_SIZE], headers[100];
	struct error err;

	(void)state;
	timefmt_http(clock_wall_ms() + 3600000, date);
	snprintf(headers, sizeof(headers), "Date: %s", date);
	err = read_answer(403, headers, XML("RequestTimeTooSkewed"));
	assert_non_null(strstr(err.hint, "behind the service's"));
	timefmt_http(clock_wall_ms() - 3600000, date);
	snprintf(headers, sizeof(headers), "Date: %s", date);
	err = read_answer(403, headers, XML("SignatureDoesNotMatch"));
	assert_non_null(strstr(err.hint, "ahead of the service's"));
	timefmt_http(clock_wall_ms(), date);
	snprintf(headers, sizeof(headers), "Date: %s", date);
	err = read_answer(403, headers, XML("SignatureDoesNotMatch"));
	assert_null(strstr(err.hint, "clock"));
}

static void
long_words_are_cut(void **state)
{
	char body[5000], code[300];
	struct error err;

	(void)state;
	memset(code, 'c', sizeof(code) - 1);
	code[sizeof(code) - 1] = '\0';
	snprintf(body, sizeof(body), "{\"code\":\"%s\",\"message\":\"%s%s%s\"}",
	    code, code, code, code);
	err = read_answer(400, "", body);
	assert_int_equal(strlen(err.remote_code), 63);
	assert_in_range(strlen(err.text), 300, 420);
}

/* The code, or "" for none; the status; the class. */
static const struct {
	const char *code;
	int status;
	enum awserr_class class;
} classes[] = {
    {"ThrottlingException", 400, AWSERR_THROTTLED},
    {"SlowDown", 503, AWSERR_THROTTLED},
    {"RequestLimitExceeded", 503, AWSERR_THROTTLED},
    {"TransactionInProgressException", 400, AWSERR_THROTTLED},
    {"ProvisionedThroughputExceededException", 400, AWSERR_THROTTLED},
    {"", 429, AWSERR_THROTTLED},
    {"ExpiredToken", 400, AWSERR_EXPIRED},
    {"ExpiredTokenException", 403, AWSERR_EXPIRED},
    {"InvalidToken", 400, AWSERR_EXPIRED},
    {"RequestExpired", 400, AWSERR_EXPIRED},
    {"RequestTimeTooSkewed", 403, AWSERR_SKEW},
    {"RequestInTheFuture", 403, AWSERR_SKEW},
    {"AccessDenied", 403, AWSERR_AUTH},
    {"AccessDeniedException", 400, AWSERR_AUTH},
    {"InvalidAccessKeyId", 403, AWSERR_AUTH},
    {"InvalidClientTokenId", 403, AWSERR_AUTH},
    {"SignatureDoesNotMatch", 403, AWSERR_AUTH},
    {"InvalidSignatureException", 403, AWSERR_AUTH},
    {"AuthFailure", 401, AWSERR_AUTH},
    {"SomethingNew", 403, AWSERR_AUTH},
    {"", 401, AWSERR_AUTH},
    {"", 403, AWSERR_AMBIGUOUS},
    {"NoSuchKey", 404, AWSERR_NOT_FOUND},
    {"NoSuchBucket", 404, AWSERR_NOT_FOUND},
    {"", 404, AWSERR_NOT_FOUND},
    {"PermanentRedirect", 301, AWSERR_REDIRECT},
    {"TemporaryRedirect", 307, AWSERR_REDIRECT},
    {"AuthorizationHeaderMalformed", 400, AWSERR_REDIRECT},
    {"", 301, AWSERR_REDIRECT},
    {"", 307, AWSERR_REDIRECT},
    {"InternalError", 500, AWSERR_TRANSIENT},
    {"RequestTimeout", 400, AWSERR_TRANSIENT},
    {"IDPCommunicationError", 400, AWSERR_TRANSIENT},
    {"ServiceUnavailable", 503, AWSERR_TRANSIENT},
    {"", 408, AWSERR_TRANSIENT},
    {"", 502, AWSERR_TRANSIENT},
    {"ValidationError", 400, AWSERR_PERMANENT},
    {"PreconditionFailed", 412, AWSERR_PERMANENT},
    {"", 302, AWSERR_PERMANENT},
    {"", 400, AWSERR_PERMANENT},
};

static void
every_code_has_its_class(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(classes); i++) {
		char *body = xasprintf(
		    "<Error><Code>%s</Code></Error>", classes[i].code);
		struct error err = read_answer(classes[i].status, "", body);

		if (awserr_class(&err) != classes[i].class)
			fail_msg("%s: %s", err.text,
			    awserr_class_name(awserr_class(&err)));
		assert_int_equal(
		    awserr_has_code(&err), *classes[i].code != '\0');
		free(body);
	}
}

static void
a_signature_s_time_is_told_by_its_words(void **state)
{
	struct error err;

	(void)state;
	err = read_answer(403, TYPE("InvalidSignatureException"),
	    "{\"message\":\"Signature expired: 2026 is now earlier than\"}");
	assert_int_equal(awserr_class(&err), AWSERR_SKEW);
	assert_true(err.retryable);
	err = read_answer(403, TYPE("InvalidSignatureException"),
	    "{\"message\":\"Signature not yet current: 2026 is later\"}");
	assert_int_equal(awserr_class(&err), AWSERR_SKEW);
	/* Nobody else's words are about it. */
	err = read_answer(403, TYPE("AccessDeniedException"),
	    "{\"message\":\"Signature expired\"}");
	assert_int_equal(awserr_class(&err), AWSERR_AUTH);
}

/* To a HEAD S3 says it in a header alone. */
static void
a_redirect_without_a_word_is_known_by_the_region(void **state)
{
	struct error err;

	(void)state;
	err = read_answer(400, "x-amz-bucket-region: eu-west-1", "");
	assert_int_equal(awserr_class(&err), AWSERR_REDIRECT);
	assert_string_equal(err.remote_code, "AuthorizationHeaderMalformed");
	err = read_answer(301, "x-amz-bucket-region: eu-west-1", "");
	assert_string_equal(err.remote_code, "PermanentRedirect");
	err = read_answer(403, "x-amz-bucket-region: eu-west-1", "");
	assert_int_equal(awserr_class(&err), AWSERR_AMBIGUOUS);
	err = read_answer(404, "x-amz-bucket-region: eu-west-1", "");
	assert_int_equal(awserr_class(&err), AWSERR_NOT_FOUND);
}

static void
html_is_the_way_s_trouble_whatever_its_status(void **state)
{
	static const int statuses[] = {200, 302, 403, 404, 407, 500, 511};
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(statuses); i++) {
		err = read_answer(statuses[i], "", "<HTML><body>no</body>");
		assert_int_equal(awserr_class(&err), AWSERR_TRANSIENT);
		assert_true(err.retryable);
		assert_false(awserr_has_code(&err));
	}
}

static void
without_an_answer_our_own_code_tells(void **state)
{
	struct error err;

	(void)state;
	err_set(&err, ERR_NET, "reset");
	err.sent = err.retryable = true;
	assert_int_equal(awserr_class(&err), AWSERR_TRANSIENT);
	err_set(&err, ERR_TIMEOUT, "too long");
	err.retryable = true;
	assert_int_equal(awserr_class(&err), AWSERR_TRANSIENT);
	err_set(&err, ERR_IO, "read the input");
	assert_int_equal(awserr_class(&err), AWSERR_PERMANENT);
	err_set(&err, ERR_AUTH, "no valid credentials");
	err.retryable = true;
	assert_int_equal(awserr_class(&err), AWSERR_NO_CREDENTIALS);
	err.retryable = false;
	assert_int_equal(awserr_class(&err), AWSERR_AUTH);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		every_answer_has_its_class_its_words_and_its_remedy),
	    cmocka_unit_test(a_wait_that_is_named_is_kept_within_an_hour),
	    cmocka_unit_test(a_clock_that_is_wrong_is_told),
	    cmocka_unit_test(long_words_are_cut),
	    cmocka_unit_test(every_code_has_its_class),
	    cmocka_unit_test(a_signature_s_time_is_told_by_its_words),
	    cmocka_unit_test(a_redirect_without_a_word_is_known_by_the_region),
	    cmocka_unit_test(html_is_the_way_s_trouble_whatever_its_status),
	    cmocka_unit_test(without_an_answer_our_own_code_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
