/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look at the places where a result or a failure may be, one after the other:
 * the output of each submission that can still succeed, then its failure
 * object. The first output found wins, whichever submission it came from.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/awserr.h"
#include "aws/grant.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/again.h"
#include "engine/answer.h"
#include "engine/bells.h"
#include "engine/doubt.h"
#include "engine/late.h"
#include "engine/learn.h"
#include "engine/look.h"
#include "engine/own.h"
#include "engine/settle.h"
#include "engine/times.h"
#include "engine/work.h"

/* A look that cannot be made (a network that is not up yet) does not end a
 * job at its deadline; so many of them in a row do. */
#define VAIN_LOOKS_MAX 20
/* Of so many refusals in a row one is looked into, whatever is known; a prime
 * number, so that it is not always the same of a job's places. */
#define DENIALS_BELIEVED 17

static void look_on(struct work *w);
static void note_obstacle(struct work *w, const struct error *err);
static int look_here(struct work *w, struct error *err);

static struct submission *
looked_at(const struct work *w)
{
	return &w->job->subs[w->step->at];
}

static const char *
place_of(const struct work *w)
{
	return w->step->at_failure ? w->step->failure
				   : learn_output(w, looked_at(w));
}

/* --- verdicts ------------------------------------------------------- */

/* The failure of one submission counts once no other can succeed any more. */
static void
count_failure(struct work *w, const struct submission *failed)
{
	struct step_result r = {
	    .verdict = VERDICT_DONE,
	    .next = JOB_DONE,
	    .outcome = OUTCOME_FAILED,
	    .submission = failed->n,
	    .error_code = "model",
	    .error_text = failed->note,
	};
	int64_t delay = again_delay_ms(w, failed->note);

	if (delay > 0)
		again_begin(w, failed, delay);
	else
		engine_apply(w, &r);
}

static void
expire(struct work *w)
{
	const struct submission *failed = again_failed(w->job);
	char *why = w->step->obstacle != NULL
	    ? err_words(w->step->obstacle)
	    : xstrdup("no result and no failure came in time");
	struct step_result r = {
	    .verdict = VERDICT_DONE,
	    .next = JOB_DONE,
	    .outcome = OUTCOME_EXPIRED,
	    .error_code = "deadline",
	    .error_text = why,
	};

	if (failed != NULL)
		count_failure(w, failed);
	else
		engine_apply(w, &r);
	free(why);
}

static void
look_later(struct work *w, int64_t left_ms)
{
	struct error *obstacle = w->step->obstacle;
	struct step_result r = {
	    .verdict = VERDICT_WAIT,
	    .delay_ms = look_next_ms(w, left_ms),
	    .err = obstacle,
	};

	/* Of 100,000 jobs that wait each may have one. */
	w->step->obstacle = NULL;
	engine_apply(w, &r);
	free(obstacle);
}

/* Of looks that could not be made; whoever brings credentials is waited for. */
static bool
look_once_more(struct work *w, bool late)
{
	if (!w->step->blind || !late)
		return w->step->blind;
	return (w->step->obstacle != NULL &&
		   answer_is_credentials(w->step->obstacle)) ||
	    ++w->in_vain < VAIN_LOOKS_MAX;
}

static void wait_more(struct work *w);

/* Nothing is there, and a notification that was there before this look says
 * why: it counts as the failure's object would. */
static bool
believe(struct work *w)
{
	const char *reason;
	struct submission *s = bells_told(w, &reason);

	if (s == NULL || w->step->blind)
		return false;
	/* Its object was not looked for. */
	if (!w->step->look.failures || w->step->look.alone) {
		w->cause = LOOK_RUNG;
		w->rung = true;
		return false;
	}
	s->fate = SUB_FAILED;
	free(s->note);
	s->note = xstrdup(reason);
	if (learn_may_succeed(w)) {
		engine_record(w, s->n, wait_more);
		return true;
	}
	look_found(w, true);
	count_failure(w, s);
	return true;
}

/* Nothing is there. What ends the waiting is a look that began behind its end,
 * and could be made. */
