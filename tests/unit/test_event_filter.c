/* SPDX-License-Identifier: Apache-2.0 */
/* serve/event_filter: which events are wanted, and their text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "serve/event_filter.h"
#include "serve/event_text.h"

#define ID(n) "0123456789abcdefghjkmnpqr" n

static struct event_filter filter;

static int
setup(void **state)
{
	(void)state;
	event_filter_done(&filter);
	return 0;
}

static struct job_event
event(enum job_event_type type)
{
	static char endpoint[] = "ocr", tags[] = "a,b", target[] = "webhook x";
	struct job_event e = {
	    .seq = 7,
	    .type = type,
	    .job = ID("s"),
	    .endpoint = endpoint,
	    .tags = tags,
	    .status = ATTEMPT_NO_STATUS,
	};

	if (type != EVENT_NONE && job_event_of_delivery(type)) {
		memcpy(e.delivery, "msg_aaaaaaaaaaaaaaaaaaaaaaaaaa", 31);
		e.target = target;
	}
	return e;
}

static bool
wants(enum job_event_type type)
{
	struct job_event e = event(type);

	return event_filter_wants(&filter, &e);
}

static void
no_filter_wants_everything(void **state)
{
	enum job_event_type t;

	(void)state;
	for (t = EVENT_NONE; t < EVENT_TYPES; t++)
		assert_true(wants(t));
}

static void
types_are_named_or_begin_so(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(
	    event_filter_types(&filter, "job.done, delivery.*", &err), 0);
	assert_true(wants(EVENT_JOB_DONE));
	assert_false(wants(EVENT_JOB_QUEUED));
	assert_false(wants(EVENT_JOB_WITHDRAWN));
	assert_true(wants(EVENT_DELIVERY_FAILED));
	assert_true(wants(EVENT_DELIVERY_REPLAYED));
	assert_int_equal(event_filter_types(&filter, "job.*", &err), 0);
	assert_true(wants(EVENT_JOB_WITHDRAWN));
	assert_false(wants(EVENT_DELIVERY_FAILED));
	assert_int_equal(event_filter_types(&filter, "*", &err), 0);
	assert_true(wants(EVENT_DELIVERY_FAILED));
}

static void
what_is_no_type_is_refused(void **state)
{
	static const char *const bad[] = {
	    "", "job", "job.", "jo*", "job.d*", "job.done,", "job.dome", "**"};
	struct error err;
	size_t i;

	(void)state;
	assert_int_equal(event_filter_types(&filter, "job.late", &err), 0);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(event_filter_types(&filter, bad[i], &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
		assert_true(err.hint[0] != '\0');
	}
	assert_false(wants(EVENT_JOB_DONE));
	event_filter_types(&filter, "job.dome", &err);
	assert_string_equal(err.hint, "Did you mean \"job.done\"?");
}

static void
jobs_are_a_list(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(
	    event_filter_jobs(&filter, ID("z") "," ID("t"), &err), 0);
	assert_false(wants(EVENT_JOB_DONE));
	assert_int_equal(event_filter_jobs(&filter, ID("s"), &err), 0);
	assert_true(wants(EVENT_JOB_DONE));
	assert_true(wants(EVENT_DELIVERY_DEAD));
	assert_int_equal(event_filter_jobs(&filter, "x", &err), -1);
	assert_int_equal(event_filter_jobs(&filter, "", &err), -1);
}

static void
the_rest_is_compared(void **state)
{
	(void)state;
	filter.endpoint = xstrdup("ocr");
	filter.tag = xstrdup("b");
	assert_true(wants(EVENT_JOB_DONE));
	filter.tag[0] = 'c';
	assert_false(wants(EVENT_JOB_DONE));
	filter.tag[0] = 'a';
	filter.endpoint[0] = 'x';
	assert_false(wants(EVENT_JOB_DONE));
	filter.endpoint[0] = 'o';
	filter.target = xstrdup("webhook x");
	/* Those of a job have none. */
	assert_false(wants(EVENT_JOB_DONE));
	assert_true(wants(EVENT_DELIVERY_DEAD));
	/* What is missing concerns everybody. */
	assert_true(wants(EVENT_NONE));
}

static void
must_say(const struct job_event *e, const char *wanted)
{
	struct buf b;

	buf_init(&b, 4096);
	event_text(&b, e);
	assert_string_equal(b.data, wanted);
	buf_done(&b);
}

static void
an_event_is_one_line_of_json(void **state)
{
	static char code[] = "model", note[] = "two\nlines", kind[] = "status";
	static char name[] = "inference.completed";
	struct job_event e = event(EVENT_JOB_DONE);

	(void)state;
	e.at = 1000;
	e.n = 2;
	e.outcome = OUTCOME_FAILED;
	e.error_code = code;
	must_say(&e,
	    "id: 7\nevent: job.done\ndata: {\"seq\":7,\"type\":\"job.done\","
	    "\"at\":\"1970-01-01T00:00:01.000Z\",\"job\":\"" ID(
		"s") "\","
		     "\"endpoint\":\"ocr\",\"tags\":[\"a\",\"b\"],\"state\":"
		     "\"done\","
		     "\"outcome\":\"failed\",\"error_code\":\"model\","
		     "\"submission\":2}\n\n");
	e = event(EVENT_DELIVERY_FAILED);
	e.at = 1000;
	e.n = 3;
	e.status = 503;
	e.note = note;
	e.event = name;
	e.error_class = kind;
	must_say(&e,
	    "id: 7\nevent: delivery.failed\ndata: {\"seq\":7,"
	    "\"type\":\"delivery.failed\",\"at\":\"1970-01-01T00:00:01.000Z\","
	    "\"delivery\":\"msg_aaaaaaaaaaaaaaaaaaaaaaaaaa\","
	    "\"job\":\"" ID(
		"s") "\",\"target\":\"webhook x\","
		     "\"event\":\"inference.completed\",\"endpoint\":\"ocr\","
		     "\"tags\":[\"a\",\"b\"],\"state\":\"waiting\",\"attempt\":"
		     "3,"
		     "\"status\":503,\"error_class\":\"status\","
		     "\"note\":\"two\\u000alines\"}\n\n");
}

static void
of_what_was_forgotten_the_ids_are_told(void **state)
{
	struct job_event e = event(EVENT_JOB_QUEUED);

	(void)state;
	e.at = 1000;
	e.endpoint = e.tags = NULL;
	must_say(&e,
	    "id: 7\nevent: job.queued\ndata: {\"seq\":7,"
	    "\"type\":\"job.queued\",\"at\":\"1970-01-01T00:00:01.000Z\","
	    "\"job\":\"" ID("s") "\",\"state\":\"queued\"}\n\n");
}

static void
a_damaged_one_is_a_gap(void **state)
{
	struct job_event e = event(EVENT_NONE);

	(void)state;
	must_say(&e,
	    "id: 7\nevent: gap\ndata: {\"type\":\"gap\","
	    "\"reason\":\"damaged\",\"after\":6,\"first\":8}\n\n");
}

int
main(void)
{
#define CASE(name)                               \
	{                                        \
#name, name, setup, setup, NULL, \
	}
	const struct CMUnitTest tests[] = {
	    CASE(no_filter_wants_everything),
	    CASE(types_are_named_or_begin_so),
	    CASE(what_is_no_type_is_refused),
	    CASE(jobs_are_a_list),
	    CASE(the_rest_is_compared),
	    CASE(an_event_is_one_line_of_json),
	    CASE(of_what_was_forgotten_the_ids_are_told),
	    CASE(a_damaged_one_is_a_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
