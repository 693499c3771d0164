/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs whose caller waits for the answer to their first try: what it is told,
 * and what is on disk when it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/direct.h"
#include "tests/support/fake_store.h"
#include "tests/support/flow.h"

/* What the caller was told, and what the disk had then. */
static struct {
	unsigned times;
	enum direct_end end;
	int status; /* of the answer; 0: none */
	char *headers; /* "name: value\n…" */
	char *body;
	struct error err;
	bool on_disk;
	enum job_state state;
} told;

static void
forget(void)
{
	free(told.headers);
	free(told.body);
	memset(&told, 0, sizeof(told));
}

static int
setup(void **state)
{
	forget();
	return flow_setup(state);
}

static int
teardown(void **state)
{
	forget();
	return flow_teardown(state);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void
keep_answer(const struct direct_answer *a)
{
	struct buf b;
	size_t i;

	buf_init(&b, 8192);
	for (i = 0; i < a->headers.n; i++)
		buf_printf(&b, "%s: %s\n", a->headers.v[i].name,
		    a->headers.v[i].value);
	told.status = a->status;
	told.headers = buf_take(&b);
	told.body = xstrndup(a->body.data, a->body.len);
}

static void
on_end(enum direct_end end, const struct job *job,
    const struct direct_answer *answer, const struct error *err, void *arg)
{
	const struct job *there = on_disk_of(job->id);

	(void)arg;
	told.times++;
	told.end = end;
	if (answer != NULL)
		keep_answer(answer);
	if (err != NULL)
		told.err = *err;
	told.on_disk = there != NULL;
	if (there != NULL)
		told.state = there->state;
}

static void
submit(struct job *take_job)
{
	engine_submit_direct(flow.engine, take_job, on_end, NULL);
	assert_int_equal(told.times, 0);
	time_passes(0);
}

static void
must_be_told(enum direct_end end)
{
	assert_int_equal(told.times, 1);
	assert_int_equal(told.end, end);
}

/* Nothing is left, nothing comes any more, and the key makes another job. */
static void
must_be_gone(void)
{
	unsigned posts = (unsigned)peer_count("POST", "*");

	assert_false(told.on_disk);
	assert_null(on_disk());
	time_passes(86400000);
	assert_int_equal(peer_count("POST", "*"), posts);
	assert_int_equal(told.times, 1);
	assert_int_equal(flow.events[ENGINE_WITHDRAWN], 1);
	assert_int_equal(flow.events[ENGINE_MOVED], 0);
}

/* --- each class of answer --------------------------------------------- */

static void
what_is_accepted_is_told_once_that_is_on_disk(void **state)
{
	struct job *job = flow_job();

	(void)state;
	reply_accepted(expect_invoke(1), 1);
	submit(job);
	must_be_told(DIRECT_ACCEPTED);
	assert_true(told.on_disk);
	assert_int_equal(told.state, JOB_PENDING);
	assert_int_equal(told.status, 202);
	assert_string_equal(told.body, "{\"InferenceId\":\"x\"}");
	assert_non_null(strstr(told.headers, "x-amzn-RequestId: req-1\n"));
	assert_non_null(strstr(told.headers, out_uri(1)));
	reply_found(expect_head(out_url(1)));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(told.times, 1);
}

static void
a_refusal_is_told_as_it_came_and_leaves_no_job(void **state)
{
	struct job *job = flow_job();

	(void)state;
	job->spec.idempotency_key = xstrdup("k");
	peer_reply(expect_invoke(1), 400,
	    "x-amzn-ErrorType: ValidationError\nX-Odd: \x01\xff?",
	    "{\"message\" : \"no\",  \"Odd\":[1]}\n");
	submit(job);
	must_be_told(DIRECT_DECLINED);
	assert_int_equal(told.status, 400);
	assert_string_equal(
	    told.body, "{\"message\" : \"no\",  \"Odd\":[1]}\n");
	assert_non_null(strstr(told.headers, "X-Odd: \x01\xff?\n"));
	assert_string_equal(told.err.remote_code, "ValidationError");
	must_be_gone();
	forget();
	job = flow_job();
	job->spec.idempotency_key = xstrdup("k");
	reply_accepted(expect_invoke(1), 1);
	submit(job);
	must_be_told(DIRECT_ACCEPTED);
	reply_found(expect_head(out_url(1)));
	time_passes(500);
}

static void
a_throttled_one_is_for_its_caller_to_repeat(void **state)
{
	static const struct {
		int status;
		const char *code;
	} answers[] = {
	    {400, "ThrottlingException"},
	    {429, "TooManyRequestsException"},
	    {503, "ServiceUnavailable"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(answers); i++) {
		struct job *job = flow_job();

		forget();
		flow.events[ENGINE_WITHDRAWN] = 0;
		reply_error(expect_invoke(1), answers[i].status,
		    answers[i].code, "later");
		submit(job);
		must_be_told(DIRECT_DECLINED);
		assert_int_equal(told.status, answers[i].status);
		must_be_gone();
	}
}

static void
what_cannot_leave_is_no_job(void **state)
{
	struct job *job = flow_job();

	(void)state;
	peer_fail(expect_invoke(1), ERR_NET, "connection refused", false);
	submit(job);
	must_be_told(DIRECT_DECLINED);
	assert_int_equal(told.status, 0);
	assert_non_null(strstr(told.err.text, "connection refused"));
	must_be_gone();
}

static void
every_uncertain_answer_leaves_a_job_that_is_looked_for(void **state)
{
	static const struct {
		int status; /* 0: no answer */
		const char *headers;
		const char *body;
	} answers[] = {
	    {0, "", ""},
	    {202, "", "{\"InferenceId\":\"x\"}"},
	    {202, "x-amzn-sagemaker-outputlocation: s3://", "{}"},
	    {408, "", ""},
	    {500, "x-amzn-ErrorType: InternalFailure", "{}"},
	    {502, "", "<html>bad gateway</html>"},
	    {503, "", "<html>busy</html>"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(answers); i++) {
		struct job *job = flow_job();
		struct peer_step *s = expect_invoke(1);

		forget();
		if (answers[i].status != 0)
			peer_reply(s, answers[i].status, answers[i].headers,
			    answers[i].body);
		else
			peer_fail(s, ERR_TIMEOUT, "no answer in time", true);
		submit(job);
		must_be_told(DIRECT_IN_DOUBT);
		assert_true(told.on_disk);
		assert_int_equal(on_disk()->subs[0].fate, SUB_DOUBT);
		reply_found(expect_head(out_url(1)));
		time_passes(1);
		must_be(JOB_DONE, OUTCOME_OK);
		assert_int_equal(told.times, 1);
	}
	assert_int_equal(flow.events[ENGINE_WITHDRAWN], 0);
}

static void
the_service_judges_what_is_asked_for(void **state)
{
	struct job *job = flow_job();
	struct peer_step *s = expect_invoke(1);
	char *accept = xmalloc(2001);

	(void)state;
	memset(accept, 'a', 2000);
	accept[2000] = '\0';
	job->spec.accept = accept;
	job->spec.request_ttl_s = 5;
	peer_header(s, "X-Amzn-SageMaker-Accept", accept);
	peer_header(s, "X-Amzn-SageMaker-RequestTTLSeconds", "5");
	reply_error(s, 400, "ValidationError", "2 validation errors");
	submit(job);
	must_be_told(DIRECT_DECLINED);
	assert_int_equal(told.status, 400);
	must_be_gone();
}

static void
say_yes(const char *method, const char *url, const struct headers *headers,
    struct peer_answer *out, void *arg)
{
	(void)url;
	(void)arg;
	if (str_eq(method, "POST")) {
		out->status = 202;
		snprintf(out->headers, sizeof(out->headers),
		    "x-amzn-sagemaker-outputlocation: s3://out/res/%s/%s",
		    flow.extension,
		    headers_get(headers, "x-amzn-sagemaker-filename"));
		snprintf(out->body, sizeof(out->body), "{}");
		return;
	}
	out->status = 200;
	snprintf(out->headers, sizeof(out->headers),
	    "ETag: \"e\"\nContent-Length: 3");
}

/* The first request is in doubt, and left nothing. */
static void
say_yes_the_second_time(const char *method, const char *url,
    const struct headers *headers, struct peer_answer *out, void *arg)
{
	unsigned *posts = arg;

	*posts += str_eq(method, "POST");
	if (*posts >= 2)
		say_yes(method, url, headers, out, NULL);
	else
		out->status = str_eq(method, "POST") ? 500 : 404;
}

static void
it_judges_behind_a_restart_too(void **state)
{
	struct job *job = flow_job();
	char *accept = xmalloc(2001);
	unsigned posts = 0;

	(void)state;
	memset(accept, 'a', 2000);
	accept[2000] = '\0';
	job->spec.accept = accept;
	peer_serve(say_yes_the_second_time, &posts);
	submit(job);
	must_be_told(DIRECT_IN_DOUBT);
	restart();
	time_passes(3600000);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(on_disk()->nsubs, 2);
	assert_int_equal(posts, 2);
}

static void
a_name_of_an_endpoint_is_no_other_path(void **state)
{
	struct job *job = flow_job();
	struct peer_step *s;

	(void)state;
	free(job->spec.endpoint);
	job->spec.endpoint = xstrdup("a/../b?c");
	s = peer_expect("POST",
	    "http://rt.test/endpoints/a%2F..%2Fb%3Fc/async-invocations");
	reply_error(s, 400, "ValidationError", "no such name");
	submit(job);
	must_be_told(DIRECT_DECLINED);
	must_be_gone();
}

/* --- uploads ----------------------------------------------------------- */

#define NO_INLINE                                                         \
	"1 validation error detected: Value at 'body' failed to satisfy " \
	"constraint: Member must have length less than or equal to 0"

static void
an_upload_instead_tells_the_next_answer(void **state)
{
	struct job *job = flow_job();
	struct peer_step *s;

	(void)state;
	flow.policy.input_prefix = "s3://inp/up";
	reply_error(expect_invoke(1), 400, "ValidationError", NO_INLINE);
	peer_reply(peer_expect("PUT", "http://s3.test/inp/up/*"), 200,
	    "ETag: \"e\"", "");
	s = reply_accepted(expect_invoke(1), 1);
	peer_header(s, "X-Amzn-SageMaker-InputLocation", "s3://inp/up/*");
	submit(job);
	must_be_told(DIRECT_ACCEPTED);
	assert_int_equal(told.status, 202);
	reply_found(expect_head(out_url(1)));
	time_passes(500);
}

static void
an_upload_that_fails_has_words_of_its_own(void **state)
{
	struct job *job = flow_job();

	(void)state;
	flow.policy.input_prefix = "s3://inp/up";
	reply_error(expect_invoke(1), 400, "ValidationError", NO_INLINE);
	peer_reply(peer_expect("PUT", "http://s3.test/inp/up/*"), 400, "",
	    "<Error><Code>InvalidArgument</Code></Error>");
	submit(job);
	must_be_told(DIRECT_DECLINED);
	assert_int_equal(told.status, 0);
	assert_non_null(strstr(told.err.text, "upload the input"));
	must_be_gone();
}

/* --- nobody waits any more --------------------------------------------- */

static void
what_is_let_go_of_is_a_job_as_any_other(void **state)
{
	struct job *job = flow_job();

	(void)state;
	peer_delay(
	    reply_error(expect_invoke(1), 400, "ValidationError", "no"), 1000);
	submit(job);
	assert_int_equal(told.times, 0);
	assert_int_equal(engine_let_go(flow.engine, flow.id), 0);
	assert_int_equal(engine_let_go(flow.engine, flow.id), -1);
	time_passes(1000);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_code, "refused");
	assert_int_equal(told.times, 0);
}

/* It may fail to be stored, so that nobody can be told that it goes on. */
static void
what_is_not_on_disk_yet_is_not_let_go_of(void **state)
{
	struct job *job = flow_job();

	(void)state;
	reply_error(expect_invoke(1), 400, "ValidationError", "no");
	engine_submit_direct(flow.engine, job, on_end, NULL);
	assert_int_equal(engine_let_go(flow.engine, flow.id), -1);
	time_passes(0);
	must_be_told(DIRECT_DECLINED);
	must_be_gone();
}

static void
what_is_given_up_is_told_of(void **state)
{
	struct job *job = flow_job();

	(void)state;
	expect_invoke(1);
	submit(job);
	assert_int_equal(engine_cancel(flow.engine, flow.id), 0);
	time_passes(0);
	/* It had left, and may have been accepted. */
	must_be_told(DIRECT_IN_DOUBT);
	must_be(JOB_DONE, OUTCOME_CANCELLED);
}

static void
what_cannot_be_stored_was_never_sent(void **state)
{
	struct job *job = flow_job();

	(void)state;
	fake_store_break(flow.store);
	submit(job);
	must_be_told(DIRECT_NOT_STORED);
	assert_false(told.on_disk);
	assert_int_equal(told.err.code, ERR_STORE);
	assert_null(peer_seen(0));
}

/* --- sudden death ------------------------------------------------------- */

static unsigned steps_to_go;

static bool
on_write(const char *when, void *arg)
{
	(void)when;
	(void)arg;
	return steps_to_go-- > 0;
}

static bool
on_leaving(
    const char *method, const char *url, const struct headers *h, void *arg)
{
	(void)method;
	(void)url;
	(void)h;
	(void)arg;
	return steps_to_go-- > 0;
}

/* Dead behind so many steps, or not at all, and there again. */
static void
die_at(unsigned k, struct job *take_job)
{
	forget();
	steps_to_go = k;
	fake_store_watch(flow.store, on_write, NULL);
	flow.before = flow.after = on_leaving;
	engine_submit_direct(flow.engine, take_job, on_end, NULL);
	time_passes(0);
	flow.before = flow.after = NULL;
	restart();
}

static void
say_no(const char *method, const char *url, const struct headers *headers,
    struct peer_answer *out, void *arg)
{
	(void)url;
	(void)headers;
	(void)arg;
	out->status = str_eq(method, "POST") ? 400 : 404;
	if (str_eq(method, "POST")) {
		snprintf(out->headers, sizeof(out->headers),
		    "x-amzn-ErrorType: ValidationError");
		snprintf(out->body, sizeof(out->body), "{\"message\":\"no\"}");
	}
}

/* Before and behind every write and request: whoever was told has no job; and
 * one of which nobody was told ends as a refused one. */
static void
dead_anywhere_around_a_refusal(void **state)
{
	unsigned k, left = 0, gone = 0, heard = 0;

	(void)state;
	peer_serve(say_no, NULL);
	for (k = 0; k < 10; k++) {
		die_at(k, flow_job());
		heard += told.times;
		if (told.times != 0)
			must_be_told(DIRECT_DECLINED);
		if (on_disk() == NULL) {
			gone++;
			continue;
		}
		assert_int_equal(told.times, 0);
		left++;
		time_passes(86400000);
		must_be(JOB_DONE, OUTCOME_FAILED);
		assert_string_equal(on_disk()->error_code, "refused");
	}
	/* Insert, intent, request, withdrawal: each may be the last. */
	assert_int_equal(left, 6);
	assert_int_equal(gone, 4);
	assert_int_equal(heard, 2);
}

static void
dead_anywhere_around_an_acceptance(void **state)
{
	unsigned k, left = 0, heard = 0;

	(void)state;
	peer_serve(say_yes, NULL);
	for (k = 0; k < 10; k++) {
		die_at(k, flow_job());
		heard += told.times;
		if (told.times != 0) {
			must_be_told(DIRECT_ACCEPTED);
			assert_non_null(on_disk());
		}
		if (on_disk() == NULL)
			continue;
		left++;
		time_passes(600000);
		must_be(JOB_DONE, OUTCOME_OK);
		assert_int_equal(on_disk()->nsubs, 1);
	}
	assert_int_equal(left, 9);
	assert_int_equal(heard, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(what_is_accepted_is_told_once_that_is_on_disk),
	    CASE(a_refusal_is_told_as_it_came_and_leaves_no_job),
	    CASE(a_throttled_one_is_for_its_caller_to_repeat),
	    CASE(what_cannot_leave_is_no_job),
	    CASE(every_uncertain_answer_leaves_a_job_that_is_looked_for),
	    CASE(the_service_judges_what_is_asked_for),
	    CASE(it_judges_behind_a_restart_too),
	    CASE(a_name_of_an_endpoint_is_no_other_path),
	    CASE(an_upload_instead_tells_the_next_answer),
	    CASE(an_upload_that_fails_has_words_of_its_own),
	    CASE(what_is_let_go_of_is_a_job_as_any_other),
	    CASE(what_is_not_on_disk_yet_is_not_let_go_of),
	    CASE(what_is_given_up_is_told_of),
	    CASE(what_cannot_be_stored_was_never_sent),
	    CASE(dead_anywhere_around_a_refusal),
	    CASE(dead_anywhere_around_an_acceptance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
