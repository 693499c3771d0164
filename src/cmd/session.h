/* SPDX-License-Identifier: Apache-2.0 */
/* One state file with an engine on it. */
#ifndef CMD_SESSION_H
#define CMD_SESSION_H

#include "base/error.h"
#include "cmd/app.h"
#include "engine/engine.h"

struct session;

/* ERR_BUSY where another process has the file. */
int session_open(struct app *app, const char *path, bool must_exist,
    engine_event_fn *event, void *arg, struct session **out, struct error *err);

/* Stops, writes what is queued, lets go. */
void session_close(struct session *s);

void session_submit(struct session *s, struct job *take_job);

/*
 * Carry on everything in the file that is not done, and tell of the rest. A
 * file that cannot be read is ENGINE_BROKEN with no job.
 */
void session_adopt(struct session *s);

/* Carry on this one job, only to give it up. */
void session_cancel(struct session *s, const char *id);

/* What it is made of, for who goes on with jobs one by one. Borrowed. */
struct store *session_store(const struct session *s);
struct engine *session_engine(const struct session *s);

const char *session_path(const struct session *s);

#endif
