/* SPDX-License-Identifier: Apache-2.0 */
/* From one queue to the doorbell, and back to the queue. */
#include "serve/queue_pump.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "aws/awserr.h"
#include "aws/grant.h"
#include "aws/sns.h"
#include "aws/sqs.h"
#include "aws/sqs_place.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "serve/metrics.h"
#include "serve/queue_letter.h"

#define LONG_POLL_MS 20000
/* Verdicts come together, behind a commit: so do their deletions. */
#define GATHER_MS 10
/* While nothing can be written, nothing is received. */
#define STALLED_MS 1000
/* How long what cannot be stored stays away, and what makes no sense. */
#define AGAIN_S 5
#define AGAIN_MAX_S 300
/* … for want of SNS's certificate, so often. */
#define VERIFY_TRIES 5
#define UNSIGNED_MS 60000
#define SENSELESS_S 60
#define SENSELESS_MAX_S 3600

static const struct backoff pauses = {
    .start_ms = 1000, .max_ms = 60000, .factor = 2, .jitter = 0.2};

/* A queue that only shows again what could not be deleted is asked, in the end,
 * no more often than an empty one. */
static const struct backoff repeats = {
    .start_ms = 1000, .max_ms = LONG_POLL_MS, .factor = 2, .jitter = 0.2};

/* A queue that ignores WaitTimeSeconds is not asked all the time. */
#define SHORT_POLL_MS 1000

enum change_kind { CHANGE_DELETE, CHANGE_RELEASE };

/* What is in trouble, and was said to be. */
enum trouble {
	TROUBLE_RECEIVE,
	TROUBLE_DELETE,
	TROUBLE_RELEASE,
	TROUBLE_VERIFY,
	TROUBLES
};

static const struct {
	const char *action;
	const char *over;
} troubles[TROUBLES] = {
    {"sqs:ReceiveMessage", "answers again"},
    {"sqs:DeleteMessage", "messages are deleted again"},
    {"sqs:ChangeMessageVisibility", "messages are given back again"},
    {"", "signatures can be judged again"},
};

/* A batch that is gathered, or on its way. */
struct change {
	TAILQ_ENTRY(change) entry;
	struct queue_pump *pump;
	struct sqs_call *call; /* NULL: it is gathered */
	enum change_kind kind;
	unsigned seconds; /* of a release */
	char *receipts[SQS_BATCH_MAX];
	size_t n;
};
TAILQ_HEAD(changes, change);

struct receive {
	struct queue_pump *pump;
	struct sqs_call *call; /* NULL: idle */
	int64_t began_at; /* monotonic */
};

/* One message, until it was rung. */
struct letter {
	LIST_ENTRY(letter) entry;
	TAILQ_ENTRY(letter) unread;
	struct queue_pump *pump; /* NULL: it is gone */
	char *id;
	char *receipt;
	char *body; /* NULL: it was read, and is rung */
	size_t len;
	int64_t sent_at;
	unsigned receives;
	/* While its signature is judged: what was signed. */
	struct sns_check *check;
	struct sns_message *message;
};
LIST_HEAD(letters, letter);
TAILQ_HEAD(unread, letter);

struct queue_pump {
	const struct service *service;
	struct doorbell *doorbell;
	struct sqs *sqs;
	struct sns_verifier *verifier; /* or NULL: no topic is known */
	char *url;
	char *arn;
	struct receive receives[QUEUE_PUMP_RECEIVES_MAX];
	size_t polling;
	size_t wanted; /* polls at once */
	struct letters letters;
	size_t nletters;
	struct unread unread; /* of them: one in each turn of the loop */
	struct changes changes;
	struct loop_timer *go_timer;
	struct loop_timer *gather_timer;
	unsigned failures; /* in a row */
	bool paused; /* until go_timer */
	bool draining;
	bool in_trouble[TROUBLES];
	bool senseless_said;
	bool confirmation_said;
	int64_t unsigned_at; /* monotonic: said again from then on */
};

static void poll_more(struct queue_pump *p);

/* --- what is said --------------------------------------------------- */

static void
add_remedy(const struct queue_pump *p, enum trouble what, struct error *err)
{
	char action[GRANT_ACTION_SIZE];

	if (awserr_class(err) == AWSERR_NOT_FOUND) {
		err_hint(err,
		    "Look at [sqs] queue_url: there is no such queue in %s, or "
		    "it is another account's.",
		    sqs_region(p->sqs));
	} else if (str_starts(err->remote_code, "AccessDenied")) {
		grant_named_action(err, action);
		grant_arn_hint(err,
		    action[0] != '\0' ? action : troubles[what].action,
		    str_starts(action, "kms:") ? "the key of the queue"
					       : p->arn);
	} else if (str_eq(err->remote_code, "KmsAccessDenied") ||
	    str_eq(err->remote_code, "KMS.AccessDeniedException")) {
		grant_arn_hint(err, "kms:Decrypt", "the key of the queue");
	}
}

