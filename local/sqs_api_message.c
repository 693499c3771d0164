/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of messages. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "local/sqs_ask.h"

#define WAIT_MAX_S 20
#define DELAY_MAX_S 900
/* Of one answer: what a client has to read at once. */
#define ANSWER_BODIES_MAX ((size_t)1024 * 1024)

#define NAMES(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

static void
md5_hex(const char *s, char out[2 * HASH_MD5_SIZE + 1])
{
	unsigned char digest[HASH_MD5_SIZE];
	struct hash *h = hash_new(HASH_MD5);

	hash_update(h, s, strlen(s));
	hash_final(h, digest);
	hash_free(h);
	encode_hex(digest, sizeof(digest), out);
}

/* --- sending -------------------------------------------------------- */

/* What XML could not carry. */
static bool
is_allowed(const char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s < 0x20 && *s != '\t' && *s != '\n' &&
		    *s != '\r')
			return false;
	}
	return true;
}

/* One message of `in` into the open transaction; its answer's members. */
static int
send_one(struct sqs_ask *a, const struct json *in, const struct db_queue *q,
    const struct sqs_settings *settings)
{
	const char *body = json_get_str(in, "MessageBody");
	int64_t delay_s = settings->number[SQS_DELAY];
	char md5[2 * HASH_MD5_SIZE + 1], id[RANDOM_UUID_SIZE];
	struct db_letter l = {
	    .queue = q->name,
	    .body = (char *)(uintptr_t)body,
	    .id = id,
	};
	struct error err;

	if (str_empty(body))
		return sqs_fail(a, "MissingRequiredParameterException",
		    "The request must contain the parameter MessageBody.");
	if ((int64_t)strlen(body) > settings->number[SQS_MAXIMUM_SIZE])
		return sqs_fail(a, "InvalidParameterValueException",
		    "One or more parameters are invalid. Reason: Message must "
		    "be shorter than %" PRId64 " bytes.",
		    settings->number[SQS_MAXIMUM_SIZE]);
	if (!is_allowed(body))
		return sqs_fail(
		    a, "InvalidMessageContents", "Invalid characters found.");
	if (sqs_know(a, in,
		NAMES("QueueUrl", "Id", "MessageBody", "DelaySeconds")) == -1 ||
	    sqs_number(a, in, "DelaySeconds", 0, DELAY_MAX_S, &delay_s) == -1)
		return -1;
	random_uuid(id);
	l.sent_at = clock_wall_ms();
	l.visible_at = l.sent_at + delay_s * 1000;
	a->wrote = true;
	if (db_letter_add(a->s->o.db, &l, &err) == -1)
		return sqs_fail_here(a, &err);
	md5_hex(body, md5);
	jsonw_str(&a->w, "MessageId", id);
	jsonw_str(&a->w, "MD5OfMessageBody", md5);
	return 0;
}

int
sqs_send_message(struct sqs_ask *a)
{
	struct sqs_settings settings;
	struct db_queue q = {0};
	int rc;

	if (sqs_need_queue(a, &q, &settings) == -1)
		return -1;
	rc = send_one(a, a->doc, &q, &settings);
	sqs_settings_done(&settings);
	db_queue_done(&q);
	sqs_look_soon(a->s);
	return rc;
}

/* --- batches -------------------------------------------------------- */

static bool
is_id(const char *s)
{
	return s != NULL && sqs_name_ok(s);
}

static int
check_entries(struct sqs_ask *a, const struct json *list)
{
	const struct json *j, *k;
	size_t n = 0, bytes = 0;

	for (j = json_first(list); j != NULL; j = json_next(j)) {
		const char *id = json_get_str(j, "Id");
		const char *body = json_get_str(j, "MessageBody");

		n++;
		bytes += body != NULL ? strlen(body) : 0;
		if (n > SQS_BATCH_MAX)
			return sqs_fail(a, "TooManyEntriesInBatchRequest",
			    "Maximum number of entries per request are 10.");
		if (!is_id(id))
			return sqs_fail(a, "InvalidBatchEntryId",
			    "A batch entry id can only contain alphanumeric "
			    "characters, hyphens and underscores. It can be at "
			    "most 80 letters long.");
		for (k = json_first(list); k != j; k = json_next(k)) {
			if (str_eq(json_get_str(k, "Id"), id))
				return sqs_fail(a, "BatchEntryIdsNotDistinct",
				    "Id %s repeated.", id);
		}
	}
	if (n == 0 || !json_is_array(list))
		return sqs_fail(a, "EmptyBatchRequest",
		    "There should be at least one entry in the request.");
	if (bytes > SQS_MESSAGE_MAX)
		return sqs_fail(a, "BatchRequestTooLong",
		    "Batch requests cannot be longer than %d bytes.",
		    SQS_MESSAGE_MAX);
	return 0;
}

