/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs and deliveries at rest: the verbs and what each promises. The work
 * happens on a thread of its own; what queued up during one commit becomes the
 * next transaction. `done` runs on the loop, after the commit, in the order of
 * the calls: what it reports as written is on disk.
 *
 * A message owns its data: jobs and deliveries are copied in, and handed out
 * as new ones, which are the callee's (the arrays are not).
 *
 * Every row has an owner and an epoch: a worker writes to rows of its own, and
 * who takes one over raises its epoch, so that what a former owner still
 * writes changes nothing. Every row has a checksum, too: one that is not what
 * was written is set aside, told of once (STORE_DAMAGED), and never used;
 * asked for by its id it is ERR_DAMAGED, lists leave it out.
 *
 * Where nothing can be written (no room, a file system that is read-only, a
 * write that fails) the store is stalled: new jobs are refused at once
 * (ERR_STORE, retryable), all other writes wait in their order, reading goes on
 * past them, and it resumes by itself. After a failed fsync nobody knows what
 * the disk has: then nothing is written any more (STORE_BROKEN, ERR_STORE, not
 * retryable).
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "job/job.h"
#include "store/store_events.h"
#include "store/store_notice.h"
#include "store/store_read.h"
#include "store/store_write.h"

struct store;

enum store_event {
	STORE_STALLED, /* err says why nothing can be written now */
	STORE_RESUMED,
	STORE_DAMAGED, /* a row was set aside; err says which */
	STORE_BROKEN, /* for good; err says why */
	STORE_CHECKED, /* behind an unclean end: the file is sound, or err */
	STORE_HAPPENED, /* there are new events: see store_last_event() */
};
typedef void store_event_fn(
    enum store_event event, const struct error *err, void *arg);

struct store_options {
	bool memory; /* no file: nothing survives the process */
	const char *owner; /* whose rows these are; NULL: "awaitd" */
	store_event_fn *event; /* on the loop; or NULL */
	void *event_arg;
	const char *path; /* of the file, made if missing (0600) */
	bool reserve; /* keep 8 MiB beside it, for what must be written when
			 the disk is full */
	bool must_exist;
	bool still; /* only read; nobody changes it, nobody is locked out */
	int64_t lock_wait_ms; /* for a lock that a killed process's child may
				 still have; nothing else is done meanwhile */
};

/*
 * Opens, recovers and migrates before it returns. The file is ours alone
 * until store_close: ERR_BUSY where another process has it.
 */
int store_open(struct loop *loop, const struct store_options *options,
    struct store **out, struct error *err);

/* Waits until everything queued is written (two seconds where it is stalled:
 * then what waits is told ERR_STORE); callbacks still due are made, and what
 * they ask for is done, too. */
void store_close(struct store *store);

/* What the store did since it was opened, for metrics. */
struct store_counts {
	uint64_t commits;
	uint64_t writes; /* operations in them */
	uint64_t damaged; /* rows that are set aside, of earlier runs, too */
	bool stalled;
};
void store_count(struct store *store, struct store_counts *out);

/*
 * Jobs here and now, with no thread, no loop and no lock: one (with its
 * deliveries), or all for id NULL. With `still` the file is only read, and must
 * not change meanwhile nor have a log beside it; without, it is a copy of the
 * caller's own. A file of an older version is ERR_BUSY with `still`: a copy of
 * it can be read. The jobs and the array are the caller's.
 */
int store_peek(const char *path, bool still, const char *id, struct job ***jobs,
    size_t *n, struct error *err);

#endif
