/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QUEUED: put the input where it belongs, write the intent, send it once,
 * write what became of it. A submission whose fate is not known is looked for
 * before another one is made.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "aws/sagemaker.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/discard.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "engine/names.h"
#include "engine/work.h"

#define TTL_DEFAULT_S 21600 /* RequestTTLSeconds, service model */
#define TIMEOUT_DEFAULT_S 900 /* InvocationTimeoutSeconds */
#define DEADLINE_SLACK_MS 60000
#define DOUBTS_MAX 5
/* A caller's Filename may name an object of an earlier job. Two seconds keep
 * the two apart by age, although S3 tells times in whole seconds. */
#define CALLER_NAME_HOLD_MS 2000

static void submit_now(struct work *w);

static void
fail(struct work *w, const struct error *err, const char *code)
{
	struct step_result r = {
	    .verdict = VERDICT_FAIL,
	    .err = err,
	    .error_code = code,
	};

	engine_apply(w, &r);
}

static void
retry(struct work *w, const struct error *err)
{
	struct step_result r = {.verdict = VERDICT_RETRY, .err = err};

	engine_apply(w, &r);
}

/* --- the input ------------------------------------------------------ */

static void
close_input(struct work *w)
{
	discard_fd(w->input_fd);
	w->input_fd = -1;
}

static void
on_uploaded(const struct s3_object *object, const struct error *err, void *arg)
{
	struct work *w = arg;
	struct error e;

	w->call = NULL;
	close_input(w);
	if (object != NULL) {
		crash_point("C3");
		w->input_stored = true;
		submit_now(w);
		return;
	}
	e = *err;
	err_prefix(&e, "upload the input");
	if (e.retryable)
		retry(w, &e);
	else
		fail(w, &e, "upload");
}

static int
open_input_file(struct work *w, struct error *err)
{
	const struct job_spec *spec = &w->job->spec;
	struct stat st;

	w->input_fd = open(spec->input_path, O_RDONLY | O_CLOEXEC);
	if (w->input_fd == -1)
		return err_set_errno(
		    err, ERR_IO, "open the input %s", spec->input_path);
	if (fstat(w->input_fd, &st) == -1 || st.st_size != spec->input_size)
		return err_set(err, ERR_IO,
		    "the input %s is not what it was when the job was made",
		    spec->input_path);
	return 0;
}

/* An inline body that the service refuses goes to S3 from memory. */
static int
open_input_body(struct work *w, struct error *err)
{
	const struct job_spec *spec = &w->job->spec;

	w->input_fd = memfd_create("input", MFD_CLOEXEC);
	if (w->input_fd == -1)
		return err_set_errno(err, ERR_IO, "memfd_create");
	return file_write_all(w->input_fd, spec->body, spec->body_len, err);
}

static int
start_upload(struct work *w, struct error *err)
{
	const struct job_spec *spec = &w->job->spec;
	bool body = spec->input == INPUT_BODY;
	char sha256[HASH_SHA256_HEX_SIZE];
	struct s3_put put = {
	    .uri = body ? w->uploaded : spec->input_location,
	    .content_type = spec->content_type,
	    .len = body ? (int64_t)spec->body_len : spec->input_size,
	    .sha256 = spec->input_sha256,
	};

	if (body) {
		hash_sha256_hex(spec->body, spec->body_len, sha256);
		put.sha256 = sha256;
	}
	if ((body ? open_input_body(w, err) : open_input_file(w, err)) == -1)
		return -1;
	put.fd = w->input_fd;
	return s3_put(w->site->s3, &put, on_uploaded, w, &w->call, err);
}

static bool
must_upload(const struct work *w)
{
	return !w->input_stored &&
	    (w->job->spec.input == INPUT_FILE || w->refuses_inline);
}

/* --- the intent ----------------------------------------------------- */

static void
clear_submission(struct submission *s)
{
	xfree(&s->inference_id);
	xfree(&s->extension);
	xfree(&s->filename);
	xfree(&s->predicted);
	xfree(&s->note);
}

static struct submission *
next_submission(struct work *w)
{
	struct job *job = w->job;
	struct submission *s = job_last_submission(job);

	/* n is used again only when nothing can have been accepted. */
	if (s == NULL || s->fate != SUB_NOT_SENT)
		s = job_add_submission(job);
	clear_submission(s);
	s->fate = SUB_OPEN;
	s->intent_at = clock_wall_ms();
	s->ended_at = 0;
	names_choose(job, s);
	names_predict(job, engine_output_path(w));
	return s;
}

/* --- the answer ----------------------------------------------------- */

static void
close_submission(
    struct submission *s, enum submission_fate fate, const char *note)
{
	s->fate = fate;
	s->ended_at = clock_wall_ms();
	s->note = xstrdup_or_null(note);
}

/* Does the service put the result where the names say? Then so it is for the
 * submissions whose answers were lost. */
