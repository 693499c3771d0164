/* SPDX-License-Identifier: Apache-2.0 */
/* Watching a service's jobs, through its silences, too. */
#include "cmd/watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_fixture.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#define PATIENCE_MS 300
#define BOUND_MS 20000
#define MANY 40

static struct loop *loop;
static struct client *client;
static struct api_peer *peer;
static struct watch *watch;
static struct loop_timer *bound;

/* What came of it. */
static struct {
	unsigned seen, trouble, failed;
	enum job_state state; /* of the last job seen */
	struct error err; /* the last */
	int64_t at; /* of the last news */
} news;
static unsigned enough; /* news of a job done, or failures: then it ends */

static void
on_bound(void *arg)
{
	(void)arg;
	loop_stop(loop);
}

static int
setup(void **state)
{
	(void)state;
	log_init(LOG_NONE, LOG_TEXT);
	loop = loop_new();
	bound = loop_timer_new(loop, on_bound, NULL);
	memset(&news, 0, sizeof(news));
	enough = 1;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	watch_free(watch);
	watch = NULL;
	client_free(client);
	if (peer != NULL)
		api_peer_stop(peer);
	peer = NULL;
	loop_timer_free(bound);
	loop_free(loop);
	return 0;
}

/* --- what is watched ------------------------------------------------ */

static void
make_id(unsigned n, char out[JOBID_SIZE])
{
	snprintf(out, JOBID_SIZE, "01jd2k3m4n5p6q7r8s9t0v%04u", n);
}

static void
on_news(enum watch_event event, const struct job *job, const struct error *err,
    void *arg)
{
	(void)arg;
	news.at = clock_mono_ms();
	switch (event) {
	case WATCH_SEEN:
		news.seen++;
		news.state = job->state;
		if (job->state != JOB_QUEUED)
			enough--;
		break;
	case WATCH_TROUBLE:
		news.trouble++;
		news.err = *err;
		break;
	case WATCH_FAILED:
		news.failed++;
		news.err = *err;
		enough--;
		break;
	}
	if (enough == 0)
		loop_stop(loop);
}

static struct api_reply
reply_job(const char *request, enum job_state state)
{
	char id[JOBID_SIZE], *json;
	struct api_reply r;

	assert_true(str_starts(request, "GET /v1/jobs/"));
	snprintf(id, sizeof(id), "%s", request + strlen("GET /v1/jobs/"));
	json = fx_job_json(id, state);
	r = api_reply(200, "application/json", json);
	free(json);
	return r;
}

static void
prepare(api_answer_fn *fn, struct watch_options o, unsigned n)
{
	char id[JOBID_SIZE];
	struct error err;
	unsigned i;

	peer = api_peer_start(fn, NULL);
	if (client_new(loop, api_peer_path(peer), NULL, &client, &err) == -1)
		fail_msg("%s", err.text);
	o.loop = loop;
	o.client = client;
	o.patience_ms = PATIENCE_MS;
	o.fn = on_news;
	watch = watch_new(&o);
	for (i = 0; i < n; i++) {
		make_id(i, id);
		watch_add(watch, id);
	}
}

static void
begin(api_answer_fn *fn, struct watch_options o, unsigned n)
{
	prepare(fn, o, n);
	loop_timer_set(bound, BOUND_MS);
	loop_run(loop);
	if (enough != 0)
		fail_msg("it does not end: %u seen, %u troubles, %u failures",
		    news.seen, news.trouble, news.failed);
}

static void
must_have_asked(unsigned n, const char *query)
{
	char *request = api_peer_request(peer, n), *want;
	char id[JOBID_SIZE];

	make_id(0, id);
	want = xasprintf("GET /v1/jobs/%s%s HTTP/1.1\r\n", id, query);
	if (!str_starts(request, want))
		fail_msg("asked: %.200s", request);
	free(request);
	free(want);
}

/* --- a service that answers ----------------------------------------- */

/* A service that stops answers each question at once. */
static struct api_reply
queued_twice(const char *request, size_t len, unsigned n, void *arg)
{
	(void)len;
	(void)arg;
	return reply_job(request, n < 2 ? JOB_QUEUED : JOB_DONE);
}

