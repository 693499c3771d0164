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
#include "engine/answer.h"
#include "engine/doubt.h"
#include "engine/learn.h"
#include "engine/names.h"
#include "engine/own.h"
#include "engine/times.h"
#include "engine/work.h"

/* A store that is stalled may write an intent late: then it is written anew, so
 * that what follows from its time holds. */
#define INTENT_STALE_MS 10000
/* A caller's Filename may name an object of an earlier job. Two seconds keep
 * the two apart by age, although S3 tells times in whole seconds. */
#define CALLER_NAME_HOLD_MS 2000

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

static void
refuse_foreign(struct work *w)
{
	struct error err;

	err_set(&err, ERR_REFUSED,
	    "its request was somebody else's, and is not made again");
	fail(w, &err, "foreign");
}

/* --- the input ------------------------------------------------------ */

static void
close_input(struct work *w)
{
	discard_fd(w->step->input_fd);
	w->step->input_fd = -1;
}

/* All but the descriptor, and of a body its digest. */
static void
fill_put(const struct work *w, struct s3_put *put)
{
	const struct job_spec *spec = &w->job->spec;
	bool body = spec->input == INPUT_BODY;

	*put = (struct s3_put){
	    .ref = work_ref(w, body ? w->uploaded : spec->input_location),
	    .content_type = spec->content_type,
	    .len = body ? (int64_t)spec->body_len : spec->input_size,
	    .sha256 = body ? NULL : spec->input_sha256,
	    .if_absent = true,
	};
}

static void
stored(struct work *w)
{
	close_input(w);
	crash_point("C3");
	w->input_stored = true;
	step_submit_now(w);
}

static void
not_stored(struct work *w, const struct error *err)
{
	struct error e = *err;

	close_input(w);
	err_prefix(&e, "upload the input");
	if (e.retryable)
		retry(w, &e);
	else
		fail(w, &e, "upload");
}

static void
on_compared(const struct s3_object *object, const struct error *err, void *arg)
{
	struct work *w = arg;
	struct error e;

	w->step->call = NULL;
	if (object != NULL) {
		stored(w);
		return;
	}
	e = *err;
	/* It went away in between, and may be put there now. */
	if (e.code == ERR_NOT_FOUND)
		e.retryable = true;
	if (e.http_status == 403)
		err_hint(&e,
		    "An object is there already. Allow s3:GetObject on the "
		    "inputs, so that it can be told whether it is this one.");
	not_stored(w, &e);
}

static void
on_uploaded(const struct s3_object *object, const struct error *err, void *arg)
{
	struct work *w = arg;
	struct s3_put put;
	struct error e;

	w->step->call = NULL;
	if (object != NULL) {
		stored(w);
	} else if (err->code != ERR_EXISTS) {
		not_stored(w, err);
	} else {
		/* The place is ours alone: it is of an earlier try, whose
		 * answer was lost, or something is wrong. */
		fill_put(w, &put);
		put.fd = w->step->input_fd;
		if (s3_compare(w->site->s3, &put, on_compared, w,
			&w->step->call, &e) == -1)
			not_stored(w, &e);
	}
}

