/* SPDX-License-Identifier: Apache-2.0 */
/* Which deliveries are meant. Only for files of this folder. */
#ifndef SERVE_API_FILTER_H
#define SERVE_API_FILTER_H

#include "base/error.h"
#include "serve/api_call.h"
#include "store/store.h"

/* The parameters that api_filter() takes, for the lists of routes. */
#define API_FILTER_NAMES \
	"state", "target", "job", "event", "since", "until", "error", "status"

/* Into the query, which borrows from the call; its page is not touched.
 * ERR_USAGE names the parameter. */
int api_filter(
    const struct api_call *c, struct store_query *q, struct error *err);

/* None of them was given. */
bool api_filter_none(const struct api_call *c);

#endif
