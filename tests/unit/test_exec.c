/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handlers: what they are given, what their end means, and that nothing they
 * do holds an attempt open. The test adopts orphans, so that it can wait for
 * every process that was ever started.
 */
#include <errno.h>
#include <ftw.h>
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/exec.h"
#include "deliver/execenv.h"
#include "tests/support/keeper_here.h"

#define JOB "01hz4k9p3w7x5v2q8r6t0y1n3b"
#define ID "msg_01hz4k9p3w7x5v2q8r6t0y1n3b"
#define TIMEOUT_MS 60000
#define MB ((size_t)1024 * 1024)

struct world {
	struct loop *loop;
	struct target *target;
	bool other_is_dead;
	struct delivery delivery;
	struct job *job;
	struct parcel parcel;
	void *call;
	bool started; /* driver->start() has returned */
	unsigned calls;
	struct deliver_result result; /* its strings are copies */
	char *note, *response;
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
enter(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct submission *s;

	w->loop = loop_new();
	w->job = job_new();
	memcpy(w->job->id, JOB, sizeof(JOB));
	w->job->state = JOB_DONE;
	w->job->outcome = OUTCOME_OK;
	w->job->spec.endpoint = xstrdup("ocr");
	w->job->result_location = xstrdup("s3://b/x/" JOB "-1.out");
	w->job->submitted_at = 1795334400250;
	w->job->completed_at = 1795334461007;
	s = job_add_submission(w->job);
	s->inference_id = xstrdup(JOB "-1");
	memcpy(w->delivery.id, ID, sizeof(ID));
	w->delivery.event = xstrdup("inference.completed");
	w->delivery.content_type = xstrdup("text/plain");
	w->delivery.body_sha256 = xstrdup("ab12");
	w->parcel = (struct parcel){
	    .delivery = &w->delivery,
	    .job = w->job,
	    .attempt = 1,
	    .body = "hello",
	    .size = 5,
	    .fd = -1,
	};
	w->fds = open_fds();
	*state = w;
	return 0;
}

static int
leave(void **state)
{
	struct world *w = *state;
	int fds = open_fds();

	assert_int_equal(fds, w->fds);
	target_unref(w->target);
	loop_free(w->loop);
	job_free(w->job);
	free(w->delivery.event);
	free(w->delivery.content_type);
	free(w->delivery.body_sha256);
	free(w->note);
	free(w->response);
	free(w);
	/* Nothing is left over, dead or alive. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return 0;
}

static void
on_done(const struct deliver_result *r, void *arg)
{
	struct world *w = arg;

	assert_true(w->started);
	w->calls++;
	w->call = NULL;
	w->result = *r;
	free(w->note);
	free(w->response);
	w->note = xstrdup_or_null(r->note);
	w->response = xstrdup_or_null(r->response);
	loop_stop(w->loop);
}

static int
make_target(struct world *w, const char *const *argv, int64_t timeout_ms,
    struct error *err)
{
	struct exec_options o = {
	    .target = {.name = "exec h",
		.payload = DELIVERY_RAW,
		.timeout_ms = timeout_ms,
		.max_in_flight = 3},
	    .loop = w->loop,
	    .argv = argv,
	    .other_is_dead = w->other_is_dead,
	};

	target_unref(w->target);
	w->target = NULL;
	error_clear(err);
	return exec_new(&o, &w->target, err);
}

static int
start(struct world *w, struct error *err)
{
	int rc;

	w->started = false;
	rc = w->target->driver->start(
	    w->target->self, &w->parcel, on_done, w, &w->call, err);
	w->started = true;
	return rc;
}

static void
begin(struct world *w, const char *const *argv, int64_t timeout_ms)
{
	struct error err;

	if (make_target(w, argv, timeout_ms, &err) == -1 ||
	    start(w, &err) == -1)
		fail_msg("%s", err.text);
}

static void
run(struct world *w, const char *const *argv, int64_t timeout_ms)
{
	unsigned calls = w->calls;

	begin(w, argv, timeout_ms);
	loop_run(w->loop);
	assert_int_equal(w->calls, calls + 1);
}

static void
run_script(struct world *w, const char *script)
{
	const char *const argv[] = {"sh", "-c", script, NULL};

	run(w, argv, TIMEOUT_MS);
}

static void
end_of_turn(void *arg)
{
	struct world *w = arg;

	loop_stop(w->loop);
}

/* Let the loop work for a moment. */
static void
loop_turn(struct world *w)
{
	struct loop_timer *t = loop_timer_new(w->loop, end_of_turn, w);

	loop_timer_set(t, 5);
	loop_run(w->loop);
	loop_timer_free(t);
}

/* --- ends ----------------------------------------------------------- */

static void
exit_0_is_success(void **state)
{
	struct world *w = *state;

	run_script(w, "echo stored");
	assert_int_equal(w->result.verdict, DELIVER_OK);
	assert_int_equal(w->result.status, 0);
	assert_null(w->note);
	assert_int_equal(w->result.error_class, CLASS_NONE);
	assert_string_equal(w->response, "stored ");
	run_script(w, "exit 0");
	assert_int_equal(w->result.verdict, DELIVER_OK);
	assert_null(w->response);
}

static void
end_with(struct world *w, int code, enum deliver_verdict verdict)
{
	char script[40], want[40];

	snprintf(script, sizeof(script), "echo why >&2; exit %d", code);
	snprintf(want, sizeof(want), "exit status %d", code);
	run_script(w, script);
	assert_int_equal(w->result.verdict, verdict);
	assert_int_equal(w->result.status, code);
	assert_int_equal(w->result.retry_after_ms, 0);
	assert_int_equal(w->result.error_class, CLASS_EXIT);
	assert_string_equal(w->note, want);
	assert_string_equal(w->response, "why ");
}

static const int other_codes[] = {1, 2, 3, 74, 76, 126, 127, 128, 254, 255};

static void
any_other_code_is_tried_again(void **state)
{
	struct world *w = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(other_codes); i++)
		end_with(w, other_codes[i], DELIVER_RETRY);
	end_with(w, 75, DELIVER_RETRY);
}

static void
or_never_again_where_that_is_configured(void **state)
{
	struct world *w = *state;
	size_t i;

	w->other_is_dead = true;
	for (i = 0; i < ARRAY_LEN(other_codes); i++)
		end_with(w, other_codes[i], DELIVER_DEAD);
	run_script(w, "exit 0");
	assert_int_equal(w->result.verdict, DELIVER_OK);
	run_script(w, "kill -KILL $$");
	assert_int_equal(w->result.verdict, DELIVER_RETRY);
}

static void
exit_75_is_for_later_however_it_is_configured(void **state)
{
	struct world *w = *state;

	w->other_is_dead = true;
	end_with(w, 75, DELIVER_RETRY);
}

static void
a_signal_is_named(void **state)
{
	struct world *w = *state;

	run_script(w, "kill -SEGV $$");
	assert_int_equal(w->result.verdict, DELIVER_RETRY);
	assert_int_equal(w->result.status, ATTEMPT_NO_STATUS);
	assert_int_equal(w->result.error_class, CLASS_SIGNAL);
	assert_string_equal(w->note, "ended by signal 11, SIGSEGV");
}

static void
a_time_out_ends_the_whole_group(void **state)
{
	const char *const argv[] = {
	    "sh", "-c", "sleep 30 & echo begun; sleep 30; echo never", NULL};
	struct world *w = *state;
	int64_t at = clock_mono_ms();

	run(w, argv, 500);
	assert_int_equal(w->result.verdict, DELIVER_RETRY);
	assert_int_equal(w->result.status, ATTEMPT_NO_STATUS);
	assert_string_equal(w->note, "ended after the time-out of 500 ms");
	assert_string_equal(w->response, "begun ");
	assert_true(clock_mono_ms() - at < 20000);
}

static void
who_ignores_sigterm_is_killed(void **state)
{
	const char *const argv[] = {
	    "sh", "-c", "trap '' TERM; sleep 30 & sleep 30", NULL};
	struct world *w = *state;
	int64_t at = clock_mono_ms();

	run(w, argv, 300);
	assert_int_equal(w->result.verdict, DELIVER_RETRY);
	assert_true(str_starts(w->note, "ended after the time-out"));
	assert_in_range(clock_mono_ms() - at, 2200, 20000);
}

/* Many programs say 0 whenever they are asked to end. */
static void
exit_0_after_the_time_out_is_no_success(void **state)
{
	const char *const argv[] = {"sh", "-c",
	    "trap 'exit 0' TERM; while :; do sleep 0.05; done", NULL};
	struct world *w = *state;

	run(w, argv, 300);
	assert_int_equal(w->result.verdict, DELIVER_RETRY);
	assert_int_equal(w->result.status, 0);
	assert_int_equal(w->result.error_class, CLASS_TIMEOUT);
	assert_true(str_starts(w->note, "ended after the time-out"));
}

/* --- what it reads -------------------------------------------------- */

static void
the_bytes_are_its_input(void **state)
{
	struct world *w = *state;
	char *large = xmalloc(3 * MB);

	run_script(w, "cat");
	assert_string_equal(w->response, "hello");
	w->parcel.body = "a\0b\xff";
	w->parcel.size = 4;
	run_script(w, "od -An -tx1");
	assert_string_equal(w->response, " 61 00 62 ff ");
	w->parcel.body = NULL;
	w->parcel.size = 0;
	run_script(w, "wc -c");
	assert_string_equal(w->response, "0 ");
	/* More than a pipe holds, and nobody reads it. */
	memset(large, 'x', 3 * MB);
	w->parcel.body = large;
	w->parcel.size = (int64_t)(3 * MB);
	run_script(w, "exit 0");
	assert_int_equal(w->result.verdict, DELIVER_OK);
	run_script(w, "wc -c");
	assert_string_equal(w->response, "3145728 ");
	free(large);
}

static void
a_file_is_read_from_its_beginning_and_not_changed(void **state)
{
	struct world *w = *state;
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char text[20];

	assert_int_equal(write(fd, "from a file", 11), 11);
	assert_int_equal(lseek(fd, 3, SEEK_SET), 3);
	w->parcel.body = NULL;
	w->parcel.size = 11;
	w->parcel.fd = fd;
	run_script(w, "cat; echo no >&0");
	assert_true(str_starts(w->response, "from a file"));
	assert_int_equal(w->result.verdict, DELIVER_RETRY);
	/* Where we are in it is our own affair. */
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 3);
	assert_int_equal(pread(fd, text, sizeof(text), 0), 11);
	assert_memory_equal(text, "from a file", 11);
	run_script(w, "cat");
	assert_string_equal(w->response, "from a file");
	close(fd);
}

