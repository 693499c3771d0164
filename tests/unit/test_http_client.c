/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP client: what goes out, over which connection, and what comes back.
 * Answers that are cut are test_http_client_cut's.
 */
#include "net/http_client.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/http_peer.h"

#define BIG ((size_t)3 * 1024 * 1024)

#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static const char *const one_ok[] = {OK_REPLY, NULL};
static const char *const two_ok[] = {OK_REPLY, OK_REPLY, NULL};
static const char *const three_ok[] = {OK_REPLY, OK_REPLY, OK_REPLY, NULL};
/* Answers one request and takes another, to which it says nothing. */
static const char *const ok_then_silent[] = {OK_REPLY, "", NULL};

/* --- tests ---------------------------------------------------------- */

static void
a_request_goes_out_as_it_was_written(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{.replies = one_ok}};
	struct headers h;
	struct peer p;

	headers_init(&h);
	headers_add(&h, "Host", "example.test:99");
	headers_add(&h, "X-Empty", "");
	peer_start(&p, s, 1);
	fixture_run(
	    f, &p, (struct http_request){.method = "GET", .headers = &h});
	peer_stop(&p);
	headers_done(&h);
	assert_int_equal(f->out.status, 200);
	assert_string_equal(f->out.body, "hi");
	assert_true(str_starts(
	    p.conns[0].request.data, "GET /a/../b?c=d HTTP/1.1\r\n"));
	assert_non_null(
	    strstr(p.conns[0].request.data, "Host: example.test:99\r\n"));
	assert_non_null(strstr(p.conns[0].request.data, "X-Empty:"));
	assert_null(strstr(p.conns[0].request.data, "Accept:"));
	assert_null(strstr(p.conns[0].request.data, "127.0.0.1"));
	peer_done(&p);
}

static void
a_post_has_just_its_body_and_no_type_of_curls(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{.replies = one_ok}};
	struct peer p;

	peer_start(&p, s, 1);
	fixture_run(f, &p,
	    (struct http_request){
		.method = "POST", .body = "a\0b", .body_len = 3});
	peer_stop(&p);
	assert_non_null(
	    strcasestr(p.conns[0].request.data, "content-length: 3\r\n"));
	assert_null(strcasestr(p.conns[0].request.data, "content-type"));
	assert_null(strcasestr(p.conns[0].request.data, "expect"));
	assert_memory_equal(
	    p.conns[0].request.data + p.conns[0].request.len - 3, "a\0b", 3);
	peer_done(&p);
}

static void
an_empty_post_announces_no_bytes(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{.replies = one_ok}};
	struct peer p;

	peer_start(&p, s, 1);
	fixture_run(f, &p, (struct http_request){.method = "POST"});
	peer_stop(&p);
	assert_non_null(
	    strcasestr(p.conns[0].request.data, "content-length: 0\r\n"));
	peer_done(&p);
}

static void
a_file_is_streamed_as_the_body(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{.replies = one_ok}};
	struct peer p;
	char *data = xmalloc(BIG), name[] = "/tmp/test_http_client-XXXXXX";
	int fd = mkstemp(name);
	size_t i;

	assert_int_not_equal(fd, -1);
	unlink(name);
	for (i = 0; i < BIG; i++)
		data[i] = (char)(i * 7 + i / 251);
	assert_int_equal(write(fd, data, BIG), (ssize_t)BIG);
	peer_start(&p, s, 1);
	fixture_run(f, &p,
	    (struct http_request){
		.method = "PUT", .body_fd = fd, .file_len = (int64_t)BIG});
	peer_stop(&p);
	close(fd);
	assert_int_equal(f->out.status, 200);
	assert_memory_equal(
	    p.conns[0].request.data + p.conns[0].request.len - BIG, data, BIG);
	free(data);
	peer_done(&p);
}

