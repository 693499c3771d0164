/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crowd SOCKET ENDPOINT JOBS CLIENTS: so many clients of the service behind the
 * socket, who all wait at once for so many jobs, each for its own. Half of the
 * clients listen to events (GET /v1/events, their tag), the others have a
 * connection for each of their jobs that asks for it (GET /v1/jobs/ID?wait=60).
 * Submits the jobs over 32 connections, then waits until each client was told
 * of each. What is measured: from a job's completed_at until whose it is has
 * read that it is done. A line of figures; 1 where anybody is told later than
 * --late=MS (1000), twice, of another's job, or never: nothing new for 60 s.
 */
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "job/jobid.h"

#define SUBMITTERS 32
#define PATIENCE_MS 60000
#define ANSWER_MAX ((size_t)8 << 20)
#define NOBODY (-1)

struct job {
	char id[JOBID_SIZE];
	long owner; /* whose it is */
	long told_to;
	int64_t told_at;
	int64_t completed_at;
};

enum kind { SUBMIT, WAIT, STREAM, LIST };

struct conn {
	LIST_ENTRY(conn) entry;
	enum kind kind;
	int fd;
	long client; /* of a STREAM */
	long number; /* of the job that is submitted */
	struct job *job; /* WAIT */
	struct buf in;
};

static struct {
	const char *socket, *endpoint;
	long jobs, clients, late_ms;
	int epoll;
	long streams; /* that have begun */
	long begun, submitted, told, twice, strange;
	LIST_HEAD(, conn) conns;
	long open, most;
	int64_t news_at;
	void *ids; /* a tree of struct job */
	struct job **v;
	char after[JOBID_SIZE]; /* the list goes on behind it */
	bool listed;
} w = {.late_ms = 1000};

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("crowd: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(2);
}

static bool
listens(long client)
{
	return client < w.clients / 2;
}

/* --- jobs ----------------------------------------------------------- */

static int
by_id(const void *a, const void *b)
{
	const struct job *x = a, *y = b;

	return strcmp(x->id, y->id);
}

/* News may come before the answer that names it. */
static struct job *
job_of(const char *id)
{
	struct job *job = xcalloc(1, sizeof(*job));
	struct job **slot;

	if (!jobid_ok(id))
		die("\"%s\" is no id", id);
	memcpy(job->id, id, JOBID_SIZE);
	job->owner = job->told_to = NOBODY;
	slot = tsearch(job, &w.ids, by_id);
	if (slot == NULL)
		abort();
	if (*slot != job)
		free(job);
	return *slot;
}

static void
tell(struct job *job, long client)
{
	w.news_at = clock_mono_ms();
	if (job->told_at != 0) {
		w.twice++;
		return;
	}
	job->told_at = clock_wall_ms();
	job->told_to = client;
	w.told++;
}

/* --- connections ---------------------------------------------------- */

static struct conn *
conn_new(enum kind kind)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct conn *c = xcalloc(1, sizeof(*c));
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

	c->kind = kind;
	buf_init(&c->in, ANSWER_MAX);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", w.socket);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd == -1 ||
	    connect(c->fd, (struct sockaddr *)(void *)&sun, sizeof(sun)) == -1)
		die("connect: %s", strerror(errno));
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	if (epoll_ctl(w.epoll, EPOLL_CTL_ADD, c->fd, &ev) == -1)
		die("epoll: %s", strerror(errno));
	LIST_INSERT_HEAD(&w.conns, c, entry);
	if (++w.open > w.most)
		w.most = w.open;
	return c;
}

static void
conn_free(struct conn *c)
{
	w.open--;
	LIST_REMOVE(c, entry);
	close(c->fd);
	buf_done(&c->in);
	free(c);
}

/* No request is so long that a socket would not take it whole. */
static void __attribute__((format(printf, 2, 3)))
ask(struct conn *c, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text) ||
	    send(c->fd, text, (size_t)n, MSG_NOSIGNAL) != n)
		die("send: %s", strerror(errno));
}

/* --- what is asked for ---------------------------------------------- */

