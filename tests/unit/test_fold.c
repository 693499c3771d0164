/* SPDX-License-Identifier: Apache-2.0 */
/* Folded jobs open as they were, to the byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "job/fold.h"

#define ROUNDS 2000
#define FOLDED_MAX 260 /* bytes of a usual job */
#define TURNS 200000

/* clang-format off */
#define JOB_TEXTS(X)                                                    \
	X(spec.endpoint) X(spec.region) X(spec.content_type)            \
	X(spec.accept) X(spec.custom_attributes) X(spec.inference_id)   \
	X(spec.extension) X(spec.filename) X(spec.deployment)           \
	X(spec.output_path) X(spec.deliver) X(spec.callback_url)        \
	X(spec.traceparent) X(spec.tracestate) X(spec.tags)             \
	X(spec.retry_of)                                                \
	X(spec.idempotency_key) X(spec.idempotency_hash)                \
	X(spec.input_path) X(spec.input_sha256) X(spec.input_location)  \
	X(result_location) X(result_etag) X(result_type)                \
	X(result_sha256) X(error_code) X(error_text)                    \
	X(late_location) X(late_etag) X(late_type)

/* What is no text and does not come back by itself, or never waits. */
#define JOB_OTHERS(X)                                                   \
	X(id) X(spec.body) X(subs) X(nsubs) X(deliveries) X(ndeliveries) \
	X(next_look_at) X(next_look_why)

#define SUB_TEXTS(X)                                                    \
	X(inference_id) X(extension) X(filename) X(predicted)           \
	X(output_location) X(failure_location) X(request_id) X(note)    \
	X(before_etag)
/* clang-format on */

/* Between the members, on a machine of 64 bits: a member that fold.c does not
 * know is as good as lost, and makes it more. */
#define JOB_PADDING 25
#define SUB_PADDING 0

static struct folds *folds;
static uint32_t chance = 1;

static uint32_t
next(uint32_t below)
{
	chance = chance * 1664525 + 1013904223;
	return (chance >> 8) % below;
}

static struct job *
round_trip(struct job *job)
{
	char id[JOBID_SIZE];
	struct fold *fold;

	memcpy(id, job->id, JOBID_SIZE);
	fold = fold_job(folds, job);
	assert_non_null(fold);
	return fold_open(folds, fold, id);
}

/* --- each byte ------------------------------------------------------ */

#define MARK(name) \
	memset(map + ((char *)&of->name - (char *)of), 1, sizeof(of->name));

static void
mark_others_of_job(char *map, const struct job *of)
{
	JOB_TEXTS(MARK)
	JOB_OTHERS(MARK)
}

static void
mark_texts_of_submission(char *map, const struct submission *of)
{
	SUB_TEXTS(MARK)
}

static void
each_byte_of_a_job_comes_back(void **state)
{
	char map[sizeof(struct job)] = {0};
	size_t i, lost = 0;
	struct job *job;

	(void)state;
	job = job_new();
	mark_others_of_job(map, job);
	job_free(job);
	for (i = 0; i < sizeof(map); i++) {
		if (map[i] != 0)
			continue;
		job = job_new();
		((char *)job)[i] = 1;
		job = round_trip(job);
		lost += ((char *)job)[i] != 1;
		job_free(job);
	}
	if (sizeof(void *) == 8)
		assert_int_equal(lost, JOB_PADDING);
}

static void
each_byte_of_a_submission_comes_back(void **state)
{
	char map[sizeof(struct submission)] = {0};
	struct submission none = {0};
	size_t i, lost = 0;
	struct job *job;

	(void)state;
	mark_texts_of_submission(map, &none);
	for (i = 0; i < sizeof(map); i++) {
		if (map[i] != 0)
			continue;
		job = job_new();
		job_add_submission(job);
		((char *)job_add_submission(job))[i] = 1;
		job = round_trip(job);
		assert_int_equal(job->nsubs, 2);
		assert_int_equal(job->subs[0].n, 1);
		lost += ((char *)&job->subs[1])[i] != 1;
		job_free(job);
	}
	if (sizeof(void *) == 8)
		assert_int_equal(lost, SUB_PADDING);
}

