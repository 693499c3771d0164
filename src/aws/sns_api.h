/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What awaitd asks of SNS itself, with its own credentials, at the endpoint of
 * the topic's region. Query protocol, API version 2010-03-31.
 */
#ifndef AWS_SNS_API_H
#define AWS_SNS_API_H

#include "aws/attribute.h"
#include "aws/call.h"
#include "aws/sns.h"
#include "base/error.h"

struct sns_call;

typedef void sns_attributes_fn(const struct aws_attribute *v, size_t n,
    const struct error *err, void *arg);

/* SubscriptionArn, with AuthenticateOnUnsubscribe: nobody who sees an
 * UnsubscribeURL can end it. */
typedef void sns_confirmed_fn(
    const char *subscription_arn, const struct error *err, void *arg);
int sns_confirm_subscription(struct aws_client *client, const char *profile,
    const char *topic_arn, const char *token, sns_confirmed_fn *done, void *arg,
    struct sns_call **out, struct error *err);

int sns_get_topic_attributes(struct aws_client *client, const char *profile,
    const char *topic_arn, sns_attributes_fn *done, void *arg,
    struct sns_call **out, struct error *err);
int sns_get_subscription_attributes(struct aws_client *client,
    const char *profile, const char *subscription_arn, sns_attributes_fn *done,
    void *arg, struct sns_call **out, struct error *err);

/* One page of ListSubscriptionsByTopic; strings are borrowed. */
struct sns_subscription {
	const char *arn; /* or "PendingConfirmation" */
	const char *protocol;
	const char *endpoint;
};
typedef void sns_subscriptions_fn(const struct sns_subscription *v, size_t n,
    const char *next_token, const struct error *err, void *arg);
int sns_list_subscriptions(struct aws_client *client, const char *profile,
    const char *topic_arn, const char *next_token, sns_subscriptions_fn *done,
    void *arg, struct sns_call **out, struct error *err);

void sns_call_cancel(struct sns_call *call);

#endif
