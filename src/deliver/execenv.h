/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment of a handler: the facts of one attempt as AWAITD_*, a few
 * variables of our own that programs need, and nothing else; no credentials.
 */
#ifndef DELIVER_EXECENV_H
#define DELIVER_EXECENV_H

#include "deliver/driver.h"

/* Longer values are cut: what is read from outside must not fill up the room
 * that execve(2) has. */
#define EXECENV_VALUE_MAX 4096

/*
 * "NAME=value" … NULL; the caller's (execenv_free). What is not known is
 * empty. Values are one line each: control characters become blanks.
 */
char **execenv_new(const struct parcel *p);
void execenv_free(char **env);

#endif
