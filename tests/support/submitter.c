/* SPDX-License-Identifier: Apache-2.0 */
/*
 * submitter SOCKET ENDPOINT COUNT CONCURRENCY --ledger DIR [--OPTION=VALUE ...]
 * COUNT jobs for the service behind the socket, each with an Idempotency-Key
 * and an input of its own. Where there is no answer, or a 5xx, the same
 * request goes again until the job is acknowledged. What was is a line of
 * DIR/submitted.tsv, written only once the answer was read: ms, key, job id,
 * status, sha256 of the input.
 *   --prefix=TEXT   of the keys (key)
 *   --bytes=N       size of an input, at least its key (64)
 *   --gate=FILE     holds how many may be begun, read again and again
 *   --patience=S    give up when nothing was acknowledged for so long (120)
 * Exit status 0 where all were acknowledged; figures go to stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/http_client.h"

#define PAUSE_MS 5
#define GATE_MS 10
#define BYTES_MAX (64 * 1024 * 1024)

static struct loop *loop;
static struct http_client *client;
static struct loop_timer *gate_timer;
static const char *socket_path, *endpoint, *gate, *prefix = "key";
static int64_t wanted, concurrency, bytes = 64, patience_ms = 120000;
static int64_t begun, under_way, acknowledged, again, allowed;
static int64_t told_at; /* the last acknowledgement, monotonic */
static int ledger;

struct request {
	char *key;
	char *input;
	char sha[HASH_SHA256_HEX_SIZE];
	struct loop_timer *timer;
};

static void __attribute__((noreturn)) die(const char *what, const char *why)
{
	fprintf(stderr, "submitter: %s: %s\n", what, why);
	exit(2);
}

static void begin_more(void *arg);
static void send_it(void *arg);

/* --- the answer ----------------------------------------------------- */

static void
note(const struct request *q, const struct http_response *r)
{
	char line[512];
	struct json *doc;
	struct error err;
	const char *id;
	int n;

	if (json_parse(r->body.data, r->body.len, &doc, &err) == -1)
		die("answer", err.text);
	id = json_get_str(doc, "job");
	if (id == NULL)
		die("answer", "it names no job");
	n = snprintf(line, sizeof(line), "%lld\t%s\t%s\t%d\t%s\n",
	    (long long)clock_wall_ms(), q->key, id, r->status, q->sha);
	if (n < 0 || write(ledger, line, (size_t)n) != n)
		die("ledger", strerror(errno));
	json_free(doc);
}

static void
request_free(void *arg)
{
	struct request *q = arg;

	loop_timer_free(q->timer);
	free(q->key);
	free(q->input);
	free(q);
}

static void
once_more(struct request *q)
{
	again++;
	if (clock_mono_ms() - told_at > patience_ms)
		die("patience", "nothing is acknowledged any more");
	loop_timer_set(q->timer, PAUSE_MS);
}

static void
on_done(const struct http_response *r, const struct error *err, void *arg)
{
	struct request *q = arg;

	(void)err;
	if (r == NULL || r->status >= 500) {
		once_more(q);
		return;
	}
	if (r->status != 201 && r->status != 200) {
		fprintf(stderr, "submitter: %s: status %d: %.*s\n", q->key,
		    r->status, (int)r->body.len, r->body.data);
		exit(1);
	}
	note(q, r);
	told_at = clock_mono_ms();
	acknowledged++;
	under_way--;
	loop_post(loop, request_free, q);
	begin_more(NULL);
}

/* --- the request ---------------------------------------------------- */

static void
send_it(void *arg)
{
	struct request *q = arg;
	struct headers headers;
	struct http_request h = {
	    .method = "POST",
	    .url = "http://awaitd/v1/jobs",
	    .unix_socket = socket_path,
	    .headers = &headers,
	    .body = q->input,
	    .body_len = strlen(q->input),
	    .timeout_ms = 30000,
	};
	struct http_call *call;
	struct error err;

	headers_init(&headers);
	headers_add(&headers, "Awaitd-Endpoint", endpoint);
	headers_add(&headers, "Content-Type", "text/plain");
	headers_add(&headers, "Idempotency-Key", q->key);
	if (http_start(client, &h, on_done, q, &call, &err) == -1)
		die("send", err.text);
	headers_done(&headers);
}

