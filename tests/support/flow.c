/* SPDX-License-Identifier: Apache-2.0 */
/* A world for one engine, and the words to tell its stories in. */
#include "tests/support/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/discard.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "engine/bell.h"
#include "engine/budget.h"
#include "engine/news.h"
#include "engine/site.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_loop.h"
#include "tests/support/fake_random.h"
#include "tests/support/fake_store.h"

#define SECRET "canary-secret-of-the-flow-tests"
#define TOKEN "canary-token-of-the-flow-tests"
#define LOG_MAX ((size_t)1 << 30)

struct flow flow;

static struct http_client *http;
static struct aws_client *aws;
static struct sites *sites;
static struct job *shown; /* of on_disk() */
static struct buf log_text;
static char path[96];
static bool livelock;
static bool too_early; /* a submission or an attempt without a record */
static unsigned moved; /* deliveries that ended */

/* --- what the engine tells ------------------------------------------ */

static void
on_line(const char *line, void *arg)
{
	(void)arg;
	buf_puts(&log_text, line);
	buf_putc(&log_text, '\n');
	assert_false(log_text.overflow);
}

unsigned
log_lines(const char *a, const char *b)
{
	char *copy = xstrdup(log_text.data), *rest = copy, *line;
	unsigned n = 0;

	while ((line = strsep(&rest, "\n")) != NULL)
		n += (a == NULL || strstr(line, a) != NULL) &&
		    (b == NULL || strstr(line, b) != NULL) && *line != '\0';
	free(copy);
	return n;
}

static void
on_event(enum engine_event event, const struct job *job,
    const struct error *err, void *arg)
{
	(void)job;
	(void)arg;
	flow.events[event]++;
	if (err != NULL)
		flow.trouble = *err;
}

static void
on_delivery(const struct delivery *d, const struct attempt *a, void *arg)
{
	(void)arg;
	flow.attempts += a != NULL;
	moved += a != NULL && d->state != DELIVERY_WAITING;
	if (a == NULL)
		memcpy(flow.delivery, d->id, sizeof(flow.delivery));
}

static struct target *
find_target(const char *name, void *arg)
{
	size_t i;

	(void)arg;
	for (i = 0; i < FLOW_TARGETS_MAX && flow.targets[i] != NULL; i++) {
		if (str_eq(flow.targets[i]->name, name) ||
		    (str_starts(name, "callback ") &&
			str_eq(flow.targets[i]->name, "callback")))
			return target_ref(flow.targets[i]);
	}
	return NULL;
}

static void
policy(const char *endpoint, struct engine_policy *out, void *arg)
{
	(void)endpoint;
	(void)arg;
	*out = flow.policy;
}

/* --- what leaves ---------------------------------------------------- */

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : str_eq(a, b);
}

/* The job, and under these names the intent, are on disk by now. */
static bool
is_intended(const struct headers *h)
{
	const char *id = headers_get(h, "x-amzn-sagemaker-inference-id");
	const struct submission *s;
	const struct job *job;
	char jobid[JOBID_SIZE];

	snprintf(jobid, sizeof(jobid), "%s", id != NULL ? id : "");
	job = on_disk_of(jobid_ok(jobid) ? jobid : flow.id);
	s = job != NULL ? job_last_submission(job) : NULL;
	return s != NULL && job->state == JOB_QUEUED && s->fate == SUB_OPEN &&
	    same(id, s->inference_id) && s->intent_at != 0 &&
	    same(headers_get(h, "x-amzn-sagemaker-filename"), s->filename);
}

/* The attempt is on disk by now, open. */
static bool
is_recorded(const struct headers *h)
{
	const char *id = headers_get(h, "webhook-id");
	struct delivery *d =
	    id != NULL ? fake_store_delivery(flow.store, id) : NULL;
	bool ok = d != NULL && d->state == DELIVERY_WAITING && d->due_at == 0 &&
	    d->nlog > 0 && d->log[d->nlog - 1].outcome == ATTEMPT_OPEN;

	delivery_free(d);
	return ok;
}

