/* SPDX-License-Identifier: Apache-2.0 */
/* A receiver of webhooks that says what it was told to. */
#include "tests/unit/hook_rig.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Head and as much body as Content-Length says; false at the end. */
static bool
read_request(int fd, struct buf *out)
{
	const char *end, *length;
	char piece[4096];
	ssize_t n;

	buf_clear(out);
	for (;;) {
		end = memmem(out->data, out->len, "\r\n\r\n", 4);
		length = strcasestr(out->data, "content-length:");
		if (end != NULL && length != NULL &&
		    (size_t)(end + 4 - out->data) +
			    strtoul(length + 15, NULL, 10) <=
			out->len)
			return true;
		n = read(fd, piece, sizeof(piece));
		if (n <= 0)
			return false;
		buf_append(out, piece, (size_t)n);
	}
}

static bool
say(int fd, const char *s)
{
	return send(fd, s, strlen(s), MSG_NOSIGNAL) == (ssize_t)strlen(s);
}

/* Who has the words may go on, and set others for the next request. */
static void
answer(struct receiver *r, int fd)
{
	enum how how = r->how;
	char c;

	if (r->words != NULL)
		say(fd, r->words);
	switch (how) {
	case ANSWER:
		break;
	case KEEP:
		if (read_request(fd, &r->request))
			r->requests++;
		else
			r->left++;
		break;
	case ENDLESS:
		while (say(fd, "0123456789abcdef0123456789abcdef"))
			continue;
		r->left++;
		break;
	case TRICKLE:
		while (say(fd, "x"))
			usleep(5000);
		r->left++;
		break;
	case SILENT:
		while (read(fd, &c, 1) > 0)
			continue;
		r->left++;
		break;
	}
}

static void *
receiver_main(void *arg)
{
	struct receiver *r = arg;
	int fd;

	while ((fd = accept(r->fd, NULL, NULL)) != -1) {
		if (read_request(fd, &r->request)) {
			r->requests++;
			answer(r, fd);
		}
		close(fd);
	}
	return NULL;
}

void
receiver_start(struct receiver *r)
{
	struct sockaddr_in sin = {
	    .sin_family = AF_INET,
	    .sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	socklen_t len = sizeof(sin);

	buf_init(&r->request, 2 << 20);
	r->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
	    bind(r->fd, (struct sockaddr *)(void *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(r->fd, 16), 0);
	assert_int_equal(
	    getsockname(r->fd, (struct sockaddr *)(void *)&sin, &len), 0);
	r->port = ntohs(sin.sin_port);
	assert_int_equal(pthread_create(&r->thread, NULL, receiver_main, r), 0);
}

void
receiver_stop(struct receiver *r)
{
	shutdown(r->fd, SHUT_RDWR);
	pthread_join(r->thread, NULL);
	close(r->fd);
}
