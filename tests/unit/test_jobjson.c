/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs and deliveries as JSON: what is shown, what never is, and what is made
 * of it where somebody reads it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "job/jobjson.h"

static struct buf text;

static struct json *
read_text(const char *s)
{
	struct json *doc;
	struct error err;

	if (json_parse(s, strlen(s), &doc, &err) == -1)
		fail_msg("%s: %s", err.text, s);
	return doc;
}

static struct json *
write_and_read(const struct job *job, bool full)
{
	struct jsonw w;

	buf_init(&text, 65536);
	jsonw_init(&w, &text);
	jobjson_write(&w, job, full);
	return read_text(text.data);
}

static void
done(struct json *doc)
{
	json_free(doc);
	buf_done(&text);
}

static struct job *
some_job(void)
{
	struct job *job = job_new();

	memcpy(job->id, "01arz3ndektsv4rrffq69g5fav", JOBID_SIZE);
	job->created_at = 1772600767000;
	job->spec.endpoint = xstrdup("o\"c\nr");
	job->spec.body = xstrdup("top secret");
	job->spec.body_len = 10;
	return job;
}

static void
a_queued_job_is_short(void **state)
{
	struct job *job = some_job();
	struct json *doc;

	(void)state;
	job->deadline_at = 0;
	doc = write_and_read(job, false);
	assert_string_equal(text.data,
	    "{\"job\":\"01arz3ndektsv4rrffq69g5fav\",\"endpoint\":"
	    "\"o\\\"c\\u000ar\",\"state\":\"queued\",\"outcome\":\"none\","
	    "\"created_at\":\"2026-03-04T05:06:07.000Z\"}");
	done(doc);
	job_free(job);
}

static void
the_input_is_never_shown(void **state)
{
	struct job *job = some_job();
	struct json *doc = write_and_read(job, true);
	int64_t size;

	(void)state;
	assert_null(strstr(text.data, "top secret"));
	assert_int_equal(
	    json_i64(json_get(json_get(doc, "request"), "input_size"), &size),
	    0);
	assert_int_equal(size, 10);
	done(doc);
	job_free(job);
}

static void
the_next_look_is_told_while_there_is_one(void **state)
{
	struct job *job = some_job(), *again;
	struct error err;
	struct json *doc;

	(void)state;
	job->next_look_at = 1772600767500;
	job->next_look_why = xstrdup("its time is over then");
	doc = write_and_read(job, false);
	assert_string_equal(
	    json_get_str(doc, "next_look_at"), "2026-03-04T05:06:07.500Z");
	assert_int_equal(jobjson_parse(doc, &again, &err), 0);
	assert_int_equal(again->next_look_at, job->next_look_at);
	assert_string_equal(again->next_look_why, job->next_look_why);
	job_free(again);
	done(doc);
	job_move(job, JOB_DONE, OUTCOME_CANCELLED);
	doc = write_and_read(job, false);
	assert_null(json_get(doc, "next_look_at"));
	assert_null(json_get(doc, "next_look_why"));
	done(doc);
	job_free(job);
}

static void
a_result_is_shown_where_there_is_one(void **state)
{
	struct job *job = some_job();
	struct json *doc;
	const struct json *result;
	int64_t size;

	(void)state;
	job->result_location = xstrdup("s3://b/k");
	job->result_etag = xstrdup("\"e\"");
	job->result_type = xstrdup("text/plain");
	job->result_size = 9;
	job->deadline_at = 77;
	job_move(job, JOB_DONE, OUTCOME_OK);
	doc = write_and_read(job, false);
	result = json_get(doc, "result");
	assert_string_equal(json_get_str(result, "location"), "s3://b/k");
	assert_string_equal(json_get_str(result, "etag"), "\"e\"");
	assert_string_equal(json_get_str(result, "content_type"), "text/plain");
	assert_int_equal(json_i64(json_get(result, "size"), &size), 0);
	assert_int_equal(size, 9);
	assert_null(json_get(doc, "deadline_at"));
	assert_null(json_get(doc, "error"));
	done(doc);
	job_free(job);
}

