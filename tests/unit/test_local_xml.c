/* SPDX-License-Identifier: Apache-2.0 */
/* Texts in documents, and S3's errors, which are made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "local/s3answer.h"
#include "local/xml.h"
#include "local/xmlread.h"

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

/* --- reading -------------------------------------------------------- */

static int
note(const char *path, const char *text, void *arg, struct error *err)
{
	struct buf *b = arg;

	(void)err;
	return buf_printf(b, "%s=%s\n", path, text);
}

static int
read_text(const char *text, size_t len, struct buf *out)
{
	struct error err = {0};

	buf_clear(out);
	return xmlread(text, len, note, out, &err);
}

static void
documents_are_read_to_their_leaves(void **state)
{
	static const char text[] =
	    "\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- a > b -->\n"
	    "<s:D xmlns:s='http://x/?a=b>'>\n <O ><K>a&amp;&lt;&#38;&#x1f642;"
	    "&quot;</K ></O><E/>\r\n<C><![CDATA[<&]]]></C><!----></s:D>\n";
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	assert_int_equal(read_text(text, strlen(text), &b), 0);
	assert_string_equal(b.data,
	    "/D/O/K=a&<&\xf0\x9f\x99\x82\"\n/D/O=\n/D/E=\n/D/C=<&]\n/D=\n");
	buf_done(&b);
}

static void
what_is_no_document_is_refused(void **state)
{
	static const char *const wrong[] = {
	    "",
	    " ",
	    "a",
	    "<a>",
	    "</a>",
	    "<a></b>",
	    "<a></ab>",
	    "<a><b></a></b>",
	    "<a/><b/>",
	    "<a/>x",
	    "<a",
	    "<a b></a>",
	    "<a b=c/>",
	    "<a b='<'/>",
	    "<a b='c></a>",
	    "<>x</>",
	    "<a:></a:>",
	    "<a>&b;</a>",
	    "<a>&amp</a>",
	    "<a>&#0;</a>",
	    "<a>&#xd800;</a>",
	    "<a>&#x110000;</a>",
	    "<a>&#-1;</a>",
	    "<a>&#x;</a>",
	    "<a>&;</a>",
	    "<a>\x01</a>",
	    "<a>\xff</a>",
	    "<a><![CDATA[</a>",
	    "<a><!-- </a>",
	    "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
	    "<a><?p i?></a>",
	    "<?xml <a/>",
	};
	char deep[64] = "";
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 4096);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (read_text(wrong[i], strlen(wrong[i]), &b) != -1)
			fail_msg("'%s' was read", wrong[i]);
	}
	for (i = 0; i < 17; i++)
		memcpy(deep + 3 * i, "<a>", 3);
	assert_int_equal(read_text(deep, 51, &b), -1);
	assert_int_equal(read_text("<a>\0</a>", 8, &b), -1);
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_are_escaped),
	    cmocka_unit_test(a_document_has_its_parts),
	    cmocka_unit_test(an_error_has_code_message_details_and_resource),
	    cmocka_unit_test(codes_have_their_status),
	    cmocka_unit_test(documents_are_read_to_their_leaves),
	    cmocka_unit_test(what_is_no_document_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
