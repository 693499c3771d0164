/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is made with the end of a job: who hears of which end, in which form,
 * and that what was made stays so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "tests/support/flow_hook.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)
/* RequestTTLSeconds 60, InvocationTimeoutSeconds 60, and a minute. */
#define PATIENCE 180000
#define SEEN_MAX 32
#define CALLBACK "callback https://app.test:443"
#define SIGNATURE "X-Amz-Signature="

/* --- targets that keep what they are given -------------------------- */

static struct seen {
	char target[64];
	char event[32];
	char id[DELIVERY_ID_SIZE];
	char type[64];
	char *body;
	char *url; /* of the parcel, or NULL */
	enum delivery_payload payload;
	enum delivery_format format;
} seen[SEEN_MAX];
static size_t nseen;
static unsigned refusals; /* so many attempts fail first */
static struct target_options wanted[FLOW_TARGETS_MAX];
static size_t nwanted;

struct call_of {
	struct loop_timer *timer;
	deliver_done_fn *done;
	void *arg;
};

static void
call_free(struct call_of *c)
{
	loop_timer_free(c->timer);
	free(c);
}

static void
on_answer(void *arg)
{
	struct call_of *c = arg;
	struct call_of copy = *c;
	struct deliver_result r = {
	    .verdict = refusals > 0 ? DELIVER_RETRY : DELIVER_OK,
	    .status = ATTEMPT_NO_STATUS,
	};

	refusals -= refusals > 0;
	call_free(c);
	copy.done(&r, copy.arg);
}

static int
start(void *self, const struct parcel *p, deliver_done_fn *done, void *arg,
    void **out, struct error *err)
{
	struct call_of *c = xcalloc(1, sizeof(*c));
	struct seen *s = &seen[nseen++];

	(void)self;
	(void)err;
	assert_true(nseen <= SEEN_MAX);
	snprintf(s->target, sizeof(s->target), "%s", p->delivery->target);
	snprintf(s->event, sizeof(s->event), "%s", p->delivery->event);
	snprintf(s->id, sizeof(s->id), "%s", p->delivery->id);
	snprintf(s->type, sizeof(s->type), "%s", p->delivery->content_type);
	s->payload = p->delivery->payload;
	s->format = p->delivery->format;
	s->body = xstrndup(p->body, (size_t)p->size);
	s->url = xstrdup_or_null(p->result_url);
	c->done = done;
	c->arg = arg;
	c->timer = loop_timer_new(flow.loop, on_answer, c);
	loop_timer_set(c->timer, 0);
	*out = c;
	return 0;
}

static void
cancel(void *call)
{
	call_free(call);
}

static void
nothing(void *self)
{
	(void)self;
}

static const struct deliver_driver driver = {
    .start = start,
    .cancel = cancel,
    .free = nothing,
};

static void
new_world(void)
{
	size_t i;

	for (i = 0; i < nwanted; i++)
		flow.targets[i] = target_new(&wanted[i], &driver, NULL);
}

static struct target_options
option(const char *name)
{
	return (struct target_options){
	    .name = name,
	    .max_in_flight = 8,
	    .inline_max = 20000,
	    .url_valid_s = 3600,
	    .schedule = {.delay_ms = {5000, 2 * HOUR, 2 * HOUR}, .n = 3},
	};
}

static void
forget_seen(void)
{
	while (nseen > 0) {
		free(seen[--nseen].body);
		free(seen[nseen].url);
	}
	memset(seen, 0, sizeof(seen));
}

static void
with(const struct target_options *list, size_t n)
{
	forget_seen();
	refusals = 0;
	memcpy(wanted, list, n * sizeof(*list));
	nwanted = n;
	flow.new_world = new_world;
	new_world();
}

/* The configuration is read again: the first target is another one. */
static void
reload(const struct target_options *o)
{
	target_unref(flow.targets[0]);
	wanted[0] = *o;
	flow.targets[0] = target_new(o, &driver, NULL);
	engine_targets_changed(flow.engine);
}

/* How often this target heard of such an event. */
static unsigned
heard(const char *target, const char *event)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < nseen; i++)
		n += str_eq(seen[i].target, target) &&
		    str_eq(seen[i].event, event);
	return n;
}

/* --- ends of a job -------------------------------------------------- */

static struct job *
job_to(const char *deliver)
{
	struct job *job = flow_job();

	job->spec.deliver = xstrdup(deliver);
	return job;
}

static void
succeed(struct job *take_job)
{
	reply_accepted(expect_invoke(1), 1);
	found(expect_head(out_url(1)), "4");
	bytes(peer_expect("GET", out_url(1)), "text");
	go(take_job);
	must_be(JOB_DONE, OUTCOME_OK);
}

