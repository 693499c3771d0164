/* SPDX-License-Identifier: Apache-2.0 */
/* An attempt by itself, with what it was of: a row of a listing. */
#ifndef JOB_ATTEMPT_ENTRY_H
#define JOB_ATTEMPT_ENTRY_H

#include <stddef.h>
#include <stdint.h>

#include "job/attempt.h"
#include "job/delivery.h"
#include "job/jobid.h"

/* "DELIVERY.N": where a page of them begins. */
#define ATTEMPT_PLACE_SIZE (DELIVERY_ID_SIZE + 12)

struct attempt_entry {
	struct attempt a;
	char delivery[DELIVERY_ID_SIZE];
	char job[JOBID_SIZE];
	char place[ATTEMPT_PLACE_SIZE];
	char *target;
	char *event;
	/* Of the delivery, where it waits and this was its last; or 0. */
	int64_t next_attempt_at;
	char *verdict; /* of a trial (deliver/trial.h); or NULL */
};

/* Copies both. */
struct attempt_entry *attempt_entry_new(
    const struct delivery *d, const struct attempt *a);
void attempt_entry_free(struct attempt_entry *e);

void attempt_place(const struct attempt_entry *e, char out[ATTEMPT_PLACE_SIZE]);

/* The inverse: 0, or -1 with outputs untouched. */
int attempt_place_parse(
    const char *text, char delivery[DELIVERY_ID_SIZE], unsigned *n);

#endif
