/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v1/jobs: both forms, what they refuse and by which name, keys, and
 * that nothing is left of a request that was not answered with 201.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/sagemaker.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/support/api_rig.h"

#define SIMPLE "{\"endpoint\":\"up\",\"body\":\"x\"}"
#define POST "POST /v1/jobs HTTP/1.1\r\nHost: h\r\n"
#define RAW "Awaitd-Endpoint: up\r\n"

static void
post_raw(const char *fields, const void *body, size_t len)
{
	rig_ask("POST", "/v1/jobs", fields, body, len);
}

/* So many bytes of whatever. The caller's. */
static char *
bytes(size_t n)
{
	char *b = xmalloc(n + 1);
	size_t i;

	for (i = 0; i < n; i++)
		b[i] = (char)('a' + i % 23);
	b[n] = '\0';
	return b;
}

static struct job *found;

static void
on_job(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	assert_null(err);
	assert_int_equal(n, 1);
	found = jobs[0];
	*(bool *)arg = true;
}

static bool
is_done(void *arg)
{
	return *(bool *)arg;
}

/* The job of the last answer, as it is on disk. The caller's. */
static struct job *
stored(void)
{
	bool done = false;

	assert_int_equal(rig.status, 201);
	store_find(rig.s.store, rig_str("job"), true, on_job, &done);
	rig_until(is_done, &done);
	return found;
}

/* Nothing is left of what was refused. */
static void
nothing_is_left(void)
{
	assert_int_equal(rig_jobs(), 0);
	assert_int_equal(rig_files(".input"), 0);
}

/* --- JSON ----------------------------------------------------------- */

static void
a_job_in_json_is_on_disk_when_it_is_answered(void **state)
{
	struct job *job;
	char *place;

	(void)state;
	rig_post_json("",
	    "{\"endpoint\":\"up\",\"body_base64\":\"AAEC\",\"accept\":\"a/b\","
	    "\"request_ttl_s\":60,\"filename\":\"f.out\"}");
	job = stored();
	place = xasprintf("/v1/jobs/%s", job->id);
	assert_string_equal(rig_field("Location"), place);
	assert_string_equal(job->spec.endpoint, "up");
	assert_string_equal(job->spec.accept, "a/b");
	assert_string_equal(job->spec.filename, "f.out");
	assert_string_equal(job->spec.region, "us-east-1");
	assert_int_equal(job->spec.request_ttl_s, 60);
	assert_int_equal(job->spec.input, INPUT_BODY);
	assert_int_equal(job->spec.body_len, 3);
	assert_memory_equal(job->spec.body, "\0\1\2", 3);
	assert_null(job->spec.deliver);
	free(place);
	job_free(job);
}

static void
a_location_is_passed_on(void **state)
{
	struct job *job;

	(void)state;
	rig_post_json(
	    "", "{\"endpoint\":\"up\",\"input_location\":\"s3://b/k\"}");
	job = stored();
	assert_int_equal(job->spec.input, INPUT_LOCATION);
	assert_string_equal(job->spec.input_location, "s3://b/k");
	job_free(job);
}

