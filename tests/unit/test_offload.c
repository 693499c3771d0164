/* SPDX-License-Identifier: Apache-2.0 */
/* Work on other threads: where each part runs, how many at a time, and what a
 * cancel leaves. */
#include "base/offload.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"

struct world {
	struct loop *loop;
	struct offload *offload;
	pthread_t mine;
	atomic_uint ran, done, dropped, at_once, most;
	atomic_bool hold; /* run waits as long as this is set */
	atomic_bool signals; /* one could have come to a thread */
	unsigned stop_at;
};

static int
enter(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->loop = loop_new();
	w->offload = offload_new(2);
	w->mine = pthread_self();
	*state = w;
	return 0;
}

static int
leave(void **state)
{
	struct world *w = *state;

	w->hold = false;
	offload_free(w->offload);
	offload_wait_all(20000);
	loop_free(w->loop);
	free(w);
	return 0;
}

static void
run(struct offload_call *call, void *arg)
{
	struct world *w = arg;
	unsigned n = ++w->at_once;
	sigset_t blocked;

	assert_false(pthread_equal(pthread_self(), w->mine));
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	if (!sigismember(&blocked, SIGTERM))
		w->signals = true;
	if (n > w->most)
		w->most = n;
	while (w->hold && !offload_cancelled(call))
		usleep(200);
	w->at_once--;
	w->ran++;
}

static void
done(void *arg)
{
	struct world *w = arg;

	assert_true(pthread_equal(pthread_self(), w->mine));
	if (++w->done == w->stop_at)
		loop_stop(w->loop);
}

static void
drop(void *arg)
{
	struct world *w = arg;

	w->dropped++;
}

static const struct offload_work work = {
    .run = run, .done = done, .drop = drop};
static const struct offload_work unheard = {.run = run};

static void
wait_for(const atomic_uint *n, unsigned want)
{
	int64_t until = clock_mono_ms() + 20000;

	while (*n < want && clock_mono_ms() < until)
		usleep(200);
	assert_int_equal(*n, want);
}

static void
work_is_done_elsewhere_and_heard_of_here(void **state)
{
	struct world *w = *state;

	w->stop_at = 1;
	offload_start(w->offload, w->loop, &work, w);
	loop_run(w->loop);
	assert_int_equal(w->ran, 1);
	assert_int_equal(w->done, 1);
	assert_int_equal(w->dropped, 0);
	assert_false(w->signals);
}

static void
as_many_run_at_once_as_there_may(void **state)
{
	struct world *w = *state;
	unsigned i;

	w->hold = true;
	w->stop_at = 50;
	for (i = 0; i < 50; i++)
		offload_start(w->offload, w->loop, &work, w);
	wait_for(&w->at_once, 2);
	w->hold = false;
	loop_run(w->loop);
	assert_int_equal(w->ran, 50);
	assert_int_equal(w->most, 2);
}

static void
what_is_cancelled_is_dropped_once_and_not_heard_of(void **state)
{
	struct offload_call *c[4];
	struct world *w = *state;
	unsigned i;

	/* Two run, two wait. */
	w->hold = true;
	for (i = 0; i < 4; i++)
		c[i] = offload_start(w->offload, w->loop, &work, w);
	wait_for(&w->at_once, 2);
	/* Those that wait first: else a thread that is free may begin one. */
	for (i = 4; i-- > 0;)
		offload_cancel(c[i]);
	wait_for(&w->dropped, 4);
	assert_int_equal(w->ran, 2);
	/* One that is over, and was not heard of yet. */
	w->hold = false;
	c[0] = offload_start(w->offload, w->loop, &work, w);
	offload_wait(w->offload);
	offload_cancel(c[0]);
	assert_int_equal(w->ran, 3);
	assert_int_equal(w->dropped, 5);
	loop_run(w->loop);
	assert_int_equal(w->done, 0);
}

static void
a_queue_that_was_freed_does_what_it_was_told(void **state)
{
	struct world *w = *state;
	unsigned i;

	w->hold = true;
	for (i = 0; i < 10; i++)
		offload_start(w->offload, NULL, &unheard, w);
	offload_free(w->offload);
	w->offload = NULL;
	/* Nobody waits longer than he said. */
	offload_wait_all(50);
	assert_int_equal(w->ran, 0);
	w->hold = false;
	offload_wait_all(20000);
	assert_int_equal(w->ran, 10);
}

static void
a_queue_goes_on_behind_a_wait(void **state)
{
	struct world *w = *state;

	offload_wait(w->offload);
	offload_start(w->offload, NULL, &unheard, w);
	offload_wait(w->offload);
	offload_start(w->offload, NULL, &unheard, w);
	offload_wait(w->offload);
	assert_int_equal(w->ran, 2);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, enter, leave)
	const struct CMUnitTest tests[] = {
	    T(work_is_done_elsewhere_and_heard_of_here),
	    T(as_many_run_at_once_as_there_may),
	    T(what_is_cancelled_is_dropped_once_and_not_heard_of),
	    T(a_queue_that_was_freed_does_what_it_was_told),
	    T(a_queue_goes_on_behind_a_wait),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
