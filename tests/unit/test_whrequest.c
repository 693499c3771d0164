/* SPDX-License-Identifier: Apache-2.0 */
/* The header of a webhook's request, by payload and format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "deliver/whrequest.h"

#define ID "msg_01hz4k9p3w7x5v2q8r6t0y1n3b"
#define JOB_ID "01hz4k9p3w7x5v2q8r6t0y1n3b"
#define NOW 1795334400
#define MADE_AT 1369353600123

struct world {
	struct job *job;
	struct delivery *delivery;
	struct parcel parcel;
	struct headers h;
};

static int
enter(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct job *job = w->job = job_new();

	memcpy(job->id, JOB_ID, sizeof(JOB_ID));
	job->state = JOB_DONE;
	job->outcome = OUTCOME_OK;
	job->submitted_at = MADE_AT - 5000;
	job->completed_at = MADE_AT;
	job->spec.endpoint = xstrdup("whisper");
	job->spec.region = xstrdup("eu-west-1");
	job->spec.custom_attributes = xstrdup("a=\"b\" 100%");
	job->spec.inference_id = xstrdup("mine");
	job->result_location = xstrdup("s3://bucket/caf\xc3\xa9 1.out");
	w->delivery = delivery_new(
	    JOB_ID, "webhook hook", "inference.completed", MADE_AT);
	memcpy(w->delivery->id, ID, sizeof(ID));
	w->delivery->content_type = xstrdup("image/png");
	delivery_set_body(w->delivery, "abc", 3);
	w->parcel = (struct parcel){.delivery = w->delivery,
	    .job = job,
	    .attempt = 3,
	    .body = w->delivery->body,
	    .size = 3,
	    .fd = -1};
	*state = w;
	return 0;
}

static int
leave(void **state)
{
	struct world *w = *state;

	headers_done(&w->h);
	delivery_free(w->delivery);
	job_free(w->job);
	free(w);
	return 0;
}

static void
make(struct world *w, const struct headers *extra)
{
	size_t i;

	headers_done(&w->h);
	whrequest_fields(&w->h, &w->parcel, NOW, extra);
	for (i = 0; i < w->h.n; i++) {
		assert_int_equal(headers_count(&w->h, w->h.v[i].name), 1);
		assert_true(header_value_ok(w->h.v[i].value));
	}
}

#define assert_field(w, name, value) \
	assert_string_equal(headers_get(&(w)->h, name), value)
#define assert_none(w, name) assert_null(headers_get(&(w)->h, name))

static void
an_event_says_no_more_than_what_it_is(void **state)
{
	struct world *w = *state;

	make(w, NULL);
	assert_int_equal(w->h.n, 5);
	assert_field(w, "User-Agent", "awaitd/" PACKAGE_VERSION);
	assert_field(w, "Content-Type", "image/png");
	assert_field(w, "webhook-id", ID);
	assert_field(w, "webhook-timestamp", "1795334400");
	assert_field(w, "awaitd-attempt", "3");
	w->parcel.replay = true;
	w->parcel.result_url = "https://b.s3.amazonaws.com/k?X-Amz-Date=1";
	make(w, NULL);
	assert_int_equal(w->h.n, 7);
	assert_field(w, "awaitd-replay", "1");
	assert_field(w, "awaitd-result-url", w->parcel.result_url);
}

static void
a_raw_body_has_its_facts_beside_it(void **state)
{
	struct world *w = *state;

	w->delivery->payload = DELIVERY_RAW;
	make(w, NULL);
	assert_field(w, "awaitd-event", "inference.completed");
	assert_field(w, "awaitd-job", JOB_ID);
	assert_field(w, "awaitd-endpoint", "whisper");
	assert_field(w, "awaitd-outcome", "ok");
	assert_field(w, "awaitd-inference-id", "mine");
	assert_field(
	    w, "awaitd-output-location", "s3://bucket/caf%C3%A9%201.out");
	assert_none(w, "awaitd-failure-location");
	assert_field(w, "awaitd-size", "3");
	assert_field(w, "awaitd-sha256",
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_field(w, "awaitd-custom-attributes", "a=%22b%22%20100%25");
	assert_field(w, "awaitd-submitted-at", "2013-05-23T23:59:55.123Z");
	assert_field(w, "awaitd-completed-at", "2013-05-24T00:00:00.123Z");
	assert_none(w, "awaitd-error-code");
	assert_none(w, "ce-id");
	/* By reference its digest is the result's. */
	w->delivery->by_reference = true;
	make(w, NULL);
	assert_none(w, "awaitd-sha256");
	w->job->result_sha256 = xstrdup("00ff");
	make(w, NULL);
	assert_field(w, "awaitd-sha256", "00ff");
}

