/* SPDX-License-Identifier: Apache-2.0 */
/*
 * containers/container: SageMaker's contract over real sockets, with a model
 * that the payload tells what to do. Its loop runs in a thread of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "containers/container.h"

#define MAX_PAYLOAD 1000
#define REPLY_MAX ((size_t)1 << 20)
#define PATIENCE_S 60

/* --- a model -------------------------------------------------------- */

/* "wait": until the gate opens. "bad", "broken": fails. "much": more than
 * there may be. Anything else: what was asked. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool open;
	int running;
	int most; /* that ran at once */
	int entered;
	int made;
	int freed;
	int make_fails_at; /* 0: never */
} gate = {
    .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static int
model_make(void **out, struct error *err)
{
	if (gate.made + 1 == gate.make_fails_at)
		return err_set(err, ERR_CONFIG, "no weights");
	*out = &gate.made;
	gate.made++;
	return 0;
}

static void
model_free(void *self)
{
	assert_ptr_equal(self, &gate.made);
	gate.freed++;
}

static void
pass_gate(bool wait)
{
	pthread_mutex_lock(&gate.lock);
	gate.entered++;
	gate.running++;
	if (gate.running > gate.most)
		gate.most = gate.running;
	pthread_cond_broadcast(&gate.changed);
	while (wait && !gate.open)
		pthread_cond_wait(&gate.changed, &gate.lock);
	gate.running--;
	pthread_mutex_unlock(&gate.lock);
}

static int
model_run(void *self, const struct container_request *r, struct buf *answer,
    const char **type, struct error *err)
{
	assert_ptr_equal(self, &gate.made);
	pass_gate(str_starts(r->data, "wait"));
	if (str_eq(r->data, "bad"))
		return err_set(err, ERR_USAGE, "a \"bad\" input");
	if (str_eq(r->data, "broken"))
		return err_set(err, ERR_IO, "the model is broken");
	while (str_eq(r->data, "much") && !answer->overflow)
		buf_append(answer, r->data, r->len);
	*type = "text/x-echo";
	buf_printf(answer, "%.*s|%s|%s|%s|%s", (int)r->len, r->data,
	    r->type != NULL ? r->type : "-",
	    r->accept != NULL ? r->accept : "-",
	    r->attributes != NULL ? r->attributes : "-",
	    r->id != NULL ? r->id : "-");
	return 0;
}

static const char *const types[] = {"text/plain", "image/png", NULL};
static const struct container_model model = {
    .name = "test",
    .types = types,
    .make = model_make,
    .free = model_free,
    .run = model_run,
};

static void
wait_entered(int n)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	pthread_mutex_lock(&gate.lock);
	while (gate.entered < n && rc == 0)
		rc = pthread_cond_timedwait(&gate.changed, &gate.lock, &until);
	pthread_mutex_unlock(&gate.lock);
	assert_int_equal(rc, 0);
}

static void
open_gate(void)
{
	pthread_mutex_lock(&gate.lock);
	gate.open = true;
	pthread_cond_broadcast(&gate.changed);
	pthread_mutex_unlock(&gate.lock);
}

/* --- the container, in a thread ------------------------------------- */

struct rig {
	pthread_t thread;
	struct loop *loop;
	struct loop_wakeup *wakeup;
	struct container *container;
	bool abrupt; /* at the end, break off what runs */
	bool stopped;
};

static void
on_stopped(void *arg)
{
	struct rig *rig = arg;

	rig->stopped = true;
	loop_stop(rig->loop);
}

static void
on_stop(void *arg)
{
	struct rig *rig = arg;

	if (rig->abrupt)
		loop_stop(rig->loop);
	else
		container_stop(rig->container, on_stopped, rig);
}

static void *
rig_main(void *arg)
{
	struct rig *rig = arg;

	loop_run(rig->loop);
	return NULL;
}

static void
gate_reset(void)
{
	gate.open = false;
	gate.running = gate.most = gate.entered = 0;
	gate.made = gate.freed = gate.make_fails_at = 0;
}

