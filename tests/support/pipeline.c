/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline FOLDER JOBS IN-FLIGHT sqlite|memory
 * What engine, store and deliveries take from submit to delivered, with the
 * real store thread and the other side a ledger in this process: IN-FLIGHT jobs
 * at a time, the next one when one is delivered. One line of figures; a job
 * that the ledger does not have exactly once ends it with 1.
 *
 * A step is one durable write as its caller waits for it; measured at each
 * job's first, which queues up with all the others.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/discard.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/webhook.h"
#include "engine/engine.h"
#include "engine/spool.h"
#include "tests/support/memory_http.h"

#define REGION "us-east-1"
#define S3_URL "http://s3.test"
#define HOOK_URL "http://hook.test/"
#define RESULT                                            \
	"a result of the length that small models have: " \
	"{\"label\":\"cat\",\"score\":0.98}"

/* --- the ledger: how often, and since when --------------------------- */

struct note {
	uint64_t key; /* 0: free */
	unsigned count;
	int64_t at_us;
};

static struct note *notes;
static size_t notes_mask;

/* FNV-1a; a kind in front, so that an id may be a key of several. */
static struct note *
note_of(char kind, const char *text)
{
	uint64_t h = (UINT64_C(14695981039346656037) ^ (uint64_t)kind) *
	    UINT64_C(1099511628211);
	size_t i;

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
	h |= h == 0;
	for (i = (size_t)(h >> 7) & notes_mask;
	     notes[i].key != 0 && notes[i].key != h; i = (i + 1) & notes_mask)
		continue;
	notes[i].key = h;
	return &notes[i];
}

static struct {
	struct loop *loop;
	struct http_client *http;
	struct aws_client *aws;
	struct sites *sites;
	struct store *store;
	struct engine *engine;
	struct spool *spool;
	struct target *target;
	long wanted, together, submitted, delivered;
	unsigned long runs, extra_runs, copies, looks;
	int64_t *steps_us, *jobs_us;
	long nsteps;
	int log_fd;
	int rc;
} b;

static void __attribute__((noreturn)) die(const char *what, const char *why)
{
	fprintf(stderr, "pipeline: %s: %s\n", what, why);
	exit(2);
}

