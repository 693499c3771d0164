/* SPDX-License-Identifier: Apache-2.0 */
/* The credentials in use. */
#include "aws/creds_cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "aws/profile.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"

/* Before the end, and so much more by chance: many processes have one source.
 * Of a short life a third is left. */
#define EARLY_MS ((int64_t)5 * 60 * 1000)
#define EARLY_SPREAD 0.2
#define EARLY_PART 3
/* A source that always has the end of a set is not asked without a pause. */
#define REFRESH_MIN_MS 5000
/* Static stability: from 5 to 10 minutes. */
#define STABLE_MS ((int64_t)5 * 60 * 1000)
/* The shared files are looked at so often. */
#define LOOK_MS 1000
/* What a service's refusal has brought is not refreshed for another before. */
#define STUBBORN_MS 30000

static const struct backoff gaps = {
    .start_ms = 1000,
    .max_ms = 60000,
    .factor = 2,
    .jitter = 0.2,
};

struct creds_waiter {
	TAILQ_ENTRY(creds_waiter) entry;
	struct creds_cache *cache;
	bool hearing; /* in that list */
	creds_ready_fn *ready;
	void *arg;
};
TAILQ_HEAD(creds_waiters, creds_waiter);

struct creds_cache {
	struct creds_cache_options o;
	char *profile;
	struct creds_plan *plan;
	struct creds_fetch *fetch; /* under way, or NULL */

	bool have;
	struct creds current;
	int64_t refresh_at; /* monotonic, as all of these */
	int64_t stable_until; /* beyond its end */
	bool refused; /* by a service */
	bool forced; /* the refresh under way or due is for that */
	int64_t stubborn_until;

	bool failed; /* the last refresh, or the plan */
	bool failed_usable; /* … while the set in use was still good */
	struct error error;
	unsigned failures; /* in a row */
	int64_t try_at;

	uint64_t files;
	int64_t look_at;
	bool bad_files;

	struct creds_waiters waiting;
	struct creds_waiters hearing;
};

/* --- news ----------------------------------------------------------- */

static bool
is_usable(const struct creds_cache *c)
{
	int64_t now = clock_mono_ms();

	return c->have && !c->refused &&
	    (now < c->current.expires_mono || now < c->stable_until);
}

/* Says why, and what helps; whatever it was for the source, for a call it is
 * that nothing was sent. The source is named once. */
static void
waiter_error(const struct creds_cache *c, struct error *err)
{
	const char *source = c->plan->source;

	if (str_starts(c->error.text, "no credentials"))
		err_set(err, ERR_AUTH, "%s", c->error.text);
	else if (strstr(c->error.text, source) != NULL)
		err_set(
		    err, ERR_AUTH, "no valid credentials: %s", c->error.text);
	else
		err_set(err, ERR_AUTH, "no valid credentials (%s): %s", source,
		    c->error.text);
	err->retryable = true;
	err_hint(err, "%s", c->error.hint);
}

/* What is wrong with the files says itself what that means. */
static void
tell_trouble(struct creds_cache *c, const struct error *err, bool of_files)
{
	bool usable = is_usable(c);
	bool known = c->failed && str_eq(c->error.text, err->text) &&
	    c->failed_usable == usable;
	struct error news = *err;

	c->failed = true;
	c->failed_usable = usable;
	c->error = *err;
	if (known || c->o.news == NULL)
		return;
	if (!of_files && usable)
		err_prefix(&news,
		    "the credentials cannot be renewed, the old ones are "
		    "still used");
	else if (!of_files)
		waiter_error(c, &news);
	c->o.news(&news, NULL, c->o.news_arg);
}

static void
tell_relief(struct creds_cache *c)
{
	char *text;

	if (!c->failed)
		return;
	c->failed = false;
	if (c->o.news == NULL)
		return;
	text = xasprintf("the credentials (%s) are there", c->plan->source);
	c->o.news(NULL, text, c->o.news_arg);
	free(text);
}

/* --- the set in use ------------------------------------------------- */

static void
drop_current(struct creds_cache *c)
{
	if (c->have)
		creds_done(&c->current);
	c->have = false;
}

static int64_t
refresh_time(const struct creds_cache *c, const struct creds *creds)
{
	int64_t now = clock_mono_ms(), early = EARLY_MS, at;

	if (creds->expires_mono == INT64_MAX)
		return INT64_MAX;
	/* What stands in a file or a variable is no fresher before its end. */
	if (c->plan->kind == CREDS_KEYS)
		return creds->expires_mono;
	if (creds->expires_mono - now < EARLY_PART * early)
		early = (creds->expires_mono - now) / EARLY_PART;
	early += (int64_t)((double)early * EARLY_SPREAD * random_unit());
	at = creds->expires_mono - early;
	return at - now > REFRESH_MIN_MS ? at : now + REFRESH_MIN_MS;
}

