/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP client where a name is looked up and nobody answers: calls end in
 * their time, and the loop goes on. The resolver is one of our own, which
 * sleeps until it is told to go on.
 */
#include "net/http_client.h"

#include <netdb.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/http_peer.h"

/* Longer than any call here may take. */
#define SLEEP_S 20

static sem_t asked, go_on, left;
static atomic_bool slept_out; /* nobody told it to go on */

/* Instead of the C library's. */
int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
    struct addrinfo **out)
{
	struct timespec until;

	(void)name;
	(void)service;
	(void)hints;
	(void)out;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += SLEEP_S;
	sem_post(&asked);
	if (sem_timedwait(&go_on, &until) == -1)
		slept_out = true;
	sem_post(&left);
	return EAI_AGAIN;
}

static int
setup(void **state)
{
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	sem_init(&asked, 0, 0);
	sem_init(&go_on, 0, 0);
	sem_init(&left, 0, 0);
	slept_out = false;
	return fixture_setup(state);
}

static const struct http_request nowhere = {
    .method = "GET",
    .url = "http://nowhere.example/",
    .timeout_ms = 300,
};

static void
wake_it(void)
{
	sem_post(&go_on);
	sem_wait(&left);
}

static void
a_name_that_is_not_found_in_time_ends_the_call_alone(void **state)
{
	struct fixture *f = *state;

	fixture_run(f, NULL, nowhere);
	assert_false(slept_out);
	assert_int_equal(f->out.done, 1);
	assert_int_equal(f->out.err.code, ERR_TIMEOUT);
	assert_false(f->out.err.sent);
	sem_wait(&asked);
	wake_it();
}

static void
a_call_is_cancelled_while_its_name_is_looked_up(void **state)
{
	struct http_request r = nowhere;
	struct fixture *f = *state;
	struct http_call *call;

	r.timeout_ms = SLEEP_S * 2 * 1000;
	call = fixture_start(f, NULL, r);
	while (sem_trywait(&asked) == -1)
		fixture_turn(f);
	http_cancel(call);
	assert_false(slept_out);
	wake_it();
	fixture_turn(f);
	assert_int_equal(f->out.done, 0);
}

static void
a_client_ends_while_a_name_is_looked_up(void **state)
{
	struct http_client_options o = {.user_agent = "test/1"};
	struct http_request r = nowhere;
	struct fixture *f = *state;
	struct http_client *first = f->client, *other;
	struct error err;

	r.timeout_ms = SLEEP_S * 2 * 1000;
	assert_int_equal(http_client_new(f->loop, &o, &other, &err), 0);
	f->client = other;
	fixture_start(f, NULL, r);
	f->client = first;
	while (sem_trywait(&asked) == -1)
		fixture_turn(f);
	http_client_free(other);
	assert_false(slept_out);
	wake_it();
	assert_int_equal(f->out.done, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_name_that_is_not_found_in_time_ends_the_call_alone),
	    T(a_call_is_cancelled_while_its_name_is_looked_up),
	    T(a_client_ends_while_a_name_is_looked_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
