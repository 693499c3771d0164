/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Webhooks at addresses that nobody may reach. Names have the answers that the
 * tables say, and every connection that is tried, wherever it leads, ends at
 * our listener and is noted: so what is refused too late is seen, and what is
 * let through arrives.
 */
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/webhook.h"
#include "net/egress.h"
#include "tests/unit/egress_cases.h"

#define NOTED_MAX 16
/* Nobody answers there. */
#define DEAF "127.10.0.99"

static struct {
	pthread_t thread;
	int fd, port;
	atomic_uint accepted;
	pthread_mutex_t lock;
	char noted[NOTED_MAX][64]; /* addresses that were connected to */
	size_t nnoted;
	atomic_uint lookups;
	const char *rebind[2]; /* what "rebind.test" is, in turn */
} its = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct {
	unsigned targets, allowed, reached, forbidden;
} total;

/* --- the network ---------------------------------------------------- */

static const char *
note(const struct sockaddr *sa)
{
	static _Thread_local char text[sizeof(its.noted[0])];
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)sa;

	text[0] = '\0';
	if (sa->sa_family == AF_INET)
		inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
	else if (sa->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
	pthread_mutex_lock(&its.lock);
	assert_true(its.nnoted < NOTED_MAX);
	memcpy(its.noted[its.nnoted++], text, sizeof(text));
	pthread_mutex_unlock(&its.lock);
	return text;
}

/* Instead of the C library's: there is but one place to arrive at. */
int
connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	static int (*real)(int, const struct sockaddr *, socklen_t);
	struct sockaddr_in v4 = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)its.port),
	    .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_in6 v6 = {
	    .sin6_family = AF_INET6, .sin6_port = v4.sin_port};

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "connect");
	(void)len;
	if (str_eq(note(sa), DEAF)) {
		errno = ECONNREFUSED;
		return -1;
	}
	if (sa->sa_family == AF_INET)
		return real(fd, (struct sockaddr *)&v4, sizeof(v4));
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &v6.sin6_addr);
	return real(fd, (struct sockaddr *)&v6, sizeof(v6));
}

/* An address at a time, in the order of the list. */
static int
answer_with(const char *list, const struct addrinfo *hints, const char *service,
    struct addrinfo **out)
{
	static int (*real)(const char *, const char *, const struct addrinfo *,
	    struct addrinfo **);
	struct addrinfo want = *hints, **end = out;
	char *copy = xstrdup(list), *rest = copy, *item;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	want.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
	want.ai_family = AF_UNSPEC;
	*out = NULL;
	while ((item = strsep(&rest, " ")) != NULL) {
		if (real(item, service, &want, end) != 0)
			abort();
		while (*end != NULL)
			end = &(*end)->ai_next;
	}
	free(copy);
	return 0;
}

/* Instead of the C library's. */
int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
    struct addrinfo **out)
{
	size_t i;

	for (i = 0; i < egress_names_len; i++) {
		const struct egress_name *n = &egress_names[i];

		if (!str_ieq(n->name, name))
			continue;
		return answer_with(n->addresses, hints, service, out);
	}
	if (str_eq(name, "rebind.test"))
		return answer_with(
		    its.rebind[its.lookups++ % 2], hints, service, out);
	return EAI_NONAME;
}

/* "/301" and the like send away to an address that is forbidden. */
static void
answer(int fd)
{
	char in[4096] = "", out[256];
	size_t len = 0;
	ssize_t n;
	int status = 200;

	while (strstr(in, "\r\n\r\n") == NULL && len < sizeof(in) - 1) {
		n = read(fd, in + len, sizeof(in) - 1 - len);
		/* What begins so is TLS, or SOCKS. */
		if (n <= 0 || in[0] < ' ')
			return;
		len += (size_t)n;
		in[len] = '\0';
	}
	if (str_starts(in, "POST /30"))
		status = 300 + (in[8] - '0');
	else if (str_starts(in, "CONNECT "))
		status = 502;
	n = snprintf(out, sizeof(out),
	    "HTTP/1.1 %d x\r\nLocation: http://127.0.0.1:%d/in\r\n"
	    "Content-Length: 0\r\n\r\n",
	    status, its.port);
	if (write(fd, out, (size_t)n) != n)
		abort();
}

static void *
listener_main(void *arg)
{
	int fd;

	(void)arg;
	while ((fd = accept(its.fd, NULL, NULL)) != -1) {
		its.accepted++;
		answer(fd);
		shutdown(fd, SHUT_WR);
		close(fd);
	}
	return NULL;
}

