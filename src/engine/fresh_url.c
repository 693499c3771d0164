/* SPDX-License-Identifier: Apache-2.0 */
/* URLs that come with an attempt. */
#include "engine/fresh_url.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/payload.h"
#include "engine/dispatch.h"
#include "engine/presign.h"

/* Of one that is over so soon the receiver would have nothing. */
#define LEFT_MS 10000

struct fresh_url {
	struct presign *presign;
	fresh_url_fn *next;
};

/* A job may have a result by now that this event does not tell of: it expired,
 * and was not late yet. */
static bool
is_needed(const struct shipment *s)
{
	const struct delivery *d = s->full;

	return d->payload == DELIVERY_REFERENCE &&
	    d->url_expires_at < clock_wall_ms() + LEFT_MS &&
	    payload_has_result(s->job) &&
	    str_eq(d->event, payload_event_type(s->job)) &&
	    s->target->url_valid_s > 0;
}

static void
log_none(const struct shipment *s, const struct error *err)
{
	log_begin(LOG_INFO, "engine");
	log_str("delivery", s->d->id);
	log_str("job", s->d->job_id);
	log_str("msg", "no new URL of its result; it goes without");
	log_err(err);
	log_end();
}

static void
on_presigned(const struct presigned *p, const struct error *err, void *arg)
{
	struct shipment *s = arg;
	fresh_url_fn *next = s->fresh->next;

	free(s->fresh);
	s->fresh = NULL;
	if (p != NULL)
		s->result_url = xstrdup(p->url);
	else
		log_none(s, err);
	next(s);
}

static int
begin(struct shipment *s, struct error *err)
{
	const struct engine_options *o = dispatch_options(s);
	const struct job *job = s->job;
	bool late = job->late_at != 0;
	struct presign_options po = {
	    .uri = late ? job->late_location : job->result_location,
	    .etag = late ? job->late_etag : job->result_etag,
	    .valid_s = s->target->url_valid_s,
	};
	struct engine_policy policy;

	o->policy(job->spec.endpoint, &policy, o->policy_arg);
	po.owner = policy.bucket_owner;
	if (po.uri == NULL)
		return err_set(err, ERR_NOT_FOUND, "its place is not known");
	if (sites_get(o->sites, job->spec.region, &po.site, err) == -1)
		return -1;
	return presign_start(&po, on_presigned, s, &s->fresh->presign, err);
}

void
fresh_url(struct shipment *s, fresh_url_fn *next)
{
	struct error err;

	if (!is_needed(s)) {
		next(s);
		return;
	}
	s->fresh = xcalloc(1, sizeof(*s->fresh));
	s->fresh->next = next;
	if (begin(s, &err) == 0)
		return;
	free(s->fresh);
	s->fresh = NULL;
	log_none(s, &err);
	next(s);
}

void
fresh_url_cancel(struct shipment *s)
{
	if (s->fresh != NULL)
		presign_cancel(s->fresh->presign);
	free(s->fresh);
	s->fresh = NULL;
	hash_wipe_free(&s->result_url);
}
