/* SPDX-License-Identifier: Apache-2.0 */
/* Which jobs are swept, and in what: groups, and the times of their scans. */
#include "engine/sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "engine/core.h"
#include "engine/learn.h"
#include "engine/limits.h"
#include "engine/sweep_inner.h"
#include "engine/times.h"

/* Endpoints and days make groups; jobs beyond are looked at one by one. */
#define GROUPS_MAX 4096
/* A job that is overdue leaves the first listing so much time. */
#define PROOF_MS 1000
/* While jobs are being taken up nothing is listed. */
#define HELD_MS 50

static void on_timer(void *arg);

struct sweep *
sweep_new(struct engine *e)
{
	struct sweep *sw = xcalloc(1, sizeof(*sw));

	sw->e = e;
	TAILQ_INIT(&sw->groups);
	agenda_init(&sw->agenda);
	sw->timer = loop_timer_new(e->o.loop, on_timer, sw);
	sw->denied = access_new();
	sweep_set_prices(sw, 400, 5000);
	return sw;
}

static void
forget_scan(struct scan *scan)
{
	struct sweep *sw = scan->group->sweep;

	s3_cancel(scan->call);
	scan->call = NULL;
	if (scan->queue != 0)
		limits_leave(
		    sw->e->limits, scan->queue, LIMITS_LIST, &scan->entry);
	else
		agenda_remove(&sw->agenda, &scan->entry);
	scan->queue = 0;
}

static void
drop_segment(struct segment *s)
{
	forget_scan(&s->scan);
	segment_free(&s->scan.group->segments, s);
}

static void
group_free(struct group *g)
{
	struct sweep *sw = g->sweep;
	struct segment *s;

	while ((s = TAILQ_FIRST(&g->segments)) != NULL)
		drop_segment(s);
	forget_scan(&g->failed);
	TAILQ_REMOVE(&sw->groups, g, link);
	sw->ngroups--;
	if (sw->last == g)
		sw->last = NULL;
	free(g->endpoint);
	free(g->folder);
	free(g->failures);
	free(g->failed.from);
	free(g->cursor);
	free(g);
}

void
sweep_free(struct sweep *sw)
{
	struct group *g;

	if (sw == NULL)
		return;
	while ((g = TAILQ_FIRST(&sw->groups)) != NULL)
		group_free(g);
	agenda_done(&sw->agenda);
	loop_timer_free(sw->timer);
	access_free(sw->denied);
	free(sw);
}

void
sweep_set_prices(struct sweep *sw, int64_t price_get, int64_t price_list)
{
	sw->ratio = (double)price_list / (double)price_get;
}

/* --- scans and their times ------------------------------------------ */

static void
arm(struct sweep *sw)
{
	struct agenda_entry *first = agenda_first(&sw->agenda);

	if (first != NULL && !sw->e->draining)
		loop_timer_set(sw->timer, first->due_at - clock_mono_ms());
	else
		loop_timer_clear(sw->timer);
}

static bool
is_wanted(const struct scan *scan)
{
	const struct segment *s;

	if (!scan->failures)
		return ((const struct segment *)scan)->covers;
	/* Not before one of the others has worked. */
	if (scan->group->failures == NULL || !scan->group->proven)
		return false;
	TAILQ_FOREACH (s, &scan->group->segments, link) {
		if (s->covers)
			return true;
	}
	return false;
}

void
sweep_plan(struct scan *scan)
{
	struct group *g = scan->group;
	struct sweep *sw = g->sweep;

	if (scan->call != NULL || scan->queue != 0)
		return;
	/* Where listings do not work this one wakes all. */
	if (g->off_until != 0 && scan->failures)
		agenda_set(&sw->agenda, &scan->entry, g->off_until);
	else if (is_wanted(scan))
		agenda_set(&sw->agenda, &scan->entry, sweep_due_at(scan));
	else
		agenda_remove(&sw->agenda, &scan->entry);
	arm(sw);
}