static void
targets_are_those_asked_for_or_of_the_section(void **state)
{
	static const struct {
		const char *json, *deliver;
	} cases[] = {
	    {"{\"endpoint\":\"told\",\"body\":\"x\"}", "webhook hook"},
	    {"{\"endpoint\":\"told\",\"body\":\"x\",\"deliver\":[]}", NULL},
	    {"{\"endpoint\":\"told\",\"body\":\"x\","
	     "\"deliver\":[\"exec tool\",\"webhook hook\"]}",
		"exec tool, webhook hook"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct job *job;

		rig_post_json("", cases[i].json);
		job = stored();
		if (cases[i].deliver == NULL)
			assert_null(job->spec.deliver);
		else
			assert_string_equal(
			    job->spec.deliver, cases[i].deliver);
		job_free(job);
	}
}

static const struct {
	const char *body;
	int status;
	const char *code;
	const char *named;
} bad_json[] = {
    {"", 400, "bad_json", ""},
    {"{\"endpoint\":", 400, "bad_json", "byte"},
    {SIMPLE SIMPLE, 400, "bad_json", "behind"},
    {"{\"endpoint\":\"up\",\"endpoint\":\"up\",\"body\":\"x\"}", 400,
	"bad_json", "twice"},
    {"{\"endpoint\":\"up\",\"body\":\"\xff\"}", 400, "bad_json", "UTF-8"},
    {"{\"endpoint\":\"up\",\"bodi\":\"x\"}", 400, "unknown_member",
	"Did you mean \\\"body\\\"?"},
    {"{\"endpoint\":7,\"body\":\"x\"}", 400, "bad_member", "endpoint"},
    {"{\"endpoint\":\"up\"}", 400, "bad_member", "input"},
    {"{\"endpoint\":\"up\",\"body\":\"x\",\"deliver\":[\"webhook hok\"]}", 400,
	"bad_member", "Did you mean \\\"webhook hook\\\"?"},
    {"{\"endpoint\":\"up\",\"body\":\"x\",\"deliver\":[\"pigeon\"]}", 400,
	"bad_member", "webhook hook, exec tool"},
    {"{\"endpoint\":\"u p\",\"body\":\"x\"}", 422, "invalid_request",
	"EndpointName"},
    {"{\"endpoint\":\"up\",\"body\":\"x\",\"request_ttl_s\":59}", 422,
	"invalid_request", "RequestTTLSeconds"},
    {"{\"endpoint\":\"up\",\"body\":\"x\",\"accept\":\"\xc3\xa4\"}", 422,
	"invalid_request", "Accept"},
    {"{\"endpoint\":\"up\",\"input_location\":\"/etc/passwd\"}", 422,
	"invalid_request", "InputLocation"},
};

static void
what_is_wrong_is_named_and_nothing_stored(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad_json); i++) {
		rig_post_json("", bad_json[i].body);
		rig_problem(
		    bad_json[i].status, bad_json[i].code, bad_json[i].named);
	}
	nothing_is_left();
}

static void
json_that_is_too_deep_is_refused(void **state)
{
	char *deep = xmalloc(100001);

	(void)state;
	memset(deep, '[', 100000);
	deep[100000] = '\0';
	rig_post_json("", deep);
	rig_problem(400, "bad_json", "deep");
	free(deep);
	nothing_is_left();
}

static void
json_has_its_type_and_its_size(void **state)
{
	char *big = bytes(256 * 1024 + 1);

	(void)state;
	rig_post("/v1/jobs", "", SIMPLE);
	rig_problem(415, "unsupported_media_type", "");
	rig_post("/v1/jobs", "Content-Type: text/plain\r\n", SIMPLE);
	rig_problem(415, "unsupported_media_type", "");
	rig_post("/v1/jobs", "Content-Type: application/jsonx\r\n", SIMPLE);
	rig_problem(415, "unsupported_media_type", "");
	rig_post_json("Content-Type: application/json\r\n", SIMPLE);
	rig_problem(415, "unsupported_media_type", "");
	rig_post_json("", big);
	rig_problem(413, "too_large", "Awaitd-Endpoint");
	nothing_is_left();
	rig_post("/v1/jobs",
	    "Content-Type: Application/JSON; charset=utf-8\r\n", SIMPLE);
	assert_int_equal(rig.status, 201);
	free(big);
}

static void
json_in_chunks_has_the_same_limit(void **state)
{
	struct peer *p = peer_new(false);
	char *big = bytes(65536);
	int i;

	(void)state;
	peer_puts(p,
	    "POST /v1/jobs HTTP/1.1\r\nHost: h\r\nContent-Type: "
	    "application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (i = 0; i < 5; i++) {
		peer_puts(p, "10000\r\n");
		peer_send(p, big, 65536);
		peer_puts(p, "\r\n");
	}
	assert_true(peer_reply(p, false));
	rig_problem(413, "too_large", "");
	peer_free(p);
	free(big);
	nothing_is_left();
}

static void
fields_without_an_endpoint_are_not_lost_in_silence(void **state)
{
	(void)state;
	rig_post_json("Awaitd-Deliver: webhook hook\r\n", SIMPLE);
	rig_problem(400, "bad_parameter", "Awaitd-Deliver");
	nothing_is_left();
}

