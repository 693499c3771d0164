/* SPDX-License-Identifier: Apache-2.0 */
/* A service does the same to all that match: request after request, since each
 * takes so many and no more. */
#ifndef CMD_REMOTE_BULK_H
#define CMD_REMOTE_BULK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "cmd/app.h"
#include "cmd/remote.h"
#include "store/store.h"

struct remote_bulk {
	const char *path; /* "/v1/jobs/retry" */
	const char *done; /* "retried" */
	const struct store_query *jobs; /* which; one of both */
	const struct remote_query *deliveries;
	bool dry_run; /* they are only counted */
	bool again; /* of a retry: those that have one, too */
	int64_t limit; /* 0: however many */
	/* The id of a job that was made, as it is told; or NULL. */
	void (*made)(const char *id, void *arg);
	void *arg;
};

struct remote_bulk_end {
	int64_t n; /* that were done, or match */
	int64_t skipped; /* match, and were passed over */
};

/* *out also behind an error: of the requests before it. */
int remote_bulk(struct app *app, const struct remote_bulk *b,
    struct remote_bulk_end *out, struct error *err);

#endif
