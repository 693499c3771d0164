/* SPDX-License-Identifier: Apache-2.0 */
/*
 * awaitd-keeper: runs one command, tells how it ended, and leaves nothing that
 * came of it alive, wherever that went; see base/keeper.h.
 *
 * What loses its parent comes to the nearest subreaper, so every descendant is
 * below us for as long as it lives, and all are gone when there is no child to
 * wait for. There are two of us, one below the other: a command that kills its
 * parent has killed the inner one, and all that was below it comes to the
 * outer. Neither takes any signal but SIGKILL and SIGSTOP; SIGCONT comes with
 * the death of whoever is above.
 *
 * Linked with the C library alone, so that it starts quickly.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/keeper.h"

#define SEEN_MAX 8192 /* processes that one round reaches */
#define REAP_MAX 1024 /* that are waited for before one looks up again */
#define INNER_TURN_MS 1000

struct keeper {
	bool inner;
	pid_t command; /* of the outer one: the inner */
	bool ended; /* the command; it was waited for */
	int status;
	bool told; /* to end everything */
	bool unheard; /* whoever asked is gone */
	bool alone; /* there is no child any more */
	int signals; /* signalfd: SIGCHLD */
	unsigned waited; /* for how many */
	unsigned killed; /* of those, how many by SIGKILL */
};

static pid_t seen[SEEN_MAX];
static size_t nseen;

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- who is below us ------------------------------------------------ */

static void
note_child(pid_t pid, int signo)
{
	if (pid <= 0 || nseen == SEEN_MAX)
		return;
	/* First the parent, then its children are looked at: one to which
	 * SIGKILL was sent has its last fork(2) behind it. */
	kill(pid, signo);
	seen[nseen++] = pid;
}

/* "12 345 6 ", in as many pieces as it takes. */
static void
read_children(int fd, int signo)
{
	char text[4096];
	pid_t pid = 0;
	ssize_t n, i;

	while ((n = read(fd, text, sizeof(text))) > 0) {
		for (i = 0; i < n; i++) {
			if (text[i] >= '0' && text[i] <= '9') {
				pid = pid * 10 + (text[i] - '0');
				continue;
			}
			note_child(pid, signo);
			pid = 0;
		}
	}
	note_child(pid, signo);
}

/* Each thread has those that it started. */
static void
signal_children(pid_t of, int signo)
{
	char path[sizeof("/proc//task//children") + 2 * 20];
	struct dirent *e;
	DIR *d;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/task", (long)of);
	d = opendir(path);
	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%ld/task/%.20s/children",
		    (long)of, e->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd == -1)
			continue;
		read_children(fd, signo);
		close(fd);
	}
	closedir(d);
}

/* All below us, from the top down, once. */
static void
signal_all(const struct keeper *k, int signo)
{
	size_t i;

	nseen = 0;
	/* Where /proc says nothing, its group at least. */
	if (k->inner && !k->ended)
		kill(-k->command, signo);
	signal_children(getpid(), signo);
	for (i = 0; i < nseen; i++)
		signal_children(seen[i], signo);
}

/* --- how they end --------------------------------------------------- */

static void
reap(struct keeper *k)
{
	int status, i;
	pid_t pid;

	for (i = 0; i < REAP_MAX; i++) {
		pid = waitpid(-1, &status, WNOHANG | __WALL);
		if (pid <= 0) {
			k->alone = pid == -1 && errno == ECHILD;
			return;
		}
		k->waited++;
		if (pid == k->command) {
			k->ended = true;
			k->status = status;
		} else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
			k->killed++;
		}
	}
}

/* Until a child ended, or somebody said something, or it is time. */
static void
rest(struct keeper *k, int timeout_ms)
{
	short words = k->inner ? POLLIN | POLLRDHUP : POLLRDHUP;
	struct signalfd_siginfo info;
	struct pollfd fds[2] = {
	    {.fd = k->signals, .events = POLLIN},
	    /* Its end is heard once. */
	    {.fd = k->told ? -1 : KEEPER_FD, .events = words},
	};
	char word;
	ssize_t n;

	if (poll(fds, 2, timeout_ms) <= 0)
		return;
	if (fds[0].revents != 0)
		(void)!read(k->signals, &info, sizeof(info));
	if (fds[1].revents == 0)
		return;
	if (!k->inner) {
		k->told = true;
		k->unheard = (fds[1].revents & POLLHUP) != 0;
		return;
	}
	n = recv(KEEPER_FD, &word, 1, MSG_DONTWAIT);
	if (n == 1 && word == KEEPER_TERM)
		signal_all(k, SIGTERM);
	else if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
		k->told = true;
}