static void
use(struct creds_cache *c, struct creds *creds)
{
	drop_current(c);
	c->current = *creds;
	memset(creds, 0, sizeof(*creds));
	c->have = true;
}

static void
take(struct creds_cache *c, struct creds *creds)
{
	/* If that is no better for the service, somebody else has to do
	 * something about it. */
	if (c->forced)
		c->stubborn_until = clock_mono_ms() + STUBBORN_MS;
	use(c, creds);
	c->refused = c->forced = false;
	c->stable_until = 0;
	c->refresh_at = refresh_time(c, &c->current);
	c->failures = 0;
	c->try_at = 0;
	log_debug("aws", "credentials came (%s)", c->plan->source);
	if (!c->bad_files)
		tell_relief(c);
}

static bool
may_pass(const struct error *err)
{
	return err->retryable && err->code != ERR_AUTH &&
	    err->code != ERR_CONFIG;
}

static void
hold_on(struct creds_cache *c)
{
	if (c->plan->kind == CREDS_IMDS && c->have)
		c->stable_until = clock_mono_ms() + STABLE_MS +
		    (int64_t)((double)STABLE_MS * random_unit());
}

static void
fail(struct creds_cache *c, const struct error *err)
{
	c->try_at = clock_mono_ms() +
	    backoff_delay_ms(&gaps, c->failures, random_unit());
	if (c->failures < UINT16_MAX)
		c->failures++;
	tell_trouble(c, err, false);
}

static void
take_expired(struct creds_cache *c, struct creds *creds)
{
	struct error err;

	/* Of two that are over the younger one is the better. */
	if (c->plan->kind == CREDS_IMDS) {
		c->refused = c->refused &&
		    str_eq(c->current.access_key, creds->access_key);
		c->refresh_at = 0;
		use(c, creds);
	}
	hold_on(c);
	err_set(&err, ERR_AUTH, "the credentials (%s) that came are expired",
	    c->plan->source);
	err_hint(&err, "Get new credentials, or set this machine's clock.");
	fail(c, &err);
}

/* --- waiters -------------------------------------------------------- */

static void
tell_waiters(struct creds_cache *c)
{
	struct creds_waiter *w;
	struct error err;

	TAILQ_FOREACH (w, &c->waiting, entry)
		w->hearing = true;
	TAILQ_CONCAT(&c->hearing, &c->waiting, entry);
	while ((w = TAILQ_FIRST(&c->hearing)) != NULL) {
		struct creds_waiter copy = *w;

		/* The one before has changed the plan. */
		if (!is_usable(c) && c->fetch != NULL) {
			TAILQ_REMOVE(&c->hearing, w, entry);
			TAILQ_INSERT_TAIL(&c->waiting, w, entry);
			w->hearing = false;
			continue;
		}
		creds_waiter_cancel(w);
		if (is_usable(c)) {
			copy.ready(&c->current, NULL, copy.arg);
		} else {
			waiter_error(c, &err);
			copy.ready(NULL, &err, copy.arg);
		}
	}
}

static void begin(struct creds_cache *c);

/* Those that wait hear what there is, or wait for what is on its way. */
static void
on_post(void *arg)
{
	struct creds_cache *c = arg;

	begin(c);
	if (c->fetch == NULL && !TAILQ_EMPTY(&c->waiting))
		tell_waiters(c);
}

void
creds_waiter_cancel(struct creds_waiter *w)
{
	if (w == NULL)
		return;
	TAILQ_REMOVE(
	    w->hearing ? &w->cache->hearing : &w->cache->waiting, w, entry);
	free(w);
}

/* --- the refresh ---------------------------------------------------- */

static void
on_fetched(struct creds *creds, const struct error *err, void *arg)
{
	struct creds_cache *c = arg;

	c->fetch = NULL;
	if (creds == NULL) {
		if (may_pass(err))
			hold_on(c);
		fail(c, err);
	} else if (creds->expires_mono <= clock_mono_ms()) {
		take_expired(c, creds);
	} else {
		take(c, creds);
	}
	if (creds != NULL)
		creds_done(creds);
	free(creds);
	tell_waiters(c);
}

/* What the plan itself holds need not be waited for. */
static void
take_keys(struct creds_cache *c)
{
	struct creds keys;

	creds_copy(&c->plan->keys, &keys);
	if (keys.expires_mono <= clock_mono_ms())
		take_expired(c, &keys);
	else
		take(c, &keys);
	creds_done(&keys);
}

static void
begin(struct creds_cache *c)
{
	int64_t now = clock_mono_ms();
	struct error err;

	if (c->fetch != NULL || now < c->try_at ||
	    (is_usable(c) && now < c->refresh_at))
		return;
	if (c->plan->kind == CREDS_KEYS)
		take_keys(c);
	else if (creds_fetch_start(
		     &c->o.env, c->plan, on_fetched, c, &c->fetch, &err) == -1)
		fail(c, &err);
}

