/* SPDX-License-Identifier: Apache-2.0 */
/* Large results, and the room on disk that they wait for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/spool.h"
#include "tests/support/fake_store.h"
#include "tests/support/flow_hook.h"
#include "tests/support/flow_probe.h"

#define JOBS_MAX 8
#define KB70 70000

/* --- a disk that is full ---------------------------------------------- */

static uint64_t disk_free; /* bytes; 0: as it is */
static int writes_left; /* until a nameless file takes no more; -1: never */

int
statvfs(const char *path, struct statvfs *out)
{
	(void)path;
	memset(out, 0, sizeof(*out));
	out->f_frsize = 4096;
	out->f_bavail = disk_free != 0 ? disk_free / 4096 : 1U << 30;
	return 0;
}

ssize_t
write(int fd, const void *data, size_t len)
{
	struct stat st;

	if (writes_left >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_nlink == 0 && writes_left-- == 0) {
		writes_left = 0;
		errno = ENOSPC;
		return -1;
	}
	return syscall(SYS_write, fd, data, len);
}

/* --- jobs with results ------------------------------------------------ */

static struct {
	char job[JOBID_SIZE];
	char delivery[DELIVERY_ID_SIZE];
	size_t size;
	bool untold; /* HEAD does not say it */
} jobs[JOBS_MAX];
static size_t njobs;

static void
answer(const char *method, const char *url, const struct headers *h,
    struct peer_answer *out, void *arg)
{
	size_t i;

	(void)arg;
	out->status = str_eq(method, "POST") ? 202 : 200;
	if (str_eq(method, "POST")) {
		snprintf(out->headers, sizeof(out->headers),
		    "x-amzn-sagemaker-outputlocation: s3://out/res/%s/%s",
		    headers_get(h, "x-amzn-sagemaker-s3outputpathextension"),
		    headers_get(h, "x-amzn-sagemaker-filename"));
		return;
	}
	for (i = 0; strstr(url, jobs[i].job) == NULL; i++)
		assert_true(i + 1 < njobs);
	snprintf(out->headers, sizeof(out->headers), "ETag: \"e1\"\n");
	if (str_eq(method, "GET")) {
		out->long_body = xmalloc(jobs[i].size + 1);
		memset(out->long_body, 'x', jobs[i].size);
		out->long_body[jobs[i].size] = '\0';
	} else if (!jobs[i].untold) {
		snprintf(out->headers, sizeof(out->headers),
		    "ETag: \"e1\"\nContent-Length: %zu", jobs[i].size);
	}
}

static void
submit(size_t size, bool untold)
{
	struct job *job = probed_job();

	assert_true(njobs < JOBS_MAX);
	snprintf(jobs[njobs].job, JOBID_SIZE, "%s", job->id);
	jobs[njobs].size = size;
	jobs[njobs].untold = untold;
	njobs++;
	go(job);
	must_be(JOB_DONE, OUTCOME_OK);
	snprintf(
	    jobs[njobs - 1].delivery, DELIVERY_ID_SIZE, "%s", flow.delivery);
}

static void
begin(int64_t spool_max)
{
	njobs = 0;
	disk_free = 0;
	writes_left = -1;
	with_probe();
	peer_serve(answer, NULL);
	spool_set_max(flow.spool, spool_max);
}

/* The nth delivery stands there. */
static void
nth_must_be(size_t n, enum delivery_state state, unsigned attempts)
{
	struct delivery *d = fake_store_delivery(flow.store, jobs[n].delivery);

	assert_non_null(d);
	assert_int_equal(d->state, state);
	assert_int_equal(d->attempts, attempts);
	delivery_free(d);
}

static void
must_be_reserved(int64_t bytes, size_t waiting)
{
	struct spool_counts now;

	spool_count(flow.spool, &now);
	assert_int_equal(now.bytes, bytes);
	assert_int_equal(now.waiting, waiting);
}

/* --- the quota -------------------------------------------------------- */

static void
large_results_wait_for_room_in_order_and_burn_no_attempt(void **state)
{
	size_t i;

	(void)state;
	begin(100000);
	probe.holds = true;
	for (i = 0; i < 4; i++)
		submit(KB70, false);
	time_passes(INT64_C(3) * 3600 * 1000);
	nth_must_be(0, DELIVERY_WAITING, 1);
	for (i = 1; i < 4; i++)
		nth_must_be(i, DELIVERY_WAITING, 0);
	must_be_reserved(KB70, 3);
	for (i = 0; i < 4; i++) {
		assert_int_equal(probe.begun, i + 1);
		assert_string_equal(probe.id, jobs[i].delivery);
		probe_lets_go();
		time_passes(1000);
		nth_must_be(i, DELIVERY_DELIVERED, 1);
	}
	must_be_reserved(0, 0);
}

