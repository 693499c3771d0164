/* SPDX-License-Identifier: Apache-2.0 */
/* A job as JSON, as `--json` and the API show it. */
#ifndef JOB_JOBJSON_H
#define JOB_JOBJSON_H

#include "base/jsonw.h"
#include "job/job.h"

/* One object; with `full` also what was asked for and each submission. */
void jobjson_write(struct jsonw *w, const struct job *job, bool full);

#endif