/* It is told of when somebody knows more already. */
static void
what_became_known_since_changes_nothing(void **state)
{
	struct world *w = *state;

	w->delivery->payload = DELIVERY_RAW;
	w->job->outcome = OUTCOME_EXPIRED;
	free(w->delivery->event);
	w->delivery->event = xstrdup("inference.expired");
	make(w, NULL);
	assert_none(w, "awaitd-output-location");
	w->job->late_at = MADE_AT + 1;
	w->job->late_location = xstrdup("s3://bucket/late");
	make(w, NULL);
	assert_none(w, "awaitd-output-location");
	free(w->delivery->event);
	w->delivery->event = xstrdup("inference.late");
	make(w, NULL);
	assert_field(w, "awaitd-output-location", "s3://bucket/late");
}

static void
what_is_too_long_is_left_out(void **state)
{
	struct world *w = *state;
	char *s = xcalloc(1, 1200);

	w->delivery->payload = DELIVERY_RAW;
	memset(s, 0xff, 1024);
	free(w->job->spec.custom_attributes);
	w->job->spec.custom_attributes = s;
	make(w, NULL);
	assert_int_equal(
	    strlen(headers_get(&w->h, "awaitd-custom-attributes")), 3072);
	memset(s, 0xff, 1199);
	make(w, NULL);
	assert_none(w, "awaitd-custom-attributes");
}

static void
a_cloudevent_in_binary_mode_has_its_attributes(void **state)
{
	struct world *w = *state;

	w->delivery->format = DELIVERY_CE_BINARY;
	free(w->job->spec.endpoint);
	w->job->spec.endpoint = xstrdup("sum%mer");
	make(w, NULL);
	assert_field(w, "ce-specversion", "1.0");
	assert_field(w, "ce-id", ID);
	/* A path first, and a header's value then. */
	assert_field(w, "ce-source", "/awaitd/eu-west-1/sum%2525mer");
	assert_field(w, "ce-type", "inference.completed");
	assert_field(w, "ce-subject", JOB_ID);
	assert_field(w, "ce-time", "2013-05-24T00:00:00.123Z");
	assert_none(w, "ce-datacontenttype");
	assert_field(w, "Content-Type", "image/png");
	assert_field(w, "webhook-id", ID);
	assert_none(w, "awaitd-job");
	w->delivery->payload = DELIVERY_RAW;
	make(w, NULL);
	assert_field(w, "awaitd-job", JOB_ID);
	w->delivery->format = DELIVERY_CE_STRUCTURED;
	make(w, NULL);
	assert_none(w, "ce-id");
}

#define PARENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static void
a_trace_goes_on(void **state)
{
	struct world *w = *state;

	w->job->spec.tracestate = xstrdup("a=1");
	make(w, NULL);
	assert_none(w, "tracestate");
	w->job->spec.traceparent = xstrdup(PARENT);
	make(w, NULL);
	assert_field(w, "traceparent", PARENT);
	assert_field(w, "tracestate", "a=1");
	assert_none(w, "ce-traceparent");
	w->delivery->format = DELIVERY_CE_BINARY;
	make(w, NULL);
	assert_field(w, "ce-traceparent", PARENT);
	assert_field(w, "ce-tracestate", "a=1");
}

static void
what_would_end_a_header_is_never_sent(void **state)
{
	struct world *w = *state;
	static const char evil[] = "x\r\nX-Evil: 1";

	w->delivery->payload = DELIVERY_RAW;
	w->delivery->format = DELIVERY_CE_BINARY;
	free(w->delivery->content_type);
	w->delivery->content_type = xstrdup(evil);
	w->job->spec.traceparent = xstrdup(evil);
	w->job->spec.tracestate = xstrdup(evil);
	free(w->job->spec.endpoint);
	w->job->spec.endpoint = xstrdup(evil);
	free(w->job->spec.custom_attributes);
	w->job->spec.custom_attributes = xstrdup(evil);
	w->parcel.result_url = evil;
	make(w, NULL);
	assert_field(w, "Content-Type", "application/octet-stream");
	assert_none(w, "traceparent");
	assert_none(w, "awaitd-result-url");
	assert_field(w, "awaitd-endpoint", "x%0D%0AX-Evil:%201");
}

static void
fields_of_the_user_come_last(void **state)
{
	struct world *w = *state;
	struct headers extra;

	headers_init(&extra);
	headers_add(&extra, "Authorization", "Bearer abc");
	make(w, &extra);
	assert_string_equal(w->h.v[w->h.n - 1].name, "Authorization");
	assert_field(w, "Authorization", "Bearer abc");
	headers_done(&extra);
}

#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(an_event_says_no_more_than_what_it_is),
	    T(a_raw_body_has_its_facts_beside_it),
	    T(what_became_known_since_changes_nothing),
	    T(what_is_too_long_is_left_out),
	    T(a_cloudevent_in_binary_mode_has_its_attributes),
	    T(a_trace_goes_on),
	    T(what_would_end_a_header_is_never_sent),
	    T(fields_of_the_user_come_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