static void
wait_more(struct work *w)
{
	int64_t left = doubt_left_ms(w);
	bool late = times_left(w->job) <= 0;

	if (!w->is_late && believe(w))
		return;
	if (w->is_late)
		late_not_yet(w);
	else if (left > 0 || look_once_more(w, late))
		look_later(w, left);
	else if (left + (clock_mono_ms() - w->step->looked_mono) > 0)
		look_later(w, 1);
	else if (w->job->state == JOB_PENDING)
		expire(w);
	else
		doubt_over(w);
}

static void
found_output(struct work *w)
{
	struct step_result r = {
	    .verdict = VERDICT_DONE,
	    .next = JOB_DONE,
	    .outcome = OUTCOME_OK,
	};

	if (w->is_late) {
		late_found(w);
		return;
	}
	look_found(w, false);
	engine_apply(w, &r);
}

static void
found_failure(struct work *w)
{
	struct submission *s = looked_at(w);

	s->fate = SUB_FAILED;
	/* Of a doubtful one it was only supposed to be there. */
	free(s->failure_location);
	s->failure_location = xstrdup(w->step->failure);
	free(s->note);
	s->note = xstrdup(w->step->text.len > 0
		? w->step->text.data
		: "the model failed and said nothing");
	if (learn_may_succeed(w)) {
		engine_record(w, s->n, look_on);
		return;
	}
	look_found(w, true);
	count_failure(w, s);
}

/* --- what stands in the way ----------------------------------------- */

static void
log_obstacle(const struct work *w)
{
	bool said = answer_is_news(w->step->obstacle);

	log_begin(said ? LOG_DEBUG : LOG_WARN, "engine");
	log_str("job", w->id);
	log_str("place", place_of(w));
	log_err(w->step->obstacle);
	log_end();
}

static void
note_obstacle(struct work *w, const struct error *err)
{
	const char *code = err->remote_code[0] != '\0'
	    ? err->remote_code
	    : error_code_name(err->code);

	work_obstacle(w, err);
	w->step->blind |= err->retryable;
	if (work_warns(w, code))
		log_obstacle(w);
}

/* It came in between, and the next HEAD finds it; or something in between
 * lets only GETs through, and then nobody would ever know. */
static void
look_again(struct work *w)
{
	struct error err;

	if (!w->step->again) {
		w->step->again = true;
		if (look_here(w, &err) == 0)
			return;
	} else {
		err_set(&err, ERR_PROTOCOL,
		    "HeadObject is refused and GetObject is not");
	}
	note_obstacle(w, &err);
	look_on(w);
}

/* --- a refusal ------------------------------------------------------ */

/* Who asks; the place is the caller's to add. */
static struct access_query
query_by(const struct work *w)
{
	struct access_query q = {0};
	struct creds_cache *creds = aws_client_creds(w->site->aws);
	struct creds_state state;

	if (creds != NULL) {
		creds_cache_state(creds, &state);
		if (state.current != NULL)
			q.access_key = state.current->access_key;
	}
	return q;
}

static struct access_query
query_of(const struct work *w)
{
	struct access_query q = query_by(w);

	q.place = place_of(w);
	q.len = access_prefix_len(q.place, learn_output_path(w));
	return q;
}

/* Whatever it was asked for: others may ask. */
static void
stop_asking(struct work *w)
{
	struct access_query q;

	if (!w->step->asking)
		return;
	q = query_by(w);
	w->step->asking = false;
	explain_query(w->step->explain, &q);
	access_drop(w->site->access, &q);
}

/* Once for a prefix, whichever of its jobs it was that asked. */
static void
learn_refusal(
    struct work *w, enum access_verdict verdict, const struct error *err)
{
	struct access_query q = query_by(w);
	uint8_t *said = &w->said[w->step->at_failure];

	explain_query(w->step->explain, &q);
	w->step->asking = false;
	work_obstacle(w, err);
	/* Of more prefixes than are kept each would be news for ever. */
	if (access_learn(w->site->access, &q, verdict, err) &&
	    *said != verdict + 1) {
		*said = (uint8_t)(verdict + 1);
		log_obstacle(w);
	}
}

