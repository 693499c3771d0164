/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors as values: one line whatever comes in, codes that survive prefixes,
 * names that logs can rely on.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

static void
a_new_error_replaces_all_of_the_old_one(void **state)
{
	struct error err;

	(void)state;
	error_clear(&err);
	err_set(&err, ERR_THROTTLED, "first");
	err.retryable = err.sent = true;
	err.http_status = 503;
	err.retry_after_ms = 5;
	err_hint(&err, "Wait.");
	assert_int_equal(err_set(&err, ERR_IO, "disk %d", 2), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_string_equal(err.text, "disk 2");
	assert_string_equal(err.hint, "");
	assert_false(err.retryable || err.sent);
	assert_int_equal(err.http_status, 0);
	assert_int_equal(err.retry_after_ms, 0);
}

static void
clearing_leaves_nothing(void **state)
{
	struct error err, zero;

	(void)state;
	memset(&zero, 0, sizeof(zero));
	memset(&err, 0xa5, sizeof(err));
	error_clear(&err);
	assert_memory_equal(&err, &zero, sizeof(err));
}

static void
an_error_may_quote_the_one_it_replaces(void **state)
{
	struct error err;

	(void)state;
	error_clear(&err);
	err_set(&err, ERR_NET, "no route");
	err_set(&err, ERR_REMOTE, "again: %s", err.text);
	assert_string_equal(err.text, "again: no route");
}

static void
errno_is_explained_behind_the_text(void **state)
{
	struct error err;

	(void)state;
	error_clear(&err);
	errno = ENOENT;
	assert_int_equal(err_set_errno(&err, ERR_IO, "open %s", "x"), -1);
	assert_string_equal(err.text, "open x: No such file or directory");
}

static void
a_prefix_keeps_code_and_hint(void **state)
{
	struct error err;

	(void)state;
	error_clear(&err);
	err_set(&err, ERR_CONFIG, "no region");
	err.retryable = true;
	err_hint(&err, "Set one.");
	assert_int_equal(err_prefix(&err, "%s:%d", "f.conf", 3), -1);
	assert_string_equal(err.text, "f.conf:3: no region");
	assert_string_equal(err.hint, "Set one.");
	assert_int_equal(err.code, ERR_CONFIG);
	assert_true(err.retryable);
}

static void
line_ends_and_control_bytes_become_blanks(void **state)
{
	struct error err;

	(void)state;
	error_clear(&err);
	err_set(&err, ERR_REMOTE, "%s", "a\r\nb\x1b[31m\x7f");
	assert_string_equal(err.text, "a  b [31m ");
	err_prefix(&err, "%s", "p\nq");
	assert_string_equal(err.text, "p q: a  b [31m ");
	err_hint(&err, "%s", "x\ty");
	assert_string_equal(err.hint, "x y");
}

static void
long_texts_are_cut_and_end(void **state)
{
	char longer[2000];
	struct error err;

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	error_clear(&err);
	err_set(&err, ERR_IO, "%s", longer);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	err_prefix(&err, "%s", longer);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	err_hint(&err, "%s", longer);
	assert_int_equal(strlen(err.hint), sizeof(err.hint) - 1);
	err_set_errno(&err, ERR_IO, "%s", longer);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void
every_code_has_a_name_of_its_own(void **state)
{
	int i, j;

	(void)state;
	for (i = ERR_NONE; i <= ERR_STORE; i++) {
		const char *name = error_code_name((enum error_code)i);

		assert_int_equal(
		    strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
		for (j = ERR_NONE; j < i; j++)
			assert_string_not_equal(
			    name, error_code_name((enum error_code)j));
	}
	assert_string_equal(error_code_name(ERR_NOT_FOUND), "not-found");
	assert_string_equal(error_code_name(ERR_REFUSED), "refused");
	assert_string_equal(error_code_name(ERR_EXISTS), "exists");
}

static void
a_prefix_and_a_hint_may_quote_the_error_itself(void **state)
{
	struct error err;

	(void)state;
	error_clear(&err);
	err_set(&err, ERR_NET, "no route");
	err_prefix(&err, "after %s", err.text);
	assert_string_equal(err.text, "after no route: no route");
	err_hint(&err, "Wait.");
	err_hint(&err, "First: %s", err.hint);
	assert_string_equal(err.hint, "First: Wait.");
}

static void
terminals_find_no_command_in_a_text(void **state)
{
	struct error err;

	(void)state;
	error_clear(&err);
	/* U+009B begins a control sequence as ESC [ does, alone or in UTF-8. */
	err_set(&err, ERR_REMOTE, "%s",
	    "a\xc2\x9b"
	    "31mb\xc2\xa0\xc3\xa9");
	assert_string_equal(err.text, "a  31mb\xc2\xa0\xc3\xa9");
	err_set(&err, ERR_REMOTE, "%s",
	    "a\x9b"
	    "31mb\xff");
	assert_string_equal(err.text, "a?31mb?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_error_replaces_all_of_the_old_one),
	    cmocka_unit_test(clearing_leaves_nothing),
	    cmocka_unit_test(an_error_may_quote_the_one_it_replaces),
	    cmocka_unit_test(errno_is_explained_behind_the_text),
	    cmocka_unit_test(a_prefix_keeps_code_and_hint),
	    cmocka_unit_test(line_ends_and_control_bytes_become_blanks),
	    cmocka_unit_test(long_texts_are_cut_and_end),
	    cmocka_unit_test(every_code_has_a_name_of_its_own),
	    cmocka_unit_test(a_prefix_and_a_hint_may_quote_the_error_itself),
	    cmocka_unit_test(terminals_find_no_command_in_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
