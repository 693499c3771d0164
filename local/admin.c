/* SPDX-License-Identifier: Apache-2.0 */
/* Who may ask at the admin address, and what is answered: text, for people. */
#include "local/admin.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/metrics.h"
#include "net/http_server.h"

#define CONNECTIONS_MAX 64
#define HEAD_MAX ((size_t)8 << 10)
#define BODY_MAX ((size_t)256 << 10)
#define REPLY_MAX ((size_t)16 << 20)

#define TEXT "text/plain; charset=utf-8"
#define METRICS "text/plain; version=0.0.4; charset=utf-8"

struct admin {
	struct admin_options o;
	struct http_server *http;
	bool loopback; /* a browser on this machine can reach us */
	unsigned char token[HASH_SHA256_SIZE]; /* its digest */
};

/* --- answers -------------------------------------------------------- */

/* allow: of a 405, else NULL. */
static void
answer_allow(struct http_exchange *x, int status, const char *type,
    const struct buf *body, const char *allow)
{
	struct headers h;

	log_begin(LOG_DEBUG, "admin");
	log_str("method", http_method(x));
	log_str("path", http_path(x));
	log_int("status", status);
	log_end();
	headers_init(&h);
	headers_add(&h, "Content-Type", type);
	headers_add(&h, "Cache-Control", "no-store");
	headers_add(&h, "X-Content-Type-Options", "nosniff");
	if (status == 401)
		headers_add(&h, "WWW-Authenticate", "Bearer");
	if (allow != NULL)
		headers_add(&h, "Allow", allow);
	http_reply(x, status, &h, body->data, body->len);
	headers_done(&h);
}

static void
say_allow(
    struct http_exchange *x, int status, const char *text, const char *allow)
{
	struct buf b;

	buf_init(&b, strlen(text));
	buf_puts(&b, text);
	answer_allow(x, status, TEXT, &b, allow);
	buf_done(&b);
}

static void
say(struct http_exchange *x, int status, const char *text)
{
	say_allow(x, status, text, NULL);
}

static void
answer(struct http_exchange *x, int status, const char *type,
    const struct buf *body)
{
	if (body->overflow)
		say(x, 500, "the answer is too long\n");
	else
		answer_allow(x, status, type, body, NULL);
}

static void
refuse_err(struct http_exchange *x, const struct error *err)
{
	char *text = xasprintf(
	    "%s\n%s%s", err->text, err->hint, err->hint[0] != '\0' ? "\n" : "");

	say(x, 400, text);
	free(text);
}

/* --- who may ask ---------------------------------------------------- */

/* "HOST", "HOST:PORT", "[v6]:PORT"; the caller's host, or NULL. */
static char *
host_of(const char *field)
{
	const char *end;

	if (*field == '[') {
		end = strchr(field, ']');
		return end != NULL
		    ? xstrndup(field + 1, (size_t)(end - field - 1))
		    : NULL;
	}
	return xstrndup(field, strcspn(field, ":"));
}

/*
 * A name that an attacker points at 127.0.0.1 makes a browser here ask in the
 * name of that attacker's page; its requests carry that name. Where others
 * can reach us there is a token, which no page has.
 */
static bool
is_our_host(const struct admin *a, const struct headers *h)
{
	const char *field = headers_get(h, "Host");
	char *host;
	bool ours;

	if (!a->loopback)
		return true;
	host = field != NULL ? host_of(field) : NULL;
	if (host == NULL)
		return false;
	str_lower(host);
	ours = conf_is_loopback(host);
	free(host);
	return ours;
}

static bool
has_token(const struct admin *a, const struct headers *h)
{
	static const char scheme[] = "Bearer ";
	const char *value = headers_get(h, "Authorization");
	unsigned char digest[HASH_SHA256_SIZE];

	if (a->o.conf->token == NULL)
		return true;
	if (value == NULL || headers_count(h, "Authorization") != 1 ||
	    strncasecmp(value, scheme, strlen(scheme)) != 0)
		return false;
	value += strlen(scheme);
	hash_sha256(value, strlen(value), digest);
	return hash_equal(digest, a->token, sizeof(digest));
}

