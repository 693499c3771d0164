/* SPDX-License-Identifier: Apache-2.0 */
/* Answers: AWS's own passed on, and ours in AWS's shape. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "serve/gateway_inner.h"

#define TEXT_MAX 8192
#define REQUEST_ID "x-amzn-RequestId"

static const char *const names[GATEWAY_RESULTS] = {
    [GATEWAY_ACCEPTED] = "accepted",
    [GATEWAY_DECLINED] = "declined",
    [GATEWAY_NOT_SENT] = "not_sent",
    [GATEWAY_IN_DOUBT] = "in_doubt",
    [GATEWAY_TIMEOUT] = "timeout",
    [GATEWAY_ENDED] = "ended",
    [GATEWAY_UNSIGNED] = "unsigned",
    [GATEWAY_INVALID] = "invalid",
    [GATEWAY_UNAVAILABLE] = "unavailable",
};

/* --- counted and logged --------------------------------------------- */

/* What finds no room any more is counted with the last. */
static void
count(struct gateway *g, int code, enum gateway_result result)
{
	size_t i;

	for (i = 0; i < g->ncounts; i++) {
		if (g->counts[i].code == code && g->counts[i].result == result)
			break;
	}
	if (i == GATEWAY_COUNTS)
		i--;
	if (i == g->ncounts) {
		g->ncounts++;
		g->counts[i].code = code;
		g->counts[i].result = result;
	}
	g->counts[i].n++;
}

void
gateway_write_metrics(const struct gateway *g, struct buf *out)
{
	static const char name[] = "awaitd_gateway_requests_total";
	size_t i;

	if (g == NULL)
		return;
	buf_printf(out,
	    "# HELP %s Requests to the gateway, by status and by what became "
	    "of them.\n# TYPE %s counter\n",
	    name, name);
	for (i = 0; i < g->ncounts; i++)
		buf_printf(out, "%s{code=\"%d\",result=\"%s\"} %llu\n", name,
		    g->counts[i].code, names[g->counts[i].result],
		    (unsigned long long)g->counts[i].n);
}

static void
log_fields(const struct gateway_call *c, int status, const char *result)
{
	log_str("request", c->request_id);
	log_str("peer", http_peer(c->x));
	log_str("client", c->claim.user != NULL ? c->claim.user->name : NULL);
	log_int("status", status);
	log_str("result", result);
	log_int("ms", clock_mono_ms() - c->started_at);
}

static void
log_answer(const struct gateway_call *c, int status, const char *job,
    enum gateway_result result, const char *detail)
{
	log_begin(LOG_DEBUG, "gateway");
	log_fields(c, status, names[result]);
	log_str("job", job);
	log_str("detail", detail);
	log_end();
}

/* Who signs wrongly should be found in the log, and cannot flood it. */
static void
log_unsigned(struct gateway_call *c, int status, const char *detail)
{
	int64_t skipped;

	if (!quiet_over(&c->g->refusals, &skipped))
		return;
	log_begin(LOG_WARN, "gateway");
	log_fields(c, status, names[GATEWAY_UNSIGNED]);
	log_str("error", detail);
	log_int("not_logged", skipped);
	log_end();
}

/* --- sent ------------------------------------------------------------ */

static void
send_answer(struct gateway_call *c, int status, enum gateway_result result,
    const struct headers *headers, const struct buf *body)
{
	count(c->g, status, result);
	http_reply(c->x, status, headers, body->data, body->len);
	gateway_call_end(c);
}

static void
put_message(struct buf *body, const char *message)
{
	struct jsonw w;

	jsonw_init(&w, body);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "message", message);
	jsonw_end(&w, '}');
}

static void
put_error(struct headers *h, struct buf *body, const char *request_id,
    const char *type, const char *message)
{
	headers_add(h, REQUEST_ID, request_id);
	headers_add(h, "x-amzn-ErrorType", type);
	headers_add(h, "Content-Type", "application/json");
	put_message(body, message);
}

