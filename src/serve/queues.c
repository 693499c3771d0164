/* SPDX-License-Identifier: Apache-2.0 */
/* All queues, as one. */
#include "serve/queues.h"

#include <stdlib.h>

#include "base/mem.h"
#include "serve/queue_pump.h"

struct queues {
	struct queue_pump **v;
	size_t n;
};

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
	for (; q->n < urls->n; q->n++) {
		if (queue_pump_new(service, doorbell, service->verifier,
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
	free(q->v);
	free(q);
}
