/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every fault that a receiver can show, and the verdict it gets: with the same
 * id and the same bytes at the next attempt, under a signature of its own.
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
#include "deliver/webhook.h"
#include "deliver/whsign.h"
#include "tests/unit/fault_rig.h"

#define SECRET "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define ID "msg_01hz4k9p3w7x5v2q8r6t0y1n3b"
#define ATTEMPTS 2
#define SMALL ((size_t)20000)
#define LARGE ((size_t)12 << 20)
#define HASTY_MS 250
/* Where something is to come before: the machine may be busy. */
#define HEARD_MS 2000
#define PATIENT_MS 15000

#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define OK_LAST \
	"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
#define DATE "Date: Sun, 22 Nov 2026 08:00:00 GMT\r\n"
#define TOLD(status, fields) \
	"HTTP/1.1 " status " x\r\n" fields "Content-Length: 0\r\n\r\n"
#define RETRY DELIVER_RETRY
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

static const struct fault faults[] = {
    /* No answer at all. */
    {"closed at once", .when = AT_ONCE, .then = CLOSE, .verdict = RETRY,
	.class = CLASS_RESET, .note = ""},
    {"reset at once", .when = AT_ONCE, .then = RESET, .verdict = RETRY,
	.class = CLASS_RESET, .note = ""},
    {"reset after the head", .when = AFTER_HEAD, .then = RESET, .large = true,
	.verdict = RETRY, .class = CLASS_RESET, .note = ""},
    {"reset within the body", .when = WITHIN_BODY, .then = RESET, .large = true,
	.verdict = RETRY, .class = CLASS_RESET, .note = ""},
    {"reset behind the body", .then = RESET, .verdict = RETRY,
	.class = CLASS_RESET, .note = ""},
    {"closed behind the body", .then = CLOSE, .verdict = RETRY,
	.class = CLASS_RESET, .note = ""},
    {"never reads", .when = AT_ONCE, .then = HANG, .large = true, .hasty = true,
	.verdict = RETRY, .class = CLASS_TIMEOUT, .note = "imed out"},
    {"stops reading", .when = WITHIN_BODY, .then = HANG, .large = true,
	.hasty = true, .verdict = RETRY, .class = CLASS_TIMEOUT,
	.note = "imed out"},
    {"never answers", .then = HANG, .hasty = true, .verdict = RETRY,
	.class = CLASS_TIMEOUT, .note = "imed out"},

    /* What is no answer. */
    {"garbage", .say = "\x01\x02\xff\xfe garbage\r\n\r\n", .verdict = RETRY,
	.class = CLASS_PROTOCOL, .note = ""},
    {"another protocol", .say = "SSH-2.0-OpenSSH_9.2\r\n", .verdict = RETRY,
	.class = CLASS_PROTOCOL, .note = ""},
    {"HTTP/0.9", .say = "<html>hello</html>", .verdict = RETRY,
	.class = CLASS_PROTOCOL, .note = "HTTP/0.9"},
    {"preface of HTTP/2", .say = PREFACE, .verdict = RETRY,
	.class = CLASS_PROTOCOL, .note = ""},
    {"status of no number", .say = "HTTP/1.1 abc OK\r\n\r\n", .verdict = RETRY,
	.class = CLASS_PROTOCOL, .note = ""},
    {"head without end", .say = "HTTP/1.1 200 OK\r\nContent-Le",
	.verdict = RETRY, .class = CLASS_RESET, .note = ""},
    {"head that stops", .say = "HTTP/1.1 200 OK\r\nX-A: b\r\n", .then = HANG,
	.hasty = true, .verdict = RETRY, .class = CLASS_TIMEOUT,
	.note = "imed out"},
    {"head that drips", .say = "HTTP/1.1 200 OK\r\nX-A: ", .then = DRIP,
	.more = "x", .hasty = true, .verdict = RETRY, .class = CLASS_TIMEOUT,
	.note = "imed out"},
    {"endless field", .say = "HTTP/1.1 200 OK\r\nX-A: ", .then = FLOOD,
	.more = "xxxxxxxxxxxxxxxx", .verdict = RETRY, .class = CLASS_PROTOCOL,
	.note = ""},
    {"endless fields", .say = "HTTP/1.1 200 OK\r\n", .then = FLOOD,
	.more = "X-A: bbbbbbbbbbbbbbbb\r\n", .verdict = RETRY,
	.class = CLASS_PROTOCOL, .note = "headers are larger"},
    {"two lengths",
	.say =
	    "HTTP/1.1 500 x\r\nContent-Length: 1\r\nContent-Length: x\r\n\r\n",
	.verdict = RETRY, .class = CLASS_PROTOCOL, .note = ""},

    /* Interim answers. */
    {"100 and an answer", .say = CONTINUE OK_EMPTY, .verdict = DELIVER_OK,
	.status = 200},
    {"100 before the body", .when = AFTER_HEAD, .say = CONTINUE CONTINUE,
	.then = READ_ON, .hasty = true, .verdict = RETRY,
	.class = CLASS_TIMEOUT, .note = ""},
    {"100 and nothing", .say = CONTINUE, .then = CLOSE, .verdict = RETRY,
	.class = CLASS_RESET, .note = ""},
    {"100 and silence", .say = CONTINUE, .then = HANG, .hasty = true,
	.verdict = RETRY, .class = CLASS_TIMEOUT, .note = "imed out"},
    {"103 and an answer",
	.say = "HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n" TOLD("410", ""),
	.verdict = DELIVER_GONE, .class = CLASS_STATUS, .status = 410,
	.note = "answered 410"},
    {"flood of 100", .then = FLOOD, .more = CONTINUE, .verdict = RETRY,
	.class = CLASS_PROTOCOL, .note = "headers are larger"},
    {"drip of 102", .then = DRIP, .more = "HTTP/1.1 102 Wait\r\n\r\n",
	.hasty = true, .verdict = RETRY, .class = CLASS_TIMEOUT,
	.note = "imed out"},
    {"101",
	.say = "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: "
	       "Upgrade\r\n\r\n",
	.then = CLOSE, .verdict = RETRY, .class = CLASS_RESET, .note = ""},

    /* Success. */
    {"200", .say = OK_EMPTY, .verdict = DELIVER_OK, .status = 200},
    {"200 by HTTP/1.0", .say = "HTTP/1.0 200 OK\r\n\r\nfine",
	.verdict = DELIVER_OK, .status = 200},
    {"202 in chunks",
	.say = "HTTP/1.1 202 x\r\nTransfer-Encoding: "
	       "chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
	.verdict = DELIVER_OK, .status = 202},
    {"204 with a body", .say = "HTTP/1.1 204 x\r\nContent-Length: 2\r\n\r\nhi",
	.verdict = DELIVER_OK, .status = 204},
    {"299", .say = TOLD("299", ""), .verdict = DELIVER_OK, .status = 299},
    {"200 truncated",
	.say = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf",
	.verdict = DELIVER_OK, .status = 200},
    {"200 of another length",
	.say = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nmore",
	.verdict = DELIVER_OK, .status = 200},
    {"200 and a broken chunk",
	.say = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	.verdict = DELIVER_OK, .status = 200},
    {"200 and reset", .say = OK_LAST, .then = RESET, .verdict = DELIVER_OK,
	.status = 200},
    {"200 with an endless body", .say = "HTTP/1.1 200 OK\r\n\r\n",
	.then = FLOOD, .more = "0123456789abcdef", .verdict = DELIVER_OK,
	.status = 200},
    {"200 that drips",
	.say = "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", .then = DRIP,
	.more = "x", .hasty = true, .verdict = DELIVER_OK, .status = 200},
    {"200 with Retry-After", .say = TOLD("200", "Retry-After: 9\r\n"),
	.verdict = DELIVER_OK, .status = 200},
    {"200 before the body", .when = AFTER_HEAD, .say = OK_LAST, .then = READ_ON,
	.hasty = true, .verdict = DELIVER_OK, .status = 200},

    /* Early answers, of which nobody read the rest. */
    {"200 early, then reset", .when = WITHIN_BODY, .say = OK_EMPTY,
	.then = RESET, .large = true, .verdict = RETRY, .class = CLASS_EARLY,
	.note = ""},
    {"200 early, then nothing", .when = WITHIN_BODY, .say = OK_EMPTY,
	.then = HANG, .large = true, .hasty = true, .verdict = RETRY,
	.class = CLASS_EARLY, .status = 200,
	.note = "without taking all of the body"},
    {"413 early", .when = WITHIN_BODY, .say = TOLD("413", ""), .then = HANG,
	.large = true, .verdict = RETRY, .class = CLASS_STATUS, .status = 413,
	.note = "answered 413"},
    {"401 after the head", .when = AFTER_HEAD, .say = TOLD("401", ""),
	.then = HANG, .large = true, .verdict = RETRY, .class = CLASS_STATUS,
	.status = 401, .note = "answered 401"},
    {"410 after the head", .when = AFTER_HEAD, .say = TOLD("410", ""),
	.then = HANG, .large = true, .verdict = DELIVER_GONE,
	.class = CLASS_STATUS, .status = 410, .note = "answered 410"},

    /* Redirects are never followed. */
    {"301", .say = TOLD("301", "Location: http://127.0.0.1:1/\r\n"),
	.verdict = RETRY, .class = CLASS_STATUS, .status = 301,
	.note = "not followed"},
    {"302 to metadata",
	.say = TOLD("302", "Location: http://169.254.169.254/\r\n"),
	.verdict = RETRY, .class = CLASS_STATUS, .status = 302,
	.note = "not followed"},
    {"303", .say = TOLD("303", "Location: /other\r\n"), .verdict = RETRY,
	.class = CLASS_STATUS, .status = 303, .note = "not followed"},
    {"304 with a body", .say = "HTTP/1.1 304 x\r\nContent-Length: 2\r\n\r\nhi",
	.verdict = RETRY, .class = CLASS_STATUS, .status = 304,
	.note = "not followed"},
    {"307", .say = TOLD("307", "Location: //127.0.0.1:1/\r\n"),
	.verdict = RETRY, .class = CLASS_STATUS, .status = 307,
	.note = "not followed"},
    {"308 with Retry-After",
	.say = TOLD("308", "Location: /\r\nRetry-After: 9\r\n"),
	.verdict = RETRY, .class = CLASS_STATUS, .status = 308,
	.note = "not followed"},

    /* Refusals. */
    {"400", .say = TOLD("400", ""), .verdict = RETRY, .class = CLASS_STATUS,
	.status = 400, .note = "answered 400"},
    {"401", .say = TOLD("401", "WWW-Authenticate: Basic realm=\"x\"\r\n"),
	.verdict = RETRY, .class = CLASS_STATUS, .status = 401,
	.note = "answered 401"},
    {"404", .say = TOLD("404", ""), .verdict = RETRY, .class = CLASS_STATUS,
	.status = 404, .note = "answered 404"},
    {"407", .say = TOLD("407", "Proxy-Authenticate: Basic\r\n"),
	.verdict = RETRY, .class = CLASS_STATUS, .status = 407,
	.note = "answered 407"},
    {"410", .say = TOLD("410", ""), .verdict = DELIVER_GONE,
	.class = CLASS_STATUS, .status = 410, .note = "wants no more"},
    {"410 truncated", .say = "HTTP/1.1 410 x\r\nContent-Length: 50\r\n\r\nha",
	.then = RESET, .verdict = DELIVER_GONE, .class = CLASS_STATUS,
	.status = 410, .note = "wants no more"},
    {"415", .say = TOLD("415", ""), .verdict = RETRY, .class = CLASS_STATUS,
	.status = 415, .note = "answered 415"},
    {"500 endless", .say = "HTTP/1.1 500 x\r\n\r\n", .then = FLOOD,
	.more = "0123456789abcdef", .verdict = RETRY, .class = CLASS_STATUS,
	.status = 500, .note = "answered 500"},
    {"500 that drips", .say = "HTTP/1.1 500 x\r\nContent-Length: 99999\r\n\r\n",
	.then = DRIP, .more = "x", .hasty = true, .verdict = RETRY,
	.class = CLASS_STATUS, .status = 500, .note = "answered 500"},
    {"502", .say = TOLD("502", ""), .verdict = RETRY, .class = CLASS_STATUS,
	.status = 502, .note = "answered 502"},
    {"999", .say = TOLD("999", ""), .verdict = RETRY, .class = CLASS_STATUS,
	.status = 999, .note = "answered 999"},

    /* Retry-After. */
    {"429", .say = TOLD("429", ""), .verdict = RETRY, .class = CLASS_STATUS,
	.status = 429, .note = "answered 429"},
    {"429 after 0", .say = TOLD("429", "Retry-After: 0\r\n"), .verdict = RETRY,
	.class = CLASS_STATUS, .status = 429, .note = "answered 429"},
    {"429 after 86400", .say = TOLD("429", "Retry-After: 86400\r\n"),
	.verdict = RETRY, .class = CLASS_STATUS, .status = 429,
	.retry_after_ms = 86400000, .note = "answered 429"},
    {"503 after a date",
	.say =
	    TOLD("503", DATE "Retry-After: Sun, 22 Nov 2026 08:02:00 GMT\r\n"),
	.verdict = RETRY, .class = CLASS_STATUS, .status = 503,
	.retry_after_ms = 120000, .note = "answered 503"},
    {"503 after a past date",
	.say =
	    TOLD("503", DATE "Retry-After: Sat, 21 Nov 2026 08:02:00 GMT\r\n"),
	.verdict = RETRY, .class = CLASS_STATUS, .status = 503,
	.note = "answered 503"},
    {"429 after nonsense", .say = TOLD("429", "Retry-After: soon\r\n"),
	.verdict = RETRY, .class = CLASS_STATUS, .status = 429,
	.note = "answered 429"},
    {"429 after less than nothing", .say = TOLD("429", "Retry-After: -5\r\n"),
	.verdict = RETRY, .class = CLASS_STATUS, .status = 429,
	.note = "answered 429"},
    {"429 after two times",
	.say = TOLD("429", "Retry-After: 7\r\nRetry-After: 5\r\n"),
	.verdict = RETRY, .class = CLASS_STATUS, .status = 429,
	.retry_after_ms = 7000, .note = "answered 429"},
    {"429 after ages",
	.say = TOLD("429", "Retry-After: 99999999999999999999999\r\n"),
	.verdict = RETRY, .class = CLASS_STATUS, .status = 429,
	.retry_after_ms = INT32_MAX * INT64_C(1000), .note = "answered 429"},

    /* TLS. */
    {"TLS", .tls = GOOD, .say = OK_EMPTY, .verdict = DELIVER_OK, .status = 200},
    {"TLS, expired", .tls = EXPIRED, .say = OK_EMPTY, .verdict = RETRY,
	.class = CLASS_TLS, .note = "expired"},
    {"TLS, not yet valid", .tls = NOT_YET, .say = OK_EMPTY, .verdict = RETRY,
	.class = CLASS_TLS, .note = "not yet valid"},
    {"TLS, another host's", .tls = WRONG_HOST, .say = OK_EMPTY,
	.verdict = RETRY, .class = CLASS_TLS,
	.note = "no alternative certificate subject name"},
    {"TLS, unknown CA", .tls = UNKNOWN_CA, .say = OK_EMPTY, .verdict = RETRY,
	.class = CLASS_TLS, .note = "certificate"},
    {"TLS 1.1 alone", .tls = OLD, .say = OK_EMPTY, .verdict = RETRY,
	.class = CLASS_TLS, .note = ""},
    {"TLS asked of none", .tls = NO_TLS, .when = AT_ONCE, .say = OK_EMPTY,
	.verdict = RETRY, .class = CLASS_TLS, .note = ""},
    {"TLS, handshake cut", .tls = CUT, .verdict = RETRY, .class = CLASS_TLS,
	.note = ""},
    {"TLS, closed behind the body", .tls = GOOD, .then = CLOSE,
	.verdict = RETRY, .class = CLASS_RESET, .note = ""},
    {"TLS, reset within the body", .tls = GOOD, .when = WITHIN_BODY,
	.then = RESET, .large = true, .verdict = RETRY, .class = CLASS_RESET,
	.note = ""},
    {"TLS, cut without a notice", .tls = GOOD,
	.say = "HTTP/1.1 200 OK\r\n\r\npart", .then = CLOSE,
	.verdict = DELIVER_OK, .status = 200},
};

