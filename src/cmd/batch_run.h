/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run of a batch: as many items in flight as may be, the result of each in
 * its place, then its line in results.jsonl.
 */
#ifndef CMD_BATCH_RUN_H
#define CMD_BATCH_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "cmd/app.h"
#include "cmd/batch_carrier.h"
#include "cmd/batch_plan.h"
#include "cmd/batch_results.h"

struct batch_run;

struct batch_run_options {
	struct app *app;
	struct batch_plan *plan;
	struct batch_results *results;
	unsigned in_flight; /* at most, submitted and without their result */
	int64_t rate; /* submissions a second; 0: no limit */
	int64_t timeout_ms; /* 0 or less: none */
	bool resend_lost; /* what nobody can tell of is asked for anew */
};

struct batch_run *batch_run_new(const struct batch_run_options *o);
void batch_run_free(struct batch_run *r);

/* What a carrier tells is told to the run. */
void batch_run_news(struct batch_run *r, struct batch_news *out);

/* Its own from here on. */
void batch_run_carrier(struct batch_run *r, struct batch_carrier *take_c);

/*
 * Until every item ended, a signal, the time-out, or something that stops it
 * all (-1). Submissions under way are brought to an end.
 */
int batch_run(struct batch_run *r, struct error *err);

/* The time-out ended it. */
bool batch_run_late(const struct batch_run *r);

/* Of those that nobody can tell of any more: how many, and the last reason;
 * and of those whose result could not be read. */
size_t batch_run_lost(const struct batch_run *r, struct error *why);
size_t batch_run_unread(const struct batch_run *r, struct error *why);

#endif
