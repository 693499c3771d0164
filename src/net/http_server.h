/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP/1.1 server that everything inbound uses: strict by RFC 9112,
 * capped in every dimension, with total deadlines, bodies streamed both ways.
 *
 * A request reaches the handler when its head is complete and sound. The
 * handler answers at once, or takes the body first (http_body), or answers
 * later from any callback. Each exchange is answered exactly once; a handler
 * that drops one without an answer leaks it. Behind the answer, or an abort,
 * none of its callbacks is called any more, `gone` included; it may be read
 * until the callback or timer returns in which that happened, and must not be
 * touched later. No function calls back before it returns but _free().
 */
#ifndef NET_HTTP_SERVER_H
#define NET_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/loop.h"
#include "net/header.h"
#include "net/http_server_options.h"

struct http_server;
struct http_exchange;

/* Decide what to do with a request; the head is complete. */
typedef void http_request_fn(struct http_exchange *x, void *arg);

/*
 * Listens at once, and has the process ignore SIGPIPE unless it handles it.
 * *out is the caller's (http_server_free). A UNIX socket that nobody listens
 * at any more is replaced (ERR_BUSY: somebody does; ERR_CONFIG: the file is no
 * socket, or the path is too long); it is removed by drain and free.
 */
int http_server_new(struct loop *loop,
    const struct http_server_options *options, http_request_fn *fn, void *arg,
    struct http_server **out, struct error *err);
int http_server_port(const struct http_server *s); /* 0: a UNIX socket */
/* Whether nobody but this machine reaches such an address. */
bool http_listen_is_loopback(const char *host);

/* How many connections are open; behind a drain, 0 says that all is done. */
unsigned http_server_connections(const struct http_server *s);
/* How many had to go for others (evict). */
uint64_t http_server_evicted(const struct http_server *s);

/* No new connections; those with a request under way end after its reply. */
void http_server_drain(struct http_server *s);
/* Closes everything; `gone` is called for exchanges under way. */
void http_server_free(struct http_server *s);

/* --- the request; all borrowed, valid until the exchange ends ------- */
const char *http_method(const struct http_exchange *x);
const char *http_path(const struct http_exchange *x); /* raw, before '?' */
const char *http_query(const struct http_exchange *x); /* raw, or "" */
const struct headers *http_headers(const struct http_exchange *x);
/* address:port, or unix:uid=N with the user that the kernel vouches for; that
 * user again, or -1 for TCP. */
const char *http_peer(const struct http_exchange *x);
int64_t http_peer_uid(const struct http_exchange *x);
/* Content-Length; -1 for a chunked body of unknown length; 0 without one. */
int64_t http_content_length(const struct http_exchange *x);

/*
 * Called when the peer left, timed out, or broke the framing: no reply can be
 * sent any more. Free what hangs on the exchange. A peer that only ended its
 * sending behind the request is not gone: it gets its reply. A reset is known
 * at once, and so is the close of a UNIX socket. The close of a TCP connection
 * is not: until something is sent, it looks like an end of sending.
 */
void http_on_gone(struct http_exchange *x,
    void (*gone)(struct http_exchange *x, void *arg), void *arg);

/*
 * Take the body: `data` for each piece, then `end` once, also where there is
 * no body. `data` returns -1 to refuse the rest: nothing more comes, and the
 * reply is given before or later. A body of more than `max` bytes is not
 * handed out further: `toolarge` is to reply (413), or where it is NULL the
 * server does, behind `gone`. Without this call the body is discarded (up to
 * 64 KiB) or the connection closed. Sends 100 to a peer that waits for it.
 */
struct http_body_sink {
	int64_t max;
	int (*data)(
	    struct http_exchange *x, const void *data, size_t len, void *arg);
	void (*end)(struct http_exchange *x, void *arg);
	void (*toolarge)(struct http_exchange *x, void *arg);
};
void http_body(
    struct http_exchange *x, const struct http_body_sink *sink, void *arg);

/* Stop and go on reading the body: back pressure. */
void http_body_pause(struct http_exchange *x);
void http_body_resume(struct http_exchange *x);

/*
 * A whole reply. Content-Length, Date and Connection are added; `headers` may
 * be NULL. Its framing fields are left out, but `Connection: close` closes
 * and a Date replaces ours. For HEAD the length is sent and the body is not.
 * A reply that comes before the body was read closes the connection after it,
 * unless the rest is known to be small (64 KiB). Nothing is kept of what the
 * arguments point to.
 */
void http_reply(struct http_exchange *x, int status,
    const struct headers *headers, const void *body, size_t len);

/*
 * A reply whose body is [offset, offset + len) of a file, streamed in
 * bounded memory. Takes fd, closes it. A file that turns out shorter closes
 * the connection, so that the peer sees a broken transfer.
 */
void http_reply_file(struct http_exchange *x, int status,
    const struct headers *headers, int take_fd, int64_t offset, int64_t len);

/*
 * A reply with a Content-Length of its own and no body: for HEAD, where the
 * length is that of a body not sent (len -1: none is named).
 */
void http_reply_head(struct http_exchange *x, int status,
    const struct headers *headers, int64_t len);

const char *http_reason(int status); /* "Not Found" and the like */

/* Break the connection without an answer: by a reset, where there is one. */
void http_abort(struct http_exchange *x);

#endif
