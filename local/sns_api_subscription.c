/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of subscriptions. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "local/sns_ask.h"
#include "local/sns_policy.h"
#include "local/xml.h"
#include "net/url.h"

#define ENDPOINT_LEN_MAX 2048
#define TOKEN_BYTES 64
#define ATTRIBUTES_MAX 20

/* --- attributes ----------------------------------------------------- */

/* Types that only a bare message can have. */
static int
judge_type(struct sns_ask *a, const struct db_subscription *s)
{
	struct sns_policy policy;

	sns_policy_effective(&policy, NULL, s->delivery_policy);
	if (s->raw || *policy.content_type == '\0' ||
	    str_starts(policy.content_type, "text/plain") ||
	    str_starts(policy.content_type, "application/json"))
		return 0;
	return sns_fail(a, "InvalidParameter",
	    "Invalid parameter: DeliveryPolicy: headerContentType must be "
	    "text/plain or application/json where RawMessageDelivery is not "
	    "enabled");
}

static int
set_policy(struct sns_ask *a, struct db_subscription *s, const char *value)
{
	struct sns_policy policy;
	struct error err;

	sns_policy_init(&policy);
	if (!str_empty(value) &&
	    sns_policy_read(&policy, value, strlen(value), false, &err) == -1)
		return sns_fail(
		    a, "InvalidParameter", "Invalid parameter: %s", err.text);
	free(s->delivery_policy);
	s->delivery_policy = str_empty(value) ? NULL : xstrdup(value);
	return 0;
}

static int
set_attribute(struct sns_ask *a, struct db_subscription *s, const char *name,
    const char *value)
{
	if (str_eq(name, "DeliveryPolicy"))
		return set_policy(a, s, value);
	if (!str_eq(name, "RawMessageDelivery"))
		return sns_fail(a, "InvalidParameter",
		    "Invalid parameter: AttributeName Reason: DeliveryPolicy "
		    "and RawMessageDelivery can be set here");
	if (!str_ieq(value, "true") && !str_ieq(value, "false"))
		return sns_fail(a, "InvalidParameter",
		    "Invalid parameter: Attributes Reason: RawMessageDelivery: "
		    "Invalid value [%s]. Must be true or false.",
		    value);
	s->raw = str_ieq(value, "true");
	return 0;
}

static int
set_attributes(struct sns_ask *a, struct db_subscription *s)
{
	static const char list[] = "Attributes.entry";
	const char *name, *value;
	size_t i;

	for (i = 1;; i++) {
		name = sns_form_item(&a->form, list, i, "key");
		value = sns_form_item(&a->form, list, i, "value");
		if (name == NULL)
			break;
		if (i > ATTRIBUTES_MAX || value == NULL)
			return sns_fail(a, "InvalidParameter",
			    "Invalid parameter: Attributes");
		if (set_attribute(a, s, name, value) == -1)
			return -1;
	}
	return judge_type(a, s);
}

/* --- Subscribe ------------------------------------------------------ */

/* One of ours; who asks owns it, so that nothing has to be confirmed. */
static int
read_queue(struct sns_ask *a, struct db_subscription *s, const char *arn)
{
	struct error err;
	int rc = a->s->o.sqs != NULL ? sqs_has(a->s->o.sqs, arn, &err) : 0;

	if (rc == -1)
		return sns_fail_here(a, &err);
	if (rc == 0)
		return sns_fail(a, "InvalidParameter",
		    "Invalid parameter: SQS endpoint ARN");
	s->protocol = xstrdup("sqs");
	s->endpoint = xstrdup(arn);
	s->state = DB_CONFIRMED;
	s->authenticated = true;
	return 0;
}

