/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a result's bytes go: stdout, a device or pipe that is there, or a file
 * that appears whole or not at all.
 */
#ifndef CMD_OUTPUT_H
#define CMD_OUTPUT_H

#include "base/error.h"
#include "cmd/app.h"
#include "job/job.h"

/*
 * Could the file be written? ERR_USAGE tells before anything is sent; what
 * changes until the result is there is told then.
 */
int output_check(const char *file, struct error *err);

/*
 * What the result_ members of a job name (see remote_result), from the service
 * that has the job, or from S3 (NULL); a file NULL or "-" is stdout. Runs the
 * loop. A signal that breaks off the writing of a file is ERR_CANCELLED and
 * stands in app->signo; one that meets stdout or a pipe does what it does by
 * default.
 */
int output_write(struct app *app, const struct job *job,
    const struct client *service, const char *file, struct error *err);

#endif
