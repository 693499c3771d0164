/* SPDX-License-Identifier: Apache-2.0 */
/* From queues to the doorbell. */
#include "serve/queues.h"

#include <stddef.h>

int
queues_open(const struct service *service, struct doorbell *doorbell,
    struct queues **out, struct error *err)
{
	(void)doorbell;
	*out = NULL;
	if (service->conf->sqs.queue_url.n == 0)
		return 0;
	return err_set(err, ERR_CONFIG, "[sqs] queue_url cannot be served yet");
}

void
queues_drain(struct queues *q)
{
	(void)q;
}

bool
queues_busy(const struct queues *q)
{
	(void)q;
	return false;
}

void
queues_free(struct queues *q)
{
	(void)q;
}
