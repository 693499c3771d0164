/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rawcall METHOD PATH[?QUERY] [name: value]... [--OPTION]... [@FILE]
 * One signed request to $AWS_ENDPOINT_URL with nothing checked before it; the
 * status, every header and the body go to stdout. Paths with /endpoints/ are
 * signed for sagemaker, others for s3. What makes a signature wrong:
 *   --unsigned  --secret=KEY  --hash=HEX  --skew=SECONDS  --service=NAME
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sigv4.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/loop.h"
#include "base/str.h"
#include "net/http_client.h"

#define BODY_MAX (64 * 1024 * 1024)

struct raw {
	const char *method;
	char *path;
	const char *query;
	const char *secret;
	const char *hash;
	const char *service;
	const char *host;
	int64_t skew_s;
	bool unsigned_;
	struct headers headers;
	struct buf body;
	struct loop *loop;
	int status;
};

static void
die(const char *what, const struct error *err)
{
	fprintf(stderr, "rawcall: %s: %s\n", what, err->text);
	exit(2);
}

static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	if (value == NULL) {
		fprintf(stderr, "rawcall: %s is not set\n", name);
		exit(2);
	}
	return value;
}

static const char *
option(const char *word, const char *name)
{
	return str_starts(word, name) ? word + strlen(name) : NULL;
}

static void
take_header(struct raw *r, const char *word)
{
	const char *colon = strchr(word, ':');
	char *name;

	if (colon == NULL) {
		fprintf(stderr, "rawcall: %s is no header\n", word);
		exit(2);
	}
	name = strndup(word, (size_t)(colon - word));
	headers_add(&r->headers, name, colon + 1 + strspn(colon + 1, " "));
	free(name);
}

static void
take_word(struct raw *r, const char *word)
{
	const char *value;
	struct error err;

	if (str_eq(word, "--unsigned"))
		r->unsigned_ = true;
	else if ((value = option(word, "--secret=")) != NULL)
		r->secret = value;
	else if ((value = option(word, "--hash=")) != NULL)
		r->hash = value;
	else if ((value = option(word, "--service=")) != NULL)
		r->service = value;
	else if ((value = option(word, "--skew=")) != NULL)
		r->skew_s = strtol(value, NULL, 10);
	else if (*word == '@') {
		if (file_read(word + 1, &r->body, &err) == -1)
			die(word, &err);
	} else
		take_header(r, word);
}

static void
sign(struct raw *r)
{
	struct sigv4_credentials creds = {
	    .access_key = variable("AWS_ACCESS_KEY_ID"),
	    .secret_key = r->secret,
	    .session_token = getenv("AWS_SESSION_TOKEN"),
	};
	struct sigv4_scope scope = {
	    .region = variable("AWS_REGION"),
	    .service = r->service,
	    .at = clock_wall_ms() + r->skew_s * 1000,
	};
	struct sigv4_request request = {
	    .method = r->method,
	    .path = r->path,
	    .query = r->query,
	    .path_as_is = str_eq(r->service, "s3"),
	};
	char hash[HASH_SHA256_HEX_SIZE];
	struct error err;

	hash_sha256_hex(r->body.data, r->body.len, hash);
	request.payload_hash = r->hash != NULL ? r->hash : hash;
	headers_add(&r->headers, "Host", r->host);
	if (request.path_as_is)
		headers_add(
		    &r->headers, "X-Amz-Content-Sha256", request.payload_hash);
	if (!r->unsigned_ &&
	    sigv4_sign(&creds, &scope, &request, &r->headers, &err) == -1)
		die("sign", &err);
}

static void
on_done(
    const struct http_response *response, const struct error *err, void *arg)
{
	struct raw *r = arg;
	size_t i;

	if (response == NULL)
		die("no answer", err);
	printf("%d\n", response->status);
	for (i = 0; i < response->headers.n; i++)
		printf("%s: %s\n", response->headers.v[i].name,
		    response->headers.v[i].value);
	putchar('\n');
	fwrite(response->body.data, 1, response->body.len, stdout);
	r->status = response->status / 100 == 2 ? 0 : 1;
	loop_stop(r->loop);
}

static void
send_it(struct raw *r, const char *base)
{
	struct http_client_options options = {.user_agent = "rawcall"};
	char *url = NULL;
	struct http_request request = {
	    .method = r->method,
	    .headers = &r->headers,
	    .body = r->body.data,
	    .body_len = r->body.len,
	    .body_max = BODY_MAX,
	    .timeout_ms = 60000,
	    .once = true,
	};
	struct http_client *client;
	struct http_call *call;
	struct error err;

	if (asprintf(&url, "%s%s%s%s", base, r->path,
		*r->query != '\0' ? "?" : "", r->query) == -1)
		exit(2);
	request.url = url;
	if (http_client_new(r->loop, &options, &client, &err) == -1 ||
	    http_start(client, &request, on_done, r, &call, &err) == -1)
		die("send", &err);
	loop_run(r->loop);
	http_client_free(client);
	free(url);
}

int
main(int argc, char **argv)
{
	const char *base = variable("AWS_ENDPOINT_URL");
	struct raw r = {.method = argv[1], .query = ""};
	char *mark;
	int i;

	if (argc < 3 || !str_starts(base, "http://")) {
		fputs("usage: rawcall METHOD PATH [HEADER]...\n", stderr);
		return 2;
	}
	r.path = argv[2];
	mark = strchr(r.path, '?');
	if (mark != NULL) {
		*mark = '\0';
		r.query = mark + 1;
	}
	r.host = base + strlen("http://");
	r.service = str_starts(r.path, "/endpoints/") ? "sagemaker" : "s3";
	r.secret = variable("AWS_SECRET_ACCESS_KEY");
	r.loop = loop_new();
	headers_init(&r.headers);
	buf_init(&r.body, BODY_MAX);
	for (i = 3; i < argc; i++)
		take_word(&r, argv[i]);
	sign(&r);
	send_it(&r, base);
	headers_done(&r.headers);
	buf_done(&r.body);
	loop_free(r.loop);
	sigv4_forget_keys();
	return r.status;
}
