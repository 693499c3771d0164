/* SPDX-License-Identifier: Apache-2.0 */
/* One invocation of a container: what goes out, and what each answer means. */
#include "local/container.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/http_peer.h"

#define ERROR_OF(who, n)                                                   \
	"ClientError: Received " who " error (" n ") from model. See the " \
	"SageMaker Endpoint logs in your account for more information."

struct world {
	struct fixture *f;
	struct container_options o;
	struct model_invocation v;
	struct container_call *call;
	char *base;
	unsigned done, over;
	enum model_verdict verdict;
	enum container_fate fate;
	int status;
	char *type, *text, *reason;
	struct error err;
	char output[4096];
};

static int
nameless(const char *text)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

static void
on_done(const struct model_result *r, enum container_fate fate, void *arg)
{
	struct world *w = arg;

	w->done++;
	w->verdict = r->verdict;
	w->fate = fate;
	w->status = r->status;
	w->type = xstrdup_or_null(r->content_type);
	w->reason = xstrdup_or_null(r->reason);
	w->text = r->text != NULL ? xstrndup(r->text, r->len) : NULL;
	if (r->verdict == MODEL_AGAIN)
		w->err = r->err;
	loop_stop(w->f->loop);
}

static void
on_over(void *arg)
{
	struct world *w = arg;

	w->over++;
	loop_stop(w->f->loop);
}

static int
setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	void *f;

	if (fixture_setup(&f) != 0)
		return -1;
	w->f = f;
	w->o.loop = w->f->loop;
	w->o.http = w->f->client;
	w->o.output_max = 1000;
	/* Other programs are at work beside this one. */
	w->o.connect_ms = 30000;
	w->o.done = on_done;
	w->o.over = on_over;
	w->o.arg = w;
	w->v.facts.content_type = "image/png";
	w->v.facts.inference_id = "id-7";
	w->v.facts.endpoint = "ep";
	w->v.payload_fd = nameless("the payload");
	w->v.payload_len = 11;
	w->v.output_fd = nameless("");
	w->v.timeout_s = 60;
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;
	void *f = w->f;

	close(w->v.payload_fd);
	close(w->v.output_fd);
	free(w->base);
	free(w->type);
	free(w->text);
	free(w->reason);
	free(w);
	return fixture_teardown(&f);
}

static void
begin(struct world *w, int port)
{
	struct error err;

	w->base = xasprintf("http://127.0.0.1:%d", port);
	w->o.base = w->base;
	if (container_invoke(&w->o, &w->v, &w->call, &err) == -1)
		fail_msg("%s", err.text);
	assert_int_equal(w->done, 0);
}

static void
read_output(struct world *w)
{
	ssize_t n = pread(w->v.output_fd, w->output, sizeof(w->output) - 1, 0);

	assert_true(n >= 0);
	w->output[n] = '\0';
}

/* The request and, where it is wanted, its text at the peer. */
static void
run(struct world *w, const char *reply, struct buf *request)
{
	const char *const replies[] = {reply, NULL};
	struct script s[] = {{.replies = replies}};
	struct peer p;

	peer_start(&p, s, 1);
	begin(w, p.port);
	loop_run(w->f->loop);
	peer_stop(&p);
	if (request != NULL)
		buf_append(
		    request, p.conns[0].request.data, p.conns[0].request.len);
	peer_done(&p);
	assert_int_equal(w->done, 1);
	read_output(w);
}

static void
assert_failed(struct world *w, int status, const char *text, const char *reason)
{
	assert_int_equal(w->verdict, MODEL_FAILED);
	assert_int_equal(w->status, status);
	assert_string_equal(w->reason, reason);
	if (text == NULL)
		assert_null(w->text);
	else
		assert_string_equal(w->text, text);
}

