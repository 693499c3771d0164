/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of `awaitd batch` know of its options. */
#ifndef CMD_BATCH_H
#define CMD_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "cmd/app.h"
#include "cmd/batch_inputs.h"
#include "cmd/batch_plan.h"
#include "cmd/request.h"

struct batch_options {
	struct request_options request; /* first: its rows are shared */
	const char *output;
	const char *manifest;
	bool null;
	int64_t in_flight;
	int64_t rate;
	int64_t timeout_ms;
	bool retry_failed;
	bool resend_lost;
};

/* --- batch_header.c: what holds for all inputs, as the plan has it ------- */

/*
 * Of a plan that is there: what was not given now is taken from it; what was,
 * and is something else, is ERR_USAGE. Strings are the header's; a list of tags
 * that it has is the caller's. So is the
 * service, or "none", that the jobs are with, where none was named.
 */
int batch_header_apply(const struct batch_plan *p, struct batch_options *o,
    struct cmd_globals *g, struct error *err);

/* The jobs are with whom the plan says; else ERR_USAGE, or ERR_NET. */
int batch_header_check(
    const struct batch_plan *p, const struct app *app, struct error *err);

/* A new header for these options, and whom the jobs will be with. */
int batch_header_make(struct batch_plan *p, const struct batch_options *o,
    const struct app *app, const char *state, struct error *err);

/* The state file of the plan's jobs, or NULL: a service has them. */
const char *batch_header_state(const struct batch_plan *p);

/* --- batch_check.c -------------------------------------------------------- */

/* All that can be checked of inputs before anything is written or sent; what
 * is wrong with single ones stands in in->problems. */
int batch_check(struct app *app, const struct batch_options *o,
    struct batch_inputs *in, struct error *err);

#endif
