/* SPDX-License-Identifier: Apache-2.0 */
/* Files of header fields: what is taken, what is not, and what is not shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "deliver/headerfile.h"

static void
fields_are_taken_in_their_order(void **state)
{
	static const char text[] = "# of the gateway\n"
				   "\n"
				   "Authorization: Bearer abc\r\n"
				   "X-Tenant:  a: b #c \t\n"
				   "x-empty:\n"
				   "Contents: may be";
	struct headers h;
	struct error err;

	(void)state;
	assert_int_equal(headerfile_parse(text, &h, &err), 0);
	assert_int_equal(h.n, 4);
	assert_string_equal(h.v[0].name, "Authorization");
	assert_string_equal(h.v[0].value, "Bearer abc");
	assert_string_equal(h.v[1].value, "a: b #c");
	assert_string_equal(h.v[2].value, "");
	assert_string_equal(h.v[3].name, "Contents");
	headerfile_done(&h);
	assert_int_equal(headerfile_parse("", &h, &err), 0);
	assert_int_equal(h.n, 0);
	headerfile_done(&h);
}

static void
refused(const char *text, const char *because)
{
	struct headers h = {.n = 77};
	struct error err = {0};

	if (headerfile_parse(text, &h, &err) != -1)
		fail_msg("'%s' is taken", text);
	assert_int_equal(h.n, 77);
	assert_int_equal(err.code, ERR_CONFIG);
	if (strstr(err.text, because) == NULL)
		fail_msg("'%s' is not in '%s'", because, err.text);
	assert_null(strstr(err.text, "s3cret"));
}

static void
what_is_ours_to_set_is_not_theirs(void **state)
{
	static const char *const names[] = {"Host", "host", "Content-Type",
	    "CONTENT-LENGTH", "Content-Encoding", "webhook-id",
	    "Webhook-Signature", "webhook-x", "awaitd-attempt", "AWAITD-X",
	    "ce-id", "CE-anything", "Transfer-Encoding", "Connection",
	    "Keep-Alive", "TE", "Trailer", "Upgrade", "Expect", "User-Agent",
	    "traceparent", "tracestate", "Proxy-Authorization",
	    "Proxy-Connection", "Date", "HTTP2-Settings"};
	static const char *const theirs[] = {"Authorization", "Cookie",
	    "X-Api-Key", "cer", "hosts", "tea", "webhook", "awaitd"};
	struct headers h;
	struct error err;
	char text[100];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(text, sizeof(text), "%s: s3cret\n", names[i]);
		refused(text, "is not for this file to set");
	}
	for (i = 0; i < ARRAY_LEN(theirs); i++) {
		snprintf(text, sizeof(text), "%s: s3cret\n", theirs[i]);
		if (headerfile_parse(text, &h, &err) == -1)
			fail_msg("%s", err.text);
		headerfile_done(&h);
	}
}

static void
what_is_no_field_is_refused_by_its_line(void **state)
{
	(void)state;
	refused("A: b\nBearer s3cret\n", "line 2 is no");
	refused("\n\nA B: s3cret\n", "line 3: a header's name");
	refused(": s3cret\n", "line 1: a header's name");
	refused(" A: s3cret\n", "line 1: a header's name");
	refused("A : s3cret\n", "line 1: a header's name");
	refused("A: s3cret\n b\n", "line 2 is no");
	refused("A: b\n\tc: s3cret\n", "line 2: a header's name");
	refused("A\xc3\xa9: s3cret\n", "line 1: a header's name");
	refused("A: s3cret \xc3\xa9\n", "line 1: the value of A is not");
	refused("A: s3\rcret\n", "line 1: the value of A is not");
	refused("A: s3cret\x01\n", "line 1: the value of A is not");
	refused("A: 1\nb: 2\na: s3cret\n", "line 3: a is there a second time");
}

static void
there_are_at_most_32(void **state)
{
	char text[2000] = "";
	struct headers h;
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < 32; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "X-%zu: s3cret\n", i);
	assert_int_equal(headerfile_parse(text, &h, &err), 0);
	assert_int_equal(h.n, 32);
	headerfile_done(&h);
	snprintf(text + strlen(text), 20, "X-More: s3cret\n");
	refused(text, "more than 32 header fields");
}

static void
a_file_is_private_and_small(void **state)
{
	char path[] = "/tmp/test_headerfile.XXXXXX", large[8194];
	struct headers h;
	struct error err;
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, "A: s3cret\n", 10), 10);
	assert_int_equal(headerfile_read(path, &h, &err), 0);
	assert_string_equal(headers_get(&h, "a"), "s3cret");
	headerfile_done(&h);
	assert_int_equal(fchmod(fd, 0640), 0);
	assert_int_equal(headerfile_read(path, &h, &err), -1);
	assert_non_null(strstr(err.text, "can be read by others"));
	assert_non_null(strstr(err.hint, "chmod 600"));
	assert_int_equal(fchmod(fd, 0600), 0);
	assert_int_equal(pwrite(fd, "Host: s3cret\n", 13, 0), 13);
	assert_int_equal(headerfile_read(path, &h, &err), -1);
	assert_true(str_starts(err.text, path));
	assert_null(strstr(err.text, "s3cret"));
	memset(large, '#', sizeof(large));
	assert_int_equal(pwrite(fd, large, 8193, 0), 8193);
	assert_int_equal(headerfile_read(path, &h, &err), -1);
	assert_non_null(strstr(err.text, "larger than 8192 bytes"));
	close(fd);
	unlink(path);
	assert_int_equal(headerfile_read(path, &h, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fields_are_taken_in_their_order),
	    cmocka_unit_test(what_is_ours_to_set_is_not_theirs),
	    cmocka_unit_test(what_is_no_field_is_refused_by_its_line),
	    cmocka_unit_test(there_are_at_most_32),
	    cmocka_unit_test(a_file_is_private_and_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
