/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results on their way into deliveries: of every size, and what becomes of
 * those that change or vanish between the look, DONE and an attempt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/support/flow_hook.h"
#include "tests/support/flow_probe.h"
#include "tests/support/seal.h"

/* --- results of every size -------------------------------------------- */

/* HEAD says so many bytes; -1: nothing. */
static void
found_bytes(int64_t size)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)size);
	if (size >= 0)
		found(expect_head(out_url(1)), text);
	else
		peer_reply(expect_head(out_url(1)), 200, "ETag: \"e1\"", "");
}

static void
get_bytes(int64_t size)
{
	char *body = xmalloc((size_t)size + 1);

	memset(body, 'x', (size_t)size);
	body[size] = '\0';
	bytes(peer_expect("GET", out_url(1)), body);
	free(body);
}

static void
results_are_kept_up_to_64_kib(void **state)
{
	static const struct {
		int64_t size;
		int64_t read; /* by the driver, from a file */
	} cases[] = {
	    {0, -1},
	    {1, -1},
	    {65535, -1},
	    {65536, -1},
	    {65537, 65537},
	};
	size_t i;

	(void)state;
	with_probe();
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct job *job = probed_job();
		struct delivery *d;

		reply_accepted(expect_invoke(1), 1);
		found_bytes(cases[i].size);
		get_bytes(cases[i].size);
		go(job);
		must_be(JOB_DONE, OUTCOME_OK);
		delivery_must_be(DELIVERY_DELIVERED, 1);
		assert_int_equal(probe.begun, i + 1);
		assert_int_equal(probe.size, cases[i].size);
		assert_int_equal(probe.read, cases[i].read);
		d = delivery_on_disk();
		assert_int_equal(d->by_reference, cases[i].read != -1);
		assert_int_equal(d->body_size, cases[i].size);
		assert_string_equal(d->content_type, "text/plain");
		delivery_free(d);
	}
}

static void
results_are_part_of_the_event_up_to_its_maximum(void **state)
{
	static const int64_t sizes[] = {0, 1, 19999, 20000, 20001};
	size_t i;

	(void)state;
	with_hook(8);
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		struct job *job = hooked_job();

		reply_accepted(expect_invoke(1), 1);
		found_bytes(sizes[i]);
		if (sizes[i] <= 20000)
			get_bytes(sizes[i]);
		peer_reply(expect_hook(), 200, "", "");
		go(job);
		delivery_must_be(DELIVERY_DELIVERED, 1);
		assert_int_equal(strstr(call(i)->body, "\"result\":\"") != NULL,
		    sizes[i] <= 20000);
		assert_true(call(i)->body_len >
		    (size_t)(sizes[i] <= 20000 ? sizes[i] : 0));
	}
}

/* Something in between keeps lengths of HEAD to itself. */
static void
a_result_of_unknown_size_holds_nobody_up(void **state)
{
	struct job *job = flow_job();

	(void)state;
	with_probe();
	reply_accepted(expect_invoke(1), 1);
	found_bytes(-1);
	go(job);
	must_be(JOB_DONE, OUTCOME_OK);

	job = probed_job();
	reply_accepted(expect_invoke(1), 1);
	found_bytes(-1);
	get_bytes(70000);
	go(job);
	must_be(JOB_DONE, OUTCOME_OK);
	delivery_must_be(DELIVERY_DELIVERED, 1);
	assert_int_equal(probe.size, 70000);
	assert_int_equal(probe.read, 70000);
}

static void
an_event_names_no_size_that_is_not_known(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = hooked_job();
	reply_accepted(expect_invoke(1), 1);
	found_bytes(-1);
	peer_reply(expect_hook(), 200, "", "");
	go(job);
	delivery_must_be(DELIVERY_DELIVERED, 1);
	assert_null(strstr(call(0)->body, "\"size\""));
}

/* --- between HEAD and each attempt ------------------------------------ */

