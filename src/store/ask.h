/* SPDX-License-Identifier: Apache-2.0 */
/* A question to the store as its backends get it, and what it says of a row.
 * Only for the store, and for who lists state files. */
#ifndef STORE_ASK_H
#define STORE_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "job/delivery.h"
#include "job/job.h"
#include "store/store.h"

enum store_which {
	STORE_BY_ID,
	STORE_BY_QUERY, /* the rest of the question */
	STORE_UNFINISHED, /* jobs that are not DONE */
	STORE_EXPIRED, /* jobs, as store_expired says */
};

#define STORE_ANY (-1)
#define STORE_PIECE 500 /* jobs that are handed out at a time */

/* Which jobs or deliveries are read, oldest first unless `newest`, and how much
 * of each. */
struct store_ask {
	enum store_which which;
	char *key; /* BY_ID */
	bool body;
	bool parts; /* a job's deliveries, a delivery's attempts */
	/* BY_QUERY. NULL, STORE_ANY and limit 0 ask nothing. */
	char *after;
	size_t limit;
	int state; /* of jobs or of deliveries, or STORE_ANY */
	int outcome;
	char *endpoint;
	char *target;
	char *job;
	char *event;
	char *tag;
	char *note; /* part of it, or of a job's error, in small letters */
	bool newest; /* jobs: in the other order */
	bool unfinished;
	bool ended_badly;
	bool unrepeated;
	bool by_status;
	int status;
	char *delivery; /* of attempts */
	char *error_class;
	unsigned n;
	int64_t since_at; /* EXPIRED, too */
	int64_t until_at;
	/* Where not NULL, only some rows are looked at, behind
	 * `place` (0: `after`), and *stopped says where to go on, or is 0. */
	int64_t place;
	int64_t *stopped;
	/* UNFINISHED: takes what was found so far, in pieces, as long as more
	 * comes; or NULL. What it did not get is left to the caller. */
	void (*hand_out)(struct job **take_jobs, size_t n, void *arg);
	void *hand_out_arg;
};

/* Fills the part of BY_QUERY; ERR_USAGE for a name that is none. Strings are
 * borrowed, and the part of a note stays as it is. */
int store_ask_jobs(
    struct store_ask *ask, const struct store_query *q, struct error *err);
int store_ask_deliveries(
    struct store_ask *ask, const struct store_query *q, struct error *err);
int store_ask_attempts(
    struct store_ask *ask, const struct store_query *q, struct error *err);

/* What a question says of a job or a delivery, its page aside; whether a job
 * was repeated only the backend knows. */
bool store_ask_wants_job(const struct store_ask *ask, const struct job *job);
bool store_ask_wants(const struct store_ask *ask, const struct delivery *d);
bool store_ask_wants_attempt(
    const struct store_ask *ask, const struct attempt_entry *e);

#endif