/* It is due, unless more is known by now; and its bucket may be busy. */
static void
scan_now(struct scan *scan)
{
	struct sweep *sw = scan->group->sweep;
	int64_t due_at;

	if (!is_wanted(scan))
		return;
	due_at = sweep_due_at(scan);
	if (due_at > clock_mono_ms()) {
		agenda_set(&sw->agenda, &scan->entry, due_at);
		return;
	}
	scan->queue = limits_ask(sw->e->limits, scan->group->folder,
	    LIMITS_LIST, &scan->entry, due_at > 0 ? due_at : 1);
	if (scan->queue == 0)
		sweep_list(scan);
}

void
sweep_join_next(struct segment *s)
{
	forget_scan(&TAILQ_NEXT(s, link)->scan);
	segment_join_next(&s->scan.group->segments, s);
}

/* Listings may be tried again. */
static void
end_off(struct group *g)
{
	struct segment *s;

	g->off_until = 0;
	if (g->n == 0) {
		group_free(g);
		return;
	}
	TAILQ_FOREACH (s, &g->segments, link)
		sweep_settle(s);
}

static void
on_timer(void *arg)
{
	struct sweep *sw = arg;
	struct agenda_entry *first;
	int64_t now = clock_mono_ms();

	if (sw->e->draining)
		return;
	if (sw->e->held) {
		loop_timer_set(sw->timer, HELD_MS);
		return;
	}
	while ((first = agenda_first(&sw->agenda)) != NULL &&
	    first->due_at <= now) {
		struct scan *scan = (struct scan *)first;

		agenda_remove(&sw->agenda, first);
		if (scan->group->off_until != 0)
			end_off(scan->group);
		else
			scan_now(scan);
	}
	arm(sw);
}

bool
sweep_turn(struct agenda_entry *entry)
{
	struct scan *scan = (struct scan *)entry;
	const struct engine *e = scan->group->sweep->e;

	if (e->draining || e->held)
		return false;
	scan->queue = 0;
	if (is_wanted(scan))
		sweep_list(scan);
	else
		sweep_plan(scan);
	return true;
}

/* --- by listing, or one by one -------------------------------------- */

/* What is under way or was rung for stays as it is. */
static bool
only_waits(const struct work *w)
{
	return !w->running && !w->writing && !w->rung &&
	    w->cause == LOOK_PLANNED;
}

/* Nobody's look is put off for listings that may not work. */
static bool
is_cared_for(const struct segment *s)
{
	return s->covers && s->scan.group->proven;
}

/* Of its first n. */
static void
settle_looks(struct segment *s, size_t n)
{
	const struct group *g = s->scan.group;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct item *item = &s->v[i];
		int64_t delay, left;

		if (is_cared_for(s))
			delay = sweep_backstop_ms(
			    g, item->w, sweep_own_ms(s, item));
		else
			delay = sweep_first_ms(s, item);
		left = item_left_ms(item, clock_mono_ms());
		if (only_waits(item->w))
			engine_schedule(item->w, delay < left ? delay : left);
	}
}

/* With a gap between the two, so that nobody goes back and forth. */
void
sweep_settle(struct segment *s)
{
	struct group *g = s->scan.group;
	double n = (double)s->n, least = fmax(g->sweep->ratio, 2);
	bool covers =
	    g->off_until == 0 && (s->covers ? n >= least : n >= 2 * least);

	if (covers != s->covers) {
		s->covers = covers;
		if (g->proven)
			settle_looks(s, s->n);
	} else if (s->n < 2 * s->weighed || !covers) {
		return;
	}
	/* As more come it is due sooner; but not with each of them. */
	s->weighed = s->n;
	sweep_plan(&s->scan);
	sweep_plan(&g->failed);
}

void
sweep_push(struct segment *s, size_t i)
{
	bool cared_for = is_cared_for(s);
	size_t n = s->n - i;
	struct segment *next = segment_push(&s->scan.group->segments, s, i);
	bool covers = next->covers;

	sweep_settle(next);
	/* Their looks were put off, and that one is not listed for so few. */
	if (cared_for && !covers && !next->covers)
		settle_looks(next, n);
}

