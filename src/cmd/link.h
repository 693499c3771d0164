/* SPDX-License-Identifier: Apache-2.0 */
/* A result's address for somebody without credentials, on stdout. */
#ifndef CMD_LINK_H
#define CMD_LINK_H

#include <stdint.h>

#include "base/error.h"
#include "cmd/app.h"
#include "job/job.h"

/*
 * Of what the result_ members of a job name (see output_write), from the
 * service that has the job, or from S3 (NULL), for so many seconds or as long
 * as the credentials hold. Who has it can read the result: stderr says so.
 */
int link_print(struct app *app, const struct job *job,
    const struct client *service, int64_t valid_s, struct error *err);

/* The time is one that S3 takes, in whole seconds; else ERR_USAGE. */
#define LINK_DEFAULT_MS 3600000
int link_check(int64_t ms, struct error *err);

#endif
