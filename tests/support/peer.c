/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer --port-file FILE --ledger DIR [--KNOB=NUMBER ...]
 * The knobs are the members of struct peer_knobs with '-' for '_'. The port
 * is free and of 127.0.0.1. Ledgers, their columns parted by tabs:
 *   accepted.tsv  ms, inference id, "bucket/key" of the output, sha256 of the
 *                 input, "answered" or how the answer was lost
 *   runs.tsv      ms of begin, of end, inference id, "bucket/key", sha256 of
 *                 the result
 *   hooks.tsv     ms, webhook-id, attempt, sha256 of the body, the status that
 *                 was given or "dropped", job, inference id, type, and sha256
 *                 of the result in it
 * All times are of the wall clock. Ends on SIGTERM and SIGINT.
 */
#include "tests/support/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#define BODY_MAX ((size_t)64 << 20)

struct peer peer = {
    .k = {.seed = 1, .result_min = 5, .result_max = 50, .hang_max = 0},
    .accepted = -1,
    .runs = -1,
    .hooks = -1,
};

static const struct {
	const char *name;
	double *value;
} knobs[] = {
    {"seed", &peer.k.seed},
    {"result-min", &peer.k.result_min},
    {"result-max", &peer.k.result_max},
    {"slow", &peer.k.slow},
    {"slow-max", &peer.k.slow_max},
    {"result-bytes", &peer.k.result_bytes},
    {"answer-max", &peer.k.answer_max},
    {"refuse", &peer.k.refuse},
    {"reset", &peer.k.reset},
    {"lose", &peer.k.lose},
    {"lose-first", &peer.k.lose_first},
    {"hang-max", &peer.k.hang_max},
    {"hook-fail", &peer.k.hook_fail},
    {"hook-drop", &peer.k.hook_drop},
    {"hook-max", &peer.k.hook_max},
};

static void __attribute__((noreturn)) die(const char *what, const char *why)
{
	fprintf(stderr, "peer: %s: %s\n", what, why);
	exit(2);
}

/* --- chance: the same faults for the same seed ---------------------- */

