/* SPDX-License-Identifier: Apache-2.0 */
/* What [sns] listen needs, and where it listens. Requests are sns_post's. */
#include "serve/sns_listener.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/http_server.h"
#include "net/http_server_tls.h"
#include "serve/sns_inner.h"

/*
 * SNS sends from few hosts, over several connections each, and behind a proxy
 * all of them are one source: so one may have a quarter of all places.
 */
#define CONNECTIONS_MAX 256
#define PER_SOURCE_MAX 64
/* SNS itself waits for 15 s. */
#define REQUEST_MS 10000
#define IDLE_MS 60000
#define TLS_LOOK_MS 10000

static const char *const names[] = {
    [SNS_RESULT_TAKEN] = "taken",
    [SNS_RESULT_COPY] = "copy",
    [SNS_RESULT_UNKNOWN] = "unknown",
    [SNS_RESULT_SENSELESS] = "senseless",
    [SNS_RESULT_CONFIRMED] = "confirmed",
    [SNS_RESULT_UNSUBSCRIBED] = "unsubscribed",
    [SNS_RESULT_MALFORMED] = "malformed",
    [SNS_RESULT_UNAUTHORIZED] = "unauthorized",
    [SNS_RESULT_RAW] = "raw",
    [SNS_RESULT_FORGED] = "forged",
    [SNS_RESULT_STALE] = "stale",
    [SNS_RESULT_UNCONFIRMED] = "unconfirmed",
    [SNS_RESULT_UNCHECKED] = "unchecked",
    [SNS_RESULT_NOT_STORED] = "not_stored",
    [SNS_RESULT_CROWDED] = "crowded",
};

const char *
sns_result_name(enum sns_result result)
{
	return names[result];
}

/* --- what the server says by itself --------------------------------- */

static void
on_refusal(int status, const char *why, struct headers *headers,
    struct buf *body, void *arg)
{
	struct sns_listener *l = arg;

	l->counts.results[status == 503 ? SNS_RESULT_CROWDED
					: SNS_RESULT_MALFORMED]++;
	headers_add(headers, "Content-Type", "text/plain");
	buf_printf(body, "%s\n", why);
}

/* --- TLS ------------------------------------------------------------ */

static void
look_at_certificate(void *arg)
{
	struct sns_listener *l = arg;
	struct error err;

	switch (http_tls_refresh(l->tls, &err)) {
	case 1:
		log_info("sns", "took the new certificate");
		break;
	case -1:
		err_prefix(&err, "the old certificate stays");
		log_begin(LOG_ERROR, "sns");
		log_err(&err);
		log_end();
		break;
	default:
		break;
	}
	loop_timer_set(l->tls_timer, TLS_LOOK_MS);
}

static int
open_tls(struct sns_listener *l, struct error *err)
{
	const struct conf_sns *c = l->conf;

	if (c->certificate_file == NULL)
		return 0;
	if (http_tls_new(
		c->certificate_file, c->private_key_file, &l->tls, err) == -1)
		return err_prefix(err, "[sns]");
	l->tls_timer = loop_timer_new(l->service->loop, look_at_certificate, l);
	return 0;
}

/* --- made ------------------------------------------------------------ */

int
sns_listener_new(const struct service *service, struct doorbell *doorbell,
    struct sns_listener **out, struct error *err)
{
	struct sns_listener *l;

	*out = NULL;
	if (service->conf->sns.listen == NULL)
		return 0;
	l = xcalloc(1, sizeof(*l));
	l->service = service;
	l->doorbell = doorbell;
	l->conf = &service->conf->sns;
	TAILQ_INIT(&l->posts);
	l->unsubscribed =
	    xcalloc(l->conf->topic.n + 1, sizeof(*l->unsubscribed));
	l->confirms = sns_confirms_new(service);
	if (sns_user_read(l, l->conf->user_file, err) == -1 ||
	    open_tls(l, err) == -1) {
		sns_listener_free(l);
		return -1;
	}
	*out = l;
	return 0;
}

/* --- where ---------------------------------------------------------- */

static void
say_where(const struct sns_listener *l, const char *host)
{
	bool v6 = strchr(host, ':') != NULL;

	log_info("sns", "SNS may post to %s://%s%s%s:%d%s",
	    l->tls != NULL ? "https" : "http", v6 ? "[" : "", host,
	    v6 ? "]" : "", http_server_port(l->server), l->conf->path);
	if (l->tls == NULL && !http_listen_is_loopback(host))
		log_warn("sns",
		    "[sns] listen can be reached from other machines, and goes "
		    "unencrypted: set certificate_file and private_key_file, "
		    "or listen on 127.0.0.1 behind a proxy that ends TLS");
}

int
sns_listener_open(struct sns_listener *l, struct error *err)
{
	struct http_server_options o = {
	    .max_connections = CONNECTIONS_MAX,
	    .max_per_source = PER_SOURCE_MAX,
	    .evict = true,
	    .head_timeout_ms = REQUEST_MS,
	    .body_timeout_ms = REQUEST_MS,
	    .request_timeout_ms = REQUEST_MS,
	    .idle_timeout_ms = IDLE_MS,
	    .refusal = on_refusal,
	};
	char *host;
	int rc;

	if (l == NULL)
		return 0;
	if (str_split_host_port(l->conf->listen, &host, &o.port) == -1)
		return err_set(
		    err, ERR_CONFIG, "%s is no HOST:PORT", l->conf->listen);
	o.host = host;
	o.tls = l->tls;
	rc = http_server_new(
	    l->service->loop, &o, sns_post_handle, l, &l->server, err);
	if (rc == 0) {
		say_where(l, host);
		if (l->tls != NULL)
			loop_timer_set(l->tls_timer, TLS_LOOK_MS);
	}
	free(host);
	return rc == 0 ? 0 : err_prefix(err, "[sns] listen");
}

void
sns_listener_drain(struct sns_listener *l)
{
	if (l != NULL && l->server != NULL)
		http_server_drain(l->server);
}

unsigned
sns_listener_connections(const struct sns_listener *l)
{
	return l != NULL && l->server != NULL
	    ? http_server_connections(l->server)
	    : 0;
}

void
sns_listener_free(struct sns_listener *l)
{
	if (l == NULL)
		return;
	http_server_free(l->server);
	sns_confirms_free(l->confirms);
	sns_post_let_go(l);
	loop_timer_free(l->tls_timer);
	http_tls_free(l->tls);
	hash_wipe(l->user, sizeof(l->user));
	free(l->unsubscribed);
	free(l);
}

bool
sns_listener_count(const struct sns_listener *l, struct sns_counts *out)
{
	if (l == NULL)
		return false;
	*out = l->counts;
	out->connections = sns_listener_connections(l);
	if (l->server != NULL)
		out->evicted = http_server_evicted(l->server);
	return true;
}