/* Once, until it is over. */
static void
say_trouble(struct queue_pump *p, enum trouble what, const struct error *err)
{
	struct error e = *err;

	metrics_queue_error(p->service->metrics);
	add_remedy(p, what, &e);
	log_begin(p->in_trouble[what] ? LOG_DEBUG : LOG_WARN, "sqs");
	log_str("queue", p->url);
	log_err(&e);
	log_end();
	p->in_trouble[what] = true;
}

static void
say_over(struct queue_pump *p, enum trouble what)
{
	if (!p->in_trouble[what])
		return;
	p->in_trouble[what] = false;
	log_begin(LOG_INFO, "sqs");
	log_str("queue", p->url);
	log_str("msg", troubles[what].over);
	log_end();
}

static void
say_once(const struct queue_pump *p, bool *said, const char *id,
    const char *what, const char *hint)
{
	log_begin(*said ? LOG_DEBUG : LOG_WARN, "sqs");
	log_str("queue", p->url);
	log_str("message", id);
	log_str("msg", what);
	log_str("hint", hint);
	log_end();
	*said = true;
}

/* --- back to the queue ---------------------------------------------- */

static void
change_free(struct change *c)
{
	size_t i;

	TAILQ_REMOVE(&c->pump->changes, c, entry);
	sqs_cancel(c->call);
	for (i = 0; i < c->n; i++)
		free(c->receipts[i]);
	free(c);
}

static enum trouble
trouble_of(const struct change *c)
{
	return c->kind == CHANGE_DELETE ? TROUBLE_DELETE : TROUBLE_RELEASE;
}

/* What could not be deleted comes again, and is known then. */
static void
on_changed(size_t failed, const struct error *err, void *arg)
{
	struct change *c = arg;
	struct queue_pump *p = c->pump;

	c->call = NULL;
	if (c->kind == CHANGE_DELETE)
		metrics_queue_deleted(p->service->metrics, c->n - failed);
	if (err != NULL)
		say_trouble(p, trouble_of(c), err);
	else
		say_over(p, trouble_of(c));
	change_free(c);
}

static void
send_change(struct change *c)
{
	const char *const *receipts = (const char *const *)c->receipts;
	struct queue_pump *p = c->pump;
	struct error err;
	int rc;

	if (c->kind == CHANGE_DELETE)
		rc = sqs_delete(
		    p->sqs, receipts, c->n, on_changed, c, &c->call, &err);
	else
		rc = sqs_release(p->sqs, receipts, c->n, c->seconds, on_changed,
		    c, &c->call, &err);
	if (rc == 0)
		return;
	say_trouble(p, trouble_of(c), &err);
	change_free(c);
}

static void
send_gathered(void *arg)
{
	struct queue_pump *p = arg;
	struct change *c, *next;

	for (c = TAILQ_FIRST(&p->changes); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (c->call == NULL)
			send_change(c);
	}
}

static struct change *
gathering(struct queue_pump *p, enum change_kind kind, unsigned seconds)
{
	struct change *c;

	TAILQ_FOREACH (c, &p->changes, entry) {
		if (c->call == NULL && c->kind == kind && c->seconds == seconds)
			return c;
	}
	c = xcalloc(1, sizeof(*c));
	c->pump = p;
	c->kind = kind;
	c->seconds = seconds;
	TAILQ_INSERT_TAIL(&p->changes, c, entry);
	return c;
}

static void
change(struct queue_pump *p, enum change_kind kind, unsigned seconds,
    char *take_receipt)
{
	struct change *c = gathering(p, kind, seconds);

	c->receipts[c->n++] = take_receipt;
	if (c->n == SQS_BATCH_MAX)
		send_change(c);
	else
		loop_timer_set(p->gather_timer, GATHER_MS);
}

/* Twice as long each time, by what the queue says of it. */
static unsigned
away(unsigned start_s, unsigned max_s, unsigned receives)
{
	unsigned s = start_s;

	while (receives-- > 1 && s < max_s)
		s *= 2;
	return s < max_s ? s : max_s;
}

/* --- letters -------------------------------------------------------- */

static void
letter_free(struct letter *l)
{
	if (l->pump != NULL) {
		LIST_REMOVE(l, entry);
		l->pump->nletters--;
	}
	sns_message_free(l->message);
	free(l->id);
	free(l->receipt);
	free(l->body);
	free(l);
}

