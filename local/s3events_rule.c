/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of buckets, read, written and asked. */
#include "local/s3events_rule.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "local/s3answer.h"
#include "local/xml.h"
#include "local/xmlread.h"

#define XMLNS "http://s3.amazonaws.com/doc/2006-03-01/"
#define TEXT_MAX ((size_t)1024 * 1024)
#define TOP "/NotificationConfiguration"

struct s3events_rules *
s3events_rules_new(void)
{
	return xcalloc(1, sizeof(struct s3events_rules));
}

static void
rule_done(struct s3events_rule *r)
{
	size_t i;

	free(r->id);
	free(r->target);
	free(r->prefix);
	free(r->suffix);
	for (i = 0; i < r->names_n; i++)
		free(r->names[i]);
	memset(r, 0, sizeof(*r));
}

static void
rules_clear(struct s3events_rules *r)
{
	while (r->n > 0)
		rule_done(&r->v[--r->n]);
}

void
s3events_rules_free(struct s3events_rules *r)
{
	if (r == NULL)
		return;
	rules_clear(r);
	free(r);
}

/* --- XML ------------------------------------------------------------ */

struct reading {
	struct s3events_rules *rules;
	struct s3events_rule now; /* the one that is open */
	char *name, *value; /* of its FilterRule */
};

static bool
is_event(const char *name)
{
	static const char *const known[] = {"s3:ObjectCreated:*",
	    "s3:ObjectCreated:Put", "s3:ObjectCreated:Post",
	    "s3:ObjectCreated:Copy", "s3:ObjectCreated:CompleteMultipartUpload",
	    "s3:ObjectRemoved:*", "s3:ObjectRemoved:Delete"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++) {
		if (str_eq(known[i], name))
			return true;
	}
	return false;
}

static void
set(char **place, const char *text)
{
	free(*place);
	*place = xstrdup(text);
}

static int
end_filter(struct reading *r, struct error *err)
{
	char **place = NULL;

	if (r->name != NULL && str_ieq(r->name, "prefix"))
		place = &r->now.prefix;
	else if (r->name != NULL && str_ieq(r->name, "suffix"))
		place = &r->now.suffix;
	if (place == NULL || *place != NULL)
		return s3answer_bad(err, "InvalidArgument",
		    "filter rule name must be either prefix or suffix, each "
		    "once");
	*place = xstrdup(r->value != NULL ? r->value : "");
	xfree(&r->name);
	xfree(&r->value);
	return 0;
}

static int
end_rule(struct reading *r, bool is_topic, struct error *err)
{
	char uuid[RANDOM_UUID_SIZE];

	if (r->now.target == NULL || r->now.names_n == 0)
		return s3answer_bad(err, "MalformedXML",
		    "A configuration needs a target and an event");
	if (r->rules->n == S3EVENTS_RULES_MAX)
		return s3answer_bad(err, "InvalidArgument",
		    "There are more than 100 configurations");
	random_uuid(uuid);
	if (str_empty(r->now.id))
		set(&r->now.id, uuid);
	r->now.is_topic = is_topic;
	r->rules->v[r->rules->n++] = r->now;
	memset(&r->now, 0, sizeof(r->now));
	return 0;
}

static int
add_event(struct s3events_rule *r, const char *name, struct error *err)
{
	if (!is_event(name))
		return s3answer_bad(err, "InvalidArgument",
		    "The event is not supported for notifications here");
	if (r->names_n == S3EVENTS_NAMES_MAX)
		return s3answer_bad(
		    err, "InvalidArgument", "There are too many events");
	r->names[r->names_n++] = xstrdup(name);
	return 0;
}

/* Inside of <QueueConfiguration> or <TopicConfiguration>; "" is its end. */
static int
take_member(struct reading *r, const char *member, const char *text,
    bool is_topic, struct error *err)
{
	if (*member == '\0')
		return end_rule(r, is_topic, err);
	if (str_eq(member, "/Id"))
		set(&r->now.id, text);
	else if (str_eq(member, is_topic ? "/Topic" : "/Queue"))
		set(&r->now.target, text);
	else if (str_eq(member, "/Event"))
		return add_event(&r->now, text, err);
	else if (str_eq(member, "/Filter/S3Key/FilterRule/Name"))
		set(&r->name, text);
	else if (str_eq(member, "/Filter/S3Key/FilterRule/Value"))
		set(&r->value, text);
	else if (str_eq(member, "/Filter/S3Key/FilterRule"))
		return end_filter(r, err);
	else if (!str_eq(member, "/Filter") && !str_eq(member, "/Filter/S3Key"))
		return s3answer_bad(err, "MalformedXML",
		    "An element of the configuration is not known");
	return 0;
}