static struct job *
large_job(void)
{
	struct job *job = probed_job();

	reply_accepted(expect_invoke(1), 1);
	found_bytes(70000);
	return job;
}

static void
a_result_that_vanished_is_not_delivered(void **state)
{
	struct job *job;
	struct delivery *d;

	(void)state;
	with_probe();
	job = large_job();
	peer_reply(peer_expect("GET", out_url(1)), 404, "",
	    "<Error><Code>NoSuchKey</Code></Error>");
	go(job);
	delivery_must_be(DELIVERY_DEAD, 1);
	d = delivery_on_disk();
	assert_non_null(strstr(d->note, "read the result"));
	assert_string_equal(d->log[0].error_class, "source");
	delivery_free(d);
	assert_int_equal(probe.begun, 0);
}

static void
a_result_that_changed_is_not_delivered(void **state)
{
	struct job *job;

	(void)state;
	with_probe();
	job = large_job();
	peer_reply(peer_expect("GET", out_url(1)), 412, "",
	    "<Error><Code>PreconditionFailed</Code></Error>");
	go(job);
	delivery_must_be(DELIVERY_DEAD, 1);
	assert_int_equal(probe.begun, 0);
}

/* Whatever stands in its place: there is no way back to those bytes. */
static void
a_result_in_whose_place_another_lies_is_not_delivered(void **state)
{
	static const struct {
		int status;
		const char *headers;
		const char *note;
	} cases[] = {
	    {200, "ETag: \"other\"\nContent-Length: 70000", "changed"},
	    {200, "ETag: \"e1\"\nContent-Length: 3", "were noted"},
	    {404, "", "404"},
	    {416, "", "416"},
	};
	struct delivery *d;
	struct job *job;
	size_t i;

	(void)state;
	with_probe();
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		job = large_job();
		peer_reply(peer_expect("GET", out_url(1)), cases[i].status,
		    cases[i].headers, cases[i].status == 200 ? "abc" : "");
		go(job);
		delivery_must_be(DELIVERY_DEAD, 1);
		d = delivery_on_disk();
		if (strstr(d->note, cases[i].note) == NULL)
			fail_msg("%s", d->note);
		delivery_free(d);
	}
	assert_int_equal(probe.begun, 0);
}

/* What says nothing of the object itself may pass. */
static void
what_stands_in_the_way_of_a_result_ends_no_delivery(void **state)
{
	static const int statuses[] = {400, 401, 403, 405, 408, 429, 500, 503};
	struct peer_step *s;
	struct job *job;
	size_t i;

	(void)state;
	with_probe();
	for (i = 0; i < ARRAY_LEN(statuses); i++) {
		job = large_job();
		s = peer_always("GET", out_url(1));
		peer_reply(s, statuses[i], "", "");
		flow_submit(job);
		time_passes(4500);
		while (engine_busy(flow.engine) > 0)
			time_passes(100);
		delivery_must_be(DELIVERY_WAITING, 1);
		assert_int_equal(probe.begun, i);
		get_bytes(70000);
		while (probe.begun == i)
			time_passes(500);
		delivery_must_be(DELIVERY_DELIVERED, 2);
	}
}

/* An ETag says what its server wants: the bytes are compared, too. */
static void
other_bytes_under_the_same_etag_are_not_delivered(void **state)
{
	struct delivery *d;
	struct job *job;
	char *body;

	(void)state;
	with_probe();
	probe.refuses = true;
	job = large_job();
	get_bytes(70000);
	go(job);
	delivery_must_be(DELIVERY_WAITING, 1);
	assert_int_equal(probe.begun, 1);
	probe.refuses = false;
	body = xmalloc(70001);
	memset(body, 'x', 70000);
	body[69999] = 'y';
	body[70000] = '\0';
	bytes(peer_expect("GET", out_url(1)), body);
	free(body);
	time_passes(5000);
	delivery_must_be(DELIVERY_DEAD, 2);
	d = delivery_on_disk();
	assert_non_null(strstr(d->note, "other bytes"));
	assert_string_equal(d->log[d->nlog - 1].error_class, "source");
	delivery_free(d);
	assert_int_equal(probe.begun, 1);
}