/* Or the exchange is answered. */
static bool
may_ask(struct admin *a, struct http_exchange *x, bool open)
{
	const struct headers *h = http_headers(x);

	if (headers_get(h, "Origin") != NULL) {
		say(x, 403,
		    "this address is not for browsers\n"
		    "Leave the Origin header out.\n");
		return false;
	}
	if (!is_our_host(a, h)) {
		say(x, 403,
		    "the Host header names another machine\n"
		    "Ask for 127.0.0.1 or localhost.\n");
		return false;
	}
	if (open || has_token(a, h))
		return true;
	say(x, 401,
	    "the token is missing or wrong\n"
	    "Send Authorization: Bearer TOKEN, as it stands in token_file.\n");
	return false;
}

/* --- what is asked for ---------------------------------------------- */

static void
get_healthz(struct admin *a, struct http_exchange *x)
{
	(void)a;
	say(x, 200, "ok\n");
}

static void
get_metrics(struct admin *a, struct http_exchange *x)
{
	const struct metrics_endpoint *v;
	struct buf b;
	size_t n;

	buf_init(&b, REPLY_MAX);
	v = queue_metrics(a->o.queue, &n);
	metrics_write(&b, v, n);
	answer(x, 200, METRICS, &b);
	buf_done(&b);
}

static void
get_faults(struct admin *a, struct http_exchange *x)
{
	struct buf b;

	buf_init(&b, REPLY_MAX);
	faults_list(a->o.faults, &b);
	answer(x, 200, TEXT, &b);
	buf_done(&b);
}

struct post {
	struct admin *admin;
	struct buf body;
};

static void
post_free(struct post *p)
{
	buf_done(&p->body);
	free(p);
}

static void
on_gone(struct http_exchange *x, void *arg)
{
	(void)x;
	post_free(arg);
}

static int
on_data(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	struct post *p = arg;

	(void)x;
	buf_append(&p->body, data, len);
	return 0;
}

static void
add_faults(struct post *p, struct http_exchange *x)
{
	struct error err;
	struct buf ids;

	if (strlen(p->body.data) != p->body.len) {
		say(x, 400, "the body holds a NUL byte\nSend lines of text.\n");
		return;
	}
	buf_init(&ids, BODY_MAX);
	if (faults_add_text(p->admin->o.faults, p->body.data, &ids, &err) == -1)
		refuse_err(x, &err);
	else if (ids.len == 0)
		say(x, 400,
		    "the body names no fault\n"
		    "Send lines such as: throttle count=2\n");
	else
		answer(x, 201, TEXT, &ids);
	buf_done(&ids);
}

static void
on_end(struct http_exchange *x, void *arg)
{
	struct post *p = arg;

	add_faults(p, x);
	post_free(p);
}

static void
on_toolarge(struct http_exchange *x, void *arg)
{
	say(x, 413, "the body is too large\nSend 256 KiB at the most.\n");
	post_free(arg);
}

static void
post_faults(struct admin *a, struct http_exchange *x)
{
	struct http_body_sink sink = {.max = BODY_MAX,
	    .data = on_data,
	    .end = on_end,
	    .toolarge = on_toolarge};
	struct post *p = xcalloc(1, sizeof(*p));

	p->admin = a;
	buf_init(&p->body, BODY_MAX);
	http_on_gone(x, on_gone, p);
	http_body(x, &sink, p);
}

static void
delete_faults(struct admin *a, struct http_exchange *x)
{
	faults_clear(a->o.faults);
	log_info("fault", "all were taken back");
	say(x, 204, "");
}

#define FAULTS "/faults"

static void
delete_fault(struct admin *a, struct http_exchange *x)
{
	const char *text = http_path(x) + strlen(FAULTS "/");
	int64_t id;

	if (str_to_i64(text, 1, INT64_MAX, &id) == -1 ||
	    !faults_remove(a->o.faults, id)) {
		say(x, 404,
		    "there is no such fault\n"
		    "GET /faults lists them with their ids.\n");
		return;
	}
	log_info("fault", "%lld was taken back", (long long)id);
	say(x, 204, "");
}

