/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that no library would be, over a UNIX socket, or where that is a
 * number, to that port of 127.0.0.1:
 *   hostile SOCKET drip head|body|FILE COUNT SECONDS
 *     COUNT connections at once, each of which begins a POST (or sends FILE)
 *     and then sends a byte a fifth of a second, until all have an answer or
 *     the time is over:
 *       asked=N answered=N timeout=N late=N ended=N open=N last_s=X
 *     `late` are those answered 408, `timeout` with that code, too.
 *   hostile SOCKET send FILE
 *     the bytes of FILE as they are; what comes back goes to stdout.
 *   hostile SOCKET drop FILE COUNT
 *     the same COUNT times, each leaving without having read anything.
 * Raw sockets, and nothing of our own client.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#define STEP_MS 200
#define PATIENCE_MS 30000
#define COUNT_MAX 4096

static const char *path;

static void
die(const char *what)
{
	fprintf(stderr, "hostile: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int
connect_to_port(int64_t port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sa.sin_port = htons((uint16_t)port);
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == -1)
		die(path);
	return fd;
}

static int
connect_to_unix(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(sa.sun_path)) {
		errno = ENAMETOOLONG;
		die(path);
	}
	memcpy(sa.sun_path, path, strlen(path));
	if (fd == -1 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == -1)
		die(path);
	return fd;
}

static int
connect_to_it(void)
{
	int64_t port;

	return str_to_i64(path, 1, 65535, &port) == 0 ? connect_to_port(port)
						      : connect_to_unix();
}

/* As much as the peer takes. */
static void
send_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	while (len > 0 && (n = send(fd, data, len, MSG_NOSIGNAL)) > 0) {
		data += n;
		len -= (size_t)n;
	}
}

static void
load(const char *file, struct buf *out)
{
	struct error err;

	buf_init(out, (size_t)64 << 20);
	if (file_read(file, out, &err) == -1) {
		fprintf(stderr, "hostile: %s\n", err.text);
		exit(2);
	}
}

/* --- drip ----------------------------------------------------------- */

struct drip {
	int fd; /* -1: over */
	char reply[4096];
	size_t len;
};

static const char head_start[] = "POST /v1/jobs HTTP/1.1\r\nHost: a\r\nX: ";
static const char body_start[] =
    "POST /v1/jobs HTTP/1.1\r\nHost: a\r\nAwaitd-Endpoint: cat\r\n"
    "Content-Length: 1000000\r\n\r\nx";

/* True where it has ended. */
static bool
read_reply(struct drip *d)
{
	size_t room = sizeof(d->reply) - 1 - d->len;
	ssize_t n = recv(d->fd, d->reply + d->len, room, MSG_DONTWAIT);

	if (n == -1 && errno == EAGAIN)
		return false;
	if (n > 0) {
		d->len += (size_t)n;
		return false;
	}
	close(d->fd);
	d->fd = -1;
	return true;
}

static size_t
step(struct drip *v, size_t n)
{
	size_t i, open = 0;

	for (i = 0; i < n; i++) {
		if (v[i].fd == -1 || read_reply(&v[i]))
			continue;
		open++;
		if (v[i].len == 0)
			send_all(v[i].fd, "x", 1);
	}
	return open;
}

static void
print_drips(const struct drip *v, size_t n, size_t open, int64_t took_ms)
{
	size_t i, answered = 0, timeout = 0, late = 0, ended = 0;

	for (i = 0; i < n; i++) {
		answered += v[i].len > 0;
		ended += v[i].len == 0 && v[i].fd == -1;
		late += str_starts(v[i].reply, "HTTP/1.1 408 ");
		timeout += str_starts(v[i].reply, "HTTP/1.1 408 ") &&
		    strstr(v[i].reply, "\"code\":\"timeout\"") != NULL;
	}
	printf("asked=%zu answered=%zu timeout=%zu late=%zu ended=%zu "
	       "open=%zu last_s=%.1f\n",
	    n, answered, timeout, late, ended, open, (double)took_ms / 1000);
}

static int
drip(const char *what, size_t n, int64_t seconds)
{
	const char *start = str_eq(what, "head") ? head_start : body_start;
	struct buf own = {0};
	struct drip *v = xcalloc(n, sizeof(*v));
	int64_t began = now_ms();
	size_t i, open = n;

	if (!str_eq(what, "head") && !str_eq(what, "body")) {
		load(what, &own);
		start = own.data;
	}
	for (i = 0; i < n; i++) {
		v[i].fd = connect_to_it();
		send_all(v[i].fd, start, strlen(start));
	}
	while (open > 0 && now_ms() < began + seconds * 1000) {
		poll(NULL, 0, STEP_MS);
		open = step(v, n);
	}
	print_drips(v, n, open, now_ms() - began);
	for (i = 0; i < n; i++) {
		if (v[i].fd != -1)
			close(v[i].fd);
	}
	if (own.data != NULL)
		buf_done(&own);
	free(v);
	return 0;
}

/* --- bytes as they are ---------------------------------------------- */

static int
send_file(const char *file)
{
	int fd = connect_to_it();
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char piece[4096];
	struct buf b;
	ssize_t n;

	load(file, &b);
	send_all(fd, b.data, b.len);
	shutdown(fd, SHUT_WR);
	while (poll(&p, 1, PATIENCE_MS) == 1 &&
	    (n = recv(fd, piece, sizeof(piece), 0)) > 0)
		fwrite(piece, 1, (size_t)n, stdout);
	close(fd);
	buf_done(&b);
	return 0;
}

static int
drop_file(const char *file, size_t n)
{
	struct buf b;
	size_t i;

	load(file, &b);
	for (i = 0; i < n; i++) {
		int fd = connect_to_it();

		send_all(fd, b.data, b.len);
		close(fd);
	}
	buf_done(&b);
	return 0;
}

static int
usage(void)
{
	fputs("usage: hostile SOCKET drip head|body COUNT SECONDS\n"
	      "       hostile SOCKET send FILE\n"
	      "       hostile SOCKET drop FILE COUNT\n",
	    stderr);
	return 2;
}

int
main(int argc, char **argv)
{
	int64_t n = 0, seconds = 0;

	if (argc < 4)
		return usage();
	path = argv[1];
	if (argc == 4 && str_eq(argv[2], "send"))
		return send_file(argv[3]);
	if (argc == 5 && str_eq(argv[2], "drop") &&
	    str_to_i64(argv[4], 1, COUNT_MAX, &n) == 0)
		return drop_file(argv[3], (size_t)n);
	if (argc == 6 && str_eq(argv[2], "drip") &&
	    str_to_i64(argv[4], 1, COUNT_MAX, &n) == 0 &&
	    str_to_i64(argv[5], 1, 600, &seconds) == 0)
		return drip(argv[3], (size_t)n, seconds);
	return usage();
}
