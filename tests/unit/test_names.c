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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_submission_has_names_of_its_own),
	    cmocka_unit_test(the_output_path_is_what_stands_before_the_names),
	    cmocka_unit_test(only_what_has_no_answer_is_predicted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
