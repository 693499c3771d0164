/* SPDX-License-Identifier: Apache-2.0 */
/* The course of one request, step by step. */
#include "local/run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/notice.h"

#define TEXT_TYPE "text/plain; charset=utf-8"
#define WHY_MAX ((size_t)256) /* bytes of it that are logged */
#define NO_ANSWER                                                     \
	"ClientError: Received server error (0) from model. See the " \
	"SageMaker Endpoint logs in your account for more information."

/* How a request failed; texts are borrowed. */
struct failure {
	const char *outcome; /* "failed" or "expired" */
	const char *reason; /* failureReason */
	const char *text; /* NULL: the draft holds the bytes */
	size_t len;
	const char *type;
	int status; /* of the model's answer; 0: there was none */
	bool wordless; /* the text is not the model's, nor about this */
};

static int64_t
age_of(const struct run *r)
{
	int64_t age = clock_wall_ms() - r->request.accepted_at;

	/* The clock may be set back, and sums that are told only grow. */
	return age > 0 ? age : 0;
}

/* A result may wait for hours until another S3 takes it. */
static void
drop_payload(struct run *r)
{
	if (r->payload_fd != -1)
		close(r->payload_fd);
	r->payload_fd = -1;
	free(r->request.body);
	r->request.body = NULL;
	r->request.body_len = 0;
}

static void
enter(struct run *r, enum run_state state)
{
	if (state == RUN_STORING)
		drop_payload(r);
	r->state = state;
	r->since = clock_mono_ms();
}

/* How long the present state has been going on. */
static void
measure(const struct run *r, struct metrics_sum *sum, int64_t unit)
{
	sum->sum += (clock_mono_ms() - r->since) * unit;
	sum->n++;
}

static void
log_state(const struct run *r, const char *state)
{
	log_begin(LOG_INFO, "endpoint");
	log_str("inference", r->request.inference_id);
	log_str("endpoint", r->request.endpoint);
	log_str("state", state);
	log_int("ms", age_of(r));
	log_str("why", r->why);
	log_end();
}

/* What programs write last says most. The caller's. */
static char *
last_line(const char *text, size_t len)
{
	size_t from;

	while (len > 0 && (unsigned char)text[len - 1] <= ' ')
		len--;
	for (from = len; from > 0 && text[from - 1] != '\n'; from--)
		continue;
	len -= from;
	return xstrndup(text + from, len < WHY_MAX ? len : WHY_MAX);
}

static struct fault_subject
subject_of(const struct run *r)
{
	return (struct fault_subject){
	    .operation = "Invocation",
	    .endpoint = r->request.endpoint,
	};
}

/* --- the end -------------------------------------------------------- */

/* A fault that is not the request's. */
static void
again(struct run *r, const char *what, const struct error *err)
{
	struct error e = *err;

	err_prefix(&e, "%s", what);
	r->tries++;
	objects_discard(r->o->queue->objects, &r->draft);
	enter(r, RUN_NEW);
	r->o->done(r, &e);
}

static void
end(struct run *r)
{
	struct metrics_endpoint *m = r->o->metrics;

	if (str_eq(r->outcome, "expired"))
		m->expired++;
	else
		m->processed++;
	m->failures += str_eq(r->outcome, "failed");
	m->total_ms.sum += age_of(r);
	m->total_ms.n++;
	log_state(r, r->outcome);
	r->o->done(r, NULL);
}

/* Inside the transaction that ends the request. */
static int
also_end(struct db *db, void *arg, struct error *err)
{
	struct run *r = arg;
	struct sns *sns = r->o->queue->sns;

	if (db_request_delete(db, r->request.seq, err) == -1)
		return -1;
	if (r->notice == NULL)
		return 0;
	if (sns_publish(sns, r->topic, r->notice, strlen(r->notice), err) == 0)
		return 0;
	if (err->code != ERR_NOT_FOUND)
		return -1;
	/* Without its topic a notification is lost, as with SageMaker. */
	r->o->metrics->notification_failures++;
	log_begin(LOG_WARN, "endpoint");
	log_str("msg", "a notification could not be published");
	log_str("inference", r->request.inference_id);
	log_err(err);
	log_end();
	return 0;
}

