/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for jobs, whoever carries them: an engine of this process, another
 * run that holds their state file and is only watched, or a service. Ends when
 * the goal is reached, in time or not.
 */
#ifndef CMD_AWAIT_H
#define CMD_AWAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "cmd/app.h"
#include "job/job.h"

struct await;

enum await_goal {
	AWAIT_ACCEPTED, /* by the service, or DONE */
	AWAIT_DONE,
};

struct await_options {
	enum await_goal goal;
	bool any; /* one job is enough */
	int64_t timeout_ms; /* -1: none; 0: one look at each */
	int64_t max_looks; /* at each job; 0: no limit */
	const char *again; /* how to go on with what is not ready, where a
			      job's id does not say; or NULL */
};

struct await *await_new(struct app *app, const struct await_options *o);
void await_free(struct await *a);

/* New jobs in a state file of their own, named by the first. Takes them. */
int await_submit(struct await *a, const char *folder, struct job **take_jobs,
    size_t n, struct error *err);

/* A job that some state file has: carried on, or watched; once, however
 * often it is named. */
int await_take_up(struct await *a, const char *path, const struct job *job,
    struct error *err);

/* A job that some state file has: given up. ERR_BUSY: another run has it. */
int await_cancel(struct await *a, const char *path, const struct job *job,
    struct error *err);

/* A job that the service has, as it stands; once, however often it is named. */
void await_watch(struct await *a, const struct job *job);

/*
 * Until the goal, the time-out or a signal. STATUS_OK when the goal was
 * reached, whatever the outcomes; else the status, with *err for people.
 */
int await_run(struct await *a, struct error *err);

size_t await_count(const struct await *a);

/* The job as it was last seen, in the order they came in. Borrowed. */
const struct job *await_job(const struct await *a, size_t i);

/* The service that has it, or NULL. Borrowed. */
struct client *await_client(const struct await *a, size_t i);

#endif
