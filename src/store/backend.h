/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a database does for the store, as plain blocking code that only the
 * store's thread calls (open and close excepted, when there is no thread).
 */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H

#include <stddef.h>

#include "job/job.h"
#include "store/store.h"

/* Which jobs backend.load reads. */
enum store_filter { STORE_ONE, STORE_ALL, STORE_UNFINISHED };

struct store_backend {
	int (*open)(
	    const struct store_options *options, void **out, struct error *err);
	void (*close)(void *db);

	/* Everything between is on disk once commit returned 0. An error of
	 * commit that is retryable (no room, for one) left all as it was; after
	 * any other nothing is believed any more. */
	int (*begin)(void *db, struct error *err);
	int (*commit)(void *db, struct error *err);
	void (*rollback)(void *db);

	int (*insert)(void *db, const struct job *job, struct error *err);
	int (*save)(
	    void *db, const struct job *job, unsigned n, struct error *err);

	/* Into NULL and 0. *jobs and its items are the caller's. */
	int (*load)(void *db, enum store_filter filter, const char *id,
	    struct job ***jobs, size_t *n, struct error *err);
};

extern const struct store_backend store_sqlite;

#endif
