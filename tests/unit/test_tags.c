/* SPDX-License-Identifier: Apache-2.0 */
/* Which words are tags, and how several of them are kept. */
#include "job/tags.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void
tags_are_sorted_and_stand_once(void **state)
{
	struct error err;
	char *tags = NULL;

	(void)state;
	assert_int_equal(tags_parse(" run=7, batch,a , batch", &tags, &err), 0);
	assert_string_equal(tags, "a,batch,run=7");
	free(tags);
}

static void
no_tags_are_null(void **state)
{
	struct error err;
	char *tags = (char *)1;

	(void)state;
	assert_int_equal(tags_parse(" ", &tags, &err), 0);
	assert_null(tags);
}

static void
what_is_no_tag_is_named(void **state)
{
	static const char *const wrong[] = {
	    "a b", "a,,b", "a,", "\xc3\xa4", "a;b", "'"};
	struct error err;
	char *tags = (char *)1;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_int_equal(tags_parse(wrong[i], &tags, &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
		assert_non_null(strstr(err.text, "is no tag"));
		assert_ptr_equal(tags, (char *)1);
	}
}

static void
there_are_at_most_sixteen(void **state)
{
	const char *words[TAGS_MAX + 2];
	char text[TAGS_MAX + 2][8];
	struct error err;
	char *tags = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(words); i++) {
		snprintf(text[i], sizeof(text[i]), "t%zu", i);
		words[i] = text[i];
	}
	assert_int_equal(tags_join(words, TAGS_MAX, &tags, &err), 0);
	free(tags);
	assert_int_equal(tags_join(words, TAGS_MAX + 1, &tags, &err), -1);
	words[TAGS_MAX] = words[0];
	assert_int_equal(tags_join(words, TAGS_MAX + 1, &tags, &err), 0);
	free(tags);
}

static void
a_tag_has_at_most_64_bytes(void **state)
{
	char tag[TAG_MAX_LEN + 2];

	(void)state;
	memset(tag, 'x', sizeof(tag));
	tag[TAG_MAX_LEN] = '\0';
	assert_true(tag_ok(tag));
	tag[TAG_MAX_LEN] = 'x';
	tag[TAG_MAX_LEN + 1] = '\0';
	assert_false(tag_ok(tag));
	assert_false(tag_ok(""));
}

static void
a_part_of_a_tag_is_another(void **state)
{
	(void)state;
	assert_true(tags_has("a,batch,run=7", "a"));
	assert_true(tags_has("a,batch,run=7", "run=7"));
	assert_false(tags_has("a,batch,run=7", "run=77"));
	assert_false(tags_has("a,batch,run=7", "run"));
	assert_false(tags_has("a,batch,run=7", "atch"));
	assert_false(tags_has(NULL, "a"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tags_are_sorted_and_stand_once),
	    cmocka_unit_test(no_tags_are_null),
	    cmocka_unit_test(what_is_no_tag_is_named),
	    cmocka_unit_test(there_are_at_most_sixteen),
	    cmocka_unit_test(a_tag_has_at_most_64_bytes),
	    cmocka_unit_test(a_part_of_a_tag_is_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
