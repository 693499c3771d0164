/* SPDX-License-Identifier: Apache-2.0 */
/* A server to be tested, its handlers, and a client. */
#include "tests/unit/http_rig.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/str.h"

#define PATIENCE_MS 10000
#define HANGING_MAX 8

struct rig {
	struct loop *loop;
	struct http_server *server;
	struct loop_wakeup *wakeup;
	pthread_t thread;
	int port;
	char *path; /* of a UNIX socket, or NULL */
	int file; /* 1 MiB of NULs, then 64 of the letter f */
	atomic_long counts[RIG_N_COUNTS];
	struct call *hanging[HANGING_MAX];
	bool inside; /* a function of the server that must call nobody */

	pthread_mutex_t lock;
	pthread_cond_t called;
	void (*fn)(struct rig *rig); /* to be called by the loop */
	bool stop;
};

/* What hangs on one exchange. */
struct call {
	struct rig *rig;
	struct http_exchange *x;
	const struct route *route;
	struct loop_timer *timer;
	struct buf body;
};

struct route {
	const char *path;
	void (*start)(struct call *c);
	void (*later)(struct call *c); /* by a timer or the release */
};

/* --- the clock, in place of base/clock.c ---------------------------- */

static atomic_llong skew;

static int64_t
read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_wall_ms(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t
clock_mono_ms(void)
{
	return read_clock(CLOCK_MONOTONIC) + atomic_load(&skew);
}

void
rig_skew_clock(int64_t ms)
{
	atomic_store(&skew, ms);
}

int64_t
rig_now_ms(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

/* --- handlers, in the server's thread ------------------------------- */

static void
count(struct rig *rig, enum rig_count which, long n)
{
	atomic_fetch_add(&rig->counts[which], n);
}

/* Every callback begins with it, every call into the server is between two. */
static struct call *
enter(void *arg)
{
	struct call *c = arg;

	if (c->rig->inside)
		abort();
	return c;
}

static void
into_server(struct rig *rig, bool inside)
{
	rig->inside = inside;
}

static void
call_free(struct call *c)
{
	size_t i;

	for (i = 0; i < HANGING_MAX; i++) {
		if (c->rig->hanging[i] == c)
			c->rig->hanging[i] = NULL;
	}
	count(c->rig, RIG_LIVE, -1);
	loop_timer_free(c->timer);
	buf_done(&c->body);
	free(c);
}

static void
answer(struct call *c, int status, const char *text)
{
	into_server(c->rig, true);
	http_reply(c->x, status, NULL, text, strlen(text));
	into_server(c->rig, false);
	call_free(c);
}

static void
on_gone(struct http_exchange *x, void *arg)
{
	struct call *c = enter(arg);

	(void)x;
	count(c->rig, RIG_GONE, 1);
	call_free(c);
}

static void
on_later(void *arg)
{
	struct call *c = enter(arg);

	c->route->later(c);
}

static void
wait_ms(struct call *c, int64_t ms)
{
	if (c->timer == NULL)
		c->timer = loop_timer_new(c->rig->loop, on_later, c);
	loop_timer_set(c->timer, ms);
}

static void
hang(struct call *c)
{
	size_t i = 0;

	while (c->rig->hanging[i] != NULL)
		i++;
	c->rig->hanging[i] = c;
}

static void
answer_ok(struct call *c)
{
	answer(c, 200, "ok\n");
}

static int
keep_data(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	struct call *c = enter(arg);

	(void)x;
	count(c->rig, RIG_BYTES, (long)len);
	buf_append(&c->body, data, len);
	return 0;
}

static void
answer_echo(struct http_exchange *x, void *arg)
{
	struct call *c = enter(arg);
	struct buf out;

	count(c->rig, RIG_ENDS, 1);
	buf_init(&out, 4 << 20);
	buf_printf(&out, "%s %s?%s %zu:", http_method(x), http_path(x),
	    http_query(x), c->body.len);
	buf_append(&out, c->body.data, c->body.len);
	http_reply(x, 200, NULL, out.data, out.len);
	buf_done(&out);
	call_free(c);
}

static void
start_echo(struct call *c)
{
	struct http_body_sink sink = {1 << 20, keep_data, answer_echo, NULL};

	into_server(c->rig, true);
	http_body(c->x, &sink, c);
	into_server(c->rig, false);
}

static int
count_data(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	struct call *c = enter(arg);

	(void)x;
	(void)data;
	count(c->rig, RIG_BYTES, (long)len);
	return 0;
}

static void
answer_end(struct http_exchange *x, void *arg)
{
	struct call *c = enter(arg);

	(void)x;
	count(c->rig, RIG_ENDS, 1);
	answer(c, 200, "whole\n");
}

static void
answer_large(struct http_exchange *x, void *arg)
{
	struct call *c = enter(arg);

	(void)x;
	count(c->rig, RIG_TOO_LARGE, 1);
	answer(c, 413, "mine\n");
}

static void
hang_large(struct http_exchange *x, void *arg)
{
	struct call *c = enter(arg);

	(void)x;
	count(c->rig, RIG_TOO_LARGE, 1);
	wait_ms(c, 20);
}

static void
take(struct call *c, int64_t max,
    int (*data)(
	struct http_exchange *x, const void *data, size_t len, void *arg),
    void (*toolarge)(struct http_exchange *x, void *arg))
{
	struct http_body_sink sink = {max, data, answer_end, toolarge};

	into_server(c->rig, true);
	http_body(c->x, &sink, c);
	into_server(c->rig, false);
}

static void
start_count(struct call *c)
{
	take(c, 1 << 30, count_data, NULL);
}

static void
start_small(struct call *c)
{
	take(c, 1000, count_data, NULL);
}

static void
start_small_mine(struct call *c)
{
	take(c, 1000, count_data, answer_large);
}

static void
start_small_later(struct call *c)
{
	take(c, 1000, count_data, hang_large);
}

static void
answer_413(struct call *c)
{
	answer(c, 413, "mine, later\n");
}

static void
answer_early(struct call *c)
{
	answer(c, 403, "no\n");
}

static int
refuse_data(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	struct call *c = enter(arg);

	(void)x;
	(void)data;
	count(c->rig, RIG_BYTES, (long)len);
	answer_early(c);
	return -1;
}

static void
start_refuse(struct call *c)
{
	take(c, 1 << 30, refuse_data, NULL);
}

static int
refuse_data_first(
    struct http_exchange *x, const void *data, size_t len, void *arg)
{
	struct call *c = enter(arg);

	(void)x;
	(void)data;
	count(c->rig, RIG_BYTES, (long)len);
	wait_ms(c, 20);
	return -1;
}

static void
start_refuse_later(struct call *c)
{
	take(c, 1 << 30, refuse_data_first, NULL);
}

static int
enough_data(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	(void)x;
	(void)data;
	(void)len;
	answer(enter(arg), 200, "enough\n");
	return 0;
}

static void
start_enough(struct call *c)
{
	take(c, 1 << 30, enough_data, NULL);
}

static void
start_later(struct call *c)
{
	wait_ms(c, 10);
}

static int
pause_data(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	http_body_pause(x);
	wait_ms(enter(arg), 0);
	return count_data(x, data, len, arg);
}

static void
start_pause(struct call *c)
{
	take(c, 1 << 30, pause_data, NULL);
}

static int
hold_data(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	struct call *c = enter(arg);

	if (atomic_load(&c->rig->counts[RIG_BYTES]) == 0) {
		http_body_pause(x);
		hang(c);
	}
	return count_data(x, data, len, arg);
}

static void
start_hold(struct call *c)
{
	take(c, 1 << 30, hold_data, NULL);
}

static void
resume(struct call *c)
{
	into_server(c->rig, true);
	http_body_resume(c->x);
	into_server(c->rig, false);
}

static int
make_file(void)
{
	size_t piece = 1 << 20;
	char *data = xmalloc(piece);
	int i, fd = memfd_create("body", MFD_CLOEXEC);

	memset(data, 'f', piece);
	for (i = 1; i <= 64; i++) {
		if (pwrite(fd, data, piece, (off_t)i << 20) != (ssize_t)piece)
			abort();
	}
	free(data);
	return fd;
}

/* /file?LENGTH of the 64 MiB from offset 1 MiB on. */
static void
answer_file(struct call *c)
{
	int64_t len = 0;

	if (c->rig->file == -1)
		c->rig->file = make_file();
	str_to_i64(http_query(c->x), 0, INT64_MAX, &len);
	http_reply_file(c->x, 200, NULL, dup(c->rig->file), 1 << 20, len);
	call_free(c);
}

static void
answer_big(struct call *c)
{
	size_t len = 8 << 20;
	char *body = xmalloc(len);

	memset(body, 'b', len);
	http_reply(c->x, 200, NULL, body, len);
	memset(body, 'x', len);
	free(body);
	call_free(c);
}

static void
answer_abort(struct call *c)
{
	into_server(c->rig, true);
	http_abort(c->x);
	into_server(c->rig, false);
	call_free(c);
}

static void
answer_head(struct call *c)
{
	int64_t len = 12345;

	if (*http_query(c->x) == '-')
		len = -1;
	http_reply_head(c->x, 200, NULL, len);
	call_free(c);
}

static void
answer_204(struct call *c)
{
	answer(c, 204, "never sent");
}

static void
answer_304(struct call *c)
{
	http_reply_head(c->x, 304, NULL, 99);
	call_free(c);
}

static void
answer_fields(struct call *c)
{
	struct headers h;

	headers_init(&h);
	headers_add(&h, "X-A", "b");
	headers_add(&h, "content-length", "99");
	headers_add(&h, "Transfer-Encoding", "chunked");
	headers_add(&h, "date", "Fri, 24 May 2013 00:00:00 GMT");
	if (*http_query(c->x) != '\0')
		headers_add(&h, "Connection", http_query(c->x));
	http_reply(c->x, 200, &h, "ok\n", 3);
	headers_done(&h);
	call_free(c);
}

static void
answer_inject(struct call *c)
{
	struct headers h;

	headers_init(&h);
	headers_add(&h, "X-A", "b\r\nX-Injected: c");
	http_reply(c->x, 200, &h, "ok\n", 3);
	headers_done(&h);
	call_free(c);
}

static void
answer_peer(struct call *c)
{
	answer(c, 200, http_peer(c->x));
}

static void
answer_uid(struct call *c)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)http_peer_uid(c->x));
	answer(c, 200, text);
}