/* --- the sender ----------------------------------------------------- */

struct world {
	struct fault_rig rig;
	struct loop *loop;
	struct target *target;
	struct delivery delivery;
	struct job job;
	struct parcel parcel;
	char content_type[20];
	char secret_file[40];
	char *body;
	struct deliver_result result; /* note and response not */
	char *note;
	unsigned calls;
	unsigned wrong, requests, other_id, other_bytes, unsigned_;
};

static int
enter(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	size_t i;
	int fd;

	fault_rig_start(&w->rig);
	w->loop = loop_new();
	w->body = xmalloc(LARGE);
	for (i = 0; i < LARGE; i++)
		w->body[i] = (char)(i * 31 + i / 999);
	strcpy(w->content_type, "image/png");
	memcpy(w->delivery.id, ID, sizeof(ID));
	w->delivery.content_type = w->content_type;
	strcpy(w->secret_file, "/tmp/test_webhook_faults.XXXXXX");
	fd = mkstemp(w->secret_file);
	assert_int_equal(write(fd, SECRET, strlen(SECRET)), strlen(SECRET));
	close(fd);
	*state = w;
	return 0;
}

static int
leave(void **state)
{
	struct world *w = *state;

	fault_rig_stop(&w->rig);
	loop_free(w->loop);
	unlink(w->secret_file);
	free(w->body);
	free(w->note);
	free(w);
	return 0;
}

