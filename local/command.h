/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model as a command: one process a request, the payload on its standard
 * input, the result from its standard output, both files. A status other
 * than 0 is a failure whose text is the end of its standard error.
 */
#ifndef LOCAL_COMMAND_H
#define LOCAL_COMMAND_H

#include "local/model.h"

/* See model_new. */
int command_new(
    const struct model_options *options, struct model **out, struct error *err);

#endif
