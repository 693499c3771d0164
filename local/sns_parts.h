/* SPDX-License-Identifier: Apache-2.0 */
/* What the files behind sns.h share. */
#ifndef LOCAL_SNS_PARTS_H
#define LOCAL_SNS_PARTS_H

#include "local/sns.h"
#include "local/sns_post.h"
#include "local/sns_push.h"
#include "local/sns_sign.h"

#define SNS_TOPICS_MAX 1000
#define SNS_SUBSCRIPTIONS_MAX 1000 /* of one topic */

struct sns {
	struct sns_options o;
	struct sns_key *key;
	struct sns_push *push;
	struct sns_post post;
	char *key_path; /* "/SimpleNotificationService-….pem" */
};

#endif
