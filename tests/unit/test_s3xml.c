/* SPDX-License-Identifier: Apache-2.0 */
/* S3's error documents: the real ones, and those that want to do harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aws/s3xml.h"
#include "base/mem.h"

static int
parse(const char *text, struct s3xml_error *out)
{
	struct error err;
	int rc = s3xml_parse_error(text, strlen(text), out, &err);

	if (rc == -1)
		assert_int_equal(err.code, ERR_PROTOCOL);
	return rc;
}

static void
a_document_as_S3_sends_it_is_read(void **state)
{
	struct s3xml_error e;

	(void)state;
	assert_int_equal(
	    parse("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		  "<Error><Code>NoSuchKey</Code><Message>The specified key "
		  "does not exist.</Message><Key>a &amp; b</Key>"
		  "<RequestId>R</RequestId><HostId>H</HostId></Error>",
		&e),
	    0);
	assert_string_equal(e.code, "NoSuchKey");
	assert_string_equal(e.message, "The specified key does not exist.");
	assert_string_equal(e.region, "");
}

static void
the_right_region_is_read(void **state)
{
	struct s3xml_error e;

	(void)state;
	assert_int_equal(
	    parse("<Error><Code>AuthorizationHeaderMalformed</Code>"
		  "<Region>eu-west-1</Region></Error>",
		&e),
	    0);
	assert_string_equal(e.region, "eu-west-1");
}

static void
a_namespace_and_an_order_of_its_own_do_not_matter(void **state)
{
	struct s3xml_error e;

	(void)state;
	assert_int_equal(
	    parse("<s:Error xmlns:s=\"http://s3.amazonaws.com/doc/\">"
		  "<s:Message>m</s:Message><s:Code>C</s:Code></s:Error>",
		&e),
	    0);
	assert_string_equal(e.code, "C");
	assert_string_equal(e.message, "m");
}

static void
text_in_pieces_is_one_text(void **state)
{
	struct s3xml_error e;

	(void)state;
	assert_int_equal(parse("<Error><Code>C</Code><Message>a &lt;b&gt; "
			       "<![CDATA[<c>]]> d<!-- - -->e</Message></Error>",
			     &e),
	    0);
	assert_string_equal(e.message, "a <b> <c> de");
}

static void
what_stands_deeper_is_not_taken(void **state)
{
	struct s3xml_error e;

	(void)state;
	assert_int_equal(parse("<Error><X><Code>inner</Code></X><Code>C"
			       "<Code>inner</Code></Code></Error>",
			     &e),
	    0);
	assert_string_equal(e.code, "C");
	assert_int_equal(
	    parse("<Error><X><Code>inner</Code></X></Error>", &e), -1);
}

static void
an_error_of_the_query_protocol_is_read(void **state)
{
	struct s3xml_error e;

	(void)state;
	assert_int_equal(
	    parse("<ErrorResponse xmlns=\"https://sts.amazonaws.com/\">\n"
		  "  <Error><Type>Sender</Type><Code>AccessDenied</Code>"
		  "<Message>no</Message></Error><RequestId>r</RequestId>"
		  "</ErrorResponse>",
		&e),
	    0);
	assert_string_equal(e.code, "AccessDenied");
	assert_string_equal(e.message, "no");
	assert_int_equal(
	    parse("<ErrorResponse><Code>C</Code></ErrorResponse>", &e), -1);
}

static void
long_text_is_cut(void **state)
{
	struct s3xml_error e;
	char *text, *c = xcalloc(1, 20001), *m = xcalloc(1, 20001);

	(void)state;
	memset(c, 'c', 20000);
	memset(m, 'm', 20000);
	text = xasprintf(
	    "<Error><Code>%s</Code><Message>%s</Message></Error>", c, m);
	assert_int_equal(parse(text, &e), 0);
	assert_int_equal(strlen(e.code), sizeof(e.code) - 1);
	assert_int_equal(strlen(e.message), sizeof(e.message) - 1);
	free(text);
	free(c);
	free(m);
}

static void
what_is_no_error_document_is_none(void **state)
{
	static const char *const bad[] = {
	    "",
	    " ",
	    "{}",
	    "<",
	    "<Error>",
	    "<Error/>",
	    "<Error><Code>C</Code>",
	    "<Error><Code>C</Message></Error>",
	    "<Error><Code>C</Code></Error>trailing",
	    "<Error><Code>C</Code></Error><Error/>",
	    "<html><Code>C</Code></html>",
	    "<Error><Message>m</Message></Error>",
	    "<Error><Code>\xff\xfe</Code></Error>",
	    "<Error><Code>C&nbsp;</Code></Error>",
	};
	struct s3xml_error e = {.code = "untouched"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (parse(bad[i], &e) == 0)
			fail_msg("taken: %s", bad[i]);
		assert_string_equal(e.code, "untouched");
	}
}

static void
document_types_and_entities_are_refused(void **state)
{
	static const char *const bad[] = {
	    "<!DOCTYPE Error><Error><Code>C</Code></Error>",
	    "<!DOCTYPE Error [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"
	    "<Error><Code>&x;</Code></Error>",
	    "<!DOCTYPE Error SYSTEM \"http://127.0.0.1:1/x.dtd\">"
	    "<Error><Code>C</Code></Error>",
	    "<!DOCTYPE Error [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b "
	    "\"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;\">]>"
	    "<Error><Code>&c;</Code></Error>",
	};
	struct s3xml_error e;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(parse(bad[i], &e), -1);
}

static void
size_and_depth_have_an_end(void **state)
{
	static const char small[] = "<Error><Code>C</Code></Error>";
	char *text = xcalloc(1, 70000);
	struct s3xml_error e;
	size_t i;

	(void)state;
	memset(text, '\n', 65536);
	memcpy(text, small, sizeof(small) - 1);
	assert_int_equal(parse(text, &e), 0);
	text[65536] = '\n';
	assert_int_equal(parse(text, &e), -1);
	memset(text, 0, 70000);
	memcpy(text, "<Error>", 7);
	for (i = 0; i < 10000; i++)
		memcpy(text + 7 + 3 * i, "<a>", 3);
	assert_int_equal(parse(text, &e), -1);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_document_as_S3_sends_it_is_read),
	    cmocka_unit_test(the_right_region_is_read),
	    cmocka_unit_test(a_namespace_and_an_order_of_its_own_do_not_matter),
	    cmocka_unit_test(text_in_pieces_is_one_text),
	    cmocka_unit_test(what_stands_deeper_is_not_taken),
	    cmocka_unit_test(an_error_of_the_query_protocol_is_read),
	    cmocka_unit_test(long_text_is_cut),
	    cmocka_unit_test(what_is_no_error_document_is_none),
	    cmocka_unit_test(document_types_and_entities_are_refused),
	    cmocka_unit_test(size_and_depth_have_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