static void
a_job_is_asked_for_until_it_is_done(void **state)
{
	int64_t began = clock_mono_ms();

	(void)state;
	begin(queued_twice, (struct watch_options){0}, 1);
	assert_int_equal(news.seen, 3);
	assert_int_equal(news.state, JOB_DONE);
	assert_int_equal(api_peer_requests(peer), 3);
	must_have_asked(0, "?wait=30");
	must_have_asked(2, "?wait=30");
	/* Not in a ring as fast as it goes. */
	assert_true(news.at - began >= 400);
}

static struct api_reply
pending(const char *request, size_t len, unsigned n, void *arg)
{
	(void)len;
	(void)n;
	(void)arg;
	return reply_job(request, JOB_PENDING);
}

static void
acceptance_may_be_enough(void **state)
{
	(void)state;
	begin(pending, (struct watch_options){.accepted = true}, 1);
	assert_int_equal(news.state, JOB_PENDING);
	assert_int_equal(api_peer_requests(peer), 1);
	must_have_asked(0, "?wait=30&until=accepted");
}

/* The first is accepted at once, the second after two questions. */
static struct api_reply
one_then_the_other(const char *request, size_t len, unsigned n, void *arg)
{
	static unsigned second;
	char id[JOBID_SIZE];

	(void)len;
	(void)n;
	(void)arg;
	make_id(0, id);
	if (strstr(request, id) != NULL)
		return reply_job(request, JOB_PENDING);
	return reply_job(request, second++ < 2 ? JOB_QUEUED : JOB_PENDING);
}

static void
what_is_reached_is_not_asked_for_again(void **state)
{
	(void)state;
	enough = 2;
	begin(one_then_the_other, (struct watch_options){.accepted = true}, 2);
	assert_int_equal(news.seen, 4);
	assert_int_equal(api_peer_requests(peer), 4);
}

static void
a_look_does_not_wait(void **state)
{
	(void)state;
	begin(pending, (struct watch_options){.once = true}, 1);
	must_have_asked(0, "");
}

static unsigned asked_of[MANY];
static unsigned long_questions;

/* Queued when first asked for, done when asked again. */
static struct api_reply
in_turns(const char *request, size_t len, unsigned n, void *arg)
{
	unsigned i =
	    (unsigned)strtoul(request + strlen("GET /v1/jobs/") + 22, NULL, 10);

	(void)len;
	(void)n;
	(void)arg;
	if (strstr(request, "?wait=30") != NULL)
		long_questions++;
	return reply_job(request, asked_of[i]++ == 0 ? JOB_QUEUED : JOB_DONE);
}

static void
many_jobs_take_turns(void **state)
{
	unsigned i;

	(void)state;
	enough = MANY;
	begin(in_turns, (struct watch_options){0}, MANY);
	assert_int_equal(news.seen, 2 * MANY);
	for (i = 0; i < MANY; i++)
		assert_int_equal(asked_of[i], 2);
	/* Only the last few may have a long question each. */
	assert_true(long_questions <= 16);
}

static struct api_reply
no_word(const char *request, size_t len, unsigned n, void *arg)
{
	static const struct api_reply nothing;

	(void)request;
	(void)len;
	(void)n;
	(void)arg;
	return nothing;
}

/* A service has no place for all questions that there may be. */
static void
only_a_few_are_asked_at_a_time(void **state)
{
	(void)state;
	prepare(no_word, (struct watch_options){0}, MANY);
	do {
		loop_timer_set(bound, 100);
		loop_run(loop);
	} while (api_peer_requests(peer) < 16);
	loop_timer_set(bound, 300);
	loop_run(loop);
	assert_int_equal(api_peer_requests(peer), 16);
}

/* --- a service that does not ---------------------------------------- */

static struct api_reply
silent_twice(const char *request, size_t len, unsigned n, void *arg)
{
	static const struct api_reply nothing = {.end = true};

	(void)len;
	(void)arg;
	if (n == 0)
		return nothing;
	if (n == 1)
		return api_reply(503, "application/problem+json",
		    "{\"code\":\"unavailable\",\"detail\":\"stops\"}");
	return reply_job(request, JOB_DONE);
}

