/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request: its head says who asks for what, its body is taken in, the
 * signature over both is checked, and what is asked for goes its way
 * (gateway_ask.c). Before the signature is known to be right nothing is done
 * but to keep the bytes, and of a key that is not known not even that.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/discard.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/gateway_inner.h"
#include "serve/intake.h"

static const char overlong[] =
    "1 validation error detected: Value at 'body' failed to satisfy "
    "constraint: Member must have length less than or equal to 128000";

/* --- in and out ------------------------------------------------------ */

void
gateway_call_end(struct gateway_call *c)
{
	gateway_ask_leave(c);
	loop_timer_free(c->timer);
	TAILQ_REMOVE(&c->g->calls, c, entry);
	/* Of a job that was not asked for; else the file is its own. */
	if (c->job != NULL && c->job->spec.input_spooled)
		discard_path(c->job->spec.input_path);
	job_free(c->job);
	api_input_done(&c->input);
	sigv4_claim_done(&c->claim);
	gateway_keys_unref(c->keys);
	free(c);
}

static void
on_gone(struct http_exchange *x, void *arg)
{
	(void)x;
	gateway_call_end(arg);
}

static struct gateway_call *
call_new(struct gateway *g, struct http_exchange *x)
{
	struct gateway_call *c = xcalloc(1, sizeof(*c));

	c->g = g;
	c->x = x;
	c->started_at = clock_mono_ms();
	c->keys = gateway_keys_ref(g->keys);
	random_uuid(c->request_id);
	sigv4_claim_init(&c->claim);
	api_input_init(&c->input, g->service->folder);
	TAILQ_INSERT_TAIL(&g->calls, c, entry);
	http_on_gone(x, on_gone, c);
	return c;
}

/* --- the end of the body --------------------------------------------- */

static enum sigv4_verdict
verify(struct gateway_call *c, const char *digest)
{
	struct sigv4_received r = {
	    .method = http_method(c->x),
	    .path = http_path(c->x),
	    .query = http_query(c->x),
	    .headers = http_headers(c->x),
	    .payload_hash = digest,
	};

	return sigv4_verify(&c->claim, &r);
}

static void
refuse_stranger(struct gateway_call *c)
{
	unsigned char raw[HASH_SHA256_SIZE];
	char digest[HASH_SHA256_HEX_SIZE];

	hash_final(c->input.hash, raw);
	encode_hex(raw, sizeof(raw), digest);
	gateway_refuse_claim(c, verify(c, digest));
}

static void
refuse_disk(struct gateway_call *c, const struct error *err)
{
	gateway_refuse(c, GATEWAY_UNAVAILABLE, 503, "ServiceUnavailable",
	    "Nothing can be taken now: %s", err->text);
}

static void
refuse_here(struct gateway_call *c, const struct error *err)
{
	gateway_refuse(
	    c, GATEWAY_INVALID, 400, err->remote_code, "%s", err->text);
}

/* The job begins now: the transfer may have taken its time. */
static void
renew_id(struct job *job)
{
	jobid_new(job->id);
	job->created_at = jobid_time(job->id);
}

/* Which bytes came, as part of the job. Of a location there are none. */
static int
take_input(struct gateway_call *c, char **digest, struct error *err)
{
	const struct conf *conf = c->g->service->conf;
	const char *prefix =
	    conf_endpoint(conf, c->job->spec.endpoint)->input_prefix;
	bool located = c->job->spec.input == INPUT_LOCATION;
	int rc;

	/* The configuration may have been read again meanwhile. */
	if (c->input.to_file && prefix == NULL) {
		err_set(err, ERR_USAGE, "%s", overlong);
		memcpy(err->remote_code, "ValidationError",
		    sizeof("ValidationError"));
		return -1;
	}
	rc = api_input_end(&c->input, c->job, prefix, digest, err);
	if (rc == 0 && located)
		c->job->spec.input = INPUT_LOCATION;
	return rc;
}

static bool
has_both(const struct gateway_call *c)
{
	return c->job->spec.input == INPUT_LOCATION && c->input.size > 0;
}

