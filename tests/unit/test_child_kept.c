/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children that are kept: whatever came of them ends with them. The test
 * adopts orphans, so that it sees whom a keeper has lost.
 */
#include <errno.h>
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

#include "base/child.h"
#include "base/clock.h"
#include "base/keeper.h"
#include "base/mem.h"
#include "tests/support/keeper_here.h"

/* One that left the group, and says so before it goes on. */
#define LEAVE(script)                                       \
	"setsid sh -c '" script "' & "                      \
	"while read -r a b c d e session f </proc/$!/stat;" \
	"test $session != $!; do :; done; "

struct world {
	struct loop *loop;
	struct loop_fd *watch;
	struct child *child;
	struct child_result result;
	struct error err;
	int calls;
	int out[2];
	char said[200];
	size_t len;
	void (*on_ready)(struct world *w);
};

static int
enter(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->loop = loop_new();
	*state = w;
	return pipe(w->out);
}

static int
leave(void **state)
{
	struct world *w = *state;

	loop_fd_free(w->watch);
	loop_free(w->loop);
	close(w->out[0]);
	if (w->out[1] != -1)
		close(w->out[1]);
	free(w);
	/* Nobody was lost. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return 0;
}

static void
on_done(const struct child_result *r, void *arg)
{
	struct world *w = arg;

	w->result = *r;
	w->calls++;
	w->child = NULL;
}

static void
on_said(void *arg)
{
	struct world *w = arg;
	ssize_t n =
	    read(w->out[0], w->said + w->len, sizeof(w->said) - 1 - w->len);
	void (*on_ready)(struct world *) = w->on_ready;

	w->on_ready = NULL;
	if (n > 0) {
		w->len += (size_t)n;
		if (on_ready != NULL)
			on_ready(w);
		return;
	}
	loop_fd_free(w->watch);
	w->watch = NULL;
}

static int
start(struct world *w, const char *const *argv, int64_t timeout_ms)
{
	struct child_options o = {
	    .argv = argv,
	    .stdin_fd = -1,
	    .stdout_fd = w->out[1],
	    .stderr_fd = -1,
	    .timeout_ms = timeout_ms,
	    .kept = true,
	};

	return child_start(w->loop, &o, on_done, w, &w->child, &w->err);
}

/* To its end; on_ready, where there is one, once it has said something. */
static void
run(struct world *w, const char *script, int64_t timeout_ms)
{
	const char *const argv[] = {"sh", "-c", script, NULL};

	if (start(w, argv, timeout_ms) == -1)
		fail_msg("%s", w->err.text);
	close(w->out[1]);
	w->out[1] = -1;
	w->watch = loop_fd_new(w->loop, w->out[0], on_said, w);
	loop_run(w->loop);
}

static void
its_end_is_told_as_of_any_child(void **state)
{
	struct world *w = *state;

	run(w, "echo hello; exit 7", 0);
	assert_int_equal(w->calls, 1);
	assert_int_equal(w->result.exit_code, 7);
	assert_int_equal(w->result.signal, 0);
	assert_int_equal(w->result.left, 0);
	assert_false(w->result.stuck || w->result.lost || w->result.timed_out);
	assert_string_equal(w->said, "hello\n");
}

static void
a_signal_is_told(void **state)
{
	struct world *w = *state;

	run(w, "kill -SEGV $$", 0);
	assert_int_equal(w->result.exit_code, -1);
	assert_int_equal(w->result.signal, SIGSEGV);
}

static void
it_leads_a_session_of_its_own(void **state)
{
	struct world *w = *state;
	long pid, group, session;

	run(w, "read -r p c s pp g sid rest </proc/$$/stat; echo $p $g $sid",
	    0);
	assert_int_equal(
	    sscanf(w->said, "%ld %ld %ld", &pid, &group, &session), 3);
	assert_int_equal(pid, group);
	assert_int_equal(pid, session);
}

static void
what_left_its_group_is_killed_and_counted(void **state)
{
	struct world *w = *state;

	run(w, LEAVE("sleep 600 & sleep 600") LEAVE("exec sleep 600") "exit 0",
	    0);
	assert_int_equal(w->result.exit_code, 0);
	/* The shell may have had none of its own yet. */
	assert_in_range(w->result.left, 2, 4);
}

static void
what_ended_by_itself_is_not_counted(void **state)
{
	struct world *w = *state;

	/* It is gone once a keeper has waited for it. */
	run(w,
	    "pid=$(sh -c 'true >&- & echo $!');"
	    "while test -e /proc/$pid; do :; done; exit 0",
	    0);
	assert_int_equal(w->result.exit_code, 0);
	assert_int_equal(w->result.left, 0);
}

static void
ask_and_wait(struct world *w)
{
	child_terminate(w->child, 600000);
}

static void
whoever_left_the_group_is_asked_as_well(void **state)
{
	struct world *w = *state;

	w->on_ready = ask_and_wait;
	run(w,
	    "trap 'wait; exit 7' TERM;" LEAVE(
		"trap \"echo told; exit\" TERM; echo ready;"
		"while :; do sleep 0.05; done") "while :; do sleep 0.05; done",
	    0);
	assert_int_equal(w->result.exit_code, 7);
	assert_string_equal(w->said, "ready\ntold\n");
}

static void
a_time_out_ends_all(void **state)
{
	struct world *w = *state;

	run(w, LEAVE("trap \"\" TERM; sleep 600") "sleep 600", 500);
	assert_true(w->result.timed_out);
	assert_int_equal(w->result.exit_code, -1);
}

static void
ask_with_grace(struct world *w)
{
	child_terminate(w->child, 300);
}

static void
grace_ends_for_all(void **state)
{
	struct world *w = *state;
	int64_t at = clock_mono_ms();

	w->on_ready = ask_with_grace;
	run(w,
	    LEAVE("trap \"\" TERM; sleep 600") "trap '' TERM; echo; sleep 600",
	    0);
	assert_int_equal(w->result.signal, SIGKILL);
	assert_false(w->result.timed_out);
	assert_in_range(clock_mono_ms() - at, 280, 20000);
}

static void
ask_without_grace(struct world *w)
{
	child_terminate(w->child, 0);
}

static void
without_grace_all_are_killed_at_once(void **state)
{
	struct world *w = *state;

	w->on_ready = ask_without_grace;
	run(w, LEAVE("sleep 600") "trap 'exit 5' TERM; echo; sleep 600", 0);
	assert_int_equal(w->calls, 1);
	assert_int_equal(w->result.signal, SIGKILL);
	assert_int_equal(w->result.left, 0);
}

static void
cancel(struct world *w)
{
	child_cancel(w->child);
}

static void
cancelled_all_are_killed_and_nothing_is_said(void **state)
{
	struct world *w = *state;

	w->on_ready = cancel;
	run(w, LEAVE("sleep 600") "echo; sleep 600", 60000);
	assert_int_equal(w->calls, 0);
}

static void
who_kills_its_keeper_is_killed(void **state)
{
	struct world *w = *state;

	run(w, LEAVE("sleep 600") "kill -9 $PPID; sleep 600", 0);
	assert_int_equal(w->calls, 1);
	assert_true(w->result.lost);
	assert_int_equal(w->result.exit_code, -1);
	assert_int_equal(w->result.signal, 0);
}

static void
no_other_signal_ends_a_keeper(void **state)
{
	struct world *w = *state;

	run(w,
	    "for s in HUP INT QUIT TERM USR1 USR2 ALRM PIPE CHLD TSTP; do "
	    "kill -$s $PPID; done; sleep 0.1; exit 4",
	    0);
	assert_int_equal(w->result.exit_code, 4);
	assert_false(w->result.lost);
}

static void
a_command_that_cannot_be_started_is_told_later(void **state)
{
	char path[] = "/tmp/test_child_kept.XXXXXX";
	const char *const argv[] = {path, NULL};
	struct world *w = *state;
	int fd = mkstemp(path);

	assert_int_equal(write(fd, "exit 0\n", 7), 7);
	assert_int_equal(fchmod(fd, 0700), 0);
	close(fd);
	assert_int_equal(start(w, argv, 0), 0);
	loop_run(w->loop);
	unlink(path);
	assert_int_equal(w->calls, 1);
	assert_int_equal(w->result.error, ENOEXEC);
	assert_int_equal(w->result.exit_code, -1);
	assert_false(w->result.lost);
}

static void
a_keeper_that_is_none_is_an_error(void **state)
{
	const char *const argv[] = {"true", NULL};
	struct world *w = *state;

	keeper_set_path("/no/such/keeper");
	assert_int_equal(start(w, argv, 0), -1);
	assert_int_equal(w->err.code, ERR_NOT_FOUND);
	keeper_here();
	loop_run(w->loop);
	assert_int_equal(w->calls, 0);
}

/* As where awaitd was replaced and goes on running. */
static void
a_keeper_of_another_version_is_not_taken_at_its_word(void **state)
{
	const char *const argv[] = {"true", NULL};
	struct world *w = *state;

	keeper_set_path("/bin/true");
	assert_int_equal(start(w, argv, 0), 0);
	keeper_here();
	loop_run(w->loop);
	assert_int_equal(w->calls, 1);
	assert_true(w->result.lost);
	assert_int_equal(w->result.exit_code, -1);
}

static void
nobody_else_starts_a_keeper(void **state)
{
	struct error err;
	char *line = xasprintf("%s 1 /bin/true true 3<&-; echo $?; "
			       "%s 0 /bin/true true; echo $?; %s; echo $?",
	    keeper_path(&err), keeper_path(&err), keeper_path(&err));
	struct world *w = *state;

	run(w, line, 0);
	assert_string_equal(w->said, "64\n64\n64\n");
	free(line);
}

#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(its_end_is_told_as_of_any_child),
	    T(a_signal_is_told),
	    T(it_leads_a_session_of_its_own),
	    T(what_left_its_group_is_killed_and_counted),
	    T(what_ended_by_itself_is_not_counted),
	    T(whoever_left_the_group_is_asked_as_well),
	    T(a_time_out_ends_all),
	    T(grace_ends_for_all),
	    T(without_grace_all_are_killed_at_once),
	    T(cancelled_all_are_killed_and_nothing_is_said),
	    T(who_kills_its_keeper_is_killed),
	    T(no_other_signal_ends_a_keeper),
	    T(a_command_that_cannot_be_started_is_told_later),
	    T(a_keeper_that_is_none_is_an_error),
	    T(a_keeper_of_another_version_is_not_taken_at_its_word),
	    T(nobody_else_starts_a_keeper),
	};

	alarm(120);
	keeper_here();
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
