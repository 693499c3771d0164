/* SPDX-License-Identifier: Apache-2.0 */
/* The operations by their names, and those of topics. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "local/sns_ask.h"
#include "local/sns_policy.h"
#include "local/xml.h"

#define NAME_LEN_MAX 256
#define DISPLAY_NAME_LEN_MAX 100
#define ATTRIBUTES_MAX 20

#define PARAMS(...)               \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

static const struct sns_operation operations[] = {
    {"ConfirmSubscription", sns_confirm_subscription, true, false,
	PARAMS("TopicArn", "Token", "AuthenticateOnUnsubscribe")},
    {"CreateTopic", sns_create_topic, false, false,
	PARAMS("Name", "Attributes.entry.")},
    {"DeleteTopic", sns_delete_topic, false, true, PARAMS("TopicArn")},
    {"GetSubscriptionAttributes", sns_get_subscription_attributes, false, false,
	PARAMS("SubscriptionArn")},
    {"GetTopicAttributes", sns_get_topic_attributes, false, false,
	PARAMS("TopicArn")},
    {"ListSubscriptions", sns_list_subscriptions, false, false,
	PARAMS("NextToken")},
    {"ListSubscriptionsByTopic", sns_list_subscriptions_by_topic, false, false,
	PARAMS("TopicArn", "NextToken")},
    {"ListTopics", sns_list_topics, false, false, PARAMS("NextToken")},
    {"Publish", sns_publish_message, false, false,
	PARAMS("TopicArn", "TargetArn", "Message", "Subject",
	    "MessageStructure", "MessageAttributes.entry.")},
    {"PublishBatch", sns_publish_batch, false, false,
	PARAMS("TopicArn", "PublishBatchRequestEntries.member.")},
    {"SetSubscriptionAttributes", sns_set_subscription_attributes, false, true,
	PARAMS("SubscriptionArn", "AttributeName", "AttributeValue")},
    {"SetTopicAttributes", sns_set_topic_attributes, false, true,
	PARAMS("TopicArn", "AttributeName", "AttributeValue")},
    {"Subscribe", sns_subscribe, false, false,
	PARAMS("TopicArn", "Protocol", "Endpoint", "ReturnSubscriptionArn",
	    "Attributes.entry.")},
    {"Unsubscribe", sns_unsubscribe, true, true, PARAMS("SubscriptionArn")},
};

const struct sns_operation *
sns_operation_of(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(operations); i++) {
		if (str_eq(operations[i].name, name))
			return &operations[i];
	}
	return NULL;
}

/* --- attributes of topics ------------------------------------------- */

static void
replace(char **at, const char *value)
{
	free(*at);
	*at = str_empty(value) ? NULL : xstrdup(value);
}

static int
set_policy(struct sns_ask *a, struct db_topic *t, const char *value)
{
	struct sns_policy policy;
	struct error err;

	sns_policy_init(&policy);
	if (!str_empty(value) &&
	    sns_policy_read(&policy, value, strlen(value), true, &err) == -1)
		return sns_fail(
		    a, "InvalidParameter", "Invalid parameter: %s", err.text);
	replace(&t->delivery_policy, value);
	return 0;
}

static int
set_attribute(
    struct sns_ask *a, struct db_topic *t, const char *name, const char *value)
{
	if (str_eq(name, "DeliveryPolicy"))
		return set_policy(a, t, value);
	if (str_eq(name, "SignatureVersion")) {
		if (!str_eq(value, "1") && !str_eq(value, "2"))
			return sns_fail(a, "InvalidParameter",
			    "Invalid parameter: SignatureVersion Reason: it is "
			    "1 or 2");
		replace(&t->signature_version, value);
		return 0;
	}
	if (str_eq(name, "DisplayName")) {
		if (strlen(value) > DISPLAY_NAME_LEN_MAX ||
		    str_has_control(value))
			return sns_fail(a, "InvalidParameter",
			    "Invalid parameter: DisplayName");
		replace(&t->display_name, value);
		return 0;
	}
	return sns_fail(a, "InvalidParameter",
	    "Invalid parameter: AttributeName Reason: SignatureVersion, "
	    "DeliveryPolicy and DisplayName can be set here");
}

/* Attributes.entry.N: each goes to `set`, until -1. */
static int
set_attributes(struct sns_ask *a, struct db_topic *t)
{
	const char *name, *value;
	size_t i;

	for (i = 1;; i++) {
		name = sns_form_item(&a->form, "Attributes.entry", i, "key");
		value = sns_form_item(&a->form, "Attributes.entry", i, "value");
		if (name == NULL)
			return 0;
		if (i > ATTRIBUTES_MAX || value == NULL)
			return sns_fail(a, "InvalidParameter",
			    "Invalid parameter: Attributes");
		if (set_attribute(a, t, name, value) == -1)
			return -1;
	}
}

static int
save(struct sns_ask *a, const struct db_topic *t)
{
	struct error err;

	a->wrote = true;
	if (db_topic_set(a->s->o.db, t, &err) == -1)
		return sns_fail_here(a, &err);
	return 0;
}

/* --- operations ----------------------------------------------------- */

static bool
is_name(const char *s)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-";

	return *s != '\0' && strlen(s) <= NAME_LEN_MAX &&
	    strspn(s, chars) == strlen(s);
}

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : str_eq(a, b);
}

