/* SPDX-License-Identifier: Apache-2.0 */
/* A driver under test: a loop, a parcel of a job that is ok, and what became of
 * the attempt. */
#ifndef DRIVER_RIG_H
#define DRIVER_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "deliver/driver.h"

#define DRIVER_RIG_JOB "01hz4k9p3w7x5v2q8r6t0y1n3b"
#define DRIVER_RIG_ID "msg_7fz4k9p3w7x5v2q8r6t0y1n3b2"

struct driver_rig {
	struct loop *loop;
	struct target *target;
	struct delivery delivery;
	struct job *job;
	struct parcel parcel;
	void *call;
	bool started; /* driver->start() has returned */
	unsigned calls; /* of done */
	struct deliver_result result; /* its strings are copies */
	char *note, *response;
	int fds; /* how many descriptors were open before */
	char *folder; /* of the test's own */
	int64_t took_ms; /* the last driver_rig_run */
	int64_t gap_ms; /* the longest time in which its loop did not turn */
};

struct driver_rig *driver_rig_new(void);
/* Fails the test where a descriptor is left open. */
void driver_rig_free(struct driver_rig *r);

/* The raw body "hello", the event or other bytes; a digest is made. */
void driver_rig_body(struct driver_rig *r, const void *data, size_t len);
/* A nameless file of so many bytes is the body, by reference: its digest. */
char *driver_rig_large(struct driver_rig *r, size_t len);

/* The file's bytes as a source: a little now and then, up to `until`, where it
 * breaks off. The timer is to be freed. */
struct driver_rig_trickle {
	struct deliver_source source;
	struct loop_timer *timer;
	int fd;
	size_t at, until;
	bool later;
	unsigned waits;
};
void driver_rig_trickle(
    struct driver_rig *r, struct driver_rig_trickle *t, size_t until);

int driver_rig_start(struct driver_rig *r, struct error *err);
/* To the end of one attempt. */
void driver_rig_run(struct driver_rig *r);
/* Let the loop work for so long. */
void driver_rig_turn(struct driver_rig *r, int64_t ms);

/* The process's peak of resident memory. */
long driver_rig_peak_kb(void);
/* What was run last had the loop for most of its time. */
#define DRIVER_RIG_ROUNDS 10
bool driver_rig_loop_was_held(const struct driver_rig *r);

#endif
