/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures from the receiving end. The requests are those of S3's own
 * documentation, so that signer and verifier cannot be wrong together.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "aws/sigv4_verify.h"

#define DAY "20130524"
#define SIGNATURE \
	"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
#define AUTHORIZATION                                           \
	"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/" DAY \
	"/us-east-1/s3/aws4_request,SignedHeaders=host;range;"  \
	"x-amz-content-sha256;x-amz-date,Signature=" SIGNATURE

/* "GET Object" of "Signature calculations: examples", S3 API reference. */
static const struct sigv4_user users[] = {
    {"other", "AKIDOTHER", "secret", NULL, true},
    {"doc", "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	NULL, true},
};
static const struct sigv4_clients auth = {users, 2, "us-east-1", 0};

struct fixture {
	struct headers h;
	struct sigv4_claim claim;
	struct sigv4_received r;
	int64_t now_at;
};

static int
setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	headers_init(&f.h);
	headers_add(&f.h, "Host", "examplebucket.s3.amazonaws.com");
	headers_add(&f.h, "Authorization", AUTHORIZATION);
	headers_add(&f.h, "Range", "bytes=0-9");
	headers_add(&f.h, "x-amz-content-sha256", SIGV4_EMPTY_SHA256);
	headers_add(&f.h, "x-amz-date", DAY "T000000Z");
	sigv4_claim_init(&f.claim);
	f.r = (struct sigv4_received){
	    "GET", "/test.txt", "", &f.h, SIGV4_EMPTY_SHA256};
	timefmt_parse_amz(DAY "T000000Z", &f.now_at);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	headers_done(&f->h);
	sigv4_claim_done(&f->claim);
	sigv4_forget_keys();
	return 0;
}

static enum sigv4_verdict
check(struct fixture *f)
{
	enum sigv4_verdict v;

	sigv4_claim_done(&f->claim);
	sigv4_claim_init(&f->claim);
	v = sigv4_claim_parse(&f->h, f->r.query, &f->claim);
	if (v == SIGV4_OK)
		v = sigv4_admit(&auth, "s3", &f->h, f->now_at, &f->claim);
	return v == SIGV4_OK ? sigv4_verify(&f->claim, &f->r) : v;
}

static void
the_documented_request_is_accepted(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(check(f), SIGV4_OK);
	assert_string_equal(f->claim.user->name, "doc");
	assert_string_equal(f->claim.service, "s3");
}

static void
a_change_anywhere_is_a_mismatch(void **state)
{
	struct fixture *f = *state;

	f->r.method = "PUT";
	assert_int_equal(check(f), SIGV4_MISMATCH);
	f->r.method = "GET";
	f->r.path = "/test.txt/";
	assert_int_equal(check(f), SIGV4_MISMATCH);
	f->r.path = "/test.txt";
	f->r.query = "a=b";
	assert_int_equal(check(f), SIGV4_MISMATCH);
	f->r.query = "";
	f->r.payload_hash = SIGV4_UNSIGNED_PAYLOAD;
	assert_int_equal(check(f), SIGV4_MISMATCH);
	f->r.payload_hash = SIGV4_EMPTY_SHA256;
	headers_set(&f->h, "Range", "bytes=0-8");
	assert_int_equal(check(f), SIGV4_MISMATCH);
	assert_non_null(strstr(f->claim.canonical.data, "range:bytes=0-8"));
	headers_add(&f->h, "Range", "bytes=0-9");
	assert_int_equal(check(f), SIGV4_MISMATCH);
	headers_remove(&f->h, "Range");
	assert_int_equal(check(f), SIGV4_MISMATCH);
}

static void
every_digit_of_the_signature_counts(void **state)
{
	struct fixture *f = *state;
	char text[sizeof(AUTHORIZATION)];
	size_t start = strlen(AUTHORIZATION) - strlen(SIGNATURE), i;

	for (i = 0; i < strlen(SIGNATURE); i++) {
		memcpy(text, AUTHORIZATION, sizeof(text));
		text[start + i] = text[start + i] == '0' ? '1' : '0';
		headers_set(&f->h, "Authorization", text);
		assert_int_equal(check(f), SIGV4_MISMATCH);
	}
}

