/* SPDX-License-Identifier: Apache-2.0 */
/* base/loop.h over the fake clock. */
#include "tests/support/fake_loop.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/support/fake_clock.h"

/* Turns in one instant: more than any flow needs is a livelock. */
#define TURNS_MAX 20000

struct post {
	TAILQ_ENTRY(post) entry;
	loop_fn *fn;
	void *arg;
};
TAILQ_HEAD(posts, post);

struct loop_timer {
	TAILQ_ENTRY(loop_timer) entry;
	struct loop *loop;
	bool set;
	int64_t due_at;
	loop_fn *fn;
	void *arg;
};
TAILQ_HEAD(timers, loop_timer);

struct loop_wakeup {
	TAILQ_ENTRY(loop_wakeup) entry;
	struct loop *loop;
	pthread_mutex_t lock;
	bool signalled;
	loop_fn *fn;
	void *arg;
};
TAILQ_HEAD(wakeups, loop_wakeup);

struct loop {
	struct posts posts;
	struct posts batch;
	struct timers timers;
	struct wakeups wakeups;
	bool halted;
	bool stopped;
};

struct loop_fd {
	int fd;
};

struct loop_signal {
	int signo;
};

struct loop *
loop_new(void)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));

	TAILQ_INIT(&loop->posts);
	TAILQ_INIT(&loop->batch);
	TAILQ_INIT(&loop->timers);
	TAILQ_INIT(&loop->wakeups);
	return loop;
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

void
loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	drop_posts(&loop->posts, NULL, true);
	drop_posts(&loop->batch, NULL, true);
	free(loop);
}

/* --- running -------------------------------------------------------- */

static bool
run_posts(struct loop *loop)
{
	bool any = !TAILQ_EMPTY(&loop->posts);
	struct post *p;

	TAILQ_CONCAT(&loop->batch, &loop->posts, entry);
	while (!loop->halted && (p = TAILQ_FIRST(&loop->batch)) != NULL) {
		struct post copy = *p;

		TAILQ_REMOVE(&loop->batch, p, entry);
		free(p);
		copy.fn(copy.arg);
	}
	return any;
}

static bool
take_signal(struct loop_wakeup *w)
{
	bool signalled;

	pthread_mutex_lock(&w->lock);
	signalled = w->signalled;
	w->signalled = false;
	pthread_mutex_unlock(&w->lock);
	return signalled;
}

static bool
run_wakeups(struct loop *loop)
{
	struct loop_wakeup *w;

	TAILQ_FOREACH (w, &loop->wakeups, entry) {
		if (take_signal(w)) {
			w->fn(w->arg);
			return true;
		}
	}
	return false;
}

static struct loop_timer *
first_timer(const struct loop *loop)
{
	struct loop_timer *t, *first = NULL;

	TAILQ_FOREACH (t, &loop->timers, entry) {
		if (t->set && (first == NULL || t->due_at < first->due_at))
			first = t;
	}
	return first;
}

static bool
run_timer(struct loop *loop)
{
	struct loop_timer *t = first_timer(loop);

	if (t == NULL || t->due_at > clock_mono_ms())
		return false;
	t->set = false;
	t->fn(t->arg);
	return true;
}

/* All that is due in this instant. */
static bool
settle(struct loop *loop)
{
	int turns;

	for (turns = 0; turns < TURNS_MAX; turns++) {
		if (loop->halted)
			return false;
		if (!run_posts(loop) && !run_wakeups(loop) && !run_timer(loop))
			return true;
	}
	return false;
}

bool
fake_loop_pass(struct loop *loop, int64_t ms)
{
	int64_t end = clock_mono_ms() + ms;
	struct loop_timer *t;

	while (settle(loop)) {
		t = first_timer(loop);
		if (t == NULL || t->due_at > end) {
			fake_clock_advance(end - clock_mono_ms());
			return true;
		}
		fake_clock_advance(t->due_at - clock_mono_ms());
	}
	return false;
}

void
fake_loop_halt(struct loop *loop)
{
	loop->halted = true;
}

bool
fake_loop_halted(const struct loop *loop)
{
	return loop->halted;
}

unsigned
fake_loop_timers(const struct loop *loop)
{
	struct loop_timer *t;
	unsigned n = 0;

	TAILQ_FOREACH (t, &loop->timers, entry)
		n++;
	return n;
}

void
loop_run(struct loop *loop)
{
	struct loop_timer *t;

	loop->stopped = false;
	while (settle(loop) && !loop->stopped) {
		t = first_timer(loop);
		if (t == NULL)
			return;
		fake_clock_advance(t->due_at - clock_mono_ms());
	}
}

void
loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

/* --- what the rest of the program sees ------------------------------ */

void
loop_post(struct loop *loop, loop_fn *fn, void *arg)
{
	struct post *p = xcalloc(1, sizeof(*p));

	p->fn = fn;
	p->arg = arg;
	TAILQ_INSERT_TAIL(&loop->posts, p, entry);
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

	t->loop = loop;
	t->fn = fn;
	t->arg = arg;
	TAILQ_INSERT_TAIL(&loop->timers, t, entry);
	return t;
}

void
loop_timer_set(struct loop_timer *t, int64_t delay_ms)
{
	t->set = true;
	t->due_at = clock_mono_ms() + (delay_ms > 0 ? delay_ms : 0);
}

void
loop_timer_clear(struct loop_timer *t)
{
	t->set = false;
}

void
loop_timer_free(struct loop_timer *t)
{
	if (t == NULL)
		return;
	TAILQ_REMOVE(&t->loop->timers, t, entry);
	free(t);
}

struct loop_fd *
loop_fd_new(struct loop *loop, int fd, loop_fn *fn, void *arg)
{
	struct loop_fd *w = xcalloc(1, sizeof(*w));

	(void)loop;
	(void)fn;
	(void)arg;
	w->fd = fd;
	return w;
}

struct loop_fd *
loop_fd_new_writable(struct loop *loop, int fd, loop_fn *fn, void *arg)
{
	return loop_fd_new(loop, fd, fn, arg);
}

void
loop_fd_free(struct loop_fd *w)
{
	free(w);
}

struct loop_signal *
loop_signal_new(struct loop *loop, int signo, loop_fn *fn, void *arg)
{
	struct loop_signal *s = xcalloc(1, sizeof(*s));

	(void)loop;
	(void)fn;
	(void)arg;
	s->signo = signo;
	return s;
}

void
loop_signal_free(struct loop_signal *s)
{
	free(s);
}

struct loop_wakeup *
loop_wakeup_new(struct loop *loop, loop_fn *fn, void *arg)
{
	struct loop_wakeup *w = xcalloc(1, sizeof(*w));

	w->loop = loop;
	w->fn = fn;
	w->arg = arg;
	pthread_mutex_init(&w->lock, NULL);
	TAILQ_INSERT_TAIL(&loop->wakeups, w, entry);
	return w;
}

void
loop_wakeup_signal(struct loop_wakeup *w)
{
	pthread_mutex_lock(&w->lock);
	w->signalled = true;
	pthread_mutex_unlock(&w->lock);
}

void
loop_wakeup_free(struct loop_wakeup *w)
{
	if (w == NULL)
		return;
	TAILQ_REMOVE(&w->loop->wakeups, w, entry);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* Nobody who links this file builds on libevent. */
struct event_base *
loop_event_base(struct loop *loop)
{
	(void)loop;
	abort();
}
