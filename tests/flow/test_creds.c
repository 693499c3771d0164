/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs whose credentials end, are refused, or are not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "engine/fetch.h"
#include "tests/support/fake_creds.h"
#include "tests/support/flow.h"

#define MINUTE ((int64_t)60 * 1000)
#define HOUR (60 * MINUTE)
#define EXPIRED "<Error><Code>ExpiredToken</Code></Error>"

static int
setup(void **state)
{
	fake_creds_reset();
	return flow_setup(state);
}

static int
teardown(void **state)
{
	int rc = flow_teardown(state);
	const char *verdict = fake_creds_verdict();

	if (verdict != NULL)
		fail_msg("%s", verdict);
	return rc;
}

#define CREDS_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* The world begins anew, with that source. */
static void
come_from(enum creds_kind kind, const char *name)
{
	flow_stop();
	fake_creds_plan(kind, name);
	flow_take_up();
}

static void
accept(struct job *job)
{
	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

/* --- what ends in the middle ---------------------------------------- */

static unsigned signed_late;

/* Each request must be signed with what is valid as it leaves. */
static bool
is_valid(const char *method, const char *url, const struct headers *headers,
    void *arg)
{
	const char *auth = headers_get(headers, "Authorization");
	const char *key = auth != NULL ? strstr(auth, "Credential=") : NULL;
	char name[32];

	(void)method;
	(void)url;
	(void)arg;
	if (key == NULL) {
		signed_late++;
		return true;
	}
	key += strlen("Credential=");
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(key, "/"), key);
	signed_late += !fake_creds_valid(name);
	return true;
}

/* Keys of 20 minutes, from a source that takes its time and often fails. */
static void
nothing_is_ever_signed_with_what_is_over(void **state)
{
	char ids[20][JOBID_SIZE], key[16];
	struct job *job;
	size_t looks;
	int i;

	(void)state;
	come_from(CREDS_CONTAINER, "container");
	flow.before = is_valid;
	signed_late = 0;
	for (i = 0; i < 300; i++) {
		snprintf(key, sizeof(key), "K%d", i);
		if (i % 3 == 1)
			fake_creds_fail(ERR_TIMEOUT, true, "no answer", 30000);
		else if (i % 7 == 2)
			fake_creds_bring(key, -1000, 5000);
		else
			fake_creds_bring(key, 20 * MINUTE, (i % 5) * 100000);
	}
	reply_missing(peer_always("HEAD", "*"));
	for (i = 0; i < 20; i++) {
		job = flow_job();
		memcpy(ids[i], job->id, JOBID_SIZE);
		peer_reply(peer_always("POST", "*"), 202,
		    "x-amzn-sagemaker-outputlocation: s3://out/res/x.out", "");
		flow_submit(job);
	}
	time_passes(40 * MINUTE);
	looks = peer_count("HEAD", "*");
	assert_in_range(looks, 1000, 1000000);
	reply_found(peer_always("HEAD", "http://s3.test/out/res/x.out"));
	time_passes(20 * MINUTE);
	for (i = 0; i < 20; i++)
		assert_string_equal(
		    job_outcome_name(on_disk_of(ids[i])->outcome), "ok");
	assert_int_equal(signed_late, 0);
	fake_creds_enough();
}

static void
a_refused_refresh_is_no_job_s_affair_while_the_old_is_valid(void **state)
{
	int i;

	(void)state;
	come_from(CREDS_ROLE, "role");
	fake_creds_bring("A", 10 * MINUTE, 0);
	for (i = 0; i < 200; i++)
		fake_creds_fail(ERR_AUTH, false, "AccessDenied: no", 100);
	accept(flow_job());
	reply_missing(peer_always("HEAD", "*"));
	time_passes(9 * MINUTE);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_in_range(fake_creds_fetches(), 5, 100);
	assert_int_equal(log_lines(" warn ", "AccessDenied: no"), 1);
	assert_int_equal(log_lines(" warn ", NULL), 1);
	reply_found(peer_always("HEAD", out_url(1)));
	time_passes(MINUTE / 2);
	must_be(JOB_DONE, OUTCOME_OK);
	fake_creds_enough();
}