/* In order, each once: or two could read it differently. */
static void
the_list_of_signed_headers_is_as_it_was_signed(void **state)
{
	static const char *const lists[] = {
	    "range;host;x-amz-content-sha256;x-amz-date",
	    "host;host;range;x-amz-content-sha256;x-amz-date",
	    "Host;range;x-amz-content-sha256;x-amz-date",
	    "host;range;x-amz-content-sha256;x-amz-date;",
	    ";host;range;x-amz-content-sha256;x-amz-date",
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(lists); i++) {
		char *text = xasprintf("AWS4-HMAC-SHA256 Credential="
				       "AKIAIOSFODNN7EXAMPLE/" DAY
				       "/us-east-1/s3/aws4_request,"
				       "SignedHeaders=%s,Signature=" SIGNATURE,
		    lists[i]);

		headers_set(&f->h, "Authorization", text);
		if (check(f) != SIGV4_MISMATCH)
			fail_msg("'%s' was taken", lists[i]);
		free(text);
	}
}

static void
clocks_may_be_off_by_so_much_and_no_more(void **state)
{
	struct fixture *f = *state;
	int64_t at = f->now_at, skew = INT64_C(15) * 60 * 1000;

	f->now_at = at + skew;
	assert_int_equal(check(f), SIGV4_OK);
	f->now_at = at + skew + 1;
	assert_int_equal(check(f), SIGV4_EXPIRED);
	f->now_at = at - skew;
	assert_int_equal(check(f), SIGV4_OK);
	f->now_at = at - skew - 1;
	assert_int_equal(check(f), SIGV4_FUTURE);
	assert_int_equal(sigv4_skew_ms("sagemaker"), 5 * 60 * 1000);
}

static void
amz_headers_must_be_signed(void **state)
{
	struct fixture *f = *state;

	headers_add(&f->h, "X-Amz-Meta-Late", "1");
	assert_int_equal(check(f), SIGV4_NOT_SIGNED);
	assert_string_equal(f->claim.detail, "X-Amz-Meta-Late");
}

static void
members_of_the_request_must_be_signed(void **state)
{
	struct fixture *f = *state;

	headers_add(&f->h, "X-Amzn-Trace-Id", "Root=1");
	assert_int_equal(check(f), SIGV4_OK);
	headers_add(&f->h, "X-Amzn-SageMaker-Filename", "evil.out");
	assert_int_equal(check(f), SIGV4_NOT_SIGNED);
	assert_string_equal(f->claim.detail, "X-Amzn-SageMaker-Filename");
}

static void
a_signed_header_stands_there_once(void **state)
{
	struct fixture *f = *state;
	char *date = xstrdup(headers_get(&f->h, "x-amz-date"));

	headers_add(&f->h, "x-amz-date", date);
	assert_int_equal(check(f), SIGV4_MALFORMED);
	free(date);
}

static void
what_is_not_ours_is_told_apart(void **state)
{
	struct fixture *f = *state;
	struct sigv4_clients other = auth;

	assert_int_equal(sigv4_claim_parse(&f->h, "", &f->claim), SIGV4_OK);
	assert_int_equal(
	    sigv4_admit(&auth, "sagemaker", &f->h, f->now_at, &f->claim),
	    SIGV4_WRONG_SERVICE);
	other.region = "eu-west-1";
	assert_int_equal(sigv4_admit(&other, "s3", &f->h, f->now_at, &f->claim),
	    SIGV4_WRONG_REGION);
	other = auth;
	other.n = 1;
	assert_int_equal(sigv4_admit(&other, "s3", &f->h, f->now_at, &f->claim),
	    SIGV4_UNKNOWN_KEY);
	headers_add(&f->h, "X-Amz-Security-Token", "t");
	assert_int_equal(check(f), SIGV4_TOKEN);
}

static void
a_user_with_a_session_token_has_to_send_it(void **state)
{
	struct fixture *f = *state;
	struct sigv4_user own[8];
	struct sigv4_clients with = auth;
	size_t i;

	assert_true(auth.n <= ARRAY_LEN(own));
	memcpy(own, auth.users, auth.n * sizeof(*own));
	for (i = 0; i < auth.n; i++)
		own[i].session_token = "t1";
	with.users = own;
	assert_int_equal(sigv4_claim_parse(&f->h, "", &f->claim), SIGV4_OK);
	assert_int_equal(
	    sigv4_admit(&with, "s3", &f->h, f->now_at, &f->claim), SIGV4_TOKEN);
	headers_set(&f->h, "X-Amz-Security-Token", "t2");
	assert_int_equal(
	    sigv4_admit(&with, "s3", &f->h, f->now_at, &f->claim), SIGV4_TOKEN);
	headers_set(&f->h, "X-Amz-Security-Token", "t1");
	assert_int_equal(
	    sigv4_admit(&with, "s3", &f->h, f->now_at, &f->claim), SIGV4_OK);
	/* It came in later: it is not signed. */
	assert_int_equal(sigv4_verify(&f->claim, &f->r), SIGV4_NOT_SIGNED);
}