static void
a_failure_is_shown_with_its_words_even_if_they_are_no_text(void **state)
{
	struct job *job = some_job();
	struct json *doc;

	(void)state;
	job->error_code = xstrdup("model");
	job->error_text = xstrdup("bad\xff\x01");
	job_move(job, JOB_DONE, OUTCOME_FAILED);
	doc = write_and_read(job, false);
	assert_string_equal(json_get_str(doc, "error_code"), "model");
	assert_string_equal(json_get_str(doc, "error"), "bad\xef\xbf\xbd\x01");
	assert_null(json_get(doc, "result"));
	done(doc);
	job_free(job);
}

static void
the_query_of_a_callback_url_is_not_shown(void **state)
{
	struct job *job = some_job();
	struct json *doc;

	(void)state;
	job->spec.callback_url = xstrdup("https://h:1/x/y?token=1");
	doc = write_and_read(job, true);
	assert_string_equal(
	    json_get_str(doc, "callback_url"), "https://h:1/x/y");
	done(doc);
	doc = write_and_read(job, false);
	assert_null(json_get(doc, "callback_url"));
	done(doc);
	job_free(job);
}

static void
in_full_each_submission_is_told(void **state)
{
	struct job *job = some_job();
	struct submission *s = job_add_submission(job);
	struct json *doc;
	const struct json *subs, *one;
	int64_t n;

	(void)state;
	s->fate = SUB_DOUBT;
	s->inference_id = xstrdup("id-1");
	s->predicted = xstrdup("s3://b/p");
	s->note = xstrdup("reset");
	s->intent_at = 1772600767001;
	job_add_submission(job)->fate = SUB_ACCEPTED;
	doc = write_and_read(job, true);
	subs = json_get(doc, "submissions");
	assert_true(json_is_array(subs));
	one = json_first(subs);
	assert_int_equal(json_i64(json_get(one, "n"), &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(json_get_str(one, "fate"), "in-doubt");
	assert_string_equal(json_get_str(one, "inference_id"), "id-1");
	assert_string_equal(
	    json_get_str(one, "predicted_location"), "s3://b/p");
	assert_string_equal(json_get_str(one, "note"), "reset");
	assert_string_equal(
	    json_get_str(one, "intent_at"), "2026-03-04T05:06:07.001Z");
	assert_string_equal(json_get_str(json_next(one), "fate"), "accepted");
	assert_null(json_next(json_next(one)));
	done(doc);
	job_free(job);
}

/* --- every member --------------------------------------------------- */

#define DELIVERY_A "msg_4k7dvvs8thk0hs358bwdf31fr4"

static const char full_job[] =
    "{\"job\":\"01arz3ndektsv4rrffq69g5fav\",\"endpoint\":\"ocr\","
    "\"state\":\"done\",\"outcome\":\"ok\","
    "\"tags\":[\"batch:7\",\"nightly\"],"
    "\"created_at\":\"2026-03-04T05:06:07.000Z\","
    "\"submitted_at\":\"2026-03-04T05:06:08.000Z\","
    "\"completed_at\":\"2026-03-04T05:06:09.123Z\","
    "\"result\":{\"location\":\"s3://b/o\",\"etag\":\"\\\"e\\\"\","
    "\"content_type\":\"text/plain\",\"size\":123456789012,"
    "\"sha256\":\"5e\"},\"error_code\":\"none\",\"error\":\"words\","
    "\"late\":{\"found_at\":\"2026-03-04T06:06:09.123Z\","
    "\"location\":\"s3://b/l\",\"etag\":\"\\\"l\\\"\","
    "\"content_type\":\"text/csv\",\"size\":12},"
    "\"retry_of\":\"01arz3ndektsv4rrffq69g5faw\","
    "\"request\":{\"region\":\"eu-west-1\",\"content_type\":\"image/png\","
    "\"accept\":\"text/*\",\"custom_attributes\":\"a=1\","
    "\"inference_id\":\"mine\",\"output_path_extension\":\"ext\","
    "\"filename\":\"f.out\",\"request_ttl_s\":60,"
    "\"invocation_timeout_s\":70,\"input_location\":\"s3://b/i\","
    "\"input_path\":\"/tmp/i\",\"duplicates\":\"avoid\","
    "\"retry_failed\":\"transient\",\"input_size\":17},"
    "\"deliver\":[\"webhook hook\",\"exec a\"],"
    "\"callback_url\":\"https://h/x\","
    "\"traceparent\":\"00-4bf9-00f0-01\",\"tracestate\":\"a=b\","
    "\"submissions\":[{\"n\":1,\"fate\":\"in-doubt\","
    "\"inference_id\":\"j-1\","
    "\"intent_at\":\"2026-03-04T05:06:07.001Z\","
    "\"ended_at\":\"2026-03-04T05:06:07.002Z\","
    "\"predicted_location\":\"s3://b/p\",\"output_location\":\"s3://b/o\","
    "\"failure_location\":\"s3://b/f\",\"request_id\":\"r\","
    "\"note\":\"reset\"},{\"n\":2,\"fate\":\"accepted\"}],"
    "\"deliveries\":[{\"delivery\":\"" DELIVERY_A "\","
    "\"job\":\"01arz3ndektsv4rrffq69g5fav\",\"target\":\"webhook hook\","
    "\"event\":\"inference.completed\",\"state\":\"waiting\","
    "\"due_at\":\"2026-03-04T05:06:10.000Z\",\"attempts\":2,"
    "\"interruptions\":2,\"note\":\"refused\"},"
    "{\"delivery\":\"msg_4k7dvvs8thk0hs358bwdf31fr8\","
    "\"job\":\"01arz3ndektsv4rrffq69g5fav\",\"target\":\"exec a\","
    "\"event\":\"inference.completed\",\"state\":\"delivered\","
    "\"attempts\":1,\"interruptions\":0,"
    "\"ended_at\":\"2026-03-04T05:06:11.000Z\"}]}";

static const char full_delivery[] =
    "{\"delivery\":\"" DELIVERY_A "\","
    "\"job\":\"01arz3ndektsv4rrffq69g5fav\",\"target\":\"webhook hook\","
    "\"event\":\"inference.completed\",\"state\":\"dead\",\"attempts\":2,"
    "\"interruptions\":1,"
    "\"ended_at\":\"2026-03-04T05:06:11.000Z\",\"status\":410,"
    "\"note\":\"gone\",\"about\":\"" DELIVERY_A "\","
    "\"created_at\":\"2026-03-04T05:06:09.000Z\","
    "\"content_type\":\"application/json\",\"body_size\":321,"
    "\"body_sha256\":\"5e\",\"by_reference\":true,"
    "\"url_expires_at\":\"2026-03-05T05:06:09.000Z\","
    "\"interrupted_since\":\"2026-03-04T05:06:10.500Z\","
    "\"replays\":3,\"payload\":\"reference\","
    "\"cloudevents\":\"structured\",\"log\":["
    "{\"n\":1,\"outcome\":\"interrupted\",\"replay\":false,"
    "\"started_at\":\"2026-03-04T05:06:10.000Z\","
    "\"ended_at\":\"2026-03-04T05:06:10.500Z\",\"note\":\"unknown\","
    "\"latency_ms\":500},"
    "{\"n\":2,\"outcome\":\"failed\",\"replay\":true,"
    "\"started_at\":\"2026-03-04T05:06:10.700Z\","
    "\"ended_at\":\"2026-03-04T05:06:11.000Z\",\"status\":410,"
    "\"class\":\"status\",\"note\":\"gone\","
    "\"response\":\"be off\\u0007\",\"latency_ms\":300}]}";

/* What the document says, read and written again; NULL: it is refused. Of a
 * delivery where that is what it is. */
static char *
rewrite(const struct json *doc, bool delivery, struct error *err)
{
	struct job *job;
	struct delivery *d;
	struct jsonw w;
	struct buf b;

	buf_init(&b, 65536);
	jsonw_init(&w, &b);
	if (delivery && jobjson_parse_delivery(doc, &d, err) == 0) {
		jobjson_write_delivery(&w, d, true);
		delivery_free(d);
	} else if (!delivery && jobjson_parse(doc, &job, err) == 0) {
		jobjson_write(&w, job, true);
		job_free(job);
	} else {
		buf_done(&b);
		return NULL;
	}
	return buf_take(&b);
}

static void
each_member_comes_back_as_it_was_written(void **state)
{
	const char *const texts[] = {full_job, full_delivery};
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		struct json *doc = read_text(texts[i]);
		char *again = rewrite(doc, texts[i] == full_delivery, &err);

		if (again == NULL)
			fail_msg("%s", err.text);
		assert_string_equal(again, texts[i]);
		free(again);
		json_free(doc);
	}
}

static void
what_was_read_is_where_it_belongs(void **state)
{
	struct json *doc = read_text(full_job);
	struct delivery *d;
	struct job *job;
	struct error err;

	(void)state;
	assert_int_equal(jobjson_parse(doc, &job, &err), 0);
	json_free(doc);
	assert_string_equal(job->spec.endpoint, "ocr");
	assert_string_equal(job->spec.extension, "ext");
	assert_string_equal(job->spec.deliver, "webhook hook, exec a");
	assert_string_equal(job->spec.retry_of, "01arz3ndektsv4rrffq69g5faw");
	assert_int_equal(job->spec.input, INPUT_FILE);
	assert_int_equal(job->spec.input_size, 17);
	assert_int_equal(job->completed_at, 1772600769123);
	assert_string_equal(job->result_sha256, "5e");
	assert_string_equal(job->late_location, "s3://b/l");
	assert_int_equal(job->late_size, 12);
	assert_true(job->spec.avoid_duplicates);
	assert_true(job->spec.retry_failed);
	assert_int_equal(job->result_size, 123456789012);
	assert_int_equal(job->subs[0].fate, SUB_DOUBT);
	assert_string_equal(job->subs[0].predicted, "s3://b/p");
	assert_string_equal(job->spec.callback_url, "https://h/x");
	assert_string_equal(job->spec.traceparent, "00-4bf9-00f0-01");
	assert_string_equal(job->spec.tracestate, "a=b");
	assert_int_equal(job->deliveries[0]->attempts, 2);
	assert_int_equal(job->deliveries[0]->last_status, ATTEMPT_NO_STATUS);
	assert_int_equal(job->deliveries[0]->due_at, 1772600770000);
	assert_int_equal(job->deliveries[1]->state, DELIVERY_DELIVERED);
	job_free(job);
	doc = read_text(full_delivery);
	assert_int_equal(jobjson_parse_delivery(doc, &d, &err), 0);
	json_free(doc);
	assert_int_equal(d->state, DELIVERY_DEAD);
	assert_int_equal(d->body_size, 321);
	assert_true(d->by_reference);
	assert_int_equal(d->last_status, 410);
	assert_string_equal(d->about, DELIVERY_A);
	assert_int_equal(d->payload, DELIVERY_REFERENCE);
	assert_int_equal(d->format, DELIVERY_CE_STRUCTURED);
	assert_int_equal(d->url_expires_at, 1772687169000);
	assert_int_equal(d->log[0].status, ATTEMPT_NO_STATUS);
	assert_int_equal(d->log[1].status, 410);
	assert_string_equal(d->log[1].response, "be off\a");
	delivery_free(d);
}

static void
what_is_in_quarantine_says_so_and_is_read_back_as_that(void **state)
{
	struct delivery *d =
	    delivery_new("01arz3ndektsv4rrffq69g5fav", "exec a", "e", 1000);
	struct delivery *again;
	struct json *doc;
	struct error err;
	struct jsonw w;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		buf_init(&text, 65536);
		jsonw_init(&w, &text);
		jobjson_write_delivery(&w, d, false);
		doc = read_text(text.data);
		assert_int_equal(
		    strstr(text.data, "\"quarantined\":true") != NULL, i >= 3);
		assert_int_equal(jobjson_parse_delivery(doc, &again, &err), 0);
		assert_int_equal(delivery_quarantined(again), i >= 3);
		delivery_free(again);
		done(doc);
		delivery_interrupt(d, 2000);
	}
	delivery_free(d);
}