static int
read_endpoint(struct sns_ask *a, struct db_subscription *s)
{
	const char *protocol, *endpoint;
	struct error err;
	struct url url;
	bool fits;

	if (sns_need(a, "Protocol", &protocol) == -1 ||
	    sns_need(a, "Endpoint", &endpoint) == -1)
		return -1;
	if (str_eq(protocol, "sqs"))
		return read_queue(a, s, endpoint);
	if (!str_eq(protocol, "http") && !str_eq(protocol, "https"))
		return sns_fail(a, "InvalidParameter",
		    "Invalid parameter: Amazon SNS does not support this "
		    "protocol string: %.40s. Here http, https and sqs are "
		    "possible",
		    protocol);
	if (strlen(endpoint) > ENDPOINT_LEN_MAX)
		return sns_fail(a, "InvalidParameter",
		    "Invalid parameter: Endpoint Reason: it is too long");
	if (url_parse(endpoint, &url, &err) == -1)
		return sns_fail(a, "InvalidParameter",
		    "Invalid parameter: Endpoint Reason: %s", err.text);
	fits = str_eq(url.scheme, protocol);
	url_done(&url);
	if (!fits)
		return sns_fail(a, "InvalidParameter",
		    "Invalid parameter: Endpoint must match the specified "
		    "protocol");
	s->protocol = xstrdup(protocol);
	s->endpoint = xstrdup(endpoint);
	return 0;
}

static void
make_token(struct db_subscription *s)
{
	unsigned char bytes[TOKEN_BYTES];
	char hex[2 * TOKEN_BYTES + 1];

	random_bytes(bytes, sizeof(bytes));
	encode_hex(bytes, sizeof(bytes), hex);
	free(s->token);
	s->token = xstrdup(hex);
	s->token_until = clock_wall_ms() + SNS_TOKEN_MS;
}

static int
make_room(struct sns_ask *a, const char *topic)
{
	struct db *db = a->s->o.db;
	int64_t n[DB_ENDED + 1];
	struct error err;

	a->wrote = true;
	if (db_subscription_purge(db, clock_wall_ms(), &err) == -1 ||
	    db_topic_subscriptions(db, topic, n, &err) == -1)
		return sns_fail_here(a, &err);
	if (n[DB_PENDING] + n[DB_CONFIRMED] + n[DB_ENDED] >=
	    SNS_SUBSCRIPTIONS_MAX)
		return sns_fail(a, "SubscriptionLimitExceeded",
		    "The topic has %d subscriptions already",
		    SNS_SUBSCRIPTIONS_MAX);
	return 0;
}

static int
add(struct sns_ask *a, struct db_subscription *s)
{
	char uuid[RANDOM_UUID_SIZE];
	struct error err;

	if (set_attributes(a, s) == -1 || make_room(a, s->topic) == -1)
		return -1;
	random_uuid(uuid);
	s->arn = xasprintf("%s:%s", s->topic, uuid);
	s->created_at = clock_wall_ms();
	make_token(s);
	if (db_subscription_add(a->s->o.db, s, &err) == -1 ||
	    (s->state != DB_CONFIRMED &&
		sns_post_confirmation(&a->s->post, s, &err) == -1))
		return sns_fail_here(a, &err);
	return 0;
}

/* The token that was sent first stays good, and is good for longer. */
static int
ask_again(struct sns_ask *a, struct db_subscription *s)
{
	struct error err;

	if (s->state == DB_ENDED) {
		s->raw = false;
		xfree(&s->delivery_policy);
	}
	if (set_attributes(a, s) == -1)
		return -1;
	if (s->state == DB_ENDED || s->token_until < clock_wall_ms())
		make_token(s);
	s->token_until = clock_wall_ms() + SNS_TOKEN_MS;
	s->state = DB_PENDING;
	a->wrote = true;
	if (db_subscription_set(a->s->o.db, s, &err) == -1 ||
	    sns_post_confirmation(&a->s->post, s, &err) == -1)
		return sns_fail_here(a, &err);
	return 0;
}

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : str_eq(a, b);
}

/* What is confirmed stays as it is. */
static int
compare(struct sns_ask *a, struct db_subscription *s)
{
	char *policy = xstrdup_or_null(s->delivery_policy);
	bool raw = s->raw;
	int rc = set_attributes(a, s);

	if (rc == 0 && (s->raw != raw || !same(s->delivery_policy, policy)))
		rc = sns_fail(a, "InvalidParameter",
		    "Invalid parameter: Attributes Reason: Subscription "
		    "already exists with different attributes");
	free(policy);
	return rc;
}

static int
subscribe(struct sns_ask *a, struct db_subscription *s)
{
	struct db_subscription old = {0};
	struct error err;
	int rc;

	if (read_endpoint(a, s) == -1)
		return -1;
	rc = db_subscription_find(a->s->o.db, s, &old, &err);
	if (rc == -1)
		return sns_fail_here(a, &err);
	if (rc == 0)
		return add(a, s);
	db_subscription_done(s);
	*s = old;
	return s->state == DB_CONFIRMED ? compare(a, s) : ask_again(a, s);
}