static void
a_body_in_json_may_be_too_large_to_go_inline(void **state)
{
	char *big = bytes(SAGEMAKER_BODY_MAX + 1);
	char *up = xasprintf("{\"endpoint\":\"up\",\"body\":\"%s\"}", big);
	char *bare = xasprintf("{\"endpoint\":\"bare\",\"body\":\"%s\"}", big);
	struct job *job;

	(void)state;
	rig_post_json("", bare);
	rig_problem(422, "invalid_request", "input_prefix");
	nothing_is_left();
	rig_post_json("", up);
	job = stored();
	assert_int_equal(job->spec.input, INPUT_FILE);
	assert_int_equal(job->spec.input_size, SAGEMAKER_BODY_MAX + 1);
	job_free(job);
	free(up);
	free(bare);
	free(big);
}

/* --- raw ------------------------------------------------------------ */

static void
a_small_input_goes_inline(void **state)
{
	char *most = bytes(SAGEMAKER_BODY_MAX);
	struct job *job;

	(void)state;
	post_raw("Awaitd-Endpoint: up\r\nContent-Type: image/png\r\n"
		 "Awaitd-Deliver: exec tool\r\n",
	    most, SAGEMAKER_BODY_MAX);
	job = stored();
	assert_int_equal(job->spec.input, INPUT_BODY);
	assert_int_equal(job->spec.body_len, SAGEMAKER_BODY_MAX);
	assert_memory_equal(job->spec.body, most, SAGEMAKER_BODY_MAX);
	assert_string_equal(job->spec.content_type, "image/png");
	assert_string_equal(job->spec.deliver, "exec tool");
	assert_int_equal(rig_files(".input"), 0);
	job_free(job);
	free(most);
}

