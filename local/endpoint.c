/* SPDX-License-Identifier: Apache-2.0 */
/* One invocation, from its head to the 202. */
#include "local/endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "local/s3uri.h"
#include "local/validate.h"

/* So much is read to learn who sent too much, and is not kept. */
#define BODY_READ_MAX (8 * 1024 * 1024)
#define MESSAGE_MAX (64 * 1024)
#define NAMES_MAX 1000 /* of endpoints, in a line of the log */
#define HEADER "X-Amzn-SageMaker-"

struct invocation {
	struct endpoint *endpoint;
	struct call *call; /* NULL: the client has left */
	char *name;
	struct buf body; /* the first VALIDATE_BODY_MAX bytes */
	size_t body_len; /* all of them */
	struct hash *sha256;
	struct db_request r;
};

/* --- answers -------------------------------------------------------- */

static void
start_headers(const struct call *c, struct headers *h)
{
	headers_init(h);
	headers_add(h, "x-amzn-RequestId", c->request_id);
	headers_add(h, "Content-Type", "application/json");
}

static void
refuse(struct call *c, int status, const char *type, const char *message)
{
	struct headers h;
	struct jsonw w;
	struct buf body;

	start_headers(c, &h);
	headers_add(&h, "x-amzn-ErrorType", type);
	buf_init(&body, 4 * MESSAGE_MAX);
	jsonw_init(&w, &body);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "message", message);
	jsonw_end(&w, '}');
	call_reply(c, status, &h, body.data, body.len);
	buf_done(&body);
	headers_done(&h);
}

static void
throttle(struct call *c)
{
	refuse(c, 400, "ThrottlingException", "Rate exceeded");
}

static void
fail(struct call *c, int status)
{
	bool busy = status == 503;

	refuse(c, status, busy ? "ServiceUnavailable" : "InternalFailure",
	    busy ? "The service is unavailable. Try your call again."
		 : "The request failed because of an internal error.");
}

static const struct call_words words = {throttle, fail};

static void
refuse_time(struct call *c, bool expired)
{
	char signed_at[TIMEFMT_AMZ_SIZE], edge[TIMEFMT_AMZ_SIZE];
	char now[TIMEFMT_AMZ_SIZE];
	int64_t skew = sigv4_skew_ms(c->claim.service), at = call_now(c);
	char *text;

	timefmt_amz(c->claim.at, signed_at);
	timefmt_amz(expired ? at - skew : at + skew, edge);
	timefmt_amz(at, now);
	text = xasprintf("Signature %s: %s is %s %s (%s %c %lld min.)",
	    expired ? "expired" : "not yet current", signed_at,
	    expired ? "now earlier than" : "still later than", edge, now,
	    expired ? '-' : '+', (long long)(skew / 60000));
	refuse(c, 403, "InvalidSignatureException", text);
	free(text);
}

void
endpoint_refuse(struct call *c, enum sigv4_verdict verdict)
{
	static const struct {
		enum sigv4_verdict verdict;
		const char *type;
		const char *message; /* NULL: the claim's detail */
	} table[] = {
	    {SIGV4_MISSING, "MissingAuthenticationTokenException",
		"Missing Authentication Token"},
	    {SIGV4_PRESIGNED, "MissingAuthenticationTokenException",
		"Missing Authentication Token: requests signed in their "
		"query are not accepted here"},
	    {SIGV4_MALFORMED, "IncompleteSignatureException", NULL},
	    {SIGV4_WRONG_REGION, "InvalidSignatureException",
		"Credential should be scoped to a valid region."},
	    {SIGV4_WRONG_SERVICE, "InvalidSignatureException",
		"Credential should be scoped to correct service: "
		"'sagemaker'."},
	    {SIGV4_UNKNOWN_KEY, "UnrecognizedClientException",
		"The security token included in the request is invalid."},
	    {SIGV4_TOKEN, "UnrecognizedClientException",
		"The security token included in the request is invalid."},
	    {SIGV4_NOT_SIGNED, "InvalidSignatureException", NULL},
	    {SIGV4_MISMATCH, "InvalidSignatureException",
		"The request signature we calculated does not match the "
		"signature you provided. Check your AWS Secret Access Key "
		"and signing method. Consult the service documentation for "
		"details."},
	};
	char *text = NULL;
	size_t i;

	if (verdict == SIGV4_EXPIRED || verdict == SIGV4_FUTURE) {
		refuse_time(c, verdict == SIGV4_EXPIRED);
		return;
	}
	for (i = 0; i < ARRAY_LEN(table) && table[i].verdict != verdict; i++)
		continue;
	if (i == ARRAY_LEN(table))
		abort();
	if (verdict == SIGV4_NOT_SIGNED)
		text = xasprintf("'%s' must be a 'SignedHeader' in the AWS "
				 "Authorization.",
		    c->claim.detail);
	else
		text = xstrdup(table[i].message != NULL ? table[i].message
							: c->claim.detail);
	refuse(c, 403, table[i].type, text);
	free(text);
}