static void
a_missing_signature_is_not_a_presigned_one(void **state)
{
	struct fixture *f = *state;

	headers_remove(&f->h, "Authorization");
	assert_int_equal(check(f), SIGV4_MISSING);
	f->r.query = "X-Amz-Algorithm=x&X-Amz-Signature=00";
	assert_int_equal(check(f), SIGV4_MALFORMED);
	assert_int_equal(f->claim.form, SIGV4_FORM_QUERY);
}

/* --- presigned URLs ------------------------------------------------- */

/* "Authenticating Requests: Using Query Parameters", S3 API reference. */
#define Q_ALGORITHM "X-Amz-Algorithm=AWS4-HMAC-SHA256"
#define Q_CREDENTIAL                                    \
	"&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F" DAY \
	"%2Fus-east-1%2Fs3%2Faws4_request"
#define Q_DATE "&X-Amz-Date=" DAY "T000000Z"
#define Q_EXPIRES "&X-Amz-Expires=86400"
#define Q_HEADERS "&X-Amz-SignedHeaders=host"
#define Q_SIGNATURE                                              \
	"&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f9953" \
	"30da4c265957d157751f604d404"
#define Q_ALL Q_ALGORITHM Q_CREDENTIAL Q_DATE Q_EXPIRES Q_HEADERS Q_SIGNATURE

static void
presign(struct fixture *f, const char *query)
{
	headers_done(&f->h);
	headers_init(&f->h);
	headers_add(&f->h, "Host", "examplebucket.s3.amazonaws.com");
	f->r.query = query;
	f->r.payload_hash = SIGV4_UNSIGNED_PAYLOAD;
}

static void
the_documented_presigned_url_is_accepted(void **state)
{
	struct fixture *f = *state;

	presign(f, Q_ALL);
	assert_int_equal(check(f), SIGV4_OK);
	assert_string_equal(f->claim.user->name, "doc");
	assert_int_equal(f->claim.form, SIGV4_FORM_QUERY);
	assert_int_equal(f->claim.expires_s, 86400);
	/* The order of the parameters is nobody's business. */
	f->r.query =
	    Q_ALGORITHM Q_SIGNATURE Q_CREDENTIAL Q_HEADERS Q_EXPIRES Q_DATE;
	assert_int_equal(check(f), SIGV4_OK);
	f->r.query = Q_ALGORITHM Q_CREDENTIAL Q_DATE Q_EXPIRES Q_HEADERS
	    "&X%2DAmz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f9953"
	    "30da4c265957d157751f604d404";
	assert_int_equal(check(f), SIGV4_OK);
}

static void
a_change_of_a_presigned_request_is_a_mismatch(void **state)
{
	struct fixture *f = *state;

	presign(f, Q_ALL "&response-content-type=text%2Fhtml");
	assert_int_equal(check(f), SIGV4_MISMATCH);
	f->r.query = Q_ALL;
	f->r.method = "PUT";
	assert_int_equal(check(f), SIGV4_MISMATCH);
	f->r.method = "GET";
	f->r.path = "/test.txt2";
	assert_int_equal(check(f), SIGV4_MISMATCH);
	f->r.path = "/test.txt";
	f->r.query = Q_ALGORITHM Q_CREDENTIAL Q_DATE
	    "&X-Amz-Expires=86401" Q_HEADERS Q_SIGNATURE;
	assert_int_equal(check(f), SIGV4_MISMATCH);
	f->r.query = Q_ALL;
	headers_set(&f->h, "Host", "other.s3.amazonaws.com");
	assert_int_equal(check(f), SIGV4_MISMATCH);
	presign(f, Q_ALL);
	headers_add(&f->h, "x-amz-acl", "public-read");
	assert_int_equal(check(f), SIGV4_NOT_SIGNED);
}

static void
a_presigned_url_holds_as_long_as_it_says(void **state)
{
	struct fixture *f = *state;
	int64_t at = f->now_at;

	presign(f, Q_ALL);
	f->now_at = at + INT64_C(86400) * 1000;
	assert_int_equal(check(f), SIGV4_OK);
	f->now_at++;
	assert_int_equal(check(f), SIGV4_EXPIRED);
	f->now_at = at - INT64_C(15) * 60 * 1000;
	assert_int_equal(check(f), SIGV4_OK);
	f->now_at--;
	assert_int_equal(check(f), SIGV4_FUTURE);
}

