/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Webhooks whose bodies are not in memory, and what a target is made of: files
 * that are signed in slices, bytes that still come, URLs of jobs, secrets and
 * header fields in files.
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
#include "tests/unit/hook_rig.h"

#define SECRET "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define OTHER "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWc="
#define PAIR                                                                  \
	"whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0" \
	"dRqSKJp4AJ6p9lMicMFs6Kvg=="
#define PUBLIC "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
#define ID "msg_01hz4k9p3w7x5v2q8r6t0y1n3b"
#define OK_WORDS "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
#define FILES 4
#define TURNS 5

struct world {
	struct receiver receiver;
	bool stopped;
	struct loop *loop;
	struct target *target;
	struct delivery delivery;
	struct job job;
	struct parcel parcel;
	char *paths[FILES];
	size_t npaths;
	char *url;
	void *call;
	unsigned calls;
	unsigned turns; /* of the loop, meanwhile */
	enum deliver_verdict verdict;
	char *note;
};

static int
enter(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	receiver_start(&w->receiver);
	w->receiver.words = OK_WORDS;
	w->loop = loop_new();
	w->url = xasprintf("http://127.0.0.1:%d/hook", w->receiver.port);
	memcpy(w->delivery.id, ID, sizeof(ID));
	w->parcel = (struct parcel){.delivery = &w->delivery,
	    .job = &w->job,
	    .attempt = 1,
	    .body = "{}",
	    .size = 2,
	    .fd = -1};
	*state = w;
	return 0;
}

static void
stop(struct world *w)
{
	target_unref(w->target);
	w->target = NULL;
	if (!w->stopped)
		receiver_stop(&w->receiver);
	w->stopped = true;
}

static int
leave(void **state)
{
	struct world *w = *state;

	stop(w);
	loop_free(w->loop);
	buf_done(&w->receiver.request);
	while (w->npaths > 0) {
		unlink(w->paths[--w->npaths]);
		free(w->paths[w->npaths]);
	}
	if (w->parcel.fd != -1)
		close(w->parcel.fd);
	free(w->url);
	free(w->note);
	free(w);
	return 0;
}

/* A file of the user's alone. Borrowed. */
static const char *
file_of(struct world *w, const char *text)
{
	char path[] = "/tmp/test_webhook_large.XXXXXX";
	int fd = mkstemp(path);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_true(w->npaths < FILES);
	return w->paths[w->npaths++] = xstrdup(path);
}

static int
make(struct world *w, const char *url, const char *const *secrets,
    const char *header_file, struct error *err)
{
	static const char *const networks[] = {"127.0.0.0/8", NULL};
	struct webhook_options o = {
	    .target = {.name = "webhook hook",
		.timeout_ms = 20000,
		.max_in_flight = 3},
	    .loop = w->loop,
	    .url = url,
	    .secret_files = secrets,
	    .header_file = header_file,
	    .allow_networks = networks,
	};

	return webhook_new(&o, &w->target, err);
}

/* With these secrets. */
static void
hook(struct world *w, const char *a, const char *b)
{
	const char *secrets[] = {a != NULL ? file_of(w, a) : NULL,
	    b != NULL ? file_of(w, b) : NULL, NULL};
	struct error err;

	if (make(w, w->url, secrets, NULL, &err) == -1)
		fail_msg("%s", err.text);
}

static void
on_done(const struct deliver_result *r, void *arg)
{
	struct world *w = arg;

	w->calls++;
	w->verdict = r->verdict;
	free(w->note);
	w->note = xstrdup_or_null(r->note);
	loop_stop(w->loop);
}

static void
start(struct world *w)
{
	struct error err;

	if (w->target->driver->start(
		w->target->self, &w->parcel, on_done, w, &w->call, &err) == -1)
		fail_msg("%s", err.text);
}

/* As often as the loop comes round. */
static void
on_turn(void *arg)
{
	struct world *w = arg;

	w->turns++;
	if (w->turns == TURNS)
		loop_stop(w->loop);
	else
		loop_post(w->loop, on_turn, w);
}

static void
deliver(struct world *w)
{
	unsigned calls = w->calls;

	start(w);
	loop_run(w->loop);
	assert_int_equal(w->calls, calls + 1);
}

static char *
field(struct world *w, const char *name)
{
	char *key = xasprintf("\r\n%s: ", name);
	const char *at = strcasestr(w->receiver.request.data, key);
	char *value = at == NULL
	    ? NULL
	    : xstrndup(at + strlen(key), strcspn(at + strlen(key), "\r"));

	free(key);
	return value;
}

