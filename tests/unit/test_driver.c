/* SPDX-License-Identifier: Apache-2.0 */
/* What drivers share: targets that are counted, words made harmless. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "deliver/driver.h"

static int freed;

static void
on_free(void *self)
{
	assert_ptr_equal(self, &freed);
	freed++;
}

static const struct deliver_driver nothing = {.free = on_free};

static void
a_target_lives_as_long_as_somebody_has_it(void **state)
{
	struct target_options o = {.name = "exec a",
	    .payload = DELIVERY_RAW,
	    .schedule = {.delay_ms = {7}, .n = 1},
	    .max_in_flight = 2,
	    .inline_max = 9};
	struct target *t;

	(void)state;
	t = target_new(&o, &nothing, &freed);
	assert_string_equal(t->name, "exec a");
	assert_int_equal(t->schedule.n, 1);
	assert_int_equal(t->schedule.delay_ms[0], 7);
	assert_int_equal(t->max_in_flight, 2);
	assert_int_equal(t->inline_max, 9);
	assert_int_equal(t->payload, DELIVERY_RAW);
	target_ref(t);
	target_unref(t);
	assert_int_equal(freed, 0);
	target_unref(t);
	assert_int_equal(freed, 1);
	target_unref(NULL);
}

static void
check(const char *said, size_t len, const char *want)
{
	char *text = deliver_text(said, len);

	if (want == NULL)
		assert_null(text);
	else
		assert_string_equal(text, want);
	free(text);
}

static void
words_are_one_harmless_line(void **state)
{
	(void)state;
	check("", 0, NULL);
	check("ok", 2, "ok");
	check("a\0b\nc\x1b[0m\x7f\xff", 11, "a b c [0m ?");
	check("\0", 1, " ");
	check("\xc2\x85|\xe2\x82\xac", 6, "  |\xe2\x82\xac");
}

static void
words_are_cut_between_characters(void **state)
{
	/* Four bytes each; the cut may come at any of them. */
	static const char face[] = "\xf0\x9f\x98\x80";
	char said[ATTEMPT_RESPONSE_MAX + 8], *text;
	size_t shift, i;

	(void)state;
	for (shift = 0; shift < 4; shift++) {
		memset(said, 'a', sizeof(said));
		for (i = shift; i + 4 <= sizeof(said); i += 4)
			memcpy(said + i, face, 4);
		text = deliver_text(said, sizeof(said));
		assert_in_range(strlen(text), ATTEMPT_RESPONSE_MAX - 3,
		    ATTEMPT_RESPONSE_MAX);
		assert_null(strchr(text, '?'));
		assert_true(str_ends(text, face));
		free(text);
	}
	/* What is no sequence is not cut away with it. */
	memset(said, 0x80, sizeof(said));
	text = deliver_text(said, sizeof(said));
	assert_int_equal(strlen(text), ATTEMPT_RESPONSE_MAX);
	assert_int_equal(strspn(text, "?"), ATTEMPT_RESPONSE_MAX);
	free(text);
}

/* Whoever echoes what he got has a presigned URL in it. */
static void
words_open_nothing(void **state)
{
	(void)state;
#define CHECK(said, want) check(said, strlen(said), want)
	CHECK("k?X-Amz-Signature=09afAF&b=1", "k?X-Amz-Signature=******&b=1");
	CHECK("x-amz-signature%3D09af\\u0026", "x-amz-signature%3D****\\u0026");
	CHECK("{\"X-Amz-Signature\": \"09af\"} X-Amz-Signature=0",
	    "{\"X-Amz-Signature\": \"****\"} X-Amz-Signature=*");
	CHECK("no X-Amz-Signature", "no X-Amz-Signature");
#undef CHECK
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_target_lives_as_long_as_somebody_has_it),
	    cmocka_unit_test(words_are_one_harmless_line),
	    cmocka_unit_test(words_are_cut_between_characters),
	    cmocka_unit_test(words_open_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
