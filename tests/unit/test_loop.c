/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop: the order of what was put off, timers, descriptors,
 * signals, calls from other threads, and things freed in their own callback.
 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"

struct world {
	struct loop *loop;
	char trace[64];
	size_t n;
	struct loop_timer *timer;
	struct loop_fd *fd;
	struct loop_signal *signal;
	struct loop_wakeup *wakeup;
	int64_t at;
	int ends[2];
	int left; /* how often something happens yet */
};

static int
enter(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->loop = loop_new();
	*state = w;
	return pipe(w->ends);
}

static int
leave(void **state)
{
	struct world *w = *state;

	loop_timer_free(w->timer);
	loop_fd_free(w->fd);
	loop_signal_free(w->signal);
	loop_wakeup_free(w->wakeup);
	loop_free(w->loop);
	close(w->ends[0]);
	close(w->ends[1]);
	free(w);
	return 0;
}

static void
trace(struct world *w, char c)
{
	assert_true(w->n < sizeof(w->trace) - 1);
	w->trace[w->n++] = c;
}

static void
say_a(void *arg)
{
	trace(arg, 'a');
}

static void
say_b(void *arg)
{
	trace(arg, 'b');
}

static void
say_c_and_post_b(void *arg)
{
	struct world *w = arg;

	trace(w, 'c');
	loop_post(w->loop, say_b, w);
}

static void
posts_run_in_their_order_and_not_at_once(void **state)
{
	struct world *w = *state;

	loop_post(w->loop, say_a, w);
	loop_post(w->loop, say_b, w);
	loop_post(w->loop, say_a, w);
	assert_string_equal(w->trace, "");
	loop_run(w->loop);
	assert_string_equal(w->trace, "aba");
}

static void
what_a_post_posts_waits_for_the_next_turn(void **state)
{
	struct world *w = *state;

	loop_post(w->loop, say_c_and_post_b, w);
	loop_post(w->loop, say_a, w);
	loop_run(w->loop);
	assert_string_equal(w->trace, "cab");
}

static void
again(void *arg)
{
	struct world *w = arg;

	if (--w->left == 999000 && write(w->ends[1], "x", 1) != 1)
		trace(w, 'e');
	if (w->left > 0)
		loop_post(w->loop, again, w);
}

static void
on_readable(void *arg)
{
	struct world *w = arg;

	/* In the middle of the chain, not behind it. */
	trace(w, w->left > 0 ? 'r' : 'l');
	loop_fd_free(w->fd);
	w->fd = NULL;
	w->left = 0;
}

static void
a_chain_of_posts_does_not_starve_descriptors(void **state)
{
	struct world *w = *state;

	w->left = 1000000;
	w->fd = loop_fd_new(w->loop, w->ends[0], on_readable, w);
	loop_post(w->loop, again, w);
	loop_run(w->loop);
	assert_string_equal(w->trace, "r");
}

static void
unposted_calls_never_come(void **state)
{
	struct world *w = *state;
	int other;

	loop_post(w->loop, say_a, &other);
	loop_post(w->loop, say_b, w);
	loop_post(w->loop, say_a, &other);
	loop_unpost(w->loop, &other);
	loop_unpost(w->loop, &other);
	loop_run(w->loop);
	assert_string_equal(w->trace, "b");
}

struct two {
	struct world *w;
	char name;
};

static void
say_name(void *arg)
{
	struct two *t = arg;

	trace(t->w, t->name);
}

static void
unpost_other(void *arg)
{
	struct two *t = arg;

	trace(t->w, t->name);
	loop_unpost(t->w->loop, t + 1);
}

static void
a_post_may_unpost_what_follows_in_its_own_turn(void **state)
{
	struct world *w = *state;
	struct two t[] = {{w, 'x'}, {w, 'y'}, {w, 'z'}};

	loop_post(w->loop, unpost_other, &t[0]);
	loop_post(w->loop, say_name, &t[1]);
	loop_post(w->loop, say_name, &t[2]);
	loop_run(w->loop);
	assert_string_equal(w->trace, "xz");
}

static void
say_b_with_the_time(void *arg)
{
	struct world *w = arg;

	trace(w, 'b');
	w->at = clock_mono_ms();
}

