/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One attempt: written down, its bytes brought together, handed to the target's
 * driver. What cannot be read is not delivered.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/discard.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/dispatch.h"
#include "engine/fetch.h"
#include "engine/fresh_url.h"
#include "engine/spool.h"
#include "engine/stream.h"

/* There is room before that, or it is asked for again. */
#define NO_ROOM_MS ((int64_t)3600 * 1000)
/* Who waits for the next bytes for so long is kept waiting. */
#define STARVED_MS 1000

/* From S3 to the receiver as it comes: a size has to be said before. */
static bool
streams(const struct shipment *s, const struct target *t)
{
	return t->streams && s->d->body_size > 0;
}

static void
end(struct shipment *s, enum deliver_verdict verdict, enum deliver_class class,
    const struct error *err)
{
	struct deliver_result r = {
	    .verdict = verdict,
	    .status = ATTEMPT_NO_STATUS,
	    .error_class = class,
	    .note = err->text,
	};

	dispatch_apply(s, &r);
}

/* --- what cannot be read -------------------------------------------- */

static int
too_large(const struct shipment *s, struct error *err)
{
	struct spool_counts now;

	spool_count(dispatch_options(s)->spool, &now);
	return err_set(err, ERR_LIMIT,
	    "the result has %lld bytes, and spool_max lets no more than %lld "
	    "be on disk",
	    (long long)s->d->body_size, (long long)now.max);
}

/* Nothing came of it for want of room, which is nobody's failure. */
static bool
wants_room(struct shipment *s, const struct error *err)
{
	if (err_no_room(err))
		spool_disk_full(dispatch_options(s)->spool);
	return err_no_room(err) || s->claim.waits;
}

/* The result could not be read, or not as it was. */
static void
fail(struct shipment *s, const struct error *err)
{
	struct spool *spool = dispatch_options(s)->spool;
	struct error e = *err;

	if (wants_room(s, err)) {
		dispatch_put_off(s, "no room for the result on disk");
	} else if (!s->claim.has && !streams(s, s->target) &&
	    !spool_could_hold(spool, s->d->body_size)) {
		too_large(s, &e);
		end(s, DELIVER_DEAD, CLASS_LIMIT, &e);
	} else if (err->code == ERR_DAMAGED) {
		end(s, DELIVER_DEAD, CLASS_SOURCE, err);
	} else {
		err_prefix(&e, "read the result");
		/* What changed or vanished will not come back. */
		end(s, fetch_lost(err) ? DELIVER_DEAD : DELIVER_RETRY,
		    err->code == ERR_IO ? CLASS_IO : CLASS_SOURCE, &e);
	}
}

/* --- its driver ----------------------------------------------------- */

/* It gave up while nothing came from S3: that is not the receiver's failure. */
static bool
starved(
    const struct shipment *s, const struct deliver_result *r, struct error *err)
{
	int64_t ms = stream_starved_ms(s->stream);

	if (r->verdict != DELIVER_RETRY || r->status != ATTEMPT_NO_STATUS ||
	    ms < STARVED_MS)
		return false;
	err_set(err, ERR_TIMEOUT, "nothing came from S3 for %lld ms; %s",
	    (long long)ms, r->note != NULL ? r->note : "broken off");
	return true;
}

/* The receiver's yes is one to the whole, where it had that. */
static void
on_streamed(struct shipment *s, const struct deliver_result *r)
{
	const struct error *err = stream_error(s->stream);
	struct deliver_result early = *r;
	struct error hungry;

	if (err == NULL && starved(s, r, &hungry))
		err = &hungry;
	s->asked = err == NULL;
	if (err != NULL) {
		fail(s, err);
	} else if (r->verdict == DELIVER_OK && !stream_over(s->stream)) {
		early.verdict = DELIVER_RETRY;
		early.error_class = CLASS_EARLY;
		early.note = "answered before it had the whole result";
		dispatch_apply(s, &early);
	} else {
		dispatch_apply(s, r);
	}
}

static void
on_driven(const struct deliver_result *r, void *arg)
{
	struct shipment *s = arg;

	s->call = NULL;
	if (s->stream != NULL) {
		stream_source(s->stream)->ready = NULL;
		on_streamed(s, r);
	} else {
		s->asked = true;
		dispatch_apply(s, r);
	}
}

static void
drive(struct shipment *s)
{
	struct parcel p = {
	    .delivery = s->full,
	    .job = s->job,
	    .attempt = s->attempt.n,
	    .replay = s->attempt.replay,
	    .body = s->full->body,
	    .size = s->full->body_size,
	    .fd = s->fd,
	    .result_url = s->result_url,
	    .source = s->stream != NULL ? stream_source(s->stream) : NULL,
	};
	struct target *t = s->target;
	struct error err;

	crash_point("C10");
	if (t->driver->start(t->self, &p, on_driven, s, &s->call, &err) == -1)
		end(s, DELIVER_RETRY, deliver_class_of(&err), &err);
}

/* A handler is told of what it gets, where the job's row does not know it. */
static void
drive_result(struct shipment *s)
{
	s->full->body_size = s->d->body_size;
	if (s->job->result_sha256 == NULL && s->sha256 != NULL)
		s->job->result_sha256 = xstrdup(s->sha256);
	drive(s);
}

/* --- a body by reference -------------------------------------------- */

