/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/http_server on a UNIX socket: its file, who is at the other end, and
 * that a peer which closed is known to be gone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/http_server.h"
#include "tests/unit/http_rig.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define NOBODY 65534

/* A folder of the test's own with the place for a socket. */
struct place {
	char folder[64];
	char path[96];
	struct http_server_options options;
	struct loop *loop; /* for servers without a rig */
	struct http_server *server;
	struct error err;
};

static int
setup(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));

	snprintf(p->folder, sizeof(p->folder), "/tmp/test_http_unix-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->path, sizeof(p->path), "%s/s", p->folder);
	p->options.unix_path = p->path;
	p->loop = loop_new();
	*state = p;
	return 0;
}

static void
sweep(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, "..") &&
		    unlinkat(dirfd(d), e->d_name, 0) == -1)
			unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
	}
	if (d != NULL)
		closedir(d);
	assert_int_equal(rmdir(folder), 0);
}

static int
teardown(void **state)
{
	struct place *p = *state;

	http_server_free(p->server);
	loop_free(p->loop);
	sweep(p->folder);
	free(p);
	return 0;
}

static void
never(struct http_exchange *x, void *arg)
{
	(void)arg;
	http_reply(x, 500, NULL, "", 0);
}

/* A server that nobody runs: its file is all that matters. */
static int
listen_there(struct place *p)
{
	http_server_free(p->server);
	p->server = NULL;
	error_clear(&p->err);
	return http_server_new(
	    p->loop, &p->options, never, NULL, &p->server, &p->err);
}

static void
expect_failure(struct place *p, enum error_code code, const char *words)
{
	if (listen_there(p) != -1 || p->err.code != code ||
	    strstr(p->err.text, words) == NULL)
		fail_msg(
		    "not \"%s\": %d, %s", words, (int)p->err.code, p->err.text);
	assert_null(p->server);
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_mode : 0;
}

/* A socket bound there by somebody else; it listens if `backlog` >= 0. */
static int
foreign_socket(const char *path, int type, int backlog)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	if (backlog >= 0)
		assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static void
write_file(const char *path, const char *text)
{
	struct error err;

	assert_int_equal(
	    file_write_atomic(path, text, strlen(text), 0600, &err), 0);
}

/* --- the file ------------------------------------------------------- */

static void
its_mode_is_right_under_any_umask(void **state)
{
	static const unsigned modes[] = {0, 0600, 0660, 0666, 0770};
	static const mode_t masks[] = {0, 022, 077, 0177};
	struct place *p = *state;
	size_t i, j;

	for (i = 0; i < ARRAY_LEN(modes); i++) {
		for (j = 0; j < ARRAY_LEN(masks); j++) {
			mode_t old = umask(masks[j]), mode;
			int rc;

			p->options.unix_mode = modes[i];
			rc = listen_there(p);
			/* The process's umask is what it was. */
			assert_int_equal(umask(old), masks[j]);
			assert_int_equal(rc, 0);
			mode = mode_of(p->path);
			assert_true(S_ISSOCK(mode));
			assert_int_equal(
			    mode & 07777, modes[i] != 0 ? modes[i] : 0600);
			assert_int_equal(http_server_port(p->server), 0);
		}
	}
}

static void
it_never_had_a_wider_mode(void **state)
{
	struct place *p = *state;
	mode_t old = umask(0);
	char events[4096];
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	assert_true(inotify_add_watch(fd, p->folder, IN_ATTRIB) != -1);
	assert_int_equal(listen_there(p), 0);
	umask(old);
	assert_int_equal(mode_of(p->path) & 07777, 0600);
	/* Nobody had to change it. */
	assert_int_equal(read(fd, events, sizeof(events)), -1);
	assert_int_equal(errno, EAGAIN);
	close(fd);
}

