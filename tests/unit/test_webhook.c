/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Webhooks against a receiver of plain sockets in a thread of its own: what
 * goes out, what each answer means, and that a second copy is noted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "deliver/webhook.h"
#include "deliver/whsign.h"
#include "tests/unit/hook_rig.h"

#define SECRET "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define ID "msg_01hz4k9p3w7x5v2q8r6t0y1n3b"
#define TIMEOUT_MS 20000

/* --- the sender ----------------------------------------------------- */

struct world {
	struct receiver receiver;
	bool stopped;
	struct loop *loop;
	struct target *target;
	struct delivery delivery;
	struct job job;
	struct parcel parcel;
	char content_type[20];
	char secret_file[40];
	void *call;
	bool started; /* driver->start() has returned */
	bool let_go; /* of the target, when it is done */
	unsigned calls;
	struct deliver_result result; /* its strings are copies */
	char *note, *response;
	char *sent, *heard; /* header fields */
};

static int
make_target(struct world *w, const char *url, const char *secret_file,
    int64_t timeout_ms, struct error *err)
{
	const char *const files[] = {secret_file, NULL};
	static const char *const networks[] = {"127.0.0.0/8", NULL};
	struct webhook_options o = {
	    .target = {.name = "webhook hook",
		.timeout_ms = timeout_ms,
		.max_in_flight = 3,
		.inline_max = 20000},
	    .loop = w->loop,
	    .url = url,
	    .secret_files = files,
	    .allow_networks = networks,
	};

	return webhook_new(&o, &w->target, err);
}

/* One to the receiver. */
static void
hook(struct world *w, int64_t timeout_ms)
{
	char *url = xasprintf(
	    "http://127.0.0.1:%d/a/../b%%20c?d=e&f", w->receiver.port);
	struct error err;

	if (make_target(w, url, w->secret_file, timeout_ms, &err) == -1)
		fail_msg("%s", err.text);
	free(url);
}

static int
enter(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	int fd;

	receiver_start(&w->receiver);
	w->loop = loop_new();
	memcpy(w->delivery.id, ID, sizeof(ID));
	w->delivery.content_type = w->content_type;
	w->parcel = (struct parcel){
	    .delivery = &w->delivery,
	    .job = &w->job,
	    .attempt = 1,
	    .body = "{\"a\":1}",
	    .size = 7,
	    .fd = -1,
	};
	strcpy(w->content_type, "application/json");
	snprintf(
	    w->secret_file, sizeof(w->secret_file), "/tmp/test_webhook.XXXXXX");
	fd = mkstemp(w->secret_file);
	assert_int_equal(write(fd, SECRET, strlen(SECRET)), strlen(SECRET));
	close(fd);
	*state = w;
	return 0;
}

/* After this the receiver's own words can be read. */
static void
stop(struct world *w)
{
	if (!w->stopped)
		receiver_stop(&w->receiver);
	w->stopped = true;
}

static int
leave(void **state)
{
	struct world *w = *state;

	target_unref(w->target);
	stop(w);
	loop_free(w->loop);
	buf_done(&w->receiver.request);
	unlink(w->secret_file);
	free(w->note);
	free(w->response);
	free(w->sent);
	free(w->heard);
	free(w);
	return 0;
}

static void
on_done(const struct deliver_result *r, void *arg)
{
	struct world *w = arg;

	assert_true(w->started);
	w->calls++;
	w->result = *r;
	free(w->note);
	free(w->response);
	w->note = xstrdup_or_null(r->note);
	w->response = xstrdup_or_null(r->response);
	free(w->sent);
	free(w->heard);
	w->sent = xstrdup_or_null(r->request_headers);
	w->heard = xstrdup_or_null(r->response_headers);
	if (w->let_go) {
		target_unref(w->target);
		w->target = NULL;
	}
	loop_stop(w->loop);
}