static void
on_explained(enum explain_answer answer, enum access_verdict verdict,
    const struct error *err, void *arg)
{
	struct work *w = arg;

	switch (answer) {
	case EXPLAIN_THERE:
	case EXPLAIN_MISSING:
		break;
	case EXPLAIN_REFUSED:
		learn_refusal(w, verdict, err);
		break;
	case EXPLAIN_KNOWN:
		work_obstacle(w, err);
		break;
	case EXPLAIN_TROUBLE:
		note_obstacle(w, err);
		break;
	}
	stop_asking(w);
	w->step->explain = NULL;
	if (answer == EXPLAIN_THERE)
		look_again(w);
	else
		look_on(w);
}

static void
explain(struct work *w, const struct access_query *q, const struct error *known,
    const struct error *denied)
{
	struct explain_options o = {
	    .site = w->site,
	    .ref = work_ref(w, q->place),
	    .prefix_len = q->len,
	    .known = known,
	    .denied = denied,
	};
	struct error err;

	if (explain_start(&o, on_explained, w, &w->step->explain, &err) == 0)
		return;
	if (w->step->asking)
		access_drop(w->site->access, q);
	w->step->asking = false;
	note_obstacle(w, &err);
	look_on(w);
}

/*
 * What is known of the prefix is believed, but not for ever and not in the
 * last look: something in between may refuse HEADs and let GETs through. While
 * another job asks, this one has just found nothing. `denied` has words, where
 * it was a GET.
 */
static void
refused(struct work *w, const struct error *denied)
{
	struct access_query q = query_of(w);
	const struct error *known = NULL;
	bool doubtful = ++w->denials % DENIALS_BELIEVED == 0 ||
	    w->step->again || doubt_left_ms(w) <= 0;

	switch (access_find(w->site->access, &q, &known)) {
	case ACCESS_ASK:
		access_begin(w->site->access, &q);
		w->step->asking = true;
		explain(w, &q, NULL, denied);
		return;
	case ACCESS_ASKED:
		break;
	case ACCESS_KNOWN:
		work_obstacle(w, known);
		break;
	}
	if (doubtful)
		explain(w, &q, known, denied);
	else
		look_on(w);
}

/* Our clock's and our keys' own troubles are no matter of permissions. */
static bool
is_refusal(const struct error *err)
{
	enum awserr_class class = awserr_class(err);

	return err->http_status == 403 &&
	    (class == AWSERR_AMBIGUOUS || class == AWSERR_AUTH);
}

/* A HEAD's error has no words; the same question as a GET has. */
static void
not_seen(struct work *w, const struct error *err)
{
	struct access_query q;

	if (is_refusal(err)) {
		refused(w, NULL);
	} else if (err->http_status >= 400 && err->http_status < 500) {
		q = query_of(w);
		explain(w, &q, NULL, NULL);
	} else {
		note_obstacle(w, err);
		look_on(w);
	}
}

/* No refusal: what is known of the prefix may be over. */
static void
note_answer(struct work *w, bool found)
{
	struct access_query q;

	w->denials = 0;
	if (access_is_empty(w->site->access))
		return;
	q = query_of(w);
	access_answered(w->site->access, &q, found);
}

/* --- looking -------------------------------------------------------- */

/* Which object it is: all that is read of it must be of this one. */
static void
note_result(struct job *job, const char *place, const struct s3_object *object)
{
	free(job->result_location);
	free(job->result_etag);
	free(job->result_type);
	job->result_location = xstrdup_or_null(place);
	job->result_etag = xstrdup(object->etag);
	job->result_type = xstrdup(object->content_type);
	job->result_size = object->size;
}

static void
forget_result(struct job *job)
{
	xfree(&job->result_location);
	xfree(&job->result_etag);
	xfree(&job->result_type);
	job->result_size = 0;
}

static int
keep_result(const void *data, size_t len, void *arg, struct error *err)
{
	struct work *w = arg;

	crash_point("C8");
	if (buf_append(&w->step->result, data, len) == 0)
		return 0;
	return err_set(err, ERR_PROTOCOL, "%s is larger than it was",
	    w->job->result_location);
}

