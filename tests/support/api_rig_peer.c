/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks: raw sockets on the rig's own thread, and what they were told. */
#include "tests/support/api_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

struct peer {
	int fd;
	struct buf in;
	bool ended;
	const char *out; /* still to be sent */
	size_t out_len;
	bool to_head;
};

/* --- sockets -------------------------------------------------------- */

static int
connect_unix(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/awaitd.sock", rig.dir);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static int
connect_tcp(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sa.sin_port = htons((uint16_t)http_server_port(rig.tcp_server));
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

struct peer *
peer_new(bool tcp)
{
	struct peer *p = xcalloc(1, sizeof(*p));

	p->fd = tcp ? connect_tcp() : connect_unix();
	fcntl(p->fd, F_SETFL, O_NONBLOCK);
	buf_init(&p->in, (size_t)64 << 20);
	return p;
}

void
peer_free(struct peer *p)
{
	close(p->fd);
	buf_done(&p->in);
	free(p);
}

static bool
is_sent(void *arg)
{
	struct peer *p = arg;

	while (p->out_len > 0) {
		ssize_t n = send(p->fd, p->out, p->out_len, MSG_NOSIGNAL);

		if (n == -1 && errno == EAGAIN)
			return false;
		/* The rest is not wanted: the answer says why. */
		if (n == -1)
			return true;
		p->out += n;
		p->out_len -= (size_t)n;
	}
	return true;
}

void
peer_send(struct peer *p, const void *data, size_t len)
{
	p->out = data;
	p->out_len = len;
	rig_until(is_sent, p);
}

void
peer_puts(struct peer *p, const char *text)
{
	peer_send(p, text, strlen(text));
}

static void
read_more(struct peer *p)
{
	char piece[65536];
	ssize_t n;

	while ((n = recv(p->fd, piece, sizeof(piece), 0)) > 0)
		assert_int_equal(buf_append(&p->in, piece, (size_t)n), 0);
	if (n == 0 || (n == -1 && errno != EAGAIN))
		p->ended = true;
}

/* --- answers -------------------------------------------------------- */

/* The length of the head with its empty line; 0: not there yet. */
static size_t
head_len(const struct peer *p)
{
	const char *end = strstr(p->in.data, "\r\n\r\n");

	return end != NULL ? (size_t)(end - p->in.data) + 4 : 0;
}

static size_t
body_len(const struct peer *p)
{
	const char *at = strcasestr(p->in.data, "\r\nContent-Length:");

	if (at == NULL || at > p->in.data + head_len(p))
		return 0;
	return strtoul(at + 17, NULL, 10);
}

static bool
is_whole(const struct peer *p)
{
	size_t head = head_len(p);

	return head > 0 && (p->to_head || p->in.len >= head + body_len(p));
}

static bool
has_ended(void *arg)
{
	struct peer *p = arg;

	read_more(p);
	return is_whole(p) || p->ended;
}

bool
peer_has_reply(struct peer *p)
{
	read_more(p);
	return is_whole(p);
}

const char *
peer_text(struct peer *p)
{
	read_more(p);
	return p->in.data;
}

static void
keep(const struct peer *p, size_t head, size_t body)
{
	struct error err;

	buf_clear(&rig.head);
	buf_clear(&rig.body);
	buf_append(&rig.head, p->in.data, head);
	buf_append(&rig.body, p->in.data + head, body);
	rig.status = (int)strtol(rig.head.data + 9, NULL, 10);
	json_free(rig.json);
	rig.json = NULL;
	if (json_parse(rig.body.data, rig.body.len, &rig.json, &err) == -1)
		rig.json = NULL;
}

bool
peer_reply(struct peer *p, bool to_head)
{
	size_t head, body;
	char *rest;

	p->to_head = to_head;
	rig_until(has_ended, p);
	if (!is_whole(p))
		return false;
	head = head_len(p);
	body = to_head ? 0 : body_len(p);
	keep(p, head, body);
	rest = xmemdup(p->in.data + head + body, p->in.len - head - body + 1);
	buf_truncate(&p->in, p->in.len - head - body);
	memcpy(p->in.data, rest, p->in.len + 1);
	free(rest);
	if (rig_field("X-Request-Id") == NULL)
		assert_non_null(rig_field("x-amzn-RequestId"));
	return true;
}

void
rig_ask(const char *method, const char *target, const char *fields,
    const void *body, size_t len)
{
	struct peer *p = peer_new(false);
	char *head = xasprintf("%s %s HTTP/1.1\r\nHost: awaitd\r\n"
			       "Content-Length: %zu\r\n%s\r\n",
	    method, target, len, fields);

	peer_puts(p, head);
	free(head);
	peer_send(p, body, len);
	if (!peer_reply(p, str_eq(method, "HEAD")))
		fail_msg("%s %s: no answer", method, target);
	peer_free(p);
}

void
rig_get(const char *target)
{
	rig_ask("GET", target, "", "", 0);
}

void
rig_post(const char *target, const char *fields, const char *body)
{
	rig_ask("POST", target, fields, body, strlen(body));
}

void
rig_post_json(const char *fields, const char *body)
{
	char *all = xasprintf("Content-Type: application/json\r\n%s", fields);

	rig_post("/v1/jobs", all, body);
	free(all);
}

/* --- what they say -------------------------------------------------- */

const char *
rig_field(const char *name)
{
	static char value[512];
	char *mark = xasprintf("\r\n%s: ", name);
	const char *at = strcasestr(rig.head.data, mark);
	size_t len;

	free(mark);
	if (at == NULL)
		return NULL;
	at += strlen(name) + 4;
	len = strcspn(at, "\r");
	assert_true(len < sizeof(value));
	memcpy(value, at, len);
	value[len] = '\0';
	return value;
}

static const struct json *
child(const struct json *j, const char *name)
{
	const struct json *item;
	int64_t i;

	if (!json_is_array(j))
		return json_get(j, name);
	if (str_to_i64(name, 0, 100000, &i) == -1)
		return NULL;
	for (item = json_first(j); item != NULL && i > 0; i--)
		item = json_next(item);
	return item;
}

const struct json *
rig_at(const char *path)
{
	char *copy = xstrdup(path), *rest = copy, *name;
	const struct json *j = rig.json;

	while (j != NULL && (name = strsep(&rest, ".")) != NULL)
		j = child(j, name);
	free(copy);
	return j;
}

const char *
rig_str(const char *path)
{
	const char *s = json_str(rig_at(path));

	if (s == NULL)
		fail_msg("no %s in: %s%s", path, rig.head.data, rig.body.data);
	return s;
}

int64_t
rig_int(const char *path)
{
	int64_t n = 0;

	if (json_i64(rig_at(path), &n) == -1)
		fail_msg("no %s in: %s%s", path, rig.head.data, rig.body.data);
	return n;
}

size_t
rig_count(const char *path)
{
	const struct json *item;
	size_t n = 0;

	if (!json_is_array(rig_at(path)))
		fail_msg("no %s in: %s%s", path, rig.head.data, rig.body.data);
	for (item = json_first(rig_at(path)); item != NULL;
	     item = json_next(item))
		n++;
	return n;
}

void
rig_problem(int status, const char *code, const char *named)
{
	if (rig.status != status || rig.json == NULL)
		fail_msg("wanted %d %s: %s%s", status, code, rig.head.data,
		    rig.body.data);
	assert_string_equal(
	    rig_field("Content-Type"), "application/problem+json");
	assert_string_equal(rig_str("type"), "about:blank");
	assert_int_equal(rig_int("status"), status);
	assert_string_not_equal(rig_str("title"), "Unknown");
	if (!str_eq(rig_str("code"), code) ||
	    strstr(rig.body.data, named) == NULL)
		fail_msg(
		    "wanted %s and \"%s\": %s", code, named, rig.body.data);
}
