/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs, results, lists and deliveries as commands ask a service for them. */
#include "cmd/remote.h"
#include "cmd/remote_bulk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "api_fixture.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "job/jobjson.h"

/* --- one job -------------------------------------------------------- */

static void
a_job_is_what_the_service_says(void **state)
{
	struct job *job;

	(void)state;
	fx_serve_job(200, JOB_PENDING);
	assert_int_equal(remote_find(&fx.app, JOB, &job, &fx.err), 0);
	assert_string_equal(job->id, JOB);
	assert_string_equal(job->spec.endpoint, "ocr");
	assert_int_equal(job->state, JOB_PENDING);
	job_free(job);
	fx_must_have_asked(
	    0, "GET /v1/jobs/" JOB " HTTP/1.1\r\nHost: awaitd\r\n");
}

static void
cancel_and_retry_are_asked_once(void **state)
{
	struct job *job;

	(void)state;
	fx_serve_job(200, JOB_DONE);
	assert_int_equal(remote_cancel(&fx.app, JOB, &job, &fx.err), 0);
	job_free(job);
	/* A retry tells of a new job, whatever its id. */
	assert_int_equal(remote_retry(&fx.app, JOB2, &job, &fx.err), 0);
	assert_string_equal(job->id, JOB);
	job_free(job);
	fx_must_have_asked(0, "POST /v1/jobs/" JOB "/cancel ");
	fx_must_have_asked(1, "POST /v1/jobs/" JOB2 "/retry ");
	fx_stop();
	SERVE({0});
	assert_int_equal(remote_retry(&fx.app, JOB, &job, &fx.err), -1);
	assert_int_equal(fx.err.code, ERR_NET);
	assert_int_equal(api_peer_requests(fx.peer), 1);
}

/* curl would ask again by itself, over another connection. */
static void
a_kept_connection_that_dies_is_not_tried_again(void **state)
{
	char *json = fx_job_json(JOB, JOB_DONE);
	const struct said said[] = {
	    SAY(200, JSON, json), {0}, SAY(200, JSON, json)};
	struct job *job;

	(void)state;
	fx_serve(said, ARRAY_LEN(said));
	assert_int_equal(remote_find(&fx.app, JOB, &job, &fx.err), 0);
	job_free(job);
	assert_int_equal(remote_retry(&fx.app, JOB, &job, &fx.err), -1);
	assert_int_equal(fx.err.code, ERR_NET);
	assert_int_equal(api_peer_requests(fx.peer), 2);
	free(json);
}

/* --- handing in ----------------------------------------------------- */

static int
submit(const char *body, struct job **out)
{
	struct headers headers;
	struct client_request r = {
	    .method = "POST",
	    .path = "/v1/jobs",
	    .headers = &headers,
	    .body = body,
	    .body_len = strlen(body),
	};
	int rc;

	headers_init(&headers);
	headers_add(&headers, "Awaitd-Endpoint", "ocr");
	headers_add(&headers, "Awaitd-Deliver", "");
	rc = remote_submit(&fx.app, &r, out, &fx.err);
	headers_done(&headers);
	return rc;
}

/* The caller's. */
static char *
key_of(unsigned n)
{
	char *request = api_peer_request(fx.peer, n), *key;

	key = strcasestr(request, "\r\nIdempotency-Key: ");
	assert_non_null(key);
	key = xstrndup(key + 19, strcspn(key + 19, "\r"));
	assert_int_equal(strlen(key), 36);
	free(request);
	return key;
}

static void
a_broken_connection_is_tried_once_more_under_the_same_key(void **state)
{
	struct said said[2] = {{0}, {.status = 201, .type = JSON}};
	char *json = fx_job_json(JOB, JOB_QUEUED), *first, *second;
	struct job *job;

	(void)state;
	said[1].body = json;
	fx_serve(said, 2);
	assert_int_equal(submit("page", &job), 0);
	assert_string_equal(job->id, JOB);
	job_free(job);
	first = key_of(0);
	second = key_of(1);
	assert_string_equal(first, second);
	free(second);
	/* Another job has another key. */
	assert_int_equal(submit("page", &job), 0);
	job_free(job);
	second = key_of(2);
	assert_string_not_equal(first, second);
	free(first);
	free(second);
	free(json);
}