static void
start(struct world *w)
{
	struct error err;

	w->started = false;
	if (w->target->driver->start(
		w->target->self, &w->parcel, on_done, w, &w->call, &err) == -1)
		fail_msg("%s", err.text);
	w->started = true;
}

static void
end_of_turn(void *arg)
{
	struct world *w = arg;

	loop_stop(w->loop);
}

/* Let the loop work for a moment. */
static void
loop_turn(struct world *w)
{
	struct loop_timer *t = loop_timer_new(w->loop, end_of_turn, w);

	loop_timer_set(t, 5);
	loop_run(w->loop);
	loop_timer_free(t);
}

static void
deliver(struct world *w)
{
	unsigned calls = w->calls;

	start(w);
	loop_run(w->loop);
	assert_int_equal(w->calls, calls + 1);
}

/* Deliver once; the receiver says this. */
static void
told(struct world *w, enum how how, const char *words)
{
	w->receiver.how = how;
	w->receiver.words = words;
	if (w->target == NULL)
		hook(w, TIMEOUT_MS);
	deliver(w);
}

#define OK_WORDS "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

/* --- what goes out -------------------------------------------------- */

/* The field's value, "" where there is none; must occur once at most. */
static const char *
field(struct world *w, const char *name)
{
	static char value[1024];
	char *key = xasprintf("\r\n%s: ", name);
	const char *at = strcasestr(w->receiver.request.data, key);

	value[0] = '\0';
	if (at != NULL) {
		at += strlen(key);
		snprintf(
		    value, sizeof(value), "%.*s", (int)strcspn(at, "\r"), at);
		assert_null(strcasestr(at, key));
	}
	free(key);
	return value;
}

static void
the_request_is_what_receivers_expect(void **state)
{
	static const char *const absent[] = {"Accept", "Accept-Encoding",
	    "Cookie", "Expect", "Transfer-Encoding", "Authorization",
	    "awaitd-replay"};
	struct world *w = *state;
	int64_t now = clock_wall_ms() / 1000, at;
	const char *body;
	size_t i;

	w->parcel.attempt = 17;
	w->parcel.body = "a\0b\xff\r\n\r\n";
	w->parcel.size = 8;
	told(w, ANSWER, OK_WORDS);
	stop(w);
	assert_int_equal(w->receiver.requests, 1);
	assert_true(str_starts(
	    w->receiver.request.data, "POST /a/../b%20c?d=e&f HTTP/1.1\r\n"));
	assert_string_equal(field(w, "Content-Type"), "application/json");
	assert_string_equal(field(w, "Content-Length"), "8");
	assert_string_equal(field(w, "User-Agent"), "awaitd/" PACKAGE_VERSION);
	assert_string_equal(field(w, "webhook-id"), ID);
	assert_string_equal(field(w, "awaitd-attempt"), "17");
	assert_int_equal(
	    str_to_i64(field(w, "webhook-timestamp"), 0, INT64_MAX, &at), 0);
	assert_in_range(at - now, 0, 10);
	for (i = 0; i < ARRAY_LEN(absent); i++)
		assert_string_equal(field(w, absent[i]), "");
	body = strstr(w->receiver.request.data, "\r\n\r\n") + 4;
	assert_memory_equal(body, "a\0b\xff\r\n\r\n", 8);
}

static void
its_signature_can_be_verified(void **state)
{
	struct world *w = *state;
	struct whsign *s;
	struct error err;
	char *timestamp, *list;

	told(w, ANSWER, OK_WORDS);
	stop(w);
	timestamp = xstrdup(field(w, "webhook-timestamp"));
	list = xstrdup(field(w, "webhook-signature"));
	assert_int_equal(whsign_new(SECRET, &s, &err), 0);
	if (whsign_verify(s, ID, timestamp, list, "{\"a\":1}", 7,
		clock_wall_ms() / 1000, &err) == -1)
		fail_msg("%s", err.text);
	whsign_free(s);
	free(timestamp);
	free(list);
}