static void
a_result_that_cannot_be_read_now_is_read_later(void **state)
{
	struct job *job;

	(void)state;
	with_probe();
	job = large_job();
	peer_reply(peer_expect("GET", out_url(1)), 403, "",
	    "<Error><Code>AccessDenied</Code></Error>");
	go(job);
	delivery_must_be(DELIVERY_WAITING, 1);
	get_bytes(70000);
	time_passes(5000);
	delivery_must_be(DELIVERY_DELIVERED, 2);
	assert_int_equal(probe.begun, 1);
}

static void
what_cannot_be_begun_is_begun_later(void **state)
{
	struct job *job;

	(void)state;
	with_probe();
	probe.refuses = true;
	job = large_job();
	get_bytes(70000);
	go(job);
	delivery_must_be(DELIVERY_WAITING, 1);
	probe.refuses = false;
	get_bytes(70000);
	time_passes(5000);
	delivery_must_be(DELIVERY_DELIVERED, 2);
	assert_int_equal(engine_busy(flow.engine), 0);
}

static void
change_at_rest(const char *sql)
{
	char path[96];
	sqlite3 *db;

	flow_die();
	snprintf(path, sizeof(path), "%s/state", flow.dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(seal(db), SQLITE_OK);
	sqlite3_close(db);
	flow_take_up();
}

/* Written by somebody else, or by a version that is to come. */
static void
a_job_that_does_not_say_where_its_result_is_ends_nobody(void **state)
{
	static const char *const changes[] = {
	    "UPDATE job SET region = NULL",
	    "DROP TRIGGER done_is_final;"
	    "UPDATE job_state SET result_location = NULL",
	};
	struct job *job;
	unsigned i;

	(void)state;
	with_probe();
	spool_set_max(flow.spool, 1000);
	job = probed_job();
	reply_accepted(expect_invoke(1), 1);
	found(expect_head(out_url(1)), "70000");
	go(job);
	delivery_must_be(DELIVERY_DEAD, 1);
	for (i = 0; i < ARRAY_LEN(changes); i++) {
		change_at_rest(changes[i]);
		flow.replays += i == 0;
		engine_replay(flow.engine, delivery_on_disk());
		time_passes(1000);
		delivery_must_be(
		    i == 0 ? DELIVERY_WAITING : DELIVERY_DEAD, i + 2);
		change_at_rest("UPDATE job SET region = 'us-east-1'");
	}
	assert_int_equal(probe.begun, 0);
	assert_int_equal(log_lines("its region is not known", NULL), 1);
	assert_int_equal(log_lines("does not say where", "result=failed"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(results_are_kept_up_to_64_kib),
	    FLOW_TEST(results_are_part_of_the_event_up_to_its_maximum),
	    FLOW_TEST(a_result_of_unknown_size_holds_nobody_up),
	    FLOW_TEST(an_event_names_no_size_that_is_not_known),
	    FLOW_TEST(a_result_that_vanished_is_not_delivered),
	    FLOW_TEST(a_result_that_changed_is_not_delivered),
	    FLOW_TEST(a_result_in_whose_place_another_lies_is_not_delivered),
	    FLOW_TEST(what_stands_in_the_way_of_a_result_ends_no_delivery),
	    FLOW_TEST(other_bytes_under_the_same_etag_are_not_delivered),
	    FLOW_TEST(a_result_that_cannot_be_read_now_is_read_later),
	    FLOW_TEST(what_cannot_be_begun_is_begun_later),
	    FLOW_TEST(a_job_that_does_not_say_where_its_result_is_ends_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
