/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums of whole objects against values of others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/s3sum.h"
#include "base/mem.h"

#define TEXT "Hello world"

/* Of TEXT; all but the first by openssl(1) and by Python's zlib. */
static const struct {
	const char *name, *header, *value;
} known[] = {
    {"CRC64NVME", "x-amz-checksum-crc64nvme", "OOJZ0D8xKts="},
    {"CRC32", "x-amz-checksum-crc32", "i9aeUg=="},
    {"CRC32C", "x-amz-checksum-crc32c", "crUfeA=="},
    {"SHA1", "x-amz-checksum-sha1", "e1AsOh9IyGCa4hLN+2Od7jlnP14="},
    {"SHA256", "x-amz-checksum-sha256",
	"ZOyIygCyaOW6GjVnihtTFtIS9PNmskdyMlNKiuyjfzw="},
};

/* The text in two pieces; "" as the algorithm: none was taken. */
static int
sum_up(const char *fields[], const char *text, char *algorithm)
{
	struct s3sum *s = s3sum_new();
	struct headers h;
	struct error err;
	size_t half = strlen(text) / 2;
	int rc;

	headers_init(&h);
	for (; *fields != NULL; fields += 2)
		headers_add(&h, fields[0], fields[1]);
	s3sum_update(s, "junk", 4);
	s3sum_begin(s, &h);
	s3sum_update(s, text, half);
	s3sum_update(s, text + half, strlen(text) - half);
	sprintf(algorithm, "%s",
	    s3sum_algorithm(s) != NULL ? s3sum_algorithm(s) : "");
	rc = s3sum_check(s, &err);
	if (rc == -1) {
		assert_int_equal(err.code, ERR_PROTOCOL);
		assert_string_equal(err.remote_code, "ChecksumMismatch");
		assert_non_null(strstr(err.text, algorithm));
		assert_false(err.retryable);
	}
	headers_done(&h);
	s3sum_free(s);
	return rc;
}

static void
every_algorithm_knows_right_from_wrong(void **state)
{
	char algorithm[32];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(known); i++) {
		const char *fields[] = {known[i].header, known[i].value, NULL};

		assert_int_equal(sum_up(fields, TEXT, algorithm), 0);
		assert_string_equal(algorithm, known[i].name);
		assert_int_equal(sum_up(fields, "Hello worle", algorithm), -1);
		assert_int_equal(sum_up(fields, "", algorithm), -1);
	}
}

static void
a_whole_object_may_be_called_one(void **state)
{
	const char *fields[] = {known[0].header, known[0].value,
	    "x-amz-checksum-type", "FULL_OBJECT", NULL};
	char algorithm[32];

	(void)state;
	assert_int_equal(sum_up(fields, "other", algorithm), -1);
}

static void
what_says_nothing_of_the_whole_is_passed_over(void **state)
{
	static const char *const unknown[][5] = {
	    {NULL},
	    {"x-amz-checksum-crc32", "i9aeUg==-3", NULL},
	    {"x-amz-checksum-crc32", "i9aeUg==", "x-amz-checksum-type",
		"COMPOSITE", NULL},
	    {"x-amz-checksum-crc32", "i9aeUi9aeUg=", NULL},
	    {"x-amz-checksum-sha256", "not base64", NULL},
	    {"x-amz-checksum-sha256", "", NULL},
	    {"x-amz-checksum-xxhash64", "i9aeUg==", NULL},
	    {"x-amz-checksum-sha512",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
		NULL},
	};
	char algorithm[32];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(unknown); i++) {
		const char *fields[5];

		memcpy(fields, unknown[i], sizeof(fields));
		assert_int_equal(sum_up(fields, TEXT, algorithm), 0);
		assert_string_equal(algorithm, "");
	}
}

static void
of_several_the_cheapest_is_taken(void **state)
{
	const char *fields[] = {known[4].header, known[4].value,
	    known[0].header, known[0].value, NULL};
	char algorithm[32];

	(void)state;
	assert_int_equal(sum_up(fields, TEXT, algorithm), 0);
	assert_string_equal(algorithm, "CRC64NVME");
}

static void
what_is_sent_is_what_others_send(void **state)
{
	char out[S3SUM_CRC64NVME_SIZE];

	(void)state;
	s3sum_format_crc64nvme(0, out);
	assert_string_equal(out, "AAAAAAAAAAA=");
	s3sum_format_crc64nvme(UINT64_C(0xAE8B14860A799888), out);
	assert_string_equal(out, "rosUhgp5mIg=");
}

static void
the_environment_says_when(void **state)
{
	struct s3sum_modes m = {0};
	struct error err;

	(void)state;
	setenv("AWS_CONFIG_FILE", "/nonexistent", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
	unsetenv("AWS_REQUEST_CHECKSUM_CALCULATION");
	unsetenv("AWS_RESPONSE_CHECKSUM_VALIDATION");
	assert_int_equal(s3sum_modes_load(NULL, &m, &err), 0);
	assert_true(m.send && m.verify);
	setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "WHEN_REQUIRED", 1);
	setenv("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_supported", 1);
	assert_int_equal(s3sum_modes_load(NULL, &m, &err), 0);
	assert_true(!m.send && m.verify);
	setenv("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required", 1);
	assert_int_equal(s3sum_modes_load(NULL, &m, &err), 0);
	assert_true(!m.send && !m.verify);
	setenv("AWS_RESPONSE_CHECKSUM_VALIDATION", "never", 1);
	m.verify = true;
	assert_int_equal(s3sum_modes_load(NULL, &m, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_non_null(strstr(err.text, "AWS_RESPONSE_CHECKSUM_VALIDATION"));
	assert_true(m.verify);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_algorithm_knows_right_from_wrong),
	    cmocka_unit_test(a_whole_object_may_be_called_one),
	    cmocka_unit_test(what_says_nothing_of_the_whole_is_passed_over),
	    cmocka_unit_test(of_several_the_cheapest_is_taken),
	    cmocka_unit_test(what_is_sent_is_what_others_send),
	    cmocka_unit_test(the_environment_says_when),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
