/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a signed webhook costs, with its journal on disk:
 *   deliverbench receiver            answers 200 to each request until its
 *                                    input ends; prints its port
 *   deliverbench send FOLDER PORT N  N deliveries of 1 kB that wait in a store
 *                                    are delivered to it by the engine
 *   deliverbench store FOLDER - N    only what the store does for that
 * The latter two print one line: us (processor time each, user and system, of
 * all threads) and per_s.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/discard.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/webhook.h"
#include "engine/engine.h"
#include "store/store.h"

#define BODY_SIZE 1024
#define AT_ONCE 64
#define REQUEST_MAX 16384

static void __attribute__((noreturn)) die(const char *what, const char *why)
{
	fprintf(stderr, "deliverbench: %s: %s\n", what, why);
	exit(2);
}

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double
cpu_s(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return seconds(ru.ru_utime) + seconds(ru.ru_stime);
}

static double
now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* --- the receiver --------------------------------------------------- */

struct conn {
	int fd;
	size_t len;
	char data[REQUEST_MAX];
};

/* How long the whole request is; 0: its head is not all there. */
static size_t
request_len(const char *data, size_t len)
{
	const char *end = memmem(data, len, "\r\n\r\n", 4), *at;

	if (end == NULL)
		return 0;
	at = strcasestr(data, "\r\ncontent-length:");
	if (at == NULL || at > end)
		die("receiver", "a request without a length");
	return (size_t)(end + 4 - data) + strtoul(at + 17, NULL, 10);
}

static void
hear(struct conn *c)
{
	static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	ssize_t n = read(c->fd, c->data + c->len, REQUEST_MAX - 1 - c->len);
	size_t want;

	if (n <= 0) {
		close(c->fd);
		free(c);
		return;
	}
	c->len += (size_t)n;
	c->data[c->len] = '\0';
	want = request_len(c->data, c->len);
	if (want == 0 || want > c->len)
		return;
	c->len = 0;
	if (write(c->fd, ok, sizeof(ok) - 1) != sizeof(ok) - 1)
		die("receiver", "cannot answer");
}

static int
listen_there(void)
{
	struct sockaddr_in sin = {
	    .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr *sa = (struct sockaddr *)(void *)&sin;
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, sa, sizeof(sin)) == -1 || listen(fd, 1024) == -1 ||
	    getsockname(fd, sa, &len) == -1)
		die("receiver", "cannot listen");
	printf("%d\n", ntohs(sin.sin_port));
	fflush(stdout);
	return fd;
}

static void
add_conn(int epoll, int fd)
{
	struct conn *c = xcalloc(1, sizeof(*c));
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

	c->fd = fd;
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev);
}

static int
receive(void)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), listener = listen_there(), i;
	struct epoll_event ev[64] = {{.events = EPOLLIN}};
	struct conn in = {.fd = STDIN_FILENO}, door = {.fd = listener};

	ev[0].data.ptr = &in;
	epoll_ctl(epoll, EPOLL_CTL_ADD, in.fd, &ev[0]);
	ev[0].data.ptr = &door;
	epoll_ctl(epoll, EPOLL_CTL_ADD, door.fd, &ev[0]);
	for (;;) {
		int n = epoll_wait(epoll, ev, 64, -1);

		for (i = 0; i < n; i++) {
			if (ev[i].data.ptr == &in)
				return 0;
			if (ev[i].data.ptr == &door)
				add_conn(epoll, accept(listener, NULL, NULL));
			else
				hear(ev[i].data.ptr);
		}
	}
}

/* --- deliveries that wait ------------------------------------------- */

static struct {
	struct loop *loop;
	struct store *store;
	struct engine *engine;
	struct target *target;
	struct delivery **waiting;
	long wanted, made, begun, over;
	char *folder;
} b;