/* What is there already must be what is asked for. */
static int
compare(
    struct sns_ask *a, const struct db_topic *old, const struct db_topic *asked)
{
	if ((asked->signature_version == NULL ||
		same(old->signature_version, asked->signature_version)) &&
	    (asked->delivery_policy == NULL ||
		same(old->delivery_policy, asked->delivery_policy)) &&
	    (asked->display_name == NULL ||
		same(old->display_name, asked->display_name)))
		return 0;
	return sns_fail(a, "InvalidParameter",
	    "Invalid parameter: Attributes Reason: Topic already exists with "
	    "different attributes");
}

static int
create(struct sns_ask *a, const struct db_topic *t)
{
	struct db *db = a->s->o.db;
	struct error err;
	int64_t n;

	if (db_topic_count(db, &n, &err) == -1)
		return sns_fail_here(a, &err);
	if (n >= SNS_TOPICS_MAX)
		return sns_fail(a, "TopicLimitExceeded",
		    "There are %d topics already", SNS_TOPICS_MAX);
	a->wrote = true;
	if (db_topic_add(db, t->arn, &err) == -1)
		return sns_fail_here(a, &err);
	return save(a, t);
}

int
sns_create_topic(struct sns_ask *a)
{
	const struct conf *conf = a->s->o.conf;
	struct db_topic asked = {0}, old = {0};
	const char *name;
	struct error err;
	int rc;

	if (sns_need(a, "Name", &name) == -1)
		return -1;
	if (!is_name(name))
		return sns_fail(
		    a, "InvalidParameter", "Invalid parameter: Topic Name");
	asked.arn = xasprintf(
	    "arn:aws:sns:%s:%s:%s", conf->region, conf->account, name);
	rc = set_attributes(a, &asked);
	if (rc == 0) {
		rc = db_topic_get(a->s->o.db, asked.arn, &old, &err);
		if (rc == -1)
			sns_fail_here(a, &err);
		else
			rc = rc == 1 ? compare(a, &old, &asked)
				     : create(a, &asked);
	}
	xml_text(&a->result, "TopicArn", asked.arn);
	db_topic_done(&asked);
	db_topic_done(&old);
	return rc;
}

/* One that does not exist is deleted already, says SNS. */
int
sns_delete_topic(struct sns_ask *a)
{
	struct error err;
	const char *arn;

	if (sns_need(a, "TopicArn", &arn) == -1 ||
	    sns_check_arn(a, "TopicArn", arn) == -1)
		return -1;
	a->wrote = true;
	if (db_topic_delete(a->s->o.db, arn, &err) == -1)
		return sns_fail_here(a, &err);
	return 0;
}

static void
show(struct sns_ask *a, const struct db_topic *t, const int64_t *n)
{
	struct sns_policy policy;
	struct buf text;

	sns_policy_effective(&policy, t->delivery_policy, NULL);
	buf_init(&text, SNS_POLICY_MAX);
	sns_policy_write(&policy, true, &text);
	xml_open(&a->result, "Attributes", NULL);
	sns_entry(a, "TopicArn", t->arn);
	sns_entry(a, "Owner", a->s->o.conf->account);
	sns_entry(
	    a, "DisplayName", t->display_name != NULL ? t->display_name : "");
	sns_entry_int(a, "SubscriptionsPending", n[DB_PENDING]);
	sns_entry_int(a, "SubscriptionsConfirmed", n[DB_CONFIRMED]);
	sns_entry_int(a, "SubscriptionsDeleted", n[DB_ENDED]);
	sns_entry(a, "DeliveryPolicy", t->delivery_policy);
	sns_entry(a, "EffectiveDeliveryPolicy", text.data);
	sns_entry(a, "SignatureVersion",
	    t->signature_version != NULL ? t->signature_version : "1");
	xml_close(&a->result, "Attributes");
	buf_done(&text);
}

int
sns_get_topic_attributes(struct sns_ask *a)
{
	struct db_topic t = {0};
	int64_t n[DB_ENDED + 1];
	struct error err;
	int rc = sns_need_topic(a, "TopicArn", &t);

	if (rc == 0 && db_topic_subscriptions(a->s->o.db, t.arn, n, &err) == -1)
		rc = sns_fail_here(a, &err);
	if (rc == 0)
		show(a, &t, n);
	db_topic_done(&t);
	return rc;
}

int
sns_set_topic_attributes(struct sns_ask *a)
{
	const char *name, *value = sns_param(a, "AttributeValue");
	struct db_topic t = {0};
	int rc;

	rc = sns_need_topic(a, "TopicArn", &t);
	if (rc == 0)
		rc = sns_need(a, "AttributeName", &name);
	if (rc == 0)
		rc = set_attribute(a, &t, name, value != NULL ? value : "");
	if (rc == 0)
		rc = save(a, &t);
	db_topic_done(&t);
	return rc;
}

static int
list_topic(const char *arn, void *arg, struct error *err)
{
	struct sns_page *p = arg;

	(void)err;
	if (!sns_page_room(p, arn))
		return 1;
	xml_open(&p->a->result, "member", NULL);
	xml_text(&p->a->result, "TopicArn", arn);
	xml_close(&p->a->result, "member");
	return 0;
}

int
sns_list_topics(struct sns_ask *a)
{
	struct sns_page p;
	struct error err;
	int rc = 0;

	if (sns_page_begin(&p, a, "Topics") == -1)
		return -1;
	if (db_topic_each(a->s->o.db, p.after, list_topic, &p, &err) == -1)
		rc = sns_fail_here(a, &err);
	sns_page_end(&p, "Topics");
	return rc;
}
