/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child processes: how they end, what they inherit, and that nothing of their
 * group outlives them. The test adopts orphans, so that after each case it
 * can wait for every process that was ever started.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

struct world {
	struct loop *loop;
	struct child *child;
	struct child_result result;
	struct error err;
	struct buf text; /* what the child wrote */
	bool started; /* child_start() has returned */
	int calls;
	int in, out; /* files without a name */
	int fds; /* how many descriptors were open before */
};

static int
open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static int
temp_file(void)
{
	return open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static int
enter(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->loop = loop_new();
	w->in = temp_file();
	w->out = temp_file();
	w->fds = open_fds();
	buf_init(&w->text, 1 << 20);
	*state = w;
	return w->in == -1 || w->out == -1;
}

static int
leave(void **state)
{
	struct world *w = *state;

	loop_free(w->loop);
	buf_done(&w->text);
	close(w->in);
	close(w->out);
	free(w);
	return 0;
}

/* Orphans of ours were killed, and nothing else is left to wait for. */
static int
reap_orphans(void)
{
	int status, n = 0;

	while (waitpid(-1, &status, 0) != -1) {
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGKILL);
		n++;
	}
	assert_int_equal(errno, ECHILD);
	return n;
}

static void
on_done(const struct child_result *r, void *arg)
{
	struct world *w = arg;

	assert_true(w->started);
	w->result = *r;
	w->calls++;
	w->child = NULL;
	loop_stop(w->loop);
}

static int
start(struct world *w, const char *const *argv, int64_t timeout_ms)
{
	struct child_options o = {
	    .argv = argv,
	    .stdin_fd = w->in,
	    .stdout_fd = w->out,
	    .stderr_fd = -1,
	    .timeout_ms = timeout_ms,
	};
	int rc;

	w->started = false;
	error_clear(&w->err);
	rc = child_start(w->loop, &o, on_done, w, &w->child, &w->err);
	w->started = true;
	return rc;
}

static void
read_output(struct world *w)
{
	char chunk[4096];
	ssize_t n;

	buf_clear(&w->text);
	lseek(w->out, 0, SEEK_SET);
	while ((n = read(w->out, chunk, sizeof(chunk))) > 0)
		buf_append(&w->text, chunk, (size_t)n);
}

/* Run it to its end. */
static void
run(struct world *w, const char *const *argv, int64_t timeout_ms)
{
	int calls = w->calls;

	if (start(w, argv, timeout_ms) != 0)
		fail_msg("%s", w->err.text);
	loop_run(w->loop);
	assert_int_equal(w->calls, calls + 1);
	assert_int_equal(open_fds(), w->fds);
	read_output(w);
}

static void
run_script(struct world *w, const char *script, int64_t timeout_ms)
{
	const char *const argv[] = {"sh", "-c", script, NULL};

	run(w, argv, timeout_ms);
}

static void
exit_codes_are_told(void **state)
{
	struct world *w = *state;
	char script[20];
	int code;

	for (code = 0; code < 256; code += 51) {
		snprintf(script, sizeof(script), "exit %d", code);
		run_script(w, script, 60000);
		assert_int_equal(w->result.exit_code, code);
		assert_int_equal(w->result.signal, 0);
		assert_false(w->result.timed_out);
	}
	assert_int_equal(reap_orphans(), 0);
}

static void
a_signal_that_ended_it_is_told(void **state)
{
	struct world *w = *state;

	run_script(w, "kill -KILL $$", 0);
	assert_int_equal(w->result.exit_code, -1);
	assert_int_equal(w->result.signal, SIGKILL);
	assert_false(w->result.timed_out);
	run_script(w, "kill -TERM $$", 0);
	assert_int_equal(w->result.signal, SIGTERM);
	assert_int_equal(reap_orphans(), 0);
}

static void
a_program_that_is_not_there_is_an_error_at_once(void **state)
{
	struct world *w = *state;
	const char *const argv[] = {"no-such-program-anywhere", NULL};
	const char *const path[] = {"/tmp", NULL};

	assert_int_equal(start(w, argv, 0), -1);
	assert_int_equal(w->err.code, ERR_NOT_FOUND);
	assert_non_null(strstr(w->err.text, "no-such-program-anywhere"));
	assert_null(w->child);
	assert_int_equal(start(w, path, 0), -1);
	loop_run(w->loop);
	assert_int_equal(w->calls, 0);
	assert_int_equal(open_fds(), w->fds);
	assert_int_equal(reap_orphans(), 0);
}

