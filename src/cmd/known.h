/* SPDX-License-Identifier: Apache-2.0 */
/* A name or an id that leads to nothing: is it known, or a slip? */
#ifndef CMD_KNOWN_H
#define CMD_KNOWN_H

#include "base/error.h"
#include "cmd/app.h"
#include "job/job.h"

/*
 * Asks the service. 0: it has such a target, or deliveries to one that it had;
 * or it does not say. ERR_NOT_FOUND: neither, and in the hint a name that is
 * near.
 */
int known_target(struct app *app, const char *name, struct error *err);

/* A listing of `many` found nothing; its target (or NULL) may be why. */
void known_none(struct app *app, const char *many, const char *target);

/* It has the form of a delivery's id, or of a job's: ERR_USAGE where not, and
 * in the hint what to do with one of the other. */
int known_delivery_form(const char *id, struct error *err);
int known_job_form(const char *id, struct error *err);

/* The service's answer about a delivery: which one, and where others are.
 * Returns -1. */
int known_delivery_failed(const char *id, struct error *err);

/* The endpoint has no section, but one that is near has: its name, borrowed;
 * else NULL, as for NULL. */
const char *known_endpoint_near(const struct app *app, const char *name);

/*
 * Says something of jobs to people. Where the endpoint that was asked for
 * (NULL: none, or some were found) may be a slip, which one may be meant: that
 * also with --json.
 */
void known_say_jobs(const struct app *app, const char *endpoint,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* What to do about a job that was refused since SageMaker has no such endpoint;
 * of others nothing. */
void known_endpoint_refused(const struct app *app, const struct job *job);

#endif