static void
the_request_is_as_sagemaker_sends_it(void **state)
{
	struct world *w = *state;
	struct buf sent;

	buf_init(&sent, 65536);
	w->v.facts.accept = "text/csv";
	w->v.facts.custom_attributes = "trace=1,\xc3\xa9";
	run(w, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &sent);
	assert_true(str_starts(sent.data, "POST /invocations HTTP/1.1\r\n"));
	assert_non_null(strstr(sent.data, "\r\nContent-Length: 11\r\n"));
	assert_non_null(strstr(sent.data, "\r\nContent-Type: image/png\r\n"));
	assert_non_null(strstr(sent.data, "\r\nAccept: text/csv\r\n"));
	assert_non_null(strstr(sent.data,
	    "\r\nX-Amzn-SageMaker-Custom-Attributes: trace=1,\xc3\xa9\r\n"));
	assert_non_null(
	    strstr(sent.data, "\r\nX-Amzn-SageMaker-Inference-Id: id-7\r\n"));
	assert_null(strcasestr(sent.data, "\r\nExpect:"));
	assert_true(str_ends(sent.data, "\r\n\r\nthe payload"));
	buf_done(&sent);
}

static void
what_the_caller_did_not_say_is_not_sent(void **state)
{
	struct world *w = *state;
	struct buf sent;

	buf_init(&sent, 65536);
	w->v.payload_len = 0;
	run(w, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &sent);
	assert_null(strstr(sent.data, "Accept:"));
	assert_null(strstr(sent.data, "Custom-Attributes"));
	assert_non_null(strstr(sent.data, "\r\nContent-Length: 0\r\n"));
	assert_true(str_ends(sent.data, "\r\n\r\n"));
	buf_done(&sent);
}

static void
a_good_answer_is_the_result(void **state)
{
	struct world *w = *state;

	run(w,
	    "HTTP/1.1 201 Made\r\nContent-Type: text/csv\r\n"
	    "Content-Length: 5\r\n\r\na,b,c",
	    NULL);
	assert_int_equal(w->verdict, MODEL_OK);
	assert_int_equal(w->status, 200);
	assert_int_equal(w->fate, CONTAINER_ANSWERED);
	assert_string_equal(w->type, "text/csv");
	assert_string_equal(w->output, "a,b,c");
	assert_null(w->reason);
	/* The caller's, not ours to close. */
	assert_int_not_equal(fcntl(w->v.payload_fd, F_GETFD), -1);
}

static void
an_empty_answer_is_one(void **state)
{
	struct world *w = *state;

	run(w, "HTTP/1.1 204 No\r\n\r\n", NULL);
	assert_int_equal(w->verdict, MODEL_OK);
	assert_null(w->type);
	assert_string_equal(w->output, "");
}

static void
a_failure_is_in_the_containers_own_words(void **state)
{
	struct world *w = *state;

	run(w,
	    "HTTP/1.1 422 No\r\nContent-Type: application/json\r\n"
	    "Content-Length: 10\r\n\r\n{\"no\":422}",
	    NULL);
	assert_failed(w, 422, NULL, ERROR_OF("client", "422"));
	assert_string_equal(w->output, "{\"no\":422}");
	assert_string_equal(w->type, "application/json");
	assert_int_equal(w->fate, CONTAINER_ANSWERED);
}