void
sweep_off(struct group *g, int64_t ms)
{
	struct segment *s;

	/* Once, four times, sixteen times as long. */
	ms <<= 2 * g->offs;
	if (ms >= SWEEP_DENIED_MS)
		ms = SWEEP_DENIED_MS;
	else
		g->offs++;
	g->off_until = clock_mono_ms() + ms;
	TAILQ_FOREACH (s, &g->segments, link)
		sweep_settle(s);
	g->proven = false;
	sweep_plan(&g->failed);
}

void
sweep_proven(struct group *g)
{
	struct segment *s;

	g->troubles = 0;
	if (g->proven)
		return;
	g->proven = true;
	TAILQ_FOREACH (s, &g->segments, link) {
		if (s->covers)
			settle_looks(s, s->n);
	}
	sweep_plan(&g->failed);
}

void
sweep_later(struct scan *scan, int64_t ms)
{
	struct sweep *sw = scan->group->sweep;

	agenda_set(&sw->agenda, &scan->entry, clock_mono_ms() + ms);
	arm(sw);
}

/* --- who is swept --------------------------------------------------- */

/* "s3://bucket/so/far/" of a place whose name begins with the job's id, and
 * such is its length; else 0. */
static size_t
folder_len(const struct job *job, const char *place)
{
	const char *slash = strrchr(place, '/');

	if (slash == NULL || !str_starts(slash + 1, job->id) ||
	    slash[1 + JOBID_LEN] != '-')
		return 0;
	return (size_t)(slash - place) + 1;
}

static bool
is_in(const char *folder, const char *place, size_t len)
{
	return strncmp(folder, place, len) == 0 && folder[len] == '\0';
}

struct place {
	const char *output; /* of the submission that is waited for */
	size_t len; /* of its folder */
	const char *failure; /* or NULL */
	size_t failure_len; /* … 0: not under names of ours */
};

static bool
is_group_of(const struct group *g, const struct work *w, const struct place *p)
{
	bool apart = p->failure_len != 0 &&
	    (p->failure_len != p->len ||
		strncmp(p->failure, p->output, p->len) != 0);

	return g->site == w->site &&
	    str_eq(g->endpoint, w->job->spec.endpoint) &&
	    is_in(g->folder, p->output, p->len) &&
	    g->hidden == (p->failure != NULL && p->failure_len == 0) &&
	    (g->failures != NULL) == apart &&
	    (!apart || is_in(g->failures, p->failure, p->failure_len));
}

static struct group *
find_group(struct sweep *sw, const struct work *w, const struct place *p)
{
	struct group *g = sw->last;

	if (g != NULL && is_group_of(g, w, p))
		return g;
	TAILQ_FOREACH (g, &sw->groups, link) {
		if (is_group_of(g, w, p))
			break;
	}
	return g;
}

static struct group *
new_group(struct sweep *sw, const struct work *w, const struct place *p)
{
	struct group *g = xcalloc(1, sizeof(*g));
	const struct error *known;
	struct access_query q = {.place = p->output};

	g->sweep = sw;
	g->site = w->site;
	g->endpoint = xstrdup(w->job->spec.endpoint);
	g->folder = xstrndup(p->output, p->len);
	g->hidden = p->failure != NULL && p->failure_len == 0;
	if (p->failure_len != 0 &&
	    !is_in(g->folder, p->failure, p->failure_len))
		g->failures = xstrndup(p->failure, p->failure_len);
	g->base_len = access_prefix_len(p->output, learn_output_path(w));
	q.len = g->base_len;
	if (access_find(sw->denied, &q, &known) == ACCESS_KNOWN)
		g->off_until = clock_mono_ms() + SWEEP_DENIED_MS;
	TAILQ_INIT(&g->segments);
	g->failed.group = g;
	g->failed.failures = true;
	g->max_keys = SEGMENT_KEYS;
	TAILQ_INSERT_TAIL(&sw->groups, g, link);
	sw->ngroups++;
	sweep_plan(&g->failed);
	return g;
}

