/* SPDX-License-Identifier: Apache-2.0 */
/* Which events somebody wants to hear of. Only for files of this folder. */
#ifndef SERVE_EVENT_FILTER_H
#define SERVE_EVENT_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "job/job_event.h"

/* NULL, 0: any. */
struct event_filter {
	unsigned types; /* a bit for each */
	char **jobs; /* sorted ids */
	size_t njobs;
	char *endpoint;
	char *tag;
	char *target;
};

/* "job.done,delivery.*", "ID,ID". ERR_USAGE, with the filter as it was. */
int event_filter_types(
    struct event_filter *f, const char *text, struct error *err);
int event_filter_jobs(
    struct event_filter *f, const char *text, struct error *err);

void event_filter_done(struct event_filter *f);

bool event_filter_wants(
    const struct event_filter *f, const struct job_event *e);

#endif
