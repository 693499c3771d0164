/* SPDX-License-Identifier: Apache-2.0 */
/* A result whose connection breaks: the rest of it, or nothing more. */
#include "cmd/remote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_fixture.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n"
#define CUT HEAD "ETag: \"e\"\r\nContent-Length: 5\r\n\r\nabc"
#define REST(range, etag, bytes)                                      \
	"HTTP/1.1 206 Partial Content\r\nContent-Type: image/png\r\n" \
	"Content-Range: " range "\r\n" etag bytes
#define E "ETag: \"e\"\r\n"

/* 0 and the bytes in `out`, or -1; `etag` is what was noted. */
static int
broken_result(
    const struct said *said, size_t n, const char *etag, struct buf *out)
{
	struct job *job = fx_job(JOB, JOB_DONE, 5);
	struct error none;
	int fd = open(fx.file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
	    rc;

	free(job->result_etag);
	job->result_etag = xstrdup(etag);
	fx_serve(said, n);
	rc = remote_result(&fx.app, job, fd, &fx.err);
	close(fd);
	buf_init(out, 65536);
	assert_int_equal(file_read(fx.file, out, &none), 0);
	job_free(job);
	return rc;
}

static void
a_result_that_broke_off_is_taken_up_there(void **state)
{
	static const struct said said[] = {
	    {.body = CUT},
	    {0},
	    {.body = REST("bytes 3-4/5", E, "Content-Length: 2\r\n\r\nd")},
	    {.body = REST("bytes 4-4/5", E, "Content-Length: 1\r\n\r\ne")},
	};
	struct buf out;
	char *request;

	(void)state;
	assert_int_equal(
	    broken_result(said, ARRAY_LEN(said), "\"e\"", &out), 0);
	assert_string_equal(out.data, "abcde");
	buf_done(&out);
	request = api_peer_request(fx.peer, 0);
	assert_null(strcasestr(request, "\r\nRange:"));
	free(request);
	request = api_peer_request(fx.peer, 3);
	assert_non_null(strcasestr(request, "\r\nRange: bytes=4-\r\n"));
	assert_non_null(strcasestr(request, "\r\nIf-Range: \"e\"\r\n"));
	free(request);
	fx_stop();
}

static void
what_is_not_the_rest_of_it_is_not_written(void **state)
{
	static const char *const others[] = {
	    HEAD E "Content-Length: 5\r\n\r\nabcde",
	    HEAD E "Content-Length: 2\r\n\r\nde",
	    "HTTP/1.1 206 Partial Content\r\nContent-Type: image/png\r\n" E
	    "Content-Length: 2\r\n\r\nde",
	    REST("bytes 2-3/5", E, "Content-Length: 2\r\n\r\ncd"),
	    REST("bytes 3-4/6", E, "Content-Length: 2\r\n\r\nde"),
	    REST("bytes 2-4/5", E, "Content-Length: 3\r\n\r\ncde"),
	    REST("bytes 3-5/6", E, "Content-Length: 3\r\n\r\ndef"),
	    REST("bytes 3-4/5", "", "Content-Length: 2\r\n\r\nde"),
	    REST("bytes 3-4/5", "ETag: \"f\"\r\n",
		"Content-Length: 2\r\n\r\nde"),
	    REST("bytes 3-4/5", E, "Content-Length: 3\r\n\r\ndef"),
	    REST("bytes 3-4/5", E, "Content-Length: 1\r\n\r\nd"),
	    REST("bytes 3-4/5", E,
		"Content-Length: 9223372036854775807\r\n\r\nde"),
	};
	struct said said[2] = {{.body = CUT}};
	struct buf out;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(others); i++) {
		said[1].body = others[i];
		assert_int_equal(broken_result(said, 2, "\"e\"", &out), -1);
		if (fx.err.code != ERR_PROTOCOL || !str_eq(out.data, "abc"))
			fail_msg("case %zu: %s", i, fx.err.text);
		buf_done(&out);
		fx_stop();
	}
}

static void
without_a_strong_etag_it_is_not_taken_up(void **state)
{
	static const struct said said[] = {
	    {.body = HEAD "Content-Length: 5\r\n\r\nabc"}};
	struct buf out;

	(void)state;
	assert_int_equal(broken_result(said, 1, "W/\"e\"", &out), -1);
	assert_int_equal(fx.err.code, ERR_NET);
	assert_int_equal(api_peer_requests(fx.peer), 1);
	buf_done(&out);
	fx_stop();
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
	    T(a_result_that_broke_off_is_taken_up_there),
	    T(what_is_not_the_rest_of_it_is_not_written),
	    T(without_a_strong_etag_it_is_not_taken_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
