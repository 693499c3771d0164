/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of SNS: a form out, XML back. */
#include "aws/sns_api.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "aws/endpoint.h"
#include "aws/partition.h"
#include "aws/query.h"
#include "aws/queryxml.h"
#include "aws/xml.h"
#include "base/mem.h"
#include "base/str.h"

#define FORM_MAX_BYTES ((size_t)16 * 1024)
#define ANSWER_MAX ((size_t)1024 * 1024) /* policies have 30 KiB each */
#define ITEMS_MAX 1000

struct sns_call {
	struct query query;
	struct aws_call *call;
	sns_confirmed_fn *confirmed;
	sns_attributes_fn *attributes;
	sns_subscriptions_fn *subscriptions;
	void *arg;
};

/* --- asking --------------------------------------------------------- */

static struct sns_call *
call_new(const char *action, void *arg)
{
	struct sns_call *c = xcalloc(1, sizeof(*c));

	c->arg = arg;
	query_init(&c->query, "sns", action, "2010-03-31", FORM_MAX_BYTES);
	return c;
}

/* A token is good for a subscription. */
static void
call_free(struct sns_call *c)
{
	query_done(&c->query);
	free(c);
}

/* That of "arn:PARTITION:sns:REGION:…", a topic's or a subscription's. */
static int
region_of(const char *arn, char **out, struct error *err)
{
	const char *s = arn;
	size_t colons = 0;
	char *region;

	while (*s != '\0' && colons < 3)
		colons += *s++ == ':';
	region = xstrndup(s, strcspn(s, ":"));
	if (!str_starts(arn, "arn:") || !partition_is_region(region)) {
		free(region);
		return err_set(err, ERR_USAGE, "this is no ARN of SNS");
	}
	*out = region;
	return 0;
}

/* Takes the call where it fails. */
static int
send_call(struct aws_client *client, struct sns_call *c, const char *profile,
    const char *arn, aws_done_fn *done, struct sns_call **out,
    struct error *err)
{
	struct endpoint_options o = {.service = "SNS", .profile = profile};
	char *region = NULL;
	int rc;

	rc = region_of(arn, &region, err);
	o.region = region;
	if (rc == 0)
		rc = query_send(
		    &c->query, client, &o, ANSWER_MAX, done, c, &c->call, err);
	free(region);
	if (rc == 0)
		*out = c;
	else
		call_free(c);
	return rc;
}

void
sns_call_cancel(struct sns_call *call)
{
	if (call == NULL)
		return;
	aws_cancel(call->call);
	call_free(call);
}

/* --- ConfirmSubscription -------------------------------------------- */

static void
on_confirmed(const struct http_response *r, const struct error *err, void *arg)
{
	struct queryxml_field f[] = {
	    {.path = "ConfirmSubscriptionResult/SubscriptionArn"}};
	struct sns_call *c = arg;
	sns_confirmed_fn *done = c->confirmed;
	void *done_arg = c->arg;
	struct error e;
	int rc = -1;

	if (r == NULL)
		e = *err;
	else
		rc = queryxml_read(r->body.data, r->body.len,
		    "ConfirmSubscriptionResponse", f, ARRAY_LEN(f), &e);
	if (rc == 0 && str_empty(f[0].value)) {
		queryxml_done(f, ARRAY_LEN(f));
		rc = err_set(
		    &e, ERR_PROTOCOL, "the answer has no SubscriptionArn");
	}
	if (r != NULL && rc == -1)
		err_prefix(&e, "%s", c->query.action);
	call_free(c);
	done(rc == 0 ? f[0].value : NULL, rc == 0 ? NULL : &e, done_arg);
	if (rc == 0)
		queryxml_done(f, ARRAY_LEN(f));
}

int
sns_confirm_subscription(struct aws_client *client, const char *profile,
    const char *topic_arn, const char *token, sns_confirmed_fn *done, void *arg,
    struct sns_call **out, struct error *err)
{
	struct sns_call *c = call_new("ConfirmSubscription", arg);

	c->confirmed = done;
	query_add(&c->query, "TopicArn", topic_arn);
	query_add(&c->query, "Token", token);
	query_add(&c->query, "AuthenticateOnUnsubscribe", "true");
	return send_call(client, c, profile, topic_arn, on_confirmed, out, err);
}

/* --- lists of what is alike ----------------------------------------- */

/* Up to three strings an item. */
#define COLUMNS_MAX 3

struct list {
	char *item; /* the path of the element that ends one */
	const char *const *columns; /* below it */
	size_t ncolumns;
	char *(*rows)[COLUMNS_MAX];
	size_t n, cap;
	char *row[COLUMNS_MAX]; /* that is being read */
	char *token_path;
	char *token;
	bool wrong;
};

static void
row_done(struct list *l, char *row[COLUMNS_MAX])
{
	size_t i;

	for (i = 0; i < l->ncolumns; i++)
		xfree(&row[i]);
}

static void
list_done(struct list *l)
{
	size_t i;

	row_done(l, l->row);
	for (i = 0; i < l->n; i++)
		row_done(l, l->rows[i]);
	free(l->rows);
	free(l->item);
	free(l->token_path);
	free(l->token);
}

static void
set(struct list *l, char **at, const char *text)
{
	l->wrong |= *at != NULL;
	free(*at);
	*at = xstrdup(text);
}