typedef int entry_fn(struct sqs_ask *a, const struct json *in,
    const struct db_queue *q, const struct sqs_settings *settings);

struct failure {
	const char *id;
	const char *code;
	char *message;
};

static void
put_failures(struct sqs_ask *a, struct failure *v, size_t n)
{
	size_t i;

	jsonw_begin(&a->w, "Failed", '[');
	for (i = 0; i < n; i++) {
		jsonw_begin(&a->w, NULL, '{');
		jsonw_str(&a->w, "Id", v[i].id);
		jsonw_bool(&a->w, "SenderFault", true);
		jsonw_str(&a->w, "Code", v[i].code);
		jsonw_str(&a->w, "Message", v[i].message);
		jsonw_end(&a->w, '}');
		free(v[i].message);
	}
	jsonw_end(&a->w, ']');
}

/* Each entry by itself; what is not the sender's fault fails them all. */
static int
run_entries(struct sqs_ask *a, const struct json *list, entry_fn *fn,
    const struct db_queue *q, const struct sqs_settings *settings)
{
	struct failure failed[SQS_BATCH_MAX];
	const struct json *j;
	size_t n = 0;

	jsonw_begin(&a->w, "Successful", '[');
	for (j = json_first(list); j != NULL; j = json_next(j)) {
		struct jsonw before = a->w;
		size_t len = a->result.len;

		jsonw_begin(&a->w, NULL, '{');
		jsonw_str(&a->w, "Id", json_get_str(j, "Id"));
		if (fn(a, j, q, settings) == 0) {
			jsonw_end(&a->w, '}');
			continue;
		}
		if (str_eq(a->code, "InternalError"))
			break;
		a->w = before;
		buf_truncate(&a->result, len);
		failed[n++] = (struct failure){
		    json_get_str(j, "Id"), a->code, a->message};
		a->code = NULL;
		a->message = NULL;
	}
	jsonw_end(&a->w, ']');
	put_failures(a, failed, n);
	return a->code == NULL ? 0 : -1;
}

static int
batch(struct sqs_ask *a, entry_fn *fn)
{
	const struct json *list = json_get(a->doc, "Entries");
	struct sqs_settings settings;
	struct db_queue q = {0};
	int rc;

	if (sqs_know(a, a->doc, NAMES("QueueUrl", "Entries")) == -1 ||
	    sqs_need_queue(a, &q, &settings) == -1)
		return -1;
	rc = check_entries(a, list);
	if (rc == 0)
		rc = run_entries(a, list, fn, &q, &settings);
	sqs_settings_done(&settings);
	db_queue_done(&q);
	sqs_look_soon(a->s);
	return rc;
}

int
sqs_send_message_batch(struct sqs_ask *a)
{
	return batch(a, send_one);
}

/* --- receiving ------------------------------------------------------ */

static bool
is_asked(const struct sqs_ask *a, const char *name)
{
	static const char *const lists[] = {
	    "MessageSystemAttributeNames", "AttributeNames"};
	const struct json *j;
	size_t i;

	for (i = 0; i < ARRAY_LEN(lists); i++) {
		j = json_first(json_get(a->doc, lists[i]));
		for (; j != NULL; j = json_next(j)) {
			if (json_str(j) != NULL &&
			    (str_eq(json_str(j), name) ||
				str_eq(json_str(j), "All")))
				return true;
		}
	}
	return false;
}

static void
put_number(struct sqs_ask *a, const char *name, int64_t value)
{
	char text[24];

	if (!is_asked(a, name))
		return;
	snprintf(text, sizeof(text), "%" PRId64, value);
	jsonw_str(&a->w, name, text);
}