/* --- the way of an invocation --------------------------------------- */

static void
invocation_free(struct invocation *v)
{
	db_request_done(&v->r);
	buf_done(&v->body);
	hash_free(v->sha256);
	free(v->name);
	free(v);
}

/* Take the call back for an answer; the invocation ends. */
static struct call *
leave(struct invocation *v)
{
	struct call *c = v->call;

	call_on_gone(c, NULL, NULL);
	invocation_free(v);
	return c;
}

static void
on_gone(void *arg)
{
	invocation_free(arg);
}

/* The request is in the queue whether or not somebody waits. */
static void
on_gone_late(void *arg)
{
	struct invocation *v = arg;

	v->call = NULL;
}

static void
reply_accepted(struct call *c, const struct db_request *r)
{
	struct headers h;
	struct jsonw w;
	struct buf body;

	start_headers(c, &h);
	headers_add(&h, HEADER "OutputLocation", r->output);
	if (r->failure != NULL)
		headers_add(&h, HEADER "FailureLocation", r->failure);
	buf_init(&body, MESSAGE_MAX);
	jsonw_init(&w, &body);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "InferenceId", r->inference_id);
	jsonw_end(&w, '}');
	call_reply(c, 202, &h, body.data, body.len);
	buf_done(&body);
	headers_done(&h);
}

static void
on_accepted(const struct error *err, void *arg)
{
	struct invocation *v = arg;

	if (v->call != NULL) {
		call_on_gone(v->call, NULL, NULL);
		if (err == NULL)
			reply_accepted(v->call, &v->r);
		else
			refuse(v->call, 500, "InternalFailure",
			    "The request could not be made durable.");
	}
	invocation_free(v);
}

static const struct conf_endpoint *
find_endpoint(const struct conf *conf, const char *name)
{
	size_t i;

	for (i = 0; i < conf->endpoints_n; i++) {
		if (str_eq(conf->endpoints[i].name, name))
			return &conf->endpoints[i];
	}
	return NULL;
}

/* Where its objects will be; the names have nothing of the InferenceId. */
static void
choose_names(struct invocation *v, const struct conf_endpoint *e,
    const struct validate_members *m)
{
	bool honoured = e->names == CONF_NAMES_HONOURED;
	char uuid[RANDOM_UUID_SIZE];
	char *name;

	random_uuid(uuid);
	name = honoured && m->filename != NULL ? xstrdup(m->filename)
					       : xasprintf("%s.out", uuid);
	v->r.output = s3uri_join(
	    e->s3_output_path, honoured ? m->output_extension : NULL, name);
	free(name);
	if (str_empty(e->s3_failure_path))
		return;
	honoured = honoured && e->failure_names == CONF_FAILURE_FOLLOW;
	name = xasprintf("%s-error.out",
	    honoured && m->filename != NULL ? m->filename : uuid);
	v->r.failure = s3uri_join(
	    e->s3_failure_path, honoured ? m->output_extension : NULL, name);
	free(name);
}

