/* SPDX-License-Identifier: Apache-2.0 */
/* From the head of a request to its JSON. */
#include "local/sqs_ask.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

/* A batch of 1 MiB as JSON has it, and room for the rest. */
#define BODY_MAX (8 * 1024 * 1024)
#define ANSWER_MAX ((size_t)64 * 1024 * 1024)
#define TARGET "AmazonSQS."

static const struct {
	const char *code;
	const char *query; /* as the query protocol named it */
	int status;
} codes[] = {
    {"BatchEntryIdsNotDistinct",
	"AWS.SimpleQueueService.BatchEntryIdsNotDistinct", 400},
    {"BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong", 400},
    {"EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest", 400},
    {"IncompleteSignature", "IncompleteSignature", 400},
    {"InternalError", "InternalError", 500},
    {"InvalidAttributeName", "InvalidAttributeName", 400},
    {"InvalidAttributeValue", "InvalidAttributeValue", 400},
    {"InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId", 400},
    {"InvalidMessageContents", "InvalidMessageContents", 400},
    {"InvalidParameterValueException", "InvalidParameterValue", 400},
    {"InvalidSignatureException", "SignatureDoesNotMatch", 403},
    {"MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight", 400},
    {"MissingAuthenticationTokenException", "MissingAuthenticationToken", 403},
    {"MissingRequiredParameterException", "MissingParameter", 400},
    {"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", 400},
    {"QueueNameExists", "QueueAlreadyExists", 400},
    {"ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", 404},
    {"RequestThrottled", "RequestThrottled", 403},
    {"ServiceUnavailable", "ServiceUnavailable", 503},
    {"TooManyEntriesInBatchRequest",
	"AWS.SimpleQueueService.TooManyEntriesInBatchRequest", 400},
    {"UnknownOperationException", "InvalidAction", 400},
    {"UnrecognizedClientException", "InvalidClientTokenId", 403},
    {"UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation",
	400},
};

static const struct {
	const char *name;
	sqs_operation_fn *fn;
} operations[] = {
    {"ChangeMessageVisibility", sqs_change_visibility},
    {"ChangeMessageVisibilityBatch", sqs_change_visibility_batch},
    {"CreateQueue", sqs_create_queue},
    {"DeleteMessage", sqs_delete_message},
    {"DeleteMessageBatch", sqs_delete_message_batch},
    {"DeleteQueue", sqs_delete_queue},
    {"GetQueueAttributes", sqs_get_queue_attributes},
    {"GetQueueUrl", sqs_get_queue_url},
    {"ListQueues", sqs_list_queues},
    {"PurgeQueue", sqs_purge_queue},
    {"ReceiveMessage", sqs_receive_message},
    {"SendMessage", sqs_send_message},
    {"SendMessageBatch", sqs_send_message_batch},
    {"SetQueueAttributes", sqs_set_queue_attributes},
};

/* --- answers -------------------------------------------------------- */

static void
reply(struct call *c, int status, const char *query, const struct buf *body)
{
	struct headers h;

	headers_init(&h);
	headers_add(&h, "x-amzn-RequestId", c->request_id);
	headers_add(&h, "Content-Type", "application/x-amz-json-1.0");
	if (query != NULL)
		headers_addf(&h, "x-amzn-query-error", "%s;%s", query,
		    status >= 500 ? "Receiver" : "Sender");
	call_reply(c, status, &h, body->data, body->len);
	headers_done(&h);
}

/* 0: the code's own status. */
static void
refuse(struct call *c, int status, const char *code, const char *message)
{
	struct jsonw w;
	struct buf b;
	char *type;
	size_t i;

	for (i = 0; i < ARRAY_LEN(codes) && !str_eq(codes[i].code, code); i++)
		continue;
	if (i == ARRAY_LEN(codes))
		abort();
	type = xasprintf("com.amazonaws.sqs#%s", code);
	buf_init(&b, ANSWER_MAX);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "__type", type);
	jsonw_str(&w, "message", message);
	jsonw_end(&w, '}');
	reply(c, status != 0 ? status : codes[i].status, codes[i].query, &b);
	buf_done(&b);
	free(type);
}

static void
throttle(struct call *c)
{
	refuse(c, 0, "RequestThrottled", "Rate exceeded");
}

static void
fail(struct call *c, int status)
{
	bool busy = status == 503;

	refuse(c, status, busy ? "ServiceUnavailable" : "InternalError",
	    busy ? "The service is unavailable. Try your call again."
		 : "The request failed because of an internal error.");
}

static const struct call_words words = {throttle, fail};

