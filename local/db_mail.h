/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to subscriptions that are still to be made, and for each of them
 * the deliveries that are left. Writes join the open transaction of db.h; what
 * is read is committed.
 */
#ifndef LOCAL_DB_MAIL_H
#define LOCAL_DB_MAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "local/db.h"

/* All texts are the caller's (db_message_done). */
struct db_message {
	int64_t seq;
	char *id;
	char *topic;
	char *type;
	char *subject; /* NULL, as what follows but the body */
	char *body;
	char *body_http;
	char *body_https;
	char *attributes;
	char *token;
	int64_t published_at;
};

/* One row, without what it says; subscription is borrowed where it is only
 * an argument. */
struct db_delivery {
	int64_t message;
	const char *subscription;
	int64_t copy;
	int64_t tries;
	int64_t due_at;
	bool held;
};

void db_message_done(struct db_message *m);

/* Sets m->seq. */
int db_message_add(struct db *db, struct db_message *m, struct error *err);
int db_message_get(
    struct db *db, int64_t seq, struct db_message *out, struct error *err);
/* Where no delivery of it is left. */
int db_message_drop(struct db *db, int64_t seq, struct error *err);

int db_delivery_add(
    struct db *db, const struct db_delivery *d, struct error *err);
/* tries and due_at; it is not held any more. */
int db_delivery_set(
    struct db *db, const struct db_delivery *d, struct error *err);
int db_delivery_delete(
    struct db *db, const struct db_delivery *d, struct error *err);
/* What is held of d's subscription and older than d is due at once. */
int db_delivery_release(
    struct db *db, const struct db_delivery *d, struct error *err);

/* How many a subscription has, up to `most`; seen in the open transaction. */
int db_delivery_count(struct db *db, const char *subscription, int64_t most,
    int64_t *out, struct error *err);
/* fn for each: 0 goes on, 1 ends it, -1 fails. Of each subscription that has
 * any, the first that is due; and of one subscription all, in that order. */
typedef int db_delivery_fn(
    const struct db_delivery *d, void *arg, struct error *err);
int db_delivery_lanes(
    struct db *db, db_delivery_fn *fn, void *arg, struct error *err);
int db_delivery_each(struct db *db, const char *subscription,
    db_delivery_fn *fn, void *arg, struct error *err);

#endif
