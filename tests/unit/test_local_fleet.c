/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers that are started, used, replaced and ended, as real processes
 * (tests/support/testcontainer), in more of a hurry than in real life.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/child.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/model_rig.h"

#define SERVER_ERROR_0                                                \
	"ClientError: Received server error (0) from model. See the " \
	"SageMaker Endpoint logs in your account for more information."

static const struct instance_pace brisk = {
    .start_ping_ms = 20,
    .start_ping_max_ms = 100,
    .ping_ms = 100,
    .again_ms = 50,
    .grace_ms = 30000,
    .short_grace_ms = 500,
    .linger_ms = 60000,
    .connect_ms = 30000,
    .proven_ms = 100000,
};

static struct model_state
look(struct rig *r)
{
	struct model_state s;

	model_look(r->model, &s);
	return s;
}

static size_t
alive(struct rig *r)
{
	struct model_state s = look(r);

	return (size_t)(s.starting + s.in_service + s.draining);
}

static bool
none_alive(struct rig *r)
{
	return alive(r) == 0;
}

static bool
one_in_service(struct rig *r)
{
	return look(r).in_service == 1;
}

static void
serve(struct rig *r, const char *options)
{
	rig_serve(r, options);
	rig_model(r, &brisk);
}

/* --- from zero and back --------------------------------------------- */

static void
nothing_is_started_without_a_request(void **state)
{
	struct rig *r = *state;

	serve(r, "");
	rig_turn(r);
	assert_int_equal(alive(r), 0);
	assert_int_equal(model_room(r->model), 0);
}

static void
a_request_starts_one_and_is_answered(void **state)
{
	struct rig *r = *state;
	struct rig_request *q;

	serve(r, "");
	q = rig_submit(r, "hello container", 60);
	rig_until_done(r, 1);
	assert_int_equal(q->verdict, MODEL_OK);
	assert_string_equal(q->text, "hello container");
	assert_string_equal(q->type, "text/echo");
	assert_int_equal(look(r).in_service, 1);
	assert_int_equal(rig_logged(r, "state=starting"), 1);
	assert_int_equal(rig_logged(r, "state=in-service"), 1);
}

static void
it_waits_for_one_that_starts_slowly(void **state)
{
	struct rig *r = *state;

	serve(r, "--slow 700");
	rig_submit(r, "x", 60);
	rig_until_logged(r, "state=starting", 1);
	assert_int_equal(model_room(r->model), 0);
	rig_until_done(r, 1);
	assert_int_equal(r->requests[0].verdict, MODEL_OK);
	assert_int_equal(rig_logged(r, "state=starting"), 1);
}

static void
a_backlog_starts_as_many_as_may_be_and_idleness_ends_them(void **state)
{
	struct rig *r = *state;
	int i;

	r->endpoint.max_instances = 3;
	r->endpoint.max_concurrent = 2;
	r->endpoint.scale_in_after_ms = 300;
	serve(r, "");
	r->manual = true;
	for (i = 0; i < 20; i++)
		rig_submit(r, "sleep 200", 60);
	rig_until_logged(r, "state=in-service", 3);
	assert_int_equal(model_room(r->model), 6);
	rig_begin(r);
	rig_until_done(r, 20);
	assert_int_equal(r->running_most, 6);
	rig_until(r, none_alive);
	assert_int_equal(rig_logged(r, "state=starting"), 3);
	assert_int_equal(rig_logged(r, "state=stopping"), 3);
	assert_int_equal(rig_logged(r, "state=gone"), 3);
	/* And from zero again. */
	rig_submit(r, "x", 60);
	rig_until_done(r, 21);
	assert_int_equal(rig_logged(r, "state=starting"), 4);
}

static void
a_small_backlog_starts_no_more_than_it_needs(void **state)
{
	struct rig *r = *state;

	r->endpoint.max_instances = 10;
	r->endpoint.backlog_per_instance = 4;
	serve(r, "");
	rig_submit(r, "sleep 300", 60);
	rig_submit(r, "sleep 300", 60);
	rig_submit(r, "sleep 300", 60);
	rig_submit(r, "sleep 300", 60);
	rig_until_done(r, 4);
	assert_int_equal(rig_logged(r, "state=starting"), 1);
	assert_int_equal(r->running_most, 1);
}

