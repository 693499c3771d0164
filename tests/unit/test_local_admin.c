/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The admin address over real sockets: who may ask, what is answered, and
 * what is refused with which words.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/admin.h"

#define PATIENCE_MS 20000
#define TOKEN "0123456789abcdef"

static char localhost[] = "127.0.0.1";
static char secret[] = TOKEN;

static struct {
	struct loop *loop;
	struct conf_admin conf;
	struct faults *faults;
	struct admin *admin;
	int fd;
	struct loop_fd *readable;
	struct buf got;
	struct buf log;
} t;

/* In place of the queue's. */
const struct metrics_endpoint *
queue_metrics(struct queue *q, size_t *n)
{
	static const struct metrics_endpoint one = {
	    .endpoint = "ocr", .waiting = 3, .instances_in_service = 1};

	assert_null(q);
	*n = 1;
	return &one;
}

static void
keep_log(const char *line, void *arg)
{
	(void)arg;
	buf_puts(&t.log, line);
	buf_putc(&t.log, '\n');
}

static void
start(void)
{
	struct admin_options o = {
	    .loop = t.loop, .conf = &t.conf, .faults = t.faults};
	struct error err;

	if (admin_new(&o, &t.admin, &err) == -1)
		fail_msg("%s", err.text);
}

static int
setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.loop = loop_new();
	t.faults = faults_new();
	t.conf.host = localhost;
	buf_init(&t.got, 1 << 20);
	buf_init(&t.log, 1 << 20);
	log_set_sink(keep_log, NULL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	log_set_sink(NULL, NULL);
	admin_free(t.admin);
	faults_free(t.faults);
	loop_free(t.loop);
	buf_done(&t.got);
	buf_done(&t.log);
	return 0;
}

/* --- the client ----------------------------------------------------- */

static void
on_readable(void *arg)
{
	char piece[4096];
	ssize_t n = read(t.fd, piece, sizeof(piece));

	(void)arg;
	if (n > 0)
		buf_append(&t.got, piece, (size_t)n);
	else
		loop_stop(t.loop);
}

static void
on_patience(void *arg)
{
	(void)arg;
	fail_msg("no answer");
}

static int
connect_there(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	bool local = t.conf.unix_path != NULL;
	int fd = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM, 0), rc;

	assert_int_not_equal(fd, -1);
	if (local) {
		snprintf(
		    un.sun_path, sizeof(un.sun_path), "%s", t.conf.unix_path);
		rc = connect(fd, (struct sockaddr *)&un, sizeof(un));
	} else {
		in.sin_port = htons((uint16_t)admin_port(t.admin));
		in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		rc = connect(fd, (struct sockaddr *)&in, sizeof(in));
	}
	assert_int_equal(rc, 0);
	return fd;
}

/* The status of the answer; all of it is in t.got. */
static int
send_all(const char *request, size_t len)
{
	struct loop_timer *timer = loop_timer_new(t.loop, on_patience, NULL);

	buf_clear(&t.got);
	t.fd = connect_there();
	assert_int_equal(write(t.fd, request, len), len);
	t.readable = loop_fd_new(t.loop, t.fd, on_readable, NULL);
	loop_timer_set(timer, PATIENCE_MS);
	loop_run(t.loop);
	loop_fd_free(t.readable);
	loop_timer_free(timer);
	close(t.fd);
	if (!str_starts(t.got.data, "HTTP/1.1 "))
		fail_msg("no answer: %s", t.got.data);
	return (int)strtol(t.got.data + 9, NULL, 10);
}

/* More headers, each with its line end. */
static int
ask_with(
    const char *method, const char *path, const char *headers, const char *body)
{
	char *request = xasprintf("%s %s HTTP/1.1\r\n%sConnection: close\r\n"
				  "Content-Length: %zu\r\n\r\n%s",
	    method, path, headers, strlen(body), body);
	int status = send_all(request, strlen(request));

	free(request);
	return status;
}

static int
ask(const char *method, const char *path, const char *body)
{
	return ask_with(method, path, "Host: 127.0.0.1:7071\r\n", body);
}

static const char *
body_of_answer(void)
{
	const char *mark = strstr(t.got.data, "\r\n\r\n");

	assert_non_null(mark);
	return mark + 4;
}

static void
assert_says(const char *text)
{
	if (strstr(t.got.data, text) == NULL)
		fail_msg("no '%s' in %s", text, t.got.data);
}

/* --- tests ---------------------------------------------------------- */

static void
it_is_well_and_shows_metrics(void **state)
{
	(void)state;
	start();
	assert_true(admin_port(t.admin) > 0);
	assert_int_equal(ask("GET", "/healthz", ""), 200);
	assert_string_equal(body_of_answer(), "ok\n");
	assert_int_equal(ask("GET", "/metrics", ""), 200);
	assert_says("Content-Type: text/plain; version=0.0.4");
	assert_says("\nApproximateBacklogSize{EndpointName=\"ocr\"} 3\n");
	assert_int_equal(ask("HEAD", "/metrics", ""), 200);
	assert_string_equal(body_of_answer(), "");
}

