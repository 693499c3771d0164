/* SPDX-License-Identifier: Apache-2.0 */
/*
 * testcontainer [OPTION]... : a container for tests, on plain sockets with a
 * thread for each connection, so that it can answer as no server of ours
 * would. The port is --port N, or PORT of the environment.
 *
 * The first word of the payload says what an invocation does; see verbs[].
 * Options: --slow MS (its start), --healthy N (so many good pings, then bad
 * ones), --deaf N (so many, then none is answered), --late MS (each ping),
 * --exit STATUS (instead of a start), --say TEXT (to standard error),
 * --ignore-term, --journal FILE (a line when it starts, when each invocation
 * begins and ends, and when an echo or a sleep is over, before it is answered).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define HEAD_MAX ((size_t)64 * 1024)
#define WORDS_MAX ((size_t)4096) /* of a payload, to find the verb in */
#define ROUND ((size_t)65536)

struct exchange {
	int fd;
	struct buf head;
	char words[WORDS_MAX + 1];
	size_t words_len;
	long long length;
	FILE *body; /* the whole payload, rewound */
};

static const char *port_asked;
static int journal = -1;
static atomic_long healthy = -1, deaf = -1;
static long late_ms;
static atomic_long pings;

static void
note(const char *what, long n)
{
	char *line;

	if (journal == -1)
		return;
	line = xasprintf("%ld %s %ld\n", (long)getpid(), what, n);
	if (write(journal, line, strlen(line)) == -1)
		perror("testcontainer: journal");
	free(line);
}

static void
pause_ms(long ms)
{
	poll(NULL, 0, (int)ms);
}

