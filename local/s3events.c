/* SPDX-License-Identifier: Apache-2.0 */
/* From an object that appears to whoever wants to know. */
#include "local/s3events.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "local/db_sns.h"
#include "local/db_sqs.h"
#include "local/s3answer.h"
#include "local/s3events_rule.h"
#include "local/s3wait.h"

#define TEXT_MAX ((size_t)64 * 1024)
#define SUBJECT "Amazon S3 Notification"

struct s3events {
	struct s3events_options o;
};

/* --- what is told --------------------------------------------------- */

/* As a form has it. */
static char *
encode_key(const char *key)
{
	struct buf b, out;
	size_t i;

	buf_init(&b, 3 * strlen(key) + 1);
	buf_init(&out, 3 * strlen(key) + 1);
	encode_uri(&b, key, strlen(key), true);
	for (i = 0; i < b.len; i++) {
		if (strncmp(b.data + i, "%20", 3) != 0) {
			buf_putc(&out, b.data[i]);
			continue;
		}
		buf_putc(&out, '+');
		i += 2;
	}
	buf_done(&b);
	return buf_take(&out);
}

static void
write_object(struct jsonw *w, const char *name, const char *key,
    const struct db_object *o)
{
	char *encoded = encode_key(key), *sequencer;

	sequencer = xasprintf("%016" PRIX64, (uint64_t)o->modified_at);
	jsonw_begin(w, "object", '{');
	jsonw_str(w, "key", encoded);
	if (str_starts(name, "ObjectCreated:")) {
		jsonw_int(w, "size", o->size);
		jsonw_str(w, "eTag", o->etag);
	}
	jsonw_str(w, "sequencer", sequencer);
	jsonw_end(w, '}');
	free(sequencer);
	free(encoded);
}

static void
write_bucket(struct jsonw *w, const struct s3events *e, const char *bucket)
{
	char *arn = xasprintf("arn:aws:s3:::%s", bucket);

	jsonw_begin(w, "bucket", '{');
	jsonw_str(w, "name", bucket);
	jsonw_begin(w, "ownerIdentity", '{');
	jsonw_str(w, "principalId", e->o.conf->account);
	jsonw_end(w, '}');
	jsonw_str(w, "arn", arn);
	jsonw_end(w, '}');
	free(arn);
}

struct happening {
	const char *name; /* "ObjectCreated:Put" */
	const char *bucket;
	const char *key;
	const struct db_object *o;
};

/* The caller's. */
static char *
record(const struct s3events *e, const struct happening *h,
    const struct s3events_rule *rule)
{
	struct jsonw w;
	struct buf b;

	buf_init(&b, TEXT_MAX);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	jsonw_begin(&w, "Records", '[');
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "eventVersion", "2.5");
	jsonw_str(&w, "eventSource", "aws:s3");
	jsonw_str(&w, "awsRegion", e->o.conf->region);
	jsonw_time(&w, "eventTime", clock_wall_ms());
	jsonw_str(&w, "eventName", h->name);
	jsonw_begin(&w, "userIdentity", '{');
	jsonw_str(&w, "principalId", e->o.conf->account);
	jsonw_end(&w, '}');
	jsonw_begin(&w, "s3", '{');
	jsonw_str(&w, "s3SchemaVersion", "1.0");
	jsonw_str(&w, "configurationId", rule->id);
	write_bucket(&w, e, h->bucket);
	write_object(&w, h->name, h->key, h->o);
	jsonw_end(&w, '}');
	jsonw_end(&w, '}');
	jsonw_end(&w, ']');
	jsonw_end(&w, '}');
	return buf_take(&b);
}

static int
send_to(struct s3events *e, const struct s3events_rule *rule, const char *text,
    struct error *err)
{
	int rc = rule->is_topic
	    ? sns_publish_as(
		  e->o.sns, rule->target, SUBJECT, text, strlen(text), err)
	    : sqs_post(e->o.sqs, rule->target, text, true, err);

	/* Gone meanwhile: S3 tells nobody either. */
	if (rc == -1 && err->code == ERR_NOT_FOUND)
		return 0;
	return rc;
}

/* 1 with the rules of a bucket, which are the caller's, 0 or -1. */
static int
rules_of(struct s3events *e, const char *bucket, struct s3events_rules **out,
    struct error *err)
{
	char *text = NULL;
	int rc = db_bucket_events(e->o.db, bucket, &text, err);

	if (rc == 1) {
		*out = s3events_rules_new();
		s3events_rules_of_text(*out, text);
	}
	free(text);
	return rc;
}

int
s3events_tell(const char *name, const char *bucket, const char *key,
    const struct db_object *o, void *arg, struct error *err)
{
	struct happening h = {name, bucket, key, o};
	struct s3events_rules *rules = NULL;
	struct s3events *e = arg;
	size_t i;
	int rc = rules_of(e, bucket, &rules, err);

	for (i = 0; rc == 1 && i < rules->n; i++) {
		char *text;

		if (!s3events_rule_fits(&rules->v[i], name, key))
			continue;
		text = record(e, &h, &rules->v[i]);
		if (send_to(e, &rules->v[i], text, err) == -1)
			rc = -1;
		free(text);
	}
	s3events_rules_free(rules);
	return rc == -1 ? -1 : 0;
}

/* --- configurations ------------------------------------------------- */