static void
make_target(struct world *w, const struct fault *f)
{
	static const char *const networks[] = {"127.0.0.0/8", NULL};
	const char *const secrets[] = {w->secret_file, NULL};
	char *url = xasprintf("%s://127.0.0.1:%d/hook",
	    f->tls == PLAIN ? "http" : "https", w->rig.port);
	struct webhook_options o = {
	    .target = {.name = "webhook hook",
		.timeout_ms = !f->hasty ? PATIENT_MS
		    : f->status != 0    ? HEARD_MS
					: HASTY_MS,
		.max_in_flight = 3},
	    .loop = w->loop,
	    .url = url,
	    .secret_files = secrets,
	    .allow_networks = networks,
	    .ca_file = w->rig.ca_file,
	    .proxy = "none",
	};
	struct error err;

	if (webhook_new(&o, &w->target, &err) == -1)
		fail_msg("%s", err.text);
	free(url);
}

static void
on_done(const struct deliver_result *r, void *arg)
{
	struct world *w = arg;

	w->calls++;
	w->result = *r;
	free(w->note);
	w->note = xstrdup_or_null(r->note);
	if (r->response != NULL && strlen(r->response) > ATTEMPT_RESPONSE_MAX)
		fail_msg("a response of %zu bytes", strlen(r->response));
	loop_stop(w->loop);
}

