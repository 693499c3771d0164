/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that go on. Only for files of this folder. */
#ifndef SERVE_API_STREAM_H
#define SERVE_API_STREAM_H

#include "net/http_server_stream.h"
#include "serve/api_call.h"

/* Begun, logged and counted as a 200: 0, and the call lives until its peer is
 * gone. -1: the head was all that was asked for, and the call is over. */
int api_stream(struct api_call *c, const char *type,
    const struct http_stream *how, void *arg);

#endif
