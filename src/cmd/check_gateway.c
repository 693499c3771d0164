/* SPDX-License-Identifier: Apache-2.0 */
/* The probe of [gateway]: who may sign, and who can reach it. */
#include "cmd/check.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/http_server.h"
#include "serve/gateway_keys.h"

#define CLIENTS_MAX 400

/* Their sections; never a key. */
static void
put_clients(struct buf *out, const struct sigv4_clients *clients)
{
	size_t i;

	buf_printf(
	    out, "%zu client%s: ", clients->n, clients->n == 1 ? "" : "s");
	for (i = 0; i < clients->n; i++)
		buf_printf(
		    out, "%s%s", i > 0 ? ", " : "", clients->users[i].name);
}

static bool
is_loopback(const char *listen)
{
	bool loopback;
	char *host;
	int port;

	if (str_split_host_port(listen, &host, &port) == -1)
		return false;
	loopback = http_listen_is_loopback(host);
	free(host);
	return loopback;
}

static void
start(struct check_probe *p)
{
	const struct conf_gateway *g = p->section;
	struct gateway_keys *keys;
	struct error err;
	struct buf text;

	if (g->credentials_file == NULL) {
		check_remedy(p,
		    "Set credentials_file in [gateway]: the keys that "
		    "applications sign with, as in ~/.aws/credentials.");
		check_end(p, CHECK_FAIL, "there is no credentials_file");
		return;
	}
	if (gateway_keys_read(g->credentials_file, &keys, &err) == -1) {
		check_end_err(p, CHECK_FAIL, &err);
		return;
	}
	buf_init(&text, CLIENTS_MAX);
	put_clients(&text, gateway_keys_clients(keys));
	gateway_keys_unref(keys);
	if (is_loopback(g->listen)) {
		check_end(p, CHECK_OK, "%s", text.data);
	} else {
		check_remedy(p,
		    "Listen on 127.0.0.1, or put a proxy that ends TLS in "
		    "front of it.");
		check_end(p, CHECK_WARN,
		    "%s; it can be reached from other machines, and goes "
		    "unencrypted",
		    text.data);
	}
	buf_done(&text);
}

static const struct check_kind kind = {
    .name = "gateway",
    .start = start,
};

void
check_gateway_add(struct check *c)
{
	const struct conf_gateway *g = &c->app->conf->gateway;

	if (g->listen == NULL)
		return;
	check_add(c, &kind, xstrdup(g->listen))->section = g;
}