static void
files_are_its_input_and_output(void **state)
{
	struct world *w = *state;
	const char *const argv[] = {"tr", "a-z", "A-Z", NULL};

	assert_int_equal(write(w->in, "payload", 7), 7);
	lseek(w->in, 0, SEEK_SET);
	run(w, argv, 60000);
	assert_string_equal(w->text.data, "PAYLOAD");
	assert_int_equal(w->result.exit_code, 0);
}

static void
megabytes_of_output_do_not_block(void **state)
{
	struct world *w = *state;
	struct stat st;

	run_script(w, "head -c 5000000 /dev/zero", 60000);
	assert_int_equal(fstat(w->out, &st), 0);
	assert_int_equal(st.st_size, 5000000);
}

static void
without_descriptors_it_reads_and_writes_nothing(void **state)
{
	struct world *w = *state;
	const char *const argv[] = {
	    "sh", "-c", "echo out; echo err >&2; test -z \"$(cat)\"", NULL};
	struct child_options o = {
	    .argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};

	assert_int_equal(
	    child_start(w->loop, &o, on_done, w, &w->child, &w->err), 0);
	w->started = true;
	loop_run(w->loop);
	assert_int_equal(w->result.exit_code, 0);
}

static void
arguments_reach_it_untouched_by_any_shell(void **state)
{
	struct world *w = *state;
	const char *const argv[] = {
	    "printf", "%s|", "$(id)", "a b", "*", "; x", "", "'\"", NULL};

	run(w, argv, 60000);
	assert_string_equal(w->text.data, "$(id)|a b|*|; x||'\"|");
}

static void
a_file_that_is_no_program_is_not_given_to_a_shell(void **state)
{
	struct world *w = *state;
	char path[] = "/tmp/test_child.XXXXXX";
	const char *const argv[] = {path, NULL};
	int fd = mkstemp(path), rc;

	assert_int_equal(write(fd, "exit 0\n", 7), 7);
	fchmod(fd, 0700);
	close(fd);
	rc = start(w, argv, 0);
	unlink(path);
	assert_int_equal(rc, -1);
	assert_int_equal(reap_orphans(), 0);
}

static void
its_environment_is_ours_or_the_one_given(void **state)
{
	struct world *w = *state;
	const char *const argv[] = {"/usr/bin/env", NULL};
	const char *const env[] = {"A=b c", "D=", NULL};
	struct child_options o = {.argv = argv,
	    .env = env,
	    .stdin_fd = -1,
	    .stdout_fd = w->out,
	    .stderr_fd = -1};

	assert_int_equal(
	    child_start(w->loop, &o, on_done, w, &w->child, &w->err), 0);
	w->started = true;
	loop_run(w->loop);
	read_output(w);
	assert_string_equal(w->text.data, "A=b c\nD=\n");
	setenv("TEST_CHILD", "seen", 1);
	run(w, argv, 60000);
	assert_non_null(strstr(w->text.data, "\nTEST_CHILD=seen\n"));
}

static void
it_inherits_three_descriptors_and_no_more(void **state)
{
	struct world *w = *state;
	int extra = fcntl(w->in, F_DUPFD, 50);

	w->fds++;
	run_script(w, "for f in /proc/$$/fd/*; do echo ${f##*/}; done", 0);
	close(extra);
	/* The shell opened none while it listed, or only its directory. */
	assert_null(strstr(w->text.data, "50"));
	assert_true(str_starts(w->text.data, "0\n1\n2\n"));
	assert_in_range(w->text.len, 6, 8);
}

static void
signals_are_neither_blocked_nor_ignored_in_it(void **state)
{
	struct world *w = *state;
	const char *const argv[] = {"cat", "/proc/self/status", NULL};
	sigset_t set, old;
	const char *ignored;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, &old);
	run(w, argv, 60000);
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGPIPE, SIG_DFL);
	assert_non_null(strstr(w->text.data, "SigBlk:\t0000000000000000\n"));
	ignored = strstr(w->text.data, "SigIgn:\t");
	assert_non_null(ignored);
	/* The C library keeps 32 and 33 for itself. */
	assert_int_equal(strtoull(ignored + 8, NULL, 16) & ~0x180000000ULL, 0);
}