static void
each_kind_of_input_comes_back(void **state)
{
	static const struct {
		const char *request;
		enum job_input input;
		size_t body_len;
	} cases[] = {
	    {"{\"input_size\":10}", INPUT_BODY, 10},
	    {"{\"input_size\":0,\"input_location\":\"s3://b/k\"}",
		INPUT_LOCATION, 0},
	    {("{\"input_size\":9,\"input_location\":\"s3://b/k\","
	      "\"input_path\":\"/x\"}"),
		INPUT_FILE, 0},
	};
	struct json *doc;
	struct error err;
	struct job *job;
	size_t i;
	char *s;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		s = xasprintf("{\"job\":\"01arz3ndektsv4rrffq69g5fav\","
			      "\"endpoint\":\"e\",\"state\":\"queued\","
			      "\"outcome\":\"none\",\"request\":%s}",
		    cases[i].request);
		doc = read_text(s);
		assert_int_equal(jobjson_parse(doc, &job, &err), 0);
		assert_int_equal(job->spec.input, cases[i].input);
		assert_int_equal(job->spec.body_len, cases[i].body_len);
		assert_null(job->spec.body);
		job_free(job);
		json_free(doc);
		free(s);
	}
}

static void
what_a_receiver_said_may_be_no_text(void **state)
{
	struct delivery *d =
	    delivery_new("01arz3ndektsv4rrffq69g5fav", "exec a", "e", 1000);
	struct jsonw w;

	(void)state;
	d->note = xstrdup("\"\xfe\n");
	d->nlog = 1;
	d->log = xcalloc(1, sizeof(*d->log));
	d->log[0].n = 1;
	d->log[0].status = ATTEMPT_NO_STATUS;
	d->log[0].response = xstrdup("\xe2\x82");
	buf_init(&text, 65536);
	jsonw_init(&w, &text);
	jobjson_write_delivery(&w, d, true);
	done(read_text(text.data));
	delivery_free(d);
}

