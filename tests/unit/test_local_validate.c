/* SPDX-License-Identifier: Apache-2.0 */
/* The constraints of InvokeEndpointAsync and the words of their breach. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "local/validate.h"

static struct validate_numbers numbers;
static struct buf message;

static int
setup(void **state)
{
	(void)state;
	memset(&numbers, 0, sizeof(numbers));
	buf_init(&message, 64 * 1024);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buf_done(&message);
	return 0;
}

static struct validate_members
sound(void)
{
	return (struct validate_members){.endpoint_name = "ocr", .body_len = 1};
}

static enum validate_verdict
judge(const struct validate_members *m)
{
	buf_clear(&message);
	return validate_request(m, &numbers, &message);
}

#define ASSERT_REFUSED(m, text)                                \
	do {                                                   \
		assert_int_equal(judge(&(m)), VALIDATE_WRONG); \
		assert_string_equal(message.data, text);       \
	} while (0)

#define ONE "1 validation error detected: "

static void
a_sound_request_gets_the_default_numbers(void **state)
{
	struct validate_members m = sound();

	(void)state;
	assert_int_equal(judge(&m), VALIDATE_OK);
	assert_int_equal(numbers.ttl_s, 21600);
	assert_int_equal(numbers.timeout_s, 900);
	assert_int_equal(message.len, 0);
}

static void
numbers_are_taken_at_both_ends_of_their_range(void **state)
{
	struct validate_members m = sound();

	(void)state;
	m.ttl = "60";
	m.timeout = "1";
	assert_int_equal(judge(&m), VALIDATE_OK);
	assert_int_equal(numbers.ttl_s, 60);
	assert_int_equal(numbers.timeout_s, 1);
	m.ttl = "21600";
	m.timeout = "3600";
	assert_int_equal(judge(&m), VALIDATE_OK);
	assert_int_equal(numbers.ttl_s, 21600);
	assert_int_equal(numbers.timeout_s, 3600);
}

static void
numbers_beyond_their_range_are_refused(void **state)
{
	struct validate_members m = sound();

	(void)state;
	m.ttl = "59";
	ASSERT_REFUSED(m,
	    ONE "Value '59' at 'requestTTLSeconds' failed to satisfy "
		"constraint: Member must have value greater than or equal to "
		"60");
	m.ttl = "21601";
	ASSERT_REFUSED(m,
	    ONE "Value '21601' at 'requestTTLSeconds' failed to satisfy "
		"constraint: Member must have value less than or equal to "
		"21600");
	m.ttl = NULL;
	m.timeout = "0";
	assert_int_equal(judge(&m), VALIDATE_WRONG);
	m.timeout = "3601";
	assert_int_equal(judge(&m), VALIDATE_WRONG);
	assert_int_equal(numbers.timeout_s, 0);
}

static void
what_is_no_number_cannot_be_read(void **state)
{
	static const char *const wrong[] = {
	    "x", "", "60 ", "6e1", "99999999999"};
	struct validate_members m = sound();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		m.ttl = wrong[i];
		assert_int_equal(judge(&m), VALIDATE_UNREADABLE);
	}
}

static void
several_breaches_are_counted_and_told_together(void **state)
{
	struct validate_members m = sound();

	(void)state;
	m.timeout = "0";
	m.filename = "a.b.c";
	ASSERT_REFUSED(m,
	    "2 validation errors detected: Value 'a.b.c' at 'filename' failed "
	    "to satisfy constraint: Member must satisfy regular expression "
	    "pattern: ^(?!.*\\..*\\.)[a-zA-Z0-9][a-zA-Z0-9-_\\.]*$; Value '0' "
	    "at 'invocationTimeoutSeconds' failed to satisfy constraint: "
	    "Member must have value greater than or equal to 1");
}

static void
a_body_ends_at_128000_bytes(void **state)
{
	struct validate_members m = sound();

	(void)state;
	m.body_len = 128000;
	assert_int_equal(judge(&m), VALIDATE_OK);
	m.body_len = 128001;
	ASSERT_REFUSED(m,
	    ONE "Value at 'body' failed to satisfy constraint: Member must "
		"have length less than or equal to 128000");
}

static void
just_one_of_body_and_location_is_needed(void **state)
{
	struct validate_members m = sound();

	(void)state;
	m.input_location = "s3://b/k";
	assert_int_equal(judge(&m), VALIDATE_WRONG);
	m.body_len = 0;
	assert_int_equal(judge(&m), VALIDATE_OK);
	m.input_location = NULL;
	assert_int_equal(judge(&m), VALIDATE_WRONG);
}

static void
a_sensitive_value_is_not_repeated(void **state)
{
	struct validate_members m = sound();
	char secret[1026];

	(void)state;
	memset(secret, 's', sizeof(secret) - 1);
	secret[sizeof(secret) - 1] = '\0';
	m.custom_attributes = secret;
	assert_int_equal(judge(&m), VALIDATE_WRONG);
	assert_null(strstr(message.data, "sss"));
	secret[1024] = '\0';
	assert_int_equal(judge(&m), VALIDATE_OK);
	secret[0] = '\x80';
	assert_int_equal(judge(&m), VALIDATE_WRONG);
}

/* Each of `good` is taken and each of `bad` refused; both end in NULL. */
static void
try_all(struct validate_members *m, const char **member,
    const char *const *good, const char *const *bad)
{
	for (; *good != NULL; good++) {
		*member = *good;
		if (judge(m) != VALIDATE_OK)
			fail_msg("'%s': %s", *good, message.data);
	}
	for (; *bad != NULL; bad++) {
		*member = *bad;
		if (judge(m) != VALIDATE_WRONG)
			fail_msg("'%s' was taken", *bad);
	}
}

