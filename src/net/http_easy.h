/* SPDX-License-Identifier: Apache-2.0 */
/*
 * curl's easy handles, used again and again: one that did the same kind of
 * request to the same host before is told only of what is new, which is the
 * path and the header fields. Only for http_client.c.
 */
#ifndef NET_HTTP_EASY_H
#define NET_HTTP_EASY_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "net/http_client.h"

#define HTTP_EASY_IDLE_MAX 128

/* A URL up to its path, read once. */
struct http_origin {
	TAILQ_ENTRY(http_origin) entry;
	char *name; /* "https://host:port" */
	CURLU *url;
	unsigned refs; /* of handles, idle ones too */
};
TAILQ_HEAD(http_origins, http_origin);

/* What has to be the same for a handle to be kept as it is. */
struct http_kind {
	char method[8];
	int64_t timeout_ms, connect_ms, stall_ms;
	bool no_proxy;
	struct http_origin *origin; /* NULL: it is not kept */
};

struct http_easy {
	TAILQ_ENTRY(http_easy) entry;
	CURL *curl;
	struct http_kind kind;
	struct curl_slist *fields; /* of the request: an array … */
	char *texts; /* … of pieces of this */
	char error[CURL_ERROR_SIZE];
};
TAILQ_HEAD(http_easy_list, http_easy);

struct http_easies {
	CURLSH *share; /* what handles have in common: sessions of TLS */
	struct http_easy_list idle; /* the last one used first */
	size_t nidle;
	struct http_origins origins; /* the last one used first */
	size_t norigins;
};

void http_easies_init(struct http_easies *s);

/* All handles were given back. */
void http_easies_done(struct http_easies *s);

/*
 * A handle that knows the request's URL, header fields and, where *fresh is
 * false, all else that is set for one of its kind. A fresh one knows times and
 * proxies; the method and whatever the caller wants of all is not set.
 */
struct http_easy *http_easy_get(
    struct http_easies *s, const struct http_request *r, bool *fresh);
void http_easy_put(struct http_easies *s, struct http_easy *e);

#endif
