/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes in groups, or under a keeper, watched through a pidfd. */
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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/keeper.h"
#include "base/mem.h"

#define KILL_AFTER_MS 2000
/* Longer than two keepers take who cannot kill everything. */
#define KEEPER_PATIENCE_MS (2 * KEEPER_FIGHT_MS + 5000)
#define FDS_MAX 4 /* of a child: its three, and a keeper's */
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

enum stage { RUNNING, ASKED, KILLED };

struct child {
	LIST_ENTRY(child) entry; /* of those cancelled */
	pid_t pid; /* the keeper's, where it is kept */
	int pidfd;
	int keeper; /* socket, or -1 */
	struct loop_fd *watch;
	struct loop_timer *timer;
	bool timed_out;
	enum stage stage;
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
	if (c->keeper != -1)
		close(c->keeper);
	free(c);
}

/* --- how it ends ---------------------------------------------------- */

static void
take_status(struct child_result *r, int status)
{
	if (WIFEXITED(status))
		r->exit_code = WEXITSTATUS(status);
	else
		r->signal = WTERMSIG(status);
}

/* The first word counts: it is of whoever was nearest. */
static void
ask_keeper(const struct child *c, struct child_result *r)
{
	struct keeper_report told;

	if (recv(c->keeper, &told, sizeof(told), MSG_DONTWAIT) !=
	    (ssize_t)sizeof(told))
		told = (struct keeper_report){.lost = 1};
	r->error = told.error;
	r->left = told.left;
	r->stuck = told.stuck != 0;
	r->lost = told.lost != 0;
	if (told.error == 0 && !r->lost)
		take_status(r, told.status);
	else if (r->lost && c->stage == KILLED)
		r->signal = SIGKILL;
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
		 * The id is surely its own only until it is reaped. A keeper's
		 * group is the inner one, whose work is not done then. */
		if (c->keeper == -1)
			kill(-c->pid, SIGKILL);
	}
	if (waitpid(c->pid, &status, 0) == c->pid && c->keeper == -1)
		take_status(&r, status);
	if (c->keeper != -1)
		ask_keeper(c, &r);
	child_free(c);
	if (done != NULL)
		done(&r, done_arg);
}

