/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway beside a real store and engine: who may ask, what becomes a job,
 * what a request is told, and which requests are one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/gateway_inner.h"
#include "tests/support/api_rig.h"
#include "tests/support/faulty_disk.h"

#define PATH_UP "/endpoints/up/async-invocations"
/* Long enough for a job to come onto the disk, where it may. */
#define SHORT_MS 300
#define KEYS                                                        \
	"[app]\naws_access_key_id = APPKEY\n"                       \
	"aws_secret_access_key = the-secret-of-app\nregion = any\n" \
	"[other]\naws_access_key_id = OTHERKEY\n"                   \
	"aws_secret_access_key = the-secret-of-other\n"             \
	"aws_session_token = token\n"

static struct gateway *gateway;
static struct conf conf;
static const struct conf *rig_conf;
static struct http_server *tcp_server;
static char keys_path[100];

/* --- the rig ---------------------------------------------------------- */

static void
write_keys(const char *text)
{
	struct error err;

	if (file_write_atomic(keys_path, text, strlen(text), 0600, &err) == -1)
		fail_msg("%s", err.text);
}

static int
setup(void **state)
{
	static char listen[] = "127.0.0.1:0";
	struct error err;

	if (api_rig_setup(state) == -1)
		return -1;
	snprintf(keys_path, sizeof(keys_path), "%s/keys", rig.dir);
	write_keys(KEYS);
	rig_conf = rig.s.conf;
	conf = *rig_conf;
	conf.gateway.listen = listen;
	conf.gateway.credentials_file = keys_path;
	conf.gateway.timeout_ms = 5000;
	conf.gateway.max_connections = 64;
	rig.s.conf = &conf;
	if (gateway_new(&rig.s, &gateway, &err) == -1 ||
	    gateway_open(gateway, &err) == -1)
		fail_msg("%s", err.text);
	tcp_server = rig.tcp_server;
	rig.tcp_server = gateway->server;
	rig.accepts = true;
	return 0;
}

