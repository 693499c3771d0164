/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to a service. Its answers are checked like anybody's: another
 * server may listen at the address by mistake.
 */
#include "cmd/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/url.h"

/* A page of jobs, each with 4 KiB of foreign words that JSON may escape; or a
 * delivery with as much of each attempt. */
#define ANSWER_MAX ((size_t)17 << 20)
#define TOKEN_MAX 4096
/* An answer that refuses a body should find nobody in the midst of it. */
#define EXPECT_MIN 65536

struct client {
	struct http_client *http;
	char *address;
	char *socket; /* NULL: TCP */
	char *base; /* of every URL */
	char *authorization; /* the header's value, or NULL */
};

struct client_call {
	struct client *client;
	struct http_call *call;
	bool sink;
	client_done_fn *done;
	void *arg;
};

/* --- whom to ask ---------------------------------------------------- */

static int
bad_address(const char *address, struct error *err)
{
	err_set(err, ERR_USAGE, "\"%s\" is no address of a service", address);
	return err_hint(err,
	    "It must be unix:PATH, /PATH, ./PATH, http://HOST:PORT or none.");
}

static int
take_socket(struct client *c, const char *path, struct error *err)
{
	struct sockaddr_un sun;

	if (*path == '\0' || strlen(path) >= sizeof(sun.sun_path))
		return err_set(err, ERR_USAGE,
		    "the socket's path must have 1 to %zu bytes: \"%s\"",
		    sizeof(sun.sun_path) - 1, path);
	c->socket = xstrdup(path);
	c->address = xasprintf(CLIENT_UNIX "%s", path);
	c->base = xstrdup("http://awaitd");
	return 0;
}

static int
take_url(struct client *c, const char *address, struct error *err)
{
	struct url u;
	char *host;
	bool ok;

	if (url_parse(address, &u, err) == -1)
		return bad_address(address, err);
	ok = str_eq(u.scheme, "http") && str_eq(u.path, "/") && u.query == NULL;
	if (ok) {
		host = url_host_header(&u);
		c->base = xasprintf("http://%s", host);
		c->address = xstrdup(c->base);
		free(host);
	}
	url_done(&u);
	return ok ? 0 : bad_address(address, err);
}

static int
take_address(struct client *c, const char *address, struct error *err)
{
	if (str_starts(address, CLIENT_UNIX))
		return take_socket(c, address + strlen(CLIENT_UNIX), err);
	if (*address == '/' || *address == '.')
		return take_socket(c, address, err);
	return take_url(c, address, err);
}

static int
take_token(struct client *c, const char *file, struct error *err)
{
	struct buf b;
	const char *token;
	bool whole;
	int rc = 0;

	if (file == NULL || c->socket != NULL)
		return 0;
	buf_init(&b, TOKEN_MAX);
	if (file_read(file, &b, err) == -1) {
		err->code = ERR_CONFIG;
		err_hint(err,
		    "Name it by --token-file or AWAITD_TOKEN_FILE, and make it "
		    "readable.");
		rc = err_prefix(err, "token file");
	} else {
		whole = strlen(b.data) == b.len;
		token = str_trim(b.data);
		if (*token == '\0' || str_has_control(token) || !whole)
			rc = err_set(err, ERR_CONFIG,
			    "token file %s: it must hold one line of text",
			    file);
		else
			c->authorization = xasprintf("Bearer %s", token);
	}
	hash_wipe(b.data, b.len);
	buf_done(&b);
	return rc;
}

int
client_new(struct loop *loop, const char *address, const char *token_file,
    struct client **out, struct error *err)
{
	struct http_client_options ho = {
	    .user_agent = "awaitd/" PACKAGE_VERSION,
	};
	struct client *c = xcalloc(1, sizeof(*c));

	if (take_address(c, address, err) == -1 ||
	    take_token(c, token_file, err) == -1 ||
	    http_client_new(loop, &ho, &c->http, err) == -1) {
		client_free(c);
		return -1;
	}
	*out = c;
	return 0;
}

