/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DIR/results.jsonl: one line for each input that ended, appended when its
 * result file is in place. It is what says that an input needs nothing more.
 */
#ifndef CMD_BATCH_RESULTS_H
#define CMD_BATCH_RESULTS_H

#include "base/error.h"
#include "cmd/batch_plan.h"
#include "job/job.h"

struct batch_results;

/* How an input ended. */
struct batch_result {
	size_t index;
	const struct batch_entry *entry;
	const struct job *job; /* NULL: it never was one; then: */
	const char *outcome; /* "refused" */
	const char *error_code;
	const char *error;
	const char *sha256; /* of the result's bytes, or NULL */
};

/*
 * Reads what is there and marks those inputs ENDED. A torn last line is cut
 * off; lines of an earlier round, or a second of one input, go.
 */
int batch_results_open(
    struct batch_plan *p, struct batch_results **out, struct error *err);
void batch_results_free(struct batch_results *r);

/* One more line; the input is ENDED. */
int batch_results_add(
    struct batch_results *r, const struct batch_result *one, struct error *err);

/* Inputs that ended otherwise than well are asked anew: they are WAITS, in
 * their next round. */
int batch_results_retry(struct batch_results *r, size_t *n, struct error *err);

int batch_results_sync(struct batch_results *r, struct error *err);

/* For who makes it durable beside the loop. Borrowed. */
int batch_results_fd(const struct batch_results *r);

size_t batch_results_ok(const struct batch_results *r);
size_t batch_results_bad(const struct batch_results *r);

/* Every line, parsed. */
typedef int batch_results_fn(
    const struct json *line, void *arg, struct error *err);
int batch_results_each(struct batch_results *r, batch_results_fn *fn, void *arg,
    struct error *err);

#endif
