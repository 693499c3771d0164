/* SPDX-License-Identifier: Apache-2.0 */
/* Large results that go to their receiver as they come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/health.h"
#include "engine/spool.h"
#include "tests/support/flow_hook.h"
#include "tests/support/flow_probe.h"

#define SIZE 70000
/* It does not come in one piece: the receiver has begun then. */
#define LONG 600000
#define ETAG "ETag: \"e1\"\n"
/* What is held between S3 and the receiver, at most. */
#define HELD_MAX 262144

static char *
body_of(size_t size)
{
	char *body = xmalloc(size + 1);
	size_t i;

	for (i = 0; i < size; i++)
		body[i] = (char)('a' + i % 23);
	body[size] = '\0';
	return body;
}

/* Up to the result, of which HEAD says so much. */
static struct job *
streamed_job(const char *size)
{
	struct job *job;

	if (flow.targets[0] == NULL) {
		with_probe();
		flow.targets[0]->streams = probe.streams = true;
	}
	job = probed_job();
	reply_accepted(expect_invoke(1), 1);
	if (size != NULL)
		found(expect_head(out_url(1)), size);
	else
		peer_reply(expect_head(out_url(1)), 200, ETAG, "");
	return job;
}

static struct peer_step *
expect_get(const char *range)
{
	struct peer_step *s = peer_expect("GET", out_url(1));

	peer_header(s, "If-Match", "\"e1\"");
	peer_header(s, "Range", range);
	return s;
}

/* `n` bytes from `from` on, of `size`; it says that all come. */
static void
reply_part(
    struct peer_step *s, size_t from, size_t n, size_t size, const char *more)
{
	char headers[300], *body = body_of(size);

	snprintf(headers, sizeof(headers),
	    ETAG "Content-Length: %zu\nContent-Range: bytes %zu-%zu/%zu\n%s",
	    size - from, from, size - 1, size, more);
	body[from + n] = '\0';
	peer_reply(s, from > 0 ? 206 : 200, headers, body + from);
	free(body);
}

static void
reply_all(struct peer_step *s, size_t size)
{
	reply_part(s, 0, size, size, "");
}

static void
must_have_all(size_t size)
{
	char want[HASH_SHA256_HEX_SIZE], *body = body_of(size);

	hash_sha256_hex(body, size, want);
	free(body);
	assert_true(probe.whole);
	assert_int_equal(probe.got, size);
	assert_string_equal(probe.sha256, want);
}

static void
note_must_say(const char *words)
{
	struct delivery *d = delivery_on_disk();

	if (d->note == NULL || strstr(d->note, words) == NULL)
		fail_msg("%s", d->note != NULL ? d->note : "no note");
	delivery_free(d);
}

/* --- the way ---------------------------------------------------------- */

static void
a_result_is_streamed_and_takes_no_disk(void **state)
{
	struct job *job = streamed_job("70000");

	(void)state;
	/* More than there could be of it. */
	spool_set_max(flow.spool, 1000);
	reply_all(expect_get(NULL), SIZE);
	go(job);
	delivery_must_be(DELIVERY_DELIVERED, 1);
	assert_int_equal(probe.size, SIZE);
	assert_int_equal(probe.read, -1);
	must_have_all(SIZE);
}

static void
what_has_no_size_yet_is_spooled(void **state)
{
	struct job *job = streamed_job(NULL);

	(void)state;
	reply_all(expect_get(NULL), SIZE);
	go(job);
	delivery_must_be(DELIVERY_DELIVERED, 1);
	assert_int_equal(probe.read, SIZE);
}

static void
a_receiver_that_takes_nothing_holds_s3_back(void **state)
{
	struct job *job = streamed_job("3000000");

	(void)state;
	probe.stuck = true;
	reply_all(expect_get(NULL), 3000000);
	go(job);
	time_passes(3600000);
	assert_int_equal(probe.begun, 1);
	assert_in_range(peer_sunk(), 100000, HELD_MAX);
	probe_goes_on();
	time_passes(1000);
	delivery_must_be(DELIVERY_DELIVERED, 1);
	must_have_all(3000000);
}