static void
submit_next(struct conn *c)
{
	char body[200];
	long client;

	if (w.begun == w.jobs) {
		conn_free(c);
		return;
	}
	c->number = w.begun++;
	client = c->number % w.clients;
	snprintf(body, sizeof(body),
	    "{\"endpoint\":\"%s\",\"body\":\"%ld\",\"tags\":[\"client-%ld\"]}",
	    w.endpoint, c->number, client);
	ask(c,
	    "POST /v1/jobs HTTP/1.1\r\nHost: a\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
	    strlen(body), body);
}

static void
wait_for(struct conn *c)
{
	ask(c, "GET /v1/jobs/%s?wait=60 HTTP/1.1\r\nHost: a\r\n\r\n",
	    c->job->id);
}

/* An old client gets no chunks. */
static void
listen_as(long client)
{
	struct conn *c = conn_new(STREAM);

	c->client = client;
	ask(c, "GET /v1/events?type=job.done&tag=client-%ld HTTP/1.0\r\n\r\n",
	    client);
}

static void
list_next(struct conn *c)
{
	ask(c, "GET /v1/jobs?limit=1000%s%s HTTP/1.1\r\nHost: a\r\n\r\n",
	    w.after[0] != '\0' ? "&after=" : "", w.after);
}

/* --- what is answered ----------------------------------------------- */

static void
on_submitted(struct conn *c, const struct json *answer)
{
	const char *id = json_get_str(answer, "job");
	struct job *job;
	struct conn *waiter;

	if (id == NULL)
		die("the answer names no job");
	job = job_of(id);
	job->owner = c->number % w.clients;
	w.v[c->number] = job;
	w.submitted++;
	w.news_at = clock_mono_ms();
	if (!listens(job->owner)) {
		waiter = conn_new(WAIT);
		waiter->job = job;
		wait_for(waiter);
	}
	submit_next(c);
}

static void
on_waited(struct conn *c, const struct json *answer)
{
	const char *state = json_get_str(answer, "state");

	if (state == NULL || !str_eq(state, "done")) {
		wait_for(c);
		return;
	}
	tell(c->job, c->job->owner);
	conn_free(c);
}

static void
on_listed(struct conn *c, const struct json *answer)
{
	const struct json *j = json_first(json_get(answer, "jobs"));
	const char *next = json_get_str(answer, "next");
	struct job *job;

	for (; j != NULL; j = json_next(j)) {
		job = job_of(json_get_str(j, "job"));
		if (timefmt_parse_iso(json_get_str(j, "completed_at"),
			&job->completed_at) == -1)
			die("job %s is not done", job->id);
	}
	w.listed = next == NULL;
	if (w.listed) {
		conn_free(c);
		return;
	}
	memcpy(w.after, next, JOBID_SIZE);
	list_next(c);
}

static void
on_answer(struct conn *c, int status, const char *body, size_t len)
{
	struct json *answer;
	struct error err;

	if (status < 200 || status > 299)
		die("status %d: %.200s", status, body);
	if (json_parse(body, len, &answer, &err) == -1)
		die("%s", err.text);
	buf_clear(&c->in);
	if (c->kind == SUBMIT)
		on_submitted(c, answer);
	else if (c->kind == WAIT)
		on_waited(c, answer);
	else
		on_listed(c, answer);
	json_free(answer);
}

/* One answer at a time, with its length. */
static void
read_answer(struct conn *c)
{
	const char *end = strstr(c->in.data, "\r\n\r\n"), *length;
	size_t head, len;

	if (end == NULL)
		return;
	head = (size_t)(end + 4 - c->in.data);
	length = strstr(c->in.data, "Content-Length: ");
	if (length == NULL || length > end)
		die("an answer has no length");
	len = strtoul(length + strlen("Content-Length: "), NULL, 10);
	if (c->in.len - head >= len)
		on_answer(c, atoi(c->in.data + strlen("HTTP/1.1 ")),
		    c->in.data + head, len);
}

static void
hear_line(struct conn *c, const char *line)
{
	struct json *e;
	struct error err;
	const char *id;

	if (str_starts(line, "retry: "))
		w.streams++;
	if (str_starts(line, "HTTP/1.1 ") && !str_starts(line, "HTTP/1.1 200"))
		die("a stream: %s", line);
	if (!str_starts(line, "data: "))
		return;
	if (json_parse(line + 6, strlen(line + 6), &e, &err) == -1)
		die("%s", err.text);
	id = json_get_str(e, "job");
	if (id == NULL)
		die("no job: %s", line);
	tell(job_of(id), c->client);
	json_free(e);
}