static uint64_t
roll(void)
{
	uint64_t z = (peer.dice += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static double
unit(void)
{
	return (double)(roll() >> 11) * 0x1p-53;
}

bool
peer_chance(double p)
{
	return p > 0 && unit() < p;
}

int64_t
peer_between(double min, double max)
{
	return max > min ? (int64_t)(min + unit() * (max - min + 1))
			 : (int64_t)min;
}

/* --- ledgers -------------------------------------------------------- */

void
peer_note(int ledger, const char *fmt, ...)
{
	char line[1024];
	int n =
	    snprintf(line, sizeof(line), "%lld\t", (long long)clock_wall_ms());
	va_list ap;

	va_start(ap, fmt);
	n += vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	va_end(ap);
	if ((size_t)n + 1 >= sizeof(line))
		die("ledger", "the line is too long");
	line[n++] = '\n';
	if (write(ledger, line, (size_t)n) != n)
		die("ledger", strerror(errno));
}

static int
open_ledger(const char *folder, const char *name)
{
	char *path = xasprintf("%s/%s.tsv", folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd == -1)
		die(path, strerror(errno));
	free(path);
	return fd;
}

/* --- exchanges ------------------------------------------------------ */

static void
call_free(void *arg)
{
	struct peer_call *c = arg;

	buf_done(&c->body);
	if (c->timer != NULL)
		loop_timer_free(c->timer);
	free(c->a);
	free(c->b);
	free(c->c);
	free(c);
}

static void
on_gone(struct http_exchange *x, void *arg)
{
	(void)x;
	call_free(arg);
}

static int
on_data(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	struct peer_call *c = arg;

	(void)x;
	return buf_append(&c->body, data, len);
}

static void
on_end(struct http_exchange *x, void *arg)
{
	struct peer_call *c = arg;

	(void)x;
	c->fn(c);
}

void
peer_take(struct http_exchange *x, void (*fn)(struct peer_call *c))
{
	static const struct http_body_sink sink = {
	    .max = BODY_MAX, .data = on_data, .end = on_end};
	struct peer_call *c = xcalloc(1, sizeof(*c));

	c->x = x;
	c->fn = fn;
	buf_init(&c->body, BODY_MAX);
	http_on_gone(x, on_gone, c);
	http_body(x, &sink, c);
}

static void
on_timer(void *arg)
{
	struct peer_call *c = arg;

	c->fn(c);
}

/* Freed on the way out of its own timer otherwise. */
static void
call_post_free(struct peer_call *c)
{
	if (c->timer != NULL)
		loop_timer_clear(c->timer);
	loop_post(peer.loop, call_free, c);
}

void
peer_later(
    struct peer_call *c, int64_t delay_ms, void (*fn)(struct peer_call *c))
{
	if (delay_ms <= 0) {
		fn(c);
		return;
	}
	c->fn = fn;
	c->timer = loop_timer_new(peer.loop, on_timer, c);
	loop_timer_set(c->timer, delay_ms);
}

void
peer_reply(struct peer_call *c, int status, const struct headers *h,
    const void *body, size_t len)
{
	http_reply(c->x, status, h, body, len);
	call_post_free(c);
}

void
peer_reset(struct peer_call *c)
{
	http_abort(c->x);
	call_post_free(c);
}

void
peer_truncate(struct peer_call *c, int status, const struct headers *h,
    const void *body, size_t len)
{
	int fd = memfd_create("short", MFD_CLOEXEC);
	struct error err;

	if (fd == -1 || file_write_all(fd, body, len - 1, &err) == -1)
		die("memfd", strerror(errno));
	http_reply_file(c->x, status, h, fd, 0, (int64_t)len);
	call_post_free(c);
}

static void
on_request(struct http_exchange *x, void *arg)
{
	(void)arg;
	if (str_starts(http_path(x), "/endpoints/"))
		endpoint_serve(x);
	else if (str_starts(http_path(x), "/hook"))
		hook_serve(x);
	else
		object_serve(x);
}

/* --- begin and end -------------------------------------------------- */

static void
set_knob(const char *arg)
{
	const char *equals = strchr(arg, '=');
	char *end;
	size_t i, len;

	if (!str_starts(arg, "--") || equals == NULL)
		die(arg, "not an option");
	len = (size_t)(equals - arg - 2);
	for (i = 0; i < ARRAY_LEN(knobs); i++) {
		if (strlen(knobs[i].name) != len ||
		    memcmp(arg + 2, knobs[i].name, len) != 0)
			continue;
		*knobs[i].value = strtod(equals + 1, &end);
		if (end == equals + 1 || *end != '\0')
			die(arg, "not a number");
		return;
	}
	die(arg, "no such knob");
}

static void
tell_port(const char *path, int port)
{
	char text[16];
	struct error err;

	snprintf(text, sizeof(text), "%d\n", port);
	if (file_write_atomic(path, text, strlen(text), 0600, &err) == -1)
		die(path, err.text);
}

static void
on_signal(void *arg)
{
	loop_stop(arg);
}

int
main(int argc, char **argv)
{
	struct http_server_options o = {.max_connections = 8192};
	struct loop_signal *term, *intr;
	struct http_server *server;
	struct error err;
	int i;

	if (argc < 5 || !str_eq(argv[1], "--port-file") ||
	    !str_eq(argv[3], "--ledger"))
		die("usage", "peer --port-file FILE --ledger DIR [--K=V ...]");
	for (i = 5; i < argc; i++)
		set_knob(argv[i]);
	peer.dice = (uint64_t)peer.k.seed;
	peer.accepted = open_ledger(argv[4], "accepted");
	peer.runs = open_ledger(argv[4], "runs");
	peer.hooks = open_ledger(argv[4], "hooks");
	peer.loop = loop_new();
	if (http_server_new(peer.loop, &o, on_request, NULL, &server, &err) ==
	    -1)
		die("listen", err.text);
	term = loop_signal_new(peer.loop, SIGTERM, on_signal, peer.loop);
	intr = loop_signal_new(peer.loop, SIGINT, on_signal, peer.loop);
	tell_port(argv[2], http_server_port(server));
	loop_run(peer.loop);
	http_server_free(server);
	loop_signal_free(term);
	loop_signal_free(intr);
	loop_free(peer.loop);
	object_forget();
	return 0;
}
