/* SPDX-License-Identifier: Apache-2.0 */
/* A queue from which nothing goes away: its one message is there again at once,
 * whenever it is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/metrics.h"
#include "serve/queues.h"
#include "tests/support/call_rig.h"
#include "tests/support/fake_loop.h"

#define ANSWER_MS 20
#define ASKED_MAX 200

static struct service service;
static struct conf conf;
static struct queues *queues;
static char *urls[] = {
    (char *)(uintptr_t) "https://sqs.eu-west-3.amazonaws.com/1/bells"};

static const char *receives; /* so often it was there; NULL: it is gone */
static bool may_change; /* delete it, or give it back */
static enum doorbell_verdict verdict;
static int64_t asked_at[ASKED_MAX];
static size_t nasked;
static unsigned denials_said, relieves_said;

/* --- the doorbell, in place of serve/doorbell.c --------------------- */

static struct {
	doorbell_done_fn *done;
	void *arg;
} rung;

static void
answer(void *arg)
{
	(void)arg;
	rung.done(verdict, NULL, rung.arg);
}

void
doorbell_ring(struct doorbell *b, const struct doorbell_note *note,
    doorbell_done_fn *done, void *arg)
{
	(void)b;
	(void)note;
	rung.done = done;
	rung.arg = arg;
	loop_post(call.loop, answer, NULL);
}

/* --- the queue ------------------------------------------------------ */

static void
answer_receive(struct peer_answer *out)
{
	assert_true(nasked < ASKED_MAX);
	asked_at[nasked++] = clock_mono_ms();
	if (receives == NULL) {
		out->delay_ms = 20000;
		snprintf(out->body, sizeof(out->body), "{}");
		return;
	}
	snprintf(out->body, sizeof(out->body),
	    "{\"Messages\":[{\"MessageId\":\"m\",\"ReceiptHandle\":\"r\","
	    "\"MD5OfBody\":\"9dd4e461268c8034f5c8564e155c67a6\","
	    "\"Body\":\"x\",\"Attributes\":{"
	    "\"ApproximateReceiveCount\":\"%s\"}}]}",
	    receives);
}

static void
serve(const char *method, const char *url, const struct headers *h,
    struct peer_answer *out, void *arg)
{
	(void)method;
	(void)url;
	(void)arg;
	out->delay_ms = ANSWER_MS;
	out->status = 200;
	if (str_ends(headers_get(h, "X-Amz-Target"), ".ReceiveMessage")) {
		answer_receive(out);
	} else if (may_change) {
		receives = NULL;
		snprintf(out->body, sizeof(out->body),
		    "{\"Successful\":[{\"Id\":\"0\"}]}");
	} else {
		out->status = 403;
		snprintf(out->body, sizeof(out->body),
		    "{\"__type\":\"com.amazon.coral.service#"
		    "AccessDeniedException\"}");
	}
}

static void
on_line(const char *line, void *arg)
{
	(void)arg;
	denials_said += strstr(line, "sqs:DeleteMessage") != NULL;
	relieves_said += strstr(line, "deleted again") != NULL;
}

static int
setup(void **state)
{
	struct error err;
	int rc = call_rig_setup(state);

	unsetenv("AWS_ENDPOINT_URL");
	unsetenv("AWS_ENDPOINT_URL_SQS");
	memset(&conf, 0, sizeof(conf));
	memset(&service, 0, sizeof(service));
	conf.sqs.queue_url.v = urls;
	conf.sqs.queue_url.n = 1;
	service.loop = call.loop;
	service.aws = call.client;
	service.conf = &conf;
	service.metrics = metrics_new();
	receives = "2";
	may_change = false;
	verdict = DOORBELL_COPY;
	nasked = 0;
	denials_said = relieves_said = 0;
	log_set_sink(on_line, NULL);
	log_init(LOG_INFO, LOG_TEXT);
	peer_serve(serve, NULL);
	if (queues_open(&service, NULL, &queues, &err) == -1)
		fail_msg("%s", err.text);
	return rc;
}

static int
teardown(void **state)
{
	log_set_sink(NULL, NULL);
	log_init(LOG_NONE, LOG_TEXT);
	queues_free(queues);
	loop_unpost(call.loop, NULL);
	metrics_free(service.metrics);
	return call_rig_teardown(state);
}

#define STUCK_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* --- how often it is asked ------------------------------------------ */

static void
what_cannot_be_deleted_is_asked_for_less_and_less_often(void **state)
{
	size_t i;

	(void)state;
	pass(600000);
	/* The first of them come before the first denial. */
	assert_in_range(nasked, 30, 60);
	for (i = 4; i < nasked; i++)
		assert_true(asked_at[i] - asked_at[i - 1] >= 800);
	/* And then as often as one where there is nothing. */
	for (i = 10; i < nasked; i++)
		assert_in_range(
		    asked_at[i] - asked_at[i - 1], 15000, 20000 + ANSWER_MS);
}

static void
what_is_missing_is_said_once_and_that_it_is_over(void **state)
{
	(void)state;
	pass(600000);
	assert_int_equal(denials_said, 1);
	assert_int_equal(relieves_said, 0);
	may_change = true;
	pass(60000);
	assert_int_equal(denials_said, 1);
	assert_int_equal(relieves_said, 1);
}

static void
nor_is_what_cannot_be_given_back_asked_for_all_the_time(void **state)
{
	(void)state;
	verdict = DOORBELL_SENSELESS;
	pass(600000);
	assert_in_range(nasked, 30, 60);
}

static void
what_is_new_does_not_wait_for_what_cannot_be_deleted(void **state)
{
	(void)state;
	receives = "1";
	pass(2000);
	assert_in_range(nasked, 90, 101);
}

static void
once_it_is_gone_nothing_is_waited_for(void **state)
{
	(void)state;
	pass(300000);
	may_change = true;
	pass(60000);
	assert_null(receives);
	receives = "1";
	may_change = false;
	/* The long poll that found nothing ends. */
	for (nasked = 0; nasked == 0;)
		pass(10);
	pass(2000);
	assert_in_range(nasked, 90, 102);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STUCK_TEST(what_cannot_be_deleted_is_asked_for_less_and_less_often),
	    STUCK_TEST(what_is_missing_is_said_once_and_that_it_is_over),
	    STUCK_TEST(nor_is_what_cannot_be_given_back_asked_for_all_the_time),
	    STUCK_TEST(what_is_new_does_not_wait_for_what_cannot_be_deleted),
	    STUCK_TEST(once_it_is_gone_nothing_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
