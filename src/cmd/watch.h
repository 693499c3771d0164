/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs of a service, watched until they are done: questions that the service
 * answers when there is news, a few of them at a time.
 */
#ifndef CMD_WATCH_H
#define CMD_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "cmd/client.h"
#include "job/job.h"

struct watch;

enum watch_event {
	WATCH_SEEN, /* the job as it stands now */
	WATCH_TROUBLE, /* nobody was heard; it goes on */
	WATCH_FAILED, /* it does not go on */
};

/* `job` is NULL where err is not. Both are borrowed. Must not free the watch.
 */
typedef void watch_fn(enum watch_event event, const struct job *job,
    const struct error *err, void *arg);

/* This one alone does not go on: the service says so. Both are borrowed. */
typedef void watch_lost_fn(const char *id, const struct error *err, void *arg);

/* So long nobody may be heard before it fails. */
#define WATCH_PATIENCE_MS 20000

struct watch_options {
	struct loop *loop;
	struct client *client;
	bool accepted; /* is enough; else it is done */
	bool once; /* look, do not wait */
	int64_t patience_ms; /* 0: WATCH_PATIENCE_MS */
	unsigned at_once; /* long questions at a time; 0: a few */
	watch_fn *fn;
	watch_lost_fn *lost; /* or NULL: that is WATCH_FAILED */
	void *arg;
};

struct watch *watch_new(const struct watch_options *options);
void watch_free(struct watch *w);

/* The id must be one. */
void watch_add(struct watch *w, const char *id);

#endif