static int
listen_up(void **state)
{
	struct sockaddr_in sa = {
	    .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(sa);

	(void)state;
	its.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(its.fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(its.fd, 64), 0);
	assert_int_equal(getsockname(its.fd, (struct sockaddr *)&sa, &len), 0);
	its.port = ntohs(sa.sin_port);
	return pthread_create(&its.thread, NULL, listener_main, NULL);
}

static int
listen_down(void **state)
{
	(void)state;
	shutdown(its.fd, SHUT_RDWR);
	pthread_join(its.thread, NULL);
	close(its.fd);
	printf("egress: targets=%u forbidden_connects=%u allowed=%u "
	       "reached=%u\n",
	    total.targets, total.forbidden, total.allowed, total.reached);
	return total.targets >= 120 && total.forbidden == 0 &&
		total.allowed > 0 && total.reached == total.allowed
	    ? 0
	    : -1;
}

/* --- one target ----------------------------------------------------- */

struct
try {
	struct loop *loop;
	bool done;
	int status;
	char why[700];
};

static const char *const proxies[] = {
    "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "no_proxy"};

static void
set_proxies(const struct egress_case *c)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(proxies); i++)
		unsetenv(proxies[i]);
	if (c->proxy != NULL)
		setenv("all_proxy", c->proxy, 1);
	if (c->no_proxy != NULL)
		setenv("no_proxy", c->no_proxy, 1);
}

static void
on_delivered(const struct deliver_result *r, void *arg)
{
	struct try *a = arg;

	a->done = true;
	a->status = r->status;
	if (r->note != NULL)
		snprintf(a->why, sizeof(a->why), "%s", r->note);
	loop_stop(a->loop);
}

/* As a target of the configuration. */
static void
by_target(
    const struct egress_case *c, const char *const *networks, struct try *a)
{
	struct webhook_options o = {
	    .target = {.name = "webhook w",
		.max_in_flight = 1,
		.timeout_ms = 10000},
	    .loop = a->loop,
	    .url = c->url,
	    .allow_networks = networks,
	    .proxy = c->own_proxy,
	};
	struct delivery delivery = {.id = "msg_1"};
	struct job job = {0};
	struct parcel parcel = {.delivery = &delivery,
	    .job = &job,
	    .attempt = 1,
	    .body = "{}",
	    .size = 2,
	    .fd = -1};
	struct target *t;
	struct error err;
	void *call;

	if (webhook_new(&o, &t, &err) == -1) {
		assert_int_equal(err.code, ERR_CONFIG);
		snprintf(a->why, sizeof(a->why), "%s", err.text);
		return;
	}
	if (t->driver->start(t->self, &parcel, on_delivered, a, &call, &err) ==
	    0)
		loop_run(a->loop);
	else
		snprintf(a->why, sizeof(a->why), "%s", err.text);
	target_unref(t);
}

static void
on_answered(const struct http_response *r, const struct error *err, void *arg)
{
	struct try *a = arg;

	a->done = true;
	if (r != NULL)
		a->status = r->status;
	else
		snprintf(a->why, sizeof(a->why), "%s", err->text);
	/* What was refused was not sent. */
	if (err != NULL && err->code == ERR_REFUSED)
		assert_false(err->sent);
	loop_stop(a->loop);
}

/* As a URL that a job brought, which nobody has looked at. */
static void
by_call(const struct egress_case *c, const char *const *networks, struct try *a)
{
	struct http_request r = {.method = "POST",
	    .url = c->url,
	    .body = "{}",
	    .body_len = 2,
	    .timeout_ms = 10000};
	struct http_client_options o = {0};
	struct http_client *client;
	struct http_call *call;
	struct egress *egress;
	struct error err;

	if (egress_new(networks, &egress, &err) == -1)
		fail_msg("%s", err.text);
	o.egress = egress;
	o.proxy = c->own_proxy;
	if (c->own_proxy != NULL && str_eq(c->own_proxy, "none"))
		o.proxy = "";
	assert_int_equal(http_client_new(a->loop, &o, &client, &err), 0);
	egress_free(egress);
	if (http_start(client, &r, on_answered, a, &call, &err) == 0)
		loop_run(a->loop);
	else
		snprintf(a->why, sizeof(a->why), "%s", err.text);
	http_client_free(client);
}

typedef void way_fn(
    const struct egress_case *, const char *const *, struct try *);

