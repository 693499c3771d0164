/* SPDX-License-Identifier: Apache-2.0 */
/* Key, deliveries and operations put together, and what is announced. */
#include "local/sns.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "local/db_sns.h"
#include "local/notice.h"
#include "local/sns_ask.h"
#include "local/sns_parts.h"

#define HEX_DIGITS "0123456789abcdef"
#define FILE_PREFIX "/SimpleNotificationService-"
#define FILE_HEX 32

/* --- making --------------------------------------------------------- */

static int
add_topic_of(struct sns *s, const char *arn, struct error *err)
{
	return str_empty(arn) ? 0 : sns_topic_add(s, arn, err);
}

/* The queue's owner subscribes it: nothing is to be confirmed. */
static int
subscribe_queue(struct sns *s, const struct conf_queue *q, struct error *err)
{
	char uuid[RANDOM_UUID_SIZE], token[RANDOM_UUID_SIZE];
	struct db_subscription old = {0},
			       new = {
				   .topic = q->topic,
				   .protocol = (char *)(uintptr_t) "sqs",
				   .token = token,
				   .state = DB_CONFIRMED,
				   .authenticated = true,
				   .raw = q->raw,
				   .created_at = clock_wall_ms(),
			       };
	int rc;

	if (sns_topic_add(s, q->topic, err) == -1)
		return -1;
	random_uuid(uuid);
	random_uuid(token);
	new.endpoint = sqs_arn(s->o.sqs, q->name);
	new.arn = xasprintf("%s:%s", q->topic, uuid);
	rc = db_subscription_find(s->o.db, &new, &old, err);
	if (rc == 0)
		rc = db_subscription_add(s->o.db, &new, err);
	old.raw = q->raw;
	if (rc == 1)
		rc = db_subscription_set(s->o.db, &old, err);
	db_subscription_done(&old);
	free(new.endpoint);
	free(new.arn);
	return rc;
}

static int
add_topics(struct sns *s, struct error *err)
{
	const struct conf *c = s->o.conf;
	size_t i;

	for (i = 0; i < c->endpoints_n; i++) {
		if (add_topic_of(s, c->endpoints[i].success_topic, err) == -1 ||
		    add_topic_of(s, c->endpoints[i].error_topic, err) == -1)
			return -1;
	}
	for (i = 0; i < c->queues_n; i++) {
		if (!str_empty(c->queues[i].topic) &&
		    subscribe_queue(s, &c->queues[i], err) == -1)
			return -1;
	}
	for (i = 0; i < c->buckets_n; i++) {
		const char *target = c->buckets[i].event_target;

		if (target != NULL && strstr(target, ":sns:") != NULL &&
		    sns_topic_add(s, target, err) == -1)
			return -1;
	}
	return db_subscription_purge(s->o.db, clock_wall_ms(), err);
}

static void
make_parts(struct sns *s)
{
	struct sns_push_options push = {
	    .loop = s->o.loop,
	    .db = s->o.db,
	    .http = s->o.http,
	    .key = s->key,
	    .cert_url = s->o.conf->signing_cert_url,
	    .sqs = s->o.sqs,
	};

	s->push = sns_push_new(&push);
	s->post.db = s->o.db;
	s->post.push = s->push;
	s->post.faults = s->o.faults;
	s->key_path = xasprintf("/%s", sns_key_file(s->key));
}

int
sns_new(const struct sns_options *options, struct sns **out, struct error *err)
{
	struct sns *s = xcalloc(1, sizeof(*s));

	s->o = *options;
	if (sns_key_open(s->o.data_dir, &s->key, err) == -1) {
		sns_free(s);
		return -1;
	}
	make_parts(s);
	if (add_topics(s, err) == -1) {
		sns_free(s);
		return -1;
	}
	*out = s;
	return 0;
}

void
sns_free(struct sns *s)
{
	if (s == NULL)
		return;
	sns_push_free(s->push);
	sns_key_free(s->key);
	free(s->key_path);
	free(s);
}

int
sns_topic_add(struct sns *s, const char *arn, struct error *err)
{
	return db_topic_add(s->o.db, arn, err);
}

/* --- announcing ----------------------------------------------------- */

/* What an endpoint was announced to, against what it has now. */
struct announcement {
	const struct conf_endpoint *e;
	size_t known; /* announced, and still its topic */
	size_t gone;
};

static bool
is_topic_of(const struct conf_endpoint *e, const char *arn)
{
	return (e->success_topic != NULL && str_eq(e->success_topic, arn)) ||
	    (e->error_topic != NULL && str_eq(e->error_topic, arn));
}

static int
compare(const char *topic, void *arg, struct error *err)
{
	struct announcement *a = arg;

	(void)err;
	if (is_topic_of(a->e, topic))
		a->known++;
	else
		a->gone++;
	return 0;
}

static int
announce_to(
    struct sns *s, const char *endpoint, const char *topic, struct error *err)
{
	struct db_message m = {
	    .topic = xstrdup(topic),
	    .body = xstrdup(notice_test),
	};
	int rc = db_announced_add(s->o.db, endpoint, topic, err);

	if (rc == 0)
		rc = sns_post_all(&s->post, &m, endpoint, err);
	db_message_done(&m);
	return rc;
}