static void
what_was_refused_or_never_sent_is_not_tried_again(void **state)
{
	struct job *job;

	(void)state;
	SERVE({0});
	assert_int_equal(submit("page", &job), -1);
	assert_int_equal(fx.err.code, ERR_NET);
	assert_int_equal(api_peer_requests(fx.peer), 2);
	fx_stop();
	SERVE(SAY(
	    422, PROBLEM, "{\"code\":\"invalid_request\",\"detail\":\"no\"}"));
	assert_int_equal(submit("page", &job), -1);
	assert_int_equal(fx.err.code, ERR_USAGE);
	assert_int_equal(api_peer_requests(fx.peer), 1);
	fx_stop();
	SERVE(SAY(201, "text/plain", "fine"));
	assert_int_equal(submit("page", &job), -1);
	assert_int_equal(fx.err.code, ERR_PROTOCOL);
	assert_int_equal(api_peer_requests(fx.peer), 1);
}

static void
a_file_is_streamed_as_it_is(void **state)
{
	size_t len = (size_t)3 << 20, i;
	unsigned char *data = xmalloc(len);
	struct headers headers;
	struct client_request r = {
	    .method = "POST",
	    .path = "/v1/jobs",
	    .headers = &headers,
	    .file_len = (int64_t)len,
	};
	struct job *job;
	char *request, *body;

	(void)state;
	for (i = 0; i < len; i++)
		data[i] = (unsigned char)(i % 255 + 1);
	if (file_write_atomic(fx.file, data, len, 0600, &fx.err) == -1)
		fail_msg("%s", fx.err.text);
	fx_serve_job(201, JOB_QUEUED);
	headers_init(&headers);
	r.body_fd = open(fx.file, O_RDONLY | O_CLOEXEC);
	assert_int_equal(remote_submit(&fx.app, &r, &job, &fx.err), 0);
	headers_done(&headers);
	close(r.body_fd);
	job_free(job);
	request = api_peer_request(fx.peer, 0);
	body = strstr(request, "\r\n\r\n") + 4;
	assert_non_null(strcasestr(request, "Expect: 100-continue"));
	assert_int_equal(strlen(body), len);
	assert_memory_equal(body, data, len);
	free(request);
	free(data);
}

/* --- a result ------------------------------------------------------- */

/* 0 and the bytes in `out`, or -1. */
static int
result(const char *raw, size_t len, int64_t size, struct buf *out)
{
	struct job *job = fx_job(JOB, JOB_DONE, size);
	struct said said = {.body = raw, .len = len};
	struct error none;
	int fd = open(fx.file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
	    rc;

	fx_serve(&said, 1);
	rc = remote_result(&fx.app, job, fd, &fx.err);
	fx_must_have_asked(0, "GET /v1/jobs/" JOB "/result ");
	close(fd);
	buf_init(out, 65536);
	assert_int_equal(file_read(fx.file, out, &none), 0);
	job_free(job);
	fx_stop();
	return rc;
}

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"

static void
a_result_is_the_bytes_that_came(void **state)
{
	static const char raw[] =
	    HEAD "ETag: \"e\"\r\nContent-Length: 6\r\n\r\n\0\r\n\377{}";
	struct buf out;

	(void)state;
	assert_int_equal(result(raw, sizeof(raw) - 1, 6, &out), 0);
	assert_int_equal(out.len, 6);
	assert_memory_equal(out.data, "\0\r\n\377{}", 6);
	buf_done(&out);
	assert_int_equal(
	    result(HEAD CHUNKED "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", 0, 3, &out),
	    0);
	assert_string_equal(out.data, "abc");
	buf_done(&out);
	assert_int_equal(
	    result(HEAD "Content-Length: 0\r\n\r\n", 0, 0, &out), 0);
	assert_int_equal(out.len, 0);
	buf_done(&out);
}

static void
a_result_of_another_size_is_refused(void **state)
{
	static const struct {
		const char *raw;
		enum error_code code;
		size_t written; /* at most */
	} cases[] = {
	    /* Said before: then not a byte is written. */
	    {HEAD "Content-Length: 4\r\n\r\nabcd", ERR_PROTOCOL, 0},
	    {HEAD "Content-Length: 6\r\n\r\nabcdef", ERR_PROTOCOL, 0},
	    {HEAD "Content-Length: 0\r\n\r\n", ERR_PROTOCOL, 0},
	    /* Found out. */
	    {HEAD CHUNKED "3\r\nabc\r\n0\r\n\r\n", ERR_PROTOCOL, 3},
	    {HEAD CHUNKED "6\r\nabcdef\r\n0\r\n\r\n", ERR_PROTOCOL, 5},
	    {HEAD "Connection: close\r\n\r\nabc", ERR_PROTOCOL, 3},
	    /* Cut, and then not the rest. */
	    {HEAD "Content-Length: 5\r\n\r\nabc", ERR_PROTOCOL, 3},
	    {HEAD CHUNKED "5\r\nabc", ERR_PROTOCOL, 3},
	    /* Another result. */
	    {HEAD "ETag: \"f\"\r\nContent-Length: 5\r\n\r\nabcde", ERR_PROTOCOL,
		0},
	    {"HTTP/1.1 409 No\r\nContent-Type: " PROBLEM
	     "\r\nContent-Length: 33\r\n\r\n"
	     "{\"code\":\"no_result\",\"detail\":\"n\"}",
		ERR_REFUSED, 0},
	};
	struct buf out;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(result(cases[i].raw, 0, 5, &out), -1);
		if (fx.err.code != cases[i].code || out.len > cases[i].written)
			fail_msg(
			    "case %zu: %s, %zu bytes", i, fx.err.text, out.len);
		buf_done(&out);
	}
}

