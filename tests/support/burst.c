/* SPDX-License-Identifier: Apache-2.0 */
/*
 * burst ENDPOINT COUNT CONCURRENCY [BYTES [TEXT]]: so many InvokeEndpointAsync
 * to $AWS_ENDPOINT_URL over so many connections, as fast as they are answered,
 * with a payload of so many bytes that begins with the text.
 * The places of each that was accepted go to stdout, a line each; the figures
 * to stderr. A server that is away is tried again for 30 s, each time with a
 * new request: what had no answer is counted as lost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/http_client.h"

#define AWAY_MS 30000
#define PAUSE_MS 20
#define BYTES_MAX 128000

static struct loop *loop;
static struct http_client *client;
static const char *base, *host, *endpoint;
static char *path, *url;
static char payload[BYTES_MAX];
static char payload_hash[HASH_SHA256_HEX_SIZE];
static size_t payload_len = 100;
static long wanted, concurrency, begun, accepted, refused, lost, under_way;
static int64_t away_since = -1;
static struct loop_timer *pause_timer;

static void fill(void *arg);

static void
die(const char *what, const struct error *err)
{
	fprintf(stderr, "burst: %s: %s\n", what, err->text);
	exit(2);
}

static void
on_done(const struct http_response *r, const struct error *err, void *arg)
{
	int64_t now = clock_mono_ms();
	const char *failure;

	(void)arg;
	(void)err;
	under_way--;
	if (r == NULL) {
		lost++;
		if (away_since == -1)
			away_since = now;
		begun -= now - away_since < AWAY_MS;
		loop_timer_set(pause_timer, PAUSE_MS);
		return;
	}
	away_since = -1;
	if (r->status == 202) {
		accepted++;
		failure = headers_get(
		    &r->headers, "X-Amzn-SageMaker-FailureLocation");
		printf("%s %s\n",
		    headers_get(&r->headers, "X-Amzn-SageMaker-OutputLocation"),
		    failure != NULL ? failure : "-");
	} else
		refused++;
	fill(NULL);
}

static void
send_one(void)
{
	struct sigv4_credentials creds = {
	    .access_key = getenv("AWS_ACCESS_KEY_ID"),
	    .secret_key = getenv("AWS_SECRET_ACCESS_KEY"),
	};
	struct sigv4_scope scope = {
	    .region = getenv("AWS_REGION"),
	    .service = "sagemaker",
	    .at = clock_wall_ms(),
	};
	struct sigv4_request request = {
	    .method = "POST",
	    .path = path,
	    .query = "",
	    .payload_hash = payload_hash,
	};
	struct headers headers;
	struct http_request h = {
	    .method = "POST",
	    .url = url,
	    .headers = &headers,
	    .body = payload,
	    .body_len = payload_len,
	    .timeout_ms = 60000,
	    .once = true,
	};
	struct http_call *call;
	struct error err;

	headers_init(&headers);
	headers_add(&headers, "Host", host);
	if (sigv4_sign(&creds, &scope, &request, &headers, &err) == -1 ||
	    http_start(client, &h, on_done, NULL, &call, &err) == -1)
		die("send", &err);
	headers_done(&headers);
	begun++;
	under_way++;
}

static void
fill(void *arg)
{
	(void)arg;
	while (begun < wanted && under_way < concurrency && away_since == -1)
		send_one();
	if (away_since != -1 && begun < wanted && under_way == 0)
		send_one();
	if (begun >= wanted && under_way == 0)
		loop_stop(loop);
}

/* "http://HOST:PORT" of the environment, and what is made of it. */
static void
prepare(const char *text)
{
	base = getenv("AWS_ENDPOINT_URL");
	if (base == NULL || !str_starts(base, "http://") ||
	    getenv("AWS_ACCESS_KEY_ID") == NULL ||
	    getenv("AWS_SECRET_ACCESS_KEY") == NULL ||
	    getenv("AWS_REGION") == NULL) {
		fputs("burst: the AWS variables are not set\n", stderr);
		exit(2);
	}
	host = base + strlen("http://");
	path = xasprintf("/endpoints/%s/async-invocations", endpoint);
	url = xasprintf("%s%s", base, path);
	memset(payload, 'x', sizeof(payload));
	memcpy(payload, text, strlen(text));
	hash_sha256_hex(payload, payload_len, payload_hash);
}

int
main(int argc, char **argv)
{
	struct http_client_options options = {.user_agent = "burst"};
	int64_t began_at, ms;
	struct error err;

	if (argc < 4) {
		fputs("usage: burst ENDPOINT COUNT CONCURRENCY [BYTES]\n",
		    stderr);
		return 2;
	}
	endpoint = argv[1];
	wanted = strtol(argv[2], NULL, 10);
	concurrency = strtol(argv[3], NULL, 10);
	if (argc > 4)
		payload_len = (size_t)strtol(argv[4], NULL, 10);
	if (payload_len > sizeof(payload) ||
	    (argc > 5 && strlen(argv[5]) > payload_len))
		return 2;
	prepare(argc > 5 ? argv[5] : "");
	options.max_per_host = (unsigned)concurrency;
	/* Who reads along knows at once what was accepted. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	loop = loop_new();
	pause_timer = loop_timer_new(loop, fill, NULL);
	if (http_client_new(loop, &options, &client, &err) == -1)
		die("start", &err);
	began_at = clock_mono_ms();
	fill(NULL);
	loop_run(loop);
	ms = clock_mono_ms() - began_at;
	fprintf(stderr,
	    "accepted=%ld refused=%ld lost=%ld ms=%lld per_s=%lld\n", accepted,
	    refused, lost, (long long)ms,
	    (long long)(accepted * 1000 / (ms > 0 ? ms : 1)));
	http_client_free(client);
	loop_timer_free(pause_timer);
	loop_free(loop);
	sigv4_forget_keys();
	free(path);
	free(url);
	return accepted == wanted ? 0 : 1;
}