static int
mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	int c, n = 0;

	while ((c = getc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

/* It runs in our memory for a moment. */
static void
starting_it_changes_nothing_of_ours(void **state)
{
	struct world *w = *state;
	struct sigaction pipe_now;
	sigset_t set, was, is;
	int before, i;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, &was);
	run_script(w, "exit 0", 60000);
	before = mappings();
	for (i = 0; i < 30; i++)
		run_script(w, "exit 0", 60000);
	assert_in_range(mappings(), 0, before + 9);
	sigprocmask(SIG_SETMASK, &was, &is);
	assert_true(sigismember(&is, SIGUSR2));
	assert_false(sigismember(&is, SIGTERM));
	sigaction(SIGPIPE, NULL, &pipe_now);
	signal(SIGPIPE, SIG_DFL);
	assert_ptr_equal(pipe_now.sa_handler, SIG_IGN);
}

static void
it_leads_a_group_of_its_own(void **state)
{
	struct world *w = *state;
	char want[50];
	long pid;

	run_script(w,
	    "read -r pid c s ppid pgrp rest </proc/$$/stat; echo $pid $pgrp",
	    0);
	pid = strtol(w->text.data, NULL, 10);
	snprintf(want, sizeof(want), "%ld %ld\n", pid, pid);
	assert_string_equal(w->text.data, want);
	assert_int_not_equal(pid, getpid());
}

static void
a_time_out_ends_it_and_is_told(void **state)
{
	struct world *w = *state;
	const char *const argv[] = {"sleep", "30", NULL};
	int64_t start_at = clock_mono_ms();

	run(w, argv, 50);
	assert_true(w->result.timed_out);
	assert_int_equal(w->result.signal, SIGTERM);
	assert_int_equal(w->result.exit_code, -1);
	assert_true(clock_mono_ms() - start_at < 20000);
	assert_int_equal(reap_orphans(), 0);
}

static void
one_that_ignores_sigterm_is_killed_after_two_seconds(void **state)
{
	struct world *w = *state;
	int64_t start_at = clock_mono_ms();

	run_script(w, "trap '' TERM; exec sleep 30", 50);
	assert_true(w->result.timed_out);
	assert_int_equal(w->result.signal, SIGKILL);
	assert_true(clock_mono_ms() - start_at >= 1900);
	assert_int_equal(reap_orphans(), 0);
}

static void
one_that_ends_in_peace_after_sigterm_tells_its_code(void **state)
{
	struct world *w = *state;

	/* The first word says that the trap is set. */
	run_script(w,
	    "trap 'exit 7' TERM; echo ready; while :; do sleep 0.1; done",
	    1000);
	assert_string_equal(w->text.data, "ready\n");
	assert_true(w->result.timed_out);
	assert_int_equal(w->result.exit_code, 7);
	assert_int_equal(w->result.signal, 0);
	while (waitpid(-1, NULL, 0) != -1)
		continue;
}

static void
a_grandchild_that_ignores_sigterm_dies_with_the_group(void **state)
{
	struct world *w = *state;
	int status, killed = 0;

	run_script(w, "(trap '' TERM; exec sleep 30) & sleep 30", 1000);
	assert_true(w->result.timed_out);
	assert_int_equal(w->result.signal, SIGTERM);
	/* The shell's own sleep may have been ended by SIGTERM. */
	while (waitpid(-1, &status, 0) != -1) {
		assert_true(WIFSIGNALED(status));
		killed += WTERMSIG(status) == SIGKILL;
	}
	assert_in_range(killed, 1, 2);
}

/* Each of the group may end in peace, as the first of them may. */
static void
a_time_out_is_told_to_the_whole_group(void **state)
{
	struct world *w = *state;

	run_script(w,
	    "(trap 'echo told; exit' TERM; while :; do sleep 0.05; done) &"
	    "trap 'wait; exit 7' TERM; wait",
	    1000);
	assert_true(w->result.timed_out);
	assert_int_equal(w->result.exit_code, 7);
	assert_string_equal(w->text.data, "told\n");
	while (waitpid(-1, NULL, 0) != -1)
		continue;
}

static void
what_it_leaves_behind_is_killed_when_it_ends(void **state)
{
	struct world *w = *state;

	run_script(w, "sleep 30 & trap '' TERM; sleep 30 & exit 3", 60000);
	assert_int_equal(w->result.exit_code, 3);
	assert_false(w->result.timed_out);
	assert_int_equal(reap_orphans(), 2);
}

static void
cancelling_kills_the_group_and_says_nothing(void **state)
{
	struct world *w = *state;
	const char *const argv[] = {
	    "sh", "-c", "sleep 30 & echo; sleep 30", NULL};
	struct child_options o = {
	    .argv = argv, .stdin_fd = -1, .stderr_fd = -1, .timeout_ms = 60000};
	int ends[2];
	char c;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	o.stdout_fd = ends[1];
	assert_int_equal(
	    child_start(w->loop, &o, on_done, w, &w->child, &w->err), 0);
	/* Until it says so, there is no grandchild. */
	assert_int_equal(read(ends[0], &c, 1), 1);
	close(ends[0]);
	close(ends[1]);
	child_cancel(w->child);
	loop_run(w->loop);
	assert_int_equal(w->calls, 0);
	assert_int_equal(open_fds(), w->fds);
	assert_in_range(reap_orphans(), 1, 2);
	child_cancel(NULL);
}

/* A large one takes long to die; the loop has other work. */
static void
cancelling_does_not_wait_and_leaves_no_zombie(void **state)
{
	struct world *w = *state;
	const char *const argv[] = {"sleep", "30", NULL};
	siginfo_t info;

	assert_int_equal(start(w, argv, 60000), 0);
	child_cancel(w->child);
	/* Dead or not, nobody has waited for it. */
	assert_int_equal(
	    waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), 0);
	loop_run(w->loop);
	assert_int_equal(
	    waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(w->calls, 0);
	assert_int_equal(open_fds(), w->fds);
}

static void
cancelled_at_its_time_out_it_says_nothing(void **state)
{
	struct world *w = *state;
	const char *const argv[] = {
	    "sh", "-c", "trap '' TERM; echo; exec sleep 30", NULL};
	int64_t start_at = clock_mono_ms();

	assert_int_equal(start(w, argv, 1), 0);
	while (lseek(w->out, 0, SEEK_END) == 0 &&
	    clock_mono_ms() - start_at < 5000)
		sched_yield();
	child_cancel(w->child);
	loop_run(w->loop);
	assert_int_equal(w->calls, 0);
	assert_true(clock_mono_ms() - start_at < 10000);
	assert_int_equal(reap_orphans(), 0);
}

/* What begins again after a crash must not meet its former self. */
static void
it_dies_with_the_process_that_started_it(void **state)
{
	const char *const argv[] = {"sleep", "30", NULL};
	struct world *w = *state;
	int status, ends[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		if (start(w, argv, 60000) == 0)
			(void)!write(ends[1], "x", 1);
		pause();
		_exit(1);
	}
	assert_int_equal(read(ends[0], &c, 1), 1);
	close(ends[0]);
	close(ends[1]);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* Ours now; else it would sleep. */
	assert_int_equal(reap_orphans(), 1);
}

static void
start_another(const struct child_result *r, void *arg)
{
	static const char *const argv[] = {"true", NULL};
	struct world *w = arg;

	assert_int_equal(r->exit_code, 1);
	assert_int_equal(start(w, argv, 60000), 0);
}

static void
another_may_be_started_where_one_is_done(void **state)
{
	static const char *const argv[] = {"false", NULL};
	struct child_options o = {
	    .argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};
	struct world *w = *state;
	struct child *first;

	assert_int_equal(
	    child_start(w->loop, &o, start_another, w, &first, &w->err), 0);
	loop_run(w->loop);
	assert_int_equal(w->calls, 1);
	assert_int_equal(w->result.exit_code, 0);
	assert_int_equal(open_fds(), w->fds);
	assert_int_equal(reap_orphans(), 0);
}

static void
where_sigchld_is_ignored_an_end_is_told_all_the_same(void **state)
{
	struct world *w = *state;
	const char *const argv[] = {"true", NULL};

	/* Inherited from a careless parent. */
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(start(w, argv, 60000), 0);
	loop_run(w->loop);
	assert_int_equal(w->calls, 1);
	assert_int_equal(w->result.exit_code, 0);
	assert_int_equal(w->result.signal, 0);
	assert_int_equal(open_fds(), w->fds);
}

static void
descriptors_may_be_given_crosswise(void **state)
{
	struct world *w = *state;
	const char *const argv[] = {"sh", "-c", "cat; echo err >&2", NULL};
	struct child_options o = {.argv = argv,
	    .stdin_fd = STDOUT_FILENO,
	    .stdout_fd = STDERR_FILENO,
	    .stderr_fd = STDIN_FILENO};
	int saved[3], i, err_file = temp_file(), rc;

	assert_int_equal(write(w->in, "in", 2), 2);
	lseek(w->in, 0, SEEK_SET);
	for (i = 0; i < 3; i++)
		saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
	dup2(err_file, STDIN_FILENO);
	dup2(w->in, STDOUT_FILENO);
	dup2(w->out, STDERR_FILENO);
	w->started = true;
	rc = child_start(w->loop, &o, on_done, w, &w->child, &w->err);
	for (i = 0; i < 3; i++) {
		dup2(saved[i], i);
		close(saved[i]);
	}
	assert_int_equal(rc, 0);
	loop_run(w->loop);
	assert_int_equal(w->result.exit_code, 0);
	read_output(w);
	assert_string_equal(w->text.data, "in");
	assert_int_equal(lseek(err_file, 0, SEEK_END), 4);
	close(err_file);
	assert_int_equal(open_fds(), w->fds);
}

static void
a_closed_descriptor_is_an_error_not_ours_instead(void **state)
{
	const char *const argv[] = {"cat", NULL};
	struct child_options o = {
	    .argv = argv, .stdin_fd = 999, .stdout_fd = -1, .stderr_fd = -1};
	struct world *w = *state;

	assert_int_equal(
	    child_start(w->loop, &o, on_done, w, &w->child, &w->err), -1);
	assert_non_null(strstr(w->err.text, "Bad file descriptor"));
	assert_int_equal(open_fds(), w->fds);
}

static void
a_closed_standard_input_of_ours_changes_nothing(void **state)
{
	const char *const argv[] = {"sh", "-c", "cat && echo out", NULL};
	struct world *w = *state;
	struct child_options o = {
	    .argv = argv, .stdin_fd = -1, .stdout_fd = w->out, .stderr_fd = -1};
	int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10), rc;

	w->started = true;
	close(STDIN_FILENO);
	rc = child_start(w->loop, &o, on_done, w, &w->child, &w->err);
	if (rc == 0)
		loop_run(w->loop);
	dup2(saved, STDIN_FILENO);
	close(saved);
	assert_int_equal(rc, 0);
	read_output(w);
	assert_string_equal(w->text.data, "out\n");
}

