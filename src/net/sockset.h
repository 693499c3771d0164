/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sockets of an HTTP client in an epoll descriptor of their own, and what
 * the kernel was told of each. Registrations are kept over transfers; the
 * sockets are not ours to close.
 */
#ifndef NET_SOCKSET_H
#define NET_SOCKSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/error.h"

struct sockset {
	int fd; /* readable when one of them has something to say */
	struct sock *v; /* by descriptor */
	size_t len;
	size_t first; /* who is, counted on from turn to turn */
};

int sockset_init(struct sockset *s, struct error *err);
void sockset_done(struct sockset *s);

/* Somebody waits for these (EPOLLIN, EPOLLOUT). */
void sockset_want(struct sockset *s, int fd, uint32_t events);

/* Nobody does for now; it must not report that it could be written to. */
void sockset_rest(struct sockset *s, int fd);

/* Before it is closed. */
void sockset_forget(struct sockset *s, int fd);

bool sockset_wanted(const struct sockset *s, int fd);

/* What came, at most max; never waits. Whoever was passed over comes first the
 * next time: the kernel itself would always keep the same order. */
size_t sockset_events(struct sockset *s, struct epoll_event *ev, size_t max);

/* So many of them, from the first, were used. */
void sockset_served(struct sockset *s, size_t n);

#endif
