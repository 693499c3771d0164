/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NotificationConfiguration of a bucket: which events of which keys go where.
 * As XML, as S3's clients send and read it, and as the JSON that is kept.
 * Source: PutBucketNotificationConfiguration, S3 API reference.
 */
#ifndef LOCAL_S3EVENTS_RULE_H
#define LOCAL_S3EVENTS_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

#define S3EVENTS_RULES_MAX 100
#define S3EVENTS_NAMES_MAX 10 /* of one rule */

struct s3events_rule {
	char *id;
	char *target; /* ARN */
	bool is_topic;
	char *names[S3EVENTS_NAMES_MAX]; /* "s3:ObjectCreated:*" */
	size_t names_n;
	char *prefix; /* or NULL */
	char *suffix; /* or NULL */
};

struct s3events_rules {
	struct s3events_rule v[S3EVENTS_RULES_MAX];
	size_t n;
};

struct s3events_rules *s3events_rules_new(void);
void s3events_rules_free(struct s3events_rules *r);

/* ERR_PROTOCOL, or with S3's code in remote_code. */
int s3events_rules_read_xml(
    struct s3events_rules *r, const char *text, size_t len, struct error *err);
void s3events_rules_write_xml(const struct s3events_rules *r, struct buf *out);

/* What is kept; NULL: nothing is told. The caller's. */
char *s3events_rules_text(const struct s3events_rules *r);
void s3events_rules_of_text(struct s3events_rules *r, const char *text);

/* name as in a record: "ObjectCreated:Put". */
bool s3events_rule_fits(
    const struct s3events_rule *r, const char *name, const char *key);

#endif
