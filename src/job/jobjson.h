/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs and deliveries as JSON, as `--json` and the API show them. */
#ifndef JOB_JOBJSON_H
#define JOB_JOBJSON_H

#include <stdbool.h>

#include "base/error.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "job/delivery.h"
#include "job/job.h"

/* One object; with `full` also what was asked for, each submission and each
 * delivery. */
void jobjson_write(struct jsonw *w, const struct job *job, bool full);

/* One object; with `full` also what it carries and each attempt that d has. */
void jobjson_write_delivery(
    struct jsonw *w, const struct delivery *d, bool full);

/* The members of an attempt, without its header fields, into an object that is
 * open. */
void jobjson_write_attempt(struct jsonw *w, const struct attempt *a);

/*
 * The inverse, of what anybody may have written: members that are unknown are
 * passed over, of others a wrong type or value is ERR_PROTOCOL. *out is the
 * caller's.
 */
int jobjson_parse(const struct json *j, struct job **out, struct error *err);
int jobjson_parse_delivery(
    const struct json *j, struct delivery **out, struct error *err);

/* Into *a, which is zeroed and the caller's, also behind an error. */
int jobjson_parse_attempt(
    const struct json *j, struct attempt *a, struct error *err);

#endif
