/* SPDX-License-Identifier: Apache-2.0 */
/* A database with something of everything, written by the store itself. */
#include "tests/support/rot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/loop.h"
#include "base/mem.h"
#include "store/store.h"

#define KINDS 10
#define DAY_MS ((int64_t)24 * 3600 * 1000)

static struct {
	struct loop *loop;
	struct store *store;
	size_t waiting; /* for so many answers */
	struct error err; /* the first */
} m;

static void
on_written(const struct error *err, void *arg)
{
	(void)arg;
	if (err != NULL && m.err.code == ERR_NONE)
		m.err = *err;
	if (--m.waiting == 0)
		loop_stop(m.loop);
}

static void
on_parcel(struct job *take_job, struct delivery *take_d,
    const struct error *err, void *arg)
{
	job_free(take_job);
	delivery_free(take_d);
	on_written(err, arg);
}

static void
await(void)
{
	while (m.waiting > 0)
		loop_run(m.loop);
}

/* Bytes that differ from job to job, of so many lengths that some fill pages
 * of their own. */
static char *
text_of(unsigned i, const char *what, size_t *len)
{
	size_t n = 40 + (size_t)i * 37 % 700, at = 0;
	char hex[HASH_SHA256_HEX_SIZE];
	char *text;

	if (i % 23 == 0)
		n = 9000;
	text = xmalloc(n + HASH_SHA256_HEX_SIZE);
	snprintf(hex, sizeof(hex), "%s of job %u", what, i);
	while (at < n) {
		hash_sha256_hex(hex, strlen(hex), hex);
		memcpy(text + at, hex, sizeof(hex) - 1);
		at += sizeof(hex) - 1;
	}
	text[n] = '\0';
	*len = n;
	return text;
}

char *
rot_key(unsigned i)
{
	return xasprintf("key-%u", i);
}

static struct job *
make_job(unsigned i)
{
	struct job *job = job_new();
	struct job_spec *spec = &job->spec;

	spec->endpoint = xstrdup(i % 3 == 0 ? "ocr" : "words");
	spec->region = xstrdup("us-east-1");
	spec->content_type = xstrdup("text/plain");
	spec->own_names = true;
	spec->deployment = xstrdup("awaitd");
	spec->output_path = xstrdup("s3://bucket/out");
	if (i % 2 == 0) {
		spec->idempotency_key = rot_key(i / 2);
		spec->idempotency_hash = xmalloc(HASH_SHA256_HEX_SIZE);
		hash_sha256_hex(&i, sizeof(i), spec->idempotency_hash);
	}
	spec->input = INPUT_BODY;
	spec->body = text_of(i, "input", &spec->body_len);
	spec->input_size = (int64_t)spec->body_len;
	job->deadline_at = job->created_at + 30 * DAY_MS;
	return job;
}

static unsigned
add_submission(struct job *job, enum submission_fate fate)
{
	struct submission *s = job_add_submission(job);

	s->fate = fate;
	s->intent_at = job->created_at + 5;
	s->ended_at = job->created_at + 9;
	s->inference_id = xasprintf("%s-%u", job->id, s->n);
	s->extension = xstrdup("awaitd/2026-11-22");
	s->filename = xasprintf("%s-%u.out", job->id, s->n);
	s->predicted =
	    xasprintf("s3://bucket/out/%s/%s", s->extension, s->filename);
	if (fate == SUB_ACCEPTED) {
		s->output_location = xstrdup(s->predicted);
		s->failure_location =
		    xasprintf("s3://bucket/failed/%s-error.out", job->id);
		s->request_id = xasprintf("request-of-%s", job->id);
	} else {
		s->note = xstrdup("the connection broke");
	}
	return s->n;
}

static void
on_seen(enum store_seen seen, const struct error *err, void *arg)
{
	(void)seen;
	on_written(err, arg);
}

/* A notification came of its last submission, and told a failure. */
static void
tell(const struct job *job)
{
	struct store_notice n = {
	    .source = xstrdup("arn:aws:sns:us-east-1:123456789012:failed"),
	    .message_id = xasprintf("message-of-%s", job->id),
	    .forget_at = job->created_at + DAY_MS,
	    .told.job = xstrdup(job->id),
	    .told.inference_id = xasprintf("%s-1", job->id),
	    .told.endpoint = xstrdup(job->spec.endpoint),
	    .told.reason = xstrdup("ClientError: server error (500)"),
	    .told.event_at = job->created_at + 99,
	};

	m.waiting++;
	store_see(m.store, &n, on_seen, NULL);
	free(n.source);
	free(n.message_id);
	free(n.told.job);
	free(n.told.inference_id);
	free(n.told.endpoint);
	free(n.told.reason);
}

static void
save(struct job *job, unsigned n)
{
	m.waiting++;
	store_save(m.store, job, n, on_written, NULL);
}