int
sqs_fail(struct sqs_ask *a, const char *code, const char *fmt, ...)
{
	va_list ap;

	free(a->message);
	va_start(ap, fmt);
	a->message = xvasprintf(fmt, ap);
	va_end(ap);
	a->code = code;
	return -1;
}

int
sqs_fail_here(struct sqs_ask *a, const struct error *err)
{
	log_begin(LOG_ERROR, "sqs");
	log_err(err);
	log_end();
	if (a->wrote)
		db_abandon(a->s->o.db);
	return sqs_fail(a, "InternalError", "It failed here.");
}

static void
ask_free(struct sqs_ask *a)
{
	hash_free(a->sha256);
	buf_done(&a->body);
	buf_done(&a->result);
	json_free(a->doc);
	free(a->message);
	free(a->queue);
	free(a);
}

static void
ask_end(struct sqs_ask *a)
{
	struct call *c = a->call;

	if (c != NULL) {
		call_on_gone(c, NULL, NULL);
		if (a->code != NULL) {
			refuse(c, 0, a->code, a->message);
		} else {
			jsonw_end(&a->w, '}');
			reply(c, 200, NULL, &a->result);
		}
	}
	ask_free(a);
}

static void
on_durable(const struct error *err, void *arg)
{
	struct sqs_ask *a = arg;

	if (err != NULL && a->code == NULL)
		sqs_fail(a, "InternalError", "It could not be made durable.");
	ask_end(a);
}

/* What was asked is done whether or not somebody waits for the answer. */
static void
on_gone_late(void *arg)
{
	struct sqs_ask *a = arg;

	a->call = NULL;
}

void
sqs_ask_finish(struct sqs_ask *a)
{
	if (!a->wrote) {
		ask_end(a);
		return;
	}
	call_on_gone(a->call, on_gone_late, a);
	db_on_commit(a->s->o.db, on_durable, a);
}

/* --- what is asked -------------------------------------------------- */

int
sqs_number(struct sqs_ask *a, const struct json *in, const char *name,
    int64_t min, int64_t max, int64_t *out)
{
	const struct json *j = json_get(in, name);
	int64_t n;

	if (j == NULL || json_is_null(j))
		return 0;
	if (json_i64(j, &n) == -1 || n < min || n > max)
		return sqs_fail(a, "InvalidParameterValueException",
		    "Value for parameter %s is invalid. Reason: Must be "
		    "between %lld and %lld, if provided.",
		    name, (long long)min, (long long)max);
	*out = n;
	return 0;
}

int
sqs_know(struct sqs_ask *a, const struct json *in, const char *const *v)
{
	const struct json *j;
	size_t i;

	for (j = json_first(in); j != NULL; j = json_next(j)) {
		for (i = 0; v[i] != NULL && !str_eq(v[i], json_name(j)); i++)
			continue;
		if (v[i] == NULL && !json_is_null(j))
			return sqs_fail(a, "UnsupportedOperation",
			    "%.80s is not supported here.", json_name(j));
	}
	return 0;
}

int
sqs_need_queue(
    struct sqs_ask *a, struct db_queue *out, struct sqs_settings *settings)
{
	const char *url = json_get_str(a->doc, "QueueUrl"), *name;
	char *account = xasprintf("/%s/", a->s->o.conf->account);
	struct error err;
	int rc = 0;

	if (url == NULL) {
		free(account);
		return sqs_fail(a, "MissingRequiredParameterException",
		    "The request must contain the parameter QueueUrl.");
	}
	name = strstr(url, account);
	if (name != NULL)
		rc =
		    db_queue_get(a->s->o.db, name + strlen(account), out, &err);
	free(account);
	if (rc == -1)
		return sqs_fail_here(a, &err);
	if (rc == 0)
		return sqs_fail(a, "QueueDoesNotExist",
		    "The specified queue does not exist.");
	sqs_settings_of_text(settings, out->attributes);
	return 0;
}

/* --- the way of a request ------------------------------------------- */

static void
refuse_claim(struct call *c, enum sigv4_verdict verdict)
{
	switch (verdict) {
	case SIGV4_MISSING:
	case SIGV4_PRESIGNED:
		refuse(c, 0, "MissingAuthenticationTokenException",
		    "Missing Authentication Token");
		return;
	case SIGV4_MALFORMED:
		refuse(c, 0, "IncompleteSignature",
		    "The signature cannot be read.");
		return;
	case SIGV4_UNKNOWN_KEY:
	case SIGV4_TOKEN:
		refuse(c, 0, "UnrecognizedClientException",
		    "The security token included in the request is invalid.");
		return;
	case SIGV4_EXPIRED:
	case SIGV4_FUTURE:
		refuse(c, 0, "InvalidSignatureException",
		    verdict == SIGV4_EXPIRED ? "Signature expired"
					     : "Signature not yet current");
		return;
	default:
		refuse(c, 0, "InvalidSignatureException",
		    "The request signature we calculated does not match the "
		    "signature you provided.");
		return;
	}
}

