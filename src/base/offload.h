/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work that blocks (files, as a rule), on threads beside the loop's. A queue
 * has at most so many threads; each begins when there is work for it and ends
 * when there is none. All functions but offload_cancelled() and what is called
 * by a thread belong to the loop's own thread.
 */
#ifndef BASE_OFFLOAD_H
#define BASE_OFFLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"

struct offload;
struct offload_call;

/* A part of the work is handed to each function as it was given. */
struct offload_work {
	/* On a thread. It looks at offload_cancelled() between slices. */
	void (*run)(struct offload_call *call, void *arg);
	/* On the loop, behind run; NULL: nobody waits for it. */
	loop_fn *done;
	/* Instead of done, where it was cancelled: now or later, on whichever
	 * thread, never before run has returned; run itself may be left out. */
	loop_fn *drop;
};

struct offload *offload_new(unsigned threads_max);

/* What is queued or under way comes to its end; nobody waits for that. */
void offload_free(struct offload *o);

/* The loop may be NULL where there is no done. *out may be used until done. */
struct offload_call *offload_start(struct offload *o, struct loop *loop,
    const struct offload_work *work, void *arg);
void offload_cancel(struct offload_call *call);
bool offload_cancelled(const struct offload_call *call);

/* Until the queue is empty and its threads have ended. */
void offload_wait(struct offload *o);

/* The same of all queues, those that were freed, too; at most so long: before
 * the process ends. */
void offload_wait_all(int64_t ms);

#endif
