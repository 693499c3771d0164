/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a message of a queue. */
#include "serve/queue_letter.h"

#include <string.h>

#include "base/str.h"
#include "base/timefmt.h"

/* SNS's is a UUID; the whole is a key of the store. */
#define ID_MAX 100
/* More has no envelope. */
#define VALUES_MAX 4096

static bool
says_failed(const char *text)
{
	return strstr(text, "\"Failed\"") != NULL;
}

static enum queue_letter_kind
kind_of(const struct json *doc)
{
	const char *type = json_get_str(doc, "Type");
	const char *id = json_get_str(doc, "MessageId");

	if (type == NULL || str_empty(json_get_str(doc, "TopicArn")) ||
	    str_empty(id) || strlen(id) > ID_MAX ||
	    json_get_str(doc, "Message") == NULL)
		return QUEUE_LETTER_BARE;
	if (str_eq(type, "Notification"))
		return QUEUE_LETTER_NOTIFICATION;
	if (str_eq(type, "SubscriptionConfirmation"))
		return QUEUE_LETTER_CONFIRMATION;
	return QUEUE_LETTER_BARE;
}

static void
open_envelope(struct queue_letter *l, struct json *take_doc)
{
	const char *when = json_get_str(take_doc, "Timestamp");

	l->envelope = take_doc;
	l->text = json_get_str(take_doc, "Message");
	l->len = strlen(l->text);
	l->message_id = json_get_str(take_doc, "MessageId");
	l->topic = json_get_str(take_doc, "TopicArn");
	if (when == NULL || timefmt_parse_iso(when, &l->sent_at) == -1)
		l->sent_at = -1;
}

void
queue_letter_read(const char *body, size_t len, struct queue_letter *out)
{
	struct queue_letter l = {.text = body, .len = len, .sent_at = -1};
	struct error ignored;
	struct json *doc;

	if (json_parse_few(body, len, VALUES_MAX, &doc, &ignored) == 0) {
		l.kind = kind_of(doc);
		if (l.kind != QUEUE_LETTER_BARE)
			open_envelope(&l, doc);
		else
			json_free(doc);
	}
	l.failure = says_failed(l.text);
	*out = l;
}

void
queue_letter_done(struct queue_letter *l)
{
	json_free(l->envelope);
	memset(l, 0, sizeof(*l));
}
