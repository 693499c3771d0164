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
    {429, "", "", ERR_THROTTLED, true, "429", "Op: 429 (HTTP 429)", NULL},
    {403, TYPE("AccessDeniedException"), "{\"Message\":\"User: a\"}", ERR_AUTH,
	false, "AccessDeniedException",
	"Op: AccessDeniedException: User: a (HTTP 403)", "IAM policy"},
    {403, TYPE("ExpiredTokenException"), "{}", ERR_AUTH, false,
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
    {404, "", XML("NoSuchKey"), ERR_NOT_FOUND, false, "NoSuchKey",
	"Op: NoSuchKey (HTTP 404)", NULL},
    {404, "", XML("NoSuchBucket"), ERR_NOT_FOUND, false, "NoSuchBucket",
	"Op: NoSuchBucket (HTTP 404)", NULL},
    {403, "", XML("AccessDenied"), ERR_AUTH, false, "AccessDenied",
	"Op: AccessDenied (HTTP 403)", "IAM policy"},
    {403, "", "", ERR_AUTH, false, "403", "Op: 403 (HTTP 403)", "region"},
    {404, "", "", ERR_NOT_FOUND, false, "404", "Op: 404 (HTTP 404)", NULL},
    {503, "", XML("SlowDown"), ERR_THROTTLED, true, "SlowDown",
	"Op: SlowDown (HTTP 503)", NULL},
    {412, "", XML("PreconditionFailed"), ERR_REFUSED, false,
	"PreconditionFailed", "Op: PreconditionFailed (HTTP 412)", NULL},
    {403, "", XML("RequestTimeTooSkewed"), ERR_AUTH, false,
	"RequestTimeTooSkewed", "Op: RequestTimeTooSkewed (HTTP 403)", NULL},
    {400, "", XML("RequestTimeout"), ERR_REMOTE, true, "RequestTimeout",
	"Op: RequestTimeout (HTTP 400)", NULL},
    {400, "", XML("ExpiredToken"), ERR_AUTH, false, "ExpiredToken",
	"Op: ExpiredToken (HTTP 400)", "get new credentials"},
    /* Others in between, and nonsense */
    {502, "Content-Type: text/html", "<html><h1>Bad Gateway</h1></html>",
	ERR_REMOTE, true, "502", "Op: 502 (HTTP 502)", NULL},
    {408, "", "", ERR_REMOTE, true, "408", "Op: 408 (HTTP 408)", NULL},
    {407, "", "<html/>", ERR_REFUSED, false, "407", "Op: 407 (HTTP 407)", NULL},
    {302, "Location: http://x/", "", ERR_REFUSED, false, "302",
	"Op: 302 (HTTP 302)", NULL},
    {500, "", "{\"__type\":", ERR_REMOTE, true, "500", "Op: 500 (HTTP 500)",
	NULL},
    {500, "", "{\"__type\":7,\"message\":[]}", ERR_REMOTE, true, "500",
	"Op: 500 (HTTP 500)", NULL},
    {500, "", "\"just a string\"", ERR_REMOTE, true, "500",
	"Op: 500 (HTTP 500)", NULL},
    {400, "", "<Error><Code></Code></Error>", ERR_REFUSED, false, "400",
	"Op: 400 (HTTP 400)", NULL},
    {400, TYPE(""), "", ERR_REFUSED, false, "400", "Op: 400 (HTTP 400)", NULL},
    {400, TYPE(":http://x"), "", ERR_REFUSED, false, "400",
	"Op: 400 (HTTP 400)", NULL},
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

static void
only_what_expired_is_expired(void **state)
{
	struct error err;

	(void)state;
	err = read_answer(403, TYPE("ExpiredTokenException"), "");
	assert_int_equal(awserr_class(&err), AWSERR_EXPIRED);
	err = read_answer(400, "", XML("ExpiredToken"));
	assert_int_equal(awserr_class(&err), AWSERR_EXPIRED);
	err = read_answer(403, TYPE("RequestExpired"), "");
	assert_int_equal(awserr_class(&err), AWSERR_EXPIRED);
	err = read_answer(403, TYPE("AccessDeniedException"), "");
	assert_int_not_equal(awserr_class(&err), AWSERR_EXPIRED);
	err = read_answer(403, "", "");
	assert_int_not_equal(awserr_class(&err), AWSERR_EXPIRED);
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
	    cmocka_unit_test(only_what_expired_is_expired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
