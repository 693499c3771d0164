/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries by filter: listed, and replayed all together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/support/api_rig.h"

#define REPLAY "/v1/deliveries/replay"
#define MANY 260 /* more than a page */

/* Written as it is to be, whatever came before. */
static void
on_saved(const struct error *err, void *arg)
{
	(void)arg;
	assert_null(err);
}

static struct job *
dead_of(const char *note, int status)
{
	struct job *job = rig_job_delivered(DELIVERY_DEAD);
	struct delivery *d = job->deliveries[0];

	free(d->note);
	d->note = xstrdup_or_null(note);
	d->last_status = status;
	store_save_delivery(rig.s.store, d, NULL, on_saved, NULL);
	rig_store_idle();
	return job;
}

static size_t
listed(const char *filter)
{
	char *path = xasprintf("/v1/deliveries?limit=1000&%s", filter);
	size_t n;

	rig_get(path);
	free(path);
	assert_int_equal(rig.status, 200);
	n = rig_count("deliveries");
	return n;
}

static void
deliveries_are_listed_by_what_is_asked_for(void **state)
{
	static const struct {
		const char *filter;
		size_t n;
	} cases[] = {
	    {"state=dead", 2},
	    {"error=BUSY", 1},
	    {"error=http%205", 1},
	    {"status=410", 1},
	    {"status=0", 0},
	    {"event=inference.completed", 3},
	    {"event=inference.failed", 0},
	    {"since=2000-01-01T00:00:00Z", 3},
	    {"until=2000-01-01T00:00:00Z", 0},
	    {"since=2000-01-01T02:00:00.5%2B02:00&until=2900-01-01T00:00:00Z",
		3},
	    {"since=2900-01-01T00:00:00Z", 0},
	    {"state=dead&error=gone&status=410&target=webhook+hook", 1},
	};
	struct job *a = dead_of("HTTP 503: busy", 503);
	struct job *b = dead_of("HTTP 410: gone", 410);
	struct job *c = rig_job_delivered(DELIVERY_WAITING);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		if (listed(cases[i].filter) != cases[i].n)
			fail_msg("%s: %zu", cases[i].filter,
			    listed(cases[i].filter));
	}
	assert_int_equal(listed("status=410"), 1);
	assert_int_equal(rig_int("deliveries.0.status"), 410);
	job_free(a);
	job_free(b);
	job_free(c);
}

