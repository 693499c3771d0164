/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts of a listing. */
#include "job/attempt_entry.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

struct attempt_entry *
attempt_entry_new(const struct delivery *d, const struct attempt *a)
{
	struct attempt_entry *e = xcalloc(1, sizeof(*e));

	attempt_copy(&e->a, a);
	memcpy(e->delivery, d->id, DELIVERY_ID_SIZE);
	memcpy(e->job, d->job_id, JOBID_SIZE);
	attempt_place(e, e->place);
	e->target = xstrdup(d->target);
	e->event = xstrdup(d->event);
	if (d->state == DELIVERY_WAITING && d->attempts == a->n)
		e->next_attempt_at = d->due_at;
	return e;
}

void
attempt_entry_free(struct attempt_entry *e)
{
	if (e == NULL)
		return;
	attempt_done(&e->a);
	free(e->target);
	free(e->event);
	free(e->verdict);
	free(e);
}

void
attempt_place(const struct attempt_entry *e, char out[ATTEMPT_PLACE_SIZE])
{
	snprintf(out, ATTEMPT_PLACE_SIZE, "%s.%u", e->delivery, e->a.n);
}

int
attempt_place_parse(
    const char *text, char delivery[DELIVERY_ID_SIZE], unsigned *n)
{
	size_t len = strcspn(text, ".");
	char id[DELIVERY_ID_SIZE];
	int64_t number;

	if (text[len] == '\0' || len >= sizeof(id))
		return -1;
	memcpy(id, text, len);
	id[len] = '\0';
	if (!delivery_id_ok(id) || text[len + 1] == '0' ||
	    str_to_i64(text + len + 1, 1, INT_MAX, &number) == -1)
		return -1;
	memcpy(delivery, id, sizeof(id));
	*n = (unsigned)number;
	return 0;
}
