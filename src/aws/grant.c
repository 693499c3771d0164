/* SPDX-License-Identifier: Apache-2.0 */
/* Permissions that would help. */
#include "aws/grant.h"

#include <stdio.h>
#include <string.h>

#include "aws/partition.h"
#include "base/mem.h"
#include "base/str.h"

/* Of a prefix so many bytes are shown: a hint has little room. */
#define SHOWN_MAX 100

static const struct {
	const char *action;
	const char *file;
} policies[] = {
    {"kms:Decrypt", "read.json"},
    {"kms:GenerateDataKey", "submit.json"},
    {"s3:DeleteObject", "submit.json"},
    {"s3:GetObject", "read.json"},
    {"s3:ListBucket", "list.json"},
    {"s3:PutObject", "submit.json"},
    {"sagemaker:InvokeEndpointAsync", "submit.json"},
    {"sns:ConfirmSubscription", "notify.json"},
    {"sns:GetSubscriptionAttributes", "notify.json"},
    {"sns:GetTopicAttributes", "notify.json"},
    {"sns:ListSubscriptionsByTopic", "notify.json"},
    {"sqs:ChangeMessageVisibility", "queue.json"},
    {"sqs:DeleteMessage", "queue.json"},
    {"sqs:GetQueueAttributes", "queue.json"},
    {"sqs:ReceiveMessage", "queue.json"},
};

const char *
grant_policy(const char *action)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(policies); i++) {
		if (str_eq(policies[i].action, action))
			return policies[i].file;
	}
	return NULL;
}

static bool
is_action(const char *s)
{
	const char *colon = strchr(s, ':');

	if (colon == NULL || colon == s || colon[1] == '\0')
		return false;
	for (; *s != '\0'; s++) {
		if (!str_is_alnum(*s) && *s != ':' && *s != '-')
			return false;
	}
	return true;
}

void
grant_named_action(const struct error *err, char out[GRANT_ACTION_SIZE])
{
	static const char before[] = "not authorized to perform: ";
	const char *s = strstr(err->text, before);
	size_t len;

	out[0] = '\0';
	if (s == NULL)
		return;
	s += sizeof(before) - 1;
	len = strcspn(s, " ");
	if (len >= GRANT_ACTION_SIZE)
		return;
	memcpy(out, s, len);
	out[len] = '\0';
	if (!is_action(out))
		out[0] = '\0';
}

/* What stands behind "s3://"; of a long one the beginning. */
static void
cut(const char *s, size_t len, char out[SHOWN_MAX + 8])
{
	size_t keep = len > SHOWN_MAX ? SHOWN_MAX : len;

	snprintf(out, SHOWN_MAX + 8, "%.*s%s", (int)keep, s,
	    len > keep ? "..." : "");
}

int
grant_hint(struct error *err, const char *action, const char *uri, size_t len,
    const char *region)
{
	const char *file = grant_policy(action), *name = uri + 5, *slash;
	const char *arn = partition_of(region)->name;
	char prefix[SHOWN_MAX + 8], like[40] = "";
	int bucket;

	if (file != NULL)
		snprintf(like, sizeof(like), ", as in contrib/iam/%s", file);
	if (!str_starts(uri, "s3://") || str_starts(action, "kms:"))
		return err_hint(
		    err, "Grant %s on the key of the bucket%s.", action, like);
	len -= 5;
	slash = memchr(name, '/', len);
	bucket = (int)(slash != NULL ? (size_t)(slash - name) : len);
	cut(slash != NULL ? slash + 1 : "",
	    slash != NULL ? len - (size_t)bucket - 1 : 0, prefix);
	if (!str_eq(action, "s3:ListBucket"))
		return err_hint(err, "Grant %s on arn:%s:s3:::%.*s/%s*%s.",
		    action, arn, bucket, name, prefix, like);
	return err_hint(err,
	    "Grant s3:ListBucket on arn:%s:s3:::%.*s (condition s3:prefix "
	    "%s*%s): then S3 answers 404 for what is not there.",
	    arn, bucket, name, prefix, like);
}

int
grant_arn_hint(struct error *err, const char *action, const char *arn)
{
	const char *file = grant_policy(action);

	return err_hint(err, "Grant %s on %s%s%s.", action, arn,
	    file != NULL ? ", as in contrib/iam/" : "",
	    file != NULL ? file : "");
}
