/* SPDX-License-Identifier: Apache-2.0 */
/* Events: released, named. */
#include "job/job_event.h"

#include <stdlib.h>

/* By which move each comes. */
static const struct {
	const char *name;
	const char *state;
} types[EVENT_TYPES] = {
    [EVENT_JOB_QUEUED] = {"job.queued", "queued"},
    [EVENT_JOB_ACCEPTED] = {"job.accepted", "pending"},
    [EVENT_JOB_DONE] = {"job.done", "done"},
    [EVENT_JOB_LATE] = {"job.late", "done"},
    [EVENT_JOB_WITHDRAWN] = {"job.withdrawn", "withdrawn"},
    [EVENT_DELIVERY_FAILED] = {"delivery.failed", "waiting"},
    [EVENT_DELIVERY_DELIVERED] = {"delivery.delivered", "delivered"},
    [EVENT_DELIVERY_DEAD] = {"delivery.dead", "dead"},
    [EVENT_DELIVERY_REPLAYED] = {"delivery.replayed", "waiting"},
};

void
job_event_free(struct job_event *e)
{
	if (e == NULL)
		return;
	free(e->endpoint);
	free(e->tags);
	free(e->error_code);
	free(e->target);
	free(e->event);
	free(e->note);
	free(e->error_class);
	free(e);
}

const char *
job_event_name(enum job_event_type type)
{
	return types[type].name;
}

const char *
job_event_state(enum job_event_type type)
{
	return types[type].state;
}

bool
job_event_of_delivery(enum job_event_type type)
{
	return type >= EVENT_DELIVERY_FAILED;
}