/* In place of those that are on disk by now. */
static void
announce(struct job *job, unsigned i, const char *event)
{
	struct delivery *d =
	    delivery_new(job->id, "webhook hook", event, job->completed_at);
	size_t len;
	char *body = text_of(i, event, &len);

	while (job->ndeliveries > 0)
		delivery_free(job->deliveries[--job->ndeliveries]);
	d->content_type = xstrdup("application/json");
	delivery_set_body(d, body, len);
	free(body);
	job_add_delivery(job, d);
}

static void
finish_job(struct job *job, unsigned i, enum job_outcome outcome)
{
	job_move(job, JOB_DONE, outcome);
	if (outcome == OUTCOME_OK) {
		job->result_location = xstrdup(job->subs[0].predicted);
		job->result_etag = xstrdup("\"0123456789abcdef\"");
		job->result_type = xstrdup("application/json");
		job->result_size = 1000 + i;
	} else {
		job->error_code = xstrdup("model");
		job->error_text = xstrdup("it could not read the input");
	}
	announce(job, i, "inference.completed");
	save(job, 0);
}

/* An attempt as the engine makes it, with its end. */
static void
attempt(struct job *job, enum attempt_outcome outcome, unsigned status)
{
	struct delivery *d = job->deliveries[0];
	struct attempt a;

	delivery_begin_attempt(d, job->completed_at + 10, false, &a);
	m.waiting++;
	store_begin_attempt(m.store, d, &a, on_parcel, NULL);
	a.outcome = outcome;
	a.ended_at = a.started_at + 3;
	a.status = (int)status;
	a.response = xstrdup("what the receiver said");
	if (outcome == ATTEMPT_OK) {
		delivery_move(d, DELIVERY_DELIVERED, a.ended_at);
	} else {
		a.note = xasprintf("HTTP status %u", status);
		free(d->note);
		d->note = xstrdup(a.note);
		d->failures++;
		d->due_at = a.ended_at + 10;
		if (status == 410)
			delivery_move(d, DELIVERY_DEAD, a.ended_at);
	}
	m.waiting++;
	store_save_delivery(m.store, d, &a, on_written, NULL);
	attempt_done(&a);
}

/* It came after all. */
static void
add_late_result(struct job *job, unsigned i)
{
	job->late_at = job->completed_at + 5000;
	job->late_location = xstrdup(job->subs[0].predicted);
	job->late_etag = xstrdup("\"fedcba9876543210\"");
	job->late_type = xstrdup("application/json");
	job->late_size = 77;
	announce(job, i, "inference.late");
	m.waiting++;
	store_save_late(m.store, job, on_written, NULL);
}

static void
add_job(unsigned i)
{
	static const enum job_outcome outcomes[KINDS] = {
	    [3] = OUTCOME_OK,
	    [4] = OUTCOME_OK,
	    [5] = OUTCOME_CANCELLED,
	    [6] = OUTCOME_FAILED,
	    [7] = OUTCOME_OK,
	    [8] = OUTCOME_OK,
	    [9] = OUTCOME_EXPIRED,
	};
	struct job *job = make_job(i);
	unsigned kind = i % KINDS;

	m.waiting++;
	store_insert(m.store, job, on_written, NULL);
	if (kind == 1)
		save(job, add_submission(job, SUB_DOUBT));
	if (kind >= 2) {
		unsigned n = add_submission(job, SUB_ACCEPTED);

		job_move(job, JOB_PENDING, OUTCOME_NONE);
		save(job, n);
	}
	if (kind == 2)
		tell(job);
	if (kind >= 3)
		finish_job(job, i, outcomes[kind]);
	if (kind == 4 || kind == 5) {
		attempt(job, ATTEMPT_FAILED, 500);
		attempt(job, ATTEMPT_FAILED, 503);
	}
	if (kind == 6 || kind == 7)
		attempt(job, ATTEMPT_OK, 204);
	if (kind == 8)
		attempt(job, ATTEMPT_FAILED, 410);
	await();
	if (kind == 9 && i % 20 == 9)
		add_late_result(job, i);
	await();
	job_free(job);
}

static void
keep_notes(void)
{
	char name[32], value[200];
	int i;

	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "endpoint.%d", i);
		memset(value, 'a' + i, sizeof(value) - 1);
		value[sizeof(value) - 1] = '\0';
		m.waiting++;
		store_keep(m.store, name, value, on_written, NULL);
	}
	await();
}

int
rot_make(const char *path, unsigned jobs, struct error *err)
{
	struct store_options o = {.path = path};
	unsigned i;

	m.loop = loop_new();
	if (store_open(m.loop, &o, &m.store, err) == -1) {
		loop_free(m.loop);
		return -1;
	}
	for (i = 0; i < jobs; i++)
		add_job(i);
	keep_notes();
	store_close(m.store);
	loop_free(m.loop);
	if (m.err.code == ERR_NONE)
		return 0;
	*err = m.err;
	return -1;
}