/*
 * In rounds: who was just being born is seen in the next one. On a busy machine
 * hundreds take seconds to be seen once, so as long as some go, one goes on.
 */
static void
kill_all(struct keeper *k)
{
	int64_t now = now_ms(), end = now + KEEPER_FIGHT_MS;
	int64_t deadline = now + KEEPER_KILL_MS;
	unsigned waited = k->waited;
	int pause_ms = 1;

	for (;; now = now_ms()) {
		reap(k);
		if (k->waited != waited)
			deadline = now + KEEPER_KILL_MS;
		waited = k->waited;
		if (k->alone || now >= deadline || now >= end)
			return;
		signal_all(k, SIGKILL);
		rest(k, pause_ms);
		if (pause_ms < 50)
			pause_ms *= 2;
	}
}

static void
tell(const struct keeper_report *r)
{
	(void)!send(KEEPER_FD, r, sizeof(*r), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* --- how it begins -------------------------------------------------- */

/* 0, or errno. The child runs in our memory until it has its program. */
static int __attribute__((noinline))
start_command(struct keeper *k, char **argv, char **env)
{
	volatile int error = 0;
	sigset_t none;
	pid_t parent = getpid(), pid;

	sigemptyset(&none);
	pid = vfork();
	if (pid == 0) {
		/* No terminal, and a group that has none of us in it. */
		setsid();
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(127);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execve(argv[0], argv + 1, env);
		error = errno;
		_exit(127);
	}
	if (pid == -1)
		return errno;
	k->command = pid;
	return error;
}

/* What is the command's is the command's alone. */
static void
let_go(void)
{
	int fd;

	for (fd = 0; fd < KEEPER_FD; fd++)
		close(fd);
}

static bool
begin(struct keeper *k)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	k->signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	return k->signals != -1 && prctl(PR_SET_CHILD_SUBREAPER, 1) == 0 &&
	    prctl(PR_SET_PDEATHSIG, SIGCONT) == 0;
}

static int
keep_command(char **argv, char **env)
{
	struct keeper k = {.inner = true};
	struct keeper_report r = {0};

	r.error = begin(&k) ? start_command(&k, argv, env) : errno;
	let_go();
	while (r.error == 0 && !k.ended && !k.told) {
		rest(&k, -1);
		reap(&k);
	}
	if (!k.told)
		k.killed = 0;
	kill_all(&k);
	r.status = k.status;
	r.left = k.told ? 0 : k.killed;
	r.stuck = !k.alone;
	r.lost = r.error == 0 && !k.ended;
	tell(&r);
	return 0;
}

/* It does all of this by itself, and knows the status, unless somebody stopped
 * it. */
static void
wait_for_inner(struct keeper *k)
{
	int64_t deadline = now_ms() + INNER_TURN_MS, left;

	kill(k->command, SIGCONT);
	while (!k->ended && (left = deadline - now_ms()) > 0) {
		rest(k, (int)left);
		reap(k);
	}
}

static int
keep_inner(pid_t inner)
{
	struct keeper k = {.command = inner};
	struct keeper_report r = {.status = SIGKILL, .lost = 1};

	let_go();
	if (begin(&k)) {
		/* It may have ended before that. */
		for (reap(&k); !k.ended && !k.told; reap(&k))
			rest(&k, -1);
	}
	if (!k.ended && !k.unheard)
		wait_for_inner(&k);
	kill_all(&k);
	r.stuck = !k.alone;
	if (!k.ended || k.status != 0)
		tell(&r);
	return 0;
}

int
main(int argc, char **argv, char **env)
{
	sigset_t all;
	pid_t inner;

	if (argc < 4 || strcmp(argv[1], KEEPER_PROTOCOL) != 0 ||
	    fcntl(KEEPER_FD, F_SETFD, FD_CLOEXEC) == -1) {
		fputs("awaitd-keeper: only awaitd starts this, and only one "
		      "of the same version: start awaitd again\n",
		    stderr);
		return 64;
	}
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	/* Nobody below us may trace us and so stand in our way. */
	prctl(PR_SET_DUMPABLE, 0);
	/* Before there is anybody who could lose it. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	inner = fork();
	if (inner == -1) {
		tell(&(struct keeper_report){.error = errno});
		_exit(0);
	}
	/* Nothing of a sanitizer's at the end: it would want to trace us. */
	_exit(inner == 0 ? keep_command(argv + 2, env) : keep_inner(inner));
}
