/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fillstore FILE COUNT ENDPOINT: a state file of a service with so many jobs
 * that were accepted and wait, as if each had been submitted a moment ago.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/store.h"

#define AT_ONCE 512
#define OUTPUT_PATH "s3://company-inference/production/results"
#define FAILURE_PATH "s3://company-inference/production/failures"
#define DAY_MS ((int64_t)24 * 3600 * 1000)

static const char *endpoint;
static long begun, over, wanted;
static struct loop *loop;
static struct store *store;

static void
fail(const struct error *err)
{
	fprintf(stderr, "fillstore: %s\n", err->text);
	exit(EXIT_FAILURE);
}

static void
accept_job(struct job *job)
{
	struct submission *s = job_add_submission(job);

	s->fate = SUB_ACCEPTED;
	s->intent_at = s->ended_at = job->created_at;
	s->inference_id = xasprintf("%s-1", job->id);
	s->extension = xstrdup("awaitd/2026-11-22");
	s->filename = xasprintf("%s-1.out", job->id);
	s->output_location =
	    xasprintf(OUTPUT_PATH "/%s/%s", s->extension, s->filename);
	s->predicted = xstrdup(s->output_location);
	s->failure_location =
	    xasprintf(FAILURE_PATH "/%s/%s", s->extension, s->filename);
	s->request_id = xstrdup("5f1b7c0e-3d0a-4f5e-9d7b-0c6f2a9c1e11");
	job_move(job, JOB_PENDING, OUTCOME_NONE);
	job->deadline_at = job->created_at + DAY_MS;
}

static struct job *
make_job(void)
{
	struct job *job = job_new();

	job->spec.endpoint = xstrdup(endpoint);
	job->spec.region = xstrdup("us-east-1");
	job->spec.content_type = xstrdup("application/json");
	job->spec.own_names = true;
	job->spec.deployment = xstrdup("awaitd");
	job->spec.output_path = xstrdup(OUTPUT_PATH);
	job->spec.deliver = xstrdup("webhook orders, exec archive");
	job->spec.input = INPUT_BODY;
	job->spec.body = xcalloc(1, 200);
	job->spec.body_len = 200;
	job->spec.input_size = 200;
	return job;
}

static void next(void);

static void
on_saved(const struct error *err, void *arg)
{
	(void)arg;
	if (err != NULL)
		fail(err);
	if (++over == wanted)
		loop_stop(loop);
	next();
}

static void
on_inserted(const struct error *err, void *arg)
{
	struct job *job = arg;

	if (err != NULL)
		fail(err);
	accept_job(job);
	store_save(store, job, 1, on_saved, NULL);
	job_free(job);
}

static void
next(void)
{
	struct job *job;

	if (begun == wanted)
		return;
	begun++;
	job = make_job();
	store_insert(store, job, on_inserted, job);
}

int
main(int argc, char **argv)
{
	struct store_options o = {.path = argc == 4 ? argv[1] : NULL};
	struct error err;
	int i;

	if (argc != 4)
		return EXIT_FAILURE;
	wanted = strtol(argv[2], NULL, 10);
	endpoint = argv[3];
	loop = loop_new();
	if (store_open(loop, &o, &store, &err) == -1)
		fail(&err);
	for (i = 0; i < AT_ONCE; i++)
		next();
	if (wanted > 0)
		loop_run(loop);
	store_close(store);
	loop_free(loop);
	return EXIT_SUCCESS;
}
