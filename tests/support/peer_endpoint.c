/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer's SageMaker runtime: InvokeEndpointAsync with a model that answers from
 * the input's digest. A request that is accepted has its line, its run and its
 * object, whatever becomes of the answer.
 */
#include "tests/support/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"

#define OUT "peer/out"
/* Longer than any client waits. */
#define HANG_MS 300000

enum loss { ANSWERED, RESET, TRUNCATED, GARBAGE, GATEWAY, ERROR, HUNG };

static const char *const loss_names[] = {
    "answered", "reset", "truncated", "garbage", "gateway", "error", "hung"};

static const char *
field(const struct peer_call *c, const char *name)
{
	const char *value = headers_get(http_headers(c->x), name);

	return value != NULL ? value : "";
}

static void
refuse(struct peer_call *c)
{
	static const struct {
		int status;
		const char *code;
	} kinds[] = {{429, "ThrottlingException"}, {503, "ServiceUnavailable"},
	    {500, "InternalFailure"}};
	size_t i = peer.nrefused++ % ARRAY_LEN(kinds);
	static const char body[] = "{\"message\":\"later\"}";
	struct headers h;

	headers_init(&h);
	headers_add(&h, "x-amzn-errortype", kinds[i].code);
	headers_add(&h, "Content-Type", "application/json");
	peer_reply(c, kinds[i].status, &h, body, strlen(body));
	headers_done(&h);
}

/* --- the answer ----------------------------------------------------- */

/* a is the output's name, b the inference id. */
static void
answer(struct peer_call *c)
{
	struct headers h;
	char *body = xasprintf("{\"InferenceId\":\"%s\"}", c->b);

	headers_init(&h);
	headers_add(&h, "Content-Type", "application/json");
	if (c->status != GARBAGE) {
		headers_addf(
		    &h, "X-Amzn-SageMaker-OutputLocation", "s3://%s", c->a);
		headers_addf(&h, "X-Amzn-SageMaker-FailureLocation",
		    "s3://peer/failed/%s-error.out", c->b);
	}
	if (c->status == TRUNCATED)
		peer_truncate(c, 202, &h, body, strlen(body));
	else
		peer_reply(c, 202, &h, body, strlen(body));
	headers_done(&h);
	free(body);
}

static void
speak(struct peer_call *c)
{
	static const char failed[] = "{\"message\":\"it may have worked\"}";
	static const char gateway[] = "<html>502 Bad Gateway</html>";

	switch ((enum loss)c->status) {
	case ANSWERED:
	case TRUNCATED:
	case GARBAGE:
		answer(c);
		return;
	case GATEWAY:
		peer_reply(c, 502, NULL, gateway, strlen(gateway));
		return;
	case ERROR:
		peer_reply(c, 500, NULL, failed, strlen(failed));
		return;
	case RESET:
	case HUNG:
		peer_reset(c);
		return;
	}
	abort();
}

static enum loss
loss_of(const char *id)
{
	enum loss loss;

	if (!(peer.k.lose_first > 0 && str_ends(id, "-1")) &&
	    !peer_chance(peer.k.lose))
		return ANSWERED;
	loss = (enum loss)(1 + peer.nlost++ % HUNG);
	if (loss == HUNG && (double)peer.nhung++ >= peer.k.hang_max)
		return RESET;
	return loss;
}

/* --- acceptance ----------------------------------------------------- */

static char *
output_name(const struct peer_call *c)
{
	const char *extension =
	    field(c, "X-Amzn-SageMaker-S3OutputPathExtension");
	const char *filename = field(c, "X-Amzn-SageMaker-Filename");
	char uuid[RANDOM_UUID_SIZE];

	random_uuid(uuid);
	return xasprintf(OUT "%s%s/%s%s", *extension != '\0' ? "/" : "",
	    extension, *filename != '\0' ? filename : uuid,
	    *filename != '\0' ? "" : ".out");
}

static void
digest_input(const struct peer_call *c, char sha[HASH_SHA256_HEX_SIZE])
{
	const char *location = field(c, "X-Amzn-SageMaker-InputLocation");

	if (*location == '\0')
		hash_sha256_hex(c->body.data, c->body.len, sha);
	else if (!str_starts(location, "s3://") ||
	    !object_sha(location + strlen("s3://"), sha))
		snprintf(sha, HASH_SHA256_HEX_SIZE, "missing");
}

static int64_t
run_time_ms(void)
{
	return peer_chance(peer.k.slow)
	    ? (int64_t)peer.k.slow_max
	    : peer_between(peer.k.result_min, peer.k.result_max);
}

static void
accept_request(struct peer_call *c)
{
	char input[HASH_SHA256_HEX_SIZE], result[HASH_SHA256_HEX_SIZE];
	int64_t delay = run_time_ms();
	int64_t wait = peer_between(0, peer.k.answer_max);
	enum loss loss = loss_of(c->b);

	c->a = output_name(c);
	c->status = (int)loss;
	digest_input(c, input);
	object_result(c->a, input, c->b, delay, result);
	peer_note(peer.accepted, "%s\t%s\t%s\t%s", c->b, c->a, input,
	    loss_names[loss]);
	peer_note(peer.runs, "%lld\t%s\t%s\t%s",
	    (long long)(clock_wall_ms() + delay), c->b, c->a, result);
	peer_later(c, loss == HUNG ? HANG_MS : wait, speak);
}

static void
on_invocation(struct peer_call *c)
{
	c->b = xstrdup(field(c, "X-Amzn-SageMaker-Inference-Id"));
	if (peer_chance(peer.k.refuse))
		refuse(c);
	else if (peer_chance(peer.k.reset))
		peer_reset(c);
	else
		accept_request(c);
}

void
endpoint_serve(struct http_exchange *x)
{
	if (str_eq(http_method(x), "POST") &&
	    str_ends(http_path(x), "/async-invocations"))
		peer_take(x, on_invocation);
	else
		http_reply(x, 404, NULL, "", 0);
}
