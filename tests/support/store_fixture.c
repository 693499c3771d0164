/* SPDX-License-Identifier: Apache-2.0 */
/* The store's calls, one at a time, on the real loop. */
#include "tests/support/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

struct store_fixture fx;

int
fx_setup(void **state)
{
	(void)state;
	memset(&fx, 0, sizeof(fx));
	snprintf(fx.dir, sizeof(fx.dir), "/tmp/test-store-XXXXXX");
	if (mkdtemp(fx.dir) == NULL)
		return -1;
	snprintf(fx.path, sizeof(fx.path), "%s/state", fx.dir);
	fx.loop = loop_new();
	return 0;
}

int
fx_teardown(void **state)
{
	DIR *d = opendir(fx.dir);
	struct dirent *e;

	(void)state;
	fx_close();
	loop_free(fx.loop);
	while (d != NULL && (e = readdir(d)) != NULL)
		unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		closedir(d);
	return rmdir(fx.dir);
}

static void
on_done(const struct error *err, void *arg)
{
	(void)arg;
	fx.done = true;
	fx.failed = err != NULL;
	if (err != NULL)
		fx.err = *err;
	loop_stop(fx.loop);
}

static void
on_jobs(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	if (n > 0)
		fx.jobs = xmemdup(jobs, n * sizeof(struct job *));
	fx.n = n;
	on_done(err, arg);
}

static void
await(void)
{
	while (!fx.done)
		loop_run(fx.loop);
	fx.done = false;
}

void
fx_free_jobs(void)
{
	size_t i;

	for (i = 0; i < fx.n; i++)
		job_free(fx.jobs[i]);
	free(fx.jobs);
	fx.jobs = NULL;
	fx.n = 0;
}

void
fx_open(void)
{
	struct store_options o = {.path = fx.path};
	struct error err;

	if (store_open(fx.loop, &o, &fx.store, &err) == -1)
		fail_msg("%s", err.text);
}

void
fx_close(void)
{
	store_close(fx.store);
	fx.store = NULL;
}

int
fx_insert(const struct job *job)
{
	store_insert(fx.store, job, on_done, NULL);
	await();
	return fx.failed ? -1 : 0;
}

int
fx_save(const struct job *job, unsigned n)
{
	store_save(fx.store, job, n, on_done, NULL);
	await();
	return fx.failed ? -1 : 0;
}

struct job *
fx_find(const char *id)
{
	struct job *job;

	store_find(fx.store, id, true, on_jobs, NULL);
	await();
	if (fx.failed)
		fail_msg("%s", fx.err.text);
	job = fx.n > 0 ? fx.jobs[0] : NULL;
	fx.n = 0;
	fx_free_jobs();
	return job;
}

void
fx_load(fx_verb *verb)
{
	verb(fx.store, on_jobs, NULL);
	await();
}

size_t
fx_count(fx_verb *verb)
{
	size_t n;

	fx_load(verb);
	assert_false(fx.failed);
	n = fx.n;
	fx_free_jobs();
	return n;
}

void
fx_list(struct store *store, store_jobs_fn *done, void *arg)
{
	struct store_query all = {0};

	store_list(store, &all, done, arg);
}

char *
fx_file(const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", fx.dir, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	return path;
}

struct job *
fx_small_job(void)
{
	struct job *job = job_new();

	job->spec.endpoint = xstrdup("ocr");
	job->spec.input = INPUT_BODY;
	job->spec.body = xstrdup("hello");
	job->spec.body_len = 5;
	return job;
}