/* --- jobs of all kinds ---------------------------------------------- */

static char *
random_text(const char *id)
{
	char *longer, *s;

	switch (next(10)) {
	case 0:
		return NULL;
	case 1:
		return xstrdup("");
	case 2:
		return xstrdup(id);
	case 3:
		return xasprintf("s3://bucket/%u/%s-1.out", next(3), id);
	case 4:
		return xasprintf("s3://bucket/%s/%s%s", id, id, id);
	case 5:
		return xasprintf("s3://bucket/%u/%u.out", next(3), next(1000));
	case 6:
		return xasprintf("%.25s", id);
	case 7:
		longer = xcalloc(1, 5001);
		memset(longer, 'a' + (int)next(26), 5000);
		s = xasprintf("%s/%s%s", longer, next(2) ? id : "", longer);
		free(longer);
		return s;
	default:
		return xasprintf("text/%u \"\xc3\xa9\x01\xff\"", next(20));
	}
}

static int64_t
random_number(void)
{
	static const int64_t odd[] = {0, 1, -1, INT64_MAX, INT64_MIN, 127, 128,
	    -64, -65, 1785700000000, 1785700000123};

	return odd[next(ARRAY_LEN(odd))];
}

static struct job *
random_job(void)
{
	struct job *job = job_new();
	struct submission *s;
	unsigned n;

#define FILL(name) job->name = random_text(job->id);
	JOB_TEXTS(FILL)
#undef FILL
	job->created_at = random_number();
	job->spec.request_ttl_s = random_number();
	job->spec.body_len = (size_t)random_number();
	job->state = (enum job_state)next(3);
	job->submitted_at = random_number();
	job->deadline_at = random_number();
	job->deadline_mono = random_number();
	job->boot = random_number();
	job->late_size = random_number();
	job->polls = next(2) ? UINT_MAX : 0;
	for (n = next(SUBMISSIONS_MAX + 1); n > 0; n--) {
		s = job_add_submission(job);
#define FILL(name) s->name = random_text(job->id);
		SUB_TEXTS(FILL)
#undef FILL
		s->fate = (enum submission_fate)next(6);
		s->intent_at = random_number();
		s->intent_mono = random_number();
		s->boot = random_number();
	}
	return job;
}

static void
same_text(const char *a, const char *b)
{
	if (a == NULL)
		assert_null(b);
	else
		assert_string_equal(a, b);
}

/* Texts by their bytes, all else as it lies there. */
static void
same_submission(const struct submission *a, const struct submission *b)
{
	struct submission x = *a, y = *b;

#define SAME(name) same_text(a->name, b->name), x.name = y.name = NULL;
	SUB_TEXTS(SAME)
#undef SAME
	assert_memory_equal(&x, &y, sizeof(x));
}

static void
same_job(const struct job *a, const struct job *b)
{
	struct job x = *a, y = *b;
	size_t i;

	assert_int_equal(a->nsubs, b->nsubs);
	for (i = 0; i < a->nsubs; i++)
		same_submission(&a->subs[i], &b->subs[i]);
#define SAME(name) same_text(a->name, b->name), x.name = y.name = NULL;
	JOB_TEXTS(SAME)
#undef SAME
	x.subs = y.subs = NULL;
	x.deliveries = y.deliveries = NULL;
	assert_memory_equal(&x, &y, sizeof(x));
}

static void
jobs_of_all_kinds_open_as_they_were(void **state)
{
	struct job *job, *twin;
	int i;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		job = random_job();
		twin = round_trip(job_clone(job, false));
		same_job(job, twin);
		job_free(job);
		job_free(twin);
		assert_int_equal(folds_shared(folds), 0);
	}
}