static void
those_that_are_always_there_are_there(void **state)
{
	struct rig *r = *state;

	r->endpoint.min_instances = 1;
	r->endpoint.scale_in_after_ms = 50;
	r->endpoint.max_instances = 2;
	serve(r, "");
	rig_until(r, one_in_service);
	rig_submit(r, "sleep 200", 60);
	rig_submit(r, "sleep 200", 60);
	rig_until_logged(r, "state=in-service", 2);
	rig_until_logged(r, "state=gone", 1);
	rig_until_done(r, 2);
	assert_int_equal(look(r).in_service, 1);
	assert_int_equal(rig_logged(r, "state=starting"), 2);
	assert_int_equal(
	    rig_logged(r, "instance=awaitd-ep-1 state=starting"), 1);
	assert_int_equal(
	    rig_logged(r, "instance=awaitd-ep-2 state=starting"), 1);
}

static void
the_words_and_the_environment_say_the_port(void **state)
{
	static const char words[] =
	    "sh -c 'echo \"$0|$1|$SAGEMAKER_BIND_TO_PORT|$PORT|"
	    "$AWAITD_ENDPOINT|$OMP_THREAD_LIMIT|$SECRET_OF_OURS|\"; exit 1' "
	    "--p={port}-{port} {name}{x}";
	struct rig *r = *state;
	const char *line;
	int port = 0;
	char *wanted;

	setenv("SECRET_OF_OURS", "1", 1);
	r->endpoint.serve = xstrdup(words);
	assert_int_equal(
	    conf_split_command(words, &r->endpoint.argv, &(struct error){0}),
	    0);
	rig_model(r, &brisk);
	rig_submit(r, "x", 60);
	rig_until_logged(r, "state=gone", 1);
	line = strstr(r->log.data, "--p=");
	if (line == NULL) /* '=' has the value quoted */
		fail_msg("%s", r->log.data);
	assert_int_equal(sscanf(line, "--p=%d-", &port), 1);
	wanted = xasprintf(
	    "--p=%d-%d|awaitd-ep-1{x}|%d|%d|ep|1||", port, port, port, port);
	assert_non_null(strstr(r->log.data, wanted));
	free(wanted);
}

/* --- broken starts -------------------------------------------------- */

static void
a_start_that_fails_is_tried_again_and_the_request_waits(void **state)
{
	struct rig *r = *state;

	serve(r, "--say 'no model here' --exit 7");
	rig_submit(r, "x", 60);
	rig_until_logged(r, "state=gone", 2);
	assert_int_equal(r->done, 0);
	assert_non_null(strstr(r->log.data,
	    "why=\"it exited with status 7\" last=\"no model here\""));
	assert_int_equal(rig_logged(r, "tries=1"), 1);
	rig_until_logged(r, "tries=2", 1);
}

static void
a_program_that_is_not_there_is_tried_again(void **state)
{
	struct rig *r = *state;

	r->endpoint.serve = xstrdup("/no/such/program");
	assert_int_equal(conf_split_command(r->endpoint.serve,
			     &r->endpoint.argv, &(struct error){0}),
	    0);
	rig_model(r, &brisk);
	rig_submit(r, "x", 60);
	rig_until_logged(r, "a container cannot be started", 2);
	assert_int_equal(alive(r), 0);
	assert_int_equal(r->done, 0);
}

static void
one_that_never_gets_ready_is_given_up(void **state)
{
	struct rig *r = *state;

	r->endpoint.startup_timeout_ms = 300;
	serve(r, "--healthy 0");
	rig_submit(r, "x", 60);
	rig_until_logged(r, "tries=1", 1);
	assert_non_null(
	    strstr(r->log.data, "no good answer to /ping within 300 ms"));
	assert_int_equal(rig_logged(r, "state=in-service"), 0);
	assert_int_equal(rig_logged(r, "state=gone"), 1);
}

