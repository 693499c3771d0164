/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A target that takes notes: "exec probe" of the flow tests, which wants
 * results as they are. For tests that also use flow.h.
 */
#ifndef TESTS_FLOW_PROBE_H
#define TESTS_FLOW_PROBE_H

#include "base/hash.h"
#include "tests/support/flow.h"

struct probe {
	unsigned begun;
	unsigned cancelled;
	bool holds; /* does not answer; else it takes everything */
	bool refuses; /* cannot even begin */
	bool fails; /* takes nothing */
	bool streams; /* what comes with a source; asked when it is made */
	bool stuck; /* takes nothing of that, until probe_goes_on() */
	size_t takes; /* … and no more than so many bytes; 0: all */

	/* Of the last parcel. */
	char id[DELIVERY_ID_SIZE];
	int64_t size;
	int64_t read; /* bytes in its file; -1: they were in memory */
	size_t got; /* bytes from its source */
	bool whole; /* … which came to its end */
	char sha256[HASH_SHA256_HEX_SIZE]; /* … of them then */
	char error[600]; /* … or why it did not, or "" */
	int64_t at; /* when it began, wall clock */
};
extern struct probe probe;

/* From now on, in this world and those after a restart. */
void with_probe(void);
/* Beside other targets, in this world. */
void probe_add(void);

/* Take what its source has, as soon as there is some. */
void probe_goes_on(void);

/* Answer, where it holds. */
void probe_lets_go(void);

/* A job whose result goes there. */
struct job *probed_job(void);

#endif