int
sns_subscribe(struct sns_ask *a)
{
	const char *whole = sns_param(a, "ReturnSubscriptionArn");
	struct db_subscription s = {0};
	struct db_topic topic = {0};
	int rc = sns_need_topic(a, "TopicArn", &topic);

	if (rc == 0) {
		s.topic = xstrdup(topic.arn);
		rc = subscribe(a, &s);
	}
	if (rc == 0)
		xml_text(&a->result, "SubscriptionArn",
		    s.state == DB_CONFIRMED ||
			    (whole != NULL && str_ieq(whole, "true"))
			? s.arn
			: "pending confirmation");
	db_topic_done(&topic);
	db_subscription_done(&s);
	return rc;
}

/* --- ConfirmSubscription and Unsubscribe ---------------------------- */

/* With a signature alone AuthenticateOnUnsubscribe says anything. */
static int
confirm(struct sns_ask *a, struct db_subscription *s)
{
	const char *own = sns_param(a, "AuthenticateOnUnsubscribe");
	struct error err;

	if (s->state == DB_CONFIRMED)
		return 0;
	if (s->token_until < clock_wall_ms())
		return sns_fail(a, "InvalidParameter",
		    "Invalid parameter: Token Reason: it has expired");
	s->state = DB_CONFIRMED;
	s->authenticated = a->is_signed;
	s->owned = a->is_signed && own != NULL && str_ieq(own, "true");
	a->wrote = true;
	if (db_subscription_set(a->s->o.db, s, &err) == -1)
		return sns_fail_here(a, &err);
	return 0;
}

int
sns_confirm_subscription(struct sns_ask *a)
{
	struct db_subscription s = {0};
	struct db_topic topic = {0};
	const char *token;
	struct error err;
	int rc = sns_need_topic(a, "TopicArn", &topic);

	if (rc == 0)
		rc = sns_need(a, "Token", &token);
	if (rc == 0) {
		rc = db_subscription_of_token(a->s->o.db, token, &s, &err);
		if (rc == -1)
			sns_fail_here(a, &err);
		else if (rc == 0 || !str_eq(s.topic, topic.arn))
			rc = sns_fail(
			    a, "InvalidParameter", "Invalid parameter: Token");
		else
			rc = confirm(a, &s);
	}
	if (rc == 0)
		xml_text(&a->result, "SubscriptionArn", s.arn);
	db_topic_done(&topic);
	db_subscription_done(&s);
	return rc;
}

/* 1 with *out, 0 where there is none (or it has ended), or -1. */
static int
find(struct sns_ask *a, struct db_subscription *out)
{
	struct error err;
	const char *arn;
	int rc;

	if (sns_need(a, "SubscriptionArn", &arn) == -1 ||
	    sns_check_arn(a, "SubscriptionArn", arn) == -1)
		return -1;
	rc = db_subscription_get(a->s->o.db, arn, out, &err);
	if (rc == -1)
		return sns_fail_here(a, &err);
	if (rc == 1 && out->state == DB_ENDED) {
		db_subscription_done(out);
		rc = 0;
	}
	return rc;
}

/* Anybody may have asked for it: it can be taken back. */
static int
end_openly(struct sns_ask *a, struct db_subscription *s)
{
	struct db *db = a->s->o.db;
	struct error err;

	if (s->state != DB_CONFIRMED)
		return 0;
	if (s->owned)
		return sns_fail(a, "AuthorizationError",
		    "The subscription can be ended with a signature only");
	s->state = DB_ENDED;
	make_token(s);
	a->wrote = true;
	if (db_subscription_clear(db, s->arn, &err) == -1 ||
	    db_subscription_set(db, s, &err) == -1 ||
	    sns_post_confirmation(&a->s->post, s, &err) == -1)
		return sns_fail_here(a, &err);
	return 0;
}

/* One that does not exist is ended already, says SNS. */
int
sns_unsubscribe(struct sns_ask *a)
{
	struct db_subscription s = {0};
	struct error err;
	int rc = find(a, &s);

	if (rc == 1 && !a->is_signed) {
		rc = end_openly(a, &s);
	} else if (rc == 1) {
		a->wrote = true;
		rc = db_subscription_delete(a->s->o.db, s.arn, &err);
		if (rc == -1)
			sns_fail_here(a, &err);
	}
	db_subscription_done(&s);
	return rc;
}

