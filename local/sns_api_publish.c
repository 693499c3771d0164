/* SPDX-License-Identifier: Apache-2.0 */
/* Publish and PublishBatch. */
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/sns_ask.h"
#include "local/xml.h"

#define MESSAGE_LEN_MAX 262144
#define SUBJECT_LEN_MAX 100
#define ATTRIBUTES_MAX 100
#define ATTRIBUTE_LEN_MAX 256 /* of a name or a type */
#define BATCH_MAX 10
#define BATCH_ID_LEN_MAX 80

static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
			      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "0123456789";

/* What one message is made of; prefix is that of its parameters. */
struct draft {
	struct sns_ask *a;
	const char *prefix;
	struct db_message m;
	size_t bytes; /* that count towards the limit */
};

/* A parameter of this message's. */
static const char *
param(const struct draft *d, const char *name)
{
	char *whole = xasprintf("%s%s", d->prefix, name);
	const char *value = sns_param(d->a, whole);

	free(whole);
	return value;
}

static bool
only(const char *s, const char *more, size_t most)
{
	size_t i, n = strlen(s);

	for (i = 0; i < n; i++) {
		if (strchr(letters, s[i]) == NULL && strchr(more, s[i]) == NULL)
			return false;
	}
	return n > 0 && n <= most;
}

/* --- attributes ----------------------------------------------------- */

static bool
is_attribute_name(const char *s)
{
	return only(s, "_-.", ATTRIBUTE_LEN_MAX) && *s != '.' &&
	    !str_ends(s, ".") && strstr(s, "..") == NULL &&
	    strncasecmp(s, "aws.", 4) != 0 && strncasecmp(s, "amazon.", 7) != 0;
}

/* "String" and "String.anything". */
static bool
is_type(const char *type, const char *kind)
{
	size_t n = strlen(kind);

	return strncmp(type, kind, n) == 0 &&
	    (type[n] == '\0' || type[n] == '.') &&
	    strlen(type) <= ATTRIBUTE_LEN_MAX;
}

static bool
is_number(const char *s)
{
	size_t digits;

	s += *s == '-' || *s == '+';
	digits = strspn(s, "0123456789");
	s += digits;
	if (*s == '.') {
		s++;
		digits += strspn(s, "0123456789");
		s += strspn(s, "0123456789");
	}
	if (digits > 0 && (*s == 'e' || *s == 'E')) {
		s++;
		s += *s == '-' || *s == '+';
		if (*s == '\0')
			return false;
		s += strspn(s, "0123456789");
	}
	return digits > 0 && *s == '\0';
}

static bool
is_base64(const char *s)
{
	struct buf b;
	bool good;

	buf_init(&b, MESSAGE_LEN_MAX);
	good = decode_base64(&b, s, strlen(s)) == 0;
	buf_done(&b);
	return good;
}

static int
wrong(struct draft *d, const char *name, const char *what)
{
	return sns_fail(d->a, "ParameterValueInvalid",
	    "The message attribute '%.80s' %s", name, what);
}

static int
check_value(
    struct draft *d, const char *name, const char *type, const char *value)
{
	bool binary = is_type(type, "Binary");

	if (!binary && !is_type(type, "String") && !is_type(type, "Number"))
		return wrong(d, name,
		    "has an invalid message attribute type, the set of "
		    "supported type prefixes is Binary, Number, and String.");
	if (str_empty(value))
		return wrong(
		    d, name, "must contain a non-empty value of its type.");
	if (is_type(type, "Number") && !is_number(value))
		return wrong(d, name, "holds no number.");
	if (binary && !is_base64(value))
		return wrong(d, name, "holds no Base64.");
	return 0;
}

static int
add_attribute(struct draft *d, struct jsonw *w, const char *list, size_t n)
{
	const struct sns_form *f = &d->a->form;
	const char *name = sns_form_item(f, list, n, "Name");
	const char *type = sns_form_item(f, list, n, "Value.DataType");
	const char *text = sns_form_item(f, list, n, "Value.StringValue");
	const char *bytes = sns_form_item(f, list, n, "Value.BinaryValue");
	const char *value;

	if (name == NULL || !is_attribute_name(name))
		return wrong(d, name != NULL ? name : "",
		    "has a name that is not allowed.");
	if (n > ATTRIBUTES_MAX || type == NULL)
		return wrong(d, name,
		    "must contain a non-empty message attribute type.");
	value = is_type(type, "Binary") ? bytes : text;
	if (check_value(d, name, type, value) == -1)
		return -1;
	d->bytes += strlen(name) + strlen(type) + strlen(value);
	jsonw_begin(w, name, '{');
	jsonw_str(w, "Type", type);
	jsonw_str(w, "Value", value);
	jsonw_end(w, '}');
	return 0;
}

