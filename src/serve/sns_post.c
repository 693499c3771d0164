/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request from its head to its answer. What costs nothing is asked first;
 * nothing is believed before the signature is checked; and what the answer says
 * is only what SNS has to know: whether it is to come again.
 */
#include <stdlib.h>
#include <string.h>

#include "aws/sns.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/http_server.h"
#include "serve/sns_inner.h"

/* Of all bodies at the same time. Whoever has the most of it goes first. */
#define HELD_MAX ((size_t)8 << 20)

/* As far as a Timestamp may be ahead of us; a copy is known for so long more.
 * Source: sns_verify.h. */
#define FUTURE_MS (INT64_C(5) * 60 * 1000)

#define ID_MAX 200

enum state {
	READING,
	CHECKING,
	RINGING, /* what comes now cannot be called off */
	CONFIRMING,
};

struct sns_post {
	TAILQ_ENTRY(sns_post) entry;
	struct sns_listener *l; /* NULL: it is gone */
	struct http_exchange *x; /* NULL: the peer is gone */
	enum state state;
	struct buf body;
	size_t held; /* of the listener's */
	struct sns_message *message; /* or NULL */
	struct sns_check *check;
};

static void
post_free(struct sns_post *p)
{
	if (p->l != NULL) {
		TAILQ_REMOVE(&p->l->posts, p, entry);
		p->l->held -= p->held;
	}
	if (p->check != NULL)
		sns_verify_cancel(p->check);
	sns_message_free(p->message);
	buf_done(&p->body);
	free(p);
}

/* --- answers -------------------------------------------------------- */

struct answer {
	int status;
	enum sns_result result;
	const char *text;
};

static const struct answer taken = {200, SNS_RESULT_TAKEN, ""};
static const struct answer copy = {200, SNS_RESULT_COPY, ""};
static const struct answer unknown = {200, SNS_RESULT_UNKNOWN, ""};
static const struct answer senseless = {200, SNS_RESULT_SENSELESS, ""};
static const struct answer confirmed = {200, SNS_RESULT_CONFIRMED, ""};
static const struct answer unsubscribed = {200, SNS_RESULT_UNSUBSCRIBED, ""};
static const struct answer elsewhere = {
    404, SNS_RESULT_MALFORMED, "not found\n"};
static const struct answer no_post = {
    405, SNS_RESULT_MALFORMED, "only POST is taken here\n"};
static const struct answer no_length = {
    411, SNS_RESULT_MALFORMED, "a Content-Length is needed\n"};
static const struct answer too_large = {
    413, SNS_RESULT_MALFORMED, "the body is too large\n"};
static const struct answer malformed = {
    400, SNS_RESULT_MALFORMED, "this is no message of SNS\n"};
static const struct answer who = {
    401, SNS_RESULT_UNAUTHORIZED, "unauthorized\n"};
static const struct answer raw_refused = {
    400, SNS_RESULT_RAW, "raw message delivery is refused\n"};
static const struct answer forged = {403, SNS_RESULT_FORGED, "forbidden\n"};
static const struct answer stale = {403, SNS_RESULT_STALE, "forbidden\n"};
static const struct answer early = {503, SNS_RESULT_STALE, "later\n"};
static const struct answer unchecked = {503, SNS_RESULT_UNCHECKED, "later\n"};
static const struct answer not_stored = {503, SNS_RESULT_NOT_STORED, "later\n"};
static const struct answer crowded = {503, SNS_RESULT_CROWDED, "later\n"};
static const struct answer confirm_later = {
    503, SNS_RESULT_UNCONFIRMED, "later\n"};
static const struct answer confirm_never = {
    400, SNS_RESULT_UNCONFIRMED, "not confirmed\n"};

static void
reply(struct sns_listener *l, struct http_exchange *x, const struct answer *a)
{
	struct headers h;

	l->counts.results[a->result]++;
	if (x == NULL)
		return;
	headers_init(&h);
	if (a->text[0] != '\0')
		headers_add(&h, "Content-Type", "text/plain");
	if (a->status == 401)
		headers_add(&h, "WWW-Authenticate",
		    "Basic realm=\"sns\", charset=\"UTF-8\"");
	if (a->status == 405)
		headers_add(&h, "Allow", "POST");
	/* Whoever sends such a thing has nothing more to say here; SNS asks
	 * with a password on the same connection. */
	if (a->status >= 400 && a->status != 401)
		headers_add(&h, "Connection", "close");
	http_reply(x, a->status, &h, a->text, strlen(a->text));
	headers_done(&h);
}