static void
fill_request(struct invocation *v, const struct conf_endpoint *e,
    const struct validate_members *m, const struct validate_numbers *n)
{
	struct db_request *r = &v->r;
	char uuid[RANDOM_UUID_SIZE];

	random_uuid(uuid);
	r->inference_id =
	    xstrdup(m->inference_id != NULL ? m->inference_id : uuid);
	r->endpoint = xstrdup(e->name);
	r->content_type = xstrdup_or_null(m->content_type);
	r->accept = xstrdup_or_null(m->accept);
	r->custom_attributes = xstrdup_or_null(m->custom_attributes);
	r->input_location = xstrdup_or_null(m->input_location);
	r->accepted_at = clock_wall_ms();
	r->ttl_s = n->ttl_s;
	r->timeout_s = n->timeout_s;
	r->body_len = v->body.len;
	if (r->body_len > 0)
		r->body = xmemdup(v->body.data, v->body.len);
	choose_names(v, e, m);
}

static void
read_members(struct invocation *v, struct validate_members *m)
{
	const struct headers *h = http_headers(v->call->x);

	*m = (struct validate_members){
	    .endpoint_name = v->name,
	    .content_type = headers_get(h, HEADER "Content-Type"),
	    .accept = headers_get(h, HEADER "Accept"),
	    .custom_attributes = headers_get(h, HEADER "Custom-Attributes"),
	    .inference_id = headers_get(h, HEADER "Inference-Id"),
	    .input_location = headers_get(h, HEADER "InputLocation"),
	    .output_extension = headers_get(h, HEADER "S3OutputPathExtension"),
	    .filename = headers_get(h, HEADER "Filename"),
	    .ttl = headers_get(h, HEADER "RequestTTLSeconds"),
	    .timeout = headers_get(h, HEADER "InvocationTimeoutSeconds"),
	    .body_len = v->body_len,
	};
}

/* SageMaker's words name none of those that there are. */
static void
log_unknown(const struct invocation *v)
{
	const struct conf *conf = v->endpoint->conf;
	struct buf names;
	size_t i;

	buf_init(&names, NAMES_MAX);
	for (i = 0; i < conf->endpoints_n; i++)
		buf_printf(
		    &names, "%s%s", i > 0 ? ", " : "", conf->endpoints[i].name);
	log_begin(LOG_WARN, "invoke");
	log_str("endpoint", v->name);
	log_str("msg", "no such endpoint here");
	log_str("endpoints", names.len > 0 ? names.data : "none");
	log_end();
	buf_done(&names);
}

static void
refuse_unknown(struct invocation *v)
{
	char *text = xasprintf("Endpoint %s of account %s not found.", v->name,
	    v->endpoint->conf->account);

	log_unknown(v);
	refuse(leave(v), 400, "ValidationError", text);
	free(text);
}

static bool
key_fits(const char *location)
{
	const char *key;
	char *bucket;

	if (s3uri_split(location, &bucket, &key) == -1)
		return false;
	free(bucket);
	return s3uri_key_ok(key, strlen(key));
}

static void
accept_request(struct invocation *v, const struct validate_members *m,
    const struct validate_numbers *n)
{
	const struct conf_endpoint *e =
	    find_endpoint(v->endpoint->conf, v->name);

	if (e == NULL) {
		refuse_unknown(v);
		return;
	}
	fill_request(v, e, m, n);
	if (!key_fits(v->r.output) ||
	    (v->r.failure != NULL && !key_fits(v->r.failure))) {
		refuse(leave(v), 400, "ValidationError",
		    "The key of the output would be longer than 1024 bytes.");
		return;
	}
	if (!queue_has_room(v->endpoint->queue, v->name)) {
		throttle(leave(v));
		return;
	}
	call_on_gone(v->call, on_gone_late, v);
	queue_accept(v->endpoint->queue, &v->r, on_accepted, v);
}

