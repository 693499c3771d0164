/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of queues. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/sqs_ask.h"

#define LIST_MAX 1000

#define NAMES(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

static int
fail_attribute(struct sqs_ask *a, const struct error *err)
{
	return sqs_fail(a,
	    str_eq(err->remote_code, "InvalidAttributeName")
		? "InvalidAttributeName"
		: "InvalidAttributeValue",
	    "%s", err->text);
}

static void
put_url(struct sqs_ask *a, const char *name)
{
	char *url = sqs_url(a->s, name);

	jsonw_str(&a->w, "QueueUrl", url);
	free(url);
}

static int
need_name(struct sqs_ask *a, const char **out)
{
	const char *name = json_get_str(a->doc, "QueueName");

	if (name == NULL)
		return sqs_fail(a, "MissingRequiredParameterException",
		    "The request must contain the parameter QueueName.");
	if (str_ends(name, ".fifo"))
		return sqs_fail(a, "UnsupportedOperation",
		    "FIFO queues are not supported here.");
	if (!sqs_name_ok(name))
		return sqs_fail(a, "InvalidParameterValueException",
		    "Can only include alphanumeric characters, hyphens, or "
		    "underscores. 1 to 80 in length");
	*out = name;
	return 0;
}

static int
write_queue(
    struct sqs_ask *a, struct db_queue *q, const struct sqs_settings *settings)
{
	struct error err;

	free(q->attributes);
	q->attributes = sqs_settings_text(settings);
	q->changed_at = clock_wall_ms();
	a->wrote = true;
	return db_queue_put(a->s->o.db, q, &err) == -1 ? sqs_fail_here(a, &err)
						       : 0;
}

/* One that is there is the same only with the same attributes. */
static int
create(struct sqs_ask *a, const char *name, struct db_queue *q,
    struct sqs_settings *settings)
{
	struct error err;
	char *before;
	bool same;
	int rc = db_queue_get(a->s->o.db, name, q, &err);

	if (rc == -1)
		return sqs_fail_here(a, &err);
	if (rc == 1)
		sqs_settings_of_text(settings, q->attributes);
	else
		sqs_settings_init(settings);
	if (sqs_settings_read(settings, json_get(a->doc, "Attributes"), &err) ==
	    -1)
		return fail_attribute(a, &err);
	if (rc == 0) {
		q->name = xstrdup(name);
		q->created_at = clock_wall_ms();
		return write_queue(a, q, settings);
	}
	before = sqs_settings_text(settings);
	same = str_eq(before, q->attributes);
	free(before);
	return same ? 0
		    : sqs_fail(a, "QueueNameExists",
			  "A queue already exists with the same name and a "
			  "different value for an attribute.");
}

int
sqs_create_queue(struct sqs_ask *a)
{
	struct sqs_settings settings = {0};
	struct db_queue q = {0};
	const char *name;
	int rc;

	if (sqs_know(a, a->doc, NAMES("QueueName", "Attributes", "tags")) ==
		-1 ||
	    need_name(a, &name) == -1)
		return -1;
	rc = create(a, name, &q, &settings);
	if (rc == 0)
		put_url(a, name);
	sqs_settings_done(&settings);
	db_queue_done(&q);
	return rc;
}

int
sqs_get_queue_url(struct sqs_ask *a)
{
	const char *name = json_get_str(a->doc, "QueueName");
	struct db_queue q = {0};
	struct error err;
	int rc = name != NULL ? db_queue_get(a->s->o.db, name, &q, &err) : 0;

	db_queue_done(&q);
	if (rc == -1)
		return sqs_fail_here(a, &err);
	if (rc == 0)
		return sqs_fail(a, "QueueDoesNotExist",
		    "The specified queue does not exist.");
	put_url(a, name);
	return 0;
}

struct listing {
	struct sqs_ask *a;
	const char *prefix;
	int64_t max;
	int64_t n;
	char *last;
	bool more;
};

static int
list_one(const char *name, void *arg, struct error *err)
{
	struct listing *l = arg;
	char *url;

	(void)err;
	if (!str_starts(name, l->prefix))
		return 0;
	l->more = l->n == l->max;
	if (l->more)
		return 1;
	url = sqs_url(l->a->s, name);
	jsonw_str(&l->a->w, NULL, url);
	free(url);
	free(l->last);
	l->last = xstrdup(name);
	l->n++;
	return 0;
}

