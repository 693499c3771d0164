/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inputs become jobs that somebody carries: the service, where there is one,
 * else an engine of this process with a state file of its own.
 */
#ifndef CMD_HANDIN_H
#define CMD_HANDIN_H

#include <stdbool.h>

#include "base/error.h"
#include "cmd/app.h"
#include "cmd/await.h"
#include "cmd/request.h"

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

#endif
