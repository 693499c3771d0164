/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/events: what is asked for, and by whom. */
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

#include "base/mem.h"
#include "base/str.h"
#include "tests/support/api_rig.h"

static void
job(void)
{
	job_free(rig_job(JOB_QUEUED, OUTCOME_NONE));
	rig_store_idle();
}

static struct peer *
listen_to(const char *query, const char *fields)
{
	struct peer *p = peer_new(false);
	char *text = xasprintf(
	    "GET /v1/events%s HTTP/1.1\r\nHost: a\r\n%s\r\n", query, fields);

	peer_puts(p, text);
	free(text);
	return p;
}

struct wanted {
	struct peer *peer;
	const char *text;
	size_t times;
};

static size_t
times(const char *text, const char *part)
{
	size_t n = 0;

	while ((text = strstr(text, part)) != NULL) {
		text += strlen(part);
		n++;
	}
	return n;
}

static bool
is_told(void *arg)
{
	struct wanted *w = arg;

	return times(peer_text(w->peer), w->text) >= w->times;
}

static void
must_hear(struct peer *p, const char *text, size_t n)
{
	struct wanted w = {p, text, n};

	rig_until(is_told, &w);
}

static void
it_is_a_stream_that_nobody_keeps(void **state)
{
	struct peer *p = listen_to("", "");
	const char *text;

	(void)state;
	must_hear(p, "retry: ", 1);
	text = peer_text(p);
	assert_true(str_starts(text, "HTTP/1.1 200 OK\r\n"));
	assert_non_null(strstr(text, "Content-Type: text/event-stream\r\n"));
	assert_non_null(strstr(text, "Cache-Control: no-store\r\n"));
	assert_non_null(strstr(text, "X-Request-Id: "));
	job();
	must_hear(p, "event: job.queued\n", 1);
	peer_free(p);
}

static void
what_was_before_is_told_where_it_is_asked_for(void **state)
{
	struct peer *now, *all;

	(void)state;
	job();
	now = listen_to("", "");
	must_hear(now, "retry: ", 1);
	all = listen_to("?after=0", "");
	must_hear(all, "event: job.queued\n", 1);
	job();
	must_hear(all, "event: job.queued\n", 2);
	must_hear(now, "event: job.queued\n", 1);
	assert_int_equal(times(peer_text(now), "event: "), 1);
	peer_free(now);
	peer_free(all);
}

/* A client that comes back asks for the URL of its beginning. */
static void
the_last_event_id_counts_more_than_after(void **state)
{
	struct peer *p;
	char *field;

	(void)state;
	job();
	job();
	field = xasprintf("Last-Event-ID: %lld\r\n",
	    (long long)store_last_event(rig.s.store) - 1);
	p = listen_to("?after=0", field);
	must_hear(p, "event: job.queued\n", 1);
	job();
	must_hear(p, "event: job.queued\n", 2);
	assert_int_equal(times(peer_text(p), "event: "), 2);
	peer_free(p);
	/* One that is empty is none. */
	p = listen_to("?after=0", "Last-Event-ID:\r\n");
	must_hear(p, "event: job.queued\n", 3);
	peer_free(p);
	free(field);
}

static void
a_filter_leaves_out_what_is_not_wanted(void **state)
{
	struct peer *none = listen_to("?after=0&type=delivery.*", "");
	struct peer *some = listen_to("?after=0&type=job.queued,job.done", "");

	(void)state;
	job();
	must_hear(some, "event: job.queued\n", 1);
	assert_int_equal(times(peer_text(none), "event: "), 0);
	peer_free(none);
	peer_free(some);
}

static void
what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	rig_get("/v1/events?after=x");
	rig_problem(400, "bad_parameter", "after");
	rig_get("/v1/events?after=-1");
	rig_problem(400, "bad_parameter", "after");
	rig_get("/v1/events?type=job.dome");
	rig_problem(400, "bad_parameter", "job.done");
	rig_get("/v1/events?job=1");
	rig_problem(400, "bad_parameter", "job");
	rig_get("/v1/events?tag=a,b");
	rig_problem(400, "bad_parameter", "tag");
	rig_get("/v1/events?state=done");
	rig_problem(400, "bad_parameter", "state");
	rig_ask("GET", "/v1/events", "Last-Event-ID: last\r\n", "", 0);
	rig_problem(400, "bad_parameter", "Last-Event-ID");
	rig_post("/v1/events", "", "");
	assert_int_equal(rig.status, 405);
}

