/* SPDX-License-Identifier: Apache-2.0 */
/* Models that are commands: real processes, as the queue runs them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/model_rig.h"

#define SERVER_ERROR(n)                                                   \
	"ClientError: Received server error (" n ") from model. See the " \
	"SageMaker Endpoint logs in your account for more information."

static struct rig_request *
run(struct rig *r, const char *words, const char *payload)
{
	struct rig_request *q;

	rig_command(r, words);
	rig_model(r, NULL);
	q = rig_submit(r, payload, 60);
	rig_until_done(r, 1);
	return q;
}

static void
what_it_writes_is_the_result(void **state)
{
	struct rig_request *q = run(*state, "tr a-z A-Z", "payload");

	assert_int_equal(q->verdict, MODEL_OK);
	assert_int_equal(q->status, 200);
	assert_string_equal(q->text, "PAYLOAD");
	assert_null(q->type);
}

static void
its_environment_names_the_request_and_little_else(void **state)
{
	struct rig *r = *state;
	struct rig_request *q;

	setenv("SECRET_OF_OURS", "1", 1);
	r->facts.custom_attributes = "a=b c";
	q = run(r, "/usr/bin/env", "");
	assert_non_null(strstr(q->text, "AWAITD_INFERENCE_ID=id-1\n"));
	assert_non_null(strstr(q->text, "AWAITD_ENDPOINT=ep\n"));
	assert_non_null(strstr(q->text, "AWAITD_CONTENT_TYPE=text/plain\n"));
	assert_non_null(strstr(q->text, "AWAITD_CUSTOM_ATTRIBUTES=a=b c\n"));
	assert_non_null(strstr(q->text, "OMP_THREAD_LIMIT=1\n"));
	assert_non_null(strstr(q->text, "PATH="));
	assert_null(strstr(q->text, "AWAITD_ACCEPT"));
	assert_null(strstr(q->text, "SECRET_OF_OURS"));
}

static void
its_standard_error_is_the_failure(void **state)
{
	struct rig_request *q =
	    run(*state, "sh -c 'echo out; echo why >&2; exit 3'", "");

	assert_int_equal(q->verdict, MODEL_FAILED);
	assert_int_equal(q->status, 500);
	assert_string_equal(q->text, "why\n");
	assert_string_equal(q->reason, SERVER_ERROR("500"));
}

static void
a_silent_failure_is_put_into_words(void **state)
{
	struct rig_request *q = run(*state, "sh -c 'exit 3'", "");

	assert_string_equal(q->text,
	    "Model exited with status 3 and wrote nothing to its standard "
	    "error");
}

static void
a_signal_is_named(void **state)
{
	struct rig_request *q = run(*state, "sh -c 'kill -SEGV $$'", "");

	assert_int_equal(q->verdict, MODEL_FAILED);
	assert_true(str_starts(q->text, "Model was ended by signal 11 ("));
}

static void
of_much_standard_error_the_end_is_kept(void **state)
{
	struct rig_request *q = run(*state,
	    "sh -c 'head -c 20000000 /dev/zero | tr \"\\0\" x >&2; "
	    "printf end >&2; exit 1'",
	    "");

	assert_int_equal(strlen(q->text), 64 * 1024);
	assert_true(str_ends(q->text, "xend"));
}

static void
too_much_output_is_a_failure(void **state)
{
	struct rig *r = *state;
	struct rig_request *q;

	r->options.output_max = 1000;
	q = run(r, "head -c 1001 /dev/zero", "");
	assert_int_equal(q->verdict, MODEL_FAILED);
	assert_string_equal(q->text, "Model output is larger than 1000 bytes");
	assert_int_equal(q->status, 500);
}

static void
endless_output_is_ended(void **state)
{
	struct rig *r = *state;
	struct rig_request *q;

	r->options.output_max = 100000;
	q = run(r, "yes", "");
	assert_string_equal(
	    q->text, "Model output is larger than 100000 bytes");
}

static void
just_as_much_as_is_allowed_is_a_result(void **state)
{
	struct rig *r = *state;
	struct rig_request *q;

	r->options.output_max = 1000;
	q = run(r, "head -c 1000 /dev/zero", "");
	assert_int_equal(q->verdict, MODEL_OK);
}

static void
what_takes_too_long_gave_no_answer(void **state)
{
	struct rig *r = *state;
	struct rig_request *q;

	rig_command(r, "sleep 600");
	rig_model(r, NULL);
	q = rig_submit(r, "", 1);
	rig_until_done(r, 1);
	assert_int_equal(q->verdict, MODEL_FAILED);
	assert_int_equal(q->status, 0);
	assert_string_equal(q->text, "Model did not respond within 1 seconds");
	assert_string_equal(q->reason, SERVER_ERROR("0"));
}

static void
a_program_that_is_not_there_is_told_at_once(void **state)
{
	struct rig *r = *state;
	struct model_invocation v = {.payload_fd = 0, .timeout_s = 1};
	struct model_call *call = NULL;
	struct error err;

	rig_command(r, "/no/such/program");
	rig_model(r, NULL);
	r->manual = true;
	rig_submit(r, "", 1);
	v.facts = r->facts;
	v.payload_fd = r->requests[0].payload_fd;
	v.output_fd = r->requests[0].output_fd;
	assert_int_equal(
	    model_invoke(r->model, &v, NULL, NULL, &call, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_null(call);
	assert_int_equal(model_room(r->model), 1);
}

static void
no_more_run_at_once_than_may(void **state)
{
	struct rig *r = *state;
	struct model_state s;
	int i;

	r->endpoint.max_concurrent = 3;
	rig_command(r, "sleep 0.05");
	rig_model(r, NULL);
	assert_int_equal(model_room(r->model), 3);
	for (i = 0; i < 10; i++)
		rig_submit(r, "", 60);
	assert_int_equal(model_room(r->model), 0);
	model_look(r->model, &s);
	assert_int_equal(s.running, 3);
	assert_int_equal(s.in_service + s.starting + s.draining, 0);
	rig_until_done(r, 10);
	assert_int_equal(r->running_most, 3);
	assert_int_equal(model_room(r->model), 3);
}

static void
what_is_cancelled_is_silent_and_gives_its_room_back(void **state)
{
	struct rig *r = *state;
	struct rig_request *q;

	rig_command(r, "sleep 600");
	rig_model(r, NULL);
	q = rig_submit(r, "", 600);
	assert_int_equal(model_room(r->model), 0);
	model_cancel(q->call);
	assert_int_equal(model_room(r->model), 1);
	rig_turn(r);
	assert_false(q->done);
}

static bool
has_drained(struct rig *r)
{
	return r->drained;
}

static void
behind_a_drain_there_is_no_room(void **state)
{
	struct rig *r = *state;

	rig_command(r, "true");
	rig_model(r, NULL);
	rig_drain(r);
	assert_int_equal(model_room(r->model), 0);
	rig_until(r, has_drained);
}

static void
a_model_goes_with_what_runs_in_it(void **state)
{
	struct rig *r = *state;

	r->endpoint.max_concurrent = 2;
	rig_command(r, "sleep 600");
	rig_model(r, NULL);
	rig_submit(r, "", 600);
	rig_submit(r, "", 600);
	model_free(r->model);
	r->model = NULL;
	/* Returns when both were reaped. */
	loop_run(r->loop);
	assert_int_equal(r->done, 0);
}