static struct job *
make_job(void)
{
	struct job *job = job_new();

	job->spec.endpoint = xstrdup("model");
	job->spec.region = xstrdup("us-east-1");
	job->spec.content_type = xstrdup("application/json");
	job->spec.deliver = xstrdup("webhook hook");
	job->spec.input = INPUT_BODY;
	job->spec.body = xcalloc(1, 100);
	job->spec.body_len = 100;
	job->spec.input_size = 100;
	return job;
}

static void fill_one(void);

static void
on_saved(const struct error *err, void *arg)
{
	(void)arg;
	if (err != NULL)
		die("store", err->text);
	if (++b.over == b.wanted)
		loop_stop(b.loop);
	fill_one();
}

static void
on_inserted(const struct error *err, void *arg)
{
	struct job *job = arg;
	struct delivery *d;
	char body[BODY_SIZE];

	if (err != NULL)
		die("store", err->text);
	job_move(job, JOB_PENDING, OUTCOME_NONE);
	job_move(job, JOB_DONE, OUTCOME_OK);
	job->completed_at = clock_wall_ms();
	d = delivery_new(
	    job->id, "webhook hook", "inference.completed", job->completed_at);
	d->content_type = xstrdup("application/json");
	memset(body, 'x', sizeof(body));
	delivery_set_body(d, body, sizeof(body));
	b.waiting[b.made++] = delivery_clone(d, false);
	job_add_delivery(job, d);
	store_save(b.store, job, 0, on_saved, NULL);
	job_free(job);
}

static void
fill_one(void)
{
	struct job *job;

	if (b.begun == b.wanted)
		return;
	b.begun++;
	job = make_job();
	store_insert(b.store, job, on_inserted, job);
}

static void
fill(void)
{
	struct store_options so = {.path = xasprintf("%s/bench.db", b.folder)};
	struct error err;
	int i;

	b.loop = loop_new();
	if (store_open(b.loop, &so, &b.store, &err) == -1)
		die("store", err.text);
	b.waiting = xcalloc((size_t)b.wanted, sizeof(struct delivery *));
	for (i = 0; i < 256; i++)
		fill_one();
	loop_run(b.loop);
	b.begun = b.over = 0;
	free((char *)(uintptr_t)so.path);
}

static void
tell(double cpu, double began)
{
	double n = (double)b.wanted, s = now_s() - began;

	printf("us=%.1f per_s=%.0f\n", (cpu_s() - cpu) * 1e6 / n, n / s);
}

/* --- all of it ------------------------------------------------------ */

static void
on_event(enum engine_event event, const struct job *job,
    const struct error *err, void *arg)
{
	(void)job;
	(void)arg;
	if (event == ENGINE_BROKEN || event == ENGINE_NOT_STORED)
		die("engine", err->text);
}

static void
on_delivery(const struct delivery *d, const struct attempt *a, void *arg)
{
	(void)arg;
	if (a == NULL)
		return;
	if (d->state != DELIVERY_DELIVERED || d->attempts != 1)
		die("delivery", d->note != NULL ? d->note : "not at once");
	if (++b.over == b.wanted)
		loop_stop(b.loop);
}

static void
policy(const char *endpoint, struct engine_policy *out, void *arg)
{
	(void)endpoint;
	(void)arg;
	memset(out, 0, sizeof(*out));
}

static struct target *
find_target(const char *name, void *arg)
{
	(void)name;
	(void)arg;
	return target_ref(b.target);
}

static void
make_target(const char *port)
{
	static const char secret[] =
	    "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n";
	static const char *const networks[] = {"127.0.0.0/8", NULL};
	char *path = xasprintf("%s/secret", b.folder);
	char *url = xasprintf("http://127.0.0.1:%s/hook", port);
	const char *const files[] = {path, NULL};
	struct webhook_options o = {
	    .target = {.name = "webhook hook",
		.max_in_flight = AT_ONCE,
		.timeout_ms = 15000},
	    .loop = b.loop,
	    .url = url,
	    .secret_files = files,
	    .allow_networks = networks,
	    .proxy = "none",
	};
	struct error err;

	if (schedule_parse("5s, 5m", &o.target.schedule, &err) == -1 ||
	    file_write_atomic(path, secret, strlen(secret), 0600, &err) == -1 ||
	    webhook_new(&o, &b.target, &err) == -1)
		die("target", err.text);
	free(path);
	free(url);
}

