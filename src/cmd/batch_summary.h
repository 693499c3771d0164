/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a batch, told by reason; from results.jsonl. */
#ifndef CMD_BATCH_SUMMARY_H
#define CMD_BATCH_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "cmd/app.h"
#include "cmd/batch_plan.h"
#include "cmd/batch_results.h"

struct batch_summary {
	const struct app *app;
	const struct batch_plan *plan;
	struct batch_results *results;
	const char *dir; /* as the user named it */
	size_t lost, unread;
	const struct error *lost_why, *unread_why;
	int64_t took_ms;
	int status; /* of what is not in results.jsonl: it stopped early */
};

/* On stderr for people, with --json as one object on stdout. The worst status
 * of all that ended, and of s->status. */
int batch_summarize(const struct batch_summary *s);

/* The first line of a text, without what differs from one to the next: ids
 * and long numbers. */
#define BATCH_REASON_SIZE 160
void batch_reason(const char *text, char out[BATCH_REASON_SIZE]);

#endif
