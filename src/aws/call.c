/* SPDX-License-Identifier: Apache-2.0 */
/* One request, from headers to classified error, as often as it takes. */
#include "aws/call.h"

#include <stdlib.h>
#include <string.h>

#include "aws/awserr.h"
#include "aws/client.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"

/* Host, two of the SDKs', the payload's hash and three of the signature. */
#define FIELDS_OF_OURS 7

/*
 * At most one of http, waiter and a timer that is set is under way; with none
 * of them the call has ended.
 */
struct aws_call {
	struct aws_client *client;
	struct peer *peer;
	struct aws_request request; /* with strings of our own … */
	char *strings; /* … which are here */
	char payload_hash[HASH_SHA256_HEX_SIZE + 8];
	char id[RANDOM_UUID_SIZE]; /* the same over all tries, or "" */
	struct headers headers; /* of the caller */
	struct http_call *http;
	struct creds_waiter *waiter;
	struct loop_timer *timer; /* NULL until it is needed */
	int sends;
	int tries; /* … that retry.h counts */
	int cost; /* of the last retry */
	bool began; /* the sink has bytes */
	char *signed_by; /* the access key */
	int64_t signed_skew_ms;
	int64_t sent_at; /* monotonic */
	bool reclocked;
	struct error *expired; /* once the credentials were refused so */
	aws_done_fn *done;
	void *arg;
};

/* The request's strings become our own, in one piece of memory. */
static char *
copy_strings(struct aws_request *r)
{
	const char **v[] = {&r->what, &r->service, &r->region, &r->method,
	    &r->scheme, &r->host, &r->path, &r->query, &r->file_sha256};
	size_t i, size = 1;
	char *strings, *at;

	for (i = 0; i < ARRAY_LEN(v); i++)
		size += *v[i] != NULL ? strlen(*v[i]) + 1 : 0;
	at = strings = xmalloc(size);
	for (i = 0; i < ARRAY_LEN(v); i++) {
		const char *from = *v[i];

		if (from == NULL)
			continue;
		*v[i] = at;
		at = stpcpy(at, from) + 1;
	}
	return strings;
}

static void
call_free(struct aws_call *call)
{
	free(call->strings);
	headers_done(&call->headers);
	loop_timer_free(call->timer);
	peers_put(&call->client->peers, call->peer);
	free(call->signed_by);
	free(call->expired);
	free(call);
}

static void
end(struct aws_call *call, const struct http_response *r,
    const struct error *err)
{
	call->done(r, err, call->arg);
	call_free(call);
}

/* --- sending -------------------------------------------------------- */

static void
hash_payload(struct aws_call *call)
{
	const struct aws_request *r = &call->request;
	const char *hash =
	    r->file_sha256 != NULL ? r->file_sha256 : SIGV4_UNSIGNED_PAYLOAD;

	if (call->client->anonymous)
		return;
	if (r->file_len == 0 && r->body_len == 0)
		memcpy(call->payload_hash, SIGV4_EMPTY_SHA256,
		    sizeof(SIGV4_EMPTY_SHA256));
	else if (r->file_len == 0)
		hash_sha256_hex(r->body, r->body_len, call->payload_hash);
	else
		memcpy(call->payload_hash, hash, strlen(hash) + 1);
}

static bool
retries(const struct aws_call *call)
{
	return !call->request.once && !call->request.no_retry;
}

/* The SDKs send and sign these two: the service sees how often it is asked. */
static void
add_sdk_headers(struct aws_call *call, struct headers *headers)
{
	if (call->id[0] == '\0')
		random_uuid(call->id);
	headers_add(headers, "amz-sdk-invocation-id", call->id);
	headers_addf(headers, "amz-sdk-request", "attempt=%d; max=%d",
	    call->sends, retries(call) ? call->client->retry.max_attempts : 1);
}

static int
sign(struct aws_call *call, const struct creds *creds, struct headers *headers,
    struct error *err)
{
	const struct aws_request *r = &call->request;
	bool s3 = str_eq(r->service, "s3");
	struct sigv4_credentials sc = creds_for_signing(creds);
	struct sigv4_scope scope = {
	    .region = r->region,
	    .service = r->service,
	    .at = clock_wall_ms() + call->peer->skew_ms,
	};
	struct sigv4_request sr = {
	    .method = r->method,
	    .path = r->path,
	    .query = r->query,
	    .payload_hash = call->payload_hash,
	    .path_as_is = s3,
	};

	free(call->signed_by);
	call->signed_by = xstrdup(sc.access_key);
	call->signed_skew_ms = call->peer->skew_ms;
	/* S3 wants the hash as a header as well. */
	if (s3)
		headers_add(
		    headers, "x-amz-content-sha256", call->payload_hash);
	return sigv4_sign(&sc, &scope, &sr, headers, err);
}

