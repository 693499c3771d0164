/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a database does for the store, as plain blocking code that only the
 * store's thread calls (open and close excepted, when there is no thread).
 * Those that read write nothing: they work where nothing can be written, too.
 */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "job/delivery.h"
#include "job/job.h"
#include "store/ask.h"
#include "store/store.h"

/* An idempotency key; job_id "": it is not known. The hash is the caller's. */
struct store_known {
	char job_id[JOBID_SIZE];
	char *hash;
};

/* A thing that is kept; both are the caller's. */
struct store_note {
	char *name;
	char *value;
};

/* What the last call that failed means for those that follow. */
enum store_trouble {
	STORE_OF_ONE, /* the operation's own affair: others go on */
	STORE_NOT_NOW, /* nothing can be written; it may pass */
	STORE_NEVER, /* nobody knows any more what the disk has */
};

struct store_backend {
	int (*open)(
	    const struct store_options *options, void **out, struct error *err);
	void (*close)(void *db);

	/* Everything between is on disk once commit returned 0; whatever failed
	 * is rolled back. */
	int (*begin)(void *db, struct error *err);
	int (*commit)(void *db, struct error *err);
	void (*rollback)(void *db);
	enum store_trouble (*trouble)(void *db);

	/* The machinery beside the verbs; NULL where there is nothing to do. A
	 * commit that says nothing; what is to be done behind commits (-1:
	 * see trouble); give up the reserve, true where there was one; is there
	 * room for new jobs, and the reserve again? */
	int (*probe)(void *db, struct error *err);
	int (*tidy)(void *db, struct error *err);
	bool (*spend)(void *db);
	bool (*roomy)(void *db);

	/* Is the file sound? To be asked behind an unclean end (`unclean`);
	 * `interrupt` ends it early with -1, from any thread. */
	bool (*unclean)(void *db);
	int (*check)(void *db, struct error *err);
	void (*interrupt)(void *db);

	/* Each as the verb of store.h says; `a` may be NULL. */
	int (*insert)(void *db, const struct job *job, struct error *err);
	int (*save)(
	    void *db, const struct job *job, unsigned n, struct error *err);
	int (*withdraw)(void *db, const struct job *job, struct error *err);
	int (*save_delivery)(void *db, const struct delivery *d,
	    const struct attempt *a, struct error *err);
	int (*save_late)(void *db, const struct job *job, struct error *err);
	int (*keep)(
	    void *db, const char *name, const char *value, struct error *err);
	int (*see)(void *db, const struct store_notice *n, enum store_seen *out,
	    struct error *err);
	int (*take_over)(void *db, size_t *n, struct error *err);
	int (*forget)(void *db, const struct store_forget *f, size_t *n,
	    struct error *err);

	/* Into NULL and 0. The array and its items are the caller's. */
	int (*jobs)(void *db, const struct store_ask *ask, struct job ***out,
	    size_t *n, struct error *err);
	int (*deliveries)(void *db, const struct store_ask *ask,
	    struct delivery ***out, size_t *n, struct error *err);
	int (*attempts)(void *db, const struct store_ask *ask,
	    struct attempt_entry ***out, size_t *n, struct error *err);
	int (*find_key)(void *db, const char *key, struct store_known *out,
	    struct error *err);
	int (*recall)(
	    void *db, struct store_note **out, size_t *n, struct error *err);
	int (*recall_told)(
	    void *db, struct store_told **out, size_t *n, struct error *err);

	/* `limit` is not 0. */
	int (*events)(void *db, int64_t after, size_t limit,
	    struct job_event ***out, size_t *n, struct store_span *span,
	    struct error *err);
	/* The newest that was written, and committed once that is over. */
	int64_t (*last_event)(void *db);

	/* The next row that was set aside since this was asked last, for
	 * STORE_DAMAGED; false: no more. Ask behind each transaction, however
	 * it ended. NULL where rows cannot be damaged, like `damaged`. */
	bool (*next_damage)(void *db, struct error *err);
	/* How many are set aside, of earlier runs, too. */
	uint64_t (*damaged)(void *db);
};

extern const struct store_backend store_sqlite;
extern const struct store_backend store_memory;

#endif