static void
wait_ms(struct queue_pump *p, int64_t ms)
{
	p->paused = true;
	loop_timer_set(p->go_timer, ms);
}

static void
pause_polls(struct queue_pump *p, const struct backoff *how)
{
	int64_t ms = backoff_delay_ms(how, p->failures, random_unit());

	if (p->failures < 16)
		p->failures++;
	p->wanted = 1;
	wait_ms(p, ms);
}

static void
answer(struct queue_pump *p, struct letter *l, enum doorbell_verdict verdict,
    const struct error *err)
{
	char *receipt = l->receipt;

	l->receipt = NULL;
	switch (verdict) {
	case DOORBELL_TAKEN:
	case DOORBELL_COPY:
	case DOORBELL_UNKNOWN:
		change(p, CHANGE_DELETE, 0, receipt);
		return;
	case DOORBELL_SENSELESS:
		say_once(p, &p->senseless_said, l->id,
		    "makes no sense here, and is left in the queue",
		    "Give the queue a redrive policy, and let only the topics "
		    "and buckets of SageMaker's results write to it.");
		change(p, CHANGE_RELEASE,
		    away(SENSELESS_S, SENSELESS_MAX_S, l->receives), receipt);
		return;
	case DOORBELL_FAILED:
		log_debug("sqs", "given back: %s",
		    err != NULL ? err->text : "it cannot be stored now");
		change(p, CHANGE_RELEASE,
		    away(AGAIN_S, AGAIN_MAX_S, l->receives), receipt);
		if (!p->paused && !p->draining)
			pause_polls(p, &pauses);
		return;
	}
	abort();
}

static void
on_rung(enum doorbell_verdict verdict, const struct error *err, void *arg)
{
	struct letter *l = arg;
	struct queue_pump *p = l->pump;

	if (p == NULL) {
		letter_free(l);
		return;
	}
	metrics_queue_message(p->service->metrics, verdict);
	answer(p, l, verdict, err);
	letter_free(l);
	poll_more(p);
}

static void
letter_new(struct queue_pump *p, const struct sqs_message *m)
{
	struct letter *l = xcalloc(1, sizeof(*l));

	l->pump = p;
	l->id = xstrdup(m->id);
	l->receipt = xstrdup(m->receipt);
	l->body = xmemdup(m->body, m->len + 1);
	l->len = m->len;
	l->sent_at = m->sent_at;
	l->receives = m->receives;
	LIST_INSERT_HEAD(&p->letters, l, entry);
	p->nletters++;
	TAILQ_INSERT_TAIL(&p->unread, l, unread);
}

/* --- who says that it failed ---------------------------------------- */

/* Anybody who may write to the queue can bring it about: one line a minute. */
static void
say_unsigned(struct queue_pump *p, const struct error *err)
{
	int64_t now = clock_mono_ms();

	log_begin(now < p->unsigned_at ? LOG_DEBUG : LOG_WARN, "sqs");
	log_str("queue", p->url);
	log_str("msg", "a failure that SNS did not sign");
	log_err(err);
	log_end();
	if (now >= p->unsigned_at)
		p->unsigned_at = now + UNSIGNED_MS;
}

/* A failure may end a job, and who may write to the queue is not known here: it
 * is believed where SNS signed it. err: nobody vouches for it. */
static void
ring_signed(struct queue_pump *p, struct letter *l, const struct error *err)
{
	const struct sns_message *m = l->message;
	struct doorbell_note note = {
	    .way = DOORBELL_SQS,
	    .source = err == NULL ? m->topic_arn : p->url,
	    .message_id = m->message_id,
	    .text = m->message,
	    .len = m->message_len,
	    .sent_at = m->sent_at,
	    .verified = err == NULL,
	};

	doorbell_ring(p->doorbell, &note, on_rung, l);
}

static void
on_verified(const struct error *err, void *arg)
{
	struct letter *l = arg;
	struct queue_pump *p = l->pump;

	l->check = NULL;
	if (err != NULL && err->code == ERR_AUTH)
		say_unsigned(p, err);
	if (err == NULL)
		say_over(p, TROUBLE_VERIFY);
	if (err == NULL || err->code == ERR_AUTH ||
	    l->receives >= VERIFY_TRIES) {
		ring_signed(p, l, err);
		return;
	}
	/* The certificate cannot be had now. */
	say_trouble(p, TROUBLE_VERIFY, err);
	on_rung(DOORBELL_FAILED, err, l);
}

