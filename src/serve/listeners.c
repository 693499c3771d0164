/* SPDX-License-Identifier: Apache-2.0 */
/* From [api] and [metrics] to servers. */
#include "serve/listeners.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/secretfile.h"
#include "net/http_server.h"
#include "serve/api.h"
#include "serve/metrics.h"
#include "serve/server.h"

#define TOKEN_MAX 4096
/* Slow senders: 1 kB a second, counted over a whole body. */
#define BODY_RATE_MIN 1000
#define METRICS_CONNECTIONS 16
/* One address of TCP gets this part of all places. */
#define SOURCE_SHARE 4

struct listeners {
	const struct service *service;
	struct api *api;
	char *token;
	int64_t *uids;
	size_t nuids;
	struct http_server **v;
	size_t n;
};

/* --- who may come --------------------------------------------------- */

static int
read_token(struct listeners *l, const struct conf_api *c, struct error *err)
{
	if (c->token != NULL)
		l->token = xstrdup(c->token);
	if (c->token_file == NULL)
		return 0;
	if (secretfile_line(c->token_file, "a token", CONF_TOKEN_MIN, TOKEN_MAX,
		&l->token, err) == 0)
		return 0;
	if (err->hint[0] == '\0')
		err_hint(err, "'openssl rand -hex 32' makes one.");
	return err_prefix(err, "[api] token_file");
}

static int
find_user(const char *name, int64_t *out, struct error *err)
{
	struct passwd *pw;

	if (str_to_i64(name, 0, UINT32_MAX - 1, out) == 0)
		return 0;
	pw = getpwnam(name);
	if (pw == NULL)
		return err_set(err, ERR_CONFIG,
		    "[api] users: there is no user \"%s\"", name);
	*out = (int64_t)pw->pw_uid;
	return 0;
}

static int
find_users(
    struct listeners *l, const struct conf_list *users, struct error *err)
{
	l->uids = xcalloc(users->n + 1, sizeof(*l->uids));
	for (l->nuids = 0; l->nuids < users->n; l->nuids++) {
		if (find_user(users->v[l->nuids], &l->uids[l->nuids], err) ==
		    -1)
			return -1;
	}
	return 0;
}

/* --- where ---------------------------------------------------------- */

static int
listen_at(struct listeners *l, const struct http_server_options *o,
    http_request_fn *fn, void *arg, struct error *err)
{
	struct http_server *server;

	if (http_server_new(l->service->loop, o, fn, arg, &server, err) == -1)
		return -1;
	l->v = xreallocarray(l->v, l->n + 1, sizeof(struct http_server *));
	l->v[l->n++] = server;
	return 0;
}

static unsigned
max_connections(const struct listeners *l)
{
	return (unsigned)l->service->conf->api.max_connections;
}

static int
listen_unix(struct listeners *l, const char *path, struct error *err)
{
	struct http_server_options o = {
	    .unix_path = path,
	    .unix_mode = l->nuids > 0 ? 0666 : 0600,
	    .max_connections = max_connections(l),
	    .min_body_rate = BODY_RATE_MIN,
	    .refusal = api_refusal,
	};

	if (listen_at(l, &o, api_handle, l->api, err) == -1)
		return -1;
	log_info("serve", "the API is at unix:%s", path);
	return 0;
}

static int
listen_tcp(struct listeners *l, const char *what, const char *address,
    struct http_server_options *o, http_request_fn *fn, void *arg,
    struct error *err)
{
	char *host;
	int rc;

	/* conf/ has read it with the same words. */
	if (str_split_host_port(address, &host, &o->port) == -1)
		return err_set(err, ERR_CONFIG, "%s is no HOST:PORT", address);
	o->host = host;
	rc = listen_at(l, o, fn, arg, err);
	if (rc == 0) {
		log_info("serve", "%s at %s%s%s:%d", what,
		    strchr(host, ':') != NULL ? "[" : "", host,
		    strchr(host, ':') != NULL ? "]" : "",
		    http_server_port(l->v[l->n - 1]));
		if (!http_listen_is_loopback(host))
			log_warn("serve",
			    "%s can be reached from other machines, and goes "
			    "unencrypted",
			    what);
	}
	free(host);
	return rc;
}

static int
listen_api(struct listeners *l, const char *address, struct error *err)
{
	struct http_server_options o = {
	    .max_connections = max_connections(l),
	    .max_per_source = max_connections(l) / SOURCE_SHARE,
	    .min_body_rate = BODY_RATE_MIN,
	    .refusal = api_refusal,
	};

	if (str_starts(address, "unix:"))
		return listen_unix(l, address + strlen("unix:"), err);
	if (listen_tcp(l, "the API is", address, &o, api_handle, l->api, err) ==
	    0)
		return 0;
	return err_prefix(err, "[api] listen");
}

static int
listen_by_default(struct listeners *l, struct error *err)
{
	char *path = xasprintf("%s/" SERVER_SOCKET, l->service->folder);
	int rc = listen_unix(l, path, err);

	free(path);
	return rc;
}

/* --- metrics -------------------------------------------------------- */

static int
listen_metrics(struct listeners *l, const char *address, struct error *err)
{
	struct http_server_options o = {
	    .max_connections = METRICS_CONNECTIONS,
	};

	if (address == NULL)
		return 0;
	if (listen_tcp(l, "metrics are", address, &o, metrics_handle,
		(void *)(uintptr_t)l->service, err) == 0)
		return 0;
	return err_prefix(err, "[metrics] listen");
}

/* --- in and out ----------------------------------------------------- */

static int
open_all(struct listeners *l, struct error *err)
{
	const struct conf *conf = l->service->conf;
	struct api_options ao = {.service = l->service};
	size_t i;

	if (read_token(l, &conf->api, err) == -1 ||
	    find_users(l, &conf->api.users, err) == -1)
		return -1;
	ao.token = l->token;
	ao.uids = l->uids;
	ao.nuids = l->nuids;
	l->api = api_new(&ao);
	if (conf->api.listen.n == 0 && listen_by_default(l, err) == -1)
		return -1;
	for (i = 0; i < conf->api.listen.n; i++) {
		if (listen_api(l, conf->api.listen.v[i], err) == -1)
			return -1;
	}
	return listen_metrics(l, conf->metrics.listen, err);
}

int
listeners_open(
    const struct service *service, struct listeners **out, struct error *err)
{
	struct listeners *l = xcalloc(1, sizeof(*l));

	l->service = service;
	if (open_all(l, err) == -1) {
		listeners_free(l);
		return -1;
	}
	*out = l;
	return 0;
}

void
listeners_drain(struct listeners *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		http_server_drain(l->v[i]);
}

unsigned
listeners_connections(const struct listeners *l)
{
	unsigned sum = 0;
	size_t i;

	for (i = 0; i < l->n; i++)
		sum += http_server_connections(l->v[i]);
	return sum;
}

void
listeners_close(struct listeners *l)
{
	if (l == NULL)
		return;
	while (l->n > 0)
		http_server_free(l->v[--l->n]);
}

void
listeners_free(struct listeners *l)
{
	if (l == NULL)
		return;
	listeners_close(l);
	api_free(l->api);
	free(l->v);
	free(l->uids);
	hash_wipe_free(&l->token);
	free(l);
}