static void
a_replay_says_so(void **state)
{
	struct world *w = *state;

	w->parcel.replay = true;
	told(w, ANSWER, OK_WORDS);
	stop(w);
	assert_string_equal(field(w, "awaitd-replay"), "1");
	assert_string_equal(field(w, "webhook-id"), ID);
}

static void
without_a_secret_nothing_is_signed(void **state)
{
	struct world *w = *state;
	char *url = xasprintf("http://127.0.0.1:%d/", w->receiver.port);
	struct error err;

	assert_int_equal(make_target(w, url, NULL, TIMEOUT_MS, &err), 0);
	free(url);
	told(w, ANSWER, OK_WORDS);
	stop(w);
	assert_string_equal(field(w, "webhook-signature"), "");
	assert_string_equal(field(w, "webhook-id"), ID);
}

static void
an_empty_body_is_sent_as_such(void **state)
{
	struct world *w = *state;

	w->parcel.body = NULL;
	w->parcel.size = 0;
	told(w, ANSWER, OK_WORDS);
	stop(w);
	assert_int_equal(w->result.verdict, DELIVER_OK);
	assert_string_equal(field(w, "Content-Length"), "0");
}

/* --- what an answer means ------------------------------------------- */

static void
only_2xx_is_success_and_410_is_the_end(void **state)
{
	static const int statuses[] = {200, 201, 202, 204, 206, 226, 299, 300,
	    301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 408, 409, 410,
	    411, 413, 418, 422, 425, 429, 451, 500, 501, 502, 503, 504, 599};
	struct world *w = *state;
	char words[100], want[30];
	size_t i;

	for (i = 0; i < ARRAY_LEN(statuses); i++) {
		int s = statuses[i];

		snprintf(words, sizeof(words),
		    "HTTP/1.1 %d x\r\nContent-Length: 0\r\n"
		    "Connection: close\r\n\r\n",
		    s);
		told(w, ANSWER, words);
		assert_int_equal(w->result.status, s);
		assert_int_equal(w->result.retry_after_ms, 0);
		assert_null(w->response);
		if (s < 300) {
			assert_int_equal(w->result.verdict, DELIVER_OK);
			assert_null(w->note);
			continue;
		}
		assert_int_equal(
		    w->result.verdict, s == 410 ? DELIVER_GONE : DELIVER_RETRY);
		snprintf(want, sizeof(want), "answered %d", s);
		assert_true(str_starts(w->note, want));
	}
	stop(w);
	assert_int_equal(w->receiver.requests, ARRAY_LEN(statuses));
}

static void
a_redirect_is_not_followed(void **state)
{
	static const int statuses[] = {301, 302, 303, 307, 308};
	struct world *w = *state;
	char words[200];
	size_t i;

	for (i = 0; i < ARRAY_LEN(statuses); i++) {
		snprintf(words, sizeof(words),
		    "HTTP/1.1 %d Moved\r\nLocation: http://127.0.0.1:%d/b\r\n"
		    "Content-Length: 0\r\nConnection: close\r\n\r\n",
		    statuses[i], w->receiver.port);
		told(w, ANSWER, words);
		assert_int_equal(w->result.verdict, DELIVER_RETRY);
		assert_int_equal(w->result.status, statuses[i]);
		assert_non_null(strstr(w->note, "redirects are not followed"));
		assert_int_equal(w->receiver.requests, i + 1);
	}
}

static void
no_answer_is_tried_again(void **state)
{
	struct world *w = *state;

	told(w, ANSWER, NULL);
	assert_int_equal(w->result.verdict, DELIVER_RETRY);
	assert_int_equal(w->result.status, ATTEMPT_NO_STATUS);
	assert_non_null(w->note);
	assert_null(w->response);
	told(w, ANSWER, "SSH-2.0-OpenSSH_9.2\r\n");
	assert_int_equal(w->result.verdict, DELIVER_RETRY);
	assert_int_equal(w->result.status, ATTEMPT_NO_STATUS);
	told(w, ANSWER, "HTTP/1.1 200 OK\r\nContent-Len");
	assert_int_equal(w->result.verdict, DELIVER_RETRY);
	stop(w);
	assert_int_equal(w->receiver.requests, 3);
}