static void
timers_fire_once_and_not_before_their_time(void **state)
{
	struct world *w = *state;
	int64_t start = clock_mono_ms();

	w->timer = loop_timer_new(w->loop, say_b_with_the_time, w);
	loop_timer_set(w->timer, 50);
	loop_run(w->loop);
	assert_string_equal(w->trace, "b");
	/* The kernel's coarse clock may lag by up to a tick of 10 ms. */
	assert_true(w->at - start >= 39);
}

static void
a_later_set_replaces_the_earlier(void **state)
{
	struct world *w = *state;
	int64_t start = clock_mono_ms();

	w->timer = loop_timer_new(w->loop, say_b, w);
	loop_timer_set(w->timer, 3600000);
	loop_timer_set(w->timer, 1);
	loop_run(w->loop);
	assert_string_equal(w->trace, "b");
	assert_true(clock_mono_ms() - start < 60000);
}

static void
a_cleared_timer_stays_silent_until_it_is_set_again(void **state)
{
	struct world *w = *state;

	w->timer = loop_timer_new(w->loop, say_b, w);
	loop_timer_set(w->timer, 0);
	loop_timer_clear(w->timer);
	loop_run(w->loop);
	assert_string_equal(w->trace, "");
	loop_timer_set(w->timer, -5);
	loop_run(w->loop);
	assert_string_equal(w->trace, "b");
}

static void
say_t_and_set_again(void *arg)
{
	struct world *w = arg;

	trace(w, 't');
	if (--w->left > 0)
		loop_timer_set(w->timer, 0);
}

static void
a_timer_may_be_set_in_its_own_callback(void **state)
{
	struct world *w = *state;

	w->left = 3;
	w->timer = loop_timer_new(w->loop, say_t_and_set_again, w);
	loop_timer_set(w->timer, 0);
	loop_run(w->loop);
	assert_string_equal(w->trace, "ttt");
}

static void
say_f_and_free_timer(void *arg)
{
	struct world *w = arg;

	trace(w, 'f');
	loop_timer_free(w->timer);
	w->timer = NULL;
}

static void
a_timer_may_be_freed_in_its_own_callback(void **state)
{
	struct world *w = *state;

	w->timer = loop_timer_new(w->loop, say_f_and_free_timer, w);
	loop_timer_set(w->timer, 0);
	loop_run(w->loop);
	assert_string_equal(w->trace, "f");
}

static void
read_one(void *arg)
{
	struct world *w = arg;
	char c;

	if (read(w->ends[0], &c, 1) != 1)
		c = '?';
	trace(w, c);
	if (c != '3')
		return;
	loop_fd_free(w->fd);
	w->fd = NULL;
}

static void
a_descriptor_calls_as_long_as_something_is_there(void **state)
{
	struct world *w = *state;

	w->fd = loop_fd_new(w->loop, w->ends[0], read_one, w);
	assert_int_equal(write(w->ends[1], "123", 3), 3);
	loop_run(w->loop);
	assert_string_equal(w->trace, "123");
}

static void
raise_again(void *arg)
{
	struct world *w = arg;

	trace(w, 's');
	if (--w->left > 0) {
		raise(SIGUSR1);
		return;
	}
	loop_signal_free(w->signal);
	w->signal = NULL;
}

static void
a_signal_calls_each_time_until_it_is_freed(void **state)
{
	struct world *w = *state;

	w->left = 2;
	w->signal = loop_signal_new(w->loop, SIGUSR1, raise_again, w);
	raise(SIGUSR1);
	loop_run(w->loop);
	assert_string_equal(w->trace, "ss");
}

static void
on_wakeup(void *arg)
{
	struct world *w = arg;

	trace(w, 'w');
	loop_wakeup_free(w->wakeup);
	w->wakeup = NULL;
}

static void *
signal_from_thread(void *arg)
{
	struct world *w = arg;
	int i;

	for (i = 0; i < 1000; i++)
		loop_wakeup_signal(w->wakeup);
	return NULL;
}

static void
start_thread(void *arg)
{
	pthread_t thread;

	/* Joined before the loop can see any of its signals. */
	assert_int_equal(
	    pthread_create(&thread, NULL, signal_from_thread, arg), 0);
	pthread_join(thread, NULL);
}

