/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many receivers of webhooks in one process, each with a port of its own. The
 * good ones answer 204 and write how long each event took from the job's end
 * to them; of the bad ones some never answer, some never read, some answer a
 * byte a second, and some never accept a connection.
 *
 *	receivers GOOD BAD PORT-FILE TIMES-FILE
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/timefmt.h"

#define REQUEST_MAX 32768
#define EVENTS 256
#define TICK_MS 1000

enum kind { GOOD, SILENT, DEAF, DRIPPING, AWAY };
#define BAD_KINDS AWAY

/* A listener, or a connection. */
struct peer {
	int fd;
	bool listens;
	enum kind kind;
	size_t dripped;
	size_t len;
	char *request;
	struct peer *next; /* that drips */
};

static const char answer[] = "HTTP/1.1 204 No Content\r\n\r\n";
static const char slow_answer[] =
    "HTTP/1.1 200 OK\r\nX-Slow: "
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

static int epfd;
static FILE *times;
static struct peer *dripping;

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static void
watch(struct peer *p)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = p};

	if (epoll_ctl(epfd, EPOLL_CTL_ADD, p->fd, &ev) == -1)
		die("epoll_ctl");
}

static int
listen_somewhere(enum kind kind, int *port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), small = 1024;
	struct sockaddr_in a = {
	    .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(a);

	if (fd == -1)
		die("socket");
	if (kind == DEAF)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    listen(fd, kind == AWAY ? 0 : 64) == -1 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) == -1)
		die("listen");
	*port = ntohs(a.sin_port);
	return fd;
}

static void
open_peer(enum kind kind, FILE *ports)
{
	struct peer *p = xcalloc(1, sizeof(*p));
	int port;

	p->listens = true;
	p->kind = kind;
	p->fd = listen_somewhere(kind, &port);
	fprintf(ports, "%s %d\n", kind == GOOD ? "good" : "bad", port);
	if (kind != AWAY)
		watch(p);
}

static void
close_peer(struct peer *p)
{
	struct peer **at;

	for (at = &dripping; *at != NULL; at = &(*at)->next) {
		if (*at == p) {
			*at = p->next;
			break;
		}
	}
	close(p->fd);
	free(p->request);
	free(p);
}

static void
take(struct peer *l)
{
	int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK);
	struct peer *p;

	if (fd == -1)
		return;
	p = xcalloc(1, sizeof(*p));
	p->fd = fd;
	p->kind = l->kind;
	if (p->kind == DRIPPING) {
		p->next = dripping;
		dripping = p;
	}
	/* Who is deaf does not even hear that the other one leaves. */
	if (p->kind != DEAF) {
		p->request = xmalloc(REQUEST_MAX);
		watch(p);
	}
}

/* The event came: from the job's end to now. */
static void
note(const char *body)
{
	static const char key[] = "\"completed_at\":\"";
	const char *at = strstr(body, key);
	char text[TIMEFMT_ISO_SIZE];
	int64_t then;

	if (at == NULL)
		return;
	snprintf(text, sizeof(text), "%s", at + strlen(key));
	if (timefmt_parse_iso(text, &then) == 0)
		fprintf(times, "%lld\n", (long long)(clock_wall_ms() - then));
	fflush(times);
}

/* Is there a whole request? Where its body begins. */
static const char *
whole(const struct peer *p)
{
	const char *end = strstr(p->request, "\r\n\r\n");
	const char *length = strcasestr(p->request, "\r\ncontent-length:");

	if (end == NULL || length == NULL || length > end ||
	    p->len <
		(size_t)(end + 4 - p->request) + strtoul(length + 17, NULL, 10))
		return NULL;
	return end + 4;
}

static void
read_some(struct peer *p)
{
	ssize_t n = read(p->fd, p->request + p->len, REQUEST_MAX - 1 - p->len);
	const char *body;

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			close_peer(p);
		return;
	}
	p->len += (size_t)n;
	p->request[p->len] = '\0';
	body = whole(p);
	if (p->kind != GOOD && p->len > REQUEST_MAX / 2)
		p->len = 0;
	if (p->kind != GOOD || body == NULL)
		return;
	note(body);
	p->len = 0;
	if (write(p->fd, answer, sizeof(answer) - 1) == -1)
		close_peer(p);
}

static void
drip(void)
{
	struct peer *p;

	for (p = dripping; p != NULL; p = p->next) {
		if (p->dripped < sizeof(slow_answer) - 1 &&
		    send(p->fd, slow_answer + p->dripped++, 1, MSG_NOSIGNAL) ==
			-1)
			p->dripped = sizeof(slow_answer);
	}
}

static void
open_all(int good, int bad, const char *port_file)
{
	char *draft = xasprintf("%s.new", port_file);
	FILE *ports = fopen(draft, "w");
	int i;

	if (ports == NULL)
		die(draft);
	for (i = 0; i < good; i++)
		open_peer(GOOD, ports);
	for (i = 0; i < bad; i++)
		open_peer((enum kind)(SILENT + i % BAD_KINDS), ports);
	if (fclose(ports) != 0 || rename(draft, port_file) == -1)
		die(port_file);
	free(draft);
}

int
main(int argc, char **argv)
{
	struct epoll_event v[EVENTS];
	int64_t next = clock_mono_ms() + TICK_MS;
	int i, n;

	if (argc != 5)
		return 2;
	epfd = epoll_create1(0);
	times = fopen(argv[4], "a");
	if (epfd == -1 || times == NULL)
		die(argv[4]);
	open_all(atoi(argv[1]), atoi(argv[2]), argv[3]);
	for (;;) {
		n = epoll_wait(epfd, v, EVENTS, TICK_MS / 10);
		for (i = 0; i < n; i++) {
			struct peer *p = v[i].data.ptr;

			if (p->listens)
				take(p);
			else
				read_some(p);
		}
		if (clock_mono_ms() >= next) {
			next += TICK_MS;
			drip();
		}
	}
}