static void
read_stream(struct conn *c)
{
	char *line = c->in.data, *end;
	struct buf rest;

	while ((end = strchr(line, '\n')) != NULL) {
		*end = '\0';
		hear_line(c, line);
		line = end + 1;
	}
	buf_init(&rest, ANSWER_MAX);
	buf_puts(&rest, line);
	buf_done(&c->in);
	c->in = rest;
}

static void
on_readable(struct conn *c)
{
	char data[65536];
	ssize_t n = recv(c->fd, data, sizeof(data), 0);

	if (n <= 0)
		die("a connection ended: %s", n == 0 ? "EOF" : strerror(errno));
	if (buf_append(&c->in, data, (size_t)n) == -1)
		die("an answer is too long");
	if (c->kind == STREAM)
		read_stream(c);
	else
		read_answer(c);
}

/* --- the run -------------------------------------------------------- */

static bool
turn(void)
{
	struct epoll_event ev[256];
	int i, n = epoll_wait(w.epoll, ev, ARRAY_LEN(ev), 1000);

	for (i = 0; i < n; i++)
		on_readable(ev[i].data.ptr);
	return clock_mono_ms() - w.news_at < PATIENCE_MS;
}

static void
run(void)
{
	long i;

	w.news_at = clock_mono_ms();
	for (i = 0; i < w.clients; i++) {
		if (listens(i))
			listen_as(i);
	}
	while (w.streams < w.clients / 2) {
		if (!turn())
			die("%ld streams began", w.streams);
	}
	for (i = 0; i < SUBMITTERS; i++)
		submit_next(conn_new(SUBMIT));
	while ((w.told < w.jobs || w.submitted < w.jobs) && turn())
		continue;
	/* Whether anything comes twice. */
	for (i = 0; i < 3; i++)
		turn();
	list_next(conn_new(LIST));
	while (!w.listed && turn())
		continue;
}

static int
by_time(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int
judge(void)
{
	int64_t *ms = xcalloc((size_t)w.jobs, sizeof(*ms));
	long i, n = 0, late = 0;
	bool good;

	for (i = 0; i < w.submitted; i++) {
		const struct job *job = w.v[i];

		if (job->told_at == 0)
			continue;
		w.strange += job->told_to != job->owner;
		ms[n] = job->told_at - job->completed_at;
		late += ms[n++] > w.late_ms;
	}
	qsort(ms, (size_t)n, sizeof(*ms), by_time);
	printf("waiters: clients=%ld jobs=%ld told=%ld late=%ld twice=%ld "
	       "strange=%ld connections=%ld p50_ms=%lld p99_ms=%lld "
	       "max_ms=%lld\n",
	    w.clients, w.jobs, n, late, w.twice, w.strange, w.most,
	    n > 0 ? (long long)ms[n / 2] : -1,
	    n > 0 ? (long long)ms[n * 99 / 100] : -1,
	    n > 0 ? (long long)ms[n - 1] : -1);
	good = n == w.jobs && late == 0 && w.twice == 0 && w.strange == 0;
	free(ms);
	return good ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct rlimit l;
	int status;

	if (argc == 6 && str_starts(argv[5], "--late="))
		w.late_ms = atol(argv[5] + 7);
	else if (argc != 5)
		die("SOCKET ENDPOINT JOBS CLIENTS [--late=MS]");
	w.socket = argv[1];
	w.endpoint = argv[2];
	w.jobs = atol(argv[3]);
	w.clients = atol(argv[4]);
	if (w.clients < 2 || w.jobs < w.clients)
		die("at least two clients, and a job for each");
	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &l);
	}
	w.v = xcalloc((size_t)w.jobs, sizeof(struct job *));
	w.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (w.epoll == -1)
		die("epoll: %s", strerror(errno));
	run();
	status = judge();
	while (!LIST_EMPTY(&w.conns))
		conn_free(LIST_FIRST(&w.conns));
	return status;
}
