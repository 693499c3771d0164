/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes in groups, watched through a pidfd. */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

#define KILL_AFTER_MS 2000
#define STACK_SIZE ((size_t)64 * 1024)
#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

/* ThreadSanitizer takes a child that shares our memory for a thread. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SHARED_MEMORY 0
#endif
#elif defined(__SANITIZE_THREAD__)
#define SHARED_MEMORY 0
#endif
#ifndef SHARED_MEMORY
#define SHARED_MEMORY CLONE_VM
#endif

extern char **environ;

struct child {
	LIST_ENTRY(child) entry; /* of those cancelled */
	pid_t pid;
	int pidfd;
	struct loop_fd *watch;
	struct loop_timer *timer;
	bool timed_out;
	bool ending; /* SIGTERM was sent */
	child_done_fn *done; /* NULL: cancelled */
	void *arg;
};

/* Cancelled and not yet reaped: nobody else knows them. */
static LIST_HEAD(, child) cancelled = LIST_HEAD_INITIALIZER(cancelled);

static void
child_free(struct child *c)
{
	if (c->done == NULL)
		LIST_REMOVE(c, entry);
	loop_fd_free(c->watch);
	loop_timer_free(c->timer);
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
	if (done != NULL)
		done(&r, done_arg);
}

static void
on_timeout(void *arg)
{
	struct child *c = arg;

	if (c->ending) {
		kill(-c->pid, SIGKILL);
		return;
	}
	c->timed_out = true;
	child_terminate(c, KILL_AFTER_MS);
}

void
child_terminate(struct child *c, int64_t grace_ms)
{
	kill(-c->pid, grace_ms > 0 ? SIGTERM : SIGKILL);
	c->ending = true;
	loop_timer_set(c->timer, grace_ms);
}

/* --- starting ------------------------------------------------------- */

/* With errno where it is none. */
static bool
is_program(const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return false;
	if (S_ISREG(st.st_mode))
		return access(path, X_OK) == 0;
	errno = EACCES;
	return false;
}

/* DIR/name, where an empty DIR is the current one (POSIX, 8.3). */
static char *
join(const char *dir, size_t len, const char *name)
{
	const char *slash = len > 0 ? "/" : "";
	char cwd[PATH_MAX];

	if ((len > 0 && dir[0] == '/') || getcwd(cwd, sizeof(cwd)) == NULL)
		return xasprintf("%.*s%s%s", (int)len, dir, slash, name);
	return xasprintf("%s/%.*s%s%s", cwd, (int)len, dir, slash, name);
}

static char *
find_in_path(const char *name, struct error *err)
{
	const char *dir = getenv("PATH");
	size_t len;

	if (dir == NULL || *dir == '\0')
		dir = DEFAULT_PATH;
	for (;; dir += len + 1) {
		char *path;

		len = strcspn(dir, ":");
		path = join(dir, len, name);
		if (*name != '\0' && is_program(path))
			return path;
		free(path);
		if (dir[len] == '\0')
			break;
	}
	err_set(err, ERR_NOT_FOUND, "there is no program \"%s\" in PATH", name);
	return NULL;
}

char *
child_find(const char *name, struct error *err)
{
	char *path;

	if (strchr(name, '/') == NULL)
		return find_in_path(name, err);
	path = *name == '/' ? xstrdup(name) : join("", 0, name);
	if (is_program(path))
		return path;
	err_set_errno(err, ERR_NOT_FOUND, "run %s", path);
	free(path);
	return NULL;
}

/*
 * A duplicate above the three that are about to be replaced, so that none is
 * overwritten before it was copied. -1 is /dev/null.
 */
static int
above_stdio(int fd)
{
	int opened, dup;

	if (fd != -1)
		return fcntl(fd, F_DUPFD_CLOEXEC, 3);
	opened = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (opened == -1 || opened >= 3)
		return opened;
	dup = fcntl(opened, F_DUPFD_CLOEXEC, 3);
	close(opened);
	return dup;
}

/* What becomes a child. It runs in our memory until it has its own program,
 * while the thread that starts it stands still. */
struct launch {
	const char *path;
	char *const *argv;
	char *const *env;
	int fds[3]; /* all above 2 */
	pid_t parent;
	int *error; /* errno, where it came to nothing */
};

