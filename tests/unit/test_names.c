/* SPDX-License-Identifier: Apache-2.0 */
/* What a submission is called, and where its result will therefore be. */
#include "engine/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static struct job *
named_job(unsigned submissions)
{
	struct job *job = job_new();

	job->spec.own_names = true;
	job->spec.deployment = xstrdup("dep");
	while (submissions-- > 0)
		names_choose(job, job_add_submission(job));
	return job;
}

/* The path that a 202 with this place lets see. */
static void
must_learn(const char *location, const char *path)
{
	struct submission s = {
	    .extension = (char[]){"dep/day"},
	    .filename = (char[]){"f.out"},
	    .output_location = xstrdup(location),
	};
	char *got = names_output_path(&s);

	if (path == NULL)
		assert_null(got);
	else
		assert_string_equal(got, path);
	free(got);
	free(s.output_location);
}

static void
each_submission_has_names_of_its_own(void **state)
{
	struct job *job = named_job(2);

	(void)state;
	assert_string_not_equal(
	    job->subs[0].inference_id, job->subs[1].inference_id);
	assert_string_not_equal(job->subs[0].filename, job->subs[1].filename);
	assert_int_equal(strlen(job->subs[0].filename), 32);
	assert_memory_equal(job->subs[0].filename, job->id, JOBID_LEN);
	assert_memory_equal(job->subs[0].extension, "dep/20", 6);
	job_free(job);
}

static void
the_output_path_is_what_stands_before_the_names(void **state)
{
	(void)state;
	must_learn("s3://b/out/dep/day/f.out", "s3://b/out/");
	must_learn("s3://b/dep/day/f.out", "s3://b/");
	must_learn("s3://b/out/f.out", NULL);
	must_learn("s3://b/out/xdep/day/f.out", NULL);
	must_learn("s3://b/out/dep/day/g.out", NULL);
	must_learn("dep/day/f.out", NULL);
}

static void
only_what_has_no_answer_is_predicted(void **state)
{
	struct job *job = named_job(2);
	char want[200];

	(void)state;
	job->subs[1].output_location = xstrdup("s3://b/elsewhere");
	names_predict(job, NULL);
	assert_null(job->subs[0].predicted);
	names_predict(job, "s3://b/out");
	snprintf(want, sizeof(want), "s3://b/out/%s/%s", job->subs[0].extension,
	    job->subs[0].filename);
	assert_string_equal(job->subs[0].predicted, want);
	assert_null(job->subs[1].predicted);
	names_predict(job, "s3://other/");
	assert_string_equal(job->subs[0].predicted, want);
	job_free(job);
}

/* --- failures ------------------------------------------------------- */

static void
set_failure(struct submission *s, const char *location)
{
	free(s->failure_location);
	s->failure_location = xstrdup(location);
}

/* The pattern of one submission's failure finds that of another. */
static void
a_failure_that_follows_the_name_is_found_for_others(void **state)
{
	struct job *job = named_job(2), *other = named_job(1);
	char place[200], want[200], *pattern, *got;

	(void)state;
	snprintf(place, sizeof(place), "s3://b/fail/%s/%s-error.out",
	    job->subs[0].extension, job->subs[0].filename);
	set_failure(&job->subs[0], place);
	pattern = names_failure_pattern(job, &job->subs[0]);
	assert_string_equal(pattern, "s3://b/fail/{ext}/{name}.out-error.out");
	assert_true(names_pattern_ok(pattern));
	got = names_failure(job, &job->subs[1], pattern);
	snprintf(want, sizeof(want), "s3://b/fail/%s/%s-error.out",
	    job->subs[1].extension, job->subs[1].filename);
	assert_string_equal(got, want);
	free(got);
	xfree(&other->subs[0].extension);
	other->subs[0].extension = xstrdup("dep/another-day");
	got = names_failure(other, &other->subs[0], pattern);
	snprintf(want, sizeof(want), "s3://b/fail/dep/another-day/%s-error.out",
	    other->subs[0].filename);
	assert_string_equal(got, want);
	free(got);
	assert_null(names_failure(job, &job->subs[0], NULL));
	free(pattern);
	job_free(job);
	job_free(other);
}

static void
what_does_not_follow_a_name_of_ours_teaches_nothing(void **state)
{
	struct job *job = named_job(1);
	struct submission *s = &job->subs[0];
	char place[200];

	(void)state;
	assert_null(names_failure_pattern(job, s));
	set_failure(s, "s3://b/fail/0b7c-error.out");
	assert_null(names_failure_pattern(job, s));
	snprintf(place, sizeof(place), "s3://b/%s-1/%s-1", job->id, job->id);
	set_failure(s, place);
	assert_null(names_failure_pattern(job, s));
	snprintf(place, sizeof(place), "s3://b/{name}/%s-1", job->id);
	set_failure(s, place);
	assert_null(names_failure_pattern(job, s));
	/* A name of the caller's may be found in any other. */
	snprintf(place, sizeof(place), "s3://b/%s-1", job->id);
	set_failure(s, place);
	job->spec.filename = xstrdup(s->filename);
	assert_null(names_failure_pattern(job, s));
	assert_null(names_failure(job, s, "s3://b/{name}"));
	job_free(job);
}

static void
a_pattern_is_one_that_a_202_may_have_led_to(void **state)
{
	(void)state;
	assert_true(names_pattern_ok("s3://b/{name}"));
	assert_false(names_pattern_ok(""));
	assert_false(names_pattern_ok("s3://b/x"));
	assert_false(names_pattern_ok("s3://{name}"));
	assert_false(names_pattern_ok("s3:///{name}"));
	assert_false(names_pattern_ok("http://b/{name}"));
	assert_false(names_pattern_ok("s3://b/{name}/{name}"));
	assert_false(names_pattern_ok("s3://b/\n{name}"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_submission_has_names_of_its_own),
	    cmocka_unit_test(the_output_path_is_what_stands_before_the_names),
	    cmocka_unit_test(only_what_has_no_answer_is_predicted),
	    cmocka_unit_test(
		a_failure_that_follows_the_name_is_found_for_others),
	    cmocka_unit_test(
		what_does_not_follow_a_name_of_ours_teaches_nothing),
	    cmocka_unit_test(a_pattern_is_one_that_a_202_may_have_led_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
