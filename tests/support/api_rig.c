/* SPDX-License-Identifier: Apache-2.0 */
/* A service without its process, and AWS without AWS, on one loop. */
#include "tests/support/api_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/call.h"
#include "base/clock.h"
#include "base/discard.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/spool.h"
#include "net/http_client.h"
#include "serve/events.h"
#include "serve/intake.h"
#include "tests/support/conf_fixture.h"

#define PATIENCE_MS 10000

struct api_rig rig;

static struct http_client *client;
static struct aws_client *aws;
static struct http_server *aws_server;
static struct conf *conf;
static struct api *api;
static struct loop_timer *tick;

static const char conf_text[] = "[endpoint up]\n"
				"input_prefix = s3://bucket/in\n"
				"poll_start = 50ms\n"
				"poll_max = 50ms\n"
				"[endpoint never]\n"
				"inline = never\n"
				"input_prefix = s3://bucket/in\n"
				"[endpoint told]\n"
				"deliver = webhook hook\n"
				"[webhook hook]\n"
				"url = http://127.0.0.1:1/\n"
				"allow_networks = 127.0.0.0/8\n"
				"[exec tool]\n"
				"command = true\n";

/* --- the loop ------------------------------------------------------- */

static void
on_tick(void *arg)
{
	loop_stop(arg);
}

void
rig_turn(void)
{
	loop_timer_set(tick, 1);
	loop_run(rig.s.loop);
}

void
rig_until(bool (*is_so)(void *arg), void *arg)
{
	int64_t end = clock_mono_ms() + PATIENCE_MS;

	while (!is_so(arg)) {
		if (clock_mono_ms() > end)
			fail_msg("nothing came for ten seconds");
		rig_turn();
	}
}

/* --- AWS ------------------------------------------------------------ */

static void
aws_error(struct http_exchange *x, int status, const char *code)
{
	char *text = xasprintf("<?xml version=\"1.0\"?><Error><Code>%s</Code>"
			       "<Message>m</Message></Error>",
	    code);

	http_reply(x, status, NULL, text, strlen(text));
	free(text);
}

static void
accept_inference(struct http_exchange *x)
{
	static const char id[] = "{\"InferenceId\":\"i\"}";
	struct headers h;

	headers_init(&h);
	headers_add(&h, "X-Amzn-SageMaker-OutputLocation", "s3://bucket/out");
	headers_add(
	    &h, "X-Amzn-SageMaker-FailureLocation", "s3://bucket/failed");
	rig.accepted++;
	http_reply(x, 202, &h, id, strlen(id));
	headers_done(&h);
}

static const char *
noted_etag(void)
{
	return rig.noted_etag != NULL ? rig.noted_etag : "\"e1\"";
}

static void
note_field(struct http_exchange *x, const char *name, char out[64])
{
	const char *value = headers_get(http_headers(x), name);

	snprintf(out, 64, "%s", value != NULL ? value : "");
}

/* Of ranges those that awaitd asks for: "bytes=N-M" and "bytes=N-". */
static void
send_bytes(struct http_exchange *x, struct headers *h)
{
	unsigned len = (unsigned)strlen(rig.result), first, last = len - 1;

	note_field(x, "Range", rig.range);
	note_field(x, "If-Match", rig.if_match);
	if (sscanf(rig.range, "bytes=%u-%u", &first, &last) < 1) {
		http_reply(x, 200, h, rig.result, len);
		return;
	}
	headers_addf(h, "Content-Range", "bytes %u-%u/%u", first, last, len);
	http_reply(x, 206, h, rig.result + first, last - first + 1);
}

static void
send_object(struct http_exchange *x)
{
	struct headers h;

	headers_init(&h);
	headers_add(&h, "ETag",
	    rig.result_etag != NULL ? rig.result_etag : noted_etag());
	headers_add(&h, "Last-Modified", "Sun, 22 Nov 2037 00:00:00 GMT");
	if (rig.result_type != NULL)
		headers_add(&h, "Content-Type", rig.result_type);
	send_bytes(x, &h);
	headers_done(&h);
}

static void
forget_held(struct http_exchange *x, void *arg)
{
	size_t i;

	(void)arg;
	for (i = 0; i < rig.nheld && rig.held[i] != x; i++)
		continue;
	assert_true(i < rig.nheld);
	rig.held[i] = rig.held[--rig.nheld];
}

static void
hold(struct http_exchange *x)
{
	assert_true(rig.nheld < RIG_HELD_MAX);
	rig.held[rig.nheld++] = x;
	http_on_gone(x, forget_held, NULL);
}