static void
assert_signed(struct world *w, const char *key, const void *body, size_t len)
{
	char *list = field(w, "webhook-signature");
	char *at = field(w, "webhook-timestamp");
	struct whsign *s;
	struct error err;

	assert_non_null(list);
	assert_int_equal(whsign_new(key, &s, &err), 0);
	if (whsign_verify(
		s, ID, at, list, body, len, clock_wall_ms() / 1000, &err) == -1)
		fail_msg("%s: %s", err.text, list);
	whsign_free(s);
	free(list);
	free(at);
}

static const char *
body_of(struct world *w)
{
	return strstr(w->receiver.request.data, "\r\n\r\n") + 4;
}

/* --- files ---------------------------------------------------------- */

/* The file is longer, too: only what was counted is sent. */
static char *
large_file(struct world *w, size_t size)
{
	char path[] = "/tmp/test_webhook_large.XXXXXX";
	char *data = xmalloc(size + 10);
	size_t i;

	for (i = 0; i < size + 10; i++)
		data[i] = (char)(i * 31 + i / 1000);
	w->parcel.fd = mkstemp(path);
	unlink(path);
	assert_int_equal(
	    write(w->parcel.fd, data, size + 10), (ssize_t)size + 10);
	w->parcel.size = (int64_t)size;
	w->parcel.body = NULL;
	return data;
}

static void
a_file_is_signed_and_sent(void **state)
{
	struct world *w = *state;
	size_t size = 900000;
	char *data = large_file(w, size);

	hook(w, SECRET, PAIR);
	assert_false(w->target->streams);
	deliver(w);
	stop(w);
	assert_int_equal(w->verdict, DELIVER_OK);
	assert_null(w->note);
	assert_memory_equal(body_of(w), data, size);
	assert_signed(w, SECRET, data, size);
	assert_signed(w, PUBLIC, data, size);
	free(data);
}

static void
others_have_their_turns_while_it_is_signed(void **state)
{
	struct world *w = *state;
	char *data = large_file(w, (size_t)64 << 20);

	/* Two: it takes twice as long. */
	hook(w, SECRET, OTHER);
	on_turn(w);
	start(w);
	loop_run(w->loop);
	/* It is nowhere near its end, and can be left. */
	assert_int_equal(w->receiver.requests, 0);
	w->target->driver->cancel(w->call);
	loop_unpost(w->loop, w);
	assert_int_equal(w->calls, 0);
	free(data);
}

static void
what_only_v1a_could_sign_is_never_sent(void **state)
{
	struct world *w = *state;
	char *data = large_file(w, (size_t)WHSIGN_V1A_MAX + 1);

	hook(w, PAIR, NULL);
	deliver(w);
	assert_int_equal(w->verdict, DELIVER_DEAD);
	assert_non_null(strstr(w->note, "too large for a signature of"));
	start(w);
	w->target->driver->cancel(w->call);
	w->parcel.size--;
	deliver(w);
	assert_int_equal(w->verdict, DELIVER_OK);
	stop(w);
	assert_int_equal(w->receiver.requests, 1);
	assert_signed(w, PUBLIC, data, (size_t)WHSIGN_V1A_MAX);
	free(data);
}

static void
a_file_that_is_too_short_is_tried_again(void **state)
{
	struct world *w = *state;
	char *data = large_file(w, 1000);

	w->parcel.size = 2000;
	hook(w, SECRET, NULL);
	deliver(w);
	assert_int_equal(w->verdict, DELIVER_RETRY);
	assert_non_null(strstr(w->note, "read the result"));
	assert_int_equal(w->receiver.requests, 0);
	stop(w);
	free(data);
}

static void
a_file_may_be_empty(void **state)
{
	struct world *w = *state;
	char *data = large_file(w, 0);

	hook(w, SECRET, NULL);
	deliver(w);
	stop(w);
	assert_int_equal(w->verdict, DELIVER_OK);
	assert_signed(w, SECRET, "", 0);
	free(data);
}

/* --- bytes that still come ------------------------------------------ */

struct pieces {
	struct deliver_source source;
	struct world *world;
	struct loop_timer *timer;
	unsigned given, most; /* of 1000 bytes */
	bool breaks;
	bool there;
};

static ssize_t
read_piece(
    struct deliver_source *source, void *out, size_t len, struct error *err)
{
	struct pieces *p = (struct pieces *)(void *)source;

	assert_true(len >= 1000);
	if (p->breaks && p->given == 2)
		return err_set(err, ERR_NET, "S3 is gone");
	if (p->given == p->most)
		return 0;
	if (!p->there) {
		loop_timer_set(p->timer, 3);
		return DELIVER_LATER;
	}
	p->there = false;
	memset(out, 'a' + (int)p->given++, 1000);
	return 1000;
}

static void
on_piece(void *arg)
{
	struct pieces *p = arg;

	p->there = true;
	if (p->source.ready != NULL)
		p->source.ready(p->source.ready_arg);
}

