/* SPDX-License-Identifier: Apache-2.0 */
/* Topics and subscriptions, as SQL. */
#include "local/db_sns.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "local/db_sql.h"

#define SUBSCRIPTION_COLUMNS                                          \
	"arn, topic, protocol, endpoint, token, token_until, state, " \
	"authenticated, owned, raw, delivery_policy, created_at"

static const char sql_topic_add[] =
    "INSERT OR IGNORE INTO topic (arn) VALUES (?1)";
static const char sql_topic_set[] =
    "UPDATE topic SET signature_version = ?2, delivery_policy = ?3, "
    "display_name = ?4 WHERE arn = ?1";
static const char sql_topic_deliveries[] =
    "DELETE FROM delivery WHERE subscription IN "
    "(SELECT arn FROM subscription WHERE topic = ?1)";
static const char sql_topic_messages[] = "DELETE FROM message WHERE topic = ?1";
static const char sql_topic_subscriptions[] =
    "DELETE FROM subscription WHERE topic = ?1";
static const char sql_topic_delete[] = "DELETE FROM topic WHERE arn = ?1";
static const char sql_topic[] = "SELECT arn, signature_version, "
				"delivery_policy, display_name FROM topic "
				"WHERE arn = ?1";
static const char sql_topics[] =
    "SELECT arn FROM topic WHERE arn > ?1 ORDER BY arn";
static const char sql_topic_count[] = "SELECT count(*) FROM topic";
static const char sql_states[] = "SELECT state, count(*) FROM subscription "
				 "WHERE topic = ?1 GROUP BY state";

static const char sql_subscription_add[] =
    "INSERT INTO subscription (" SUBSCRIPTION_COLUMNS ") VALUES "
    "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
static const char sql_subscription_set[] =
    "UPDATE subscription SET token = ?5, token_until = ?6, state = ?7, "
    "authenticated = ?8, owned = ?9, raw = ?10, delivery_policy = ?11 "
    "WHERE arn = ?1";
/* In the order in which they are run. */
static const char sql_subscription_messages[] =
    "DELETE FROM message WHERE seq IN (SELECT message FROM delivery "
    "WHERE subscription = ?1) AND NOT EXISTS (SELECT 1 FROM delivery AS d "
    "WHERE d.message = message.seq AND d.subscription <> ?1)";
static const char sql_subscription_deliveries[] =
    "DELETE FROM delivery WHERE subscription = ?1";
static const char sql_subscription_delete[] =
    "DELETE FROM subscription WHERE arn = ?1";
static const char sql_subscription[] =
    "SELECT " SUBSCRIPTION_COLUMNS " FROM subscription WHERE arn = ?1";
static const char sql_subscription_token[] =
    "SELECT " SUBSCRIPTION_COLUMNS " FROM subscription WHERE token = ?1";
static const char sql_subscription_find[] =
    "SELECT " SUBSCRIPTION_COLUMNS " FROM subscription "
    "WHERE topic = ?1 AND protocol = ?2 AND endpoint = ?3";
static const char sql_subscription_old[] =
    "SELECT arn FROM subscription WHERE state <> 1 AND token_until < ?1 "
    "LIMIT 1";
static const char sql_subscriptions[] =
    "SELECT " SUBSCRIPTION_COLUMNS " FROM subscription "
    "WHERE state <> 2 AND arn > ?1 ORDER BY arn";
static const char sql_subscriptions_of[] =
    "SELECT " SUBSCRIPTION_COLUMNS " FROM subscription "
    "WHERE state <> 2 AND arn > ?1 AND topic = ?2 ORDER BY arn";
static const char sql_confirmed[] =
    "SELECT arn FROM subscription WHERE topic = ?1 AND state = 1 ORDER BY arn";

static const char sql_announced_add[] =
    "INSERT OR IGNORE INTO announced VALUES (?1, ?2)";
static const char sql_announced_delete[] =
    "DELETE FROM announced WHERE endpoint = ?1";
static const char sql_announced[] =
    "SELECT topic FROM announced WHERE endpoint = ?1 ORDER BY topic";

/* --- topics --------------------------------------------------------- */

void
db_topic_done(struct db_topic *t)
{
	xfree(&t->arn);
	xfree(&t->signature_version);
	xfree(&t->delivery_policy);
	xfree(&t->display_name);
}

int
db_topic_add(struct db *db, const char *arn, struct error *err)
{
	return db_write_text(db, sql_topic_add, arn, "add a topic", err);
}

int
db_topic_set(struct db *db, const struct db_topic *t, struct error *err)
{
	sqlite3_stmt *st = db_writing(db, sql_topic_set, err);

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, t->arn);
	db_bind_text(st, 2, t->signature_version);
	db_bind_text(st, 3, t->delivery_policy);
	db_bind_text(st, 4, t->display_name);
	return db_run(db, st, "change a topic", err);
}