/* --- other people's documents --------------------------------------- */

enum change { WRONG_TYPE, ADDED, LEFT_OUT };

/* Copy a document, with a change at its node number `at`. */
static void
copy_node(struct jsonw *w, const char *key, const struct json *j,
    enum change change, size_t *at)
{
	bool object = json_is_object(j), here = (*at)-- == 0;
	const struct json *item;
	int64_t n;
	bool b;

	if (here && change == LEFT_OUT)
		return;
	if (here && change == WRONG_TYPE && object) {
		jsonw_int(w, key, 7);
	} else if (here && change == WRONG_TYPE) {
		jsonw_begin(w, key, '{');
		jsonw_end(w, '}');
	} else if (object || json_is_array(j)) {
		jsonw_begin(w, key, object ? '{' : '[');
		if (here && change == ADDED && object)
			jsonw_str(w, "zzz", "unknown");
		for (item = json_first(j); item; item = json_next(item))
			copy_node(w, json_name(item), item, change, at);
		jsonw_end(w, object ? '}' : ']');
	} else if (json_i64(j, &n) == 0) {
		jsonw_int(w, key, n);
	} else if (json_bool(j, &b) == 0) {
		jsonw_bool(w, key, b);
	} else {
		jsonw_str(w, key, json_str(j));
	}
}

