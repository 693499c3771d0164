/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests through the queue with real commands, files and a database, from
 * their acceptance to what they leave.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/queue_rig.h"

static void
a_result_and_its_request_change_places(void **state)
{
	(void)state;
	rig_command("cat");
	rig_open();
	rig_submit("one", "payload", NULL);
	assert_int_equal(rig_queued(), 1);
	rig_assert_object("one", NULL);
	rig_run_until(1);
	rig_assert_object("one", "payload");
	rig_assert_object("one-error", NULL);
	assert_int_equal(rig_queued(), 0);
	rig_close();
}

static void
the_log_says_why_one_failed(void **state)
{
	(void)state;
	rig_command("sh -c 'echo first >&2; echo the shape is wrong >&2; "
		    "exit 1'");
	rig_open();
	rig_submit("one", "payload", NULL);
	rig_run_until(1);
	assert_non_null(strstr(rig.last_line, "state=failed"));
	assert_non_null(strstr(rig.last_line, "why=\"the shape is wrong\""));
	assert_null(strstr(rig.last_line, "first"));
	rig_close();
}

static void
many_for_no_endpoint_are_one_line(void **state)
{
	char *name = rig.endpoint.name;

	(void)state;
	rig_command("cat");
	rig_open();
	rig_submit("one", "payload", NULL);
	rig_submit("two", "payload", NULL);
	rig_submit("three", "payload", NULL);
	rig_close();
	rig.endpoint.name = xstrdup("other");
	rig.warnings = 0;
	rig_open();
	assert_int_equal(queue_backlog(rig.queue), 3);
	assert_int_equal(rig.warnings, 1);
	assert_non_null(strstr(rig.last_line, "endpoint=ep requests=3"));
	rig_close();
	free(rig.endpoint.name);
	rig.endpoint.name = name;
}

static void
what_is_put_off_again_and_again_is_told_once(void **state)
{
	(void)state;
	rig_command("cat");
	rig_open();
	rig_object_without_bytes("gone");
	rig_submit("one", NULL, "s3://abc/gone");
	log_init(LOG_DEBUG, LOG_TEXT);
	rig.ends_wanted = rig.put_off = rig.warnings = 0;
	loop_timer_set(rig.give_up, RIG_GIVE_UP_MS);
	loop_run(rig.loop);
	log_init(LOG_INFO, LOG_TEXT);
	assert_int_equal(rig.put_off, 3);
	assert_int_equal(rig.warnings, 1);
	rig_close();
}

static void
an_empty_result_is_a_result(void **state)
{
	(void)state;
	rig_command("true");
	rig_open();
	rig_submit("one", "payload", NULL);
	rig_run_until(1);
	rig_assert_object("one", "");
	rig_close();
}

static void
a_failure_leaves_standard_error_or_the_status(void **state)
{
	(void)state;
	rig_command("cat /nowhere-at-all");
	rig_open();
	rig_submit("one", "x", NULL);
	rig_run_until(1);
	rig_assert_object(
	    "one-error", "cat: /nowhere-at-all: No such file or directory\n");
	rig_assert_object("one", NULL);
	rig_close();
	rig_command("false");
	rig_open();
	rig_submit("two", "x", NULL);
	rig_run_until(1);
	rig_assert_object("two-error",
	    "Model exited with status 1 and wrote nothing to its standard "
	    "error");
	rig_close();
	rig_command("/nowhere-at-all");
	rig_open();
	rig_submit("three", "x", NULL);
	rig_run_until(1);
	rig_assert_object("three-error",
	    "Model could not be started: run /nowhere-at-all: No such file "
	    "or directory");
	assert_int_equal(rig_queued(), 0);
	rig_close();
}

static void
a_model_that_takes_too_long_is_ended(void **state)
{
	(void)state;
	rig_command("sleep 60");
	rig_open();
	rig_submit("one", "x", NULL);
	rig_run_until(1);
	rig_assert_object(
	    "one-error", "Model did not respond within 1 seconds");
	rig_close();
}

static void
output_beyond_the_cap_is_a_failure(void **state)
{
	(void)state;
	rig_command("head -c 1001 /dev/zero");
	rig_open();
	rig_submit("one", "x", NULL);
	rig_run_until(1);
	rig_assert_object(
	    "one-error", "Model output is larger than 1000 bytes");
	rig_assert_object("one", NULL);
	rig_close();
}