static bool
before_request(
    const char *method, const char *url, const struct headers *h, void *arg)
{
	(void)arg;
	if (str_eq(method, "POST") &&
	    !(str_ends(url, "/async-invocations") ? is_intended(h)
						  : is_recorded(h)))
		too_early = true;
	return flow.before == NULL ||
	    flow.before(method, url, h, flow.hook_arg);
}

static bool
after_request(
    const char *method, const char *url, const struct headers *h, void *arg)
{
	(void)arg;
	return flow.after == NULL || flow.after(method, url, h, flow.hook_arg);
}

static const char *
dead_letter(void *arg)
{
	(void)arg;
	return flow.dead_letter;
}

/* --- the world ------------------------------------------------------ */

static void
open_world(void)
{
	struct store_options so = {.path = path};
	struct http_client_options ho = {0};
	struct aws_client_options ao = {.news = news_log};
	struct engine_options eo = {.policy = policy, .event = on_event};
	/* Test_limits has others. */
	const struct engine_budget budget = {
	    .bucket_per_second = 1000000,
	    .price_get = 400,
	    .price_list = 5000,
	};
	struct error err;

	flow.loop = loop_new();
	if (store_open(flow.loop, &so, &flow.store, &err) == -1)
		fail_msg("%s", err.text);
	assert_int_equal(http_client_new(flow.loop, &ho, &http, &err), 0);
	ao.loop = flow.loop;
	ao.http = http;
	if (aws_client_new(&ao, &aws, &err) == -1)
		fail_msg("%s", err.text);
	sites = sites_new(aws, NULL);
	eo.loop = flow.loop;
	eo.store = flow.store;
	eo.sites = sites;
	flow.spool = spool_new(flow.loop, flow.dir);
	eo.spool = flow.spool;
	eo.target = find_target;
	eo.dead_letter = dead_letter;
	eo.delivery = on_delivery;
	if (flow.new_world != NULL)
		flow.new_world();
	flow.engine = engine_new(&eo);
	engine_set_budget(flow.engine, &budget);
}

static void
close_world(bool cleanly)
{
	if (flow.loop == NULL)
		return;
	engine_stop(flow.engine);
	if (cleanly)
		store_close(flow.store);
	else
		fake_store_drop(flow.store);
	engine_free(flow.engine);
	spool_free(flow.spool);
	while (flow.targets[0] != NULL) {
		target_unref(flow.targets[0]);
		memmove(flow.targets, flow.targets + 1,
		    sizeof(flow.targets) - sizeof(flow.targets[0]));
	}
	sites_free(sites);
	aws_client_free(aws);
	http_client_free(http);
	if (fake_loop_timers(flow.loop) != 0)
		livelock = true;
	loop_free(flow.loop);
	discard_wait();
	flow.loop = NULL;
}