/* --- in service ----------------------------------------------------- */

static void
one_that_exits_is_replaced_and_its_requests_fail(void **state)
{
	struct rig *r = *state;
	struct rig_request *q;

	serve(r, "");
	q = rig_submit(r, "exit 3", 60);
	rig_submit(r, "x", 60);
	rig_until_done(r, 2);
	assert_int_equal(q->verdict, MODEL_FAILED);
	assert_int_equal(q->status, 0);
	assert_string_equal(q->text, SERVER_ERROR_0);
	assert_string_equal(q->reason, SERVER_ERROR_0);
	assert_int_equal(r->requests[1].verdict, MODEL_OK);
	assert_non_null(strstr(r->log.data, "why=\"it exited with status 3\""));
	assert_int_equal(rig_logged(r, "state=starting"), 2);
}

static void
one_that_does_not_answer_pings_is_replaced(void **state)
{
	struct rig *r = *state;
	struct rig_request *q;

	serve(r, "--ignore-term");
	q = rig_submit(r, "deafen 600000", 600);
	rig_submit(r, "x", 60);
	rig_until_done(r, 2);
	assert_int_equal(q->verdict, MODEL_FAILED);
	assert_string_equal(q->reason, SERVER_ERROR_0);
	assert_int_equal(r->requests[1].verdict, MODEL_OK);
	assert_int_equal(rig_logged(r, "state=unhealthy"), 1);
	assert_non_null(strstr(r->log.data, "why=\"/ping: "));
}

static void
nor_is_one_kept_that_says_it_is_ill(void **state)
{
	struct rig *r = *state;
	struct rig_request *q;

	serve(r, "");
	q = rig_submit(r, "sicken 600000", 600);
	rig_submit(r, "x", 60);
	rig_until_done(r, 2);
	assert_int_equal(q->verdict, MODEL_FAILED);
	assert_int_equal(r->requests[1].verdict, MODEL_OK);
	assert_non_null(strstr(r->log.data, "why=\"/ping was answered 500\""));
}

static void
new_requests_go_where_the_least_is_done(void **state)
{
	struct rig *r = *state;
	int i;

	r->endpoint.max_concurrent = 4;
	r->endpoint.min_instances = 2;
	r->endpoint.max_instances = 2;
	serve(r, "");
	rig_until_logged(r, "state=in-service", 2);
	assert_int_equal(model_room(r->model), 8);
	/* The first dies: if four had gone to one, four would fail. */
	for (i = 0; i < 4; i++)
		rig_submit(r, i == 3 ? "exit 1" : "sleep 1500", 60);
	rig_until_done(r, 4);
	assert_int_equal(r->requests[0].verdict, MODEL_OK);
	assert_int_equal(r->requests[1].verdict, MODEL_FAILED);
	assert_int_equal(r->requests[2].verdict, MODEL_OK);
	assert_int_equal(r->requests[3].verdict, MODEL_FAILED);
}

static void
behind_a_time_out_it_is_replaced(void **state)
{
	struct rig *r = *state;
	const char *gone, *again;

	serve(r, "--ignore-term");
	rig_submit(r, "sleep 600000", 1);
	rig_submit(r, "x", 60);
	rig_until_done(r, 2);
	assert_int_equal(r->requests[0].verdict, MODEL_FAILED);
	assert_int_equal(r->requests[0].status, 0);
	assert_non_null(strstr(r->requests[0].text, "timed out"));
	assert_string_equal(r->requests[0].reason, SERVER_ERROR_0);
	assert_int_equal(r->requests[1].verdict, MODEL_OK);
	assert_int_equal(rig_logged(r, "why=\"a time-out\""), 1);
	assert_int_equal(rig_logged(r, "state=starting"), 2);
	/* Two at once would be one more than may be. */
	gone = strstr(r->log.data, "state=gone");
	again =
	    strstr(strstr(r->log.data, "state=in-service"), "state=starting");
	assert_true(gone != NULL && again != NULL && gone < again);
	/* That is not its fault: no try has to wait. */
	assert_int_equal(rig_logged(r, "tries="), 0);
}