/* The server goes while one of its handlers runs. */
static void
free_server(struct call *c)
{
	struct rig *rig = c->rig;

	http_server_free(rig->server);
	rig->server = NULL;
}

static void
drain_server(struct call *c)
{
	http_server_drain(c->rig->server);
	answer_ok(c);
}

static void
answer_smuggled(struct call *c)
{
	count(c->rig, RIG_SMUGGLED, 1);
	answer(c, 200, "smuggled\n");
}

static const struct route routes[] = {
    {"/ok", answer_ok, NULL},
    {"/smuggled", answer_smuggled, NULL},
    {"/count", start_count, NULL},
    {"/small", start_small, NULL},
    {"/small/mine", start_small_mine, NULL},
    {"/small/later", start_small_later, answer_413},
    {"/early", answer_early, NULL},
    {"/refuse", start_refuse, NULL},
    {"/refuse/later", start_refuse_later, answer_early},
    {"/enough", start_enough, NULL},
    {"/later", start_later, answer_ok},
    {"/later/body", start_later, start_echo},
    {"/later/early", start_later, answer_early},
    {"/later/abort", start_later, answer_abort},
    {"/later/free", start_later, free_server},
    {"/hang", hang, answer_ok},
    {"/hang/body", hang, start_echo},
    {"/hang/file", hang, answer_file},
    {"/pause", start_pause, resume},
    {"/hold", start_hold, resume},
    {"/file", answer_file, NULL},
    {"/big", answer_big, NULL},
    {"/hang/big", hang, answer_big},
    {"/abort", answer_abort, NULL},
    {"/head", answer_head, NULL},
    {"/204", answer_204, NULL},
    {"/304", answer_304, NULL},
    {"/fields", answer_fields, NULL},
    {"/inject", answer_inject, NULL},
    {"/peer", answer_peer, NULL},
    {"/uid", answer_uid, NULL},
    {"/free", free_server, NULL},
    {"/drain", drain_server, NULL},
};
static const struct route echo = {"/echo", start_echo, NULL};

