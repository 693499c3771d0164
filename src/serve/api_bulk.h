/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request for all that match filters: what the bulk calls share. A page of
 * rows is read, each of them is begun, and the next page is read behind those,
 * so that neither the queue nor the memory has more than one. Only for files of
 * this folder.
 */
#ifndef SERVE_API_BULK_H
#define SERVE_API_BULK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/jsonw.h"
#include "serve/api_call.h"
#include "serve/api_filter.h"

/* A page of those that are begun together. */
#define API_BULK_PAGE 250

struct api_bulk;

struct api_bulk_kind {
	const char *of; /* "jobs" or "deliveries" */
	const char *done; /* what they are then: "replayed" */
	const char *example; /* a filter that is usual */
	const char *const *filters; /* end in NULL */
	api_filter_fn *filter;
	/* What the route takes besides, into the question; or NULL. */
	api_filter_fn *more;
	bool (*id_ok)(const char *id);
	size_t page; /* at most API_BULK_PAGE */
	/* One of them two; the row is taken. Its end is told by
	 * api_bulk_ended(), now or later. */
	void (*begin_job)(struct api_call *c, struct job *take_job);
	void (*begin_delivery)(struct api_call *c, struct delivery *take_d);
	/* Of the answer, beside the counts; or NULL. */
	void (*more_answer)(struct jsonw *w, const struct api_bulk *b);
};

struct api_bulk {
	const struct api_bulk_kind *kind;
	struct buf text; /* of the JSON form */
	struct store_query q;
	bool dry_run;
	size_t limit;
	size_t taken; /* rows that match */
	size_t done;
	size_t skipped; /* could not be begun, or were overtaken */
	size_t open; /* of this page */
	struct error err; /* of the first that failed: no more pages */
	char from[DELIVERY_ID_SIZE]; /* behind it this page began; or "" */
	char last[DELIVERY_ID_SIZE];
	struct buf ids; /* of what was made, with blanks behind them */
};

/* The call's work from now on. */
void api_bulk(struct api_call *c, const struct api_bulk_kind *kind);

/*
 * One ended: well, or passed over, or by an error that ends all. Whoever waited
 * for that holds the call (api_hold), asks api_back() first, and calls this
 * where there is somebody left to answer.
 */
void api_bulk_ended(struct api_call *c, bool done, const struct error *err);

#endif