static void
a_good_body_goes_to_the_sink_and_a_bad_one_to_memory(void **state)
{
	static const char *const replies[] = {
	    OK_REPLY, "HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\ngone", NULL};
	struct fixture *f = *state;
	struct script s[] = {{.replies = replies}};
	struct http_request r = {
	    .method = "GET", .sink = fixture_sink, .sink_arg = &f->out};
	struct peer p;

	peer_start(&p, s, 1);
	fixture_run(f, &p, r);
	assert_string_equal(f->out.sunk.data, "hi");
	assert_int_equal(f->out.body_len, 0);
	assert_int_equal(f->out.body_bytes, 2);
	f->out.wanted = 2;
	fixture_run(f, &p, r);
	peer_stop(&p);
	assert_int_equal(f->out.status, 404);
	assert_string_equal(f->out.body, "gone");
	assert_string_equal(f->out.sunk.data, "hi");
	peer_done(&p);
}

static void
connections_are_kept_unless_a_request_goes_once(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{.replies = three_ok}, {.replies = one_ok}};
	struct peer p;

	peer_start(&p, s, 2);
	fixture_run(f, &p, (struct http_request){.method = "GET"});
	f->out.wanted = 2;
	fixture_run(f, &p, (struct http_request){.method = "GET"});
	assert_int_equal(p.connections, 1);
	f->out.wanted = 3;
	fixture_run(
	    f, &p, (struct http_request){.method = "POST", .once = true});
	assert_int_equal(p.connections, 2);
	http_client_free(f->client);
	f->client = NULL;
	peer_stop(&p);
	peer_done(&p);
}

/* Over the kept connection it would be sent, lost, and sent again. */
static void
a_request_that_goes_once_is_never_sent_twice(void **state)
{
	static const char *const silent[] = {"", NULL};
	struct fixture *f = *state;
	struct script s[] = {{.replies = ok_then_silent}, {.replies = silent},
	    {.replies = one_ok}};
	struct peer p;

	peer_start(&p, s, 3);
	fixture_run(f, &p, (struct http_request){.method = "GET"});
	f->out.wanted = 2;
	fixture_run(
	    f, &p, (struct http_request){.method = "POST", .once = true});
	http_client_free(f->client);
	f->client = NULL;
	peer_stop(&p);
	assert_int_equal(f->out.err.code, ERR_NET);
	assert_true(f->out.err.sent);
	assert_int_equal(p.requests, 2);
	peer_done(&p);
}

static void
a_refused_connection_sent_nothing(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{.replies = one_ok}};
	struct peer p;

	peer_start(&p, s, 1);
	peer_stop(&p);
	fixture_run(
	    f, &p, (struct http_request){.method = "POST", .once = true});
	assert_int_equal(f->out.err.code, ERR_NET);
	assert_true(f->out.err.retryable);
	assert_false(f->out.err.sent);
	peer_done(&p);
}

static void
a_body_shorter_than_announced_is_an_error(void **state)
{
	static const char *const cut[] = {
	    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", NULL};
	struct fixture *f = *state;
	struct script s[] = {{.replies = cut}};
	struct peer p;

	peer_start(&p, s, 1);
	fixture_run(f, &p, (struct http_request){.method = "GET"});
	peer_stop(&p);
	assert_int_equal(f->out.err.code, ERR_NET);
	assert_true(f->out.err.sent);
	peer_done(&p);
}

static void
a_head_that_breaks_off_is_an_error(void **state)
{
	static const char *const heads[][2] = {
	    {"HTTP/1.1 200 OK\r\nContent-Len"},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"},
	    {"HTTP/1.1 200 OK\r\n"},
	    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"},
	};
	struct fixture *f = *state;
	unsigned i;

	for (i = 0; i < ARRAY_LEN(heads); i++) {
		struct script s[] = {{.replies = heads[i]}};
		struct peer p;

		peer_start(&p, s, 1);
		f->out.wanted = i + 1;
		fixture_run(f, &p,
		    (struct http_request){
			.method = "POST", .cut_body = i % 2 == 0});
		peer_stop(&p);
		assert_int_equal(f->out.err.code, ERR_NET);
		assert_true(f->out.err.retryable);
		assert_true(f->out.err.sent);
		assert_int_equal(f->out.status, 0);
		peer_done(&p);
	}
}

/* Nobody would use it, and the peer would have to keep it. */
static void
a_connection_that_served_once_is_closed(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{.replies = two_ok}};
	struct peer p;

	peer_start(&p, s, 1);
	fixture_run(
	    f, &p, (struct http_request){.method = "POST", .once = true});
	/* The peer waits for a second request as long as it could come. */
	alarm(20);
	peer_stop(&p);
	alarm(0);
	assert_int_equal(p.requests, 1);
	peer_done(&p);
}

