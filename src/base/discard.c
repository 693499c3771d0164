/* SPDX-License-Identifier: Apache-2.0 */
/* Files on their way out: a list, and the thread that works it off. */
#include "base/discard.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

struct item {
	TAILQ_ENTRY(item) entry;
	int fd; /* or -1 */
	char *path; /* or NULL */
};
TAILQ_HEAD(items, item);

static struct items items = TAILQ_HEAD_INITIALIZER(items);
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the two above */
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static bool ending;

/* Only of the callers' thread. */
static pthread_t thread;
static bool running;

static void
drop(struct item *take)
{
	if (take->fd != -1)
		close(take->fd);
	if (take->path != NULL)
		unlink(take->path);
	free(take->path);
	free(take);
}

static void *
discard_main(void *arg)
{
	struct item *i;

	(void)arg;
	pthread_mutex_lock(&lock);
	for (;;) {
		while (TAILQ_EMPTY(&items) && !ending)
			pthread_cond_wait(&more, &lock);
		i = TAILQ_FIRST(&items);
		if (i == NULL)
			break;
		TAILQ_REMOVE(&items, i, entry);
		pthread_mutex_unlock(&lock);
		drop(i);
		pthread_mutex_lock(&lock);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void
begin(void)
{
	sigset_t all, old;

	if (running)
		return;
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&thread, NULL, discard_main, NULL) != 0)
		abort();
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	running = true;
}

static void
add(int fd, char *take_path)
{
	struct item *i = xcalloc(1, sizeof(*i));

	i->fd = fd;
	i->path = take_path;
	begin();
	pthread_mutex_lock(&lock);
	TAILQ_INSERT_TAIL(&items, i, entry);
	pthread_cond_signal(&more);
	pthread_mutex_unlock(&lock);
}

void
discard_fd(int take_fd)
{
	struct stat st;

	if (take_fd == -1)
		return;
	if (fstat(take_fd, &st) == 0 && st.st_nlink > 0)
		close(take_fd);
	else
		add(take_fd, NULL);
}

void
discard_path(const char *path)
{
	add(-1, xstrdup(path));
}

void
discard_wait(void)
{
	if (!running)
		return;
	pthread_mutex_lock(&lock);
	ending = true;
	pthread_cond_signal(&more);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	running = false;
	ending = false;
}
