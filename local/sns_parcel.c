/* SPDX-License-Identifier: Apache-2.0 */
/* A message on its way to one receiver, as HTTP. */
#include "local/sns_parcel.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "local/sns_letter.h"

#define SIGNATURE_MAX 2048
#define USER_AGENT "Amazon Simple Notification Service Agent"
#define CONTENT_TYPE "text/plain; charset=UTF-8"

static bool
is_notification(const struct sns_parcel_facts *f)
{
	return str_eq(f->message->type, "Notification");
}

static bool
is_raw(const struct sns_parcel_facts *f)
{
	return f->to->raw && is_notification(f);
}

static void
add_headers(struct headers *h, const struct sns_parcel_facts *f)
{
	const char *type = f->policy->content_type;

	headers_add(h, "x-amz-sns-message-type", f->message->type);
	headers_add(h, "x-amz-sns-message-id", f->message->id);
	headers_add(h, "x-amz-sns-topic-arn", f->message->topic);
	if (!str_eq(f->message->type, "SubscriptionConfirmation"))
		headers_add(h, "x-amz-sns-subscription-arn", f->to->arn);
	if (is_raw(f))
		headers_add(h, "x-amz-sns-rawdelivery", "true");
	headers_add(h, "Content-Type", *type != '\0' ? type : CONTENT_TYPE);
	headers_add(h, "Connection", "Keep-Alive");
	headers_add(h, "User-Agent", USER_AGENT);
	headers_add(h, "Accept-Encoding", "gzip,deflate");
}

static const char *
words(const struct sns_parcel_facts *f)
{
	const struct db_message *m = f->message;
	const char *own =
	    str_eq(f->to->protocol, "https") ? m->body_https : m->body_http;

	if (str_eq(f->to->protocol, "sqs"))
		return m->body;
	return own != NULL ? own : m->body;
}

/* Fills in the signature; *signature is the letter's until it was written. */
static int
sign(struct sns_letter *l, struct buf *signature,
    const struct sns_parcel_facts *f, struct error *err)
{
	struct buf text;
	int rc;

	buf_init(&text, SNS_LETTER_MAX);
	sns_letter_text(l, &text);
	rc = text.overflow
	    ? err_set(err, ERR_LIMIT, "the message is too large")
	    : sns_key_sign(f->key, l->signature_version, &text, signature, err);
	buf_done(&text);
	if (rc == 0)
		l->signature = signature->data;
	return rc;
}

static const char *
version_of(const struct db_topic *t)
{
	const char *set = t->signature_version;

	return set != NULL && str_eq(set, "2") ? "2" : "1";
}

static int
write_letter(
    struct buf *out, const struct sns_parcel_facts *f, struct error *err)
{
	const struct db_message *m = f->message;
	char when[TIMEFMT_ISO_SIZE], *url;
	struct sns_letter l = {
	    .type = m->type,
	    .message_id = m->id,
	    .token = m->token,
	    .topic = m->topic,
	    .subject = m->subject,
	    .message = words(f),
	    .timestamp = when,
	    .signature_version = version_of(f->topic),
	    .cert_url = f->cert_url,
	    .attributes = m->attributes,
	};
	struct buf signature;
	int rc;

	timefmt_iso(m->published_at, when);
	url = is_notification(f)
	    ? xasprintf("%s/?Action=Unsubscribe&SubscriptionArn=%s",
		  f->base_url, f->to->arn)
	    : xasprintf("%s/?Action=ConfirmSubscription&TopicArn=%s&Token=%s",
		  f->base_url, m->topic, m->token);
	if (is_notification(f))
		l.unsubscribe_url = url;
	else
		l.subscribe_url = url;
	buf_init(&signature, SIGNATURE_MAX);
	rc = sign(&l, &signature, f, err);
	if (rc == 0)
		rc = sns_letter_write(&l, out, err);
	buf_done(&signature);
	free(url);
	return rc;
}

int
sns_parcel_make(struct sns_parcel *out, const struct sns_parcel_facts *facts,
    struct error *err)
{
	const char *text = words(facts);

	headers_init(&out->headers);
	buf_init(&out->body, SNS_LETTER_MAX);
	add_headers(&out->headers, facts);
	if (is_raw(facts)) {
		buf_append(&out->body, text, strlen(text));
		return 0;
	}
	if (write_letter(&out->body, facts, err) == 0)
		return 0;
	sns_parcel_done(out);
	return -1;
}

void
sns_parcel_done(struct sns_parcel *p)
{
	headers_done(&p->headers);
	buf_done(&p->body);
}