static void
on_removed(const struct error *err, void *arg)
{
	struct run *r = arg;

	if (err != NULL)
		again(r, "a request could not be ended", err);
	else
		end(r);
}

/* It leaves no object. */
static void
end_without_object(struct run *r)
{
	struct db *db = r->o->queue->db;
	struct error err;

	enter(r, RUN_STORING);
	/* The others' writes of this turn are lost with it, and are told. */
	if (also_end(db, r, &err) == -1)
		db_abandon(db);
	db_on_commit(db, on_removed, r);
}

static void
on_stored(const struct error *err, void *arg)
{
	struct run *r = arg;

	if (err != NULL) {
		again(r, "an object could not be written", err);
		return;
	}
	measure(r, &r->o->metrics->upload_us, 1000);
	end(r);
}

static struct place_result
result_of(struct run *r, enum db_staged staged, const char *content_type)
{
	return (struct place_result){
	    .seq = r->request.seq,
	    .staged = staged,
	    .location = staged == DB_STAGED_OUTPUT ? r->request.output
						   : r->request.failure,
	    .content_type = content_type,
	    .also = also_end,
	    .done = on_stored,
	    .arg = r,
	};
}

/* Takes the draft. */
static void
store(struct run *r, enum db_staged staged, const char *content_type)
{
	const struct queue_options *q = r->o->queue;
	struct place_result result = result_of(r, staged, content_type);
	struct fault_subject subject = subject_of(r);
	struct error err;

	if (fault_take(q->faults, FAULT_LOSE_RESULT, &subject) != NULL) {
		r->o->metrics->upload_failures++;
		objects_discard(q->objects, &r->draft);
		xfree(&r->notice);
		r->outcome = "lost";
		end_without_object(r);
		return;
	}
	/* Who uploads it after a restart knows nothing else of its end. */
	if (q->remote && r->notice != NULL &&
	    db_request_note(q->db, r->request.seq, r->notice, &err) == -1) {
		again(r, "a notification could not be kept", &err);
		return;
	}
	enter(r, RUN_STORING);
	place_store(q->place, &r->draft, &result);
}

/* --- what is announced ---------------------------------------------- */

static void
announce(struct run *r, bool completed, const char *reason,
    const char *response_type)
{
	const struct conf_endpoint *e = r->o->endpoint;
	const struct db_request *q = &r->request;
	bool include = completed ? e->include_success : e->include_error;
	struct notice n = {
	    .region = r->o->queue->region,
	    .received_at = q->accepted_at,
	    .event_at = clock_wall_ms(),
	    .completed = completed,
	    .failure_reason = reason,
	    .endpoint = q->endpoint,
	    .input_location = q->input_location,
	    .content_type = q->content_type,
	    .accept = q->accept,
	    .custom_attributes = q->custom_attributes,
	    .output_location = completed ? q->output : NULL,
	    .failure_location = completed ? NULL : q->failure,
	    .response_type = response_type,
	    .inference_id = q->inference_id,
	    .response_fd = include ? r->draft.fd : -1,
	};
	struct error err;
	struct buf b;

	r->topic = completed ? e->success_topic : e->error_topic;
	xfree(&r->notice);
	if (str_empty(r->topic))
		return;
	buf_init(&b, NOTICE_MAX);
	if (notice_write(&b, &n, &err) == 0) {
		r->notice = xstrndup(b.data, b.len);
	} else {
		r->o->metrics->notification_failures++;
		log_begin(LOG_ERROR, "endpoint");
		log_str("msg", "a notification could not be made");
		log_str("inference", q->inference_id);
		log_err(&err);
		log_end();
	}
	buf_done(&b);
}

/* --- failures ------------------------------------------------------- */

static int
write_text(struct run *r, const struct failure *f, struct error *err)
{
	struct objects *objects = r->o->queue->objects;

	if (f->text == NULL)
		return 0;
	objects_discard(objects, &r->draft);
	if (objects_draft(objects, &r->draft, err) == -1)
		return -1;
	return file_write_all(r->draft.fd, f->text, f->len, err);
}