static void
a_filter_that_is_none_is_named(void **state)
{
	static const char *const wrong[][2] = {
	    {"since=yesterday", "since"},
	    {"since=2026-03-04", "since"},
	    {"since=2026-03-04T05:06:07+02:00", "%2B"},
	    {"until=2h", "until"},
	    {"since=2026-03-04T05:06:07Z&until=2026-03-04T05:06:07Z",
		"not behind since"},
	    {"status=x", "status"},
	    {"status=1000", "status"},
	    {"status=-1", "status"},
	    {"state=lost", "state"},
	    {"event=nope", "inference.completed, inference.failed"},
	    {"event=inference.", "delivery.failed"},
	    {"job=x", "job"},
	    {"error=", "error"},
	    {"errors=x", "Did you mean"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(wrong); i++) {
		char *list = xasprintf("/v1/deliveries?%s", wrong[i][0]);
		char *replay = xasprintf(REPLAY "?%s", wrong[i][0]);

		rig_get(list);
		rig_problem(400, "bad_parameter", wrong[i][1]);
		rig_post(replay, "", "");
		rig_problem(400, "bad_parameter", wrong[i][1]);
		free(list);
		free(replay);
	}
}

/* --- all together ---------------------------------------------------- */

static void
make_dead(unsigned n)
{
	while (n-- > 0)
		job_free(rig_job_delivered(DELIVERY_DEAD));
	rig_store_idle();
}

static void
all_that_match_are_replayed(void **state)
{
	struct job *waiting = rig_job_delivered(DELIVERY_WAITING);
	struct job *other = dead_of("refused", ATTEMPT_NO_STATUS);
	size_t i;

	(void)state;
	make_dead(MANY);
	rig_post(REPLAY "?state=dead&error=x&dry_run=true", "", "");
	assert_int_equal(rig_int("matched"), 0);
	rig_post(REPLAY "?state=dead&dry_run=true", "", "");
	assert_int_equal(rig_int("matched"), MANY + 1);
	assert_null(rig_at("replayed"));
	assert_int_equal(listed("state=dead"), MANY + 1);
	rig_post(REPLAY "?state=dead&error=REFUSED", "", "");
	assert_int_equal(rig.status, 200);
	assert_int_equal(rig_int("replayed"), 1);
	assert_null(rig_at("next"));
	assert_int_equal(listed("state=dead"), MANY);
	rig_post(REPLAY "?state=dead", "", "");
	assert_int_equal(rig_int("replayed"), MANY);
	assert_null(rig_at("next"));
	/* It is on disk, once each. */
	assert_int_equal(listed("state=dead"), 0);
	assert_int_equal(listed("state=waiting"), MANY + 2);
	for (i = 0; i < MANY + 2; i += 97) {
		char *path, *at = xasprintf("deliveries.%zu.delivery", i);

		listed("state=waiting");
		path = xasprintf("/v1/deliveries/%s", rig_str(at));
		rig_get(path);
		assert_int_equal(rig_int("replays"), i == 0 ? 0 : 1);
		free(path);
		free(at);
	}
	job_free(waiting);
	job_free(other);
}

static void
what_is_left_is_gone_on_with(void **state)
{
	char *path;

	(void)state;
	make_dead(7);
	rig_post(REPLAY "?state=dead&limit=3&dry_run=true", "", "");
	assert_int_equal(rig_int("matched"), 3);
	path =
	    xasprintf(REPLAY "?state=dead&limit=3&after=%s", rig_str("next"));
	rig_post(path, "", "");
	assert_int_equal(rig_int("replayed"), 3);
	free(path);
	path =
	    xasprintf(REPLAY "?state=dead&limit=3&after=%s", rig_str("next"));
	rig_post(path, "", "");
	assert_int_equal(rig_int("replayed"), 1);
	assert_null(rig_at("next"));
	free(path);
	rig_post(REPLAY "?state=dead&limit=3", "", "");
	assert_int_equal(rig_int("replayed"), 3);
	assert_null(rig_at("next"));
	assert_int_equal(listed("state=dead"), 0);
}

static void
what_is_meant_can_stand_in_the_body(void **state)
{
	(void)state;
	make_dead(3);
	rig_post(REPLAY, "Content-Type: application/json\r\n",
	    "{\"state\":\"dead\",\"limit\":2,\"dry_run\":true}");
	assert_int_equal(rig_int("matched"), 2);
	rig_post(REPLAY "?limit=1", "", "{\"state\":\"dead\"}");
	assert_int_equal(rig_int("replayed"), 1);
	assert_int_equal(listed("state=dead"), 2);
}

static void
what_says_nothing_or_nonsense_replays_nothing(void **state)
{
	static const char *const bodies[][3] = {
	    {"", "no_filter", "state=dead"},
	    {"{}", "no_filter", "which deliveries"},
	    {"{\"limit\":5}", "no_filter", "which deliveries"},
	    {"{\"dry_run\":true}", "no_filter", "which deliveries"},
	    {"{", "bad_json", ""},
	    {"[]", "bad_parameter", "JSON object"},
	    {"{\"state\":[\"dead\"]}", "bad_parameter", "no text, whole"},
	    {"{\"state\":null}", "bad_parameter", "no text, whole"},
	    {"{\"state\":\"\"}", "bad_parameter", "empty"},
	    {"{\"status\":4.5}", "bad_parameter", "no text, whole"},
	    {"{\"state\":\"dead\",\"limit\":0}", "bad_parameter", "limit"},
	    {"{\"state\":\"dead\",\"limit\":100001}", "bad_parameter", "limit"},
	    {"{\"state\":\"dead\",\"dry_run\":\"yes\"}", "bad_parameter",
		"dry_run"},
	    {"{\"state\":\"dead\",\"after\":\"x\"}", "bad_parameter", "after"},
	    {"{\"stat\":\"dead\"}", "bad_parameter", "Did you mean"},
	    {"{\"state\":\"de\\nad\"}", "bad_parameter", "no text"},
	};
	size_t i;

	(void)state;
	make_dead(1);
	for (i = 0; i < ARRAY_LEN(bodies); i++) {
		rig_post(REPLAY, "", bodies[i][0]);
		rig_problem(400, bodies[i][1], bodies[i][2]);
	}
	rig_post(REPLAY "?state=dead", "", "{\"state\":\"dead\"}");
	rig_problem(400, "bad_parameter", "twice");
	rig_post(
	    REPLAY "?state=dead&after=msg_01arz3ndektsv4rrffq69g5fav", "", "");
	rig_problem(400, "bad_parameter", "msg_01arz3ndektsv4rrffq69g5fav");
	assert_int_equal(listed("state=dead"), 1);
}

static void
a_body_has_its_bounds(void **state)
{
	char *body = xmalloc(70000);

	(void)state;
	memset(body, ' ', 69999);
	body[69999] = '\0';
	rig_post(REPLAY, "", body);
	rig_problem(413, "too_large", "65536");
	free(body);
}

static void
a_service_that_stops_replays_nothing(void **state)
{
	(void)state;
	make_dead(1);
	rig.s.stopping = true;
	rig_post(REPLAY "?state=dead", "", "");
	rig_problem(503, "unavailable", "stops");
	rig_post(REPLAY "?state=dead&dry_run=true", "", "");
	assert_int_equal(rig_int("matched"), 1);
}

static void
who_leaves_while_it_goes_on_is_forgotten(void **state)
{
	struct peer *p = peer_new(false);
	unsigned i;

	(void)state;
	make_dead(MANY);
	peer_puts(p,
	    "POST " REPLAY "?state=dead HTTP/1.1\r\nHost: h\r\n"
	    "Content-Length: 0\r\n\r\n");
	for (i = 0; i < 3; i++)
		rig_turn();
	peer_free(p);
	rig_store_idle();
	rig_store_idle();
	/* What was begun is whole. */
	assert_in_range(listed("state=dead"), 0, MANY);
	assert_int_equal(listed("state=dead") + listed("state=waiting"), MANY);
}

int
main(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, api_rig_setup, api_rig_teardown)
	const struct CMUnitTest tests[] = {
	    T(deliveries_are_listed_by_what_is_asked_for),
	    T(a_filter_that_is_none_is_named),
	    T(all_that_match_are_replayed),
	    T(what_is_left_is_gone_on_with),
	    T(what_is_meant_can_stand_in_the_body),
	    T(what_says_nothing_or_nonsense_replays_nothing),
	    T(a_body_has_its_bounds),
	    T(a_service_that_stops_replays_nothing),
	    T(who_leaves_while_it_goes_on_is_forgotten),
	};

	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
