/* SPDX-License-Identifier: Apache-2.0 */
/* What every backend promises: notifications that came, and what they told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/contract/contract_rig.h"

#define TOPIC "arn:aws:sns:us-east-1:123456789012:done"

/* A notice whose strings are borrowed. */
static struct store_notice
notice(const char *id, const char *job, const char *reason)
{
	static char source[] = TOPIC, endpoint[] = "ocr";
	static char ids[3][80];
	struct store_notice n = {
	    .source = source,
	    .message_id = ids[0],
	    .forget_at = 100,
	    .told.job = ids[1],
	    .told.event_at = 7,
	};

	snprintf(ids[0], sizeof(ids[0]), "%s", id);
	snprintf(ids[1], sizeof(ids[1]), "%s", job);
	if (reason != NULL) {
		snprintf(ids[2], sizeof(ids[2]), "%.70s", reason);
		n.told.inference_id = ids[1];
		n.told.endpoint = endpoint;
		n.told.reason = ids[2];
	}
	return n;
}

struct saw {
	struct asked a;
	enum store_seen seen;
};

static void
on_seen(enum store_seen seen, const struct error *err, void *arg)
{
	struct saw *s = arg;

	s->seen = seen;
	on_asked(err, &s->a);
}

static enum store_seen
see_it(const struct store_notice *n)
{
	struct saw s = {.seen = STORE_SEEN_NO_JOB};

	store_see(fx.store, n, on_seen, &s);
	await_asked(&s.a);
	assert_int_equal(s.a.err.code, ERR_NONE);
	return s.seen;
}

static enum store_seen
see(const char *id, const char *job, const char *reason)
{
	struct store_notice n = notice(id, job, reason);

	return see_it(&n);
}

struct heard {
	struct asked a;
	char text[400];
};

static void
on_told(
    const struct store_told *v, size_t n, const struct error *err, void *arg)
{
	struct heard *h = arg;
	size_t i, len;

	h->text[0] = '\0';
	for (i = 0; i < n; i++) {
		len = strlen(h->text);
		snprintf(h->text + len, sizeof(h->text) - len,
		    "%.4s %s %s %s %d;", v[i].job + 22, v[i].inference_id + 22,
		    v[i].endpoint != NULL ? v[i].endpoint : "-", v[i].reason,
		    (int)v[i].event_at);
	}
	on_asked(err, &h->a);
}

static void
must_be_told(const char *wanted)
{
	struct heard h = {.text = ""};

	store_recall_told(fx.store, on_told, &h);
	await_asked(&h.a);
	assert_int_equal(h.a.err.code, ERR_NONE);
	assert_string_equal(h.text, wanted);
}

static void
a_copy_is_known_by_source_and_id(void **state)
{
	struct job *job = new_job("a");
	struct store_notice n;
	char other[] = TOPIC "2";

	(void)state;
	assert_int_equal(see("m1", job->id, NULL), STORE_SEEN_NOW);
	assert_int_equal(see("m1", job->id, NULL), STORE_SEEN_BEFORE);
	assert_int_equal(see("m2", job->id, NULL), STORE_SEEN_NOW);
	n = notice("m1", job->id, NULL);
	n.source = other;
	assert_int_equal(see_it(&n), STORE_SEEN_NOW);
	assert_int_equal(see_it(&n), STORE_SEEN_BEFORE);
	must_be_told("");
	job_free(job);
}

static void
of_no_job_none_is_noted(void **state)
{
	struct job *job = fx_small_job();

	(void)state;
	assert_int_equal(see("m1", job->id, "why"), STORE_SEEN_NO_JOB);
	assert_int_equal(fx_insert(job), 0);
	must_be_told("");
	assert_int_equal(see("m1", job->id, NULL), STORE_SEEN_NOW);
	job_free(job);
}

static char *
told(const struct job *job, const char *reason)
{
	return xasprintf("%s %s ocr %s 7;", job->id + 22, job->id + 22, reason);
}