static struct rig *
rig_start(size_t workers, size_t queue)
{
	const struct container_options options = {
	    .workers = workers,
	    .queue = queue,
	    .max_payload = MAX_PAYLOAD,
	};
	struct rig *rig = xcalloc(1, sizeof(*rig));
	struct error err;

	gate_reset();
	log_init(LOG_NONE, LOG_TEXT);
	rig->loop = loop_new();
	rig->wakeup = loop_wakeup_new(rig->loop, on_stop, rig);
	if (container_new(rig->loop, &model, &options, &rig->container, &err) ==
	    -1)
		fail_msg("%s", err.text);
	assert_int_equal(pthread_create(&rig->thread, NULL, rig_main, rig), 0);
	return rig;
}

static void
rig_stop(struct rig *rig)
{
	loop_wakeup_signal(rig->wakeup);
	assert_int_equal(pthread_join(rig->thread, NULL), 0);
	assert_int_equal(rig->stopped, !rig->abrupt);
	container_free(rig->container);
	assert_int_equal(gate.made, gate.freed);
	assert_int_equal(gate.running, 0);
	loop_wakeup_free(rig->wakeup);
	loop_free(rig->loop);
	free(rig);
}

/* --- callers -------------------------------------------------------- */

struct reply {
	struct buf all;
	int status;
	const char *body;
};

/* Connected, with this sent. */
static int
ask(struct rig *rig, const char *request)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)container_port(rig->container)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval patience = {.tv_sec = PATIENCE_S};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL),
	    (ssize_t)strlen(request));
	return fd;
}

/* Fields end in CRLF each. */
static int
ask_with(struct rig *rig, const char *fields, const char *payload)
{
	char *request = xasprintf("POST /invocations HTTP/1.1\r\nHost: a\r\n"
				  "Connection: close\r\n%s"
				  "Content-Length: %zu\r\n\r\n%s",
	    fields, strlen(payload), payload);
	int fd = ask(rig, request);

	free(request);
	return fd;
}

static int
invoke(struct rig *rig, const char *payload)
{
	return ask_with(rig, "", payload);
}

/* Up to the end of the connection, which is closed then. */
static void
take(int fd, struct reply *r)
{
	char piece[4096];
	const char *body;
	ssize_t n;

	buf_init(&r->all, REPLY_MAX);
	while ((n = recv(fd, piece, sizeof(piece), 0)) > 0)
		buf_append(&r->all, piece, (size_t)n);
	if (n == -1)
		fail_msg("no end of the reply: %s", r->all.data);
	close(fd);
	body = strstr(r->all.data, "\r\n\r\n");
	if (!str_starts(r->all.data, "HTTP/1.1 ") || body == NULL)
		fail_msg("no reply: %s", r->all.data);
	r->status = (int)strtol(r->all.data + 9, NULL, 10);
	r->body = body + 4;
}

static void
expect(int fd, int status, const char *body)
{
	struct reply r;

	take(fd, &r);
	if (r.status != status || !str_eq(r.body, body))
		fail_msg("not %d %s: %s", status, body, r.all.data);
	buf_done(&r.all);
}

/* An error in JSON with these three members, and no others. */
static void
expect_error(int fd, int status, const char *type, const char *message)
{
	struct json *j;
	struct error err;
	struct reply r;
	int64_t code = 0;

	take(fd, &r);
	if (r.status != status)
		fail_msg("not %d: %s", status, r.all.data);
	if (json_parse(r.body, strlen(r.body), &j, &err) == -1)
		fail_msg("%s: %s", err.text, r.body);
	assert_non_null(strstr(r.all.data, "Content-Type: application/json"));
	assert_int_equal(json_i64(json_get(j, "code"), &code), 0);
	assert_int_equal(code, status);
	assert_string_equal(json_get_str(j, "type"), type);
	assert_string_equal(json_get_str(j, "message"), message);
	assert_null(json_next(json_next(json_next(json_first(j)))));
	json_free(j);
	buf_done(&r.all);
}

#define GET_PING "GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

/* --- the contract --------------------------------------------------- */

static void
a_ping_is_answered_with_nothing_in_it(void **state)
{
	struct rig *rig = rig_start(1, 0);

	(void)state;
	expect(ask(rig, GET_PING), 200, "");
	rig_stop(rig);
}

static void
a_ping_is_answered_while_all_workers_are_busy(void **state)
{
	struct rig *rig = rig_start(2, 0);
	int a = invoke(rig, "wait"), b = invoke(rig, "wait");

	(void)state;
	wait_entered(2);
	expect(ask(rig, GET_PING), 200, "");
	open_gate();
	expect(a, 200, "wait|-|-|-|-");
	expect(b, 200, "wait|-|-|-|-");
	rig_stop(rig);
}