/* For the log; SageMaker's words would send people to SageMaker's logs. */
static char *
why_of(const struct failure *f)
{
	if (!f->wordless)
		return last_line(f->text, f->len);
	if (f->status == 0)
		return xstrdup("the model gave no answer");
	return xasprintf("the model answered %d", f->status);
}

static void
fail(struct run *r, const struct failure *f)
{
	int expired = r->o->endpoint->expired;
	bool is_expired = str_eq(f->outcome, "expired");
	bool object = r->request.failure != NULL &&
	    (!is_expired || expired == CONF_EXPIRED_OBJECT);
	struct error err;

	r->outcome = f->outcome;
	free(r->why);
	r->why = why_of(f);
	if (write_text(r, f, &err) == -1) {
		again(r, "a failure could not be written", &err);
		return;
	}
	if (!is_expired || expired != CONF_EXPIRED_SILENT)
		announce(r, false, f->reason, f->type);
	if (object) {
		store(r, DB_STAGED_FAILURE, f->type);
		return;
	}
	objects_discard(r->o->queue->objects, &r->draft);
	end_without_object(r);
}

static void
fail_text(
    struct run *r, const char *outcome, const char *reason, const char *text)
{
	struct failure f = {
	    .outcome = outcome,
	    .reason = reason,
	    .text = text,
	    .len = strlen(text),
	    .type = TEXT_TYPE,
	};

	fail(r, &f);
}

static void
fail_error(struct run *r, const char *what, const struct error *err)
{
	char *text = xasprintf("%s: %s", what, err->text);

	fail_text(r, "failed", text, text);
	free(text);
}

void
run_expire(struct run *r)
{
	char *text = xasprintf("Request expired: it waited longer than its "
			       "time to live of %lld seconds",
	    (long long)r->request.ttl_s);

	fail_text(r, "expired", text, text);
	free(text);
}

/* --- the model ------------------------------------------------------ */

static void
complete(struct run *r, const struct model_result *m)
{
	const char *type = m->content_type != NULL
	    ? m->content_type
	    : r->o->endpoint->result_content_type;

	r->outcome = "completed";
	announce(r, true, NULL, type);
	store(r, DB_STAGED_OUTPUT, type);
}

static void
fail_model(struct run *r, const struct model_result *m)
{
	struct failure f = {
	    .outcome = "failed",
	    .reason = m->reason != NULL ? m->reason : NO_ANSWER,
	    .text = m->text,
	    .len = m->len,
	    .type = m->text == NULL && m->content_type != NULL ? m->content_type
							       : TEXT_TYPE,
	    .status = m->status,
	    .wordless = m->text == NULL ||
		(m->reason != NULL && str_eq(m->text, m->reason)),
	};

	fail(r, &f);
}

static void
on_model(const struct model_result *m, void *arg)
{
	struct run *r = arg;
	struct metrics_endpoint *metrics = r->o->metrics;

	r->call = NULL;
	if (m->verdict == MODEL_AGAIN) {
		again(r, "a model was not reached", &m->err);
		return;
	}
	measure(r, &metrics->model_us, 1000);
	metrics->client_errors += m->status >= 400 && m->status < 500;
	metrics->server_errors += m->status >= 500;
	if (m->verdict == MODEL_OK)
		complete(r, m);
	else
		fail_model(r, m);
}

static int
invoke(struct run *r, int64_t payload_len, struct error *err)
{
	const struct db_request *q = &r->request;
	struct model_invocation v = {
	    .facts =
		{
		    .inference_id = q->inference_id,
		    .endpoint = q->endpoint,
		    .content_type = q->content_type != NULL
			? q->content_type
			: r->o->endpoint->content_type,
		    .accept = q->accept,
		    .custom_attributes = q->custom_attributes,
		},
	    .payload_fd = r->payload_fd,
	    .payload_len = payload_len,
	    .timeout_s = q->timeout_s,
	};

	if (objects_draft(r->o->queue->objects, &r->draft, err) == -1)
		return -1;
	v.output_fd = r->draft.fd;
	enter(r, RUN_INVOKING);
	return model_invoke(r->o->model, &v, on_model, r, &r->call, err);
}

