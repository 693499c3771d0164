/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets in an epoll descriptor, and a table of what it knows. */
#include "net/sockset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

struct sock {
	uint32_t registered;
	bool known; /* in the epoll set */
	bool wanted;
};

int
sockset_init(struct sockset *s, struct error *err)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd == -1)
		return err_set_errno(err, ERR_IO, "epoll_create1");
	memset(s, 0, sizeof(*s));
	s->fd = fd;
	return 0;
}

void
sockset_done(struct sockset *s)
{
	close(s->fd);
	free(s->v);
}

static struct sock *
sock_of(struct sockset *s, int fd)
{
	size_t want = (size_t)fd + 1;

	if (want > s->len) {
		s->v = xreallocarray(s->v, want * 2, sizeof(*s->v));
		memset(s->v + s->len, 0, (want * 2 - s->len) * sizeof(*s->v));
		s->len = want * 2;
	}
	return &s->v[fd];
}

static void
tell_kernel(struct sockset *s, int fd, uint32_t events)
{
	struct sock *sock = sock_of(s, fd);
	struct epoll_event ev = {.events = events, .data = {.fd = fd}};
	int op = sock->known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (sock->known && sock->registered == events)
		return;
	/* The resolver closes descriptors behind our back, and their numbers
	 * come again: then the kernel knows better than the table. */
	if (epoll_ctl(s->fd, op, fd, &ev) == -1) {
		op = errno == ENOENT ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
		if (epoll_ctl(s->fd, op, fd, &ev) == -1)
			return;
	}
	sock->known = true;
	sock->registered = events;
}

void
sockset_want(struct sockset *s, int fd, uint32_t events)
{
	sock_of(s, fd)->wanted = true;
	tell_kernel(s, fd, events);
}

void
sockset_rest(struct sockset *s, int fd)
{
	struct sock *sock = sock_of(s, fd);

	sock->wanted = false;
	if (sock->known)
		tell_kernel(s, fd, EPOLLIN);
}

void
sockset_forget(struct sockset *s, int fd)
{
	struct sock *sock = sock_of(s, fd);

	if (sock->known)
		epoll_ctl(s->fd, EPOLL_CTL_DEL, fd, NULL);
	memset(sock, 0, sizeof(*sock));
}

bool
sockset_wanted(const struct sockset *s, int fd)
{
	return (size_t)fd < s->len && s->v[fd].wanted;
}

/* --- events --------------------------------------------------------- */

static void
reverse(struct epoll_event *ev, size_t n)
{
	size_t i;

	for (i = 0; i < n / 2; i++) {
		struct epoll_event e = ev[i];

		ev[i] = ev[n - 1 - i];
		ev[n - 1 - i] = e;
	}
}

size_t
sockset_events(struct sockset *s, struct epoll_event *ev, size_t max)
{
	int got = epoll_wait(s->fd, ev, (int)max, 0);
	size_t n = got > 0 ? (size_t)got : 0, k;

	if (n == 0)
		return 0;
	k = s->first % n;
	/* Those who were served go behind the others. */
	reverse(ev, k);
	reverse(ev + k, n - k);
	reverse(ev, n);
	return n;
}

void
sockset_served(struct sockset *s, size_t n)
{
	s->first += n;
}