/* What S3 sends to every target of a new configuration. */
static char *
test_event(const char *bucket)
{
	char uuid[RANDOM_UUID_SIZE];
	struct jsonw w;
	struct buf b;

	random_uuid(uuid);
	buf_init(&b, TEXT_MAX);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "Service", "Amazon S3");
	jsonw_str(&w, "Event", "s3:TestEvent");
	jsonw_time(&w, "Time", clock_wall_ms());
	jsonw_str(&w, "Bucket", bucket);
	jsonw_str(&w, "RequestId", uuid);
	jsonw_str(&w, "HostId", uuid);
	jsonw_end(&w, '}');
	return buf_take(&b);
}

/* 1: there is such a queue, or topic; 0 or -1. */
static int
is_there(
    struct s3events *e, const struct s3events_rule *rule, struct error *err)
{
	struct db_topic topic = {0};
	int rc;

	if (!rule->is_topic)
		return sqs_has(e->o.sqs, rule->target, err);
	rc = db_topic_get(e->o.db, rule->target, &topic, err);
	db_topic_done(&topic);
	return rc;
}

static int
check_targets(
    struct s3events *e, const struct s3events_rules *rules, struct error *err)
{
	size_t i;
	int rc;

	for (i = 0; i < rules->n; i++) {
		rc = is_there(e, &rules->v[i], err);
		if (rc == 0)
			return s3answer_bad(err, "InvalidArgument",
			    "Unable to validate the following destination "
			    "configurations");
		if (rc == -1)
			return -1;
	}
	return 0;
}

static int
set_rules(struct s3events *e, const char *bucket,
    const struct s3events_rules *rules, struct error *err)
{
	char *text = s3events_rules_text(rules), *test = test_event(bucket);
	int rc = db_bucket_events_set(e->o.db, bucket, text, err);
	size_t i;

	for (i = 0; rc == 0 && i < rules->n; i++)
		rc = send_to(e, &rules->v[i], test, err);
	free(test);
	free(text);
	return rc;
}

void
s3events_put(
    struct s3 *s, struct call *c, const char *bucket, const struct buf *text)
{
	struct s3events_rules *rules = s3events_rules_new();
	struct error err = {0};
	struct s3wait *w;

	if (s3events_rules_read_xml(rules, text->data, text->len, &err) == -1 ||
	    check_targets(s->events, rules, &err) == -1) {
		if (err.remote_code[0] != '\0')
			s3answer_text(c, err.remote_code, err.text);
		else if (err.code == ERR_PROTOCOL)
			s3answer_code(c, "MalformedXML");
		else
			s3answer_internal(c, &err);
		s3events_rules_free(rules);
		return;
	}
	w = s3wait_new(c, 200);
	if (set_rules(s->events, bucket, rules, &err) == -1) {
		db_abandon(s->db);
		s3wait_committed(&err, w);
	} else {
		db_on_commit(s->db, s3wait_committed, w);
	}
	s3events_rules_free(rules);
}

void
s3events_get(struct s3 *s, struct call *c, const char *bucket)
{
	struct s3events_rules *rules = NULL;
	struct error err;
	struct buf b;

	if (rules_of(s->events, bucket, &rules, &err) == -1) {
		s3answer_internal(c, &err);
		return;
	}
	if (rules == NULL)
		rules = s3events_rules_new();
	buf_init(&b, 4 * TEXT_MAX);
	s3events_rules_write_xml(rules, &b);
	s3answer_xml(c, 200, &b);
	buf_done(&b);
	s3events_rules_free(rules);
}

/* --- making --------------------------------------------------------- */

static bool
same(const char *a, const char *b)
{
	return str_eq(a != NULL ? a : "", b != NULL ? b : "");
}

/* Once: a start that changes nothing sends no test. */
static int
declare(struct s3events *e, const struct conf_bucket *b, struct error *err)
{
	struct s3events_rules *rules = s3events_rules_new(), *before = NULL;
	struct s3events_rule *r = &rules->v[rules->n++];
	bool known;
	int rc;

	r->id = xstrdup("configuration");
	r->target = xstrdup(b->event_target);
	r->is_topic = strstr(b->event_target, ":sns:") != NULL;
	r->names[r->names_n++] = xstrdup("s3:ObjectCreated:*");
	r->prefix =
	    str_empty(b->event_prefix) ? NULL : xstrdup(b->event_prefix);
	r->suffix =
	    str_empty(b->event_suffix) ? NULL : xstrdup(b->event_suffix);
	rc = rules_of(e, b->name, &before, err);
	known = rc == 1 && before->n == 1 &&
	    same(before->v[0].target, r->target) &&
	    same(before->v[0].prefix, r->prefix) &&
	    same(before->v[0].suffix, r->suffix);
	if (rc != -1 && !known)
		rc = set_rules(e, b->name, rules, err);
	s3events_rules_free(before);
	s3events_rules_free(rules);
	return rc == -1 ? -1 : 0;
}

int
s3events_new(const struct s3events_options *options, struct s3events **out,
    struct error *err)
{
	const struct conf *c = options->conf;
	struct s3events *e = xcalloc(1, sizeof(*e));
	size_t i;

	e->o = *options;
	for (i = 0; i < c->buckets_n; i++) {
		const struct conf_bucket *b = &c->buckets[i];

		if (str_empty(b->event_target) || declare(e, b, err) == 0)
			continue;
		free(e);
		return -1;
	}
	*out = e;
	return 0;
}

void
s3events_free(struct s3events *e)
{
	free(e);
}
