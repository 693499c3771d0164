/* SPDX-License-Identifier: Apache-2.0 */
/* Getting a job accepted: inputs, names, refusals and what is tried again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/support/flow.h"

static void
a_small_input_goes_inline_and_its_result_is_found(void **state)
{
	struct job *job = flow_job();
	struct peer_step *s;

	(void)state;
	s = reply_accepted(expect_invoke(1), 1);
	peer_body(s, "hello");
	peer_header(s, "X-Amzn-SageMaker-Content-Type", "text/plain");
	peer_header(s, "X-Amzn-SageMaker-InputLocation", NULL);
	peer_header(s, "X-Amz-Security-Token", "canary-token*");
	peer_header(s, "Authorization", "*" FLOW_KEY "*/sagemaker/*");
	flow_submit(job);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_string_equal(on_disk()->subs[0].output_location, out_uri(1));
	assert_string_equal(on_disk()->subs[0].request_id, "req-1");
	reply_found(expect_head(out_url(1)));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_string_equal(on_disk()->result_location, out_uri(1));
	assert_string_equal(on_disk()->result_etag, "\"e1\"");
	assert_string_equal(on_disk()->result_type, "text/x-result");
	assert_int_equal(on_disk()->result_size, 77);
	assert_int_equal(on_disk()->nsubs, 1);
	assert_int_equal(flow.events[ENGINE_STORED], 1);
	assert_int_equal(flow.events[ENGINE_MOVED], 2);
	assert_int_equal(log_lines(" from=queued to=pending", flow.id), 1);
	assert_int_equal(
	    log_lines(" from=pending to=done outcome=ok", flow.id), 1);
	time_passes(3600000);
}

static void
an_input_in_s3_is_passed_by_reference(void **state)
{
	struct job *job = flow_job();
	struct peer_step *s;

	(void)state;
	free(job->spec.body);
	job->spec.body = NULL;
	job->spec.body_len = 0;
	job->spec.input = INPUT_LOCATION;
	job->spec.input_location = xstrdup("s3://in/page 1.png");
	s = reply_accepted(expect_invoke(1), 1);
	peer_header(s, "X-Amzn-SageMaker-InputLocation", "s3://in/page 1.png");
	peer_body(s, "");
	flow_submit(job);
	reply_found(expect_head(out_url(1)));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(a_small_input_goes_inline_and_its_result_is_found),
	    FLOW_TEST(an_input_in_s3_is_passed_by_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
