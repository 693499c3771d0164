/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apiprobe SOCKET SECONDS
 * Asks for GET /healthz over a UNIX socket again and again, one request at a
 * time and 1 ms apart, and says how long the answers took at most:
 *   probes=N max_ms=X p99_ms=X failed=N
 * The longest time is how long the service's loop was held up. The connection
 * is kept, and made anew where it ends. What is not 200 has failed, and so has
 * what does not come in 30 s; either counts with its time. SIGTERM ends it
 * early, with its report. Raw sockets, and nothing of our own client: it looks
 * from outside. Exits 1 if every probe failed.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

#define PAUSE_NS 1000000
#define PATIENCE_MS 30000
#define SECONDS_MAX 86400

static volatile sig_atomic_t enough;

static const char request[] = "GET /healthz HTTP/1.1\r\nHost: awaitd\r\n\r\n";

struct probe {
	struct sockaddr_un sa;
	int fd; /* -1: not connected */
	bool used; /* an answer came over it already */
	char reply[8192];
	size_t len;
	int64_t *took_ns;
	size_t n, cap;
	size_t failed;
};

static void
on_term(int signo)
{
	(void)signo;
	enough = 1;
}

static int64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void
rest(void)
{
	struct timespec ts = {0, PAUSE_NS};

	nanosleep(&ts, NULL);
}

static void
hang_up(struct probe *p)
{
	if (p->fd != -1)
		close(p->fd);
	p->fd = -1;
}

static int
dial(struct probe *p)
{
	p->used = false;
	p->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (p->fd == -1)
		return -1;
	if (connect(p->fd, (struct sockaddr *)&p->sa, sizeof(p->sa)) == 0)
		return 0;
	hang_up(p);
	return -1;
}

/* The length of the whole reply; 0 while its head is not whole. */
static size_t
reply_len(const struct probe *p)
{
	const char *end = strstr(p->reply, "\r\n\r\n");
	const char *field = strcasestr(p->reply, "\r\ncontent-length:");
	size_t len;

	if (end == NULL)
		return 0;
	len = (size_t)(end + 4 - p->reply);
	if (field != NULL && field < end)
		len += strtoul(field + 17, NULL, 10);
	return len;
}

/* 1: more came; 0: the connection ended; -1: nothing in time. */
static int
receive(struct probe *p, int64_t until_ns)
{
	struct pollfd fd = {.fd = p->fd, .events = POLLIN};
	int64_t left_ms = (until_ns - now_ns()) / 1000000;
	ssize_t n;

	if (left_ms <= 0 || poll(&fd, 1, (int)left_ms) == 0)
		return -1;
	n = recv(p->fd, p->reply + p->len, sizeof(p->reply) - 1 - p->len, 0);
	if (n <= 0)
		return 0;
	p->len += (size_t)n;
	p->reply[p->len] = '\0';
	return 1;
}

/* 1: a reply is there; 0: the connection ended; -1: nothing in time. */
static int
ask(struct probe *p, int64_t until_ns)
{
	size_t want = 0;
	int rc;

	p->len = 0;
	p->reply[0] = '\0';
	/* A reply of the end may wait even where nothing can be sent. */
	send(p->fd, request, sizeof(request) - 1, MSG_NOSIGNAL);
	do {
		rc = receive(p, until_ns);
		if (rc != 1)
			return rc;
		want = reply_len(p);
	} while (want == 0 || p->len < want);
	return 1;
}

/* A kept connection may have been closed before the request: once more. */
static int
ask_once(struct probe *p, int64_t until_ns)
{
	bool used;
	int rc;

	if (p->fd == -1 && dial(p) == -1)
		return 0;
	used = p->used;
	rc = ask(p, until_ns);
	if (rc == 0 && p->len == 0 && used) {
		hang_up(p);
		if (dial(p) == -1)
			return 0;
		rc = ask(p, until_ns);
	}
	p->used = true;
	return rc;
}

static void
probe(struct probe *p)
{
	int64_t begun = now_ns();
	int rc = ask_once(p, begun + (int64_t)PATIENCE_MS * 1000000);
	bool ok = rc == 1 && str_starts(p->reply, "HTTP/1.1 200 ");

	if (p->n == p->cap) {
		p->cap = p->cap * 2 + 1024;
		p->took_ns =
		    xreallocarray(p->took_ns, p->cap, sizeof(*p->took_ns));
	}
	p->took_ns[p->n++] = now_ns() - begun;
	p->failed += !ok;
	if (rc != 1 || strcasestr(p->reply, "\r\nconnection: close") != NULL)
		hang_up(p);
}

static int
compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
report(struct probe *p)
{
	size_t last = p->n - 1;

	qsort(p->took_ns, p->n, sizeof(*p->took_ns), compare);
	printf("probes=%zu max_ms=%.3f p99_ms=%.3f failed=%zu\n", p->n,
	    (double)p->took_ns[last] / 1e6,
	    (double)p->took_ns[last * 99 / 100] / 1e6, p->failed);
}

int
main(int argc, char **argv)
{
	struct sigaction term = {.sa_handler = on_term, .sa_flags = SA_RESTART};
	struct probe p;
	int64_t seconds, end;

	memset(&p, 0, sizeof(p));
	p.fd = -1;
	p.sa.sun_family = AF_UNIX;
	if (argc != 3 || strlen(argv[1]) >= sizeof(p.sa.sun_path) ||
	    str_to_i64(argv[2], 1, SECONDS_MAX, &seconds) == -1) {
		fputs("usage: apiprobe SOCKET SECONDS\n", stderr);
		return 2;
	}
	memcpy(p.sa.sun_path, argv[1], strlen(argv[1]));
	/* A call that it comes in the middle of goes on. */
	sigaction(SIGTERM, &term, NULL);
	end = now_ns() + seconds * 1000000000;
	do {
		probe(&p);
		rest();
	} while (!enough && now_ns() < end);
	report(&p);
	hang_up(&p);
	free(p.took_ns);
	return p.failed == p.n ? 1 : 0;
}
