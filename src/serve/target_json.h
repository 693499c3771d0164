/* SPDX-License-Identifier: Apache-2.0 */
/* How a target is, as JSON: what the API says and a command reads. */
#ifndef SERVE_TARGET_JSON_H
#define SERVE_TARGET_JSON_H

#include "base/error.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "engine/health.h"

/* One object of an array, or alone. */
void target_json_write(struct jsonw *w, const struct health *h);

/* The inverse. Strings are the document's, borrowed. ERR_PROTOCOL. */
int target_json_parse(
    const struct json *j, struct health *out, struct error *err);

#endif
