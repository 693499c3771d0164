/* SPDX-License-Identifier: Apache-2.0 */
/* What bitrot needs of a database: one to damage, and all that a store reads
 * of it as texts that compare. */
#ifndef TESTS_ROT_H
#define TESTS_ROT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* One answer of the store, under a key such as "parcel msg_…". */
struct rot_record {
	char *key;
	char *text; /* all of it; "" where `code` says why there is none */
	enum error_code code;
};

struct rot_reading {
	struct rot_record *v; /* by key, once it is sorted */
	size_t n;
	unsigned damaged; /* rows that were set aside */
	unsigned unsound; /* the store said so of the file, or broke */
	bool refused; /* it could not be opened; err says why */
	struct error err; /* the first */
};

/* Idempotency keys of the first jobs, every second of which has one. The
 * caller's. */
#define ROT_KEYS 150
char *rot_key(unsigned i);

/* A file with jobs and deliveries in every state. */
int rot_make(const char *path, unsigned jobs, struct error *err);

/*
 * Open the file as a service does and ask for everything: what is unfinished,
 * what waits, an attempt of each such delivery, and all that `intact` has, one
 * by one. NULL: of what is there.
 */
void rot_read(const char *path, const struct rot_reading *intact,
    struct rot_reading *out);

/* NULL: no such answer. Borrowed. */
const struct rot_record *rot_find(const struct rot_reading *r, const char *key);

/* What follows the word in a key that begins with it, or NULL. Borrowed. */
const char *rot_id(const struct rot_record *r, const char *word);

void rot_done(struct rot_reading *r);

#endif
