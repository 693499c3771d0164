/* SPDX-License-Identifier: Apache-2.0 */
/* Trials: what each driver sends of a job that never was, and what is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/offload.h"
#include "base/str.h"
#include "deliver/dir.h"
#include "deliver/exec.h"
#include "deliver/trial.h"
#include "deliver/unixsock.h"
#include "deliver/webhook.h"
#include "tests/support/keeper_here.h"
#include "tests/unit/hook_rig.h"

#define TIMEOUT_MS 20000
#define RESULT "{\"message\":\"a trial by awaitd test\"}"

struct world {
	struct loop *loop;
	struct target *target;
	struct trial *trial;
	struct attempt_entry *e; /* a copy of what was told */
	unsigned calls;
	bool begun; /* trial_start() has returned */
	struct receiver receiver;
	bool receives;
	char folder[32];
};

static int
enter(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	snprintf(w->folder, sizeof(w->folder), "/tmp/test_trial.XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	keeper_here();
	w->loop = loop_new();
	*state = w;
	return 0;
}

static void
stop_receiver(struct world *w)
{
	if (w->receives)
		receiver_stop(&w->receiver);
	w->receives = false;
}

static int
leave(void **state)
{
	struct world *w = *state;
	char *clean = xasprintf("rm -r '%s'", w->folder);

	/* Nobody holds it any more but the test. */
	assert_int_equal(w->target->refs, 1);
	target_unref(w->target);
	stop_receiver(w);
	buf_done(&w->receiver.request);
	offload_wait_all(TIMEOUT_MS);
	loop_free(w->loop);
	attempt_entry_free(w->e);
	assert_int_equal(system(clean), 0);
	free(clean);
	free(w);
	return 0;
}

/* --- targets -------------------------------------------------------- */

static struct target_options
options(const char *name, enum delivery_payload payload)
{
	return (struct target_options){
	    .name = name,
	    .payload = payload,
	    .timeout_ms = TIMEOUT_MS,
	    .max_in_flight = 1,
	    .inline_max = 1000,
	    .url_valid_s = 60,
	};
}

static void
must(int rc, const struct error *err)
{
	if (rc == -1)
		fail_msg("%s", err->text);
}

static void
hook(struct world *w, struct target_options target, enum how how,
    const char *words)
{
	static const char *const networks[] = {"127.0.0.0/8", NULL};
	static const char *const secrets[] = {
	    "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", NULL};
	struct webhook_options o = {
	    .target = target,
	    .loop = w->loop,
	    .secrets = secrets,
	    .allow_networks = networks,
	};
	struct error err;
	char *url;

	receiver_start(&w->receiver);
	w->receives = true;
	w->receiver.how = how;
	w->receiver.words = words;
	url = xasprintf("http://127.0.0.1:%d/", w->receiver.port);
	o.url = url;
	must(webhook_new(&o, &w->target, &err), &err);
	free(url);
}

static void
command(struct world *w, enum delivery_payload payload, const char *script)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct exec_options o = {
	    .target = options("exec keep", payload),
	    .loop = w->loop,
	    .argv = argv,
	};
	struct error err;

	must(exec_new(&o, &w->target, &err), &err);
}

/* --- trials --------------------------------------------------------- */

static void
on_trial(const struct attempt_entry *e, void *arg)
{
	struct world *w = arg;

	assert_true(w->begun);
	w->trial = NULL;
	w->calls++;
	w->e = xcalloc(1, sizeof(*w->e));
	*w->e = *e;
	attempt_copy(&w->e->a, &e->a);
	w->e->target = xstrdup(e->target);
	w->e->event = xstrdup(e->event);
	w->e->verdict = xstrdup(e->verdict);
	loop_stop(w->loop);
}

static void
start(struct world *w, bool failed)
{
	w->begun = false;
	w->trial = trial_start(w->loop, w->target, failed, on_trial, w);
	w->begun = true;
}

static void
try(struct world *w, bool failed)
{
	attempt_entry_free(w->e);
	w->e = NULL;
	w->calls = 0;
	start(w, failed);
	loop_run(w->loop);
	assert_int_equal(w->calls, 1);
	assert_int_equal(w->e->a.n, 1);
	assert_false(w->e->a.replay);
	assert_int_equal(w->e->next_attempt_at, 0);
	assert_true(w->e->a.started_at > 0);
	assert_true(w->e->a.ended_at >= w->e->a.started_at);
	assert_string_equal(w->e->target, w->target->name);
	assert_true(delivery_id_ok(w->e->delivery));
	assert_true(jobid_ok(w->e->job));
}

