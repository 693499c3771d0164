/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What survives of topics and subscriptions; db_mail.h has what is on its way
 * to them. Writes join the open transaction of db.h.
 */
#ifndef LOCAL_DB_SNS_H
#define LOCAL_DB_SNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "local/db.h"

/* All texts of these are the caller's; the _done functions. */
struct db_topic {
	char *arn;
	char *signature_version; /* NULL: never set, as the others */
	char *delivery_policy;
	char *display_name;
};

enum db_subscribed {
	DB_PENDING,
	DB_CONFIRMED,
	DB_ENDED, /* by somebody who did not sign; may be taken up again */
};

struct db_subscription {
	char *arn;
	char *topic;
	char *protocol;
	char *endpoint;
	char *token;
	int64_t token_until;
	int state; /* enum db_subscribed */
	bool authenticated; /* confirmed with a signature */
	bool owned; /* to be ended with a signature only */
	bool raw;
	char *delivery_policy; /* or NULL */
	int64_t created_at;
};

void db_topic_done(struct db_topic *t);
void db_subscription_done(struct db_subscription *s);

/* Made where it is missing; what is there stays. */
int db_topic_add(struct db *db, const char *arn, struct error *err);
/* All but its ARN. */
int db_topic_set(struct db *db, const struct db_topic *t, struct error *err);
/* With its subscriptions and what they were still to get. */
int db_topic_delete(struct db *db, const char *arn, struct error *err);
/* 1 with *out filled, 0 where there is none, or -1. */
int db_topic_get(
    struct db *db, const char *arn, struct db_topic *out, struct error *err);
int db_topic_count(struct db *db, int64_t *out, struct error *err);

/* How many of a topic's subscriptions are in each state. */
int db_topic_subscriptions(struct db *db, const char *arn,
    int64_t out[DB_ENDED + 1], struct error *err);

int db_subscription_add(
    struct db *db, const struct db_subscription *s, struct error *err);
/* What can change: token, state, flags, policy. */
int db_subscription_set(
    struct db *db, const struct db_subscription *s, struct error *err);
/* Drop what it was still to get; and with that itself. */
int db_subscription_clear(struct db *db, const char *arn, struct error *err);
int db_subscription_delete(struct db *db, const char *arn, struct error *err);
int db_subscription_get(struct db *db, const char *arn,
    struct db_subscription *out, struct error *err);
int db_subscription_of_token(struct db *db, const char *token,
    struct db_subscription *out, struct error *err);
/* s->topic, protocol and endpoint say which. */
int db_subscription_find(struct db *db, const struct db_subscription *s,
    struct db_subscription *out, struct error *err);
/* Unconfirmed ones whose token is older. */
int db_subscription_purge(struct db *db, int64_t now_at, struct error *err);

/* fn for each whose ARN is greater than `after`, in the order of ARNs; 0 goes
 * on, 1 ends it, -1 fails. What is committed is seen. */
typedef int db_topic_fn(const char *arn, void *arg, struct error *err);
typedef int db_subscription_fn(
    const struct db_subscription *s, void *arg, struct error *err);
int db_topic_each(struct db *db, const char *after, db_topic_fn *fn, void *arg,
    struct error *err);
/* topic NULL: of all topics. Those that ended are left out. */
int db_subscription_each(struct db *db, const char *topic, const char *after,
    db_subscription_fn *fn, void *arg, struct error *err);
/* The ARNs of a topic's confirmed ones, within the open transaction. */
int db_subscription_confirmed(struct db *db, const char *topic, db_topic_fn *fn,
    void *arg, struct error *err);

int db_announced_add(
    struct db *db, const char *endpoint, const char *topic, struct error *err);
int db_announced_delete(struct db *db, const char *endpoint, struct error *err);
/* fn for each topic of an endpoint's. */
int db_announced_each(struct db *db, const char *endpoint, db_topic_fn *fn,
    void *arg, struct error *err);

#endif
