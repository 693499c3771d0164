/* SPDX-License-Identifier: Apache-2.0 */
/* NotificationConfiguration: read, kept, written, and which keys it is of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "local/s3events_rule.h"

static struct s3events_rules *rules;
static struct error err;

static int
setup(void **state)
{
	(void)state;
	rules = s3events_rules_new();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	s3events_rules_free(rules);
	return 0;
}

static int
read_xml(const char *text)
{
	error_clear(&err);
	return s3events_rules_read_xml(rules, text, strlen(text), &err);
}

#define NC(inner) \
	"<NotificationConfiguration>" inner "</NotificationConfiguration>"
#define RULE(name, value)                                           \
	"<FilterRule><Name>" name "</Name><Value>" value "</Value>" \
	"</FilterRule>"
#define QUEUE(more)                                                         \
	"<QueueConfiguration><Queue>arn:q</Queue><Event>s3:ObjectCreated:*" \
	"</Event>" more "</QueueConfiguration>"
#define FILTER(list) "<Filter><S3Key>" list "</S3Key></Filter>"

static const char both[] =
    NC("<TopicConfiguration><Id>t</Id><Topic>arn:t</Topic><Event>"
       "s3:ObjectRemoved:Delete</Event><Event>s3:ObjectCreated:Put</Event>"
       "</TopicConfiguration>" QUEUE("<Id>q&amp;</Id>" FILTER(
	   RULE("Prefix", "out/") RULE("suffix", ".out"))));

static void
assert_both(const struct s3events_rules *r)
{
	assert_int_equal(r->n, 2);
	assert_true(r->v[0].is_topic);
	assert_string_equal(r->v[0].id, "t");
	assert_string_equal(r->v[0].target, "arn:t");
	assert_int_equal(r->v[0].names_n, 2);
	assert_null(r->v[0].prefix);
	assert_false(r->v[1].is_topic);
	assert_string_equal(r->v[1].id, "q&");
	assert_string_equal(r->v[1].target, "arn:q");
	assert_string_equal(r->v[1].prefix, "out/");
	assert_string_equal(r->v[1].suffix, ".out");
}

static void
a_configuration_is_read_kept_and_written(void **state)
{
	struct s3events_rules *kept = s3events_rules_new();
	struct buf xml;
	char *text;

	(void)state;
	assert_int_equal(read_xml(both), 0);
	assert_both(rules);
	text = s3events_rules_text(rules);
	s3events_rules_of_text(kept, text);
	assert_both(kept);
	buf_init(&xml, 65536);
	s3events_rules_write_xml(kept, &xml);
	s3events_rules_free(rules);
	rules = s3events_rules_new();
	assert_int_equal(read_xml(xml.data), 0);
	assert_both(rules);
	buf_done(&xml);
	free(text);
	s3events_rules_free(kept);
}

static void
an_empty_one_ends_it(void **state)
{
	(void)state;
	assert_int_equal(read_xml(NC("")), 0);
	assert_int_equal(rules->n, 0);
	assert_null(s3events_rules_text(rules));
}

static void
one_without_a_name_gets_one(void **state)
{
	(void)state;
	assert_int_equal(read_xml(NC(QUEUE(""))), 0);
	assert_int_equal(strlen(rules->v[0].id), 36);
}

static void
events_and_keys_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(read_xml(both), 0);
	assert_true(
	    s3events_rule_fits(&rules->v[1], "ObjectCreated:Put", "out/a.out"));
	assert_true(
	    s3events_rule_fits(&rules->v[1], "ObjectCreated:Copy", "out/.out"));
	assert_false(
	    s3events_rule_fits(&rules->v[1], "ObjectCreated:Put", "out/a"));
	assert_false(
	    s3events_rule_fits(&rules->v[1], "ObjectCreated:Put", "in/a.out"));
	assert_false(s3events_rule_fits(
	    &rules->v[1], "ObjectRemoved:Delete", "out/a.out"));
	assert_true(
	    s3events_rule_fits(&rules->v[0], "ObjectRemoved:Delete", "k"));
	assert_false(
	    s3events_rule_fits(&rules->v[0], "ObjectCreated:Copy", "k"));
}

static void
what_cannot_be_meant_is_refused(void **state)
{
	static const struct {
		const char *text, *code;
	} rows[] = {
	    {NC("<QueueConfiguration><Queue>q</Queue></QueueConfiguration>"),
		"MalformedXML"},
	    {NC("<QueueConfiguration><Event>s3:ObjectCreated:*</Event>"
		"</QueueConfiguration>"),
		"MalformedXML"},
	    {NC("<QueueConfiguration><Queue>q</Queue><Event>s3:Other</Event>"
		"</QueueConfiguration>"),
		"InvalidArgument"},
	    {NC(QUEUE("<Topic>t</Topic>")), "MalformedXML"},
	    {NC(QUEUE(FILTER(RULE("infix", "x")))), "InvalidArgument"},
	    {NC(QUEUE(FILTER(RULE("prefix", "a") RULE("prefix", "b")))),
		"InvalidArgument"},
	    {NC("<EventBridgeConfiguration/>"), "NotImplemented"},
	    {NC("<CloudFunctionConfiguration/>"), "NotImplemented"},
	    {"<Other/>", "NotImplemented"},
	    {"", ""},
	    {"<NotificationConfiguration>", ""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (read_xml(rows[i].text) == 0)
			fail_msg("%s", rows[i].text);
		assert_string_equal(err.remote_code, rows[i].code);
		assert_int_equal(rules->n, 0);
	}
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(a_configuration_is_read_kept_and_written),
	    T(an_empty_one_ends_it),
	    T(one_without_a_name_gets_one),
	    T(events_and_keys_are_told_apart),
	    T(what_cannot_be_meant_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
