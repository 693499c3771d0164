/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snsprobe TOPIC PEM: is the message on standard input, of any age, genuine by
 * src/aws/sns_verify.h? The certificate comes from the file PEM instead of the
 * network, for whatever URL is asked, and is a root of its chain as well. Says
 * "genuine", or why not and exits 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "aws/sns_verify.h"
#include "base/file.h"
#include "base/loop.h"
#include "base/mem.h"

static struct buf pem;

/* --- instead of net/http_client.c ----------------------------------- */

struct http_client {
	struct loop *loop;
};

struct http_call {
	http_done_fn *done;
	void *arg;
};

static void
answer(void *arg)
{
	struct http_call *call = arg;
	struct http_response r = {.status = 200, .body = pem};

	call->done(&r, NULL, call->arg);
	free(call);
}

int
http_start(struct http_client *c, const struct http_request *r,
    http_done_fn *done, void *arg, struct http_call **out, struct error *err)
{
	struct http_call *call = xcalloc(1, sizeof(*call));

	(void)err;
	fprintf(stderr, "%s %s\n", r->method, r->url);
	call->done = done;
	call->arg = arg;
	loop_post(c->loop, answer, call);
	*out = call;
	return 0;
}

void
http_cancel(struct http_call *call)
{
	if (call != NULL)
		abort();
}

/* -------------------------------------------------------------------- */

static struct http_client http;
static int status = 1;

static void
on_verified(const struct error *err, void *arg)
{
	(void)arg;
	puts(err == NULL ? "genuine" : err->text);
	status = err != NULL;
	loop_stop(http.loop);
}

static int
complain(const struct error *err)
{
	puts(err->text);
	return 1;
}

/* A socket at times, which cannot be opened by a name. */
static struct buf
read_input(void)
{
	char piece[65536];
	struct buf b;
	size_t n;

	buf_init(&b, SNS_BODY_MAX + 1);
	while ((n = fread(piece, 1, sizeof(piece), stdin)) > 0)
		buf_append(&b, piece, n);
	return b;
}

static int
try(const char *topic, const char *ca_file, struct error *err)
{
	struct sns_verifier_options o = {
	    .loop = http.loop,
	    .http = &http,
	    .topics = &topic,
	    .ntopics = 1,
	    .ca_file = ca_file,
	};
	struct sns_message *m;
	struct sns_verifier *v;
	struct sns_check *c;
	struct buf text = read_input();

	if (sns_parse(text.data, text.len, &m, err) == -1)
		return -1;
	if (sns_verifier_new(&o, &v, err) == -1 ||
	    sns_verify(v, m, false, on_verified, NULL, &c, err) == -1)
		return -1;
	loop_run(http.loop);
	sns_verifier_free(v);
	sns_message_free(m);
	buf_done(&text);
	return 0;
}

int
main(int argc, char **argv)
{
	struct error err;

	if (argc != 3) {
		fprintf(stderr, "usage: snsprobe TOPIC PEM <MESSAGE\n");
		return 2;
	}
	buf_init(&pem, 65536);
	http.loop = loop_new();
	if (file_read(argv[2], &pem, &err) == -1 ||
	    try(argv[1], argv[2], &err) == -1)
		return complain(&err);
	loop_free(http.loop);
	buf_done(&pem);
	return status;
}