static void
a_result_that_cannot_be_written_says_why(void **state)
{
	struct job *job = fx_job(JOB, JOB_DONE, 5);
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	SERVE({.body = HEAD "Content-Length: 5\r\n\r\nabcde"});
	assert_int_equal(remote_result(&fx.app, job, fd, &fx.err), -1);
	assert_int_equal(fx.err.code, ERR_IO);
	assert_non_null(strstr(fx.err.text, "No space left"));
	close(fd);
	job_free(job);
}

/* --- lists ---------------------------------------------------------- */

static char listed[1024];

static void
note_job(const struct job *job, void *arg)
{
	size_t len = strlen(listed);

	(void)arg;
	snprintf(listed + len, sizeof(listed) - len, "%s ", job->id);
}

static char *
page(const char *const *ids, size_t n, const char *next)
{
	struct buf b;
	size_t i;
	char *json;

	buf_init(&b, 1 << 20);
	buf_puts(&b, "{\"jobs\":[");
	for (i = 0; i < n; i++) {
		json = fx_job_json(ids[i], JOB_DONE);
		buf_printf(&b, "%s%s", i > 0 ? "," : "", json);
		free(json);
	}
	buf_printf(&b, "]%s%s}", next != NULL ? ",\"next\":" : "",
	    next != NULL ? next : "");
	return buf_take(&b);
}

static struct store_query query; /* of the next list */

static int
list(const struct said *said, size_t n)
{
	int rc;

	listed[0] = '\0';
	error_clear(&fx.err);
	fx_serve(said, n);
	rc = remote_list(&fx.app, &query, note_job, NULL, &fx.err);
	memset(&query, 0, sizeof(query));
	return rc;
}

static void
a_list_goes_on_behind_its_pages(void **state)
{
	static const char *const ids[] = {JOB, JOB2, JOB3};
	char *one = page(ids, 2, "\"" JOB2 "\""), *two = page(ids + 2, 1, NULL);
	const struct said said[] = {SAY(200, JSON, one), SAY(200, JSON, two)};

	(void)state;
	assert_int_equal(list(said, 2), 0);
	assert_string_equal(listed, JOB " " JOB2 " " JOB3 " ");
	fx_must_have_asked(0, "GET /v1/jobs HTTP");
	fx_must_have_asked(1, "GET /v1/jobs?after=" JOB2 " HTTP");
	assert_int_equal(api_peer_requests(fx.peer), 2);
	free(one);
	free(two);
}

static void
what_is_asked_of_jobs_is_encoded(void **state)
{
	static const char *const ids[] = {JOB2, JOB};
	char *one = page(ids, 2, NULL);
	const struct said said[] = {SAY(200, JSON, one)};

	(void)state;
	query.state = "done";
	query.outcome = "failed";
	query.endpoint = "a&b";
	query.tag = "x=1+2";
	query.note = "a b";
	query.since_at = 1000;
	query.until_at = 2000;
	query.newest = true;
	query.limit = 7;
	assert_int_equal(list(said, 1), 0);
	assert_string_equal(listed, JOB2 " " JOB " ");
	fx_must_have_asked(0,
	    "GET /v1/jobs?state=done&outcome=failed&endpoint=a%26b"
	    "&tag=x%3D1%2B2&since=1970-01-01T00%3A00%3A01.000Z"
	    "&until=1970-01-01T00%3A00%3A02.000Z&error=a%20b&order=newest"
	    "&limit=7 HTTP");
	free(one);
}