static void
attempt(struct world *w, const struct fault *f, unsigned n)
{
	struct error err;
	void *call;

	w->calls = 0;
	w->parcel = (struct parcel){.delivery = &w->delivery,
	    .job = &w->job,
	    .attempt = n,
	    .body = w->body,
	    .size = (int64_t)(f->large ? LARGE : SMALL),
	    .fd = -1};
	if (w->target->driver->start(
		w->target->self, &w->parcel, on_done, w, &call, &err) == -1)
		fail_msg("%s", err.text);
	loop_run(w->loop);
	w->rig.over++;
	assert_int_equal(w->calls, 1);
}

/* As the engine does, where a kept connection was closed meanwhile. */
static void
attempt_and_go_on(struct world *w, const struct fault *f, unsigned n)
{
	attempt(w, f, n);
	if (w->result.stale)
		attempt(w, f, n);
}

/* --- what it makes of it -------------------------------------------- */

/* A reset may overtake an answer that stood before it, or be there before the
 * connection is. */
static bool
class_is_right(const struct world *w, const struct fault *f)
{
	int class = (int)w->result.error_class;

	if (f->then == RESET && f->when == AT_ONCE && class == CLASS_CONNECT)
		return true;
	if (f->then == RESET && w->result.status == ATTEMPT_NO_STATUS &&
	    class == CLASS_RESET)
		return true;
	return class == f->class;
}