static void
pour(struct world *w, struct pieces *p)
{
	p->source.read = read_piece;
	p->world = w;
	p->timer = loop_timer_new(w->loop, on_piece, p);
	w->parcel.source = &p->source;
	w->parcel.size = 5000;
	w->parcel.body = NULL;
	hook(w, NULL, NULL);
	assert_true(w->target->streams);
	deliver(w);
	stop(w);
	assert_null(p->source.ready);
	loop_timer_free(p->timer);
}

static void
unsigned_bytes_leave_as_they_come(void **state)
{
	struct world *w = *state;
	struct pieces p = {.most = 5};

	pour(w, &p);
	assert_int_equal(w->verdict, DELIVER_OK);
	assert_int_equal(w->receiver.requests, 1);
	assert_int_equal(body_of(w)[0], 'a');
	assert_int_equal(body_of(w)[4999], 'e');
}

static void
bytes_that_do_not_come_are_no_delivery(void **state)
{
	struct world *w = *state;
	struct pieces p = {.most = 5, .breaks = true};

	pour(w, &p);
	assert_int_equal(w->verdict, DELIVER_RETRY);
	assert_string_equal(w->note, "S3 is gone");
	assert_int_equal(w->receiver.requests, 0);
}

static void
too_few_bytes_are_no_delivery(void **state)
{
	struct world *w = *state;
	struct pieces p = {.most = 4};

	pour(w, &p);
	assert_int_equal(w->verdict, DELIVER_RETRY);
	assert_non_null(strstr(w->note, "too early"));
	assert_int_equal(w->receiver.requests, 0);
}

/* --- callbacks, files of the configuration -------------------------- */

static void
a_callback_goes_where_the_job_says(void **state)
{
	struct world *w = *state;
	struct error err = {0};
	char elsewhere[] = "http://192.0.2.1/hook";

	assert_int_equal(make(w, NULL, NULL, NULL, &err), 0);
	w->job.spec.callback_url = w->url;
	deliver(w);
	assert_int_equal(w->verdict, DELIVER_OK);
	w->job.spec.callback_url = NULL;
	deliver(w);
	assert_int_equal(w->verdict, DELIVER_DEAD);
	assert_non_null(w->note);
	/* What is refused is as of any webhook. */
	w->job.spec.callback_url = elsewhere;
	assert_int_equal(w->target->driver->start(w->target->self, &w->parcel,
			     on_done, w, &w->call, &err),
	    -1);
	stop(w);
	assert_int_equal(w->receiver.requests, 1);
	assert_true(str_starts(w->receiver.request.data, "POST /hook HTTP"));
}

static void
fields_of_a_file_are_sent(void **state)
{
	struct world *w = *state;
	struct error err = {0};
	char *value;

	assert_int_equal(
	    make(w, w->url, NULL,
		file_of(w, "Authorization: Bearer s3cret-token\n"), &err),
	    0);
	deliver(w);
	stop(w);
	value = field(w, "authorization");
	assert_string_equal(value, "Bearer s3cret-token");
	free(value);
}

static void
files_that_are_wrong_are_named(void **state)
{
	struct world *w = *state;
	const char *const public[] = {file_of(w, PUBLIC), NULL};
	struct error err = {0};

	assert_int_equal(make(w, w->url, public, NULL, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_non_null(strstr(err.text, "a public key cannot sign"));
	assert_int_equal(
	    make(w, w->url, NULL, file_of(w, "Host: s3cret\n"), &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_true(str_starts(err.text, "header_file: "));
	assert_null(strstr(err.text, "s3cret"));
}

static void
an_idle_connection_is_not_trusted(void **state)
{
	struct world *w = *state;

	w->receiver.how = KEEP;
	w->receiver.words = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	hook(w, SECRET, NULL);
	deliver(w);
	assert_null(w->note);
	/* Too old to be trusted: nothing is sent twice. */
	usleep(4100000);
	deliver(w);
	assert_null(w->note);
	stop(w);
	assert_int_equal(w->receiver.requests, 2);
	assert_int_equal(w->receiver.left, 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_file_is_signed_and_sent),
	    T(others_have_their_turns_while_it_is_signed),
	    T(what_only_v1a_could_sign_is_never_sent),
	    T(a_file_that_is_too_short_is_tried_again),
	    T(a_file_may_be_empty),
	    T(unsigned_bytes_leave_as_they_come),
	    T(bytes_that_do_not_come_are_no_delivery),
	    T(too_few_bytes_are_no_delivery),
	    T(a_callback_goes_where_the_job_says),
	    T(fields_of_a_file_are_sent),
	    T(files_that_are_wrong_are_named),
	    T(an_idle_connection_is_not_trusted),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