static void
a_good_ping_does_not_take_back_its_end(void **state)
{
	struct rig *r = *state;

	/* One is on its way nearly always. */
	serve(r, "--late 300 --ignore-term");
	rig_submit(r, "sleep 600000", 2);
	rig_submit(r, "x", 60);
	rig_until_done(r, 2);
	assert_int_equal(r->requests[0].status, 0);
	assert_int_equal(r->requests[1].verdict, MODEL_OK);
	assert_int_equal(rig_logged(r, "state=starting"), 2);
	assert_int_equal(rig_logged(r, "state=in-service"), 2);
}

static void
but_not_before_its_other_requests_are_done(void **state)
{
	struct rig *r = *state;

	r->endpoint.max_concurrent = 2;
	serve(r, "");
	rig_submit(r, "sleep 600000", 1);
	rig_submit(r, "sleep 6000", 60);
	rig_submit(r, "x", 60);
	rig_until_done(r, 1);
	assert_int_equal(r->requests[0].verdict, MODEL_FAILED);
	assert_int_equal(model_room(r->model), 0);
	assert_int_equal(look(r).draining, 1);
	rig_until_done(r, 3);
	assert_int_equal(r->requests[1].verdict, MODEL_OK);
	assert_int_equal(r->requests[2].verdict, MODEL_OK);
	assert_int_equal(rig_logged(r, "state=starting"), 2);
}

static void
a_cancelled_request_is_silent_and_costs_its_container(void **state)
{
	struct rig *r = *state;
	struct rig_request *q;

	serve(r, "");
	q = rig_submit(r, "sleep 600000", 600);
	rig_until(r, one_in_service);
	rig_turn(r);
	assert_non_null(q->call);
	model_cancel(q->call);
	rig_submit(r, "x", 60);
	rig_until_done(r, 1);
	assert_false(q->done);
	assert_int_equal(r->requests[1].verdict, MODEL_OK);
	assert_int_equal(rig_logged(r, "state=starting"), 2);
}

static void
a_crash_on_demand_kills_it_while_it_works(void **state)
{
	struct rig *r = *state;
	struct faults *faults = faults_new();
	struct error err;

	r->options.faults = faults;
	assert_int_equal(
	    faults_add(faults, "crash-model count=1", NULL, &err), 0);
	rig_serve(r, "--ignore-term");
	rig_model(r, NULL);
	rig_submit(r, "sleep 600000", 600);
	rig_submit(r, "x", 60);
	rig_until_done(r, 2);
	assert_int_equal(r->requests[0].verdict, MODEL_FAILED);
	assert_string_equal(r->requests[0].text, SERVER_ERROR_0);
	assert_int_equal(r->requests[1].verdict, MODEL_OK);
	assert_non_null(strstr(r->log.data, "it was ended by signal 9"));
	faults_free(faults);
}

static void
what_it_writes_is_in_the_log(void **state)
{
	struct rig *r = *state;

	serve(r, "--say 'model loaded'");
	rig_submit(r, "x", 60);
	rig_until_done(r, 1);
	assert_non_null(strstr(r->log.data, " line=\"model loaded\"\n"));
}

static void
a_payload_of_any_size_passes_through(void **state)
{
	static const int64_t size = 64 << 20;
	struct rig *r = *state;
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_int_equal(ftruncate(fd, size), 0);
	assert_int_equal(pwrite(fd, "end", 3, size - 3), 3);
	serve(r, "");
	rig_submit_fd(r, fd, size, 120);
	rig_until_done(r, 1);
	assert_int_equal(r->requests[0].verdict, MODEL_OK);
	assert_int_equal(rig_output_size(&r->requests[0]), size);
}

/* --- the end -------------------------------------------------------- */