static void
what_is_told_first_stays(void **state)
{
	struct job *job = new_job("a");
	char *wanted = told(job, "why");

	(void)state;
	assert_int_equal(see("m1", job->id, "why"), STORE_SEEN_NOW);
	assert_int_equal(see("m2", job->id, "other"), STORE_SEEN_NOW);
	assert_int_equal(see("m1", job->id, "third"), STORE_SEEN_BEFORE);
	must_be_told(wanted);
	free(wanted);
	job_free(job);
}

static void
a_copy_tells_nothing(void **state)
{
	struct job *job = new_job("a");

	(void)state;
	assert_int_equal(see("m1", job->id, NULL), STORE_SEEN_NOW);
	assert_int_equal(see("m1", job->id, "why"), STORE_SEEN_BEFORE);
	must_be_told("");
	job_free(job);
}

static void
what_was_told_of_a_job_that_is_done_is_not_recalled(void **state)
{
	struct job *job = new_job("a"), *open = new_job("b");
	char *wanted = told(open, "y");

	(void)state;
	assert_int_equal(see("m1", job->id, "x"), STORE_SEEN_NOW);
	assert_int_equal(see("m2", open->id, "y"), STORE_SEEN_NOW);
	job_move(job, JOB_DONE, OUTCOME_FAILED);
	job->completed_at = 10;
	assert_int_equal(fx_save(job, 0), 0);
	must_be_told(wanted);
	/* It is known still, and goes with the job. */
	assert_int_equal(see("m3", job->id, "x"), STORE_SEEN_NOW);
	assert_int_equal(fx_prune(11, 9), 1);
	must_be_told(wanted);
	assert_int_equal(see("m4", job->id, "x"), STORE_SEEN_NO_JOB);
	free(wanted);
	job_free(job);
	job_free(open);
}

static int
forget_notices(int64_t before_at, size_t limit)
{
	struct store_forget f = {
	    .before_at = INT64_MIN,
	    .keys_before_at = INT64_MIN,
	    .notices_before_at = before_at,
	    .limit = limit,
	};

	return forget_all(&f);
}

static void
they_are_forgotten_by_their_own_instant(void **state)
{
	struct job *job = new_job("a");
	struct store_notice n;
	char *wanted = told(job, "why");
	char id[8];
	int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		snprintf(id, sizeof(id), "m%d", i);
		n = notice(id, job->id, i == 0 ? "why" : NULL);
		n.forget_at = 10 + i;
		assert_int_equal(see_it(&n), STORE_SEEN_NOW);
	}
	assert_int_equal(forget_notices(10, 9), 0);
	assert_int_equal(forget_notices(14, 3), 3);
	assert_int_equal(forget_notices(14, 3), 1);
	assert_int_equal(forget_notices(14, 3), 0);
	assert_int_equal(see("m4", job->id, NULL), STORE_SEEN_BEFORE);
	assert_int_equal(see("m0", job->id, NULL), STORE_SEEN_NOW);
	/* What it told is not forgotten with it. */
	must_be_told(wanted);
	free(wanted);
	job_free(job);
}

static void
what_was_told_is_forgotten_when_its_job_is_done(void **state)
{
	struct job *job = new_job("a"), *open = new_job("b");
	char *wanted = told(open, "y");

	(void)state;
	assert_int_equal(see("m1", job->id, "x"), STORE_SEEN_NOW);
	assert_int_equal(see("m2", open->id, "y"), STORE_SEEN_NOW);
	assert_int_equal(forget_notices(10, 9), 0);
	job_move(job, JOB_DONE, OUTCOME_FAILED);
	assert_int_equal(fx_save(job, 0), 0);
	/* It is counted as no job, and as no key. */
	assert_int_equal(forget(1, 1, 9), 0);
	assert_int_equal(forget_notices(10, 9), 1);
	assert_int_equal(forget_notices(10, 9), 0);
	must_be_told(wanted);
	free(wanted);
	job_free(job);
	job_free(open);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    BOTH(a_copy_is_known_by_source_and_id),
	    BOTH(of_no_job_none_is_noted),
	    BOTH(what_is_told_first_stays),
	    BOTH(a_copy_tells_nothing),
	    BOTH(what_was_told_of_a_job_that_is_done_is_not_recalled),
	    BOTH(they_are_forgotten_by_their_own_instant),
	    BOTH(what_was_told_is_forgotten_when_its_job_is_done),
	};

	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