int
sqs_list_queues(struct sqs_ask *a)
{
	const char *prefix = json_get_str(a->doc, "QueueNamePrefix");
	const char *after = json_get_str(a->doc, "NextToken");
	struct listing l = {
	    .a = a,
	    .prefix = prefix != NULL ? prefix : "",
	    .max = LIST_MAX,
	};
	struct error err;
	int rc;

	if (sqs_number(a, a->doc, "MaxResults", 1, LIST_MAX, &l.max) == -1)
		return -1;
	jsonw_begin(&a->w, "QueueUrls", '[');
	rc = db_queue_each(
	    a->s->o.db, after != NULL ? after : "", list_one, &l, &err);
	jsonw_end(&a->w, ']');
	if (l.more)
		jsonw_str(&a->w, "NextToken", l.last);
	free(l.last);
	return rc == -1 ? sqs_fail_here(a, &err) : 0;
}

/* --- attributes ----------------------------------------------------- */

static bool
is_asked(const struct sqs_ask *a, const char *name)
{
	const struct json *j = json_first(json_get(a->doc, "AttributeNames"));

	for (; j != NULL; j = json_next(j)) {
		if (json_str(j) != NULL &&
		    (str_eq(json_str(j), name) || str_eq(json_str(j), "All")))
			return true;
	}
	return false;
}

static void
put(struct sqs_ask *a, const char *name, const char *value)
{
	if (value != NULL && is_asked(a, name))
		jsonw_str(&a->w, name, value);
}

static void
put_int(struct sqs_ask *a, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	put(a, name, text);
}

static void
put_all(struct sqs_ask *a, const struct db_queue *q,
    const struct sqs_settings *settings, const struct db_letter_counts *n)
{
	char *arn = sqs_arn(a->s, q->name);
	int i;

	jsonw_begin(&a->w, "Attributes", '{');
	put(a, "QueueArn", arn);
	put_int(a, "ApproximateNumberOfMessages", n->visible);
	put_int(a, "ApproximateNumberOfMessagesNotVisible", n->in_flight);
	put_int(a, "ApproximateNumberOfMessagesDelayed", n->delayed);
	put_int(a, "CreatedTimestamp", q->created_at / 1000);
	put_int(a, "LastModifiedTimestamp", q->changed_at / 1000);
	for (i = 0; i < SQS_NUMBERS; i++)
		put_int(a, sqs_number_name((enum sqs_number)i),
		    settings->number[i]);
	put(a, "RedrivePolicy", settings->redrive_policy);
	put(a, "Policy", settings->policy);
	jsonw_end(&a->w, '}');
	free(arn);
}

int
sqs_get_queue_attributes(struct sqs_ask *a)
{
	struct sqs_settings settings;
	struct db_letter_counts n;
	struct db_queue q = {0};
	struct error err;
	int rc;

	if (sqs_need_queue(a, &q, &settings) == -1)
		return -1;
	rc = db_letter_count(a->s->o.db, q.name, clock_wall_ms(), &n, &err);
	if (rc == 0)
		put_all(a, &q, &settings, &n);
	sqs_settings_done(&settings);
	db_queue_done(&q);
	return rc == -1 ? sqs_fail_here(a, &err) : 0;
}

int
sqs_set_queue_attributes(struct sqs_ask *a)
{
	struct sqs_settings settings;
	struct db_queue q = {0};
	struct error err;
	int rc;

	if (sqs_know(a, a->doc, NAMES("QueueUrl", "Attributes")) == -1 ||
	    sqs_need_queue(a, &q, &settings) == -1)
		return -1;
	rc = sqs_settings_read(&settings, json_get(a->doc, "Attributes"), &err);
	rc = rc == -1 ? fail_attribute(a, &err) : write_queue(a, &q, &settings);
	sqs_settings_done(&settings);
	db_queue_done(&q);
	return rc;
}

/* --- the end of messages, and of queues ----------------------------- */

static int
clear(struct sqs_ask *a, int (*how)(struct db *, const char *, struct error *))
{
	struct sqs_settings settings;
	struct db_queue q = {0};
	struct error err;
	int rc;

	if (sqs_need_queue(a, &q, &settings) == -1)
		return -1;
	a->wrote = true;
	rc = how(a->s->o.db, q.name, &err);
	sqs_settings_done(&settings);
	db_queue_done(&q);
	sqs_look_soon(a->s);
	return rc == -1 ? sqs_fail_here(a, &err) : 0;
}

int
sqs_purge_queue(struct sqs_ask *a)
{
	return clear(a, db_letter_purge);
}

int
sqs_delete_queue(struct sqs_ask *a)
{
	return clear(a, db_queue_delete);
}