static void
a_missing_input_is_named(void **state)
{
	(void)state;
	rig_command("cat");
	rig_open();
	rig_submit("one", NULL, "s3://abc/none");
	rig_submit("two", NULL, "https://example.com/x");
	rig_run_until(2);
	rig_assert_object("one-error",
	    "Input could not be read: there is no object s3://abc/none");
	rig_assert_object("two-error",
	    "Input could not be read: https://example.com/x is no place in "
	    "this object store");
	rig_close();
}

static void
what_is_queued_survives_a_restart_and_runs_in_order(void **state)
{
	char name[16];
	int i;

	(void)state;
	rig_command("cat");
	rig_open();
	for (i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		rig_submit(name, name, NULL);
	}
	rig_close();
	rig_open();
	assert_int_equal(rig_queued(), 5);
	rig_run_until(5);
	for (i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		rig_assert_object(name, name);
	}
	assert_int_equal(rig_queued(), 0);
	rig_close();
}

static void
what_ran_when_all_stopped_runs_again(void **state)
{
	(void)state;
	rig_command("sleep 60");
	rig_open();
	rig_submit("one", "again", NULL);
	queue_start(rig.queue);
	assert_int_equal(rig.running, 1);
	rig_close();
	rig_command("cat");
	rig_open();
	rig_run_until(1);
	rig_assert_object("one", "again");
	rig_close();
}

/* Each tells how many ran beside it, itself included, once three have begun. */
static void
no_more_run_at_once_than_may(void **state)
{
	char *command = xasprintf("sh -c \"cd '%s'; touch begun.$$ run.$$; "
				  "until [ $(ls | grep -c begun) -ge 3 ]; do "
				  "sleep 0.01; done; ls | grep -c run; "
				  "rm run.$$\"",
	    rig.dir);
	int i, most = 0;
	char name[16];

	(void)state;
	rig_command(command);
	free(command);
	rig.endpoint.max_concurrent = 3;
	rig_open();
	for (i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		rig_submit_for(name, "x", NULL, 30);
	}
	rig_run_until(9);
	for (i = 0; i < 9; i++) {
		char *bytes;

		snprintf(name, sizeof(name), "n%d", i);
		bytes = rig_object(name, NULL);
		assert_non_null(bytes);
		if (bytes[0] - '0' > most)
			most = bytes[0] - '0';
		free(bytes);
	}
	assert_in_range(most, 1, 3);
	rig_close();
}

static void
a_request_that_waited_too_long_expires(void **state)
{
	(void)state;
	rig_command("cat");
	rig_open();
	rig_submit("old", "x", NULL);
	rig.wall += 59999;
	rig_submit("young", "y", NULL);
	rig_close();
	rig.wall += 1;
	rig_open();
	rig_run_until(2);
	rig_assert_object("young", "y");
	rig_assert_object("old", NULL);
	rig_assert_object("old-error",
	    "Request expired: it waited longer than its time to live of 60 "
	    "seconds");
	rig_close();
}

static void
expiry_can_be_silent(void **state)
{
	(void)state;
	rig_command("cat");
	rig.endpoint.expired = CONF_EXPIRED_SILENT;
	rig_open();
	rig_submit("old", "x", NULL);
	rig.wall += 60000;
	rig_run_until(1);
	rig_assert_object("old", NULL);
	rig_assert_object("old-error", NULL);
	assert_int_equal(rig_queued(), 0);
	rig_close();
}

static void
what_this_machine_failed_holds_up_nobody_else(void **state)
{
	(void)state;
	rig_command("cat");
	rig_open();
	rig_object_without_bytes("gone");
	rig_submit("one", NULL, "s3://abc/gone");
	rig_submit("two", "2", NULL);
	rig_submit("three", "3", NULL);
	rig_run_until(2);
	rig_assert_object("two", "2");
	rig_assert_object("three", "3");
	rig_assert_object("one-error", NULL);
	assert_int_equal(rig_queued(), 1);
	assert_int_equal(rig_metrics()->waiting, 1);
	rig_close();
	/* It is still there after a restart, and ends with its time. */
	rig.wall += 60000;
	rig_open();
	rig_run_until(1);
	assert_int_equal(rig_queued(), 0);
	rig_assert_object("one-error",
	    "Request expired: it waited longer than its time to live of 60 "
	    "seconds");
	rig_close();
}

static void
what_has_lost_its_endpoint_expires(void **state)
{
	(void)state;
	rig_command("cat");
	rig_open();
	rig_submit("one", "x", NULL);
	rig_close();
	free(rig.endpoint.name);
	rig.endpoint.name = xstrdup("other");
	rig_open();
	queue_start(rig.queue);
	assert_int_equal(rig_queued(), 1);
	rig_close();
	rig.wall += 60000;
	rig_open();
	rig_run_until(1);
	rig_assert_object("one-error",
	    "Request expired: it waited longer than its time to live of 60 "
	    "seconds");
	assert_int_equal(rig_queued(), 0);
	rig_close();
}

