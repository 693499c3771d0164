/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handlers: one process an attempt, under a keeper (base/keeper.h). Its
 * environment is in execenv.c. The attempt ends when the process does: what it
 * left behind is killed, and nobody waits for the pipe that may be open there.
 */
#include "deliver/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/child.h"
#include "base/crash.h"
#include "base/file.h"
#include "base/keeper.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "deliver/execenv.h"

#define READ_SIZE 65536
#define LATER 75 /* EX_TEMPFAIL of sysexits.h */

struct exec {
	struct loop *loop;
	char **argv; /* argv[0] is absolute */
	int64_t timeout_ms;
	bool other_is_dead;
};

struct call {
	const struct exec *exec;
	struct child *child;
	deliver_done_fn *done;
	void *arg;
	int pipe; /* the end that we read, or -1 */
	struct loop_fd *watch;
	struct buf said;
};

static void
close_fd(int fd)
{
	if (fd != -1)
		close(fd);
}

static void
call_free(struct call *c)
{
	loop_fd_free(c->watch);
	close_fd(c->pipe);
	buf_done(&c->said);
	free(c);
}

/* --- what it says --------------------------------------------------- */

/* One read: its result. What does not fit is thrown away. */
static ssize_t
take_output(struct call *c)
{
	char chunk[READ_SIZE];
	size_t room = c->said.max - c->said.len;
	ssize_t n;

	do {
		n = read(c->pipe, chunk, sizeof(chunk));
	} while (n == -1 && errno == EINTR);
	if (n > 0 && room > 0)
		buf_append(
		    &c->said, chunk, (size_t)n < room ? (size_t)n : room);
	return n;
}

static void
on_output(void *arg)
{
	struct call *c = arg;
	ssize_t n = take_output(c);

	if (n > 0 || (n == -1 && errno == EAGAIN))
		return;
	loop_fd_free(c->watch);
	c->watch = NULL;
	close(c->pipe);
	c->pipe = -1;
}

/* What it wrote before it ended is in the pipe; more is not waited for. */
static void
take_rest(struct call *c)
{
	while (c->pipe != -1 && c->said.len < c->said.max) {
		if (take_output(c) <= 0)
			break;
	}
}

/* --- how it ends ---------------------------------------------------- */

/* What became of the command itself. NULL: it did well. */
static char *
end_of(const struct call *c, const struct child_result *r)
{
	char span[TIMEFMT_SPAN_SIZE];
	const char *name;

	if (r->error != 0)
		return xasprintf(
		    "it cannot be started: %s", strerror(r->error));
	if (r->timed_out) {
		timefmt_span(c->exec->timeout_ms, span);
		return xasprintf("ended after the time-out of %s", span);
	}
	if (r->exit_code >= 0)
		return r->exit_code == 0
		    ? NULL
		    : xasprintf("exit status %d", r->exit_code);
	if (r->lost)
		return xstrdup("nobody knows how it ended: what watched over "
			       "it was killed");
	name = sigabbrev_np(r->signal);
	return xasprintf("ended by signal %d%s%s", r->signal,
	    name != NULL ? ", SIG" : "", name != NULL ? name : "");
}

/* In one word, as end_of() tells it. */
static enum deliver_class
class_of(const struct child_result *r)
{
	if (r->error != 0)
		return CLASS_START;
	if (r->timed_out)
		return CLASS_TIMEOUT;
	if (r->exit_code >= 0)
		return r->exit_code == 0 ? CLASS_NONE : CLASS_EXIT;
	return r->lost ? CLASS_LOST : CLASS_SIGNAL;
}

/* And of what came of it; NULL where there is nothing to say. */
static char *
note_of(const struct call *c, const struct child_result *r)
{
	struct buf note;
	char *end = end_of(c, r);

	buf_init(&note, 1024);
	if (end != NULL)
		buf_puts(&note, end);
	free(end);
	if (r->left > 0)
		buf_printf(&note, "%sleft %u process%s behind, which %s killed",
		    note.len > 0 ? "; it " : "", r->left,
		    r->left == 1 ? "" : "es", r->left == 1 ? "was" : "were");
	if (r->stuck)
		buf_printf(&note,
		    "%ssomething that it started could not be killed",
		    note.len > 0 ? "; " : "");
	if (note.len > 0)
		return buf_take(&note);
	buf_done(&note);
	return NULL;
}

/* The table of awaitd-handlers(7). */
static enum deliver_verdict
verdict_of(const struct call *c, const struct child_result *r)
{
	if (r->timed_out || r->exit_code < 0 || r->exit_code == LATER)
		return DELIVER_RETRY;
	if (r->exit_code == 0)
		return DELIVER_OK;
	return c->exec->other_is_dead ? DELIVER_DEAD : DELIVER_RETRY;
}

