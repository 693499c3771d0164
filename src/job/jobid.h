/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Job ids: ULIDs in lower case. 48 bits of time, 80 of chance, 26 characters
 * that sort by time bytewise; within one process they never go backwards.
 */
#ifndef JOB_JOBID_H
#define JOB_JOBID_H

#include <stdbool.h>
#include <stdint.h>

#define JOBID_LEN 26
#define JOBID_SIZE (JOBID_LEN + 1)

void jobid_new(char out[JOBID_SIZE]);

bool jobid_ok(const char *s);

/* The instant of a well-formed id. */
int64_t jobid_time(const char *id);

#endif
