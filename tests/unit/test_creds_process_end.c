/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How credential_process ends where that would take a minute: base/child.c is
 * replaced by a child that ends as the test says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "aws/creds_source.h"
#include "base/child.h"
#include "tests/unit/creds_rig.h"

static struct {
	int64_t timeout_ms;
	child_done_fn *done;
	void *arg;
} child;

int
child_start(struct loop *loop, const struct child_options *options,
    child_done_fn *done, void *arg, struct child **out, struct error *err)
{
	(void)loop;
	(void)err;
	child.timeout_ms = options->timeout_ms;
	child.done = done;
	child.arg = arg;
	/* It printed them, and then it hung. */
	dprintf(options->stdout_fd,
	    "{\"Version\": 1, \"AccessKeyId\": \"AK\", "
	    "\"SecretAccessKey\": \"" SECRET "\"}");
	*out = NULL;
	return 0;
}

void
child_terminate(struct child *c, int64_t grace_ms)
{
	(void)c;
	(void)grace_ms;
	fail();
}

void
child_cancel(struct child *c)
{
	assert_null(c);
}

static void
on_done(struct creds *take, const struct error *err, void *arg)
{
	assert_null(take);
	*(struct error *)arg = *err;
}

static void
a_program_has_a_minute(void **state)
{
	struct child_result r = {
	    .exit_code = -1, .signal = 15, .timed_out = true};
	struct creds_fetch_env env = {.loop = loop_new()};
	struct creds_fetch *fetch;
	struct creds_plan *plan;
	struct error err;

	(void)state;
	creds_rig_config("[default]\ncredential_process = x\n");
	plan = creds_rig_plan(NULL);
	error_clear(&err);
	assert_int_equal(
	    creds_process_start(&env, plan, on_done, &err, &fetch, &err), 0);
	assert_int_equal(child.timeout_ms, 60000);
	child.done(&r, child.arg);
	assert_int_equal(err.code, ERR_TIMEOUT);
	assert_true(err.retryable);
	assert_non_null(strstr(err.text, "still running after 60 s"));
	creds_rig_assert_discreet(&err);
	loop_run(env.loop);
	loop_free(env.loop);
	creds_plan_free(plan);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		a_program_has_a_minute, creds_rig_setup, creds_rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
