/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random walks: jobs among notifications, copies, lies and silence, an S3 that
 * refuses, slows down and breaks, cancellations and sudden deaths. Whatever
 * comes, each job ends once, by its deadline, with what was true; and none of
 * them is ever out of sight.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "engine/budget.h"
#include "engine/core.h"
#include "tests/support/fake_loop.h"
#include "tests/support/fake_random.h"
#include "tests/support/fake_store.h"
#include "tests/support/flow.h"
#include "tests/support/flow_bell.h"
#include "tests/support/flow_hook.h"

#define JOBS 40
#define THINGS (JOBS * SUBMISSIONS_MAX)
#define EVENTS 500
#define MINUTE INT64_C(60000)
#define NEVER INT64_MAX
#define NOTHING_CAME "no result and no failure came in time"
/* For what is on its way, and for the jitter of a schedule. */
#define SLACK 20000
/* Looks that cannot be made do not end a job, but so many do. */
#define STORM_MS (20 * MINUTE)

/* What becomes of one request. */
struct thing {
	char name[JOBID_SIZE + 2]; /* ID-N */
	int64_t at; /* monotonic; NEVER */
	int64_t known_at; /* that it was accepted; NEVER */
	bool fails;
	bool silent; /* … and leaves no object */
	bool seen;
};

enum weather { FAIR, SLOW_DOWN, HIDDEN, BROKEN, TROUBLE, WEATHERS };

static char ids[JOBS][JOBID_SIZE];
static bool cancelled[JOBS];
static size_t njobs;
static struct thing things[THINGS];
static size_t nthings;
static enum weather weather;
static bool tight; /* S3's budget is small */
static bool stormy; /* this walk has weather, and deaths */
static uint64_t state;
static unsigned seed;
static unsigned looks, lists, rings;
static int64_t deaths; /* writes to go; -1: none */

/* --- chance ----------------------------------------------------------- */

static unsigned
pick(unsigned n)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (unsigned)(state >> 33) % n;
}

static bool
one_in(unsigned n)
{
	return pick(n) == 0;
}

static int64_t
some_time(void)
{
	static const int64_t most[] = {
	    1, 100, 1000, 5000, 20000, 60000, 10 * MINUTE};

	return pick((unsigned)most[pick(ARRAY_LEN(most))]);
}

/* --- the endpoint and its S3 ------------------------------------------ */

static struct thing *
find_thing(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < nthings; i++) {
		if (strlen(things[i].name) == len &&
		    memcmp(things[i].name, name, len) == 0)
			return &things[i];
	}
	return NULL;
}

static struct thing *
add_thing(const char *name)
{
	struct thing *t = find_thing(name, strlen(name));

	if (t == NULL) {
		assert_true(nthings < THINGS);
		t = &things[nthings++];
	}
	memset(t, 0, sizeof(*t));
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->at = one_in(12) ? NEVER : clock_mono_ms() + some_time();
	t->fails = one_in(6);
	t->silent = t->fails && one_in(2);
	t->known_at = NEVER;
	return t;
}

static void
invoke(const struct headers *h, struct peer_answer *out)
{
	const char *id = headers_get(h, "x-amzn-sagemaker-inference-id");
	struct thing *t;

	out->delay_ms = one_in(4) ? some_time() % 20000 : 0;
	if (one_in(20)) {
		out->status = one_in(2) ? 503 : 0;
		return;
	}
	if (one_in(40)) {
		out->status = 400;
		snprintf(out->headers, sizeof(out->headers),
		    "x-amzn-ErrorType: ValidationError:http://x/");
		snprintf(out->body, sizeof(out->body), "{\"message\":\"no\"}");
		return;
	}
	t = add_thing(id);
	if (one_in(15))
		return;
	t->known_at = clock_mono_ms() + out->delay_ms;
	out->status = 202;
	snprintf(out->headers, sizeof(out->headers),
	    "x-amzn-sagemaker-outputlocation: s3://out/res/%s/%s.out\n"
	    "x-amzn-sagemaker-failurelocation: s3://out/failures/%s-error.out",
	    headers_get(h, "x-amzn-sagemaker-s3outputpathextension"), id, id);
}

static void
show(const struct thing *t, struct peer_answer *out)
{
	int64_t now = clock_wall_ms();
	char date[64], modified[64];

	timefmt_http(now, date);
	timefmt_http(now - (clock_mono_ms() - t->at), modified);
	out->status = 200;
	snprintf(out->headers, sizeof(out->headers),
	    "ETag: \"e1\"\nContent-Type: text/plain\nContent-Length: 4\n"
	    "Date: %s\nLast-Modified: %s",
	    date, modified);
	snprintf(out->body, sizeof(out->body), "text");
}