static void
on_child(const struct child_result *r, void *arg)
{
	struct call *c = arg;
	char *note = note_of(c, r), *said;
	struct deliver_result result = {
	    .verdict = verdict_of(c, r),
	    .status = r->exit_code >= 0 ? r->exit_code : ATTEMPT_NO_STATUS,
	    .error_class = class_of(r),
	    .note = note,
	};

	take_rest(c);
	said = deliver_text(c->said.data, c->said.len);
	result.response = said;
	c->done(&result, c->arg);
	free(said);
	free(note);
	call_free(c);
}

/* --- how it begins -------------------------------------------------- */

/* A description of its own: another's offset does not move with it, and what
 * is read cannot be written. */
static int
reopen(int fd, struct error *err)
{
	char path[32];
	int own;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, O_RDONLY | O_CLOEXEC);
	if (own == -1)
		err_set_errno(err, ERR_IO, "open the body again");
	return own;
}

static int
open_body(const struct parcel *p, struct error *err)
{
	int fd, own = -1;

	if (p->fd != -1)
		return reopen(p->fd, err);
	fd = memfd_create("awaitd-body", MFD_CLOEXEC);
	if (fd == -1)
		return err_set_errno(err, ERR_IO, "memfd_create");
	if (file_write_all(fd, p->body, (size_t)p->size, err) == 0)
		own = reopen(fd, err);
	close(fd);
	return own;
}

/* The end that is read does not block; the handler's own does. */
static int
open_pipe(int ends[2], struct error *err)
{
	if (pipe2(ends, O_CLOEXEC) == -1)
		return err_set_errno(err, ERR_IO, "pipe");
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
		return 0;
	err_set_errno(err, ERR_IO, "fcntl");
	close(ends[0]);
	close(ends[1]);
	return -1;
}

static int
run(struct call *c, const struct parcel *p, int body, int out,
    struct error *err)
{
	char **env = execenv_new(p);
	struct child_options o = {
	    .argv = (const char *const *)c->exec->argv,
	    .env = (const char *const *)env,
	    .stdin_fd = body,
	    .stdout_fd = out,
	    .stderr_fd = out,
	    .timeout_ms = c->exec->timeout_ms,
	    .kept = true,
	};
	int rc;

	rc = child_start(c->exec->loop, &o, on_child, c, &c->child, err);
	execenv_free(env);
	return rc;
}

static int
exec_start(void *self, const struct parcel *p, deliver_done_fn *done, void *arg,
    void **out, struct error *err)
{
	struct exec *x = self;
	int body, ends[2], rc;
	struct call *c;

	body = open_body(p, err);
	if (body == -1)
		return -1;
	if (open_pipe(ends, err) == -1) {
		close(body);
		return -1;
	}
	c = xcalloc(1, sizeof(*c));
	c->exec = x;
	c->done = done;
	c->arg = arg;
	c->pipe = ends[0];
	buf_init(&c->said, ATTEMPT_RESPONSE_MAX);
	rc = run(c, p, body, ends[1], err);
	close(body);
	close(ends[1]);
	if (rc == -1) {
		call_free(c);
		return -1;
	}
	crash_point("C16");
	c->watch = loop_fd_new(x->loop, c->pipe, on_output, c);
	*out = c;
	return 0;
}

static void
exec_cancel(void *call)
{
	struct call *c = call;

	child_cancel(c->child);
	call_free(c);
}

static void
exec_free(void *self)
{
	struct exec *x = self;
	size_t i;

	for (i = 0; x->argv[i] != NULL; i++)
		free(x->argv[i]);
	free(x->argv);
	free(x);
}

static const struct deliver_driver exec_driver = {
    .start = exec_start,
    .cancel = exec_cancel,
    .free = exec_free,
};

/* And what it runs under. */
static char *
find_program(const char *name, struct error *err)
{
	char *program = NULL;

	if (keeper_path(err) != NULL)
		program = child_find(name, err);
	if (program == NULL)
		err->code = ERR_CONFIG;
	return program;
}

int
exec_new(const struct exec_options *o, struct target **out, struct error *err)
{
	struct exec *x;
	char *program;
	size_t n;

	if (o->argv[0] == NULL)
		return err_set(err, ERR_CONFIG, "the command is empty");
	program = find_program(o->argv[0], err);
	if (program == NULL)
		return -1;
	x = xcalloc(1, sizeof(*x));
	x->loop = o->loop;
	x->timeout_ms = o->target.timeout_ms;
	x->other_is_dead = o->other_is_dead;
	for (n = 0; o->argv[n] != NULL; n++)
		continue;
	x->argv = xcalloc(n + 1, sizeof(*x->argv));
	x->argv[0] = program;
	while (--n > 0)
		x->argv[n] = xstrdup(o->argv[n]);
	*out = target_new(&o->target, &exec_driver, x);
	return 0;
}
