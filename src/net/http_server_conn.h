/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the files of net/http_server, and for nobody else: the server, its
 * connections, and the one exchange a connection may have.
 *
 * http_conn_run() is the only place that calls handlers and that frees a
 * connection or an exchange; everything else changes state and kicks it.
 *
 *   HEAD -> EXCHANGE -> IDLE -> HEAD ...    requests one after the other
 *   any of them -> LAST -> LINGER -> DEAD   the orderly end
 */
#ifndef NET_HTTP_SERVER_CONN_H
#define NET_HTTP_SERVER_CONN_H

#include <stdbool.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "net/http_server.h"
#include "net/http_server_exchange.h"
#include "net/http_server_listen.h"

struct bufferevent;
struct evconnlistener;
struct event;

enum http_conn_state {
	HTTP_CONN_IDLE, /* between requests, no byte of the next is here */
	HTTP_CONN_HEAD,
	HTTP_CONN_EXCHANGE,
	HTTP_CONN_LAST, /* what was written last leaves */
	HTTP_CONN_LINGER, /* input is dropped, so that no RST kills it */
	HTTP_CONN_DEAD,
};

struct http_conn {
	TAILQ_ENTRY(http_conn) entry;
	struct http_server *server;
	struct bufferevent *bev;
	struct loop_timer *timer;
	int64_t deadline_at; /* 0: none */
	int64_t request_by; /* the whole request must be here; 0: no limit */
	int64_t armed_at; /* when the timer fires, perhaps too early; 0: not */
	enum http_conn_state state;
	struct http_scan scan;
	struct http_exchange *x;
	bool eof; /* the peer sends nothing more */
	bool full; /* as much was read ahead as may be */
	bool refused; /* one too many */
	bool proven; /* a 2xx has left here */
	bool watched; /* is not read, so that its end is looked for */
	bool running;
	bool posted;
	size_t lingered;
	int64_t outstanding; /* while it lingers */
	struct http_peer peer;
	struct http_source *source;
};
TAILQ_HEAD(http_conns, http_conn);

struct http_server {
	struct loop *loop;
	struct http_server_options opt; /* host and path are not kept */
	http_request_fn *fn;
	void *arg;
	struct evconnlistener *listener; /* NULL once it drains */
	struct loop_timer *pause; /* of accepting, when descriptors ran out */
	int port;
	struct http_unix file;
	struct event *watch; /* of watch_fd; both are while n_watched > 0 */
	int watch_fd;
	unsigned n_watched;
	struct http_conns conns;
	unsigned n_conns;
	unsigned n_refused; /* of them, that are only told so */
	struct http_sources sources; /* of all of them */
	uint64_t n_evicted;
	bool draining;
	bool freed; /* gone for its owner; the last connection frees it */
	struct buf scratch; /* heads of replies are put together here */
	int64_t date_at; /* the second that `date` shows */
	char date[32];
};

/* --- http_server_watch.c: is http_conn_lost() called at a hang-up? -- */
void http_watch(struct http_conn *c, bool on);

/* --- http_server_conn.c --------------------------------------------- */
void http_conn_start(struct http_server *s, int take_fd,
    const struct http_peer *peer, const char *no_place);
/* Run now, or at the end of the run under way. Not from the API: kick. */
void http_conn_run(struct http_conn *c);
void http_conn_kick(struct http_conn *c);
/* Over without a word, at once: the exchange's gone is called. */
void http_conn_kill(struct http_conn *c);
void http_conn_lost(struct http_conn *c); /* the same, outside of a run */
/* What the output holds is the last the peer hears. */
void http_conn_finish(struct http_conn *c);
void http_conn_reset(struct http_conn *c); /* behind the reply */
void http_conn_free(struct http_conn *c);
/* For the peer to send or to take something, not for us. */
bool http_conn_waits(const struct http_conn *c);

/* --- http_server_body.c: each step is true if it changed anything --- */
void http_body_begin(struct http_exchange *x);
bool http_body_step(struct http_exchange *x);
/* Whether bytes of the body are wanted from the peer. */
bool http_body_wanted(const struct http_exchange *x);
/* Settle what becomes of the rest, now that the reply is known. */
void http_body_replied(struct http_exchange *x);

/* --- http_server_stream.c: true if it changed anything -------------- */
bool http_stream_step(struct http_exchange *x);

/* --- http_server_reply.c -------------------------------------------- */
#define HTTP_UNTIL_CLOSE (-1) /* lengths that are none */
#define HTTP_CHUNKED (-2)
/* Settle the framing and write the head. 0 if the body that was promised is to
 * follow; -1 if the head says all there is to say. */
int http_reply_begin(struct http_exchange *x, int status,
    const struct headers *h, int64_t length);
/* Fill the output from the file that is being sent. */
void http_reply_refill(struct http_exchange *x);
/* An answer of the server's own behind which the connection ends. */
void http_reply_refusal(struct http_conn *c, int status, const char *text);
/* The same within an exchange, whose handler is told that it is gone. */
void http_reply_failure(struct http_exchange *x, int status, const char *text);

#endif