/* --- the payload ---------------------------------------------------- */

/* A program that is not there stays so; a machine that is short of descriptors
 * or memory is no fault of a request. */
static void
have_payload(struct run *r, int64_t len)
{
	struct error err;

	r->o->fetched(r);
	if (model_room(r->o->model) == 0) {
		err_set(&err, ERR_NET, "its instance is gone");
		again(r, "a model could not be called", &err);
		return;
	}
	log_state(r, "running");
	if (invoke(r, len, &err) == 0)
		return;
	if (err.code == ERR_NOT_FOUND)
		fail_error(r, "Model could not be started", &err);
	else
		again(r, "a model could not be called", &err);
}

static void
no_payload(struct run *r, const struct error *err)
{
	r->o->fetched(r);
	if (err->code != ERR_NOT_FOUND && err->code != ERR_AUTH &&
	    err->code != ERR_LIMIT) {
		again(r, "an input could not be read", err);
		return;
	}
	r->o->metrics->download_failures++;
	fail_error(r, "Input could not be read", err);
}

static void
on_fetched(int take_fd, int64_t size, const struct error *err, void *arg)
{
	struct run *r = arg;

	r->fetch = NULL;
	if (err != NULL) {
		no_payload(r, err);
		return;
	}
	measure(r, &r->o->metrics->download_us, 1000);
	r->payload_fd = take_fd;
	have_payload(r, size);
}

static int
open_body(struct run *r, struct error *err)
{
	int fd = memfd_create("payload", MFD_CLOEXEC);

	if (fd == -1)
		return err_set_errno(err, ERR_IO, "hold a payload");
	r->payload_fd = fd;
	if (file_write_all(fd, r->request.body, r->request.body_len, err) == -1)
		return -1;
	if (lseek(fd, 0, SEEK_SET) == -1)
		return err_set_errno(err, ERR_IO, "rewind a payload");
	return 0;
}

void
run_start(struct run *r)
{
	const struct db_request *q = &r->request;
	struct error err;

	if (r->tries == 0) {
		r->o->metrics->backlog_ms.sum += age_of(r);
		r->o->metrics->backlog_ms.n++;
	}
	enter(r, RUN_FETCHING);
	if (q->input_location != NULL)
		place_fetch(r->o->queue->place, q->input_location, on_fetched,
		    r, &r->fetch);
	else if (open_body(r, &err) == 0)
		have_payload(r, (int64_t)q->body_len);
	else
		no_payload(r, &err);
}

void
run_resume(struct run *r)
{
	enum db_staged staged = (enum db_staged)r->request.staged;
	bool completed = staged == DB_STAGED_OUTPUT;
	const struct conf_endpoint *e = r->o->endpoint;
	struct place_result result = result_of(r, staged, NULL);

	r->outcome = completed ? "completed" : "failed";
	r->topic = completed ? e->success_topic : e->error_topic;
	if (!str_empty(r->topic))
		r->notice = xstrdup_or_null(r->request.notice);
	enter(r, RUN_STORING);
	place_resume(r->o->queue->place, &result);
}

/* --- making --------------------------------------------------------- */

struct run *
run_new(const struct run_options *o, struct db_request *take)
{
	struct run *r = xcalloc(1, sizeof(*r));

	r->o = o;
	r->request = *take;
	memset(take, 0, sizeof(*take));
	r->draft.fd = -1;
	r->payload_fd = -1;
	enter(r, RUN_NEW);
	return r;
}

void
run_free(struct run *r)
{
	place_cancel(r->fetch);
	model_cancel(r->call);
	drop_payload(r);
	objects_discard(r->o->queue->objects, &r->draft);
	db_request_done(&r->request);
	free(r->notice);
	free(r->why);
	free(r);
}
