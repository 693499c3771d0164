/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of the regions of buckets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "aws/s3_region.h"
#include "base/mem.h"

static const struct aws_endpoint nowhere;

static void
learn(struct s3_regions *r, int bucket, const char *region)
{
	struct aws_endpoint e = {.region = xstrdup(region)};
	char name[16];

	snprintf(name, sizeof(name), "bucket-%d", bucket);
	s3_regions_learn(r, name, &e);
}

static const char *
find(struct s3_regions *r, int bucket)
{
	const struct aws_endpoint *e;
	char name[16];

	snprintf(name, sizeof(name), "bucket-%d", bucket);
	e = s3_regions_find(r, name, &nowhere);
	return e == &nowhere ? "-" : e->region;
}

static void
the_oldest_of_too_many_is_forgotten(void **state)
{
	struct s3_regions *r = s3_regions_new();
	int i;

	(void)state;
	assert_string_equal(find(r, 0), "-");
	for (i = 0; i < S3_REGIONS_MAX; i++)
		learn(r, i, "one");
	assert_string_equal(find(r, 0), "one");
	learn(r, 5, "two");
	assert_string_equal(find(r, 0), "one");
	assert_string_equal(find(r, 5), "two");
	learn(r, 1000, "three");
	learn(r, 1001, "three");
	assert_string_equal(find(r, 0), "-");
	assert_string_equal(find(r, 1), "-");
	assert_string_equal(find(r, 2), "one");
	assert_string_equal(find(r, 1001), "three");
	for (i = 2000; i < 2000 + 3 * S3_REGIONS_MAX; i++)
		learn(r, i, "four");
	assert_string_equal(find(r, 1001), "-");
	assert_string_equal(find(r, i - S3_REGIONS_MAX), "four");
	assert_string_equal(find(r, i - S3_REGIONS_MAX - 1), "-");
	s3_regions_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_oldest_of_too_many_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
