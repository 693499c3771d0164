/* SPDX-License-Identifier: Apache-2.0 */
/* Each event counts where it should, and the text is what Prometheus reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/metrics.h"

static struct metrics *m;
static struct metrics_now now;
static struct buf text;

static int
setup(void **state)
{
	(void)state;
	m = metrics_new();
	memset(&now, 0, sizeof(now));
	buf_init(&text, 1 << 20);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	metrics_free(m);
	buf_done(&text);
	return 0;
}

/* The value that stands behind this name with its labels. */
static const char *
value_of(const char *name)
{
	static char value[64];
	char *mark = xasprintf("\n%s ", name);
	const char *at;

	buf_clear(&text);
	buf_putc(&text, '\n');
	metrics_write(m, &now, &text);
	at = strstr(text.data, mark);
	if (at == NULL)
		fail_msg("there is no %s", name);
	snprintf(value, sizeof(value), "%.*s",
	    (int)strcspn(at + strlen(mark), "\n"), at + strlen(mark));
	free(mark);
	return value;
}

static void
expect(const char *name, const char *value)
{
	if (!str_eq(value_of(name), value))
		fail_msg("%s is %s, not %s", name, value_of(name), value);
}

static void
jobs_are_counted_to_their_end(void **state)
{
	struct job *job = job_new();

	(void)state;
	metrics_event(m, ENGINE_STORED, job);
	metrics_event(m, ENGINE_LOOKED, job);
	metrics_event(m, ENGINE_LOOKED, job);
	metrics_event(m, ENGINE_TROUBLE, job);
	metrics_event(m, ENGINE_NOT_STORED, job);
	metrics_event(m, ENGINE_BROKEN, job);
	metrics_event(m, ENGINE_LATE, job);
	job_move(job, JOB_PENDING, OUTCOME_NONE);
	metrics_event(m, ENGINE_MOVED, job);
	expect("awaitd_jobs_done_total{outcome=\"ok\"}", "0");
	job_move(job, JOB_DONE, OUTCOME_OK);
	job->created_at = 1000;
	job->completed_at = 3250;
	metrics_event(m, ENGINE_MOVED, job);
	expect("awaitd_jobs_submitted_total", "1");
	expect("awaitd_jobs_done_total{outcome=\"ok\"}", "1");
	expect("awaitd_jobs_done_total{outcome=\"failed\"}", "0");
	expect("awaitd_late_results_total", "1");
	expect("awaitd_polls_total", "2");
	expect("awaitd_troubles_total", "1");
	expect("awaitd_job_duration_seconds_bucket{le=\"1\"}", "0");
	expect("awaitd_job_duration_seconds_bucket{le=\"2.5\"}", "1");
	expect("awaitd_job_duration_seconds_bucket{le=\"21600\"}", "1");
	expect("awaitd_job_duration_seconds_bucket{le=\"+Inf\"}", "1");
	expect("awaitd_job_duration_seconds_sum", "2.25");
	expect("awaitd_job_duration_seconds_count", "1");
	job_free(job);
}

static void
a_clock_set_back_makes_no_negative_time(void **state)
{
	struct job *job = job_new();

	(void)state;
	job_move(job, JOB_DONE, OUTCOME_EXPIRED);
	job->completed_at = job->created_at - 5000;
	metrics_event(m, ENGINE_MOVED, job);
	expect("awaitd_jobs_done_total{outcome=\"expired\"}", "1");
	expect("awaitd_job_duration_seconds_sum", "0");
	expect("awaitd_job_duration_seconds_bucket{le=\"0.1\"}", "1");
	job_free(job);
}

static void
what_is_found_is_counted_by_its_cause(void **state)
{
	struct engine_found found = {
	    .cause = LOOK_PLANNED,
	    .looks = 12,
	    .delay_ms = 2000,
	};

	(void)state;
	metrics_found(m, &found);
	found.cause = LOOK_RUNG;
	found.looks = 1;
	found.delay_ms = 0;
	metrics_found(m, &found);
	/* Of which nobody knows how old it was. */
	found.delay_ms = -1;
	metrics_found(m, &found);
	expect("awaitd_results_found_total{cause=\"planned\"}", "1");
	expect("awaitd_results_found_total{cause=\"rung\"}", "2");
	expect("awaitd_results_found_total{cause=\"listed\"}", "0");
	expect("awaitd_detection_delay_seconds_bucket{le=\"0\"}", "1");
	expect("awaitd_detection_delay_seconds_bucket{le=\"2\"}", "2");
	expect("awaitd_detection_delay_seconds_sum", "2");
	expect("awaitd_job_looks_bucket{le=\"10\"}", "2");
	expect("awaitd_job_looks_bucket{le=\"15\"}", "3");
	expect("awaitd_job_looks_sum", "14");
}