/* Every copy is of the same bytes, whatever an ETag says of them. */
static int
check_digest(void *arg, struct error *err)
{
	struct shipment *s = arg;

	if (s->sha256 == NULL)
		s->sha256 = xstrdup(s->read_sha256);
	if (str_eq(s->sha256, s->read_sha256))
		return 0;
	return err_set(err, ERR_DAMAGED,
	    "read the result: it has other bytes than at an earlier attempt, "
	    "under the same ETag");
}

/* Its size was not known before, nor was room for it reserved. */
static int
on_size(int64_t size, void *arg, struct error *err)
{
	struct shipment *s = arg;

	if (s->d->body_size == size)
		return 0;
	s->d->body_size = size;
	if (spool_reserve(dispatch_options(s)->spool, &s->claim, size))
		return 0;
	return err_set(err, ERR_LIMIT, "there is no room for it");
}

static void
on_fetched(const struct error *err, void *arg)
{
	struct shipment *s = arg;
	struct error e;

	s->fetch = NULL;
	if (err != NULL)
		fail(s, err);
	else if (check_digest(s, &e) == -1)
		fail(s, &e);
	else
		drive_result(s);
}

static void
on_stream_begun(const struct error *err, void *arg)
{
	if (err != NULL)
		fail(arg, err);
	else
		drive_result(arg);
}

static int
start_spooled(struct shipment *s, struct fetch_options *o, struct error *err)
{
	struct spool *spool = dispatch_options(s)->spool;

	if (!s->claim.has)
		return too_large(s, err);
	s->fd = o->fd = spool_open(spool, &s->claim, err);
	if (o->fd == -1)
		return -1;
	o->own_file = true;
	o->head = on_size;
	return fetch_start(o, on_fetched, s, &s->fetch, err);
}

static int
start_streamed(struct shipment *s, struct fetch_options *o, struct error *err)
{
	struct stream_options so = {
	    .fetch = *o,
	    .check = check_digest,
	    .begun = on_stream_begun,
	    .arg = s,
	};

	return stream_start(&so, &s->stream, err);
}

static int
start_fetch(struct shipment *s, struct error *err)
{
	const struct engine_options *o = dispatch_options(s);
	const struct job *job = s->job;
	/* There is no other result of a job that is not ok. */
	bool late = job->outcome != OUTCOME_OK;
	struct fetch_options fo = {
	    .loop = o->loop,
	    .uri = late ? job->late_location : job->result_location,
	    .etag = late ? job->late_etag : job->result_etag,
	    .size = s->d->body_size > 0 ? s->d->body_size : -1,
	    .patient = true,
	};
	struct engine_policy policy;

	if (fo.uri == NULL)
		return err_set(
		    err, ERR_NOT_FOUND, "the job does not say where it is");
	o->policy(job->spec.endpoint, &policy, o->policy_arg);
	fo.owner = policy.bucket_owner;
	s->read_sha256 = xmalloc(HASH_SHA256_HEX_SIZE);
	fo.sha256 = s->read_sha256;
	if (sites_get(o->sites, job->spec.region, &fo.site, err) == -1)
		return -1;
	return streams(s, s->target) ? start_streamed(s, &fo, err)
				     : start_spooled(s, &fo, err);
}

static void
fetch_body(struct shipment *s)
{
	struct error err;

	if (start_fetch(s, &err) == -1)
		fail(s, &err);
}

/* --- the attempt ---------------------------------------------------- */

static void
on_begun(struct job *take_job, struct delivery *take_d, const struct error *err,
    void *arg)
{
	struct shipment *s = arg;

	if (err != NULL) {
		dispatch_lost(s, err);
		return;
	}
	s->job = take_job;
	s->full = take_d;
	if (dispatch_stopped(s))
		return;
	if (take_d->by_reference)
		fetch_body(s);
	else
		fresh_url(s, drive);
}

/* --- room for it ---------------------------------------------------- */

/* At its old place in the lane, and the lane's limits hold. */
static void
on_room(void *arg)
{
	struct shipment *s = arg;

	/* It is being given up. */
	if (s->entry.place == 0)
		return;
	lane_put(s, s->rank, s->was_due_at);
	lane_run(s->lane);
}

bool
step_deliver_fits(struct shipment *s, const struct target *t)
{
	struct spool *spool = dispatch_options(s)->spool;

	if (!s->d->by_reference || streams(s, t) ||
	    !spool_could_hold(spool, s->d->body_size))
		return true;
	s->claim.again = on_room;
	s->claim.arg = s;
	if (spool_reserve(spool, &s->claim, s->d->body_size))
		return true;
	s->was_due_at = s->entry.due_at;
	lane_put(s, s->rank, clock_mono_ms() + NO_ROOM_MS);
	return false;
}

/* --- the attempt's beginning and end -------------------------------- */

void
step_deliver(struct shipment *s)
{
	delivery_begin_attempt(s->d, clock_wall_ms(), s->replay, &s->attempt);
	s->replay = false;
	store_begin_attempt(
	    dispatch_options(s)->store, s->d, &s->attempt, on_begun, s);
}

void
step_deliver_cancel(struct shipment *s)
{
	if (s->call != NULL)
		s->target->driver->cancel(s->call);
	s->call = NULL;
	fetch_cancel(s->fetch);
	s->fetch = NULL;
	fresh_url_cancel(s);
	stream_free(s->stream);
	s->stream = NULL;
	xfree(&s->read_sha256);
	if (s->claim.has || s->claim.waits)
		spool_release(dispatch_options(s)->spool, &s->claim);
	discard_fd(s->fd);
	s->fd = -1;
}