static void
check_file(const struct job *job, const char *want, size_t len)
{
	char *name = xasprintf("%s/%s.input", rig.dir, job->id);
	char *place = xasprintf("s3://bucket/in/%s", job->id);
	char digest[HASH_SHA256_HEX_SIZE], *got = xmalloc(len + 1);
	FILE *f = fopen(name, "r");
	struct stat st;

	assert_int_equal(job->spec.input, INPUT_FILE);
	assert_string_equal(job->spec.input_path, name);
	assert_string_equal(job->spec.input_location, place);
	assert_true(job->spec.input_spooled);
	assert_int_equal(job->spec.input_size, len);
	hash_sha256_hex(want, len, digest);
	assert_string_equal(job->spec.input_sha256, digest);
	assert_non_null(f);
	assert_int_equal(fread(got, 1, len + 1, f), len);
	assert_memory_equal(got, want, len);
	assert_int_equal(fstat(fileno(f), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	fclose(f);
	free(got);
	free(place);
	free(name);
}

static void
a_large_input_goes_to_a_file_of_the_folder(void **state)
{
	static const size_t sizes[] = {SAGEMAKER_BODY_MAX + 1, 3000000, 1, 0};
	static const char *const fields[] = {RAW, RAW,
	    "Awaitd-Endpoint: never\r\n", "Awaitd-Endpoint: never\r\n"};
	char *big = bytes(3000000);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		struct job *job;

		post_raw(fields[i], big, sizes[i]);
		job = stored();
		check_file(job, big, sizes[i]);
		assert_int_equal(rig_files(".input"), i + 1);
		job_free(job);
	}
	free(big);
}

/* Chunks tell no length before they are there. */
static void
an_input_in_chunks_finds_its_way(void **state)
{
	char *big = bytes(200000);
	size_t at;
	struct peer *p = peer_new(false);
	struct job *job;

	(void)state;
	peer_puts(p,
	    "POST /v1/jobs HTTP/1.1\r\nHost: h\r\n" RAW
	    "Transfer-Encoding: chunked\r\n\r\n");
	for (at = 0; at < 200000; at += 50000) {
		peer_puts(p, "c350\r\n");
		peer_send(p, big + at, 50000);
		peer_puts(p, "\r\n");
	}
	peer_puts(p, "0\r\n\r\n");
	assert_true(peer_reply(p, false));
	job = stored();
	check_file(job, big, 200000);
	job_free(job);
	peer_free(p);
	p = peer_new(false);
	peer_puts(p,
	    "POST /v1/jobs HTTP/1.1\r\nHost: h\r\n" RAW
	    "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
	    "0\r\n\r\n");
	assert_true(peer_reply(p, false));
	job = stored();
	assert_int_equal(job->spec.input, INPUT_BODY);
	assert_memory_equal(job->spec.body, "abc", 3);
	job_free(job);
	peer_free(p);
	free(big);
}

/* However long that takes: lists are read by id, and nothing is to be added
 * behind a reader's back. */
static void
a_job_begins_when_its_input_is_there(void **state)
{
	struct peer *p = peer_new(false);
	char *meanwhile;

	(void)state;
	peer_puts(p, POST RAW "Content-Length: 6\r\n\r\nabc");
	rig_post_json("", SIMPLE);
	meanwhile = xstrdup(rig_str("job"));
	peer_puts(p, "def");
	assert_true(peer_reply(p, false));
	assert_int_equal(rig.status, 201);
	assert_true(strcmp(rig_str("job"), meanwhile) > 0);
	peer_free(p);
	free(meanwhile);
}

/* Before a byte of the input is sent, as far as that can be known. */
static void
an_input_without_a_way_is_refused_before_it_comes(void **state)
{
	static const char *const heads[] = {
	    "Awaitd-Endpoint: bare\r\nContent-Length: 128001\r\n",
	    "Awaitd-Endpoint: bare\r\nContent-Length: 0\r\n",
	    "Awaitd-Endpoint: u p\r\nContent-Length: 128001\r\n",
	    RAW "Awaitd-Filename: a.b.c\r\nContent-Length: 128001\r\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(heads); i++) {
		struct peer *p = peer_new(false);
		char *text = xasprintf(
		    "POST /v1/jobs HTTP/1.1\r\nHost: h\r\n%s\r\n", heads[i]);

		peer_puts(p, text);
		assert_true(peer_reply(p, false));
		rig_problem(422, "invalid_request", "");
		peer_free(p);
		free(text);
	}
	nothing_is_left();
}

static void
chunks_that_grow_beyond_the_way_are_refused(void **state)
{
	struct peer *p = peer_new(false);
	char *big = bytes(128001);

	(void)state;
	peer_puts(p,
	    "POST /v1/jobs HTTP/1.1\r\nHost: h\r\n"
	    "Awaitd-Endpoint: bare\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n1f401\r\n");
	peer_send(p, big, 128001);
	assert_true(peer_reply(p, false));
	rig_problem(422, "invalid_request", "input_prefix");
	peer_free(p);
	p = peer_new(false);
	peer_puts(p,
	    "POST /v1/jobs HTTP/1.1\r\nHost: h\r\n"
	    "Awaitd-Endpoint: bare\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
	assert_true(peer_reply(p, false));
	rig_problem(422, "invalid_request", "empty");
	peer_free(p);
	free(big);
	nothing_is_left();
}

static void
an_input_has_at_most_a_gibibyte(void **state)
{
	struct peer *p = peer_new(false);

	(void)state;
	peer_puts(p,
	    "POST /v1/jobs HTTP/1.1\r\nHost: h\r\n" RAW
	    "Content-Length: 1073741825\r\n\r\n");
	assert_true(peer_reply(p, false));
	rig_problem(413, "too_large", "1073741824");
	peer_free(p);
	nothing_is_left();
}

static void
a_field_that_is_wrong_is_named(void **state)
{
	(void)state;
	post_raw(RAW "Awaitd-Acept: x\r\n", "x", 1);
	rig_problem(
	    400, "bad_parameter", "Did you mean \\\"Awaitd-Accept\\\"?");
	post_raw(RAW "Awaitd-Deliver: exec toll\r\n", "x", 1);
	rig_problem(400, "bad_parameter", "exec tool");
	post_raw("Awaitd-Endpoint: \r\n", "x", 1);
	rig_problem(400, "bad_parameter", "Awaitd-Endpoint");
	nothing_is_left();
}

static bool
nobody_is_connected(void *arg)
{
	(void)arg;
	return http_server_connections(rig.unix_server) == 0;
}

static bool
a_file_is_there(void *arg)
{
	(void)arg;
	return rig_files(".input") > 0;
}

static void
who_leaves_in_the_middle_leaves_nothing(void **state)
{
	char *big = bytes(1000000);
	struct peer *p = peer_new(false);

	(void)state;
	peer_puts(p,
	    "POST /v1/jobs HTTP/1.1\r\nHost: h\r\n" RAW
	    "Content-Length: 2000000\r\n\r\n");
	peer_send(p, big, 1000000);
	rig_until(a_file_is_there, NULL);
	peer_free(p);
	rig_until(nobody_is_connected, NULL);
	nothing_is_left();
	free(big);
}

static void
a_framing_that_breaks_leaves_nothing(void **state)
{
	char *big = bytes(200000);
	struct peer *p = peer_new(false);

	(void)state;
	peer_puts(p,
	    "POST /v1/jobs HTTP/1.1\r\nHost: h\r\n" RAW
	    "Transfer-Encoding: chunked\r\n\r\n30d40\r\n");
	peer_send(p, big, 200000);
	peer_puts(p, "\r\nnonsense\r\n");
	assert_true(peer_reply(p, false));
	rig_problem(400, "bad_request", "");
	peer_free(p);
	nothing_is_left();
	free(big);
}

static void
a_disk_that_is_full_leaves_nothing(void **state)
{
	struct rlimit was, is = {500000, RLIM_INFINITY};
	char *big = bytes(1000000);

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	is.rlim_max = was.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &is), 0);
	post_raw(RAW, big, 1000000);
	setrlimit(RLIMIT_FSIZE, &was);
	signal(SIGXFSZ, SIG_DFL);
	rig_problem(507, "no_space", "");
	nothing_is_left();
	free(big);
}

