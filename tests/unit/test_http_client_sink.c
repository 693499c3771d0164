/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP client for those who stream whatever comes: bodies of any status
 * in the sink, and a connection in a hurry.
 */
#include "net/http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "tests/unit/http_peer.h"

#define FILLERS 64

static int
on_head(const struct http_response *r, void *arg, struct error *err)
{
	int *status = arg;

	(void)err;
	assert_int_equal(*status, 0);
	*status = r->status;
	assert_string_equal(headers_get(&r->headers, "X-Why"), "full");
	return 0;
}

static void
a_bad_body_goes_to_the_sink_where_it_is_asked_for(void **state)
{
	static const char *const replies[] = {
	    "HTTP/1.1 503 No\r\nX-Why: full\r\nContent-Length: 4\r\n\r\nbusy",
	    NULL};
	struct fixture *f = *state;
	struct script s[] = {{.replies = replies}};
	int status = 0;
	struct peer p;

	peer_start(&p, s, 1);
	fixture_run(f, &p,
	    (struct http_request){.method = "GET",
		.sink = fixture_sink,
		.sink_arg = &f->out,
		.sink_all = true,
		.head = on_head,
		.head_arg = &status});
	peer_stop(&p);
	assert_int_equal(f->out.status, 503);
	assert_int_equal(status, 503);
	assert_string_equal(f->out.sunk.data, "busy");
	assert_int_equal(f->out.body_len, 0);
	assert_int_equal(f->out.body_bytes, 4);
	peer_done(&p);
}

/* One more than so many connections has to wait for its turn, for ever. */
static int
full_listener(int *port, int *fillers)
{
	struct sockaddr_in sin = {
	    .sin_family = AF_INET,
	    .sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	struct sockaddr *sa = (struct sockaddr *)(void *)&sin;
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), i;

	assert_int_equal(bind(fd, sa, sizeof(sin)), 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(getsockname(fd, sa, &len), 0);
	*port = ntohs(sin.sin_port);
	for (i = 0; i < FILLERS; i++) {
		fillers[i] = socket(
		    AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (connect(fillers[i], sa, sizeof(sin)) == -1)
			assert_int_equal(errno, EINPROGRESS);
	}
	return fd;
}

static void
on_patient(const struct http_response *r, const struct error *err, void *arg)
{
	(void)r;
	(void)err;
	(void)arg;
	fail_msg("the patient one was first");
}

static void
a_connection_that_takes_too_long_sent_nothing(void **state)
{
	struct fixture *f = *state;
	int fillers[FILLERS], port, i, fd = full_listener(&port, fillers);
	char *url = xasprintf("http://127.0.0.1:%d/", port);
	struct http_request r = {.method = "GET", .url = url};
	struct http_call *patient;
	struct error err;

	assert_int_equal(
	    http_start(f->client, &r, on_patient, NULL, &patient, &err), 0);
	r.connect_ms = 100;
	fixture_run(f, NULL, r);
	assert_int_equal(f->out.err.code, ERR_TIMEOUT);
	assert_false(f->out.err.sent);
	http_cancel(patient);
	for (i = 0; i < FILLERS; i++)
		close(fillers[i]);
	close(fd);
	free(url);
}

/* --- a sink that wants no more now ------------------------------------ */

#define MANY "2000000"

static struct {
	struct http_call *call;
	int64_t got;
	int64_t then; /* when it was looked at */
} slow;

static int
take_a_little(const void *data, size_t len, void *arg, struct error *err)
{
	(void)data;
	(void)arg;
	(void)err;
	if (slow.got == 0)
		http_pause(slow.call, true);
	slow.got += (int64_t)len;
	return 0;
}

static void
look(void *arg)
{
	(void)arg;
	slow.then = slow.got;
	http_pause(slow.call, false);
}

static void
a_sink_that_pauses_is_given_nothing_until_it_goes_on(void **state)
{
	static const char *const replies[] = {
	    "HTTP/1.1 200 OK\r\nContent-Length: " MANY "\r\n\r\n", NULL};
	struct fixture *f = *state;
	struct script s[] = {{.replies = replies, .go_on = 20000}};
	struct loop_timer *t = loop_timer_new(f->loop, look, NULL);
	struct http_request r = {
	    .method = "GET",
	    .sink = take_a_little,
	    .once = true, /* the peer sends until it is closed */
	    /* It is not the peer who stalls. */
	    .stall_ms = 1000,
	};
	struct peer p;

	slow.got = slow.then = 0;
	peer_start(&p, s, 1);
	slow.call = fixture_start(f, &p, r);
	loop_timer_set(t, 2500);
	f->out.wanted = 1;
	loop_run(f->loop);
	peer_stop(&p);
	assert_int_equal(f->out.status, 200);
	assert_in_range(slow.then, 1, 65536);
	assert_int_equal(slow.got, atoll(MANY));
	assert_int_equal(f->out.body_bytes, atoll(MANY));
	loop_timer_free(t);
	peer_done(&p);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_bad_body_goes_to_the_sink_where_it_is_asked_for),
	    TEST(a_connection_that_takes_too_long_sent_nothing),
	    TEST(a_sink_that_pauses_is_given_nothing_until_it_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
