/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever finds the address that SNS posts to, at 127.0.0.1:
 *   snsflood PORT cases
 *     every malformed request there is (tests/unit/http_cases.c), with another
 *     one behind it on the same connection:
 *       http_cases=N smuggled=0 wrong=0
 *   snsflood PORT oversize
 *     more than can be meant, as long as it is taken:
 *       oversize=N wrong=0 sent_mb=N
 *   snsflood PORT slow COUNT SECONDS
 *     COUNT connections at once from many addresses: a byte a second of a head
 *     or of a body, silence, half of a connection; again as soon as one ends:
 *       loris_conns=N opened=N answered=N max_conn_life_s=X
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/http_cases.h"

#define PATIENCE_MS 20000
#define COUNT_MAX 10000
#define SOURCES 250
#define STEP_MS 50

static int64_t port;

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "snsflood: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* `source`: of 127.0.1.N; 0: any. -1 where it does not begin. */
static int
open_socket(unsigned source, int flags)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	if (fd == -1)
		return -1;
	sa.sin_addr.s_addr = htonl(0x7f000100 | source);
	if (source > 0 && bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == -1)
		die("bind");
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sa.sin_port = htons((uint16_t)port);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 ||
	    errno == EINPROGRESS)
		return fd;
	close(fd);
	return -1;
}

/* --- one request, and all that comes -------------------------------- */

static void
send_all(int fd, const void *data, size_t len)
{
	const char *at = data;
	ssize_t n;

	while (len > 0 && (n = send(fd, at, len, MSG_NOSIGNAL)) > 0) {
		at += n;
		len -= (size_t)n;
	}
}

static void
read_all(int fd, struct buf *out)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char piece[4096];
	ssize_t n;

	buf_clear(out);
	shutdown(fd, SHUT_WR);
	while (poll(&p, 1, PATIENCE_MS) == 1 &&
	    (n = recv(fd, piece, sizeof(piece), 0)) > 0)
		buf_append(out, piece, (size_t)n);
}

static int
count_answers(const struct buf *b)
{
	const char *s = b->data;
	int n = 0;

	while ((s = strstr(s, "HTTP/1.1 ")) != NULL) {
		n++;
		s++;
	}
	return n;
}

/* --- cases ---------------------------------------------------------- */

static int cases, smuggled, wrong;

static void
try_case(const char *name, int status, const char *head, const void *bytes,
    size_t len)
{
	static const char more[] =
	    "POST /sns HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";
	int fd = open_socket(0, 0), got;
	struct buf b;

	if (fd == -1)
		die("connect");
	buf_init(&b, 1 << 20);
	send_all(fd, head, strlen(head));
	send_all(fd, bytes, len);
	send_all(fd, more, strlen(more));
	read_all(fd, &b);
	close(fd);
	got = (int)strtol(
	    str_starts(b.data, "HTTP/1.1 ") ? b.data + 9 : "0", NULL, 10);
	cases++;
	if (got != status) {
		wrong++;
		printf("wrong: %s: %d, not %d\n", name, got, status);
	}
	if (count_answers(&b) > 1) {
		smuggled++;
		printf("smuggled: %s\n", name);
	}
	buf_done(&b);
}

static int
try_cases(void)
{
	size_t i;

	for (i = 0; i < http_n_bad_heads; i++)
		try_case(http_bad_heads[i].name, http_bad_heads[i].status, "",
		    http_bad_heads[i].bytes, http_bad_heads[i].len);
	for (i = 0; i < http_n_bad_bodies; i++)
		try_case(http_bad_bodies[i].name, 411, http_sns_chunked_head,
		    http_bad_bodies[i].bytes, http_bad_bodies[i].len);
	for (i = 0; i < http_n_bad_posts; i++)
		try_case(http_bad_posts[i].name, http_bad_posts[i].status, "",
		    http_bad_posts[i].bytes, http_bad_posts[i].len);
	printf("http_cases=%d smuggled=%d wrong=%d\n", cases, smuggled, wrong);
	return smuggled + wrong > 0;
}

/* --- too much ------------------------------------------------------- */

#define MIB ((size_t)1 << 20)

static int64_t sent;

/* `piece` again and again, up to `max` bytes, or until nobody takes it. */
static void
oversize(const char *name, int status, const char *head, const char *piece,
    size_t max)
{
	int fd = open_socket(0, 0), got;
	size_t len = strlen(piece), total = 0;
	struct buf b;

	if (fd == -1)
		die("connect");
	buf_init(&b, 1 << 20);
	send_all(fd, head, strlen(head));
	while (
	    total < max && send(fd, piece, len, MSG_NOSIGNAL) == (ssize_t)len)
		total += len;
	read_all(fd, &b);
	close(fd);
	sent += (int64_t)total;
	got = (int)strtol(
	    str_starts(b.data, "HTTP/1.1 ") ? b.data + 9 : "0", NULL, 10);
	cases++;
	/* Whoever goes on sending may lose the answer to a reset. */
	if (got != status && (got != 0 || total < 16 * MIB)) {
		wrong++;
		printf("wrong: %s: %d, not %d\n", name, got, status);
	}
	buf_done(&b);
}