static void
end(struct sns_post *p, const struct answer *a)
{
	if (p->l != NULL)
		reply(p->l, p->x, a);
	post_free(p);
}

/* `err` may be NULL. Nothing of the body stands there but the topic. */
static void
log_refused(struct quiet *quiet, const struct http_exchange *x,
    const char *topic, const char *what, const struct error *err)
{
	int64_t skipped;

	if (!quiet_over(quiet, &skipped))
		return;
	log_begin(LOG_WARN, "sns");
	log_str("msg", what);
	log_str("peer", x != NULL ? http_peer(x) : NULL);
	log_str("topic", topic);
	if (err != NULL)
		log_err(err);
	if (skipped > 0)
		log_int("not_logged", skipped);
	log_end();
}

/* --- what the doorbell says ----------------------------------------- */

static void
log_not_stored(struct sns_listener *l, const struct error *err)
{
	log_refused(&l->unchecked, NULL, NULL,
	    "a notification was not stored; SNS sends it again", err);
}

static void
on_rung(enum doorbell_verdict verdict, const struct error *err, void *arg)
{
	static const struct answer *const answers[] = {
	    [DOORBELL_TAKEN] = &taken,
	    [DOORBELL_COPY] = &copy,
	    [DOORBELL_UNKNOWN] = &unknown,
	    [DOORBELL_SENSELESS] = &senseless,
	    [DOORBELL_FAILED] = &not_stored,
	};
	struct sns_post *p = arg;

	if (verdict == DOORBELL_FAILED && p->l != NULL)
		log_not_stored(p->l, err);
	end(p, answers[verdict]);
}

static void
ring(struct sns_post *p, const struct doorbell_note *note)
{
	p->state = RINGING;
	doorbell_ring(p->l->doorbell, note, on_rung, p);
}

static void
ring_message(struct sns_post *p)
{
	const struct sns_message *m = p->message;
	struct doorbell_note note = {
	    .source = m->topic_arn,
	    .message_id = m->message_id,
	    .text = m->message,
	    .len = m->message_len,
	    .sent_at = m->sent_at,
	    .verified = true,
	    .remember_ms = p->l->conf->max_age_ms + FUTURE_MS,
	};

	ring(p, &note);
}

/* --- what is verified ----------------------------------------------- */

/* Its place among those of the configuration; their number: not there. */
static size_t
topic_index(const struct sns_listener *l, const char *arn)
{
	size_t i;

	for (i = 0; i < l->conf->topic.n; i++) {
		if (str_eq(l->conf->topic.v[i], arn))
			break;
	}
	return i;
}

static void
on_confirmed(enum sns_confirmed result, void *arg)
{
	struct sns_post *p = arg;

	end(p,
	    result == SNS_CONFIRMED           ? &confirmed
		: result == SNS_CONFIRM_LATER ? &confirm_later
					      : &confirm_never);
}

static void
confirm(struct sns_post *p)
{
	p->state = CONFIRMING;
	sns_confirms_ask(p->l->confirms, p->message, on_confirmed, p);
}

/* Its SubscribeURL would subscribe anew; who wants that can do it. It is known
 * for no copy: whoever repeats it fills no log. */
static void
alarm_unsubscribed(struct sns_post *p)
{
	struct sns_listener *l = p->l;
	int64_t skipped;
	struct error err;

	if (!quiet_over(&l->unsubscribed[topic_index(l, p->message->topic_arn)],
		&skipped)) {
		end(p, &unsubscribed);
		return;
	}
	err_set(&err, ERR_REMOTE, "somebody ended the subscription to %s",
	    p->message->topic_arn);
	err_hint(&err,
	    "Results are looked for all the same, only later. Find out who "
	    "did it, then subscribe again with 'aws sns subscribe'.");
	log_begin(LOG_ERROR, "sns");
	log_err(&err);
	if (skipped > 0)
		log_int("not_logged", skipped);
	log_end();
	end(p, &unsubscribed);
}

