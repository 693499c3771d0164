/* SPDX-License-Identifier: Apache-2.0 */
/* A store over a file of its own, with calls that wait for their answer. */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

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
	size_t n;
};
extern struct store_fixture fx;

int fx_setup(void **state);
int fx_teardown(void **state);

void fx_open(void);
void fx_close(void);
int fx_insert(const struct job *job);
int fx_save(const struct job *job, unsigned n);

/* NULL: there is none. The caller's. */
struct job *fx_find(const char *id);

/* Fills fx.jobs and fx.n, or sets fx.failed. */
typedef void fx_verb(struct store *, store_jobs_fn *, void *);
void fx_load(fx_verb *verb);
void fx_free_jobs(void);
size_t fx_count(fx_verb *verb);

/* store_list of everything. */
fx_verb fx_list;

/* A file beside the state file; its path is the caller's. */
char *fx_file(const char *name, const char *text);

/* With a body of five bytes. The caller's. */
struct job *fx_small_job(void);

#endif