static void
the_model_sees_the_request_and_the_caller_its_answer(void **state)
{
	struct rig *rig = rig_start(1, 0);
	struct reply r;

	(void)state;
	take(ask_with(rig,
		 "Content-Type: text/plain; charset=utf-8\r\n"
		 "Accept: a/b\r\n"
		 "X-Amzn-SageMaker-Custom-Attributes: n=1\r\n"
		 "X-Amzn-SageMaker-Inference-Id: 7\r\n",
		 "hello"),
	    &r);
	assert_int_equal(r.status, 200);
	assert_string_equal(
	    r.body, "hello|text/plain; charset=utf-8|a/b|n=1|7");
	/* The asynchronous platform demands the one and limits the other. */
	assert_non_null(strstr(r.all.data, "\r\nContent-Length: 41\r\n"));
	assert_non_null(
	    strstr(r.all.data, "\r\nContent-Type: text/x-echo\r\n"));
	assert_true(r.body - r.all.data < 4096);
	buf_done(&r.all);
	rig_stop(rig);
}

static void
it_is_told_whose_fault_it_was(void **state)
{
	struct rig *rig = rig_start(1, 4);

	(void)state;
	expect_error(
	    invoke(rig, "bad"), 400, "BadRequestException", "a \"bad\" input");
	expect_error(invoke(rig, "broken"), 500, "InternalServerException",
	    "the model is broken");
	expect_error(invoke(rig, "much"), 500, "InternalServerException",
	    "the answer is larger than 64 MiB");
	expect(invoke(rig, "and on"), 200, "and on|-|-|-|-");
	rig_stop(rig);
}

static void
what_the_contract_does_not_know_is_refused(void **state)
{
	struct rig *rig = rig_start(1, 0);
	char large[MAX_PAYLOAD + 2];
	struct reply r;

	(void)state;
	expect_error(ask(rig,
			 "GET /models HTTP/1.1\r\nHost: a\r\n"
			 "Connection: close\r\n\r\n"),
	    404, "ResourceNotFoundException",
	    "there is only /ping and /invocations");
	expect_error(ask(rig,
			 "GET /invocations HTTP/1.1\r\nHost: a\r\n"
			 "Connection: close\r\n\r\n"),
	    405, "MethodNotAllowedException",
	    "/invocations is asked with POST");
	expect_error(ask(rig,
			 "DELETE /ping HTTP/1.1\r\nHost: a\r\n"
			 "Connection: close\r\n\r\n"),
	    405, "MethodNotAllowedException", "/ping is asked with GET");
	expect_error(ask(rig,
			 "POST /invocations HTTP/1.1\r\nHost: a\r\n"
			 "Transfer-Encoding: chunked\r\n\r\n"
			 "1\r\nx\r\n0\r\n\r\n"),
	    411, "LengthRequiredException",
	    "the request has no Content-Length");
	expect_error(ask(rig,
			 "POST /invocations HTTP/1.1\r\nHost: a\r\n"
			 "Connection: close\r\n\r\n"),
	    411, "LengthRequiredException",
	    "the request has no Content-Length");
	expect_error(invoke(rig, ""), 400, "BadRequestException",
	    "the payload is empty");
	memset(large, 'x', sizeof(large));
	large[MAX_PAYLOAD + 1] = '\0';
	expect_error(invoke(rig, large), 413, "RequestEntityTooLargeException",
	    "the payload is too large");
	take(ask(rig,
		 "GET /invocations HTTP/1.1\r\nHost: a\r\n"
		 "Connection: close\r\n\r\n"),
	    &r);
	assert_non_null(strstr(r.all.data, "\r\nAllow: POST\r\n"));
	buf_done(&r.all);
	assert_int_equal(gate.entered, 0);
	rig_stop(rig);
}

static void
the_largest_payload_is_taken(void **state)
{
	struct rig *rig = rig_start(1, 0);
	char large[MAX_PAYLOAD + 1];
	struct reply r;

	(void)state;
	memset(large, 'x', sizeof(large));
	large[MAX_PAYLOAD] = '\0';
	take(invoke(rig, large), &r);
	assert_int_equal(r.status, 200);
	assert_int_equal(strlen(r.body), MAX_PAYLOAD + strlen("|-|-|-|-"));
	buf_done(&r.all);
	rig_stop(rig);
}