/* A service may give more than is wanted, or the end may lie in a page. */
static void
a_list_ends_where_enough_was_seen(void **state)
{
	static const char *const ids[] = {JOB, JOB2};
	char *one = page(ids, 2, "\"" JOB2 "\"");
	const struct said said[] = {SAY(200, JSON, one)};

	(void)state;
	query.limit = 1;
	assert_int_equal(list(said, 1), 0);
	assert_string_equal(listed, JOB " ");
	assert_int_equal(api_peer_requests(fx.peer), 1);
	fx_stop();
	query.limit = 2;
	assert_int_equal(list(said, 1), 0);
	assert_string_equal(listed, JOB " " JOB2 " ");
	assert_int_equal(api_peer_requests(fx.peer), 1);
	free(one);
}

static void
a_list_that_would_not_end_is_refused(void **state)
{
	static const char *const up[] = {JOB, JOB2}, *const same[] = {JOB, JOB};
	char *pages[] = {
	    page(up, 2, "\"" JOB2 "\""), /* again and again */
	    page(up, 2, "\"" JOB3 "\""), /* not its own end */
	    page(up, 0, "\"" JOB3 "\""),
	    page(up, 2, "7"),
	    page(up, 2, "null"),
	    page(same, 2, NULL),
	    xstrdup("{\"jobs\":{}}"),
	    xstrdup("{\"jobs\":[1]}"),
	    xstrdup("{\"jobs\":[{}]}"),
	    xstrdup("{}"),
	    xstrdup("[]"),
	};
	struct said said = {200, JSON, NULL, 0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(pages); i++) {
		said.body = pages[i];
		if (list(&said, 1) == 0)
			fail_msg("page %zu was taken", i);
		assert_int_equal(fx.err.code, ERR_PROTOCOL);
		assert_true(api_peer_requests(fx.peer) <= 2);
		fx_stop();
		free(pages[i]);
	}
}

static void
note_delivery(const struct delivery *d, void *arg)
{
	(void)arg;
	snprintf(listed, sizeof(listed), "%s %s", d->job_id, d->target);
}

/* A delivery, or a page of it with a `next`; the caller's. */
static char *
delivery_json(const struct delivery *d, bool paged, const char *next)
{
	struct jsonw w;
	struct buf b;

	buf_init(&b, 65536);
	jsonw_init(&w, &b);
	if (!paged) {
		jobjson_write_delivery(&w, d, true);
		return buf_take(&b);
	}
	jsonw_begin(&w, NULL, '{');
	jsonw_begin(&w, "deliveries", '[');
	jobjson_write_delivery(&w, d, false);
	jsonw_end(&w, ']');
	jsonw_opt(&w, "next", next);
	jsonw_end(&w, '}');
	return buf_take(&b);
}

static struct delivery *
make_delivery(const char *target)
{
	return delivery_new(JOB, target, "inference.completed", 1000);
}

static void
what_is_asked_of_deliveries_is_encoded(void **state)
{
	struct remote_query q = {
	    .state = "dead&x",
	    .target = "webhook a",
	    .job = JOB,
	};
	struct delivery *d = make_delivery("webhook a");
	char *json = delivery_json(d, true, NULL);
	struct said said = SAY(200, JSON, json);

	(void)state;
	fx_serve(&said, 1);
	assert_int_equal(
	    remote_list_deliveries(&fx.app, &q, note_delivery, NULL, &fx.err),
	    0);
	assert_string_equal(listed, JOB " webhook a");
	fx_must_have_asked(0,
	    "GET /v1/deliveries?state=dead%26x&target=webhook%20a&job=" JOB
	    " HTTP");
	delivery_free(d);
	free(json);
}

