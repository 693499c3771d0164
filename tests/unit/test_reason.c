/* SPDX-License-Identifier: Apache-2.0 */
/* What a failure object says, and whether it is worth another try. */
#include "engine/reason.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static const struct {
	const char *text;
	bool passes;
} table[] = {
    /* Real ones. */
    {"Received server error (0) from model. See the SageMaker Endpoint logs "
     "in your account for more information.",
	true},
    {"ClientError: Received server error (0) from model. See ...", true},
    {"Amazon SageMaker could not get a response from the ocr endpoint. This "
     "can occur when CPU or memory utilization is high.",
	true},
    {"ClientError: Received client error (400) from model. See the SageMaker "
     "Endpoint logs in your account for more information.",
	false},
    {"Received client error (413) from primary with message \"timed out\"",
	false},
    {"ClientError: Received server error (500) from model.", false},
    {"Your invocation timed out while waiting for a response from container "
     "primary.",
	true},
    {"CUDA out of memory", false},

    /* Each of the words. */
    {"Internal Server Error", true},
    {"503 Service Unavailable", true},
    {"upstream request TIMED OUT", true},
    {"read: connection reset by peer", true},
    {"we are out of capacity", true},
    {"InsufficientInstanceCapacity", true},

    /* What stays. */
    {"", false},
    {"the model failed and said nothing", false},
    {"ValueError: bad input", false},
    {"400 Bad Request: request timed out", false},
    {"HTTP 404: connection reset", false},
    {"HTTP/1.1 429 Too Many Requests, timed out", false},
    {"status code: 422, internal server error", false},
    {"status=499 timed out", false},

    /* What only looks like a status. */
    {"4000 ms timed out", true},
    {"after 450 ms the request timed out", true},
    {"status code 503, timed out", true},

    /* JSON. */
    {"{\"code\":500,\"type\":\"InternalServerException\",\"message\":"
     "\"Internal Server Error\"}",
	true},
    {"{\"message\":\"request timed\\u0020out\"}", true},
    {"{\"Message\":\"connection reset\"}", true},
    {"{\"error\":{\"message\":\"service unavailable\"}}", true},
    {"{\"error\":{\"detail\":{\"reason\":\"timed out\"}}}", true},
    {"{\"detail\":\"timed out\"}", true},
    {"\"timed out\"", true},
    {"{\"code\":400,\"message\":\"timed out\"}", false},
    {"{\"status\":404,\"message\":\"timed out\"}", false},
    {"{\"error\":{\"code\":422,\"message\":\"timed out\"}}", false},
    {"{\"message\":\"Received client error (400) from model: timed out\"}",
	false},
    {"{\"message\":\"no such label\",\"error\":\"timed out\"}", true},
    {"{\"message\":\"client error (400)\",\"error\":\"timed out\"}", false},
    /* The input repeated is not a reason. */
    {"{\"message\":\"bad input\",\"input\":\"it timed out\"}", false},
    {"{\"input\":\"timed out\"}", false},
    {"[\"timed out\"]", false},
    {"{\"message\":[\"timed out\"]}", false},
    {"null", false},
    /* Cut off at 4 KiB, it is text. */
    {"{\"message\":\"the request timed out", true},
};

static void
every_reason_is_what_the_table_says(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(table); i++) {
		if (reason_passes(table[i].text, strlen(table[i].text)) !=
		    table[i].passes)
			fail_msg("%s: should %s", table[i].text,
			    table[i].passes ? "pass" : "stay");
	}
}

static void
only_the_given_bytes_are_read(void **state)
{
	const char *text = "timed out and more";

	(void)state;
	assert_true(reason_passes(text, 9));
	assert_false(reason_passes(text, 8));
	assert_false(reason_passes(text, 0));
}

static void
deep_nesting_ends(void **state)
{
	const char *buried = "{\"error\":{\"error\":{\"error\":{\"error\":"
			     "{\"message\":\"timed out\"}}}}}";
	char *text = xmalloc(60 * 12 + 100), *p = text;
	int i;

	(void)state;
	for (i = 0; i < 30; i++)
		p = stpcpy(p, "{\"error\":");
	p = stpcpy(p, "{\"message\":\"timed out\"}");
	for (i = 0; i < 30; i++)
		p = stpcpy(p, "}");
	reason_passes(text, (size_t)(p - text));
	free(text);
	assert_false(reason_passes(buried, strlen(buried)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_reason_is_what_the_table_says),
	    cmocka_unit_test(only_the_given_bytes_are_read),
	    cmocka_unit_test(deep_nesting_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
