/* SPDX-License-Identifier: Apache-2.0 */
/* Which jobs a question finds, in which order, whatever keeps them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/contract/contract_rig.h"

/* What stands in the store, under one letter each. */
static const struct row {
	char letter;
	char repeats; /* this one's letter */
	const char *endpoint;
	const char *tags;
	enum job_state state;
	enum job_outcome outcome;
	int64_t created_at;
	const char *code;
	const char *text;
} rows[] = {
    {'a', 0, "ocr", "batch:7,nightly", JOB_DONE, OUTCOME_FAILED, 100, "model",
	"CUDA out of memory"},
    {'b', 0, "ocr", NULL, JOB_QUEUED, OUTCOME_NONE, 200, NULL, NULL},
    {'c', 0, "llm", "nightly", JOB_DONE, OUTCOME_OK, 200, NULL, NULL},
    {'d', 0, "llm", "batch:77", JOB_DONE, OUTCOME_EXPIRED, 300, "deadline",
	"no result in time"},
    {'e', 'a', "ocr", "batch:7,nightly", JOB_DONE, OUTCOME_FAILED, 400, "model",
	"out of MEMORY \xc3\x84"},
    {'f', 'd', "llm", "batch:77", JOB_PENDING, OUTCOME_NONE, 500, NULL, NULL},
    {'g', 0, "ocr", "a,b", JOB_DONE, OUTCOME_CANCELLED, 600, "cancelled", NULL},
};
static char ids[ARRAY_LEN(rows)][JOBID_SIZE];

static void
make_row(size_t i)
{
	const struct row *r = &rows[i];
	struct job *job = job_new();

	job->created_at = r->created_at;
	job->spec.endpoint = xstrdup(r->endpoint);
	job->spec.tags = xstrdup_or_null(r->tags);
	job->spec.input = INPUT_LOCATION;
	job->spec.input_location = xstrdup("s3://b/k");
	if (r->repeats != 0)
		job->spec.retry_of = xstrdup(ids[r->repeats - 'a']);
	assert_int_equal(fx_insert(job), 0);
	job_add_submission(job)->fate = SUB_ACCEPTED;
	if (r->state != JOB_QUEUED)
		job_move(job, JOB_PENDING, OUTCOME_NONE);
	if (r->state == JOB_DONE)
		job_move(job, JOB_DONE, r->outcome);
	job->error_code = xstrdup_or_null(r->code);
	job->error_text = xstrdup_or_null(r->text);
	if (r->state != JOB_QUEUED)
		assert_int_equal(fx_save(job, 1), 0);
	memcpy(ids[i], job->id, JOBID_SIZE);
	job_free(job);
}

static void
make_rows(void)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		make_row(i);
}

static char
letter_of(const char *id)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(ids[i], id) == 0)
			return rows[i].letter;
	}
	return '?';
}

static const char *
found(const struct store_query *q)
{
	static char text[16];
	size_t i;

	if (fx_query(q) == -1)
		return fx.err.text;
	for (i = 0; i < fx.n && i < sizeof(text) - 1; i++)
		text[i] = letter_of(fx.jobs[i]->id);
	text[i] = '\0';
	fx_free_jobs();
	return text;
}

static const struct filter_case {
	struct store_query q;
	const char *want;
} cases[] = {
    {{.state = NULL}, "abcdefg"},
    {{.state = "queued"}, "b"},
    {{.state = "done"}, "acdeg"},
    {{.outcome = "failed"}, "ae"},
    {{.outcome = "none"}, "bf"},
    {{.state = "queued", .outcome = "ok"}, ""},
    {{.endpoint = "llm"}, "cdf"},
    {{.endpoint = "LLM"}, ""},
    /* A tag is the whole of it. */
    {{.tag = "nightly"}, "ace"},
    {{.tag = "batch:7"}, "ae"},
    {{.tag = "batch:77"}, "df"},
    {{.tag = "batch"}, ""},
    {{.tag = "b"}, "g"},
    {{.tag = "ightly"}, ""},
    {{.tag = "Nightly"}, ""},
    {{.tag = "%"}, ""},
    {{.tag = "nightly", .outcome = "failed", .endpoint = "ocr"}, "ae"},
    {{.note = "memory"}, "ae"},
    {{.note = "MODEL"}, "ae"},
    {{.note = "cancel"}, "g"},
    {{.note = "memory \xc3\x84"}, "e"},
    {{.note = "memory \xc3\xa4"}, ""},
    {{.note = "%"}, ""},
    {{.note = "time", .tag = "batch:77"}, "d"},
    {{.since_at = 200}, "bcdefg"},
    {{.since_at = 201}, "defg"},
    {{.until_at = 200}, "a"},
    {{.since_at = 200, .until_at = 400}, "bcd"},
    {{.since_at = 601}, ""},
    {{.since_at = 200, .state = "done", .endpoint = "llm"}, "cd"},
    {{.unfinished = true}, "bf"},
    {{.unfinished = true, .outcome = "failed"}, ""},
    {{.ended_badly = true}, "adeg"},
    {{.ended_badly = true, .outcome = "ok"}, ""},
    {{.ended_badly = true, .state = "pending"}, ""},
    /* "e" repeats "a", and "f" repeats "d". */
    {{.unrepeated = true}, "bcefg"},
    {{.unrepeated = true, .ended_badly = true}, "eg"},
    {{.unrepeated = true, .outcome = "failed"}, "e"},
    {{.unrepeated = true, .tag = "batch:77"}, "f"},
};