static void
what_is_under_way_is_asked_of_engine_and_store(void **state)
{
	char age[32];
	double seconds;

	(void)state;
	expect("awaitd_oldest_job_age_seconds", "0");
	now.engine.queued = 3;
	now.engine.pending = 4;
	now.engine.in_doubt = 1;
	now.engine.waiting = 5;
	now.engine.attempts = 2;
	now.engine.quarantined = 7;
	now.store.commits = 11;
	now.store.writes = 12;
	now.store.damaged = 13;
	expect("awaitd_store_stalled", "0");
	now.store.stalled = true;
	now.spool = (struct spool_counts){
	    .bytes = 14, .max = INT64_C(5000000000), .waiting = 15};
	now.engine.oldest_at = clock_wall_ms() - 90500;
	expect("awaitd_jobs{state=\"queued\"}", "3");
	expect("awaitd_jobs{state=\"pending\"}", "4");
	expect("awaitd_jobs_in_doubt", "1");
	expect("awaitd_deliveries_waiting", "5");
	expect("awaitd_delivery_attempts_in_flight", "2");
	expect("awaitd_deliveries_quarantined", "7");
	expect("awaitd_spool_bytes", "14");
	expect("awaitd_spool_max", "5000000000");
	expect("awaitd_spool_waiting", "15");
	expect("awaitd_store_commits_total", "11");
	expect("awaitd_store_writes_total", "12");
	expect("awaitd_store_damaged_rows", "13");
	expect("awaitd_store_stalled", "1");
	snprintf(
	    age, sizeof(age), "%s", value_of("awaitd_oldest_job_age_seconds"));
	seconds = strtod(age, NULL);
	assert_true(seconds >= 90.5 && seconds < 100);
}

static void
deliveries_are_counted_by_their_attempts(void **state)
{
	struct delivery *d = delivery_new(
	    "01arz3ndektsv4rrffq69g5fav", "exec a", "inference.completed", 1);
	struct attempt a = {.n = 1, .started_at = 1000, .ended_at = 1040};

	(void)state;
	metrics_delivery(m, d, NULL);
	a.outcome = ATTEMPT_FAILED;
	metrics_delivery(m, d, &a);
	a.outcome = ATTEMPT_INTERRUPTED;
	a.ended_at = 0;
	metrics_delivery(m, d, &a);
	expect("awaitd_deliveries_ended_total{state=\"delivered\"}", "0");
	delivery_move(d, DELIVERY_DELIVERED, 2000);
	a.outcome = ATTEMPT_OK;
	a.ended_at = 1007;
	metrics_delivery(m, d, &a);
	expect("awaitd_deliveries_created_total", "1");
	expect("awaitd_delivery_attempts_total{outcome=\"ok\"}", "1");
	expect("awaitd_delivery_attempts_total{outcome=\"failed\"}", "1");
	expect("awaitd_delivery_attempts_total{outcome=\"interrupted\"}", "1");
	expect("awaitd_deliveries_ended_total{state=\"delivered\"}", "1");
	expect("awaitd_deliveries_ended_total{state=\"dead\"}", "0");
	expect("awaitd_delivery_attempt_duration_seconds_count", "2");
	expect("awaitd_delivery_attempt_duration_seconds_sum", "0.047");
	expect("awaitd_delivery_attempt_duration_seconds_bucket{le=\"0.01\"}",
	    "1");
	delivery_free(d);
}

static void
the_service_counts_itself(void **state)
{
	(void)state;
	metrics_request(m, 200);
	metrics_request(m, 404);
	metrics_request(m, 404);
	metrics_request(m, 299);
	metrics_pruned(m, false, 7);
	metrics_pruned(m, true, 3);
	metrics_reload(m, true);
	metrics_reload(m, false);
	metrics_reload(m, false);
	metrics_notification(m, DOORBELL_SNS, DOORBELL_COPY);
	metrics_notification(m, DOORBELL_SNS, DOORBELL_COPY);
	metrics_notification(m, DOORBELL_SQS, DOORBELL_FAILED);
	expect("awaitd_api_requests_total{code=\"200\"}", "1");
	expect("awaitd_api_requests_total{code=\"404\"}", "2");
	expect("awaitd_api_requests_total{code=\"410\"}", "0");
	expect("awaitd_api_requests_total{code=\"507\"}", "0");
	expect("awaitd_api_requests_total{code=\"other\"}", "1");
	expect("awaitd_jobs_pruned_total", "7");
	expect("awaitd_idempotency_keys_pruned_total", "3");
	expect("awaitd_config_reloads_total{result=\"ok\"}", "1");
	expect("awaitd_config_reloads_total{result=\"failed\"}", "2");
	expect("awaitd_config_last_reload_ok", "0");
	expect(
	    "awaitd_notifications_total{source=\"sns\",result=\"copy\"}", "2");
	expect("awaitd_notifications_total{source=\"sqs\","
	       "result=\"failed\"}",
	    "1");
	expect("awaitd_notifications_total{source=\"sqs\","
	       "result=\"copy\"}",
	    "0");
	expect("awaitd_build_info{version=\"" PACKAGE_VERSION "\"}", "1");
	assert_true(strtod(value_of("awaitd_start_time_seconds"), NULL) > 1e9);
}

