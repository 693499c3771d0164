/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which permission would help, in words for a hint. contrib/iam has a policy
 * for each action named here.
 * Source of the ARNs: "Actions, resources, and condition keys for Amazon S3",
 * Service Authorization Reference.
 */
#ifndef AWS_GRANT_H
#define AWS_GRANT_H

#include <stddef.h>

#include "base/error.h"

#define GRANT_ACTION_SIZE 64

/*
 * The action that an error of AWS says is missing ("… is not authorized to
 * perform: kms:Decrypt on resource: …"); "" where it names none. S3 does so
 * only within an account or an organisation.
 * Source: "Troubleshoot access denied (403 Forbidden) errors", S3 user guide.
 */
void grant_named_action(const struct error *err, char out[GRANT_ACTION_SIZE]);

/*
 * Set the hint: the action on the objects of which `uri` is the beginning,
 * s3://bucket/so/far, so many bytes of it; of s3:ListBucket on the bucket, of
 * kms:… on its key. The region tells the partition. Always returns -1.
 */
int grant_hint(struct error *err, const char *action, const char *uri,
    size_t len, const char *region);

/* The same of what is no object, by its ARN. */
int grant_arn_hint(struct error *err, const char *action, const char *arn);

/* The file of contrib/iam that has it, or NULL. */
const char *grant_policy(const char *action);

#endif
