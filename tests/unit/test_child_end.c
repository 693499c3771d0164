/* SPDX-License-Identifier: Apache-2.0 */
/* child_terminate(): asked to end, with as much grace as the caller likes. */
#include "base/child.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"

struct world {
	struct loop *loop;
	struct child *child;
	struct loop_fd *watch;
	struct child_result result;
	int calls;
	int out[2];
	int64_t grace_ms;
	int64_t asked_at;
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
	close(w->out[1]);
	free(w);
	return 0;
}

static void
on_done(const struct child_result *r, void *arg)
{
	struct world *w = arg;

	w->result = *r;
	w->calls++;
}

/* It has said that it is ready. */
static void
on_ready(void *arg)
{
	struct world *w = arg;

	loop_fd_free(w->watch);
	w->watch = NULL;
	w->asked_at = clock_mono_ms();
	child_terminate(w->child, w->grace_ms);
}

static void
end(struct world *w, const char *script, int64_t grace_ms, int64_t timeout_ms)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct child_options o = {
	    .argv = argv,
	    .stdin_fd = -1,
	    .stdout_fd = w->out[1],
	    .stderr_fd = -1,
	    .timeout_ms = timeout_ms,
	};
	struct error err;

	w->grace_ms = grace_ms;
	w->watch = loop_fd_new(w->loop, w->out[0], on_ready, w);
	if (child_start(w->loop, &o, on_done, w, &w->child, &err) == -1)
		fail_msg("%s", err.text);
	loop_run(w->loop);
	assert_int_equal(w->calls, 1);
	assert_false(w->result.timed_out);
}

static void
one_that_obeys_tells_its_code(void **state)
{
	struct world *w = *state;

	end(w, "trap 'exit 7' TERM; echo; while :; do sleep 0.05; done", 600000,
	    0);
	assert_int_equal(w->result.exit_code, 7);
	assert_int_equal(w->result.signal, 0);
}

static void
one_that_does_not_has_its_grace_and_no_more(void **state)
{
	struct world *w = *state;

	end(w, "trap '' TERM; echo; while :; do sleep 600; done", 300, 0);
	assert_int_equal(w->result.signal, SIGKILL);
	assert_true(clock_mono_ms() - w->asked_at >= 280);
}

static void
without_grace_nobody_is_asked(void **state)
{
	struct world *w = *state;

	/* A SIGTERM would end it, too. */
	end(w, "echo; exec sleep 600", 0, 0);
	assert_int_equal(w->result.signal, SIGKILL);
}

/* It would be killed after 50 ms and two seconds, and be a time-out. */
static void
its_time_out_no_longer_counts(void **state)
{
	struct world *w = *state;

	end(w, "trap '' TERM; echo; sleep 3; echo; trap 'exit 7' TERM; exit 8",
	    600000, 600);
	assert_int_equal(w->result.exit_code, 8);
}

#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(one_that_obeys_tells_its_code),
	    T(one_that_does_not_has_its_grace_and_no_more),
	    T(without_grace_nobody_is_asked),
	    T(its_time_out_no_longer_counts),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