/* --- looking and changing ------------------------------------------- */

static const char *
truth(bool b)
{
	return b ? "true" : "false";
}

static void
show(struct sns_ask *a, const struct db_subscription *s,
    const struct db_topic *topic)
{
	struct sns_policy policy;
	struct buf text;

	sns_policy_effective(
	    &policy, topic->delivery_policy, s->delivery_policy);
	buf_init(&text, SNS_POLICY_MAX);
	sns_policy_write(&policy, false, &text);
	xml_open(&a->result, "Attributes", NULL);
	sns_entry(a, "SubscriptionArn", s->arn);
	sns_entry(a, "TopicArn", s->topic);
	sns_entry(a, "Protocol", s->protocol);
	sns_entry(a, "Endpoint", s->endpoint);
	sns_entry(a, "Owner", a->s->o.conf->account);
	sns_entry(a, "ConfirmationWasAuthenticated", truth(s->authenticated));
	sns_entry(a, "PendingConfirmation", truth(s->state == DB_PENDING));
	sns_entry(a, "RawMessageDelivery", truth(s->raw));
	sns_entry(a, "DeliveryPolicy", s->delivery_policy);
	sns_entry(a, "EffectiveDeliveryPolicy", text.data);
	xml_close(&a->result, "Attributes");
	buf_done(&text);
}

static int
need(struct sns_ask *a, struct db_subscription *out)
{
	int rc = find(a, out);

	if (rc == 0)
		return sns_fail(a, "NotFound", "Subscription does not exist");
	return rc == 1 ? 0 : -1;
}

int
sns_get_subscription_attributes(struct sns_ask *a)
{
	struct db_subscription s = {0};
	struct db_topic topic = {0};
	struct error err;
	int rc = need(a, &s);

	if (rc == 0 && db_topic_get(a->s->o.db, s.topic, &topic, &err) == -1)
		rc = sns_fail_here(a, &err);
	if (rc == 0)
		show(a, &s, &topic);
	db_subscription_done(&s);
	db_topic_done(&topic);
	return rc;
}

int
sns_set_subscription_attributes(struct sns_ask *a)
{
	const char *name, *value = sns_param(a, "AttributeValue");
	struct db_subscription s = {0};
	struct error err;
	int rc = need(a, &s);

	if (rc == 0)
		rc = sns_need(a, "AttributeName", &name);
	if (rc == 0)
		rc = set_attribute(a, &s, name, value != NULL ? value : "");
	if (rc == 0)
		rc = judge_type(a, &s);
	if (rc == 0) {
		a->wrote = true;
		if (db_subscription_set(a->s->o.db, &s, &err) == -1)
			rc = sns_fail_here(a, &err);
	}
	db_subscription_done(&s);
	return rc;
}

static int
list_one(const struct db_subscription *s, void *arg, struct error *err)
{
	struct sns_page *p = arg;
	struct buf *out = &p->a->result;

	(void)err;
	if (!sns_page_room(p, s->arn))
		return 1;
	xml_open(out, "member", NULL);
	xml_text(out, "SubscriptionArn",
	    s->state == DB_CONFIRMED ? s->arn : "PendingConfirmation");
	xml_text(out, "Owner", p->a->s->o.conf->account);
	xml_text(out, "Protocol", s->protocol);
	xml_text(out, "Endpoint", s->endpoint);
	xml_text(out, "TopicArn", s->topic);
	xml_close(out, "member");
	return 0;
}

static int
list(struct sns_ask *a, const char *topic)
{
	struct sns_page p;
	struct error err;
	int rc = 0;

	if (sns_page_begin(&p, a, "Subscriptions") == -1)
		return -1;
	if (db_subscription_each(
		a->s->o.db, topic, p.after, list_one, &p, &err) == -1)
		rc = sns_fail_here(a, &err);
	sns_page_end(&p, "Subscriptions");
	return rc;
}

int
sns_list_subscriptions(struct sns_ask *a)
{
	return list(a, NULL);
}

int
sns_list_subscriptions_by_topic(struct sns_ask *a)
{
	struct db_topic topic = {0};
	int rc = sns_need_topic(a, "TopicArn", &topic);

	if (rc == 0)
		rc = list(a, topic.arn);
	db_topic_done(&topic);
	return rc;
}
