/* SPDX-License-Identifier: Apache-2.0 */
/* The rig's client: raw sockets, and replies read by their length. */
#include "tests/unit/http_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif
#ifdef HAVE_ASAN
/* gcc has no header for it. */
size_t __sanitizer_get_current_allocated_bytes(void);
#endif

#define PATIENCE_S 10
#define REPLY_MAX ((size_t)80 << 20)

static int
connect_tcp(int port)
{
	struct sockaddr_in sa;
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(&sa, 0, sizeof(sa));
	sa.sin_family = AF_INET;
	sa.sin_port = htons((uint16_t)port);
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == -1)
		fail_msg("cannot connect: %s", strerror(errno));
	/* Pieces shall arrive as they are sent. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static int
connect_unix(const char *path)
{
	struct sockaddr_un sa;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(&sa, 0, sizeof(sa));
	sa.sun_family = AF_UNIX;
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	if (fd == -1 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == -1)
		fail_msg("cannot connect to %s: %s", path, strerror(errno));
	return fd;
}

int
rig_connect(struct rig *rig)
{
	struct timeval patience = {PATIENCE_S, 0};
	int fd = rig_path(rig) != NULL ? connect_unix(rig_path(rig))
				       : connect_tcp(rig_port(rig));

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return fd;
}

/* How much was taken before the peer refused; a stall fails the test. */
static size_t
send_until_refused(int fd, const char *data, size_t len)
{
	size_t sent = 0;

	while (sent < len) {
		ssize_t n = send(fd, data + sent, len - sent, MSG_NOSIGNAL);

		if (n == -1 && errno == EAGAIN)
			fail_msg("the server does not read");
		if (n == -1)
			break;
		sent += (size_t)n;
	}
	return sent;
}

void
rig_send(int fd, const void *data, size_t len)
{
	if (send_until_refused(fd, data, len) != len)
		fail_msg("cannot send: %s", strerror(errno));
}

void
rig_puts(int fd, const char *s)
{
	rig_send(fd, s, strlen(s));
}

void
rig_send_some(int fd, const void *data, size_t len)
{
	send_until_refused(fd, data, len);
}

/* 0 at the end, be it a reset. */
static size_t
receive(int fd, char *out, size_t size)
{
	ssize_t n = recv(fd, out, size, 0);

	if (n == -1 && errno == EAGAIN)
		fail_msg("nothing comes");
	return n > 0 ? (size_t)n : 0;
}

/* Byte by byte, so that nothing of what follows is taken. */
static bool
read_head(int fd, struct buf *head)
{
	char c;

	buf_clear(head);
	while (head->len < 4 ||
	    memcmp(head->data + head->len - 4, "\r\n\r\n", 4) != 0) {
		if (receive(fd, &c, 1) == 0)
			return false;
		assert_int_equal(buf_putc(head, c), 0);
	}
	return true;
}

bool
rig_reply_head(int fd, struct buf *head)
{
	return read_head(fd, head);
}

static size_t
length_of(const struct buf *head)
{
	const char *s = strcasestr(head->data, "\r\ncontent-length: ");

	return s != NULL ? strtoul(s + 18, NULL, 10) : 0;
}

bool
rig_reply(int fd, struct buf *head, struct buf *body)
{
	static char piece[65536];
	size_t left, n;

	buf_clear(body);
	if (!read_head(fd, head))
		return false;
	for (left = length_of(head); left > 0; left -= n) {
		n = receive(
		    fd, piece, left < sizeof(piece) ? left : sizeof(piece));
		if (n == 0)
			return false;
		assert_int_equal(buf_append(body, piece, n), 0);
	}
	return true;
}

void
rig_read_all(int fd, struct buf *out)
{
	static char piece[65536];
	size_t n;

	while ((n = receive(fd, piece, sizeof(piece))) > 0)
		assert_int_equal(buf_append(out, piece, n), 0);
}

bool
rig_at_end(int fd)
{
	char c;

	return receive(fd, &c, 1) == 0;
}

int
rig_status(const struct buf *head)
{
	if (head->len < 13 || strncmp(head->data, "HTTP/1.1 ", 9) != 0)
		return 0;
	return (int)strtol(head->data + 9, NULL, 10);
}

void
rig_exchange(int fd, const char *request, int status, const char *body)
{
	struct buf head, got;

	buf_init(&head, 8192);
	buf_init(&got, REPLY_MAX);
	rig_puts(fd, request);
	if (!rig_reply(fd, &head, &got))
		fail_msg("no whole reply to: %s", request);
	if (rig_status(&head) != status ||
	    (body != NULL && strcmp(got.data, body) != 0))
		fail_msg("to: %s\ncame: %s%s", request, head.data, got.data);
	buf_done(&head);
	buf_done(&got);
}

size_t
rig_heap(void)
{
#ifdef HAVE_ASAN
	return __sanitizer_get_current_allocated_bytes();
#else
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
#endif
}
