/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of SQS: JSON out, JSON back. Where a queue is: sqs_place.c. */
#include "aws/sqs.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/endpoint.h"
#include "aws/sqs_place.h"
#include "base/encode.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"

/* Ten receipts of 1 kB, or the names of all attributes. */
#define ASK_MAX_BYTES ((size_t)64 * 1024)
/* Ten messages of SNS (256 KiB) as JSON has them, or one of SQS's longest (1
 * MiB). It is parsed in one go, so not more: 13 ms. */
#define ANSWER_MAX_BYTES ((size_t)4 * 1024 * 1024)
/* Ten messages have 100; as many as there is room for would take 200 ms. */
#define ANSWER_MAX_VALUES 4096
#define WAIT_MAX_S 20
#define TRY_MS 10000
#define RECEIPT_MAX 2048

struct sqs {
	struct aws_client *client;
	struct aws_endpoint endpoint;
	char *url;
	char *path;
	/* How many messages are asked for: fewer behind an answer that was
	 * larger than we read. */
	unsigned at_once;
};

struct sqs_call {
	struct sqs *q;
	const char *action;
	struct buf ask;
	struct aws_call *call;
	size_t entries; /* of a batch */
	sqs_received_fn *received;
	sqs_batch_fn *changed;
	sqs_attributes_fn *attributes;
	void *arg;
};

int
sqs_new(struct aws_client *client, const char *profile, const char *queue_url,
    struct sqs **out, struct error *err)
{
	struct aws_endpoint endpoint;
	struct sqs *q;

	if (sqs_place(queue_url, profile, &endpoint, err) == -1)
		return -1;
	q = xcalloc(1, sizeof(*q));
	q->client = client;
	q->endpoint = endpoint;
	q->url = xstrdup(queue_url);
	q->path = xasprintf("%s/", endpoint.base_path);
	q->at_once = SQS_BATCH_MAX;
	*out = q;
	return 0;
}

void
sqs_free(struct sqs *q)
{
	if (q == NULL)
		return;
	endpoint_done(&q->endpoint);
	free(q->url);
	free(q->path);
	free(q);
}

const char *
sqs_region(const struct sqs *q)
{
	return q->endpoint.region;
}

/* --- the call ------------------------------------------------------- */

/* The question is open behind QueueUrl: the caller adds to it. */
static struct sqs_call *
call_new(struct sqs *q, const char *action, struct jsonw *w)
{
	struct sqs_call *c = xcalloc(1, sizeof(*c));

	c->q = q;
	c->action = action;
	buf_init(&c->ask, ASK_MAX_BYTES);
	jsonw_init(w, &c->ask);
	jsonw_begin(w, NULL, '{');
	jsonw_str(w, "QueueUrl", q->url);
	return c;
}

static void
call_free(struct sqs_call *c)
{
	buf_done(&c->ask);
	free(c);
}

/* Takes the call: it is freed where it cannot be sent. */
static int
send_call(struct sqs_call *c, struct jsonw *w, int64_t wait_ms, bool no_retry,
    aws_done_fn *done, struct error *err)
{
	const struct aws_endpoint *e = &c->q->endpoint;
	struct aws_request r = {
	    .what = c->action,
	    .service = "sqs",
	    .region = e->region,
	    .method = "POST",
	    .scheme = e->scheme,
	    .host = e->host,
	    .path = c->q->path,
	    .timeout_ms = wait_ms + TRY_MS,
	    .body_max = ANSWER_MAX_BYTES,
	    .no_retry = no_retry,
	};
	struct headers headers;
	int rc;

	jsonw_end(w, '}');
	if (c->ask.overflow) {
		err_set(err, ERR_LIMIT,
		    "the request of %s is larger than %zu bytes", c->action,
		    ASK_MAX_BYTES);
		call_free(c);
		return -1;
	}
	r.body = c->ask.data;
	r.body_len = c->ask.len;
	headers_init(&headers);
	headers_add(&headers, "Content-Type", "application/x-amz-json-1.0");
	headers_addf(&headers, "X-Amz-Target", "AmazonSQS.%s", c->action);
	r.headers = &headers;
	rc = aws_call(c->q->client, &r, done, c, &c->call, err);
	headers_done(&headers);
	if (rc == -1)
		call_free(c);
	return rc;
}

void
sqs_cancel(struct sqs_call *call)
{
	if (call == NULL)
		return;
	aws_cancel(call->call);
	call_free(call);
}

static int
senseless(const struct sqs_call *c, struct error *err, const char *what)
{
	err_set(err, ERR_PROTOCOL, "%s: %s", c->action, what);
	err->sent = true;
	err->retryable = true;
	return -1;
}

static int
read_answer(const struct sqs_call *c, const struct http_response *r,
    struct json **out, struct error *err)
{
	struct json *doc;