bool (*rig_answers)(struct http_exchange *x);

static void
on_request(struct http_exchange *x, void *arg)
{
	struct call *c;
	size_t i;

	if (rig_answers != NULL && rig_answers(x)) {
		count(arg, RIG_REQUESTS, 1);
		return;
	}
	c = xcalloc(1, sizeof(*c));
	c->rig = arg;
	c->x = x;
	enter(c);
	c->route = &echo;
	for (i = 0; i < ARRAY_LEN(routes); i++) {
		if (str_eq(http_path(x), routes[i].path))
			c->route = &routes[i];
	}
	buf_init(&c->body, 2 << 20);
	count(c->rig, RIG_REQUESTS, 1);
	count(c->rig, RIG_LIVE, 1);
	http_on_gone(x, on_gone, c);
	c->route->start(c);
}

/* --- the server's thread -------------------------------------------- */

static void
on_wakeup(void *arg)
{
	struct rig *rig = arg;

	pthread_mutex_lock(&rig->lock);
	if (rig->fn != NULL)
		rig->fn(rig);
	rig->fn = NULL;
	if (rig->stop)
		loop_stop(rig->loop);
	pthread_cond_signal(&rig->called);
	pthread_mutex_unlock(&rig->lock);
}

static void *
run_loop(void *arg)
{
	struct rig *rig = arg;

	loop_run(rig->loop);
	http_server_free(rig->server);
	loop_wakeup_free(rig->wakeup);
	loop_free(rig->loop);
	return NULL;
}