static void
is_missing(struct peer_answer *out)
{
	out->status = weather == HIDDEN ? 403 : 404;
	snprintf(out->body, sizeof(out->body),
	    "<Error><Code>%s</Code><Message>%s</Message></Error>",
	    weather == HIDDEN ? "AccessDenied" : "NoSuchKey",
	    weather == HIDDEN ? "Access Denied" : "none");
}

static int
by_name(const void *a, const void *b)
{
	const struct thing *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static void
put_key(struct buf *b, const char *folder, const struct thing *t)
{
	buf_printf(b,
	    "<Contents><Key>%s%s%s.out</Key>"
	    "<LastModified>2026-03-04T05:06:07.000Z</LastModified>"
	    "<ETag>&quot;e1&quot;</ETag><Size>4</Size></Contents>",
	    folder, t->name, t->fails ? "-error" : "");
}

/* Of the results or of the failures, a few to a page. */
static void
list(const char *url, struct peer_answer *out)
{
	bool failures = strstr(url, "prefix=failures") != NULL;
	const char *after = strstr(url, "start-after="), *slash;
	struct thing *there[THINGS];
	size_t i, n = 0, shown = 0;
	char folder[80], name[128], behind[128];
	struct buf b;

	snprintf(folder, sizeof(folder), failures ? "failures/" : "res/%s/",
	    flow.extension);
	slash = after != NULL ? strstr(after, "%2F") : NULL;
	for (; slash != NULL; slash = strstr(after, "%2F"))
		after = slash + 3;
	for (i = 0; i < nthings; i++) {
		if (things[i].at <= clock_mono_ms() && !things[i].silent &&
		    things[i].fails == failures)
			there[n++] = &things[i];
	}
	snprintf(behind, sizeof(behind), "%.*s",
	    after != NULL ? (int)strcspn(after, "&") : 0,
	    after != NULL ? after : "");
	qsort(there, n, sizeof(there[0]), by_name);
	buf_init(&b, 1 << 20);
	buf_puts(&b, "<ListBucketResult>");
	for (i = 0; i < n && shown < 10; i++) {
		snprintf(name, sizeof(name), "%s%s.out", there[i]->name,
		    failures ? "-error" : "");
		if (strcmp(name, behind) > 0) {
			put_key(&b, folder, there[i]);
			shown++;
		}
	}
	if (i < n)
		buf_puts(&b,
		    "<IsTruncated>true</IsTruncated>"
		    "<NextContinuationToken>t</NextContinuationToken>");
	buf_puts(&b, "</ListBucketResult>");
	out->status = 200;
	out->long_body = buf_take(&b);
	lists++;
}

/* In fair weather a result is seen before poll_max is over, and a failure
 * before twice that is; unless nobody waits for it any more. */
static void
see(struct thing *t)
{
	int64_t since = t->at > t->known_at ? t->at : t->known_at;
	int64_t late = clock_mono_ms() - since, most = flow.policy.plan.max_ms;
	char id[JOBID_SIZE];

	snprintf(id, sizeof(id), "%.*s", JOBID_LEN, t->name);
	if (flow.policy.plan.interval_ms > most)
		most = flow.policy.plan.interval_ms;
	if (!t->seen && !stormy && late > (t->fails ? 2 : 1) * most + SLACK &&
	    work_find(flow.engine, id) != NULL)
		fail_msg("seed %u: %s was seen after %" PRId64 " ms", seed,
		    t->name, late);
	t->seen = true;
}

static void
look(const char *url, struct peer_answer *out)
{
	const char *base = strrchr(url, '/') + 1;
	bool failure = str_ends(base, "-error.out");
	size_t len = strlen(base) - strlen(failure ? "-error.out" : ".out");
	struct thing *t = find_thing(base, len);

	if (t == NULL || t->at > clock_mono_ms() || t->fails != failure ||
	    t->silent) {
		is_missing(out);
		return;
	}
	see(t);
	show(t, out);
}

static void
serve(const char *method, const char *url, const struct headers *h,
    struct peer_answer *out, void *arg)
{
	(void)arg;
	if (str_eq(url, HOOK_URL)) {
		out->status = 200;
		return;
	}
	if (str_eq(method, "POST")) {
		invoke(h, out);
		return;
	}
	looks++;
	out->delay_ms = one_in(10) ? some_time() % 10000 : 0;
	switch (weather) {
	case SLOW_DOWN:
		out->status = 503;
		snprintf(out->body, sizeof(out->body),
		    "<Error><Code>SlowDown</Code></Error>");
		return;
	case BROKEN:
		out->status = 0;
		return;
	case TROUBLE:
		out->status = one_in(2) ? 500 : 404;
		if (out->status == 500)
			return;
		break;
	default:
		break;
	}
	if (strstr(url, "list-type=2") != NULL && weather != HIDDEN)
		list(url, out);
	else if (strchr(url, '?') != NULL)
		is_missing(out);
	else
		look(url, out);
}

/* --- what happens ------------------------------------------------------ */

static void
submit(void)
{
	struct job *job;

	if (njobs == JOBS)
		return;
	job = flow_job();
	if (one_in(3))
		job->spec.deliver = xstrdup("webhook hook");
	job->spec.retry_failed = one_in(4);
	job->spec.avoid_duplicates = one_in(6);
	job->spec.request_ttl_s = 60 + pick(900);
	job->spec.invocation_timeout_s = 30 + pick(300);
	cancelled[njobs] = false;
	memcpy(ids[njobs++], job->id, JOBID_SIZE);
	engine_submit(flow.engine, job);
}

/* What SNS says is true, or not signed; but it comes early, late and never. */
static void
ring(void)
{
	struct says s = {.unverified = one_in(3)};
	const struct thing *t;
	char message[32];

	if (nthings == 0)
		return;
	t = &things[pick((unsigned)nthings)];
	s.inference_id = t->name;
	if (s.unverified ? one_in(4) : t->fails && t->at <= clock_mono_ms())
		s.failure = "it is said that it failed";
	if (one_in(3)) {
		snprintf(message, sizeof(message), "m%u", pick(20));
		s.message_id = message;
	}
	rings++;
	bell_begin(s);
}

/* Four jobs are worth a listing. */
static void
make_listings_cheap(void)
{
	const struct engine_budget budget = {
	    .bucket_per_second = tight ? 20 : 100000,
	    .price_get = 400,
	    .price_list = 800,
	};

	engine_set_budget(flow.engine, &budget);
}

static void
take_up(void)
{
	deaths = -1;
	bell_restart();
	flow_die();
	flow_take_up();
	make_listings_cheap();
}

static bool
goes_on(const char *when, void *arg)
{
	(void)when;
	(void)arg;
	return deaths < 0 || deaths-- != 0;
}

static void
die_soon(void)
{
	deaths = pick(6);
	fake_store_watch(flow.store, goes_on, NULL);
}

/* As an update of the program does it. */
static void
stop(void)
{
	bell_restart();
	flow_stop();
	flow_take_up();
	make_listings_cheap();
}

static void
ask(void)
{
	struct engine_counts counts;
	const struct job *job = engine_find(flow.engine, ids[pick(JOBS)]);

	if (job != NULL)
		assert_true(job->state != JOB_DONE || job->ndeliveries < 9);
	engine_count(flow.engine, &counts);
	assert_true(counts.queued + counts.pending <= njobs);
}

static void
cancel(void)
{
	size_t i = pick(JOBS);

	if (i < njobs && engine_cancel(flow.engine, ids[i]) == 0)
		cancelled[i] = true;
}

static void
change_weather(void)
{
	weather = one_in(2) ? FAIR : (enum weather)pick(WEATHERS);
}

static void
something_happens(void)
{
	switch (pick(stormy ? 40 : 34)) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
		submit();
		break;
	case 5:
	case 6:
	case 7:
	case 8:
	case 9:
	case 10:
	case 11:
	case 12:
		ring();
		break;
	case 13:
	case 14:
		ask();
		break;
	case 15:
		cancel();
		break;
	case 34:
	case 35:
	case 36:
		change_weather();
		break;
	case 37:
		die_soon();
		break;
	case 38:
		take_up();
		break;
	case 39:
		stop();
		break;
	default:
		break;
	}
}