static void
compare_names(struct work *w, const struct submission *s)
{
	char *path = names_output_path(s);

	if (path != NULL) {
		names_predict(w->job, path);
		engine_learn_output_path(w, path);
	}
	if (s->filename != NULL &&
	    (path == NULL ||
		(s->predicted != NULL &&
		    !str_eq(s->predicted, s->output_location)))) {
		log_begin(LOG_WARN, "engine");
		log_str("job", w->job->id);
		log_str("msg",
		    "the endpoint does not honour Filename and "
		    "S3OutputPathExtension, or output_path is wrong; results "
		    "are taken from where it says");
		log_str("predicted",
		    s->predicted != NULL ? s->predicted : s->filename);
		log_str("actual", s->output_location);
		log_end();
	}
	free(path);
}

static void
accepted(struct work *w, const struct sagemaker_accepted *a)
{
	struct job *job = w->job;
	struct submission *s = job_last_submission(job);
	int64_t ttl = job->spec.request_ttl_s, run;
	struct step_result r = {
	    .verdict = VERDICT_DONE,
	    .next = JOB_PENDING,
	    .submission = s->n,
	};

	close_submission(s, SUB_ACCEPTED, NULL);
	s->output_location = xstrdup(a->output_location);
	s->failure_location = xstrdup_or_null(a->failure_location);
	s->request_id = xstrdup_or_null(a->request_id);
	compare_names(w, s);
	run = job->spec.invocation_timeout_s;
	job->deadline_at = s->ended_at + DEADLINE_SLACK_MS +
	    1000 *
		((ttl != 0 ? ttl : TTL_DEFAULT_S) +
		    (run != 0 ? run : TIMEOUT_DEFAULT_S));
	engine_apply(w, &r);
}

static void
look_soon(struct work *w)
{
	struct step_result r = {.verdict = VERDICT_HOLD, .delay_ms = 1};

	engine_apply(w, &r);
}

/* The service, or our own check before it, says no. */
static void
refused(struct work *w, const struct error *err)
{
	struct submission *s = job_last_submission(w->job);
	struct step_result r = {
	    .verdict = VERDICT_FAIL,
	    .submission = s->n,
	    .err = err,
	    .error_code = "refused",
	};

	close_submission(s, SUB_REFUSED, err->text);
	/* An earlier one, whose answer was lost, may still bring the result. */
	if (job_may_succeed(w->job))
		engine_record(w, s->n, look_soon);
	else
		engine_apply(w, &r);
}

/* Carries the error over the write of the submission's fate. */
static void
after_not_sent(struct work *w)
{
	struct error err = w->obstacle;

	error_clear(&w->obstacle);
	retry(w, &err);
}

static void
after_doubt(struct work *w)
{
	const struct submission *s = job_last_submission(w->job);

	log_begin(LOG_WARN, "engine");
	log_str("job", w->job->id);
	log_str("msg",
	    s->predicted != NULL
		? "the submission may have been accepted: looking for its "
		  "result before another one is made"
		: "the submission may have been accepted, and without "
		  "output_path its result cannot be looked for: waiting "
		  "before another one is made");
	log_err(&w->obstacle);
	log_end();
	error_clear(&w->obstacle);
	look_soon(w);
}

/*
 * REFUSED: by the service, or by our own check before it. NOT_SENT: no byte
 * can have left, or AWS itself says it took nothing. All else is a doubt.
 */
static enum submission_fate
fate_of(const struct error *err)
{
	if (err->code == ERR_USAGE)
		return SUB_REFUSED;
	if (!err->sent || err->code == ERR_THROTTLED)
		return SUB_NOT_SENT;
	if (err->http_status == 503 && str_starts(err->remote_code, "Service"))
		return SUB_NOT_SENT;
	if (err->code == ERR_REFUSED || err->code == ERR_AUTH ||
	    err->code == ERR_NOT_FOUND)
		return SUB_REFUSED;
	return SUB_DOUBT;
}

/* "Value at 'body' … less than or equal to 0": no inline bodies here. */
static bool
is_inline_refusal(const struct work *w, const struct error *err)
{
	return w->job->spec.input == INPUT_BODY && !w->refuses_inline &&
	    err->http_status == 400 && strstr(err->text, "'body'") != NULL &&
	    strstr(err->text, "less than or equal to 0") != NULL;
}

static void
upload_instead(struct work *w, struct submission *s, const struct error *err)
{
	struct engine_policy policy;
	struct error e;

	engine_policy_of(w, &policy);
	if (policy.input_prefix == NULL) {
		e = *err;
		err_hint(&e,
		    "This endpoint takes no inline body; set input_prefix "
		    "(s3://…) for it, so that the input can be uploaded.");
		refused(w, &e);
		return;
	}
	log_info("engine", "%s takes no inline body: uploading the input",
	    w->job->spec.endpoint);
	w->refuses_inline = true;
	free(w->uploaded);
	w->uploaded = job_upload_place(w->job, policy.input_prefix);
	close_submission(s, SUB_NOT_SENT, err->text);
	engine_record(w, s->n, submit_now);
}