static void
what_breaks_off_is_taken_up_under_its_etag(void **state)
{
	struct job *job = streamed_job("70000");

	(void)state;
	reply_part(expect_get(NULL), 0, 30000, SIZE, "");
	peer_fail(expect_get("bytes=30000-"), ERR_NET, "reset", true);
	reply_part(expect_get("bytes=30000-"), 30000, 20000, SIZE, "");
	reply_part(expect_get("bytes=50000-"), 50000, 20000, SIZE, "");
	go(job);
	time_passes(4000);
	delivery_must_be(DELIVERY_DELIVERED, 1);
	must_have_all(SIZE);
}

static unsigned
failures_known(void)
{
	struct health h;

	health_find(flow.engine, "exec probe", &h);
	return h.failures;
}

/* Else five such results let a receiver rest that is well. */
static void
what_s3_keeps_waiting_is_no_failure_of_the_receiver(void **state)
{
	struct job *job = streamed_job("70000");

	(void)state;
	reply_part(expect_get(NULL), 0, 30000, SIZE, "");
	reply_part(peer_delay(expect_get("bytes=30000-"), 60000), 30000, 40000,
	    SIZE, "");
	go(job);
	time_passes(20000);
	assert_in_range(probe.got, 29999, 30000);
	probe.fails = true;
	probe_lets_go();
	time_passes(100);
	delivery_must_be(DELIVERY_WAITING, 1);
	note_must_say("read the result: nothing came from S3 for 20000 ms");
	assert_int_equal(failures_known(), 0);
	/* Nor is it excused where there was something for it. */
	probe.stuck = true;
	reply_all(expect_get(NULL), SIZE);
	time_passes(20000);
	assert_int_equal(probe.begun, 2);
	probe_lets_go();
	time_passes(100);
	delivery_must_be(DELIVERY_WAITING, 2);
	note_must_say("broken off");
	assert_int_equal(failures_known(), 1);
	probe.fails = probe.stuck = false;
	reply_all(expect_get(NULL), SIZE);
	time_passes(60000);
	delivery_must_be(DELIVERY_DELIVERED, 3);
	must_have_all(SIZE);
}

/* The next piece is not asked for before there is room for it. */
static void
what_breaks_off_while_nothing_is_taken_goes_on_then(void **state)
{
	struct job *job = streamed_job("600000");

	(void)state;
	probe.stuck = true;
	reply_part(expect_get(NULL), 0, 197000, 600000, "");
	go(job);
	time_passes(60000);
	assert_int_equal(probe.begun, 1);
	reply_part(expect_get("bytes=197000-"), 197000, 403000, 600000, "");
	probe_goes_on();
	time_passes(4000);
	delivery_must_be(DELIVERY_DELIVERED, 1);
	must_have_all(600000);
}

/* --- what is wrong is never whole ------------------------------------- */

#define WRONG_SUM "x-amz-checksum-crc64nvme: Ffmx7kz9nB0=\n"

static void
what_turns_out_wrong_is_broken_off(void **state)
{
	struct job *job = streamed_job("600000");

	(void)state;
	reply_part(expect_get(NULL), 0, LONG, LONG, WRONG_SUM);
	go(job);
	delivery_must_be(DELIVERY_WAITING, 1);
	note_must_say("read the result");
	assert_int_equal(probe.begun, 1);
	assert_in_range(probe.got, 1, LONG - 1);
	assert_false(probe.whole);
	reply_all(expect_get(NULL), LONG);
	time_passes(5000);
	delivery_must_be(DELIVERY_DELIVERED, 2);
	must_have_all(LONG);
}