static void
a_small_result_passes_large_ones_that_wait(void **state)
{
	(void)state;
	begin(100000);
	probe.holds = true;
	submit(KB70, false);
	submit(KB70, false);
	submit(1000, false);
	assert_int_equal(probe.begun, 2);
	assert_string_equal(probe.id, jobs[2].delivery);
	assert_int_equal(probe.read, -1);
	nth_must_be(1, DELIVERY_WAITING, 0);
	probe.holds = false;
	probe_lets_go();
	time_passes(1000);
	nth_must_be(1, DELIVERY_DELIVERED, 1);
}

/* Whoever wants less does not go first: else much would never get there. */
static void
a_larger_result_is_not_passed_for_ever(void **state)
{
	(void)state;
	begin(200000);
	probe.holds = true;
	submit(KB70, false);
	submit(180000, false);
	submit(KB70, false);
	assert_int_equal(probe.begun, 1);
	must_be_reserved(KB70, 2);
	probe_lets_go();
	time_passes(1000);
	assert_string_equal(probe.id, jobs[1].delivery);
	nth_must_be(2, DELIVERY_WAITING, 0);
	probe_lets_go();
	time_passes(1000);
	assert_string_equal(probe.id, jobs[2].delivery);
	probe_lets_go();
	time_passes(1000);
}

static void
what_fails_gives_its_room_back(void **state)
{
	(void)state;
	begin(100000);
	probe.fails = true;
	submit(KB70, false);
	nth_must_be(0, DELIVERY_WAITING, 1);
	must_be_reserved(0, 0);
	probe.fails = false;
	probe.refuses = true;
	time_passes(5000);
	nth_must_be(0, DELIVERY_WAITING, 2);
	must_be_reserved(0, 0);
	submit(KB70, false);
	nth_must_be(1, DELIVERY_WAITING, 1);
	probe.refuses = false;
	time_passes(60000);
	nth_must_be(0, DELIVERY_DELIVERED, 3);
	nth_must_be(1, DELIVERY_DELIVERED, 2);
}

static void
replay(size_t n)
{
	struct delivery *d = fake_store_delivery(flow.store, jobs[n].delivery);

	flow.replays += d->state != DELIVERY_WAITING;
	engine_replay(flow.engine, d);
}

static void
what_could_never_be_there_is_dead_until_the_quota_is_raised(void **state)
{
	struct delivery *d;

	(void)state;
	begin(60000);
	submit(KB70, false);
	nth_must_be(0, DELIVERY_DEAD, 1);
	d = delivery_on_disk();
	assert_non_null(strstr(d->note, "spool_max"));
	assert_non_null(strstr(d->note, "70000"));
	delivery_free(d);
	assert_int_equal(probe.begun, 0);
	assert_int_equal(peer_sunk(), 0);
	spool_set_max(flow.spool, 100000);
	replay(0);
	time_passes(1000);
	nth_must_be(0, DELIVERY_DELIVERED, 2);
}

static void
a_new_quota_counts_for_those_who_wait(void **state)
{
	(void)state;
	begin(100000);
	probe.holds = true;
	submit(KB70, false);
	submit(KB70, false);
	submit(80000, false);
	spool_set_max(flow.spool, 140000);
	time_passes(1000);
	assert_int_equal(probe.begun, 2);
	nth_must_be(2, DELIVERY_WAITING, 0);
	/* And what fits no more at all is not kept waiting for it. */
	spool_set_max(flow.spool, 75000);
	time_passes(1000);
	nth_must_be(2, DELIVERY_DEAD, 1);
	probe_lets_go();
	time_passes(1000);
	nth_must_be(1, DELIVERY_DELIVERED, 1);
	must_be_reserved(0, 0);
}

static void
a_size_that_was_not_known_is_reserved_once_it_is(void **state)
{
	struct delivery *d;

	(void)state;
	begin(100000);
	probe.holds = true;
	submit(KB70, false);
	submit(KB70, true);
	time_passes(60000);
	/* Its size was learned by an attempt that counts for nothing. */
	nth_must_be(1, DELIVERY_WAITING, 1);
	must_be_reserved(KB70, 1);
	assert_int_equal(probe.begun, 1);
	d = delivery_on_disk();
	assert_int_equal(d->failures, 0);
	delivery_free(d);
	probe_lets_go();
	time_passes(1000);
	assert_int_equal(probe.begun, 2);
	assert_int_equal(probe.read, KB70);
	must_be_reserved(KB70, 0);
	probe_lets_go();
	time_passes(1000);
	nth_must_be(1, DELIVERY_DELIVERED, 2);
	submit(150000, true);
	nth_must_be(2, DELIVERY_DEAD, 1);
	must_be_reserved(0, 0);
}

