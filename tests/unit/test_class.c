/* SPDX-License-Identifier: Apache-2.0 */
/* Which errors belong to which class, and what classes are called. */
#include "deliver/class.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static void
every_class_is_found_by_its_name(void **state)
{
	enum deliver_class c, found;
	struct buf list;

	(void)state;
	buf_init(&list, 400);
	deliver_class_list(&list);
	for (c = CLASS_NONE + 1; c <= CLASS_OTHER; c++) {
		assert_non_null(deliver_class_name(c));
		assert_int_equal(
		    deliver_class_parse(deliver_class_name(c), &found), 0);
		assert_int_equal(found, c);
		assert_non_null(strstr(list.data, deliver_class_name(c)));
	}
	assert_true(str_starts(list.data, "dns, connect, "));
	assert_true(str_ends(list.data, ", other"));
	assert_null(deliver_class_name(CLASS_NONE));
	assert_int_equal(deliver_class_parse("none", &found), -1);
	assert_int_equal(deliver_class_parse("", &found), -1);
	buf_done(&list);
}

static void
an_error_has_the_class_of_its_code(void **state)
{
	static const struct {
		enum error_code code;
		enum error_net net;
		enum deliver_class class;
	} cases[] = {
	    {ERR_NET, NET_DNS, CLASS_DNS},
	    {ERR_NET, NET_CONNECT, CLASS_CONNECT},
	    {ERR_NET, NET_TLS, CLASS_TLS},
	    {ERR_NET, NET_BROKEN, CLASS_RESET},
	    {ERR_NET, NET_NONSENSE, CLASS_PROTOCOL},
	    {ERR_NET, NET_UNKNOWN, CLASS_RESET},
	    {ERR_TIMEOUT, NET_UNKNOWN, CLASS_TIMEOUT},
	    {ERR_REFUSED, NET_UNKNOWN, CLASS_EGRESS},
	    {ERR_PROTOCOL, NET_UNKNOWN, CLASS_PROTOCOL},
	    {ERR_CONFIG, NET_UNKNOWN, CLASS_CONFIG},
	    {ERR_IO, NET_UNKNOWN, CLASS_IO},
	    {ERR_EXISTS, NET_UNKNOWN, CLASS_EXISTS},
	    {ERR_LIMIT, NET_UNKNOWN, CLASS_LIMIT},
	    {ERR_LIMIT, NET_NONSENSE, CLASS_PROTOCOL},
	    {ERR_CANCELLED, NET_UNKNOWN, CLASS_OTHER},
	};
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		/* Whatever the words are. */
		err_set(&err, cases[i].code, "dns connect tls timed out");
		err.net = cases[i].net;
		assert_int_equal(deliver_class_of(&err), cases[i].class);
	}
	errno = ENOSPC;
	err_set_errno(&err, ERR_IO, "write");
	assert_int_equal(deliver_class_of(&err), CLASS_ROOM);
}

/* Where it was is known on the way up, too. */
static void
a_prefix_leaves_what_is_known(void **state)
{
	struct error err;

	(void)state;
	err_set(&err, ERR_NET, "no such host");
	err.net = NET_DNS;
	err_prefix(&err, "target a");
	assert_int_equal(deliver_class_of(&err), CLASS_DNS);
	err_set(&err, ERR_NET, "it broke");
	assert_int_equal(deliver_class_of(&err), CLASS_RESET);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_class_is_found_by_its_name),
	    cmocka_unit_test(an_error_has_the_class_of_its_code),
	    cmocka_unit_test(a_prefix_leaves_what_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