int
flow_setup(void **state)
{
	(void)state;
	memset(&flow, 0, sizeof(flow));
	fake_clock_reset();
	fake_random_seed(42);
	peer_reset();
	peer_watch(before_request, after_request, NULL);
	livelock = too_early = false;
	moved = 0;
	flow.policy.plan.start_ms = 500;
	flow.policy.plan.max_ms = 30000;
	flow.policy.plan.requests = 20;
	flow.policy.doubt_grace_ms = 30000;
	snprintf(flow.dir, sizeof(flow.dir), "/tmp/test-flow-XXXXXX");
	if (mkdtemp(flow.dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/state", flow.dir);
	setenv("HOME", flow.dir, 1);
	unsetenv("AWS_PROFILE");
	unsetenv("AWS_CONFIG_FILE");
	unsetenv("AWS_SHARED_CREDENTIALS_FILE");
	setenv("AWS_ACCESS_KEY_ID", FLOW_KEY, 1);
	setenv("AWS_SECRET_ACCESS_KEY", SECRET, 1);
	setenv("AWS_SESSION_TOKEN", TOKEN, 1);
	setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "http://rt.test", 1);
	setenv("AWS_ENDPOINT_URL_S3", "http://s3.test", 1);
	buf_init(&log_text, LOG_MAX);
	log_init(LOG_DEBUG, LOG_TEXT);
	log_set_sink(on_line, NULL);
	open_world();
	return 0;
}

static void
remove_dir(void)
{
	DIR *d = opendir(flow.dir);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		closedir(d);
	rmdir(flow.dir);
}

int
flow_teardown(void **state)
{
	const char *verdict;
	bool leak;
	unsigned moves;

	(void)state;
	close_world(true);
	log_set_sink(NULL, NULL);
	remove_dir();
	job_free(shown);
	shown = NULL;
	leak = log_lines(SECRET, NULL) + log_lines(TOKEN, NULL) > 0;
	moves = log_lines(" from=", " to=");
	buf_done(&log_text);
	verdict = peer_verdict();
	if (verdict != NULL)
		fail_msg("the peer%s", verdict);
	peer_reset();
	if (leak)
		fail_msg("a secret was logged");
	if (too_early)
		fail_msg("something left before that was on disk");
	if (livelock)
		fail_msg("it goes round and round, or timers are left");
	if (moves != flow.events[ENGINE_MOVED] + moved + flow.replays)
		fail_msg("%u moves, %u lines of them",
		    flow.events[ENGINE_MOVED] + moved + flow.replays, moves);
	return 0;
}

void
time_passes(int64_t ms)
{
	if (!fake_loop_pass(flow.loop, ms) && !fake_loop_halted(flow.loop))
		livelock = true;
}

void
flow_die(void)
{
	close_world(false);
}

void
flow_stop(void)
{
	close_world(true);
}

static void
on_unfinished(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	size_t i;

	(void)arg;
	assert_null(err);
	for (i = 0; i < n; i++)
		engine_adopt(flow.engine, jobs[i]);
}

static void
on_waiting(struct delivery **v, size_t n, const struct error *err, void *arg)
{
	size_t i;

	(void)arg;
	assert_null(err);
	for (i = 0; i < n; i++)
		engine_adopt_delivery(flow.engine, v[i]);
}

static void
on_kept(
    const struct store_kept *v, size_t n, const struct error *err, void *arg)
{
	size_t i;

	(void)arg;
	assert_null(err);
	for (i = 0; i < n; i++)
		engine_recall(flow.engine, v[i].name, v[i].value);
}

static void
on_told(
    const struct store_told *v, size_t n, const struct error *err, void *arg)
{
	size_t i;

	(void)arg;
	assert_null(err);
	for (i = 0; i < n; i++) {
		struct engine_ring ring = {
		    .heard = HEARD_BEFORE,
		    .inference_id = v[i].inference_id,
		    .failure = v[i].reason,
		    .endpoint = v[i].endpoint,
		    .event_at = v[i].event_at,
		};

		assert_true(engine_ring(flow.engine, &ring));
	}
}

static void
on_expired(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	size_t i;

	(void)arg;
	assert_null(err);
	for (i = 0; i < n; i++)
		engine_adopt_expired(flow.engine, jobs[i]);
}

void
flow_take_up(void)
{
	struct store_query waiting = {.state = "waiting"};

	open_world();
	store_recall(flow.store, on_kept, NULL);
	if (flow.policy.late_looks_ms > 0)
		store_expired(flow.store,
		    clock_wall_ms() - flow.policy.late_looks_ms, 10000,
		    on_expired, NULL);
	store_list_deliveries(flow.store, &waiting, on_waiting, NULL);
	store_unfinished(flow.store, on_unfinished, NULL);
	store_recall_told(flow.store, on_told, NULL);
	time_passes(0);
}

void
restart(void)
{
	flow_die();
	flow_take_up();
}

/* --- jobs ----------------------------------------------------------- */

struct job *
flow_job(void)
{
	struct job *job = job_new();
	struct job_spec *spec = &job->spec;
	char day[TIMEFMT_DAY_SIZE];

	spec->endpoint = xstrdup("ocr");
	spec->region = xstrdup("us-east-1");
	spec->content_type = xstrdup("text/plain");
	spec->own_names = true;
	spec->deployment = xstrdup("awaitd");
	spec->output_path = xstrdup("s3://out/res");
	spec->input = INPUT_BODY;
	spec->body = xstrdup("hello");
	spec->body_len = 5;
	spec->input_size = 5;
	memcpy(flow.id, job->id, sizeof(flow.id));
	timefmt_day(job->created_at, day);
	snprintf(flow.extension, sizeof(flow.extension), "awaitd/%s", day);
	return job;
}

void
flow_submit(struct job *take_job)
{
	engine_submit(flow.engine, take_job);
	time_passes(0);
}

const struct job *
on_disk_of(const char *id)
{
	job_free(shown);
	shown = fake_store_job(flow.store, id);
	return shown;
}

const struct job *
on_disk(void)
{
	return on_disk_of(flow.id);
}

void
must_be(enum job_state state, enum job_outcome outcome)
{
	const struct job *job = on_disk();

	assert_non_null(job);
	if (job->state != state || job->outcome != outcome)
		print_message("error: %s\n",
		    job->error_text != NULL ? job->error_text : "-");
	assert_string_equal(job_state_name(job->state), job_state_name(state));
	assert_string_equal(
	    job_outcome_name(job->outcome), job_outcome_name(outcome));
}

/* --- the peer's words ----------------------------------------------- */

const char *
out_uri(unsigned n)
{
	static char uri[200];

	snprintf(uri, sizeof(uri), "s3://out/res/%s/%s-%u.out", flow.extension,
	    flow.id, n);
	return uri;
}

const char *
out_url(unsigned n)
{
	static char url[200];

	snprintf(url, sizeof(url), "http://s3.test/out/res/%s/%s-%u.out",
	    flow.extension, flow.id, n);
	return url;
}

struct peer_step *
expect_invoke(unsigned n)
{
	struct peer_step *s = peer_expect("POST", INVOKE_URL);
	char name[64];

	snprintf(name, sizeof(name), "%s-%u", flow.id, n);
	peer_header(s, "X-Amzn-SageMaker-Inference-Id", name);
	snprintf(name, sizeof(name), "%s-%u.out", flow.id, n);
	peer_header(s, "X-Amzn-SageMaker-Filename", name);
	peer_header(
	    s, "X-Amzn-SageMaker-S3OutputPathExtension", flow.extension);
	return s;
}

struct peer_step *
reply_accepted(struct peer_step *s, unsigned n)
{
	char headers[500];

	snprintf(headers, sizeof(headers),
	    "x-amzn-RequestId: req-%u\n"
	    "x-amzn-sagemaker-outputlocation: %s\n"
	    "x-amzn-sagemaker-failurelocation: " FAILURE_URI,
	    n, out_uri(n));
	return peer_reply(s, 202, headers, "{\"InferenceId\":\"x\"}");
}

struct peer_step *
expect_head(const char *url)
{
	return peer_expect("HEAD", url);
}

struct peer_step *
reply_missing(struct peer_step *s)
{
	return peer_reply(s, 404, "", "");
}

struct peer_step *
reply_found(struct peer_step *s)
{
	return peer_reply(s, 200,
	    "ETag: \"e1\"\nContent-Type: text/x-result\nContent-Length: 77",
	    "");
}

struct peer_step *
reply_error(
    struct peer_step *s, int status, const char *code, const char *message)
{
	char *headers = xasprintf("x-amzn-ErrorType: %s:http://x/", code);
	char *body = xasprintf("{\"message\":\"%s\"}", message);

	peer_reply(s, status, headers, body);
	free(headers);
	free(body);
	return s;
}

struct site *
flow_site(void)
{
	struct site *site;
	struct error err;

	if (sites_get(sites, "us-east-1", &site, &err) == -1)
		fail_msg("%s", err.text);
	return site;
}

struct aws_client *
flow_aws(void)
{
	return aws;
}