static int
deliver_all(const char *port)
{
	struct engine_options eo = {
	    .policy = policy,
	    .target = find_target,
	    .event = on_event,
	    .delivery = on_delivery,
	};
	struct http_client_options ho = {0};
	struct aws_client_options ao = {0};
	struct http_client *http;
	struct aws_client *aws;
	struct error err;
	double cpu, began;
	long i;

	fill();
	make_target(port);
	/* Nobody asks AWS for anything. */
	setenv("AWS_ACCESS_KEY_ID", "AKIDBENCH", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "of-no-use-elsewhere", 1);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	ao.loop = b.loop;
	if (http_client_new(b.loop, &ho, &http, &err) == -1)
		die("client", err.text);
	ao.http = http;
	if (aws_client_new(&ao, &aws, &err) == -1)
		die("credentials", err.text);
	eo.sites = sites_new(aws, NULL);
	eo.loop = b.loop;
	eo.store = b.store;
	b.engine = engine_new(&eo);
	cpu = cpu_s();
	began = now_s();
	for (i = 0; i < b.wanted; i++)
		engine_adopt_delivery(b.engine, b.waiting[i]);
	loop_run(b.loop);
	tell(cpu, began);
	engine_stop(b.engine);
	store_close(b.store);
	engine_free(b.engine);
	target_unref(b.target);
	sites_free(eo.sites);
	aws_client_free(aws);
	http_client_free(http);
	return 0;
}

/* --- the store alone ------------------------------------------------ */

static void begin_one(void);

static void
on_ended(const struct error *err, void *arg)
{
	delivery_free(arg);
	if (err != NULL)
		die("store", err->text);
	if (++b.over == b.wanted)
		loop_stop(b.loop);
	begin_one();
}

static void
on_begun(struct job *take_job, struct delivery *take_d, const struct error *err,
    void *arg)
{
	struct delivery *d = arg;
	struct attempt a = {.n = 1,
	    .outcome = ATTEMPT_OK,
	    .status = 200,
	    .started_at = clock_wall_ms(),
	    .ended_at = clock_wall_ms()};

	if (err != NULL)
		die("store", err->text);
	job_free(take_job);
	delivery_free(take_d);
	delivery_move(d, DELIVERY_DELIVERED, a.ended_at);
	store_save_delivery(b.store, d, &a, on_ended, d);
}

static void
begin_one(void)
{
	struct attempt a;
	struct delivery *d;

	if (b.begun == b.wanted)
		return;
	d = b.waiting[b.begun++];
	delivery_begin_attempt(d, clock_wall_ms(), false, &a);
	store_begin_attempt(b.store, d, &a, on_begun, d);
}

static int
store_all(void)
{
	double cpu, began;
	int i;

	fill();
	cpu = cpu_s();
	began = now_s();
	for (i = 0; i < AT_ONCE; i++)
		begin_one();
	loop_run(b.loop);
	tell(cpu, began);
	store_close(b.store);
	return 0;
}

int
main(int argc, char **argv)
{
	bool send = argc == 5 && str_eq(argv[1], "send");
	int rc;

	if (argc == 2 && str_eq(argv[1], "receiver"))
		return receive();
	if (!send && !(argc == 5 && str_eq(argv[1], "store")))
		die("usage", "receiver, or send|store FOLDER PORT N");
	b.folder = argv[2];
	b.wanted = strtol(argv[4], NULL, 10);
	if (b.wanted < 1 || b.wanted > 1000000)
		die("usage", "N is a number");
	rc = send ? deliver_all(argv[3]) : store_all();
	free(b.waiting);
	loop_free(b.loop);
	discard_wait();
	return rc;
}
