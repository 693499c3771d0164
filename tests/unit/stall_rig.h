/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store on a disk that fails on demand: calls that are not waited for, what
 * became of them, and the store's events. Over store_fixture's folder and loop.
 */
#ifndef TESTS_STALL_RIG_H
#define TESTS_STALL_RIG_H

#include "tests/support/faulty_disk.h"
#include "tests/support/store_fixture.h"

/* One call: given to on_asked as its argument. */
struct asked {
	bool over;
	unsigned order; /* among all that are over, from 1 */
	struct error err; /* code NONE: it went well */
};

struct rig {
	unsigned over; /* calls */
	unsigned events[STORE_CHECKED + 1];
	struct error said; /* by the last event */
};
extern struct rig rig;

int rig_setup(void **state);
int rig_teardown(void **state);

void rig_open(bool reserve);
void on_asked(const struct error *err, void *arg);

/* Turns the loop until the call is over, or an event of a kind came once. */
void rig_await(const struct asked *a);
void rig_await_event(enum store_event event);

/* Waits for it: its error is in fx.err then. */
int rig_insert(const struct job *job);

/* A job with a body of so many bytes. */
struct job *rig_job(size_t len);

/* Of a file beside the state file, or -1. */
int64_t rig_size(const char *suffix);

#endif
