/* SPDX-License-Identifier: Apache-2.0 */
/* One page of a listing, and what follows from it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/awserr.h"
#include "aws/grant.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/core.h"
#include "engine/look.h"
#include "engine/sweep_inner.h"

/* As much as is parsed in one turn of the loop: 4 ms, or less than 25 where it
 * is nothing but empty elements. A page of ours is half. */
#define PAGE_MAX ((size_t)640 << 10)
#define PAGE_KEYS_LEAST 50
#define PAGE_TIMEOUT_MS 15000
/* So many failures in a row, and it is looked one by one for a while. */
#define TROUBLES_MAX 2
#define TROUBLE_MS 60000
#define AGAIN_MS 1000
/* What others keep in our folder makes pages of which a few jobs come. */
#define THIN_MAX 8

static const char *
folder_of(const struct scan *scan)
{
	const struct group *g = scan->group;

	return scan->failures ? g->failures : g->folder;
}

/* Behind "s3://bucket/". */
static const char *
key_of(const char *folder)
{
	return strchr(folder + strlen("s3://"), '/') + 1;
}

static struct segment *
first_of(const struct scan *scan)
{
	return scan->failures ? TAILQ_FIRST(&scan->group->segments)
			      : (struct segment *)scan;
}

/* --- what goes wrong ------------------------------------------------ */

static void
log_off(const struct scan *scan, const struct error *err, int64_t ms)
{
	log_begin(LOG_WARN, "engine");
	log_str("msg",
	    "results cannot be listed: each is looked at by itself meanwhile");
	log_str("endpoint", scan->group->endpoint);
	log_str("folder", folder_of(scan));
	log_int("for_ms", ms);
	log_err(err);
	log_end();
}

static void
denied(struct scan *scan, const struct error *err)
{
	struct group *g = scan->group;
	struct access_query q = {.place = g->folder, .len = g->base_len};
	struct error e = *err;

	g->sweep->counts.denied++;
	grant_hint(&e, "s3:ListBucket", folder_of(scan),
	    scan->failures ? strlen(g->failures) : g->base_len,
	    g->site->s3_endpoint.region);
	if (access_learn(g->sweep->denied, &q, ACCESS_DENIED, &e))
		log_off(scan, &e, SWEEP_DENIED_MS);
	sweep_off(g, SWEEP_DENIED_MS);
}

/* Too large for one turn: a smaller page may do. */
static bool
shrink(struct group *g, const struct error *err)
{
	if (err->code != ERR_LIMIT && err->code != ERR_PROTOCOL)
		return false;
	if (g->max_keys <= PAGE_KEYS_LEAST)
		return false;
	g->max_keys /= 4;
	if (g->max_keys < PAGE_KEYS_LEAST)
		g->max_keys = PAGE_KEYS_LEAST;
	return true;
}

static void
again_later(struct scan *scan, const struct error *err)
{
	int64_t ms = AGAIN_MS;

	if (ms < err->retry_after_ms)
		ms = err->retry_after_ms;
	sweep_later(scan, ms);
}

static void
failed(struct scan *scan, const struct error *err)
{
	struct group *g = scan->group;
	enum awserr_class class = awserr_class(err);

	g->sweep->counts.failed++;
	log_debug("engine", "%s: %s", folder_of(scan), err->text);
	/* Looks would be answered the same. */
	if (class == AWSERR_THROTTLED || err->http_status == 503) {
		again_later(scan, err);
		return;
	}
	if (shrink(g, err) || ++g->troubles < TROUBLES_MAX) {
		again_later(scan, err);
		return;
	}
	if (class != AWSERR_NO_CREDENTIALS)
		log_off(scan, err, TROUBLE_MS);
	g->troubles = 0;
	sweep_off(g, TROUBLE_MS);
}

/* --- what a page shows ---------------------------------------------- */

/* The id of a job that such a key may be of, in `id`. */
static bool
id_of(const char *name, char id[JOBID_SIZE])
{
	if (strlen(name) <= JOBID_LEN || name[JOBID_LEN] != '-')
		return false;
	memcpy(id, name, JOBID_LEN);
	id[JOBID_LEN] = '\0';
	return jobid_ok(id);
}

/* One that was not accepted yet, as far as we know, remembers it. */
static void
ring(struct group *g, const char *id, const char *name)
{
	struct work *w = work_find(g->sweep->e, id);

	if (w == NULL || w->swept != SWEPT_NOT_YET)
		return;
	g->sweep->counts.jobs++;
	g->offs = 0;
	w->swept = SWEPT_SHOWN;
	work_show(w, name);
	engine_look_now(w, LOOK_LISTED);
}

/* In order, below the folder, and behind where it was begun: what S3 promises,
 * and all that follows hangs on. */
static bool
is_sound(const struct s3_listing *page, const char *folder, const char *from)
{
	size_t i, len = strlen(folder);

	for (i = 0; i < page->n; i++) {
		const char *key = page->v[i].key;

		if (strncmp(key, folder, len) != 0 ||
		    strcmp(from, key + len) >= 0)
			return false;
		from = key + len;
	}
	return page->continuation == NULL || page->n > 0;
}

