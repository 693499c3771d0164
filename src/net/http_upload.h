/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a request, on its way to curl. Only for http_client.c. */
#ifndef NET_HTTP_UPLOAD_H
#define NET_HTTP_UPLOAD_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/http_client.h"

struct http_upload {
	CURL *curl;
	struct error **err; /* where to say why it is broken off */
	void *body; /* a copy */
	int fd;
	http_source_fn *source;
	void *source_arg;
	int64_t len, at; /* of file or source */
	bool waits; /* for http_resume() */
	bool begun; /* curl was about to send the request */
	bool no_copy; /* of the request */
	bool stale; /* it would have been one */
};

/* Method and body of a fresh handle. *err must last as long as `u`. */
void http_upload_set(struct http_upload *u, CURL *curl,
    const struct http_request *r, struct error **err);

/* Is there something new for curl to do? */
bool http_upload_resume(struct http_upload *u);

/* Did all of the body leave? */
bool http_upload_whole(const struct http_upload *u);
void http_upload_done(struct http_upload *u);

#endif