void
gateway_refuse(struct gateway_call *c, enum gateway_result result, int status,
    const char *type, const char *fmt, ...)
{
	struct headers h;
	struct buf text, body;
	va_list ap;

	buf_init(&text, TEXT_MAX);
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	if (result == GATEWAY_UNSIGNED)
		log_unsigned(c, status, text.data);
	log_answer(
	    c, status, c->ask != NULL ? c->ask->id : NULL, result, text.data);
	headers_init(&h);
	buf_init(&body, 8 * TEXT_MAX);
	put_error(&h, &body, c->request_id, type, text.data);
	send_answer(c, status, result, &h, &body);
	headers_done(&h);
	buf_done(&body);
	buf_done(&text);
}

void
gateway_refusal(int status, const char *why, struct headers *headers,
    struct buf *body, void *arg)
{
	char id[RANDOM_UUID_SIZE];
	bool busy = status >= 500;

	count(arg, status, busy ? GATEWAY_UNAVAILABLE : GATEWAY_INVALID);
	random_uuid(id);
	put_error(headers, body, id,
	    busy ? "ServiceUnavailable" : "ValidationError", why);
}

/* --- signatures ------------------------------------------------------ */

static void
refuse_time(struct gateway_call *c, bool expired)
{
	char signed_at[TIMEFMT_AMZ_SIZE], now[TIMEFMT_AMZ_SIZE];

	timefmt_amz(c->claim.at, signed_at);
	timefmt_amz(clock_wall_ms(), now);
	gateway_refuse(c, GATEWAY_UNSIGNED, 403, "InvalidSignatureException",
	    "Signature %s: %s is more than 15 minutes %s %s",
	    expired ? "expired" : "not yet current", signed_at,
	    expired ? "before" : "after", now);
}

static void
refuse_token(struct gateway_call *c)
{
	bool sent =
	    headers_get(http_headers(c->x), "x-amz-security-token") != NULL;

	/* A token that was changed since: an SDK reads its keys anew. */
	if (sent && c->claim.user->session_token != NULL)
		gateway_refuse(c, GATEWAY_UNSIGNED, 403,
		    "ExpiredTokenException",
		    "The security token included in the request is expired");
	else
		gateway_refuse(c, GATEWAY_UNSIGNED, 403,
		    "UnrecognizedClientException",
		    "The security token included in the request is invalid.");
}

static void
refuse_as(struct gateway_call *c, const char *type, const char *text)
{
	gateway_refuse(c, GATEWAY_UNSIGNED, 403, type, "%s", text);
}

void
gateway_refuse_claim(struct gateway_call *c, enum sigv4_verdict verdict)
{
	switch (verdict) {
	case SIGV4_MISSING:
	case SIGV4_PRESIGNED:
		refuse_as(c, "MissingAuthenticationTokenException",
		    "Missing Authentication Token: a signature in the "
		    "Authorization header field is expected");
		return;
	case SIGV4_MALFORMED:
		refuse_as(c, "IncompleteSignatureException", c->claim.detail);
		return;
	case SIGV4_WRONG_SERVICE:
		refuse_as(c, "InvalidSignatureException",
		    "Credential should be scoped to correct service: "
		    "'sagemaker'.");
		return;
	case SIGV4_UNKNOWN_KEY:
		refuse_as(c, "UnrecognizedClientException",
		    "The security token included in the request is invalid.");
		return;
	case SIGV4_TOKEN:
		refuse_token(c);
		return;
	case SIGV4_EXPIRED:
	case SIGV4_FUTURE:
		refuse_time(c, verdict == SIGV4_EXPIRED);
		return;
	case SIGV4_NOT_SIGNED:
		gateway_refuse(c, GATEWAY_UNSIGNED, 403,
		    "InvalidSignatureException",
		    "'%s' must be a 'SignedHeader' in the AWS Authorization.",
		    c->claim.detail);
		return;
	case SIGV4_MISMATCH:
		refuse_as(c, "InvalidSignatureException",
		    "The request signature we calculated does not match the "
		    "signature you provided. Check your AWS Secret Access Key "
		    "and signing method. Consult the service documentation "
		    "for details.");
		return;
	case SIGV4_WRONG_REGION:
	case SIGV4_OK:
		break;
	}
	abort();
}