static int64_t
now_us(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* --- the other side -------------------------------------------------- */

/* The model has run when the request is accepted. */
static void
serve_invoke(const struct http_request *r, struct http_response *out)
{
	const char *id =
	    headers_get(r->headers, "X-Amzn-SageMaker-Inference-Id");
	const char *ext =
	    headers_get(r->headers, "X-Amzn-SageMaker-S3OutputPathExtension");
	const char *file = headers_get(r->headers, "X-Amzn-SageMaker-Filename");
	char *key;

	if (id == NULL || ext == NULL || file == NULL)
		die("ledger", "a submission without names");
	b.runs++;
	b.extra_runs += note_of('r', id)->count++ > 0;
	key = xasprintf(S3_URL "/out/res/%s/%s", ext, file);
	note_of('o', key)->count++;
	out->status = 202;
	headers_addf(&out->headers, "X-Amzn-SageMaker-OutputLocation",
	    "s3://out/res/%s/%s", ext, file);
	headers_addf(&out->headers, "X-Amzn-SageMaker-FailureLocation",
	    "s3://out/failed/%s", file);
	headers_add(&out->headers, "x-amzn-RequestId", id);
	buf_printf(&out->body, "{\"InferenceId\":\"%s\"}", id);
	free(key);
}

static void
serve_object(const struct http_request *r, struct http_response *out)
{
	b.looks++;
	if (note_of('o', r->url)->count == 0) {
		out->status = 404;
		return;
	}
	out->status = 200;
	headers_add(&out->headers, "ETag", "\"0123456789abcdef\"");
	headers_add(&out->headers, "Content-Type", "application/json");
	if (str_eq(r->method, "HEAD"))
		headers_addf(
		    &out->headers, "Content-Length", "%zu", strlen(RESULT));
	else
		buf_puts(&out->body, RESULT);
}

static void
serve_hook(const struct http_request *r, struct http_response *out)
{
	const char *id = headers_get(r->headers, "webhook-id");

	if (id == NULL || r->body_len == 0)
		die("ledger", "a webhook without an id or a body");
	b.copies += note_of('h', id)->count++ > 0;
	out->status = 200;
}

static void
serve(const struct http_request *r, struct http_response *out, void *arg)
{
	(void)arg;
	if (str_starts(r->url, HOOK_URL))
		serve_hook(r, out);
	else if (str_starts(r->url, S3_URL))
		serve_object(r, out);
	else
		serve_invoke(r, out);
}

/* --- jobs ------------------------------------------------------------ */

static void
submit(void)
{
	struct job *job = job_new();
	struct job_spec *spec = &job->spec;

	spec->endpoint = xstrdup("model");
	spec->region = xstrdup(REGION);
	spec->content_type = xstrdup("text/plain");
	spec->own_names = true;
	spec->deployment = xstrdup("bench");
	spec->output_path = xstrdup("s3://out/res");
	spec->deliver = xstrdup("webhook hook");
	spec->input = INPUT_BODY;
	spec->body = xasprintf("the input of job %ld", b.submitted);
	spec->body_len = strlen(spec->body);
	spec->input_size = (int64_t)spec->body_len;
	note_of('j', job->id)->at_us = now_us(CLOCK_MONOTONIC);
	b.submitted++;
	engine_submit(b.engine, job);
}

static void
submit_more(void *arg)
{
	(void)arg;
	while (b.submitted < b.wanted && b.submitted - b.delivered < b.together)
		submit();
}

static void
on_event(enum engine_event event, const struct job *job,
    const struct error *err, void *arg)
{
	(void)arg;
	if (event == ENGINE_BROKEN || event == ENGINE_NOT_STORED)
		die("engine", err->text);
	if (event == ENGINE_STORED && b.nsteps < b.wanted)
		b.steps_us[b.nsteps++] =
		    now_us(CLOCK_MONOTONIC) - note_of('j', job->id)->at_us;
}

static void
on_delivery(const struct delivery *d, const struct attempt *a, void *arg)
{
	struct note *note = note_of('j', d->job_id);

	(void)arg;
	if (a == NULL || d->state == DELIVERY_WAITING)
		return;
	if (d->state == DELIVERY_DEAD || note->count++ > 0)
		b.rc = 1;
	b.jobs_us[b.delivered++] = now_us(CLOCK_MONOTONIC) - note->at_us;
	if (b.delivered == b.wanted)
		loop_stop(b.loop);
	else
		loop_post(b.loop, submit_more, NULL);
}

static void
policy(const char *endpoint, struct engine_policy *out, void *arg)
{
	(void)endpoint;
	(void)arg;
	memset(out, 0, sizeof(*out));
	out->plan.start_ms = 1;
	out->plan.max_ms = 1000;
	out->doubt_grace_ms = 30000;
}

static struct target *
find_target(const char *name, void *arg)
{
	(void)name;
	(void)arg;
	return target_ref(b.target);
}

/* Lines are written out as a service's are, and read by nobody. */
static void
on_line(const char *line, void *arg)
{
	struct error ignored;

	(void)arg;
	file_write_all(b.log_fd, line, strlen(line), &ignored);
}

/* --- in and out ------------------------------------------------------ */

static void
set_environment(const char *folder)
{
	setenv("HOME", folder, 1);
	unsetenv("AWS_PROFILE");
	unsetenv("AWS_CONFIG_FILE");
	unsetenv("AWS_SHARED_CREDENTIALS_FILE");
	setenv("AWS_ACCESS_KEY_ID", "AKIDBENCH", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "of-no-use-elsewhere", 1);
	setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "http://rt.test", 1);
	setenv("AWS_ENDPOINT_URL_S3", S3_URL, 1);
}

static void
make_target(const char *folder)
{
	static const char secret[] =
	    "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n";
	char *path = xasprintf("%s/secret", folder);
	const char *const files[] = {path, NULL};
	static const char *const networks[] = {"127.0.0.0/8", NULL};
	struct webhook_options o = {
	    .target = {.name = "webhook hook",
		.max_in_flight = 256,
		.timeout_ms = 15000,
		.inline_max = 20000},
	    .loop = b.loop,
	    .url = HOOK_URL,
	    .secret_files = files,
	    .allow_networks = networks,
	};
	struct error err;

	if (schedule_parse("5s, 5m", &o.target.schedule, &err) == -1 ||
	    file_write_atomic(path, secret, strlen(secret), 0600, &err) == -1 ||
	    webhook_new(&o, &b.target, &err) == -1)
		die("target", err.text);
	free(path);
}