static void
a_backlog_has_a_bound(void **state)
{
	(void)state;
	rig_command("cat");
	rig.endpoint.max_backlog = 2;
	rig_open();
	assert_true(queue_has_room(rig.queue, "ep"));
	rig_submit("one", "x", NULL);
	assert_true(queue_has_room(rig.queue, "ep"));
	rig_submit("two", "x", NULL);
	assert_false(queue_has_room(rig.queue, "ep"));
	rig_run_until(2);
	assert_true(queue_has_room(rig.queue, "ep"));
	rig_close();
}

static void
ends_are_counted_as_cloudwatch_does(void **state)
{
	const struct metrics_endpoint *m;

	(void)state;
	rig_command("sh -c 'read a; exit $a'");
	rig_open();
	rig_submit("good", "0\n", NULL);
	rig_submit("bad", "1\n", NULL);
	rig_submit("missing", NULL, "s3://abc/none");
	assert_int_equal(rig_metrics()->waiting, 3);
	rig.wall += 1000;
	assert_int_equal(rig_metrics()->oldest_ms, 1000);
	rig_run_until(3);
	m = rig_metrics();
	assert_int_equal(m->accepted, 3);
	assert_int_equal(m->processed, 3);
	assert_int_equal(m->failures, 2);
	assert_int_equal(m->server_errors, 1);
	assert_int_equal(m->client_errors, 0);
	assert_int_equal(m->download_failures, 1);
	assert_int_equal(m->model_us.n, 2);
	assert_int_equal(m->backlog_ms.n, 3);
	assert_int_equal(m->backlog_ms.sum, 3000);
	assert_int_equal(m->waiting + m->running, 0);
	assert_int_equal(m->oldest_ms, 0);
	rig_close();
}

/* Of a topic that does not exist: what could not be published is counted. */
static void
expire_one(int expired)
{
	static char topic[] = "arn:aws:sns:us-east-1:123456789012:gone";

	rig_command("cat");
	rig.endpoint.expired = expired;
	rig.endpoint.error_topic = topic;
	rig_open();
	rig_submit("old", "x", NULL);
	rig.wall += 60000;
	rig_run_until(1);
	assert_int_equal(rig_queued(), 0);
	rig_assert_object("old", NULL);
}

static void
what_expires_is_announced_with_or_without_an_object(void **state)
{
	(void)state;
	expire_one(CONF_EXPIRED_OBJECT);
	assert_int_equal(rig_metrics()->notification_failures, 1);
	rig_assert_object("old-error",
	    "Request expired: it waited longer than its time to live of 60 "
	    "seconds");
	rig_close();
}

static void
it_can_be_announced_alone(void **state)
{
	(void)state;
	expire_one(CONF_EXPIRED_NOTIFICATION);
	assert_int_equal(rig_metrics()->notification_failures, 1);
	rig_assert_object("old-error", NULL);
	rig_close();
}

static void
or_not_at_all(void **state)
{
	(void)state;
	expire_one(CONF_EXPIRED_SILENT);
	assert_int_equal(rig_metrics()->notification_failures, 0);
	assert_int_equal(rig_metrics()->expired, 1);
	rig_assert_object("old-error", NULL);
	rig_close();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_result_and_its_request_change_places),
	    TEST(an_empty_result_is_a_result),
	    TEST(the_log_says_why_one_failed),
	    TEST(many_for_no_endpoint_are_one_line),
	    TEST(what_is_put_off_again_and_again_is_told_once),
	    TEST(a_failure_leaves_standard_error_or_the_status),
	    TEST(a_model_that_takes_too_long_is_ended),
	    TEST(output_beyond_the_cap_is_a_failure),
	    TEST(a_missing_input_is_named),
	    TEST(what_is_queued_survives_a_restart_and_runs_in_order),
	    TEST(what_ran_when_all_stopped_runs_again),
	    TEST(no_more_run_at_once_than_may),
	    TEST(a_request_that_waited_too_long_expires),
	    TEST(expiry_can_be_silent),
	    TEST(what_expires_is_announced_with_or_without_an_object),
	    TEST(it_can_be_announced_alone),
	    TEST(or_not_at_all),
	    TEST(what_this_machine_failed_holds_up_nobody_else),
	    TEST(what_has_lost_its_endpoint_expires),
	    TEST(a_backlog_has_a_bound),
	    TEST(ends_are_counted_as_cloudwatch_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