static void
deliveries_that_would_not_end_are_refused(void **state)
{
	struct remote_query q = {0};
	struct delivery *d = make_delivery("webhook a"),
			*e = make_delivery("webhook b");
	char *ring = delivery_json(d, true, d->id),
	     *gap = delivery_json(d, true, e->id);
	const struct said round = SAY(200, JSON, ring);
	const struct said jump = SAY(200, JSON, gap);

	(void)state;
	fx_serve(&round, 1);
	assert_int_equal(
	    remote_list_deliveries(&fx.app, &q, note_delivery, NULL, &fx.err),
	    -1);
	assert_int_equal(fx.err.code, ERR_PROTOCOL);
	assert_int_equal(api_peer_requests(fx.peer), 2);
	fx_stop();
	fx_serve(&jump, 1);
	assert_int_equal(
	    remote_list_deliveries(&fx.app, &q, note_delivery, NULL, &fx.err),
	    -1);
	assert_int_equal(fx.err.code, ERR_PROTOCOL);
	assert_int_equal(api_peer_requests(fx.peer), 1);
	delivery_free(d);
	delivery_free(e);
	free(ring);
	free(gap);
}

static void
a_delivery_is_the_one_that_was_asked_for(void **state)
{
	struct delivery *d = make_delivery("webhook a"),
			*e = make_delivery("webhook b"), *got;
	char *json = delivery_json(d, false, NULL);
	const struct said said = SAY(200, JSON, json);

	(void)state;
	fx_serve(&said, 1);
	assert_int_equal(
	    remote_find_delivery(&fx.app, d->id, &got, &fx.err), 0);
	assert_string_equal(got->target, "webhook a");
	delivery_free(got);
	assert_int_equal(remote_replay(&fx.app, d->id, &got, &fx.err), 0);
	delivery_free(got);
	fx_must_have_asked(0, "GET /v1/deliveries/msg_");
	fx_must_have_asked(1, "POST /v1/deliveries/msg_");
	assert_int_equal(remote_replay(&fx.app, e->id, &got, &fx.err), -1);
	assert_int_equal(fx.err.code, ERR_PROTOCOL);
	delivery_free(d);
	delivery_free(e);
	free(json);
}

static int
replay_all(
    const struct remote_query *q, bool dry_run, int64_t limit, int64_t *n)
{
	const struct remote_bulk bulk = {
	    .path = "/v1/deliveries/replay",
	    .done = "replayed",
	    .deliveries = q,
	    .dry_run = dry_run,
	    .limit = limit,
	};
	struct remote_bulk_end end;
	int rc = remote_bulk(&fx.app, &bulk, &end, &fx.err);

	*n = end.n;
	return rc;
}

static void
note_id(const char *id, void *arg)
{
	strcat(arg, id);
}

static void
new_jobs_are_told_as_they_come(void **state)
{
	const struct store_query q = {.outcome = "failed", .tag = "a+b"};
	char ids[200] = "";
	const struct remote_bulk bulk = {
	    .path = "/v1/jobs/retry",
	    .done = "retried",
	    .jobs = &q,
	    .again = true,
	    .limit = 6,
	    .made = note_id,
	    .arg = ids,
	};
	struct remote_bulk_end end;

	(void)state;
	SERVE(SAY(200, JSON,
		  "{\"retried\":2,\"skipped\":1,\"jobs\":[\"" JOB "\",\"" JOB2
		  "\"],\"next\":\"" JOB "\"}"),
	    SAY(200, JSON,
		"{\"retried\":1,\"jobs\":[\"" JOB3 "\"],\"next\":\"" JOB2
		"\",\"until\":\"2026-03-04T05:06:07.089Z\"}"),
	    SAY(200, JSON, "{\"retried\":0,\"jobs\":[]}"));
	assert_int_equal(remote_bulk(&fx.app, &bulk, &end, &fx.err), 0);
	assert_int_equal(end.n, 3);
	assert_int_equal(end.skipped, 1);
	assert_string_equal(ids, JOB JOB2 JOB3);
	fx_must_have_asked(0,
	    "POST /v1/jobs/retry?outcome=failed&tag=a%2Bb&limit=6&again=true "
	    "HTTP");
	fx_must_have_asked(1,
	    "POST /v1/jobs/retry?outcome=failed&tag=a%2Bb&limit=3&again=true"
	    "&after=" JOB " HTTP");
	fx_must_have_asked(2,
	    "POST /v1/jobs/retry?outcome=failed&tag=a%2Bb"
	    "&until=2026-03-04T05%3A06%3A07.089Z&limit=2&again=true"
	    "&after=" JOB2 " HTTP");
	fx_stop();
	SERVE(SAY(200, JSON, "{\"retried\":1,\"jobs\":[\"x\"]}"));
	assert_int_equal(remote_bulk(&fx.app, &bulk, &end, &fx.err), -1);
	assert_int_equal(fx.err.code, ERR_PROTOCOL);
}

