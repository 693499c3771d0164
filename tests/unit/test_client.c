/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a client asks, and how it takes answers, those included that no service
 * gives. */
#include "cmd/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
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
#include "cmd/remote.h"

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
		    client_new(fx.app.loop, bad[i], NULL, &c, &fx.err), -1);
		assert_int_equal(fx.err.code, ERR_USAGE);
	}
	/* The kernel's structure has room for 107 bytes. */
	path = xasprintf("/%0*d", 107, 1);
	assert_int_equal(client_new(fx.app.loop, path, NULL, &c, &fx.err), -1);
	assert_int_equal(fx.err.code, ERR_USAGE);
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
		if (client_new(fx.app.loop, good[i][0], NULL, &c, &fx.err) ==
		    -1)
			fail_msg("%s: %s", good[i][0], fx.err.text);
		assert_string_equal(client_address(c), good[i][1]);
		client_free(c);
	}
}

static int
probe(const char *path)
{
	struct client *c;
	int rc;

	assert_int_equal(client_new(fx.app.loop, path, NULL, &c, &fx.err), 0);
	rc = client_probe(c, &fx.err);
	client_free(c);
	return rc;
}

/* A socket that is bound, and of which nobody accepts. */
static int
bind_socket(void)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(sun.sun_path, fx.file, strlen(fx.file));
	assert_int_equal(
	    bind(fd, (struct sockaddr *)(void *)&sun, sizeof(sun)), 0);
	return fd;
}

static void
a_socket_that_nobody_listens_at_is_no_service(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(probe(fx.file), -1);
	assert_int_equal(fx.err.code, ERR_NET);
	assert_non_null(strstr(fx.err.text, fx.file));
	fd = bind_socket();
	assert_int_equal(probe(fx.file), -1);
	assert_int_equal(fx.err.code, ERR_NET);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(probe(fx.file), 0);
	close(fd);
	assert_int_equal(probe(fx.file), -1);
}

/* So many want to be heard that we would have to wait: that is a service. */
static void
a_socket_with_a_full_queue_is_a_service(void **state)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = bind_socket(), waiting[16], n = 0;

	(void)state;
	assert_int_equal(listen(fd, 0), 0);
	memcpy(sun.sun_path, fx.file, strlen(fx.file));
	do {
		assert_in_range(n, 0, 15);
		waiting[n] = socket(
		    AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	} while (connect(waiting[n++], (struct sockaddr *)(void *)&sun,
		     sizeof(sun)) == 0);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(probe(fx.file), 0);
	while (n > 0)
		close(waiting[--n]);
	close(fd);
}

static void
the_code_of_a_problem_is_no_command_to_a_terminal(void **state)
{
	struct job *job;

	(void)state;
	SERVE(SAY(404, PROBLEM,
	    "{\"code\":\"a\\u001b\\u009b\\nb\",\"detail\":\"x\"}"));
	assert_int_equal(remote_find(&fx.app, JOB, &job, &fx.err), -1);
	assert_null(strpbrk(fx.err.remote_code, "\x1b\n"));
	assert_null(strstr(fx.err.remote_code, "\xc2\x9b"));
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
	assert_int_equal(chmod(fx.file, 0), 0);
	assert_int_equal(probe(fx.file), -1);
	assert_int_equal(fx.err.code, ERR_AUTH);
	close(fd);
}

/* --- the token ------------------------------------------------------ */

static int
take_token(const char *data, size_t len, const char *address)
{
	struct client *c;
	int rc;

	if (file_write_atomic(fx.file, data, len, 0600, &fx.err) == -1)
		fail_msg("%s", fx.err.text);
	rc = client_new(fx.app.loop, address, fx.file, &c, &fx.err);
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
	assert_int_equal(fx.err.code, ERR_CONFIG);
	assert_int_equal(take_token("\n", 1, tcp), -1);
	assert_int_equal(take_token("one\ntwo\n", 8, tcp), -1);
	assert_int_equal(take_token("se\0cret", 7, tcp), -1);
	assert_null(strstr(fx.err.text, "se"));
	unlink(fx.file);
	assert_int_equal(
	    client_new(fx.app.loop, tcp, fx.file, &fx.app.client, &fx.err), -1);
	assert_int_equal(fx.err.code, ERR_CONFIG);
	/* A socket needs none, so that the fx.file is not even read. */
	assert_int_equal(client_new(fx.app.loop, "/nowhere", fx.file,
			     &fx.app.client, &fx.err),
	    0);
}

/* --- errors --------------------------------------------------------- */

static int
find(struct job **out)
{
	error_clear(&fx.err);
	return remote_find(&fx.app, JOB, out, &fx.err);
}

static void
must_fail(enum error_code code)
{
	struct job *job = NULL;

	assert_int_equal(find(&job), -1);
	assert_null(job);
	if (fx.err.code != code)
		fail_msg(
		    "code %s: %s", error_code_name(fx.err.code), fx.err.text);
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
		fx_serve(&said, 1);
		must_fail(cases[i].code);
		assert_string_equal(fx.err.text, "no  [2Jsuch thing");
		assert_string_equal(fx.err.hint, "Look there.");
		assert_string_equal(fx.err.remote_code, "some_code");
		assert_int_equal(fx.err.http_status, cases[i].status);
		fx_stop();
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
	fx_serve(&said, 1);
	must_fail(ERR_NOT_FOUND);
	assert_true(strlen(fx.err.text) > 500);
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
		fx_serve(&cases[i], 1);
		must_fail(ERR_PROTOCOL);
		assert_non_null(strstr(fx.err.text, api_peer_path(fx.peer)));
		fx_stop();
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
		fx_serve(&said, 1);
		must_fail(ERR_PROTOCOL);
		fx_stop();
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
	fx_serve(&said, 1);
	must_fail(ERR_LIMIT);
	free(body);
}

static void
a_connection_that_breaks_is_no_answer(void **state)
{
	(void)state;
	SERVE({0});
	must_fail(ERR_NET);
	assert_true(fx.err.sent);
	assert_true(client_unheard(&fx.err));
	fx_stop();
	SERVE({.body = "HTTP/1.1 200 OK\r\nContent-Ty"});
	must_fail(ERR_NET);
	fx_stop();
	SERVE({.body = "HTTP/1.1 200 OK\r\nContent-Type: " JSON
		       "\r\nContent-Length: 500\r\n\r\n{\"job\":"});
	must_fail(ERR_NET);
	fx_stop();
	SERVE({.body = "SSH-2.0-OpenSSH_9.2\r\n"});
	must_fail(ERR_NET);
	fx_stop();
	/* Nobody at all. */
	assert_int_equal(
	    client_new(fx.app.loop, fx.file, NULL, &fx.app.client, &fx.err), 0);
	must_fail(ERR_NET);
	assert_false(fx.err.sent);
	assert_non_null(strstr(fx.err.text, "no service answers"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		what_is_no_address_is_refused, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		an_address_is_known_by_its_form, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_socket_that_nobody_listens_at_is_no_service, fx_setup,
		fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_socket_with_a_full_queue_is_a_service, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		the_code_of_a_problem_is_no_command_to_a_terminal, fx_setup,
		fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_socket_of_others_is_told_from_none, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_token_is_one_line_of_text, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_problem_becomes_the_error_of_its_status, fx_setup,
		fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_long_problem_is_cut, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		another_server_is_no_service, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		an_answer_is_held_to_what_was_asked, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		an_answer_without_end_is_refused, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_connection_that_breaks_is_no_answer, fx_setup, fx_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