static void
a_body_over_the_cap_is_a_limit(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{.replies = one_ok}};
	struct peer p;

	peer_start(&p, s, 1);
	fixture_run(
	    f, &p, (struct http_request){.method = "GET", .body_max = 1});
	peer_stop(&p);
	assert_int_equal(f->out.err.code, ERR_LIMIT);
	peer_done(&p);
}

static void
an_interim_answer_is_not_the_answer(void **state)
{
	static const char *const interim[] = {
	    "HTTP/1.1 100 Continue\r\nX-Not: this\r\n\r\n" OK_REPLY, NULL};
	struct fixture *f = *state;
	struct script s[] = {{.replies = interim}};
	struct peer p;

	peer_start(&p, s, 1);
	fixture_run(f, &p, (struct http_request){.method = "GET"});
	peer_stop(&p);
	assert_int_equal(f->out.status, 200);
	assert_string_equal(f->out.body, "hi");
	peer_done(&p);
}

static void
a_peer_that_says_nothing_times_out(void **state)
{
	static const char *const silent[] = {"", "", NULL};
	struct fixture *f = *state;
	struct script s[] = {{.replies = silent}};
	struct peer p;

	peer_start(&p, s, 1);
	fixture_run(
	    f, &p, (struct http_request){.method = "GET", .timeout_ms = 150});
	assert_int_equal(f->out.err.code, ERR_TIMEOUT);
	assert_true(f->out.err.sent);
	http_client_free(f->client);
	f->client = NULL;
	peer_stop(&p);
	peer_done(&p);
}

static void
a_redirect_is_not_followed(void **state)
{
	static const char *const away[] = {
	    "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
	    NULL};
	struct fixture *f = *state;
	struct script s[] = {{.replies = away}};
	struct peer p;

	peer_start(&p, s, 1);
	fixture_run(f, &p, (struct http_request){.method = "GET"});
	peer_stop(&p);
	assert_int_equal(f->out.status, 302);
	assert_int_equal(p.requests, 1);
	peer_done(&p);
}