static void
many_signals_of_a_thread_wake_the_loop_once(void **state)
{
	struct world *w = *state;

	w->wakeup = loop_wakeup_new(w->loop, on_wakeup, w);
	loop_post(w->loop, start_thread, w);
	loop_run(w->loop);
	assert_string_equal(w->trace, "w");
}

static void
stop_on_wakeup(void *arg)
{
	struct world *w = arg;

	trace(w, 'w');
	loop_stop(w->loop);
}

static void
a_signal_of_a_thread_ends_the_loops_sleep(void **state)
{
	struct world *w = *state;
	pthread_t thread;

	w->wakeup = loop_wakeup_new(w->loop, stop_on_wakeup, w);
	assert_int_equal(
	    pthread_create(&thread, NULL, signal_from_thread, w), 0);
	loop_run(w->loop);
	pthread_join(thread, NULL);
	assert_int_equal(w->trace[0], 'w');
}

static void
say_x_and_stop(void *arg)
{
	struct world *w = arg;

	trace(w, 'x');
	loop_stop(w->loop);
}

static void
a_stopped_loop_can_go_on(void **state)
{
	struct world *w = *state;

	w->timer = loop_timer_new(w->loop, say_b, w);
	loop_timer_set(w->timer, 20);
	loop_post(w->loop, say_x_and_stop, w);
	loop_run(w->loop);
	assert_string_equal(w->trace, "x");
	loop_run(w->loop);
	assert_string_equal(w->trace, "xb");
}

static void
a_loop_with_nothing_to_do_returns(void **state)
{
	struct world *w = *state;

	loop_run(w->loop);
	w->timer = loop_timer_new(w->loop, say_b, w);
	loop_run(w->loop);
	assert_string_equal(w->trace, "");
}

static void
posts_that_never_ran_are_released_with_the_loop(void **state)
{
	struct loop *loop = loop_new();

	loop_post(loop, say_a, *state);
	loop_free(loop);
	loop_free(NULL);
	assert_string_equal(((struct world *)*state)->trace, "");
}

static void
work_and_set_timer(void *arg)
{
	struct world *w = arg;
	int64_t until = clock_mono_ms() + 100;

	while (clock_mono_ms() < until)
		continue;
	w->at = -clock_mono_ms();
	loop_timer_set(w->timer, 60);
}

static void
note_lateness(void *arg)
{
	struct world *w = arg;

	w->at += clock_mono_ms();
}

static void
a_delay_counts_from_when_it_is_set(void **state)
{
	struct world *w = *state;

	/* Not from the start of the turn, which was 100 ms before. */
	w->timer = loop_timer_new(w->loop, note_lateness, w);
	loop_post(w->loop, work_and_set_timer, w);
	loop_run(w->loop);
	assert_true(w->at >= 49);
}

static void
a_descriptor_that_cannot_be_watched_ends_the_process(void **state)
{
	struct world *w = *state;
	int status, fd;
	pid_t pid = fork();

	if (pid == 0) {
		/* epoll refuses a file; nothing would ever be called. */
		fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
		dup2(fd, STDERR_FILENO);
		fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		loop_fd_new(w->loop, fd, say_a, w);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(posts_run_in_their_order_and_not_at_once),
	    T(what_a_post_posts_waits_for_the_next_turn),
	    T(a_chain_of_posts_does_not_starve_descriptors),
	    T(unposted_calls_never_come),
	    T(a_post_may_unpost_what_follows_in_its_own_turn),
	    T(timers_fire_once_and_not_before_their_time),
	    T(a_later_set_replaces_the_earlier),
	    T(a_cleared_timer_stays_silent_until_it_is_set_again),
	    T(a_timer_may_be_set_in_its_own_callback),
	    T(a_timer_may_be_freed_in_its_own_callback),
	    T(a_descriptor_calls_as_long_as_something_is_there),
	    T(a_signal_calls_each_time_until_it_is_freed),
	    T(many_signals_of_a_thread_wake_the_loop_once),
	    T(a_signal_of_a_thread_ends_the_loops_sleep),
	    T(a_stopped_loop_can_go_on),
	    T(a_loop_with_nothing_to_do_returns),
	    T(posts_that_never_ran_are_released_with_the_loop),
	    T(a_delay_counts_from_when_it_is_set),
	    T(a_descriptor_that_cannot_be_watched_ends_the_process),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