/* Nobody wants the bytes. */
static void
succeed_unread(struct job *take_job)
{
	reply_accepted(expect_invoke(1), 1);
	found(expect_head(out_url(1)), "4");
	go(take_job);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
fail_model(struct job *take_job)
{
	reply_accepted(expect_invoke(1), 1);
	reply_missing(expect_head(out_url(1)));
	reply_found(expect_head(FAILURE_URL));
	peer_reply(peer_expect("GET", FAILURE_URL), 200, "", "no luck");
	go(take_job);
	must_be(JOB_DONE, OUTCOME_FAILED);
}

static void
expire(struct job *take_job)
{
	flow.policy.late_looks_ms = DAY;
	take_job->spec.request_ttl_s = 60;
	take_job->spec.invocation_timeout_s = 60;
	reply_missing(peer_always("HEAD", "*"));
	reply_accepted(expect_invoke(1), 1);
	flow_submit(take_job);
	time_passes(PATIENCE);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
}

static void
come_late(void)
{
	found(expect_head(out_url(1)), "4");
	bytes(peer_expect("GET", out_url(1)), "text");
	time_passes(60000);
	assert_int_not_equal(on_disk()->late_at, 0);
}

/* --- routes --------------------------------------------------------- */

#define ROUTES "webhook all, webhook good on success, webhook bad on failure"

static void
with_routes(void)
{
	const struct target_options three[] = {
	    option("webhook all"),
	    option("webhook good"),
	    option("webhook bad"),
	};

	with(three, 3);
}

static void
must_hear(const char *event, bool good, bool bad)
{
	assert_int_equal(heard("webhook all", event), 1);
	assert_int_equal(heard("webhook good", event), good);
	assert_int_equal(heard("webhook bad", event), bad);
}

static void
of_success_hear_those_who_want_it(void **state)
{
	(void)state;
	with_routes();
	succeed(job_to(ROUTES));
	must_hear("inference.completed", true, false);
	assert_int_equal(on_disk()->ndeliveries, 2);
	forget_seen();
}

static void
of_a_failure_hear_the_others(void **state)
{
	(void)state;
	with_routes();
	fail_model(job_to(ROUTES));
	must_hear("inference.failed", false, true);
	assert_int_equal(on_disk()->ndeliveries, 2);
	forget_seen();
}

static void
a_cancelled_job_is_a_failure(void **state)
{
	struct job *job = job_to(ROUTES);

	(void)state;
	with_routes();
	reply_accepted(expect_invoke(1), 1);
	reply_missing(peer_always("HEAD", "*"));
	go(job);
	assert_int_equal(engine_cancel(flow.engine, flow.id), 0);
	time_passes(100);
	must_be(JOB_DONE, OUTCOME_CANCELLED);
	must_hear("inference.cancelled", false, true);
	forget_seen();
}

static void
an_expired_one_is_a_failure_and_what_comes_late_a_success(void **state)
{
	(void)state;
	with_routes();
	expire(job_to(ROUTES));
	time_passes(100);
	must_hear("inference.expired", false, true);
	come_late();
	must_hear("inference.late", true, false);
	assert_int_equal(nseen, 4);
	forget_seen();
}

/* Who only wants to hear of failures has no use for bytes. */
static void
bytes_are_read_for_those_who_will_hear(void **state)
{
	const struct target_options one = option("webhook bad");

	(void)state;
	with(&one, 1);
	succeed_unread(job_to("webhook bad on failure"));
	assert_int_equal(on_disk()->ndeliveries, 0);
	assert_int_equal(peer_count("GET", "*"), 0);
	forget_seen();
}

/* --- callbacks ------------------------------------------------------ */

static void
a_callback_is_a_target_of_its_own(void **state)
{
	const struct target_options two[] = {
	    option("webhook all"), option(CALLBACK)};
	struct job *job = job_to("webhook all on failure");

	(void)state;
	with(two, 2);
	job->spec.callback_url = xstrdup("https://App.test/told?token=1");
	succeed(job);
	assert_int_equal(nseen, 1);
	assert_int_equal(heard(CALLBACK, "inference.completed"), 1);
	assert_null(strstr(seen[0].body, "token"));
	assert_int_equal(log_lines("token=1", NULL), 0);
	job = flow_job();
	job->spec.callback_url = xstrdup("https://app.test");
	fail_model(job);
	assert_int_equal(heard(CALLBACK, "inference.failed"), 1);
	forget_seen();
}

/* A reload forbade the host: nothing is attempted, nothing is lost. */
static void
one_that_nobody_lets_through_waits(void **state)
{
	const struct target_options one = option("webhook all");
	const struct target_options there = option(CALLBACK);
	struct job *job = flow_job();

	(void)state;
	with(&one, 1);
	job->spec.callback_url = xstrdup("https://app.test/told");
	succeed_unread(job);
	time_passes(DAY);
	delivery_must_be(DELIVERY_WAITING, 0);
	reload(&there);
	time_passes(100);
	delivery_must_be(DELIVERY_DELIVERED, 1);
	assert_int_equal(nseen, 1);
	forget_seen();
}

/* --- forms ---------------------------------------------------------- */

static void
each_target_gets_its_form(void **state)
{
	struct target_options all[] = {
	    option("webhook plain"),
	    option("webhook binary"),
	    option("webhook whole"),
	    option("webhook raw"),
	};
	size_t i;

	(void)state;
	all[1].format = DELIVERY_CE_BINARY;
	all[2].format = DELIVERY_CE_STRUCTURED;
	all[3].format = DELIVERY_CE_BINARY;
	all[3].payload = DELIVERY_RAW;
	with(all, 4);
	succeed(job_to("webhook plain, webhook binary, webhook whole, "
		       "webhook raw"));
	assert_int_equal(nseen, 4);
	for (i = 0; i < 4; i++) {
		assert_string_equal(seen[i].target, all[i].name);
		assert_int_equal(seen[i].format, all[i].format);
		assert_int_equal(seen[i].payload, all[i].payload);
	}
	assert_string_equal(seen[0].type, "application/json");
	assert_true(str_starts(seen[0].body, "{\"type\":"));
	assert_string_equal(seen[1].type, "application/json");
	assert_true(str_starts(seen[1].body, "{\"job\":"));
	assert_non_null(strstr(seen[0].body, seen[1].body));
	assert_string_equal(seen[2].type, "application/cloudevents+json");
	assert_true(str_starts(seen[2].body, "{\"specversion\":\"1.0\","));
	assert_non_null(strstr(seen[2].body, seen[1].body));
	assert_non_null(strstr(seen[2].body, seen[2].id));
	assert_string_equal(seen[3].type, "text/plain");
	assert_string_equal(seen[3].body, "text");
	forget_seen();
}

/* What is frozen is what goes, whatever is configured by then. */
static void
a_reload_changes_nothing_that_was_made(void **state)
{
	struct target_options one = option("webhook all");
	struct target_options other = option("webhook all");

	(void)state;
	one.format = DELIVERY_CE_STRUCTURED;
	other.payload = DELIVERY_RAW;
	with(&one, 1);
	refusals = 2;
	succeed(job_to("webhook all"));
	reload(&other);
	time_passes(10000);
	restart();
	time_passes(3 * HOUR);
	assert_int_equal(nseen, 3);
	assert_string_equal(seen[1].body, seen[0].body);
	assert_string_equal(seen[2].body, seen[0].body);
	assert_string_equal(seen[2].type, "application/cloudevents+json");
	assert_int_equal(seen[2].format, DELIVERY_CE_STRUCTURED);
	assert_string_equal(seen[2].id, seen[0].id);
	forget_seen();
}

/* --- references ----------------------------------------------------- */

static void
with_reference(int64_t valid_s, unsigned failures)
{
	struct target_options one = option("webhook all");

	one.payload = DELIVERY_REFERENCE;
	one.url_valid_s = valid_s;
	with(&one, 1);
	refusals = failures;
}

static void
a_reference_has_a_url_that_is_signed_now(void **state)
{
	char until[TIMEFMT_ISO_SIZE];
	struct delivery *d;

	(void)state;
	with_reference(3600, 0);
	succeed_unread(job_to("webhook all"));
	assert_int_equal(nseen, 1);
	assert_non_null(strstr(seen[0].body, "\"result_url\":\"http"));
	assert_non_null(strstr(seen[0].body, SIGNATURE));
	assert_non_null(strstr(seen[0].body, "X-Amz-Expires=3600"));
	assert_null(strstr(seen[0].body, "\"result\":"));
	assert_null(seen[0].url);
	d = delivery_on_disk();
	assert_true(d->url_expires_at > clock_wall_ms() + 3590000);
	timefmt_iso(d->url_expires_at, until);
	assert_non_null(strstr(seen[0].body, until));
	delivery_free(d);
	assert_int_equal(log_lines(SIGNATURE, NULL), 0);
	forget_seen();
}

static void
where_it_is_over_the_attempt_has_a_new_one(void **state)
{
	(void)state;
	with_reference(3600, 2);
	succeed_unread(job_to("webhook all"));
	time_passes(6000 + 30000);
	assert_int_equal(nseen, 2);
	assert_null(seen[1].url);
	reply_found(expect_head(out_url(1)));
	time_passes(3 * HOUR);
	assert_int_equal(nseen, 3);
	assert_non_null(seen[2].url);
	assert_non_null(strstr(seen[2].url, SIGNATURE));
	assert_null(strstr(seen[2].body, seen[2].url));
	assert_string_equal(seen[2].body, seen[0].body);
	assert_string_equal(seen[2].id, seen[0].id);
	delivery_must_be(DELIVERY_DELIVERED, 3);
	assert_int_equal(log_lines(SIGNATURE, NULL), 0);
	forget_seen();
}

/* Nothing could be signed when it was made. */
static void
where_there_was_none_it_has_one(void **state)
{
	struct target_options later = option("webhook all");

	(void)state;
	later.payload = DELIVERY_REFERENCE;
	with_reference(0, 1);
	succeed_unread(job_to("webhook all"));
	assert_int_equal(nseen, 1);
	assert_null(strstr(seen[0].body, "result_url"));
	assert_null(seen[0].url);
	reload(&later);
	reply_found(expect_head(out_url(1)));
	time_passes(6000 + 30000);
	assert_int_equal(nseen, 2);
	assert_non_null(seen[1].url);
	assert_non_null(strstr(seen[1].url, SIGNATURE));
	assert_string_equal(seen[1].body, seen[0].body);
	forget_seen();
}

static void
one_that_cannot_be_made_fails_nothing(void **state)
{
	(void)state;
	with_reference(60, 1);
	wanted[0].schedule.delay_ms[0] = 120000;
	reload(&wanted[0]);
	succeed_unread(job_to("webhook all"));
	peer_reply(expect_head(out_url(1)), 404, "", "");
	time_passes(150000);
	assert_int_equal(nseen, 2);
	assert_null(seen[1].url);
	delivery_must_be(DELIVERY_DELIVERED, 2);
	assert_int_equal(log_lines("it goes without", NULL), 1);
	forget_seen();
}

static void
of_what_failed_there_is_no_url(void **state)
{
	(void)state;
	with_reference(60, 1);
	wanted[0].schedule.delay_ms[0] = 120000;
	reload(&wanted[0]);
	fail_model(job_to("webhook all"));
	time_passes(150000);
	assert_int_equal(nseen, 2);
	assert_null(strstr(seen[0].body, "result_url"));
	assert_null(seen[1].url);
	assert_int_equal(peer_count("HEAD", out_url(1)), 1);
	forget_seen();
}

/* When it expired there was none, and it does not tell of what came. */
static void
nor_of_what_expired_before_its_result_came(void **state)
{
	(void)state;
	with_reference(60, 1);
	wanted[0].schedule.delay_ms[0] = 120000;
	reload(&wanted[0]);
	expire(job_to("webhook all"));
	time_passes(100);
	found(expect_head(out_url(1)), "4");
	time_passes(60000);
	assert_int_not_equal(on_disk()->late_at, 0);
	time_passes(100000);
	assert_int_equal(nseen, 3);
	assert_string_equal(seen[1].event, "inference.late");
	assert_non_null(strstr(seen[1].body, SIGNATURE));
	assert_string_equal(seen[2].event, "inference.expired");
	assert_null(seen[2].url);
	forget_seen();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(of_success_hear_those_who_want_it),
	    FLOW_TEST(of_a_failure_hear_the_others),
	    FLOW_TEST(a_cancelled_job_is_a_failure),
	    FLOW_TEST(
		an_expired_one_is_a_failure_and_what_comes_late_a_success),
	    FLOW_TEST(bytes_are_read_for_those_who_will_hear),
	    FLOW_TEST(a_callback_is_a_target_of_its_own),
	    FLOW_TEST(one_that_nobody_lets_through_waits),
	    FLOW_TEST(each_target_gets_its_form),
	    FLOW_TEST(a_reload_changes_nothing_that_was_made),
	    FLOW_TEST(a_reference_has_a_url_that_is_signed_now),
	    FLOW_TEST(where_it_is_over_the_attempt_has_a_new_one),
	    FLOW_TEST(where_there_was_none_it_has_one),
	    FLOW_TEST(one_that_cannot_be_made_fails_nothing),
	    FLOW_TEST(of_what_failed_there_is_no_url),
	    FLOW_TEST(nor_of_what_expired_before_its_result_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