static void
a_service_that_comes_back_is_asked_again(void **state)
{
	(void)state;
	begin(silent_twice, (struct watch_options){0}, 1);
	assert_int_equal(news.trouble, 2);
	assert_int_equal(news.failed, 0);
	assert_int_equal(news.state, JOB_DONE);
}

/* Not heard twice, with more than the patience between. */
static struct api_reply
silent_now_and_then(const char *request, size_t len, unsigned n, void *arg)
{
	static const struct api_reply nothing = {.end = true};

	(void)len;
	(void)arg;
	/* curl asks again by itself where a kept connection ends. */
	if (n == 0 || n == 4 || n == 5)
		return nothing;
	return reply_job(request, n < 4 ? JOB_QUEUED : JOB_DONE);
}

static void
patience_is_new_behind_each_answer(void **state)
{
	int64_t began = clock_mono_ms();

	(void)state;
	begin(silent_now_and_then, (struct watch_options){0}, 1);
	assert_int_equal(news.trouble, 2);
	assert_int_equal(news.failed, 0);
	assert_int_equal(news.state, JOB_DONE);
	assert_true(news.at - began > PATIENCE_MS);
}

static struct api_reply
silent(const char *request, size_t len, unsigned n, void *arg)
{
	static const struct api_reply nothing = {.end = true};

	(void)request;
	(void)len;
	(void)n;
	(void)arg;
	return nothing;
}

static void
patience_ends(void **state)
{
	int64_t began = clock_mono_ms();

	(void)state;
	begin(silent, (struct watch_options){0}, 1);
	assert_int_equal(news.failed, 1);
	assert_true(news.trouble >= 1);
	assert_int_equal(news.err.code, ERR_NET);
	assert_true(news.at - began >= PATIENCE_MS);
}

static void
a_look_has_no_patience(void **state)
{
	(void)state;
	begin(silent, (struct watch_options){.once = true}, 1);
	assert_int_equal(news.trouble, 0);
	assert_int_equal(news.failed, 1);
	assert_int_equal(api_peer_requests(peer), 1);
}

static struct api_reply
forgotten(const char *request, size_t len, unsigned n, void *arg)
{
	(void)request;
	(void)len;
	(void)n;
	(void)arg;
	return api_reply(404, "application/problem+json",
	    "{\"code\":\"not_found\",\"detail\":\"there is no such job\"}");
}

static void
a_refusal_ends_it_at_once(void **state)
{
	(void)state;
	begin(forgotten, (struct watch_options){0}, 1);
	assert_int_equal(news.trouble, 0);
	assert_int_equal(news.err.code, ERR_NOT_FOUND);
	assert_int_equal(api_peer_requests(peer), 1);
}

static struct api_reply
another_job(const char *request, size_t len, unsigned n, void *arg)
{
	(void)request;
	(void)len;
	(void)n;
	(void)arg;
	return reply_job("GET /v1/jobs/01jd2k3m4n5p6q7r8s9t0v9999", JOB_DONE);
}

static void
another_job_is_no_answer(void **state)
{
	(void)state;
	begin(another_job, (struct watch_options){0}, 1);
	assert_int_equal(news.seen, 0);
	assert_int_equal(news.err.code, ERR_PROTOCOL);
}

/* One of three is done: whoever waited for any ends it there. */
static struct api_reply
first_done(const char *request, size_t len, unsigned n, void *arg)
{
	char id[JOBID_SIZE];
	struct api_reply nothing = {0};

	(void)len;
	(void)n;
	(void)arg;
	make_id(0, id);
	if (strstr(request, id) != NULL)
		return reply_job(request, JOB_DONE);
	return nothing;
}

static void
questions_under_way_can_be_dropped(void **state)
{
	(void)state;
	begin(first_done, (struct watch_options){0}, 3);
	assert_int_equal(news.seen, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		a_job_is_asked_for_until_it_is_done, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		acceptance_may_be_enough, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_look_does_not_wait, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		many_jobs_take_turns, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		only_a_few_are_asked_at_a_time, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_service_that_comes_back_is_asked_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(patience_ends, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		patience_is_new_behind_each_answer, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_is_reached_is_not_asked_for_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_look_has_no_patience, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_refusal_ends_it_at_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		another_job_is_no_answer, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		questions_under_way_can_be_dropped, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
