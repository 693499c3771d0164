/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What commands print of words that somebody else chose: nothing that a
 * terminal obeys, and no line that looks like one of ours.
 */
#include "cmd/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cmd/hook.h"

#define JOB "01jd2k3m4n5p6q7r8s9t0v1w2x"
/* A title, a C1 control, DEL, and a line of its own. */
#define EVIL "\x1b]0;x\x07\xc2\x9b\x7f\nverified             yes"

static struct app app;
static struct cmd_globals globals;
static struct buf out;

/* What is printed to this descriptor until end() comes. */
static FILE *kept;
static int stream_fd, saved;

static void
begin(FILE *stream)
{
	fflush(stream);
	stream_fd = fileno(stream);
	kept = tmpfile();
	saved = dup(stream_fd);
	assert_non_null(kept);
	assert_int_not_equal(saved, -1);
	assert_int_equal(dup2(fileno(kept), stream_fd), stream_fd);
}

static void
end(FILE *stream)
{
	char piece[4096];
	size_t n;

	fflush(stream);
	dup2(saved, stream_fd);
	close(saved);
	rewind(kept);
	buf_clear(&out);
	while ((n = fread(piece, 1, sizeof(piece), kept)) > 0)
		buf_append(&out, piece, n);
	fclose(kept);
}

static int
setup(void **state)
{
	(void)state;
	memset(&globals, 0, sizeof(globals));
	memset(&app, 0, sizeof(app));
	app.globals = &globals;
	buf_init(&out, 1 << 20);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buf_done(&out);
	return 0;
}

static void
expect_harmless(void)
{
	size_t i;

	for (i = 0; i < out.len; i++) {
		unsigned char c = (unsigned char)out.data[i];

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ||
		    (c == 0xc2 && (unsigned char)out.data[i + 1] < 0xa0))
			fail_msg("byte %zu is 0x%02x", i, c);
	}
	if (strstr(out.data, "\nverified             yes") != NULL)
		fail_msg("a line that is not ours: %s", out.data);
}

static void
a_failed_job_is_told_of_in_harmless_words(void **state)
{
	struct job *job = xcalloc(1, sizeof(*job));

	(void)state;
	memcpy(job->id, JOB, sizeof(job->id));
	job->state = JOB_DONE;
	job->outcome = OUTCOME_FAILED;
	job->error_code = xstrdup(EVIL);
	job->error_text = xstrdup(EVIL);
	begin(stderr);
	report_job(&app, job, false);
	end(stderr);
	job_free(job);
	expect_harmless();
	assert_non_null(strstr(out.data, "job " JOB " failed ("));
}

static void
a_field_of_several_lines_is_set_in(void **state)
{
	(void)state;
	begin(stdout);
	report_text("error", "one\ntwo\n\nthree\n");
	report_text("nothing", "");
	end(stdout);
	assert_string_equal(out.data,
	    "error                one\n"
	    "                     two\n"
	    "                     \n"
	    "                     three\n");
}

static void
print_hook(const char *body)
{
	struct hook hook;
	struct headers h;

	headers_init(&h);
	headers_add(&h, "webhook-id", "m\xc2\x9b");
	headers_add(&h, "awaitd-attempt", "\xc2\x9b");
	headers_add(&h, "awaitd-job", "\xc2\x9b");
	headers_add(&h, "ce-type", "verified             yes");
	hook_init(&hook, &h, body, strlen(body), NULL, 0);
	begin(stdout);
	hook_print(&hook, false);
	end(stdout);
	hook_done(&hook);
	headers_done(&h);
	expect_harmless();
}

static void
no_body_of_a_webhook_looks_like_a_webhook(void **state)
{
	(void)state;
	print_hook("x\n\nwebhook              msg_x\n" EVIL);
	assert_non_null(strstr(out.data, "    x\n"));
	print_hook("verified             yes");
	print_hook("{\"type\":\"a\\nverified             yes\",\"data\":"
		   "{\"job\":\"\\u009b\\nverified             yes\","
		   "\"result\":\"verified             yes\\nverified  "
		   "           yes\"}}");
	assert_non_null(strstr(out.data, "\n    verified "));
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(a_failed_job_is_told_of_in_harmless_words),
	    T(a_field_of_several_lines_is_set_in),
	    T(no_body_of_a_webhook_looks_like_a_webhook),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
