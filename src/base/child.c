/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes in groups, watched through a pidfd. */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

#define KILL_AFTER_MS 2000

extern char **environ;

struct child {
	struct loop *loop;
	pid_t pid;
	int pidfd;
	struct loop_fd *watch;
	struct loop_timer *timer;
	bool timed_out;
	child_done_fn *done;
	void *arg;
};

static void
child_free(struct child *c)
{
	loop_fd_free(c->watch);
	loop_timer_free(c->timer);
	if (c->pidfd != -1)
		close(c->pidfd);
	free(c);
}

static void
on_pidfd(void *arg)
{
	struct child *c = arg;
	struct child_result r = {.exit_code = -1, .timed_out = c->timed_out};
	child_done_fn *done = c->done;
	void *done_arg = c->arg;
	siginfo_t ended = {0};
	int status;

	if (waitid(P_PID, (id_t)c->pid, &ended, WEXITED | WNOHANG | WNOWAIT) ==
	    0) {
		if (ended.si_pid == 0)
			return;
		/* What it left running in its group has nobody to work for.
		 * The id is surely its own only until it is reaped. */
		kill(-c->pid, SIGKILL);
	}
	if (waitpid(c->pid, &status, 0) == c->pid) {
		if (WIFEXITED(status))
			r.exit_code = WEXITSTATUS(status);
		else
			r.signal = WTERMSIG(status);
	}
	child_free(c);
	done(&r, done_arg);
}

static void
on_timeout(void *arg)
{
	struct child *c = arg;

	kill(-c->pid, c->timed_out ? SIGKILL : SIGTERM);
	c->timed_out = true;
	loop_timer_set(c->timer, KILL_AFTER_MS);
}

static void
redirect(posix_spawn_file_actions_t *actions, int from, int to)
{
	if (from == -1)
		posix_spawn_file_actions_addopen(actions, to, "/dev/null",
		    to == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0);
	else
		posix_spawn_file_actions_adddup2(actions, from, to);
}

/*
 * A duplicate above the three that are about to be replaced, so that none is
 * overwritten before it was copied. -1 stays -1.
 */
static int
above_stdio(int fd)
{
	return fd != -1 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
}

/* fds: standard input, output and error, all above 2, or -1. */
static int
spawn(const struct child_options *o, const int fds[3], pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int rc, i;

	posix_spawn_file_actions_init(&actions);
	for (i = 0; i < 3; i++)
		redirect(&actions, fds[i], i);
	posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setpgroup(&attr, 0);
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(&attr,
	    POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
		POSIX_SPAWN_SETSIGDEF);
	/* posix_spawn promises not to change argv and env. */
	rc = posix_spawnp(pid, o->argv[0], &actions, &attr,
	    (char *const *)(uintptr_t)o->argv,
	    o->env != NULL ? (char *const *)(uintptr_t)o->env : environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/* 0, or -1 with errno. */
static int
spawn_with(const struct child_options *o, pid_t *pid)
{
	const int given[3] = {o->stdin_fd, o->stdout_fd, o->stderr_fd};
	int fds[3] = {-1, -1, -1}, i, rc = 0;

	for (i = 0; i < 3 && rc == 0; i++) {
		fds[i] = above_stdio(given[i]);
		if (fds[i] == -1 && given[i] != -1)
			rc = errno;
	}
	if (rc == 0)
		rc = spawn(o, fds, pid);
	for (i = 0; i < 3; i++) {
		if (fds[i] != -1)
			close(fds[i]);
	}
	errno = rc;
	return rc == 0 ? 0 : -1;
}

/* Not there, or no program: it will not be otherwise the next time. */
static enum error_code
code_of(int error)
{
	switch (error) {
	case ENOENT:
	case EACCES:
	case ENOEXEC:
	case ENOTDIR:
	case ELOOP:
	case E2BIG:
		return ERR_NOT_FOUND;
	default:
		return ERR_IO;
	}
}

int
child_start(struct loop *loop, const struct child_options *options,
    child_done_fn *done, void *arg, struct child **out, struct error *err)
{
	struct child *c;
	pid_t pid;

	/* A careless parent may have us ignore it: then the kernel keeps no
	 * status, and a child may be gone before it can be watched. */
	signal(SIGCHLD, SIG_DFL);
	if (spawn_with(options, &pid) == -1)
		return err_set_errno(
		    err, code_of(errno), "start %s", options->argv[0]);
	c = xcalloc(1, sizeof(*c));
	c->loop = loop;
	c->pid = pid;
	c->done = done;
	c->arg = arg;
	c->pidfd = pidfd_open(pid, 0);
	if (c->pidfd == -1) {
		err_set_errno(err, ERR_IO, "watch %s", options->argv[0]);
		child_cancel(c);
		return -1;
	}
	c->watch = loop_fd_new(loop, c->pidfd, on_pidfd, c);
	c->timer = loop_timer_new(loop, on_timeout, c);
	if (options->timeout_ms > 0)
		loop_timer_set(c->timer, options->timeout_ms);
	*out = c;
	return 0;
}

void
child_cancel(struct child *c)
{
	int status;

	if (c == NULL)
		return;
	kill(-c->pid, SIGKILL);
	while (waitpid(c->pid, &status, 0) == -1 && errno == EINTR)
		continue;
	child_free(c);
}
