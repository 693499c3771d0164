/* SPDX-License-Identifier: Apache-2.0 */
/* One line a minute. */
#include "serve/quiet.h"

#include "base/clock.h"

#define QUIET_MS 60000

bool
quiet_over(struct quiet *q, int64_t *skipped)
{
	int64_t now = clock_mono_ms();

	if (now < q->next_at) {
		q->skipped++;
		return false;
	}
	*skipped = q->skipped;
	q->skipped = 0;
	q->next_at = now + QUIET_MS;
	return true;
}
