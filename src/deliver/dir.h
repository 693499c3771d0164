/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery into a folder. payload raw: JOB.EVENT.ID.out has the bytes, and
 * JOB.EVENT.ID.json, written behind them, the facts (facts.h); else the JSON is
 * the delivery's body, alone. EVENT is the type without "inference.", ID the
 * delivery's without "msg_". A copy writes the same files with the same bytes,
 * so that one which is there already is success; anything else of that name
 * stays, and the attempt fails.
 */
#ifndef DELIVER_DIR_H
#define DELIVER_DIR_H

#include "base/error.h"
#include "base/loop.h"
#include "deliver/driver.h"

struct dir_options {
	struct target_options target;
	struct loop *loop;
	const char *path; /* copied */
};

/* ERR_CONFIG where the folder is not there, or we may not write to it. */
int dir_new(
    const struct dir_options *options, struct target **out, struct error *err);

#endif
