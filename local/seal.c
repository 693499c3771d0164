/* SPDX-License-Identifier: Apache-2.0 */
/* A list of work, threads that take from it, a list of what is done. */
#include "local/seal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/mem.h"

#define THREADS 2
#define CHUNK (256 * 1024)

struct job {
	TAILQ_ENTRY(job) entry;
	int fd;
	int dir_fd;
	bool digest;
	bool sha256; /* too, and nothing is synced */
	seal_done_fn *done;
	void *arg;
	struct seal_result result;
	struct error err;
	bool failed;
};
TAILQ_HEAD(jobs, job);

struct seal {
	struct loop_wakeup *wakeup;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t threads[THREADS];
	struct jobs waiting; /* under the lock, as all below */
	struct jobs finished;
	bool stopping;
};

static void
must(int rc)
{
	if (rc != 0)
		abort();
}

/* The next piece of the file: its length, 0 at the end, or -1. */
static ssize_t
read_piece(struct job *j, unsigned char *chunk)
{
	ssize_t n;

	do
		n = pread(j->fd, chunk, CHUNK, (off_t)j->result.size);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		err_set_errno(&j->err, ERR_IO, "read an object");
	return n;
}

static int
digest_file(struct job *j)
{
	struct hash *sha256 = j->sha256 ? hash_new(HASH_SHA256) : NULL;
	struct hash *md5 = hash_new(HASH_MD5);
	unsigned char *chunk = xmalloc(CHUNK);
	ssize_t n;

	while ((n = read_piece(j, chunk)) > 0) {
		hash_update(md5, chunk, (size_t)n);
		if (sha256 != NULL)
			hash_update(sha256, chunk, (size_t)n);
		j->result.crc64nvme =
		    hash_crc64nvme(j->result.crc64nvme, chunk, (size_t)n);
		j->result.size += n;
	}
	hash_final(md5, j->result.md5);
	if (sha256 != NULL)
		hash_final(sha256, j->result.sha256);
	hash_free(md5);
	hash_free(sha256);
	free(chunk);
	return n == 0 ? 0 : -1;
}

static int
work(struct job *j)
{
	if (j->digest && digest_file(j) == -1)
		return -1;
	if (j->sha256)
		return 0;
	if (fsync(j->fd) == -1)
		return err_set_errno(&j->err, ERR_IO, "sync an object");
	if (fsync(j->dir_fd) == -1)
		return err_set_errno(&j->err, ERR_IO, "sync a folder");
	return 0;
}

static void *
thread_main(void *arg)
{
	struct seal *s = arg;
	struct job *j;

	must(pthread_mutex_lock(&s->lock));
	while (!s->stopping) {
		j = TAILQ_FIRST(&s->waiting);
		if (j == NULL) {
			must(pthread_cond_wait(&s->changed, &s->lock));
			continue;
		}
		TAILQ_REMOVE(&s->waiting, j, entry);
		must(pthread_mutex_unlock(&s->lock));
		j->failed = work(j) == -1;
		must(pthread_mutex_lock(&s->lock));
		TAILQ_INSERT_TAIL(&s->finished, j, entry);
		loop_wakeup_signal(s->wakeup);
	}
	must(pthread_mutex_unlock(&s->lock));
	return NULL;
}

static void
report_all(struct jobs *list)
{
	struct job *j;

	while ((j = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, j, entry);
		j->done(&j->result, j->failed ? &j->err : NULL, j->arg);
		free(j);
	}
}

static void
on_wakeup(void *arg)
{
	struct jobs done = TAILQ_HEAD_INITIALIZER(done);
	struct seal *s = arg;

	must(pthread_mutex_lock(&s->lock));
	TAILQ_CONCAT(&done, &s->finished, entry);
	must(pthread_mutex_unlock(&s->lock));
	report_all(&done);
}

struct seal *
seal_new(struct loop *loop)
{
	struct seal *s = xcalloc(1, sizeof(*s));
	sigset_t all, old;
	size_t i;

	TAILQ_INIT(&s->waiting);
	TAILQ_INIT(&s->finished);
	must(pthread_mutex_init(&s->lock, NULL));
	must(pthread_cond_init(&s->changed, NULL));
	s->wakeup = loop_wakeup_new(loop, on_wakeup, s);
	/* Signals are the loop's. */
	sigfillset(&all);
	must(pthread_sigmask(SIG_SETMASK, &all, &old));
	for (i = 0; i < THREADS; i++)
		must(pthread_create(&s->threads[i], NULL, thread_main, s));
	must(pthread_sigmask(SIG_SETMASK, &old, NULL));
	return s;
}

void
seal_free(struct seal *s)
{
	struct job *j;
	size_t i;

	if (s == NULL)
		return;
	must(pthread_mutex_lock(&s->lock));
	s->stopping = true;
	must(pthread_cond_broadcast(&s->changed));
	must(pthread_mutex_unlock(&s->lock));
	for (i = 0; i < THREADS; i++)
		must(pthread_join(s->threads[i], NULL));
	TAILQ_FOREACH (j, &s->waiting, entry) {
		j->failed = true;
		err_set(&j->err, ERR_CANCELLED, "stopped");
	}
	TAILQ_CONCAT(&s->finished, &s->waiting, entry);
	report_all(&s->finished);
	loop_wakeup_free(s->wakeup);
	must(pthread_cond_destroy(&s->changed));
	must(pthread_mutex_destroy(&s->lock));
	free(s);
}

static void
add(struct seal *s, struct job *j)
{
	must(pthread_mutex_lock(&s->lock));
	TAILQ_INSERT_TAIL(&s->waiting, j, entry);
	must(pthread_cond_signal(&s->changed));
	must(pthread_mutex_unlock(&s->lock));
}

void
seal_start(struct seal *s, int fd, int dir_fd, bool digest, seal_done_fn *done,
    void *arg)
{
	struct job *j = xcalloc(1, sizeof(*j));

	j->fd = fd;
	j->dir_fd = dir_fd;
	j->digest = digest;
	j->done = done;
	j->arg = arg;
	add(s, j);
}

void
seal_digest(struct seal *s, int fd, seal_done_fn *done, void *arg)
{
	struct job *j = xcalloc(1, sizeof(*j));

	j->fd = fd;
	j->dir_fd = -1;
	j->digest = true;
	j->sha256 = true;
	j->done = done;
	j->arg = arg;
	add(s, j);
}
