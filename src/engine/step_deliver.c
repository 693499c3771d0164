/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One attempt: written down, its bytes brought together, handed to the target's
 * driver. What cannot be read is not delivered.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/discard.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/dispatch.h"
#include "engine/fetch.h"
#include "engine/fresh_url.h"

static void
end(struct shipment *s, enum deliver_verdict verdict, const struct error *err)
{
	struct deliver_result r = {
	    .verdict = verdict,
	    .status = ATTEMPT_NO_STATUS,
	    .note = err->text,
	};

	dispatch_apply(s, &r);
}

static void
on_driven(const struct deliver_result *r, void *arg)
{
	struct shipment *s = arg;

	s->call = NULL;
	s->asked = true;
	dispatch_apply(s, r);
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
	};
	struct target *t = s->target;
	struct error err;

	crash_point("C10");
	if (t->driver->start(t->self, &p, on_driven, s, &s->call, &err) == -1)
		end(s, DELIVER_RETRY, &err);
}

/* --- a body by reference -------------------------------------------- */

/* It may not have been known before. */
static void
note_size(struct shipment *s)
{
	struct stat st;

	if (fstat(s->fd, &st) == 0)
		s->full->body_size = st.st_size;
}

/* Every copy is of the same bytes, whatever an ETag says of them. */
static int
check_digest(struct shipment *s, struct error *err)
{
	if (s->sha256 == NULL)
		s->sha256 = xstrdup(s->read_sha256);
	if (str_eq(s->sha256, s->read_sha256))
		return 0;
	return err_set(err, ERR_DAMAGED,
	    "read the result: it has other bytes than at an earlier attempt, "
	    "under the same ETag");
}

static void
on_fetched(const struct error *err, void *arg)
{
	struct shipment *s = arg;
	struct error e;

	s->fetch = NULL;
	if (err != NULL) {
		e = *err;
		err_prefix(&e, "read the result");
		/* What changed or vanished will not come back. */
		end(s, fetch_lost(err) ? DELIVER_DEAD : DELIVER_RETRY, &e);
	} else if (check_digest(s, &e) == -1) {
		end(s, DELIVER_DEAD, &e);
	} else {
		note_size(s);
		drive(s);
	}
}

static void
fetch_body(struct shipment *s)
{
	const struct engine_options *o = dispatch_options(s);
	const struct job *job = s->job;
	/* There is no other result of a job that is not ok. */
	bool late = job->outcome != OUTCOME_OK;
	struct fetch_options fo = {
	    .loop = o->loop,
	    .uri = late ? job->late_location : job->result_location,
	    .etag = late ? job->late_etag : job->result_etag,
	    .size = late ? job->late_size : job->result_size,
	    .own_file = true,
	    .patient = true,
	};
	struct engine_policy policy;
	struct error err;

	o->policy(job->spec.endpoint, &policy, o->policy_arg);
	fo.owner = policy.bucket_owner;
	if (file_open_nameless(o->spool, false, &s->fd, &err) == -1) {
		end(s, DELIVER_RETRY, &err);
		return;
	}
	s->read_sha256 = xmalloc(HASH_SHA256_HEX_SIZE);
	fo.fd = s->fd;
	fo.sha256 = s->read_sha256;
	if (sites_get(o->sites, s->job->spec.region, &fo.site, &err) == -1 ||
	    fetch_start(&fo, on_fetched, s, &s->fetch, &err) == -1)
		end(s, DELIVER_RETRY, &err);
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
	xfree(&s->read_sha256);
	discard_fd(s->fd);
	s->fd = -1;
}
