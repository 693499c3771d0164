/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a message: one row, and one for each who is to get it, in the open
 * transaction. Here notifications are lost, doubled, delayed and put behind
 * the next one on demand (fault.h).
 */
#ifndef LOCAL_SNS_POST_H
#define LOCAL_SNS_POST_H

#include "base/error.h"
#include "local/db.h"
#include "local/db_mail.h"
#include "local/db_sns.h"
#include "local/fault.h"
#include "local/sns_push.h"

/* How long one that is to go behind the next waits for it. */
#define SNS_HOLD_MS 60000
/* So many deliveries wait for one subscription; what comes then is dropped. */
#define SNS_WAITING_MAX 10000
/* How long a token is good: two days (Subscribe, API reference). */
#define SNS_TOKEN_MS (INT64_C(2) * 24 * 60 * 60 * 1000)

/* All borrowed. */
struct sns_post {
	struct db *db;
	struct sns_push *push;
	struct faults *faults;
};

/*
 * A notification to all confirmed subscriptions of m->topic; endpoint is whose
 * it is, or NULL. Sets m->id, type and published_at. With nobody there no row
 * is written.
 */
int sns_post_all(const struct sns_post *p, struct db_message *m,
    const char *endpoint, struct error *err);

/* A SubscriptionConfirmation, or where the subscription has ended an
 * UnsubscribeConfirmation. */
int sns_post_confirmation(const struct sns_post *p,
    const struct db_subscription *to, struct error *err);

#endif