static void
must_end(const struct world *w, enum attempt_outcome outcome,
    const char *verdict, const char *class, int status)
{
	assert_int_equal(w->e->a.outcome, outcome);
	assert_string_equal(w->e->verdict, verdict);
	if (class == NULL)
		assert_null(w->e->a.error_class);
	else
		assert_string_equal(w->e->a.error_class, class);
	assert_int_equal(w->e->a.status, status);
}

/* Of one job of TRIAL_ENDPOINT, the one that was told of. */
static struct json *
must_be_event(const struct world *w, const char *text, size_t len)
{
	const struct json *data;
	struct error err;
	struct json *j;

	must(json_parse(text, len, &j, &err), &err);
	assert_string_equal(json_get_str(j, "type"), w->e->event);
	data = json_get(j, "data");
	assert_string_equal(json_get_str(data, "endpoint"), TRIAL_ENDPOINT);
	assert_string_equal(json_get_str(data, "job"), w->e->job);
	assert_true(str_starts(json_get_str(data, "inference_id"), w->e->job));
	return j;
}

static const char *
body_of(const struct buf *request)
{
	const char *body = strstr(request->data, "\r\n\r\n");

	assert_non_null(body);
	return body + 4;
}

/* --- webhooks ------------------------------------------------------- */

static void
a_webhook_gets_an_event_with_its_signature(void **state)
{
	struct world *w = *state;
	const struct json *data;
	const char *body;
	struct json *j;

	hook(w, options("webhook hook", DELIVERY_EVENT), ANSWER,
	    "HTTP/1.1 200 OK\r\nX-Kept: here\r\nContent-Length: 5\r\n\r\n"
	    "taken");
	try(w, false);
	stop_receiver(w);
	must_end(w, ATTEMPT_OK, "ok", NULL, 200);
	assert_string_equal(w->e->event, "inference.completed");
	assert_string_equal(w->e->a.response, "taken");
	assert_null(w->e->a.note);
	assert_non_null(strstr(w->e->a.response_headers, "X-Kept: here\n"));
	assert_non_null(strstr(w->e->a.request_headers, w->e->delivery));
	assert_non_null(
	    strstr(w->e->a.request_headers, "webhook-signature: ***\n"));
	assert_non_null(
	    strstr(w->receiver.request.data, "webhook-signature: v1,"));
	assert_non_null(
	    strstr(w->receiver.request.data, "awaitd-attempt: 1\r\n"));
	body = body_of(&w->receiver.request);
	j = must_be_event(w, body, strlen(body));
	data = json_get(j, "data");
	assert_string_equal(json_get_str(data, "result"), RESULT);
	assert_string_equal(json_get_str(data, "outcome"), "ok");
	assert_true(str_starts(json_get_str(data, "output_location"),
	    "s3://amzn-s3-demo-bucket/"));
	json_free(j);
}

static void
or_of_a_job_that_failed(void **state)
{
	struct world *w = *state;
	const struct json *data;
	const char *body;
	struct json *j;

	hook(w, options("webhook hook", DELIVERY_EVENT), ANSWER,
	    "HTTP/1.1 204 \r\n\r\n");
	try(w, true);
	stop_receiver(w);
	must_end(w, ATTEMPT_OK, "ok", NULL, 204);
	assert_string_equal(w->e->event, "inference.failed");
	body = body_of(&w->receiver.request);
	j = must_be_event(w, body, strlen(body));
	data = json_get(j, "data");
	assert_string_equal(json_get_str(data, "outcome"), "failed");
	assert_string_equal(
	    json_get_str(json_get(data, "error"), "code"), "model");
	assert_non_null(json_get_str(data, "failure_location"));
	assert_null(json_get(data, "output_location"));
	assert_null(json_get(data, "result"));
	json_free(j);
}

