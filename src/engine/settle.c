/* SPDX-License-Identifier: Apache-2.0 */
/* From an outcome and a list of routes to deliveries. */
#include "engine/settle.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/callback.h"
#include "deliver/freeze.h"
#include "job/route.h"

#define EVENT_INLINE_MAX ((size_t)256 * 1024)

/* How a target wants it; a target that is not configured now may be again. */
struct wish {
	enum delivery_payload payload;
	enum delivery_format format;
	size_t inline_max;
	int64_t url_valid_s;
};

static bool
takes_bytes(const char *name)
{
	return str_starts(name, "exec ") || str_starts(name, "dir ");
}

static struct wish
wish_of(const struct work *w, const char *name)
{
	const struct engine_options *o = engine_options_of(w);
	struct wish wish = {
	    .payload = takes_bytes(name) ? DELIVERY_RAW : DELIVERY_EVENT,
	};
	struct target *t =
	    o->target != NULL ? o->target(name, o->target_arg) : NULL;

	if (t != NULL) {
		wish.payload = t->payload;
		wish.format = t->format;
		wish.url_valid_s = t->url_valid_s;
		wish.inline_max = t->inline_max < EVENT_INLINE_MAX
		    ? t->inline_max
		    : EVENT_INLINE_MAX;
		target_unref(t);
	}
	return wish;
}

/* --- who is told ---------------------------------------------------- */

typedef void tell_fn(const char *target, void *arg);

/* Each that hears of such an end, the job's own callback last. */
static void
each_target(const struct work *w, bool success, tell_fn *tell, void *arg)
{
	const struct job_spec *spec = &w->job->spec;
	const char *list = spec->deliver;
	struct route route;
	char *callback;

	while (route_next(&list, &route)) {
		if (route_fits(&route, success))
			tell(route.target, arg);
		route_done(&route);
	}
	callback = spec->callback_url != NULL
	    ? callback_target(spec->callback_url)
	    : NULL;
	if (callback != NULL)
		tell(callback, arg);
	free(callback);
}

struct most {
	const struct work *w;
	int64_t bytes;
};

static void
note_most(const char *target, void *arg)
{
	struct most *most = arg;
	struct wish wish = wish_of(most->w, target);
	int64_t one = -1;

	if (wish.payload == DELIVERY_RAW)
		one = FREEZE_RESULT_MAX;
	else if (wish.payload == DELIVERY_EVENT)
		one = (int64_t)wish.inline_max;
	if (one > most->bytes)
		most->bytes = one;
}

int64_t
settle_wants(const struct work *w)
{
	struct most most = {.w = w, .bytes = -1};

	each_target(w, true, note_most, &most);
	return most.bytes;
}

/* --- an account ----------------------------------------------------- */

/* What this process can sign now, without asking anybody; where that is
 * nothing the account goes without. The caller's, to be wiped. */
static char *
sign_url(const struct work *w, int64_t valid_s, int64_t *expires_at)
{
	const struct job *job = w->job;
	struct s3_ref ref = work_ref(
	    w, job->late_at != 0 ? job->late_location : job->result_location);
	struct error err;
	int64_t good_s;
	char *url;

	if (w->site == NULL || ref.uri == NULL || valid_s <= 0)
		return NULL;
	if (s3_presign(w->site->s3, &ref, valid_s, &url, &good_s, &err) == -1) {
		log_debug("engine", "job %s: no URL of its result: %s", w->id,
		    err.text);
		return NULL;
	}
	*expires_at = clock_wall_ms() + good_s * 1000;
	return url;
}

static void
set_event(struct work *w, struct delivery *d, const struct wish *wish)
{
	const struct buf *result = &w->step->result;
	struct payload p = {0};

	if (w->step->have_result && result->len <= wish->inline_max) {
		p.result = result->data;
		p.len = result->len;
	}
	freeze_account(d, w->job, &p);
}

static void
set_reference(struct work *w, struct delivery *d, const struct wish *wish)
{
	struct payload p = {0};
	char *url = NULL;

	if (payload_has_result(w->job))
		url = sign_url(w, wish->url_valid_s, &d->url_expires_at);
	p.result_url = url;
	p.url_expires_at = d->url_expires_at;
	freeze_account(d, w->job, &p);
	hash_wipe_free(&url);
}

/* --- the result itself ---------------------------------------------- */

static void
set_result(struct work *w, struct delivery *d)
{
	const struct buf *result = &w->step->result;

	freeze_raw(
	    d, w->job, w->step->have_result ? result->data : NULL, result->len);
}

/* It follows from its target: a second one would be the first. */
static bool
has(const struct job *job, const struct delivery *d)
{
	size_t i;

	for (i = 0; i < job->ndeliveries; i++) {
		if (str_eq(job->deliveries[i]->id, d->id))
			return true;
	}
	return false;
}

struct making {
	struct work *w;
	int64_t at;
};

static void
add_delivery(const char *target, void *arg)
{
	const struct making *m = arg;
	struct job *job = m->w->job;
	struct wish wish = wish_of(m->w, target);
	struct delivery *d =
	    delivery_new(job->id, target, payload_event_type(job), m->at);

	if (has(job, d)) {
		delivery_free(d);
		return;
	}
	d->payload = wish.payload;
	d->format = wish.format;
	if (wish.payload == DELIVERY_RAW)
		set_result(m->w, d);
	else if (wish.payload == DELIVERY_REFERENCE)
		set_reference(m->w, d, &wish);
	else
		set_event(m->w, d, &wish);
	job_add_delivery(job, d);
}

static void
add_deliveries(struct work *w, int64_t at)
{
	struct making m = {.w = w, .at = at};

	each_target(w, payload_has_result(w->job), add_delivery, &m);
}

void
settle_deliveries(struct work *w)
{
	struct job *job = w->job;

	if (w->step->have_result && job->result_sha256 == NULL) {
		job->result_sha256 = xmalloc(HASH_SHA256_HEX_SIZE);
		hash_sha256_hex(w->step->result.data, w->step->result.len,
		    job->result_sha256);
	}
	add_deliveries(w, job->completed_at);
}

void
settle_late(struct work *w)
{
	add_deliveries(w, w->job->late_at);
}