static void
end_row(struct list *l)
{
	size_t i;

	for (i = 0; i < l->ncolumns; i++)
		l->wrong |= l->row[i] == NULL;
	if (l->wrong || l->n == ITEMS_MAX) {
		l->wrong = true;
		row_done(l, l->row);
		return;
	}
	if (l->n == l->cap) {
		l->cap = l->cap != 0 ? 2 * l->cap : 16;
		l->rows = xreallocarray(l->rows, l->cap, sizeof(*l->rows));
	}
	memcpy(l->rows[l->n++], l->row, sizeof(l->row));
	memset(l->row, 0, sizeof(l->row));
}

static void
take(const char *path, const char *text, void *arg)
{
	struct list *l = arg;
	size_t len = strlen(l->item), i;

	if (str_eq(path, l->token_path)) {
		set(l, &l->token, text);
	} else if (str_eq(path, l->item)) {
		end_row(l);
	} else if (str_starts(path, l->item) && path[len] == '/') {
		for (i = 0; i < l->ncolumns; i++) {
			if (str_eq(path + len + 1, l->columns[i]))
				set(l, &l->row[i], text);
		}
	}
}

/* Of "ACTIONResponse/ACTIONResult/`item`". */
static int
read_list(const struct sns_call *c, const char *item,
    const char *const *columns, size_t ncolumns, const struct http_response *r,
    struct list *l, struct error *err)
{
	char *root = xasprintf("%sResponse", c->query.action);
	int rc;

	l->item = xasprintf("%sResult/%s", c->query.action, item);
	l->token_path = xasprintf("%sResult/NextToken", c->query.action);
	l->columns = columns;
	l->ncolumns = ncolumns;
	rc =
	    xml_walk(r->body.data, r->body.len, root, ANSWER_MAX, take, l, err);
	if (rc == 0 && l->wrong)
		rc = err_set(
		    err, ERR_PROTOCOL, "the list in <%s> makes no sense", root);
	if (rc == -1)
		err_prefix(err, "%s", c->query.action);
	free(root);
	return rc;
}

/* As read_list(), and frees the call; *e where there was no answer, too. */
static int
take_list(struct sns_call *c, const char *item, const char *const *columns,
    size_t ncolumns, const struct http_response *r, const struct error *err,
    struct list *l, struct error *e)
{
	int rc = -1;

	if (r == NULL)
		*e = *err;
	else
		rc = read_list(c, item, columns, ncolumns, r, l, e);
	call_free(c);
	return rc;
}

/* --- attributes ----------------------------------------------------- */

static void
on_attributes(const struct http_response *r, const struct error *err, void *arg)
{
	static const char *const columns[] = {"key", "value"};
	struct aws_attribute *v = NULL;
	struct sns_call *c = arg;
	sns_attributes_fn *done = c->attributes;
	void *done_arg = c->arg;
	struct list l = {0};
	struct error e;
	size_t i;
	int rc;

	rc = take_list(
	    c, "Attributes/entry", columns, ARRAY_LEN(columns), r, err, &l, &e);
	if (rc == 0)
		v = xcalloc(l.n + 1, sizeof(*v));
	for (i = 0; rc == 0 && i < l.n; i++)
		v[i] = (struct aws_attribute){l.rows[i][0], l.rows[i][1]};
	done(v, rc == 0 ? l.n : 0, rc == 0 ? NULL : &e, done_arg);
	free(v);
	list_done(&l);
}

int
sns_get_topic_attributes(struct aws_client *client, const char *profile,
    const char *topic_arn, sns_attributes_fn *done, void *arg,
    struct sns_call **out, struct error *err)
{
	struct sns_call *c = call_new("GetTopicAttributes", arg);

	c->attributes = done;
	query_add(&c->query, "TopicArn", topic_arn);
	return send_call(
	    client, c, profile, topic_arn, on_attributes, out, err);
}

int
sns_get_subscription_attributes(struct aws_client *client, const char *profile,
    const char *subscription_arn, sns_attributes_fn *done, void *arg,
    struct sns_call **out, struct error *err)
{
	struct sns_call *c = call_new("GetSubscriptionAttributes", arg);

	c->attributes = done;
	query_add(&c->query, "SubscriptionArn", subscription_arn);
	return send_call(
	    client, c, profile, subscription_arn, on_attributes, out, err);
}

/* --- subscriptions -------------------------------------------------- */

static void
on_subscriptions(
    const struct http_response *r, const struct error *err, void *arg)
{
	static const char *const columns[] = {
	    "SubscriptionArn", "Protocol", "Endpoint"};
	struct sns_subscription *v = NULL;
	struct sns_call *c = arg;
	sns_subscriptions_fn *done = c->subscriptions;
	void *done_arg = c->arg;
	struct list l = {0};
	struct error e;
	size_t i;
	int rc;

	rc = take_list(c, "Subscriptions/member", columns, ARRAY_LEN(columns),
	    r, err, &l, &e);
	if (rc == 0)
		v = xcalloc(l.n + 1, sizeof(*v));
	for (i = 0; rc == 0 && i < l.n; i++)
		v[i] = (struct sns_subscription){
		    l.rows[i][0], l.rows[i][1], l.rows[i][2]};
	done(v, rc == 0 ? l.n : 0, str_empty(l.token) ? NULL : l.token,
	    rc == 0 ? NULL : &e, done_arg);
	free(v);
	list_done(&l);
}

int
sns_list_subscriptions(struct aws_client *client, const char *profile,
    const char *topic_arn, const char *next_token, sns_subscriptions_fn *done,
    void *arg, struct sns_call **out, struct error *err)
{
	struct sns_call *c = call_new("ListSubscriptionsByTopic", arg);

	c->subscriptions = done;
	query_add(&c->query, "TopicArn", topic_arn);
	query_add(&c->query, "NextToken", next_token);
	return send_call(
	    client, c, profile, topic_arn, on_subscriptions, out, err);
}