int
db_topic_delete(struct db *db, const char *arn, struct error *err)
{
	static const char *const steps[] = {sql_topic_deliveries,
	    sql_topic_messages, sql_topic_subscriptions, sql_topic_delete};
	size_t i;

	for (i = 0; i < ARRAY_LEN(steps); i++) {
		if (db_write_text(db, steps[i], arn, "delete a topic", err) ==
		    -1)
			return -1;
	}
	return 0;
}

int
db_topic_get(
    struct db *db, const char *arn, struct db_topic *out, struct error *err)
{
	sqlite3_stmt *st = db_peeking(db, sql_topic, err);
	int rc;

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, arn);
	rc = db_row(st, "find a topic", err);
	if (rc == 1) {
		out->arn = db_column_text(st, 0);
		out->signature_version = db_column_text(st, 1);
		out->delivery_policy = db_column_text(st, 2);
		out->display_name = db_column_text(st, 3);
	}
	db_finish(st);
	return rc;
}

int
db_topic_count(struct db *db, int64_t *out, struct error *err)
{
	sqlite3_stmt *st = db_peeking(db, sql_topic_count, err);
	int rc;

	if (st == NULL)
		return -1;
	rc = db_row(st, "count topics", err);
	if (rc == 1)
		*out = sqlite3_column_int64(st, 0);
	db_finish(st);
	return rc == 1 ? 0 : -1;
}

int
db_topic_subscriptions(struct db *db, const char *arn,
    int64_t out[DB_ENDED + 1], struct error *err)
{
	sqlite3_stmt *st = db_peeking(db, sql_states, err);
	int rc, state;

	if (st == NULL)
		return -1;
	memset(out, 0, (DB_ENDED + 1) * sizeof(*out));
	db_bind_text(st, 1, arn);
	while ((rc = db_row(st, "count subscriptions", err)) == 1) {
		state = sqlite3_column_int(st, 0);
		if (state >= DB_PENDING && state <= DB_ENDED)
			out[state] = sqlite3_column_int64(st, 1);
	}
	db_finish(st);
	return rc;
}

int
db_topic_each(struct db *db, const char *after, db_topic_fn *fn, void *arg,
    struct error *err)
{
	sqlite3_stmt *st = db_reading(db, sql_topics, err);

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, after);
	return db_each_text(st, "list topics", fn, arg, err);
}

/* --- subscriptions -------------------------------------------------- */

void
db_subscription_done(struct db_subscription *s)
{
	xfree(&s->arn);
	xfree(&s->topic);
	xfree(&s->protocol);
	xfree(&s->endpoint);
	xfree(&s->token);
	xfree(&s->delivery_policy);
}

static void
bind_subscription(sqlite3_stmt *st, const struct db_subscription *s)
{
	db_bind_text(st, 1, s->arn);
	db_bind_text(st, 5, s->token);
	sqlite3_bind_int64(st, 6, s->token_until);
	sqlite3_bind_int(st, 7, s->state);
	sqlite3_bind_int(st, 8, s->authenticated);
	sqlite3_bind_int(st, 9, s->owned);
	sqlite3_bind_int(st, 10, s->raw);
	db_bind_text(st, 11, s->delivery_policy);
}

int
db_subscription_add(
    struct db *db, const struct db_subscription *s, struct error *err)
{
	sqlite3_stmt *st = db_writing(db, sql_subscription_add, err);

	if (st == NULL)
		return -1;
	bind_subscription(st, s);
	db_bind_text(st, 2, s->topic);
	db_bind_text(st, 3, s->protocol);
	db_bind_text(st, 4, s->endpoint);
	sqlite3_bind_int64(st, 12, s->created_at);
	return db_run(db, st, "add a subscription", err);
}

int
db_subscription_set(
    struct db *db, const struct db_subscription *s, struct error *err)
{
	sqlite3_stmt *st = db_writing(db, sql_subscription_set, err);

	if (st == NULL)
		return -1;
	bind_subscription(st, s);
	return db_run(db, st, "change a subscription", err);
}

int
db_subscription_clear(struct db *db, const char *arn, struct error *err)
{
	static const char what[] = "drop deliveries";

	if (db_write_text(db, sql_subscription_messages, arn, what, err) == -1)
		return -1;
	return db_write_text(db, sql_subscription_deliveries, arn, what, err);
}

int
db_subscription_delete(struct db *db, const char *arn, struct error *err)
{
	if (db_subscription_clear(db, arn, err) == -1)
		return -1;
	return db_write_text(
	    db, sql_subscription_delete, arn, "delete a subscription", err);
}