static void
nobody_there_is_tried_again(void **state)
{
	struct world *w = *state;

	hook(w, TIMEOUT_MS);
	stop(w);
	deliver(w);
	assert_int_equal(w->result.verdict, DELIVER_RETRY);
	assert_int_equal(w->result.status, ATTEMPT_NO_STATUS);
	assert_non_null(strstr(w->note, "onnect"));
	assert_int_equal(w->result.error_class, CLASS_CONNECT);
	/* What would have gone. */
	assert_non_null(w->sent);
	assert_null(w->heard);
	assert_null(strchr(w->note, '\n'));
}

static void
one_that_speaks_no_tls_is_tried_again(void **state)
{
	struct world *w = *state;
	char *url = xasprintf("https://127.0.0.1:%d/", w->receiver.port);
	struct error err;

	assert_int_equal(make_target(w, url, NULL, 300, &err), 0);
	free(url);
	told(w, ANSWER, OK_WORDS);
	assert_int_equal(w->result.verdict, DELIVER_RETRY);
	assert_int_equal(w->result.status, ATTEMPT_NO_STATUS);
	assert_non_null(w->note);
}

static void
a_slow_one_is_left_at_the_time_out(void **state)
{
	struct world *w = *state;
	int64_t at = clock_mono_ms();

	hook(w, 300);
	told(w, SILENT, NULL);
	assert_int_equal(w->result.verdict, DELIVER_RETRY);
	assert_int_equal(w->result.status, ATTEMPT_NO_STATUS);
	assert_non_null(strcasestr(w->note, "timed out"));
	assert_in_range(clock_mono_ms() - at, 250, 10000);
	/* A head that never ends is none. */
	told(w, TRICKLE, "HTTP/1.1 200 OK\r\nX-Slow: ");
	assert_int_equal(w->result.verdict, DELIVER_RETRY);
	assert_int_equal(w->result.status, ATTEMPT_NO_STATUS);
	assert_in_range(clock_mono_ms() - at, 550, 20000);
	stop(w);
	assert_int_equal(w->receiver.requests, 2);
	assert_int_equal(w->receiver.left, 2);
}

/* --- Retry-After ---------------------------------------------------- */

static int64_t
retry_after(struct world *w, int status, const char *fields)
{
	char words[400];

	snprintf(words, sizeof(words),
	    "HTTP/1.1 %d x\r\n%sContent-Length: 0\r\n"
	    "Connection: close\r\n\r\n",
	    status, fields);
	told(w, ANSWER, words);
	return w->result.retry_after_ms;
}

#define DATE "Date: Sun, 22 Nov 2026 08:00:00 GMT\r\n"

static void
retry_after_is_passed_on(void **state)
{
	struct world *w = *state;

	assert_int_equal(retry_after(w, 503, "Retry-After: 120\r\n"), 120000);
	assert_int_equal(retry_after(w, 429, "retry-after:7\r\n"), 7000);
	assert_int_equal(retry_after(w, 404, "Retry-After: 1\r\n"), 1000);
	assert_int_equal(retry_after(w, 500, "Retry-After: 0\r\n"), 0);
	/* The engine has a bound; a number that large is still a number. */
	assert_int_equal(
	    retry_after(w, 503, "Retry-After: 2000000000\r\n"), 2000000000000);
	assert_int_equal(w->result.verdict, DELIVER_RETRY);
	assert_int_equal(
	    retry_after(w, 429, "Retry-After: 99999999999999999999\r\n"),
	    INT32_MAX * (int64_t)1000);
	/* Of several the longest. */
	assert_int_equal(retry_after(w, 429,
			     "Retry-After: 5\r\nRetry-After: 30\r\n"
			     "Retry-After: soon\r\n"),
	    30000);
}

