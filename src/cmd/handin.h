/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inputs become jobs that somebody carries: the service, where there is one,
 * else an engine of this process with a state file of its own.
 */
#ifndef CMD_HANDIN_H
#define CMD_HANDIN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "cmd/app.h"
#include "cmd/await.h"
#include "cmd/request.h"
#include "net/header.h"

struct handin {
	const struct request_options *request;
	char **words; /* each an INPUT */
	int n; /* 0: --input-location is the one input */
	bool
	    deliver; /* to the endpoint's targets, unless --deliver says more */
};

/*
 * Everything that can be checked is checked before the first input goes. A
 * service may have taken some when it refuses the next: those are in the
 * await, the error is of the first that is not.
 */
int handin(struct app *app, const struct handin *h, struct await *a,
    struct error *err);

/*
 * What POST /v1/jobs is told of one input: with a location (https:, s3:) all in
 * *json, else in header fields alone, and the input is the body. Both are the
 * caller's, new; ERR_USAGE where that is too much.
 */
int handin_form(const struct handin *h, const struct conf_endpoint *endpoint,
    const char *location, struct headers *out, struct buf *json,
    struct error *err);

/* What a command carries by itself nobody else hears of: ERR_USAGE. */
int handin_check_teller(
    const struct app *app, const struct request_options *o, struct error *err);

/* Options that a service would not hear of: ERR_USAGE where there is one. */
int handin_refuse_options(
    const struct app *app, const struct request_options *o, struct error *err);

#endif