/* As an endpoint that is created or updated: each topic once. */
static int
announce(struct sns *s, const struct conf_endpoint *e, struct error *err)
{
	struct announcement a = {.e = e};
	bool first = !str_empty(e->success_topic);
	bool second = !str_empty(e->error_topic) &&
	    !(first && str_eq(e->error_topic, e->success_topic));

	if (db_announced_each(s->o.db, e->name, compare, &a, err) == -1)
		return -1;
	if (a.gone == 0 && a.known == (size_t)first + (size_t)second)
		return 0;
	if (db_announced_delete(s->o.db, e->name, err) == -1 ||
	    (first && announce_to(s, e->name, e->success_topic, err) == -1) ||
	    (second && announce_to(s, e->name, e->error_topic, err) == -1))
		return -1;
	return 0;
}

void
sns_start(struct sns *s, const char *base_url)
{
	const struct conf *c = s->o.conf;
	struct error err;
	size_t i;
	int rc = sns_push_start(s->push, base_url, &err);

	for (i = 0; rc == 0 && i < c->endpoints_n; i++)
		rc = announce(s, &c->endpoints[i], &err);
	if (rc == 0)
		return;
	db_abandon(s->o.db);
	log_begin(LOG_ERROR, "sns");
	log_str("msg", "endpoints could not be announced");
	log_err(&err);
	log_end();
}

void
sns_stop(struct sns *s)
{
	sns_push_stop(s->push);
}

/* --- publishing ----------------------------------------------------- */

/* requestParameters.endpointName, where it is one of ours. */
static const char *
endpoint_in(const struct conf *c, const char *message, size_t len)
{
	const char *name, *found = NULL;
	struct error ignored;
	struct json *root;
	size_t i;

	if (json_parse(message, len, &root, &ignored) == -1)
		return NULL;
	name =
	    json_get_str(json_get(root, "requestParameters"), "endpointName");
	for (i = 0; name != NULL && i < c->endpoints_n; i++) {
		if (str_eq(c->endpoints[i].name, name))
			found = c->endpoints[i].name;
	}
	json_free(root);
	return found;
}

/* Whose notification it is, for faults; NULL where nobody knows. */
static const char *
endpoint_of(
    const struct sns *s, const char *topic, const char *message, size_t len)
{
	const struct conf *c = s->o.conf;
	const char *found = NULL;
	size_t i;

	for (i = 0; i < c->endpoints_n; i++) {
		const struct conf_endpoint *e = &c->endpoints[i];

		if (!is_topic_of(e, topic))
			continue;
		if (found != NULL)
			return endpoint_in(c, message, len);
		found = e->name;
	}
	return found;
}

int
sns_publish(struct sns *s, const char *topic, const char *message, size_t len,
    struct error *err)
{
	return sns_publish_as(s, topic, NULL, message, len, err);
}

int
sns_publish_as(struct sns *s, const char *topic, const char *subject,
    const char *message, size_t len, struct error *err)
{
	struct db_topic t = {0};
	struct db_message m = {0};
	int rc = db_topic_get(s->o.db, topic, &t, err);

	db_topic_done(&t);
	if (rc == -1)
		return -1;
	if (rc == 0)
		return err_set(
		    err, ERR_NOT_FOUND, "there is no topic %s", topic);
	m.topic = xstrdup(topic);
	m.subject = xstrdup_or_null(subject);
	m.body = xstrndup(message, len);
	rc = sns_post_all(
	    &s->post, &m, endpoint_of(s, topic, message, len), err);
	db_message_done(&m);
	return rc;
}

/* --- requests ------------------------------------------------------- */

static bool
is_certificate(const char *path)
{
	const char *hex;

	if (!str_starts(path, FILE_PREFIX))
		return false;
	hex = path + strlen(FILE_PREFIX);
	return strspn(hex, HEX_DIGITS) == FILE_HEX &&
	    str_eq(hex + FILE_HEX, ".pem");
}

/* Whether Action is one of those that need no signature. */
static bool
is_open_action(const char *query)
{
	const struct sns_operation *op = NULL;
	struct sns_form form;
	struct error ignored;
	const char *action;

	sns_form_init(&form);
	if (sns_form_add(&form, query, strlen(query), &ignored) == 0) {
		action = sns_form_get(&form, "Action");
		op = action != NULL ? sns_operation_of(action) : NULL;
	}
	sns_form_done(&form);
	return op != NULL && op->open;
}

bool
sns_is_ours(const char *method, const char *path, const char *query)
{
	if (!str_eq(method, "GET"))
		return false;
	if (is_certificate(path))
		return true;
	return str_eq(path, "/") && is_open_action(query);
}

static void
send_certificate(struct sns *s, struct call *c)
{
	const char *pem = sns_key_pem(s->key);
	struct headers h;

	if (!str_eq(http_path(c->x), s->key_path)) {
		sns_refuse_with(c, "NotFound", "There is no such certificate");
		return;
	}
	headers_init(&h);
	headers_add(&h, "Content-Type", "application/x-pem-file");
	call_reply(c, 200, &h, pem, strlen(pem));
	headers_done(&h);
}

void
sns_request(struct sns *s, struct call *c)
{
	bool is_signed = c->claim.service != NULL;

	if (!is_signed && is_certificate(http_path(c->x)))
		send_certificate(s, c);
	else
		sns_ask_start(s, c, is_signed);
}
