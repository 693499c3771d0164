/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other side of many jobs in a flow: an endpoint that takes them, and a
 * bucket in which each result appears in its time, with HEAD, GET and
 * ListObjectsV2.
 */
#ifndef TESTS_FLOW_BUCKET_H
#define TESTS_FLOW_BUCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum flow_bucket_failures {
	FLOW_BUCKET_APART, /* in a folder of their own, under our names */
	FLOW_BUCKET_BESIDE, /* in the folder of the results */
	FLOW_BUCKET_HIDDEN, /* under names that say nothing */
	FLOW_BUCKET_NONE, /* the endpoint has no place for them */
};

/* How a listing is answered. */
enum flow_bucket_listing {
	FLOW_BUCKET_LISTS,
	FLOW_BUCKET_DENIES, /* 403 AccessDenied, and HEADs get 403 for 404 */
	FLOW_BUCKET_SLOW_DOWN,
	FLOW_BUCKET_BREAKS, /* the connection does */
	FLOW_BUCKET_SHUFFLES, /* not in order */
	FLOW_BUCKET_IGNORES, /* what it is asked to begin behind */
	FLOW_BUCKET_REPEATS, /* always "more", the same page */
	FLOW_BUCKET_EMPTY_MORE, /* no keys, and more */
	FLOW_BUCKET_SWELLS, /* with a body of 4 MiB */
	FLOW_BUCKET_GARBLED,
};

struct flow_bucket {
	enum flow_bucket_failures failures;
	enum flow_bucket_listing listing;
	/* How long the i-th job takes; negative: so long, and it fails; 0: for
	 * ever. NULL: one second. */
	int64_t (*takes_ms)(size_t i);
	int64_t reply_ms; /* … till a 202 leaves */
	size_t njobs; /* that were taken */
	/* Of what was found by its GET or HEAD for the first time. */
	size_t found;
	double delay_sum_ms;
	int64_t delay_max_ms;
};
extern struct flow_bucket flow_bucket;

/* Answers from now on. */
void flow_bucket_setup(void);
void flow_bucket_serve(void); /* the same in another world */
void flow_bucket_done(void);

/* Somebody else's object, from now on: below s3://out/. */
void flow_bucket_put(const char *key);

/* No listing shows anything of ours. */
void flow_bucket_hide(bool hide);

/* So many jobs, one each so many milliseconds. */
void flow_bucket_submit(size_t n, int64_t every_ms);

#endif
