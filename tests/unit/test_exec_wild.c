/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handlers that misbehave: the verdict is the tabled one, nothing that came of
 * them is left, and the loop goes on meanwhile. The test adopts orphans: what
 * escapes a keeper comes to it.
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
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/exec.h"
#include "tests/support/keeper_here.h"
#include "tests/support/wild.h"

#define SHORT_MS 700 /* for those who would never end */
#define LONG_MS 120000
#define BODY_SIZE ((size_t)1024 * 1024)
#define PATIENCE_MS 90000
/* What only a loop that waits for somebody takes, also on a busy machine: who
 * ignores SIGTERM has two seconds for it. */
#define HELD_MS 2000

struct world {
	char program[4096], begun[60];
	struct loop *loop;
	struct loop_timer *tick;
	int64_t ticked_at, max_gap;
	struct target *target;
	struct delivery delivery;
	struct job *job;
	struct parcel parcel;
	unsigned calls;
	enum deliver_verdict verdict;
	char *note;
};

static int
enter(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	ssize_t n = readlink("/proc/self/exe", w->program, 4095);
	char dir[] = "/tmp/test_exec_wild.XXXXXX";

	if (n <= 0 || mkdtemp(dir) == NULL)
		return -1;
	snprintf(w->begun, sizeof(w->begun), "%s/begun", dir);
	w->job = job_new();
	w->job->state = JOB_DONE;
	w->job->outcome = OUTCOME_OK;
	w->job->spec.endpoint = xstrdup("ocr");
	w->delivery.event = xstrdup("inference.completed");
	w->parcel = (struct parcel){
	    .delivery = &w->delivery,
	    .job = w->job,
	    .attempt = 1,
	    .body = xcalloc(1, BODY_SIZE),
	    .size = (int64_t)BODY_SIZE,
	    .fd = -1,
	};
	*state = w;
	return 0;
}

static int
leave(void **state)
{
	struct world *w = *state;

	unlink(w->begun);
	*strrchr(w->begun, '/') = '\0';
	rmdir(w->begun);
	job_free(w->job);
	free(w->delivery.event);
	free((void *)(uintptr_t)w->parcel.body);
	free(w->note);
	free(w);
	return 0;
}

static void
on_done(const struct deliver_result *r, void *arg)
{
	struct world *w = arg;

	w->calls++;
	w->verdict = r->verdict;
	free(w->note);
	w->note = xstrdup_or_null(r->note);
	loop_stop(w->loop);
}

static void
on_tick(void *arg)
{
	struct world *w = arg;
	int64_t now = clock_mono_ms();

	if (now - w->ticked_at > w->max_gap)
		w->max_gap = now - w->ticked_at;
	w->ticked_at = now;
	loop_timer_set(w->tick, 1);
}

/* Where hundreds want to run at once, even an idle loop waits for its turn. */
static bool
is_crowd(const struct wild *kind)
{
	return str_eq(kind->name, "is a fork bomb");
}

static bool
is_endless(const struct wild *kind)
{
	return kind->note != NULL && strstr(kind->note, "time-out") != NULL;
}

static void
begin(struct world *w, const struct wild *kind, int64_t timeout_ms)
{
	const char *const argv[] = {w->program, kind->name, w->begun, NULL};
	struct exec_options o = {
	    .target = {.name = "exec wild",
		.payload = DELIVERY_RAW,
		.timeout_ms = timeout_ms,
		.max_in_flight = 1},
	    .argv = argv,
	    .other_is_dead = true,
	};
	struct error err;
	void *call;

	unlink(w->begun);
	w->loop = loop_new();
	o.loop = w->loop;
	if (exec_new(&o, &w->target, &err) == -1 ||
	    w->target->driver->start(
		w->target->self, &w->parcel, on_done, w, &call, &err) == -1) {
		fprintf(stderr, "%s: %s\n", kind->name, err.text);
		abort();
	}
}

static void
end(struct world *w)
{
	target_unref(w->target);
	w->target = NULL;
	loop_free(w->loop);
	w->loop = NULL;
}

