/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One set of credentials: what is taken of the parts that a source has, what
 * is refused with which words, and how long it holds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aws/creds.h"
#include "base/clock.h"
#include "base/mem.h"
#include "tests/unit/creds_rig.h"
#include "tests/support/fake_clock.h"

static struct creds_parts
parts(const char *id, const char *secret, const char *token)
{
	struct creds_parts p = {
	    .source = "a source",
	    .access_key = {"Id", id},
	    .secret_key = {"Secret", secret},
	    .session_token = {"Token", token},
	    .account_id = {"Account", NULL},
	    .expiration = {"Expiration", NULL},
	};

	return p;
}

static struct creds
take(const struct creds_parts *p)
{
	struct error err;
	struct creds c;

	if (creds_take_parts(p, &c, &err) != 1)
		fail_msg("%s", err.text);
	return c;
}

static struct error
refuse(const struct creds_parts *p, const char *words)
{
	struct creds c, untouched;
	struct error err;

	memset(&c, 7, sizeof(c));
	untouched = c;
	error_clear(&err);
	assert_int_equal(creds_take_parts(p, &c, &err), -1);
	assert_memory_equal(&c, &untouched, sizeof(c));
	assert_int_equal(err.code, ERR_CONFIG);
	assert_non_null(strstr(err.text, words));
	creds_rig_assert_discreet(&err);
	return err;
}

static void
all_parts_are_taken(void **state)
{
	struct creds_parts p = parts("AK", "s k", "t/=+");
	struct creds c, copy;
	struct sigv4_credentials s;

	(void)state;
	p.account_id.value = "123456789012";
	c = take(&p);
	creds_copy(&c, &copy);
	creds_done(&c);
	s = creds_for_signing(&copy);
	assert_string_equal(s.access_key, "AK");
	assert_string_equal(s.secret_key, "s k");
	assert_string_equal(s.session_token, "t/=+");
	assert_string_equal(copy.account_id, "123456789012");
	assert_string_equal(copy.source, "a source");
	assert_null(copy.warning);
	assert_true(copy.expires_at == 0);
	assert_true(copy.expires_mono == INT64_MAX);
	creds_done(&copy);
	assert_null(copy.secret_key);
}

static void
empty_parts_are_as_good_as_none(void **state)
{
	struct creds_parts p = parts("", NULL, SECRET);
	struct error err;
	struct creds c;

	(void)state;
	assert_int_equal(creds_take_parts(&p, &c, &err), 0);
	p = parts("AK", "s", "");
	p.account_id.value = p.expiration.value = "";
	c = take(&p);
	assert_null(c.session_token);
	assert_null(c.account_id);
	assert_true(c.expires_mono == INT64_MAX);
	creds_done(&c);
}

static void
half_a_pair_names_the_missing_part_and_the_place(void **state)
{
	struct creds_parts p = parts("AK", "", NULL);
	struct error err;

	(void)state;
	refuse(&p, "Id is set, but Secret is not");
	p = parts(NULL, SECRET, NULL);
	p.where = "the file";
	err = refuse(&p, "Secret is set, but Id is not");
	assert_memory_equal(err.text, "the file: ", 10);
}

static void
bytes_that_break_a_header_are_refused_unseen(void **state)
{
	static const struct {
		const char *key, *secret, *token, *account, *words;
	} bad[] = {
	    {SECRET "\n", "s", NULL, NULL, "Id holds a control"},
	    {SECRET " ", "s", NULL, NULL, "Id holds a blank"},
	    {SECRET "\xc3\xa9", "s", NULL, NULL, "Id holds a byte"},
	    {"AK", SECRET "\r", NULL, NULL, "Secret holds a control"},
	    {"AK", "s", SECRET "\r\nx: y", NULL, "Token holds a control"},
	    {"AK", "s", SECRET "\x7f", NULL, "Token holds a control"},
	    {"AK", "s", NULL, SECRET "\n", "Account holds a control"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		struct creds_parts p =
		    parts(bad[i].key, bad[i].secret, bad[i].token);

		p.account_id.value = bad[i].account;
		refuse(&p, bad[i].words);
	}
}

static void
the_end_counts_from_now_on_a_clock_that_nobody_sets(void **state)
{
	struct creds_parts p = parts("AK", "s", "t");
	struct creds c;

	(void)state;
	fake_clock_reset();
	p.expiration.value = "2100-03-01T01:00:00+01:00";
	c = take(&p);
	assert_true(c.expires_at == INT64_C(4107542400000));
	assert_true(c.expires_mono ==
	    clock_mono_ms() + (c.expires_at - clock_wall_ms()));
	creds_done(&c);
	/* The source says what time it is: ours may be wrong by years. */
	p.now = c.expires_at - 3600000;
	c = take(&p);
	assert_true(c.expires_mono == clock_mono_ms() + 3600000);
	fake_clock_jump(-1000000);
	assert_true(c.expires_mono == clock_mono_ms() + 3600000);
	creds_done(&c);
}

static void
what_is_over_is_taken_and_says_so(void **state)
{
	struct creds_parts p = parts("AK", "s", "t");
	struct creds c;

	(void)state;
	p.expiration.value = "2001-01-01T00:00:00Z";
	c = take(&p);
	assert_true(c.expires_mono < clock_mono_ms());
	creds_done(&c);
}

static void
a_date_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = {
	    SECRET, "2030-01-31", "1893456000", "2030-02-31T00:00:00Z"};
	struct creds_parts p = parts("AK", "s", "t");
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		p.expiration.value = bad[i];
		refuse(&p, "Expiration is no date");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_parts_are_taken),
	    cmocka_unit_test(empty_parts_are_as_good_as_none),
	    cmocka_unit_test(half_a_pair_names_the_missing_part_and_the_place),
	    cmocka_unit_test(bytes_that_break_a_header_are_refused_unseen),
	    cmocka_unit_test(
		the_end_counts_from_now_on_a_clock_that_nobody_sets),
	    cmocka_unit_test(what_is_over_is_taken_and_says_so),
	    cmocka_unit_test(a_date_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