static void
a_drain_asks_them_to_end(void **state)
{
	struct rig *r = *state;

	r->endpoint.max_instances = r->endpoint.min_instances = 2;
	serve(r, "");
	rig_until_logged(r, "state=in-service", 2);
	rig_drain(r);
	assert_int_equal(model_room(r->model), 0);
	rig_until_set(r, &r->drained);
	assert_int_equal(alive(r), 0);
	assert_int_equal(rig_logged(r, "state=gone"), 2);
	/* Nothing is started again. */
	assert_int_equal(rig_logged(r, "state=starting"), 2);
}

static void
and_kills_those_that_do_not(void **state)
{
	struct instance_pace pace = brisk;
	struct rig *r = *state;

	pace.grace_ms = 300;
	rig_serve(r, "--ignore-term");
	rig_model(r, &pace);
	rig_submit(r, "x", 60);
	rig_until_done(r, 1);
	rig_drain(r);
	rig_until_set(r, &r->drained);
}

static void
nor_does_one_that_starts_hold_it_up(void **state)
{
	struct rig *r = *state;

	serve(r, "--slow 600000");
	rig_submit(r, "x", 60);
	rig_until_logged(r, "state=starting", 1);
	rig_drain(r);
	rig_until_set(r, &r->drained);
	assert_int_equal(r->done, 0);
}