static void
messages_of_queues_are_counted(void **state)
{
	(void)state;
	metrics_queue_message(m, DOORBELL_TAKEN);
	metrics_queue_message(m, DOORBELL_FAILED);
	metrics_queue_message(m, DOORBELL_FAILED);
	metrics_queue_deleted(m, 7);
	metrics_queue_error(m);
	expect("awaitd_sqs_messages_total{result=\"taken\"}", "1");
	expect("awaitd_sqs_messages_total{result=\"copy\"}", "0");
	expect("awaitd_sqs_messages_total{result=\"unknown\"}", "0");
	expect("awaitd_sqs_messages_total{result=\"senseless\"}", "0");
	expect("awaitd_sqs_messages_total{result=\"failed\"}", "2");
	expect("awaitd_sqs_deleted_total", "7");
	expect("awaitd_sqs_errors_total", "1");
}

static bool
is_sample(const char *line)
{
	size_t name = strspn(line, "abcdefghijklmnopqrstuvwxyz_");
	const char *blank = strrchr(line, ' ');
	char *end;

	if (name < 8 || strncmp(line, "awaitd_", 7) != 0 || blank == NULL)
		return false;
	if (line[name] == '{' && blank[-1] != '}')
		return false;
	strtod(blank + 1, &end);
	return end != blank + 1 && *end == '\0';
}

static void
requests_are_told_by_kind_and_the_budget_as_it_is(void **state)
{
	(void)state;
	now.requests.sent[S3_KIND_HEAD] = 5;
	now.requests.sent[S3_KIND_GET] = 4;
	now.requests.sent[S3_KIND_LIST] = 3;
	now.requests.sent[S3_KIND_WRITE] = 2;
	now.requests.slow_downs = 6;
	now.requests.put_off = 7;
	now.requests.waiting = 8;
	now.requests.rate = 250;
	expect("awaitd_bucket_requests_total{kind=\"head\"}", "5");
	expect("awaitd_bucket_requests_total{kind=\"get\"}", "4");
	expect("awaitd_bucket_requests_total{kind=\"list\"}", "3");
	expect("awaitd_bucket_requests_total{kind=\"write\"}", "2");
	expect("awaitd_bucket_slow_downs_total", "6");
	expect("awaitd_looks_put_off_total", "7");
	expect("awaitd_looks_waiting", "8");
	expect("awaitd_bucket_requests_per_second", "250");
}

static void
streams_of_events_are_counted(void **state)
{
	(void)state;
	now.events.streams = 5;
	now.events.slow = 2;
	now.events.told = 1234;
	metrics_stream_cut(m);
	metrics_stream_cut(m);
	metrics_stream_cut(m);
	expect("awaitd_event_streams", "5");
	expect("awaitd_event_streams_slow", "2");
	expect("awaitd_event_streams_cut_total", "3");
	expect("awaitd_events_told_total", "1234");
}

/* Every family is announced once, and every sample belongs to the last. */
static void
the_text_is_well_formed(void **state)
{
	char family[80] = "", *rest, *line;
	int families = 0;

	(void)state;
	metrics_write(m, &now, &text);
	assert_false(text.overflow);
	assert_int_equal(text.data[text.len - 1], '\n');
	text.data[text.len - 1] = '\0';
	rest = text.data;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (str_starts(line, "# HELP ")) {
			char *name = line + strlen("# HELP ");

			families++;
			snprintf(family, sizeof(family), "%.*s",
			    (int)strcspn(name, " "), name);
			if (rest != NULL && strstr(rest, line) != NULL)
				fail_msg("twice: %s", line);
		} else if (str_starts(line, "# TYPE ")) {
			assert_true(
			    str_starts(line + strlen("# TYPE "), family));
		} else if (!is_sample(line) || !str_starts(line, family)) {
			fail_msg("no sample of %s: %s", family, line);
		}
	}
	assert_int_equal(families, 53);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(jobs_are_counted_to_their_end),
	    T(a_clock_set_back_makes_no_negative_time),
	    T(what_is_found_is_counted_by_its_cause),
	    T(what_is_under_way_is_asked_of_engine_and_store),
	    T(requests_are_told_by_kind_and_the_budget_as_it_is),
	    T(deliveries_are_counted_by_their_attempts),
	    T(the_service_counts_itself),
	    T(messages_of_queues_are_counted),
	    T(streams_of_events_are_counted),
	    T(the_text_is_well_formed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
