/* SPDX-License-Identifier: Apache-2.0 */
/* A result's bytes: resumed where they broke off, and never mixed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "engine/fetch.h"
#include "tests/support/flow.h"

#define URL "http://s3.test/out/r"
#define BEFORE "before:"
/* Of "0123456789". */
#define SUM "x-amz-checksum-crc64nvme: Ffmx7kz9nB0=\n"
#define ETAG "etag: \"v1\"\n"
/* Longer than all retries together. */
#define LONG_MS 120000

static int fd;
static int ended; /* -1 with an error, 1 without, 0: not yet */
static struct error end_error;

static void
on_end(const struct error *err, void *arg)
{
	(void)arg;
	assert_int_equal(ended, 0);
	ended = err != NULL ? -1 : 1;
	if (err != NULL)
		end_error = *err;
}

static bool own_file;
static char digest[HASH_SHA256_HEX_SIZE];

static const char *etag = "\"v1\"";

static int64_t part_begin, part_end; /* 0, 0: the whole */

static void
fetch(int64_t size)
{
	struct fetch_options o = {
	    .loop = flow.loop,
	    .site = flow_site(),
	    .uri = "s3://out/r",
	    .etag = etag,
	    .size = size,
	    .begin = part_begin,
	    .end = part_end,
	    .owner = "111122223333",
	    .own_file = own_file,
	    .sha256 = digest,
	};
	struct fetch *f;
	struct error err;

	ended = 0;
	fd = memfd_create("result", MFD_CLOEXEC);
	assert_int_not_equal(fd, -1);
	/* What is there already is not ours. */
	assert_int_equal(write(fd, BEFORE, strlen(BEFORE)), strlen(BEFORE));
	o.fd = fd;
	assert_int_equal(fetch_start(&o, on_end, NULL, &f, &err), 0);
	time_passes(LONG_MS);
}

static void
must_hold(const char *text)
{
	char got[64];
	ssize_t n = pread(fd, got, sizeof(got), 0);
	const size_t before = strlen(BEFORE);

	assert_int_equal(n, (ssize_t)(before + strlen(text)));
	assert_memory_equal(got, BEFORE, before);
	assert_memory_equal(got + before, text, strlen(text));
	close(fd);
}

static struct peer_step *
expect_rest(const char *range)
{
	struct peer_step *s = peer_expect("GET", URL);

	peer_header(s, "If-Match", "\"v1\"");
	peer_header(s, "Range", range);
	peer_header(s, "x-amz-expected-bucket-owner", "111122223333");
	return s;
}

/* Ten bytes are announced and five come. */
static void
half(void)
{
	peer_reply(
	    expect_rest(NULL), 200, ETAG "content-length: 10\n", "01234");
}

static void
a_whole_result_is_written_as_it_came(void **state)
{
	(void)state;
	peer_reply(expect_rest(NULL), 200, ETAG, "0123456789");
	fetch(10);
	assert_int_equal(ended, 1);
	must_hold("0123456789");
}

static void
an_empty_result_is_a_result(void **state)
{
	(void)state;
	peer_reply(expect_rest(NULL), 200, ETAG, "");
	fetch(0);
	assert_int_equal(ended, 1);
	must_hold("");
}

static void
what_broke_off_is_taken_up_there(void **state)
{
	(void)state;
	half();
	peer_fail(expect_rest("bytes=5-"), ERR_NET, "reset", true);
	peer_reply(expect_rest("bytes=5-"), 206,
	    ETAG "content-range: bytes 5-9/10\n", "56789");
	fetch(10);
	assert_int_equal(ended, 1);
	must_hold("0123456789");
}

static void
bytes_of_another_place_are_not_taken(void **state)
{
	(void)state;
	half();
	peer_reply(expect_rest("bytes=5-"), 206,
	    ETAG "content-range: bytes 0-4/10\n", "wrong");
	fetch(10);
	assert_int_equal(ended, -1);
	assert_int_equal(end_error.code, ERR_PROTOCOL);
	must_hold("01234");
}

static void
bytes_of_another_version_are_not_taken(void **state)
{
	(void)state;
	half();
	peer_reply(expect_rest("bytes=5-"), 206,
	    "etag: \"v2\"\ncontent-range: bytes 5-9/10\n", "wrong");
	fetch(10);
	assert_int_equal(ended, -1);
	must_hold("01234");
}

static void
bytes_of_no_known_version_are_not_taken(void **state)
{
	(void)state;
	half();
	peer_reply(expect_rest("bytes=5-"), 206,
	    "content-range: bytes 5-9/10\n", "wrong");
	fetch(10);
	assert_int_equal(ended, -1);
	must_hold("01234");
}

static void
the_whole_instead_of_the_rest_is_not_taken(void **state)
{
	(void)state;
	half();
	peer_reply(expect_rest("bytes=5-"), 200, ETAG, "0123456789");
	fetch(10);
	assert_int_equal(ended, -1);
	must_hold("01234");
}

