/* SPDX-License-Identifier: Apache-2.0 */
/* The table of legal moves, submissions, and copies that share nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "job/job.h"

/* A delivery of another job ends the process. */
static void
a_delivery_is_of_its_own_job(void **state)
{
	struct job *job = job_new();
	int status, null;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		null = open("/dev/null", O_WRONLY);
		dup2(null, STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		job_add_delivery(job,
		    delivery_new(
			"01arz3ndektsv4rrffq69g5fav", "exec a", "e", 1));
		_exit(7);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	job_free(job);
}

/* Does the process survive it? */
static bool
may_move(enum job_state from, enum job_state to, enum job_outcome outcome)
{
	struct job *job;
	int status, null;
	pid_t pid = fork();

	if (pid == 0) {
		null = open("/dev/null", O_WRONLY);
		dup2(null, STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		job = job_new();
		job->state = from;
		job_move(job, to, outcome);
		_exit(job->state == to && job->outcome == outcome ? 7 : 8);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGABRT);
		return false;
	}
	assert_int_equal(WEXITSTATUS(status), 7);
	return true;
}

static void
only_the_moves_of_the_picture_are_legal(void **state)
{
	enum job_state from, to;
	enum job_outcome outcome;

	(void)state;
	for (from = JOB_QUEUED; from <= JOB_DONE; from++) {
		for (to = JOB_QUEUED; to <= JOB_DONE; to++) {
			for (outcome = OUTCOME_NONE;
			     outcome <= OUTCOME_CANCELLED; outcome++) {
				bool on = from < to ||
				    (from == JOB_PENDING && to == JOB_QUEUED);
				bool legal = on &&
				    (to == JOB_DONE) !=
					(outcome == OUTCOME_NONE);

				if (may_move(from, to, outcome) != legal)
					fail_msg("%s to %s %s",
					    job_state_name(from),
					    job_state_name(to),
					    job_outcome_name(outcome));
			}
		}
	}
}

static void
a_move_notes_when_it_was(void **state)
{
	struct job *job = job_new();

	(void)state;
	assert_int_equal(job->state, JOB_QUEUED);
	assert_int_equal(job->epoch, 1);
	assert_int_equal(job->created_at, jobid_time(job->id));
	job_move(job, JOB_PENDING, OUTCOME_NONE);
	assert_true(job->submitted_at >= job->created_at - 1000);
	job_move(job, JOB_QUEUED, OUTCOME_NONE);
	job_move(job, JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(job->completed_at, 0);
	job_move(job, JOB_DONE, OUTCOME_OK);
	assert_true(job->completed_at >= job->submitted_at);
	job_free(job);
}

static void
submissions_are_counted_from_one(void **state)
{
	struct job *job = job_new();
	unsigned n;

	(void)state;
	assert_null(job_last_submission(job));
	for (n = 1; n <= SUBMISSIONS_MAX; n++) {
		assert_int_equal(job_add_submission(job)->n, n);
		assert_int_equal(job_last_submission(job)->n, n);
	}
	job_free(job);
}

static void
only_what_may_have_been_accepted_is_in_doubt(void **state)
{
	enum submission_fate fate;

	(void)state;
	for (fate = SUB_OPEN; fate <= SUB_FAILED; fate++) {
		struct job *job = job_new();

		assert_false(job_in_doubt(job));
		job_add_submission(job)->fate = fate;
		assert_int_equal(
		    job_in_doubt(job), fate == SUB_OPEN || fate == SUB_DOUBT);
		/* Whatever came of a later one. */
		job->subs[0].fate = SUB_DOUBT;
		job_add_submission(job)->fate = fate;
		assert_true(job_in_doubt(job));
		job_move(job, JOB_PENDING, OUTCOME_NONE);
		assert_false(job_in_doubt(job));
		job_free(job);
	}
}

static void
a_copy_shares_nothing_with_its_original(void **state)
{
	struct job *job = job_new(), *copy, *bare;

	(void)state;
	job->spec.endpoint = xstrdup("ocr");
	job->spec.body = xmemdup("a\0b", 3);
	job->spec.body_len = 3;
	job->error_text = xstrdup("words");
	job_add_submission(job)->filename = xstrdup("f.out");
	job->spec.deliver = xstrdup("exec a");
	job->result_sha256 = xstrdup("5e");
	job_add_delivery(job, delivery_new(job->id, "exec a", "e", 1));
	delivery_set_body(job->deliveries[0], "bytes", 5);
	copy = job_clone(job, true);
	bare = job_clone(job, false);
	job_free(job);
	assert_string_equal(copy->spec.endpoint, "ocr");
	assert_memory_equal(copy->spec.body, "a\0b", 3);
	assert_string_equal(copy->error_text, "words");
	assert_string_equal(copy->subs[0].filename, "f.out");
	assert_string_equal(copy->spec.deliver, "exec a");
	assert_string_equal(copy->result_sha256, "5e");
	assert_int_equal(copy->ndeliveries, 1);
	assert_memory_equal(copy->deliveries[0]->body, "bytes", 5);
	/* What is to be delivered is no input. */
	assert_int_equal(bare->ndeliveries, 1);
	assert_memory_equal(bare->deliveries[0]->body, "bytes", 5);
	assert_null(bare->spec.body);
	assert_int_equal(bare->spec.body_len, 3);
	job_free(copy);
	job_free(bare);
	job_free(NULL);
}

static void
every_value_has_its_name(void **state)
{
	static const char digits[] = "123456789abcdefghijklmnopqrstuv";
	unsigned n;

	(void)state;
	assert_string_equal(job_state_name(JOB_QUEUED), "queued");
	assert_string_equal(job_state_name(JOB_PENDING), "pending");
	assert_string_equal(job_state_name(JOB_DONE), "done");
	assert_string_equal(job_outcome_name(OUTCOME_NONE), "none");
	assert_string_equal(job_outcome_name(OUTCOME_OK), "ok");
	assert_string_equal(job_outcome_name(OUTCOME_FAILED), "failed");
	assert_string_equal(job_outcome_name(OUTCOME_EXPIRED), "expired");
	assert_string_equal(job_outcome_name(OUTCOME_CANCELLED), "cancelled");
	assert_string_equal(submission_fate_name(SUB_OPEN), "open");
	assert_string_equal(submission_fate_name(SUB_ACCEPTED), "accepted");
	assert_string_equal(submission_fate_name(SUB_NOT_SENT), "not-sent");
	assert_string_equal(submission_fate_name(SUB_REFUSED), "refused");
	assert_string_equal(submission_fate_name(SUB_DOUBT), "in-doubt");
	assert_string_equal(submission_fate_name(SUB_FAILED), "failed");
	for (n = 1; n <= SUBMISSIONS_MAX; n++)
		assert_int_equal(submission_digit(n), digits[n - 1]);
}

static void
every_name_has_its_value(void **state)
{
	enum job_state s;
	enum job_outcome o;
	enum submission_fate f;
	unsigned i;

	(void)state;
	for (i = JOB_QUEUED; i <= JOB_DONE; i++) {
		assert_int_equal(
		    job_state_parse(job_state_name((enum job_state)i), &s), 0);
		assert_int_equal(s, i);
	}
	for (i = OUTCOME_NONE; i <= OUTCOME_CANCELLED; i++) {
		assert_int_equal(job_outcome_parse(
				     job_outcome_name((enum job_outcome)i), &o),
		    0);
		assert_int_equal(o, i);
	}
	for (i = SUB_OPEN; i <= SUB_FAILED; i++) {
		assert_int_equal(
		    submission_fate_parse(
			submission_fate_name((enum submission_fate)i), &f),
		    0);
		assert_int_equal(f, i);
	}
	assert_int_equal(job_state_parse("DONE", &s), -1);
	assert_int_equal(s, JOB_DONE);
	assert_int_equal(job_outcome_parse("", &o), -1);
	assert_int_equal(o, OUTCOME_CANCELLED);
	assert_int_equal(submission_fate_parse("done", &f), -1);
	assert_int_equal(f, SUB_FAILED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_the_moves_of_the_picture_are_legal),
	    cmocka_unit_test(a_move_notes_when_it_was),
	    cmocka_unit_test(submissions_are_counted_from_one),
	    cmocka_unit_test(only_what_may_have_been_accepted_is_in_doubt),
	    cmocka_unit_test(a_delivery_is_of_its_own_job),
	    cmocka_unit_test(a_copy_shares_nothing_with_its_original),
	    cmocka_unit_test(every_value_has_its_name),
	    cmocka_unit_test(every_name_has_its_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
