/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/jobs/ID/result: the bytes, how they are wrapped, and why not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/support/api_rig.h"

/* As many as are fetched at a time, and some more. */
#define AT_A_TIME 16
#define PEERS 20

static char *
path_of(const struct job *job)
{
	return xasprintf("/v1/jobs/%s/result", job->id);
}

static void
get_result(const struct job *job)
{
	char *path = path_of(job);

	rig_get(path);
	free(path);
}

static void
the_bytes_come_as_an_attachment(void **state)
{
	struct job *job;
	char *wanted;

	(void)state;
	rig.result = "<script>alert(1)</script>\n";
	rig.result_type = "text/html; charset=utf-8";
	job = rig_job(JOB_DONE, OUTCOME_OK);
	wanted = xasprintf("attachment; filename=\"%s.out\"", job->id);
	get_result(job);
	assert_int_equal(rig.status, 200);
	assert_string_equal(rig.body.data, rig.result);
	assert_string_equal(rig_field("Content-Type"), rig.result_type);
	assert_string_equal(rig_field("Content-Disposition"), wanted);
	assert_string_equal(rig_field("X-Content-Type-Options"), "nosniff");
	assert_string_equal(rig_field("Content-Security-Policy"), "sandbox");
	assert_string_equal(rig_field("ETag"), "\"e1\"");
	assert_int_equal(rig_files("out"), 0);
	free(wanted);
	job_free(job);
}

static void
a_type_that_is_none_is_bytes(void **state)
{
	static const char *const types[] = {
	    NULL, "", "text", "/", "text/", "a/b\x01", "a/b/c"};
	size_t i;

	(void)state;
	rig.result = "x";
	for (i = 0; i < ARRAY_LEN(types); i++) {
		struct job *job;

		rig.result_type = types[i];
		job = rig_job(JOB_DONE, OUTCOME_OK);
		rig.result_type = NULL;
		get_result(job);
		assert_int_equal(rig.status, 200);
		assert_string_equal(
		    rig_field("Content-Type"), "application/octet-stream");
		job_free(job);
	}
}

static void
an_empty_result_is_a_result(void **state)
{
	struct job *job;

	(void)state;
	rig.result = "";
	job = rig_job(JOB_DONE, OUTCOME_OK);
	get_result(job);
	assert_int_equal(rig.status, 200);
	assert_string_equal(rig_field("Content-Length"), "0");
	job_free(job);
}

static void
head_asks_nobody_else(void **state)
{
	struct job *job = rig_job_at("s3://bucket/gone");
	char *path = path_of(job);

	(void)state;
	rig_ask("HEAD", path, "", "", 0);
	assert_int_equal(rig.status, 200);
	assert_string_equal(rig_field("Content-Length"), "3");
	assert_string_equal(rig_field("ETag"), "\"e1\"");
	free(path);
	job_free(job);
}

static void
why_there_is_no_result_is_told(void **state)
{
	struct job *failed = rig_job(JOB_DONE, OUTCOME_FAILED);
	struct job *queued = rig_job(JOB_QUEUED, OUTCOME_NONE);
	struct job *gone = rig_job_at("s3://bucket/gone");
	struct job *odd = rig_job_at("no place at all");

	(void)state;
	get_result(failed);
	rig_problem(409, "no_result", "the model's own words");
	get_result(queued);
	rig_problem(409, "not_done", "queued");
	get_result(gone);
	rig_problem(502, "bad_gateway", "s3://bucket/gone");
	get_result(odd);
	rig_problem(502, "bad_gateway", "");
	job_free(failed);
	job_free(queued);
	job_free(gone);
	job_free(odd);
}

static void
a_result_that_changed_is_not_passed_on(void **state)
{
	struct job *job = rig_job(JOB_DONE, OUTCOME_OK);

	(void)state;
	rig.result = "longer than it was";
	get_result(job);
	rig_problem(502, "bad_gateway", "");
	job_free(job);
}

static void
another_result_of_the_same_size_is_not_passed_on(void **state)
{
	struct job *job;

	(void)state;
	rig.result = "one";
	job = rig_job(JOB_DONE, OUTCOME_OK);
	rig.result = "two";
	rig.result_etag = "\"e2\"";
	get_result(job);
	rig_problem(502, "bad_gateway", "");
	job_free(job);
}

/* --- its address ---------------------------------------------------- */

static void
get_url(const struct job *job, const char *query)
{
	char *path = xasprintf("/v1/jobs/%s/result-url%s", job->id, query);

	rig_get(path);
	free(path);
}

static void
the_address_gives_the_result_without_a_key(void **state)
{
	struct job *job;

	(void)state;
	rig.accepts = true;
	rig.result = "the";
	job = rig_job(JOB_DONE, OUTCOME_OK);
	get_url(job, "");
	assert_int_equal(rig.status, 200);
	assert_non_null(strstr(rig_str("url"), "/bucket/out?X-Amz-Algorithm="));
	assert_non_null(strstr(rig_str("url"), "&X-Amz-Signature="));
	assert_int_equal(rig_int("valid_s"), 3600);
	assert_string_equal(rig_str("job"), job->id);
	assert_string_equal(rig_field("Cache-Control"), "no-store");
	get_url(job, "?expires=604800&late=false");
	assert_int_equal(rig_int("valid_s"), 604800);
	job_free(job);
}

