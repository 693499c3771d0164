/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery to a command of this machine: fixed argv, no shell, the bytes on
 * stdin, the facts in AWAITD_* variables of an otherwise clean environment.
 * Exit 0 is success, 75 is for later, all else is as configured. No process
 * that came of it outlives the attempt, or us.
 */
#ifndef DELIVER_EXEC_H
#define DELIVER_EXEC_H

#include <stdbool.h>

#include "base/error.h"
#include "base/loop.h"
#include "deliver/driver.h"

struct exec_options {
	struct target_options target;
	struct loop *loop;
	const char *const *argv; /* ends in NULL; copied */
	bool other_is_dead; /* an exit status that is neither 0 nor 75 */
};

/* ERR_CONFIG where the program is not there or is none. */
int exec_new(
    const struct exec_options *options, struct target **out, struct error *err);

#endif
