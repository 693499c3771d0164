/* SPDX-License-Identifier: Apache-2.0 */
/*
 * S3 answers 403: not there yet, or not allowed? One question per prefix, told
 * once, and what each look costs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "tests/support/flow_hook.h"

#define MINUTE 60000
#define PATIENCE ((21600 + 900 + 60) * INT64_C(1000))
#define LISTING "*list-type=2*"
#define DENIED "<Error><Code>AccessDenied</Code><Message>%s</Message></Error>"
#define MAY_NOT(action)                                               \
	"User: arn:aws:sts::1:assumed-role/r/s is not authorized to " \
	"perform: " action " on resource: &quot;arn:aws:x&quot; because"

/* An S3 whose objects are not there, or are; who may do what. */
static struct {
	bool may_list;
	bool may_get;
	bool heads_pass; /* nothing in between refuses them */
	bool there;
	int list_status; /* instead, where it is not 0 */
	bool changes; /* a GET meets another version than the HEAD did */
	bool damaged; /* a GET brings other bytes than the store has */
	unsigned unowned; /* requests that name no owner */
	bool places; /* each result has one of its own */
	const char *message;
} s3;

static void
refuse(struct peer_answer *out)
{
	out->status = 403;
	snprintf(out->body, sizeof(out->body), DENIED, s3.message);
}

static void
serve_listing(struct peer_answer *out)
{
	out->status = s3.list_status != 0 ? s3.list_status : 200;
	if (!s3.may_list)
		refuse(out);
	else if (out->status == 200)
		snprintf(out->body, sizeof(out->body),
		    "<ListBucketResult><IsTruncated>false</IsTruncated>"
		    "</ListBucketResult>");
}

static void
serve(const char *method, const char *url, const struct headers *h,
    struct peer_answer *out, void *arg)
{
	(void)arg;
	if (!str_eq(method, "POST") &&
	    headers_get(h, "x-amz-expected-bucket-owner") == NULL)
		s3.unowned++;
	if (str_eq(method, "POST")) {
		out->status = 202;
		snprintf(out->headers, sizeof(out->headers),
		    "x-amzn-sagemaker-outputlocation: s3://out/res%s/%s/%s",
		    s3.places ? headers_get(h, "x-amzn-sagemaker-inference-id")
			      : "",
		    headers_get(h, "x-amzn-sagemaker-s3outputpathextension"),
		    headers_get(h, "x-amzn-sagemaker-filename"));
	} else if (strstr(url, "list-type=2") != NULL) {
		serve_listing(out);
	} else if (!s3.may_get || (!s3.there && !s3.may_list)) {
		refuse(out);
	} else if (!s3.there) {
		out->status = 404;
	} else {
		out->status = 200;
		snprintf(out->headers, sizeof(out->headers),
		    "ETag: \"e1\"\nContent-Length: 1%s",
		    s3.damaged ? "\nx-amz-checksum-crc32: AAAAAA==" : "");
		snprintf(out->body, sizeof(out->body), "x");
	}
	if (s3.changes && out->status == 200 && str_eq(method, "GET")) {
		out->status = 412;
		snprintf(out->body, sizeof(out->body),
		    "<Error><Code>PreconditionFailed</Code></Error>");
	}
	if (str_eq(method, "HEAD")) {
		out->body[0] = '\0';
		if (!s3.heads_pass)
			out->status = 403;
	}
}

static void
begin(void)
{
	memset(&s3, 0, sizeof(s3));
	s3.may_get = s3.heads_pass = true;
	s3.message = "Access Denied";
	peer_serve(serve, NULL);
}

static size_t
gets(void)
{
	return peer_count("GET", "*") - peer_count("GET", LISTING);
}

/* --- what is told --------------------------------------------------- */