/* Waits until there is none. 1 where somebody does not go. */
static int
leftovers(int64_t *took_ms)
{
	int64_t began = clock_mono_ms();
	int left = 0;

	while (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD) {
		if (clock_mono_ms() - began > PATIENCE_MS) {
			left++;
			break;
		}
		usleep(2000);
	}
	*took_ms = clock_mono_ms() - began;
	return left;
}

static bool
is_as_tabled(const struct world *w, const struct wild *kind)
{
	bool noted = kind->note == NULL
	    ? w->note == NULL
	    : w->note != NULL && str_starts(w->note, kind->note);

	if (w->calls == 1 && w->verdict == kind->verdict && noted)
		return true;
	print_message("# a handler that %s: verdict %d, note %s\n", kind->name,
	    w->verdict, w->note != NULL ? w->note : "none");
	return false;
}

static void
nothing_is_left_of_a_handler_that_misbehaves(void **state)
{
	struct world *w = *state;
	int left = 0, wrong = 0, here;
	int64_t took, max_ms = 0, held = 0, crowd = 0;
	size_t i;

	for (i = 0; i < wild_nkinds; i++) {
		begin(w, &wild_kinds[i],
		    is_endless(&wild_kinds[i]) ? SHORT_MS : LONG_MS);
		w->calls = 0;
		w->max_gap = 0;
		w->tick = loop_timer_new(w->loop, on_tick, w);
		w->ticked_at = clock_mono_ms();
		on_tick(w);
		loop_run(w->loop);
		loop_timer_free(w->tick);
		wrong += !is_as_tabled(w, &wild_kinds[i]);
		if (is_crowd(&wild_kinds[i]))
			crowd = w->max_gap;
		else if (w->max_gap > held)
			held = w->max_gap;
		end(w);
		here = leftovers(&took);
		if (here != 0)
			print_message("# one that %s left something\n",
			    wild_kinds[i].name);
		left += here;
		if (took > max_ms)
			max_ms = took;
	}
	print_message("handlers: kinds=%zu left=%d wrong=%d loop_max_ms=%lld "
		      "bomb_loop_max_ms=%lld gone_max_ms=%lld\n",
	    wild_nkinds, left, wrong, (long long)held, (long long)crowd,
	    (long long)max_ms);
	assert_int_equal(left, 0);
	assert_int_equal(wrong, 0);
	assert_in_range(held, 0, HELD_MS);
}

/* --- and where we are killed meanwhile ------------------------------ */

static pid_t
serve(struct world *w, const struct wild *kind)
{
	pid_t pid = fork();

	if (pid == 0) {
		/* On a busy machine it takes a while to begin. */
		begin(w, kind, LONG_MS);
		loop_run(w->loop);
		if (w->note != NULL)
			print_message("# which ended: %s\n", w->note);
		/* Until it is killed. */
		for (;;)
			pause();
	}
	return pid;
}

static bool
wait_until_begun(const struct world *w)
{
	int64_t began = clock_mono_ms();

	while (access(w->begun, F_OK) == -1) {
		if (clock_mono_ms() - began > PATIENCE_MS)
			return false;
		usleep(500);
	}
	return true;
}

static void
nothing_outlives_a_service_that_is_killed(void **state)
{
	struct world *w = *state;
	int left = 0, never = 0;
	int64_t took, max_ms = 0;
	size_t i;
	pid_t pid;

	for (i = 0; i < wild_nkinds; i++) {
		unlink(w->begun);
		pid = serve(w, &wild_kinds[i]);
		if (!wait_until_begun(w)) {
			print_message("# a handler that %s did not begin\n",
			    wild_kinds[i].name);
			never++;
		}
		kill(pid, SIGKILL);
		left += leftovers(&took);
		if (took > max_ms)
			max_ms = took;
	}
	print_message("killed: kinds=%zu left=%d never_begun=%d "
		      "gone_max_ms=%lld\n",
	    wild_nkinds, left, never, (long long)max_ms);
	assert_int_equal(left, 0);
	assert_int_equal(never, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    T(nothing_is_left_of_a_handler_that_misbehaves),
	    T(nothing_outlives_a_service_that_is_killed),
	};

	if (argc == 3)
		return wild_run(argv[1], argv[2]);
	alarm(600);
	keeper_here();
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