static void
ask(struct child *c)
{
	if (c->keeper == -1) {
		kill(-c->pid, SIGTERM);
		return;
	}
	(void)!send(
	    c->keeper, &(char){KEEPER_TERM}, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	/* Somebody may have stopped it. */
	kill(c->pid, SIGCONT);
}

static void
kill_all(struct child *c)
{
	if (c->keeper == -1) {
		kill(-c->pid, SIGKILL);
		loop_timer_clear(c->timer);
	} else {
		shutdown(c->keeper, SHUT_WR);
		kill(c->pid, SIGCONT);
		loop_timer_set(c->timer, KEEPER_PATIENCE_MS);
	}
	c->stage = KILLED;
}

static void
on_timer(void *arg)
{
	struct child *c = arg;

	switch (c->stage) {
	case RUNNING:
		c->timed_out = true;
		child_terminate(c, KILL_AFTER_MS);
		break;
	case ASKED:
		kill_all(c);
		break;
	case KILLED:
		/* A keeper that does not end. */
		kill(c->pid, SIGKILL);
		break;
	}
}

void
child_terminate(struct child *c, int64_t grace_ms)
{
	if (grace_ms <= 0 || c->stage == KILLED) {
		kill_all(c);
		return;
	}
	ask(c);
	c->stage = ASKED;
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
 * A duplicate above those that are about to be replaced, so that none is
 * overwritten before it was copied. -1 is /dev/null.
 */
static int
above_theirs(int fd)
{
	int opened, dup;

	if (fd != -1)
		return fcntl(fd, F_DUPFD_CLOEXEC, FDS_MAX);
	opened = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (opened == -1 || opened >= FDS_MAX)
		return opened;
	dup = fcntl(opened, F_DUPFD_CLOEXEC, FDS_MAX);
	close(opened);
	return dup;
}

/* What becomes a child. It runs in our memory until it has its own program,
 * while the thread that starts it stands still. */
struct launch {
	const char *path;
	char *const *argv;
	char *const *env;
	int fds[FDS_MAX]; /* all of them above these */
	int nfds;
	int death; /* the signal that tells of ours */
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
	prctl(PR_SET_PDEATHSIG, l->death);
	/* It may have ended before that was said. */
	if (getppid() != l->parent)
		return 127;
	for (i = 0; i < l->nfds; i++)
		dup2(l->fds[i], i);
	close_range((unsigned)l->nfds, ~0U, 0);
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

/* keeper: its end of the socket, or -1. 0, or -1 with errno. */
static int
spawn(const struct child_options *o, const char *path, char *const *argv,
    int keeper, pid_t *pid)
{
	const int given[FDS_MAX] = {
	    o->stdin_fd, o->stdout_fd, o->stderr_fd, keeper};
	/* execve promises not to change env. */
	struct launch l = {
	    .path = path,
	    .argv = argv,
	    .env = o->env != NULL ? (char *const *)(uintptr_t)o->env : environ,
	    .fds = {-1, -1, -1, -1},
	    .nfds = keeper == -1 ? 3 : FDS_MAX,
	    .death = keeper == -1 ? SIGKILL : SIGCONT,
	};
	int i, rc = 0;

	for (i = 0; i < l.nfds && rc == 0; i++) {
		l.fds[i] = above_theirs(given[i]);
		if (l.fds[i] == -1)
			rc = errno;
	}
	if (rc == 0)
		rc = launch(&l, pid);
	for (i = 0; i < l.nfds; i++) {
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

/* The command's own words behind the keeper's. */
static int
spawn_keeper(const struct child_options *o, char *path, int theirs, pid_t *pid,
    struct error *err)
{
	const char *keeper = keeper_path(err);
	char **argv;
	size_t n = 0;
	int rc;

	if (keeper == NULL)
		return -1;
	while (o->argv[n] != NULL)
		n++;
	argv = xcalloc(n + 4, sizeof(*argv));
	argv[0] = (char *)(uintptr_t) "awaitd-keeper";
	argv[1] = (char *)(uintptr_t)KEEPER_PROTOCOL;
	argv[2] = path;
	memcpy(argv + 3, o->argv, n * sizeof(*argv));
	rc = spawn(o, keeper, argv, theirs, pid);
	if (rc == -1)
		err_set_errno(err, code_of(errno), "start %s", keeper);
	free(argv);
	return rc;
}

static int
start_kept(const struct child_options *o, char *path, struct child *c,
    struct error *err)
{
	int ends[2], rc;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return err_set_errno(err, ERR_IO, "socketpair");
	rc = spawn_keeper(o, path, ends[1], &c->pid, err);
	close(ends[1]);
	if (rc == -1)
		close(ends[0]);
	else
		c->keeper = ends[0];
	return rc;
}

static int
start(const struct child_options *o, struct child *c, struct error *err)
{
	char *path = child_find(o->argv[0], err);
	int rc;

	if (path == NULL)
		return -1;
	/* A careless parent may have us ignore it: then the kernel keeps no
	 * status, and a child may be gone before it can be watched. */
	signal(SIGCHLD, SIG_DFL);
	if (o->kept) {
		rc = start_kept(o, path, c, err);
	} else {
		/* Nor does execve change argv. */
		rc = spawn(
		    o, path, (char *const *)(uintptr_t)o->argv, -1, &c->pid);
		if (rc == -1)
			err_set_errno(
			    err, code_of(errno), "start %s", o->argv[0]);
	}
	free(path);
	return rc;
}

/* Nobody can be told how it ends: it ends now. */
static void
undo(struct child *c)
{
	if (c->keeper != -1)
		close(c->keeper);
	else
		kill(-c->pid, SIGKILL);
	while (waitpid(c->pid, NULL, 0) == -1 && errno == EINTR)
		continue;
}

int
child_start(struct loop *loop, const struct child_options *options,
    child_done_fn *done, void *arg, struct child **out, struct error *err)
{
	struct child *c = xcalloc(1, sizeof(*c));

	c->keeper = -1;
	c->done = done;
	c->arg = arg;
	if (start(options, c, err) == -1) {
		free(c);
		return -1;
	}
	c->pidfd = pidfd_open(c->pid, 0);
	if (c->pidfd == -1) {
		err_set_errno(err, ERR_IO, "watch %s", options->argv[0]);
		undo(c);
		free(c);
		return -1;
	}
	c->watch = loop_fd_new(loop, c->pidfd, on_pidfd, c);
	c->timer = loop_timer_new(loop, on_timer, c);
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
	kill_all(c);
	c->done = NULL;
	LIST_INSERT_HEAD(&cancelled, c, entry);
}