static void
a_date_counts_from_the_receivers_own_clock(void **state)
{
	struct world *w = *state;
	char fields[200], date[TIMEFMT_HTTP_SIZE];
	int64_t ms;

	assert_int_equal(retry_after(w, 503,
			     DATE "Retry-After: Sun, 22 Nov 2026 08:01:30 GMT"
				  "\r\n"),
	    90000);
	/* In the past. */
	assert_int_equal(retry_after(w, 503,
			     DATE "Retry-After: Sun, 22 Nov 2026 07:59:59 GMT"
				  "\r\n"),
	    0);
	/* It has no clock: ours. */
	timefmt_http(clock_wall_ms() + 100000, date);
	snprintf(fields, sizeof(fields), "Retry-After: %s\r\n", date);
	ms = retry_after(w, 503, fields);
	assert_in_range(ms, 80000, 100000);
}

static void
nonsense_and_other_answers_name_no_time(void **state)
{
	static const char *const bad[] = {"-5", "1.5", "soon", "", "5 s",
	    "0x10", "2026-11-22T08:00:00Z", "Sun, 22 Nov 2026"};
	struct world *w = *state;
	char fields[200];
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(
		    fields, sizeof(fields), DATE "Retry-After: %s\r\n", bad[i]);
		assert_int_equal(retry_after(w, 503, fields), 0);
	}
	assert_int_equal(retry_after(w, 302, "Retry-After: 5\r\n"), 0);
	assert_int_equal(retry_after(w, 410, "Retry-After: 5\r\n"), 0);
	assert_int_equal(retry_after(w, 200, "Retry-After: 5\r\n"), 0);
}

/* --- what it said --------------------------------------------------- */

static void
its_words_are_kept_and_made_harmless(void **state)
{
	struct world *w = *state;

	told(w, ANSWER,
	    "HTTP/1.1 500 x\r\nContent-Length: 4\r\n"
	    "Connection: close\r\n\r\noops");
	assert_string_equal(w->response, "oops");
	told(w, ANSWER,
	    "HTTP/1.1 200 OK\r\n\r\na\x1b[2J\r\nb\x7f\xff\xc2\x9b"
	    "31m \xc3\xa9");
	assert_string_equal(w->response, "a [2J  b ?  31m \xc3\xa9");
	assert_int_equal(w->result.verdict, DELIVER_OK);
	told(w, ANSWER, "HTTP/1.1 200 OK\r\n\r\n");
	assert_null(w->response);
	/* Not unpacked. */
	told(w, ANSWER,
	    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
	    "\x1f\x8b\x08xyz");
	assert_string_equal(w->response, " ? xyz");
}

static void
of_its_words_the_urls_secret_is_not_kept(void **state)
{
	struct world *w = *state;
	struct error err;

	assert_int_equal(
	    make_target(w, NULL, w->secret_file, TIMEOUT_MS, &err), 0);
	w->job.spec.callback_url = xasprintf(
	    "http://127.0.0.1:%d/hook?token=s3cret-word", w->receiver.port);
	w->receiver.how = ANSWER;
	w->receiver.words =
	    "HTTP/1.1 404 x\r\nLocation: /hook?token=s3cret-word\r\n"
	    "Set-Cookie: a\r\n\r\nno /hook?token=s3cret-word";
	deliver(w);
	stop(w);
	assert_string_equal(w->response, "no /hook******************");
	assert_string_equal(
	    w->heard, "Location: /hook******************\nSet-Cookie: ***\n");
	assert_non_null(strstr(w->sent, "\nwebhook-id: " ID "\n"));
	assert_non_null(strstr(w->sent, "\nwebhook-signature: ***\n"));
	free(w->job.spec.callback_url);
	w->job.spec.callback_url = NULL;
}

