/* SPDX-License-Identifier: Apache-2.0 */
/* What [gateway] needs, and where it listens. Requests are gateway_call's. */
#include "serve/gateway.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/gateway_inner.h"

/* A session token alone may have 2 kB, and each member 1 kB. */
#define HEAD_MAX ((size_t)32 << 10)
/* Slow senders: 1 kB a second, counted over a whole body. */
#define BODY_RATE_MIN 1000
/* Where others can reach us one address gets this part of all places. */
#define SOURCE_SHARE 4

/* --- keys ------------------------------------------------------------- */

static int
read_keys(const struct conf *conf, struct gateway_keys **out, struct error *err)
{
	const char *path = conf->gateway.credentials_file;

	if (path != NULL)
		return gateway_keys_read(path, out, err);
	err_set(
	    err, ERR_CONFIG, "[gateway] listen needs credentials_file, too");
	return err_hint(err,
	    "It holds the access keys that applications sign with, in the "
	    "form of ~/.aws/credentials.");
}

int
gateway_reread(const struct gateway *g, const struct conf *conf,
    struct gateway_keys **out, struct error *err)
{
	*out = NULL;
	return g != NULL && conf->gateway.listen != NULL
	    ? read_keys(conf, out, err)
	    : 0;
}

void
gateway_take_keys(struct gateway *g, struct gateway_keys *take_keys)
{
	if (g == NULL || take_keys == NULL)
		return;
	gateway_keys_unref(g->keys);
	g->keys = take_keys;
}

/* --- in and out ------------------------------------------------------- */

int
gateway_new(
    const struct service *service, struct gateway **out, struct error *err)
{
	struct gateway_keys *keys;
	struct gateway *g;

	*out = NULL;
	if (service->conf->gateway.listen == NULL)
		return 0;
	if (read_keys(service->conf, &keys, err) == -1)
		return -1;
	g = xcalloc(1, sizeof(*g));
	g->service = service;
	g->conf = &service->conf->gateway;
	g->keys = keys;
	TAILQ_INIT(&g->calls);
	TAILQ_INIT(&g->asks);
	*out = g;
	return 0;
}

static void
say_where(const struct gateway *g, const char *host)
{
	bool v6 = strchr(host, ':') != NULL;

	log_info("gateway", "the gateway is at http://%s%s%s:%d", v6 ? "[" : "",
	    host, v6 ? "]" : "", http_server_port(g->server));
	if (!http_listen_is_loopback(host))
		log_warn("gateway",
		    "the gateway can be reached from other machines, and "
		    "goes unencrypted");
}

int
gateway_open(struct gateway *g, struct error *err)
{
	struct http_server_options o = {
	    .max_head = HEAD_MAX,
	    .min_body_rate = BODY_RATE_MIN,
	    .refusal = gateway_refusal,
	};
	char *host;
	int rc;

	if (g == NULL)
		return 0;
	/* conf/ has read it with the same words. */
	if (str_split_host_port(g->conf->listen, &host, &o.port) == -1)
		return err_set(
		    err, ERR_CONFIG, "%s is no HOST:PORT", g->conf->listen);
	o.host = host;
	o.max_connections = (unsigned)g->conf->max_connections;
	if (!http_listen_is_loopback(host))
		o.max_per_source = o.max_connections / SOURCE_SHARE;
	rc = http_server_new(
	    g->service->loop, &o, gateway_handle, g, &g->server, err);
	if (rc == 0)
		say_where(g, host);
	free(host);
	return rc == 0 ? 0 : err_prefix(err, "[gateway] listen");
}

void
gateway_drain(struct gateway *g)
{
	if (g == NULL)
		return;
	gateway_asks_stop(g);
	if (g->server != NULL)
		http_server_drain(g->server);
}

unsigned
gateway_connections(const struct gateway *g)
{
	return g != NULL && g->server != NULL
	    ? http_server_connections(g->server)
	    : 0;
}

void
gateway_close(struct gateway *g)
{
	if (g == NULL)
		return;
	http_server_free(g->server);
	g->server = NULL;
}

void
gateway_free(struct gateway *g)
{
	if (g == NULL)
		return;
	gateway_close(g);
	gateway_asks_free(g);
	gateway_keys_unref(g->keys);
	free(g);
}