static bool
has_attribute(const struct draft *d, const char *list, size_t n)
{
	return sns_form_item(&d->a->form, list, n, "Name") != NULL ||
	    sns_form_item(&d->a->form, list, n, "Value.DataType") != NULL;
}

/* A name that stands twice would be no JSON. */
static int
check_json(struct draft *d, const struct buf *text)
{
	struct error err;
	struct json *root;

	if (text->overflow)
		return sns_fail(d->a, "InvalidParameter",
		    "Invalid parameter: Message too long");
	if (json_parse(text->data, text->len, &root, &err) == -1)
		return sns_fail(d->a, "ParameterValueInvalid",
		    "The message attributes are no set: %s", err.text);
	json_free(root);
	return 0;
}

static int
read_attributes(struct draft *d)
{
	char *list = xasprintf("%sMessageAttributes.entry", d->prefix);
	struct jsonw w;
	struct buf text;
	size_t n = 1;
	int rc = 0;

	/* Each byte may become six. */
	buf_init(&text, (size_t)8 * MESSAGE_LEN_MAX);
	jsonw_init(&w, &text);
	jsonw_begin(&w, NULL, '{');
	for (; rc == 0 && has_attribute(d, list, n); n++)
		rc = add_attribute(d, &w, list, n);
	jsonw_end(&w, '}');
	if (rc == 0 && n > 1)
		rc = check_json(d, &text);
	if (rc == 0 && n > 1)
		d->m.attributes = xstrndup(text.data, text.len);
	buf_done(&text);
	free(list);
	return rc;
}

/* --- messages ------------------------------------------------------- */

/* A text for each protocol; "default" is for all that have none. */
static int
read_structure(struct draft *d, const char *message)
{
	const char *text, *http, *https;
	struct error err;
	struct json *root;

	if (json_parse(message, strlen(message), &root, &err) == -1)
		return sns_fail(d->a, "InvalidParameter",
		    "Invalid parameter: Message Structure - JSON message body "
		    "failed to parse");
	text = json_get_str(root, "default");
	http = json_get_str(root, "http");
	https = json_get_str(root, "https");
	if (text != NULL) {
		d->m.body = xstrdup(text);
		d->m.body_http = xstrdup_or_null(http);
		d->m.body_https = xstrdup_or_null(https);
	}
	json_free(root);
	if (text == NULL)
		return sns_fail(d->a, "InvalidParameter",
		    "Invalid parameter: Message Structure - No default entry "
		    "in JSON message body");
	return 0;
}

static int
read_message(struct draft *d)
{
	const char *message = param(d, "Message");
	const char *structure = param(d, "MessageStructure");

	if (str_empty(message))
		return sns_fail(d->a, "InvalidParameter",
		    "Invalid parameter: Empty message");
	d->bytes = strlen(message);
	if (d->bytes > MESSAGE_LEN_MAX)
		return sns_fail(d->a, "InvalidParameter",
		    "Invalid parameter: Message too long");
	if (structure != NULL && !str_eq(structure, "json"))
		return sns_fail(d->a, "InvalidParameter",
		    "Invalid parameter: MessageStructure");
	if (structure != NULL)
		return read_structure(d, message);
	d->m.body = xstrdup(message);
	return 0;
}

/* ASCII that begins with something to be seen, and no line ends. */
static int
read_subject(struct draft *d)
{
	const char *s = param(d, "Subject"), *p;
	bool good;

	if (s == NULL)
		return 0;
	good = *s > ' ' && strlen(s) <= SUBJECT_LEN_MAX;
	for (p = s; *p != '\0'; p++)
		good = good && *p >= ' ' && *p < 0x7f;
	if (!good)
		return sns_fail(
		    d->a, "InvalidParameter", "Invalid parameter: Subject");
	d->m.subject = xstrdup(s);
	return 0;
}

static int
read_draft(struct draft *d, const char *topic)
{
	d->m.topic = xstrdup(topic);
	if (read_message(d) == -1 || read_subject(d) == -1 ||
	    read_attributes(d) == -1)
		return -1;
	if (d->bytes > MESSAGE_LEN_MAX)
		return sns_fail(d->a, "InvalidParameter",
		    "Invalid parameter: Message too long");
	return 0;
}

static int
post(struct draft *d)
{
	struct sns_ask *a = d->a;
	struct error err;

	a->wrote = true;
	if (sns_post_all(&a->s->post, &d->m, NULL, &err) == -1)
		return sns_fail_here(a, &err);
	return 0;
}