/* It is not to be taken: why, and what SNS is told. */
static void
refuse(struct sns_post *p, const struct error *err)
{
	const char *topic = p->message->topic_arn;
	struct sns_listener *l = p->l;

	if (err->code == ERR_AUTH) {
		log_refused(&l->forged, p->x, topic,
		    "a message is not to be believed", err);
		end(p, &forged);
	} else if (err->code == ERR_LIMIT) {
		log_refused(&l->stale, p->x, topic,
		    "a message of SNS is refused for its time", err);
		end(p, err->retryable ? &early : &stale);
	} else {
		log_refused(&l->unchecked, p->x, topic,
		    "a message cannot be checked now; SNS sends it again", err);
		end(p, &unchecked);
	}
}

static void
on_verified(const struct error *err, void *arg)
{
	struct sns_post *p = arg;

	p->check = NULL;
	if (err != NULL) {
		refuse(p, err);
		return;
	}
	switch (p->message->type) {
	case SNS_NOTIFICATION:
		ring_message(p);
		return;
	case SNS_SUBSCRIPTION_CONFIRMATION:
		confirm(p);
		return;
	case SNS_UNSUBSCRIBE_CONFIRMATION:
		alarm_unsubscribed(p);
		return;
	}
	abort();
}

/* --- the whole request is here -------------------------------------- */

/* Headers are not signed, but SNS's own say what the body says. */
static bool
header_is(const struct http_exchange *x, const char *name, const char *value)
{
	const struct headers *h = http_headers(x);
	size_t n = headers_count(h, name);

	return n == 0 || (n == 1 && str_eq(headers_get(h, name), value));
}

static bool
headers_fit(const struct sns_post *p)
{
	const struct sns_message *m = p->message;

	return header_is(
		   p->x, "x-amz-sns-message-type", sns_type_name(m->type)) &&
	    header_is(p->x, "x-amz-sns-message-id", m->message_id) &&
	    header_is(p->x, "x-amz-sns-topic-arn", m->topic_arn);
}

static void
refuse_malformed(struct sns_post *p, const struct error *err)
{
	log_refused(&p->l->malformed, p->x, NULL,
	    "a request is no message of SNS", err);
	end(p, &malformed);
}

static void
take_signed(struct sns_post *p)
{
	struct error err;

	if (sns_parse(p->body.data, p->body.len, &p->message, &err) == -1) {
		p->message = NULL;
		refuse_malformed(p, &err);
		return;
	}
	if (!headers_fit(p)) {
		err_set(&err, ERR_AUTH, "its headers say another thing");
		log_refused(&p->l->forged, p->x, p->message->topic_arn,
		    "a message is not to be believed", &err);
		end(p, &forged);
		return;
	}
	p->state = CHECKING;
	if (sns_verify(p->l->service->verifier, p->message, true, on_verified,
		p, &p->check, &err) == -1)
		on_verified(&err, p);
}

static bool
is_raw(const struct http_exchange *x)
{
	return headers_get(http_headers(x), "x-amz-sns-rawdelivery") != NULL;
}

static void
refuse_topic(struct sns_post *p, const char *topic)
{
	struct error err;

	err_set(&err, ERR_AUTH, "its topic is none of [sns] topic");
	log_refused(&p->l->forged, p->x, topic,
	    "a message is not to be believed", &err);
	end(p, &forged);
}

/* Of a raw message only headers tell whose it is: it is a reason to look, and
 * nothing in it is believed. */
static void
take_raw(struct sns_post *p)
{
	const struct headers *h = http_headers(p->x);
	const char *topic = headers_get(h, "x-amz-sns-topic-arn");
	const char *id = headers_get(h, "x-amz-sns-message-id");
	const char *type = headers_get(h, "x-amz-sns-message-type");
	struct doorbell_note note = {
	    .source = topic,
	    .message_id = id,
	    .text = p->body.data,
	    .len = p->body.len,
	    .sent_at = -1,
	    .remember_ms = p->l->conf->max_age_ms + FUTURE_MS,
	};

	if (topic == NULL || id == NULL || type == NULL ||
	    !str_eq(type, sns_type_name(SNS_NOTIFICATION)) || *id == '\0' ||
	    strlen(id) > ID_MAX ||
	    headers_count(h, "x-amz-sns-topic-arn") != 1 ||
	    headers_count(h, "x-amz-sns-message-id") != 1)
		refuse_malformed(p, NULL);
	else if (topic_index(p->l, topic) == p->l->conf->topic.n)
		refuse_topic(p, topic);
	else
		ring(p, &note);
}

