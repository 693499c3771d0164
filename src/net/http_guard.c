/* SPDX-License-Identifier: Apache-2.0 */
/* The guard of a client whose URLs others had a say in. */
#include "net/http_guard.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/egress.h"
#include "net/http_identity.h"
#include "net/proxy.h"
#include "net/url.h"

struct http_guard {
	struct egress *egress; /* NULL: any address */
	char *proxy; /* NULL: the environment's; "": none */
	bool has_identity;
	struct http_identity identity;
};

/* --- clients -------------------------------------------------------- */

static int
read_files(struct http_guard *g, const struct http_client_options *o,
    struct error *err)
{
	if (g->egress != NULL && o->ca_file != NULL &&
	    http_identity_check_roots(o->ca_file, err) == -1)
		return -1;
	if (o->certificate_file == NULL)
		return 0;
	if (http_identity_load(o->certificate_file, o->private_key_file,
		&g->identity, err) == -1)
		return -1;
	g->has_identity = true;
	return 0;
}

int
http_guard_new(const struct http_client_options *o, struct http_guard **out,
    struct error *err)
{
	struct http_guard *g;

	*out = NULL;
	if (o->egress == NULL && o->proxy == NULL &&
	    o->certificate_file == NULL)
		return 0;
	if (!str_empty(o->proxy) && proxy_check(o->proxy, err) == -1)
		return err_prefix(err, "proxy");
	g = xcalloc(1, sizeof(*g));
	if (o->egress != NULL)
		g->egress = egress_copy(o->egress);
	g->proxy = xstrdup_or_null(o->proxy);
	if (read_files(g, o, err) == -1) {
		http_guard_free(g);
		return -1;
	}
	*out = g;
	return 0;
}

void
http_guard_free(struct http_guard *g)
{
	if (g == NULL)
		return;
	egress_free(g->egress);
	if (g->has_identity)
		http_identity_done(&g->identity);
	free(g->proxy);
	free(g);
}

/* --- calls ---------------------------------------------------------- */

/* What goes through a proxy is not seen again: it has to be encrypted. */
static int
check_proxied(const struct http_guard *g, const struct url *url, bool by_proxy,
    struct error *err)
{
	if (!by_proxy || g->egress == NULL || str_eq(url->scheme, "https") ||
	    egress_is_literal(url))
		return 0;
	err_set(err, ERR_REFUSED,
	    "http:// to a name through a proxy is refused: nobody could tell "
	    "that it goes to allow_networks");
	return err_hint(err,
	    "Use https://, or ask that receiver directly: proxy = none, or "
	    "NO_PROXY.");
}

static const char *
choose_proxy(const struct http_guard *g, const struct http_request *r,
    const struct url *url)
{
	if (r->direct)
		return NULL;
	return g->proxy != NULL ? g->proxy : proxy_of_environment(url);
}

int
http_guard_ask(const struct http_guard *g, const struct http_request *r,
    struct http_pass *out, struct error *err)
{
	const char *proxy;
	struct url url;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (g == NULL)
		return 0;
	if (r->unix_socket != NULL)
		return err_set(err, ERR_REFUSED,
		    "a local socket is no receiver on a network");
	if (url_parse(r->url, &url, err) == -1)
		return -1;
	proxy = choose_proxy(g, r, &url);
	out->guard = g;
	out->is_http = str_eq(url.scheme, "http");
	out->by_proxy = !str_empty(proxy);
	if (g->egress != NULL)
		rc = egress_check_url(g->egress, &url, err);
	if (rc == 0)
		rc = check_proxied(g, &url, out->by_proxy, err);
	url_done(&url);
	if (rc == 0)
		out->proxy = xstrdup(proxy != NULL ? proxy : "");
	return rc;
}

/* Called for each address that is tried. */
static curl_socket_t
on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct http_pass *p = arg;
	struct error err;

	(void)purpose;
	/* The address of a proxy is its operator's choice. */
	if (p->by_proxy || p->guard->egress == NULL ||
	    egress_check(p->guard->egress, &a->addr, p->is_http, &err) == 0)
		return socket(
		    a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
	if (p->refused == NULL) {
		p->refused = xcalloc(1, sizeof(*p->refused));
		*p->refused = err;
	}
	p->stuck = *p->again = true;
	return CURL_SOCKET_BAD;
}

/* Going on behind a pause makes curl look at the transfer at once. */
void
http_guard_go_on(struct http_pass *p, CURL *e)
{
	if (!p->stuck)
		return;
	p->stuck = false;
	curl_easy_pause(e, CURLPAUSE_ALL);
	curl_easy_pause(e, CURLPAUSE_CONT);
}

/* Without a copy: it lives as long as the client's handles. */
static struct curl_blob
blob_of(const struct buf *b)
{
	return (struct curl_blob){
	    .data = b->data, .len = b->len, .flags = CURL_BLOB_NOCOPY};
}

static void
set_identity(const struct http_identity *id, CURL *e)
{
	struct curl_blob certificate = blob_of(&id->certificate);
	struct curl_blob key = blob_of(&id->key);

	curl_easy_setopt(e, CURLOPT_SSLCERT_BLOB, &certificate);
	curl_easy_setopt(e, CURLOPT_SSLKEY_BLOB, &key);
}

void
http_guard_set(struct http_pass *p, CURL *e, bool fresh)
{
	if (p->guard == NULL)
		return;
	curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, p);
	if (!fresh)
		return;
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	/* With a list of exceptions of its own curl could leave the proxy out,
	 * and nobody would ask where it goes then. */
	curl_easy_setopt(e, CURLOPT_NOPROXY, "");
	curl_easy_setopt(e, CURLOPT_PROXY, p->proxy);
	if (p->guard->has_identity)
		set_identity(&p->guard->identity, e);
}

bool
http_guard_refused(const struct http_pass *p, CURLcode code, struct error *err)
{
	if (p->refused == NULL || code != CURLE_COULDNT_CONNECT)
		return false;
	*err = *p->refused;
	return true;
}

void
http_pass_done(struct http_pass *p)
{
	free(p->proxy);
	free(p->refused);
}