/* A HEAD needs no leave to use the key that an object is encrypted with. */
static void
log_unread(const struct work *w, const struct error *err)
{
	const char *place = w->job->result_location;
	struct error why = *err;

	if (str_starts(why.remote_code, "AccessDenied"))
		explain_denied(&why, place,
		    access_prefix_len(place, learn_output_path(w)),
		    w->site->s3_endpoint.region);
	log_begin(LOG_WARN, "engine");
	log_str("job", w->id);
	log_str("msg", "the result is there and cannot be read");
	log_err(&why);
	log_end();
}

/* It changed, or cannot be read now: a later look brings it. What will never
 * be read does not hold the job up: its place is known. */
static void
on_result_read(
    const struct s3_object *object, const struct error *err, void *arg)
{
	struct work *w = arg;

	w->step->call = NULL;
	if (object != NULL) {
		w->step->have_result = true;
		found_output(w);
		return;
	}
	if (err->retryable || err->code == ERR_NOT_FOUND ||
	    err->code == ERR_PROTOCOL ||
	    str_eq(err->remote_code, "PreconditionFailed")) {
		note_obstacle(w, err);
		w->step->blind = true;
		forget_result(w->job);
		look_on(w);
		return;
	}
	log_unread(w, err);
	found_output(w);
}

/* What small bytes the deliveries want is read before the job is DONE. */
static void
read_result(struct work *w)
{
	struct s3_get get = {
	    .ref = work_ref(w, w->job->result_location),
	    .if_match = w->job->result_etag,
	    .sink = keep_result,
	    .sink_arg = w,
	};
	struct error err;

	buf_clear(&w->step->result);
	if (s3_get(w->site->s3, &get, on_result_read, w, &w->step->call,
		&err) == -1) {
		note_obstacle(w, &err);
		forget_result(w->job);
		look_on(w);
	}
}

/* The beginning of the failure object is enough to say what happened. */
static int
keep_text(const void *data, size_t len, void *arg, struct error *err)
{
	struct work *w = arg;
	size_t room = w->step->text.max - w->step->text.len;

	buf_append(&w->step->text, data, len < room ? len : room);
	if (len <= room)
		return 0;
	return err_set(err, ERR_CANCELLED, "enough was read");
}

static void
on_failure_read(
    const struct s3_object *object, const struct error *err, void *arg)
{
	struct work *w = arg;

	w->step->call = NULL;
	if (object == NULL && err->code != ERR_CANCELLED) {
		note_obstacle(w, err);
		look_on(w);
		return;
	}
	found_failure(w);
}

static void
read_failure(struct work *w, const char *etag)
{
	struct s3_get get = {
	    .ref = work_ref(w, place_of(w)),
	    .if_match = etag,
	    .sink = keep_text,
	    .sink_arg = w,
	};
	struct error err;

	buf_clear(&w->step->text);
	if (s3_get(w->site->s3, &get, on_failure_read, w, &w->step->call,
		&err) == -1) {
		note_obstacle(w, &err);
		look_on(w);
	}
}

static void
on_head(const struct s3_object *object, const struct error *err, void *arg)
{
	struct work *w = arg;

	w->step->call = NULL;
	w->job->polls++;
	if (object != NULL || err->code == ERR_NOT_FOUND)
		note_answer(w, object != NULL);
	if (object != NULL ? own_is_stale(w, looked_at(w), object)
			   : err->code == ERR_NOT_FOUND) {
		look_on(w);
	} else if (object != NULL && w->step->at_failure) {
		look_saw(w, looked_at(w), object);
		read_failure(w, object->etag);
	} else if (object != NULL) {
		note_result(w->job, place_of(w), object);
		look_saw(w, looked_at(w), object);
		/* Of unknown size it is too large to be kept. */
		if (object->size >= 0 && object->size <= settle_wants(w))
			read_result(w);
		else
			found_output(w);
	} else {
		not_seen(w, err);
	}
}

/* --- by a GET ------------------------------------------------------- */

/* A larger one is left where it is; that it is there is all that was asked. */
static int
on_get_head(const struct s3_object *object, void *arg, struct error *err)
{
	struct work *w = arg;

	w->step->look.head_seen = true;
	w->step->look.stale = own_is_stale(w, looked_at(w), object);
	if (w->step->look.stale)
		return err_set(err, ERR_CANCELLED, "it was there before");
	note_result(w->job, place_of(w), object);
	look_saw(w, looked_at(w), object);
	if (object->size > w->step->look.max)
		return err_set(err, ERR_CANCELLED, "it is too large");
	return 0;
}