static void
on_answer(
    const struct sagemaker_accepted *a, const struct error *err, void *arg)
{
	struct work *w = arg;
	struct submission *s = job_last_submission(w->job);
	enum submission_fate fate;

	w->invoke = NULL;
	engine_sending(w, false);
	if (a != NULL) {
		accepted(w, a);
		return;
	}
	if (is_inline_refusal(w, err)) {
		upload_instead(w, s, err);
		return;
	}
	fate = fate_of(err);
	if (fate == SUB_REFUSED) {
		refused(w, err);
		return;
	}
	close_submission(s, fate, err->text);
	w->obstacle = *err;
	engine_record(
	    w, s->n, fate == SUB_NOT_SENT ? after_not_sent : after_doubt);
}

/* The intent is on disk: now the request may leave. */
static void
send_request(struct work *w)
{
	const struct job_spec *spec = &w->job->spec;
	const struct submission *s = job_last_submission(w->job);
	struct sagemaker_invoke in = {
	    .endpoint_name = spec->endpoint,
	    .content_type = spec->content_type,
	    .accept = spec->accept,
	    .custom_attributes = spec->custom_attributes,
	    .inference_id = s->inference_id,
	    .input_location =
		w->refuses_inline ? w->uploaded : spec->input_location,
	    .output_path_extension = s->extension,
	    .filename = s->filename,
	    .request_ttl_s = spec->request_ttl_s,
	    .invocation_timeout_s = spec->invocation_timeout_s,
	};
	struct error err;

	crash_point("C4");
	if (spec->input == INPUT_BODY && !w->refuses_inline) {
		in.body = spec->body;
		in.body_len = spec->body_len;
	}
	w->sent_mono = clock_mono_ms();
	log_debug("engine", "job %s: sending submission %u", w->job->id, s->n);
	if (sagemaker_invoke_async(
		w->site->sagemaker, &in, on_answer, w, &w->invoke, &err) == -1)
		refused(w, &err);
}

static void
submit_now(struct work *w)
{
	struct submission *s;
	struct error err;

	if (must_upload(w)) {
		if (start_upload(w, &err) == -1) {
			close_input(w);
			fail(w, &err, "upload");
		}
		return;
	}
	s = next_submission(w);
	engine_sending(w, true);
	engine_record(w, s->n, send_request);
}

/* --- in doubt, and too late ----------------------------------------- */

static unsigned
count_doubts(const struct job *job)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < job->nsubs; i++)
		n += job->subs[i].fate == SUB_DOUBT;
	return n;
}

static void
expire(struct work *w)
{
	const struct submission *s = job_last_submission(w->job);
	struct step_result r = {
	    .verdict = VERDICT_DONE,
	    .next = JOB_DONE,
	    .outcome = OUTCOME_EXPIRED,
	    .error_code = "deadline",
	    .error_text = s != NULL && s->note != NULL
		? s->note
		: "it could not be submitted in time",
	};

	engine_apply(w, &r);
}

static bool
too_late(const struct job *job)
{
	return job->deadline_at != 0 && clock_wall_ms() >= job->deadline_at;
}

/* Its words are on disk; the error itself may be of an earlier process. */
static void
fail_refused(struct work *w, const struct submission *s)
{
	struct step_result r = {
	    .verdict = VERDICT_DONE,
	    .next = JOB_DONE,
	    .outcome = OUTCOME_FAILED,
	    .error_code = "refused",
	    .error_text = s->note,
	};

	engine_apply(w, &r);
}

void
step_submit_again(struct work *w)
{
	const struct submission *s = job_last_submission(w->job);
	struct error err;

	if (s->fate == SUB_REFUSED) {
		fail_refused(w, s);
		return;
	}
	if (too_late(w->job)) {
		expire(w);
		return;
	}
	if (s->fate == SUB_NOT_SENT) {
		submit_now(w);
		return;
	}
	if (count_doubts(w->job) >= DOUBTS_MAX) {
		err_set(&err, ERR_REMOTE,
		    "%d submissions ended in doubt; the last: %s", DOUBTS_MAX,
		    s->note != NULL ? s->note : "no answer");
		fail(w, &err, "in-doubt");
		return;
	}
	log_begin(LOG_WARN, "engine");
	log_str("job", w->job->id);
	log_str("msg", "nothing came of the doubtful submission: resubmitting");
	log_int("submission", s->n + 1);
	log_end();
	submit_now(w);
}

void
step_submit(struct work *w)
{
	const struct job *job = w->job;
	int64_t now = clock_wall_ms();
	struct step_result hold = {.verdict = VERDICT_HOLD};

	/* Nothing is sent again before somebody looked, however late it is. */
	if (job_in_doubt(job)) {
		step_poll(w);
		return;
	}
	if (too_late(job)) {
		expire(w);
		return;
	}
	hold.delay_ms = job->created_at + CALLER_NAME_HOLD_MS - now;
	if (job->spec.filename != NULL && hold.delay_ms > 0 &&
	    hold.delay_ms <= CALLER_NAME_HOLD_MS) {
		engine_apply(w, &hold);
		return;
	}
	submit_now(w);
}

void
step_submit_cancel(struct work *w)
{
	close_input(w);
	sagemaker_cancel(w->invoke);
	w->invoke = NULL;
}
