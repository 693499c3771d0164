/* SPDX-License-Identifier: Apache-2.0 */
/* What results tell of their endpoint, and the tempo that follows from it. */
#include "engine/habit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

/* An endpoint that scales to zero does so minutes after its last request. */
#define COLD_AFTER_MS 300000
/* The tempo is worked out again after this share of the results, and so many
 * more: some 0.1 ms each time. */
#define STALE_SHARE 0.125
#define STALE_RESULTS 4.0

/* Of so many results that should have come none does by chance once in 3,000
 * times. */
#define OVERDUE 8.0

/* Failures: before any result, as if there had been one in twenty. */
#define PRIOR_RESULTS 10.0
#define PRIOR_FAILED 0.5
#define ENDED_MAX 512.0

/* One missed notification counts as much as several that came. A look that was
 * faster counts a little, or nothing would be learned where looks are often. */
#define BELL_FALL 0.2
#define BELL_RISE 0.25
#define BELL_RISE_SILENT 0.03
#define BELL_LEAST 0.005

#define SHARE_ONE 10000 /* shares are kept in these */

/* What follows from a curve, for one plan. */
struct tempo {
	struct survival known;
	struct plan plan;
	double price_ms;
	double results; /* that it was worked out from */
	double since; /* results since then */
};

void
habit_done(struct habit *h)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(h->tempo); i++) {
		free(h->tempo[i]);
		h->tempo[i] = NULL;
	}
}

/* --- latencies ------------------------------------------------------ */

enum warmth
habit_warmth(const struct habit *h)
{
	if (!h->heard)
		return WARMTH_UNKNOWN;
	return clock_mono_ms() - h->heard_mono < COLD_AFTER_MS ? WARMTH_WARM
							       : WARMTH_COLD;
}

static void
hear(struct habit *h, bool failed)
{
	h->heard = true;
	h->heard_mono = clock_mono_ms();
	h->overdue = 0;
	h->ended++;
	h->failed += failed;
	if (h->ended >= ENDED_MAX) {
		h->ended /= 2;
		h->failed /= 2;
	}
}

static struct curve *
curve_of(struct habit *h, enum warmth w)
{
	return &h->latency[w == WARMTH_COLD];
}

void
habit_waits(struct habit *h, struct habit_job *job, int64_t ms)
{
	struct curve *c = curve_of(h, job->warmth);
	uint8_t from = job->passed;
	double before = h->overdue;

	curve_lasts(c, &job->passed, ms);
	h->overdue += curve_expected(c, from, job->passed);
	if (before == 0 && h->overdue > 0)
		h->overdue_mono = clock_mono_ms();
}

int64_t
habit_silent_ms(const struct habit *h)
{
	return h->overdue >= OVERDUE ? clock_mono_ms() - h->overdue_mono : 0;
}

void
habit_result(
    struct habit *h, const struct habit_job *job, int64_t ms, int64_t size)
{
	size_t i;

	hear(h, false);
	curve_ends(curve_of(h, job->warmth), job->passed, ms);
	if (size >= 0)
		curve_add(&h->sizes, size);
	for (i = 0; i < ARRAY_LEN(h->tempo); i++) {
		if (h->tempo[i] != NULL)
			h->tempo[i]->since++;
	}
}

void
habit_failure(struct habit *h)
{
	hear(h, true);
}

static struct curve
both(const struct habit *h)
{
	struct curve c = h->latency[0];

	curve_merge(&c, &h->latency[1]);
	return c;
}

int64_t
habit_p95_ms(const struct habit *h)
{
	struct curve c = both(h);

	return curve_percentile(&c, 95);
}

double
habit_results(const struct habit *h)
{
	return h->latency[0].results + h->latency[1].results;
}

/* --- the tempo ------------------------------------------------------ */

static bool
same_plan(const struct plan *a, const struct plan *b)
{
	return a->start_ms == b->start_ms && a->max_ms == b->max_ms &&
	    a->delay_ms == b->delay_ms && a->requests == b->requests;
}

static void
work_out(const struct habit *h, enum warmth w, struct tempo *t)
{
	struct curve all;

	switch (w) {
	case WARMTH_WARM:
		survival_make(&t->known, &h->latency[0], &h->latency[1]);
		break;
	case WARMTH_COLD:
		survival_make(&t->known, &h->latency[1], &h->latency[0]);
		break;
	case WARMTH_UNKNOWN:
		all = both(h);
		survival_make(&t->known, &all, NULL);
		break;
	}
	t->price_ms = plan_price(&t->plan, &t->known);
	t->results = habit_results(h);
	t->since = 0;
}

const struct survival *
habit_known(
    struct habit *h, enum warmth w, const struct plan *plan, double *price_ms)
{
	struct tempo *t = h->tempo[w];

	if ((plan->delay_ms <= 0 && plan->requests <= 0) ||
	    habit_results(h) < HABIT_ENOUGH)
		return NULL;
	if (t == NULL)
		t = h->tempo[w] = xcalloc(1, sizeof(*t));
	if (t->results == 0 || !same_plan(&t->plan, plan) ||
	    t->since >= STALE_RESULTS + STALE_SHARE * t->results) {
		t->plan = *plan;
		work_out(h, w, t);
	}
	*price_ms = t->price_ms / habit_missed(h);
	return &t->known;
}

