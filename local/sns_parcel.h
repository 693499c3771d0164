/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP request that carries a message to one subscription: its headers,
 * and its body, signed now, or bare where delivery is raw.
 * Source: "HTTP/HTTPS headers", SNS developer guide, and requests that came.
 */
#ifndef LOCAL_SNS_PARCEL_H
#define LOCAL_SNS_PARCEL_H

#include "base/buf.h"
#include "base/error.h"
#include "local/db_mail.h"
#include "local/db_sns.h"
#include "local/sns_policy.h"
#include "local/sns_sign.h"
#include "net/header.h"

struct sns_parcel {
	struct headers headers;
	struct buf body;
};

/* All borrowed for the length of the call. */
struct sns_parcel_facts {
	const struct sns_key *key;
	const char *base_url; /* where we are reached, without a slash */
	const char *cert_url;
	const struct db_message *message;
	const struct db_subscription *to;
	const struct db_topic *topic;
	const struct sns_policy *policy;
};

int sns_parcel_make(struct sns_parcel *out,
    const struct sns_parcel_facts *facts, struct error *err);
void sns_parcel_done(struct sns_parcel *p);

#endif