static void
while_a_refresh_hangs_calls_go_on_and_then_jobs_wait(void **state)
{
	size_t looks;

	(void)state;
	come_from(CREDS_CONTAINER, "container");
	fake_creds_bring("A", 10 * MINUTE, 0);
	fake_creds_bring("B", HOUR, 30 * MINUTE);
	accept(flow_job());
	reply_missing(peer_always("HEAD", "*"));
	time_passes(10 * MINUTE - 1);
	looks = peer_count("HEAD", "*");
	assert_in_range(looks, 20, 1000);
	assert_int_equal(fake_creds_under_way(), 1);
	time_passes(20 * MINUTE);
	assert_int_equal(peer_count("HEAD", "*"), looks);
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_found(peer_always("HEAD", out_url(1)));
	time_passes(20 * MINUTE);
	must_be(JOB_DONE, OUTCOME_OK);
}

/* --- none at all ---------------------------------------------------- */

static void
without_credentials_no_intent_is_written_and_it_is_said_once(void **state)
{
	struct job *job = NULL;
	int i;

	(void)state;
	come_from(CREDS_SSO, "SSO");
	for (i = 0; i < 200; i++)
		fake_creds_fail(ERR_AUTH, false, "the session is over", 10);
	for (i = 0; i < 50; i++) {
		job = flow_job();
		flow_submit(job);
	}
	time_passes(HOUR);
	assert_int_equal(peer_count("*", "*"), 0);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	assert_int_equal(on_disk()->nsubs, 0);
	assert_int_equal(log_lines(" warn ", NULL), 1);
	assert_int_equal(log_lines("the session is over", " warn "), 1);
	assert_int_equal(log_lines("Do something about it", " warn "), 1);
	/* Somebody logs in. */
	fake_creds_enough();
	fake_creds_bring("A", 10 * HOUR, 10);
	peer_reply(peer_always("POST", "*"), 202,
	    "x-amzn-sagemaker-outputlocation: s3://out/res/x.out", "");
	reply_missing(peer_always("HEAD", "*"));
	time_passes(2 * MINUTE);
	assert_int_equal(peer_count("POST", "*"), 50);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(on_disk()->nsubs, 1);
	assert_int_equal(log_lines(" info ", "are there"), 1);
}

static void
a_stop_in_that_wait_leaves_no_doubt(void **state)
{
	(void)state;
	come_from(CREDS_IMDS, "IMDS");
	fake_creds_bring("A", HOUR, -1);
	flow_submit(flow_job());
	time_passes(1000);
	assert_int_equal(engine_busy(flow.engine), 0);
	flow_stop();
	fake_creds_bring("B", HOUR, 0);
	reply_accepted(expect_invoke(1), 1);
	flow_take_up();
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(on_disk()->nsubs, 1);
}

static void
a_job_can_be_given_up_in_that_wait(void **state)
{
	(void)state;
	come_from(CREDS_IMDS, "IMDS");
	fake_creds_bring("A", HOUR, 5000);
	flow_submit(flow_job());
	time_passes(1000);
	assert_int_equal(engine_cancel(flow.engine, flow.id), 0);
	time_passes(10000);
	must_be(JOB_DONE, OUTCOME_CANCELLED);
	assert_int_equal(peer_count("*", "*"), 0);
}

/* The deadline is for results that nobody saw, not for looks nobody made. */
static void
without_credentials_no_deadline_ends_a_job(void **state)
{
	int i;

	(void)state;
	come_from(CREDS_SSO, "SSO");
	fake_creds_bring("A", HOUR, 0);
	for (i = 0; i < 390; i++)
		fake_creds_fail(ERR_AUTH, false, "log in", 60000);
	accept(flow_job());
	reply_missing(peer_always("HEAD", "*"));
	time_passes(12 * HOUR);
	must_be(JOB_PENDING, OUTCOME_NONE);
	fake_creds_enough();
	fake_creds_bring("B", HOUR, 0);
	reply_found(peer_always("HEAD", out_url(1)));
	time_passes(3 * MINUTE);
	must_be(JOB_DONE, OUTCOME_OK);
}

static struct job *
file_job(void)
{
	struct job *job = flow_job();
	int fd;

	job->spec.input = INPUT_FILE;
	free(job->spec.body);
	job->spec.body = NULL;
	job->spec.body_len = 0;
	job->spec.input_path = xasprintf("%s/%s.input", flow.dir, job->id);
	fd = open(job->spec.input_path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "bytes", 5), 5);
	close(fd);
	job->spec.input_location = xstrdup("s3://inp/jobs/x");
	return job;
}