static void
a_path_has_at_most_107_bytes(void **state)
{
	struct place *p = *state;
	char path[120];
	size_t len = (size_t)snprintf(path, sizeof(path), "%s/", p->folder);

	memset(path + len, 'a', sizeof(path) - len);
	path[108] = '\0';
	p->options.unix_path = path;
	expect_failure(p, ERR_CONFIG, "108 bytes, and 107 is the most");
	assert_true(strlen(p->err.hint) > 0);
	path[107] = '\0';
	assert_int_equal(listen_there(p), 0);
	assert_true(S_ISSOCK(mode_of(path)));
	http_server_free(p->server);
	p->server = NULL;
	assert_int_equal(mode_of(path), 0);
	p->options.unix_path = "";
	expect_failure(p, ERR_CONFIG, "empty");
}

static void
what_is_no_socket_is_never_removed(void **state)
{
	struct place *p = *state;
	char other[128];
	int fd;

	write_file(p->path, "mine");
	expect_failure(p, ERR_CONFIG, "is no socket");
	assert_true(strlen(p->err.hint) > 0);
	assert_true(S_ISREG(mode_of(p->path)));
	unlink(p->path);

	mkdir(p->path, 0700);
	expect_failure(p, ERR_CONFIG, "is no socket");
	assert_true(S_ISDIR(mode_of(p->path)));
	rmdir(p->path);

	/* Nor is a link followed to a socket that is dead. */
	snprintf(other, sizeof(other), "%s2", p->path);
	fd = foreign_socket(other, SOCK_STREAM, -1);
	assert_int_equal(symlink(other, p->path), 0);
	close(fd);
	expect_failure(p, ERR_CONFIG, "is no socket");
	assert_true(S_ISLNK(mode_of(p->path)));
	assert_true(S_ISSOCK(mode_of(other)));
	unlink(other);
}

static void
a_folder_that_is_missing_is_an_error(void **state)
{
	struct place *p = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/no/s", p->folder);
	p->options.unix_path = path;
	expect_failure(p, ERR_IO, path);
}

static void
a_socket_that_nobody_listens_at_is_replaced(void **state)
{
	struct place *p = *state;
	struct rig *rig;
	int fd;

	close(foreign_socket(p->path, SOCK_STREAM, 5));
	rig = rig_start(&p->options);
	fd = rig_connect(rig);
	rig_exchange(fd, GET("/ok"), 200, "ok\n");
	close(fd);
	rig_stop(rig);

	/* Bound by a process that lives, but is not listening. */
	fd = foreign_socket(p->path, SOCK_STREAM, -1);
	assert_int_equal(listen_there(p), 0);
	close(fd);
}

static void
a_socket_that_somebody_listens_at_is_busy(void **state)
{
	struct place *p = *state;
	struct rig *rig = rig_start(&p->options);
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd, filler;

	expect_failure(p, ERR_BUSY, p->path);
	fd = rig_connect(rig);
	rig_exchange(fd, GET("/ok"), 200, "ok\n");
	close(fd);
	rig_stop(rig);

	/* One that is too busy to accept listens, too. */
	fd = foreign_socket(p->path, SOCK_STREAM, 0);
	memcpy(sa.sun_path, p->path, strlen(p->path) + 1);
	filler = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
	    connect(filler, (struct sockaddr *)&sa, sizeof(sa)), 0);
	expect_failure(p, ERR_BUSY, p->path);
	close(filler);
	close(fd);
	unlink(p->path);

	fd = foreign_socket(p->path, SOCK_DGRAM, -1);
	expect_failure(p, ERR_BUSY, p->path);
	assert_true(S_ISSOCK(mode_of(p->path)));
	close(fd);
}