/* True: it is judged, and rung then. */
static bool
verify(struct queue_pump *p, struct letter *l, const char *body)
{
	struct error err;

	if (p->verifier == NULL)
		return false;
	if (sns_parse(body, l->len, &l->message, &err) == 0 &&
	    sns_verify(p->verifier, l->message, false, on_verified, l,
		&l->check, &err) == 0)
		return true;
	log_debug("sqs", "not verified: %s", err.text);
	return false;
}

static void
ring(struct queue_pump *p, struct letter *l, const struct queue_letter *q)
{
	struct doorbell_note note = {
	    .way = DOORBELL_SQS,
	    .source = p->url,
	    .message_id = q->message_id != NULL ? q->message_id : l->id,
	    .text = q->text,
	    .len = q->len,
	    .sent_at = q->sent_at != -1 ? q->sent_at : l->sent_at,
	};

	doorbell_ring(p->doorbell, &note, on_rung, l);
}

/* Anybody may have put it there: its topic is shown where it can be one. */
static void
say_confirmation(
    struct queue_pump *p, const struct letter *l, const char *topic)
{
	struct sns_topic parts;
	struct error ignored;
	bool good = sns_topic_parse(topic, &parts, &ignored) == 0;
	char *what = xasprintf("%s%s waits for this queue to confirm its "
			       "subscription",
	    good ? "the topic " : "a topic", good ? topic : "");

	say_once(p, &p->confirmation_said, l->id, what,
	    "Subscribe with credentials of the queue's account, which needs no "
	    "confirmation (aws sns subscribe --protocol sqs); or read that "
	    "message's Token while awaitd is stopped, and call aws sns "
	    "confirm-subscription. Then delete the message.");
	free(what);
	if (good)
		sns_topic_done(&parts);
}

static void
refuse_confirmation(struct queue_pump *p, struct letter *l, const char *topic)
{
	say_confirmation(p, l, topic);
	change(p, CHANGE_RELEASE,
	    away(SENSELESS_S, SENSELESS_MAX_S, l->receives), l->receipt);
	l->receipt = NULL;
	metrics_queue_message(p->service->metrics, DOORBELL_SENSELESS);
	letter_free(l);
}

static void
take(struct queue_pump *p, struct letter *l)
{
	char *body = l->body;
	struct queue_letter q;

	l->body = NULL;
	queue_letter_read(body, l->len, &q);
	if (q.kind == QUEUE_LETTER_CONFIRMATION)
		refuse_confirmation(p, l, q.topic);
	else if (q.kind != QUEUE_LETTER_NOTIFICATION || !q.failure ||
	    !verify(p, l, body))
		ring(p, l, &q);
	queue_letter_done(&q);
	free(body);
}

/* Ten of the longest, made to be slow, would hold up the loop for 100 ms. */
static void
take_next(void *arg)
{
	struct queue_pump *p = arg;
	struct letter *l = TAILQ_FIRST(&p->unread);

	TAILQ_REMOVE(&p->unread, l, unread);
	take(p, l);
	if (!TAILQ_EMPTY(&p->unread))
		loop_post(p->service->loop, take_next, p);
	else
		poll_more(p);
}

/* --- receiving ------------------------------------------------------ */

/* Full ones: there is more, and one at a time is too slow. */
static void
adapt(struct queue_pump *p, size_t n)
{
	if (n == SQS_BATCH_MAX && p->wanted < QUEUE_PUMP_RECEIVES_MAX)
		p->wanted++;
	else if (n < SQS_BATCH_MAX)
		p->wanted = 1;
}

/* Only what was here before, of which nothing can be got rid of. */
static bool
shows_nothing_new(
    const struct queue_pump *p, const struct sqs_message *v, size_t n)
{
	size_t i;

	if (!p->in_trouble[TROUBLE_DELETE] && !p->in_trouble[TROUBLE_RELEASE])
		return false;
	for (i = 0; i < n; i++) {
		if (v[i].receives == 1)
			return false;
	}
	return n > 0;
}

static void
take_all(struct queue_pump *p, const struct sqs_message *v, size_t n)
{
	bool idle = TAILQ_EMPTY(&p->unread);
	size_t i;

	for (i = 0; i < n; i++)
		letter_new(p, &v[i]);
	if (n > 0 && idle)
		loop_post(p->service->loop, take_next, p);
}