static int
take_piece(const void *data, size_t len, void *arg, struct error *err)
{
	struct aws_call *call = arg;

	call->began = true;
	return call->request.sink(data, len, call->request.sink_arg, err);
}

static void on_response(
    const struct http_response *resp, const struct error *err, void *arg);

static char *
url_of(const struct aws_request *r)
{
	const char *const parts[] = {r->scheme, "://", r->host, r->path,
	    *r->query != '\0' ? "?" : "", r->query};
	size_t i, size = 1;
	char *url, *at;

	for (i = 0; i < ARRAY_LEN(parts); i++)
		size += strlen(parts[i]);
	at = url = xmalloc(size);
	for (i = 0; i < ARRAY_LEN(parts); i++)
		at = stpcpy(at, parts[i]);
	return url;
}

static int
start_http(
    struct aws_call *call, const struct headers *headers, struct error *err)
{
	const struct aws_request *r = &call->request;
	struct http_request hr = {
	    .method = r->method,
	    .headers = headers,
	    .body = r->body,
	    .body_len = r->body_len,
	    .body_fd = r->body_fd,
	    .file_len = r->file_len,
	    .body_max = r->body_max,
	    .sink = r->sink != NULL ? take_piece : NULL,
	    .sink_arg = call,
	    .head = r->head,
	    .head_arg = r->head_arg,
	    .timeout_ms = r->timeout_ms,
	    .once = r->once,
	};
	char *url = url_of(r);
	int rc;

	hr.url = url;
	call->sent_at = clock_mono_ms();
	if (r->sending != NULL)
		r->sending(r->refused_arg);
	rc = http_start(
	    call->client->http, &hr, on_response, call, &call->http, err);
	free(url);
	return rc;
}

/* `creds` is NULL where nothing is signed. */
static int
send_call(struct aws_call *call, const struct creds *creds, struct error *err)
{
	struct headers headers;
	size_t i;
	int rc = 0;

	call->sends++;
	headers_init(&headers);
	headers_reserve(&headers, call->headers.n + FIELDS_OF_OURS);
	headers_add(&headers, "Host", call->request.host);
	for (i = 0; i < call->headers.n; i++)
		headers_add(&headers, call->headers.v[i].name,
		    call->headers.v[i].value);
	if (!call->request.terse || call->sends > 1)
		add_sdk_headers(call, &headers);
	if (creds != NULL)
		rc = sign(call, creds, &headers, err);
	if (rc == 0)
		rc = start_http(call, &headers, err);
	headers_done(&headers);
	return rc;
}

/* --- what has to be waited for -------------------------------------- */

static int go(struct aws_call *call, struct error *err);

static void
on_timer(void *arg)
{
	struct aws_call *call = arg;
	struct error err;

	if (go(call, &err) == -1)
		end(call, NULL, &err);
}

static void
go_later(struct aws_call *call, int64_t delay_ms)
{
	if (call->timer == NULL)
		call->timer =
		    loop_timer_new(call->client->loop, on_timer, call);
	loop_timer_set(call->timer, delay_ms);
}

static void
on_creds(const struct creds *creds, const struct error *err, void *arg)
{
	struct aws_call *call = arg;
	struct error e;

	call->waiter = NULL;
	if (err != NULL) {
		e = *err;
		err_prefix(&e, "%s", call->request.what);
		end(call, NULL, &e);
	} else if (call->expired != NULL &&
	    str_eq(creds->access_key, call->signed_by)) {
		e = *call->expired;
		end(call, NULL, &e);
	} else if (send_call(call, creds, &e) == -1) {
		end(call, NULL, &e);
	}
}

/* Send, or wait for what sending needs. */
static int
go(struct aws_call *call, struct error *err)
{
	struct aws_client *c = call->client;
	int64_t wait = retry_wait_ms(&call->peer->retry, clock_mono_ms());
	const struct creds *creds = NULL;

	if (wait > 0) {
		go_later(call, wait);
		return 0;
	}
	if (c->is_fixed)
		creds = &c->fixed;
	else if (c->creds != NULL)
		creds = creds_cache_now(c->creds);
	if (creds != NULL || c->anonymous)
		return send_call(call, creds, err);
	creds_cache_wait(c->creds, on_creds, call, &call->waiter);
	return 0;
}

/* --- once more? ----------------------------------------------------- */

/* Did the service itself say that it took nothing? Where that counts, the
 * status of something in between does not tell. */
