/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the memory backend. Only for memory*.c. */
#ifndef STORE_MEMORY_ROW_H
#define STORE_MEMORY_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "store/backend.h"

/* First in every row: its key lies in what never changes of it. */
struct row {
	TAILQ_ENTRY(row) entry; /* in the order of the inserts */
	const char *key;
	bool gone;
};
TAILQ_HEAD(rows, row);

struct table {
	struct rows rows;
	void *tree; /* by key, tsearch(3) */
};

struct job_row {
	struct row row;
	char id[JOBID_SIZE];
	struct job_spec spec; /* never changes */
	struct job *job; /* the rest: no spec, no deliveries */
	struct delivery_row **deliveries; /* in their order; borrowed */
	size_t ndeliveries;
};

struct delivery_row {
	struct row row;
	char id[DELIVERY_ID_SIZE];
	struct delivery *d; /* without the body */
	void *body;
	struct job_row *of;
};

struct key_row {
	struct row row;
	char *key;
	char *hash;
	char job_id[JOBID_SIZE];
	int64_t created_at;
};

struct note_row {
	struct row row;
	char *name;
	char *value;
};

struct notice_row {
	struct row row;
	char *key;
	int64_t forget_at;
};

struct told_row {
	struct row row;
	char *key;
	struct store_told told;
};

struct attempt_row {
	struct row row;
	char key[ATTEMPT_PLACE_SIZE];
	struct delivery_row *of;
	unsigned n;
};

#endif
