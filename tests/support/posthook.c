/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posthook URL SECRET-FILE ID ATTEMPT [replay]
 * One attempt of a webhook with standard input as its body, by the driver that
 * the service uses. Prints "ok", "retry" or "dead", the status and the note.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/str.h"
#include "deliver/webhook.h"

#define BODY_MAX (16 * 1024 * 1024)

static void __attribute__((noreturn)) die(const char *what, const char *why)
{
	fprintf(stderr, "posthook: %s: %s\n", what, why);
	exit(2);
}

static void
read_stdin(struct buf *out)
{
	char piece[65536];
	ssize_t n;

	while ((n = read(STDIN_FILENO, piece, sizeof(piece))) > 0) {
		if (buf_append(out, piece, (size_t)n) == -1)
			die("read", "the body is too large");
	}
	if (n == -1)
		die("read", strerror(errno));
}

static void
on_done(const struct deliver_result *r, void *arg)
{
	static const char *const names[] = {"ok", "retry", "dead", "gone"};

	printf("%s %d %s\n", names[r->verdict], r->status,
	    r->note != NULL ? r->note : "");
	loop_stop(arg);
}

static void
post(struct target *target, struct loop *loop, char **argv, int argc)
{
	static char type[] = "application/json";
	struct delivery delivery = {.content_type = type};
	struct job job = {0};
	struct parcel parcel = {
	    .delivery = &delivery, .job = &job, .fd = -1, .replay = argc == 6};
	struct error err;
	struct buf body;
	int64_t attempt;
	void *call;

	if (strlen(argv[3]) > DELIVERY_ID_LEN ||
	    str_to_i64(argv[4], 1, INT32_MAX, &attempt) == -1)
		die(argv[3], "not an id and an attempt");
	memcpy(delivery.id, argv[3], strlen(argv[3]) + 1);
	parcel.attempt = (unsigned)attempt;
	buf_init(&body, BODY_MAX);
	read_stdin(&body);
	parcel.body = body.data;
	parcel.size = (int64_t)body.len;
	if (target->driver->start(
		target->self, &parcel, on_done, loop, &call, &err) == -1)
		die("start", err.text);
	loop_run(loop);
	buf_done(&body);
}

int
main(int argc, char **argv)
{
	static const char *const networks[] = {"127.0.0.0/8", NULL};
	struct webhook_options o = {
	    .target = {.name = "webhook test",
		.max_in_flight = 1,
		.timeout_ms = 20000},
	};
	const char *files[2] = {NULL};
	struct loop *loop = loop_new();
	struct target *target;
	struct error err;

	if (argc < 5 || argc > 6)
		die("usage", "posthook URL SECRET-FILE ID ATTEMPT [replay]");
	o.loop = loop;
	o.url = argv[1];
	files[0] = argv[2];
	o.secret_files = files;
	o.allow_networks = networks;
	if (webhook_new(&o, &target, &err) == -1)
		die(argv[1], err.text);
	post(target, loop, argv, argc);
	target_unref(target);
	loop_free(loop);
	return 0;
}