static void
faults_come_and_go(void **state)
{
	const struct fault_subject s = {.operation = "GetObject"};

	(void)state;
	start();
	assert_int_equal(ask("GET", "/faults", ""), 200);
	assert_string_equal(body_of_answer(), "");
	assert_int_equal(
	    ask("POST", "/faults", "# two\ndrop-reply count=2\nthrottle\n"),
	    201);
	assert_string_equal(body_of_answer(), "1\n2\n");
	assert_non_null(fault_take(t.faults, FAULT_DROP_REPLY, &s));
	assert_int_equal(ask("GET", "/faults", ""), 200);
	assert_string_equal(body_of_answer(),
	    "drop-reply count=2 # id=1 taken=1\n"
	    "throttle count=1 # id=2 taken=0\n");
	assert_int_equal(ask("DELETE", "/faults/1", ""), 204);
	assert_null(fault_take(t.faults, FAULT_DROP_REPLY, &s));
	assert_int_equal(ask("DELETE", "/faults/1", ""), 404);
	assert_says("there is no such fault\nGET /faults lists");
	assert_int_equal(ask("POST", "/faults", "hang"), 201);
	assert_string_equal(body_of_answer(), "3\n");
	assert_int_equal(ask("DELETE", "/faults", ""), 204);
	assert_int_equal(ask("GET", "/faults", ""), 200);
	assert_string_equal(body_of_answer(), "");
	assert_non_null(strstr(t.log.data, "all were taken back"));
}

static void
a_wrong_line_is_told_and_nothing_is_taken(void **state)
{
	(void)state;
	start();
	assert_int_equal(ask("POST", "/faults", "hang\nthroddle\n"), 400);
	assert_string_equal(body_of_answer(),
	    "line 2: there is no fault 'throddle'\nDid you mean 'throttle'?\n");
	assert_int_equal(ask("POST", "/faults", "hang\ntruncate"), 400);
	assert_says("line 2: truncate needs bytes\nWrite truncate bytes=N.\n");
	assert_int_equal(ask("POST", "/faults", " \n# nothing\n"), 400);
	assert_says("names no fault\nSend lines such as");
	assert_int_equal(ask("POST", "/faults", ""), 400);
	assert_int_equal(ask("GET", "/faults", ""), 200);
	assert_string_equal(body_of_answer(), "");
}

static void
what_no_path_takes_is_refused_with_what_it_does(void **state)
{
	static const struct {
		const char *method, *path;
		int status;
		const char *says;
	} cases[] = {
	    {"GET", "/", 404, "There are /metrics, /healthz and /faults."},
	    {"GET", "/metrics/", 404, "no such path"},
	    {"GET", "/Faults", 404, "no such path"},
	    {"POST", "/metrics", 405, "\r\nAllow: GET, HEAD\r\n"},
	    {"PUT", "/faults", 405, "\r\nAllow: GET, HEAD, POST, DELETE\r\n"},
	    {"GET", "/faults/1", 405, "\r\nAllow: DELETE\r\n"},
	    {"DELETE", "/healthz", 405, "Allow: GET, HEAD\r\n"},
	    {"DELETE", "/faults?id=1", 400, "takes no query"},
	    {"GET", "/metrics?x", 400, "takes no query"},
	    {"DELETE", "/faults/", 404, "no such fault"},
	    {"DELETE", "/faults/0", 404, "no such fault"},
	    {"DELETE", "/faults/-1", 404, "no such fault"},
	    {"DELETE", "/faults/1/2", 404, "no such fault"},
	    {"DELETE", "/faults/99999999999999999999", 404, "no such fault"},
	};
	size_t i;

	(void)state;
	start();
	assert_int_equal(ask("POST", "/faults", "hang"), 201);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		int status = ask(cases[i].method, cases[i].path, "");

		if (status != cases[i].status)
			fail_msg("%s %s: %s", cases[i].method, cases[i].path,
			    t.got.data);
		assert_says(cases[i].says);
	}
	assert_int_equal(ask("GET", "/faults", ""), 200);
	assert_string_equal(body_of_answer(), "hang count=1 # id=1 taken=0\n");
}

static void
a_body_has_a_limit_and_is_text(void **state)
{
	static const char nul[] = "POST /faults HTTP/1.1\r\nHost: localhost\r\n"
				  "Connection: close\r\n"
				  "Content-Length: 6\r\n\r\nhang\0\n";
	static const char large[] =
	    "POST /faults HTTP/1.1\r\nHost: localhost\r\n"
	    "Connection: close\r\nContent-Length: 262145\r\n\r\n";

	(void)state;
	start();
	assert_int_equal(send_all(nul, sizeof(nul) - 1), 400);
	assert_says("NUL byte");
	assert_int_equal(send_all(large, sizeof(large) - 1), 413);
	assert_says("256 KiB at the most");
	assert_int_equal(ask("POST", "/faults", "hang key=\xff"), 400);
	assert_int_equal(ask("GET", "/faults", ""), 200);
	assert_string_equal(body_of_answer(), "");
}

