/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Topics, as Amazon SNS has them: the part of its API that subscribers and
 * publishers need, and signed messages over HTTP to those who subscribed.
 *
 * A message is durable with the transaction that publishes it, together with
 * one delivery for each confirmed subscription; a delivery that fails is tried
 * again as its policy says, also after a restart, and then dropped.
 * Sources: Amazon SNS API reference, 2010-03-31; "Amazon SNS message delivery
 * retries" and "Parsing message formats", SNS developer guide.
 */
#ifndef LOCAL_SNS_H
#define LOCAL_SNS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "aws/sigv4_verify.h"
#include "local/call.h"
#include "local/conf.h"
#include "local/db.h"
#include "local/fault.h"
#include "local/sqs.h"
#include "net/http_client.h"

struct sns;

/* All borrowed for its life. */
struct sns_options {
	struct loop *loop;
	struct db *db;
	struct http_client *http;
	struct faults *faults;
	struct sqs *sqs; /* queues can be subscribed; NULL: none */
	const struct sigv4_clients *auth;
	const struct conf *conf; /* region, account, [sns], endpoints' topics */
	const char *data_dir; /* sns.key and sns.pem, made at the first start */
};

int sns_new(
    const struct sns_options *options, struct sns **out, struct error *err);
void sns_free(struct sns *s);

/*
 * base_url is where we are reached, "http://127.0.0.1:7070": it begins
 * SubscribeURL and the like. Announces endpoints that are new by a
 * TestNotification, and begins to deliver.
 */
void sns_start(struct sns *s, const char *base_url);
/* Break off what is being sent; it will be sent again. */
void sns_stop(struct sns *s);

/* The topic of a configured endpoint, or one that was created. */
int sns_topic_add(struct sns *s, const char *arn, struct error *err);

/*
 * Write a message to a topic into the open transaction (db.h); it leaves when
 * that is durable. ERR_NOT_FOUND where there is no such topic.
 */
int sns_publish(struct sns *s, const char *topic, const char *message,
    size_t len, struct error *err);
/* With a subject, or NULL. */
int sns_publish_as(struct sns *s, const char *topic, const char *subject,
    const char *message, size_t len, struct error *err);

/* Whether a request without a signature for us is ours: a confirmation, an
 * unsubscription, or the certificate. */
bool sns_is_ours(const char *method, const char *path, const char *query);

/* Takes the call, whose claim has been read (service "sns") or is none
 * (sns_is_ours); answers it. */
void sns_request(struct sns *s, struct call *c);

/* The answer to a signature that was not accepted. */
void sns_refuse(struct call *c, enum sigv4_verdict verdict);

#endif