	if (json_parse_few(r->body.data, r->body.len, ANSWER_MAX_VALUES, &doc,
		err) == -1) {
		err_prefix(err, "%s", c->action);
		err->sent = true;
		err->retryable = true;
		return err_hint(err, "Is this the address of an SQS queue?");
	}
	if (!json_is_object(doc)) {
		json_free(doc);
		return senseless(c, err, "the answer is no JSON object");
	}
	*out = doc;
	return 0;
}

/* --- ReceiveMessage ------------------------------------------------- */

static bool
md5_is(const char *body, size_t len, const char *wanted)
{
	unsigned char digest[HASH_MD5_SIZE];
	char hex[2 * HASH_MD5_SIZE + 1];
	struct hash *h = hash_new(HASH_MD5);

	hash_update(h, body, len);
	hash_final(h, digest);
	hash_free(h);
	encode_hex(digest, sizeof(digest), hex);
	return str_ieq(hex, wanted);
}

static int64_t
number(const struct json *attributes, const char *name, int64_t otherwise)
{
	const char *s = json_get_str(attributes, name);
	int64_t n;

	if (s == NULL || str_to_i64(s, 0, INT64_MAX / 2, &n) == -1)
		return otherwise;
	return n;
}

static int
read_message(const struct sqs_call *c, const struct json *j,
    struct sqs_message *m, struct error *err)
{
	const struct json *attributes = json_get(j, "Attributes");
	const char *md5 = json_get_str(j, "MD5OfBody");
	int64_t receives = number(attributes, "ApproximateReceiveCount", 0);

	m->id = json_get_str(j, "MessageId");
	m->receipt = json_get_str(j, "ReceiptHandle");
	m->body = json_get_str(j, "Body");
	if (str_empty(m->id) || str_empty(m->receipt) || m->body == NULL ||
	    md5 == NULL || strlen(m->receipt) > RECEIPT_MAX)
		return senseless(c, err, "a message lacks what each one has");
	m->len = strlen(m->body);
	if (!md5_is(m->body, m->len, md5))
		return senseless(c, err,
		    "the body of a message is not the one that was sent (its "
		    "MD5 differs)");
	m->sent_at = number(attributes, "SentTimestamp", -1);
	m->receives = receives < UINT_MAX ? (unsigned)receives : UINT_MAX;
	return 0;
}

static int
read_messages(const struct sqs_call *c, const struct json *doc,
    struct sqs_message v[SQS_BATCH_MAX], size_t *n, struct error *err)
{
	const struct json *list = json_get(doc, "Messages"), *j;

	*n = 0;
	if (list == NULL || json_is_null(list))
		return 0;
	if (!json_is_array(list))
		return senseless(c, err, "Messages is no list");
	for (j = json_first(list); j != NULL; j = json_next(j)) {
		if (*n == SQS_BATCH_MAX)
			return senseless(
			    c, err, "more messages than were asked for");
		if (read_message(c, j, &v[*n], err) == -1)
			return -1;
		(*n)++;
	}
	return 0;
}

/* All ten may be long: then one by one, until that went well for a while. */
static void
learn_size(struct sqs *q, const struct error *err)
{
	if (err == NULL && q->at_once < SQS_BATCH_MAX)
		q->at_once++;
	else if (err != NULL && err->code == ERR_LIMIT)
		q->at_once = 1;
}

static void
on_received(const struct http_response *r, const struct error *err, void *arg)
{
	struct sqs_message v[SQS_BATCH_MAX];
	struct sqs_call *c = arg;
	struct json *doc = NULL;
	struct error bad;
	size_t n = 0;

	learn_size(c->q, err);
	if (r != NULL &&
	    (read_answer(c, r, &doc, &bad) == -1 ||
		read_messages(c, doc, v, &n, &bad) == -1))
		err = &bad;
	c->received(v, err == NULL ? n : 0, err, c->arg);
	json_free(doc);
	call_free(c);
}

int
sqs_receive(struct sqs *q, int64_t wait_ms, sqs_received_fn *done, void *arg,
    struct sqs_call **out, struct error *err)
{
	int64_t s = (wait_ms + 999) / 1000;
	struct sqs_call *c;
	struct jsonw w;

	if (s > WAIT_MAX_S)
		s = WAIT_MAX_S;
	c = call_new(q, "ReceiveMessage", &w);
	c->received = done;
	c->arg = arg;
	jsonw_int(&w, "MaxNumberOfMessages", q->at_once);
	jsonw_int(&w, "WaitTimeSeconds", s);
	jsonw_begin(&w, "MessageSystemAttributeNames", '[');
	jsonw_str(&w, NULL, "SentTimestamp");
	jsonw_str(&w, NULL, "ApproximateReceiveCount");
	jsonw_end(&w, ']');
	if (send_call(c, &w, s * 1000, true, on_received, err) == -1)
		return -1;
	*out = c;
	return 0;
}

/* --- batches -------------------------------------------------------- */