static enum sigv4_verdict
verify(struct sqs_ask *a)
{
	struct call *c = a->call;
	enum sigv4_verdict verdict = sigv4_admit(
	    a->s->o.auth, "sqs", http_headers(c->x), call_now(c), &c->claim);

	return verdict == SIGV4_OK ? call_verify(c, a->sha256) : verdict;
}

/* The operation that X-Amz-Target names, or NULL. */
static sqs_operation_fn *
operation_of(const struct call *c, const char **name)
{
	const char *target = headers_get(http_headers(c->x), "x-amz-target");
	size_t i;

	if (target == NULL || !str_starts(target, TARGET))
		return NULL;
	for (i = 0; i < ARRAY_LEN(operations); i++) {
		if (!str_eq(operations[i].name, target + strlen(TARGET)))
			continue;
		*name = operations[i].name;
		return operations[i].fn;
	}
	return NULL;
}

static void
run(struct sqs_ask *a, sqs_operation_fn *fn)
{
	struct error err;

	if (fn == NULL)
		sqs_fail(a, "UnknownOperationException",
		    "The AWS JSON protocol 1.0 alone is spoken here: POST with "
		    "an X-Amz-Target of a known operation.");
	else if (json_parse(a->body.data, a->body.len, &a->doc, &err) == -1 ||
	    !json_is_object(a->doc))
		sqs_fail(a, "InvalidParameterValueException",
		    "The body is no JSON object.");
	else
		fn(a);
}

static void
on_gone_waiting(void *arg)
{
	struct sqs_ask *a = arg;

	if (a->waits)
		TAILQ_REMOVE(&a->s->waiting, a, entry);
	ask_free(a);
}

static void
on_end(struct http_exchange *x, void *arg)
{
	struct sqs_ask *a = arg;
	struct fault_subject about = {0};
	sqs_operation_fn *fn = operation_of(a->call, &about.operation);
	struct call *c = a->call;
	enum sigv4_verdict verdict;

	(void)x;
	if (about.operation != NULL)
		call_about(c, &about);
	verdict = verify(a);
	if (verdict != SIGV4_OK || call_struck(c, &words)) {
		if (verdict != SIGV4_OK) {
			call_on_gone(c, NULL, NULL);
			refuse_claim(c, verdict);
		}
		ask_free(a);
		return;
	}
	run(a, fn);
	if (!a->waits) {
		sqs_ask_finish(a);
		return;
	}
	TAILQ_INSERT_TAIL(&a->s->waiting, a, entry);
	sqs_look_soon(a->s);
}

static int
on_data(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	struct sqs_ask *a = arg;

	(void)x;
	hash_update(a->sha256, data, len);
	return buf_append(&a->body, data, len);
}

static void
on_toolarge(struct http_exchange *x, void *arg)
{
	struct sqs_ask *a = arg;

	(void)x;
	sqs_fail(a, "BatchRequestTooLong",
	    "The body is larger than any that is read here.");
	ask_end(a);
}

void
sqs_request(struct sqs *s, struct call *c)
{
	struct http_body_sink sink = {.max = BODY_MAX,
	    .data = on_data,
	    .end = on_end,
	    .toolarge = on_toolarge};
	enum sigv4_verdict verdict = sigv4_admit(
	    s->o.auth, "sqs", http_headers(c->x), call_now(c), &c->claim);
	struct sqs_ask *a;

	/* Time is judged later, for faults may set the clock. */
	if (verdict != SIGV4_OK && verdict != SIGV4_EXPIRED &&
	    verdict != SIGV4_FUTURE) {
		refuse_claim(c, verdict);
		return;
	}
	a = xcalloc(1, sizeof(*a));
	a->s = s;
	a->call = c;
	a->sha256 = hash_new(HASH_SHA256);
	buf_init(&a->body, BODY_MAX);
	buf_init(&a->result, ANSWER_MAX);
	jsonw_init(&a->w, &a->result);
	jsonw_begin(&a->w, NULL, '{');
	call_on_gone(c, on_gone_waiting, a);
	http_body(c->x, &sink, a);
}