static void
begin_one(void)
{
	struct request *q = xcalloc(1, sizeof(*q));
	size_t len;

	q->key = xasprintf("%s-%lld", prefix, (long long)begun);
	len = strlen(q->key);
	if (len < (size_t)bytes)
		len = (size_t)bytes;
	q->input = xmalloc(len + 1);
	memset(q->input, '.', len);
	memcpy(q->input, q->key, strlen(q->key));
	q->input[len] = '\0';
	hash_sha256_hex(q->input, len, q->sha);
	q->timer = loop_timer_new(loop, send_it, q);
	begun++;
	under_way++;
	send_it(q);
}

static void
read_gate(void)
{
	char text[32];
	ssize_t n;
	int fd;

	allowed = wanted;
	if (gate == NULL)
		return;
	allowed = begun;
	fd = open(gate, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return;
	text[n] = '\0';
	(void)str_to_i64(str_trim(text), 0, wanted, &allowed);
}

static void
begin_more(void *arg)
{
	(void)arg;
	if (begun >= allowed)
		read_gate();
	while (begun < allowed && under_way < concurrency)
		begin_one();
	if (acknowledged == wanted) {
		loop_stop(loop);
		return;
	}
	/* Waiting at the gate is nobody's fault. */
	if (under_way == 0)
		told_at = clock_mono_ms();
	if (gate != NULL && begun < wanted)
		loop_timer_set(gate_timer, GATE_MS);
}

/* --- begin and end -------------------------------------------------- */

static int64_t
number(const char *text, int64_t max)
{
	int64_t n;

	if (str_to_i64(text, 0, max, &n) == -1)
		die(text, "not a number");
	return n;
}

static void
take_option(const char *arg)
{
	if (str_starts(arg, "--prefix="))
		prefix = arg + strlen("--prefix=");
	else if (str_starts(arg, "--bytes="))
		bytes = number(arg + strlen("--bytes="), BYTES_MAX);
	else if (str_starts(arg, "--gate="))
		gate = arg + strlen("--gate=");
	else if (str_starts(arg, "--patience="))
		patience_ms = 1000 * number(arg + strlen("--patience="), 86400);
	else
		die(arg, "not an option");
}

static int
open_ledger(const char *folder)
{
	char *path = xasprintf("%s/submitted.tsv", folder);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd == -1)
		die(path, strerror(errno));
	free(path);
	return fd;
}

static void
on_term(void *arg)
{
	loop_stop(arg);
}

static void
tell(int64_t ms)
{
	fprintf(stderr, "acknowledged=%lld again=%lld ms=%lld per_s=%lld\n",
	    (long long)acknowledged, (long long)again, (long long)ms,
	    (long long)(acknowledged * 1000 / (ms > 0 ? ms : 1)));
}

int
main(int argc, char **argv)
{
	struct http_client_options options = {.user_agent = "submitter"};
	struct loop_signal *term;
	int64_t began_at;
	struct error err;
	int i;

	if (argc < 7 || !str_eq(argv[5], "--ledger"))
		die("usage",
		    "submitter SOCKET ENDPOINT COUNT CONCURRENCY --ledger DIR");
	socket_path = argv[1];
	endpoint = argv[2];
	wanted = number(argv[3], INT32_MAX);
	concurrency = number(argv[4], 4096);
	ledger = open_ledger(argv[6]);
	for (i = 7; i < argc; i++)
		take_option(argv[i]);
	options.max_per_host = (unsigned)concurrency;
	loop = loop_new();
	if (http_client_new(loop, &options, &client, &err) == -1)
		die("start", err.text);
	gate_timer = loop_timer_new(loop, begin_more, NULL);
	term = loop_signal_new(loop, SIGTERM, on_term, loop);
	began_at = told_at = clock_mono_ms();
	begin_more(NULL);
	loop_run(loop);
	tell(clock_mono_ms() - began_at);
	http_client_free(client);
	loop_signal_free(term);
	loop_timer_free(gate_timer);
	return acknowledged == wanted ? 0 : 1;
}
