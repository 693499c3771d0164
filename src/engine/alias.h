/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and places that belong to jobs and do not say so: a caller's own
 * inference id, an output that the service named. From them to job ids, in 24
 * bytes a place. Two names may seem to be one: what is found is a hint. Only
 * for files of this folder.
 */
#ifndef ENGINE_ALIAS_H
#define ENGINE_ALIAS_H

#include <stdbool.h>
#include <stddef.h>

#include "job/jobid.h"

struct aliases;

/* Is anybody still interested in that job? */
typedef bool alias_alive_fn(const char *job_id, void *arg);

struct aliases *aliases_new(alias_alive_fn *alive, void *arg);
void aliases_free(struct aliases *a);

/* A pair that is there already is not added again. Pairs of jobs that are not
 * alive go when there is no room for more. */
void alias_add(struct aliases *a, const char *name, const char *job_id);

/* The next job of the name, behind *place, which begins at 0. False: none. */
bool alias_find(const struct aliases *a, const char *name, size_t *place,
    char out[JOBID_SIZE]);

size_t aliases_count(const struct aliases *a);

#endif
