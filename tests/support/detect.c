/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect SHAPE POLICY [KEY=VALUE...]
 * How late results are found, and what that costs: the real engine in virtual
 * time with an endpoint whose results take as long as SHAPE says:
 *   lognormal | bimodal | narrow, or a file of seconds, one a line, which is
 *   drawn from
 * and POLICY
 *   fixed     each step_ms (5 s), both places each time
 *   backoff   a share of the age
 *   learned   as the endpoint's results teach
 * Keys: jobs, warm (jobs before what counts), rate (jobs a second), requests
 * (looks a job), delay_ms (wished for, instead), start_ms, max_ms, seed,
 * failures (of 1,000), get and list (US dollars for 1,000 requests). One line
 * of figures. The store is in memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/backend.h"
#include "tests/support/fake_random.h"
#include "tests/support/fake_store.h"
#include "tests/support/flow.h"
#include "tests/support/flow_s3.h"

#define SAMPLES_MAX 100000
/* An hour behind the last submission everything is over. */
#define LAST_MS 3600000

static struct {
	double jobs, warm, rate, requests, delay_ms, seed, failures, get, list;
	double start_ms, max_ms, step_ms, sweep;
} o = {
    .jobs = 3000,
    .warm = 400,
    .rate = 1,
    .requests = 20,
    .seed = 1,
    .failures = 10,
    .get = 0.0004,
    .list = 0.005,
    .start_ms = 500,
    .max_ms = 30000,
    .step_ms = 5000,
};

static const struct {
	const char *word;
	enum flow_s3_names names;
} names[] = {
    {"names=ours", FLOW_S3_OURS},
    {"names=hidden", FLOW_S3_HIDDEN},
    {"names=service", FLOW_S3_SERVICE},
};
static enum flow_s3_names named;

static const char *shape;
static double *samples; /* seconds */
static size_t nsamples;
static int64_t *delays;
static size_t ndelays;
static double failed_sum_ms;

/* --- durations ------------------------------------------------------ */

static uint64_t chance;

