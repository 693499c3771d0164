/* SPDX-License-Identifier: Apache-2.0 */
/* Which permission would help, and the policies that have it. */
#include "aws/grant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

static void
hint_is(
    const char *action, const char *uri, const char *region, const char *wanted)
{
	struct error err;

	err_set(&err, ERR_AUTH, "no");
	assert_int_equal(
	    grant_hint(&err, action, uri, strlen(uri), region), -1);
	assert_string_equal(err.hint, wanted);
	assert_string_equal(err.text, "no");
}

static void
the_arn_is_of_what_the_action_is_about(void **state)
{
	(void)state;
	hint_is("s3:GetObject", "s3://out/res/", "us-east-1",
	    "Grant s3:GetObject on arn:aws:s3:::out/res/*, as in "
	    "contrib/iam/read.json.");
	hint_is("s3:ListBucket", "s3://out/res/", "eu-west-1",
	    "Grant s3:ListBucket on arn:aws:s3:::out (condition s3:prefix "
	    "res/*, as in contrib/iam/list.json): then S3 answers 404 for "
	    "what is not there.");
	hint_is("s3:PutObject", "s3://in", "us-east-1",
	    "Grant s3:PutObject on arn:aws:s3:::in/*, as in "
	    "contrib/iam/submit.json.");
	hint_is("kms:Decrypt", "s3://out/res/", "us-east-1",
	    "Grant kms:Decrypt on the key of the bucket, as in "
	    "contrib/iam/read.json.");
	hint_is("s3:GetObjectVersion", "s3://out/", "us-east-1",
	    "Grant s3:GetObjectVersion on arn:aws:s3:::out/*.");
}

static void
each_partition_has_its_own_arns(void **state)
{
	(void)state;
	hint_is("s3:GetObject", "s3://o/", "cn-north-1",
	    "Grant s3:GetObject on arn:aws-cn:s3:::o/*, as in "
	    "contrib/iam/read.json.");
	hint_is("s3:GetObject", "s3://o/", "us-gov-west-1",
	    "Grant s3:GetObject on arn:aws-us-gov:s3:::o/*, as in "
	    "contrib/iam/read.json.");
}

static void
what_is_no_object_has_an_arn_of_its_own(void **state)
{
	struct error err;

	(void)state;
	err_set(&err, ERR_AUTH, "no");
	assert_int_equal(grant_arn_hint(&err, "sqs:ReceiveMessage",
			     "arn:aws:sqs:us-east-1:1:q"),
	    -1);
	assert_string_equal(err.hint,
	    "Grant sqs:ReceiveMessage on arn:aws:sqs:us-east-1:1:q, as in "
	    "contrib/iam/queue.json.");
	grant_arn_hint(&err, "sqs:SendMessage", "arn:aws:sqs:us-east-1:1:q");
	assert_string_equal(
	    err.hint, "Grant sqs:SendMessage on arn:aws:sqs:us-east-1:1:q.");
}

static void
a_long_prefix_does_not_push_out_the_words_behind_it(void **state)
{
	char uri[1200] = "s3://bucket/";
	struct error err;

	(void)state;
	memset(uri + 12, 'x', sizeof(uri) - 13);
	uri[sizeof(uri) - 1] = '\0';
	err_set(&err, ERR_AUTH, "no");
	grant_hint(&err, "s3:ListBucket", uri, strlen(uri), "us-east-1");
	assert_non_null(strstr(err.hint, "xxx...*, as in contrib/iam/list"));
}

static void
the_action_that_S3_names_is_found(void **state)
{
	static const struct {
		const char *text;
		const char *action;
	} cases[] = {
	    {"GetObject: AccessDenied: User: arn:aws:iam::1:user/x is not "
	     "authorized to perform: kms:Decrypt on resource: arn:aws:kms:x",
		"kms:Decrypt"},
	    {"is not authorized to perform: s3:ListBucket on resource: x",
		"s3:ListBucket"},
	    {"AccessDenied: Access Denied (HTTP 403)", ""},
	    {"not authorized to perform: ", ""},
	    {"not authorized to perform: everything at all", ""},
	    {"not authorized to perform: s3:\x1b[31m on", ""},
	    {"not authorized to perform: :x on", ""},
	    {"not authorized to perform: x: on", ""},
	    {"not authorized to perform: "
	     "s3:"
	     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		""},
	};
	char action[GRANT_ACTION_SIZE];
	struct error err = {0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		strcpy(err.text, cases[i].text);
		grant_named_action(&err, action);
		assert_string_equal(action, cases[i].action);
	}
}

/* --- contrib/iam ---------------------------------------------------- */

static struct json *
policy(const char *file)
{
	const char *top = getenv("top_srcdir");
	char *path =
	    xasprintf("%s/contrib/iam/%s", top != NULL ? top : ".", file);
	struct json *doc = NULL;
	struct error err;
	struct buf b;

	buf_init(&b, 65536);
	if (file_read(path, &b, &err) == -1 ||
	    json_parse(b.data, b.len, &doc, &err) == -1)
		fail_msg("%s: %s", path, err.text);
	assert_string_equal(json_get_str(doc, "Version"), "2012-10-17");
	buf_done(&b);
	free(path);
	return doc;
}

static bool
has(const struct json *action, const char *wanted)
{
	const struct json *j;

	if (json_str(action) != NULL)
		return str_eq(json_str(action), wanted);
	for (j = json_first(action); j != NULL; j = json_next(j)) {
		if (str_eq(json_str(j), wanted))
			return true;
	}
	return false;
}

static bool
allows(const char *file, const char *action)
{
	struct json *doc = policy(file);
	const struct json *s;
	bool found = false;

	for (s = json_first(json_get(doc, "Statement")); s != NULL;
	     s = json_next(s))
		found |= str_eq(json_get_str(s, "Effect"), "Allow") &&
		    has(json_get(s, "Action"), action);
	json_free(doc);
	return found;
}

static void
the_policies_have_what_the_hints_name(void **state)
{
	static const char *const actions[] = {"kms:Decrypt",
	    "kms:GenerateDataKey", "s3:DeleteObject", "s3:GetObject",
	    "s3:ListBucket", "s3:PutObject", "sagemaker:InvokeEndpointAsync",
	    "sns:ConfirmSubscription", "sns:GetSubscriptionAttributes",
	    "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic",
	    "sqs:ChangeMessageVisibility", "sqs:DeleteMessage",
	    "sqs:GetQueueAttributes", "sqs:ReceiveMessage"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(actions); i++) {
		assert_non_null(grant_policy(actions[i]));
		assert_true(allows(grant_policy(actions[i]), actions[i]));
		assert_true(allows("awaitd-policy.json", actions[i]));
	}
	assert_null(grant_policy("iam:CreateUser"));
	assert_false(allows("list.json", "s3:GetObject"));
	assert_false(allows("read.json", "s3:PutObject"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_arn_is_of_what_the_action_is_about),
	    cmocka_unit_test(each_partition_has_its_own_arns),
	    cmocka_unit_test(what_is_no_object_has_an_arn_of_its_own),
	    cmocka_unit_test(
		a_long_prefix_does_not_push_out_the_words_behind_it),
	    cmocka_unit_test(the_action_that_S3_names_is_found),
	    cmocka_unit_test(the_policies_have_what_the_hints_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
