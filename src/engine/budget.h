/* SPDX-License-Identifier: Apache-2.0 */
/* What looking may cost: requests, prices, and what came of both. */
#ifndef ENGINE_BUDGET_H
#define ENGINE_BUDGET_H

#include <stddef.h>
#include <stdint.h>

#include "aws/s3_watch.h"

struct engine;

struct engine_budget {
	int64_t bucket_per_second; /* requests, at most */
	/* Of 1,000 requests, in one unit; only their ratio counts. */
	int64_t price_get;
	int64_t price_list;
};

/* S3's own prices, and a fifth of what it takes, until this is called. */
void engine_set_budget(struct engine *e, const struct engine_budget *b);

/* Counted since the engine began. */
struct engine_request_counts {
	uint64_t sent[S3_KINDS]; /* requests of S3, by enum s3_kind */
	uint64_t slow_downs; /* answers that said "slow down" */
	uint64_t put_off; /* looks and listings that the budget held up */
	size_t waiting; /* … at the moment */
	int64_t rate; /* requests a second that the slowest bucket gets */
	uint64_t listed_keys; /* that listings showed */
	uint64_t listed_jobs; /* … of jobs that waited */
	uint64_t listings_denied;
	uint64_t listings_failed; /* or not to be believed */
	size_t covered; /* jobs that listings look for, now */
};
void engine_count_requests(
    const struct engine *e, struct engine_request_counts *out);

#endif
