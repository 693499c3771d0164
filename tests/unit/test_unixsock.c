/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets: what goes over, what each answer means, and that no reader, however
 * it behaves, holds an attempt or the loop. Readers are a thread that serves
 * one connection by a function.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
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

#include "base/clock.h"
#include "base/encode.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/unixsock.h"
#include "driver_rig.h"

#define TIMEOUT_MS 20000
#define MB ((size_t)1024 * 1024)

struct reader;
typedef void serve_fn(struct reader *rd, int conn);

struct reader {
	char path[100];
	int listener;
	pthread_t thread;
	serve_fn *serve;
	const char *answer;
	/* What it read. */
	size_t facts_len, body_len;
	char facts[65536];
	char sha256[HASH_SHA256_HEX_SIZE];
	char rest; /* was anything behind the body? */
};

/* --- the other side ------------------------------------------------- */

static bool
read_all(int fd, void *out, size_t len)
{
	char *p = out;

	while (len > 0) {
		ssize_t n = read(fd, p, len);

		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static void
say(int fd, const char *text)
{
	send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static bool
read_head(struct reader *rd, int fd)
{
	char line[100];
	size_t n = 0;

	do {
		if (n == sizeof(line) - 1 || !read_all(fd, &line[n], 1))
			return false;
	} while (line[n++] != '\n');
	line[n] = '\0';
	if (sscanf(line, "awaitd/1 %zu %zu\n", &rd->facts_len, &rd->body_len) !=
		2 ||
	    rd->facts_len >= sizeof(rd->facts))
		return false;
	rd->facts[rd->facts_len] = '\0';
	return read_all(fd, rd->facts, rd->facts_len);
}

static bool
read_body(struct reader *rd, int fd, size_t pause_each)
{
	struct hash *h = hash_new(HASH_SHA256);
	unsigned char digest[HASH_SHA256_SIZE];
	static char slice[65536];
	size_t left = rd->body_len, n, since = 0;
	bool ok = true;

	while (ok && left > 0) {
		n = left < sizeof(slice) ? left : sizeof(slice);
		ok = read_all(fd, slice, n);
		hash_update(h, slice, n);
		left -= n;
		since += n;
		if (pause_each > 0 && since >= pause_each) {
			usleep(100000);
			since = 0;
		}
	}
	hash_final(h, digest);
	encode_hex(digest, sizeof(digest), rd->sha256);
	hash_free(h);
	return ok;
}

static void
reads_and_answers(struct reader *rd, int fd)
{
	if (!read_head(rd, fd) || !read_body(rd, fd, 0))
		return;
	rd->rest = 0;
	if (recv(fd, &rd->rest, 1, MSG_DONTWAIT) == 1)
		rd->rest = 1;
	say(fd, rd->answer);
}

static void
reads_slowly(struct reader *rd, int fd)
{
	if (read_head(rd, fd) && read_body(rd, fd, MB))
		say(fd, rd->answer);
}

static void
hangs_up_at_once(struct reader *rd, int fd)
{
	(void)rd;
	(void)fd;
}

static void
hangs_up_in_the_middle(struct reader *rd, int fd)
{
	read_head(rd, fd);
}

/* Until the other side has had enough. */
static void
wait_for_hangup(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLRDHUP};

	poll(&p, 1, 20000);
}

static void
answers_before_it_reads(struct reader *rd, int fd)
{
	say(fd, rd->answer);
	wait_for_hangup(fd);
}

static void
reads_and_says_nothing(struct reader *rd, int fd)
{
	if (read_head(rd, fd) && read_body(rd, fd, 0))
		wait_for_hangup(fd);
}

static void
reads_nothing(struct reader *rd, int fd)
{
	(void)rd;
	wait_for_hangup(fd);
}

/* Some bytes each time, never enough. */
static void
reads_a_drop_at_a_time(struct reader *rd, int fd)
{
	char drop[1000];

	(void)rd;
	while (read(fd, drop, sizeof(drop)) > 0)
		usleep(5000);
}

static void
answers_a_drop_at_a_time(struct reader *rd, int fd)
{
	if (!read_head(rd, fd) || !read_body(rd, fd, 0))
		return;
	while (send(fd, "O", 1, MSG_NOSIGNAL) == 1)
		usleep(5000);
}

static void
answers_without_end(struct reader *rd, int fd)
{
	char line[1000];

	if (!read_head(rd, fd) || !read_body(rd, fd, 0))
		return;
	memset(line, 'x', sizeof(line));
	while (send(fd, line, sizeof(line), MSG_NOSIGNAL) > 0)
		continue;
}

static void
answers_with_a_zero_byte(struct reader *rd, int fd)
{
	if (read_head(rd, fd) && read_body(rd, fd, 0))
		send(fd, "OK\0no\n", 6, MSG_NOSIGNAL);
}

static void *
reader_main(void *arg)
{
	struct reader *rd = arg;
	int conn = accept(rd->listener, NULL, NULL);

	if (conn != -1) {
		rd->serve(rd, conn);
		close(conn);
	}
	return NULL;
}

/* --- the rig -------------------------------------------------------- */

struct world {
	struct driver_rig *r;
	struct reader rd;
};

static int
listen_at(const char *path, int backlog)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static void
make(struct world *w, int64_t timeout_ms)
{
	struct unixsock_options o = {
	    .target = {.name = "unix reader",
		.payload = DELIVERY_RAW,
		.timeout_ms = timeout_ms,
		.max_in_flight = 4},
	    .loop = w->r->loop,
	    .path = w->rd.path,
	};
	struct error err;

	target_unref(w->r->target);
	w->r->target = NULL;
	assert_int_equal(unixsock_new(&o, &w->r->target, &err), 0);
}

static int
enter(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->r = driver_rig_new();
	snprintf(w->rd.path, sizeof(w->rd.path), "%s/s", w->r->folder);
	w->rd.listener = listen_at(w->rd.path, 8);
	w->r->fds++;
	make(w, TIMEOUT_MS);
	*state = w;
	return 0;
}

static int
leave(void **state)
{
	struct world *w = *state;

	close(w->rd.listener);
	w->r->fds--;
	driver_rig_free(w->r);
	free(w);
	return 0;
}

static void
run(struct world *w, serve_fn *serve, const char *answer)
{
	w->rd.serve = serve;
	w->rd.answer = answer;
	assert_int_equal(
	    pthread_create(&w->rd.thread, NULL, reader_main, &w->rd), 0);
	driver_rig_run(w->r);
	pthread_join(w->rd.thread, NULL);
}

static void
assert_verdict(struct world *w, enum deliver_verdict verdict, const char *note)
{
	assert_int_equal(w->r->result.status, ATTEMPT_NO_STATUS);
	assert_int_equal(
	    w->r->result.error_class == CLASS_NONE, verdict == DELIVER_OK);
	if (w->r->result.verdict != verdict)
		fail_msg("%s", w->r->note != NULL ? w->r->note : "OK");
	if (note == NULL)
		assert_null(w->r->note);
	else
		assert_string_equal(w->r->note, note);
}

/* --- what goes over ------------------------------------------------- */

static void
the_frame_has_the_facts_and_the_bytes(void **state)
{
	struct world *w = *state;
	bool replay = false;
	int64_t n = 0;
	struct error err;
	struct json *j;

	w->r->parcel.attempt = 3;
	w->r->parcel.replay = true;
	run(w, reads_and_answers, "OK stored\n");
	assert_verdict(w, DELIVER_OK, NULL);
	assert_string_equal(w->r->response, "stored");
	assert_int_equal(w->rd.body_len, 5);
	assert_string_equal(w->rd.sha256, w->r->delivery.body_sha256);
	assert_int_equal(w->rd.rest, 0);
	assert_int_equal(json_parse(w->rd.facts, w->rd.facts_len, &j, &err), 0);
	assert_string_equal(json_get_str(j, "id"), DRIVER_RIG_ID);
	assert_string_equal(json_get_str(j, "type"), "inference.completed");
	assert_string_equal(json_get_str(j, "payload"), "raw");
	assert_string_equal(json_get_str(j, "content_type"), "text/plain");
	assert_string_equal(
	    json_get_str(j, "sha256"), w->r->delivery.body_sha256);
	assert_int_equal(json_i64(json_get(j, "attempt"), &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(json_bool(json_get(j, "replay"), &replay), 0);
	assert_true(replay);
	assert_string_equal(
	    json_get_str(json_get(j, "data"), "job"), DRIVER_RIG_JOB);
	json_free(j);
}

static void
a_presigned_url_goes_beside_a_reference(void **state)
{
	struct world *w = *state;

	w->r->delivery.payload = DELIVERY_REFERENCE;
	w->r->parcel.result_url = "https://b.example/x?X-Amz-Signature=1";
	run(w, reads_and_answers, "OK\n");
	assert_verdict(w, DELIVER_OK, NULL);
	assert_null(w->r->response);
	assert_non_null(strstr(w->rd.facts,
	    "\"result_url\":\"https://b.example/x?X-Amz-Signature=1\""));
	assert_non_null(strstr(w->rd.facts, "\"payload\":\"reference\""));
}

static void
a_body_may_be_empty(void **state)
{
	struct world *w = *state;

	driver_rig_body(w->r, NULL, 0);
	run(w, reads_and_answers, "OK\n");
	assert_verdict(w, DELIVER_OK, NULL);
	assert_int_equal(w->rd.body_len, 0);
}

static void
a_large_body_is_streamed(void **state)
{
	struct world *w = *state;
	char *hex = driver_rig_large(w->r, 64 * MB);
	long before = driver_rig_peak_kb();
	unsigned rounds = 0;

	do {
		run(w, reads_and_answers, "OK\n");
		assert_verdict(w, DELIVER_OK, NULL);
		assert_string_equal(w->rd.sha256, hex);
		assert_true(++rounds < DRIVER_RIG_ROUNDS);
	} while (driver_rig_loop_was_held(w->r));
	assert_true(driver_rig_peak_kb() - before < 8000);
	free(hex);
}

static void
large_bytes_in_memory_go_in_slices_too(void **state)
{
	struct world *w = *state;
	char *body = xmalloc(4 * MB);

	memset(body, 'x', 4 * MB);
	driver_rig_body(w->r, body, 4 * MB);
	run(w, reads_slowly, "OK\n");
	assert_verdict(w, DELIVER_OK, NULL);
	assert_string_equal(w->rd.sha256, w->r->delivery.body_sha256);
	free(body);
}

/* --- bytes that still come ------------------------------------------ */

static void
bytes_may_still_come_while_they_go(void **state)
{
	struct world *w = *state;
	char *hex = driver_rig_large(w->r, MB);
	struct driver_rig_trickle t;

	assert_true(w->r->target->streams);
	/* To wait for them is no fault of the reader's. */
	make(w, 300);
	driver_rig_trickle(w->r, &t, MB);
	run(w, reads_and_answers, "OK\n");
	assert_verdict(w, DELIVER_OK, NULL);
	assert_in_range(t.waits, 10, 1000);
	assert_string_equal(w->rd.sha256, hex);
	assert_null(t.source.ready);
	loop_timer_free(t.timer);
	free(hex);
}

static void
bytes_that_stop_coming_are_no_result(void **state)
{
	struct world *w = *state;
	char *hex = driver_rig_large(w->r, MB);
	struct driver_rig_trickle t;
	struct error err;

	driver_rig_trickle(w->r, &t, MB - 1);
	run(w, reads_and_answers, "OK\n");
	assert_verdict(w, DELIVER_RETRY, "S3 broke off");
	assert_null(t.source.ready);
	loop_timer_free(t.timer);
	/* A cancel while they are waited for. */
	driver_rig_trickle(w->r, &t, MB);
	assert_int_equal(driver_rig_start(w->r, &err), 0);
	driver_rig_turn(w->r, 10);
	assert_non_null(t.source.ready);
	w->r->target->driver->cancel(w->r->call);
	assert_null(t.source.ready);
	driver_rig_turn(w->r, 60);
	assert_int_equal(w->r->calls, 1);
	loop_timer_free(t.timer);
	free(hex);
}

/* --- answers -------------------------------------------------------- */

static void
each_answer_has_its_verdict(void **state)
{
	static const struct {
		const char *answer;
		enum deliver_verdict verdict;
		enum deliver_class class;
		int64_t after_ms;
		const char *response;
	} cases[] = {
	    {"OK\n", DELIVER_OK, CLASS_NONE, 0, NULL},
	    {"OK \n", DELIVER_OK, CLASS_NONE, 0, NULL},
	    {"OK row 17\nwhatever\n", DELIVER_OK, CLASS_NONE, 0, "row 17"},
	    {"RETRY\n", DELIVER_RETRY, CLASS_STATUS, 0, NULL},
	    {"RETRY 7\n", DELIVER_RETRY, CLASS_STATUS, 7000, NULL},
	    {"RETRY 7 the disk is full\n", DELIVER_RETRY, CLASS_STATUS, 7000,
		"the disk is full"},
	    {"RETRY later\n", DELIVER_RETRY, CLASS_STATUS, 0, "later"},
	    {"RETRY 7s\n", DELIVER_RETRY, CLASS_STATUS, 0, "7s"},
	    {"RETRY 0\n", DELIVER_RETRY, CLASS_STATUS, 0, NULL},
	    {"RETRY 99999999999999999999 x\n", DELIVER_RETRY, CLASS_STATUS,
		1000000000, "x"},
	    {"RETRY -5\n", DELIVER_RETRY, CLASS_STATUS, 0, "-5"},
	    {"DEAD\n", DELIVER_DEAD, CLASS_STATUS, 0, NULL},
	    {"DEAD no such tenant\n", DELIVER_DEAD, CLASS_STATUS, 0,
		"no such tenant"},
	    {"DEAD \033[2Ja\tb\n", DELIVER_DEAD, CLASS_STATUS, 0, " [2Ja b"},
	    /* Words of nobody's. */
	    {"ok\n", DELIVER_RETRY, CLASS_PROTOCOL, 0, "ok"},
	    {"OKAY\n", DELIVER_RETRY, CLASS_PROTOCOL, 0, "OKAY"},
	    {"OK\r\n", DELIVER_RETRY, CLASS_PROTOCOL, 0, "OK "},
	    {" OK\n", DELIVER_RETRY, CLASS_PROTOCOL, 0, " OK"},
	    {"OK", DELIVER_RETRY, CLASS_RESET, 0, "OK"},
	    {"\n", DELIVER_RETRY, CLASS_PROTOCOL, 0, NULL},
	    {"\nOK\n", DELIVER_RETRY, CLASS_PROTOCOL, 0, NULL},
	    {"HTTP/1.1 200 OK\r\n\r\n", DELIVER_RETRY, CLASS_PROTOCOL, 0,
		"HTTP/1.1 200 OK "},
	    {"", DELIVER_RETRY, CLASS_RESET, 0, NULL},
	};
	struct world *w = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		run(w, reads_and_answers, cases[i].answer);
		if (w->r->result.verdict != cases[i].verdict)
			fail_msg("%s: %d", cases[i].answer,
			    (int)w->r->result.verdict);
		assert_int_equal(
		    w->r->result.retry_after_ms, cases[i].after_ms);
		assert_int_equal(
		    w->r->note == NULL, cases[i].verdict == DELIVER_OK);
		assert_int_equal(w->r->result.error_class, cases[i].class);
		if (cases[i].response == NULL)
			assert_null(w->r->response);
		else
			assert_string_equal(w->r->response, cases[i].response);
	}
}

static void
a_line_is_kept_up_to_its_maximum(void **state)
{
	struct world *w = *state;
	char *answer = xmalloc(4110);

	memset(answer, 'x', 4109);
	memcpy(answer, "DEAD ", 5);
	answer[4108] = '\n';
	answer[4109] = '\0';
	run(w, reads_and_answers, answer);
	assert_int_equal(w->r->result.verdict, DELIVER_DEAD);
	assert_int_equal(strlen(w->r->response), ATTEMPT_RESPONSE_MAX);
	free(answer);
}

static void
endless_and_broken_lines_are_no_answers(void **state)
{
	struct world *w = *state;

	run(w, answers_without_end, NULL);
	assert_verdict(w, DELIVER_RETRY, "said a line without end");
	assert_int_equal(w->r->result.error_class, CLASS_PROTOCOL);
	assert_int_equal(strlen(w->r->response), ATTEMPT_RESPONSE_MAX);
	run(w, answers_with_a_zero_byte, NULL);
	assert_verdict(w, DELIVER_RETRY, "said a zero byte");
	assert_string_equal(w->r->response, "OK no");
}

static void
who_hangs_up_has_not_taken_it(void **state)
{
	struct world *w = *state;
	char *hex;

	run(w, reads_and_answers, "");
	assert_verdict(w, DELIVER_RETRY, "hung up without an answer");
	assert_int_equal(w->r->result.error_class, CLASS_RESET);
	run(w, hangs_up_at_once, NULL);
	assert_int_equal(w->r->result.verdict, DELIVER_RETRY);
	hex = driver_rig_large(w->r, 4 * MB);
	run(w, hangs_up_in_the_middle, NULL);
	assert_int_equal(w->r->result.verdict, DELIVER_RETRY);
	assert_non_null(w->r->note);
	free(hex);
}

static void
nobody_can_say_ok_before_he_has_it(void **state)
{
	struct world *w = *state;
	char *hex = driver_rig_large(w->r, 4 * MB);

	run(w, answers_before_it_reads, "OK\n");
	assert_verdict(w, DELIVER_RETRY, "said OK before it had everything");
	assert_int_equal(w->r->result.error_class, CLASS_EARLY);
	/* But that he does not want it. */
	run(w, answers_before_it_reads, "DEAD too large\n");
	assert_int_equal(w->r->result.verdict, DELIVER_DEAD);
	assert_string_equal(w->r->response, "too large");
	run(w, answers_before_it_reads, "RETRY 60 busy\n");
	assert_int_equal(w->r->result.verdict, DELIVER_RETRY);
	assert_int_equal(w->r->result.retry_after_ms, 60000);
	free(hex);
}

/* --- readers that hold on ------------------------------------------- */

static void
who_says_nothing_is_left_at_the_time_out(void **state)
{
	static serve_fn *const silent[] = {
	    reads_and_says_nothing, reads_nothing, answers_a_drop_at_a_time};
	struct world *w = *state;
	int64_t at;
	size_t i;

	make(w, 300);
	for (i = 0; i < ARRAY_LEN(silent); i++) {
		at = clock_mono_ms();
		run(w, silent[i], NULL);
		assert_verdict(w, DELIVER_RETRY, "no answer within 300 ms");
		assert_int_equal(w->r->result.error_class, CLASS_TIMEOUT);
		assert_in_range(clock_mono_ms() - at, 280, 5000);
	}
}

static void
who_takes_next_to_nothing_is_left_too(void **state)
{
	struct world *w = *state;
	char *hex = driver_rig_large(w->r, 4 * MB);
	int64_t at = clock_mono_ms();

	make(w, 300);
	run(w, reads_nothing, NULL);
	assert_verdict(w, DELIVER_RETRY, "took too little within 300 ms");
	run(w, reads_a_drop_at_a_time, NULL);
	assert_verdict(w, DELIVER_RETRY, "took too little within 300 ms");
	assert_in_range(clock_mono_ms() - at, 560, 10000);
	free(hex);
}

/* The time-out is not for the whole of a large body. */
static void
who_is_slow_and_steady_gets_it_all(void **state)
{
	struct world *w = *state;
	char *hex = driver_rig_large(w->r, 12 * MB);
	int64_t at = clock_mono_ms();

	make(w, 500);
	run(w, reads_slowly, "OK\n");
	assert_verdict(w, DELIVER_OK, NULL);
	assert_true(clock_mono_ms() - at > 1000);
	assert_string_equal(w->rd.sha256, hex);
	free(hex);
}

/* --- nobody there --------------------------------------------------- */

static void
nobody_there_is_an_error_that_passes(void **state)
{
	struct world *w = *state;
	struct error err;

	close(w->rd.listener);
	assert_int_equal(driver_rig_start(w->r, &err), -1);
	assert_int_equal(err.code, ERR_NET);
	assert_non_null(strstr(err.text, "Connection refused"));
	assert_non_null(strstr(err.text, w->rd.path));
	unlink(w->rd.path);
	assert_int_equal(driver_rig_start(w->r, &err), -1);
	assert_non_null(strstr(err.text, "No such file"));
	assert_non_null(strstr(err.hint, "Start the program"));
	assert_int_equal(
	    w->r->target->driver->probe(w->r->target->self, &err), -1);
	assert_int_equal(err.code, ERR_NET);
	/* And then there is. */
	w->rd.listener = listen_at(w->rd.path, 8);
	assert_int_equal(
	    w->r->target->driver->probe(w->r->target->self, &err), 0);
	close(accept(w->rd.listener, NULL, NULL));
	run(w, reads_and_answers, "OK\n");
	assert_verdict(w, DELIVER_OK, NULL);
}

static void
a_full_queue_does_not_block(void **state)
{
	struct world *w = *state;
	const struct deliver_driver *driver = w->r->target->driver;
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fds[10], n = 0;
	struct error err;

	close(w->rd.listener);
	unlink(w->rd.path);
	w->rd.listener = listen_at(w->rd.path, 0);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", w->rd.path);
	do {
		fds[n] = socket(
		    AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	} while (
	    connect(fds[n++], (const struct sockaddr *)&sa, sizeof(sa)) == 0 &&
	    n < 10);
	assert_in_range(n, 2, 9);
	assert_int_equal(driver->probe(w->r->target->self, &err), -1);
	assert_int_equal(driver_rig_start(w->r, &err), -1);
	assert_non_null(strstr(err.text, "too many wait there"));
	while (n > 0)
		close(fds[--n]);
}

static void
a_path_that_no_socket_can_have_is_refused(void **state)
{
	struct world *w = *state;
	struct unixsock_options o = {.target = {.name = "unix x"}};
	struct target *t = NULL;
	char path[110];
	struct error err;

	memset(path, 'x', sizeof(path));
	path[108] = '\0';
	o.loop = w->r->loop;
	o.path = path;
	assert_int_equal(unixsock_new(&o, &t, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	path[107] = '\0';
	assert_int_equal(unixsock_new(&o, &t, &err), 0);
	target_unref(t);
}

/* --- cancelling ----------------------------------------------------- */

static void
a_cancel_hangs_up(void **state)
{
	struct world *w = *state;
	char *hex = driver_rig_large(w->r, 4 * MB);
	struct error err;

	w->rd.serve = reads_nothing;
	assert_int_equal(
	    pthread_create(&w->rd.thread, NULL, reader_main, &w->rd), 0);
	assert_int_equal(driver_rig_start(w->r, &err), 0);
	driver_rig_turn(w->r, 20);
	w->r->target->driver->cancel(w->r->call);
	loop_run(w->r->loop);
	assert_int_equal(w->r->calls, 0);
	/* It hears of that. */
	pthread_join(w->rd.thread, NULL);
	free(hex);
}

#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(the_frame_has_the_facts_and_the_bytes),
	    T(a_presigned_url_goes_beside_a_reference),
	    T(a_body_may_be_empty),
	    T(a_large_body_is_streamed),
	    T(large_bytes_in_memory_go_in_slices_too),
	    T(bytes_may_still_come_while_they_go),
	    T(bytes_that_stop_coming_are_no_result),
	    T(each_answer_has_its_verdict),
	    T(a_line_is_kept_up_to_its_maximum),
	    T(endless_and_broken_lines_are_no_answers),
	    T(who_hangs_up_has_not_taken_it),
	    T(nobody_can_say_ok_before_he_has_it),
	    T(who_says_nothing_is_left_at_the_time_out),
	    T(who_takes_next_to_nothing_is_left_too),
	    T(who_is_slow_and_steady_gets_it_all),
	    T(nobody_there_is_an_error_that_passes),
	    T(a_full_queue_does_not_block),
	    T(a_path_that_no_socket_can_have_is_refused),
	    T(a_cancel_hangs_up),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
