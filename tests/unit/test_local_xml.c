/* SPDX-License-Identifier: Apache-2.0 */
/* Texts in documents, and S3's errors, which are made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "local/s3answer.h"
#include "local/xml.h"

static void
texts_are_escaped(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	xml_textn(&b, "K", "<a>&\"'\x01\r\n\xff\xc3\xa9", 12);
	assert_string_equal(b.data,
	    "<K>&lt;a&gt;&amp;&quot;&apos;&#x1;&#xd;\n\xef\xbf\xbd\xc3\xa9"
	    "</K>");
	buf_done(&b);
}

static void
a_document_has_its_parts(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	xml_start(&b);
	xml_open(&b, "A", "urn:x");
	xml_int(&b, "N", INT64_C(-5000000000));
	xml_close(&b, "A");
	assert_string_equal(b.data,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<A xmlns=\"urn:x\"><N>-5000000000</N></A>");
	buf_done(&b);
}

static void
an_error_has_code_message_details_and_resource(void **state)
{
	struct s3answer_error e = {
	    .code = "NoSuchKey",
	    .detail = {"Key", "a<b"},
	};
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	s3answer_format(&b, &e, "/b/a%3Cb", "id");
	assert_string_equal(b.data,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<Error><Code>NoSuchKey</Code><Message>The specified key does not "
	    "exist.</Message><Key>a&lt;b</Key><Resource>/b/a%3Cb</Resource>"
	    "<RequestId>id</RequestId><HostId>awaitd-local</HostId></Error>");
	buf_done(&b);
}

static void
codes_have_their_status(void **state)
{
	(void)state;
	assert_int_equal(s3answer_status("NoSuchKey"), 404);
	assert_int_equal(s3answer_status("AccessDenied"), 403);
	assert_int_equal(s3answer_status("PreconditionFailed"), 412);
	assert_int_equal(s3answer_status("MissingContentLength"), 411);
	assert_int_equal(s3answer_status("InvalidRange"), 416);
	assert_int_equal(s3answer_status("NotImplemented"), 501);
	assert_int_equal(s3answer_status("of nobody"), 500);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_are_escaped),
	    cmocka_unit_test(a_document_has_its_parts),
	    cmocka_unit_test(an_error_has_code_message_details_and_resource),
	    cmocka_unit_test(codes_have_their_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