static void
all_that_match_are_asked_for_piece_by_piece(void **state)
{
	const struct remote_query q = {
	    .state = "dead",
	    .error = "a b&c",
	    .since = "2026-03-04T05:06:07.000Z",
	};
	int64_t n = 0;

	(void)state;
	SERVE(SAY(200, JSON, "{\"replayed\":5000,\"next\":\"msg_" JOB "\"}"),
	    SAY(200, JSON, "{\"replayed\":7}"));
	assert_int_equal(replay_all(&q, false, 0, &n), 0);
	assert_int_equal(n, 5007);
	fx_must_have_asked(0,
	    "POST /v1/deliveries/replay?state=dead&"
	    "since=2026-03-04T05%3A06%3A07.000Z&error=a%20b%26c&"
	    "limit=5000 HTTP");
	fx_must_have_asked(1,
	    "POST /v1/deliveries/replay?state=dead&"
	    "since=2026-03-04T05%3A06%3A07.000Z&error=a%20b%26c&"
	    "limit=5000&after=msg_" JOB " HTTP");
	fx_stop();
	SERVE(SAY(200, JSON, "{\"matched\":10,\"next\":\"msg_" JOB "\"}"));
	assert_int_equal(replay_all(&q, true, 10, &n), 0);
	assert_int_equal(n, 10);
	assert_int_equal(api_peer_requests(fx.peer), 1);
}

static void
who_does_not_say_how_many_is_not_believed(void **state)
{
	static const char *const wrong[] = {
	    "{}",
	    "{\"matched\":1}",
	    "{\"replayed\":-1}",
	    "{\"replayed\":\"1\"}",
	    "{\"replayed\":0,\"next\":\"msg_" JOB "\"}",
	    "{\"replayed\":1,\"next\":\"x\"}",
	};
	const struct remote_query q = {.state = "dead"};
	size_t i;
	int64_t n;

	(void)state;
	for (i = 0; i < ARRAY_LEN(wrong); i++) {
		const struct said said = SAY(200, JSON, wrong[i]);

		fx_serve(&said, 1);
		assert_int_equal(replay_all(&q, false, 0, &n), -1);
		assert_int_equal(fx.err.code, ERR_PROTOCOL);
		assert_int_equal(n, 0);
		fx_stop();
	}
	/* The same place again and again. */
	SERVE(SAY(200, JSON, "{\"replayed\":2,\"next\":\"msg_" JOB "\"}"));
	assert_int_equal(replay_all(&q, false, 0, &n), -1);
	assert_int_equal(fx.err.code, ERR_PROTOCOL);
	assert_int_equal(n, 2);
	assert_int_equal(api_peer_requests(fx.peer), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		a_job_is_what_the_service_says, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		cancel_and_retry_are_asked_once, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_broken_connection_is_tried_once_more_under_the_same_key,
		fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		what_was_refused_or_never_sent_is_not_tried_again, fx_setup,
		fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_file_is_streamed_as_it_is, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_result_is_the_bytes_that_came, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_result_of_another_size_is_refused, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_result_that_cannot_be_written_says_why, fx_setup,
		fx_teardown),
	    cmocka_unit_test_setup_teardown(
		new_jobs_are_told_as_they_come, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_list_goes_on_behind_its_pages, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		what_is_asked_of_jobs_is_encoded, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_list_ends_where_enough_was_seen, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_list_that_would_not_end_is_refused, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_kept_connection_that_dies_is_not_tried_again, fx_setup,
		fx_teardown),
	    cmocka_unit_test_setup_teardown(
		what_is_asked_of_deliveries_is_encoded, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		deliveries_that_would_not_end_are_refused, fx_setup,
		fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_delivery_is_the_one_that_was_asked_for, fx_setup,
		fx_teardown),
	    cmocka_unit_test_setup_teardown(
		all_that_match_are_asked_for_piece_by_piece, fx_setup,
		fx_teardown),
	    cmocka_unit_test_setup_teardown(
		who_does_not_say_how_many_is_not_believed, fx_setup,
		fx_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