/* --- keys ----------------------------------------------------------- */

#define KEY "Idempotency-Key: my key\r\n"

static void
a_key_makes_one_job(void **state)
{
	char *first;

	(void)state;
	rig_post_json(KEY, SIMPLE);
	assert_int_equal(rig.status, 201);
	first = xstrdup(rig_str("job"));
	rig_post_json(KEY, SIMPLE);
	assert_int_equal(rig.status, 200);
	assert_string_equal(rig_str("job"), first);
	rig_post_json(KEY, "{\"endpoint\":\"up\",\"body\":\"y\"}");
	rig_problem(409, "idempotency_key_reused", first);
	rig_post_json("Idempotency-Key: other\r\n", SIMPLE);
	assert_int_equal(rig.status, 201);
	assert_int_equal(rig_jobs(), 2);
	free(first);
}

static void
a_key_holds_for_inputs_in_files(void **state)
{
	char *big = bytes(300000), *first;

	(void)state;
	post_raw(RAW KEY, big, 300000);
	assert_int_equal(rig.status, 201);
	first = xstrdup(rig_str("job"));
	post_raw(RAW KEY, big, 300000);
	assert_int_equal(rig.status, 200);
	assert_string_equal(rig_str("job"), first);
	big[299999] ^= 1;
	post_raw(RAW KEY, big, 300000);
	rig_problem(409, "idempotency_key_reused", first);
	assert_int_equal(rig_jobs(), 1);
	assert_int_equal(rig_files(".input"), 1);
	free(first);
	free(big);
}

/* All of them look before any of them has written. */
static void
a_key_makes_one_job_of_many_at_the_same_time(void **state)
{
	struct peer *peers[8];
	char *id = NULL;
	int created = 0;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(peers); i++) {
		peers[i] = peer_new(false);
		peer_puts(peers[i],
		    "POST /v1/jobs HTTP/1.1\r\nHost: h\r\n" KEY
		    "Awaitd-Endpoint: never\r\nContent-Length: 3\r\n\r\nabc");
	}
	for (i = 0; i < ARRAY_LEN(peers); i++) {
		assert_true(peer_reply(peers[i], false));
		assert_true(rig.status == 200 || rig.status == 201);
		created += rig.status == 201;
		if (id == NULL)
			id = xstrdup(rig_str("job"));
		assert_string_equal(rig_str("job"), id);
		peer_free(peers[i]);
	}
	assert_int_equal(created, 1);
	assert_int_equal(rig_jobs(), 1);
	assert_int_equal(rig_files(".input"), 1);
	free(id);
}

