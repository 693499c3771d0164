/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of STS: what is taken of them, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aws/queryxml.h"
#include "base/mem.h"

static struct queryxml_field f[2];

static int
read_text(const char *text)
{
	struct error err;
	int rc;

	f[0] = (struct queryxml_field){.path = "R/Credentials/Key"};
	f[1] = (struct queryxml_field){.path = "R/Name"};
	rc = queryxml_read(text, strlen(text), "Response", f, 2, &err);
	if (rc == -1) {
		assert_int_equal(err.code, ERR_PROTOCOL);
		assert_null(f[0].value);
		assert_null(f[1].value);
	}
	return rc;
}

static void
fields_are_found_by_their_places(void **state)
{
	(void)state;
	assert_int_equal(
	    read_text("<?xml version=\"1.0\"?>\n<Response xmlns=\"https://x/\">"
		      "<Name>not this</Name>\n <R><Other><Key>nor this</Key>"
		      "</Other><Credentials>\n<Key>a&amp;<![CDATA[b]]></Key>"
		      "</Credentials><Name/></R><R2><Name>x</Name></R2>"
		      "</Response>"),
	    0);
	assert_string_equal(f[0].value, "a&b");
	assert_string_equal(f[1].value, "");
	queryxml_done(f, 2);
	assert_null(f[0].value);
	assert_int_equal(read_text("<Response><R/></Response>"), 0);
	assert_null(f[0].value);
	assert_null(f[1].value);
}

static void
what_could_be_read_in_two_ways_is_refused(void **state)
{
	static const char *const texts[] = {
	    "",
	    "x",
	    "<Other><R><Name>n</Name></R></Other>",
	    "<Response><R><Name>n</Name></R>",
	    "<Response><R><Name>n</Name><Name>m</Name></R></Response>",
	    "<Response><R><Name>n</Name></R><R><Name>m</Name></R></Response>",
	    "<!DOCTYPE Response [<!ENTITY e \"x\">]><Response>&e;</Response>",
	    "<!DOCTYPE Response SYSTEM \"file:///etc/passwd\"><Response/>",
	    "<Response><R><Name>&unknown;</Name></R></Response>",
	    "<Response><R><Name>n</Name></R></Response><More/>",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		if (read_text(texts[i]) == 0)
			fail_msg("taken: %s", texts[i]);
	}
}

static void
a_document_has_a_largest_size(void **state)
{
	char *text = xmalloc(QUERYXML_MAX_BYTES + 2);
	static const char end[] = "<Response/>";

	(void)state;
	memset(text, ' ', QUERYXML_MAX_BYTES + 1);
	text[QUERYXML_MAX_BYTES] = '\0';
	memcpy(text, end, sizeof(end) - 1);
	assert_int_equal(read_text(text), 0);
	text[QUERYXML_MAX_BYTES] = ' ';
	text[QUERYXML_MAX_BYTES + 1] = '\0';
	assert_int_equal(read_text(text), -1);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fields_are_found_by_their_places),
	    cmocka_unit_test(what_could_be_read_in_two_ways_is_refused),
	    cmocka_unit_test(a_document_has_a_largest_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