/* RFC 9112, 5.2: a line that begins with a blank is of the field before. */
static void
a_folded_line_is_no_field(void **state)
{
	struct world *w = *state;

	told(w, ANSWER,
	    "HTTP/1.1 500 x\r\nSet-Cookie: a;\r\n b=s3cret; c: d\r\n"
	    "Via: e\r\n\te2: s3cret\r\nContent-Length: 0\r\n\r\n");
	assert_string_equal(
	    w->heard, "Set-Cookie: ***\nVia: e\nContent-Length: 0\n");
}

static void
a_body_without_end_is_cut_and_the_status_stands(void **state)
{
	static const struct {
		const char *words;
		int status;
		enum deliver_verdict verdict;
	} cases[] = {
	    {"HTTP/1.1 200 OK\r\n\r\n", 200, DELIVER_OK},
	    {"HTTP/1.1 500 x\r\n\r\n", 500, DELIVER_RETRY},
	    {"HTTP/1.1 410 x\r\n\r\n", 410, DELIVER_GONE},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", 200,
		DELIVER_OK},
	};
	struct world *w = *state;
	int64_t at = clock_mono_ms();
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		told(w, ENDLESS, cases[i].words);
		assert_int_equal(w->result.verdict, cases[i].verdict);
		assert_int_equal(w->result.status, cases[i].status);
		assert_int_equal(strlen(w->response), ATTEMPT_RESPONSE_MAX);
		assert_true(str_starts(w->response, "0123456789abcdef"));
	}
	/* Long before the time-out. */
	assert_in_range(clock_mono_ms() - at, 0, TIMEOUT_MS / 2);
	stop(w);
	assert_int_equal(w->receiver.left, ARRAY_LEN(cases));
}

static void
a_body_that_breaks_or_dawdles_changes_nothing(void **state)
{
	struct world *w = *state;

	hook(w, 500);
	told(w, ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf");
	assert_int_equal(w->result.verdict, DELIVER_OK);
	assert_int_equal(w->result.status, 200);
	assert_string_equal(w->response, "half");
	told(w, TRICKLE, "HTTP/1.1 202 OK\r\nContent-Length: 50000\r\n\r\n");
	assert_int_equal(w->result.verdict, DELIVER_OK);
	told(w, TRICKLE, "HTTP/1.1 503 x\r\nContent-Length: 50000\r\n\r\n");
	assert_int_equal(w->result.verdict, DELIVER_RETRY);
	assert_int_equal(w->result.status, 503);
	assert_string_equal(w->note, "answered 503");
}

/* --- copies --------------------------------------------------------- */

/* It offers to keep the connection, and drops whoever believes it. */
static void
over_a_dead_connection_nothing_leaves_twice(void **state)
{
	struct world *w = *state;

	told(w, KEEP, OK_WORDS);
	assert_int_equal(w->result.verdict, DELIVER_OK);
	told(w, KEEP, OK_WORDS);
	assert_int_equal(w->result.verdict, DELIVER_RETRY);
	assert_true(w->result.stale);
	assert_string_equal(
	    w->note, "the kept connection was closed; it may have arrived");
	told(w, KEEP, OK_WORDS);
	assert_int_equal(w->result.verdict, DELIVER_OK);
	assert_false(w->result.stale);
	target_unref(w->target);
	w->target = NULL;
	stop(w);
	assert_int_equal(w->receiver.requests, 3);
}

static void
cancelled_it_says_nothing(void **state)
{
	struct world *w = *state;

	hook(w, TIMEOUT_MS);
	w->receiver.how = SILENT;
	/* Before it has begun, and while it waits for an answer. */
	start(w);
	w->target->driver->cancel(w->call);
	start(w);
	while (w->receiver.requests == 0)
		loop_turn(w);
	w->target->driver->cancel(w->call);
	loop_turn(w);
	stop(w);
	assert_int_equal(w->calls, 0);
	assert_int_equal(w->receiver.requests, 1);
	assert_int_equal(w->receiver.left, 1);
}

/* As behind a reload, by whoever had the last attempt under way. */
static void
a_target_may_be_let_go_of_when_it_is_done(void **state)
{
	static const enum how hows[] = {KEEP, ENDLESS, ANSWER};
	struct world *w = *state;
	size_t i;

	w->let_go = true;
	for (i = 0; i < ARRAY_LEN(hows); i++) {
		told(w, hows[i], OK_WORDS);
		assert_null(w->target);
		assert_int_equal(w->result.verdict, DELIVER_OK);
	}
	stop(w);
	/* Nothing of its own is left, connections neither. */
	assert_int_equal(w->receiver.left, 2);
}

/* --- construction --------------------------------------------------- */

static void
what_is_no_url_for_a_webhook_is_refused(void **state)
{
	static const char *const bad[] = {"", "hook", "ftp://h/", "file:///x",
	    "http://", "http:///x", "http://u@h/", "https://u:p@h/",
	    "http://h/#f", "http://h/ x", "http://h/\nx", "http://h/\x7f",
	    "http://h/\r\nX: y", "http://h\t/", "http://h:99999/",
	    "http://127.1/", "//h/x", "http://h/\xc3\xa9", " http://h/",
	    "unix:/x"};
	struct world *w = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		struct error err = {0};

		if (make_target(w, bad[i], NULL, 1000, &err) != -1)
			fail_msg("'%s' is taken", bad[i]);
		assert_int_equal(err.code, ERR_CONFIG);
		assert_null(strstr(err.text, "u:p"));
		assert_null(w->target);
	}
}