/* Is all of it before that name (NULL: before the end)? */
static bool
is_within(const struct segment *s, const char *last)
{
	return last == NULL || segment_find(s, last) == s->n;
}

/* So its jobs are known not to be over, but for those that a page shows: else
 * the fast ones alone would count while many wait. */
static void
note_waiting(struct segment *s, int64_t at)
{
	struct habit *h = sweep_habit(s->scan.group);
	int64_t now = clock_mono_ms(), age;
	size_t i;

	s->scan.listed_at = at;
	for (i = 0; i < s->n && h != NULL; i++) {
		age = item_age_ms(&s->v[i], now) - (now - at);
		if (age > 0 && s->v[i].w->swept == SWEPT_NOT_YET)
			look_lasts(s->v[i].w, h, age);
	}
}

/*
 * What is known up to `last` (NULL: all), of this segment and those behind it.
 * What a page did not reach is the next one's, and what it reached besides
 * comes to this one, where `room` is left for more keys: so the segments stay
 * as long as pages.
 */
static void
note_listed(struct segment *s, const char *last, size_t room)
{
	int64_t at = s->scan.sent_at;
	struct segment *next;
	size_t i = last != NULL ? segment_find(s, last) : s->n;

	if (i > 0 && i < s->n)
		sweep_push(s, i);
	if (i < s->n)
		return;
	note_waiting(s, at);
	while ((next = TAILQ_NEXT(s, link)) != NULL && is_within(next, last)) {
		if (next->scan.listed_at < at)
			note_waiting(next, at);
		if (next->scan.call != NULL || s->n + next->n > room)
			s = next;
		else
			sweep_join_next(s);
	}
}

static void
end_failures(struct scan *scan, const struct s3_listing *page)
{
	struct group *g = scan->group;

	scan->listed_at = scan->sent_at;
	xfree(&g->cursor);
	/* All of it, or others' keys that begin alike are listed for ever. */
	if (page->continuation != NULL)
		g->cursor = xstrdup(
		    page->v[page->n - 1].key + strlen(key_of(g->failures)));
	sweep_plan(scan);
}

/* Of others' keys only a few of a page's are ours: that is no bargain. */
static void
end_outputs(struct scan *scan, const struct s3_listing *page)
{
	struct segment *s = (struct segment *)scan, *next;
	struct group *g = scan->group;
	const char *last = NULL;

	if (page->continuation != NULL)
		last = page->v[page->n - 1].key + strlen(key_of(g->folder));
	note_listed(s, last, SEGMENT_KEYS - (last == NULL ? page->n : 0));
	g->thin =
	    last != NULL && (double)s->n < g->sweep->ratio ? g->thin + 1 : 0;
	if (g->thin > THIN_MAX) {
		g->thin = 0;
		sweep_off(g, SWEEP_DENIED_MS);
		return;
	}
	for (; s != NULL; s = next) {
		next = TAILQ_NEXT(s, link);
		sweep_settle(s);
		sweep_plan(&s->scan);
	}
}

static void
on_page(const struct s3_listing *page, const struct error *err, void *arg)
{
	struct scan *scan = arg;
	struct group *g = scan->group;
	const char *folder = key_of(folder_of(scan));
	char id[JOBID_SIZE];
	struct error wrong;
	size_t i;

	scan->call = NULL;
	if (page != NULL && !is_sound(page, folder, scan->from)) {
		err_set(&wrong, ERR_REMOTE,
		    "ListObjectsV2: keys are not in order, or not those that "
		    "were asked for");
		page = NULL;
		err = &wrong;
	}
	if (page == NULL) {
		if (err->http_status == 403 &&
		    str_starts(err->remote_code, "AccessDenied"))
			denied(scan, err);
		else
			failed(scan, err);
		return;
	}
	sweep_proven(g);
	g->sweep->counts.keys += page->n;
	for (i = 0; i < page->n; i++) {
		const char *name = page->v[i].key + strlen(folder);

		if (id_of(name, id))
			ring(g, id, name);
	}
	if (scan->failures)
		end_failures(scan, page);
	else
		end_outputs(scan, page);
}

/* --- asking --------------------------------------------------------- */

void
sweep_list(struct scan *scan)
{
	struct group *g = scan->group;
	const struct item *oldest = &first_of(scan)->v[0];
	const char *folder = folder_of(scan);
	bool goes_on = scan->failures && g->cursor != NULL;
	struct engine_policy policy;
	char *from;
	struct s3_list list = {
	    .prefix.uri = folder,
	    .max_keys = g->max_keys,
	    .timeout_ms = PAGE_TIMEOUT_MS,
	    .body_max = PAGE_MAX,
	    .no_retry = true,
	};
	struct error err;

	free(scan->from);
	scan->from = xstrdup(goes_on ? g->cursor : oldest->w->id);
	from = xasprintf("%s%s", key_of(folder), scan->from);
	sweep_policy(g, &policy);
	list.prefix.owner = policy.bucket_owner;
	list.start_after = from;
	scan->sent_at = clock_mono_ms();
	if (s3_list(g->site->s3, &list, on_page, scan, &scan->call, &err) == -1)
		failed(scan, &err);
	free(from);
}