static void
on_received(
    const struct sqs_message *v, size_t n, const struct error *err, void *arg)
{
	struct receive *r = arg;
	struct queue_pump *p = r->pump;

	r->call = NULL;
	p->polling--;
	if (err != NULL) {
		say_trouble(p, TROUBLE_RECEIVE, err);
		if (!p->paused)
			pause_polls(p, &pauses);
		return;
	}
	say_over(p, TROUBLE_RECEIVE);
	adapt(p, n);
	if (!shows_nothing_new(p, v, n))
		p->failures = 0;
	else if (!p->paused)
		pause_polls(p, &repeats);
	if (n == 0 && clock_mono_ms() - r->began_at < SHORT_POLL_MS)
		wait_ms(p, SHORT_POLL_MS);
	take_all(p, v, n);
	poll_more(p);
}

static int
poll_once(struct queue_pump *p)
{
	struct receive *r = p->receives;
	struct error err;

	while (r->call != NULL)
		r++;
	r->began_at = clock_mono_ms();
	if (sqs_receive(p->sqs, LONG_POLL_MS, on_received, r, &r->call, &err) ==
	    0) {
		p->polling++;
		return 0;
	}
	say_trouble(p, TROUBLE_RECEIVE, &err);
	pause_polls(p, &pauses);
	return -1;
}

static void
poll_more(struct queue_pump *p)
{
	if (p->paused || p->draining || !TAILQ_EMPTY(&p->unread))
		return;
	if (p->service->stalled.code != ERR_NONE) {
		wait_ms(p, STALLED_MS);
		return;
	}
	while (p->polling < p->wanted &&
	    p->nletters + (p->polling + 1) * SQS_BATCH_MAX <=
		QUEUE_PUMP_LETTERS_MAX &&
	    poll_once(p) == 0)
		;
}

static void
go_on(void *arg)
{
	struct queue_pump *p = arg;

	p->paused = false;
	poll_more(p);
}

/* --- public --------------------------------------------------------- */

int
queue_pump_new(const struct service *service, struct doorbell *doorbell,
    struct sns_verifier *verifier, const char *queue_url,
    struct queue_pump **out, struct error *err)
{
	struct queue_pump *p;
	struct sqs *sqs;
	size_t i;

	if (sqs_new(service->aws, service->profile, queue_url, &sqs, err) == -1)
		return -1;
	p = xcalloc(1, sizeof(*p));
	p->service = service;
	p->doorbell = doorbell;
	p->verifier = verifier;
	p->sqs = sqs;
	p->url = xstrdup(queue_url);
	p->arn = sqs_arn(queue_url, sqs_region(sqs));
	p->wanted = 1;
	for (i = 0; i < QUEUE_PUMP_RECEIVES_MAX; i++)
		p->receives[i].pump = p;
	LIST_INIT(&p->letters);
	TAILQ_INIT(&p->unread);
	TAILQ_INIT(&p->changes);
	p->go_timer = loop_timer_new(service->loop, go_on, p);
	p->gather_timer = loop_timer_new(service->loop, send_gathered, p);
	*out = p;
	return 0;
}

void
queue_pump_start(struct queue_pump *p)
{
	log_begin(LOG_INFO, "sqs");
	log_str("queue", p->url);
	log_str("msg", "is asked for notifications");
	log_end();
	loop_timer_set(p->go_timer, 0);
}

static void
break_off(struct queue_pump *p)
{
	size_t i;

	loop_timer_clear(p->go_timer);
	for (i = 0; i < QUEUE_PUMP_RECEIVES_MAX; i++) {
		sqs_cancel(p->receives[i].call);
		p->receives[i].call = NULL;
	}
	p->polling = 0;
}

void
queue_pump_drain(struct queue_pump *p)
{
	p->draining = true;
	break_off(p);
}

bool
queue_pump_busy(const struct queue_pump *p)
{
	return p->nletters > 0 || !TAILQ_EMPTY(&p->changes);
}

void
queue_pump_free(struct queue_pump *p)
{
	struct letter *l, *next;

	if (p == NULL)
		return;
	break_off(p);
	loop_unpost(p->service->loop, p);
	while ((l = TAILQ_FIRST(&p->unread)) != NULL) {
		TAILQ_REMOVE(&p->unread, l, unread);
		letter_free(l);
	}
	while (!TAILQ_EMPTY(&p->changes))
		change_free(TAILQ_FIRST(&p->changes));
	for (l = LIST_FIRST(&p->letters); l != NULL; l = next) {
		next = LIST_NEXT(l, entry);
		if (l->check != NULL) {
			sns_verify_cancel(l->check);
			letter_free(l);
			continue;
		}
		LIST_REMOVE(l, entry);
		l->pump = NULL;
	}
	loop_timer_free(p->go_timer);
	loop_timer_free(p->gather_timer);
	sqs_free(p->sqs);
	free(p->url);
	free(p->arn);
	free(p);
}