static void
the_form_is_that_of_the_target(void **state)
{
	struct target_options o = options("webhook hook", DELIVERY_REFERENCE);
	struct world *w = *state;
	const struct json *data;
	struct error err;
	const char *body;
	struct json *j;

	o.format = DELIVERY_CE_STRUCTURED;
	hook(w, o, ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	try(w, false);
	stop_receiver(w);
	body = body_of(&w->receiver.request);
	must(json_parse(body, strlen(body), &j, &err), &err);
	assert_string_equal(json_get_str(j, "id"), w->e->delivery);
	assert_string_equal(json_get_str(j, "source"), "/awaitd/-/awaitd-test");
	data = json_get(j, "data");
	assert_string_equal(json_get_str(data, "endpoint"), TRIAL_ENDPOINT);
	/* There is nothing at its place, so nothing is signed. */
	assert_null(json_get(data, "result_url"));
	assert_null(json_get(data, "result"));
	json_free(j);
}

static void
a_raw_webhook_gets_the_bytes_themselves(void **state)
{
	struct world *w = *state;

	hook(w, options("webhook hook", DELIVERY_RAW), ANSWER,
	    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	try(w, false);
	stop_receiver(w);
	assert_string_equal(body_of(&w->receiver.request), RESULT);
	assert_non_null(strstr(
	    w->receiver.request.data, "awaitd-endpoint: " TRIAL_ENDPOINT));
}

static void
an_event_has_no_more_bytes_than_the_target_wants(void **state)
{
	struct target_options o = options("webhook hook", DELIVERY_EVENT);
	struct world *w = *state;
	const char *body;
	struct json *j;

	o.inline_max = strlen(RESULT) - 1;
	hook(w, o, ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	try(w, false);
	stop_receiver(w);
	body = body_of(&w->receiver.request);
	j = must_be_event(w, body, strlen(body));
	assert_null(json_get(json_get(j, "data"), "result"));
	assert_non_null(json_get(json_get(j, "data"), "sha256"));
	json_free(j);
}

static void
each_no_is_told_with_what_it_would_mean(void **state)
{
	static const struct {
		const char *words;
		const char *verdict;
		int status;
	} cases[] = {
	    {"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "retry", 503},
	    {"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", "gone", 410},
	};
	struct world *w = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		target_unref(w->target);
		hook(w, options("webhook hook", DELIVERY_EVENT), ANSWER,
		    cases[i].words);
		try(w, false);
		assert_int_equal(atomic_load(&w->receiver.requests), 1);
		stop_receiver(w);
		buf_done(&w->receiver.request);
		memset(&w->receiver, 0, sizeof(w->receiver));
		must_end(w, ATTEMPT_FAILED, cases[i].verdict, "status",
		    cases[i].status);
		assert_non_null(w->e->a.note);
	}
}

static void
nobody_there_is_told_and_not_tried_again(void **state)
{
	struct world *w = *state;

	hook(w, options("webhook hook", DELIVERY_EVENT), ANSWER, "");
	stop_receiver(w);
	try(w, false);
	must_end(w, ATTEMPT_FAILED, "retry", "connect", ATTEMPT_NO_STATUS);
}

static void
who_says_nothing_is_waited_for_as_long_as_the_target_says(void **state)
{
	struct target_options o = options("webhook hook", DELIVERY_EVENT);
	struct world *w = *state;

	o.timeout_ms = 1000;
	hook(w, o, SILENT, "");
	try(w, false);
	must_end(w, ATTEMPT_FAILED, "retry", "timeout", ATTEMPT_NO_STATUS);
	assert_true(w->e->a.ended_at - w->e->a.started_at >= 900);
}

static void
each_trial_has_ids_of_its_own(void **state)
{
	char delivery[DELIVERY_ID_SIZE], job[JOBID_SIZE];
	struct world *w = *state;

	command(w, DELIVERY_RAW, "exit 0");
	try(w, false);
	memcpy(delivery, w->e->delivery, sizeof(delivery));
	memcpy(job, w->e->job, sizeof(job));
	try(w, false);
	assert_string_not_equal(w->e->delivery, delivery);
	assert_string_not_equal(w->e->job, job);
}

/* --- the other drivers ---------------------------------------------- */

static void
a_command_reads_the_bytes_and_knows_the_endpoint(void **state)
{
	struct world *w = *state;

	command(w, DELIVERY_RAW,
	    "echo \"$AWAITD_ENDPOINT $AWAITD_OUTCOME $AWAITD_SIZE\"; cat");
	try(w, false);
	must_end(w, ATTEMPT_OK, "ok", NULL, 0);
	assert_string_equal(w->e->a.response, TRIAL_ENDPOINT " ok 36 " RESULT);
	try(w, true);
	assert_string_equal(w->e->a.response,
	    TRIAL_ENDPOINT
	    " failed 39 a trial by awaitd test: no model failed");
}

static void
a_command_that_fails_is_told_with_its_words(void **state)
{
	struct world *w = *state;

	command(w, DELIVERY_EVENT, "echo why; exit 9");
	try(w, false);
	must_end(w, ATTEMPT_FAILED, "retry", "exit", 9);
	assert_string_equal(w->e->a.note, "exit status 9");
	assert_string_equal(w->e->a.response, "why ");
}

static void
a_folder_gets_both_files(void **state)
{
	struct world *w = *state;
	struct dir_options o = {
	    .target = options("dir keep", DELIVERY_RAW),
	    .loop = w->loop,
	    .path = w->folder,
	};
	struct error err;
	struct buf b;
	char *path;

	must(dir_new(&o, &w->target, &err), &err);
	try(w, false);
	must_end(w, ATTEMPT_OK, "ok", NULL, ATTEMPT_NO_STATUS);
	path = xasprintf("%s/%s.completed.%s.out", w->folder, w->e->job,
	    w->e->delivery + strlen("msg_"));
	buf_init(&b, 1000);
	must(file_read(path, &b, &err), &err);
	assert_string_equal(b.data, RESULT);
	buf_done(&b);
	free(path);
	path = xasprintf("%s/%s", w->folder, w->e->a.response);
	assert_int_equal(access(path, R_OK), 0);
	free(path);
}

static void *
read_one(void *arg)
{
	int conn = accept(*(int *)arg, NULL, NULL);
	char head[40] = "";
	size_t n = 0;

	while (n < sizeof(head) - 1 && read(conn, &head[n], 1) == 1 &&
	    head[n] != '\n')
		n++;
	send(conn, "DEAD no trials here\n", 20, MSG_NOSIGNAL);
	/* Until the other side has had enough. */
	while (read(conn, head, sizeof(head)) > 0)
		continue;
	close(conn);
	return NULL;
}

static void
a_socket_is_asked_and_its_no_is_told(void **state)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct world *w = *state;
	struct unixsock_options o = {
	    .target = options("unix reader", DELIVERY_EVENT),
	    .loop = w->loop,
	    .path = sa.sun_path,
	};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct error err;
	pthread_t thread;

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/s", w->folder);
	must(unixsock_new(&o, &w->target, &err), &err);
	/* Where nobody listens the driver does not even begin. */
	try(w, false);
	assert_string_equal(w->e->verdict, "retry");
	assert_string_equal(w->e->a.error_class, "connect");
	assert_non_null(w->e->a.note);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(pthread_create(&thread, NULL, read_one, &fd), 0);
	try(w, false);
	must_end(w, ATTEMPT_FAILED, "dead", "status", ATTEMPT_NO_STATUS);
	assert_string_equal(w->e->a.response, "no trials here");
	pthread_join(thread, NULL);
	close(fd);
}

/* --- called off ----------------------------------------------------- */

static void
end_of_turn(void *arg)
{
	loop_stop(arg);
}

static void
turn(struct world *w, int64_t ms)
{
	struct loop_timer *t = loop_timer_new(w->loop, end_of_turn, w->loop);

	loop_timer_set(t, ms);
	loop_run(w->loop);
	loop_timer_free(t);
}

static void
a_trial_that_is_called_off_tells_nothing(void **state)
{
	struct world *w = *state;
	int i;

	hook(w, options("webhook hook", DELIVERY_EVENT), SILENT, "");
	start(w, false);
	while (atomic_load(&w->receiver.requests) == 0)
		turn(w, 2);
	assert_int_equal(w->target->refs, 2);
	trial_cancel(w->trial);
	assert_int_equal(w->target->refs, 1);
	for (i = 0; i < 10000 && atomic_load(&w->receiver.left) == 0; i++)
		turn(w, 2);
	assert_int_equal(atomic_load(&w->receiver.left), 1);
	assert_int_equal(w->calls, 0);
	trial_cancel(NULL);
}

/* A reload may take it away meanwhile. */
static void
its_target_lives_as_long_as_it_does(void **state)
{
	struct world *w = *state;
	struct target *target;

	command(w, DELIVERY_RAW, "sleep 0.1");
	target = w->target;
	start(w, false);
	target_unref(target);
	loop_run(w->loop);
	assert_int_equal(w->calls, 1);
	assert_string_equal(w->e->target, "exec keep");
	command(w, DELIVERY_RAW, "exit 0");
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)
	const struct CMUnitTest tests[] = {
	    T(a_webhook_gets_an_event_with_its_signature),
	    T(or_of_a_job_that_failed),
	    T(the_form_is_that_of_the_target),
	    T(a_raw_webhook_gets_the_bytes_themselves),
	    T(an_event_has_no_more_bytes_than_the_target_wants),
	    T(each_no_is_told_with_what_it_would_mean),
	    T(nobody_there_is_told_and_not_tried_again),
	    T(who_says_nothing_is_waited_for_as_long_as_the_target_says),
	    T(each_trial_has_ids_of_its_own),
	    T(a_command_reads_the_bytes_and_knows_the_endpoint),
	    T(a_command_that_fails_is_told_with_its_words),
	    T(a_folder_gets_both_files),
	    T(a_socket_is_asked_and_its_no_is_told),
	    T(a_trial_that_is_called_off_tells_nothing),
	    T(its_target_lives_as_long_as_it_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