static int
teardown(void **state)
{
	faulty_disk_let_go();
	gateway_drain(gateway);
	gateway_free(gateway);
	rig.tcp_server = tcp_server;
	rig.s.conf = rig_conf;
	sigv4_forget_keys();
	return api_rig_teardown(state);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* --- requests ---------------------------------------------------------- */

struct asks {
	const char *key; /* NULL: APPKEY */
	const char *secret;
	const char *token;
	const char *region;
	const char *service;
	const char *path;
	const char *body; /* NULL: "hello" */
	const char *id; /* amz-sdk-invocation-id */
	const char *name; /* of one more field, and its value */
	const char *value;
	const char *unsigned_field; /* a whole line */
	int64_t ahead_ms; /* of the signer's clock */
	size_t len; /* of the body; 0: strlen */
};

static const char *
either(const char *s, const char *otherwise)
{
	return s != NULL ? s : otherwise;
}

static void
put_head(struct buf *out, const struct asks *a, const char *body, size_t len)
{
	struct sigv4_credentials creds = {
	    .access_key = either(a->key, "APPKEY"),
	    .secret_key = either(a->secret, "the-secret-of-app"),
	    .session_token = a->token,
	};
	struct sigv4_scope scope = {
	    .region = either(a->region, "us-east-1"),
	    .service = either(a->service, "sagemaker"),
	    .at = clock_wall_ms() + a->ahead_ms,
	};
	char hash[HASH_SHA256_HEX_SIZE];
	struct sigv4_request r = {
	    .method = "POST",
	    .path = either(a->path, PATH_UP),
	    .query = "",
	    .payload_hash = hash,
	};
	struct headers h;
	struct error err;
	size_t i;

	hash_sha256_hex(body, len, hash);
	headers_init(&h);
	headers_add(&h, "Host", "gateway.test");
	if (a->id != NULL)
		headers_add(&h, "amz-sdk-invocation-id", a->id);
	if (a->name != NULL)
		headers_add(&h, a->name, a->value);
	if (sigv4_sign(&creds, &scope, &r, &h, &err) == -1)
		fail_msg("%s", err.text);
	buf_printf(out, "POST %s HTTP/1.1\r\n%sContent-Length: %zu\r\n", r.path,
	    either(a->unsigned_field, ""), len);
	for (i = 0; i < h.n; i++)
		buf_printf(out, "%s: %s\r\n", h.v[i].name, h.v[i].value);
	buf_puts(out, "\r\n");
	headers_done(&h);
}

static struct peer *
begin(struct asks a)
{
	const char *body = either(a.body, "hello");
	size_t len = a.len != 0 ? a.len : strlen(body);
	struct peer *p = peer_new(true);
	struct buf out;

	buf_init(&out, (size_t)4 << 20);
	put_head(&out, &a, body, len);
	buf_append(&out, body, len);
	peer_send(p, out.data, out.len);
	buf_done(&out);
	return p;
}

static void
end(struct peer *p)
{
	if (!peer_reply(p, false))
		fail_msg("no answer");
	peer_free(p);
}

static void
ask(struct asks a)
{
	end(begin(a));
}

static void
ask_raw(const char *text)
{
	struct peer *p = peer_new(true);

	peer_puts(p, text);
	end(p);
}

/* The last answer is an error of this type; `named` stands in its message. */
static void
must_refuse(int status, const char *type, const char *named)
{
	if (rig.status != status)
		fail_msg("%d: %s", rig.status, rig.body.data);
	assert_string_equal(rig_field("x-amzn-ErrorType"), type);
	if (strstr(rig_str("message"), named) == NULL)
		fail_msg("%s", rig_str("message"));
	assert_int_equal(strlen(rig_field("x-amzn-RequestId")), 36);
}

static bool
is_held(void *arg)
{
	return rig.nheld == *(size_t *)arg;
}

static void
until_held(size_t n)
{
	rig_until(is_held, &n);
}

/* SageMaker answers whom it had let wait. */
static void
answer_held(int status, const char *type)
{
	struct http_exchange *x = rig.held[--rig.nheld];
	struct headers h;

	headers_init(&h);
	headers_add(&h, "X-Its-Own", "unchanged");
	if (status == 202)
		headers_add(&h, "x-amzn-sagemaker-outputlocation",
		    "s3://bucket/of-its-own");
	else
		headers_add(&h, "x-amzn-ErrorType", type);
	http_reply(x, status, &h, "{\"InferenceId\":\"i-1\"}", 21);
	headers_done(&h);
}

static bool
has_no_asks(void *arg)
{
	(void)arg;
	return TAILQ_EMPTY(&gateway->asks);
}

static bool
has_calls(void *arg)
{
	struct gateway_call *c;
	size_t n = 0;

	TAILQ_FOREACH (c, &gateway->calls, entry)
		n += c->ask != NULL;
	return n == *(size_t *)arg;
}

static void
until_calls(size_t n)
{
	rig_until(has_calls, &n);
}

/* --- what becomes of a request ------------------------------------------ */

static void
what_is_accepted_is_a_job(void **state)
{
	(void)state;
	ask((struct asks){.region = "eu-west-1"});
	assert_int_equal(rig.status, 202);
	assert_string_equal(rig_str("InferenceId"), "i");
	assert_string_equal(
	    rig_field("x-amzn-sagemaker-outputlocation"), "s3://bucket/out");
	assert_int_equal(rig_jobs(), 1);
	assert_int_equal(rig.accepted, 1);
}

static void
the_services_answer_is_passed_on_as_it_is(void **state)
{
	struct peer *p;

	(void)state;
	rig.silent = true;
	p = begin((struct asks){.id = "one"});
	until_held(1);
	assert_int_equal(rig_jobs(), 1);
	answer_held(418, "TeapotException");
	end(p);
	assert_int_equal(rig.status, 418);
	assert_string_equal(rig_field("X-Its-Own"), "unchanged");
	assert_string_equal(rig_field("x-amzn-ErrorType"), "TeapotException");
	assert_string_equal(rig.body.data, "{\"InferenceId\":\"i-1\"}");
	assert_int_equal(rig_jobs(), 0);
	/* No trace is left of it: the next one is another request. */
	p = begin((struct asks){.id = "one"});
	until_held(1);
	answer_held(202, NULL);
	end(p);
	assert_int_equal(rig.status, 202);
	assert_int_equal(rig_jobs(), 1);
}

static void
that_awaitds_own_keys_are_refused_is_not_passed_on(void **state)
{
	struct peer *p;

	(void)state;
	rig.silent = true;
	p = begin((struct asks){.id = "one"});
	until_held(1);
	answer_held(403, "UnrecognizedClientException");
	end(p);
	must_refuse(503, "ServiceUnavailable", "no delivery will come");
	p = begin((struct asks){.id = "one"});
	until_held(1);
	answer_held(403, "AccessDeniedException");
	end(p);
	assert_int_equal(rig.status, 403);
	assert_string_equal(
	    rig_field("x-amzn-ErrorType"), "AccessDeniedException");
	assert_int_equal(rig_jobs(), 0);
}

/* --- the same request again ---------------------------------------------- */

static void
a_retry_joins_what_is_under_way(void **state)
{
	struct peer *a, *b;

	(void)state;
	rig.silent = true;
	a = begin((struct asks){.id = "one"});
	until_held(1);
	b = begin((struct asks){.id = "one"});
	until_calls(2);
	assert_int_equal(rig.nheld, 1);
	answer_held(202, NULL);
	end(a);
	assert_int_equal(rig.status, 202);
	end(b);
	assert_int_equal(rig.status, 202);
	assert_string_equal(rig_str("InferenceId"), "i-1");
	assert_int_equal(rig_jobs(), 1);
	assert_int_equal(rig.nheld, 0);
}

static void
two_at_the_same_time_are_one_job(void **state)
{
	struct peer *a, *b;

	(void)state;
	a = begin((struct asks){.id = "one"});
	b = begin((struct asks){.id = "one"});
	end(a);
	end(b);
	assert_int_equal(rig.status, 202);
	assert_int_equal(rig_jobs(), 1);
	assert_int_equal(rig.accepted, 1);
}

static void
a_retry_of_what_was_accepted_is_told_the_same(void **state)
{
	(void)state;
	ask((struct asks){.id = "one"});
	ask((struct asks){.id = "one"});
	assert_int_equal(rig.status, 202);
	assert_string_equal(
	    rig_field("x-amzn-sagemaker-outputlocation"), "s3://bucket/out");
	assert_string_equal(rig_field("x-amzn-sagemaker-failurelocation"),
	    "s3://bucket/failed");
	assert_non_null(rig_str("InferenceId"));
	assert_int_equal(rig_jobs(), 1);
	assert_int_equal(rig.accepted, 1);
}

static void
whatever_differs_is_another_request(void **state)
{
	static const struct asks others[] = {
	    {.id = "two"},
	    {.id = "one", .body = "hullo"},
	    {.id = "one",
		.key = "OTHERKEY",
		.secret = "the-secret-of-other",
		.token = "token"},
	    {.id = "one", .path = "/endpoints/never/async-invocations"},
	    {.id = "one", .region = "eu-west-1"},
	    {.id = "one", .name = "X-Amzn-SageMaker-Accept", .value = "x"},
	    {.body = "hello"},
	    {.body = "hello"},
	};
	size_t i;

	(void)state;
	ask((struct asks){.id = "one"});
	for (i = 0; i < ARRAY_LEN(others); i++) {
		ask(others[i]);
		if (rig.status != 202)
			fail_msg("%zu: %s", i, rig.body.data);
		assert_int_equal(rig_jobs(), 2 + i);
	}
}

/* --- nobody waits any more ------------------------------- */

static void
of_whom_left_a_refused_request_leaves_nothing(void **state)
{
	struct peer *p;

	(void)state;
	rig.silent = true;
	p = begin((struct asks){.id = "one"});
	until_held(1);
	peer_free(p);
	answer_held(400, "ValidationError");
	rig_until(has_no_asks, NULL);
	assert_int_equal(rig_jobs(), 0);
}

static void
of_whom_left_an_accepted_one_goes_on(void **state)
{
	struct peer *p;

	(void)state;
	rig.silent = true;
	p = begin((struct asks){.id = "one"});
	until_held(1);
	peer_free(p);
	answer_held(202, NULL);
	rig_until(has_no_asks, NULL);
	assert_int_equal(rig_jobs(), 1);
	ask((struct asks){.id = "one"});
	assert_int_equal(rig.status, 202);
	assert_string_equal(rig_field("x-amzn-sagemaker-outputlocation"),
	    "s3://bucket/of-its-own");
	assert_int_equal(rig_jobs(), 1);
}

static void
who_waits_too_long_is_told_that_it_goes_on(void **state)
{
	struct peer *p;

	(void)state;
	rig.silent = true;
	conf.gateway.timeout_ms = SHORT_MS;
	ask((struct asks){.id = "one"});
	must_refuse(503, "ServiceUnavailable", "a delivery may still come");
	assert_int_equal(rig_jobs(), 1);
	/* And attaches again. */
	conf.gateway.timeout_ms = 5000;
	p = begin((struct asks){.id = "one"});
	until_calls(1);
	until_held(1);
	answer_held(202, NULL);
	end(p);
	assert_int_equal(rig.status, 202);
	assert_string_equal(rig_field("x-amzn-sagemaker-outputlocation"),
	    "s3://bucket/of-its-own");
	assert_int_equal(rig_jobs(), 1);
}

/* The store has not said that it has the job: nothing of it is promised. */
static void
what_is_not_on_disk_yet_is_not_said_to_go_on(void **state)
{
	(void)state;
	rig.silent = true;
	conf.gateway.timeout_ms = SHORT_MS;
	faulty_disk_hold("-wal");
	ask((struct asks){.id = NULL});
	must_refuse(503, "ServiceUnavailable", "is not known");
	assert_true(faulty_disk_held());
	faulty_disk_let_go();
	until_held(1);
	answer_held(400, "ValidationError");
	rig_until(has_no_asks, NULL);
	assert_int_equal(rig_jobs(), 0);
}

static void
what_was_let_go_of_and_refused_is_told_as_ended(void **state)
{
	struct peer *p;

	(void)state;
	rig.silent = true;
	conf.gateway.timeout_ms = SHORT_MS;
	ask((struct asks){.id = "one"});
	conf.gateway.timeout_ms = 5000;
	p = begin((struct asks){.id = "one"});
	until_calls(1);
	until_held(1);
	answer_held(400, "ValidationError");
	end(p);
	must_refuse(400, "ValidationError", "ended (failed)");
	assert_int_equal(rig_jobs(), 1);
}

static void
a_doubt_says_so_and_a_retry_attaches(void **state)
{
	struct peer *p;

	(void)state;
	rig.silent = true;
	p = begin((struct asks){.id = "one"});
	until_held(1);
	http_abort(rig.held[--rig.nheld]);
	end(p);
	must_refuse(503, "ServiceUnavailable", "a delivery may still come");
	conf.gateway.timeout_ms = SHORT_MS;
	ask((struct asks){.id = "one"});
	must_refuse(503, "ServiceUnavailable", "has not answered in time");
	assert_int_equal(rig_jobs(), 1);
}

static void
who_waits_while_the_service_stops_is_told(void **state)
{
	struct peer *p;

	(void)state;
	rig.silent = true;
	p = begin((struct asks){.id = "one"});
	until_held(1);
	rig.s.stopping = true;
	gateway_drain(gateway);
	end(p);
	must_refuse(503, "ServiceUnavailable", "being stopped");
	assert_int_equal(rig_jobs(), 1);
	answer_held(202, NULL);
	rig_until(has_no_asks, NULL);
}

static void
while_nothing_can_be_written_nothing_is_taken(void **state)
{
	(void)state;
	err_set(&rig.s.stalled, ERR_STORE, "no room");
	ask((struct asks){.id = "one"});
	must_refuse(503, "ServiceUnavailable", "no room");
	ask((struct asks){.id = NULL});
	must_refuse(503, "ServiceUnavailable", "no room");
	error_clear(&rig.s.stalled);
	assert_int_equal(rig_jobs(), 0);
	assert_int_equal(rig.accepted, 0);
}

/* --- who may ask ------------------------------- */

static void
who_does_not_sign_rightly_is_refused(void **state)
{
	static const struct {
		struct asks a;
		const char *type;
	} cases[] = {
	    {{.secret = "the-secret-of-app!"}, "InvalidSignatureException"},
	    {{.key = "WHO"}, "UnrecognizedClientException"},
	    {{.service = "s3"}, "InvalidSignatureException"},
	    {{.token = "one"}, "UnrecognizedClientException"},
	    {{.key = "OTHERKEY", .secret = "the-secret-of-other"},
		"UnrecognizedClientException"},
	    {{.key = "OTHERKEY",
		 .secret = "the-secret-of-other",
		 .token = "old"},
		"ExpiredTokenException"},
	    {{.ahead_ms = 15 * 60000 + 5000}, "InvalidSignatureException"},
	    {{.ahead_ms = -15 * 60000 - 5000}, "InvalidSignatureException"},
	    {{.unsigned_field = "X-Amzn-SageMaker-Accept: x\r\n"},
		"InvalidSignatureException"},
	    {{.unsigned_field = "x-amz-meta: x\r\n"},
		"InvalidSignatureException"},
	    {{.unsigned_field = "Authorization: Bearer x\r\n"},
		"IncompleteSignatureException"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		ask(cases[i].a);
		must_refuse(403, cases[i].type, "");
	}
	ask_raw("POST " PATH_UP " HTTP/1.1\r\nHost: g\r\n"
		"Content-Length: 0\r\n\r\n");
	must_refuse(403, "MissingAuthenticationTokenException", "");
	assert_int_equal(rig_jobs(), 0);
	assert_int_equal(rig_files(".input"), 0);
	/* And almost late is not too late. */
	ask((struct asks){.ahead_ms = 14 * 60000});
	assert_int_equal(rig.status, 202);
}

static void
a_stranger_fills_no_disk(void **state)
{
	char *body = xcalloc(1, 600001);
	size_t i;

	(void)state;
	memset(body, 'x', 600000);
	for (i = 0; i < 2; i++) {
		struct asks a = {.body = body, .key = i == 0 ? "WHO" : NULL};
		struct peer *p = begin(a);

		end(p);
		assert_int_equal(rig.status, i == 0 ? 403 : 202);
		assert_int_equal(rig_files(".input"), 0);
	}
	free(body);
	assert_int_equal(rig_jobs(), 1);
}

static void
keys_are_read_anew_and_a_bad_file_changes_nothing(void **state)
{
	struct gateway_keys *keys;
	struct error err;

	(void)state;
	write_keys("[app]\naws_access_key_id = APPKEY\n");
	assert_int_equal(gateway_reread(gateway, &conf, &keys, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	ask((struct asks){.id = NULL});
	assert_int_equal(rig.status, 202);
	write_keys("[app]\naws_access_key_id = APPKEY\n"
		   "aws_secret_access_key = another-secret-of-app\n");
	assert_int_equal(gateway_reread(gateway, &conf, &keys, &err), 0);
	gateway_take_keys(gateway, keys);
	ask((struct asks){.id = NULL});
	must_refuse(403, "InvalidSignatureException", "");
	ask((struct asks){.secret = "another-secret-of-app"});
	assert_int_equal(rig.status, 202);
}

/* --- what no job can be made of ------------------------------- */

static void
what_no_job_can_carry_is_refused_here(void **state)
{
	static const struct {
		struct asks a;
		const char *type;
		const char *named;
	} cases[] = {
	    {{.name = "X-Amzn-SageMaker-Target-Model", .value = "m"},
		"ValidationError", "not known"},
	    {{.name = "X-Amzn-SageMaker-InputLocation", .value = "s3://b/k"},
		"ValidationError", "mutually exclusive"},
	    {{.name = "X-Amzn-SageMaker-RequestTTLSeconds", .value = "1h"},
		"SerializationException", "Integer"},
	    {{.name = "X-Amzn-SageMaker-InvocationTimeoutSeconds",
		 .value = "0"},
		"ValidationError", "'invocationTimeoutSeconds'"},
	    {{.name = "X-Amzn-SageMaker-Inference-Id", .value = ""},
		"ValidationError", "'inferenceId'"},
	    {{.name = "X-Amzn-SageMaker-Accept", .value = "\xc3\xa9"},
		"ValidationError", "'accept'"},
	    {{.path = "/endpoints/%2e%2e/async-invocations"}, "ValidationError",
		"'endpointName'"},
	    {{.path = "/endpoints/a%0ab/async-invocations"}, "ValidationError",
		"'endpointName'"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		ask(cases[i].a);
		must_refuse(400, cases[i].type, cases[i].named);
	}
	assert_int_equal(rig_jobs(), 0);
	assert_int_equal(rig.accepted, 0);
}

static void
other_operations_are_told_what_is_taken(void **state)
{
	static const char *const paths[] = {
	    "/",
	    "/endpoints/up/invocations",
	    "/endpoints/up/async-invocations/",
	    "/endpoints//async-invocations",
	    "/endpoints/up/x/async-invocations",
	    "/endpoints/up%00/async-invocations",
	    PATH_UP "?x=1",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(paths); i++) {
		ask((struct asks){.path = paths[i]});
		must_refuse(
		    404, "UnknownOperationException", "InvokeEndpointAsync");
	}
	ask_raw("GET " PATH_UP " HTTP/1.1\r\nHost: g\r\n\r\n");
	must_refuse(404, "UnknownOperationException", "");
	/* What the server refuses by itself is in AWS's shape, too. */
	ask((struct asks){.path = "/endpoints/up%zz/async-invocations"});
	must_refuse(400, "ValidationError", "plain path");
}

static void
a_large_body_needs_a_place(void **state)
{
	size_t len = GATEWAY_PASSED_MAX + 1;
	char *body = xcalloc(1, len + 1);
	struct buf metrics;

	(void)state;
	memset(body, 'x', len);
	ask((struct asks){
	    .body = body, .path = "/endpoints/told/async-invocations"});
	must_refuse(400, "ValidationError", "less than or equal to 128000");
	/* What is not that large is for SageMaker to refuse. */
	ask((struct asks){.body = body,
	    .len = 200000,
	    .path = "/endpoints/told/async-invocations"});
	assert_int_equal(rig.status, 202);
	assert_int_equal(rig.accepted, 1);
	free(body);
	buf_init(&metrics, 65536);
	gateway_write_metrics(gateway, &metrics);
	assert_non_null(strstr(metrics.data,
	    "awaitd_gateway_requests_total{code=\"400\",result=\"invalid\"} "
	    "1\n"));
	assert_non_null(strstr(metrics.data,
	    "awaitd_gateway_requests_total{code=\"202\",result=\"accepted\"} "
	    "1\n"));
	buf_done(&metrics);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(what_is_accepted_is_a_job),
	    CASE(the_services_answer_is_passed_on_as_it_is),
	    CASE(that_awaitds_own_keys_are_refused_is_not_passed_on),
	    CASE(a_retry_joins_what_is_under_way),
	    CASE(two_at_the_same_time_are_one_job),
	    CASE(a_retry_of_what_was_accepted_is_told_the_same),
	    CASE(whatever_differs_is_another_request),
	    CASE(of_whom_left_a_refused_request_leaves_nothing),
	    CASE(of_whom_left_an_accepted_one_goes_on),
	    CASE(who_waits_too_long_is_told_that_it_goes_on),
	    CASE(what_is_not_on_disk_yet_is_not_said_to_go_on),
	    CASE(what_was_let_go_of_and_refused_is_told_as_ended),
	    CASE(a_doubt_says_so_and_a_retry_attaches),
	    CASE(who_waits_while_the_service_stops_is_told),
	    CASE(while_nothing_can_be_written_nothing_is_taken),
	    CASE(who_does_not_sign_rightly_is_refused),
	    CASE(a_stranger_fills_no_disk),
	    CASE(keys_are_read_anew_and_a_bad_file_changes_nothing),
	    CASE(what_no_job_can_carry_is_refused_here),
	    CASE(other_operations_are_told_what_is_taken),
	    CASE(a_large_body_needs_a_place),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