#define WEAK "W/\"v1\""

/* It matches no condition, and promises nothing of the bytes. */
static void
with_a_weak_etag_there_is_no_condition_and_no_rest(void **state)
{
	struct peer_step *s;

	(void)state;
	etag = WEAK;
	s = peer_reply(
	    peer_expect("GET", URL), 200, "etag: " WEAK "\n", "0123456789");
	peer_header(s, "If-Match", NULL);
	fetch(10);
	assert_int_equal(ended, 1);
	must_hold("0123456789");
	peer_reply(peer_expect("GET", URL), 200, "etag: W/\"v2\"\n", "wrong");
	fetch(5);
	assert_int_equal(ended, -1);
	must_hold("");
	peer_reply(peer_expect("GET", URL), 200,
	    "etag: " WEAK "\ncontent-length: 10\n", "01234");
	fetch(10);
	etag = "\"v1\"";
	assert_int_equal(ended, -1);
	assert_int_equal(end_error.code, ERR_NET);
	must_hold("01234");
}

static void
without_an_etag_there_is_no_rest(void **state)
{
	(void)state;
	etag = "";
	peer_reply(
	    peer_expect("GET", URL), 200, "content-length: 10\n", "01234");
	fetch(10);
	etag = "\"v1\"";
	assert_int_equal(ended, -1);
	must_hold("01234");
}

static void
a_result_that_changed_says_so(void **state)
{
	(void)state;
	peer_reply(expect_rest(NULL), 412, "",
	    "<Error><Code>PreconditionFailed</Code></Error>");
	fetch(10);
	assert_int_equal(ended, -1);
	assert_non_null(strstr(end_error.text, "changed"));
	must_hold("");
}

static void
another_size_than_was_noted_is_an_error(void **state)
{
	(void)state;
	peer_reply(expect_rest(NULL), 200, ETAG, "0123456789");
	fetch(11);
	assert_int_equal(ended, -1);
	assert_non_null(strstr(end_error.text, "11 were noted"));
	close(fd);
}

static void
a_denied_result_is_not_asked_for_again(void **state)
{
	(void)state;
	peer_reply(expect_rest(NULL), 403, "",
	    "<Error><Code>AccessDenied</Code></Error>");
	fetch(10);
	assert_int_equal(ended, -1);
	assert_int_equal(end_error.code, ERR_AUTH);
	must_hold("");
}

static void
a_peer_that_never_answers_is_given_up(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 6 * FLOW_TRIES; i++)
		peer_fail(expect_rest(NULL), ERR_NET, "refused", false);
	fetch(10);
	assert_int_equal(ended, -1);
	assert_int_equal(end_error.code, ERR_NET);
	must_hold("");
}

/* --- checksums ------------------------------------------------------ */

static void
the_checksum_is_of_all_pieces(void **state)
{
	(void)state;
	peer_reply(
	    expect_rest(NULL), 200, ETAG SUM "content-length: 10\n", "01234");
	peer_reply(expect_rest("bytes=5-"), 206,
	    ETAG "content-range: bytes 5-9/10\ncontent-length: 5\n", "567");
	peer_reply(expect_rest("bytes=8-"), 206,
	    ETAG "content-range: bytes 8-9/10\n", "89");
	fetch(10);
	assert_int_equal(ended, 1);
	must_hold("0123456789");
}

static void
wrong_bytes_that_are_out_are_an_error(void **state)
{
	(void)state;
	peer_reply(
	    expect_rest(NULL), 200, ETAG SUM "content-length: 10\n", "01234");
	peer_reply(expect_rest("bytes=5-"), 206,
	    ETAG "content-range: bytes 5-9/10\n", "56780");
	fetch(10);
	assert_int_equal(ended, -1);
	assert_string_equal(end_error.remote_code, "ChecksumMismatch");
	assert_non_null(strstr(end_error.text, "s3://out/r: "));
	assert_non_null(strstr(end_error.hint, "is not the result"));
	assert_false(fetch_lost(&end_error));
	must_hold("0123456780");
}

static void
wrong_bytes_in_a_file_are_written_anew_once(void **state)
{
	char want[HASH_SHA256_HEX_SIZE];

	(void)state;
	own_file = true;
	peer_reply(expect_rest(NULL), 200, ETAG SUM, "012345678x");
	peer_reply(
	    expect_rest(NULL), 200, ETAG SUM "content-length: 10\n", "0123");
	peer_reply(expect_rest("bytes=4-"), 206,
	    ETAG "content-range: bytes 4-9/10\n", "456789");
	fetch(10);
	own_file = false;
	assert_int_equal(ended, 1);
	must_hold("0123456789");
	hash_sha256_hex("0123456789", 10, want);
	assert_string_equal(digest, want);
}

static void
wrong_bytes_that_cannot_be_had_anew_are_gone(void **state)
{
	(void)state;
	own_file = true;
	peer_reply(expect_rest(NULL), 200, ETAG SUM, "012345678x");
	peer_reply(expect_rest(NULL), 403, "",
	    "<Error><Code>AccessDenied</Code></Error>");
	fetch(10);
	own_file = false;
	assert_int_equal(ended, -1);
	must_hold("");
}

