/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who judges what SNS has signed: one verifier for what is posted and for what
 * comes by queues. What it learns of a topic (that it signs with version 2, by
 * which certificates) is kept in the store, and recalled before anything comes.
 * Only for files of this folder.
 */
#ifndef SERVE_SNS_TRUST_H
#define SERVE_SNS_TRUST_H

#include "aws/sns_verify.h"
#include "base/error.h"
#include "serve/service.h"

struct sns_trust;

/* Of [sns] topic, where anything may come. Where there is none, or nobody to
 * ask, *out is NULL, and all below take that. The doorbell must be there. */
int sns_trust_new(
    const struct service *service, struct sns_trust **out, struct error *err);
/* Borrowed; or NULL. */
struct sns_verifier *sns_trust_verifier(const struct sns_trust *t);
/* What store_recall() tells, whosever it is. */
void sns_trust_recall(struct sns_trust *t, const char *name, const char *value);
/* Behind those who ask it. */
void sns_trust_free(struct sns_trust *t);

#endif