static bool
took_nothing(const struct aws_call *call, const struct error *err)
{
	return err->http_status >= 400 &&
	    (!call->request.once || awserr_has_code(err));
}

/* It was signed with a clock that is known to be wrong by now. */
static bool
is_of_clock(const struct aws_call *call, const struct error *err)
{
	int64_t off = call->peer->skew_ms - call->signed_skew_ms;

	return err->code == ERR_AUTH && call->signed_by != NULL &&
	    (off >= PEER_SKEW_MS || off <= -PEER_SKEW_MS);
}

/* Of several calls under way the first one has them fetched for all. */
static bool
has_better_creds(struct aws_call *call)
{
	struct creds_cache *cache = call->client->creds;
	const struct creds *creds;

	if (cache == NULL)
		return false;
	creds_cache_refused(cache, call->signed_by);
	creds = creds_cache_now(cache);
	return creds == NULL || !str_eq(creds->access_key, call->signed_by);
}

/* By the policy; -1: no. */
static int64_t
retry_delay(struct aws_call *call, const struct error *err)
{
	bool may = retries(call) && !call->began;

	call->tries++;
	/* What does not pass is most of what is heard, and wants no chance. */
	return retry_failed(&call->peer->retry, err,
	    may ? call->tries : RETRY_NEVER,
	    may && err->retryable ? random_unit() : 0, clock_mono_ms(),
	    &call->cost);
}

/* True where the call goes on; else *err is what it ends with. */
static bool
goes_on(struct aws_call *call, struct error *err)
{
	int64_t delay = retry_delay(call, err);

	if (delay != -1) {
		log_debug(
		    "aws", "%s; again in %lld ms", err->text, (long long)delay);
		go_later(call, delay);
		return true;
	}
	if (call->began || !took_nothing(call, err))
		return false;
	if (!call->reclocked && is_of_clock(call, err)) {
		call->reclocked = true;
		return go(call, err) == 0;
	}
	if (awserr_class(err) == AWSERR_EXPIRED && call->expired == NULL &&
	    has_better_creds(call)) {
		call->expired = xmemdup(err, sizeof(*err));
		return go(call, err) == 0;
	}
	return false;
}

static void
learn(struct aws_call *call, const struct http_response *resp)
{
	if (peer_learn_clock(call->peer, resp, call->sent_at))
		client_tell_clock(call->client, call->peer);
}

static void
on_response(
    const struct http_response *resp, const struct error *http_err, void *arg)
{
	struct aws_call *call = arg;
	const struct aws_request *r = &call->request;
	struct error err;

	call->http = NULL;
	if (resp != NULL)
		learn(call, resp);
	if (resp != NULL && resp->status >= 200 && resp->status < 300) {
		retry_succeeded(
		    &call->peer->retry, call->cost, clock_mono_ms());
		end(call, resp, NULL);
		return;
	}
	if (resp != NULL) {
		if (r->refused != NULL)
			r->refused(resp, r->refused_arg);
		awserr_from_response(r->what, resp, &err);
	} else {
		err = *http_err;
		err_prefix(&err, "%s at %s://%s", r->what, r->scheme, r->host);
	}
	if (!goes_on(call, &err))
		end(call, NULL, &err);
}

/* --- public --------------------------------------------------------- */

static struct aws_call *
call_new(struct aws_client *c, const struct aws_request *r, aws_done_fn *done,
    void *arg)
{
	struct aws_call *call = xcalloc(1, sizeof(*call));
	size_t i;

	call->client = c;
	call->peer = peers_get(&c->peers, r->host, &c->retry);
	call->request = *r;
	call->request.headers = NULL;
	if (call->request.query == NULL)
		call->request.query = "";
	call->strings = copy_strings(&call->request);
	headers_init(&call->headers);
	for (i = 0; r->headers != NULL && i < r->headers->n; i++)
		headers_add(&call->headers, r->headers->v[i].name,
		    r->headers->v[i].value);
	call->done = done;
	call->arg = arg;
	hash_payload(call);
	return call;
}

int
aws_call(struct aws_client *c, const struct aws_request *r, aws_done_fn *done,
    void *arg, struct aws_call **out, struct error *err)
{
	struct aws_call *call = call_new(c, r, done, arg);

	if (go(call, err) == -1) {
		call_free(call);
		return -1;
	}
	*out = call;
	return 0;
}

void
aws_pause(struct aws_call *call, bool paused)
{
	if (call->http != NULL)
		http_pause(call->http, paused);
}

void
aws_cancel(struct aws_call *call)
{
	if (call == NULL)
		return;
	http_cancel(call->http);
	creds_waiter_cancel(call->waiter);
	call_free(call);
}