static void
a_key_is_printable_and_not_too_long(void **state)
{
	char key[400];

	(void)state;
	rig_post_json("Idempotency-Key: \r\n", SIMPLE);
	rig_problem(400, "bad_parameter", "Idempotency-Key");
	rig_post_json("Idempotency-Key: a\tb\r\n", SIMPLE);
	rig_problem(400, "bad_parameter", "Idempotency-Key");
	rig_post_json("Idempotency-Key: \xc3\xa4\r\n", SIMPLE);
	rig_problem(400, "bad_parameter", "Idempotency-Key");
	rig_post_json(KEY KEY, SIMPLE);
	rig_problem(400, "bad_parameter", "Idempotency-Key");
	snprintf(key, sizeof(key), "Idempotency-Key: %0256d\r\n", 0);
	rig_post_json(key, SIMPLE);
	rig_problem(400, "bad_parameter", "255");
	nothing_is_left();
	snprintf(key, sizeof(key), "Idempotency-Key: %0255d\r\n", 0);
	rig_post_json(key, SIMPLE);
	assert_int_equal(rig.status, 201);
}

#define JSON "Content-Type: application/json\r\n"
#define THIRTY "{\"endpoint\":\"up\",\"body\":\"abc\"}"

/* --- leaving at any moment ------------------------------------------ */

static void
who_leaves_at_any_moment_frees_all(void **state)
{
	static const char *const requests[] = {
	    POST KEY JSON "Content-Length: 30\r\n\r\n",
	    POST KEY JSON "Content-Length: 30\r\n\r\n" THIRTY,
	    POST "Awaitd-Endpoint: never\r\nContent-Length: 3\r\n\r\nabc",
	    "GET /v1/jobs HTTP/1.1\r\nHost: h\r\n\r\n",
	    "GET /v1/deliveries HTTP/1.1\r\nHost: h\r\n\r\n",
	};
	size_t i, turns;

	(void)state;
	for (i = 0; i < ARRAY_LEN(requests); i++) {
		for (turns = 0; turns < 6; turns++) {
			struct peer *p = peer_new(false);
			size_t k;

			peer_puts(p, requests[i]);
			for (k = 0; k < turns; k++)
				peer_has_reply(p);
			for (k = 0; k < turns; k++)
				rig_turn();
			peer_free(p);
			rig_until(nobody_is_connected, NULL);
		}
	}
	rig_store_idle();
	/* Those that came that far are whole jobs. */
	assert_true(rig_files(".input") <= rig_jobs());
}

/* In whatever order a service ends, what is under way is freed. */
static void
an_api_that_ends_first_forgets_who_asked(void **state)
{
	struct peer *peers[40];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(peers); i++) {
		peers[i] = peer_new(false);
		if (i % 2 == 0)
			peer_puts(peers[i],
			    POST JSON "Content-Length: 30\r\n\r\n" THIRTY);
		else
			peer_puts(peers[i],
			    "GET /v1/jobs HTTP/1.1\r\nHost: h\r\n\r\n");
	}
	rig_turn();
	rig_end_api();
	rig_store_idle();
	for (i = 0; i < ARRAY_LEN(peers); i++)
		peer_free(peers[i]);
}

int
main(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, api_rig_setup, api_rig_teardown)
	const struct CMUnitTest tests[] = {
	    T(a_job_in_json_is_on_disk_when_it_is_answered),
	    T(a_location_is_passed_on),
	    T(targets_are_those_asked_for_or_of_the_section),
	    T(what_is_wrong_is_named_and_nothing_stored),
	    T(json_that_is_too_deep_is_refused),
	    T(json_has_its_type_and_its_size),
	    T(json_in_chunks_has_the_same_limit),
	    T(fields_without_an_endpoint_are_not_lost_in_silence),
	    T(a_body_in_json_may_be_too_large_to_go_inline),
	    T(a_small_input_goes_inline),
	    T(a_large_input_goes_to_a_file_of_the_folder),
	    T(an_input_in_chunks_finds_its_way),
	    T(a_job_begins_when_its_input_is_there),
	    T(an_input_without_a_way_is_refused_before_it_comes),
	    T(chunks_that_grow_beyond_the_way_are_refused),
	    T(an_input_has_at_most_a_gibibyte),
	    T(a_field_that_is_wrong_is_named),
	    T(who_leaves_in_the_middle_leaves_nothing),
	    T(a_framing_that_breaks_leaves_nothing),
	    T(a_disk_that_is_full_leaves_nothing),
	    T(a_key_makes_one_job),
	    T(a_key_holds_for_inputs_in_files),
	    T(a_key_makes_one_job_of_many_at_the_same_time),
	    T(a_key_is_printable_and_not_too_long),
	    T(who_leaves_at_any_moment_frees_all),
	    T(an_api_that_ends_first_forgets_who_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
