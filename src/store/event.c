/* SPDX-License-Identifier: Apache-2.0 */
/* Moves of jobs and deliveries, seen by their rows before and behind them. */
#include "store/event.h"

enum job_event_type
store_event_of_job(enum job_state before, const struct job *job)
{
	static const enum job_event_type types[] = {
	    [JOB_QUEUED] = EVENT_JOB_QUEUED,
	    [JOB_PENDING] = EVENT_JOB_ACCEPTED,
	    [JOB_DONE] = EVENT_JOB_DONE,
	};

	return job->state != before ? types[job->state] : EVENT_NONE;
}

enum job_event_type
store_event_of_delivery(enum delivery_state before, int64_t due_before,
    const struct delivery *d, const struct attempt *a)
{
	static const enum job_event_type types[] = {
	    [DELIVERY_WAITING] = EVENT_DELIVERY_REPLAYED,
	    [DELIVERY_DELIVERED] = EVENT_DELIVERY_DELIVERED,
	    [DELIVERY_DEAD] = EVENT_DELIVERY_DEAD,
	};
	/* An attempt was under way, and is not any more. */
	bool ended = due_before == 0 && a != NULL && a->ended_at != 0;

	if (d->state != before)
		return types[d->state];
	return ended && before == DELIVERY_WAITING ? EVENT_DELIVERY_FAILED
						   : EVENT_NONE;
}
