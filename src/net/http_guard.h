/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client is told of whom it may reach, by which proxy, and as whom. Each
 * address is judged when curl wants a socket for it, so it is the one that is
 * connected to, whatever a name meant before. Only for http_client.c.
 */
#ifndef NET_HTTP_GUARD_H
#define NET_HTTP_GUARD_H

#include <curl/curl.h>
#include <stdbool.h>

#include "net/http_client.h"

struct http_guard;

/* What one call carries; all zero for a client without a guard. */
struct http_pass {
	const struct http_guard *guard; /* or NULL */
	bool is_http;
	bool by_proxy;
	char *proxy; /* "": none; NULL: curl finds out */
	struct error *refused; /* the first that was; or NULL */
	bool stuck; /* one was refused, and curl may have others */
	bool *again; /* set with it: http_guard_go_on() is to be called */
};

/* *out is NULL where the options ask for none of that. */
int http_guard_new(const struct http_client_options *o, struct http_guard **out,
    struct error *err);
void http_guard_free(struct http_guard *g);

/* Before anything else: what is wrong with the URL. ERR_REFUSED, ERR_USAGE. */
int http_guard_ask(const struct http_guard *g, const struct http_request *r,
    struct http_pass *out, struct error *err);

/* The handle's settings; `fresh`: it has none yet. The pass stays where it is
 * until the call is over. */
void http_guard_set(struct http_pass *p, CURL *e, bool fresh);

/* curl tries the next address only when something happens, or after seconds.
 * Outside of its callbacks. */
void http_guard_go_on(struct http_pass *p, CURL *e);

/* The connection failed because no address was fit. */
bool http_guard_refused(
    const struct http_pass *p, CURLcode code, struct error *err);
void http_pass_done(struct http_pass *p);

#endif