static void
on_aws(struct http_exchange *x, void *arg)
{
	const char *path = http_path(x);
	bool get = str_eq(http_method(x), "GET");

	(void)arg;
	if (str_starts(path, "/endpoints/") && rig.silent)
		hold(x);
	else if (str_eq(http_method(x), "PUT") && rig.accepts)
		http_reply(x, 200, NULL, NULL, 0);
	else if (str_starts(path, "/endpoints/") && rig.accepts)
		accept_inference(x);
	else if (!rig.accepts && !get)
		aws_error(x, 503, "SlowDown");
	else if (get && str_eq(path, "/bucket/held"))
		hold(x);
	else if (str_eq(path, "/bucket/out") && rig.result != NULL)
		send_object(x);
	else
		aws_error(x, 404, "NoSuchKey");
}

void
rig_release_held(void)
{
	while (rig.nheld > 0)
		send_object(rig.held[--rig.nheld]);
}

/* --- the service ---------------------------------------------------- */

static void
must(int rc, const struct error *err)
{
	if (rc == -1)
		fail_msg("%s", err->text);
}

static void
on_event(enum engine_event event, const struct job *job,
    const struct error *err, void *arg)
{
	(void)arg;
	metrics_event(rig.s.metrics, event, job);
	waiters_tell(rig.s.waiters, event, job, err);
}

static void
policy(const char *endpoint, struct engine_policy *out, void *arg)
{
	(void)arg;
	intake_policy(rig.s.conf, endpoint, out);
}

