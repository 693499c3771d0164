/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts by themselves as JSON, as `--json` and the API show them. */
#ifndef JOB_ATTEMPTJSON_H
#define JOB_ATTEMPTJSON_H

#include <stdbool.h>

#include "base/error.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "job/attempt_entry.h"

/* One object; with `full` also the header fields, each as
 * {"name": …, "value": …} in the order in which they stood. */
void attemptjson_write(
    struct jsonw *w, const struct attempt_entry *e, bool full);

/* The inverse, as jobjson_parse() has it. *out is the caller's. */
int attemptjson_parse(
    const struct json *j, struct attempt_entry **out, struct error *err);

#endif