static void
a_file_that_is_none_is_an_error(void **state)
{
	const char *const argv[] = {"cat", NULL};
	struct world *w = *state;
	struct error err;

	w->parcel.fd = 999;
	assert_int_equal(make_target(w, argv, TIMEOUT_MS, &err), 0);
	assert_int_equal(start(w, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	loop_run(w->loop);
	assert_int_equal(w->calls, 0);
}

/* --- what it is given besides ---------------------------------------- */

static void
it_sees_the_environment_of_its_attempt(void **state)
{
	const char *const argv[] = {"env", NULL};
	struct world *w = *state;
	char **env, *want, *all = xstrdup("");
	size_t i;

	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	w->job->spec.custom_attributes = xstrdup("tenant=7");
	run(w, argv, TIMEOUT_MS);
	env = execenv_new(&w->parcel);
	for (i = 0; env[i] != NULL; i++) {
		want = xasprintf("%s%s ", all, env[i]);
		free(all);
		all = want;
	}
	assert_string_equal(w->response, all);
	assert_non_null(strstr(all, " AWAITD_CUSTOM_ATTRIBUTES=tenant=7 "));
	assert_null(strstr(all, "AWS_"));
	unsetenv("AWS_SECRET_ACCESS_KEY");
	execenv_free(env);
	free(all);
}

static void
it_has_three_descriptors_and_no_more(void **state)
{
	struct world *w = *state;
	int extra = fcntl(0, F_DUPFD, 50);

	w->fds++;
	run_script(w, "for f in /proc/$$/fd/*; do echo ${f##*/}; done");
	close(extra);
	w->fds--;
	assert_true(str_starts(w->response, "0 1 2 "));
	/* The shell opened none while it listed, or only its directory. */
	assert_in_range(strlen(w->response), 6, 8);
}

static void
arguments_reach_it_untouched_by_any_shell(void **state)
{
	const char *const argv[] = {
	    "printf", "%s|", "$(id)", "a b", "*", "; x", "", "'\"", NULL};
	struct world *w = *state;

	run(w, argv, TIMEOUT_MS);
	assert_string_equal(w->response, "$(id)|a b|*|; x||'\"|");
}

/* --- what it writes ------------------------------------------------- */

static void
both_outputs_are_kept_in_order_and_made_harmless(void **state)
{
	struct world *w = *state;

	run_script(w, "echo a; echo b >&2; printf 'c\\033[2J\\0\\377'");
	assert_string_equal(w->response, "a b c [2J ?");
}

static long
peak_kb(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

static void
megabytes_of_output_are_read_and_thrown_away(void **state)
{
	struct world *w = *state;
	long before = peak_kb();

	run_script(w, "echo first; head -c 200000000 /dev/zero; exit 3");
	assert_int_equal(w->result.verdict, DELIVER_RETRY);
	assert_int_equal(w->result.status, 3);
	assert_int_equal(strlen(w->response), ATTEMPT_RESPONSE_MAX);
	assert_true(str_starts(w->response, "first "));
	assert_true(peak_kb() - before < 50000);
}

/* It reads the file itself: nothing passes through us. */
static void
a_gigabyte_of_input_takes_none_of_our_memory(void **state)
{
	struct world *w = *state;
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	long before = peak_kb();

	assert_int_equal(ftruncate(fd, (off_t)(1024 * MB)), 0);
	w->parcel.body = NULL;
	w->parcel.size = (int64_t)(1024 * MB);
	w->parcel.fd = fd;
	run_script(w, "cat | wc -c");
	close(fd);
	assert_string_equal(w->response, "1073741824 ");
	assert_true(peak_kb() - before < 4000);
}

static void
output_without_end_ends_with_the_time_out(void **state)
{
	const char *const argv[] = {"yes", NULL};
	struct world *w = *state;

	run(w, argv, 300);
	assert_true(str_starts(w->note, "ended after the time-out"));
	assert_true(str_starts(w->response, "y y y "));
}

static void
output_that_was_closed_changes_nothing(void **state)
{
	struct world *w = *state;

	run_script(w, "echo a; exec >&- 2>&-; sleep 0.3; exit 4");
	assert_int_equal(w->result.status, 4);
	assert_string_equal(w->response, "a ");
}

/* Its session is its own. */
#define WHEN_IT_LEFT                                        \
	"while read -r a b c d e session f </proc/$!/stat;" \
	"test $session != $!; do :; done; "

static void
what_left_its_group_is_killed_and_told(void **state)
{
	struct world *w = *state;
	int64_t at = clock_mono_ms();
	long pid;

	run_script(w, "setsid sleep 30 & echo $!; " WHEN_IT_LEFT "exit 0");
	assert_int_equal(w->result.verdict, DELIVER_OK);
	assert_string_equal(w->note, "left 1 process behind, which was killed");
	assert_true(clock_mono_ms() - at < 20000);
	pid = strtol(w->response, NULL, 10);
	assert_true(pid > 1);
	assert_int_equal(kill((pid_t)pid, 0), -1);
	run_script(w,
	    "setsid sleep 30 & " WHEN_IT_LEFT "sleep 30 & echo $! >&2; exit 3");
	assert_int_equal(w->result.status, 3);
	assert_string_equal(w->note,
	    "exit status 3; it left 2 processes behind, which were killed");
}

static void
what_writes_for_ever_holds_nothing_open(void **state)
{
	struct world *w = *state;
	int64_t at = clock_mono_ms();

	run_script(w, "setsid yes & " WHEN_IT_LEFT "exit 0");
	assert_int_equal(w->result.verdict, DELIVER_OK);
	assert_true(clock_mono_ms() - at < 20000);
}

/* --- cancelling ----------------------------------------------------- */

static void
cancelled_it_is_killed_and_says_nothing(void **state)
{
	const char *const argv[] = {
	    "sh", "-c", "sleep 30 & sleep 30 & echo; wait", NULL};
	struct world *w = *state;
	int64_t at = clock_mono_ms();

	begin(w, argv, TIMEOUT_MS);
	loop_turn(w);
	w->target->driver->cancel(w->call);
	/* Before it has done anything. */
	begin(w, argv, TIMEOUT_MS);
	w->target->driver->cancel(w->call);
	loop_run(w->loop);
	assert_int_equal(w->calls, 0);
	assert_true(clock_mono_ms() - at < 20000);
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void
remove_tree(const char *folder)
{
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void
several_run_side_by_side(void **state)
{
	/* Each waits for the last. */
	char folder[] = "/tmp/test_exec.XXXXXX";
	const char *const argv[] = {"sh", "-c",
	    ": >\"$0/$$\"; until [ \"$(ls \"$0\" | wc -l)\" -ge 5 ]; do "
	    "sleep 0.02; done; cat",
	    folder, NULL};
	struct world *w = *state;
	struct error err;
	int i;

	assert_non_null(mkdtemp(folder));

	assert_int_equal(make_target(w, argv, TIMEOUT_MS, &err), 0);
	for (i = 0; i < 5; i++)
		assert_int_equal(start(w, &err), 0);
	while (w->calls < 5)
		loop_run(w->loop);
	assert_string_equal(w->response, "hello");
	remove_tree(folder);
}

/* --- construction --------------------------------------------------- */

static void
what_is_no_program_is_refused(void **state)
{
	static const char *const names[] = {
	    "no-such-program-anywhere", "/no/such/file", "/etc/passwd", "/etc"};
	const char *const empty[] = {NULL};
	struct world *w = *state;
	struct error err;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		const char *const argv[] = {names[i], NULL};

		assert_int_equal(make_target(w, argv, 1000, &err), -1);
		assert_int_equal(err.code, ERR_CONFIG);
		assert_non_null(strstr(err.text, names[i]));
	}
	assert_int_equal(make_target(w, empty, 1000, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_null(w->target);
}

/* A reload must not find another one because PATH or the folder changed. */
static void
the_program_is_found_when_the_target_is_made(void **state)
{
	const char *const argv[] = {"sh", "-c", "echo $0", NULL};
	struct world *w = *state;
	char *path = xstrdup(getenv("PATH"));
	struct error err;

	assert_int_equal(make_target(w, argv, TIMEOUT_MS, &err), 0);
	setenv("PATH", "/nowhere", 1);
	assert_int_equal(start(w, &err), 0);
	loop_run(w->loop);
	setenv("PATH", path, 1);
	free(path);
	assert_int_equal(w->response[0], '/');
	assert_true(str_ends(w->response, "/sh "));
}

static void
a_program_that_went_away_is_an_error(void **state)
{
	char path[] = "/tmp/test_exec.XXXXXX";
	const char *const argv[] = {path, NULL};
	struct world *w = *state;
	int fd = mkstemp(path);
	struct error err;

	assert_int_equal(write(fd, "#!/bin/sh\n", 10), 10);
	fchmod(fd, 0700);
	close(fd);
	run(w, argv, TIMEOUT_MS);
	assert_int_equal(w->result.verdict, DELIVER_OK);
	unlink(path);
	assert_int_equal(start(w, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, path));
}

/* It is there, and may be executed, but the kernel does not take it. */
static void
a_program_that_is_none_is_tried_again(void **state)
{
	char path[] = "/tmp/test_exec.XXXXXX";
	const char *const argv[] = {path, NULL};
	struct world *w = *state;
	int fd = mkstemp(path);

	w->other_is_dead = true;
	assert_int_equal(write(fd, "exit 0\n", 7), 7);
	fchmod(fd, 0700);
	close(fd);
	run(w, argv, TIMEOUT_MS);
	assert_int_equal(w->result.verdict, DELIVER_RETRY);
	assert_int_equal(w->result.status, ATTEMPT_NO_STATUS);
	assert_int_equal(w->result.error_class, CLASS_START);
	assert_string_equal(w->note, "it cannot be started: Exec format error");
	fd = open(path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "#!/no/such/shell\n", 17), 17);
	close(fd);
	run(w, argv, TIMEOUT_MS);
	assert_int_equal(w->result.verdict, DELIVER_RETRY);
	assert_string_equal(
	    w->note, "it cannot be started: No such file or directory");
	unlink(path);
}

static void
a_target_knows_what_it_was_given(void **state)
{
	const char *const argv[] = {"true", NULL};
	struct world *w = *state;
	struct error err;

	assert_int_equal(make_target(w, argv, 1000, &err), 0);
	assert_string_equal(w->target->name, "exec h");
	assert_int_equal(w->target->payload, DELIVERY_RAW);
	assert_int_equal(w->target->max_in_flight, 3);
}

#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(exit_0_is_success),
	    T(any_other_code_is_tried_again),
	    T(or_never_again_where_that_is_configured),
	    T(exit_75_is_for_later_however_it_is_configured),
	    T(a_signal_is_named),
	    T(a_time_out_ends_the_whole_group),
	    T(who_ignores_sigterm_is_killed),
	    T(exit_0_after_the_time_out_is_no_success),
	    T(the_bytes_are_its_input),
	    T(a_file_is_read_from_its_beginning_and_not_changed),
	    T(a_file_that_is_none_is_an_error),
	    T(it_has_three_descriptors_and_no_more),
	    T(arguments_reach_it_untouched_by_any_shell),
	    T(both_outputs_are_kept_in_order_and_made_harmless),
	    T(megabytes_of_output_are_read_and_thrown_away),
	    T(a_gigabyte_of_input_takes_none_of_our_memory),
	    T(output_without_end_ends_with_the_time_out),
	    T(output_that_was_closed_changes_nothing),
	    T(what_left_its_group_is_killed_and_told),
	    T(what_writes_for_ever_holds_nothing_open),
	    T(cancelled_it_is_killed_and_says_nothing),
	    T(several_run_side_by_side),
	    T(what_is_no_program_is_refused),
	    T(the_program_is_found_when_the_target_is_made),
	    T(a_program_that_went_away_is_an_error),
	    T(a_program_that_is_none_is_tried_again),
	    T(a_target_knows_what_it_was_given),
	    T(it_sees_the_environment_of_its_attempt),
	};

	alarm(120);
	keeper_here();
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
