/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets of a client: what is reported, to whom, and who comes first. */
#include "net/sockset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"

#define PAIRS 4
#define MAX 16

struct rig {
	struct sockset set;
	int ends[PAIRS][2]; /* [0] is in the set, [1] its peer */
	struct epoll_event ev[MAX];
};

static int
enter(void **state)
{
	struct rig *r = xcalloc(1, sizeof(*r));
	struct error err;
	size_t i;

	assert_int_equal(sockset_init(&r->set, &err), 0);
	for (i = 0; i < PAIRS; i++)
		assert_int_equal(
		    socketpair(AF_UNIX, SOCK_STREAM, 0, r->ends[i]), 0);
	*state = r;
	return 0;
}

static int
leave(void **state)
{
	struct rig *r = *state;
	size_t i;

	sockset_done(&r->set);
	for (i = 0; i < PAIRS; i++) {
		close(r->ends[i][0]);
		close(r->ends[i][1]);
	}
	free(r);
	return 0;
}

static void
speak(struct rig *r, size_t i)
{
	assert_int_equal(write(r->ends[i][1], "x", 1), 1);
}

static size_t
events(struct rig *r)
{
	return sockset_events(&r->set, r->ev, MAX);
}

/* --- tests ---------------------------------------------------------- */

static void
what_is_wanted_is_reported_until_it_is_taken(void **state)
{
	struct rig *r = *state;

	sockset_want(&r->set, r->ends[1][0], EPOLLIN);
	assert_true(sockset_wanted(&r->set, r->ends[1][0]));
	assert_int_equal(events(r), 0);
	speak(r, 0);
	speak(r, 1);
	assert_int_equal(events(r), 1);
	assert_int_equal(r->ev[0].data.fd, r->ends[1][0]);
	assert_int_equal(events(r), 1);
}

static void
one_that_rests_may_not_say_that_it_can_be_written_to(void **state)
{
	struct rig *r = *state;
	int fd = r->ends[0][0];

	sockset_want(&r->set, fd, EPOLLIN | EPOLLOUT);
	assert_int_equal(events(r), 1);
	sockset_rest(&r->set, fd);
	assert_false(sockset_wanted(&r->set, fd));
	assert_int_equal(events(r), 0);
	speak(r, 0);
	assert_int_equal(events(r), 1);
	assert_int_equal(r->ev[0].events, EPOLLIN);
}

static void
one_that_is_forgotten_says_nothing_and_may_come_back(void **state)
{
	struct rig *r = *state;
	int fd = r->ends[0][0];

	sockset_forget(&r->set, fd);
	sockset_want(&r->set, fd, EPOLLIN);
	speak(r, 0);
	sockset_forget(&r->set, fd);
	assert_false(sockset_wanted(&r->set, fd));
	assert_int_equal(events(r), 0);
	sockset_want(&r->set, fd, EPOLLIN);
	assert_int_equal(events(r), 1);
}

/* Closed behind our back, and the number is another's now. */
static void
a_number_that_comes_again_is_watched(void **state)
{
	struct rig *r = *state;
	int fd = r->ends[0][0];

	sockset_want(&r->set, fd, EPOLLIN);
	assert_int_equal(dup2(r->ends[1][0], fd), fd);
	sockset_want(&r->set, fd, EPOLLIN | EPOLLOUT);
	speak(r, 1);
	assert_int_equal(events(r), 1);
	assert_int_equal(r->ev[0].events, EPOLLIN | EPOLLOUT);
}

static void
nobody_is_passed_over_twice(void **state)
{
	struct rig *r = *state;
	unsigned turn, served[PAIRS] = {0};
	size_t i;

	for (i = 0; i < PAIRS; i++) {
		sockset_want(&r->set, r->ends[i][0], EPOLLIN);
		speak(r, i);
	}
	/* Everybody has always something to say, and a turn is short. */
	for (turn = 0; turn < 2 * PAIRS; turn++) {
		assert_int_equal(events(r), PAIRS);
		for (i = 0; i < PAIRS; i++)
			served[i] += r->ev[0].data.fd == r->ends[i][0];
		sockset_served(&r->set, 1);
	}
	for (i = 0; i < PAIRS; i++)
		assert_int_equal(served[i], 2);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, enter, leave)
	const struct CMUnitTest tests[] = {
	    T(what_is_wanted_is_reported_until_it_is_taken),
	    T(one_that_rests_may_not_say_that_it_can_be_written_to),
	    T(one_that_is_forgotten_says_nothing_and_may_come_back),
	    T(a_number_that_comes_again_is_watched),
	    T(nobody_is_passed_over_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