static void
read_subscription(sqlite3_stmt *st, struct db_subscription *out)
{
	out->arn = db_column_text(st, 0);
	out->topic = db_column_text(st, 1);
	out->protocol = db_column_text(st, 2);
	out->endpoint = db_column_text(st, 3);
	out->token = db_column_text(st, 4);
	out->token_until = sqlite3_column_int64(st, 5);
	out->state = sqlite3_column_int(st, 6);
	out->authenticated = sqlite3_column_int(st, 7) != 0;
	out->owned = sqlite3_column_int(st, 8) != 0;
	out->raw = sqlite3_column_int(st, 9) != 0;
	out->delivery_policy = db_column_text(st, 10);
	out->created_at = sqlite3_column_int64(st, 11);
}

/* The statement is bound, or NULL. */
static int
find_subscription(
    sqlite3_stmt *st, struct db_subscription *out, struct error *err)
{
	int rc = db_row(st, "find a subscription", err);

	if (rc == 1)
		read_subscription(st, out);
	db_finish(st);
	return rc;
}

static int
find_by_text(struct db *db, const char *sql, const char *text,
    struct db_subscription *out, struct error *err)
{
	sqlite3_stmt *st = db_peeking(db, sql, err);

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, text);
	return find_subscription(st, out, err);
}

int
db_subscription_get(struct db *db, const char *arn, struct db_subscription *out,
    struct error *err)
{
	return find_by_text(db, sql_subscription, arn, out, err);
}

int
db_subscription_of_token(struct db *db, const char *token,
    struct db_subscription *out, struct error *err)
{
	return find_by_text(db, sql_subscription_token, token, out, err);
}

int
db_subscription_find(struct db *db, const struct db_subscription *s,
    struct db_subscription *out, struct error *err)
{
	sqlite3_stmt *st = db_peeking(db, sql_subscription_find, err);

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, s->topic);
	db_bind_text(st, 2, s->protocol);
	db_bind_text(st, 3, s->endpoint);
	return find_subscription(st, out, err);
}

/* 1 with *arn, 0, or -1. */
static int
find_old(struct db *db, int64_t now_at, char **arn, struct error *err)
{
	sqlite3_stmt *st = db_peeking(db, sql_subscription_old, err);
	int rc;

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, now_at);
	rc = db_row(st, "find an old subscription", err);
	if (rc == 1)
		*arn = db_column_text(st, 0);
	db_finish(st);
	return rc;
}

int
db_subscription_purge(struct db *db, int64_t now_at, struct error *err)
{
	char *arn;
	int rc;

	while ((rc = find_old(db, now_at, &arn, err)) == 1) {
		rc = db_subscription_delete(db, arn, err);
		free(arn);
		if (rc == -1)
			return -1;
	}
	return rc;
}

int
db_subscription_each(struct db *db, const char *topic, const char *after,
    db_subscription_fn *fn, void *arg, struct error *err)
{
	sqlite3_stmt *st = db_reading(
	    db, topic != NULL ? sql_subscriptions_of : sql_subscriptions, err);
	struct db_subscription s;
	int rc;

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, after);
	if (topic != NULL)
		db_bind_text(st, 2, topic);
	while ((rc = db_row(st, "list subscriptions", err)) == 1) {
		read_subscription(st, &s);
		rc = fn(&s, arg, err);
		db_subscription_done(&s);
		if (rc != 0)
			break;
	}
	db_finish(st);
	return rc == -1 ? -1 : 0;
}

int
db_subscription_confirmed(struct db *db, const char *topic, db_topic_fn *fn,
    void *arg, struct error *err)
{
	sqlite3_stmt *st = db_peeking(db, sql_confirmed, err);

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, topic);
	return db_each_text(st, "find subscriptions", fn, arg, err);
}

/* --- announcements -------------------------------------------------- */

int
db_announced_add(
    struct db *db, const char *endpoint, const char *topic, struct error *err)
{
	sqlite3_stmt *st = db_writing(db, sql_announced_add, err);

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, endpoint);
	db_bind_text(st, 2, topic);
	return db_run(db, st, "announce an endpoint", err);
}

int
db_announced_delete(struct db *db, const char *endpoint, struct error *err)
{
	return db_write_text(
	    db, sql_announced_delete, endpoint, "announce an endpoint", err);
}

int
db_announced_each(struct db *db, const char *endpoint, db_topic_fn *fn,
    void *arg, struct error *err)
{
	sqlite3_stmt *st = db_peeking(db, sql_announced, err);

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, endpoint);
	return db_each_text(st, "read what was announced", fn, arg, err);
}