struct rig *
rig_start(const struct http_server_options *options)
{
	struct http_server_options none;
	struct rig *rig = xcalloc(1, sizeof(*rig));
	struct error err;

	memset(&none, 0, sizeof(none));
	pthread_mutex_init(&rig->lock, NULL);
	pthread_cond_init(&rig->called, NULL);
	rig->file = -1;
	rig->loop = loop_new();
	rig->wakeup = loop_wakeup_new(rig->loop, on_wakeup, rig);
	if (http_server_new(rig->loop, options != NULL ? options : &none,
		on_request, rig, &rig->server, &err) == -1)
		fail_msg("no server: %s", err.text);
	rig->port = http_server_port(rig->server);
	if (options != NULL)
		rig->path = xstrdup_or_null(options->unix_path);
	if (pthread_create(&rig->thread, NULL, run_loop, rig) != 0)
		fail_msg("no thread");
	return rig;
}

void
rig_stop(struct rig *rig)
{
	long live;

	pthread_mutex_lock(&rig->lock);
	rig->stop = true;
	pthread_mutex_unlock(&rig->lock);
	loop_wakeup_signal(rig->wakeup);
	pthread_join(rig->thread, NULL);
	rig_skew_clock(0);
	live = rig_count(rig, RIG_LIVE);
	if (rig->file != -1)
		close(rig->file);
	pthread_cond_destroy(&rig->called);
	pthread_mutex_destroy(&rig->lock);
	free(rig->path);
	free(rig);
	assert_int_equal(live, 0);
}

int
rig_port(const struct rig *rig)
{
	return rig->port;
}

const char *
rig_path(const struct rig *rig)
{
	return rig->path;
}

long
rig_count(struct rig *rig, enum rig_count which)
{
	return atomic_load(&rig->counts[which]);
}

void
rig_wait_count(struct rig *rig, enum rig_count which, long value)
{
	int64_t end = rig_now_ms() + PATIENCE_MS;

	while (rig_count(rig, which) != value) {
		if (rig_now_ms() > end)
			fail_msg("count %d is %ld, not %ld", (int)which,
			    rig_count(rig, which), value);
		rig_sync(rig);
	}
}

void
rig_call(struct rig *rig, void (*fn)(struct rig *rig))
{
	pthread_mutex_lock(&rig->lock);
	rig->fn = fn;
	loop_wakeup_signal(rig->wakeup);
	while (rig->fn != NULL)
		pthread_cond_wait(&rig->called, &rig->lock);
	pthread_mutex_unlock(&rig->lock);
}

static void
nothing(struct rig *rig)
{
	(void)rig;
}

/*
 * What was sent before is readable when the first call is made, so that it is
 * read in that turn of the loop or the next; the third call is behind both.
 */
void
rig_sync(struct rig *rig)
{
	rig_call(rig, nothing);
	rig_call(rig, nothing);
	rig_call(rig, nothing);
}

void
rig_drain(struct rig *rig)
{
	http_server_drain(rig->server);
}

void
rig_release(struct rig *rig)
{
	size_t i;

	for (i = 0; i < HANGING_MAX; i++) {
		struct call *c = rig->hanging[i];

		rig->hanging[i] = NULL;
		if (c != NULL)
			c->route->later(c);
	}
}

static unsigned connections;

static void
ask_connections(struct rig *rig)
{
	connections = http_server_connections(rig->server);
}

unsigned
rig_connections(struct rig *rig)
{
	rig_call(rig, ask_connections);
	return connections;
}

int64_t
rig_cpu_ms(struct rig *rig)
{
	clockid_t id;

	assert_int_equal(pthread_getcpuclockid(rig->thread, &id), 0);
	return read_clock(id);
}