/* What is caught falls back by itself; what is ignored would stay so. */
static void
reset_signals(void)
{
	struct sigaction now, dfl = {.sa_handler = SIG_DFL};
	sigset_t none;
	int signo;

	for (signo = 1; signo < NSIG; signo++) {
		if (sigaction(signo, NULL, &now) == 0 &&
		    now.sa_handler == SIG_IGN)
			sigaction(signo, &dfl, NULL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child, on a stack that no sanitizer knows. */
static int __attribute__((no_sanitize("address", "thread"))) become(void *arg)
{
	struct launch *l = arg;
	int i;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have ended before that was said. */
	if (getppid() != l->parent)
		return 127;
	for (i = 0; i < 3; i++)
		dup2(l->fds[i], i);
	close_range(3, ~0U, 0);
	reset_signals();
	execve(l->path, l->argv, l->env);
	*l->error = errno;
	return 127;
}

/*
 * 0, or errno. A fork would copy what describes our memory, two milliseconds
 * for 80 MB, and posix_spawn knows no PR_SET_PDEATHSIG.
 */
static int
launch(struct launch *l, pid_t *pid)
{
	char *room = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sigset_t all, old;
	int error;

	if (room == MAP_FAILED)
		return errno;
	l->parent = getpid();
	l->error = (int *)(void *)room; /* far below the stack */
	/* No handler of ours may run in the child. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	*pid = clone(become, room + STACK_SIZE,
	    SHARED_MEMORY | CLONE_VFORK | SIGCHLD, l);
	error = *pid == -1 ? errno : *l->error;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	munmap(room, STACK_SIZE);
	if (*pid != -1 && error != 0) {
		while (waitpid(*pid, NULL, 0) == -1 && errno == EINTR)
			continue;
	}
	return error;
}

/* 0, or -1 with errno. */
static int
spawn(const struct child_options *o, const char *path, pid_t *pid)
{
	const int given[3] = {o->stdin_fd, o->stdout_fd, o->stderr_fd};
	/* execve promises not to change argv and env. */
	struct launch l = {
	    .path = path,
	    .argv = (char *const *)(uintptr_t)o->argv,
	    .env = o->env != NULL ? (char *const *)(uintptr_t)o->env : environ,
	    .fds = {-1, -1, -1},
	};
	int i, rc = 0;

	for (i = 0; i < 3 && rc == 0; i++) {
		l.fds[i] = above_stdio(given[i]);
		if (l.fds[i] == -1)
			rc = errno;
	}
	if (rc == 0)
		rc = launch(&l, pid);
	for (i = 0; i < 3; i++) {
		if (l.fds[i] != -1)
			close(l.fds[i]);
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

static int
start(const struct child_options *o, pid_t *pid, struct error *err)
{
	char *path = child_find(o->argv[0], err);
	int rc;

	if (path == NULL)
		return -1;
	/* A careless parent may have us ignore it: then the kernel keeps no
	 * status, and a child may be gone before it can be watched. */
	signal(SIGCHLD, SIG_DFL);
	rc = spawn(o, path, pid);
	if (rc == -1)
		err_set_errno(err, code_of(errno), "start %s", o->argv[0]);
	free(path);
	return rc;
}

int
child_start(struct loop *loop, const struct child_options *options,
    child_done_fn *done, void *arg, struct child **out, struct error *err)
{
	struct child *c;
	pid_t pid = -1;
	int pidfd;

	if (start(options, &pid, err) == -1)
		return -1;
	pidfd = pidfd_open(pid, 0);
	if (pidfd == -1) {
		err_set_errno(err, ERR_IO, "watch %s", options->argv[0]);
		kill(-pid, SIGKILL);
		while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
			continue;
		return -1;
	}
	c = xcalloc(1, sizeof(*c));
	c->pid = pid;
	c->done = done;
	c->arg = arg;
	c->pidfd = pidfd;
	c->watch = loop_fd_new(loop, pidfd, on_pidfd, c);
	c->timer = loop_timer_new(loop, on_timeout, c);
	if (options->timeout_ms > 0)
		loop_timer_set(c->timer, options->timeout_ms);
	*out = c;
	return 0;
}

void
child_cancel(struct child *c)
{
	if (c == NULL)
		return;
	kill(-c->pid, SIGKILL);
	loop_timer_clear(c->timer);
	c->done = NULL;
	LIST_INSERT_HEAD(&cancelled, c, entry);
}
