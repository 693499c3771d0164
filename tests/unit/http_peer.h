/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scripted peer for the HTTP client, in threads of its own: plain sockets,
 * so that it can break off, lie about lengths, never end, and count. And the
 * client's side of such a test.
 */
#ifndef TESTS_HTTP_PEER_H
#define TESTS_HTTP_PEER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "base/buf.h"
#include "net/http_client.h"

#define PEER_CONNS_MAX 64

/* What one connection is answered: one reply a request, until NULL; then, for
 * as long as `go_on` is not 0 and the client takes it, that many bytes more
 * after each pause. It is closed behind that. */
struct script {
	const char *const *replies;
	size_t go_on;
	unsigned pause_ms;
};

struct peer_conn {
	pthread_t thread;
	int fd;
	const struct script *script;
	struct peer *peer;
	struct buf request; /* the last one */
	struct buf all; /* each, one behind the other */
};

struct peer {
	pthread_t thread;
	int fd;
	int port;
	const struct script *scripts; /* one a connection */
	size_t nscripts;
	struct peer_conn conns[PEER_CONNS_MAX];
	atomic_uint connections;
	atomic_uint requests;
	atomic_size_t more; /* bytes that went behind the replies */
};

void peer_start(struct peer *p, const struct script *scripts, size_t n);
void peer_start_unix(
    struct peer *p, const char *path, const struct script *scripts, size_t n);
/* The connections' requests are readable behind this. */
void peer_stop(struct peer *p);
void peer_done(struct peer *p);

/* --- the client's side ---------------------------------------------- */

struct outcome {
	struct loop *loop;
	unsigned done;
	unsigned wanted; /* so many end the loop */
	int status;
	bool cut, unsent;
	char body[256];
	size_t body_len;
	int64_t body_bytes;
	struct error err;
	struct buf sunk;
};

#define PLACES_MAX 2

struct fixture {
	struct loop *loop;
	struct http_client *client;
	struct outcome out;
	char *places[PLACES_MAX]; /* of sockets, each in a folder of its own */
	size_t nplaces;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
/* The path for a socket; borrowed, gone with the fixture. */
const char *fixture_place(struct fixture *f);
void fixture_done(
    const struct http_response *r, const struct error *err, void *arg);
int fixture_sink(const void *data, size_t len, void *arg, struct error *err);

/* Without a URL it is one of the peer. */
struct http_call *fixture_start(
    struct fixture *f, const struct peer *p, struct http_request r);
void fixture_run(
    struct fixture *f, const struct peer *p, struct http_request r);
/* What can happen now. */
void fixture_turn(struct fixture *f);

#endif
