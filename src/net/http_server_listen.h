/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How net/http_server listens: addresses, the file of a UNIX socket, and what
 * is known of who connects. For the files of net/http_server and their tests.
 */
#ifndef NET_HTTP_SERVER_LISTEN_H
#define NET_HTTP_SERVER_LISTEN_H

#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/error.h"
#include "net/http_server.h"

struct http_conn;

/* Who is at the other end. */
struct http_peer {
	char name[80]; /* address:port or unix:uid=N */
	int64_t uid; /* -1 for TCP */
	uint64_t source; /* those of one have one limit; 0 for UNIX */
};

/* How much of a server one source has. */
struct http_source {
	LIST_ENTRY(http_source) entry;
	uint64_t id; /* of http_peer */
	unsigned n_conns; /* all, and what follows are some of them */
	unsigned n_served; /* not refused */
	unsigned n_strange; /* served, and no 2xx has left there yet */
};
LIST_HEAD(http_sources, http_source);

/* The file of a UNIX socket that is ours. */
struct http_unix {
	char *path; /* NULL: there is none */
	dev_t dev;
	ino_t ino;
};

/* Takes host, port or path from `options`, the rest is in s->opt. */
int http_listen_open(struct http_server *s,
    const struct http_server_options *options, struct error *err);
void http_listen_close(struct http_server *s);
void http_listen_again(void *arg); /* the server, behind a pause */
/* What counts as one source of connections: an address of IPv4, mapped into
 * IPv6 or not, or a /56 of IPv6. 0 for anything else. */
uint64_t http_listen_source(const struct sockaddr *sa);

/* A connection is one of its source's, until it goes; and is known. */
void http_source_join(struct http_conn *c);
void http_source_leave(struct http_conn *c);
void http_source_prove(struct http_conn *c);
/* Why there is no place for this one; NULL where there is, perhaps since
 * another had to go. */
const char *http_source_no_place(
    struct http_server *s, const struct http_peer *peer);

/* A socket that listens: *out_fd is the caller's. Behind a failure there is
 * no file of ours. */
int http_unix_listen(struct http_unix *u, const char *path, unsigned mode,
    int *out_fd, struct error *err);
/* Remove the file if it is still ours; while the socket is open. */
void http_unix_remove(struct http_unix *u);

#endif