static void
a_model_goes_with_all_its_processes(void **state)
{
	struct rig *r = *state;
	int status;

	r->endpoint.max_instances = r->endpoint.min_instances = 2;
	serve(r, "--ignore-term");
	rig_until_logged(r, "state=in-service", 2);
	rig_submit(r, "sleep 600000", 600);
	rig_turn(r);
	model_free(r->model);
	r->model = NULL;
	loop_run(r->loop);
	assert_int_equal(waitpid(-1, &status, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(r->done, 0);
}

/* --- somebody else's ------------------------------------------------ */

struct other {
	struct rig *rig;
	struct child *child;
	char *port;
	bool ended;
};

static void
on_other(const struct child_result *c, void *arg)
{
	struct other *o = arg;

	(void)c;
	o->child = NULL;
	o->ended = true;
}

static void
other_start(struct other *o)
{
	const char *dir = getenv("abs_top_builddir");
	char *path = xasprintf(
	    "%s/tests/support/testcontainer", dir != NULL ? dir : ".");
	char *port = xasprintf("PORT=%s", o->port);
	const char *const argv[] = {path, NULL};
	const char *const env[] = {port, NULL};
	struct child_options c = {.argv = argv,
	    .env = env,
	    .stdin_fd = -1,
	    .stdout_fd = -1,
	    .stderr_fd = -1};
	struct error err;

	if (child_start(o->rig->loop, &c, on_other, o, &o->child, &err) == -1)
		fail_msg("%s", err.text);
	free(path);
	free(port);
}

static int
free_port(void)
{
	struct sockaddr_in sin = {
	    .sin_family = AF_INET,
	    .sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	struct sockaddr *sa = (struct sockaddr *)(void *)&sin;
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, sa, sizeof(sin)), 0);
	assert_int_equal(getsockname(fd, sa, &len), 0);
	close(fd);
	return ntohs(sin.sin_port);
}

/* A port that is free now; and the model of what will be there. */
static void
other_init(struct other *o, struct rig *r)
{
	char *url;

	memset(o, 0, sizeof(*o));
	o->rig = r;
	o->port = xasprintf("%d", free_port());
	url = xasprintf("http://127.0.0.1:%s", o->port);
	rig_container(r, url);
	free(url);
	rig_model(r, &brisk);
}

static void
other_done(struct other *o)
{
	child_cancel(o->child);
	free(o->port);
}

static void
a_url_is_used_when_it_answers(void **state)
{
	struct rig *r = *state;
	struct other o;

	other_init(&o, r);
	rig_turn(r);
	assert_int_equal(model_room(r->model), 0);
	rig_submit(r, "x", 60);
	rig_until_logged(r, "state=unhealthy", 1);
	assert_int_equal(r->done, 0);
	other_start(&o);
	rig_until_done(r, 1);
	assert_int_equal(r->requests[0].verdict, MODEL_OK);
	assert_int_equal(rig_logged(r, "state=in-service"), 1);
	other_done(&o);
}

static void
what_was_given_up_there_keeps_its_slot(void **state)
{
	struct rig *r = *state;
	struct other o;

	other_init(&o, r);
	other_start(&o);
	rig_submit(r, "sleep 6000", 1);
	rig_submit(r, "x", 60);
	rig_until_done(r, 1);
	assert_int_equal(r->requests[0].verdict, MODEL_FAILED);
	assert_string_equal(r->requests[0].reason, SERVER_ERROR_0);
	assert_int_equal(model_room(r->model), 0);
	rig_until_done(r, 2);
	assert_int_equal(r->requests[1].verdict, MODEL_OK);
	assert_int_equal(
	    rig_logged(r, "a request that was given up is over"), 1);
	other_done(&o);
}

static void
one_that_breaks_fails_its_request_and_the_next_waits(void **state)
{
	struct rig *r = *state;
	struct other o;

	other_init(&o, r);
	other_start(&o);
	rig_submit(r, "exit 1", 60);
	rig_submit(r, "x", 60);
	rig_until_done(r, 1);
	assert_int_equal(r->requests[0].verdict, MODEL_FAILED);
	/* Nothing is tried there before it is well again. */
	rig_until_logged(r, "state=unhealthy", 1);
	assert_int_equal(r->begun, 1);
	/* Its connections end before it does. */
	rig_until_set(r, &o.ended);
	other_start(&o);
	rig_until_done(r, 2);
	assert_int_equal(r->requests[1].verdict, MODEL_OK);
	other_done(&o);
}

static void
a_drain_leaves_it_alone(void **state)
{
	struct rig *r = *state;
	struct other o;

	other_init(&o, r);
	other_start(&o);
	rig_submit(r, "x", 60);
	rig_until_done(r, 1);
	assert_int_equal(model_room(r->model), 1);
	rig_drain(r);
	assert_int_equal(model_room(r->model), 0);
	rig_until_set(r, &r->drained);
	assert_false(o.ended);
	other_done(&o);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(nothing_is_started_without_a_request),
	    TEST(a_request_starts_one_and_is_answered),
	    TEST(it_waits_for_one_that_starts_slowly),
	    TEST(a_backlog_starts_as_many_as_may_be_and_idleness_ends_them),
	    TEST(a_small_backlog_starts_no_more_than_it_needs),
	    TEST(those_that_are_always_there_are_there),
	    TEST(the_words_and_the_environment_say_the_port),
	    TEST(a_start_that_fails_is_tried_again_and_the_request_waits),
	    TEST(a_program_that_is_not_there_is_tried_again),
	    TEST(one_that_never_gets_ready_is_given_up),
	    TEST(one_that_exits_is_replaced_and_its_requests_fail),
	    TEST(one_that_does_not_answer_pings_is_replaced),
	    TEST(nor_is_one_kept_that_says_it_is_ill),
	    TEST(new_requests_go_where_the_least_is_done),
	    TEST(behind_a_time_out_it_is_replaced),
	    TEST(a_good_ping_does_not_take_back_its_end),
	    TEST(but_not_before_its_other_requests_are_done),
	    TEST(a_cancelled_request_is_silent_and_costs_its_container),
	    TEST(a_crash_on_demand_kills_it_while_it_works),
	    TEST(what_it_writes_is_in_the_log),
	    TEST(a_payload_of_any_size_passes_through),
	    TEST(a_drain_asks_them_to_end),
	    TEST(and_kills_those_that_do_not),
	    TEST(nor_does_one_that_starts_hold_it_up),
	    TEST(a_model_goes_with_all_its_processes),
	    TEST(a_url_is_used_when_it_answers),
	    TEST(what_was_given_up_there_keeps_its_slot),
	    TEST(one_that_breaks_fails_its_request_and_the_next_waits),
	    TEST(a_drain_leaves_it_alone),
	};

	alarm(900);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