static int look_by_head(struct work *w, struct error *err);

/* Who may not use the key of an object may see that it is there. */
static void
key_refused(struct work *w)
{
	struct error err;

	look_heads_only(w);
	if (look_by_head(w, &err) == 0)
		return;
	note_obstacle(w, &err);
	look_on(w);
}

static bool
is_of_a_key(const struct error *err)
{
	char action[GRANT_ACTION_SIZE];

	grant_named_action(err, action);
	return str_starts(action, "kms:") || strstr(err->text, "KMS") != NULL;
}

/* Unlike that of a HEAD its error has words. */
static void
not_got(struct work *w, const struct error *err)
{
	bool missing = err->code == ERR_NOT_FOUND &&
	    !str_eq(err->remote_code, "NoSuchBucket");

	if (missing) {
		note_answer(w, false);
		look_on(w);
	} else if (!str_starts(err->remote_code, "AccessDenied")) {
		note_obstacle(w, err);
		look_on(w);
	} else if (is_of_a_key(err)) {
		key_refused(w);
	} else {
		refused(w, err);
	}
}

static void
on_get(const struct s3_object *object, const struct error *err, void *arg)
{
	struct work *w = arg;

	w->step->call = NULL;
	w->job->polls++;
	if (!w->step->look.head_seen) {
		not_got(w, err);
		return;
	}
	note_answer(w, true);
	if (w->step->look.stale)
		look_on(w);
	else if (object == NULL && err->code == ERR_CANCELLED)
		found_output(w);
	else
		on_result_read(object, err, w);
}

static int
look_by_get(struct work *w, struct error *err)
{
	struct s3_get get = {
	    .ref = work_ref(w, place_of(w)),
	    .head = on_get_head,
	    .sink = keep_result,
	    .sink_arg = w,
	};

	buf_clear(&w->step->result);
	w->step->look.head_seen = w->step->look.stale = false;
	return s3_get(w->site->s3, &get, on_get, w, &w->step->call, err);
}

/* --- one place after the other -------------------------------------- */

static int
look_by_head(struct work *w, struct error *err)
{
	struct s3_ref ref = work_ref(w, place_of(w));

	return s3_head(w->site->s3, &ref, on_head, w, &w->step->call, err);
}

static int
look_here(struct work *w, struct error *err)
{
	if (!w->step->at_failure && !w->step->again &&
	    look_gets(w, &w->step->look.max))
		return look_by_get(w, err);
	return look_by_head(w, err);
}

/* A late failure tells nobody anything, and others are rarer than results. */
static bool
is_of_use(const struct work *w)
{
	const char *place = place_of(w);

	if (place == NULL || (w->step->look.alone && !work_is_shown(w, place)))
		return false;
	return !w->step->at_failure || (!w->is_late && w->step->look.failures);
}

/* The next place, or the verdict where there is none. */
static void
look_on(struct work *w)
{
	struct error err;

	w->step->again = false;
	for (;;) {
		if (!w->step->at_failure) {
			w->step->at_failure = true;
			free(w->step->failure);
			w->step->failure = learn_failure(w, looked_at(w));
		} else {
			w->step->at_failure = false;
			w->step->at++;
		}
		if (w->step->at >= w->job->nsubs) {
			wait_more(w);
			return;
		}
		if (!is_of_use(w))
			continue;
		if (look_here(w, &err) == 0)
			return;
		note_obstacle(w, &err);
	}
}

void
step_poll(struct work *w)
{
	/* look_on() begins by stepping on to the first place. */
	w->step->at = (size_t)-1;
	w->step->at_failure = true;
	work_obstacle(w, NULL);
	w->step->blind = false;
	w->step->look.failures = look_begin(w);
	w->step->look.took_ms = w->step->look.age_ms = -1;
	w->step->looked_mono = clock_mono_ms();
	look_on(w);
}

void
step_poll_cancel(struct work *w)
{
	s3_cancel(w->step->call);
	stop_asking(w);
	explain_cancel(w->step->explain);
	w->step->call = NULL;
	w->step->explain = NULL;
}