static void
tell_first(
    const struct sqs_call *c, const struct json *failed, struct error *err)
{
	const struct json *j = json_first(failed);
	const char *code = json_get_str(j, "Code");
	const char *text = json_get_str(j, "Message");

	err_set(err, ERR_REMOTE, "%s: %.60s%s%.300s", c->action,
	    code != NULL ? code : "an entry failed", text != NULL ? ": " : "",
	    text != NULL ? text : "");
	err->sent = true;
	err->retryable = true;
	if (code != NULL)
		snprintf(
		    err->remote_code, sizeof(err->remote_code), "%s", code);
}

/* Whichever is not among those that succeeded has failed. */
static size_t
count_failed(const struct sqs_call *c, const struct json *doc)
{
	const struct json *j = json_first(json_get(doc, "Successful"));
	bool seen[SQS_BATCH_MAX] = {false};
	size_t n = c->entries;
	int64_t i;

	for (; j != NULL; j = json_next(j)) {
		const char *id = json_get_str(j, "Id");

		if (id == NULL ||
		    str_to_i64(id, 0, (int64_t)c->entries - 1, &i) == -1 ||
		    seen[i])
			continue;
		seen[i] = true;
		n--;
	}
	return n;
}

static void
on_changed(const struct http_response *r, const struct error *err, void *arg)
{
	struct sqs_call *c = arg;
	struct json *doc = NULL;
	size_t failed = c->entries;
	struct error bad;

	if (r != NULL && read_answer(c, r, &doc, &bad) == -1)
		err = &bad;
	if (err == NULL) {
		failed = count_failed(c, doc);
		if (failed > 0) {
			tell_first(c, json_get(doc, "Failed"), &bad);
			err = &bad;
		}
	}
	c->changed(failed, err, c->arg);
	json_free(doc);
	call_free(c);
}

/* seconds -1: none are said. */
static int
change(struct sqs *q, const char *action, const char *const *receipts, size_t n,
    int64_t seconds, sqs_batch_fn *done, void *arg, struct sqs_call **out,
    struct error *err)
{
	struct jsonw w;
	struct sqs_call *c;
	char id[24];
	size_t i;

	if (n == 0 || n > SQS_BATCH_MAX)
		return err_set(err, ERR_USAGE, "%s: %zu entries", action, n);
	c = call_new(q, action, &w);
	c->changed = done;
	c->arg = arg;
	c->entries = n;
	jsonw_begin(&w, "Entries", '[');
	for (i = 0; i < n; i++) {
		snprintf(id, sizeof(id), "%zu", i);
		jsonw_begin(&w, NULL, '{');
		jsonw_str(&w, "Id", id);
		jsonw_str(&w, "ReceiptHandle", receipts[i]);
		if (seconds != -1)
			jsonw_int(&w, "VisibilityTimeout", seconds);
		jsonw_end(&w, '}');
	}
	jsonw_end(&w, ']');
	if (send_call(c, &w, 0, false, on_changed, err) == -1)
		return -1;
	*out = c;
	return 0;
}

int
sqs_delete(struct sqs *q, const char *const *receipts, size_t n,
    sqs_batch_fn *done, void *arg, struct sqs_call **out, struct error *err)
{
	return change(
	    q, "DeleteMessageBatch", receipts, n, -1, done, arg, out, err);
}

int
sqs_release(struct sqs *q, const char *const *receipts, size_t n,
    unsigned seconds, sqs_batch_fn *done, void *arg, struct sqs_call **out,
    struct error *err)
{
	return change(q, "ChangeMessageVisibilityBatch", receipts, n, seconds,
	    done, arg, out, err);
}

/* --- GetQueueAttributes --------------------------------------------- */

#define ATTRIBUTES_MAX 64

static void
on_attributes(const struct http_response *r, const struct error *err, void *arg)
{
	struct aws_attribute v[ATTRIBUTES_MAX];
	struct sqs_call *c = arg;
	const struct json *j = NULL;
	struct json *doc = NULL;
	struct error bad;
	size_t n = 0;

	if (r != NULL && read_answer(c, r, &doc, &bad) == -1)
		err = &bad;
	if (err == NULL)
		j = json_first(json_get(doc, "Attributes"));
	for (; j != NULL && n < ATTRIBUTES_MAX; j = json_next(j)) {
		v[n].name = json_name(j);
		v[n].value = json_str(j);
		if (v[n].name != NULL && v[n].value != NULL)
			n++;
	}
	c->attributes(v, n, err, c->arg);
	json_free(doc);
	call_free(c);
}

int
sqs_get_attributes(struct sqs *q, sqs_attributes_fn *done, void *arg,
    struct sqs_call **out, struct error *err)
{
	struct jsonw w;
	struct sqs_call *c = call_new(q, "GetQueueAttributes", &w);

	c->attributes = done;
	c->arg = arg;
	jsonw_begin(&w, "AttributeNames", '[');
	jsonw_str(&w, NULL, "All");
	jsonw_end(&w, ']');
	if (send_call(c, &w, 0, false, on_attributes, err) == -1)
		return -1;
	*out = c;
	return 0;
}
