/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An endpoint and its S3 in virtual time, for flows and benches: every request
 * is accepted, and its result or its failure appears when the caller's function
 * says. Counts what is asked, and how late each object is found.
 */
#ifndef TESTS_FLOW_S3_H
#define TESTS_FLOW_S3_H

#include <stdbool.h>
#include <stdint.h>

/* Under which names its objects come. */
enum flow_s3_names {
	FLOW_S3_OURS,
	FLOW_S3_HIDDEN, /* … but failures under names that say nothing */
	FLOW_S3_SERVICE, /* all of them */
};

/* What becomes of one request. */
struct flow_s3_fate {
	int64_t takes_ms;
	bool fails;
	int64_t size; /* of the result; up to 1,000 bytes it has them, too */
};
typedef void flow_s3_fn(struct flow_s3_fate *out, void *arg);

struct flow_s3 {
	/* Asked for the output, and for the failure. */
	unsigned heads, gets, failures;
	unsigned lists, failure_lists; /* of both, and of failures */
	enum flow_s3_names names;
	unsigned found, found_failures; /* objects that somebody saw */
	int64_t delay_ms; /* of the last one: from its coming to being seen */
	double delay_sum_ms;
	/* Told of each; or NULL. */
	void (*seen)(bool failure, int64_t delay_ms, void *arg);
	/* What is missing is 403, as for who may not list, and listings are. */
	bool denied;
	bool no_key; /* GETs are refused for the key of the object */
};
extern struct flow_s3 flow_s3;

/* From now on in this world. */
void flow_s3_begin(flow_s3_fn *fn, void *arg);
void flow_s3_end(void);

/* Zero, and begin to count anew. */
void flow_s3_clear(void);

/* Everything that takes so long and has so many bytes. */
void flow_s3_fixed(struct flow_s3_fate *out, void *arg);

#endif
