/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/wild.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

/* Enough to be born faster than one walk ends; others test here, too. */
#define BOMB_ALIVE 100
#define BOMB_FORKS 20000
#define TIMED_OUT "ended after the time-out"
#define LOST "nobody knows how it ended"

static const char *begun_path;

static void
begun(void)
{
	close(open(begun_path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

static void
nap(unsigned ms)
{
	usleep(ms * 1000);
}

static void
hang(void)
{
	begun();
	for (;;)
		pause();
}

static void
ignore_all(void)
{
	int i;

	for (i = 1; i < NSIG; i++)
		signal(i, SIG_IGN);
}

/* The keeper that started it, or the one above that. */
static pid_t
keeper_above(int levels)
{
	char path[40], text[200], *p;
	pid_t pid = getppid();
	ssize_t n;
	int fd;

	while (levels-- > 0) {
		snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
		text[n > 0 ? n : 0] = '\0';
		p = strrchr(text, ')');
		if (p == NULL)
			abort();
		pid = (pid_t)strtol(p + strlen(") S "), NULL, 10);
	}
	return pid;
}

/* One that left the group and hears no signal. */
static void
leave_one(void)
{
	int ends[2];
	char c;

	if (pipe2(ends, O_CLOEXEC) == -1)
		abort();
	if (fork() == 0) {
		setsid();
		ignore_all();
		(void)!write(ends[1], "x", 1);
		for (;;)
			pause();
	}
	(void)!read(ends[0], &c, 1);
	close(ends[0]);
	close(ends[1]);
}

/* --- the kinds ------------------------------------------------------ */

static void
ignores_term(void)
{
	signal(SIGTERM, SIG_IGN);
	hang();
}

static void
leaves_by_setsid(void)
{
	leave_one();
	begun();
}

static void
becomes_a_daemon(void)
{
	int ends[2];
	char c;

	if (pipe2(ends, O_CLOEXEC) == -1)
		abort();
	if (fork() == 0) {
		setsid();
		if (fork() != 0)
			_exit(0);
		(void)!chdir("/");
		close(0);
		close(1);
		close(2);
		(void)!write(ends[1], "x", 1);
		hang();
	}
	wait(NULL);
	(void)!read(ends[0], &c, 1);
	begun();
}

/* Never more than so many at a time, who never stop having children. */
static void
fork_bomb(void)
{
	struct {
		atomic_int alive, forks;
	} *n = mmap(NULL, sizeof(*n), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t first = getpid();
	int i = 0;

	signal(SIGCHLD, SIG_IGN);
	ignore_all();
	for (;;) {
		if (n->forks >= BOMB_ALIVE)
			begun();
		if (n->alive < BOMB_ALIVE && ++n->forks < BOMB_FORKS) {
			n->alive++;
			if (fork() == 0)
				setsid();
		} else if (n->alive > BOMB_ALIVE / 2 && ++i % 8 == 0 &&
		    getpid() != first) {
			n->alive--;
			_exit(0);
		}
		nap(1);
	}
}

static void
writes_100_mb(void)
{
	char *text = xmalloc(1 << 20);
	int i;

	begun();
	memset(text, 'x', 1 << 20);
	for (i = 0; i < 100; i++) {
		size_t done = 0;

		while (done < 1 << 20) {
			ssize_t w = write(1, text + done, (1 << 20) - done);

			if (w <= 0)
				_exit(9);
			done += (size_t)w;
		}
	}
	free(text);
}

static void
closes_all_at_once(void)
{
	close(0);
	close(1);
	close(2);
	begun();
	nap(100);
	_exit(3);
}

static void
never_reads(void)
{
	begun();
	nap(50);
}

static void
reads_slowly(void)
{
	char text[32768];

	begun();
	while (read(0, text, sizeof(text)) > 0)
		nap(10);
}

static void
kills_its_group(void)
{
	leave_one();
	begun();
	kill(0, SIGKILL);
	hang();
}

static void
stops_itself(void)
{
	leave_one();
	begun();
	raise(SIGSTOP);
	hang();
}

static void
kills_its_parent(void)
{
	leave_one();
	begun();
	kill(keeper_above(0), SIGKILL);
	hang();
}

static void
kills_its_grandparent(void)
{
	leave_one();
	begun();
	kill(keeper_above(1), SIGKILL);
	hang();
}

static void
stops_its_parents(void)
{
	pid_t inner = keeper_above(0), outer = keeper_above(1);

	leave_one();
	kill(inner, SIGSTOP);
	kill(outer, SIGSTOP);
	hang();
}

static void
leaves_the_pipe_open(void)
{
	leave_one();
	if (fork() == 0)
		hang();
	begun();
	_exit(75);
}

static void
becomes_another(void)
{
	leave_one();
	begun();
	execl("/bin/sh", "sh", "-c", "exit 3", (char *)NULL);
	abort();
}

/* Nobody of its line lives longer than 10 ms. */
static void
forks_away(void)
{
	if (fork() != 0) {
		nap(50);
		begun();
		return;
	}
	setsid();
	for (;;) {
		nap(10);
		if (fork() != 0)
			_exit(0);
	}
}

static void
changes_its_name(void)
{
	ignore_all();
	prctl(PR_SET_NAME, "init");
	if (fork() == 0) {
		setsid();
		execl("/bin/sleep", "[kworker/0:1]", "600", (char *)NULL);
		abort();
	}
	hang();
}

/* Where that is allowed, the keeper stands still then. */
static void
traces_its_parent(void)
{
	pid_t inner = keeper_above(0);

	ignore_all();
	if (ptrace(PTRACE_ATTACH, inner, 0, 0) == 0)
		waitpid(inner, NULL, __WALL);
	hang();
}

const struct wild wild_kinds[] = {
    {"hangs", hang, DELIVER_RETRY, TIMED_OUT},
    {"ignores SIGTERM", ignores_term, DELIVER_RETRY, TIMED_OUT},
    {"leaves by setsid", leaves_by_setsid, DELIVER_OK, "left 1 process "},
    {"becomes a daemon", becomes_a_daemon, DELIVER_OK, "left 1 process "},
    {"is a fork bomb", fork_bomb, DELIVER_RETRY, TIMED_OUT},
    {"writes 100 MB", writes_100_mb, DELIVER_OK, NULL},
    {"closes all at once", closes_all_at_once, DELIVER_DEAD, "exit status 3"},
    {"never reads", never_reads, DELIVER_OK, NULL},
    {"reads slowly", reads_slowly, DELIVER_OK, NULL},
    {"kills its group", kills_its_group, DELIVER_RETRY,
	"ended by signal 9, SIGKILL; it left 1 process "},
    {"stops itself", stops_itself, DELIVER_RETRY, TIMED_OUT},
    {"kills its parent", kills_its_parent, DELIVER_RETRY, LOST},
    {"kills its grandparent", kills_its_grandparent, DELIVER_RETRY, LOST},
    {"stops its parents", stops_its_parents, DELIVER_RETRY, TIMED_OUT},
    {"leaves the pipe open", leaves_the_pipe_open, DELIVER_RETRY,
	"exit status 75; it left 2 processes "},
    {"becomes another", becomes_another, DELIVER_DEAD,
	"exit status 3; it left 1 process "},
    {"forks away", forks_away, DELIVER_OK, "left "},
    {"changes its name", changes_its_name, DELIVER_RETRY, TIMED_OUT},
    {"traces its parent", traces_its_parent, DELIVER_RETRY, TIMED_OUT},
};
const size_t wild_nkinds = ARRAY_LEN(wild_kinds);

int
wild_run(const char *name, const char *path)
{
	size_t i;

	begun_path = path;
	for (i = 0; i < wild_nkinds; i++) {
		if (str_eq(wild_kinds[i].name, name)) {
			wild_kinds[i].run();
			_exit(0);
		}
	}
	return 99;
}