static void
a_type_is_taken_or_not(void **state)
{
	static const struct {
		const char *type;
		int status;
	} rows[] = {
	    {"text/plain", 200},
	    {"TEXT/Plain;charset=x", 200},
	    {"image/png ; a=b", 200},
	    {"application/octet-stream", 200},
	    {"text/plainer", 415},
	    {"text", 415},
	    {"image/gif", 415},
	    {"application/json", 415},
	};
	struct rig *rig = rig_start(1, 0);
	struct reply r;
	char *field;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		field = xasprintf("Content-Type: %s\r\n", rows[i].type);
		take(ask_with(rig, field, "x"), &r);
		if (r.status != rows[i].status)
			fail_msg("%s: %d", rows[i].type, r.status);
		free(field);
		buf_done(&r.all);
	}
	rig_stop(rig);
}

static void
what_is_no_http_is_told_in_json_too(void **state)
{
	struct rig *rig = rig_start(1, 0);
	struct reply r;

	(void)state;
	take(ask(rig,
		 "POST /invocations HTTP/1.1\r\nHost: a\r\n"
		 "Content-Length: 1x\r\n\r\n"),
	    &r);
	assert_int_equal(r.status, 400);
	assert_true(str_starts(
	    r.body, "{\"code\":400,\"type\":\"BadRequestException\","));
	buf_done(&r.all);
	rig_stop(rig);
}

/* --- workers and the queue ------------------------------------------ */

static void
with_workers_and_queue_full_it_is_503(void **state)
{
	struct rig *rig = rig_start(2, 1);
	int fds[3], i;

	(void)state;
	for (i = 0; i < 3; i++)
		fds[i] = invoke(rig, "wait");
	wait_entered(2);
	/* The third may still be on its way, but it has come before this. */
	expect_error(invoke(rig, "one too many"), 503,
	    "ServiceUnavailableException",
	    "all workers are busy and the queue is full");
	open_gate();
	for (i = 0; i < 3; i++)
		expect(fds[i], 200, "wait|-|-|-|-");
	expect(invoke(rig, "again"), 200, "again|-|-|-|-");
	rig_stop(rig);
}

/* Whoever only announces a payload has a place already. */
static void
a_payload_on_its_way_has_a_place(void **state)
{
	struct rig *rig = rig_start(1, 0);
	int fd = ask(rig,
	    "POST /invocations HTTP/1.1\r\nHost: a\r\n"
	    "Connection: close\r\nExpect: 100-continue\r\n"
	    "Content-Length: 4\r\n\r\n");
	char piece[64];

	(void)state;
	assert_true(recv(fd, piece, sizeof(piece), 0) > 0);
	expect_error(invoke(rig, "x"), 503, "ServiceUnavailableException",
	    "all workers are busy and the queue is full");
	assert_int_equal(send(fd, "late", 4, MSG_NOSIGNAL), 4);
	expect(fd, 200, "late|-|-|-|-");
	rig_stop(rig);
}

static void
never_more_run_than_there_are_workers(void **state)
{
	enum { CALLERS = 64 };
	struct rig *rig = rig_start(3, CALLERS);
	int fds[CALLERS], i;

	(void)state;
	for (i = 0; i < CALLERS; i++)
		fds[i] = invoke(rig, "wait");
	wait_entered(3);
	open_gate();
	for (i = 0; i < CALLERS; i++)
		expect(fds[i], 200, "wait|-|-|-|-");
	assert_int_equal(gate.entered, CALLERS);
	assert_int_equal(gate.most, 3);
	rig_stop(rig);
}

