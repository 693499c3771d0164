/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sumhook PORT_FILE OUT
 * A receiver of large webhooks on a port of 127.0.0.1: hashes each body as it
 * comes, answers 204, and adds a line to OUT:
 *   SIGNED(0|1) BYTES SHA-256 WHOLE(0|1)
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

static void
serve(int fd, FILE *out)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	static const char yes[] =
	    "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
	unsigned char digest[HASH_SHA256_SIZE];
	char hex[HASH_SHA256_HEX_SIZE];
	struct hash *hash;
	struct request r;
	long long got;

	if (read_head(fd, &r) == -1)
		return;
	parse_head(&r);
	if (strcasestr(r.head, "\r\nexpect: 100-continue") != NULL &&
	    write(fd, go_on, strlen(go_on)) == -1)
		return;
	hash = hash_new(HASH_SHA256);
	got = hash_body(fd, &r, hash);
	hash_final(hash, digest);
	hash_free(hash);
	encode_hex(digest, sizeof(digest), hex);
	fprintf(out, "%d %lld %s %d\n", r.is_signed, got, hex, got == r.size);
	fflush(out);
	if (got == r.size && write(fd, yes, strlen(yes)) == -1)
		perror("write");
}

int
main(int argc, char **argv)
{
	int listener, fd;
	FILE *out;

	if (argc != 3) {
		fprintf(stderr, "usage: sumhook PORT_FILE OUT\n");
		return 2;
	}
	out = fopen(argv[2], "w");
	if (out == NULL)
		die(argv[2]);
	listener = listen_somewhere(argv[1]);
	for (;;) {
		fd = accept(listener, NULL, NULL);
		if (fd == -1)
			die("accept");
		serve(fd, out);
		close(fd);
	}
}