static bool
is_right(const struct world *w, const struct fault *f)
{
	int status =
	    w->result.status == ATTEMPT_NO_STATUS ? 0 : w->result.status;

	if ((int)w->result.verdict != f->verdict)
		return false;
	if (w->result.retry_after_ms != f->retry_after_ms)
		return false;
	/* A reset may overtake an answer that stood before it. */
	if (status != f->status && !(f->then == RESET && f->note != NULL))
		return false;
	if (!class_is_right(w, f))
		return false;
	if (f->note == NULL)
		return w->note == NULL;
	return w->note != NULL && *w->note != '\0' &&
	    strchr(w->note, '\n') == NULL && strstr(w->note, f->note) != NULL;
}

static void
judge(struct world *w, const struct fault *f)
{
	if (is_right(w, f))
		return;
	w->wrong++;
	print_message(
	    "# %s: verdict %d, status %d, class %d, retry_after %lld, "
	    "'%s'\n",
	    f->name, (int)w->result.verdict, w->result.status,
	    (int)w->result.error_class, (long long)w->result.retry_after_ms,
	    w->note != NULL ? w->note : "-");
}

static void
check_signature(struct world *w, const struct fault_seen *s)
{
	struct whsign *sign;
	struct error err;

	assert_int_equal(whsign_new(SECRET, &sign, &err), 0);
	if (whsign_verify(sign, s->id, s->timestamp, s->signature, s->body.data,
		s->body.len, clock_wall_ms() / 1000, &err) == -1)
		w->unsigned_++;
	whsign_free(sign);
}