/* --- the service's own ----------------------------------------------- */

/* What belongs to one connection, or is told of it by whoever has it. */
static bool
is_of_the_way(const char *name)
{
	static const char *const of_the_way[] = {
	    "Connection",
	    "Content-Length",
	    "Date",
	    "Keep-Alive",
	    "Proxy-Authenticate",
	    "Proxy-Connection",
	    "Server",
	    "Set-Cookie",
	    "Trailer",
	    "Transfer-Encoding",
	    "Upgrade",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(of_the_way); i++) {
		if (str_ieq(name, of_the_way[i]))
			return true;
	}
	return false;
}

static void
pass_on(struct gateway_call *c, enum gateway_result result,
    const struct job *job, const struct direct_answer *answer)
{
	struct headers h;
	size_t i;

	headers_init(&h);
	for (i = 0; i < answer->headers.n; i++) {
		if (!is_of_the_way(answer->headers.v[i].name))
			headers_add(&h, answer->headers.v[i].name,
			    answer->headers.v[i].value);
	}
	if (headers_get(&h, REQUEST_ID) == NULL)
		headers_add(&h, REQUEST_ID, c->request_id);
	log_answer(c, answer->status, job->id, result, NULL);
	send_answer(c, answer->status, result, &h, &answer->body);
	headers_done(&h);
}

void
gateway_pass_on(struct gateway_call *c, const struct job *job,
    const struct direct_answer *answer)
{
	pass_on(c, GATEWAY_DECLINED, job, answer);
}

/* The one that was accepted, or of which a result was found in doubt. */
static const struct submission *
accepted_of(const struct job *job)
{
	size_t i;

	for (i = job->nsubs; i > 0; i--) {
		const struct submission *s = &job->subs[i - 1];

		if (s->output_location != NULL ||
		    (job->result_location != NULL &&
			submission_output(s) != NULL &&
			str_eq(job->result_location, submission_output(s))))
			return s;
	}
	return job_last_submission(job);
}

static void
put_inference_id(struct buf *body, const struct submission *s)
{
	struct jsonw w;

	jsonw_init(&w, body);
	jsonw_begin(&w, NULL, '{');
	jsonw_opt(&w, "InferenceId", s->inference_id);
	jsonw_end(&w, '}');
}

static void
add_opt(struct headers *h, const char *name, const char *value)
{
	if (value != NULL)
		headers_add(h, name, value);
}

/* As the service had said it, by what is left of that. */
static void
accept_again(struct gateway_call *c, const struct job *job)
{
	const struct submission *s = accepted_of(job);
	struct headers h;
	struct buf body;

	headers_init(&h);
	headers_add(&h, REQUEST_ID,
	    s->request_id != NULL ? s->request_id : c->request_id);
	headers_add(&h, "Content-Type", "application/json");
	add_opt(&h, "x-amzn-sagemaker-outputlocation", submission_output(s));
	add_opt(&h, "x-amzn-sagemaker-failurelocation", s->failure_location);
	buf_init(&body, TEXT_MAX);
	put_inference_id(&body, s);
	log_answer(c, 202, job->id, GATEWAY_ACCEPTED, NULL);
	send_answer(c, 202, GATEWAY_ACCEPTED, &h, &body);
	headers_done(&h);
	buf_done(&body);
}

void
gateway_accept(struct gateway_call *c, const struct job *job,
    const struct direct_answer *answer)
{
	if (answer != NULL)
		pass_on(c, GATEWAY_ACCEPTED, job, answer);
	else
		accept_again(c, job);
}