static void
a_crash_on_demand_kills_it(void **state)
{
	struct rig *r = *state;
	struct faults *faults = faults_new();
	struct error err;

	r->options.faults = faults;
	assert_int_equal(
	    faults_add(faults, "crash-model endpoint=ep count=1", NULL, &err),
	    0);
	rig_command(r, "echo done");
	rig_model(r, NULL);
	rig_submit(r, "", 60);
	rig_until_done(r, 1);
	rig_submit(r, "", 60);
	rig_until_done(r, 2);
	assert_int_equal(r->requests[0].verdict, MODEL_FAILED);
	assert_int_equal(r->requests[0].status, 500);
	assert_true(
	    str_starts(r->requests[0].text, "Model was ended by signal 9 ("));
	assert_int_equal(r->requests[1].verdict, MODEL_OK);
	faults_free(faults);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_it_writes_is_the_result),
	    TEST(its_environment_names_the_request_and_little_else),
	    TEST(its_standard_error_is_the_failure),
	    TEST(a_silent_failure_is_put_into_words),
	    TEST(a_signal_is_named),
	    TEST(of_much_standard_error_the_end_is_kept),
	    TEST(too_much_output_is_a_failure),
	    TEST(endless_output_is_ended),
	    TEST(just_as_much_as_is_allowed_is_a_result),
	    TEST(what_takes_too_long_gave_no_answer),
	    TEST(a_program_that_is_not_there_is_told_at_once),
	    TEST(no_more_run_at_once_than_may),
	    TEST(what_is_cancelled_is_silent_and_gives_its_room_back),
	    TEST(behind_a_drain_there_is_no_room),
	    TEST(a_model_goes_with_what_runs_in_it),
	    TEST(a_crash_on_demand_kills_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
