/* SPDX-License-Identifier: Apache-2.0 */
/* All queues, as one. */
#include "serve/queues.h"

#include <stdlib.h>

#include "aws/sns_verify.h"
#include "base/mem.h"
#include "net/http_client.h"
#include "serve/queue_pump.h"

struct queues {
	struct http_client *http; /* of certificates; or NULL */
	struct sns_verifier *verifier;
	struct queue_pump **v;
	size_t n;
};

/* Of the topics that are believed; where there are none nothing is vouched
 * for. */
static int
open_verifier(
    struct queues *q, const struct service *service, struct error *err)
{
	const struct conf_sns *c = &service->conf->sns;
	struct http_client_options ho = {
	    .user_agent = "awaitd/" PACKAGE_VERSION,
	    .ca_file = service->ca_file,
	};
	struct sns_verifier_options vo = {
	    .loop = service->loop,
	    .topics = (const char *const *)c->topic.v,
	    .ntopics = c->topic.n,
	    .profile = service->profile,
	    .require_v2 = c->signature_version == CONF_SNS_2,
	    .max_age_ms = c->max_age_ms,
	    .ca_file = c->ca_file,
	};

	if (c->topic.n == 0)
		return 0;
	if (http_client_new(service->loop, &ho, &q->http, err) == -1)
		return -1;
	vo.http = q->http;
	if (sns_verifier_new(&vo, &q->verifier, err) == 0)
		return 0;
	return err_prefix(err, "[sns]");
}

int
queues_open(const struct service *service, struct doorbell *doorbell,
    struct queues **out, struct error *err)
{
	const struct conf_list *urls = &service->conf->sqs.queue_url;
	struct queues *q;
	size_t i;

	*out = NULL;
	if (urls->n == 0)
		return 0;
	q = xcalloc(1, sizeof(*q));
	q->v = xcalloc(urls->n, sizeof(*q->v));
	if (open_verifier(q, service, err) == -1) {
		queues_free(q);
		return -1;
	}
	for (; q->n < urls->n; q->n++) {
		if (queue_pump_new(service, doorbell, q->verifier,
			urls->v[q->n], &q->v[q->n], err) == 0)
			continue;
		err_prefix(err, "[sqs] queue_url");
		queues_free(q);
		return -1;
	}
	for (i = 0; i < q->n; i++)
		queue_pump_start(q->v[i]);
	*out = q;
	return 0;
}

void
queues_drain(struct queues *q)
{
	size_t i;

	for (i = 0; q != NULL && i < q->n; i++)
		queue_pump_drain(q->v[i]);
}

bool
queues_busy(const struct queues *q)
{
	size_t i;

	for (i = 0; q != NULL && i < q->n; i++) {
		if (queue_pump_busy(q->v[i]))
			return true;
	}
	return false;
}

void
queues_free(struct queues *q)
{
	size_t i;

	if (q == NULL)
		return;
	for (i = 0; i < q->n; i++)
		queue_pump_free(q->v[i]);
	sns_verifier_free(q->verifier);
	http_client_free(q->http);
	free(q->v);
	free(q);
}
