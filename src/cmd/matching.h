/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs of all state files that a question wants: what the service's store says
 * of its own jobs, where there is no service.
 */
#ifndef CMD_MATCHING_H
#define CMD_MATCHING_H

#include <stddef.h>

#include "base/error.h"
#include "cmd/app.h"
#include "job/job.h"
#include "store/store.h"

struct match {
	struct job *job; /* without its body */
	char *path; /* of its state file */
};

struct matching {
	struct match *v; /* in the order of the question */
	size_t n;
	size_t left; /* more that match, beyond its limit */
	int status; /* of files that cannot be read, which was said */
};

/* Live runs included. The folder must be one (runs_folder). *out is to be
 * released. */
int matching_find(const char *folder, const struct store_query *q,
    struct matching *out, struct error *err);
/* The same of the state folder that this command has. */
int matching_here(const struct app *app, const struct store_query *q,
    struct matching *out, struct error *err);
void matching_done(struct matching *m);

#endif