static bool
put(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	for (; len > 0; p += n, len -= (size_t)n) {
		n = send(fd, p, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
	}
	return true;
}

static void
reply(int fd, int status, const char *type, const char *text)
{
	char *head =
	    xasprintf("HTTP/1.1 %d X\r\nContent-Type: %s\r\n"
		      "Content-Length: %zu\r\nConnection: close\r\n\r\n",
		status, type, strlen(text));

	if (put(fd, head, strlen(head)))
		put(fd, text, strlen(text));
	free(head);
}

/* --- what an invocation does ---------------------------------------- */

/* "echo": the payload, whatever its length. */
static void
do_echo(struct exchange *x, const char *rest)
{
	char *round = xmalloc(ROUND), *head;
	size_t n;

	(void)rest;
	head = xasprintf("HTTP/1.1 200 OK\r\nContent-Type: text/echo\r\n"
			 "Content-Length: %lld\r\n\r\n",
	    x->length);
	note("worked", (long)x->length);
	if (put(x->fd, head, strlen(head))) {
		while ((n = fread(round, 1, ROUND, x->body)) > 0 &&
		    put(x->fd, round, n))
			continue;
	}
	free(head);
	free(round);
}

/* "head": the request's head is the answer. */
static void
do_head(struct exchange *x, const char *rest)
{
	(void)rest;
	reply(x->fd, 200, "text/plain", x->head.data);
}

/* "sleep MS" */
static void
do_sleep(struct exchange *x, const char *rest)
{
	pause_ms(strtol(rest, NULL, 10));
	note("worked", (long)x->length);
	reply(x->fd, 200, "text/plain", "slept");
}

/* "status CODE [TEXT]" */
static void
do_status(struct exchange *x, const char *rest)
{
	char *text;
	long status = strtol(rest, &text, 10);

	reply(x->fd, (int)status, "application/json",
	    *text == ' ' ? text + 1 : text);
}

/* "exit STATUS": the container itself does. */
static void
do_exit(struct exchange *x, const char *rest)
{
	(void)x;
	_exit((int)strtol(rest, NULL, 10));
}

/* "abort": this connection breaks. */
static void
do_abort(struct exchange *x, const char *rest)
{
	(void)x;
	(void)rest;
}

/* "part": the body is shorter than was said. */
static void
do_part(struct exchange *x, const char *rest)
{
	static const char text[] =
	    "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort";

	(void)rest;
	put(x->fd, text, strlen(text));
}

/* "chunked" */
static void
do_chunked(struct exchange *x, const char *rest)
{
	static const char text[] =
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "5\r\nhello\r\n0\r\n\r\n";

	(void)rest;
	put(x->fd, text, strlen(text));
}

/* "endless": chunks that the client has to end. */
static void
do_endless(struct exchange *x, const char *rest)
{
	static const char head[] =
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
	static const char chunk[] = "10\r\n0123456789abcdef\r\n";

	(void)rest;
	if (!put(x->fd, head, strlen(head)))
		return;
	while (put(x->fd, chunk, strlen(chunk)))
		continue;
}

/* "nolength": the end of the connection is the end of the answer. */
static void
do_nolength(struct exchange *x, const char *rest)
{
	static const char text[] = "HTTP/1.1 200 OK\r\n\r\nhello";

	(void)rest;
	put(x->fd, text, strlen(text));
}

/* "headers N": an answer with one header of so many bytes. */
static void
do_headers(struct exchange *x, const char *rest)
{
	size_t n = strtoul(rest, NULL, 10);
	char *value = xmalloc(n + 1), *head;

	memset(value, 'h', n);
	value[n] = '\0';
	head = xasprintf(
	    "HTTP/1.1 200 OK\r\nX: %s\r\nContent-Length: 2\r\n\r\nok", value);
	put(x->fd, head, strlen(head));
	free(head);
	free(value);
}

/* "big N": so many bytes. */
static void
do_big(struct exchange *x, const char *rest)
{
	long long left = strtoll(rest, NULL, 10);
	char *round = xmalloc(ROUND), *head;

	memset(round, 'b', ROUND);
	head =
	    xasprintf("HTTP/1.1 200 OK\r\nContent-Length: %lld\r\n\r\n", left);
	if (put(x->fd, head, strlen(head))) {
		for (; left > 0; left -= (long long)ROUND) {
			size_t n =
			    left < (long long)ROUND ? (size_t)left : ROUND;
			if (!put(x->fd, round, n))
				break;
		}
	}
	free(head);
	free(round);
}

/* "deafen": good work, but no ping is answered any more. */
static void
do_deafen(struct exchange *x, const char *rest)
{
	long ms = strtol(rest, NULL, 10);

	deaf = 0;
	pause_ms(ms);
	reply(x->fd, 200, "text/plain", "deaf");
}

/* "sicken": pings are answered 500. */
static void
do_sicken(struct exchange *x, const char *rest)
{
	healthy = 0;
	do_sleep(x, rest);
}

static const struct {
	const char *name;
	void (*run)(struct exchange *x, const char *rest);
} verbs[] = {
    {"abort", do_abort},
    {"big", do_big},
    {"chunked", do_chunked},
    {"deafen", do_deafen},
    {"echo", do_echo},
    {"endless", do_endless},
    {"exit", do_exit},
    {"head", do_head},
    {"headers", do_headers},
    {"nolength", do_nolength},
    {"part", do_part},
    {"sicken", do_sicken},
    {"sleep", do_sleep},
    {"status", do_status},
};

/* Those that look like none are echoed. */
static void
invoke(struct exchange *x)
{
	char *rest = x->words + strcspn(x->words, " \n");
	size_t i, len = (size_t)(rest - x->words);

	note("begin", (long)x->length);
	while (*rest == ' ')
		rest++;
	for (i = 0; i < ARRAY_LEN(verbs); i++) {
		if (strlen(verbs[i].name) == len &&
		    strncmp(verbs[i].name, x->words, len) == 0)
			break;
	}
	if (i < ARRAY_LEN(verbs))
		verbs[i].run(x, rest);
	else
		do_echo(x, rest);
	note("end", (long)x->length);
}

static void
ping(struct exchange *x)
{
	long n = atomic_fetch_add(&pings, 1);

	pause_ms(late_ms);
	if (deaf >= 0 && n >= deaf)
		pause_ms(3600000);
	else
		reply(x->fd, healthy >= 0 && n >= healthy ? 500 : 200,
		    "text/plain", "");
}

/* --- HTTP, as much as is needed ------------------------------------- */

static bool
read_head(struct exchange *x)
{
	char c;

	while (strstr(x->head.data, "\r\n\r\n") == NULL) {
		if (recv(x->fd, &c, 1, 0) != 1 || buf_putc(&x->head, c) == -1)
			return false;
	}
	return true;
}

static bool
read_body(struct exchange *x)
{
	const char *length = strcasestr(x->head.data, "\r\ncontent-length:");
	char *round = xmalloc(ROUND);
	long long left;
	ssize_t n = 0;

	x->length = length != NULL ? strtoll(length + 17, NULL, 10) : 0;
	x->body = tmpfile();
	for (left = x->length; left > 0 && x->body != NULL; left -= n) {
		n = recv(x->fd, round,
		    left < (long long)ROUND ? (size_t)left : ROUND, 0);
		if (n <= 0)
			break;
		fwrite(round, 1, (size_t)n, x->body);
	}
	free(round);
	if (left > 0 || x->body == NULL)
		return false;
	rewind(x->body);
	x->words_len = fread(x->words, 1, WORDS_MAX, x->body);
	x->words[x->words_len] = '\0';
	rewind(x->body);
	return true;
}

static void *
serve(void *arg)
{
	struct exchange *x = arg;

	buf_init(&x->head, HEAD_MAX);
	if (read_head(x) && read_body(x)) {
		if (str_starts(x->head.data, "GET /ping "))
			ping(x);
		else if (str_starts(x->head.data, "POST /invocations "))
			invoke(x);
		else
			reply(x->fd, 404, "text/plain", "no such place");
	}
	if (x->body != NULL)
		fclose(x->body);
	buf_done(&x->head);
	close(x->fd);
	free(x);
	return NULL;
}

static int
listen_at(int port)
{
	struct sockaddr_in sin = {
	    .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd == -1 ||
	    bind(fd, (struct sockaddr *)(void *)&sin, sizeof(sin)) == -1 ||
	    listen(fd, 1024) == -1) {
		fprintf(stderr, "testcontainer: port %d: %s\n", port,
		    strerror(errno));
		exit(1);
	}
	return fd;
}

static int
choose_port(void)
{
	const char *text = port_asked != NULL ? port_asked : getenv("PORT");
	int64_t port;

	if (text == NULL || str_to_i64(text, 1, 65535, &port) == -1) {
		fprintf(stderr, "testcontainer: no PORT\n");
		exit(2);
	}
	return (int)port;
}

static void
say(const char *text)
{
	fprintf(stderr, "%s\n", text);
	fflush(stderr);
}

static void
configure(int argc, char **argv)
{
	static const struct option options[] = {
	    {"port", required_argument, NULL, 'p'},
	    {"slow", required_argument, NULL, 's'},
	    {"healthy", required_argument, NULL, 'h'},
	    {"deaf", required_argument, NULL, 'd'},
	    {"exit", required_argument, NULL, 'x'},
	    {"late", required_argument, NULL, 'l'},
	    {"say", required_argument, NULL, 'y'},
	    {"ignore-term", no_argument, NULL, 'i'},
	    {"journal", required_argument, NULL, 'j'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'p')
			port_asked = optarg;
		else if (c == 's')
			pause_ms(strtol(optarg, NULL, 10));
		else if (c == 'h')
			healthy = strtol(optarg, NULL, 10);
		else if (c == 'd')
			deaf = strtol(optarg, NULL, 10);
		else if (c == 'l')
			late_ms = strtol(optarg, NULL, 10);
		else if (c == 'x')
			exit((int)strtol(optarg, NULL, 10));
		else if (c == 'y')
			say(optarg);
		else if (c == 'i')
			signal(SIGTERM, SIG_IGN);
		else if (c == 'j')
			journal = open(optarg,
			    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		else
			exit(2);
	}
}

int
main(int argc, char **argv)
{
	int fd, port;

	configure(argc, argv);
	port = choose_port();
	fd = listen_at(port);
	note("start", port);
	for (;;) {
		struct exchange *x = xcalloc(1, sizeof(*x));
		pthread_t thread;

		x->fd = accept(fd, NULL, NULL);
		if (x->fd == -1 ||
		    pthread_create(&thread, NULL, serve, x) != 0) {
			perror("testcontainer");
			return 1;
		}
		pthread_detach(thread);
	}
}