static int
take(const char *path, const char *text, void *arg, struct error *err)
{
	static const char queue[] = TOP "/QueueConfiguration";
	static const char topic[] = TOP "/TopicConfiguration";

	if (str_starts(path, queue))
		return take_member(arg, path + strlen(queue), text, false, err);
	if (str_starts(path, topic))
		return take_member(arg, path + strlen(topic), text, true, err);
	if (str_eq(path, TOP))
		return 0;
	return s3answer_bad(err, "NotImplemented",
	    "Events go to queues and topics here, and nowhere else");
}

int
s3events_rules_read_xml(
    struct s3events_rules *r, const char *text, size_t len, struct error *err)
{
	struct reading reading = {.rules = r};
	int rc = xmlread(text, len, take, &reading, err);

	rule_done(&reading.now);
	free(reading.name);
	free(reading.value);
	if (rc == -1)
		rules_clear(r);
	return rc;
}

static void
put_filter(struct buf *out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	xml_open(out, "FilterRule", NULL);
	xml_text(out, "Name", name);
	xml_text(out, "Value", value);
	xml_close(out, "FilterRule");
}

static void
put_rule(struct buf *out, const struct s3events_rule *r)
{
	const char *element =
	    r->is_topic ? "TopicConfiguration" : "QueueConfiguration";
	size_t i;

	xml_open(out, element, NULL);
	xml_text(out, "Id", r->id);
	xml_text(out, r->is_topic ? "Topic" : "Queue", r->target);
	for (i = 0; i < r->names_n; i++)
		xml_text(out, "Event", r->names[i]);
	if (r->prefix != NULL || r->suffix != NULL) {
		xml_open(out, "Filter", NULL);
		xml_open(out, "S3Key", NULL);
		put_filter(out, "Prefix", r->prefix);
		put_filter(out, "Suffix", r->suffix);
		xml_close(out, "S3Key");
		xml_close(out, "Filter");
	}
	xml_close(out, element);
}

void
s3events_rules_write_xml(const struct s3events_rules *r, struct buf *out)
{
	size_t i;

	xml_start(out);
	xml_open(out, "NotificationConfiguration", XMLNS);
	for (i = 0; i < r->n; i++)
		put_rule(out, &r->v[i]);
	xml_close(out, "NotificationConfiguration");
}

/* --- JSON ----------------------------------------------------------- */

char *
s3events_rules_text(const struct s3events_rules *r)
{
	struct jsonw w;
	struct buf b;
	size_t i, j;

	if (r->n == 0)
		return NULL;
	buf_init(&b, TEXT_MAX);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '[');
	for (i = 0; i < r->n; i++) {
		jsonw_begin(&w, NULL, '{');
		jsonw_str(&w, "id", r->v[i].id);
		jsonw_str(&w, "target", r->v[i].target);
		jsonw_bool(&w, "topic", r->v[i].is_topic);
		jsonw_opt(&w, "prefix", r->v[i].prefix);
		jsonw_opt(&w, "suffix", r->v[i].suffix);
		jsonw_begin(&w, "events", '[');
		for (j = 0; j < r->v[i].names_n; j++)
			jsonw_str(&w, NULL, r->v[i].names[j]);
		jsonw_end(&w, ']');
		jsonw_end(&w, '}');
	}
	jsonw_end(&w, ']');
	return buf_take(&b);
}

static void
of_json(struct s3events_rule *r, const struct json *j)
{
	const struct json *name = json_first(json_get(j, "events"));
	const char *id = json_get_str(j, "id");
	const char *target = json_get_str(j, "target");

	r->id = xstrdup(id != NULL ? id : "");
	r->target = xstrdup(target != NULL ? target : "");
	json_bool(json_get(j, "topic"), &r->is_topic);
	r->prefix = xstrdup_or_null(json_get_str(j, "prefix"));
	r->suffix = xstrdup_or_null(json_get_str(j, "suffix"));
	for (; name != NULL && r->names_n < S3EVENTS_NAMES_MAX;
	     name = json_next(name)) {
		if (json_str(name) != NULL)
			r->names[r->names_n++] = xstrdup(json_str(name));
	}
}

void
s3events_rules_of_text(struct s3events_rules *r, const char *text)
{
	const struct json *j;
	struct error ignored;
	struct json *doc;

	if (json_parse(text, strlen(text), &doc, &ignored) == -1)
		return;
	for (j = json_first(doc); j != NULL && r->n < S3EVENTS_RULES_MAX;
	     j = json_next(j))
		of_json(&r->v[r->n++], j);
	json_free(doc);
}

/* --- asking --------------------------------------------------------- */

bool
s3events_rule_fits(
    const struct s3events_rule *r, const char *name, const char *key)
{
	size_t i, len;

	if ((r->prefix != NULL && !str_starts(key, r->prefix)) ||
	    (r->suffix != NULL && !str_ends(key, r->suffix)))
		return false;
	for (i = 0; i < r->names_n; i++) {
		const char *pattern = r->names[i] + strlen("s3:");

		len = strlen(pattern);
		if (str_eq(pattern, name) ||
		    (pattern[len - 1] == '*' &&
			strncmp(pattern, name, len - 1) == 0))
			return true;
	}
	return false;
}