#define POST_HEAD "POST /sns HTTP/1.1\r\nHost: a\r\n"

static int
try_oversize(void)
{
	char *kib = xcalloc(1, 65537);

	memset(kib, 'a', 65536);
	oversize("one byte more than may be", 413,
	    POST_HEAD "Content-Length: 1048577\r\n\r\n", kib, MIB);
	oversize("ten gigabytes", 413,
	    POST_HEAD "Content-Length: 10000000000\r\n\r\n", kib, 64 * MIB);
	oversize("chunks without end", 411,
	    POST_HEAD "Transfer-Encoding: chunked\r\n\r\n",
	    "400\r\n" /* then whatever comes */, 8 * MIB);
	oversize("a megabyte of one field", 431, POST_HEAD "X: ", kib, MIB);
	oversize("fields without end", 431, POST_HEAD, "X: y\r\n", 8 * MIB);
	oversize("100,000 fields", 431, POST_HEAD, "A:\r\n", 400000);
	oversize("a field's name without end", 431, POST_HEAD, kib, 8 * MIB);
	oversize("a megabyte of path", 414, "POST /", kib, MIB);
	oversize("a path without end", 414, "POST /", kib, 64 * MIB);
	oversize("a method without end", 414, "POST", kib, 8 * MIB);
	oversize("a query without end", 414, "POST /sns?", kib, 8 * MIB);
	oversize("empty lines without end", 400, "", "\r\n", 8 * MIB);
	oversize("a whole megabyte that is nothing", 400,
	    POST_HEAD "Content-Length: 1048576\r\n\r\n", kib, MIB);
	oversize("the same again", 400,
	    POST_HEAD "Content-Length: 1048576\r\n\r\n", kib, MIB);
	free(kib);
	printf("oversize=%d wrong=%d sent_mb=%lld\n", cases, wrong,
	    (long long)(sent / (int64_t)MIB));
	return wrong > 0;
}

/* --- slowly --------------------------------------------------------- */

enum manner { HEAD, BODY, SILENT, HALF };

struct slow {
	int fd; /* -1: to be opened */
	int64_t since;
	int64_t next_at;
};

static int64_t opened, answered, longest;

static void
open_slow(struct slow *s, size_t i, int64_t now)
{
	static const char *const starts[] = {
	    [HEAD] = POST_HEAD "X: ",
	    [BODY] = POST_HEAD "Content-Length: 1000000\r\n\r\n{",
	    [SILENT] = "",
	    [HALF] = "POST /sns HTT",
	};
	enum manner how = (enum manner)(i % 4);

	s->fd = open_socket(1 + (unsigned)(i % SOURCES), 0);
	if (s->fd == -1)
		return;
	opened++;
	s->since = now;
	s->next_at = now + 1000;
	fcntl(s->fd, F_SETFL, O_NONBLOCK);
	send_all(s->fd, starts[how], strlen(starts[how]));
	if (how == HALF && i % 8 < 4)
		shutdown(s->fd, SHUT_WR);
}

static void
step_slow(struct slow *s, size_t i, int64_t now)
{
	char piece[1024];
	ssize_t n;

	if (s->fd == -1) {
		open_slow(s, i, now);
		return;
	}
	while ((n = recv(s->fd, piece, sizeof(piece), 0)) > 0)
		answered++;
	if (n == 0 || errno != EAGAIN) {
		if (now - s->since > longest)
			longest = now - s->since;
		close(s->fd);
		s->fd = -1;
	} else if (now >= s->next_at && i % 4 < SILENT) {
		s->next_at = now + 1000;
		send_all(s->fd, "x", 1);
	}
}

static int
flood(size_t n, int64_t seconds)
{
	struct slow *v = xcalloc(n, sizeof(*v));
	int64_t end = now_ms() + seconds * 1000;
	struct rlimit files;
	size_t i;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	for (i = 0; i < n; i++)
		v[i].fd = -1;
	while (now_ms() < end) {
		for (i = 0; i < n; i++)
			step_slow(&v[i], i, now_ms());
		poll(NULL, 0, STEP_MS);
	}
	for (i = 0; i < n; i++) {
		if (v[i].fd != -1)
			close(v[i].fd);
	}
	free(v);
	printf("loris_conns=%zu opened=%lld answered=%lld "
	       "max_conn_life_s=%.1f\n",
	    n, (long long)opened, (long long)answered, (double)longest / 1000);
	return 0;
}

int
main(int argc, char **argv)
{
	int64_t n, seconds;

	if (argc >= 3 && str_to_i64(argv[1], 1, 65535, &port) == 0) {
		if (argc == 3 && str_eq(argv[2], "cases"))
			return try_cases();
		if (argc == 3 && str_eq(argv[2], "oversize"))
			return try_oversize();
		if (argc == 5 && str_eq(argv[2], "slow") &&
		    str_to_i64(argv[3], 1, COUNT_MAX, &n) == 0 &&
		    str_to_i64(argv[4], 1, 3600, &seconds) == 0)
			return flood((size_t)n, seconds);
	}
	fputs("usage: snsflood PORT cases|oversize\n"
	      "       snsflood PORT slow COUNT SECONDS\n",
	    stderr);
	return 2;
}
