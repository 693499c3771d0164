/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer at a UNIX socket that answers as a test says: threads and plain
 * sockets, so that it can also lie, break off and say nothing. It need not be
 * a service that the client speaks with.
 */
#ifndef TESTS_API_PEER_H
#define TESTS_API_PEER_H

#include <stdbool.h>
#include <stddef.h>

struct api_peer;

/* What to do with request n (0, 1, …), of which `head` and what came of the
 * body are told. Of any thread, one at a time. */
struct api_reply {
	char *data; /* freed by the peer; NULL: nothing is said */
	size_t len; /* 0: it is a string */
	bool end; /* and the connection is closed */
};
typedef struct api_reply api_answer_fn(
    const char *request, size_t len, unsigned n, void *arg);

/* At a socket in a folder of its own. */
struct api_peer *api_peer_start(api_answer_fn *fn, void *arg);
void api_peer_stop(struct api_peer *p);
const char *api_peer_path(const struct api_peer *p);

unsigned api_peer_requests(struct api_peer *p);

/* Request n as it came; the caller's. */
char *api_peer_request(struct api_peer *p, unsigned n);

/* A whole answer of this status, type and body. */
struct api_reply api_reply(int status, const char *type, const char *body);

#endif