static void
a_header_with_a_line_end_is_refused(void **state)
{
	struct fixture *f = *state;
	struct headers h;
	struct http_request r = {
	    .method = "GET", .url = "http://127.0.0.1:1/", .headers = &h};
	struct http_call *call;
	struct error err;

	headers_init(&h);
	headers_add(&h, "X-A", "a\r\nX-B: b");
	assert_int_equal(
	    http_start(f->client, &r, fixture_done, &f->out, &call, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	headers_done(&h);
}

static void
a_url_of_another_scheme_is_refused(void **state)
{
	struct fixture *f = *state;
	struct peer p = {0};

	fixture_run(f, &p,
	    (struct http_request){
		.method = "GET", .url = "file:///etc/passwd"});
	assert_int_equal(f->out.err.code, ERR_NET);
	assert_false(f->out.err.retryable);
	assert_false(f->out.err.sent);
}

/* Of an answer that never ends; the peer is faster than the digest. */
#define FLOOD ((size_t)96 << 20)

struct flood {
	struct loop *loop;
	struct hash *hash;
	size_t total, turn, most;
};

static int
swallow(const void *data, size_t len, void *arg, struct error *err)
{
	struct flood *flood = arg;

	hash_update(flood->hash, data, len);
	flood->total += len;
	flood->turn += len;
	if (flood->most < flood->turn)
		flood->most = flood->turn;
	return flood->total < FLOOD ? 0 : err_set(err, ERR_LIMIT, "enough");
}

static void
next_turn(void *arg)
{
	struct flood *flood = arg;

	flood->turn = 0;
	loop_post(flood->loop, next_turn, flood);
}

static void
a_fast_peer_does_not_keep_the_loop_to_itself(void **state)
{
	static const char *const endless[] = {"HTTP/1.1 200 OK\r\n\r\n", NULL};
	struct fixture *f = *state;
	struct script s[] = {{.replies = endless, .go_on = BIG}};
	struct flood flood = {.loop = f->loop, .hash = hash_new(HASH_SHA256)};
	struct peer p;

	peer_start(&p, s, 1);
	next_turn(&flood);
	fixture_run(f, &p,
	    (struct http_request){
		.method = "GET", .sink = swallow, .sink_arg = &flood});
	loop_unpost(f->loop, &flood);
	peer_stop(&p);
	assert_int_equal(f->out.err.code, ERR_LIMIT);
	assert_true(flood.most < FLOOD / 4);
	hash_free(flood.hash);
	peer_done(&p);
}

static void
a_cancelled_call_is_silent(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{.replies = two_ok}};
	struct peer p;
	struct http_call *call;

	peer_start(&p, s, 1);
	call = fixture_start(f, &p, (struct http_request){.method = "GET"});
	http_cancel(call);
	fixture_run(f, &p, (struct http_request){.method = "GET"});
	assert_int_equal(f->out.done, 1);
	http_client_free(f->client);
	f->client = NULL;
	peer_stop(&p);
	peer_done(&p);
}

static void
many_at_once_all_come_home(void **state)
{
	struct fixture *f = *state;
	struct script s[40];
	struct peer p;
	unsigned i;

	for (i = 0; i < ARRAY_LEN(s); i++)
		s[i] = (struct script){.replies = one_ok};
	peer_start(&p, s, ARRAY_LEN(s));
	f->out.wanted = ARRAY_LEN(s);
	for (i = 0; i < ARRAY_LEN(s); i++)
		fixture_start(f, &p,
		    (struct http_request){.method = "GET", .once = true});
	loop_run(f->loop);
	peer_stop(&p);
	assert_int_equal(f->out.done, ARRAY_LEN(s));
	assert_int_equal(f->out.err.code, ERR_NONE);
	assert_int_equal(p.requests, ARRAY_LEN(s));
	peer_done(&p);
}

/* --- UNIX sockets --------------------------------------------------- */

static void
a_unix_socket_is_asked_instead_of_the_host(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{.replies = two_ok}};
	struct http_request r = {
	    .method = "GET", .url = "http://awaitd/v1/jobs?limit=1"};
	const char *path = fixture_place(f);
	struct peer p;

	r.unix_socket = path;
	peer_start_unix(&p, path, s, 1);
	fixture_run(f, &p, r);
	assert_int_equal(f->out.status, 200);
	assert_string_equal(f->out.body, "hi");
	f->out.wanted = 2;
	fixture_run(f, &p, r);
	peer_stop(&p);
	assert_int_equal(p.connections, 1);
	assert_int_equal(p.requests, 2);
	assert_true(str_starts(
	    p.conns[0].request.data, "GET /v1/jobs?limit=1 HTTP/1.1\r\n"));
	assert_non_null(strstr(p.conns[0].request.data, "Host: awaitd\r\n"));
	peer_done(&p);
}

static void
a_socket_that_is_not_there_is_named(void **state)
{
	static const char *const why[] = {
	    "No such file or directory", "Connection refused"};
	struct fixture *f = *state;
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	const char *path = fixture_place(f);
	char *expected;
	unsigned i;
	int fd;

	for (i = 0; i < 2; i++) {
		f->out.wanted = i + 1;
		fixture_run(f, NULL,
		    (struct http_request){.method = "GET",
			.url = "http://awaitd/",
			.unix_socket = path});
		expected = xasprintf("cannot connect to %s: %s", path, why[i]);
		assert_int_equal(f->out.err.code, ERR_NET);
		assert_string_equal(f->out.err.text, expected);
		assert_true(f->out.err.retryable);
		assert_false(f->out.err.sent);
		free(expected);
		/* The second time it is there, and nobody listens. */
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		memcpy(sa.sun_path, path, strlen(path) + 1);
		if (i == 0)
			bind(fd, (struct sockaddr *)&sa, sizeof(sa));
		close(fd);
	}
}