typedef void check_fn(
    const char *original, const char *changed, const char *got);

/* The document with the change at its node i, read and written again; counts
 * how many nodes there are. */
static size_t
try_one(const char *original, enum change change, size_t i, check_fn *check)
{
	struct json *doc = read_text(original), *other;
	size_t left = i, nodes;
	struct error err;
	struct jsonw w;
	struct buf b;
	char *got;

	buf_init(&b, 65536);
	jsonw_init(&w, &b);
	copy_node(&w, NULL, doc, change, &left);
	nodes = i - left;
	json_free(doc);
	other = read_text(b.len > 0 ? b.data : "[]");
	got = rewrite(other, original == full_delivery, &err);
	if (got == NULL)
		assert_int_equal(err.code, ERR_PROTOCOL);
	check(original, b.data, got);
	free(got);
	json_free(other);
	buf_done(&b);
	return nodes;
}

static void
is_refused(const char *original, const char *changed, const char *got)
{
	(void)original;
	if (got != NULL)
		fail_msg("taken: %s", changed);
}

static void
is_the_same(const char *original, const char *changed, const char *got)
{
	if (got == NULL)
		fail_msg("refused: %s", changed);
	assert_string_equal(got, original);
}

/* Taken or refused: what is taken holds together. */
static void
is_sound(const char *original, const char *changed, const char *got)
{
	struct json *doc;
	struct error err;
	char *again;

	(void)changed;
	if (got == NULL)
		return;
	doc = read_text(got);
	again = rewrite(doc, original == full_delivery, &err);
	assert_non_null(again);
	assert_string_equal(again, got);
	free(again);
	json_free(doc);
}

