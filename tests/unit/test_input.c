/* SPDX-License-Identifier: Apache-2.0 */
/* Where an input goes: inline, to S3, or nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/sagemaker.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/input.h"

static char dir[64];
static char file[96];
static struct conf_endpoint endpoint;
static struct job *job;
static int real_stdin;

static int
setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test-input-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(file, sizeof(file), "%s/in", dir);
	memset(&endpoint, 0, sizeof(endpoint));
	job = job_new();
	real_stdin = dup(STDIN_FILENO);
	return 0;
}

static int
teardown(void **state)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	(void)state;
	dup2(real_stdin, STDIN_FILENO);
	close(real_stdin);
	job_free(job);
	while (d != NULL && (e = readdir(d)) != NULL)
		unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		closedir(d);
	return rmdir(dir);
}

static void
put(size_t len)
{
	char *data = xcalloc(1, len + 1);
	struct error err;

	memset(data, 'd', len);
	if (file_write_atomic(file, data, len, 0600, &err) == -1)
		fail_msg("%s", err.text);
	free(data);
}

static int
take(const char *word, struct error *err)
{
	struct input_options o = {
	    .word = word,
	    .folder = dir,
	    .endpoint = &endpoint,
	};

	return input_take(&o, job, err);
}

static void
must_take(const char *word)
{
	struct error err;

	if (take(word, &err) == -1)
		fail_msg("%s", err.text);
}

static void
must_refuse(const char *word, const char *why)
{
	struct error err;

	assert_int_equal(take(word, &err), -1);
	if (strstr(err.text, why) == NULL)
		fail_msg("'%s' is not in: %s", why, err.text);
}

/* What standard input leaves in the folder, beside the file it came from. */
static unsigned
leftovers(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	unsigned n = 0;

	while ((e = readdir(d)) != NULL)
		n += str_ends(e->d_name, ".input");
	closedir(d);
	return n;
}

static void
feed_stdin(size_t len)
{
	int fd;

	put(len);
	fd = open(file, O_RDONLY);
	dup2(fd, STDIN_FILENO);
	close(fd);
}

static void
a_location_is_passed_on(void **state)
{
	(void)state;
	must_take("s3://bucket/a key");
	assert_int_equal(job->spec.input, INPUT_LOCATION);
	assert_string_equal(job->spec.input_location, "s3://bucket/a key");
}

static void
a_small_file_is_taken_in(void **state)
{
	(void)state;
	put(SAGEMAKER_BODY_MAX);
	must_take(file);
	assert_int_equal(job->spec.input, INPUT_BODY);
	assert_int_equal(job->spec.body_len, SAGEMAKER_BODY_MAX);
	assert_int_equal(job->spec.input_size, SAGEMAKER_BODY_MAX);
	assert_int_equal(((char *)job->spec.body)[SAGEMAKER_BODY_MAX - 1], 'd');
}

static void
a_larger_file_needs_a_prefix(void **state)
{
	(void)state;
	put(SAGEMAKER_BODY_MAX + 1);
	must_refuse(file, "128001 bytes, and at most 128000");
}

static void
a_larger_file_is_uploaded_from_where_it_lies(void **state)
{
	char *want = xasprintf("s3://in/up/%s", job->id), hex[65], *real;
	char *data = xcalloc(1, SAGEMAKER_BODY_MAX + 2);

	(void)state;
	memset(data, 'd', SAGEMAKER_BODY_MAX + 1);
	hash_sha256_hex(data, SAGEMAKER_BODY_MAX + 1, hex);
	put(SAGEMAKER_BODY_MAX + 1);
	endpoint.input_prefix = (char *)(uintptr_t) "s3://in/up";
	must_take(file);
	real = realpath(file, NULL);
	assert_int_equal(job->spec.input, INPUT_FILE);
	assert_string_equal(job->spec.input_path, real);
	assert_string_equal(job->spec.input_sha256, hex);
	assert_int_equal(job->spec.input_size, SAGEMAKER_BODY_MAX + 1);
	assert_string_equal(job->spec.input_location, want);
	assert_false(job->spec.input_spooled);
	free(real);
	free(want);
	free(data);
}

static void
never_inline_uploads_the_small_ones_too(void **state)
{
	(void)state;
	put(3);
	endpoint.inline_bodies = CONF_INLINE_NEVER;
	must_refuse(file, "inline = never");
	endpoint.input_prefix = (char *)(uintptr_t) "s3://in/up/";
	must_take(file);
	assert_int_equal(job->spec.input, INPUT_FILE);
	assert_null(strstr(job->spec.input_location, "//0"));
}

static void
an_empty_file_cannot_go_inline(void **state)
{
	(void)state;
	put(0);
	must_refuse(file, "empty");
	endpoint.input_prefix = (char *)(uintptr_t) "s3://in/up/";
	must_take(file);
	assert_int_equal(job->spec.input, INPUT_FILE);
	assert_int_equal(job->spec.input_size, 0);
}

static void
what_is_no_file_is_refused_and_not_waited_for(void **state)
{
	(void)state;
	must_refuse("/nonexistent/x", "/nonexistent/x");
	must_refuse(dir, "is a folder");
	assert_int_equal(mkfifo(file, 0600), 0);
	alarm(10);
	must_refuse(file, "no regular file");
	alarm(0);
}

static void
small_standard_input_leaves_no_file(void **state)
{
	(void)state;
	feed_stdin(1000);
	must_take("-");
	assert_int_equal(job->spec.input, INPUT_BODY);
	assert_int_equal(job->spec.body_len, 1000);
	assert_int_equal(leftovers(), 0);
}

static void
large_standard_input_is_kept_for_the_upload(void **state)
{
	struct stat st;

	(void)state;
	feed_stdin(200000);
	endpoint.input_prefix = (char *)(uintptr_t) "s3://in/up";
	must_take("-");
	assert_int_equal(job->spec.input, INPUT_FILE);
	assert_true(job->spec.input_spooled);
	assert_int_equal(job->spec.input_size, 200000);
	assert_int_equal(stat(job->spec.input_path, &st), 0);
	assert_int_equal(st.st_size, 200000);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void
standard_input_that_is_refused_leaves_no_file(void **state)
{
	(void)state;
	feed_stdin(200000);
	must_refuse("-", "200000 bytes");
	xfree(&job->spec.input_sha256);
	feed_stdin(0);
	must_refuse("-", "empty");
	assert_int_equal(leftovers(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		a_location_is_passed_on, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_small_file_is_taken_in, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_larger_file_needs_a_prefix, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_larger_file_is_uploaded_from_where_it_lies, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		never_inline_uploads_the_small_ones_too, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		an_empty_file_cannot_go_inline, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_is_no_file_is_refused_and_not_waited_for, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		small_standard_input_leaves_no_file, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		large_standard_input_is_kept_for_the_upload, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		standard_input_that_is_refused_leaves_no_file, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