/* --- failures, notifications, sizes --------------------------------- */

double
habit_failing(const struct habit *h)
{
	double p = (h->failed + PRIOR_FAILED) / (h->ended + PRIOR_RESULTS);

	return fmax(p, 1.0 / (HABIT_FAILURE_MAX * HABIT_FAILURE_MAX));
}

unsigned
habit_failure_every(const struct habit *h)
{
	return (unsigned)(1 / sqrt(habit_failing(h)) + 0.5);
}

void
habit_bell(struct habit *h, enum bell bell)
{
	double missed = habit_missed(h);

	switch (bell) {
	case BELL_RANG:
		missed -= missed * BELL_FALL;
		break;
	case BELL_SILENT:
		missed += (1 - missed) * BELL_RISE_SILENT;
		break;
	case BELL_MISSED:
		missed += (1 - missed) * BELL_RISE;
		break;
	}
	h->missed = missed > BELL_LEAST ? missed : BELL_LEAST;
}

double
habit_missed(const struct habit *h)
{
	return h->missed > 0 ? h->missed : 1;
}

int64_t
habit_size_p90(const struct habit *h)
{
	if (h->heads_only || h->sizes.results < HABIT_ENOUGH)
		return -1;
	return curve_percentile(&h->sizes, 90);
}

/* --- kept ----------------------------------------------------------- */

/* {"results":N,"ended":{STEP:N…},"of":{STEP:N…}} */
static void
write_steps(struct jsonw *w, const char *key, const uint32_t n[CURVE_STEPS])
{
	char step[12];
	unsigned i;

	jsonw_begin(w, key, '{');
	for (i = 0; i < CURVE_STEPS; i++) {
		snprintf(step, sizeof(step), "%u", i);
		if (n[i] != 0)
			jsonw_int(w, step, n[i]);
	}
	jsonw_end(w, '}');
}

static void
write_curve(struct jsonw *w, const char *key, const struct curve *c)
{
	if (c->results == 0)
		return;
	jsonw_begin(w, key, '{');
	jsonw_int(w, "results", c->results);
	write_steps(w, "ended", c->ended);
	write_steps(w, "of", c->of);
	jsonw_end(w, '}');
}

void
habit_write(const struct habit *h, struct jsonw *w)
{
	write_curve(w, "warm", &h->latency[0]);
	write_curve(w, "cold", &h->latency[1]);
	write_curve(w, "sizes", &h->sizes);
	jsonw_int(w, "ended", (int64_t)h->ended);
	jsonw_int(w, "failed", (int64_t)(h->failed + 0.5));
	jsonw_int(w, "missed", (int64_t)(habit_missed(h) * SHARE_ONE));
}

static void
read_curve(struct curve *c, const struct json *doc)
{
	const struct json *of = json_get(doc, "of"), *j;
	const struct json *ended = json_get(doc, "ended");
	int64_t step, n, m;

	if (!json_is_object(of) || !json_is_object(ended) ||
	    json_i64(json_get(doc, "results"), &n) == -1)
		return;
	curve_put_results(c, n);
	for (j = json_first(of); j != NULL; j = json_next(j)) {
		if (str_to_i64(json_name(j), 0, CURVE_STEPS - 1, &step) == -1 ||
		    json_i64(j, &n) == -1)
			continue;
		if (json_i64(json_get(ended, json_name(j)), &m) == -1)
			m = 0;
		curve_put(c, step, m, n);
	}
}

static void
read_old(struct curve *c, const struct json *obj)
{
	const struct json *j;
	int64_t step, n;

	if (!json_is_object(obj))
		return;
	for (j = json_first(obj); j != NULL; j = json_next(j)) {
		if (str_to_i64(json_name(j), 0, CURVE_OLD_STEPS - 1, &step) ==
			0 &&
		    json_i64(j, &n) == 0)
			curve_put_old(c, step, n);
	}
}

static double
read_number(const struct json *doc, const char *key, int64_t max)
{
	const struct json *j = json_get(doc, key);
	int64_t n;

	if (j == NULL || json_i64(j, &n) == -1 || n < 0 || n > max)
		return 0;
	return (double)n;
}

void
habit_read(struct habit *h, const struct json *doc)
{
	/* As earlier builds kept it. */
	read_old(&h->latency[0], json_get(doc, "latency"));
	read_curve(&h->latency[0], json_get(doc, "warm"));
	read_curve(&h->latency[1], json_get(doc, "cold"));
	read_curve(&h->sizes, json_get(doc, "sizes"));
	h->ended = read_number(doc, "ended", (int64_t)ENDED_MAX);
	h->failed = read_number(doc, "failed", (int64_t)h->ended);
	h->missed = read_number(doc, "missed", SHARE_ONE) / SHARE_ONE;
	if (h->missed > 0 && h->missed < BELL_LEAST)
		h->missed = BELL_LEAST;
}
