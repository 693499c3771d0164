/* SPDX-License-Identifier: Apache-2.0 */
/* A handler's environment, to the last variable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/execenv.h"

#define JOB "01hz4k9p3w7x5v2q8r6t0y1n3b"
#define ID "msg_01hz4k9p3w7x5v2q8r6t0y1n3b"
#define MB ((size_t)1024 * 1024)

struct world {
	struct delivery delivery;
	struct job *job;
	struct parcel parcel;
};

static int
enter(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct submission *s;

	clearenv();
	w->job = job_new();
	memcpy(w->job->id, JOB, sizeof(JOB));
	w->job->state = JOB_DONE;
	w->job->outcome = OUTCOME_OK;
	w->job->spec.endpoint = xstrdup("ocr");
	w->job->result_location = xstrdup("s3://b/x/" JOB "-1.out");
	w->job->submitted_at = 1795334400250;
	w->job->completed_at = 1795334461007;
	s = job_add_submission(w->job);
	s->inference_id = xstrdup(JOB "-1");
	memcpy(w->delivery.id, ID, sizeof(ID));
	w->delivery.event = xstrdup("inference.completed");
	w->delivery.target = xstrdup("exec keep");
	w->delivery.payload = DELIVERY_RAW;
	w->delivery.content_type = xstrdup("text/plain");
	w->delivery.body_sha256 = xstrdup("ab12");
	w->parcel = (struct parcel){
	    .delivery = &w->delivery,
	    .job = w->job,
	    .attempt = 1,
	    .body = "hello",
	    .size = 5,
	    .fd = -1,
	};
	*state = w;
	return 0;
}

static int
leave(void **state)
{
	struct world *w = *state;

	job_free(w->job);
	free(w->delivery.event);
	free(w->delivery.target);
	free(w->delivery.about);
	free(w->delivery.content_type);
	free(w->delivery.body_sha256);
	free(w);
	return 0;
}

static char *
environment(struct world *w)
{
	char **env = execenv_new(&w->parcel);
	struct buf out;
	size_t i;

	buf_init(&out, MB);
	for (i = 0; env[i] != NULL; i++)
		buf_printf(&out, "%s\n", env[i]);
	execenv_free(env);
	return buf_take(&out);
}

static void
set_our_own(void)
{
	clearenv();
	setenv("PATH", "/usr/bin:/bin", 1);
	setenv("HOME", "/home/u", 1);
	setenv("LANG", "C.UTF-8", 1);
	setenv("TZ", "UTC", 1);
	setenv("AWS_ACCESS_KEY_ID", "AKIA", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	setenv("AWS_SESSION_TOKEN", "token", 1);
	setenv("AWAITD_CONFIG", "/etc/x", 1);
	setenv("AWAITD_TOKEN", "secret", 1);
	setenv("LD_PRELOAD", "", 1);
	setenv("http_proxy", "http://u:p@h", 1);
}

#define OWN "PATH=/usr/bin:/bin\nHOME=/home/u\nLANG=C.UTF-8\nTZ=UTC\n"

static void
the_environment_is_exactly_this(void **state)
{
	struct world *w = *state;
	char *got;

	w->job->spec.custom_attributes = xstrdup("tenant=7");
	w->job->spec.tags = xstrdup("batch:7,nightly");
	set_our_own();
	got = environment(w);
	assert_string_equal(got,
	    OWN "AWAITD_EVENT=inference.completed\n"
		"AWAITD_EVENT_ID=" ID "\n"
		"AWAITD_ABOUT=\n"
		"AWAITD_TARGET=exec keep\n"
		"AWAITD_ATTEMPT=1\n"
		"AWAITD_REPLAY=0\n"
		"AWAITD_PAYLOAD=raw\n"
		"AWAITD_CONTENT_TYPE=text/plain\n"
		"AWAITD_SIZE=5\n"
		"AWAITD_SHA256=ab12\n"
		"AWAITD_JOB=" JOB "\n"
		"AWAITD_ENDPOINT=ocr\n"
		"AWAITD_OUTCOME=ok\n"
		"AWAITD_OUTPUT_LOCATION=s3://b/x/" JOB "-1.out\n"
		"AWAITD_FAILURE_LOCATION=\n"
		"AWAITD_INFERENCE_ID=" JOB "-1\n"
		"AWAITD_CUSTOM_ATTRIBUTES=tenant=7\n"
		"AWAITD_TAGS=batch:7,nightly\n"
		"AWAITD_SUBMITTED_AT=2026-11-22T08:00:00.250Z\n"
		"AWAITD_COMPLETED_AT=2026-11-22T08:01:01.007Z\n"
		"AWAITD_ERROR_CODE=\n"
		"AWAITD_TRACEPARENT=\n"
		"AWAITD_TRACESTATE=\n");
	free(got);
}

static void
a_failure_and_a_replay_have_theirs(void **state)
{
	struct world *w = *state;
	char *got;

	w->parcel.attempt = 4;
	w->parcel.replay = true;
	w->job->outcome = OUTCOME_FAILED;
	w->job->subs[0].fate = SUB_FAILED;
	w->job->subs[0].failure_location = xstrdup("s3://f/e");
	w->job->error_code = xstrdup("model");
	w->job->submitted_at = 0;
	w->delivery.by_reference = true;
	got = environment(w);
	assert_non_null(strstr(got, "AWAITD_ATTEMPT=4\nAWAITD_REPLAY=1\n"));
	assert_non_null(strstr(got, "AWAITD_OUTCOME=failed\n"));
	assert_non_null(strstr(got, "AWAITD_OUTPUT_LOCATION=\n"));
	assert_non_null(strstr(got, "AWAITD_FAILURE_LOCATION=s3://f/e\n"));
	assert_non_null(strstr(got, "AWAITD_ERROR_CODE=model\n"));
	assert_non_null(strstr(got, "AWAITD_SUBMITTED_AT=\n"));
	assert_non_null(strstr(got, "AWAITD_SHA256=\n"));
	free(got);
	w->job->result_sha256 = xstrdup("cd34");
	got = environment(w);
	assert_non_null(strstr(got, "AWAITD_SHA256=cd34\n"));
	free(got);
}

static void
a_trace_is_passed_on_and_the_payload_named(void **state)
{
	struct world *w = *state;
	char *got;

	w->job->spec.traceparent = xstrdup("00-ab-cd-01");
	w->job->spec.tracestate = xstrdup("a=b");
	w->delivery.about = xstrdup("msg_other");
	w->delivery.payload = DELIVERY_EVENT;
	got = environment(w);
	assert_non_null(strstr(got, "\nAWAITD_TRACEPARENT=00-ab-cd-01\n"));
	assert_non_null(strstr(got, "\nAWAITD_TRACESTATE=a=b\n"));
	assert_non_null(strstr(got, "\nAWAITD_ABOUT=msg_other\n"));
	assert_non_null(strstr(got, "\nAWAITD_PAYLOAD=event\n"));
	free(got);
	w->delivery.payload = DELIVERY_REFERENCE;
	got = environment(w);
	assert_non_null(strstr(got, "\nAWAITD_PAYLOAD=reference\n"));
	free(got);
}

static void
foreign_words_stay_in_their_variable(void **state)
{
	struct world *w = *state;
	char *got, *line, *large = xmalloc(MB + 1);

	w->job->spec.custom_attributes =
	    xstrdup("a\nAWAITD_JOB=other\x1b[2J\x7f\xff");
	memset(large, 'x', MB);
	large[MB] = '\0';
	free(w->delivery.content_type);
	w->delivery.content_type = large;
	got = environment(w);
	assert_non_null(strstr(
	    got, "\nAWAITD_CUSTOM_ATTRIBUTES=a AWAITD_JOB=other [2J ?\n"));
	line = strstr(got, "\nAWAITD_CONTENT_TYPE=") + 1;
	assert_int_equal(strcspn(line, "\n"),
	    strlen("AWAITD_CONTENT_TYPE=") + EXECENV_VALUE_MAX);
	free(got);
}

#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(the_environment_is_exactly_this),
	    T(a_failure_and_a_replay_have_theirs),
	    T(a_trace_is_passed_on_and_the_payload_named),
	    T(foreign_words_stay_in_their_variable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
