/* SPDX-License-Identifier: Apache-2.0 */
/* What the service does for the one who judges what SNS has signed. */
#include "serve/sns_trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/call.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/doorbell.h"
#include "tests/support/verify_rig.h"

#define NOTE "Notification"

static struct service service;
static struct conf conf;
static struct sns_trust *trust;
static char *topics[] = {(char *)(uintptr_t)TOPIC};
static char *urls[] = {(char *)(uintptr_t) "https://sqs.test/1/q"};

/* --- in place of the store, the doorbell, and the client of AWS ------ */

static char kept[4][600]; /* "name=value" */
static size_t nkept;
static bool broken;

void
store_keep(struct store *store, const char *name, const char *value,
    store_done_fn *done, void *arg)
{
	struct error err;

	assert_ptr_equal(store, &kept);
	assert_true(nkept < ARRAY_LEN(kept));
	snprintf(kept[nkept++], sizeof(kept[0]), "%s=%s", name, value);
	err_set(&err, ERR_STORE, "the disk is gone");
	done(broken ? &err : NULL, arg);
}

static unsigned asked;
static bool expected;

bool
doorbell_expects(struct doorbell *b, const struct doorbell_note *note)
{
	assert_ptr_equal(b, &asked);
	assert_string_equal(note->source, TOPIC);
	assert_int_equal(note->len, strlen("It is done"));
	assert_memory_equal(note->text, "It is done", note->len);
	assert_non_null(note->message_id);
	asked++;
	return expected;
}

static int64_t ahead;

int64_t
aws_client_now_ms(const struct aws_client *c)
{
	assert_ptr_equal(c, &ahead);
	return clock_wall_ms() + ahead;
}

/* --- the log -------------------------------------------------------- */

static char log_text[4000];

static void
keep_line(const char *line, void *arg)
{
	size_t len = strlen(log_text);

	(void)arg;
	snprintf(log_text + len, sizeof(log_text) - len, "%s", line);
}

/* --- the rig -------------------------------------------------------- */

static void
open_trust(void)
{
	struct error err;

	rig.v = NULL;
	sns_trust_free(trust);
	if (sns_trust_new(&service, &trust, &err) == -1)
		fail_msg("%s", err.text);
	rig.v = sns_trust_verifier(trust);
}

static int
setup(void **state)
{
	int rc = verify_rig_setup(state);

	sns_verifier_free(rig.v);
	rig.v = NULL;
	nkept = 0;
	broken = expected = false;
	asked = 0;
	ahead = 0;
	log_text[0] = '\0';
	log_init(LOG_INFO, LOG_TEXT);
	log_set_sink(keep_line, NULL);
	memset(&service, 0, sizeof(service));
	memset(&conf, 0, sizeof(conf));
	conf.sns.topic.v = topics;
	conf.sns.topic.n = 1;
	conf.sqs.queue_url.v = urls;
	conf.sqs.queue_url.n = 1;
	conf.sns.max_age_ms = 75 * MINUTE;
	service.conf = &conf;
	service.loop = rig.loop;
	service.store = (struct store *)&kept;
	service.doorbell = (struct doorbell *)&asked;
	service.aws = (struct aws_client *)&ahead;
	return rc;
}

static int
teardown(void **state)
{
	sns_trust_free(trust);
	trust = NULL;
	rig.v = NULL;
	log_set_sink(NULL, NULL);
	log_init(LOG_NONE, LOG_TEXT);
	return verify_rig_teardown(state);
}

#define TRUST_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static bool
take(const char *version)
{
	struct letter l = rig_letter(NOTE);

	l.f[F_VERSION] = version;
	return rig_take_letter(&l, rig.key);
}

/* --- tests ---------------------------------------------------------- */

static void
it_is_there_where_something_may_come(void **state)
{
	char address[] = "127.0.0.1:0", missing[] = "/nonexistent";
	struct error err;

	(void)state;
	open_trust();
	assert_non_null(trust);
	conf.sqs.queue_url.n = 0;
	open_trust();
	assert_null(trust);
	assert_null(sns_trust_verifier(trust));
	sns_trust_recall(trust, "x", "y");
	conf.sns.listen = address;
	open_trust();
	assert_non_null(trust);
	conf.sns.topic.n = 0;
	open_trust();
	assert_null(trust);
	conf.sns.topic.n = 1;
	conf.sns.ca_file = missing;
	assert_int_equal(sns_trust_new(&service, &trust, &err), -1);
	assert_null(trust);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_non_null(strstr(err.text, "[sns]"));
}

/* Whichever way the messages come: there is one of it. */
static void
what_it_learns_outlives_it(void **state)
{
	(void)state;
	rig_serve(200, "", rig.pem);
	open_trust();
	assert_true(take("1"));
	assert_true(take("2"));
	assert_int_equal(nkept, 2);
	assert_string_equal(kept[0], "sns-certificates " TOPIC "=" CERT_URL);
	assert_string_equal(kept[1], "sns-version " TOPIC "=2");
	assert_non_null(strstr(log_text, CERT_URL));
	assert_non_null(strstr(log_text, "version 2 is asked of"));
	open_trust();
	sns_trust_recall(trust, "sns-version " TOPIC, "2");
	sns_trust_recall(trust, "sns-certificates " TOPIC, CERT_URL);
	assert_false(take("1"));
	assert_true(take("2"));
	assert_int_equal(nkept, 2);
}

static void
what_cannot_be_kept_is_said(void **state)
{
	(void)state;
	rig_serve(200, "", rig.pem);
	open_trust();
	broken = true;
	assert_true(take("1"));
	assert_non_null(strstr(log_text, "is not kept: the disk is gone"));
}

static void
the_time_is_that_of_aws(void **state)
{
	(void)state;
	rig_serve(200, "", rig.pem);
	open_trust();
	ahead = 3 * 60 * MINUTE;
	assert_false(take("2"));
	assert_int_equal(rig.err.code, ERR_LIMIT);
	ahead = 0;
	assert_true(take("2"));
}

static void
a_notification_of_a_job_that_is_here_is_likely(void **state)
{
	struct letter l = rig_letter("SubscriptionConfirmation");

	(void)state;
	rig_serve(200, "", rig.pem);
	peer_reply(peer_always("GET", HOST "/*ff.pem"), 404, "", "");
	open_trust();
	assert_int_equal(rig_flood(20), 10);
	assert_int_equal(asked, 10);
	assert_false(take("2"));
	assert_int_equal(rig.err.code, ERR_BUSY);
	expected = true;
	/* Of the other types nothing tells that. */
	asked = 0;
	assert_false(rig_take_letter(&l, rig.key));
	assert_int_equal(asked, 0);
	assert_true(take("2"));
	assert_int_equal(asked, 1);
}

static void
its_requests_are_believed_by_the_same_roots_as_aws(void **state)
{
	(void)state;
	service.ca_file = "/roots.pem";
	rig_serve(200, "", rig.pem);
	open_trust();
	assert_true(take("2"));
	assert_string_equal(peer_ca_file(), "/roots.pem");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TRUST_TEST(it_is_there_where_something_may_come),
	    TRUST_TEST(what_it_learns_outlives_it),
	    TRUST_TEST(what_cannot_be_kept_is_said),
	    TRUST_TEST(the_time_is_that_of_aws),
	    TRUST_TEST(a_notification_of_a_job_that_is_here_is_likely),
	    TRUST_TEST(its_requests_are_believed_by_the_same_roots_as_aws),
	};

	return cmocka_run_group_tests(tests, verify_rig_start, verify_rig_stop);
}
