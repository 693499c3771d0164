/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every answer that InvokeEndpointAsync may have, from the bytes of a response
 * to the class that decides whether the same names may go again.
 */
#include "engine/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aws/awserr.h"
#include "base/mem.h"

struct row {
	int status;
	const char *type; /* x-amzn-ErrorType, or NULL */
	const char *body;
	enum answer answer;
};

#define HTML "<html><body>502 bad gateway</body></html>"
#define SKEW "{\"message\":\"Signature expired: 1 is now earlier than 2\"}"
#define EARLY "{\"message\":\"Signature not yet current: 2 is later than 1\"}"

static const struct row table[] = {
    /* AWS says no, for good. */
    {400, "ValidationError", "{\"message\":\"no\"}", ANSWER_REJECTED},
    {400, "ValidationError:http://x/", "", ANSWER_REJECTED},
    {400, NULL, "{\"__type\":\"ValidationException\"}", ANSWER_REJECTED},
    {400, NULL, "{\"__type\":\"com.amazonaws.x#SomethingNew\"}",
	ANSWER_REJECTED},
    {403, "AccessDeniedException", "{}", ANSWER_REJECTED},
    {403, "UnrecognizedClientException", "{}", ANSWER_REJECTED},
    {403, "InvalidSignatureException", "{\"message\":\"does not match\"}",
	ANSWER_REJECTED},
    {403, "SignatureDoesNotMatch", "{}", ANSWER_REJECTED},
    {403, NULL, "<Error><Code>AccessDenied</Code></Error>", ANSWER_REJECTED},
    {404, "UnknownOperationException", "{}", ANSWER_REJECTED},
    {413, "RequestEntityTooLargeException", "{}", ANSWER_REJECTED},
    {424, "ModelError", "{}", ANSWER_REJECTED},

    /* AWS says that it took nothing, now. */
    {400, "ThrottlingException", "{}", ANSWER_NOT_ACCEPTED},
    {400, NULL, "{\"code\":\"Throttling\"}", ANSWER_NOT_ACCEPTED},
    {429, "ThrottlingException", "{}", ANSWER_NOT_ACCEPTED},
    {429, "TooManyRequestsException", "", ANSWER_NOT_ACCEPTED},
    {429, NULL, "{\"__type\":\"SomethingNew\"}", ANSWER_NOT_ACCEPTED},
    {503, "SlowDown", "", ANSWER_NOT_ACCEPTED},
    {503, "ServiceUnavailable", "{\"message\":\"later\"}", ANSWER_NOT_ACCEPTED},
    {503, "ServiceUnavailableException", "", ANSWER_NOT_ACCEPTED},
    {503, NULL, "{\"__type\":\"ServiceUnavailable\"}", ANSWER_NOT_ACCEPTED},

    /* The clock, and credentials whose time is over. */
    {403, "ExpiredTokenException", "{}", ANSWER_NOT_ACCEPTED},
    {400, "ExpiredToken", "", ANSWER_NOT_ACCEPTED},
    {403, "RequestTimeTooSkewed", "{}", ANSWER_NOT_ACCEPTED},
    {400, "RequestExpired", "{}", ANSWER_NOT_ACCEPTED},
    {403, "InvalidSignatureException", SKEW, ANSWER_NOT_ACCEPTED},
    {403, "InvalidSignatureException", EARLY, ANSWER_NOT_ACCEPTED},

    /* A status that nobody of AWS explains may be of a proxy, behind which the
     * request went on. */
    {400, NULL, "", ANSWER_IN_DOUBT},
    {400, NULL, HTML, ANSWER_IN_DOUBT},
    {403, NULL, HTML, ANSWER_IN_DOUBT},
    {404, NULL, "not found", ANSWER_IN_DOUBT},
    {413, NULL, HTML, ANSWER_IN_DOUBT},
    {429, NULL, "", ANSWER_IN_DOUBT},
    {429, NULL, HTML, ANSWER_IN_DOUBT},
    {429, NULL, "{\"message\":\"slow down\"}", ANSWER_IN_DOUBT},
    {429, NULL, "{\"code\":429}", ANSWER_IN_DOUBT},
    {503, NULL, "", ANSWER_IN_DOUBT},
    {503, NULL, HTML, ANSWER_IN_DOUBT},
    {503, NULL, "Service Unavailable", ANSWER_IN_DOUBT},
    {301, NULL, "", ANSWER_IN_DOUBT},
    {307, NULL, HTML, ANSWER_IN_DOUBT},

    /* It failed in the midst of it. */
    {408, NULL, "", ANSWER_IN_DOUBT},
    {408, "RequestTimeout", "{}", ANSWER_IN_DOUBT},
    {500, NULL, "", ANSWER_IN_DOUBT},
    {500, NULL, HTML, ANSWER_IN_DOUBT},
    {500, "InternalFailure", "{\"message\":\"oops\"}", ANSWER_IN_DOUBT},
    {500, "ValidationError", "{}", ANSWER_IN_DOUBT},
    {502, NULL, HTML, ANSWER_IN_DOUBT},
    {502, "ServiceUnavailable", "{}", ANSWER_IN_DOUBT},
    {503, "InternalFailure", "{}", ANSWER_IN_DOUBT},
    {504, NULL, "", ANSWER_IN_DOUBT},
    {504, NULL, HTML, ANSWER_IN_DOUBT},
    {530, "InternalDependencyException", "{}", ANSWER_IN_DOUBT},
};