static void
a_socket_path_that_cannot_be_is_refused(void **state)
{
	struct fixture *f = *state;
	char path[109];
	struct http_request r = {
	    .method = "GET", .url = "http://awaitd/", .unix_socket = path};
	struct http_call *call;
	struct error err;

	memset(path, 'a', sizeof(path));
	path[108] = '\0';
	assert_int_equal(
	    http_start(f->client, &r, fixture_done, &f->out, &call, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_non_null(strstr(err.text, "107"));
	path[0] = '\0';
	assert_int_equal(
	    http_start(f->client, &r, fixture_done, &f->out, &call, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	/* 107 bytes are no reason to refuse. */
	memset(path, 'a', sizeof(path));
	path[107] = '\0';
	fixture_run(f, NULL, r);
	assert_int_equal(f->out.err.code, ERR_NET);
}

static void
set_proxy(int port)
{
	static const char *const names[] = {
	    "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy"};
	char *url = xasprintf("http://127.0.0.1:%d", port);
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (port != 0)
			setenv(names[i], url, 1);
		else
			unsetenv(names[i]);
	}
	free(url);
}

static void
no_proxy_stands_before_a_socket_or_a_loopback(void **state)
{
	static const char *const near[] = {"127.0.0.1", "localhost"};
	struct fixture *f = *state;
	struct script s[] = {
	    {.replies = one_ok}, {.replies = one_ok}, {.replies = one_ok}};
	struct peer proxy, p;
	const char *path = fixture_place(f);
	char *url;
	size_t i;

	peer_start(&proxy, s, 3);
	set_proxy(proxy.port);
	peer_start_unix(&p, path, s, 1);
	fixture_run(f, &p,
	    (struct http_request){.method = "GET",
		.url = "http://example.invalid/x",
		.unix_socket = path});
	peer_stop(&p);
	assert_int_equal(f->out.status, 200);
	assert_true(str_starts(p.conns[0].request.data, "GET /x HTTP/1.1\r\n"));
	assert_int_equal(proxy.connections, 0);
	peer_done(&p);

	for (i = 0; i < ARRAY_LEN(near); i++) {
		peer_start(&p, s, 1);
		url = xasprintf("http://%s:%d/x", near[i], p.port);
		f->out.wanted++;
		fixture_run(f, &p,
		    (struct http_request){
			.method = "GET", .url = url, .once = true});
		peer_stop(&p);
		assert_int_equal(f->out.err.code, ERR_NONE);
		assert_int_equal(p.connections, 1);
		assert_int_equal(proxy.connections, 0);
		peer_done(&p);
		free(url);
	}
	/* Nor is it left out where a name only begins like that. */
	f->out.wanted++;
	fixture_run(f, &p,
	    (struct http_request){
		.method = "GET", .url = "http://localhost.invalid/x"});
	f->out.wanted++;
	fixture_run(f, &p,
	    (struct http_request){
		.method = "GET", .url = "http://127.0.0.1.invalid/x"});
	peer_stop(&proxy);
	set_proxy(0);
	assert_int_equal(proxy.connections, 2);
	assert_true(str_starts(proxy.conns[0].request.data,
	    "GET http://localhost.invalid/x HTTP/1.1\r\n"));
	peer_done(&proxy);
}

/* The same host and port, but three different places. */
static void
connections_of_two_sockets_are_never_mixed(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{.replies = three_ok}};
	const char *path[2] = {fixture_place(f), fixture_place(f)};
	char *url;
	struct peer p[3];
	unsigned i;

	peer_start_unix(&p[0], path[0], s, 1);
	peer_start_unix(&p[1], path[1], s, 1);
	peer_start(&p[2], s, 1);
	url = xasprintf("http://127.0.0.1:%d/", p[2].port);
	f->out.wanted = 0;
	for (i = 0; i < 6; i++) {
		f->out.wanted++;
		fixture_run(f, NULL,
		    (struct http_request){.method = "GET",
			.url = url,
			.unix_socket = i % 3 < 2 ? path[i % 3] : NULL});
		assert_int_equal(f->out.err.code, ERR_NONE);
	}
	http_client_free(f->client);
	f->client = NULL;
	for (i = 0; i < 3; i++) {
		peer_stop(&p[i]);
		assert_int_equal(p[i].connections, 1);
		assert_int_equal(p[i].requests, 2);
		peer_done(&p[i]);
	}
	free(url);
}

/* --- two clients ---------------------------------------------------- */

static void
two_clients_of_one_loop_share_no_connection(void **state)
{
	struct fixture *f = *state;
	struct http_client_options o = {.user_agent = "test/2"};
	struct script s[] = {{.replies = two_ok}, {.replies = two_ok}};
	struct http_request r = {.method = "GET"};
	struct http_client *first = f->client, *second;
	struct peer p;
	struct error err;

	assert_int_equal(http_client_new(f->loop, &o, &second, &err), 0);
	peer_start(&p, s, 2);
	fixture_run(f, &p, r);
	f->out.wanted = 2;
	f->client = second;
	fixture_run(f, &p, r);
	assert_int_equal(p.connections, 2);
	f->out.wanted = 3;
	fixture_run(f, &p, r);
	f->out.wanted = 4;
	f->client = first;
	fixture_run(f, &p, r);
	assert_int_equal(f->out.err.code, ERR_NONE);
	peer_stop(&p);
	assert_int_equal(p.connections, 2);
	assert_non_null(strstr(p.conns[0].request.data, "test/1"));
	assert_non_null(strstr(p.conns[1].request.data, "test/2"));
	http_client_free(second);
	peer_done(&p);
}

static void
nor_is_one_held_up_by_the_limit_of_the_other(void **state)
{
	static const char *const silent[] = {"", "", NULL};
	struct fixture *f = *state;
	struct http_client_options o = {.max_per_host = 1};
	struct script s[] = {{.replies = silent}, {.replies = one_ok}};
	struct http_request slow = {.method = "GET", .timeout_ms = 10000};
	struct http_client *first = f->client, *narrow;
	struct peer p;
	struct error err;

	assert_int_equal(http_client_new(f->loop, &o, &narrow, &err), 0);
	peer_start(&p, s, 2);
	f->client = narrow;
	fixture_start(f, &p, slow);
	fixture_start(f, &p, slow); /* waits for the only connection */
	f->client = first;
	/* Not before the others have begun. */
	while (p.requests == 0)
		fixture_turn(f);
	fixture_run(f, &p, (struct http_request){.method = "GET"});
	assert_int_equal(f->out.done, 1);
	assert_int_equal(f->out.status, 200);
	assert_int_equal(p.connections, 2);
	http_client_free(narrow); /* cancels its two */
	assert_int_equal(f->out.done, 1);
	peer_stop(&p);
	peer_done(&p);
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_request_goes_out_as_it_was_written),
	    T(a_post_has_just_its_body_and_no_type_of_curls),
	    T(an_empty_post_announces_no_bytes),
	    T(a_file_is_streamed_as_the_body),
	    T(a_good_body_goes_to_the_sink_and_a_bad_one_to_memory),
	    T(connections_are_kept_unless_a_request_goes_once),
	    T(a_request_that_goes_once_is_never_sent_twice),
	    T(a_refused_connection_sent_nothing),
	    T(a_body_shorter_than_announced_is_an_error),
	    T(a_head_that_breaks_off_is_an_error),
	    T(a_connection_that_served_once_is_closed),
	    T(a_body_over_the_cap_is_a_limit),
	    T(an_interim_answer_is_not_the_answer),
	    T(a_peer_that_says_nothing_times_out),
	    T(a_redirect_is_not_followed),
	    T(a_header_with_a_line_end_is_refused),
	    T(a_url_of_another_scheme_is_refused),
	    T(a_fast_peer_does_not_keep_the_loop_to_itself),
	    T(a_cancelled_call_is_silent),
	    T(many_at_once_all_come_home),
	    T(a_unix_socket_is_asked_instead_of_the_host),
	    T(a_socket_that_is_not_there_is_named),
	    T(a_socket_path_that_cannot_be_is_refused),
	    T(no_proxy_stands_before_a_socket_or_a_loopback),
	    T(connections_of_two_sockets_are_never_mixed),
	    T(two_clients_of_one_loop_share_no_connection),
	    T(nor_is_one_held_up_by_the_limit_of_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
