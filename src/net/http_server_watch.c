/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a peer that is not read from is still there. A connection is not
 * read where the peer has ended its sending or the handler cannot keep up;
 * then nothing of libevent's tells that it was reset or closed. An epoll
 * descriptor of our own does: asked for no event at all it reports hang-ups
 * and errors (epoll_ctl(2)), and an end of sending is neither.
 */
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"
#include "net/http_server_conn.h"

/* One at a time: what is called may free any of the others, or the server. */
static void
on_hangup(evutil_socket_t fd, short what, void *arg)
{
	struct epoll_event ev;

	(void)what;
	(void)arg;
	if (epoll_wait(fd, &ev, 1, 0) == 1)
		http_conn_lost(ev.data.ptr);
}

static int
watch_open(struct http_server *s)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd == -1)
		return -1;
	s->watch_fd = fd;
	s->watch = event_new(
	    loop_event_base(s->loop), fd, EV_READ | EV_PERSIST, on_hangup, s);
	if (s->watch != NULL && event_add(s->watch, NULL) == 0)
		return 0;
	log_error("http", "libevent gives no event");
	abort();
}

static void
watch_close(struct http_server *s)
{
	event_free(s->watch);
	s->watch = NULL;
	close(s->watch_fd);
}

/* Without a descriptor left for it a peer is missed later, by a write. */
static void
start(struct http_conn *c)
{
	struct http_server *s = c->server;
	struct epoll_event ev;

	if (s->n_watched == 0 && watch_open(s) == -1)
		return;
	memset(&ev, 0, sizeof(ev));
	ev.data.ptr = c;
	c->watched = epoll_ctl(s->watch_fd, EPOLL_CTL_ADD,
			 bufferevent_getfd(c->bev), &ev) == 0;
	s->n_watched += c->watched;
	if (s->n_watched == 0)
		watch_close(s);
}

static void
stop(struct http_conn *c)
{
	struct http_server *s = c->server;

	epoll_ctl(s->watch_fd, EPOLL_CTL_DEL, bufferevent_getfd(c->bev), NULL);
	c->watched = false;
	if (--s->n_watched == 0)
		watch_close(s);
}

void
http_watch(struct http_conn *c, bool on)
{
	if (on && !c->watched)
		start(c);
	else if (!on && c->watched)
		stop(c);
}