/* How many connections there were, each to where it may go. */
static size_t
count_reached(const struct egress_case *c)
{
	size_t i, n = 0;

	for (i = 0; i < its.nnoted; i++) {
		if (c->reach != NULL && str_eq(its.noted[i], c->reach)) {
			n++;
			continue;
		}
		total.forbidden++;
		print_error("%s: connected to %s\n", c->url, its.noted[i]);
	}
	return n;
}

/* It arrived where it may. */
static bool
try_it(const struct egress_case *c, way_fn *way)
{
	static const char *const usual[] = {EGRESS_V4, EGRESS_V6, NULL};
	const char *const own[] = {c->networks[0], c->networks[1], NULL};
	struct try a = {.loop = loop_new(), .status = ATTEMPT_NO_STATUS};
	unsigned accepted = its.accepted;
	bool reached;

	set_proxies(c);
	its.nnoted = 0;
	way(c, own[0] != NULL ? own : usual, &a);
	loop_free(a.loop);
	reached = count_reached(c) == 1 && its.accepted == accepted + 1;
	if (!reached && c->reach != NULL)
		fail_msg("%s: never arrived (%s)", c->url, a.why);
	if (c->status != 0)
		assert_int_equal(a.status, c->status);
	if (c->says != NULL && strstr(a.why, c->says) == NULL)
		fail_msg("%s: '%s', not '%s'", c->url, a.why, c->says);
	if (c->reach == NULL && a.why[0] == '\0')
		fail_msg("%s: nobody said why not", c->url);
	return reached;
}

static void
targets_are_reached_where_they_may_be_and_nowhere_else(void **state)
{
	bool target, call;
	size_t i;

	(void)state;
	for (i = 0; i < egress_cases_len; i++) {
		const struct egress_case *c = &egress_cases[i];

		target = try_it(c, by_target);
		call = try_it(c, by_call);
		total.targets++;
		if (c->genuine) {
			total.allowed++;
			total.reached += target && call ? 1 : 0;
		}
	}
	assert_int_equal(total.forbidden, 0);
}

/* --- rebinding ------------------------------------------------------ */

/* It is one thing for who looks first, and another for who connects. */
static void
a_name_that_changes_its_mind_gains_nothing(void **state)
{
	static const struct egress_case good = {
	    .url = "http://rebind.test/", .reach = "127.10.0.7", .status = 200};
	static const struct egress_case bad = {
	    .url = "http://rebind.test/", .says = "loopback"};
	unsigned i;

	(void)state;
	its.rebind[0] = "127.10.0.7";
	its.rebind[1] = "127.0.0.1";
	for (i = 0; i < 12; i++) {
		/* One look a connection: what is judged is what is taken. */
		its.lookups = i;
		try_it(i % 2 == 0 ? &good : &bad, i < 6 ? by_target : by_call);
		assert_int_equal(its.lookups, i + 1);
		total.targets++;
	}
	assert_int_equal(total.forbidden, 0);
}

static void
an_address_that_is_refused_costs_no_time(void **state)
{
	static const struct egress_case c = {
	    .url = "http://rebind.test/", .reach = "127.10.0.7", .status = 200};
	int64_t at = clock_mono_ms();

	(void)state;
	its.rebind[0] = its.rebind[1] =
	    "127.0.0.1 127.0.0.2 ::1 ::2 10.0.0.1 fe80::1 127.10.0.7";
	try_it(&c, by_target);
	try_it(&c, by_call);
	total.targets++;
	/* Half of the time to connect is what curl would wait. */
	assert_in_range(clock_mono_ms() - at, 0, 4000);
}

/* The one that may be reached is not there; the next one may not. */
static void
what_comes_next_is_judged_too(void **state)
{
	static const struct egress_case c = {
	    .url = "http://rebind.test/", .says = "the address 127.0.0.1"};
	struct try a = {.loop = loop_new()};
	const char *const networks[] = {EGRESS_V4, NULL};

	(void)state;
	set_proxies(&c);
	its.rebind[0] = its.rebind[1] = DEAF " 127.0.0.1 ::1";
	its.nnoted = 0;
	by_target(&c, networks, &a);
	loop_free(a.loop);
	total.targets++;
	assert_int_equal(its.nnoted, 1);
	assert_string_equal(its.noted[0], DEAF);
	assert_non_null(strstr(a.why, c.says));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		targets_are_reached_where_they_may_be_and_nowhere_else),
	    cmocka_unit_test(a_name_that_changes_its_mind_gains_nothing),
	    cmocka_unit_test(an_address_that_is_refused_costs_no_time),
	    cmocka_unit_test(what_comes_next_is_judged_too),
	};

	alarm(240);
	return cmocka_run_group_tests(tests, listen_up, listen_down);
}
