/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries as CloudEvents: attributes, and values in header fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "deliver/cloudevent.h"

static void
attributes_follow_from_job_and_delivery(void **state)
{
	char region[] = "eu-west-1", endpoint[] = "whis per/\xc3\xa9";
	char event[] = "inference.late";
	struct delivery d = {.id = "msg_x", .event = event};
	struct job job = {.id = "01hz4k9p3w7x5v2q8r6t0y1n3b"};
	struct cloudevent ce;

	(void)state;
	d.created_at = 1369353600123;
	job.completed_at = 1;
	job.spec.region = region;
	job.spec.endpoint = endpoint;
	cloudevent_init(&ce, &d, &job);
	assert_string_equal(ce.id, "msg_x");
	assert_string_equal(ce.source, "/awaitd/eu-west-1/whis%20per%2F%C3%A9");
	assert_string_equal(ce.type, "inference.late");
	assert_string_equal(ce.subject, job.id);
	assert_string_equal(ce.time, "2013-05-24T00:00:00.123Z");
	cloudevent_done(&ce);
	assert_null(ce.source);
}

/* It must not be empty, nor hold an empty segment. */
static void
a_source_is_never_empty(void **state)
{
	char event[] = "inference.ok";
	struct delivery d = {.id = "msg_x", .event = event};
	struct job job = {.id = "01hz4k9p3w7x5v2q8r6t0y1n3b"};
	struct cloudevent ce;

	(void)state;
	cloudevent_init(&ce, &d, &job);
	assert_string_equal(ce.source, "/awaitd/-/-");
	cloudevent_done(&ce);
}

static void
values_are_encoded_as_the_binding_says(void **state)
{
	static const struct {
		const char *value, *coded;
	} cases[] = {
	    {"", ""},
	    {"Euro \xe2\x82\xac \xf0\x9f\x98\x80",
		"Euro%20%E2%82%AC%20%F0%9F%98%80"},
	    {"a\"b%c", "a%22b%25c"},
	    {"!#$&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~",
		"!#$&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~"},
	    {"\x01\t\r\n\x7f\x80\xff", "%01%09%0D%0A%7F%80%FF"},
	};
	struct buf b;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		buf_init(&b, 200);
		buf_puts(&b, "");
		assert_int_equal(cloudevent_encode(&b, cases[i].value), 0);
		assert_int_equal(b.len, strlen(cases[i].coded));
		assert_memory_equal(b.len > 0 ? b.data : "", cases[i].coded,
		    strlen(cases[i].coded));
		buf_done(&b);
	}
	buf_init(&b, 4);
	assert_int_equal(cloudevent_encode(&b, "ab  "), -1);
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(attributes_follow_from_job_and_delivery),
	    cmocka_unit_test(a_source_is_never_empty),
	    cmocka_unit_test(values_are_encoded_as_the_binding_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