/* Two that start at once would remove each other's. */
static void
only_one_at_a_time_may_replace_it(void **state)
{
	struct place *p = *state;
	int fd;

	close(foreign_socket(p->path, SOCK_STREAM, -1));
	fd = open(p->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	expect_failure(p, ERR_BUSY, "locked");
	assert_true(p->err.retryable);
	close(fd);
	assert_int_equal(listen_there(p), 0);
	/* And nothing of it stays locked. */
	fd = open(p->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	close(fd);
}

static void
a_path_without_a_folder_is_taken_from_where_we_are(void **state)
{
	struct place *p = *state;
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	assert_int_equal(chdir(p->folder), 0);
	p->options.unix_path = "s";
	rc = listen_there(p);
	http_server_free(p->server);
	p->server = NULL;
	assert_int_equal(fchdir(here), 0);
	close(here);
	assert_int_equal(rc, 0);
	assert_int_equal(mode_of(p->path), 0);
}

static void
the_file_goes_with_the_server(void **state)
{
	struct place *p = *state;
	struct rig *rig;
	struct buf head, body;
	int fd;

	assert_int_equal(listen_there(p), 0);
	assert_true(S_ISSOCK(mode_of(p->path)));
	http_server_free(p->server);
	p->server = NULL;
	assert_int_equal(mode_of(p->path), 0);

	/* At the drain already: the successor may come at once. */
	buf_init(&head, 8192);
	buf_init(&body, 8192);
	rig = rig_start(&p->options);
	fd = rig_connect(rig);
	rig_puts(fd, GET("/hang"));
	rig_wait_count(rig, RIG_LIVE, 1);
	rig_call(rig, rig_drain);
	assert_int_equal(mode_of(p->path), 0);
	assert_int_equal(listen_there(p), 0);
	rig_call(rig, rig_release);
	assert_true(rig_reply(fd, &head, &body));
	assert_int_equal(rig_status(&head), 200);
	close(fd);
	rig_stop(rig);
	assert_true(S_ISSOCK(mode_of(p->path)));
	buf_done(&head);
	buf_done(&body);
}

static void
a_file_that_is_not_ours_any_more_stays(void **state)
{
	struct place *p = *state;
	int fd;

	assert_int_equal(listen_there(p), 0);
	unlink(p->path);
	write_file(p->path, "another's");
	http_server_free(p->server);
	p->server = NULL;
	assert_true(S_ISREG(mode_of(p->path)));
	unlink(p->path);

	assert_int_equal(listen_there(p), 0);
	unlink(p->path);
	fd = foreign_socket(p->path, SOCK_STREAM, 1);
	http_server_drain(p->server);
	http_server_free(p->server);
	p->server = NULL;
	assert_true(S_ISSOCK(mode_of(p->path)));
	close(fd);
}

/* --- who is there --------------------------------------------------- */

static void
the_user_is_known(void **state)
{
	struct place *p = *state;
	struct rig *rig = rig_start(&p->options), *tcp = rig_start(NULL);
	char expected[40];
	int fd = rig_connect(rig);

	snprintf(expected, sizeof(expected), "unix:uid=%u", getuid());
	rig_exchange(fd, GET("/peer"), 200, expected);
	rig_exchange(fd, GET("/uid"), 200, strchr(expected, '=') + 1);
	close(fd);
	fd = rig_connect(tcp);
	rig_exchange(fd, GET("/uid"), 200, "-1");
	close(fd);
	rig_stop(rig);
	rig_stop(tcp);
}

/* In a process of another user: 0 if the answer ends in its number. */
static int
ask_as_nobody(const char *path)
{
	static const char request[] =
	    "GET /uid HTTP/1.0\r\nX-Uid: 0\r\nConnection: close\r\n\r\n";
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	char got[1024];
	size_t len = 0;
	ssize_t n = 1;
	int fd;

	memcpy(sa.sun_path, path, strlen(path) + 1);
	if (setresgid(NOBODY, NOBODY, NOBODY) == -1 ||
	    setresuid(NOBODY, NOBODY, NOBODY) == -1)
		return 2;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == -1 ||
	    write(fd, request, sizeof(request) - 1) == -1)
		return 3;
	while (n > 0 && len < sizeof(got)) {
		n = read(fd, got + len, sizeof(got) - len);
		len += n > 0 ? (size_t)n : 0;
	}
	return len > 9 && memcmp(got + len - 9, "\r\n\r\n65534", 9) == 0 ? 0
									 : 4;
}

static void
another_user_is_known_too(void **state)
{
	struct place *p = *state;
	struct rig *rig;
	int status;
	pid_t pid;

	if (getuid() != 0)
		skip();
	p->options.unix_mode = 0666;
	chmod(p->folder, 0711);
	rig = rig_start(&p->options);
	pid = fork();
	if (pid == 0)
		_exit(ask_as_nobody(p->path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	rig_stop(rig);
	assert_int_equal(status, 0);
}

/* --- who has gone --------------------------------------------------- */

static void
fill(int fd)
{
	static char junk[65536];

	while (send(fd, junk, sizeof(junk), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		continue;
	assert_int_equal(errno, EAGAIN);
}

static void
a_peer_that_closed_ends_its_exchange(void **state)
{
	struct place *p = *state;
	struct rig *rig = rig_start(&p->options);
	int fd = rig_connect(rig), other = rig_connect(rig);

	/* Another one beside it, which only ended its sending. */
	rig_puts(other, GET("/hang"));
	shutdown(other, SHUT_WR);
	rig_wait_count(rig, RIG_LIVE, 1);
	rig_puts(fd, GET("/hang"));
	rig_wait_count(rig, RIG_LIVE, 2);
	close(fd);
	rig_wait_count(rig, RIG_GONE, 1);

	/* At first it only ends its sending. */
	fd = rig_connect(rig);
	rig_puts(fd, GET("/hang"));
	shutdown(fd, SHUT_WR);
	rig_wait_count(rig, RIG_LIVE, 2);
	rig_sync(rig);
	assert_int_equal(rig_count(rig, RIG_GONE), 1);
	close(fd);
	rig_wait_count(rig, RIG_GONE, 2);

	/* It sends more than is read ahead. */
	fd = rig_connect(rig);
	rig_puts(fd, GET("/hang"));
	fill(fd);
	rig_wait_count(rig, RIG_LIVE, 2);
	rig_sync(rig);
	close(fd);
	rig_wait_count(rig, RIG_GONE, 3);

	/* Its body is held up. */
	fd = rig_connect(rig);
	rig_puts(fd,
	    "POST /hold HTTP/1.1\r\nHost: a\r\n"
	    "Content-Length: 1000000000\r\n\r\n");
	rig_wait_count(rig, RIG_LIVE, 2);
	fill(fd);
	close(fd);
	rig_wait_count(rig, RIG_GONE, 4);

	assert_int_equal(rig_connections(rig), 1);
	rig_call(rig, rig_release);
	rig_wait_count(rig, RIG_LIVE, 0);
	assert_int_equal(rig_count(rig, RIG_GONE), 4);
	close(other);
	rig_stop(rig);
}

static void
a_peer_that_only_ended_its_sending_gets_its_reply(void **state)
{
	static const char *const requests[] = {
	    GET("/hang"), GET("/later"), GET("/ok")};
	struct place *p = *state;
	struct rig *rig = rig_start(&p->options);
	struct buf head, body;
	size_t i;

	buf_init(&head, 8192);
	buf_init(&body, 8192);
	for (i = 0; i < ARRAY_LEN(requests); i++) {
		int fd = rig_connect(rig);

		rig_puts(fd, requests[i]);
		shutdown(fd, SHUT_WR);
		rig_wait_count(rig, RIG_REQUESTS, (long)i + 1);
		rig_sync(rig);
		rig_sync(rig);
		rig_call(rig, rig_release);
		assert_true(rig_reply(fd, &head, &body));
		assert_string_equal(body.data, "ok\n");
		assert_true(rig_at_end(fd));
		close(fd);
	}
	assert_int_equal(rig_count(rig, RIG_GONE), 0);
	while (rig_connections(rig) > 0)
		continue;
	buf_done(&head);
	buf_done(&body);
	rig_stop(rig);
}

static void
a_peer_that_waits_half_closed_costs_no_processor(void **state)
{
	struct place *p = *state;
	struct rig *rig = rig_start(&p->options);
	int fd = rig_connect(rig);
	int64_t cpu;

	rig_puts(fd, GET("/hang"));
	shutdown(fd, SHUT_WR);
	rig_wait_count(rig, RIG_LIVE, 1);
	rig_sync(rig);
	cpu = rig_cpu_ms(rig);
	poll(NULL, 0, 150);
	assert_true(rig_cpu_ms(rig) - cpu < 30);
	close(fd);
	rig_wait_count(rig, RIG_GONE, 1);
	cpu = rig_cpu_ms(rig);
	poll(NULL, 0, 150);
	assert_true(rig_cpu_ms(rig) - cpu < 30);
	rig_stop(rig);
}

#define MANY 8

static void
many_that_leave_at_once_are_all_told(void **state)
{
	struct place *p = *state;
	struct rig *rig = rig_start(&p->options);
	int fds[MANY], i;

	for (i = 0; i < MANY; i++) {
		fds[i] = rig_connect(rig);
		rig_puts(fds[i], GET("/hang"));
		shutdown(fds[i], SHUT_WR);
	}
	rig_wait_count(rig, RIG_LIVE, MANY);
	rig_sync(rig);
	for (i = 0; i < MANY; i++)
		close(fds[i]);
	rig_wait_count(rig, RIG_GONE, MANY);
	assert_int_equal(rig_connections(rig), 0);

	/* The server may go while some are watched. */
	for (i = 0; i < 2; i++) {
		fds[i] = rig_connect(rig);
		rig_puts(fds[i], GET("/hang"));
		shutdown(fds[i], SHUT_WR);
	}
	rig_wait_count(rig, RIG_LIVE, 2);
	rig_stop(rig);
	for (i = 0; i < 2; i++) {
		assert_true(rig_at_end(fds[i]));
		close(fds[i]);
	}
}

/* --- bytes ---------------------------------------------------------- */

static void
bodies_and_refusals_come_through_as_over_tcp(void **state)
{
	static const char bad[] = "GET /\r\n\r\n";
	struct place *p = *state;
	struct rig *rig = rig_start(&p->options);
	size_t len = 3 << 20;
	char *body = xcalloc(1, len);
	struct buf got;
	int fd = rig_connect(rig);

	buf_init(&got, 9 << 20);
	rig_puts(fd,
	    "POST /count HTTP/1.1\r\nHost: a\r\n"
	    "Content-Length: 3145728\r\n\r\n");
	rig_send(fd, body, len);
	rig_exchange(fd, "", 200, "whole\n");
	assert_int_equal(rig_count(rig, RIG_BYTES), len);
	rig_puts(fd, "GET /file?8388608 HTTP/1.0\r\n\r\n");
	rig_read_all(fd, &got);
	assert_true(got.len > (8 << 20));
	close(fd);

	/* It is heard though it sends on behind its mistake. */
	fd = rig_connect(rig);
	rig_send(fd, bad, strlen(bad));
	rig_send_some(fd, body, len);
	buf_clear(&got);
	rig_read_all(fd, &got);
	assert_int_equal(rig_status(&got), 400);
	close(fd);

	fd = rig_connect(rig);
	rig_puts(fd, GET("/abort"));
	assert_true(rig_at_end(fd));
	close(fd);
	while (rig_connections(rig) > 0)
		continue;
	free(body);
	buf_done(&got);
	rig_stop(rig);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(its_mode_is_right_under_any_umask),
	    T(it_never_had_a_wider_mode),
	    T(a_path_has_at_most_107_bytes),
	    T(what_is_no_socket_is_never_removed),
	    T(a_folder_that_is_missing_is_an_error),
	    T(a_socket_that_nobody_listens_at_is_replaced),
	    T(a_socket_that_somebody_listens_at_is_busy),
	    T(only_one_at_a_time_may_replace_it),
	    T(a_path_without_a_folder_is_taken_from_where_we_are),
	    T(the_file_goes_with_the_server),
	    T(a_file_that_is_not_ours_any_more_stays),
	    T(the_user_is_known),
	    T(another_user_is_known_too),
	    T(a_peer_that_closed_ends_its_exchange),
	    T(a_peer_that_only_ended_its_sending_gets_its_reply),
	    T(a_peer_that_waits_half_closed_costs_no_processor),
	    T(many_that_leave_at_once_are_all_told),
	    T(bodies_and_refusals_come_through_as_over_tcp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