static void
turn_round(char *text)
{
	size_t i, n = strlen(text);

	for (i = 0; i < n / 2; i++) {
		char c = text[i];

		text[i] = text[n - 1 - i];
		text[n - 1 - i] = c;
	}
}

static void
each_filter_finds_what_it_says(void **state)
{
	size_t i;

	(void)state;
	make_rows();
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct store_query q = cases[i].q;

		if (strcmp(found(&q), cases[i].want) != 0)
			fail_msg("case %zu: %s", i, found(&q));
		/* Page by page it is the same. */
		q.limit = 50;
		assert_string_equal(found(&q), cases[i].want);
	}
}

static void
the_newest_first_are_the_same_in_the_other_order(void **state)
{
	char want[16];
	size_t i;

	(void)state;
	make_rows();
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct store_query q = cases[i].q;

		q.newest = true;
		snprintf(want, sizeof(want), "%s", cases[i].want);
		turn_round(want);
		if (strcmp(found(&q), want) != 0)
			fail_msg("case %zu: %s", i, found(&q));
		q.limit = 50;
		assert_string_equal(found(&q), want);
	}
}

static void
a_page_goes_on_behind_the_last(void **state)
{
	struct store_query up = {.limit = 2, .state = "done"};
	struct store_query down = {
	    .limit = 2,
	    .state = "done",
	    .newest = true,
	};

	(void)state;
	make_rows();
	assert_string_equal(found(&up), "ac");
	up.after = ids[2];
	assert_string_equal(found(&up), "de");
	up.after = ids[4];
	assert_string_equal(found(&up), "g");
	up.after = ids[6];
	assert_string_equal(found(&up), "");
	assert_string_equal(found(&down), "ge");
	down.after = ids[4];
	assert_string_equal(found(&down), "dc");
	/* Behind one that does not fit itself. */
	down.after = ids[1];
	assert_string_equal(found(&down), "a");
	down.after = ids[0];
	assert_string_equal(found(&down), "");
	down.after = "01arz3ndektsv4rrffq69g5fav";
	assert_non_null(strstr(found(&down), "there is no"));
}

/* What is said of a job that comes from elsewhere. */
static void
a_job_is_wanted_where_the_store_would_find_it(void **state)
{
	struct error err;
	size_t i, k;

	(void)state;
	make_rows();
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		const struct store_query *q = &cases[i].q;

		for (k = 0; k < ARRAY_LEN(rows); k++) {
			struct job *job = fx_find(ids[k]);
			bool listed =
			    strchr(cases[i].want, rows[k].letter) != NULL;

			if (!q->unrepeated &&
			    store_query_wants(q, job) != listed)
				fail_msg("case %zu: %c", i, rows[k].letter);
			job_free(job);
		}
	}
	assert_int_equal(store_query_check(&cases[0].q, &err), 0);
	assert_int_equal(
	    store_query_check(&(struct store_query){.state = "gone"}, &err),
	    -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_int_equal(
	    store_query_check(&(struct store_query){.outcome = "gone"}, &err),
	    -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    BOTH(each_filter_finds_what_it_says),
	    BOTH(the_newest_first_are_the_same_in_the_other_order),
	    BOTH(a_page_goes_on_behind_the_last),
	    BOTH(a_job_is_wanted_where_the_store_would_find_it),
	};

	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