static void
check_requests(struct world *w, const struct fault *f)
{
	size_t size = f->large ? LARGE : SMALL, i;

	for (i = 0; i < w->rig.nseen; i++) {
		const struct fault_seen *s = &w->rig.seen[i];

		w->requests++;
		w->other_id += !str_eq(s->id, ID);
		w->other_bytes += s->body.len > size ||
		    memcmp(s->body.data, w->body, s->body.len) != 0 ||
		    (s->whole && s->body.len != size);
		if (s->whole)
			check_signature(w, s);
	}
}

static void
each_fault_has_its_verdict(void **state)
{
	struct world *w = *state;
	size_t i;
	unsigned n;

	for (i = 0; i < ARRAY_LEN(faults); i++) {
		const struct fault *f = &faults[i];

		fault_rig_begin(&w->rig, f);
		make_target(w, f);
		for (n = 1; n <= ATTEMPTS; n++) {
			attempt_and_go_on(w, f, n);
			judge(w, f);
		}
		target_unref(w->target);
		fault_rig_end(&w->rig);
		check_requests(w, f);
	}
	print_message("# receiver: faults=%zu wrong=%u requests=%u "
		      "same_id=%u same_bytes=%u\n",
	    ARRAY_LEN(faults), w->wrong, w->requests, w->requests - w->other_id,
	    w->requests - w->other_bytes);
	assert_int_equal(w->wrong, 0);
	assert_true(w->requests > ARRAY_LEN(faults));
	assert_int_equal(w->other_id, 0);
	assert_int_equal(w->other_bytes, 0);
	assert_int_equal(w->unsigned_, 0);
}

/* It read the first request, and the second before it broke off. */
static void
what_a_kept_connection_loses_leaves_in_the_next_attempt(void **state)
{
	static const struct fault f = {
	    "kept and reset", .say = OK_EMPTY, .then = KEEP_ON};
	struct world *w = *state;

	fault_rig_begin(&w->rig, &f);
	make_target(w, &f);
	attempt(w, &f, 1);
	assert_int_equal(w->result.verdict, DELIVER_OK);
	attempt(w, &f, 2);
	assert_int_equal(w->result.verdict, DELIVER_RETRY);
	assert_true(w->result.stale);
	attempt(w, &f, 3);
	assert_int_equal(w->result.verdict, DELIVER_OK);
	target_unref(w->target);
	fault_rig_end(&w->rig);
	assert_int_equal(w->rig.nseen, 3);
	assert_int_equal(w->rig.seen[1].attempt, 2);
	assert_int_equal(w->rig.seen[2].attempt, 3);
	check_requests(w, &f);
	assert_int_equal(w->other_id + w->other_bytes + w->unsigned_, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(each_fault_has_its_verdict),
	    T(what_a_kept_connection_loses_leaves_in_the_next_attempt),
	};

	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