static void
only_who_may_ask_listens(void **state)
{
	struct peer *p = peer_new(true);

	(void)state;
	peer_puts(p, "GET /v1/events HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_true(peer_reply(p, false));
	assert_int_equal(rig.status, 401);
	peer_puts(p,
	    "GET /v1/events HTTP/1.1\r\nHost: a\r\n"
	    "Authorization: Bearer " RIG_TOKEN "\r\n\r\n");
	must_hear(p, "retry: ", 1);
	peer_free(p);
}

static void
head_has_an_end(void **state)
{
	(void)state;
	rig_ask("HEAD", "/v1/events", "", "", 0);
	assert_int_equal(rig.status, 200);
	assert_string_equal(rig_field("Content-Type"), "text/event-stream");
}

static void
a_service_that_stops_begins_none(void **state)
{
	(void)state;
	rig.s.stopping = true;
	rig_get("/v1/events");
	rig_problem(503, "unavailable", "stops");
}

/* --- who takes nothing ------------------------------------------------ */

#define LARGE 30000
#define BODY_TIMEOUT_MS 300

static void
on_stored(const struct error *err, void *arg)
{
	assert_null(err);
	*(bool *)arg = true;
}

static bool
is_done(void *arg)
{
	return *(bool *)arg;
}

/* Of which events are as large. */
static void
large_job(void)
{
	struct job *large = job_new();
	bool done = false;

	large->spec.endpoint = xcalloc(1, LARGE + 1);
	memset(large->spec.endpoint, 'e', LARGE);
	large->spec.region = xstrdup("us-east-1");
	large->spec.input = INPUT_LOCATION;
	large->spec.input_location = xstrdup("s3://bucket/in");
	store_insert(rig.s.store, large, on_stored, &done);
	rig_until(is_done, &done);
	job_free(large);
}

static int
deaf(const char *path)
{
	static const char ask[] = "GET /v1/events HTTP/1.1\r\nHost: a\r\n\r\n";
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	assert_int_equal(
	    connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(write(fd, ask, strlen(ask)), (ssize_t)strlen(ask));
	return fd;
}

static bool
is_counted(void *arg)
{
	struct metrics_now now = {0};
	bool there;
	struct buf b;

	events_count(rig.s.events, &now.events);
	buf_init(&b, 1 << 20);
	metrics_write(rig.s.metrics, &now, &b);
	there = strstr(b.data, arg) != NULL;
	buf_done(&b);
	return there;
}

static void
must_count(const char *line)
{
	char *whole = xasprintf("\n%s\n", line);

	rig_until(is_counted, whole);
	free(whole);
}

/* As the service has them, but for the minute. */
static void
who_takes_nothing_is_cut_off_and_counted(void **state)
{
	char *path = xasprintf("%s/impatient.sock", rig.dir);
	struct http_server_options so = {
	    .unix_path = path,
	    .refusal = api_refusal,
	    .body_timeout_ms = BODY_TIMEOUT_MS,
	};
	struct api_options ao = {.service = &rig.s};
	struct api *api = api_new(&ao);
	struct http_server *server;
	struct peer *patient;
	struct error err;
	int fd, i;

	(void)state;
	if (http_server_new(rig.s.loop, &so, api_handle, api, &server, &err) ==
	    -1)
		fail_msg("%s", err.text);
	fd = deaf(path);
	must_count("awaitd_event_streams 1");
	/* One that leaves by itself is not cut off. */
	patient = listen_to("", "");
	must_count("awaitd_event_streams 2");
	peer_free(patient);
	must_count("awaitd_event_streams 1");
	must_count("awaitd_event_streams_cut_total 0");
	/* More than a kernel takes for it, and than may wait. */
	for (i = 0; i < 30; i++)
		large_job();
	must_count("awaitd_event_streams_cut_total 1");
	must_count("awaitd_event_streams 0");
	close(fd);
	http_server_free(server);
	api_free(api);
	free(path);
}

int
main(void)
{
#define CASE(name)                                                  \
	{                                                           \
#name, name, api_rig_setup, api_rig_teardown, NULL, \
	}
	const struct CMUnitTest tests[] = {
	    CASE(it_is_a_stream_that_nobody_keeps),
	    CASE(what_was_before_is_told_where_it_is_asked_for),
	    CASE(the_last_event_id_counts_more_than_after),
	    CASE(a_filter_leaves_out_what_is_not_wanted),
	    CASE(what_makes_no_sense_is_refused),
	    CASE(only_who_may_ask_listens),
	    CASE(head_has_an_end),
	    CASE(a_service_that_stops_begins_none),
	    CASE(who_takes_nothing_is_cut_off_and_counted),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
