/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job by its id, wherever it is: with the service, where there is one, else
 * in a state file of some run.
 */
#ifndef CMD_FIND_H
#define CMD_FIND_H

#include "base/error.h"
#include "cmd/app.h"
#include "job/job.h"

struct found {
	struct job *job;
	char *path; /* of the state file; NULL: the service has the job */
};

/* ERR_USAGE: that is no id; ERR_NOT_FOUND. *out is to be released. */
int find_job(
    struct app *app, const char *id, struct found *out, struct error *err);
void find_done(struct found *f);

#endif