/* A path that ends in a slash goes on behind it. */
static const struct route {
	const char *method;
	const char *path;
	void (*fn)(struct admin *a, struct http_exchange *x);
	bool open; /* without the token */
} routes[] = {
    {"GET", "/healthz", get_healthz, true},
    {"GET", "/metrics", get_metrics, false},
    {"GET", FAULTS, get_faults, false},
    {"POST", FAULTS, post_faults, false},
    {"DELETE", FAULTS, delete_faults, false},
    {"DELETE", FAULTS "/", delete_fault, false},
};

static bool
path_fits(const struct route *r, const char *path)
{
	return str_eq(r->path, path) ||
	    (str_ends(r->path, "/") && str_starts(path, r->path));
}

static bool
method_fits(const struct route *r, const char *method)
{
	return str_eq(r->method, method) ||
	    (str_eq(r->method, "GET") && str_eq(method, "HEAD"));
}

static void
refuse_route(struct http_exchange *x)
{
	struct buf allow;
	size_t i;

	buf_init(&allow, 64);
	for (i = 0; i < ARRAY_LEN(routes); i++) {
		if (path_fits(&routes[i], http_path(x)))
			buf_printf(&allow, "%s%s%s", allow.len > 0 ? ", " : "",
			    routes[i].method,
			    str_eq(routes[i].method, "GET") ? ", HEAD" : "");
	}
	if (allow.len == 0)
		say(x, 404,
		    "there is no such path\n"
		    "There are /metrics, /healthz and /faults.\n");
	else
		say_allow(x, 405,
		    "this path does not take that method\n"
		    "The Allow header names those it takes.\n",
		    allow.data);
	buf_done(&allow);
}

static void
on_request(struct http_exchange *x, void *arg)
{
	struct admin *a = arg;
	const struct route *r = NULL;
	size_t i;

	for (i = 0; i < ARRAY_LEN(routes) && r == NULL; i++) {
		if (path_fits(&routes[i], http_path(x)) &&
		    method_fits(&routes[i], http_method(x)))
			r = &routes[i];
	}
	if (!may_ask(a, x, r != NULL && r->open))
		return;
	if (r == NULL)
		refuse_route(x);
	else if (*http_query(x) != '\0')
		say(x, 400, "this path takes no query\nLeave it out.\n");
	else
		r->fn(a, x);
}

/* --- making --------------------------------------------------------- */

static void
announce(const struct admin *a)
{
	char *text = a->o.conf->unix_path != NULL
	    ? xasprintf("unix:%s", a->o.conf->unix_path)
	    : xasprintf("http://%s%s%s:%d",
		  strchr(a->o.conf->host, ':') != NULL ? "[" : "",
		  a->o.conf->host,
		  strchr(a->o.conf->host, ':') != NULL ? "]" : "",
		  admin_port(a));

	log_begin(LOG_INFO, "admin");
	log_str("msg", "listening");
	log_str("address", text);
	log_end();
	free(text);
}

int
admin_new(
    const struct admin_options *options, struct admin **out, struct error *err)
{
	const struct conf_admin *conf = options->conf;
	struct http_server_options o = {
	    .host = conf->host,
	    .port = conf->port,
	    .unix_path = conf->unix_path,
	    .max_connections = CONNECTIONS_MAX,
	    .max_head = HEAD_MAX,
	};
	struct admin *a = xcalloc(1, sizeof(*a));

	a->o = *options;
	a->loopback = conf->unix_path == NULL && conf_is_loopback(conf->host);
	if (conf->token != NULL)
		hash_sha256(conf->token, strlen(conf->token), a->token);
	if (http_server_new(options->loop, &o, on_request, a, &a->http, err) ==
	    -1) {
		free(a);
		return err_prefix(err, "[admin] listen");
	}
	announce(a);
	*out = a;
	return 0;
}

void
admin_free(struct admin *a)
{
	if (a == NULL)
		return;
	http_server_free(a->http);
	hash_wipe(a->token, sizeof(a->token));
	free(a);
}

int
admin_port(const struct admin *a)
{
	return http_server_port(a->http);
}