void
client_free(struct client *c)
{
	if (c == NULL)
		return;
	http_client_free(c->http);
	hash_wipe_free(&c->authorization);
	free(c->address);
	free(c->socket);
	free(c->base);
	free(c);
}

const char *
client_address(const struct client *c)
{
	return c->address;
}

static int
nobody(const struct client *c, const char *why, struct error *err)
{
	err_set(err, ERR_NET, "no service answers at %s (%s)", c->address, why);
	return err_hint(
	    err, "Start 'awaitd serve', or do without it by --server none.");
}

int
client_probe(const struct client *c, struct error *err)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd, rc, why;

	if (c->socket == NULL)
		return 0;
	memcpy(sun.sun_path, c->socket, strlen(c->socket));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return err_set_errno(err, ERR_IO, "socket");
	rc = connect(fd, (struct sockaddr *)(void *)&sun, sizeof(sun));
	why = errno;
	close(fd);
	/* EAGAIN: so many want to be heard that we would have to wait. */
	if (rc == 0 || why == EAGAIN)
		return 0;
	if ((why != EACCES && why != EPERM) || access(c->socket, F_OK) == -1)
		return nobody(c, strerror(why), err);
	err_set(err, ERR_AUTH, "the service at %s is not for us (%s)",
	    c->address, strerror(why));
	return err_hint(err,
	    "Its configuration names who may use it ([api] users); --server "
	    "none does without it.");
}

/* --- what it says --------------------------------------------------- */

static bool
is_type(const struct http_response *r, const char *type)
{
	const char *value = headers_get(&r->headers, "Content-Type");
	size_t len = strlen(type);

	return value != NULL && strncasecmp(value, type, len) == 0 &&
	    (value[len] == '\0' || value[len] == ';' || value[len] == ' ');
}

static enum error_code
code_of(int status)
{
	switch (status) {
	case 400:
	case 422:
		return ERR_USAGE;
	case 401:
	case 403:
		return ERR_AUTH;
	case 404:
		return ERR_NOT_FOUND;
	case 408:
		return ERR_TIMEOUT;
	case 409:
	case 410:
		return ERR_REFUSED;
	case 411:
	case 413:
		return ERR_LIMIT;
	case 500:
	case 502:
		return ERR_REMOTE;
	case 503:
		return ERR_BUSY;
	case 507:
		return ERR_STORE;
	default:
		return ERR_PROTOCOL;
	}
}

/* Somebody answers, but not as a service does. */
static int
stranger(
    const struct client *c, const struct http_response *r, struct error *err)
{
	err_set(err, ERR_PROTOCOL,
	    "%s answers with HTTP status %d, not as awaitd does", c->address,
	    r->status);
	err->http_status = r->status;
	return err_hint(err, "Is that address the service's own?");
}

/* The words of a problem document (RFC 9457) become the error's. */
static void
take_problem(const struct client *c, const struct http_response *r,
    const struct json *problem, struct error *err)
{
	const char *code = json_get_str(problem, "code");
	const char *detail = json_get_str(problem, "detail");
	const char *hint = json_get_str(problem, "hint");

	if (code == NULL || detail == NULL) {
		stranger(c, r, err);
		return;
	}
	err_set(err, code_of(r->status), "%s", detail);
	if (hint != NULL)
		err_hint(err, "%s", hint);
	else if (r->status == 401)
		err_hint(err, "Name the file of its token by --token-file.");
	else if (r->status == 403)
		err_hint(err,
		    "Its configuration names who may ([api] users); --server "
		    "none does without it.");
	if (str_eq(code, "damaged"))
		err->code = ERR_DAMAGED;
	err->http_status = r->status;
	snprintf(err->remote_code, sizeof(err->remote_code), "%s", code);
	str_defang(err->remote_code);
}