static void
open_aws(void)
{
	struct http_server_options so = {0};
	struct http_client_options ho = {.user_agent = "test"};
	struct aws_client_options ao = {.loop = rig.s.loop};
	struct error err;
	char *url;

	must(http_server_new(rig.s.loop, &so, on_aws, NULL, &aws_server, &err),
	    &err);
	url = xasprintf("http://127.0.0.1:%d", http_server_port(aws_server));
	setenv("AWS_ENDPOINT_URL", url, 1);
	free(url);
	setenv("AWS_ACCESS_KEY_ID", "a", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
	setenv("AWS_REGION", "us-east-1", 1);
	must(http_client_new(rig.s.loop, &ho, &client, &err), &err);
	ao.http = client;
	must(aws_client_new(&ao, &aws, &err), &err);
	rig.s.sites = sites_new(aws, NULL);
}

static void
on_store(enum store_event event, const struct error *err, void *arg)
{
	(void)err;
	(void)arg;
	if (event == STORE_HAPPENED)
		events_happened(rig.s.events);
}

static void
open_engine(void)
{
	char *path = xasprintf("%s/serve.db", rig.dir);
	struct store_options so = {.path = path, .event = on_store};
	struct engine_options eo = {
	    .loop = rig.s.loop,
	    .sites = rig.s.sites,
	    .policy = policy,
	    .event = on_event,
	};
	struct error err;

	must(store_open(rig.s.loop, &so, &rig.s.store, &err), &err);
	free(path);
	eo.store = rig.s.store;
	rig.s.spool = spool_new(rig.s.loop, rig.dir);
	eo.spool = rig.s.spool;
	rig.s.engine = engine_new(&eo);
	rig.s.waiters = waiters_new(rig.s.loop);
	rig.s.events = events_new(rig.s.loop, rig.s.store);
	rig.s.metrics = metrics_new();
}

static void
open_api(void)
{
	char *path = xasprintf("%s/awaitd.sock", rig.dir);
	struct http_server_options uo = {
	    .unix_path = path,
	    .refusal = api_refusal,
	};
	struct http_server_options to = {.refusal = api_refusal};
	struct api_options ao = {.service = &rig.s, .token = RIG_TOKEN};
	struct error err;

	api = api_new(&ao);
	must(http_server_new(
		 rig.s.loop, &uo, api_handle, api, &rig.unix_server, &err),
	    &err);
	must(http_server_new(
		 rig.s.loop, &to, api_handle, api, &rig.tcp_server, &err),
	    &err);
	free(path);
}

int
api_rig_setup(void **state)
{
	memset(&rig, 0, sizeof(rig));
	if (conf_setup(state) == -1)
		return -1;
	snprintf(rig.dir, sizeof(rig.dir), "/tmp/test-api-XXXXXX");
	if (mkdtemp(rig.dir) == NULL)
		return -1;
	log_init(LOG_NONE, LOG_TEXT);
	conf = conf_must_load(conf_text, NULL);
	rig.s.conf = conf;
	rig.s.folder = rig.dir;
	rig.s.loop = loop_new();
	tick = loop_timer_new(rig.s.loop, on_tick, rig.s.loop);
	buf_init(&rig.head, 65536);
	buf_init(&rig.body, (size_t)64 << 20);
	open_aws();
	open_engine();
	open_api();
	return 0;
}

static void
remove_folder(void)
{
	DIR *d = opendir(rig.dir);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		closedir(d);
	rmdir(rig.dir);
}

static void
end_servers(void)
{
	http_server_free(rig.unix_server);
	http_server_free(rig.tcp_server);
	rig.unix_server = rig.tcp_server = NULL;
}

void
rig_end_api(void)
{
	end_servers();
	api_free(api);
	api = NULL;
}

/* In the order of server.c. */
int
api_rig_teardown(void **state)
{
	end_servers();
	engine_stop(rig.s.engine);
	store_close(rig.s.store);
	engine_free(rig.s.engine);
	spool_free(rig.s.spool);
	rig_end_api();
	waiters_free(rig.s.waiters);
	events_free(rig.s.events);
	metrics_free(rig.s.metrics);
	sites_free(rig.s.sites);
	aws_client_free(aws);
	http_client_free(client);
	http_server_free(aws_server);
	loop_timer_free(tick);
	loop_free(rig.s.loop);
	conf_free(conf);
	json_free(rig.json);
	buf_done(&rig.head);
	buf_done(&rig.body);
	discard_wait();
	remove_folder();
	return conf_teardown(state);
}

size_t
rig_files(const char *suffix)
{
	struct dirent *e;
	size_t n = 0;
	DIR *d;

	discard_wait();
	d = opendir(rig.dir);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		n += str_ends(e->d_name, suffix);
	closedir(d);
	return n;
}

/* --- the store ------------------------------------------------------ */

static bool
is_done(void *arg)
{
	return *(bool *)arg;
}

static void
on_stored(const struct error *err, void *arg)
{
	if (err != NULL)
		fail_msg("%s", err->text);
	*(bool *)arg = true;
}

static struct job *
insert(void)
{
	struct job *job = job_new();
	bool done = false;

	job->spec.endpoint = xstrdup("up");
	job->spec.region = xstrdup("us-east-1");
	job->spec.input = INPUT_BODY;
	job->spec.body = xmemdup("input", 5);
	job->spec.body_len = 5;
	store_insert(rig.s.store, job, on_stored, &done);
	rig_until(is_done, &done);
	return job;
}

static void
move(struct job *job, enum job_state state, enum job_outcome outcome)
{
	job_move(job, state, outcome);
	if (outcome == OUTCOME_OK) {
		job->result_location = xstrdup("s3://bucket/out");
		job->result_etag = xstrdup(noted_etag());
		job->result_type = xstrdup_or_null(rig.result_type);
		job->result_size =
		    rig.result != NULL ? (int64_t)strlen(rig.result) : 3;
	} else if (outcome == OUTCOME_FAILED) {
		job->error_code = xstrdup("model");
		job->error_text = xstrdup("the model's own words");
	}
}

static void
save(const struct job *job)
{
	bool done = false;

	store_save(rig.s.store, job, 0, on_stored, &done);
	rig_until(is_done, &done);
}

struct job *
rig_job(enum job_state state, enum job_outcome outcome)
{
	struct job *job = insert();

	if (state == JOB_QUEUED)
		return job;
	move(job, state, outcome);
	save(job);
	return job;
}

struct job *
rig_job_at(const char *location)
{
	struct job *job = insert();

	move(job, JOB_DONE, OUTCOME_OK);
	free(job->result_location);
	job->result_location = xstrdup(location);
	save(job);
	return job;
}

struct job *
rig_job_late(void)
{
	struct job *job = rig_job(JOB_DONE, OUTCOME_EXPIRED);
	bool done = false;

	job->late_at = job->completed_at + 1000;
	job->late_location = xstrdup("s3://bucket/out");
	job->late_etag = xstrdup("\"e1\"");
	job->late_type = xstrdup_or_null(rig.result_type);
	job->late_size = (int64_t)strlen(rig.result);
	store_save_late(rig.s.store, job, on_stored, &done);
	rig_until(is_done, &done);
	return job;
}

struct job *
rig_job_delivered(enum delivery_state state)
{
	struct job *job = insert();
	struct delivery *d;
	bool done = false;

	move(job, JOB_DONE, OUTCOME_OK);
	d = delivery_new(
	    job->id, "webhook hook", "inference.completed", job->completed_at);
	d->content_type = xstrdup("application/json");
	delivery_set_body(d, "{}", 2);
	job_add_delivery(job, d);
	save(job);
	if (state == DELIVERY_WAITING)
		return job;
	delivery_move(d, state, job->completed_at + 1);
	store_save_delivery(rig.s.store, d, NULL, on_stored, &done);
	rig_until(is_done, &done);
	return job;
}

static size_t counted;

static void
on_jobs(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	size_t i;

	assert_null(err);
	for (i = 0; i < n; i++)
		job_free(jobs[i]);
	counted = n;
	*(bool *)arg = true;
}

size_t
rig_jobs(void)
{
	struct store_query q = {.limit = 100000};
	bool done = false;

	store_list(rig.s.store, &q, on_jobs, &done);
	rig_until(is_done, &done);
	return counted;
}

void
rig_store_idle(void)
{
	rig_jobs();
}
