/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A target that takes notes: "exec probe" of the flow tests, which wants
 * results as they are. For tests that also use flow.h.
 */
#ifndef TESTS_FLOW_PROBE_H
#define TESTS_FLOW_PROBE_H

#include "tests/support/flow.h"

struct probe {
	unsigned begun;
	unsigned cancelled;
	bool holds; /* does not answer; else it takes everything */
	bool refuses; /* cannot even begin */

	/* Of the last parcel. */
	int64_t size;
	int64_t read; /* bytes in its file; -1: they were in memory */
};
extern struct probe probe;

/* From now on, in this world and those after a restart. */
void with_probe(void);
/* Beside other targets, in this world. */
void probe_add(void);

/* A job whose result goes there. */
struct job *probed_job(void);

#endif
