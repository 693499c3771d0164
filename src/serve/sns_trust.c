/* SPDX-License-Identifier: Apache-2.0 */
/* The verifier, and what the service knows and does for it. */
#include "serve/sns_trust.h"

#include <stdlib.h>

#include "aws/call.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/http_client.h"
#include "serve/doorbell.h"

struct sns_trust {
	const struct service *service;
	struct http_client *http; /* of certificates alone */
	struct sns_verifier *verifier;
};

/* --- for the verifier ------------------------------------------------ */

static int64_t
now(void *arg)
{
	const struct sns_trust *t = arg;

	return aws_client_now_ms(t->service->aws);
}

static bool
is_likely(const struct sns_message *m, void *arg)
{
	const struct sns_trust *t = arg;
	struct doorbell_note note = {
	    .source = m->topic_arn,
	    .message_id = m->message_id,
	    .text = m->message,
	    .len = m->message_len,
	};

	return m->type == SNS_NOTIFICATION &&
	    doorbell_expects(t->service->doorbell, &note);
}

static void
on_kept(const struct error *err, void *arg)
{
	(void)arg;
	if (err != NULL)
		log_warn("sns", "what was learned of a topic is not kept: %s",
		    err->text);
}

static void
keep(const struct sns_news *news, void *arg)
{
	const struct sns_trust *t = arg;

	log_begin(LOG_INFO, "sns");
	log_str("msg",
	    news->kind == SNS_NEWS_VERSION_2
		? "from now on version 2 is asked of a topic"
		: "another certificate has signed for a topic");
	log_str("topic", news->topic);
	log_str("certificate", news->url);
	log_end();
	store_keep(t->service->store, news->name, news->value, on_kept, NULL);
}

/* --- public ---------------------------------------------------------- */

int
sns_trust_new(
    const struct service *service, struct sns_trust **out, struct error *err)
{
	const struct conf_sns *c = &service->conf->sns;
	struct http_client_options ho = {
	    .user_agent = "awaitd/" PACKAGE_VERSION,
	    .ca_file = service->ca_file,
	};
	struct sns_trust *t = xcalloc(1, sizeof(*t));
	struct sns_verifier_options vo = {
	    .loop = service->loop,
	    .topics = (const char *const *)c->topic.v,
	    .ntopics = c->topic.n,
	    .profile = service->profile,
	    .require_v2 = c->signature_version == CONF_SNS_2,
	    .max_age_ms = c->max_age_ms,
	    .ca_file = c->ca_file,
	    .now = now,
	    .likely = is_likely,
	    .keep = keep,
	    .arg = t,
	};

	*out = NULL;
	t->service = service;
	if (c->topic.n == 0 ||
	    (c->listen == NULL && service->conf->sqs.queue_url.n == 0)) {
		free(t);
		return 0;
	}
	if (http_client_new(service->loop, &ho, &t->http, err) == 0) {
		vo.http = t->http;
		if (sns_verifier_new(&vo, &t->verifier, err) == 0) {
			*out = t;
			return 0;
		}
		err_prefix(err, "[sns]");
	}
	sns_trust_free(t);
	return -1;
}

struct sns_verifier *
sns_trust_verifier(const struct sns_trust *t)
{
	return t != NULL ? t->verifier : NULL;
}

void
sns_trust_recall(struct sns_trust *t, const char *name, const char *value)
{
	if (t != NULL)
		sns_verifier_recall(t->verifier, name, value);
}

void
sns_trust_free(struct sns_trust *t)
{
	if (t == NULL)
		return;
	sns_verifier_free(t->verifier);
	http_client_free(t->http);
	free(t);
}
