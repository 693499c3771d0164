/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a request before it is a job, and of a job done again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/sagemaker.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/intake.h"
#include "tests/support/conf_fixture.h"

#define SECTION                                                     \
	"[awaitd]\ndeployment = d\n"                                \
	"[endpoint e]\nregion = eu-west-1\ncontent_type = a/b\n"    \
	"input_prefix = s3://inputs/up\noutput_path = s3://out/o\n" \
	"request_ttl = 2m\ninvocation_timeout = 3m\n"

static struct conf *conf;
static struct job *job;

static int
setup(void **state)
{
	static const char *const names[] = {"AWS_REGION", "AWS_DEFAULT_REGION",
	    "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3",
	    "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "AWS_CONFIG_FILE",
	    "AWS_SHARED_CREDENTIALS_FILE"};
	size_t i;

	if (conf_setup(state) != 0)
		return -1;
	for (i = 0; i < ARRAY_LEN(names); i++)
		unsetenv(names[i]);
	conf = conf_must_load(SECTION, NULL);
	job = job_new();
	return 0;
}

static int
teardown(void **state)
{
	char *path = xasprintf("%s/input", conf_dir);

	job_free(job);
	conf_free(conf);
	unlink(path);
	free(path);
	return conf_teardown(state);
}

static const struct intake full = {
    .endpoint = "e",
    .content_type = "text/csv",
    .accept = "text/plain",
    .custom_attributes = "k=v",
    .inference_id = "mine",
    .extension = "ext/1",
    .filename = "f.out",
    .request_ttl_s = 90,
    .invocation_timeout_s = 30,
};

/* --- a new job ------------------------------------------------------ */

static void
what_was_asked_for_wins(void **state)
{
	const struct job_spec *spec = &job->spec;

	(void)state;
	intake_fill(&job->spec, &full, conf, conf_endpoint(conf, "e"));
	assert_string_equal(spec->endpoint, "e");
	assert_string_equal(spec->content_type, "text/csv");
	assert_string_equal(spec->accept, "text/plain");
	assert_string_equal(spec->custom_attributes, "k=v");
	assert_string_equal(spec->inference_id, "mine");
	assert_string_equal(spec->extension, "ext/1");
	assert_string_equal(spec->filename, "f.out");
	assert_int_equal(spec->request_ttl_s, 90);
	assert_int_equal(spec->invocation_timeout_s, 30);
	assert_null(spec->region);
	assert_null(spec->deliver);
	assert_null(spec->retry_of);
}

static void
the_rest_is_the_configurations(void **state)
{
	struct intake in = {.endpoint = "e"};
	const struct job_spec *spec = &job->spec;

	(void)state;
	intake_fill(&job->spec, &in, conf, conf_endpoint(conf, "e"));
	assert_string_equal(spec->content_type, "a/b");
	assert_null(spec->accept);
	assert_null(spec->inference_id);
	assert_null(spec->filename);
	assert_int_equal(spec->request_ttl_s, 120);
	assert_int_equal(spec->invocation_timeout_s, 180);
	assert_string_equal(spec->deployment, "d");
	assert_string_equal(spec->output_path, "s3://out/o");
	assert_true(spec->own_names);
}

static void
the_service_may_choose_the_names(void **state)
{
	struct intake in = {.endpoint = "e"};
	struct conf *other =
	    conf_must_load(SECTION "output_names = service\n", NULL);

	(void)state;
	intake_fill(&job->spec, &in, other, conf_endpoint(other, "e"));
	assert_false(job->spec.own_names);
	conf_free(other);
}