static void
open_all(const char *folder, bool memory)
{
	char *path = xasprintf("%s/bench.db", folder);
	struct store_options so = {
	    .path = memory ? NULL : path,
	    .memory = memory,
	};
	struct http_client_options ho = {0};
	struct aws_client_options ao = {0};
	struct engine_options eo = {
	    .policy = policy,
	    .target = find_target,
	    .event = on_event,
	    .delivery = on_delivery,
	};
	struct error err;

	b.loop = loop_new();
	memory_http_serve(serve, NULL);
	if (http_client_new(b.loop, &ho, &b.http, &err) == -1)
		die("client", err.text);
	make_target(folder);
	if (store_open(b.loop, &so, &b.store, &err) == -1)
		die("store", err.text);
	ao.loop = b.loop;
	ao.http = b.http;
	if (aws_client_new(&ao, &b.aws, &err) == -1)
		die("credentials", err.text);
	b.sites = sites_new(b.aws, NULL);
	eo.loop = b.loop;
	eo.store = b.store;
	eo.sites = b.sites;
	b.spool = spool_new(b.loop, folder);
	eo.spool = b.spool;
	b.engine = engine_new(&eo);
	free(path);
}

static void
close_all(void)
{
	loop_unpost(b.loop, NULL);
	engine_stop(b.engine);
	store_close(b.store);
	engine_free(b.engine);
	spool_free(b.spool);
	target_unref(b.target);
	sites_free(b.sites);
	aws_client_free(b.aws);
	http_client_free(b.http);
	loop_free(b.loop);
	discard_wait();
	free(notes);
	free(b.steps_us);
	free(b.jobs_us);
	close(b.log_fd);
}

/* --- figures --------------------------------------------------------- */

static int
by_value(const void *a, const void *c)
{
	const int64_t *x = a, *y = c;

	return (*x > *y) - (*x < *y);
}

/* In milliseconds; sorts them. */
static double
share_of(int64_t *v, long n, double share)
{
	if (n == 0)
		return 0;
	qsort(v, (size_t)n, sizeof(*v), by_value);
	return (double)v[(long)((double)(n - 1) * share)] / 1000;
}

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void
print_figures(int64_t us, int64_t loop_us, const char *backend)
{
	double s = (double)us / 1e6, n = (double)b.delivered;
	struct store_counts counts;
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	store_count(b.store, &counts);
	printf("backend=%s in_flight=%ld jobs=%ld jobs_per_s=%.0f "
	       "commits_per_s=%.0f writes_per_commit=%.1f "
	       "step_p50_ms=%.1f step_p99_ms=%.1f "
	       "job_p50_ms=%.1f job_p99_ms=%.1f "
	       "cpu_us_per_job=%.0f loop_us_per_job=%.0f peak_mib=%ld "
	       "runs=%lu extra_runs=%lu copies=%lu looks_per_job=%.1f "
	       "delivered=%ld\n",
	    backend, b.together, b.wanted, n / s, (double)counts.commits / s,
	    counts.commits > 0 ? (double)counts.writes / (double)counts.commits
			       : 0,
	    share_of(b.steps_us, b.nsteps, 0.5),
	    share_of(b.steps_us, b.nsteps, 0.99),
	    share_of(b.jobs_us, b.delivered, 0.5),
	    share_of(b.jobs_us, b.delivered, 0.99),
	    (seconds(ru.ru_utime) + seconds(ru.ru_stime)) * 1e6 / n,
	    (double)loop_us / n, ru.ru_maxrss / 1024, b.runs, b.extra_runs,
	    b.copies, (double)b.looks / n, b.delivered);
}

int
main(int argc, char **argv)
{
	int64_t began, cpu;
	size_t cap = 1024;

	if (argc != 5)
		die("usage", "pipeline FOLDER JOBS IN-FLIGHT sqlite|memory");
	b.wanted = strtol(argv[2], NULL, 10);
	b.together = strtol(argv[3], NULL, 10);
	if (b.wanted < 1 || b.wanted > 10000000 || b.together < 1)
		die("usage", "JOBS and IN-FLIGHT are numbers");
	while (cap < (size_t)b.wanted * 16)
		cap *= 2;
	notes = xcalloc(cap, sizeof(*notes));
	notes_mask = cap - 1;
	b.steps_us = xcalloc((size_t)b.wanted, sizeof(*b.steps_us));
	b.jobs_us = xcalloc((size_t)b.wanted, sizeof(*b.jobs_us));
	b.log_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	set_environment(argv[1]);
	log_init(LOG_INFO, LOG_TEXT);
	log_set_sink(on_line, NULL);
	open_all(argv[1], str_eq(argv[4], "memory"));
	began = now_us(CLOCK_MONOTONIC);
	cpu = now_us(CLOCK_THREAD_CPUTIME_ID);
	submit_more(NULL);
	loop_run(b.loop);
	print_figures(now_us(CLOCK_MONOTONIC) - began,
	    now_us(CLOCK_THREAD_CPUTIME_ID) - cpu, argv[4]);
	if (b.delivered != b.wanted || b.extra_runs + b.copies > 0)
		b.rc = 1;
	close_all();
	return b.rc;
}