static void
presigned_urls_are_s3s_alone(void **state)
{
	struct fixture *f = *state;

	presign(f,
	    Q_ALGORITHM
	    "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F" DAY
	    "%2Fus-east-1%2Fsagemaker%2Faws4_request" Q_DATE Q_EXPIRES Q_HEADERS
		Q_SIGNATURE);
	assert_int_equal(
	    sigv4_claim_parse(&f->h, f->r.query, &f->claim), SIGV4_OK);
	assert_int_equal(
	    sigv4_admit(&auth, "sagemaker", &f->h, f->now_at, &f->claim),
	    SIGV4_PRESIGNED);
}

static void
one_signature_is_enough(void **state)
{
	struct fixture *f = *state;

	f->r.query = Q_ALL;
	assert_int_equal(check(f), SIGV4_MALFORMED);
	assert_int_equal(f->claim.form, SIGV4_FORM_BOTH);
	f->r.query = "X%2dAmz-Signature=0";
	assert_int_equal(check(f), SIGV4_MALFORMED);
	assert_int_equal(f->claim.form, SIGV4_FORM_BOTH);
	presign(f, Q_ALL "&X-Amz-Security-Token=t");
	assert_int_equal(check(f), SIGV4_TOKEN);
}

static void
malformed_queries_are_refused(void **state)
{
	static const struct {
		const char *query;
		const char *detail;
	} wrong[] = {
	    {Q_ALGORITHM Q_CREDENTIAL Q_DATE Q_EXPIRES Q_HEADERS, "requires"},
	    {Q_ALGORITHM Q_DATE Q_EXPIRES Q_HEADERS Q_SIGNATURE, "requires"},
	    {Q_ALGORITHM Q_CREDENTIAL Q_EXPIRES Q_HEADERS Q_SIGNATURE,
		"requires"},
	    {Q_ALGORITHM Q_CREDENTIAL Q_DATE Q_HEADERS Q_SIGNATURE, "requires"},
	    {Q_ALGORITHM Q_CREDENTIAL Q_DATE Q_EXPIRES Q_SIGNATURE, "requires"},
	    {Q_ALL Q_SIGNATURE, "once"},
	    {Q_ALL "&X-Amz-Date=%zz", "once"},
	    {Q_ALL "&X-Amz-Security-Token=%00", "once"},
	    {"X-Amz-Algorithm=AWS4-HMAC-SHA1" Q_CREDENTIAL Q_DATE Q_EXPIRES
		    Q_HEADERS Q_SIGNATURE,
		"Algorithm"},
	    {Q_ALGORITHM "&X-Amz-Credential=a%2Fb" Q_DATE Q_EXPIRES Q_HEADERS
		    Q_SIGNATURE,
		"Credential"},
	    {Q_ALGORITHM Q_CREDENTIAL
		"&X-Amz-Date=2013-05-24" Q_EXPIRES Q_HEADERS Q_SIGNATURE,
		"ISO8601"},
	    {Q_ALGORITHM Q_CREDENTIAL
		"&X-Amz-Date=20130525T000000Z" Q_EXPIRES Q_HEADERS Q_SIGNATURE,
		"20130525"},
	    {Q_ALGORITHM Q_CREDENTIAL Q_DATE
		"&X-Amz-Expires=0" Q_HEADERS Q_SIGNATURE,
		"positive"},
	    {Q_ALGORITHM Q_CREDENTIAL Q_DATE
		"&X-Amz-Expires=604801" Q_HEADERS Q_SIGNATURE,
		"week"},
	    {Q_ALGORITHM Q_CREDENTIAL Q_DATE
		"&X-Amz-Expires=1h" Q_HEADERS Q_SIGNATURE,
		"number"},
	    {Q_ALGORITHM Q_CREDENTIAL Q_DATE Q_EXPIRES Q_HEADERS
		"&X-Amz-Signature=AB",
		"hex"},
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		presign(f, wrong[i].query);
		if (check(f) != SIGV4_MALFORMED)
			fail_msg("'%s' was taken", wrong[i].query);
		if (strstr(f->claim.detail, wrong[i].detail) == NULL)
			fail_msg("'%s' is told as '%s'", wrong[i].query,
			    f->claim.detail);
	}
	/* The host must be signed. */
	presign(f,
	    Q_ALGORITHM Q_CREDENTIAL Q_DATE Q_EXPIRES
	    "&X-Amz-SignedHeaders=date" Q_SIGNATURE);
	assert_int_equal(check(f), SIGV4_NOT_SIGNED);
}

