/* SPDX-License-Identifier: Apache-2.0 */
/* What a question wants, for those who have the row already. */
#include <string.h>

#include "base/str.h"
#include "store/backend.h"

/* Of letters, only those of ASCII: as SQLite's lower() has it. */
static bool
has_part(const char *text, const char *part)
{
	size_t i;

	if (text == NULL)
		return false;
	for (;; text++) {
		for (i = 0;
		     part[i] != '\0' && str_lower_char(text[i]) == part[i]; i++)
			continue;
		if (part[i] == '\0')
			return true;
		if (*text == '\0')
			return false;
	}
}

static bool
in_time(const struct store_ask *ask, const struct delivery *d)
{
	int64_t at = d->state == DELIVERY_DEAD ? d->ended_at : d->created_at;

	return (ask->since_at == 0 || at >= ask->since_at) &&
	    (ask->until_at == 0 || at < ask->until_at);
}

bool
store_ask_wants(const struct store_ask *ask, const struct delivery *d)
{
	return (ask->state == STORE_ANY || ask->state == (int)d->state) &&
	    (ask->target == NULL || str_eq(ask->target, d->target)) &&
	    (ask->job == NULL || str_eq(ask->job, d->job_id)) &&
	    (ask->event == NULL || str_eq(ask->event, d->event)) &&
	    (!ask->by_status || ask->status == d->last_status) &&
	    in_time(ask, d) &&
	    (ask->note == NULL || has_part(d->note, ask->note));
}
