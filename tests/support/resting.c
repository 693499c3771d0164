/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resting SOCKET SECONDS: waits until the service behind the socket has no job
 * that is not done and no delivery that waits. Where there is no answer it
 * asks again. Exit status 1: not in that time, and stderr says what is left.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/http_client.h"

#define PAUSE_MS 20

/* In the order in which work goes on: nothing slips by between two questions.
 */
static const struct {
	const char *url, *member;
} questions[] = {
    {"http://awaitd/v1/jobs?state=queued&limit=1", "jobs"},
    {"http://awaitd/v1/jobs?state=pending&limit=1", "jobs"},
    {"http://awaitd/v1/deliveries?state=waiting&limit=1", "deliveries"},
};

static struct loop *loop;
static struct http_client *client;
static struct loop_timer *timer;
static const char *socket_path;
static int64_t ends_at;
static size_t at;
static bool rested;
static char left[400] = "no answer";

static void
again(void)
{
	at = 0;
	if (clock_mono_ms() >= ends_at)
		loop_stop(loop);
	else
		loop_timer_set(timer, PAUSE_MS);
}

static bool
is_empty(const struct http_response *r)
{
	const struct json *list;
	struct json *doc;
	struct error ignored;
	bool empty;

	if (json_parse(r->body.data, r->body.len, &doc, &ignored) == -1)
		return false;
	list = json_get(doc, questions[at].member);
	empty = json_is_array(list) && json_first(list) == NULL;
	json_free(doc);
	return empty;
}

static void ask(void *arg);

static void
on_done(const struct http_response *r, const struct error *err, void *arg)
{
	(void)arg;
	if (r == NULL) {
		snprintf(left, sizeof(left), "%.390s", err->text);
		again();
	} else if (r->status != 200 || !is_empty(r)) {
		snprintf(left, sizeof(left), "%.*s",
		    r->body.len < 390 ? (int)r->body.len : 390, r->body.data);
		again();
	} else if (++at < ARRAY_LEN(questions)) {
		ask(NULL);
	} else {
		rested = true;
		loop_stop(loop);
	}
}

static void
ask(void *arg)
{
	struct http_request r = {
	    .method = "GET",
	    .url = questions[at].url,
	    .unix_socket = socket_path,
	    .timeout_ms = 30000,
	};
	struct http_call *call;
	struct headers none;
	struct error err;

	(void)arg;
	headers_init(&none);
	r.headers = &none;
	if (http_start(client, &r, on_done, NULL, &call, &err) == -1) {
		fprintf(stderr, "resting: %s\n", err.text);
		exit(2);
	}
	headers_done(&none);
}

static void
on_term(void *arg)
{
	loop_stop(arg);
}

int
main(int argc, char **argv)
{
	struct http_client_options options = {.user_agent = "resting"};
	struct loop_signal *term;
	struct error err;
	int64_t seconds;

	if (argc != 3 || str_to_i64(argv[2], 0, 86400, &seconds) == -1) {
		fputs("usage: resting SOCKET SECONDS\n", stderr);
		return 2;
	}
	socket_path = argv[1];
	ends_at = clock_mono_ms() + seconds * 1000;
	loop = loop_new();
	timer = loop_timer_new(loop, ask, NULL);
	term = loop_signal_new(loop, SIGTERM, on_term, loop);
	if (http_client_new(loop, &options, &client, &err) == -1) {
		fprintf(stderr, "resting: %s\n", err.text);
		return 2;
	}
	ask(NULL);
	loop_run(loop);
	if (!rested)
		fprintf(stderr, "resting: %s\n", left);
	http_client_free(client);
	loop_signal_free(term);
	loop_timer_free(timer);
	loop_free(loop);
	return rested ? 0 : 1;
}