static void
try_each(enum change change, check_fn *check)
{
	const char *const texts[] = {full_job, full_delivery};
	size_t i, k, nodes;

	for (i = 0; i < ARRAY_LEN(texts); i++) {
		/* None is so far behind: it stays as it is. */
		nodes = try_one(texts[i], change, 10000, is_the_same);
		assert_in_range(nodes, 20, 200);
		for (k = 0; k < nodes; k++)
			try_one(texts[i], change, k, check);
	}
}

static void
a_member_of_the_wrong_type_is_refused(void **state)
{
	(void)state;
	try_each(WRONG_TYPE, is_refused);
}

static void
an_unknown_member_is_passed_over(void **state)
{
	(void)state;
	try_each(ADDED, is_the_same);
}

static void
members_may_be_missing(void **state)
{
	(void)state;
	try_each(LEFT_OUT, is_sound);
}

/* `from` of the document becomes `to`. */
static void
refuse(const char *original, const char *from, const char *to)
{
	const char *at = strstr(original, from);
	struct json *doc;
	struct error err;
	char *changed, *got;

	assert_non_null(at);
	changed = xasprintf(
	    "%.*s%s%s", (int)(at - original), original, to, at + strlen(from));
	doc = read_text(changed);
	got = rewrite(doc, original == full_delivery, &err);
	is_refused(original, changed, got);
	assert_int_equal(err.code, ERR_PROTOCOL);
	json_free(doc);
	free(changed);
}