static void
on_end(struct http_exchange *x, void *arg)
{
	struct gateway_call *c = arg;
	enum sigv4_verdict verdict;
	char *digest = NULL;
	struct error err;

	(void)x;
	if (c->stranger) {
		refuse_stranger(c);
		return;
	}
	renew_id(c->job);
	if (take_input(c, &digest, &err) == -1) {
		if (err.code == ERR_USAGE)
			refuse_here(c, &err);
		else
			refuse_disk(c, &err);
		return;
	}
	verdict = verify(c, digest);
	if (verdict != SIGV4_OK)
		gateway_refuse_claim(c, verdict);
	else if (has_both(c))
		gateway_refuse(c, GATEWAY_INVALID, 400, "ValidationError",
		    "Body and InputLocation are mutually exclusive. Provide "
		    "exactly one of them.");
	else
		gateway_ask(c, gateway_key(c, digest));
	free(digest);
}

/* --- the body -------------------------------------------------------- */

static int
on_data(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	struct gateway_call *c = arg;
	struct error err;

	(void)x;
	if (c->stranger) {
		hash_update(c->input.hash, data, len);
		return 0;
	}
	if (api_input_take(&c->input, data, len, &err) == 0)
		return 0;
	refuse_disk(c, &err);
	return -1;
}

static void
on_toolarge(struct http_exchange *x, void *arg)
{
	(void)x;
	gateway_refuse(
	    arg, GATEWAY_INVALID, 400, "ValidationError", "%s", overlong);
}

/* A place to upload to takes all that SageMaker does. A location needs no
 * bytes: what comes all the same is looked at to say so. */
static int64_t
prepare_input(struct gateway_call *c)
{
	const struct conf_endpoint *e =
	    conf_endpoint(c->g->service->conf, c->job->spec.endpoint);

	if (e->input_prefix != NULL && c->job->spec.input == INPUT_BODY) {
		c->input.to_file = e->inline_bodies == CONF_INLINE_NEVER &&
		    http_content_length(c->x) != 0;
		return API_INPUT_MAX;
	}
	api_input_keep(&c->input, GATEWAY_PASSED_MAX);
	return (int64_t)GATEWAY_PASSED_MAX;
}

static void
take_body(struct gateway_call *c)
{
	struct http_body_sink sink = {
	    .max = (int64_t)GATEWAY_PASSED_MAX,
	    .data = on_data,
	    .end = on_end,
	    .toolarge = on_toolarge,
	};

	if (!c->stranger)
		sink.max = prepare_input(c);
	if (http_content_length(c->x) > sink.max)
		on_toolarge(c->x, c);
	else
		http_body(c->x, &sink, c);
}

/* --- the head -------------------------------------------------------- */

static bool
admit(struct gateway_call *c)
{
	const struct headers *h = http_headers(c->x);
	enum sigv4_verdict verdict =
	    sigv4_claim_parse(h, http_query(c->x), &c->claim);

	if (verdict == SIGV4_OK)
		verdict = sigv4_admit(gateway_keys_clients(c->keys),
		    "sagemaker", h, clock_wall_ms(), &c->claim);
	c->stranger = verdict == SIGV4_UNKNOWN_KEY;
	if (verdict == SIGV4_OK || c->stranger)
		return true;
	gateway_refuse_claim(c, verdict);
	return false;
}

static void
take_request(struct gateway_call *c, const char *endpoint)
{
	struct error err;

	if (!admit(c))
		return;
	if (!c->stranger && gateway_job(c, endpoint, &c->job, &err) == -1)
		refuse_here(c, &err);
	else
		take_body(c);
}

void
gateway_handle(struct http_exchange *x, void *arg)
{
	struct gateway_call *c = call_new(arg, x);
	char *endpoint = gateway_endpoint(http_path(x));

	if (endpoint == NULL || !str_eq(http_method(x), "POST") ||
	    *http_query(x) != '\0')
		gateway_refuse(c, GATEWAY_INVALID, 404,
		    "UnknownOperationException",
		    "This gateway takes InvokeEndpointAsync alone: POST "
		    "/endpoints/{EndpointName}/async-invocations");
	else
		take_request(c, endpoint);
	free(endpoint);
}