int
sns_publish_message(struct sns_ask *a)
{
	struct draft d = {.a = a, .prefix = ""};
	struct db_topic topic = {0};
	const char *name =
	    sns_param(a, "TopicArn") != NULL ? "TopicArn" : "TargetArn";
	int rc;

	if (sns_param(a, name) == NULL)
		return sns_fail(a, "InvalidParameter",
		    "Invalid parameter: TopicArn or TargetArn Reason: no value "
		    "for required parameter");
	rc = sns_need_topic(a, name, &topic);
	if (rc == 0)
		rc = read_draft(&d, topic.arn);
	if (rc == 0)
		rc = post(&d);
	if (rc == 0)
		xml_text(&a->result, "MessageId", d.m.id);
	db_message_done(&d.m);
	db_topic_done(&topic);
	return rc;
}

/* --- batches -------------------------------------------------------- */

#define LIST "PublishBatchRequestEntries.member"

struct batch {
	struct draft drafts[BATCH_MAX];
	char *prefixes[BATCH_MAX];
	const char *ids[BATCH_MAX];
	struct buf failed;
	bool good[BATCH_MAX];
	size_t n;
};

static int
read_ids(struct sns_ask *a, struct batch *b)
{
	const char *id;
	size_t i;

	while ((id = sns_form_item(&a->form, LIST, b->n + 1, "Id")) != NULL) {
		if (b->n == BATCH_MAX)
			return sns_fail(a, "TooManyEntriesInBatchRequest",
			    "The batch request contains more entries than "
			    "permissible.");
		if (!only(id, "_-", BATCH_ID_LEN_MAX))
			return sns_fail(a, "InvalidBatchEntryId",
			    "The Id of a batch entry in a batch request "
			    "doesn't abide by the specification.");
		for (i = 0; i < b->n; i++) {
			if (str_eq(b->ids[i], id))
				return sns_fail(a, "BatchEntryIdsNotDistinct",
				    "Two or more batch entries in the request "
				    "have the same Id.");
		}
		b->ids[b->n++] = id;
	}
	if (b->n == 0)
		return sns_fail(a, "EmptyBatchRequest",
		    "The batch request doesn't contain any entries.");
	return 0;
}

/* An entry that is wrong fails alone. */
static void
tell_failed(struct sns_ask *a, struct batch *b, size_t i)
{
	xml_open(&b->failed, "member", NULL);
	xml_text(&b->failed, "Id", b->ids[i]);
	xml_text(&b->failed, "Code", a->code);
	xml_text(&b->failed, "Message", a->message);
	xml_text(&b->failed, "SenderFault", "true");
	xml_close(&b->failed, "member");
	sns_forgive(a);
}

static int
read_batch(struct sns_ask *a, struct batch *b, const char *topic)
{
	size_t i, bytes = 0;

	if (read_ids(a, b) == -1)
		return -1;
	for (i = 0; i < b->n; i++) {
		b->prefixes[i] = xasprintf(LIST ".%zu.", i + 1);
		b->drafts[i].a = a;
		b->drafts[i].prefix = b->prefixes[i];
		b->good[i] = read_draft(&b->drafts[i], topic) == 0;
		if (!b->good[i])
			tell_failed(a, b, i);
		bytes += b->drafts[i].bytes;
	}
	if (bytes > MESSAGE_LEN_MAX)
		return sns_fail(a, "BatchRequestTooLong",
		    "The length of all the batch messages put together is "
		    "more than the limit.");
	return 0;
}

static int
post_batch(struct sns_ask *a, struct batch *b)
{
	size_t i;

	xml_open(&a->result, "Successful", NULL);
	for (i = 0; i < b->n; i++) {
		if (!b->good[i])
			continue;
		if (post(&b->drafts[i]) == -1)
			return -1;
		xml_open(&a->result, "member", NULL);
		xml_text(&a->result, "Id", b->ids[i]);
		xml_text(&a->result, "MessageId", b->drafts[i].m.id);
		xml_close(&a->result, "member");
	}
	xml_close(&a->result, "Successful");
	xml_open(&a->result, "Failed", NULL);
	buf_append(&a->result, b->failed.data, b->failed.len);
	xml_close(&a->result, "Failed");
	return 0;
}

int
sns_publish_batch(struct sns_ask *a)
{
	struct batch b = {0};
	struct db_topic topic = {0};
	size_t i;
	int rc = sns_need_topic(a, "TopicArn", &topic);

	buf_init(&b.failed, 65536);
	if (rc == 0)
		rc = read_batch(a, &b, topic.arn);
	if (rc == 0)
		rc = post_batch(a, &b);
	for (i = 0; i < BATCH_MAX; i++) {
		db_message_done(&b.drafts[i].m);
		free(b.prefixes[i]);
	}
	buf_done(&b.failed);
	db_topic_done(&topic);
	return rc;
}
