/* SPDX-License-Identifier: Apache-2.0 */
/* Which jobs, deliveries or attempts are meant. Only for this folder. */
#ifndef SERVE_API_FILTER_H
#define SERVE_API_FILTER_H

#include "base/error.h"
#include "serve/api_call.h"
#include "store/store.h"

/* The parameters that are filters, for the lists of routes. */
#define API_JOB_FILTERS \
	"state", "outcome", "endpoint", "tag", "since", "until", "error"
#define API_DELIVERY_FILTERS \
	"state", "target", "job", "event", "since", "until", "error", "status"
#define API_ATTEMPT_FILTERS "outcome", "class", "status", "since", "until"

/* Into the query, which borrows from the call; its page is not touched.
 * ERR_USAGE names the parameter. */
typedef int api_filter_fn(
    const struct api_call *c, struct store_query *q, struct error *err);
api_filter_fn api_filter_jobs;
api_filter_fn api_filter_deliveries;
api_filter_fn api_filter_attempts; /* but for whose they are */

/* None of these names, which end in NULL, was given. */
bool api_filter_none(const struct api_call *c, const char *const *names);

#endif