static void
other_bytes_than_at_first_are_broken_off(void **state)
{
	struct job *job = streamed_job("600000");
	char *body = body_of(LONG);

	(void)state;
	probe.fails = true;
	reply_all(expect_get(NULL), LONG);
	go(job);
	delivery_must_be(DELIVERY_WAITING, 1);
	must_have_all(LONG);
	body[5] = 'A';
	bytes(expect_get(NULL), body);
	free(body);
	probe.fails = false;
	time_passes(5000);
	delivery_must_be(DELIVERY_DEAD, 2);
	note_must_say("other bytes");
	assert_int_equal(probe.begun, 2);
	assert_in_range(probe.got, 1, LONG - 1);
	assert_false(probe.whole);
}

/* 412: what came before is not of the object that is there. */
static void
what_changes_on_its_way_is_broken_off_for_good(void **state)
{
	struct job *job = streamed_job("70000");

	(void)state;
	reply_part(expect_get(NULL), 0, 30000, SIZE, "");
	peer_reply(expect_get("bytes=30000-"), 412, "",
	    "<Error><Code>PreconditionFailed</Code></Error>");
	go(job);
	time_passes(2000);
	delivery_must_be(DELIVERY_DEAD, 1);
	note_must_say("changed");
	assert_int_equal(probe.got, 29999);
	assert_false(probe.whole);
}

/* A receiver hears nothing of what cannot be read. */
static void
what_is_not_there_any_more_begins_nothing(void **state)
{
	static const char *const codes[] = {
	    "PreconditionFailed", "NoSuchKey", "AccessDenied"};
	static const int statuses[] = {412, 404, 403};
	struct job *job;
	char body[100];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(codes); i++) {
		job = streamed_job("70000");
		snprintf(body, sizeof(body), "<Error><Code>%s</Code></Error>",
		    codes[i]);
		peer_reply(expect_get(NULL), statuses[i], "", body);
		go(job);
		delivery_must_be(
		    statuses[i] == 403 ? DELIVERY_WAITING : DELIVERY_DEAD, 1);
	}
	assert_int_equal(probe.begun, 0);
	reply_all(expect_get(NULL), SIZE);
	time_passes(5000);
	delivery_must_be(DELIVERY_DELIVERED, 2);
}

/* It may mean the half of it. */
static void
an_answer_before_the_whole_does_not_count(void **state)
{
	struct job *job = streamed_job("70000");

	(void)state;
	probe.takes = 30000;
	reply_all(expect_get(NULL), SIZE);
	go(job);
	delivery_must_be(DELIVERY_WAITING, 1);
	note_must_say("before it had the whole");
	probe.takes = 0;
	reply_all(expect_get(NULL), SIZE);
	time_passes(5000);
	delivery_must_be(DELIVERY_DELIVERED, 2);
}

/* --- in the middle ---------------------------------------------------- */

static void
a_stop_in_the_middle_breaks_it_off(void **state)
{
	struct job *job = streamed_job("600000");

	(void)state;
	probe.stuck = true;
	reply_all(expect_get(NULL), 600000);
	go(job);
	assert_int_equal(probe.begun, 1);
	flow_stop();
	assert_int_equal(probe.cancelled, 1);
	flow_take_up();
	probe.stuck = false;
	reply_all(expect_get(NULL), 600000);
	time_passes(10000);
	delivery_must_be(DELIVERY_DELIVERED, 2);
	must_have_all(600000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(a_result_is_streamed_and_takes_no_disk),
	    FLOW_TEST(what_has_no_size_yet_is_spooled),
	    FLOW_TEST(a_receiver_that_takes_nothing_holds_s3_back),
	    FLOW_TEST(what_breaks_off_is_taken_up_under_its_etag),
	    FLOW_TEST(what_s3_keeps_waiting_is_no_failure_of_the_receiver),
	    FLOW_TEST(what_breaks_off_while_nothing_is_taken_goes_on_then),
	    FLOW_TEST(what_turns_out_wrong_is_broken_off),
	    FLOW_TEST(other_bytes_than_at_first_are_broken_off),
	    FLOW_TEST(what_changes_on_its_way_is_broken_off_for_good),
	    FLOW_TEST(what_is_not_there_any_more_begins_nothing),
	    FLOW_TEST(an_answer_before_the_whole_does_not_count),
	    FLOW_TEST(a_stop_in_the_middle_breaks_it_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
