/* SPDX-License-Identifier: Apache-2.0 */
/* The one exchange that a connection of net/http_server may have. Between the
 * files of net/http_server, and for nobody else. */
#ifndef NET_HTTP_SERVER_EXCHANGE_H
#define NET_HTTP_SERVER_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "net/http_chunk.h"
#include "net/http_parse.h"
#include "net/http_server.h"
#include "net/http_server_shape.h"
#include "net/http_server_stream.h"

struct http_conn;

enum http_body_state {
	HTTP_BODY_WAITING, /* nobody has said what becomes of it */
	HTTP_BODY_TAKEN, /* goes to the sink */
	HTTP_BODY_SKIPPED, /* dropped, so that the connection can go on */
	HTTP_BODY_LEFT, /* stays unread; the connection will close */
	HTTP_BODY_READ,
};

struct http_exchange {
	struct http_conn *conn;
	struct http_head head;
	enum http_body_state body;
	bool paused;
	bool too_large;
	bool continued; /* 100 was sent, or need not be */
	int64_t left; /* of a body with a length */
	int64_t got;
	struct http_chunk chunk;
	struct http_body_sink sink;
	void *sink_arg;
	int64_t body_at; /* the start of the body, pauses taken out */
	int64_t paused_at;
	void (*gone)(struct http_exchange *x, void *arg);
	void *gone_arg;
	bool replied; /* the handler is out of it: no callback any more */
	bool keep; /* the connection serves another request after this */
	int fd; /* of the file that is being sent, or -1 */
	int64_t file_at;
	int64_t file_left;
	struct http_shaped shaped;

	bool streaming; /* `gone` is called yet, although it was replied */
	bool high; /* more waits than is low */
	bool cut; /* ended, since its peer took too little */
	int64_t streamed; /* bytes */
	struct http_stream stream;
	void *stream_arg;

	int64_t progress_at; /* when a byte of body last came or went */
	int64_t outstanding; /* bytes the peer had not taken at that time */
};

#endif