static enum answer
class_of(const struct row *row)
{
	struct http_response r = {.status = row->status};
	struct error err;
	enum answer answer;

	headers_init(&r.headers);
	if (row->type != NULL)
		headers_add(&r.headers, "x-amzn-ErrorType", row->type);
	buf_init(&r.body, 4096);
	buf_puts(&r.body, row->body);
	awserr_from_response("InvokeEndpointAsync", &r, &err);
	answer = answer_class(&err);
	headers_done(&r.headers);
	buf_done(&r.body);
	return answer;
}

static void
every_answer_has_the_class_of_the_table(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(table); i++) {
		enum answer got = class_of(&table[i]);

		if (got != table[i].answer)
			fail_msg("%d %s %s: %s, not %s", table[i].status,
			    table[i].type != NULL ? table[i].type : "-",
			    table[i].body, answer_name(got),
			    answer_name(table[i].answer));
	}
}

/* No answer at all, or one that makes no sense. */
static enum answer
without_answer(enum error_code code, bool sent, int status)
{
	struct error err;

	err_set(&err, code, "x");
	err.sent = sent;
	err.http_status = status;
	return answer_class(&err);
}

static void
without_an_answer_it_counts_whether_a_byte_left(void **state)
{
	(void)state;
	assert_int_equal(without_answer(ERR_NET, false, 0), ANSWER_NOT_SENT);
	assert_int_equal(
	    without_answer(ERR_TIMEOUT, false, 0), ANSWER_NOT_SENT);
	assert_int_equal(without_answer(ERR_IO, false, 0), ANSWER_NOT_SENT);
	assert_int_equal(without_answer(ERR_NET, true, 0), ANSWER_IN_DOUBT);
	assert_int_equal(without_answer(ERR_TIMEOUT, true, 0), ANSWER_IN_DOUBT);
	/* Cut off in the body, or larger than we take. */
	assert_int_equal(
	    without_answer(ERR_PROTOCOL, true, 0), ANSWER_IN_DOUBT);
	assert_int_equal(without_answer(ERR_LIMIT, true, 0), ANSWER_IN_DOUBT);
}

/* sagemaker.c tells a 2xx without a place so; with one it is no error. */
static void
a_2xx_is_accepted_where_it_names_a_place(void **state)
{
	(void)state;
	assert_int_equal(answer_class(NULL), ANSWER_ACCEPTED);
	assert_int_equal(
	    without_answer(ERR_PROTOCOL, true, 202), ANSWER_IN_DOUBT);
	assert_int_equal(
	    without_answer(ERR_PROTOCOL, true, 200), ANSWER_IN_DOUBT);
}

static void
our_own_check_rejects(void **state)
{
	(void)state;
	assert_int_equal(without_answer(ERR_USAGE, false, 0), ANSWER_REJECTED);
	assert_int_equal(without_answer(ERR_CONFIG, false, 0), ANSWER_REJECTED);
}

static bool
asks_for_credentials(int status, const char *code, const char *text)
{
	struct error err;

	err_set(&err, ERR_AUTH, "%s", text);
	err.sent = true;
	err.http_status = status;
	memcpy(err.remote_code, code, strlen(code) + 1);
	return answer_is_credentials(&err);
}

static void
only_clock_and_credentials_ask_for_somebody(void **state)
{
	struct error err;

	(void)state;
	assert_true(asks_for_credentials(403, "ExpiredToken", ""));
	assert_true(asks_for_credentials(
	    403, "InvalidSignatureException", "Signature expired: x"));
	assert_false(asks_for_credentials(
	    403, "InvalidSignatureException", "does not match"));
	assert_false(asks_for_credentials(503, "ServiceUnavailable", ""));
	assert_false(asks_for_credentials(400, "ThrottlingException", ""));
	/* One of whoever gives credentials out is not the service's. */
	err_set(&err, ERR_AUTH, "no credentials");
	err.http_status = 403;
	memcpy(err.remote_code, "ExpiredToken", sizeof("ExpiredToken"));
	assert_false(answer_is_credentials(&err));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_answer_has_the_class_of_the_table),
	    cmocka_unit_test(without_an_answer_it_counts_whether_a_byte_left),
	    cmocka_unit_test(a_2xx_is_accepted_where_it_names_a_place),
	    cmocka_unit_test(our_own_check_rejects),
	    cmocka_unit_test(only_clock_and_credentials_ask_for_somebody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
