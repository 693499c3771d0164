/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deliveries on their way: signed when they are sent, tried again as the
 * policy says, each known to the database until it has ended. A subscription
 * has a lane, so that one dead receiver holds up nobody else.
 */
#ifndef LOCAL_SNS_PUSH_H
#define LOCAL_SNS_PUSH_H

#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "local/db.h"
#include "local/sns_sign.h"
#include "local/sqs.h"
#include "net/http_client.h"

/* At once: to everybody, to all that did not take their last one (or had none
 * yet), to one subscription, and to one of those. */
#define SNS_PUSH_MAX 128
#define SNS_PUSH_DOUBTFUL_MAX 96
#define SNS_PUSH_LANE_MAX 8
#define SNS_PUSH_ILL_MAX 2

struct sns_push;

/* All borrowed for its life. */
struct sns_push_options {
	struct loop *loop;
	struct db *db;
	struct http_client *http;
	const struct sns_key *key;
	const char *cert_url; /* NULL or "": below base_url */
	struct sqs *sqs; /* of subscriptions by "sqs" */
};

struct sns_push *sns_push_new(const struct sns_push_options *options);
/* What hangs on a commit ends without us. */
void sns_push_free(struct sns_push *p);

/* Take up what the database holds. base_url as in sns.h. */
int sns_push_start(struct sns_push *p, const char *base_url, struct error *err);
/* Break off what is on its way; it stays in the database. */
void sns_push_stop(struct sns_push *p);

/* A delivery to a subscription stands in the open transaction. */
void sns_push_expect(struct sns_push *p, const char *subscription);

#endif