/* A reset is noticed at once: the place is free without a run. */
static void
leave(int fd)
{
	struct linger now = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

static void
who_leaves_the_queue_gives_its_place_back(void **state)
{
	struct rig *rig = rig_start(1, 1);
	int first = invoke(rig, "wait"), second, tries;
	struct reply r;
	char byte;

	(void)state;
	wait_entered(1);
	second = invoke(rig, "never run");
	expect_error(invoke(rig, "x"), 503, "ServiceUnavailableException",
	    "all workers are busy and the queue is full");
	leave(second);
	/* Only when the loop has heard of it is there room for "wait". */
	for (tries = 0;; tries++) {
		second = invoke(rig, "wait");
		expect(ask(rig, GET_PING), 200, "");
		if (recv(second, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 1)
			break;
		assert_in_range(tries, 0, PATIENCE_S * 100);
		take(second, &r);
		buf_done(&r.all);
		poll(NULL, 0, 10);
	}
	open_gate();
	expect(first, 200, "wait|-|-|-|-");
	expect(second, 200, "wait|-|-|-|-");
	assert_int_equal(gate.entered, 2);
	rig_stop(rig);
}

static void
who_leaves_a_running_model_is_not_answered(void **state)
{
	struct rig *rig = rig_start(1, 1);
	int first = invoke(rig, "wait");

	(void)state;
	wait_entered(1);
	leave(first);
	/* The loop has heard of it when this is answered. */
	expect(ask(rig, GET_PING), 200, "");
	open_gate();
	expect(invoke(rig, "next"), 200, "next|-|-|-|-");
	rig_stop(rig);
}

/* --- the end -------------------------------------------------------- */

static bool
is_listening(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int rc = connect(fd, (struct sockaddr *)&a, sizeof(a));

	close(fd);
	return rc == 0;
}

static void
a_stop_waits_for_what_runs_and_what_waits(void **state)
{
	struct rig *rig = rig_start(1, 1);
	int first = invoke(rig, "wait"), second;
	int port = container_port(rig->container);

	(void)state;
	wait_entered(1);
	second = invoke(rig, "also");
	expect(ask(rig, GET_PING), 200, "");
	loop_wakeup_signal(rig->wakeup);
	/* New connections are refused from here on: the stop has begun. */
	while (is_listening(port))
		poll(NULL, 0, 10);
	open_gate();
	expect(first, 200, "wait|-|-|-|-");
	expect(second, 200, "also|-|-|-|-");
	assert_int_equal(pthread_join(rig->thread, NULL), 0);
	assert_true(rig->stopped);
	container_free(rig->container);
	assert_int_equal(gate.freed, 1);
	loop_wakeup_free(rig->wakeup);
	loop_free(rig->loop);
	free(rig);
}

static void
an_abrupt_end_waits_for_the_model_alone(void **state)
{
	struct rig *rig = rig_start(1, 4);
	int first = invoke(rig, "wait"), second;
	char piece[16];

	(void)state;
	wait_entered(1);
	second = invoke(rig, "wait");
	rig->abrupt = true;
	open_gate();
	rig_stop(rig);
	while (recv(first, piece, sizeof(piece), 0) > 0)
		continue;
	while (recv(second, piece, sizeof(piece), 0) > 0)
		continue;
	close(first);
	close(second);
}

static void
a_worker_that_cannot_be_made_is_told_before_anything_listens(void **state)
{
	const struct container_options options = {
	    .workers = 3, .max_payload = MAX_PAYLOAD};
	struct loop *loop = loop_new();
	struct container *c = NULL;
	struct error err;

	(void)state;
	gate_reset();
	gate.make_fails_at = 3;
	assert_int_equal(container_new(loop, &model, &options, &c, &err), -1);
	assert_string_equal(err.text, "no weights");
	assert_null(c);
	assert_int_equal(gate.made, 2);
	assert_int_equal(gate.freed, 2);
	loop_free(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_ping_is_answered_with_nothing_in_it),
	    cmocka_unit_test(a_ping_is_answered_while_all_workers_are_busy),
	    cmocka_unit_test(
		the_model_sees_the_request_and_the_caller_its_answer),
	    cmocka_unit_test(it_is_told_whose_fault_it_was),
	    cmocka_unit_test(what_the_contract_does_not_know_is_refused),
	    cmocka_unit_test(the_largest_payload_is_taken),
	    cmocka_unit_test(a_type_is_taken_or_not),
	    cmocka_unit_test(what_is_no_http_is_told_in_json_too),
	    cmocka_unit_test(with_workers_and_queue_full_it_is_503),
	    cmocka_unit_test(a_payload_on_its_way_has_a_place),
	    cmocka_unit_test(never_more_run_than_there_are_workers),
	    cmocka_unit_test(who_leaves_the_queue_gives_its_place_back),
	    cmocka_unit_test(who_leaves_a_running_model_is_not_answered),
	    cmocka_unit_test(a_stop_waits_for_what_runs_and_what_waits),
	    cmocka_unit_test(an_abrupt_end_waits_for_the_model_alone),
	    cmocka_unit_test(
		a_worker_that_cannot_be_made_is_told_before_anything_listens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