static void
malformed_headers_are_refused(void **state)
{
#define CRED "Credential=a/20130524/r/s3/aws4_request"
#define REST ", SignedHeaders=host, Signature=" SIGNATURE
	static const char *const wrong[] = {
	    "",
	    "Basic QQ==",
	    "AWS4-HMAC-SHA256",
	    "AWS4-HMAC-SHA256 ",
	    "AWS4-HMAC-SHA256X " CRED REST,
	    "AWS4-HMAC-SHA256 " CRED,
	    "AWS4-HMAC-SHA256 " CRED ", SignedHeaders=host, Signature=00",
	    "AWS4-HMAC-SHA256 " CRED REST "0",
	    "AWS4-HMAC-SHA256 " CRED REST ", Extra=1",
	    "AWS4-HMAC-SHA256 " CRED ", " CRED REST,
	    "AWS4-HMAC-SHA256 " CRED REST REST,
	    "AWS4-HMAC-SHA256 " CRED REST ",",
	    "AWS4-HMAC-SHA256 Credential=a/20130524/r/s3" REST,
	    "AWS4-HMAC-SHA256 Credential=a//r/s3/aws4_request" REST,
	    "AWS4-HMAC-SHA256 Credential=a/20130524/r/s3/aws4_request/x" REST,
	    "AWS4-HMAC-SHA256 Credential=a/20130524/r/s3/aws3_request" REST,
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		headers_set(&f->h, "Authorization", wrong[i]);
		if (check(f) != SIGV4_MALFORMED)
			fail_msg("'%s' was taken", wrong[i]);
	}
	headers_set(&f->h, "Authorization", AUTHORIZATION);
	headers_add(&f->h, "Authorization", AUTHORIZATION);
	assert_int_equal(check(f), SIGV4_MALFORMED);
	headers_set(&f->h, "Authorization", AUTHORIZATION);
	headers_set(&f->h, "x-amz-date", DAY);
	assert_int_equal(check(f), SIGV4_MALFORMED);
	headers_set(&f->h, "x-amz-date", "20130525T000000Z");
	assert_int_equal(check(f), SIGV4_MALFORMED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void
a_key_that_is_not_known_costs_the_same_and_stays_unknown(void **state)
{
	static const struct sigv4_clients none = {users, 1, "us-east-1", 0};
	struct fixture *f = *state;

	assert_int_equal(sigv4_claim_parse(&f->h, "", &f->claim), SIGV4_OK);
	assert_int_equal(sigv4_admit(&none, "s3", &f->h, f->now_at, &f->claim),
	    SIGV4_UNKNOWN_KEY);
	/* All of the work is done, and was another key's. */
	assert_int_equal(sigv4_verify(&f->claim, &f->r), SIGV4_UNKNOWN_KEY);
	assert_true(f->claim.string_to_sign.len > 0);
}

static void
regions_and_clocks_are_as_the_caller_says(void **state)
{
	static const struct sigv4_clients any = {users, 2, NULL, 60000};
	struct fixture *f = *state;

	assert_int_equal(sigv4_claim_parse(&f->h, "", &f->claim), SIGV4_OK);
	assert_int_equal(
	    sigv4_admit(&any, "s3", &f->h, f->now_at, &f->claim), SIGV4_OK);
	assert_int_equal(
	    sigv4_admit(&any, "s3", &f->h, f->now_at + 60000, &f->claim),
	    SIGV4_OK);
	assert_int_equal(
	    sigv4_admit(&any, "s3", &f->h, f->now_at + 60001, &f->claim),
	    SIGV4_EXPIRED);
	assert_int_equal(
	    sigv4_admit(&any, "s3", &f->h, f->now_at - 60001, &f->claim),
	    SIGV4_FUTURE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_documented_request_is_accepted),
	    TEST(a_change_anywhere_is_a_mismatch),
	    TEST(every_digit_of_the_signature_counts),
	    TEST(the_list_of_signed_headers_is_as_it_was_signed),
	    TEST(clocks_may_be_off_by_so_much_and_no_more),
	    TEST(amz_headers_must_be_signed),
	    TEST(members_of_the_request_must_be_signed),
	    TEST(a_signed_header_stands_there_once),
	    TEST(what_is_not_ours_is_told_apart),
	    TEST(a_user_with_a_session_token_has_to_send_it),
	    TEST(a_missing_signature_is_not_a_presigned_one),
	    TEST(the_documented_presigned_url_is_accepted),
	    TEST(a_change_of_a_presigned_request_is_a_mismatch),
	    TEST(a_presigned_url_holds_as_long_as_it_says),
	    TEST(presigned_urls_are_s3s_alone),
	    TEST(one_signature_is_enough),
	    TEST(malformed_queries_are_refused),
	    TEST(malformed_headers_are_refused),
	    TEST(a_key_that_is_not_known_costs_the_same_and_stays_unknown),
	    TEST(regions_and_clocks_are_as_the_caller_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
