/* SPDX-License-Identifier: Apache-2.0 */
/* Trials over the API: who is answered what, how many at once, hanging up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "serve/targets.h"
#include "tests/support/api_rig.h"
#include "tests/support/conf_fixture.h"
#include "tests/support/keeper_here.h"

#define TEST(name) "/v1/targets/" name "/test"
#define MOST 8

static const char text[] = "[webhook hook]\n"
			   "url = http://127.0.0.1:1/\n"
			   "allow_networks = 127.0.0.0/8\n"
			   "[exec tool]\n"
			   "command = echo taken\n"
			   "[exec slow]\n"
			   "command = sleep 60\n";

static struct conf *conf;

static int
enter(void **state)
{
	struct targets *targets;
	struct error err;

	if (api_rig_setup(state) == -1)
		return -1;
	keeper_here();
	conf = conf_must_load(text, NULL);
	if (targets_new(conf, rig.s.loop, &targets, &err) == -1) {
		print_error("%s\n", err.text);
		return -1;
	}
	rig.s.targets = targets;
	return 0;
}

static int
leave(void **state)
{
	rig_end_api();
	targets_free((struct targets *)(uintptr_t)rig.s.targets);
	rig.s.targets = NULL;
	conf_free(conf);
	return api_rig_teardown(state);
}

/* --- answers -------------------------------------------------------- */

static void
it_is_answered_with_the_attempt(void **state)
{
	(void)state;
	rig_post(TEST("exec%20tool"), "", "");
	assert_int_equal(rig.status, 200);
	assert_string_equal(rig_str("verdict"), "ok");
	assert_string_equal(rig_str("outcome"), "ok");
	assert_string_equal(rig_str("target"), "exec tool");
	assert_string_equal(rig_str("event"), "inference.completed");
	assert_string_equal(rig_str("response"), "taken ");
	assert_int_equal(rig_int("n"), 1);
	rig_post(TEST("exec%20tool") "?outcome=failed", "", "");
	assert_string_equal(rig_str("event"), "inference.failed");
	rig_post(TEST("exec%20tool") "?outcome=ok", "", "");
	assert_string_equal(rig_str("event"), "inference.completed");
}

static void
also_where_the_target_did_not_take_it(void **state)
{
	(void)state;
	rig_post(TEST("webhook%20hook"), "", "");
	assert_int_equal(rig.status, 200);
	assert_string_equal(rig_str("verdict"), "retry");
	assert_string_equal(rig_str("class"), "connect");
	assert_non_null(rig_at("request_headers"));
}

static void
nothing_of_it_is_written_or_counted(void **state)
{
	(void)state;
	rig_post(TEST("webhook%20hook"), "", "");
	assert_int_equal(rig.status, 200);
	assert_int_equal(rig_jobs(), 0);
	rig_get("/v1/deliveries");
	assert_int_equal(rig_count("deliveries"), 0);
	rig_get("/v1/attempts");
	assert_int_equal(rig_count("attempts"), 0);
	rig_get("/v1/targets");
	assert_string_equal(rig_str("targets.1.target"), "exec slow");
	assert_string_equal(rig_str("targets.2.target"), "webhook hook");
	assert_int_equal(rig_int("targets.2.failures"), 0);
	assert_int_equal(rig_int("targets.2.waiting"), 0);
}

static void
what_cannot_be_tried_is_refused(void **state)
{
	(void)state;
	rig_post(TEST("webhook%20hok"), "", "");
	rig_problem(404, "not_found", "Did you mean");
	rig_post(TEST("hook"), "", "");
	rig_problem(404, "not_found", "webhook hook");
	rig_post(TEST("callback"), "", "");
	rig_problem(409, "not_for_callbacks", "callback_url");
	rig_post(TEST("callback%20https%3A%2F%2Fa%3A443"), "", "");
	rig_problem(409, "not_for_callbacks", "callback_url");
	rig_post(TEST("exec%20tool") "?outcome=expired", "", "");
	rig_problem(400, "bad_parameter", "ok, failed");
	rig_post(TEST("exec%20tool") "?failed=1", "", "");
	rig_problem(400, "bad_parameter", "failed");
	rig_get(TEST("exec%20tool"));
	assert_int_equal(rig.status, 405);
	rig.s.stopping = true;
	rig_post(TEST("exec%20tool"), "", "");
	rig_problem(503, "unavailable", "stops");
	rig.s.stopping = false;
}

/* It needs no disk. */
static void
a_store_that_cannot_write_is_none_of_its_business(void **state)
{
	(void)state;
	err_set(&rig.s.stalled, ERR_STORE, "no way");
	rig_post(TEST("exec%20tool"), "", "");
	assert_int_equal(rig.status, 200);
	error_clear(&rig.s.stalled);
}

/* --- many, and those who leave -------------------------------------- */

static struct peer *
begin_slow_one(void)
{
	struct peer *p = peer_new(false);

	peer_puts(p,
	    "POST " TEST("exec%20slow") " HTTP/1.1\r\nHost: a\r\n"
					"Content-Length: 0\r\n\r\n");
	return p;
}

static bool
is_full(void *arg)
{
	(void)arg;
	rig_post(TEST("exec%20tool"), "", "");
	return rig.status == 503;
}

static bool
has_room(void *arg)
{
	return !is_full(arg);
}

static void
at_most_eight_are_under_way_and_who_leaves_makes_room(void **state)
{
	struct peer *peers[MOST];
	size_t i;

	(void)state;
	for (i = 0; i < MOST; i++) {
		/* Seven leave room for one that is over at once. */
		if (i == MOST - 1) {
			rig_post(TEST("exec%20tool"), "", "");
			assert_int_equal(rig.status, 200);
		}
		peers[i] = begin_slow_one();
	}
	rig_until(is_full, NULL);
	rig_problem(503, "unavailable", "8 trials are under way");
	assert_string_equal(rig_field("Retry-After"), "1");
	for (i = 0; i < MOST; i++)
		assert_false(peer_has_reply(peers[i]));
	peer_free(peers[0]);
	rig_until(has_room, NULL);
	assert_string_equal(rig_str("verdict"), "ok");
	for (i = 1; i < MOST; i++)
		peer_free(peers[i]);
}

static void
one_under_way_ends_with_the_service(void **state)
{
	struct peer *p = begin_slow_one();
	int i;

	(void)state;
	for (i = 0; i < 20; i++)
		rig_turn();
	assert_false(peer_has_reply(p));
	rig_end_api();
	assert_false(peer_reply(p, false));
	peer_free(p);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)
	const struct CMUnitTest tests[] = {
	    T(it_is_answered_with_the_attempt),
	    T(also_where_the_target_did_not_take_it),
	    T(nothing_of_it_is_written_or_counted),
	    T(what_cannot_be_tried_is_refused),
	    T(a_store_that_cannot_write_is_none_of_its_business),
	    T(at_most_eight_are_under_way_and_who_leaves_makes_room),
	    T(one_under_way_ends_with_the_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