static int
open_input_file(struct work *w, struct error *err)
{
	const struct job_spec *spec = &w->job->spec;
	struct stat st;

	/* What became a FIFO since must not hold up the loop. */
	w->step->input_fd =
	    open(spec->input_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (w->step->input_fd == -1)
		return err_set_errno(
		    err, ERR_IO, "open the input %s", spec->input_path);
	if (fstat(w->step->input_fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_size != spec->input_size)
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

	w->step->input_fd = memfd_create("input", MFD_CLOEXEC);
	if (w->step->input_fd == -1)
		return err_set_errno(err, ERR_IO, "memfd_create");
	return file_write_all(
	    w->step->input_fd, spec->body, spec->body_len, err);
}

static int
start_upload(struct work *w, struct error *err)
{
	const struct job_spec *spec = &w->job->spec;
	bool body = spec->input == INPUT_BODY;
	char sha256[HASH_SHA256_HEX_SIZE];
	struct s3_put put;

	fill_put(w, &put);
	if (body) {
		hash_sha256_hex(spec->body, spec->body_len, sha256);
		put.sha256 = sha256;
	}
	if ((body ? open_input_body(w, err) : open_input_file(w, err)) == -1)
		return -1;
	put.fd = w->step->input_fd;
	return s3_put(w->site->s3, &put, on_uploaded, w, &w->step->call, err);
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
	times_begin(s);
	names_choose(job, s);
	names_predict(job, learn_output_path(w));
	own_note(w, s);
	return s;
}

/* --- the answer ----------------------------------------------------- */

static void
close_submission(
    struct submission *s, enum submission_fate fate, const char *note)
{
	s->fate = fate;
	times_end(s);
	free(s->note);
	s->note = xstrdup_or_null(note);
}

static void
accepted(struct work *w, const struct sagemaker_accepted *a)
{
	struct job *job = w->job;
	struct submission *s = job_last_submission(job);
	struct step_result r = {
	    .verdict = VERDICT_DONE,
	    .next = JOB_PENDING,
	    .submission = s->n,
	};

	close_submission(s, SUB_ACCEPTED, NULL);
	s->output_location = xstrdup(a->output_location);
	s->failure_location = xstrdup_or_null(a->failure_location);
	s->request_id = xstrdup_or_null(a->request_id);
	learn_answer(w, s);
	times_set_deadline(job, times_patience_ms(&job->spec));
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
	if (learn_may_succeed(w))
		engine_record(w, s->n, look_soon);
	else
		engine_apply(w, &r);
}

/* Carries the error over the write of the submission's fate. */
static void
after_not_sent(struct work *w)
{
	struct error err = *w->step->obstacle;

	work_obstacle(w, NULL);
	/* What lies under the caller's name may change until it goes again. */
	w->step->before.known = false;
	retry(w, &err);
}

static void
after_doubt(struct work *w)
{
	const struct submission *s = job_last_submission(w->job);

	log_begin(LOG_WARN, "engine");
	log_str("job", w->id);
	log_str("msg",
	    learn_output(w, s) != NULL
		? "the submission may have been accepted: looking for its "
		  "result before another one is made"
		: "the submission may have been accepted, and where its "
		  "result would be is not known: waiting before another one "
		  "is made");
	log_err(w->step->obstacle);
	log_end();
	work_obstacle(w, NULL);
	look_soon(w);
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
	direct_unhear(w);
	w->refuses_inline = true;
	free(w->uploaded);
	w->uploaded = job_upload_place(w->job, policy.input_prefix);
	close_submission(s, SUB_NOT_SENT, err->text);
	engine_record(w, s->n, step_submit_now);
}

static void
not_accepted(struct work *w, const struct error *err)
{
	struct submission *s = job_last_submission(w->job);

	close_submission(s, SUB_NOT_SENT, err->text);
	work_obstacle(w, err);
	if (answer_is_credentials(err) && w->step->obstacle->hint[0] == '\0')
		err_hint(w->step->obstacle,
		    "Get new credentials, or set this machine's clock right: "
		    "the job waits for that.");
	engine_record(w, s->n, after_not_sent);
}

static void
in_doubt(struct work *w, const struct error *err)
{
	struct submission *s = job_last_submission(w->job);

	close_submission(s, SUB_DOUBT, err->text);
	doubt_make_room(w);
	work_obstacle(w, err);
	engine_record(w, s->n, after_doubt);
}

/* What was not accepted for good, or for now; or nobody knows. */
static void
declined(struct work *w, const struct error *err)
{
	switch (answer_class(err)) {
	case ANSWER_REJECTED:
		if (is_inline_refusal(w, err))
			upload_instead(w, job_last_submission(w->job), err);
		else
			refused(w, err);
		return;
	case ANSWER_NOT_SENT:
	case ANSWER_NOT_ACCEPTED:
		not_accepted(w, err);
		return;
	case ANSWER_IN_DOUBT:
		in_doubt(w, err);
		return;
	case ANSWER_ACCEPTED:
		break;
	}
	abort();
}

static void
on_answer(
    const struct sagemaker_accepted *a, const struct error *err, void *arg)
{
	struct work *w = arg;

	w->step->invoke = NULL;
	engine_sending(w, false);
	if (a != NULL)
		accepted(w, a);
	else
		declined(w, err);
}

static void send_request(struct work *w);

static void
write_intent(struct work *w)
{
	struct submission *s;

	/* Behind an upload or a look that began before: the next process goes
	 * on from there. */
	if (engine_draining(w)) {
		look_soon(w);
		return;
	}
	s = next_submission(w);
	engine_sending(w, true);
	engine_record(w, s->n, send_request);
}

/* The intent is on disk: now the request may leave. */
static void
send_request(struct work *w)
{
	const struct job_spec *spec = &w->job->spec;
	struct submission *s = job_last_submission(w->job);
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

	if (times_since_intent(s) > INTENT_STALE_MS) {
		times_begin(s);
		engine_record(w, s->n, send_request);
		return;
	}
	crash_point("C4");
	if (spec->input == INPUT_BODY && !w->refuses_inline) {
		in.body = spec->body;
		in.body_len = spec->body_len;
	}
	direct_listen(w, &in);
	log_debug("engine", "job %s: sending submission %u", w->id, s->n);
	if (sagemaker_invoke_async(w->site->sagemaker, &in, on_answer, w,
		&w->step->invoke, &err) == -1)
		declined(w, &err);
}

static void
submit(struct work *w)
{
	if (own_look(w, write_intent))
		write_intent(w);
}

static void
on_credentials(const struct creds *creds, const struct error *err, void *arg)
{
	struct work *w = arg;

	(void)creds;
	w->step->credentials = NULL;
	if (err != NULL)
		retry(w, err);
	else
		step_submit_now(w);
}

/* Without credentials no intent is written: a stop would leave it in doubt. */
static bool
has_credentials(struct work *w)
{
	struct creds_cache *cache = aws_client_creds(w->site->aws);

	if (cache == NULL || creds_cache_now(cache) != NULL)
		return true;
	creds_cache_wait(cache, on_credentials, w, &w->step->credentials);
	return false;
}

void
step_submit_now(struct work *w)
{
	const struct job_spec *spec = &w->job->spec;
	struct error err;

	if (!has_credentials(w))
		return;
	/* It was let go of when the one before was accepted. */
	if (spec->input == INPUT_BODY && spec->body == NULL &&
	    spec->body_len > 0 && w->uploaded == NULL) {
		engine_reload_body(w, step_submit_now);
		return;
	}
	if (must_upload(w)) {
		if (start_upload(w, &err) == -1) {
			close_input(w);
			fail(w, &err, "upload");
		}
		return;
	}
	submit(w);
}

void
step_submit(struct work *w)
{
	const struct job *job = w->job;
	const struct submission *s = job_last_submission(job);
	int64_t now = clock_wall_ms();
	struct step_result hold = {.verdict = VERDICT_HOLD};

	/* It cannot be queued, unless its row was made by another hand. */
	if (job_is_foreign(job)) {
		refuse_foreign(w);
		return;
	}
	/* Nothing is sent again before somebody looked, however late it is; and
	 * nothing at all behind a refusal. */
	if (job_in_doubt(job) || (s != NULL && s->fate == SUB_REFUSED)) {
		step_poll(w);
		return;
	}
	if (doubt_too_late(w)) {
		doubt_expire(w);
		return;
	}
	hold.delay_ms = job->created_at + CALLER_NAME_HOLD_MS - now;
	if (job->spec.filename != NULL && hold.delay_ms > 0 &&
	    hold.delay_ms <= CALLER_NAME_HOLD_MS) {
		engine_apply(w, &hold);
		return;
	}
	if (own_claim(w))
		step_submit_now(w);
}

void
step_submit_cancel(struct work *w)
{
	close_input(w);
	creds_waiter_cancel(w->step->credentials);
	w->step->credentials = NULL;
	sagemaker_cancel(w->step->invoke);
	w->step->invoke = NULL;
}