/* --- what must be true ------------------------------------------------- */

/* Nobody is forgotten, and who rests has nothing. */
static void
nobody_is_lost(void)
{
	const struct engine *e = flow.engine;
	const struct work *w;
	size_t running = 0, sending = 0;

	TAILQ_FOREACH (w, &e->works, all) {
		running += w->running;
		sending += w->sending;
		if (w->entry.place == 0 && !w->running && !w->writing &&
		    !w->waits)
			fail_msg(
			    "seed %u: nobody looks at job %s", seed, w->id);
		assert_true((w->job == NULL) != (w->fold == NULL));
		assert_true(!w->running || w->step != NULL);
	}
	assert_int_equal(running, e->running);
	assert_int_equal(sending, e->sending);
}

static void
pass(int64_t ms)
{
	time_passes(ms);
	if (fake_loop_halted(flow.loop))
		take_up();
	nobody_is_lost();
}

static void
each_ended_in_truth(size_t i)
{
	const struct job *job = on_disk_of(ids[i]);
	int64_t now = clock_mono_ms(), ended;
	char line[80];
	bool result = false, failure = false, early = false;
	size_t k;

	if (job == NULL) {
		assert_true(stormy);
		return;
	}
	if (job->state != JOB_DONE)
		fail_msg("seed %u: job %s is %s", seed, ids[i],
		    job_state_name(job->state));
	snprintf(line, sizeof(line), "job=%.*s", JOBID_LEN, ids[i]);
	if (log_lines(line, " to=done") > 1)
		fail_msg("seed %u: job %s ended twice", seed, ids[i]);
	if (job->completed_at >
	    job->deadline_at + (stormy ? STORM_MS : 0) + SLACK)
		fail_msg("seed %u: job %s ended %" PRId64 " ms too late", seed,
		    ids[i], job->completed_at - job->deadline_at);
	ended = now - (clock_wall_ms() - job->completed_at);
	for (k = 0; k < nthings; k++) {
		if (!str_starts(things[k].name, ids[i]))
			continue;
		result |= !things[k].fails && things[k].at <= ended;
		failure |= things[k].fails && things[k].at <= ended;
		early |= !things[k].fails && things[k].at < ended - SLACK &&
		    things[k].known_at < ended - SLACK;
	}
	if ((job->outcome == OUTCOME_OK && !result) ||
	    (job->outcome == OUTCOME_FAILED && !failure &&
		str_eq(job->error_code, "model")) ||
	    (job->outcome == OUTCOME_EXPIRED && early &&
		(!stormy || str_eq(job->error_text, NOTHING_CAME))) ||
	    (job->outcome == OUTCOME_CANCELLED && !cancelled[i]))
		fail_msg("seed %u: job %s is %s, %s", seed, ids[i],
		    job_outcome_name(job->outcome),
		    job->error_text != NULL ? job->error_text : "-");
}