static void
put_letter(struct sqs_ask *a, const struct db_letter *l)
{
	char md5[2 * HASH_MD5_SIZE + 1];

	md5_hex(l->body, md5);
	jsonw_begin(&a->w, NULL, '{');
	jsonw_str(&a->w, "MessageId", l->id);
	jsonw_str(&a->w, "ReceiptHandle", l->receipt);
	jsonw_str(&a->w, "MD5OfBody", md5);
	jsonw_str(&a->w, "Body", l->body);
	jsonw_begin(&a->w, "Attributes", '{');
	if (is_asked(a, "SenderId"))
		jsonw_str(&a->w, "SenderId", a->s->o.conf->account);
	put_number(a, "SentTimestamp", l->sent_at);
	put_number(a, "ApproximateReceiveCount", l->receives);
	put_number(a, "ApproximateFirstReceiveTimestamp", l->first_at);
	jsonw_end(&a->w, '}');
	jsonw_end(&a->w, '}');
}

/* Into the dead-letter queue, where there is one and it is time: 1, 0, -1. */
static int
redrive(struct sqs_ask *a, const struct sqs_settings *settings,
    struct db_letter *l, struct error *err)
{
	const char *name;
	int rc;

	if (settings->max_receives == 0 || l->receives < settings->max_receives)
		return 0;
	rc = sqs_has(a->s, settings->dead_letter_arn, err);
	if (rc != 1)
		return rc;
	name = strrchr(settings->dead_letter_arn, ':') + 1;
	free(l->queue);
	l->queue = xstrdup(name);
	l->receives = 0;
	l->first_at = 0;
	l->receipt[0] = '\0';
	if (db_letter_set(a->s->o.db, l, err) == -1)
		return -1;
	sqs_look_soon(a->s);
	return 1;
}

/* 1: it is in the answer, 0: it went away, or -1. */
static int
take(struct sqs_ask *a, const struct sqs_settings *settings,
    struct db_letter *l, bool first, struct error *err)
{
	int64_t now = clock_wall_ms();
	char uuid[RANDOM_UUID_SIZE];
	int rc;

	a->wrote = true;
	if (l->sent_at + settings->number[SQS_RETENTION] * 1000 <= now)
		return db_letter_delete(a->s->o.db, l->seq, err);
	rc = redrive(a, settings, l, err);
	if (rc != 0)
		return rc == 1 ? 0 : -1;
	random_uuid(uuid);
	free(l->receipt);
	l->receipt = xasprintf("%" PRId64 ".%s", l->seq, uuid);
	l->held = false;
	/* Not in the same answer. */
	l->visible_at =
	    a->visibility_s > 0 ? now + a->visibility_s * 1000 : now + 1;
	l->receives++;
	if (l->first_at == 0)
		l->first_at = now;
	if (db_letter_set(a->s->o.db, l, err) == -1)
		return -1;
	if (first)
		jsonw_begin(&a->w, "Messages", '[');
	put_letter(a, l);
	return 1;
}

int
sqs_take(struct sqs_ask *a, const struct db_queue *q,
    const struct sqs_settings *settings)
{
	int64_t now = clock_wall_ms(), n = 0;
	size_t bytes = 0;
	struct error err;
	int rc = 1;

	while (n < a->most && bytes < ANSWER_BODIES_MAX) {
		struct db_letter l = {0};

		rc = db_letter_next(a->s->o.db, q->name, now, &l, &err);
		if (rc != 1)
			break;
		rc = take(a, settings, &l, n == 0, &err);
		n += rc == 1;
		bytes += l.body != NULL ? strlen(l.body) : 0;
		db_letter_done(&l);
		if (rc == -1)
			break;
	}
	if (rc == -1)
		return sqs_fail_here(a, &err);
	if (n > 0)
		jsonw_end(&a->w, ']');
	return (int)n;
}

int
sqs_receive_message(struct sqs_ask *a)
{
	struct sqs_settings settings;
	struct db_queue q = {0};
	int64_t wait_s;
	int n;

	if (sqs_need_queue(a, &q, &settings) == -1)
		return -1;
	wait_s = settings.number[SQS_WAIT];
	a->visibility_s = settings.number[SQS_VISIBILITY];
	a->most = 1;
	n = sqs_number(
	    a, a->doc, "MaxNumberOfMessages", 1, SQS_BATCH_MAX, &a->most);
	if (n == 0)
		n = sqs_number(
		    a, a->doc, "WaitTimeSeconds", 0, WAIT_MAX_S, &wait_s);
	if (n == 0)
		n = sqs_number(a, a->doc, "VisibilityTimeout", 0,
		    SQS_VISIBILITY_MAX_S, &a->visibility_s);
	if (n == 0)
		n = sqs_take(a, &q, &settings);
	if (n == 0 && wait_s > 0) {
		a->waits = true;
		a->queue = xstrdup(q.name);
		a->until = clock_mono_ms() + wait_s * 1000;
	}
	sqs_settings_done(&settings);
	db_queue_done(&q);
	return n == -1 ? -1 : 0;
}

