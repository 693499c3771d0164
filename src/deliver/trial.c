/* SPDX-License-Identifier: Apache-2.0 */
/* A job that never was, one delivery of it, and one call of a driver. */
#include "deliver/trial.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "deliver/freeze.h"

/* Nobody can have a bucket of this name: S3 keeps the prefix amzn-s3-demo- for
 * examples. What lies elsewhere somebody might fetch. */
#define PLACE "s3://amzn-s3-demo-bucket/" TRIAL_ENDPOINT "/"
#define RESULT "{\"message\":\"a trial by awaitd test\"}"
#define WORDS "a trial by awaitd test: no model failed"

struct trial {
	struct loop *loop;
	struct target *target;
	struct job *job;
	struct delivery *d;
	void *call; /* the driver's, or NULL */
	int64_t started_at;
	struct attempt_entry *e; /* once it is over */
	trial_done_fn *done;
	void *arg;
};

/* --- what is told --------------------------------------------------- */

static void
set_places(struct job *job, bool failed)
{
	struct submission *s = job_add_submission(job);

	s->fate = failed ? SUB_FAILED : SUB_ACCEPTED;
	s->inference_id = xasprintf("%s-1", job->id);
	s->output_location = xasprintf(PLACE "%s-1.out", job->id);
	s->failure_location = xasprintf(PLACE "%s-1-error.out", job->id);
}

static struct job *
make_job(bool failed)
{
	struct job *job = job_new();

	job->spec.endpoint = xstrdup(TRIAL_ENDPOINT);
	set_places(job, failed);
	job_move(job, JOB_PENDING, OUTCOME_NONE);
	job_move(job, JOB_DONE, failed ? OUTCOME_FAILED : OUTCOME_OK);
	if (failed) {
		job->error_code = xstrdup("model");
		job->error_text = xstrdup(WORDS);
		return job;
	}
	job->result_location = xstrdup(job->subs[0].output_location);
	job->result_type = xstrdup("application/json");
	job->result_size = (int64_t)strlen(RESULT);
	job->result_sha256 = xmalloc(HASH_SHA256_HEX_SIZE);
	hash_sha256_hex(RESULT, strlen(RESULT), job->result_sha256);
	return job;
}

/* Of a reference there is no URL, as where nothing can be signed with: no
 * object is behind it. */
static struct delivery *
make_delivery(const struct target *t, const struct job *job)
{
	struct delivery *d = delivery_new(
	    job->id, t->name, payload_event_type(job), job->completed_at);
	size_t len = strlen(RESULT);
	struct payload p = {0};

	d->payload = t->payload;
	d->format = t->format;
	if (d->payload == DELIVERY_EVENT && payload_has_result(job) &&
	    len <= t->inline_max) {
		p.result = RESULT;
		p.len = len;
	}
	if (d->payload == DELIVERY_RAW)
		freeze_raw(d, job, RESULT, len);
	else
		freeze_account(d, job, &p);
	return d;
}

/* --- what comes back ------------------------------------------------ */

static void
trial_free(struct trial *t)
{
	attempt_entry_free(t->e);
	delivery_free(t->d);
	job_free(t->job);
	target_unref(t->target);
	free(t);
}

static void
on_over(void *arg)
{
	struct trial *t = arg;

	t->done(t->e, t->arg);
	trial_free(t);
}

/* The driver may still use its target when this returns: told a turn later. */
static void
end(struct trial *t, const struct deliver_result *r)
{
	bool ok = r->verdict == DELIVER_OK;
	struct attempt_entry *e;
	struct attempt a = {
	    .n = 1,
	    .outcome = ok ? ATTEMPT_OK : ATTEMPT_FAILED,
	    .started_at = t->started_at,
	    .ended_at = clock_wall_ms(),
	    .status = r->status,
	};

	e = attempt_entry_new(t->d, &a);
	e->a.note = xstrdup_or_null(r->note);
	e->a.response = xstrdup_or_null(r->response);
	e->a.error_class = xstrdup_or_null(
	    deliver_class_name(ok ? CLASS_NONE : r->error_class));
	e->a.request_headers = xstrdup_or_null(r->request_headers);
	e->a.response_headers = xstrdup_or_null(r->response_headers);
	e->verdict = xstrdup(deliver_verdict_name(r->verdict));
	t->e = e;
	loop_post(t->loop, on_over, t);
}

static void
on_driven(const struct deliver_result *r, void *arg)
{
	struct trial *t = arg;

	t->call = NULL;
	end(t, r);
}

/* --- the call ------------------------------------------------------- */

static void
drive(struct trial *t)
{
	const struct target *target = t->target;
	struct parcel p = {
	    .delivery = t->d,
	    .job = t->job,
	    .attempt = 1,
	    .body = t->d->body,
	    .size = t->d->body_size,
	    .fd = -1,
	};
	struct deliver_result r = {
	    .verdict = DELIVER_RETRY,
	    .status = ATTEMPT_NO_STATUS,
	};
	struct error err;

	if (target->driver->start(
		target->self, &p, on_driven, t, &t->call, &err) == 0)
		return;
	r.error_class = deliver_class_of(&err);
	r.note = err.text;
	end(t, &r);
}

struct trial *
trial_start(struct loop *loop, struct target *target, bool failed,
    trial_done_fn *done, void *arg)
{
	struct trial *t = xcalloc(1, sizeof(*t));

	t->loop = loop;
	t->target = target_ref(target);
	t->job = make_job(failed);
	t->d = make_delivery(target, t->job);
	t->started_at = clock_wall_ms();
	t->done = done;
	t->arg = arg;
	drive(t);
	return t;
}

void
trial_cancel(struct trial *t)
{
	if (t == NULL)
		return;
	if (t->call != NULL)
		t->target->driver->cancel(t->call);
	loop_unpost(t->loop, t);
	trial_free(t);
}
