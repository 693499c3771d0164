/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work for other threads. There is little of it and each piece is large, so one
 * lock is enough for all queues; no work is done under it.
 */
#include "base/offload.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <time.h>

#include "base/mem.h"

struct offload_call {
	TAILQ_ENTRY(offload_call) entry;
	struct offload_work work;
	void *arg;
	struct loop_wakeup *wakeup; /* NULL: nobody waits */
	atomic_bool cancelled; /* written under the lock */
	bool finished;
};
TAILQ_HEAD(calls, offload_call);

struct offload {
	struct calls calls; /* that no thread has begun */
	unsigned threads, threads_max;
	bool orphan; /* the last thread frees it */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of all of it */
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER; /* a thread did */
static unsigned alive; /* threads of all queues */

/* --- on a thread ---------------------------------------------------- */

/* Under the lock: nobody frees the wakeup meanwhile. */
static bool
tell(struct offload_call *c)
{
	c->finished = true;
	if (c->cancelled || c->wakeup == NULL)
		return false;
	loop_wakeup_signal(c->wakeup);
	return true;
}

static void
work(struct offload_call *c)
{
	bool told;

	if (!c->cancelled)
		c->work.run(c, c->arg);
	pthread_mutex_lock(&lock);
	told = tell(c);
	pthread_mutex_unlock(&lock);
	if (told)
		return;
	if (c->cancelled && c->work.drop != NULL)
		c->work.drop(c->arg);
	free(c);
}

static void *
offload_main(void *arg)
{
	struct offload *o = arg;
	struct offload_call *c;

	pthread_mutex_lock(&lock);
	while ((c = TAILQ_FIRST(&o->calls)) != NULL) {
		TAILQ_REMOVE(&o->calls, c, entry);
		pthread_mutex_unlock(&lock);
		work(c);
		pthread_mutex_lock(&lock);
	}
	if (--o->threads == 0 && o->orphan)
		free(o);
	alive--;
	pthread_cond_broadcast(&ended);
	pthread_mutex_unlock(&lock);
	return NULL;
}

/* --- on the loop ---------------------------------------------------- */

/* Under the lock. One that cannot begin matters only where there is none. */
static void
begin_thread(struct offload *o)
{
	sigset_t all, old;
	pthread_t thread;
	int rc;

	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&thread, NULL, offload_main, o);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc == 0) {
		pthread_detach(thread);
		o->threads++;
		alive++;
	} else if (o->threads == 0) {
		abort();
	}
}

static void
on_finished(void *arg)
{
	struct offload_call *c = arg;

	/* What the thread has written is to be seen. */
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
	loop_wakeup_free(c->wakeup);
	c->work.done(c->arg);
	free(c);
}

struct offload *
offload_new(unsigned threads_max)
{
	struct offload *o = xcalloc(1, sizeof(*o));

	TAILQ_INIT(&o->calls);
	o->threads_max = threads_max;
	return o;
}

void
offload_free(struct offload *o)
{
	if (o == NULL)
		return;
	pthread_mutex_lock(&lock);
	if (o->threads == 0)
		free(o);
	else
		o->orphan = true;
	pthread_mutex_unlock(&lock);
}

struct offload_call *
offload_start(struct offload *o, struct loop *loop,
    const struct offload_work *work, void *arg)
{
	struct offload_call *c = xcalloc(1, sizeof(*c));

	c->work = *work;
	c->arg = arg;
	if (work->done != NULL)
		c->wakeup = loop_wakeup_new(loop, on_finished, c);
	pthread_mutex_lock(&lock);
	TAILQ_INSERT_TAIL(&o->calls, c, entry);
	if (o->threads < o->threads_max)
		begin_thread(o);
	pthread_mutex_unlock(&lock);
	return c;
}

void
offload_cancel(struct offload_call *c)
{
	bool finished;

	pthread_mutex_lock(&lock);
	c->cancelled = true;
	finished = c->finished;
	loop_wakeup_free(c->wakeup);
	pthread_mutex_unlock(&lock);
	if (!finished)
		return;
	if (c->work.drop != NULL)
		c->work.drop(c->arg);
	free(c);
}

bool
offload_cancelled(const struct offload_call *c)
{
	return c->cancelled;
}

void
offload_wait(struct offload *o)
{
	pthread_mutex_lock(&lock);
	while (o->threads > 0)
		pthread_cond_wait(&ended, &lock);
	pthread_mutex_unlock(&lock);
}

void
offload_wait_all(int64_t ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&lock);
	while (alive > 0 &&
	    pthread_cond_clockwait(&ended, &lock, CLOCK_MONOTONIC, &until) == 0)
		continue;
	pthread_mutex_unlock(&lock);
}
