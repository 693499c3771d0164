/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What commands ask of a service and how they take its answers, those included
 * that no service gives. cmd/remote.c is tested here with cmd/client.c.
 */
#include "cmd/client.h"

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

#include "api_peer.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/remote.h"
#include "job/jobjson.h"

#define JOB "01jd2k3m4n5p6q7r8s9t0v1w2x"
#define JOB2 "01jd2k3m4n5p6q7r8s9t0v1w2y"
#define JOB3 "01jd2k3m4n5p6q7r8s9t0v1w2z"
#define JSON "application/json"
#define PROBLEM "application/problem+json"

static struct app app;
static struct cmd_globals globals;
static struct api_peer *peer;
static char dir[64];
static char file[96];
static struct error err;

/* What the peer says to request 0, 1, …; the last one again and again. */
struct said {
	int status; /* 0: `body` is all that is sent, and the end; NULL: only
		       the end */
	const char *type;
	const char *body;
	size_t len; /* of a body with status 0; 0: it is a string */
};
#define SAY(status, type, body)       \
	{                             \
		status, type, body, 0 \
	}
static const struct said *script;
static size_t script_len;

static struct api_reply
play(const char *request, size_t len, unsigned n, void *arg)
{
	const struct said *s =
	    &script[n < script_len ? n : (unsigned)script_len - 1];
	struct api_reply r = {.end = true};

	(void)request;
	(void)len;
	(void)arg;
	if (s->status != 0)
		return api_reply(s->status, s->type, s->body);
	r.len = s->len;
	r.data =
	    s->len != 0 ? xmemdup(s->body, s->len) : xstrdup_or_null(s->body);
	return r;
}

static void
serve(const struct said *said, size_t n)
{
	script = said;
	script_len = n;
	peer = api_peer_start(play, NULL);
	if (client_new(
		app.loop, api_peer_path(peer), NULL, &app.client, &err) == -1)
		fail_msg("%s", err.text);
}
#define SERVE(...)                                                \
	do {                                                      \
		static const struct said said_[] = {__VA_ARGS__}; \
		serve(said_, ARRAY_LEN(said_));                   \
	} while (0)

/* The next peer of the same test. */
static void
stop(void)
{
	client_free(app.client);
	app.client = NULL;
	if (peer != NULL)
		api_peer_stop(peer);
	peer = NULL;
}

static int
setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test-client-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(file, sizeof(file), "%s/file", dir);
	memset(&app, 0, sizeof(app));
	app.globals = &globals;
	app.loop = loop_new();
	error_clear(&err);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	stop();
	loop_free(app.loop);
	unlink(file);
	return rmdir(dir);
}

/* --- whom to ask ---------------------------------------------------- */