static void
a_value_that_makes_no_sense_is_refused(void **state)
{
	static const char *const of_job[][2] = {
	    {"5fav\",\"endpoint", "5faV\",\"endpoint"},
	    {"5fav\",\"endpoint", "5favx\",\"endpoint"},
	    {"\"state\":\"done\"", "\"state\":\"gone\""},
	    {"\"state\":\"done\"", "\"state\":\"queued\""},
	    {"\"outcome\":\"ok\"", "\"outcome\":\"none\""},
	    {"\"outcome\":\"ok\"", "\"outcome\":\"OK\""},
	    {"2026-03-04T05:06:07.000Z", "2026-03-04"},
	    {"123456789012", "-1"},
	    {"123456789012", "1.5"},
	    {"123456789012", "1e300"},
	    {"\"request_ttl_s\":60", "\"request_ttl_s\":-60"},
	    {"\"input_size\":17", "\"input_size\":-17"},
	    {"[\"webhook hook\"", "[\"webhook hook, exec b\""},
	    {"\"n\":1", "\"n\":0"},
	    {"\"n\":1", "\"n\":2"},
	    {"\"n\":2", "\"n\":1"},
	    {"\"n\":2", "\"n\":4294967298"},
	    {"in-doubt", "doubt"},
	    {DELIVERY_A "\",\"job\":\"01arz3ndektsv4rrffq69g5fav",
		DELIVERY_A "\",\"job\":\"01arz3ndektsv4rrffq69g5faw"},
	    {DELIVERY_A, "msg_"},
	    {"\"attempts\":2", "\"attempts\":4294967298"},
	    {"\"attempts\":2", "\"attempts\":-2"},
	};
	static const char *const of_delivery[][2] = {
	    {DELIVERY_A, "msg_4k7dvvs8thk0hs358bwdf31fr"},
	    {"5fav", "5fa"},
	    {"\"dead\"", "\"done\""},
	    {"\"n\":1", "\"n\":0"},
	    {"\"outcome\":\"interrupted\"", "\"outcome\":\"broken\""},
	    {"\"status\":410", "\"status\":-2"},
	    {"\"status\":410", "\"status\":2147483648"},
	    {"\"body_size\":321", "\"body_size\":-1"},
	    {"\"by_reference\":true", "\"by_reference\":\"true\""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(of_job); i++)
		refuse(full_job, of_job[i][0], of_job[i][1]);
	for (i = 0; i < ARRAY_LEN(of_delivery); i++)
		refuse(full_delivery, of_delivery[i][0], of_delivery[i][1]);
}

static void
more_submissions_than_there_can_be_are_refused(void **state)
{
	struct job *job = some_job();
	struct json *doc;
	char *longer;
	unsigned i;

	(void)state;
	for (i = 0; i < SUBMISSIONS_MAX; i++)
		job_add_submission(job);
	doc = write_and_read(job, true);
	longer = xstrdup(text.data);
	done(doc);
	refuse(longer, "{\"n\":31,\"fate\":\"open\"}",
	    "{\"n\":31,\"fate\":\"open\"},{\"n\":32,\"fate\":\"open\"}");
	free(longer);
	job_free(job);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_queued_job_is_short),
	    cmocka_unit_test(the_input_is_never_shown),
	    cmocka_unit_test(the_next_look_is_told_while_there_is_one),
	    cmocka_unit_test(a_result_is_shown_where_there_is_one),
	    cmocka_unit_test(
		a_failure_is_shown_with_its_words_even_if_they_are_no_text),
	    cmocka_unit_test(the_query_of_a_callback_url_is_not_shown),
	    cmocka_unit_test(in_full_each_submission_is_told),
	    cmocka_unit_test(each_member_comes_back_as_it_was_written),
	    cmocka_unit_test(what_was_read_is_where_it_belongs),
	    cmocka_unit_test(
		what_is_in_quarantine_says_so_and_is_read_back_as_that),
	    cmocka_unit_test(each_kind_of_input_comes_back),
	    cmocka_unit_test(what_a_receiver_said_may_be_no_text),
	    cmocka_unit_test(a_member_of_the_wrong_type_is_refused),
	    cmocka_unit_test(an_unknown_member_is_passed_over),
	    cmocka_unit_test(members_may_be_missing),
	    cmocka_unit_test(a_value_that_makes_no_sense_is_refused),
	    cmocka_unit_test(more_submissions_than_there_can_be_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
