/* SPDX-License-Identifier: Apache-2.0 */
/* Which event a change of a row is. Only for backends. */
#ifndef STORE_EVENT_H
#define STORE_EVENT_H

#include "job/job_event.h"

/* EVENT_NONE where the job stays what it was. */
enum job_event_type store_event_of_job(
    enum job_state before, const struct job *job);

/* What a delivery's row said before, and what is saved; `a` may be NULL. */
enum job_event_type store_event_of_delivery(enum delivery_state before,
    int64_t due_before, const struct delivery *d, const struct attempt *a);

#endif
