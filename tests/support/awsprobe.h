/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of awsprobe.c. */
#ifndef SUPPORT_AWSPROBE_H
#define SUPPORT_AWSPROBE_H

#include "base/json.h"
#include "base/jsonw.h"

/*
 * One JSON line on stdout for each case: its name, the environment and the
 * question, with @DIR@, @PEER@, @LONG@ and @TAB@ filled in; its files are made
 * below `dir`. `peer` is a URL, or NULL: then the cases that need one are left
 * out. Exits where the cases are wrong.
 */
void awsprobe_prepare(
    const struct json *cases, const char *dir, const char *peer);

/* The members of the answer to a question, by what the environment says. */
void awsprobe_answer(const struct json *ask, struct jsonw *w);

#endif