static void
on_end(struct http_exchange *x, void *arg)
{
	struct invocation *v = arg;
	enum sigv4_verdict verdict = call_verify(v->call, v->sha256);
	struct validate_members members;
	struct validate_numbers numbers;
	enum validate_verdict valid;
	struct buf message;

	(void)x;
	if (verdict != SIGV4_OK) {
		endpoint_refuse(leave(v), verdict);
		return;
	}
	if (call_struck(v->call, &words)) {
		invocation_free(v);
		return;
	}
	read_members(v, &members);
	buf_init(&message, MESSAGE_MAX);
	valid = validate_request(&members, &numbers, &message);
	if (valid == VALIDATE_OK)
		accept_request(v, &members, &numbers);
	else
		refuse(leave(v), 400,
		    valid == VALIDATE_WRONG ? "ValidationError"
					    : "SerializationException",
		    message.data);
	buf_done(&message);
}

static int
on_data(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	struct invocation *v = arg;
	size_t room = v->body.max - v->body.len;

	(void)x;
	hash_update(v->sha256, data, len);
	buf_append(&v->body, data, len < room ? len : room);
	v->body_len += len;
	return 0;
}

/* Nobody can say any more who signed this. */
static void
on_toolarge(struct http_exchange *x, void *arg)
{
	(void)x;
	refuse(leave(arg), 413, "RequestEntityTooLargeException",
	    "The body is larger than any that is read here.");
}

static void
invoke(struct endpoint *e, struct call *c, char *take_name)
{
	struct http_body_sink sink = {.max = BODY_READ_MAX,
	    .data = on_data,
	    .end = on_end,
	    .toolarge = on_toolarge};
	struct invocation *v = xcalloc(1, sizeof(*v));

	v->endpoint = e;
	v->call = c;
	v->name = take_name;
	v->sha256 = hash_new(HASH_SHA256);
	buf_init(&v->body, VALIDATE_BODY_MAX);
	call_on_gone(c, on_gone, v);
	http_body(c->x, &sink, v);
}

/* --- routing -------------------------------------------------------- */

char *
endpoint_name_in(const char *path, const char *what)
{
	static const char prefix[] = "/endpoints/";
	const char *name = path + strlen(prefix), *slash;
	char *result = NULL;
	struct buf b;

	if (!str_starts(path, prefix))
		return NULL;
	slash = strchr(name, '/');
	if (slash == NULL || slash == name || !str_eq(slash + 1, what))
		return NULL;
	buf_init(&b, 4096);
	if (decode_uri(&b, name, (size_t)(slash - name)) == 0 &&
	    !str_has_control(b.data) && strlen(b.data) == b.len)
		result = xstrdup(b.data);
	buf_done(&b);
	return result;
}

static void
refuse_operation(struct call *c)
{
	char *name = endpoint_name_in(http_path(c->x), "invocations");
	char *text;

	if (name == NULL || !str_eq(http_method(c->x), "POST")) {
		refuse(c, 404, "UnknownOperationException",
		    "There is no such operation: the one that is here is "
		    "POST /endpoints/NAME/async-invocations.");
	} else {
		text = xasprintf("Endpoint %s of type async does not support "
				 "this inference type.",
		    name);
		refuse(c, 400, "ValidationError", text);
		free(text);
	}
	free(name);
}

void
endpoint_request(struct endpoint *e, struct call *c)
{
	char *name = endpoint_name_in(http_path(c->x), "async-invocations");
	struct fault_subject about = {
	    .operation = "InvokeEndpointAsync",
	    .endpoint = name,
	};
	bool invokes = name != NULL && str_eq(http_method(c->x), "POST");
	enum sigv4_verdict verdict;

	if (invokes)
		call_about(c, &about);
	verdict = sigv4_admit(
	    e->auth, "sagemaker", http_headers(c->x), call_now(c), &c->claim);
	if (verdict == SIGV4_OK && invokes) {
		invoke(e, c, name);
		return;
	}
	if (verdict != SIGV4_OK)
		endpoint_refuse(c, verdict);
	else
		refuse_operation(c);
	free(name);
}
