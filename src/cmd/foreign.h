/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job whose request somebody else made: from the places that
 * InvokeEndpointAsync answered to them. Nothing is ever submitted for it.
 */
#ifndef CMD_FOREIGN_H
#define CMD_FOREIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "cmd/app.h"
#include "job/job.h"

struct foreign_options {
	const char *output; /* OutputLocation */
	const char *failure; /* FailureLocation, or NULL */
	const char *endpoint; /* whose section counts, or NULL */
};

/* Is it the text of such a place, and no file's name? */
bool foreign_is_location(const char *text);

/* What can be seen without any network. ERR_USAGE. */
int foreign_check(const struct foreign_options *o, struct error *err);

/*
 * *out is the caller's. Asks S3 whether the buckets are there at all, at most
 * so long: ERR_NOT_FOUND where one is not. What else may stand in the way is
 * the engine's to tell. Runs the loop; ERR_CANCELLED where a signal came.
 */
int foreign_job(struct app *app, const struct foreign_options *o,
    int64_t most_ms, struct job **out, struct error *err);

#endif