static void
what_is_no_address_is_refused(void **state)
{
	static const char *const bad[] = {"", "awaitd.sock",
	    "unix:", "https://host:1", "http://", "http://host:99999",
	    "http://host/v1", "http://host?x", "ftp://x",
	    "http://user:secret@host:1", "host:7071", "none"};
	struct client *c;
	char *path;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(
		    client_new(app.loop, bad[i], NULL, &c, &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
	}
	/* The kernel's structure has room for 107 bytes. */
	path = xasprintf("/%0*d", 107, 1);
	assert_int_equal(client_new(app.loop, path, NULL, &c, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	free(path);
}

static void
an_address_is_known_by_its_form(void **state)
{
	static const char *const good[][2] = {
	    {"unix:/run/awaitd.sock", "unix:/run/awaitd.sock"},
	    {"unix:awaitd.sock", "unix:awaitd.sock"},
	    {"/run/awaitd.sock", "unix:/run/awaitd.sock"},
	    {"./awaitd.sock", "unix:./awaitd.sock"},
	    {"http://127.0.0.1:7071", "http://127.0.0.1:7071"},
	    {"http://[::1]:7071/", "http://[::1]:7071"},
	};
	struct client *c;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(good); i++) {
		if (client_new(app.loop, good[i][0], NULL, &c, &err) == -1)
			fail_msg("%s: %s", good[i][0], err.text);
		assert_string_equal(client_address(c), good[i][1]);
		client_free(c);
	}
}

static int
probe(const char *path)
{
	struct client *c;
	int rc;

	assert_int_equal(client_new(app.loop, path, NULL, &c, &err), 0);
	rc = client_probe(c, &err);
	client_free(c);
	return rc;
}

/* A socket that is bound, and of which nobody accepts. */
static int
bind_socket(void)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(sun.sun_path, file, strlen(file));
	assert_int_equal(
	    bind(fd, (struct sockaddr *)(void *)&sun, sizeof(sun)), 0);
	return fd;
}

static void
a_socket_that_nobody_listens_at_is_no_service(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(probe(file), -1);
	assert_int_equal(err.code, ERR_NET);
	assert_non_null(strstr(err.text, file));
	fd = bind_socket();
	assert_int_equal(probe(file), -1);
	assert_int_equal(err.code, ERR_NET);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(probe(file), 0);
	close(fd);
	assert_int_equal(probe(file), -1);
}

static void
a_socket_of_others_is_told_from_none(void **state)
{
	int fd;

	(void)state;
	if (geteuid() == 0)
		skip(); /* everything is root's; the system test has it */
	fd = bind_socket();
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(chmod(file, 0), 0);
	assert_int_equal(probe(file), -1);
	assert_int_equal(err.code, ERR_AUTH);
	close(fd);
}

/* --- the token ------------------------------------------------------ */

static int
take_token(const char *data, size_t len, const char *address)
{
	struct client *c;
	int rc;

	if (file_write_atomic(file, data, len, 0600, &err) == -1)
		fail_msg("%s", err.text);
	rc = client_new(app.loop, address, file, &c, &err);
	if (rc == 0)
		client_free(c);
	return rc;
}

static void
a_token_is_one_line_of_text(void **state)
{
	static const char tcp[] = "http://127.0.0.1:1";

	(void)state;
	assert_int_equal(take_token("secret\n", 7, tcp), 0);
	assert_int_equal(take_token("secret", 6, tcp), 0);
	assert_int_equal(take_token("", 0, tcp), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_int_equal(take_token("\n", 1, tcp), -1);
	assert_int_equal(take_token("one\ntwo\n", 8, tcp), -1);
	assert_int_equal(take_token("se\0cret", 7, tcp), -1);
	assert_null(strstr(err.text, "se"));
	unlink(file);
	assert_int_equal(
	    client_new(app.loop, tcp, file, &app.client, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	/* A socket needs none, so that the file is not even read. */
	assert_int_equal(
	    client_new(app.loop, "/nowhere", file, &app.client, &err), 0);
}

/* --- errors --------------------------------------------------------- */

static int
find(struct job **out)
{
	error_clear(&err);
	return remote_find(&app, JOB, out, &err);
}

static void
must_fail(enum error_code code)
{
	struct job *job = NULL;

	assert_int_equal(find(&job), -1);
	assert_null(job);
	if (err.code != code)
		fail_msg("code %s: %s", error_code_name(err.code), err.text);
}

static void
a_problem_becomes_the_error_of_its_status(void **state)
{
	static const struct {
		int status;
		enum error_code code;
	} cases[] = {
	    {400, ERR_USAGE},
	    {401, ERR_AUTH},
	    {403, ERR_AUTH},
	    {404, ERR_NOT_FOUND},
	    {405, ERR_PROTOCOL},
	    {408, ERR_TIMEOUT},
	    {409, ERR_REFUSED},
	    {413, ERR_LIMIT},
	    {415, ERR_PROTOCOL},
	    {422, ERR_USAGE},
	    {500, ERR_REMOTE},
	    {502, ERR_REMOTE},
	    {503, ERR_BUSY},
	    {507, ERR_STORE},
	};
	struct said said = {
	    .type = PROBLEM,
	    .body = "{\"code\":\"some_code\",\"detail\":\"no \\u001b[2Jsuch "
		    "thing\",\"hint\":\"Look\\nthere.\"}",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		said.status = cases[i].status;
		serve(&said, 1);
		must_fail(cases[i].code);
		assert_string_equal(err.text, "no  [2Jsuch thing");
		assert_string_equal(err.hint, "Look there.");
		assert_string_equal(err.remote_code, "some_code");
		assert_int_equal(err.http_status, cases[i].status);
		stop();
	}
}

static void
a_long_problem_is_cut(void **state)
{
	char *words = xmalloc(100001), *body;
	struct said said = {.status = 404, .type = PROBLEM};

	(void)state;
	memset(words, 'w', 100000);
	words[100000] = '\0';
	body = xasprintf("{\"code\":\"%s\",\"detail\":\"%s\",\"hint\":\"%s\"}",
	    words, words, words);
	said.body = body;
	serve(&said, 1);
	must_fail(ERR_NOT_FOUND);
	assert_true(strlen(err.text) > 500);
	free(words);
	free(body);
}

/* A 404 of another server must not say that there is no such job. */
static void
another_server_is_no_service(void **state)
{
	static const struct said cases[] = {
	    SAY(404, "text/html", "<h1>Not Found</h1>"),
	    SAY(404, JSON, "{\"code\":\"x\",\"detail\":\"y\"}"),
	    SAY(404, PROBLEM, ""),
	    SAY(404, PROBLEM, "null"),
	    SAY(404, PROBLEM, "[]"),
	    SAY(404, PROBLEM, "{}"),
	    SAY(404, PROBLEM, "{\"detail\":\"x\"}"),
	    SAY(404, PROBLEM, "{\"code\":4,\"detail\":\"x\"}"),
	    SAY(404, PROBLEM, "{\"code\":\"c\",\"detail\":{}}"),
	    SAY(404, PROBLEM, "{\"code\":\"c\",\"detail\":\"x\"} {}"),
	    SAY(404, "application/problem+jsonx",
		"{\"code\":\"c\",\"detail\":\"x\"}"),
	    SAY(301, PROBLEM, "{\"code\":\"c\",\"detail\":\"x\"}"),
	    SAY(200, "text/html", "<h1>Welcome</h1>"),
	    SAY(200, "application/jsonp", "{}"),
	    SAY(204, JSON, ""),
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		serve(&cases[i], 1);
		must_fail(ERR_PROTOCOL);
		assert_non_null(strstr(err.text, api_peer_path(peer)));
		stop();
	}
}

static void
an_answer_is_held_to_what_was_asked(void **state)
{
	static const char *const cases[] = {
	    "",
	    "nul",
	    "null",
	    "[]",
	    "{}",
	    "{\"job\":1}",
	    "{\"job\":\"x\"}",
	    "{\"job\":\"" JOB "\"",
	    "{\"job\":\"" JOB "\"}",
	    "{\"job\":\"" JOB "\",\"endpoint\":7,\"state\":\"done\"}",
	    "{\"job\":\"" JOB "\",\"endpoint\":\"e\",\"state\":\"gone\","
	    "\"outcome\":\"none\",\"created_at\":\"2026-11-22T00:00:00.000Z\"}",
	    "{\"job\":\"" JOB2 "\",\"endpoint\":\"e\",\"state\":\"queued\","
	    "\"outcome\":\"none\",\"created_at\":\"2026-11-22T00:00:00.000Z\"}",
	    "{\"job\":\"" JOB "\",\"job\":\"" JOB "\"}",
	};
	struct said said = {.status = 200, .type = JSON};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		said.body = cases[i];
		serve(&said, 1);
		must_fail(ERR_PROTOCOL);
		stop();
	}
}

static void
an_answer_without_end_is_refused(void **state)
{
	size_t len = (size_t)18 << 20;
	char *body = xmalloc(len + 1);
	struct said said = {.status = 200, .type = JSON, .body = body};

	(void)state;
	memset(body, ' ', len);
	body[len] = '\0';
	serve(&said, 1);
	must_fail(ERR_LIMIT);
	free(body);
}

static void
a_connection_that_breaks_is_no_answer(void **state)
{
	(void)state;
	SERVE({0});
	must_fail(ERR_NET);
	assert_true(err.sent);
	assert_true(client_unheard(&err));
	stop();
	SERVE({.body = "HTTP/1.1 200 OK\r\nContent-Ty"});
	must_fail(ERR_NET);
	stop();
	SERVE({.body = "HTTP/1.1 200 OK\r\nContent-Type: " JSON
		       "\r\nContent-Length: 500\r\n\r\n{\"job\":"});
	must_fail(ERR_NET);
	stop();
	SERVE({.body = "SSH-2.0-OpenSSH_9.2\r\n"});
	must_fail(ERR_NET);
	stop();
	/* Nobody at all. */
	assert_int_equal(
	    client_new(app.loop, file, NULL, &app.client, &err), 0);
	must_fail(ERR_NET);
	assert_false(err.sent);
	assert_non_null(strstr(err.text, "no service answers"));
}

/* --- one job -------------------------------------------------------- */

static struct job *
make_job(const char *id, enum job_state state, int64_t size)
{
	struct job *job = job_new();

	memcpy(job->id, id, JOBID_SIZE);
	job->spec.endpoint = xstrdup("ocr");
	job->spec.region = xstrdup("us-east-1");
	job->spec.input = INPUT_LOCATION;
	job->spec.input_location = xstrdup("s3://b/k");
	job->state = state;
	job->outcome = state == JOB_DONE ? OUTCOME_OK : OUTCOME_NONE;
	if (state == JOB_DONE) {
		job->completed_at = job->created_at;
		job->result_location = xstrdup("s3://b/o");
		job->result_etag = xstrdup("\"e\"");
		job->result_size = size;
	}
	return job;
}

/* The caller's. */
static char *
job_json(const char *id, enum job_state state)
{
	struct job *job = make_job(id, state, 5);
	struct jsonw w;
	struct buf b;

	buf_init(&b, 65536);
	jsonw_init(&w, &b);
	jobjson_write(&w, job, true);
	job_free(job);
	return buf_take(&b);
}

static void
serve_job(int status, enum job_state state)
{
	static char *json;
	static struct said said;

	free(json);
	json = job_json(JOB, state);
	said = (struct said)SAY(status, JSON, json);
	serve(&said, 1);
}

static void
must_have_asked(unsigned n, const char *line)
{
	char *request = api_peer_request(peer, n);

	if (!str_starts(request, line))
		fail_msg("asked: %.200s", request);
	free(request);
}

static void
a_job_is_what_the_service_says(void **state)
{
	struct job *job;

	(void)state;
	serve_job(200, JOB_PENDING);
	assert_int_equal(find(&job), 0);
	assert_string_equal(job->id, JOB);
	assert_string_equal(job->spec.endpoint, "ocr");
	assert_int_equal(job->state, JOB_PENDING);
	job_free(job);
	must_have_asked(0, "GET /v1/jobs/" JOB " HTTP/1.1\r\nHost: awaitd\r\n");
}

static void
cancel_and_retry_are_asked_once(void **state)
{
	struct job *job;

	(void)state;
	serve_job(200, JOB_DONE);
	assert_int_equal(remote_cancel(&app, JOB, &job, &err), 0);
	job_free(job);
	/* A retry tells of a new job, whatever its id. */
	assert_int_equal(remote_retry(&app, JOB2, &job, &err), 0);
	assert_string_equal(job->id, JOB);
	job_free(job);
	must_have_asked(0, "POST /v1/jobs/" JOB "/cancel ");
	must_have_asked(1, "POST /v1/jobs/" JOB2 "/retry ");
	stop();
	SERVE({0});
	assert_int_equal(remote_retry(&app, JOB, &job, &err), -1);
	assert_int_equal(err.code, ERR_NET);
	assert_int_equal(api_peer_requests(peer), 1);
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
	rc = remote_submit(&app, &r, out, &err);
	headers_done(&headers);
	return rc;
}

/* The caller's. */
static char *
key_of(unsigned n)
{
	char *request = api_peer_request(peer, n), *key;

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
	char *json = job_json(JOB, JOB_QUEUED), *first, *second;
	struct job *job;

	(void)state;
	said[1].body = json;
	serve(said, 2);
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
	assert_int_equal(err.code, ERR_NET);
	assert_int_equal(api_peer_requests(peer), 2);
	stop();
	SERVE(SAY(
	    422, PROBLEM, "{\"code\":\"invalid_request\",\"detail\":\"no\"}"));
	assert_int_equal(submit("page", &job), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_int_equal(api_peer_requests(peer), 1);
	stop();
	SERVE(SAY(201, "text/plain", "fine"));
	assert_int_equal(submit("page", &job), -1);
	assert_int_equal(err.code, ERR_PROTOCOL);
	assert_int_equal(api_peer_requests(peer), 1);
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
	if (file_write_atomic(file, data, len, 0600, &err) == -1)
		fail_msg("%s", err.text);
	serve_job(201, JOB_QUEUED);
	headers_init(&headers);
	r.body_fd = open(file, O_RDONLY | O_CLOEXEC);
	assert_int_equal(remote_submit(&app, &r, &job, &err), 0);
	headers_done(&headers);
	close(r.body_fd);
	job_free(job);
	request = api_peer_request(peer, 0);
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
	struct job *job = make_job(JOB, JOB_DONE, size);
	struct said said = {.body = raw, .len = len};
	struct error none;
	int fd = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), rc;

	serve(&said, 1);
	rc = remote_result(&app, job, fd, &err);
	must_have_asked(0, "GET /v1/jobs/" JOB "/result ");
	close(fd);
	buf_init(out, 65536);
	assert_int_equal(file_read(file, out, &none), 0);
	job_free(job);
	stop();
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
	    /* Cut. */
	    {HEAD "Content-Length: 5\r\n\r\nabc", ERR_NET, 3},
	    {HEAD CHUNKED "5\r\nabc", ERR_NET, 3},
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
		if (err.code != cases[i].code || out.len > cases[i].written)
			fail_msg(
			    "case %zu: %s, %zu bytes", i, err.text, out.len);
		buf_done(&out);
	}
}

static void
a_result_that_cannot_be_written_says_why(void **state)
{
	struct job *job = make_job(JOB, JOB_DONE, 5);
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	SERVE({.body = HEAD "Content-Length: 5\r\n\r\nabcde"});
	assert_int_equal(remote_result(&app, job, fd, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_non_null(strstr(err.text, "No space left"));
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
		json = job_json(ids[i], JOB_DONE);
		buf_printf(&b, "%s%s", i > 0 ? "," : "", json);
		free(json);
	}
	buf_printf(&b, "]%s%s}", next != NULL ? ",\"next\":" : "",
	    next != NULL ? next : "");
	return buf_take(&b);
}

static int
list(const struct said *said, size_t n)
{
	int rc;

	listed[0] = '\0';
	error_clear(&err);
	serve(said, n);
	rc = remote_list(&app, note_job, NULL, &err);
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
	must_have_asked(0, "GET /v1/jobs HTTP");
	must_have_asked(1, "GET /v1/jobs?after=" JOB2 " HTTP");
	assert_int_equal(api_peer_requests(peer), 2);
	free(one);
	free(two);
}

static void
a_list_that_would_not_end_is_refused(void **state)
{
	static const char *const up[] = {JOB, JOB2},
				 *const down[] = {JOB2, JOB},
				 *const same[] = {JOB, JOB};
	char *pages[] = {
	    page(up, 2, "\"" JOB2 "\""), /* again and again */
	    page(up, 2, "\"" JOB3 "\""), /* not its own end */
	    page(up, 0, "\"" JOB3 "\""),
	    page(up, 2, "7"),
	    page(up, 2, "null"),
	    page(down, 2, NULL),
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
		assert_int_equal(err.code, ERR_PROTOCOL);
		assert_true(api_peer_requests(peer) <= 2);
		stop();
		free(pages[i]);
	}
}

static void
note_delivery(const struct delivery *d, void *arg)
{
	(void)arg;
	snprintf(listed, sizeof(listed), "%s %s", d->job_id, d->target);
}

static void
what_is_asked_of_deliveries_is_encoded(void **state)
{
	struct remote_query q = {
	    .state = "dead&x",
	    .target = "webhook a",
	    .job = JOB,
	};
	struct delivery *d =
	    delivery_new(JOB, "webhook a", "inference.completed", 1000);
	struct jsonw w;
	struct buf b;
	struct said said = {200, JSON, NULL, 0};

	(void)state;
	buf_init(&b, 65536);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	jsonw_begin(&w, "deliveries", '[');
	jobjson_write_delivery(&w, d, false);
	jsonw_end(&w, ']');
	jsonw_end(&w, '}');
	said.body = b.data;
	serve(&said, 1);
	assert_int_equal(
	    remote_list_deliveries(&app, &q, note_delivery, NULL, &err), 0);
	assert_string_equal(listed, JOB " webhook a");
	must_have_asked(0,
	    "GET /v1/deliveries?state=dead%26x&target=webhook%20a&job=" JOB
	    " HTTP");
	/* One that is not the one that was asked for. */
	stop();
	serve(&said, 1);
	assert_int_equal(remote_replay(&app, d->id, &d, &err), -1);
	assert_int_equal(err.code, ERR_PROTOCOL);
	must_have_asked(0, "POST /v1/deliveries/msg_");
	delivery_free(d);
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		what_is_no_address_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		an_address_is_known_by_its_form, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_socket_that_nobody_listens_at_is_no_service, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_socket_of_others_is_told_from_none, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_token_is_one_line_of_text, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_problem_becomes_the_error_of_its_status, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_long_problem_is_cut, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		another_server_is_no_service, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		an_answer_is_held_to_what_was_asked, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		an_answer_without_end_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_connection_that_breaks_is_no_answer, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_job_is_what_the_service_says, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		cancel_and_retry_are_asked_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_broken_connection_is_tried_once_more_under_the_same_key,
		setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_was_refused_or_never_sent_is_not_tried_again, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		a_file_is_streamed_as_it_is, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_result_is_the_bytes_that_came, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_result_of_another_size_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_result_that_cannot_be_written_says_why, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_list_goes_on_behind_its_pages, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_list_that_would_not_end_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_is_asked_of_deliveries_is_encoded, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
