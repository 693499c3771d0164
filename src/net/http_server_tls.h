/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS (1.2 and later, no renegotiation) for net/http_server: a certificate
 * with its chain, a key, and both again when they were renewed.
 */
#ifndef NET_HTTP_SERVER_TLS_H
#define NET_HTTP_SERVER_TLS_H

#include "base/error.h"

struct bufferevent;
struct event_base;
struct http_tls;

/*
 * Two PEM files: the server's certificate followed by those that lead to a
 * root, and the key, unencrypted, which nobody else may read. ERR_CONFIG says
 * which of them is wrong and what to do. *out is the caller's, and must
 * outlive its servers.
 */
int http_tls_new(const char *certificate_file, const char *private_key_file,
    struct http_tls **out, struct error *err);
void http_tls_free(struct http_tls *t);

/*
 * Looks whether one of the files has changed. 1: what they hold now is what new
 * connections get; 0: nothing new; -1: they are at odds, or not readable, as
 * while they are being replaced: it stays as it was until they change again.
 */
int http_tls_refresh(struct http_tls *t, struct error *err);

/* --- for net/http_server alone -------------------------------------- */

/* Waits for the client's hello. Takes fd; NULL where memory is short. */
struct bufferevent *http_tls_accept(
    struct http_tls *t, struct event_base *base, int take_fd);
/* Tell the peer that nothing more comes. */
void http_tls_end(struct bufferevent *bev);

#endif