/* splitmix64; the engine's own chance is another. */
static double
unit(void)
{
	uint64_t z = (chance += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static double
normal(void)
{
	return sqrt(-2 * log(1 - unit())) * cos(2 * M_PI * unit());
}

static double
draw(void)
{
	if (nsamples > 0)
		return samples[(size_t)(unit() * (double)nsamples)];
	if (str_eq(shape, "narrow"))
		return 30 * exp(0.2 * normal());
	if (str_eq(shape, "bimodal") && unit() < 0.2)
		return 180 + 30 * exp(0.8 * normal());
	return 30 * exp(0.8 * normal());
}

static void
fate(struct flow_s3_fate *out, void *arg)
{
	(void)arg;
	out->takes_ms = (int64_t)(1000 * draw());
	out->fails = unit() * 1000 < o.failures;
	out->size = 500;
}

static int
read_samples(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[128];
	double value;

	if (f == NULL)
		return -1;
	samples = xcalloc(SAMPLES_MAX, sizeof(*samples));
	while (fgets(line, sizeof(line), f) != NULL && nsamples < SAMPLES_MAX) {
		value = strtod(line, NULL);
		if (value > 0)
			samples[nsamples++] = value;
	}
	fclose(f);
	return nsamples > 0 ? 0 : -1;
}

/* --- a run ---------------------------------------------------------- */

static void
on_seen(bool failure, int64_t delay_ms, void *arg)
{
	(void)arg;
	if (failure)
		failed_sum_ms += (double)delay_ms;
	if (ndelays < (size_t)o.jobs)
		delays[ndelays++] = delay_ms;
}

static void
submit(void)
{
	struct job *job = flow_job();

	job->spec.own_names = named != FLOW_S3_SERVICE;
	engine_submit(flow.engine, job);
}

static void
run(double n)
{
	double due = 0;
	int64_t now = 0;
	unsigned i;

	for (i = 0; i < (unsigned)n; i++) {
		submit();
		due += 1000 / o.rate;
		time_passes((int64_t)due - now);
		now = (int64_t)due;
	}
	for (i = 0; i < LAST_MS / 10000; i++)
		time_passes(10000);
}

static int
by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void
tell(const char *policy)
{
	double n = (double)ndelays, asked, dollars, sum = 0;
	size_t i;

	qsort(delays, ndelays, sizeof(*delays), by_size);
	for (i = 0; i < ndelays; i++)
		sum += (double)delays[i];
	asked = flow_s3.heads + flow_s3.gets + flow_s3.failures;
	/* The words of a failure are read, whoever found it. */
	asked -= flow_s3.found_failures;
	dollars = asked * o.get / 1000 + flow_s3.lists * o.list / 1000;
	printf("shape=%s policy=%s jobs=%zu mean_s=%.3f p99_s=%.2f "
	       "requests=%.2f heads=%.2f gets=%.2f failure_requests=%.2f "
	       "lists=%.4f failure_lists=%.4f failures_s=%.2f "
	       "usd_per_million=%.3f\n",
	    shape, policy, ndelays, sum / n / 1000,
	    (double)delays[ndelays * 99 / 100] / 1000, asked / n,
	    flow_s3.heads / n, flow_s3.gets / n, flow_s3.failures / n,
	    flow_s3.lists / n, flow_s3.failure_lists / n,
	    flow_s3.found_failures > 0
		? failed_sum_ms / flow_s3.found_failures / 1000
		: 0,
	    dollars / n * 1e6);
}

static int
set(const char *word)
{
	static const struct {
		const char *name;
		double *value;
	} keys[] = {
	    {"jobs=", &o.jobs},
	    {"warm=", &o.warm},
	    {"rate=", &o.rate},
	    {"requests=", &o.requests},
	    {"delay_ms=", &o.delay_ms},
	    {"start_ms=", &o.start_ms},
	    {"max_ms=", &o.max_ms},
	    {"step_ms=", &o.step_ms},
	    {"seed=", &o.seed},
	    {"failures=", &o.failures},
	    {"get=", &o.get},
	    {"list=", &o.list},
	    {"sweep=", &o.sweep},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (!str_eq(word, names[i].word))
			continue;
		named = names[i].names;
		return 0;
	}
	for (i = 0; i < ARRAY_LEN(keys); i++) {
		if (!str_starts(word, keys[i].name))
			continue;
		*keys[i].value = strtod(word + strlen(keys[i].name), NULL);
		return 0;
	}
	fprintf(stderr, "detect: what is %s?\n", word);
	return -1;
}

static int
set_policy(const char *name)
{
	struct plan *plan = &flow.policy.plan;

	plan->start_ms = (int64_t)o.start_ms;
	plan->max_ms = (int64_t)o.max_ms;
	plan->requests = 0;
	flow.policy.sweep = o.sweep != 0;
	if (str_eq(name, "fixed")) {
		/* Each time the longest is over: both places. */
		plan->interval_ms = plan->max_ms = (int64_t)o.step_ms;
	} else if (str_eq(name, "learned")) {
		plan->requests = o.requests;
		plan->delay_ms = (int64_t)o.delay_ms;
	} else if (!str_eq(name, "backoff")) {
		fprintf(stderr, "detect: no policy %s\n", name);
		return -1;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	void *state = NULL;
	int i;

	if (argc < 3) {
		fprintf(stderr, "usage: detect SHAPE POLICY [KEY=VALUE...]\n");
		return 2;
	}
	shape = argv[1];
	for (i = 3; i < argc; i++) {
		if (set(argv[i]) == -1)
			return 2;
	}
	if (strchr(shape, '/') != NULL && read_samples(shape) == -1) {
		perror(shape);
		return 2;
	}
	fake_store_use(&store_memory);
	if (flow_setup(&state) == -1 || set_policy(argv[2]) == -1)
		return 2;
	log_init(LOG_ERROR, LOG_TEXT);
	log_set_sink(NULL, NULL);
	peer_forget(true);
	chance = (uint64_t)o.seed;
	delays = xcalloc((size_t)o.jobs + 1, sizeof(*delays));
	flow_s3_begin(fate, NULL);
	flow_s3.names = named;
	run(o.warm);
	flow_s3_clear();
	flow_s3.seen = on_seen;
	run(o.jobs);
	tell(argv[2]);
	i = ndelays == (size_t)o.jobs ? 0 : 1;
	flow_stop();
	flow_s3_end();
	peer_reset();
	free(delays);
	free(samples);
	return i;
}
