/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subscriptions are confirmed by a signed call, made of the topic and the token
 * alone: nothing is ever fetched from a message. Nobody who sees a notification
 * can then end the subscription by its UnsubscribeURL.
 */
#include <stdlib.h>
#include <string.h>

#include "aws/sns_api.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/sns_inner.h"

/* Of one topic; those are few, as only configured ones come here. */
struct confirm {
	TAILQ_ENTRY(confirm) entry;
	struct sns_confirms *of;
	char *topic;
	char *token; /* that was confirmed last, or is being */
	bool confirmed;
	struct quiet quiet; /* of failures: it may be sent again */
	struct sns_call *call; /* under way, or NULL */
	sns_confirmed_result_fn *done;
	void *arg;
};

struct sns_confirms {
	const struct service *service;
	TAILQ_HEAD(, confirm) topics;
};

struct sns_confirms *
sns_confirms_new(const struct service *service)
{
	struct sns_confirms *v = xcalloc(1, sizeof(*v));

	v->service = service;
	TAILQ_INIT(&v->topics);
	return v;
}

void
sns_confirms_free(struct sns_confirms *v)
{
	struct confirm *c;

	if (v == NULL)
		return;
	while ((c = TAILQ_FIRST(&v->topics)) != NULL) {
		TAILQ_REMOVE(&v->topics, c, entry);
		if (c->call != NULL)
			sns_call_cancel(c->call);
		free(c->topic);
		hash_wipe_free(&c->token);
		free(c);
	}
	free(v);
}

static struct confirm *
find(struct sns_confirms *v, const char *topic)
{
	struct confirm *c;

	TAILQ_FOREACH (c, &v->topics, entry) {
		if (str_eq(c->topic, topic))
			return c;
	}
	c = xcalloc(1, sizeof(*c));
	c->of = v;
	c->topic = xstrdup(topic);
	TAILQ_INSERT_TAIL(&v->topics, c, entry);
	return c;
}

static void
log_failure(struct confirm *c, const struct error *err)
{
	struct error e = *err;
	int64_t skipped = 0;

	err_prefix(&e, "the subscription to %s is not confirmed", c->topic);
	if (e.hint[0] == '\0')
		err_hint(&e,
		    "Mend that, then subscribe again: 'aws sns subscribe' has "
		    "SNS send a new confirmation.");
	log_begin(
	    quiet_over(&c->quiet, &skipped) ? LOG_ERROR : LOG_DEBUG, "sns");
	log_err(&e);
	if (skipped > 0)
		log_int("not_logged", skipped);
	log_end();
}

/* A token that SNS does not take, and a topic that is not there, will not do
 * the next time. All else may be mended within SNS's retries. */
static enum sns_confirmed
judge(const struct error *err)
{
	return err->code == ERR_REFUSED || err->code == ERR_NOT_FOUND
	    ? SNS_CONFIRM_NEVER
	    : SNS_CONFIRM_LATER;
}

static void
on_confirmed(const char *subscription_arn, const struct error *err, void *arg)
{
	struct confirm *c = arg;

	c->call = NULL;
	c->confirmed = err == NULL;
	if (err != NULL) {
		log_failure(c, err);
		c->done(judge(err), c->arg);
		return;
	}
	log_begin(LOG_INFO, "sns");
	log_str("msg", "subscription confirmed");
	log_str("topic", c->topic);
	log_str("subscription", subscription_arn);
	log_end();
	c->done(SNS_CONFIRMED, c->arg);
}

void
sns_confirms_ask(struct sns_confirms *v, const struct sns_message *m,
    sns_confirmed_result_fn *done, void *arg)
{
	const struct service *s = v->service;
	struct confirm *c = find(v, m->topic_arn);
	struct error err;

	if (c->call != NULL) {
		done(SNS_CONFIRM_LATER, arg);
		return;
	}
	/* A copy; whoever sends it again and again costs no call. */
	if (c->confirmed && str_eq(c->token, m->token)) {
		done(SNS_CONFIRMED, arg);
		return;
	}
	hash_wipe_free(&c->token);
	c->token = xstrdup(m->token);
	c->confirmed = false;
	c->done = done;
	c->arg = arg;
	if (sns_confirm_subscription(s->aws, s->profile, c->topic, c->token,
		on_confirmed, c, &c->call, &err) == 0)
		return;
	log_failure(c, &err);
	done(judge(&err), arg);
}