static void
walk(unsigned with_seed, bool with_storms)
{
	size_t i;

	seed = with_seed;
	state = seed;
	fake_random_seed(seed);
	stormy = with_storms;
	weather = FAIR;
	deaths = -1;
	njobs = nthings = 0;
	looks = lists = rings = 0;
	flow.policy.sweep = one_in(2);
	tight = one_in(3);
	make_listings_cheap();
	peer_serve(serve, NULL);
	peer_forget(true);
	flow.policy.late_looks_ms = one_in(2) ? 60 * MINUTE : 0;
	if (one_in(3))
		flow.policy.plan.delay_ms = 1000 + pick(10000);
	if (one_in(5))
		flow.policy.plan.interval_ms = 1000 + pick(50000);
	for (i = 0; i < EVENTS; i++) {
		something_happens();
		pass(some_time() % (one_in(20) ? 10 * MINUTE : 10000));
	}
	weather = FAIR;
	take_up();
	pass(60 * MINUTE);
	print_message("[          ] %zu jobs, %zu requests, %u rings, %u "
		      "looks, %u lists\n",
	    njobs, nthings, rings, looks, lists);
	for (i = 0; i < njobs; i++)
		each_ended_in_truth(i);
}

/* SEED=N repeats one. */
static unsigned
new_seed(void)
{
	const char *s = getenv("SEED");
	unsigned n =
	    s != NULL ? (unsigned)strtoul(s, NULL, 10) : (unsigned)time(NULL);

	print_message("[          ] SEED=%u\n", n);
	return n;
}

static void
in_fair_weather(void **world)
{
	(void)world;
	walk(new_seed(), false);
}

static void
in_storms(void **world)
{
	(void)world;
	walk(new_seed(), true);
}

/* A last look that was under way when the time was over. */
static void
a_walk_that_went_wrong(void **world)
{
	(void)world;
	walk(30, false);
}

/* One that was sent late by its name, whose page showed others, came to a few
 * that are not listed. */
static void
a_walk_with_a_look_that_stayed_put_off(void **world)
{
	(void)world;
	walk(1039, false);
}

/* As if all had been sent as late as the first by its name. */
static void
a_walk_with_a_first_one_sent_late(void **world)
{
	(void)world;
	walk(1147, false);
}

static int
setup(void **world)
{
	int rc = flow_setup(world);

	log_init(LOG_INFO, LOG_TEXT);
	with_hook(4);
	return rc;
}

static int
teardown(void **world)
{
	time_passes(0);
	bell_restart();
	return flow_teardown(world);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(in_fair_weather, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_walk_that_went_wrong, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_walk_with_a_look_that_stayed_put_off, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_walk_with_a_first_one_sent_late, setup, teardown),
	    cmocka_unit_test_setup_teardown(in_storms, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