static void
on_end(struct http_exchange *x, void *arg)
{
	struct sns_post *p = arg;

	if (is_raw(x))
		take_raw(p);
	else
		take_signed(p);
}

/* --- it comes ------------------------------------------------------- */

/* The largest of those that are still coming; what is complete is used. */
static struct sns_post *
largest(const struct sns_listener *l)
{
	struct sns_post *p, *found = NULL;

	TAILQ_FOREACH (p, &l->posts, entry) {
		if (p->state == READING &&
		    (found == NULL || p->held > found->held))
			found = p;
	}
	return found;
}

static int
on_data(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	struct sns_post *p = arg, *victim;
	struct sns_listener *l = p->l;

	(void)x;
	p->held += len;
	l->held += len;
	while (l->held > HELD_MAX) {
		victim = largest(l);
		end(victim, &crowded);
		if (victim == p)
			return -1;
	}
	buf_append(&p->body, data, len);
	return 0;
}

static void
on_gone(struct http_exchange *x, void *arg)
{
	struct sns_post *p = arg;

	(void)x;
	p->x = NULL;
	if (p->state == READING || p->state == CHECKING)
		post_free(p);
}

/* What the head alone decides; NULL: the body is wanted. */
static const struct answer *
refuse_head(const struct sns_listener *l, struct http_exchange *x)
{
	if (!str_eq(http_path(x), l->conf->path) || *http_query(x) != '\0')
		return &elsewhere;
	if (!str_eq(http_method(x), "POST"))
		return &no_post;
	/* SNS asks first without them. */
	if (!sns_user_ok(l, x))
		return &who;
	if (http_content_length(x) <= 0)
		return &no_length;
	if ((uint64_t)http_content_length(x) > SNS_BODY_MAX)
		return &too_large;
	if (is_raw(x) && l->conf->raw != CONF_RAW_ACCEPT)
		return &raw_refused;
	return NULL;
}

static void
log_raw(struct sns_listener *l, const struct http_exchange *x)
{
	struct error err;

	err_set(&err, ERR_REFUSED,
	    "raw delivery is not signed, and [sns] raw = refuse");
	err_hint(&err,
	    "Turn it off: aws sns set-subscription-attributes "
	    "--attribute-name RawMessageDelivery --attribute-value false "
	    "--subscription-arn ARN");
	log_refused(&l->malformed, x,
	    headers_get(http_headers(x), "x-amz-sns-topic-arn"),
	    "a message was refused", &err);
}

/* SNS asks without it first, and that is nothing to tell. */
static void
log_user(struct sns_listener *l, const struct http_exchange *x)
{
	struct error err;

	if (headers_get(http_headers(x), "Authorization") == NULL)
		return;
	err_set(&err, ERR_AUTH, "its Authorization is not that of user_file");
	err_hint(&err,
	    "Subscribe the URL with what stands in [sns] user_file before the "
	    "'@' of the host.");
	log_refused(&l->malformed, x,
	    headers_get(http_headers(x), "x-amz-sns-topic-arn"),
	    "a message was refused", &err);
}

void
sns_post_handle(struct http_exchange *x, void *arg)
{
	static const struct http_body_sink sink = {
	    .max = SNS_BODY_MAX,
	    .data = on_data,
	    .end = on_end,
	};
	struct sns_listener *l = arg;
	const struct answer *no = refuse_head(l, x);
	struct sns_post *p;

	if (no == &raw_refused)
		log_raw(l, x);
	if (no == &who)
		log_user(l, x);
	if (no != NULL) {
		reply(l, x, no);
		return;
	}
	p = xcalloc(1, sizeof(*p));
	p->l = l;
	p->x = x;
	buf_init(&p->body, SNS_BODY_MAX);
	TAILQ_INSERT_TAIL(&l->posts, p, entry);
	http_on_gone(x, on_gone, p);
	http_body(x, &sink, p);
}

void
sns_post_let_go(struct sns_listener *l)
{
	struct sns_post *p;

	while ((p = TAILQ_FIRST(&l->posts)) != NULL) {
		if (p->state != RINGING) {
			post_free(p);
			continue;
		}
		TAILQ_REMOVE(&l->posts, p, entry);
		p->l = NULL;
	}
}
