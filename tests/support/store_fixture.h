/* SPDX-License-Identifier: Apache-2.0 */
/* A store over a file of its own, with calls that wait for their answer. */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include "job/delivery.h"
#include "job/job.h"
#include "store/store.h"

struct store_fixture {
	char dir[64];
	char path[96];
	struct loop *loop;
	struct store *store;

	/* Of the last call. */
	bool done;
	bool failed;
	struct error err;
	struct job **jobs;
	struct delivery **deliveries;
	struct attempt_entry **attempts;
	size_t n; /* of one of them, or what was pruned */
	char *text; /* of a key or of what is kept */
	enum store_seen seen;
	struct job *job_of_key;

	/* Since the store was opened: rows that were set aside. */
	unsigned damages;
	struct error damage; /* the last one */
};
extern struct store_fixture fx;
extern const char *fx_root; /* where its folder is made: "/tmp" */

int fx_setup(void **state);
int fx_teardown(void **state);

void fx_open(void);
void fx_open_as(const char *owner);
bool fx_try_open(void);
void fx_close(void);
int fx_insert(const struct job *job);
int fx_save(const struct job *job, unsigned n);
int fx_save_delivery(const struct delivery *d, const struct attempt *a);
int fx_prune(int64_t before_at, size_t limit); /* how many, or -1 */
int fx_take_over(void); /* how many */
int fx_forget(int64_t before_at, int64_t keys_before_at, size_t limit);

/* Fills fx.jobs and fx.deliveries with one each. */
int fx_begin(const struct delivery *d, const struct attempt *a);

int fx_save_late(const struct job *job);
int fx_keep(const char *name, const char *value);
/* What is kept, as "name=value;…". The caller's. */
char *fx_recall(void);
/* What it told being `reason`, or NULL, of the inference id "i". */
enum store_seen fx_see(
    const char *source, const char *id, const char *job, const char *reason);
/* What was told, as "job=reason;…". The caller's. */
char *fx_recall_told(void);
/* The job's id and the hash, as "id hash", with a "+" where the job is there;
 * NULL: the key is not known. The caller's. */
char *fx_find_idempotency(const char *key);
int fx_expired(int64_t since_at, size_t limit);

/* The job or why not, in fx.failed and fx.err. */
struct job *fx_look(const char *id);

/* NULL: there is none. The caller's. */
struct job *fx_find(const char *id);
struct job *fx_find_key(const char *key);
struct delivery *fx_look_delivery(const char *id); /* it may fail */
struct delivery *fx_find_delivery(const char *id);

/* Fills fx.jobs and fx.n, or sets fx.failed. */
typedef void fx_verb(struct store *, store_jobs_fn *, void *);
void fx_load(fx_verb *verb);
int fx_query(const struct store_query *q);
int fx_query_deliveries(const struct store_query *q);
int fx_query_attempts(const struct store_query *q);
void fx_free_jobs(void); /* and deliveries */
size_t fx_count(fx_verb *verb);

/* store_list of everything. */
fx_verb fx_list;

/* A file beside the state file; its path is the caller's. */
char *fx_file(const char *name, const char *text);

/* With a body of five bytes. The caller's. */
struct job *fx_small_job(void);

/* A delivery of the job's, "<job> <target>" being its bytes. Borrowed. */
struct delivery *fx_add_delivery(struct job *job, const char *target);

/* A job that was inserted and is DONE, ok, unsaved, at an instant. */
struct job *fx_done_job(int64_t completed_at);

/* Frames in the write-ahead log, or those of them that end a transaction. */
unsigned fx_frames(bool commits);

/* Change the file, which is closed, behind the store's back. */
void fx_change(const char *sql);
/* The same, and all rows get the checksums that belong to them. */
void fx_rewrite(const char *sql);
int64_t fx_number(const char *sql);

#endif
