/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sumhook PORT_FILE OUT
 * A receiver of large webhooks on a port of 127.0.0.1: hashes each body as it
 * comes, answers 204, and adds a line to OUT:
 *   SIGNED(0|1) BYTES SHA-256 WHOLE(0|1)
 * sumhook --unix SOCKET OUT
 * The same with frames at a unix socket.
 * One connection and one request at a time. Plain sockets, and nothing of our
 * own client or server.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/hash.h"

#define PIECE 65536

struct request {
	char head[PIECE + 1];
	size_t head_len; /* with the blank line */
	size_t len; /* of what was read with it */
	long long size;
	bool is_signed;
};

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static int
listen_somewhere(const char *port_file)
{
	struct sockaddr_in sin = {
	    .sin_family = AF_INET,
	    .sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	struct sockaddr *sa = (struct sockaddr *)(void *)&sin;
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FILE *f;

	if (fd == -1 || bind(fd, sa, sizeof(sin)) == -1 ||
	    listen(fd, 16) == -1 || getsockname(fd, sa, &len) == -1)
		die("listen");
	f = fopen(port_file, "w");
	if (f == NULL)
		die(port_file);
	fprintf(f, "%d\n", ntohs(sin.sin_port));
	fclose(f);
	return fd;
}

/* 0, or -1 where the connection ended before. */
static int
read_head(int fd, struct request *r)
{
	char *end;
	ssize_t n;

	memset(r, 0, sizeof(*r));
	do {
		if (r->len == PIECE)
			return -1;
		n = read(fd, r->head + r->len, PIECE - r->len);
		if (n <= 0)
			return -1;
		r->len += (size_t)n;
		r->head[r->len] = '\0';
		end = strstr(r->head, "\r\n\r\n");
	} while (end == NULL);
	r->head_len = (size_t)(end - r->head) + 4;
	return 0;
}

static void
parse_head(struct request *r)
{
	const char *p;

	p = strcasestr(r->head, "\r\ncontent-length:");
	if (p != NULL)
		r->size = strtoll(strchr(p, ':') + 1, NULL, 10);
	r->is_signed = strcasestr(r->head, "\r\nwebhook-signature:") != NULL;
}

/* "awaitd/1 FACTS BODY", then the facts: they count as head. */
static int
read_frame(int fd, struct request *r)
{
	size_t facts;
	char *end;
	ssize_t n;

	memset(r, 0, sizeof(*r));
	do {
		n = read(fd, r->head + r->len, PIECE - r->len);
		if (n <= 0)
			return -1;
		r->len += (size_t)n;
		end = memchr(r->head, '\n', r->len);
		if (end != NULL &&
		    sscanf(r->head, "awaitd/1 %zu %lld\n", &facts, &r->size) !=
			2)
			return -1;
		if (end != NULL)
			r->head_len = (size_t)(end + 1 - r->head) + facts;
	} while (end == NULL || r->len < r->head_len);
	return 0;
}

/* How many bytes came. */
static long long
hash_body(int fd, const struct request *r, struct hash *hash)
{
	static char piece[PIECE];
	long long got = (long long)(r->len - r->head_len);
	ssize_t n;

	hash_update(hash, r->head + r->head_len, (size_t)got);
	while (got < r->size && (n = read(fd, piece, sizeof(piece))) > 0) {
		hash_update(hash, piece, (size_t)n);
		got += n;
	}
	return got;
}

/* Is it whole? */
static bool
take_body(int fd, const struct request *r, FILE *out)
{
	unsigned char digest[HASH_SHA256_SIZE];
	char hex[HASH_SHA256_HEX_SIZE];
	struct hash *hash = hash_new(HASH_SHA256);
	long long got = hash_body(fd, r, hash);

	hash_final(hash, digest);
	hash_free(hash);
	encode_hex(digest, sizeof(digest), hex);
	fprintf(out, "%d %lld %s %d\n", r->is_signed, got, hex, got == r->size);
	fflush(out);
	return got == r->size;
}

static void
say(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) == -1)
		perror("write");
}

static void
serve(int fd, FILE *out)
{
	struct request r;

	if (read_head(fd, &r) == -1)
		return;
	parse_head(&r);
	if (strcasestr(r.head, "\r\nexpect: 100-continue") != NULL)
		say(fd, "HTTP/1.1 100 Continue\r\n\r\n");
	if (take_body(fd, &r, out))
		say(fd, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
}

static void
serve_frame(int fd, FILE *out)
{
	struct request r;

	if (read_frame(fd, &r) == 0 && take_body(fd, &r, out))
		say(fd, "OK\n");
}

static int
listen_unix(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	if (fd == -1 ||
	    bind(fd, (struct sockaddr *)(void *)&sa, sizeof(sa)) == -1 ||
	    listen(fd, 16) == -1)
		die("listen");
	return fd;
}

int
main(int argc, char **argv)
{
	bool frames = argc == 4 && strcmp(argv[1], "--unix") == 0;
	int listener, fd;
	FILE *out;

	if (argc != 3 && !frames) {
		fprintf(stderr, "usage: sumhook PORT_FILE|--unix SOCKET OUT\n");
		return 2;
	}
	out = fopen(argv[argc - 1], "a");
	if (out == NULL)
		die(argv[argc - 1]);
	listener = frames ? listen_unix(argv[2]) : listen_somewhere(argv[1]);
	for (;;) {
		fd = accept(listener, NULL, NULL);
		if (fd == -1)
			die("accept");
		if (frames)
			serve_frame(fd, out);
		else
			serve(fd, out);
		close(fd);
	}
}