static void
a_prefix_that_may_not_be_listed_is_told_once_with_the_remedy(void **state)
{
	(void)state;
	begin();
	flow_submit(flow_job());
	flow_submit(flow_job());
	time_passes(INT64_C(60) * MINUTE);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(log_lines(" warn ", NULL), 1);
	assert_int_equal(log_lines(" warn ",
			     "s3://out/res/: the result is not there yet, or "
			     "it may not be read: GetObject: AccessDenied"),
	    1);
	assert_int_equal(
	    log_lines(" warn ",
		"Grant s3:ListBucket on arn:aws:s3:::out (condition s3:prefix "
		"res/*, as in contrib/iam/list.json): then S3 answers 404"),
	    1);
	assert_non_null(strstr(flow.trouble.hint, "s3:ListBucket"));
	s3.there = true;
	time_passes(30000);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
where_listing_is_allowed_the_denial_is_real(void **state)
{
	(void)state;
	begin();
	s3.may_list = true;
	s3.may_get = false;
	flow_submit(flow_job());
	flow_submit(flow_job());
	time_passes(INT64_C(10) * MINUTE);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(log_lines(" warn ", NULL), 1);
	assert_int_equal(
	    log_lines(" warn ", "s3://out/res/: may not be read"), 1);
	assert_int_equal(
	    log_lines(" warn ", "Grant s3:GetObject on arn:aws:s3:::out/res/*"),
	    1);
	assert_int_equal(log_lines("Grant s3:ListBucket", NULL), 0);
	s3.may_get = s3.there = true;
	time_passes(30000);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
a_missing_key_permission_is_named(void **state)
{
	(void)state;
	begin();
	s3.may_get = false;
	s3.may_list = true;
	s3.message = MAY_NOT("kms:Decrypt");
	flow_submit(flow_job());
	time_passes(MINUTE);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(log_lines(" warn ", "Grant kms:Decrypt"), 1);
	/* S3 has said it all. */
	assert_int_equal(peer_count("GET", LISTING), 0);
}

static void
what_S3_itself_names_is_not_asked_again(void **state)
{
	(void)state;
	begin();
	s3.message = MAY_NOT("s3:ListBucket");
	flow_submit(flow_job());
	time_passes(MINUTE);
	assert_int_equal(log_lines(" warn ", "Grant s3:ListBucket"), 1);
	assert_int_equal(peer_count("GET", LISTING), 0);
}

static void
an_encrypted_result_names_the_key_s_permission(void **state)
{
	struct job *job = flow_job();

	(void)state;
	with_hook(1);
	job->spec.deliver = xstrdup("webhook hook");
	reply_accepted(expect_invoke(1), 1);
	reply_found(expect_head(out_url(1)));
	peer_reply(peer_expect("GET", out_url(1)), 403, "",
	    "<Error><Code>AccessDenied</Code><Message>" MAY_NOT(
		"kms:Decrypt") "</Message></Error>");
	peer_reply(expect_hook(), 200, "", "");
	flow_submit(job);
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(
	    log_lines("there and cannot be read", "Grant kms:Decrypt"), 1);
}

static void
a_partition_has_its_own_arns(void **state)
{
	struct job *job = flow_job();

	(void)state;
	begin();
	free(job->spec.region);
	job->spec.region = xstrdup("cn-north-1");
	flow_submit(job);
	time_passes(MINUTE);
	assert_int_equal(log_lines(" warn ", "arn:aws-cn:s3:::out"), 1);
}

static void
another_prefix_is_told_of_its_own(void **state)
{
	struct job *job = flow_job();

	(void)state;
	begin();
	flow_submit(flow_job());
	free(job->spec.endpoint);
	job->spec.endpoint = xstrdup("other");
	free(job->spec.output_path);
	job->spec.output_path = xstrdup("s3://out/other");
	flow_submit(job);
	time_passes(MINUTE);
	assert_int_equal(log_lines(" warn ", "Grant s3:ListBucket"), 2);
	assert_int_equal(peer_count("GET", LISTING), 2);
}

static void
the_deadline_tells_what_would_have_helped(void **state)
{
	(void)state;
	begin();
	flow_submit(flow_job());
	time_passes(PATIENCE);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
	assert_string_equal(on_disk()->error_code, "deadline");
	assert_non_null(strstr(on_disk()->error_text, "AccessDenied"));
	assert_non_null(strstr(on_disk()->error_text,
	    ". Grant s3:ListBucket on arn:aws:s3:::out"));
	assert_int_equal(log_lines(" warn ", NULL), 1);
}

/* A small result is read before the job is done. */
static void
never_the_same(const char *why)
{
	struct job *job = flow_job();

	with_hook(1);
	s3.there = s3.may_list = true;
	job->spec.deliver = xstrdup("webhook hook");
	flow_submit(job);
	time_passes(PATIENCE - MINUTE);
	must_be(JOB_PENDING, OUTCOME_NONE);
	time_passes(INT64_C(60) * MINUTE);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
	assert_non_null(strstr(on_disk()->error_text, why));
}

static void
a_result_that_is_another_at_each_look_ends_with_the_deadline(void **state)
{
	(void)state;
	begin();
	s3.changes = true;
	never_the_same("PreconditionFailed");
}

static void
a_result_that_is_damaged_at_each_look_ends_with_the_deadline(void **state)
{
	(void)state;
	begin();
	s3.damaged = true;
	never_the_same("CRC32");
}

static void
the_owner_goes_with_the_question_too(void **state)
{
	(void)state;
	begin();
	flow.policy.bucket_owner = "111122223333";
	flow_submit(flow_job());
	time_passes(MINUTE);
	assert_true(peer_count("GET", LISTING) > 0 && gets() > 0);
	assert_int_equal(s3.unowned, 0);
}

/* --- what it costs -------------------------------------------------- */

static void
a_thousand_jobs_make_one_probe(void **state)
{
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 1000; i++)
		engine_submit(flow.engine, flow_job());
	time_passes(5000);
	assert_true(peer_count("HEAD", "*") > 3000);
	assert_int_equal(peer_count("GET", LISTING), 1);
	assert_int_equal(gets(), 1);
	assert_int_equal(log_lines(" warn ", NULL), 1);
}

/* More than are kept: none is told of twice. */
static void
a_hundred_prefixes_are_told_of_once_each(void **state)
{
	unsigned i;

	(void)state;
	begin();
	s3.places = true;
	for (i = 0; i < 100; i++)
		engine_submit(flow.engine, flow_job());
	time_passes(10 * INT64_C(1000));
	assert_int_equal(log_lines(" warn ", "Grant s3:ListBucket"), 100);
	assert_true(peer_count("GET", LISTING) > 100);
	assert_true(gets() <= peer_count("HEAD", "*"));
}

static void
a_look_at_a_known_prefix_is_one_request(void **state)
{
	size_t looks;

	(void)state;
	begin();
	flow_submit(flow_job());
	time_passes(INT64_C(60) * MINUTE);
	looks = peer_count("HEAD", "*");
	assert_in_range(looks, 120, 160);
	/* Every quarter of an hour, and one in 17 looks. */
	assert_in_range(peer_count("GET", LISTING), 3, 4);
	assert_in_range(gets(), looks / 17, looks / 17 + 4);
}

static void
where_the_answer_is_404_nothing_is_asked(void **state)
{
	(void)state;
	begin();
	s3.may_list = true;
	flow_submit(flow_job());
	time_passes(INT64_C(10) * MINUTE);
	assert_int_equal(peer_count("GET", "*"), 0);
	assert_int_equal(log_lines(" warn ", NULL), 0);
}

static void
a_listing_that_fails_is_tried_again_a_minute_later(void **state)
{
	(void)state;
	begin();
	s3.may_get = false;
	s3.may_list = true;
	s3.list_status = 501;
	flow_submit(flow_job());
	time_passes(50000);
	assert_int_equal(peer_count("GET", LISTING), 1);
	assert_int_equal(log_lines(" warn ", NULL), 1);
	s3.list_status = 0;
	time_passes(MINUTE);
	assert_int_equal(peer_count("GET", LISTING), 2);
	assert_int_equal(log_lines(" warn ", "Grant s3:GetObject"), 1);
}

static void
heads_that_are_refused_in_between_do_not_hide_a_result(void **state)
{
	(void)state;
	begin();
	flow_submit(flow_job());
	time_passes(MINUTE);
	s3.heads_pass = false;
	s3.there = true;
	time_passes(INT64_C(10) * MINUTE);
	assert_int_equal(
	    log_lines(" warn ", "HeadObject is refused and GetObject is not"),
	    1);
}

/* --- when it changes ------------------------------------------------ */

static void
a_permission_that_comes_ends_it_and_one_that_goes_is_asked_for(void **state)
{
	size_t listings;

	(void)state;
	begin();
	flow_submit(flow_job());
	time_passes(2 * MINUTE);
	s3.may_list = true;
	time_passes(MINUTE);
	listings = peer_count("GET", LISTING);
	assert_int_equal(listings, 1);
	s3.may_list = false;
	time_passes(MINUTE);
	assert_int_equal(peer_count("GET", LISTING), 2);
	/* The words were said. */
	assert_int_equal(log_lines(" warn ", NULL), 1);
	/* And something else than before is news. */
	s3.may_list = true;
	s3.may_get = false;
	time_passes(INT64_C(16) * MINUTE);
	assert_int_equal(log_lines(" warn ", "Grant s3:GetObject"), 1);
	assert_int_equal(log_lines(" warn ", NULL), 2);
}

static void
who_gives_up_asking_leaves_it_to_others(void **state)
{
	struct job *job = flow_job();
	char first[JOBID_SIZE];

	(void)state;
	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
	memcpy(first, flow.id, sizeof(first));
	peer_reply(peer_always("HEAD", "*"), 403, "", "");
	/* Held. */
	peer_expect("GET", "*");
	time_passes(1000);
	assert_int_equal(peer_count("GET", "*"), 1);
	assert_int_equal(engine_cancel(flow.engine, first), 0);
	time_passes(0);
	begin();
	flow_submit(flow_job());
	time_passes(1000);
	assert_int_equal(peer_count("GET", LISTING), 1);
	assert_int_equal(log_lines(" warn ", "Grant s3:ListBucket"), 1);
}

static void
a_refused_signature_is_no_matter_of_permissions(void **state)
{
	struct job *job = flow_job();

	(void)state;
	reply_accepted(expect_invoke(1), 1);
	peer_reply(peer_always("HEAD", "*"), 403, "", "");
	peer_reply(peer_always("GET", "*"), 403, "",
	    "<Error><Code>SignatureDoesNotMatch</Code></Error>");
	flow_submit(job);
	time_passes(MINUTE);
	assert_int_equal(log_lines(" warn ", "SignatureDoesNotMatch"), 1);
	assert_int_equal(log_lines(" warn ", "Grant"), 0);
	assert_int_equal(peer_count("GET", LISTING), 0);
}

/* The clock is an hour wrong from now on, and a bare 403 is about that. */
static void
a_clock_that_goes_wrong_is_no_matter_of_permissions(void **state)
{
	char date[TIMEFMT_HTTP_SIZE], headers[64];

	(void)state;
	begin();
	flow_submit(flow_job());
	time_passes(MINUTE);
	assert_int_equal(log_lines(" warn ", NULL), 1);
	timefmt_http(clock_wall_ms() + 3600000, date);
	snprintf(headers, sizeof(headers), "Date: %s", date);
	peer_reply(expect_head(out_url(1)), 403, headers, "");
	s3.there = true;
	time_passes(30000);
	/* Signed anew by the right time it finds the result, at once. */
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(log_lines(" warn ", "Grant"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(
		a_prefix_that_may_not_be_listed_is_told_once_with_the_remedy),
	    FLOW_TEST(where_listing_is_allowed_the_denial_is_real),
	    FLOW_TEST(a_missing_key_permission_is_named),
	    FLOW_TEST(what_S3_itself_names_is_not_asked_again),
	    FLOW_TEST(an_encrypted_result_names_the_key_s_permission),
	    FLOW_TEST(a_partition_has_its_own_arns),
	    FLOW_TEST(another_prefix_is_told_of_its_own),
	    FLOW_TEST(the_deadline_tells_what_would_have_helped),
	    FLOW_TEST(
		a_result_that_is_another_at_each_look_ends_with_the_deadline),
	    FLOW_TEST(
		a_result_that_is_damaged_at_each_look_ends_with_the_deadline),
	    FLOW_TEST(the_owner_goes_with_the_question_too),
	    FLOW_TEST(a_thousand_jobs_make_one_probe),
	    FLOW_TEST(a_hundred_prefixes_are_told_of_once_each),
	    FLOW_TEST(a_look_at_a_known_prefix_is_one_request),
	    FLOW_TEST(where_the_answer_is_404_nothing_is_asked),
	    FLOW_TEST(a_listing_that_fails_is_tried_again_a_minute_later),
	    FLOW_TEST(heads_that_are_refused_in_between_do_not_hide_a_result),
	    FLOW_TEST(
		a_permission_that_comes_ends_it_and_one_that_goes_is_asked_for),
	    FLOW_TEST(who_gives_up_asking_leaves_it_to_others),
	    FLOW_TEST(a_refused_signature_is_no_matter_of_permissions),
	    FLOW_TEST(a_clock_that_goes_wrong_is_no_matter_of_permissions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
