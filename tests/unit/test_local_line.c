/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a line does with many requests, and with those that this machine
 * cannot end yet.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/str.h"
#include "tests/unit/queue_rig.h"

static void
a_dozen_of_them_hold_up_nobody_either(void **state)
{
	char name[16];
	int i;

	(void)state;
	rig_command("cat");
	rig_open();
	rig_object_without_bytes("gone");
	for (i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "bad%d", i);
		rig_submit(name, NULL, "s3://abc/gone");
	}
	rig_submit("good", "1", NULL);
	rig_run_until(1);
	rig_assert_object("good", "1");
	assert_int_equal(rig_queued(), 12);
	rig_close();
}

/* Its failure cannot be written; that is tried later and later. */
static void
what_cannot_expire_is_put_off_longer_and_longer(void **state)
{
	struct rlimit before, none;

	(void)state;
	log_init(LOG_DEBUG, LOG_TEXT);
	rig_command("cat");
	rig_open();
	rig_submit("one", "x", NULL);
	rig.wall += 60000;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 3;
	/* The first is a warning, the others are for who looks closer. */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	loop_timer_set(rig.give_up, RIG_GIVE_UP_MS);
	rig.ends_wanted = 0;
	queue_start(rig.queue);
	loop_run(rig.loop);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	log_init(LOG_INFO, LOG_TEXT);
	assert_int_equal(rig.put_off, 3);
	/* 400 ms at the least, and 800. */
	assert_true(rig.put_off_at[2] - rig.put_off_at[0] > 1000);
	rig_run_until(1);
	assert_int_equal(rig_queued(), 0);
	rig_close();
}

static void
on_object(
    const struct objects_stored *stored, const struct error *err, void *arg)
{
	(void)arg;
	assert_null(err);
	assert_non_null(stored);
	loop_stop(rig.loop);
}

static void
a_result_that_is_kept_does_not_expire(void **state)
{
	struct objects_draft draft;
	struct objects_store what = {
	    .bucket = "%kept",
	    .key = "1",
	    .headers = "",
	    .done = on_object,
	};
	struct error err;

	(void)state;
	rig_command("cat");
	rig_open();
	rig_submit("one", "x", NULL);
	assert_int_equal(objects_draft(rig.objects, &draft, &err), 0);
	assert_int_equal(write(draft.fd, "kept", 4), 4);
	objects_store(rig.objects, &draft, &what);
	loop_run(rig.loop);
	assert_int_equal(
	    db_request_stage(rig.db, 1, DB_STAGED_OUTPUT, &err), 0);
	db_flush(rig.db);
	rig_close();
	rig_open();
	queue_start(rig.queue);
	/* The transaction of its first try. */
	db_abandon(rig.db);
	rig.wall += 60000;
	rig_run_until(1);
	rig_assert_object("one", "kept");
	rig_assert_object("one-error", NULL);
	assert_int_equal(rig_queued(), 0);
	rig_close();
}

static void
submit_many(int n)
{
	char name[16];
	int i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		rig_submit_for(name, name, NULL, 30);
	}
}

static void
a_turn_begins_a_few_only(void **state)
{
	(void)state;
	rig_command("cat");
	rig.endpoint.max_concurrent = 100;
	rig_open();
	submit_many(100);
	queue_start(rig.queue);
	assert_in_range(rig.running, 1, 16);
	rig_run_until(100);
	rig.ends = 0;
	rig_close();
	rig_open();
	submit_many(100);
	rig.wall += 60000;
	queue_start(rig.queue);
	/* Some by the clock, some by their turn. */
	assert_in_range(rig_metrics()->running, 1, 32);
	rig_run_until(100);
	assert_int_equal(rig_queued(), 0);
	rig_close();
}

/* Without a turn of the loop nothing gets to the disk. */
static void
results_on_their_way_to_the_disk_are_bounded(void **state)
{
	int i;

	(void)state;
	rig_command("cat");
	rig.endpoint.max_concurrent = 100;
	rig_open();
	submit_many(100);
	rig.wall += 60000;
	for (i = 0; i < 10; i++)
		queue_start(rig.queue);
	assert_in_range(rig_metrics()->running, 64, 80);
	rig_run_until(100);
	rig_close();
}

static void
an_input_on_its_way_takes_the_room_of_its_invocation(void **state)
{
	(void)state;
	rig_command("cat");
	rig_open();
	rig_submit("one", NULL, "s3://abc/none");
	rig_submit("two", NULL, "s3://abc/none");
	queue_start(rig.queue);
	assert_int_equal(rig_metrics()->running, 1);
	rig_run_until(2);
	rig_close();
}

/* How many of our descriptors are of files in memory. */
static unsigned
payloads_open(void)
{
	char path[64], target[64];
	unsigned n = 0;
	int fd;

	for (fd = 0; fd < 256; fd++) {
		ssize_t len;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		len = readlink(path, target, sizeof(target) - 1);
		target[len > 0 ? len : 0] = '\0';
		n += str_starts(target, "/memfd:payload");
	}
	return n;
}

static void
what_waits_for_another_s3_holds_no_payload(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(
	    conf_set(&rig.conf, "s3.endpoint=http://127.0.0.1:1", &err), 0);
	assert_int_equal(conf_set(&rig.conf, "s3.access_key=a", &err), 0);
	assert_int_equal(conf_set(&rig.conf, "s3.secret_key=b", &err), 0);
	rig_command("cat");
	rig_open();
	rig_submit("one", "payload", NULL);
	rig.ends_wanted = 0;
	loop_timer_set(rig.give_up, RIG_GIVE_UP_MS);
	queue_start(rig.queue);
	loop_run(rig.loop);
	assert_true(rig.kept);
	assert_int_equal(rig_queued(), 1);
	assert_int_equal(rig_metrics()->running, 1);
	assert_int_equal(payloads_open(), 0);
	rig_close();
}

static void
a_clock_set_back_takes_nothing_off_a_sum(void **state)
{
	(void)state;
	rig_command("cat");
	rig_open();
	rig_submit("one", "x", NULL);
	rig.wall -= 5000;
	rig_run_until(1);
	assert_int_equal(rig_metrics()->total_ms.n, 1);
	assert_int_equal(rig_metrics()->total_ms.sum, 0);
	assert_int_equal(rig_metrics()->backlog_ms.sum, 0);
	rig_close();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_dozen_of_them_hold_up_nobody_either),
	    TEST(what_cannot_expire_is_put_off_longer_and_longer),
	    TEST(a_result_that_is_kept_does_not_expire),
	    TEST(a_turn_begins_a_few_only),
	    TEST(results_on_their_way_to_the_disk_are_bounded),
	    TEST(an_input_on_its_way_takes_the_room_of_its_invocation),
	    TEST(what_waits_for_another_s3_holds_no_payload),
	    TEST(a_clock_set_back_takes_nothing_off_a_sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
