/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop over libevent. */
#include "base/loop.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

struct post {
	TAILQ_ENTRY(post) entry;
	loop_fn *fn;
	void *arg;
};
TAILQ_HEAD(posts, post);

struct loop {
	struct event_base *base;
	struct event *posted;
	struct posts posts; /* for the next turn */
	struct posts batch; /* of this turn */
};

/* Timers, descriptors and signals are one event with one callback. */
struct watch {
	struct event *ev;
	loop_fn *fn;
	void *arg;
};
struct loop_timer {
	struct watch w;
};
struct loop_fd {
	struct watch w;
};
struct loop_signal {
	struct watch w;
};

struct loop_wakeup {
	struct loop_fd *watch;
	int fd;
	loop_fn *fn;
	void *arg;
};

static void *
checked(void *p)
{
	if (p == NULL) {
		log_error("loop", "libevent gives no event");
		abort();
	}
	return p;
}

static void
add(struct event *ev, const struct timeval *tv)
{
	if (event_add(ev, tv) == -1)
		checked(NULL);
}

static void
on_watch(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;

	(void)fd;
	(void)what;
	w->fn(w->arg);
}

static void
watch_init(struct watch *w, struct loop *loop, evutil_socket_t fd, short what,
    loop_fn *fn, void *arg)
{
	w->fn = fn;
	w->arg = arg;
	w->ev = checked(event_new(loop->base, fd, what, on_watch, w));
}

static void
schedule_posts(struct loop *loop)
{
	struct timeval now = {0, 0};

	add(loop->posted, &now);
}

/* Runs what was posted before this turn; what it posts waits for the next. */
static void
run_posts(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;
	struct post *p;

	(void)fd;
	(void)what;
	TAILQ_CONCAT(&loop->batch, &loop->posts, entry);
	while ((p = TAILQ_FIRST(&loop->batch)) != NULL) {
		loop_fn *fn = p->fn;
		void *fn_arg = p->arg;

		TAILQ_REMOVE(&loop->batch, p, entry);
		free(p);
		fn(fn_arg);
	}
}

static void
drop_posts(struct posts *list, const void *arg, bool all)
{
	struct post *p, *next;

	for (p = TAILQ_FIRST(list); p != NULL; p = next) {
		next = TAILQ_NEXT(p, entry);
		if (!all && p->arg != arg)
			continue;
		TAILQ_REMOVE(list, p, entry);
		free(p);
	}
}

struct loop *
loop_new(void)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));

	loop->base = checked(event_base_new());
	loop->posted = checked(evtimer_new(loop->base, run_posts, loop));
	TAILQ_INIT(&loop->posts);
	TAILQ_INIT(&loop->batch);
	return loop;
}

void
loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	drop_posts(&loop->posts, NULL, true);
	drop_posts(&loop->batch, NULL, true);
	event_free(loop->posted);
	event_base_free(loop->base);
	free(loop);
}

void
loop_run(struct loop *loop)
{
	event_base_dispatch(loop->base);
}

void
loop_stop(struct loop *loop)
{
	event_base_loopbreak(loop->base);
}

void
loop_post(struct loop *loop, loop_fn *fn, void *arg)
{
	struct post *p = xcalloc(1, sizeof(*p));

	p->fn = fn;
	p->arg = arg;
	TAILQ_INSERT_TAIL(&loop->posts, p, entry);
	schedule_posts(loop);
}

void
loop_unpost(struct loop *loop, void *arg)
{
	drop_posts(&loop->posts, arg, false);
	drop_posts(&loop->batch, arg, false);
}

struct loop_timer *
loop_timer_new(struct loop *loop, loop_fn *fn, void *arg)
{
	struct loop_timer *t = xcalloc(1, sizeof(*t));

	watch_init(&t->w, loop, -1, 0, fn, arg);
	return t;
}

void
loop_timer_set(struct loop_timer *t, int64_t delay_ms)
{
	struct timeval tv;

	if (delay_ms < 0)
		delay_ms = 0;
	tv.tv_sec = delay_ms / 1000;
	tv.tv_usec = delay_ms % 1000 * 1000;
	add(t->w.ev, &tv);
}

void
loop_timer_clear(struct loop_timer *t)
{
	event_del(t->w.ev);
}

void
loop_timer_free(struct loop_timer *t)
{
	if (t == NULL)
		return;
	event_free(t->w.ev);
	free(t);
}

static struct loop_fd *
watch_fd(struct loop *loop, int fd, short what, loop_fn *fn, void *arg)
{
	struct loop_fd *w = xcalloc(1, sizeof(*w));

	watch_init(&w->w, loop, fd, (short)(what | EV_PERSIST), fn, arg);
	add(w->w.ev, NULL);
	return w;
}

struct loop_fd *
loop_fd_new(struct loop *loop, int fd, loop_fn *fn, void *arg)
{
	return watch_fd(loop, fd, EV_READ, fn, arg);
}

struct loop_fd *
loop_fd_new_writable(struct loop *loop, int fd, loop_fn *fn, void *arg)
{
	return watch_fd(loop, fd, EV_WRITE, fn, arg);
}

void
loop_fd_free(struct loop_fd *w)
{
	if (w == NULL)
		return;
	event_free(w->w.ev);
	free(w);
}

struct loop_signal *
loop_signal_new(struct loop *loop, int signo, loop_fn *fn, void *arg)
{
	struct loop_signal *s = xcalloc(1, sizeof(*s));

	watch_init(&s->w, loop, signo, EV_SIGNAL | EV_PERSIST, fn, arg);
	add(s->w.ev, NULL);
	return s;
}

void
loop_signal_free(struct loop_signal *s)
{
	if (s == NULL)
		return;
	event_free(s->w.ev);
	free(s);
}

static void
on_wakeup(void *arg)
{
	struct loop_wakeup *w = arg;
	uint64_t count;

	if (read(w->fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
		w->fn(w->arg);
}

struct loop_wakeup *
loop_wakeup_new(struct loop *loop, loop_fn *fn, void *arg)
{
	struct loop_wakeup *w = xcalloc(1, sizeof(*w));

	w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->fd == -1)
		checked(NULL);
	w->fn = fn;
	w->arg = arg;
	w->watch = loop_fd_new(loop, w->fd, on_wakeup, w);
	return w;
}

void
loop_wakeup_signal(struct loop_wakeup *w)
{
	uint64_t one = 1;
	ssize_t n;

	/* A full counter is a signal already. */
	n = write(w->fd, &one, sizeof(one));
	(void)n;
}

void
loop_wakeup_free(struct loop_wakeup *w)
{
	if (w == NULL)
		return;
	loop_fd_free(w->watch);
	close(w->fd);
	free(w);
}

struct event_base *
loop_event_base(struct loop *loop)
{
	return loop->base;
}