static void
a_target_knows_what_it_was_given(void **state)
{
	struct world *w = *state;
	struct error err = {0};

	assert_int_equal(
	    make_target(w, "https://h/", "/no/such/file", 1000, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_non_null(strstr(err.text, "/no/such/file"));
	hook(w, TIMEOUT_MS);
	assert_string_equal(w->target->name, "webhook hook");
	assert_int_equal(w->target->payload, DELIVERY_EVENT);
	assert_int_equal(w->target->max_in_flight, 3);
	assert_int_equal(w->target->inline_max, 20000);
	assert_ptr_equal(target_ref(w->target), w->target);
	assert_int_equal(w->target->refs, 2);
	target_unref(w->target);
	target_unref(NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(the_request_is_what_receivers_expect),
	    T(its_signature_can_be_verified),
	    T(a_replay_says_so),
	    T(without_a_secret_nothing_is_signed),
	    T(an_empty_body_is_sent_as_such),
	    T(only_2xx_is_success_and_410_is_the_end),
	    T(a_redirect_is_not_followed),
	    T(no_answer_is_tried_again),
	    T(nobody_there_is_tried_again),
	    T(one_that_speaks_no_tls_is_tried_again),
	    T(a_slow_one_is_left_at_the_time_out),
	    T(retry_after_is_passed_on),
	    T(a_date_counts_from_the_receivers_own_clock),
	    T(nonsense_and_other_answers_name_no_time),
	    T(its_words_are_kept_and_made_harmless),
	    T(of_its_words_the_urls_secret_is_not_kept),
	    T(a_folded_line_is_no_field),
	    T(a_body_without_end_is_cut_and_the_status_stands),
	    T(a_body_that_breaks_or_dawdles_changes_nothing),
	    T(over_a_dead_connection_nothing_leaves_twice),
	    T(cancelled_it_says_nothing),
	    T(a_target_may_be_let_go_of_when_it_is_done),
	    T(what_is_no_url_for_a_webhook_is_refused),
	    T(a_target_knows_what_it_was_given),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
