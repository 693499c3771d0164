/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nokeys: an S3 that has no objects, as cheap as can be, so that a machine's
 * time goes to who asks it: one thread, each request answered by the same
 * 404. Prints its port on 127.0.0.1; ends with its standard input.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

#define ROOM ((size_t)16 * 1024)
#define EVENTS 128
#define XML                                                                 \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                      \
	"<Error><Code>NoSuchKey</Code><Message>The specified key does not " \
	"exist.</Message></Error>"

struct conn {
	int fd;
	size_t len;
	char in[ROOM];
};

static char head_reply[512], get_reply[1024];
static int epoll_fd;

static void
die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

/* The fields that S3 itself sends. */
static void
make_replies(void)
{
	char date[64];
	time_t now = time(NULL);
	struct tm tm;

	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT",
	    gmtime_r(&now, &tm));
	snprintf(head_reply, sizeof(head_reply),
	    "HTTP/1.1 404 Not Found\r\nx-amz-request-id: 4HY3V7ZDJ0Q5Y9XB\r\n"
	    "x-amz-id-2: vlR7PnpV2Ce81l0PRw6jlUpck7Jo5ZsQjryTjKlc5aLWGVHPZLj5N"
	    "eC6qMa0emYBDXOo6QBU0Wo=\r\nContent-Type: application/xml\r\n"
	    "Date: %s\r\nServer: AmazonS3\r\n",
	    date);
	snprintf(get_reply, sizeof(get_reply),
	    "%sContent-Length: %zu\r\n\r\n%s", head_reply, strlen(XML), XML);
	strcat(head_reply, "Transfer-Encoding: chunked\r\n\r\n");
}

static void
drop(struct conn *c)
{
	close(c->fd);
	free(c);
}

static bool
answer(struct conn *c)
{
	const char *reply =
	    memcmp(c->in, "HEAD ", 5) == 0 ? head_reply : get_reply;
	size_t len = strlen(reply);

	return write(c->fd, reply, len) == (ssize_t)len;
}

/* Requests without bodies, and what follows them. */
static void
on_readable(struct conn *c)
{
	ssize_t n = read(c->fd, c->in + c->len, ROOM - 1 - c->len);
	char *end;

	if (n <= 0) {
		drop(c);
		return;
	}
	c->len += (size_t)n;
	c->in[c->len] = '\0';
	while ((end = strstr(c->in, "\r\n\r\n")) != NULL) {
		size_t used = (size_t)(end + 4 - c->in);

		if (!answer(c)) {
			drop(c);
			return;
		}
		memmove(c->in, c->in + used, c->len - used + 1);
		c->len -= used;
	}
}

static void
watch(int fd, void *arg)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = arg};

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) == -1)
		die("epoll_ctl");
}

static void
on_connection(int listener)
{
	int fd = accept(listener, NULL, NULL), on = 1;
	struct conn *c;

	if (fd == -1)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c = xcalloc(1, sizeof(*c));
	c->fd = fd;
	watch(fd, c);
}

static int
listen_somewhere(void)
{
	struct sockaddr_in sa = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd == -1 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == -1 ||
	    listen(fd, 1024) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) == -1)
		die("listen");
	printf("%d\n", ntohs(sa.sin_port));
	fflush(stdout);
	return fd;
}

int
main(void)
{
	struct epoll_event ev[EVENTS];
	int listener, i, n;
	char end[64];

	make_replies();
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd == -1)
		die("epoll_create1");
	listener = listen_somewhere();
	watch(listener, &epoll_fd);
	watch(STDIN_FILENO, NULL);
	for (;;) {
		n = epoll_wait(epoll_fd, ev, EVENTS, -1);
		for (i = 0; i < n; i++) {
			if (ev[i].data.ptr == &epoll_fd)
				on_connection(listener);
			else if (ev[i].data.ptr != NULL)
				on_readable(ev[i].data.ptr);
			else if (read(STDIN_FILENO, end, sizeof(end)) <= 0)
				return EXIT_SUCCESS;
		}
	}
}