/* --- what was received ---------------------------------------------- */

/* 1 with the letter, 0 where it is gone or was received again, or -1. */
static int
find(struct sqs_ask *a, const struct json *in, const struct db_queue *q,
    struct db_letter *out)
{
	const char *receipt = json_get_str(in, "ReceiptHandle");
	size_t digits;
	struct error err;
	int64_t seq;
	char *text;
	int rc;

	if (str_empty(receipt))
		return sqs_fail(a, "MissingRequiredParameterException",
		    "The request must contain the parameter ReceiptHandle.");
	digits = strcspn(receipt, ".");
	text = xstrndup(receipt, digits);
	rc = str_to_i64(text, 1, INT64_MAX / 2, &seq);
	free(text);
	if (rc == -1 || strlen(receipt) != digits + RANDOM_UUID_SIZE)
		return sqs_fail(a, "ReceiptHandleIsInvalid",
		    "The input receipt handle \"%.60s\" is not a valid receipt "
		    "handle.",
		    receipt);
	rc = db_letter_get(a->s->o.db, seq, out, &err);
	if (rc == -1)
		return sqs_fail_here(a, &err);
	return rc == 1 && str_eq(out->receipt, receipt) &&
	    str_eq(out->queue, q->name);
}

static int
delete_one(struct sqs_ask *a, const struct json *in, const struct db_queue *q,
    const struct sqs_settings *settings)
{
	struct db_letter l = {0};
	struct error err;
	int rc = find(a, in, q, &l);

	(void)settings;
	if (rc == 1) {
		a->wrote = true;
		rc = db_letter_delete(a->s->o.db, l.seq, &err);
		if (rc == -1)
			sqs_fail_here(a, &err);
	}
	db_letter_done(&l);
	return rc;
}

static int
change_one(struct sqs_ask *a, const struct json *in, const struct db_queue *q,
    const struct sqs_settings *settings)
{
	int64_t now = clock_wall_ms(), seconds = -1;
	struct db_letter l = {0};
	struct error err;
	int rc = find(a, in, q, &l);

	(void)settings;
	if (rc == -1)
		return -1;
	if (sqs_number(a, in, "VisibilityTimeout", 0, SQS_VISIBILITY_MAX_S,
		&seconds) == -1)
		rc = -1;
	else if (seconds == -1)
		rc = sqs_fail(a, "MissingRequiredParameterException",
		    "The request must contain the parameter "
		    "VisibilityTimeout.");
	else if (rc == 0 || l.visible_at <= now)
		rc = sqs_fail(a, "MessageNotInflight",
		    "The message referred to is not in flight.");
	if (rc == 1) {
		a->wrote = true;
		l.visible_at = now + seconds * 1000;
		rc = db_letter_set(a->s->o.db, &l, &err);
		if (rc == -1)
			sqs_fail_here(a, &err);
	}
	db_letter_done(&l);
	return rc;
}

static int
single(struct sqs_ask *a, entry_fn *fn)
{
	struct sqs_settings settings;
	struct db_queue q = {0};
	int rc;

	if (sqs_need_queue(a, &q, &settings) == -1)
		return -1;
	rc = fn(a, a->doc, &q, &settings);
	sqs_settings_done(&settings);
	db_queue_done(&q);
	sqs_look_soon(a->s);
	return rc;
}

int
sqs_delete_message(struct sqs_ask *a)
{
	return single(a, delete_one);
}

int
sqs_delete_message_batch(struct sqs_ask *a)
{
	return batch(a, delete_one);
}

int
sqs_change_visibility(struct sqs_ask *a)
{
	return single(a, change_one);
}

int
sqs_change_visibility_batch(struct sqs_ask *a)
{
	return batch(a, change_one);
}