/* Where it is looked for; false: not by listings. */
static bool
find_place(const struct work *w, struct place *p)
{
	const struct job *job = w->job;
	const struct submission *s = job_last_submission(job);

	if (job->state != JOB_PENDING || w->is_late ||
	    w->swept == SWEPT_NEVER || !job->spec.own_names ||
	    job->spec.filename != NULL || s == NULL ||
	    s->fate != SUB_ACCEPTED || s->output_location == NULL)
		return false;
	p->output = s->output_location;
	p->len = folder_len(job, p->output);
	p->failure = s->failure_location;
	p->failure_len = p->failure != NULL ? folder_len(job, p->failure) : 0;
	return p->len != 0;
}

static void
join(struct work *w)
{
	struct sweep *sw = w->engine->sweep;
	const struct submission *last = job_last_submission(w->job);
	int64_t now = clock_mono_ms();
	struct engine_policy policy;
	struct place p;
	struct segment *s;
	struct group *g;

	engine_policy_of(w, &policy);
	if (!policy.sweep || !find_place(w, &p))
		return;
	g = find_group(sw, w, &p);
	if (g == NULL && sw->ngroups < GROUPS_MAX)
		g = new_group(sw, w, &p);
	sw->last = g;
	if (g == NULL)
		return;
	s = segments_place(&g->segments, w->id);
	if (s == NULL) {
		s = segment_new(&g->segments, NULL);
		s->scan.group = g;
	}
	segment_add(
	    s, w, now - times_since_intent(last), now + times_left(w->job));
	g->n++;
	sweep_settle(s);
}

int64_t
sweep_wait(struct work *w, int64_t delay_ms)
{
	struct segment *s = w->segment;
	int64_t left = times_left(w->job);

	/* A listing showed it, and the look that followed did not find it. */
	if (s != NULL && w->swept == SWEPT_SHOWN) {
		w->swept = SWEPT_NEVER;
		sweep_leave(w);
	} else if (s == NULL) {
		join(w);
	}
	s = w->segment;
	/* Behind its end it waits for nothing but that last look. */
	if (s == NULL || !s->covers || left <= 0)
		return delay_ms;
	if (s->scan.group->proven)
		delay_ms = sweep_backstop_ms(s->scan.group, w, delay_ms);
	else if (delay_ms < PROOF_MS)
		delay_ms = PROOF_MS;
	return delay_ms < left ? delay_ms : left;
}

double
sweep_look_price(const struct work *w)
{
	const struct segment *s = w->segment;

	if (s == NULL || !s->scan.group->proven)
		return 1;
	return sweep_dearth(s->scan.group, s->keys);
}

bool
sweep_hides_failure(const struct work *w)
{
	const struct segment *s = w->segment;

	return s != NULL && is_cared_for(s) && s->scan.group->hidden;
}

void
sweep_leave(struct work *w)
{
	struct segment *s = w->segment;
	struct group *g;

	if (s == NULL)
		return;
	g = s->scan.group;
	segment_remove(s, w);
	g->n--;
	/* What it stands for is gone while its answer is on its way. */
	if (s->n == 0)
		drop_segment(s);
	else if (s->scan.call == NULL)
		sweep_settle(s);
	/* What is known of it is kept. */
	if (g->n == 0 && g->off_until == 0)
		group_free(g);
}

/* --- for people ----------------------------------------------------- */

bool
sweep_outlook(const struct work *w, const char **folder, int64_t *at)
{
	const struct segment *s = w->segment;

	if (s == NULL || !is_cared_for(s))
		return false;
	*folder = s->scan.group->folder;
	*at = s->scan.call != NULL ? 0 : s->scan.entry.due_at;
	return true;
}

void
sweep_count(const struct sweep *sw, struct sweep_counts *out)
{
	const struct segment *s;
	const struct group *g;

	*out = sw->counts;
	TAILQ_FOREACH (g, &sw->groups, link) {
		TAILQ_FOREACH (s, &g->segments, link)
			out->covered += s->covers ? s->n : 0;
	}
}