static void
read_problem(
    const struct client *c, const struct http_response *r, struct error *err)
{
	struct json *problem;

	if (r->status < 400 || !is_type(r, "application/problem+json") ||
	    json_parse(r->body.data, r->body.len, &problem, err) == -1) {
		stranger(c, r, err);
		return;
	}
	take_problem(c, r, problem, err);
	json_free(problem);
}

static int
read_answer(const struct client *c, const struct http_response *r,
    struct json **out, struct error *err)
{
	if (!is_type(r, "application/json"))
		return stranger(c, r, err);
	if (json_parse(r->body.data, r->body.len, out, err) == -1)
		return err_prefix(err, "the answer of %s", c->address);
	return 0;
}

static void
unheard(const struct client *c, const struct error *why, struct error *err)
{
	*err = *why;
	if (why->code == ERR_NET && !why->sent)
		nobody(c, why->text, err);
	else if (why->code == ERR_NET)
		/* Of itself curl says "Server returned nothing". */
		err_prefix(err,
		    "the service at %s went away before its answer was whole",
		    c->address);
	else if (why->code == ERR_TIMEOUT)
		err_prefix(err, "the service at %s", c->address);
}

static void
on_response(const struct http_response *r, const struct error *why, void *arg)
{
	struct client_call *call = arg;
	struct json *answer = NULL;
	struct error err;
	int rc = 0;

	error_clear(&err);
	if (r == NULL) {
		unheard(call->client, why, &err);
		rc = -1;
	} else if (r->status < 200 || r->status > 299) {
		read_problem(call->client, r, &err);
		rc = -1;
	} else if (!call->sink) {
		rc = read_answer(call->client, r, &answer, &err);
	}
	call->done(answer, rc == -1 ? &err : NULL, call->arg);
	json_free(answer);
	free(call);
}

/* --- asking --------------------------------------------------------- */

static void
copy_headers(
    const struct client *c, const struct client_request *r, struct headers *out)
{
	size_t i;

	headers_init(out);
	for (i = 0; r->headers != NULL && i < r->headers->n; i++)
		headers_add(out, r->headers->v[i].name, r->headers->v[i].value);
	if (c->authorization != NULL)
		headers_set(out, "Authorization", c->authorization);
	if (r->file_len >= EXPECT_MIN)
		headers_set(out, "Expect", "100-continue");
}

int
client_start(struct client *c, const struct client_request *r,
    client_done_fn *done, void *arg, struct client_call **out,
    struct error *err)
{
	struct client_call *call = xcalloc(1, sizeof(*call));
	struct headers headers;
	struct http_request hr = {
	    .method = r->method,
	    .unix_socket = c->socket,
	    .headers = &headers,
	    .body = r->body,
	    .body_len = r->body_len,
	    .body_fd = r->body_fd,
	    .file_len = r->file_len,
	    .body_max = ANSWER_MAX,
	    .sink = r->sink,
	    .sink_arg = r->sink_arg,
	    .head = r->head,
	    .head_arg = r->sink_arg,
	    .timeout_ms = r->timeout_ms,
	    .stall_ms = r->stall_ms,
	    .once = r->once,
	};
	char *url = xasprintf("%s%s", c->base, r->path);
	int rc;

	call->client = c;
	call->sink = r->sink != NULL;
	call->done = done;
	call->arg = arg;
	hr.url = url;
	copy_headers(c, r, &headers);
	rc = http_start(c->http, &hr, on_response, call, &call->call, err);
	headers_done(&headers);
	free(url);
	if (rc == -1)
		free(call);
	else
		*out = call;
	return rc;
}

void
client_cancel(struct client_call *call)
{
	if (call == NULL)
		return;
	http_cancel(call->call);
	free(call);
}

bool
client_unheard(const struct error *err)
{
	return err->code == ERR_NET || err->code == ERR_TIMEOUT ||
	    err->code == ERR_BUSY;
}