/* The pipe that tells of a failed start gets one of their numbers. */
static void
without_any_of_our_three_a_failure_is_told_all_the_same(void **state)
{
	char path[] = "/tmp/test_child.XXXXXX";
	const char *const argv[] = {path, NULL};
	struct world *w = *state;
	int fd = mkstemp(path), saved[3], i, rc;

	assert_int_equal(write(fd, "exit 0\n", 7), 7);
	fchmod(fd, 0700);
	close(fd);
	for (i = 0; i < 3; i++) {
		saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
		close(i);
	}
	rc = start(w, argv, 0);
	for (i = 0; i < 3; i++) {
		dup2(saved[i], i);
		close(saved[i]);
	}
	unlink(path);
	assert_int_equal(rc, -1);
	assert_int_equal(w->err.code, ERR_NOT_FOUND);
	assert_int_equal(open_fds(), w->fds);
	assert_int_equal(reap_orphans(), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(exit_codes_are_told),
	    T(a_signal_that_ended_it_is_told),
	    T(a_program_that_is_not_there_is_an_error_at_once),
	    T(files_are_its_input_and_output),
	    T(megabytes_of_output_do_not_block),
	    T(without_descriptors_it_reads_and_writes_nothing),
	    T(arguments_reach_it_untouched_by_any_shell),
	    T(a_file_that_is_no_program_is_not_given_to_a_shell),
	    T(its_environment_is_ours_or_the_one_given),
	    T(it_inherits_three_descriptors_and_no_more),
	    T(signals_are_neither_blocked_nor_ignored_in_it),
	    T(starting_it_changes_nothing_of_ours),
	    T(it_leads_a_group_of_its_own),
	    T(a_time_out_ends_it_and_is_told),
	    T(one_that_ignores_sigterm_is_killed_after_two_seconds),
	    T(one_that_ends_in_peace_after_sigterm_tells_its_code),
	    T(a_grandchild_that_ignores_sigterm_dies_with_the_group),
	    T(a_time_out_is_told_to_the_whole_group),
	    T(what_it_leaves_behind_is_killed_when_it_ends),
	    T(cancelling_kills_the_group_and_says_nothing),
	    T(cancelling_does_not_wait_and_leaves_no_zombie),
	    T(cancelled_at_its_time_out_it_says_nothing),
	    T(it_dies_with_the_process_that_started_it),
	    T(another_may_be_started_where_one_is_done),
	    T(where_sigchld_is_ignored_an_end_is_told_all_the_same),
	    T(descriptors_may_be_given_crosswise),
	    T(a_closed_descriptor_is_an_error_not_ours_instead),
	    T(a_closed_standard_input_of_ours_changes_nothing),
	    T(without_any_of_our_three_a_failure_is_told_all_the_same),
	};

	alarm(60);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