static void
no_page_in_a_browser_may_ask(void **state)
{
	static const char *const theirs[] = {"evil.example",
	    "evil.example:7071", "127.0.0.1.evil.example", "10.0.0.1", "[::1",
	    "localhost.evil.example:7071", "[::2]:7071"};
	static const char *const ours[] = {"localhost", "LocalHost:7071",
	    "127.0.0.1", "127.1.2.3:1", "[::1]:7071"};
	char *headers;
	size_t i;

	(void)state;
	start();
	for (i = 0; i < ARRAY_LEN(theirs); i++) {
		headers = xasprintf("Host: %s\r\n", theirs[i]);
		if (ask_with("GET", "/healthz", headers, "") / 100 != 4)
			fail_msg("%s may ask", theirs[i]);
		free(headers);
	}
	assert_says("names another machine\nAsk for 127.0.0.1");
	for (i = 0; i < ARRAY_LEN(ours); i++) {
		headers = xasprintf("Host: %s\r\n", ours[i]);
		if (ask_with("GET", "/healthz", headers, "") != 200)
			fail_msg("%s may not ask", ours[i]);
		free(headers);
	}
	assert_int_equal(
	    ask_with("POST", "/faults",
		"Host: localhost\r\nOrigin: http://localhost:7071\r\n", "hang"),
	    403);
	assert_says("not for browsers\nLeave the Origin header out.");
	assert_int_equal(ask_with("GET", "/healthz",
			     "Host: localhost\r\nOrigin: null\r\n", ""),
	    403);
	assert_int_equal(ask("GET", "/faults", ""), 200);
	assert_string_equal(body_of_answer(), "");
}

#define HOST "Host: localhost\r\n"

static void
with_a_token_it_must_be_that(void **state)
{
	static const char *const bad[] = {HOST,
	    HOST "Authorization: Bearer\r\n",
	    HOST "Authorization: Bearer 0123456789abcdeg\r\n",
	    HOST "Authorization: Bearer 0123456789abcde\r\n",
	    HOST "Authorization: Bearer 0123456789abcdef0\r\n",
	    HOST "Authorization: Basic " TOKEN "\r\n",
	    HOST "Authorization: Bearer " TOKEN "\r\n"
		 "Authorization: Bearer " TOKEN "\r\n"};
	static const char good[] = HOST "Authorization: Bearer " TOKEN "\r\n";
	size_t i;

	(void)state;
	t.conf.token = secret;
	start();
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(ask_with("GET", "/metrics", bad[i], ""), 401);
		assert_says("WWW-Authenticate: Bearer\r\n");
		assert_says("Send Authorization: Bearer TOKEN");
		assert_int_equal(
		    ask_with("POST", "/faults", bad[i], "hang"), 401);
		assert_int_equal(ask_with("GET", "/nosuch", bad[i], ""), 401);
		assert_int_equal(ask_with("GET", "/healthz", bad[i], ""), 200);
	}
	assert_int_equal(ask_with("POST", "/faults", good, "throttle"), 201);
	assert_int_equal(ask_with("GET", "/metrics", good, ""), 200);
	assert_int_equal(ask_with("GET", "/faults", good, ""), 200);
	assert_string_equal(
	    body_of_answer(), "throttle count=1 # id=1 taken=0\n");
	assert_null(strstr(t.log.data, TOKEN));
}

static void
a_socket_is_for_its_user_whatever_the_host(void **state)
{
	char dir[] = "/tmp/test_local_admin.XXXXXX";
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	t.conf.host = NULL;
	t.conf.unix_path = xasprintf("%s/admin.sock", dir);
	start();
	assert_int_equal(admin_port(t.admin), 0);
	assert_int_equal(stat(t.conf.unix_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(ask_with("GET", "/healthz", "Host: any\r\n", ""), 200);
	assert_int_equal(ask_with("GET", "/healthz",
			     "Host: any\r\nOrigin: http://a\r\n", ""),
	    403);
	admin_free(t.admin);
	t.admin = NULL;
	assert_int_equal(stat(t.conf.unix_path, &st), -1);
	free(t.conf.unix_path);
	rmdir(dir);
}

static void
a_place_that_is_taken_is_named(void **state)
{
	struct admin_options o;
	struct admin *second = NULL;
	struct error err;

	(void)state;
	start();
	t.conf.port = admin_port(t.admin);
	o = (struct admin_options){
	    .loop = t.loop, .conf = &t.conf, .faults = t.faults};
	assert_int_equal(admin_new(&o, &second, &err), -1);
	assert_non_null(strstr(err.text, "[admin] listen: "));
	assert_null(second);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	    T(it_is_well_and_shows_metrics),
	    T(faults_come_and_go),
	    T(a_wrong_line_is_told_and_nothing_is_taken),
	    T(what_no_path_takes_is_refused_with_what_it_does),
	    T(a_body_has_a_limit_and_is_text),
	    T(no_page_in_a_browser_may_ask),
	    T(with_a_token_it_must_be_that),
	    T(a_socket_is_for_its_user_whatever_the_host),
	    T(a_place_that_is_taken_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