static void
patterns_are_those_of_the_model(void **state)
{
	static const char *const names[] = {"a", "A-b--c9", NULL};
	static const char *const no_names[] = {"", "-a", "a-", "a_b", "a.b",
	    "0123456789012345678901234567890123456789012345678901234567890123",
	    NULL};
	static const char *const ids[] = {"x", "a b", "!~", NULL};
	static const char *const no_ids[] = {"", " x", "a\x7f", "\xc3\xa9",
	    "01234567890123456789012345678901234567890123456789012345678901234",
	    NULL};
	static const char *const places[] = {
	    "s3://b", "s3://b/", "https://h/p?q", "s3://b/a//b", NULL};
	static const char *const no_places[] = {
	    "", "s3://", "s3:///k", "http://h/p", "S3://b/k", NULL};
	static const char *const exts[] = {
	    "a", "/a/b/", "..", "a!_.*'()-b", NULL};
	static const char *const no_exts[] = {
	    "", "s3:", "s3://b", "https:x", "a b", "a+b", "a%b", NULL};
	static const char *const files[] = {
	    "a", "9.out", "a-_b.", "01234567890123456789012345678901", NULL};
	static const char *const no_files[] = {"", ".a", "-a", "_a", "a.b.c",
	    "a/b", "a b", "012345678901234567890123456789012", NULL};
	struct validate_members m = sound();

	(void)state;
	try_all(&m, &m.endpoint_name, names, no_names);
	m = sound();
	try_all(&m, &m.inference_id, ids, no_ids);
	m = sound();
	try_all(&m, &m.output_extension, exts, no_exts);
	m = sound();
	try_all(&m, &m.filename, files, no_files);
	m = sound();
	m.body_len = 0;
	try_all(&m, &m.input_location, places, no_places);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_sound_request_gets_the_default_numbers),
	    TEST(numbers_are_taken_at_both_ends_of_their_range),
	    TEST(numbers_beyond_their_range_are_refused),
	    TEST(what_is_no_number_cannot_be_read),
	    TEST(several_breaches_are_counted_and_told_together),
	    TEST(a_body_ends_at_128000_bytes),
	    TEST(just_one_of_body_and_location_is_needed),
	    TEST(a_sensitive_value_is_not_repeated),
	    TEST(patterns_are_those_of_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