/* --- the files ------------------------------------------------------ */

static void
take_plan(struct creds_cache *c, struct creds_plan *plan)
{
	creds_fetch_cancel(c->fetch);
	c->fetch = NULL;
	/* Keys that were taken out of a file are not wanted any more; a set
	 * from elsewhere is good until the new source has one. */
	if (c->plan->kind == CREDS_KEYS)
		drop_current(c);
	c->refresh_at = c->stable_until = 0;
	c->refused = c->forced = false;
	c->stubborn_until = 0;
	c->failures = 0;
	c->try_at = 0;
	creds_plan_free(c->plan);
	c->plan = plan;
	if (!TAILQ_EMPTY(&c->waiting))
		loop_post(c->o.env.loop, on_post, c);
}

/* A file that is wrong, in the middle of an edit perhaps, changes nothing. */
static void
make_plan(struct creds_cache *c)
{
	struct creds_plan *plan;
	struct error err;

	c->bad_files = creds_plan_make(c->profile, &plan, &err) == -1;
	if (c->bad_files) {
		if (is_usable(c))
			err_prefix(&err, "the credentials in use stay");
		tell_trouble(c, &err, true);
		return;
	}
	if (!creds_plan_equal(plan, c->plan)) {
		take_plan(c, plan);
		return;
	}
	creds_plan_free(plan);
	/* Else the next refresh tells. */
	if (c->failures == 0 && is_usable(c))
		tell_relief(c);
}

static void
look_at_files(struct creds_cache *c)
{
	int64_t now = clock_mono_ms();
	uint64_t files;

	if (now < c->look_at)
		return;
	c->look_at = now + LOOK_MS;
	files = profile_files_version();
	if (files == c->files)
		return;
	c->files = files;
	make_plan(c);
}

/* --- public --------------------------------------------------------- */

int
creds_cache_new(const struct creds_cache_options *options,
    struct creds_cache **out, struct error *err)
{
	/* Before the plan: a change in between is seen later. */
	uint64_t files = profile_files_version();
	struct creds_plan *plan;
	struct creds_cache *c;

	if (creds_plan_make(options->profile, &plan, err) == -1)
		return -1;
	c = xcalloc(1, sizeof(*c));
	c->o = *options;
	c->profile = xstrdup_or_null(options->profile);
	c->plan = plan;
	c->files = files;
	c->look_at = clock_mono_ms() + LOOK_MS;
	TAILQ_INIT(&c->waiting);
	TAILQ_INIT(&c->hearing);
	*out = c;
	return 0;
}

static void
drop_waiters(struct creds_waiters *list)
{
	struct creds_waiter *w;

	while ((w = TAILQ_FIRST(list)) != NULL)
		creds_waiter_cancel(w);
}

void
creds_cache_free(struct creds_cache *c)
{
	if (c == NULL)
		return;
	creds_fetch_cancel(c->fetch);
	drop_waiters(&c->waiting);
	drop_waiters(&c->hearing);
	loop_unpost(c->o.env.loop, c);
	drop_current(c);
	creds_plan_free(c->plan);
	free(c->profile);
	free(c);
}

const struct creds *
creds_cache_now(struct creds_cache *c)
{
	look_at_files(c);
	begin(c);
	return is_usable(c) ? &c->current : NULL;
}

void
creds_cache_wait(struct creds_cache *c, creds_ready_fn *ready, void *arg,
    struct creds_waiter **out)
{
	struct creds_waiter *w = xcalloc(1, sizeof(*w));

	w->cache = c;
	w->ready = ready;
	w->arg = arg;
	TAILQ_INSERT_TAIL(&c->waiting, w, entry);
	*out = w;
	look_at_files(c);
	begin(c);
	if (is_usable(c) || c->fetch == NULL)
		loop_post(c->o.env.loop, on_post, c);
}

void
creds_cache_refused(struct creds_cache *c, const char *access_key)
{
	if (!c->have || c->refused || clock_mono_ms() < c->stubborn_until ||
	    !str_eq(c->current.access_key, access_key))
		return;
	c->refused = c->forced = true;
	/* The keys of a plan are no newer than the plan. */
	if (c->plan->kind == CREDS_KEYS)
		make_plan(c);
	begin(c);
}

void
creds_cache_reload(struct creds_cache *c)
{
	c->files = profile_files_version();
	make_plan(c);
	c->try_at = 0;
}

void
creds_cache_state(const struct creds_cache *c, struct creds_state *out)
{
	memset(out, 0, sizeof(*out));
	out->source = c->plan->source;
	out->warning = c->plan->warning;
	if (out->warning == NULL && c->have)
		out->warning = c->current.warning;
	out->current = c->have ? &c->current : NULL;
	out->failed = c->failed ? &c->error : NULL;
}