static void
wrong_bytes_in_a_file_stay_wrong_the_second_time(void **state)
{
	(void)state;
	own_file = true;
	peer_reply(expect_rest(NULL), 200, ETAG SUM, "012345678x");
	peer_reply(expect_rest(NULL), 200, ETAG SUM, "01234567yy");
	fetch(10);
	own_file = false;
	assert_int_equal(ended, -1);
	assert_string_equal(end_error.remote_code, "ChecksumMismatch");
	must_hold("01234567yy");
}

/* --- a part --------------------------------------------------------- */

static void
fetch_part(int64_t begin, int64_t end)
{
	part_begin = begin;
	part_end = end;
	fetch(10);
	part_begin = part_end = 0;
}

/* The sum is of the whole, so none is asked for, and what is told is not
 * compared. */
static struct peer_step *
expect_part(const char *range)
{
	struct peer_step *s = expect_rest(range);

	peer_header(s, "x-amz-checksum-mode", NULL);
	return s;
}

static void
a_part_is_taken_up_within_itself(void **state)
{
	(void)state;
	peer_reply(expect_part("bytes=2-7"), 206,
	    ETAG SUM "content-range: bytes 2-7/10\ncontent-length: 6\n", "234");
	peer_reply(expect_part("bytes=5-7"), 206,
	    ETAG "content-range: bytes 5-7/10\n", "567");
	fetch_part(2, 8);
	assert_int_equal(ended, 1);
	must_hold("234567");
	peer_reply(expect_part("bytes=0-2"), 206,
	    ETAG SUM "content-range: bytes 0-2/10\n", "012");
	fetch_part(0, 3);
	assert_int_equal(ended, 1);
	must_hold("012");
}

static void
what_is_not_the_part_is_not_taken(void **state)
{
	static const struct {
		int status;
		const char *headers;
		const char *body;
	} answers[] = {
	    {200, ETAG, "0123456789"},
	    {200, ETAG, "234"},
	    {206, ETAG, "234"},
	    {206, ETAG "content-range: bytes 3-5/10\n", "345"},
	    {206, ETAG "content-range: bytes 2-5/10\n", "2345"},
	    {206, ETAG "content-range: bytes 2-3/10\n", "23"},
	    {206, ETAG "content-range: bytes 2-4/11\n", "234"},
	    {206, ETAG "content-range: bytes 2-4/4\n", "234"},
	    {206, ETAG "content-range: bytes 2-4/*\n", "234"},
	    {206, "content-range: bytes 2-4/10\n", "234"},
	    {206,
		ETAG "content-range: bytes 2-4/10\n"
		     "content-length: 9223372036854775807\n",
		"234"},
	    {206, "etag: \"v2\"\ncontent-range: bytes 2-4/10\n", "234"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(answers); i++) {
		peer_reply(expect_part("bytes=2-4"), answers[i].status,
		    answers[i].headers, answers[i].body);
		fetch_part(2, 5);
		assert_int_equal(ended, -1);
		must_hold("");
	}
	/* Nor at the beginning, where a whole without an ETag would be. */
	peer_reply(expect_part("bytes=0-2"), 206,
	    "content-range: bytes 0-2/10\n", "012");
	fetch_part(0, 3);
	assert_int_equal(ended, -1);
	must_hold("");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(a_whole_result_is_written_as_it_came),
	    FLOW_TEST(an_empty_result_is_a_result),
	    FLOW_TEST(what_broke_off_is_taken_up_there),
	    FLOW_TEST(bytes_of_another_place_are_not_taken),
	    FLOW_TEST(bytes_of_another_version_are_not_taken),
	    FLOW_TEST(bytes_of_no_known_version_are_not_taken),
	    FLOW_TEST(the_whole_instead_of_the_rest_is_not_taken),
	    FLOW_TEST(with_a_weak_etag_there_is_no_condition_and_no_rest),
	    FLOW_TEST(without_an_etag_there_is_no_rest),
	    FLOW_TEST(a_result_that_changed_says_so),
	    FLOW_TEST(another_size_than_was_noted_is_an_error),
	    FLOW_TEST(a_denied_result_is_not_asked_for_again),
	    FLOW_TEST(a_peer_that_never_answers_is_given_up),
	    FLOW_TEST(the_checksum_is_of_all_pieces),
	    FLOW_TEST(wrong_bytes_that_are_out_are_an_error),
	    FLOW_TEST(wrong_bytes_in_a_file_are_written_anew_once),
	    FLOW_TEST(wrong_bytes_that_cannot_be_had_anew_are_gone),
	    FLOW_TEST(wrong_bytes_in_a_file_stay_wrong_the_second_time),
	    FLOW_TEST(a_part_is_taken_up_within_itself),
	    FLOW_TEST(what_is_not_the_part_is_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