static void
what_waits_for_room_can_be_given_up(void **state)
{
	(void)state;
	begin(100000);
	probe.holds = true;
	submit(KB70, false);
	submit(KB70, false);
	flow.replays++; /* a move that no attempt explains */
	engine_give_up_delivery(flow.engine, delivery_on_disk());
	probe_lets_go();
	time_passes(60000);
	nth_must_be(0, DELIVERY_DELIVERED, 1);
	nth_must_be(1, DELIVERY_DEAD, 0);
	assert_int_equal(probe.begun, 1);
	must_be_reserved(0, 0);
}

static void
what_waited_for_room_goes_on_behind_a_restart(void **state)
{
	(void)state;
	begin(100000);
	probe.holds = true;
	submit(KB70, false);
	submit(KB70, false);
	nth_must_be(1, DELIVERY_WAITING, 0);
	probe.holds = false;
	restart();
	time_passes(60000);
	nth_must_be(0, DELIVERY_DELIVERED, 2);
	nth_must_be(1, DELIVERY_DELIVERED, 1);
	must_be_reserved(0, 0);
}

/* --- the disk --------------------------------------------------------- */

static void
a_full_disk_is_waited_for(void **state)
{
	(void)state;
	begin(1000000);
	disk_free = 8 * 1024 * 1024;
	submit(KB70, false);
	time_passes(INT64_C(24) * 3600 * 1000);
	nth_must_be(0, DELIVERY_WAITING, 0);
	assert_int_equal(log_lines("no room on the disk of", flow.dir), 1);
	/* Whatever is in memory goes out. */
	submit(1000, false);
	nth_must_be(1, DELIVERY_DELIVERED, 1);
	disk_free = 9 * 1024 * 1024;
	time_passes(320000);
	nth_must_be(0, DELIVERY_DELIVERED, 1);
	assert_int_equal(log_lines("there is room on the disk", NULL), 1);
}

/* What others have reserved and not written yet is not there any more. */
static void
room_on_disk_is_given_once(void **state)
{
	(void)state;
	begin(1000000000);
	disk_free = 8 * 1024 * 1024 + 100000;
	probe.holds = true;
	peer_reply(peer_delay(peer_always("GET", "*"), 60000), 200,
	    "ETag: \"e1\"", "");
	submit(KB70, false);
	submit(KB70, false);
	nth_must_be(0, DELIVERY_WAITING, 1);
	nth_must_be(1, DELIVERY_WAITING, 0);
	must_be_reserved(KB70, 1);
}

static void
a_disk_that_fills_up_meanwhile_costs_no_step_of_a_schedule(void **state)
{
	struct delivery *d;

	(void)state;
	begin(1000000);
	writes_left = 20;
	submit(KB70, false);
	time_passes(60000);
	d = delivery_on_disk();
	assert_int_equal(d->state, DELIVERY_WAITING);
	assert_int_equal(d->failures, 0);
	assert_in_range(d->attempts, 1, 8);
	assert_non_null(strstr(d->note, "no room"));
	delivery_free(d);
	assert_int_equal(log_lines("no room on the disk of", NULL), 1);
	must_be_reserved(0, 1);
	writes_left = -1;
	time_passes(60000);
	d = delivery_on_disk();
	assert_int_equal(d->state, DELIVERY_DELIVERED);
	delivery_free(d);
	assert_int_equal(probe.begun, 1);
	assert_int_equal(probe.read, KB70);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(large_results_wait_for_room_in_order_and_burn_no_attempt),
	    FLOW_TEST(a_small_result_passes_large_ones_that_wait),
	    FLOW_TEST(a_larger_result_is_not_passed_for_ever),
	    FLOW_TEST(what_fails_gives_its_room_back),
	    FLOW_TEST(
		what_could_never_be_there_is_dead_until_the_quota_is_raised),
	    FLOW_TEST(a_new_quota_counts_for_those_who_wait),
	    FLOW_TEST(a_size_that_was_not_known_is_reserved_once_it_is),
	    FLOW_TEST(what_waits_for_room_can_be_given_up),
	    FLOW_TEST(what_waited_for_room_goes_on_behind_a_restart),
	    FLOW_TEST(a_full_disk_is_waited_for),
	    FLOW_TEST(room_on_disk_is_given_once),
	    FLOW_TEST(
		a_disk_that_fills_up_meanwhile_costs_no_step_of_a_schedule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