static void
a_body_or_a_delivery_is_not_folded(void **state)
{
	struct job *job = job_new();

	(void)state;
	job->spec.body = xstrdup("x");
	assert_null(fold_job(folds, job));
	free(job->spec.body);
	job->spec.body = NULL;
	job_add_delivery(job, delivery_new(job->id, "exec a", "e", 1));
	assert_null(fold_job(folds, job));
	job_free(job);
}

/* --- what it is for ------------------------------------------------- */

static struct job *
usual_job(void)
{
	struct job *job = job_new();
	struct submission *s = job_add_submission(job);

	job->spec.endpoint = xstrdup("ocr-production");
	job->spec.region = xstrdup("eu-central-1");
	job->spec.content_type = xstrdup("application/json");
	job->spec.deployment = xstrdup("awaitd");
	job->spec.deliver = xstrdup("webhook orders, exec archive");
	job->spec.output_path = xstrdup("s3://company-inference/ocr/out");
	job->spec.own_names = true;
	s->fate = SUB_ACCEPTED;
	s->intent_at = job->created_at + 12;
	s->ended_at = s->intent_at + 41;
	s->intent_mono = 123456789;
	s->ended_mono = s->intent_mono + 41;
	s->boot = job->boot = 1785690000000;
	s->inference_id = xasprintf("%s-1", job->id);
	s->extension = xstrdup("awaitd/2026-11-22");
	s->filename = xasprintf("%s-1.out", job->id);
	s->output_location = xasprintf(
	    "%s/%s/%s", job->spec.output_path, s->extension, s->filename);
	s->predicted = xstrdup(s->output_location);
	s->failure_location =
	    xasprintf("s3://company-inference/ocr/failed/%s/%s", s->extension,
		s->filename);
	s->request_id = xstrdup("5f1b7c0e-3d0a-4f5e-9d7b-0c6f2a9c1e11");
	job_move(job, JOB_PENDING, OUTCOME_NONE);
	job->deadline_at = job->created_at + 22560000;
	job->deadline_mono = s->ended_mono + 22560000;
	return job;
}

static void
a_usual_job_becomes_small(void **state)
{
	struct job *job = usual_job();
	char id[JOBID_SIZE];
	struct fold *fold;

	(void)state;
	memcpy(id, job->id, JOBID_SIZE);
	fold = fold_job(folds, job);
	print_message("[          ] %zu bytes\n", malloc_usable_size(fold));
	assert_true(malloc_usable_size(fold) <= FOLDED_MAX);
	assert_in_range(folds_shared(folds), 5, 12);
	fold_free(folds, fold, id);
	assert_int_equal(folds_shared(folds), 0);
}

/* How long it takes is told and not judged: others use this machine, too. */
static void
it_is_told_how_long_it_takes(void **state)
{
	struct job *first = usual_job(), *job = usual_job();
	struct fold *other;
	char id[JOBID_SIZE];
	struct timespec a, b;
	int i;

	(void)state;
	memcpy(id, first->id, JOBID_SIZE);
	other = fold_job(folds, first);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (i = 0; i < TURNS; i++)
		job = round_trip(job);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	print_message("[          ] %.2f us there and back\n",
	    ((double)(b.tv_sec - a.tv_sec) * 1e6 +
		(double)(b.tv_nsec - a.tv_nsec) / 1e3) /
		TURNS);
	fold_free(folds, other, id);
	job_free(job);
}

static int
setup(void **state)
{
	(void)state;
	folds = folds_new();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	folds_free(folds);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_byte_of_a_job_comes_back),
	    cmocka_unit_test(each_byte_of_a_submission_comes_back),
	    cmocka_unit_test(jobs_of_all_kinds_open_as_they_were),
	    cmocka_unit_test(a_body_or_a_delivery_is_not_folded),
	    cmocka_unit_test(a_usual_job_becomes_small),
	    cmocka_unit_test(it_is_told_how_long_it_takes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
