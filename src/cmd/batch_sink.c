/* SPDX-License-Identifier: Apache-2.0 */
/* Result files on their way to their names. */
#include "cmd/batch_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/offload.h"

#define THREADS 4
#define PART_NAME_SIZE 48

struct batch_sink {
	struct loop *loop;
	const struct batch_plan *plan;
	struct offload *offload;
	TAILQ_HEAD(, placing) placings;
	struct offload_call *syncing; /* or NULL */
};

struct placing {
	TAILQ_ENTRY(placing) entry;
	struct batch_sink *sink;
	struct offload_call *call;
	int meta_fd;
	int dir_fd;
	int fd;
	char part[PART_NAME_SIZE];
	char *name;
	struct error err;
	batch_placed_fn *done;
	void *arg;
};

struct batch_sink *
batch_sink_new(struct loop *loop, const struct batch_plan *plan)
{
	struct batch_sink *s = xcalloc(1, sizeof(*s));

	s->loop = loop;
	s->plan = plan;
	s->offload = offload_new(THREADS);
	TAILQ_INIT(&s->placings);
	return s;
}

void
batch_sink_free(struct batch_sink *s)
{
	struct placing *p;

	if (s == NULL)
		return;
	while ((p = TAILQ_FIRST(&s->placings)) != NULL) {
		TAILQ_REMOVE(&s->placings, p, entry);
		offload_cancel(p->call);
	}
	if (s->syncing != NULL)
		offload_cancel(s->syncing);
	offload_wait(s->offload);
	offload_free(s->offload);
	free(s);
}

static void
part_name(size_t i, char out[PART_NAME_SIZE])
{
	snprintf(out, PART_NAME_SIZE, "%zu.part", i);
}

int
batch_sink_open(struct batch_sink *s, size_t i, int *fd, struct error *err)
{
	char part[PART_NAME_SIZE];

	part_name(i, part);
	*fd = openat(s->plan->meta_fd, part,
	    O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, (mode_t)0666);
	if (*fd == -1)
		return err_set_errno(err, ERR_IO,
		    "create %s/" BATCH_FOLDER "/%s", s->plan->dir, part);
	return 0;
}

void
batch_sink_drop(struct batch_sink *s, size_t i, int take_fd)
{
	char part[PART_NAME_SIZE];

	part_name(i, part);
	close(take_fd);
	unlinkat(s->plan->meta_fd, part, 0);
}

/* --- on a thread ------------------------------------------------------ */

static int
wrong(struct placing *p, const char *what)
{
	return err_set_errno(&p->err, ERR_IO, "%s %s", what, p->name);
}

/* One folder further down, made if missing; a link is no folder of ours. */
static int
step_into(struct placing *p, int *at, const char *part)
{
	int next;

	if (mkdirat(*at, part, 0777) == 0) {
		if (fsync(*at) == -1)
			return wrong(p, "fsync a folder of");
	} else if (errno != EEXIST) {
		return wrong(p, "make a folder of");
	}
	next =
	    openat(*at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (next == -1)
		return wrong(p, "open a folder of");
	close(*at);
	*at = next;
	return 0;
}

static int
name_it(struct placing *p, int *at)
{
	char *name = p->name, *slash;
	int rc = 0;

	while (rc == 0 && (slash = strchr(name, '/')) != NULL) {
		*slash = '\0';
		rc = step_into(p, at, name);
		*slash = '/';
		name = slash + 1;
	}
	if (rc == 0 && renameat(p->meta_fd, p->part, *at, name) == -1)
		rc = wrong(p, "name");
	if (rc == 0 && fsync(*at) == -1)
		rc = wrong(p, "fsync the folder of");
	return rc;
}

static void
run(struct offload_call *call, void *arg)
{
	struct placing *p = arg;
	int at = -1, rc = 0;

	(void)call;
	if (fsync(p->fd) == -1)
		rc = wrong(p, "fsync");
	close(p->fd);
	p->fd = -1;
	if (rc == 0)
		at = fcntl(p->dir_fd, F_DUPFD_CLOEXEC, 0);
	if (rc == 0 && at == -1)
		rc = wrong(p, "open the folder of");
	if (rc == 0)
		rc = name_it(p, &at);
	if (at != -1)
		close(at);
	if (rc == -1)
		unlinkat(p->meta_fd, p->part, 0);
}

static void
placing_free(void *arg)
{
	struct placing *p = arg;

	if (p->fd != -1)
		close(p->fd);
	free(p->name);
	free(p);
}

static void
on_placed(void *arg)
{
	struct placing *p = arg;

	TAILQ_REMOVE(&p->sink->placings, p, entry);
	p->done(p->err.code != ERR_NONE ? &p->err : NULL, p->arg);
	placing_free(p);
}

void
batch_sink_place(struct batch_sink *s, size_t i, int take_fd, const char *name,
    batch_placed_fn *done, void *arg)
{
	static const struct offload_work work = {
	    .run = run,
	    .done = on_placed,
	    .drop = placing_free,
	};
	struct placing *p = xcalloc(1, sizeof(*p));

	p->sink = s;
	p->meta_fd = s->plan->meta_fd;
	p->dir_fd = s->plan->dir_fd;
	p->fd = take_fd;
	part_name(i, p->part);
	p->name = xstrdup(name);
	p->done = done;
	p->arg = arg;
	p->call = offload_start(s->offload, s->loop, &work, p);
	TAILQ_INSERT_TAIL(&s->placings, p, entry);
}

/* --- what else is to be durable ---------------------------------------- */

struct syncing {
	struct batch_sink *sink;
	int fds[2];
	struct error err;
	batch_placed_fn *done;
	void *arg;
};

/* The kernel tells of a failure once, and it would be told to nobody else. */
static void
run_sync(struct offload_call *call, void *arg)
{
	struct syncing *y = arg;
	int i;

	(void)call;
	for (i = 0; i < 2; i++) {
		if (y->fds[i] == -1 || fdatasync(y->fds[i]) == -1)
			err_set_errno(
			    &y->err, ERR_IO, "fsync in %s", y->sink->plan->dir);
	}
}

static void
syncing_free(void *arg)
{
	struct syncing *y = arg;
	int i;

	for (i = 0; i < 2; i++) {
		if (y->fds[i] != -1)
			close(y->fds[i]);
	}
	free(y);
}

static void
on_synced(void *arg)
{
	struct syncing *y = arg;

	y->sink->syncing = NULL;
	y->done(y->err.code != ERR_NONE ? &y->err : NULL, y->arg);
	syncing_free(y);
}

void
batch_sink_sync(struct batch_sink *s, int fd, int other_fd,
    batch_placed_fn *done, void *arg)
{
	static const struct offload_work work = {
	    .run = run_sync,
	    .done = on_synced,
	    .drop = syncing_free,
	};
	struct syncing *y = xcalloc(1, sizeof(*y));

	y->sink = s;
	y->fds[0] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	y->fds[1] = fcntl(other_fd, F_DUPFD_CLOEXEC, 0);
	y->done = done;
	y->arg = arg;
	s->syncing = offload_start(s->offload, s->loop, &work, y);
}
