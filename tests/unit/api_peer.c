/* SPDX-License-Identifier: Apache-2.0 */
/* The peer: a thread that accepts, and one for each connection. */
#include "api_peer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

#define CONNS_MAX 128
#define REQUESTS_MAX 4096
#define REQUEST_MAX ((size_t)8 << 20)

struct conn {
	pthread_t thread;
	int fd;
	struct api_peer *peer;
};

struct api_peer {
	char folder[64];
	char path[96];
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;
	api_answer_fn *fn;
	void *arg;
	struct conn conns[CONNS_MAX];
	unsigned nconns;
	char *requests[REQUESTS_MAX];
	unsigned n;
};

/* Head and as much body as it says; false at the end of the connection. */
static bool
read_request(int fd, struct buf *b)
{
	char piece[65536];
	bool told = false;
	char *end, *length;
	size_t want;
	ssize_t n;

	buf_clear(b);
	for (;;) {
		end = strstr(b->data, "\r\n\r\n");
		if (end != NULL) {
			want = (size_t)(end + 4 - b->data);
			length = strcasestr(b->data, "content-length:");
			if (length != NULL && length < end)
				want += strtoul(length + 15, NULL, 10);
			if (b->len >= want)
				return true;
			if (!told &&
			    strcasestr(b->data, "100-continue") != NULL &&
			    write(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25) !=
				25)
				return false;
			told = true;
		}
		n = read(fd, piece, sizeof(piece));
		if (n <= 0 || buf_append(b, piece, (size_t)n) == -1)
			return false;
	}
}

static struct api_reply
answer(struct api_peer *p, const struct buf *b)
{
	struct api_reply reply;

	pthread_mutex_lock(&p->lock);
	if (p->n == REQUESTS_MAX)
		abort();
	p->requests[p->n] = xmemdup(b->data, b->len + 1);
	reply = p->fn(b->data, b->len, p->n++, p->arg);
	pthread_mutex_unlock(&p->lock);
	return reply;
}

static bool
say(int fd, const struct api_reply *r)
{
	size_t len = r->len, at = 0;
	ssize_t n;

	if (len == 0 && r->data != NULL)
		len = strlen(r->data);
	while (at < len) {
		n = send(fd, r->data + at, len - at, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return !r->end;
}

static void *
conn_main(void *arg)
{
	struct conn *c = arg;
	struct api_reply r;
	struct buf b;
	bool more = true;

	buf_init(&b, REQUEST_MAX);
	while (more && read_request(c->fd, &b)) {
		r = answer(c->peer, &b);
		more = say(c->fd, &r);
		free(r.data);
	}
	buf_done(&b);
	shutdown(c->fd, SHUT_RDWR);
	return NULL;
}

static void *
peer_main(void *arg)
{
	struct api_peer *p = arg;
	struct conn *c;
	int fd;

	while ((fd = accept(p->fd, NULL, NULL)) != -1) {
		if (p->nconns == CONNS_MAX)
			abort();
		c = &p->conns[p->nconns];
		c->fd = fd;
		c->peer = p;
		if (pthread_create(&c->thread, NULL, conn_main, c) != 0)
			abort();
		p->nconns++;
	}
	return NULL;
}

struct api_peer *
api_peer_start(api_answer_fn *fn, void *arg)
{
	struct api_peer *p = xcalloc(1, sizeof(*p));
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	snprintf(p->folder, sizeof(p->folder), "/tmp/test-peer-XXXXXX");
	if (mkdtemp(p->folder) == NULL)
		abort();
	snprintf(p->path, sizeof(p->path), "%s/socket", p->folder);
	memcpy(sun.sun_path, p->path, strlen(p->path));
	p->fn = fn;
	p->arg = arg;
	pthread_mutex_init(&p->lock, NULL);
	p->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (p->fd == -1 ||
	    bind(p->fd, (struct sockaddr *)(void *)&sun, sizeof(sun)) == -1 ||
	    listen(p->fd, CONNS_MAX) == -1 ||
	    pthread_create(&p->thread, NULL, peer_main, p) != 0)
		abort();
	return p;
}

void
api_peer_stop(struct api_peer *p)
{
	unsigned i;

	shutdown(p->fd, SHUT_RDWR);
	pthread_join(p->thread, NULL);
	close(p->fd);
	for (i = 0; i < p->nconns; i++) {
		shutdown(p->conns[i].fd, SHUT_RDWR);
		pthread_join(p->conns[i].thread, NULL);
		close(p->conns[i].fd);
	}
	for (i = 0; i < p->n; i++)
		free(p->requests[i]);
	pthread_mutex_destroy(&p->lock);
	unlink(p->path);
	rmdir(p->folder);
	free(p);
}

const char *
api_peer_path(const struct api_peer *p)
{
	return p->path;
}

unsigned
api_peer_requests(struct api_peer *p)
{
	unsigned n;

	pthread_mutex_lock(&p->lock);
	n = p->n;
	pthread_mutex_unlock(&p->lock);
	return n;
}

char *
api_peer_request(struct api_peer *p, unsigned n)
{
	char *request;

	pthread_mutex_lock(&p->lock);
	request = xstrdup(n < p->n ? p->requests[n] : "");
	pthread_mutex_unlock(&p->lock);
	return request;
}

struct api_reply
api_reply(int status, const char *type, const char *body)
{
	struct api_reply r = {
	    .data = xasprintf("HTTP/1.1 %d Said\r\nContent-Type: %s\r\n"
			      "Content-Length: %zu\r\n\r\n%s",
		status, type, strlen(body), body),
	};

	return r;
}