static void
a_failure_without_words_gets_ours(void **state)
{
	struct world *w = *state;

	run(w, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", NULL);
	assert_failed(
	    w, 503, ERROR_OF("server", "503"), ERROR_OF("server", "503"));
}

static void
a_redirect_is_a_failure(void **state)
{
	struct world *w = *state;

	run(w,
	    "HTTP/1.1 302 No\r\nLocation: http://x/\r\n"
	    "Content-Length: 0\r\n\r\n",
	    NULL);
	assert_failed(
	    w, 500, ERROR_OF("server", "302"), ERROR_OF("server", "302"));
}

#define NO_LENGTH                                                           \
	"The response from container primary did not specify the required " \
	"Content-Length header"

static void
chunks_are_no_answer(void **state)
{
	struct world *w = *state;

	run(w,
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "5\r\nhello\r\n0\r\n\r\n",
	    NULL);
	assert_failed(w, 0, NO_LENGTH, ERROR_OF("server", "0"));
	assert_int_equal(w->fate, CONTAINER_ANSWERED);
	assert_string_equal(w->output, "");
}

static void
nor_is_what_ends_with_its_connection(void **state)
{
	struct world *w = *state;

	run(w, "HTTP/1.1 200 OK\r\n\r\nhello", NULL);
	assert_failed(w, 0, NO_LENGTH, ERROR_OF("server", "0"));
}

static void
nor_is_what_has_two_lengths(void **state)
{
	struct world *w = *state;

	run(w,
	    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\n"
	    "hello",
	    NULL);
	assert_failed(w, 0, NO_LENGTH, ERROR_OF("server", "0"));
	assert_string_equal(w->output, "");
}

static void
nor_are_chunks_of_nothing(void **state)
{
	struct world *w = *state;

	run(w, "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	    NULL);
	assert_failed(w, 0, NO_LENGTH, ERROR_OF("server", "0"));
}

/* The status line and Content-Length apart, the fields are `size` bytes. */
static char *
reply_with_headers(size_t size)
{
	static const char length[] = "Content-Length: 2\r\n";
	size_t pad = size - strlen(length) - strlen("X: \r\n");
	char *value = xcalloc(1, pad + 1), *reply;

	memset(value, 'h', pad);
	reply =
	    xasprintf("HTTP/1.1 200 OK\r\n%sX: %s\r\n\r\nok", length, value);
	free(value);
	return reply;
}

#define LONG_HEADERS                                                     \
	"Response received from the primary container has headers with " \
	"length greater than 4096 bytes. Reduce the length of your "     \
	"container's response headers and update your endpoint."

static void
headers_may_be_so_large_and_no_larger(void **state)
{
	struct world *w = *state;
	char *reply = reply_with_headers(4096);

	run(w, reply, NULL);
	assert_int_equal(w->verdict, MODEL_OK);
	assert_string_equal(w->output, "ok");
	free(reply);
}

static void
larger_headers_are_a_failure(void **state)
{
	struct world *w = *state;
	char *reply = reply_with_headers(4097);

	run(w, reply, NULL);
	assert_failed(w, 0, LONG_HEADERS, ERROR_OF("server", "0"));
	assert_string_equal(w->output, "");
	free(reply);
}

static void
headers_without_end_are_one_too(void **state)
{
	struct world *w = *state;
	char *reply = reply_with_headers(100000);

	run(w, reply, NULL);
	assert_failed(w, 0, LONG_HEADERS, ERROR_OF("server", "0"));
	free(reply);
}

static void
too_much_output_is_a_failure(void **state)
{
	struct world *w = *state;

	w->o.output_max = 4;
	run(w, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", NULL);
	assert_failed(w, 500, "Model output is larger than 4 bytes",
	    ERROR_OF("server", "500"));
	assert_string_equal(w->output, "");
}

static void
a_broken_connection_is_no_answer(void **state)
{
	struct world *w = *state;

	run(w, "", NULL);
	assert_failed(w, 0, ERROR_OF("server", "0"), ERROR_OF("server", "0"));
	assert_int_equal(w->fate, CONTAINER_BROKE);
}

static void
nor_is_half_of_one(void **state)
{
	struct world *w = *state;

	run(w, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", NULL);
	assert_failed(w, 0, ERROR_OF("server", "0"), ERROR_OF("server", "0"));
	assert_int_equal(w->fate, CONTAINER_BROKE);
}

static void
what_nobody_listens_to_is_for_another_time(void **state)
{
	struct world *w = *state;
	struct peer p;

	/* A port that was free a moment ago. */
	peer_start(&p, NULL, 0);
	peer_stop(&p);
	begin(w, p.port);
	loop_run(w->f->loop);
	assert_int_equal(w->done, 1);
	assert_int_equal(w->verdict, MODEL_AGAIN);
	assert_int_equal(w->fate, CONTAINER_MISSED);
	assert_false(w->err.sent);
	peer_done(&p);
}

static void
a_full_disk_is_not_the_models_fault(void **state)
{
	struct world *w = *state;

	close(w->v.output_fd);
	w->v.output_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_int_not_equal(w->v.output_fd, -1);
	{
		static const char reply[] =
		    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
		const char *const replies[] = {reply, NULL};
		struct script s[] = {{.replies = replies}};
		struct peer p;

		peer_start(&p, s, 1);
		begin(w, p.port);
		loop_run(w->f->loop);
		peer_stop(&p);
		peer_done(&p);
	}
	assert_int_equal(w->verdict, MODEL_AGAIN);
	assert_int_equal(w->err.code, ERR_IO);
	assert_int_equal(w->fate, CONTAINER_ANSWERED);
}

/* Takes one request and says nothing, until it is stopped. */
static const char *const silent[] = {"", "", NULL};

static void
a_late_answer_is_none(void **state)
{
	struct world *w = *state;
	struct script s[] = {{.replies = silent}};
	struct peer p;

	w->v.timeout_s = 1;
	peer_start(&p, s, 1);
	begin(w, p.port);
	loop_run(w->f->loop);
	peer_stop(&p);
	peer_done(&p);
	assert_failed(w, 0,
	    "Your invocation timed out while waiting for a response from "
	    "container primary. Review the latency metrics for each container "
	    "in Amazon CloudWatch, resolve the issue, and try again.",
	    ERROR_OF("server", "0"));
	assert_int_equal(w->fate, CONTAINER_LEFT);
	assert_int_equal(w->over, 0);
}

/* Drips for six seconds or so, until it is left alone. */
static void
what_lingers_is_over_when_the_container_has_done(void **state)
{
	static const char *const head[] = {
	    "HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n", NULL};
	struct world *w = *state;
	struct script s[] = {{.replies = head, .go_on = 1, .pause_ms = 100}};
	struct peer p;

	w->v.timeout_s = 1;
	w->o.linger_ms = 60000;
	peer_start(&p, s, 1);
	begin(w, p.port);
	loop_run(w->f->loop);
	assert_int_equal(w->done, 1);
	assert_int_equal(w->fate, CONTAINER_LEFT);
	assert_int_equal(w->over, 0);
	/* Neither descriptor is used any more. */
	close(w->v.payload_fd);
	close(w->v.output_fd);
	w->v.payload_fd = w->v.output_fd = -1;
	loop_run(w->f->loop);
	assert_int_equal(w->over, 1);
	assert_int_equal(w->done, 1);
	peer_stop(&p);
	peer_done(&p);
}

static void
or_when_it_has_lingered_long_enough(void **state)
{
	struct world *w = *state;
	struct script s[] = {{.replies = silent}};
	struct peer p;

	w->v.timeout_s = 1;
	w->o.linger_ms = 50;
	peer_start(&p, s, 1);
	begin(w, p.port);
	loop_run(w->f->loop);
	assert_int_equal(w->fate, CONTAINER_LEFT);
	loop_run(w->f->loop);
	assert_int_equal(w->over, 1);
	peer_stop(&p);
	peer_done(&p);
}

static void
what_is_left_is_silent_and_lingers(void **state)
{
	struct world *w = *state;
	struct script s[] = {{.replies = silent}};
	struct peer p;

	w->o.linger_ms = 50;
	peer_start(&p, s, 1);
	begin(w, p.port);
	container_leave(w->call);
	loop_run(w->f->loop);
	assert_int_equal(w->done, 0);
	assert_int_equal(w->over, 1);
	peer_stop(&p);
	peer_done(&p);
}

static void
a_crash_on_demand_loses_any_answer(void **state)
{
	struct world *w = *state;

	w->o.crash = true;
	run(w, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", NULL);
	assert_failed(w, 0, ERROR_OF("server", "0"), ERROR_OF("server", "0"));
	assert_int_equal(w->fate, CONTAINER_BROKE);
}

static void
and_comes_while_it_works(void **state)
{
	struct world *w = *state;
	struct script s[] = {{.replies = silent}};
	struct peer p;

	w->o.crash = true;
	peer_start(&p, s, 1);
	begin(w, p.port);
	loop_run(w->f->loop);
	assert_int_equal(w->fate, CONTAINER_LEFT);
	assert_int_equal(p.requests, 1);
	assert_failed(w, 0, ERROR_OF("server", "0"), ERROR_OF("server", "0"));
	peer_stop(&p);
	peer_done(&p);
}

static void
what_is_broken_off_is_told_at_once(void **state)
{
	struct world *w = *state;
	struct script s[] = {{.replies = silent}};
	struct peer p;

	peer_start(&p, s, 1);
	begin(w, p.port);
	container_break(w->call);
	assert_int_equal(w->done, 1);
	assert_int_equal(w->fate, CONTAINER_BROKE);
	peer_stop(&p);
	peer_done(&p);
}

/* --- health --------------------------------------------------------- */

static void
on_ping(const struct http_response *r, const struct error *err, void *arg)
{
	struct world *w = arg;

	(void)err;
	w->done++;
	w->status = container_is_healthy(r) ? 1 : 0;
	loop_stop(w->f->loop);
}

static bool
ping(struct world *w, const char *reply)
{
	const char *const replies[] = {reply, NULL};
	struct script s[] = {{.replies = replies}};
	struct http_call *call;
	struct error err;
	struct peer p;

	peer_start(&p, s, 1);
	free(w->base);
	w->base = xasprintf("http://127.0.0.1:%d", p.port);
	w->status = -1;
	assert_int_equal(
	    container_ping(w->f->client, w->base, on_ping, w, &call, &err), 0);
	loop_run(w->f->loop);
	peer_stop(&p);
	assert_true(
	    str_starts(p.conns[0].request.data, "GET /ping HTTP/1.1\r\n"));
	peer_done(&p);
	assert_int_not_equal(w->status, -1);
	return w->status == 1;
}

static void
only_a_200_is_healthy(void **state)
{
	struct world *w = *state;

	assert_true(ping(w, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
	assert_true(ping(w, "HTTP/1.1 200 OK\r\n\r\nwords of any kind"));
	assert_false(ping(w, "HTTP/1.1 204 No\r\n\r\n"));
	assert_false(ping(w, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"));
	assert_false(ping(w, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"));
	assert_false(ping(w, "nonsense\r\n\r\n"));
	assert_false(ping(w, ""));
}

static void
on_patient(const struct http_response *r, const struct error *err, void *arg)
{
	(void)r;
	(void)err;
	(void)arg;
	fail_msg("the ping was not the first to end");
}

static void
a_ping_ends_by_itself(void **state)
{
	struct world *w = *state;
	struct script s[] = {{.replies = silent}, {.replies = silent}};
	struct http_request r = {.method = "GET", .timeout_ms = 30000};
	struct http_call *call;
	struct error err;
	struct peer p;

	peer_start(&p, s, 2);
	w->base = xasprintf("http://127.0.0.1:%d", p.port);
	r.url = w->base;
	assert_int_equal(
	    http_start(w->f->client, &r, on_patient, NULL, &call, &err), 0);
	assert_int_equal(
	    container_ping(w->f->client, w->base, on_ping, w, &call, &err), 0);
	loop_run(w->f->loop);
	assert_int_equal(w->status, 0);
	http_client_free(w->f->client);
	w->f->client = NULL;
	peer_stop(&p);
	peer_done(&p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_request_is_as_sagemaker_sends_it),
	    TEST(what_the_caller_did_not_say_is_not_sent),
	    TEST(a_good_answer_is_the_result),
	    TEST(an_empty_answer_is_one),
	    TEST(a_failure_is_in_the_containers_own_words),
	    TEST(a_failure_without_words_gets_ours),
	    TEST(a_redirect_is_a_failure),
	    TEST(chunks_are_no_answer),
	    TEST(nor_is_what_ends_with_its_connection),
	    TEST(nor_is_what_has_two_lengths),
	    TEST(nor_are_chunks_of_nothing),
	    TEST(headers_may_be_so_large_and_no_larger),
	    TEST(larger_headers_are_a_failure),
	    TEST(headers_without_end_are_one_too),
	    TEST(too_much_output_is_a_failure),
	    TEST(a_broken_connection_is_no_answer),
	    TEST(nor_is_half_of_one),
	    TEST(what_nobody_listens_to_is_for_another_time),
	    TEST(a_full_disk_is_not_the_models_fault),
	    TEST(a_late_answer_is_none),
	    TEST(what_lingers_is_over_when_the_container_has_done),
	    TEST(or_when_it_has_lingered_long_enough),
	    TEST(what_is_left_is_silent_and_lingers),
	    TEST(a_crash_on_demand_loses_any_answer),
	    TEST(and_comes_while_it_works),
	    TEST(what_is_broken_off_is_told_at_once),
	    TEST(only_a_200_is_healthy),
	    TEST(a_ping_ends_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