/* The service itself says it, and the source has nothing better. */
static void
an_upload_with_expired_keys_waits_for_others(void **state)
{
	struct peer_step *s;

	(void)state;
	come_from(CREDS_CONTAINER, "container");
	fake_creds_bring("A", HOUR, 0);
	fake_creds_bring("A", HOUR, 0);
	fake_creds_bring("B", HOUR, 0);
	peer_reply(peer_always("PUT", "*"), 400, "", EXPIRED);
	flow_submit(file_job());
	time_passes(25000);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	assert_int_equal(fake_creds_fetches(), 2);
	s = peer_expect("PUT", "*");
	peer_header(s, "Authorization", "*=A/*");
	peer_reply(s, 400, "", EXPIRED);
	s = peer_expect("PUT", "*");
	peer_header(s, "Authorization", "*=B/*");
	peer_reply(s, 200, "", "");
	reply_accepted(expect_invoke(1), 1);
	reply_missing(peer_always("HEAD", "*"));
	time_passes(60000);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

/* In the middle of its tries. */
static void
an_upload_whose_keys_end_waits_for_others(void **state)
{
	struct peer_step *s;

	(void)state;
	come_from(CREDS_CONTAINER, "container");
	fake_creds_bring("A", 10000, 0);
	fake_creds_fail(ERR_TIMEOUT, true, "no answer", 30000);
	fake_creds_bring("B", HOUR, 100);
	s = peer_always("PUT", "*");
	peer_header(s, "Authorization", "*=A/*");
	peer_delay(peer_reply(s, 503, "", ""), 9900);
	flow_submit(file_job());
	time_passes(39000);
	assert_int_equal(peer_count("PUT", "*"), 2);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	s = peer_expect("PUT", "*");
	peer_header(s, "Authorization", "*=B/*");
	peer_reply(s, 200, "", "");
	reply_accepted(expect_invoke(1), 1);
	reply_missing(peer_always("HEAD", "*"));
	time_passes(10000);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(log_lines(" warn ", "this is too fast"), 1);
	assert_int_equal(log_lines(" warn ", NULL), 2);
}

/* --- the service says that they expired ----------------------------- */

static void
a_submission_with_expired_keys_goes_once_more_under_its_names(void **state)
{
	struct peer_step *s;
	struct job *job;

	(void)state;
	come_from(CREDS_CONTAINER, "container");
	fake_creds_bring("A", HOUR, 0);
	fake_creds_bring("B", HOUR, 2000);
	job = flow_job();
	s = expect_invoke(1);
	peer_header(s, "Authorization", "*=A/*");
	reply_error(s, 403, "ExpiredTokenException", "it is expired");
	s = expect_invoke(1);
	peer_header(s, "Authorization", "*=B/*");
	reply_accepted(s, 1);
	flow_submit(job);
	time_passes(2000);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(on_disk()->nsubs, 1);
	assert_int_equal(log_lines(" warn ", NULL), 0);
}

/* A HEAD has no words: the GET that explains it has, and renews them. */
static void
a_look_with_expired_keys_renews_them(void **state)
{
	struct peer_step *s;

	(void)state;
	come_from(CREDS_CONTAINER, "container");
	fake_creds_bring("A", HOUR, 0);
	fake_creds_bring("B", HOUR, 0);
	accept(flow_job());
	s = expect_head(out_url(1));
	peer_header(s, "Authorization", "*=A/*");
	peer_reply(s, 403, "", "");
	s = peer_expect("GET", out_url(1));
	peer_header(s, "Authorization", "*=A/*");
	peer_reply(s, 400, "", EXPIRED);
	s = peer_expect("GET", out_url(1));
	peer_header(s, "Authorization", "*=B/*");
	peer_reply(s, 404, "", "<Error><Code>NoSuchKey</Code></Error>");
	s = expect_head(FAILURE_URL);
	peer_header(s, "Authorization", "*=B/*");
	reply_missing(s);
	reply_missing(peer_always("HEAD", "*"));
	time_passes(MINUTE);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(peer_count("GET", "*"), 2);
	assert_int_equal(log_lines(" warn ", NULL), 0);
}

/* --- results -------------------------------------------------------- */

static int fetched;

static void
on_fetched(const struct error *err, void *arg)
{
	(void)arg;
	fetched = err == NULL ? 1 : -1;
}

static struct fetch *
begin_fetch(int fd, bool patient)
{
	struct fetch_options o = {
	    .loop = flow.loop,
	    .site = flow_site(),
	    .uri = "s3://out/r",
	    .etag = "\"e\"",
	    .size = 10,
	    .patient = patient,
	    .fd = fd,
	};
	struct fetch *f;
	struct error err;

	fetched = 0;
	assert_int_equal(fetch_start(&o, on_fetched, NULL, &f, &err), 0);
	return f;
}

static void
a_patient_transfer_waits_for_credentials_and_others_end(void **state)
{
	int i, fd = open("/dev/null", O_WRONLY);

	(void)state;
	come_from(CREDS_SSO, "SSO");
	for (i = 0; i < 390; i++)
		fake_creds_fail(ERR_AUTH, false, "log in", 0);
	begin_fetch(fd, false);
	time_passes(MINUTE);
	assert_int_equal(fetched, -1);
	begin_fetch(fd, true);
	time_passes(2 * HOUR);
	assert_int_equal(fetched, 0);
	fake_creds_enough();
	fake_creds_bring("A", HOUR, 0);
	peer_reply(peer_expect("GET", "http://s3.test/out/r"), 200,
	    "ETag: \"e\"", "0123456789");
	time_passes(2 * MINUTE);
	assert_int_equal(fetched, 1);
	peer_expect("GET", "http://s3.test/out/r");
	fetch_cancel(begin_fetch(fd, true));
	close(fd);
}

/* --- a clock that is wrong ------------------------------------------ */

static void
a_wrong_clock_costs_one_answer_and_one_line(void **state)
{
	char date[TIMEFMT_HTTP_SIZE], headers[200];
	struct job *job = flow_job();

	(void)state;
	timefmt_http(clock_wall_ms() + HOUR, date);
	snprintf(headers, sizeof(headers),
	    "Date: %s\nx-amzn-ErrorType: InvalidSignatureException", date);
	peer_reply(expect_invoke(1), 403, headers,
	    "{\"message\":\"Signature expired: x is now earlier than y\"}");
	accept(job);
	assert_int_equal(on_disk()->nsubs, 1);
	snprintf(headers, sizeof(headers), "Date: %s", date);
	peer_reply(expect_head(out_url(1)), 403, headers, "");
	reply_found(expect_head(out_url(1)));
	time_passes(1000);
	must_be(JOB_DONE, OUTCOME_OK);
	/* For each of the two hosts. */
	assert_int_equal(log_lines(" warn ", "the clock of"), 2);
	assert_int_equal(log_lines(" warn ", NULL), 2);
}

/* --- a storm -------------------------------------------------------- */

static size_t resent;

static bool
note_resent(const char *method, const char *url, const struct headers *headers,
    void *arg)
{
	const char *sdk = headers_get(headers, "amz-sdk-request");

	(void)method;
	(void)url;
	(void)arg;
	resent += sdk != NULL && !str_starts(sdk, "attempt=1;");
	return true;
}

static void
a_storm_of_throttling_is_bounded_by_the_quota(void **state)
{
	int i;

	(void)state;
	resent = 0;
	flow.before = note_resent;
	peer_reply(peer_always("POST", "*"), 202,
	    "x-amzn-sagemaker-outputlocation: s3://out/res/x.out\n"
	    "x-amzn-sagemaker-failurelocation:",
	    "");
	peer_reply(peer_always("HEAD", "*"), 503, "",
	    "<Error><Code>SlowDown</Code></Error>");
	for (i = 0; i < 200; i++)
		flow_submit(flow_job());
	time_passes(MINUTE);
	assert_in_range(peer_count("HEAD", "*"), 1000, 10000);
	/* 500 / 14: the 503 of a HEAD has no words. */
	assert_int_equal(resent, 35);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CREDS_TEST(nothing_is_ever_signed_with_what_is_over),
	    CREDS_TEST(
		a_refused_refresh_is_no_job_s_affair_while_the_old_is_valid),
	    CREDS_TEST(while_a_refresh_hangs_calls_go_on_and_then_jobs_wait),
	    CREDS_TEST(
		without_credentials_no_intent_is_written_and_it_is_said_once),
	    CREDS_TEST(a_stop_in_that_wait_leaves_no_doubt),
	    CREDS_TEST(a_job_can_be_given_up_in_that_wait),
	    CREDS_TEST(without_credentials_no_deadline_ends_a_job),
	    CREDS_TEST(an_upload_with_expired_keys_waits_for_others),
	    CREDS_TEST(an_upload_whose_keys_end_waits_for_others),
	    CREDS_TEST(
		a_submission_with_expired_keys_goes_once_more_under_its_names),
	    CREDS_TEST(a_look_with_expired_keys_renews_them),
	    CREDS_TEST(a_patient_transfer_waits_for_credentials_and_others_end),
	    CREDS_TEST(a_wrong_clock_costs_one_answer_and_one_line),
	    CREDS_TEST(a_storm_of_throttling_is_bounded_by_the_quota),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