static void
what_has_no_result_has_no_address(void **state)
{
	struct job *failed = rig_job(JOB_DONE, OUTCOME_FAILED);
	struct job *queued = rig_job(JOB_QUEUED, OUTCOME_NONE);
	struct job *gone = rig_job_at("s3://bucket/gone");

	(void)state;
	get_url(failed, "");
	rig_problem(409, "no_result", "the model's own words");
	get_url(failed, "?late=true");
	rig_problem(409, "no_result", "no result came late");
	get_url(queued, "");
	rig_problem(409, "not_done", "queued");
	get_url(gone, "");
	rig_problem(502, "bad_gateway", "");
	get_url(gone, "?expires=0");
	rig_problem(400, "bad_parameter", "expires");
	get_url(gone, "?expires=604801");
	rig_problem(400, "bad_parameter", "expires");
	job_free(failed);
	job_free(queued);
	job_free(gone);
}

static void
what_changed_has_no_address(void **state)
{
	struct job *job;

	(void)state;
	rig.accepts = true;
	rig.result = "the";
	job = rig_job(JOB_DONE, OUTCOME_OK);
	rig.result_etag = "\"e2\"";
	get_url(job, "");
	rig_problem(502, "bad_gateway", "changed");
	job_free(job);
}

/* --- several -------------------------------------------------------- */

static struct peer *
ask_for(const struct job *job)
{
	struct peer *p = peer_new(false);
	char *text = xasprintf(
	    "GET /v1/jobs/%s/result HTTP/1.1\r\nHost: h\r\n\r\n", job->id);

	peer_puts(p, text);
	free(text);
	return p;
}

static bool
all_are_held(void *arg)
{
	return rig.nheld == *(size_t *)arg;
}

static void
only_some_are_fetched_at_a_time(void **state)
{
	struct peer *peers[PEERS];
	struct job *job;
	size_t i, held = AT_A_TIME;

	(void)state;
	rig.accepts = true;
	rig.result = "the";
	job = rig_job_at("s3://bucket/held");
	for (i = 0; i < PEERS; i++)
		peers[i] = ask_for(job);
	rig_until(all_are_held, &held);
	for (i = 0; i < 50; i++)
		rig_turn();
	assert_int_equal(rig.nheld, AT_A_TIME);
	for (i = 0; i < PEERS; i++)
		assert_false(peer_has_reply(peers[i]));
	rig_release_held();
	held = PEERS - AT_A_TIME;
	rig_until(all_are_held, &held);
	rig_release_held();
	for (i = 0; i < PEERS; i++) {
		assert_true(peer_reply(peers[i], false));
		assert_int_equal(rig.status, 200);
		assert_string_equal(rig.body.data, "the");
		peer_free(peers[i]);
	}
	job_free(job);
}

static void
who_leaves_makes_room_and_is_not_fetched_for(void **state)
{
	struct peer *peers[PEERS];
	struct job *job;
	size_t i, held = AT_A_TIME;

	(void)state;
	rig.accepts = true;
	rig.result = "the";
	job = rig_job_at("s3://bucket/held");
	for (i = 0; i < PEERS; i++)
		peers[i] = ask_for(job);
	rig_until(all_are_held, &held);
	/* One that waits its turn, and all that are being fetched but two. */
	peer_free(peers[PEERS - 1]);
	for (i = 0; i < AT_A_TIME - 2; i++)
		peer_free(peers[i]);
	/* To the server those that broke off may look like more to come. */
	held = PEERS - 1;
	rig_until(all_are_held, &held);
	rig_release_held();
	for (i = AT_A_TIME - 2; i < PEERS - 1; i++) {
		assert_true(peer_reply(peers[i], false));
		assert_int_equal(rig.status, 200);
		peer_free(peers[i]);
	}
	job_free(job);
}

/* Ending makes room, and whoever waited for it is gone, too. */
static void
nobodys_turn_comes_behind_the_end(void **state)
{
	struct job *job = rig_job_at("s3://bucket/held");
	struct peer *peers[PEERS];
	size_t i, held = AT_A_TIME;

	(void)state;
	for (i = 0; i < PEERS; i++)
		peers[i] = ask_for(job);
	rig_until(all_are_held, &held);
	rig_end_api();
	rig_turn();
	rig_turn();
	assert_int_equal(rig.nheld, AT_A_TIME);
	for (i = 0; i < PEERS; i++)
		peer_free(peers[i]);
	job_free(job);
}

static void
a_service_that_ends_drops_what_it_fetches(void **state)
{
	struct job *job = rig_job_at("s3://bucket/held");
	struct peer *peers[PEERS];
	size_t i, held = AT_A_TIME;

	(void)state;
	for (i = 0; i < PEERS; i++)
		peers[i] = ask_for(job);
	rig_until(all_are_held, &held);
	for (i = 0; i < PEERS; i++)
		peer_free(peers[i]);
	job_free(job);
}

int
main(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, api_rig_setup, api_rig_teardown)
	const struct CMUnitTest tests[] = {
	    T(the_bytes_come_as_an_attachment),
	    T(a_type_that_is_none_is_bytes),
	    T(an_empty_result_is_a_result),
	    T(head_asks_nobody_else),
	    T(why_there_is_no_result_is_told),
	    T(a_result_that_changed_is_not_passed_on),
	    T(another_result_of_the_same_size_is_not_passed_on),
	    T(only_some_are_fetched_at_a_time),
	    T(who_leaves_makes_room_and_is_not_fetched_for),
	    T(nobodys_turn_comes_behind_the_end),
	    T(a_service_that_ends_drops_what_it_fetches),
	    T(the_address_gives_the_result_without_a_key),
	    T(what_has_no_result_has_no_address),
	    T(what_changed_has_no_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