static void
must_refuse(const char *why)
{
	struct error err;

	assert_int_equal(intake_check(job, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	if (strstr(err.text, why) == NULL)
		fail_msg("'%s' is not in: %s", why, err.text);
}

static void
what_the_service_would_refuse_is_refused_before(void **state)
{
	struct error err;

	(void)state;
	intake_fill(&job->spec, &full, conf, conf_endpoint(conf, "e"));
	assert_int_equal(intake_check(job, &err), 0);
	job->spec.request_ttl_s = 59;
	must_refuse("RequestTTLSeconds");
	job->spec.request_ttl_s = 60;
	job->spec.invocation_timeout_s = 3601;
	must_refuse("InvocationTimeoutSeconds");
	job->spec.invocation_timeout_s = 3600;
	job->spec.filename[0] = '/';
	must_refuse("Filename");
	job->spec.filename[0] = 'f';
	job->spec.extension[0] = '?';
	must_refuse("S3OutputPathExtension");
	job->spec.extension[0] = 'e';
	job->spec.inference_id[0] = ' ';
	must_refuse("InferenceId");
	job->spec.inference_id[0] = 'm';
	job->spec.accept[0] = '\n';
	must_refuse("Accept");
	job->spec.accept[0] = 't';
	job->spec.custom_attributes[0] = '\177';
	must_refuse("CustomAttributes");
	job->spec.custom_attributes[0] = 'k';
	job->spec.content_type[0] = '\n';
	must_refuse("ContentType");
	job->spec.content_type[0] = 't';
	job->spec.input_location = xstrdup("bucket/key");
	must_refuse("InputLocation");
	xfree(&job->spec.input_location);
	job->spec.endpoint[0] = '_';
	must_refuse("EndpointName");
}

static void
an_upload_needs_a_place_that_can_be(void **state)
{
	struct error err;

	(void)state;
	job->spec.endpoint = xstrdup("e");
	job->spec.input = INPUT_FILE;
	job->spec.input_location = job_upload_place(job, "s3://inputs/up");
	assert_int_equal(intake_check(job, &err), 0);
	free(job->spec.input_location);
	job->spec.input_location = job_upload_place(job, "s3://inputs!/up");
	must_refuse("input_prefix: ");
	/* What lies there already is the service's affair. */
	job->spec.input = INPUT_LOCATION;
	assert_int_equal(intake_check(job, &err), 0);
}

static void
must_be_region(struct sites *sites, const char *endpoint, const char *flag,
    const char *want)
{
	struct error err;

	if (intake_region(&job->spec, sites, conf_endpoint(conf, endpoint),
		flag, NULL, &err) == -1)
		fail_msg("%s", err.text);
	assert_string_equal(job->spec.region, want);
}

static void
a_flag_names_the_region_before_the_section_and_the_environment(void **state)
{
	struct sites *sites = sites_new(NULL, NULL);
	struct error err;

	(void)state;
	must_be_region(sites, "e", "us-east-2", "us-east-2");
	must_be_region(sites, "e", NULL, "eu-west-1");
	assert_int_equal(intake_region(&job->spec, sites,
			     conf_endpoint(conf, "other"), NULL, NULL, &err),
	    -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_string_equal(job->spec.region, "eu-west-1");
	setenv("AWS_REGION", "ap-south-1", 1);
	must_be_region(sites, "other", NULL, "ap-south-1");
	must_be_region(sites, "e", NULL, "eu-west-1");
	setenv("AWS_ENDPOINT_URL_S3", "no-url", 1);
	assert_int_equal(intake_region(&job->spec, sites,
			     conf_endpoint(conf, "e"), "us-west-1", NULL, &err),
	    -1);
	assert_string_equal(job->spec.region, "eu-west-1");
	unsetenv("AWS_ENDPOINT_URL_S3");
	unsetenv("AWS_REGION");
	sites_free(sites);
}

static void
small_inputs_go_inline_where_they_may(void **state)
{
	const struct conf_endpoint *e = conf_endpoint(conf, "e");
	struct conf *never = conf_must_load(SECTION "inline = never\n", NULL);

	(void)state;
	assert_false(intake_inline(e, 0));
	assert_true(intake_inline(e, 1));
	assert_true(intake_inline(e, SAGEMAKER_BODY_MAX));
	assert_false(intake_inline(e, SAGEMAKER_BODY_MAX + 1));
	assert_false(intake_inline(conf_endpoint(never, "e"), 1));
	conf_free(never);
}

static void
must_say(const struct conf_endpoint *e, int64_t size, const char *why)
{
	struct error err;

	assert_int_equal(intake_no_prefix(e, size, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	if (strstr(err.text, why) == NULL)
		fail_msg("'%s' is not in: %s", why, err.text);
	assert_non_null(strstr(err.hint, "input_prefix"));
}

static void
what_needs_a_prefix_says_why(void **state)
{
	const struct conf_endpoint *e = conf_endpoint(conf, "e");
	struct conf *never = conf_must_load(SECTION "inline = never\n", NULL);

	(void)state;
	must_say(e, 0, "the input is empty");
	must_say(e, 128001, "has 128001 bytes, and at most 128000 go inline");
	must_say(conf_endpoint(never, "e"), 1, "inline = never");
	conf_free(never);
}

static void
an_endpoint_is_treated_as_its_section_says(void **state)
{
	struct conf *other = conf_must_load(
	    "[endpoint e]\npoll_start = 1s\npoll_max = 7s\npoll_interval = 2s\n"
	    "doubt_grace = 9s\ninput_prefix = s3://inputs/up\n"
	    "expected_bucket_owner = 111122223333\n",
	    NULL);
	struct engine_policy p;

	(void)state;
	memset(&p, 0xff, sizeof(p));
	intake_policy(other, "e", &p);
	assert_int_equal(p.plan.start_ms, 1000);
	assert_int_equal(p.plan.max_ms, 7000);
	assert_int_equal(p.plan.interval_ms, 2000);
	assert_int_equal(p.doubt_grace_ms, 9000);
	assert_string_equal(p.input_prefix, "s3://inputs/up");
	assert_string_equal(p.bucket_owner, "111122223333");
	intake_policy(other, "unknown", &p);
	assert_int_equal(p.plan.start_ms, 500);
	assert_int_equal(p.plan.max_ms, 30000);
	assert_int_equal(p.plan.interval_ms, 0);
	assert_int_equal(p.doubt_grace_ms, 30000);
	assert_null(p.input_prefix);
	assert_null(p.bucket_owner);
	conf_free(other);
}

/* --- the same again ------------------------------------------------- */

/* A job that failed, with everything that one may have. */
static void
make_failed(enum job_input input, bool submitted)
{
	struct job_spec *spec = &job->spec;

	intake_fill(spec, &full, conf, conf_endpoint(conf, "e"));
	spec->region = xstrdup("eu-west-1");
	spec->deliver = xstrdup("webhook w, exec x");
	spec->idempotency_key = xstrdup("key");
	spec->idempotency_hash = xstrdup("hash");
	spec->input = input;
	if (input == INPUT_BODY) {
		spec->body = xmemdup("body\0!", 6);
		spec->body_len = 6;
		spec->input_size = 6;
	} else if (input == INPUT_LOCATION) {
		spec->input_location = xstrdup("s3://b/k");
	} else {
		spec->input_path = xasprintf("%s/input", conf_dir);
		spec->input_size = 5;
		spec->input_sha256 = xstrdup("digest");
		spec->input_location = job_upload_place(job, "s3://inputs/up");
	}
	if (submitted)
		job_add_submission(job)->fate = SUB_ACCEPTED;
	job->spec.tags = xstrdup("batch:7");
	job->error_code = xstrdup("model");
	job_move(job, JOB_DONE, OUTCOME_FAILED);
}

static struct job *
must_repeat(void)
{
	struct job *again;
	struct error err;

	if (intake_repeat(job, &again, &err) == -1)
		fail_msg("%s", err.text);
	assert_string_equal(again->spec.tags, "batch:7");
	assert_string_equal(again->spec.retry_of, job->id);
	return again;
}

static void
must_be_gone(void)
{
	struct job *again = NULL;
	struct error err;

	assert_int_equal(intake_repeat(job, &again, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, job->id));
	assert_null(again);
}

static void
a_repetition_is_a_new_job_that_asks_for_the_same(void **state)
{
	struct job *again;
	const struct job_spec *spec;

	(void)state;
	make_failed(INPUT_LOCATION, true);
	again = must_repeat();
	spec = &again->spec;
	assert_string_not_equal(again->id, job->id);
	assert_int_equal(again->state, JOB_QUEUED);
	assert_int_equal(again->outcome, OUTCOME_NONE);
	assert_int_equal(again->nsubs, 0);
	assert_int_equal(again->completed_at, 0);
	assert_null(again->error_code);
	assert_string_equal(spec->endpoint, "e");
	assert_string_equal(spec->region, "eu-west-1");
	assert_string_equal(spec->content_type, "text/csv");
	assert_string_equal(spec->accept, "text/plain");
	assert_string_equal(spec->custom_attributes, "k=v");
	assert_string_equal(spec->inference_id, "mine");
	assert_string_equal(spec->extension, "ext/1");
	assert_string_equal(spec->filename, "f.out");
	assert_int_equal(spec->request_ttl_s, 90);
	assert_int_equal(spec->invocation_timeout_s, 30);
	assert_string_equal(spec->deployment, "d");
	assert_string_equal(spec->output_path, "s3://out/o");
	assert_true(spec->own_names);
	assert_string_equal(spec->deliver, "webhook w, exec x");
	assert_int_equal(spec->input, INPUT_LOCATION);
	assert_string_equal(spec->input_location, "s3://b/k");
	job_free(again);
}

static void
a_key_is_good_for_one_job(void **state)
{
	struct job *again;

	(void)state;
	make_failed(INPUT_LOCATION, true);
	again = must_repeat();
	assert_null(again->spec.idempotency_key);
	assert_null(again->spec.idempotency_hash);
	assert_string_equal(job->spec.idempotency_key, "key");
	job_free(again);
}

static void
a_repetition_of_a_repetition_names_the_nearest(void **state)
{
	struct job *again;

	(void)state;
	make_failed(INPUT_LOCATION, true);
	job->spec.retry_of = xstrdup("an earlier one");
	again = must_repeat();
	assert_string_equal(job->spec.retry_of, "an earlier one");
	job_free(again);
}

static void
an_inline_body_is_copied(void **state)
{
	struct job *again;

	(void)state;
	make_failed(INPUT_BODY, true);
	again = must_repeat();
	assert_int_equal(again->spec.input, INPUT_BODY);
	assert_int_equal(again->spec.body_len, 6);
	assert_int_equal(again->spec.input_size, 6);
	assert_memory_equal(again->spec.body, "body\0!", 6);
	assert_ptr_not_equal(again->spec.body, job->spec.body);
	job_free(again);
	free(job->spec.body);
	job->spec.body = NULL;
	must_be_gone();
}

static void
what_was_uploaded_is_used_where_it_lies(void **state)
{
	char *place;
	struct job *again;

	(void)state;
	make_failed(INPUT_FILE, true);
	job->spec.input_spooled = true;
	place = job_upload_place(job, "s3://inputs/up");
	again = must_repeat();
	assert_int_equal(again->spec.input, INPUT_LOCATION);
	assert_string_equal(again->spec.input_location, place);
	assert_null(again->spec.input_path);
	assert_null(again->spec.input_sha256);
	assert_false(again->spec.input_spooled);
	job_free(again);
	free(place);
}

static void
what_was_not_uploaded_yet_is_read_again(void **state)
{
	char *place;
	struct job *again;

	(void)state;
	make_failed(INPUT_FILE, false);
	conf_put(job->spec.input_path, "12345");
	again = must_repeat();
	place = job_upload_place(again, "s3://inputs/up");
	assert_int_equal(again->spec.input, INPUT_FILE);
	assert_string_equal(again->spec.input_path, job->spec.input_path);
	assert_string_equal(again->spec.input_sha256, "digest");
	assert_int_equal(again->spec.input_size, 5);
	assert_string_equal(again->spec.input_location, place);
	assert_false(again->spec.input_spooled);
	job_free(again);
	free(place);
}

static void
an_input_that_went_or_changed_is_gone(void **state)
{
	struct stat st;

	(void)state;
	make_failed(INPUT_FILE, false);
	must_be_gone();
	conf_put(job->spec.input_path, "1234");
	must_be_gone();
	conf_put(job->spec.input_path, "12345");
	job->spec.input_spooled = true;
	must_be_gone();
	job->spec.input_spooled = false;
	job_free(must_repeat());
	free(job->spec.input_path);
	job->spec.input_path = xstrdup(conf_dir);
	assert_int_equal(stat(conf_dir, &st), 0);
	job->spec.input_size = st.st_size;
	must_be_gone();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		what_was_asked_for_wins, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		the_rest_is_the_configurations, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		the_service_may_choose_the_names, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_the_service_would_refuse_is_refused_before, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		an_upload_needs_a_place_that_can_be, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_flag_names_the_region_before_the_section_and_the_environment,
		setup, teardown),
	    cmocka_unit_test_setup_teardown(
		small_inputs_go_inline_where_they_may, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_needs_a_prefix_says_why, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		an_endpoint_is_treated_as_its_section_says, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_repetition_is_a_new_job_that_asks_for_the_same, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		a_key_is_good_for_one_job, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_repetition_of_a_repetition_names_the_nearest, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		an_inline_body_is_copied, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_was_uploaded_is_used_where_it_lies, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_was_not_uploaded_yet_is_read_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		an_input_that_went_or_changed_is_gone, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
