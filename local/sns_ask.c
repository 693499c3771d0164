/* SPDX-License-Identifier: Apache-2.0 */
/* From the head of a request to its XML. */
#include "local/sns_ask.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "local/xml.h"

/* 256 KiB of message, each byte as %XX, and room for the rest. */
#define BODY_MAX (1024 * 1024)
#define ANSWER_MAX ((size_t)4 * 1024 * 1024)
#define API_VERSION "2010-03-31"

/* Others are 400 and the sender's. */
static int
status_of(const char *code)
{
	static const struct {
		const char *code;
		int status;
	} table[] = {
	    {"AuthorizationError", 403},
	    {"IncompleteSignature", 403},
	    {"InternalError", 500},
	    {"InvalidClientTokenId", 403},
	    {"MalformedQueryString", 404},
	    {"MissingAuthenticationToken", 403},
	    {"NotFound", 404},
	    {"RequestEntityTooLarge", 413},
	    {"SignatureDoesNotMatch", 403},
	    {"SubscriptionLimitExceeded", 403},
	    {"TopicLimitExceeded", 403},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		if (str_eq(table[i].code, code))
			return table[i].status;
	}
	return 400;
}

/* --- answers -------------------------------------------------------- */

static void
reply(struct call *c, int status, const struct buf *body)
{
	struct headers h;

	headers_init(&h);
	headers_add(&h, "x-amzn-RequestId", c->request_id);
	headers_add(&h, "Content-Type", "text/xml");
	call_reply(c, status, &h, body->data, body->len);
	headers_done(&h);
}

static void
refuse(struct call *c, int status, const char *code, const char *message)
{
	struct buf b;

	buf_init(&b, ANSWER_MAX);
	xml_open(&b, "ErrorResponse", SNS_XMLNS);
	xml_open(&b, "Error", NULL);
	xml_text(&b, "Type", status >= 500 ? "Receiver" : "Sender");
	xml_text(&b, "Code", code);
	xml_text(&b, "Message", message);
	xml_close(&b, "Error");
	xml_text(&b, "RequestId", c->request_id);
	xml_close(&b, "ErrorResponse");
	reply(c, status, &b);
	buf_done(&b);
}

void
sns_refuse_with(struct call *c, const char *code, const char *message)
{
	refuse(c, status_of(code), code, message);
}

static void
throttle(struct call *c)
{
	refuse(c, 429, "Throttled", "Rate exceeded");
}

static void
fail(struct call *c, int status)
{
	bool busy = status == 503;

	refuse(c, status, busy ? "ServiceUnavailable" : "InternalError",
	    busy ? "The service is unavailable. Try your call again."
		 : "The request failed because of an internal error.");
}

static const struct call_words words = {throttle, fail};

static void
reply_result(struct sns_ask *a, struct call *c)
{
	char *outer = xasprintf("%sResponse", a->op->name);
	char *inner = xasprintf("%sResult", a->op->name);
	struct buf b;

	buf_init(&b, ANSWER_MAX);
	xml_open(&b, outer, SNS_XMLNS);
	if (!a->op->empty) {
		xml_open(&b, inner, NULL);
		buf_append(&b, a->result.data, a->result.len);
		xml_close(&b, inner);
	}
	xml_open(&b, "ResponseMetadata", NULL);
	xml_text(&b, "RequestId", c->request_id);
	xml_close(&b, "ResponseMetadata");
	xml_close(&b, outer);
	if (b.overflow || a->result.overflow)
		sns_refuse_with(c, "InternalError", "The answer is too large.");
	else
		reply(c, 200, &b);
	buf_done(&b);
	free(outer);
	free(inner);
}

static void
ask_free(struct sns_ask *a)
{
	hash_free(a->sha256);
	buf_done(&a->body);
	buf_done(&a->result);
	sns_form_done(&a->form);
	free(a->message);
	free(a);
}

void
sns_ask_end(struct sns_ask *a)
{
	struct call *c = a->call;

	if (c != NULL) {
		call_on_gone(c, NULL, NULL);
		if (a->code != NULL)
			sns_refuse_with(c, a->code, a->message);
		else
			reply_result(a, c);
	}
	ask_free(a);
}

/* --- what operations use -------------------------------------------- */

int
sns_fail(struct sns_ask *a, const char *code, const char *fmt, ...)
{
	va_list ap;

	sns_forgive(a);
	va_start(ap, fmt);
	a->message = xvasprintf(fmt, ap);
	va_end(ap);
	str_defang(a->message);
	a->code = code;
	return -1;
}

int
sns_fail_here(struct sns_ask *a, const struct error *err)
{
	log_begin(LOG_ERROR, "sns");
	log_str("action", a->op != NULL ? a->op->name : NULL);
	log_err(err);
	log_end();
	if (a->wrote)
		db_abandon(a->s->o.db);
	return sns_fail(a, "InternalError", "It could not be made durable.");
}

void
sns_forgive(struct sns_ask *a)
{
	xfree(&a->message);
	a->code = NULL;
}

const char *
sns_param(const struct sns_ask *a, const char *name)
{
	return sns_form_get(&a->form, name);
}

int
sns_need(struct sns_ask *a, const char *name, const char **out)
{
	*out = sns_param(a, name);
	if (!str_empty(*out))
		return 0;
	return sns_fail(a, "InvalidParameter",
	    "Invalid parameter: %s Reason: no value for required parameter",
	    name);
}

/* arn:aws:sns:REGION:ACCOUNT:… */
int
sns_check_arn(struct sns_ask *a, const char *name, const char *arn)
{
	const struct conf *conf = a->s->o.conf;
	char *region = xasprintf("arn:aws:sns:%s:", conf->region);
	char *account = xasprintf("%s%s:", region, conf->account);
	const char *p;
	size_t n = 1;
	int rc = 0;

	for (p = arn; *p != '\0'; p++)
		n += *p == ':';
	if (n < 6)
		rc = sns_fail(a, "InvalidParameter",
		    "Invalid parameter: %s Reason: An ARN must have at least "
		    "6 elements, not %zu",
		    name, n);
	else if (!str_starts(arn, region))
		rc = sns_fail(
		    a, "InvalidParameter", "Invalid parameter: %s", name);
	else if (!str_starts(arn, account))
		rc = sns_fail(a, "AuthorizationError",
		    "User is not authorized to perform: SNS:%s on resource of "
		    "another account",
		    a->op->name);
	free(region);
	free(account);
	return rc;
}

int
sns_need_topic(struct sns_ask *a, const char *name, struct db_topic *out)
{
	struct error err;
	const char *arn;
	int rc;

	if (sns_need(a, name, &arn) == -1 || sns_check_arn(a, name, arn) == -1)
		return -1;
	rc = db_topic_get(a->s->o.db, arn, out, &err);
	if (rc == -1)
		return sns_fail_here(a, &err);
	if (rc == 0)
		return sns_fail(a, "NotFound", "Topic does not exist");
	return 0;
}

void
sns_entry(struct sns_ask *a, const char *key, const char *value)
{
	if (value == NULL)
		return;
	xml_open(&a->result, "entry", NULL);
	xml_text(&a->result, "key", key);
	xml_text(&a->result, "value", value);
	xml_close(&a->result, "entry");
}

void
sns_entry_int(struct sns_ask *a, const char *key, int64_t value)
{
	char *text = xasprintf("%lld", (long long)value);

	sns_entry(a, key, text);
	free(text);
}

/* --- pages ---------------------------------------------------------- */

/* NextToken is the last ARN in Base64. */
int
sns_page_begin(struct sns_page *p, struct sns_ask *a, const char *list)
{
	const char *token = sns_param(a, "NextToken");
	struct buf b;

	memset(p, 0, sizeof(*p));
	p->a = a;
	buf_init(&b, 1024);
	if (!str_empty(token) &&
	    (decode_base64(&b, token, strlen(token)) == -1 ||
		!str_is_text(b.data, b.len))) {
		buf_done(&b);
		return sns_fail(
		    a, "InvalidParameter", "Invalid parameter: NextToken");
	}
	p->after = b.len > 0 ? buf_take(&b) : xstrdup("");
	buf_done(&b);
	xml_open(&a->result, list, NULL);
	return 0;
}

bool
sns_page_room(struct sns_page *p, const char *arn)
{
	if (p->n == SNS_PAGE) {
		p->more = true;
		return false;
	}
	p->n++;
	free(p->last);
	p->last = xstrdup(arn);
	return true;
}

void
sns_page_end(struct sns_page *p, const char *list)
{
	struct buf token;

	xml_close(&p->a->result, list);
	if (p->more) {
		buf_init(&token, 4096);
		encode_base64(&token, p->last, strlen(p->last));
		xml_text(&p->a->result, "NextToken", token.data);
		buf_done(&token);
	}
	free(p->after);
	free(p->last);
}

/* --- the way of a request ------------------------------------------- */

/* "Tags.member." is known by "Tags.member.1.Key"; by "Tags", too, where that is
 * empty: so an SDK sends a list without entries. */
static bool
fits(const char *param, const struct sns_form_field *f)
{
	size_t n = strlen(f->name);

	if (!str_ends(param, "."))
		return str_eq(f->name, param);
	return str_starts(f->name, param) ||
	    (*f->value == '\0' && strncmp(param, f->name, n) == 0 &&
		param[n] == '.');
}

static bool
is_known(const struct sns_operation *op, const struct sns_form_field *f)
{
	const char *const *p;

	if (str_eq(f->name, "Action") || str_eq(f->name, "Version"))
		return true;
	for (p = op->params; *p != NULL; p++) {
		if (fits(*p, f))
			return true;
	}
	return false;
}

/* What would be ignored is refused. */
static int
check_names(struct sns_ask *a)
{
	size_t i;

	for (i = 0; i < a->form.n; i++) {
		if (!is_known(a->op, &a->form.v[i]))
			return sns_fail(a, "InvalidParameter",
			    "Invalid parameter: %s Reason: it is not supported "
			    "here",
			    a->form.v[i].name);
	}
	return 0;
}

static bool
is_asked_right(const struct call *c)
{
	const char *method = http_method(c->x);

	return str_eq(http_path(c->x), "/") &&
	    (str_eq(method, "GET") || str_eq(method, "POST"));
}

static int
find_operation(struct sns_ask *a)
{
	const char *action = sns_param(a, "Action");
	const char *version = sns_param(a, "Version");

	if (!is_asked_right(a->call))
		return sns_fail(a, "InvalidAction",
		    "Requests are POST or GET of the path /");
	if (str_empty(action))
		return sns_fail(a, "MissingAction",
		    "The request must contain the parameter Action");
	a->op = sns_operation_of(action);
	if (a->op == NULL || (version != NULL && !str_eq(version, API_VERSION)))
		return sns_fail(a, "InvalidAction",
		    "Could not find operation %s for version %s", action,
		    version != NULL ? version : API_VERSION);
	if (!a->is_signed && !a->op->open)
		return sns_fail(a, "MissingAuthenticationToken",
		    "Missing Authentication Token");
	return check_names(a);
}

static int
read_form(struct sns_ask *a)
{
	const char *query = http_query(a->call->x);
	struct error err;

	if (sns_form_add(&a->form, query, strlen(query), &err) == -1 ||
	    sns_form_add(&a->form, a->body.data, a->body.len, &err) == -1)
		return sns_fail(a, "MalformedQueryString",
		    "The query string contains a syntax error: %s", err.text);
	return 0;
}

static enum sigv4_verdict
verify(struct sns_ask *a)
{
	struct call *c = a->call;
	enum sigv4_verdict verdict = sigv4_admit(
	    a->s->o.auth, "sns", http_headers(c->x), call_now(c), &c->claim);

	return verdict == SIGV4_OK ? call_verify(c, a->sha256) : verdict;
}

/* An action is known by the body, so faults learn of it here. A subscription's
 * ARN is its topic's and one part more. */
static void
tell_about(struct sns_ask *a)
{
	const char *arn = sns_param(a, "SubscriptionArn");
	const char *topic = sns_param(a, "TopicArn");
	const char *colon = arn != NULL ? strrchr(arn, ':') : NULL;
	char *of = colon != NULL ? xstrndup(arn, (size_t)(colon - arn)) : NULL;
	struct fault_subject about = {
	    .operation = sns_param(a, "Action"),
	    .topic = topic != NULL ? topic : of,
	};

	/* What no operation has for a name stays out of the log. */
	if (about.operation != NULL &&
	    sns_operation_of(about.operation) != NULL)
		call_about(a->call, &about);
	free(of);
}

static void
on_durable(const struct error *err, void *arg)
{
	struct sns_ask *a = arg;

	if (err != NULL && a->code == NULL)
		sns_fail(a, "InternalError", "It could not be made durable.");
	sns_ask_end(a);
}

/* What was asked is done whether or not somebody waits for the answer. */
static void
on_gone_late(void *arg)
{
	struct sns_ask *a = arg;

	a->call = NULL;
}

static void
on_gone(void *arg)
{
	ask_free(arg);
}

/* False: the call has been answered, or broken, and a is gone. */
static bool
is_let_in(struct sns_ask *a)
{
	enum sigv4_verdict verdict = a->is_signed ? verify(a) : SIGV4_OK;
	struct call *c = a->call;

	if (verdict == SIGV4_OK && !call_struck(c, &words))
		return true;
	if (verdict != SIGV4_OK) {
		call_on_gone(c, NULL, NULL);
		sns_refuse(c, verdict);
	}
	ask_free(a);
	return false;
}

static void
on_end(struct http_exchange *x, void *arg)
{
	struct sns_ask *a = arg;
	int rc = read_form(a);

	(void)x;
	tell_about(a);
	if (!is_let_in(a))
		return;
	if (rc == 0 && find_operation(a) == 0)
		a->op->fn(a);
	if (!a->wrote) {
		sns_ask_end(a);
		return;
	}
	call_on_gone(a->call, on_gone_late, a);
	db_on_commit(a->s->o.db, on_durable, a);
}

static int
on_data(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	struct sns_ask *a = arg;

	(void)x;
	hash_update(a->sha256, data, len);
	return buf_append(&a->body, data, len);
}

static void
on_toolarge(struct http_exchange *x, void *arg)
{
	struct sns_ask *a = arg;

	(void)x;
	sns_fail(a, "RequestEntityTooLarge",
	    "The body is larger than any that is read here.");
	sns_ask_end(a);
}

/* Nothing is kept for those whom no body can help: the call is answered. Time
 * is judged later, for faults may set the clock. */
static bool
is_stranger(struct sns *s, struct call *c)
{
	enum sigv4_verdict verdict = sigv4_admit(
	    s->o.auth, "sns", http_headers(c->x), call_now(c), &c->claim);

	if (verdict == SIGV4_OK || verdict == SIGV4_EXPIRED ||
	    verdict == SIGV4_FUTURE)
		return false;
	sns_refuse(c, verdict);
	return true;
}

void
sns_ask_start(struct sns *s, struct call *c, bool is_signed)
{
	/* What needs no signature stands in the query. */
	struct http_body_sink sink = {.max = is_signed ? BODY_MAX : 0,
	    .data = on_data,
	    .end = on_end,
	    .toolarge = on_toolarge};
	struct sns_ask *a;

	if (is_signed && is_stranger(s, c))
		return;
	a = xcalloc(1, sizeof(*a));
	a->s = s;
	a->call = c;
	a->is_signed = is_signed;
	a->sha256 = hash_new(HASH_SHA256);
	buf_init(&a->body, BODY_MAX);
	buf_init(&a->result, ANSWER_MAX);
	sns_form_init(&a->form);
	call_on_gone(c, on_gone, a);
	http_body(c->x, &sink, a);
}

/* --- signatures that are not accepted ------------------------------- */

static void
refuse_time(struct call *c, bool expired)
{
	char signed_at[TIMEFMT_AMZ_SIZE], edge[TIMEFMT_AMZ_SIZE];
	int64_t skew = sigv4_skew_ms("sns"), now = call_now(c);
	char *text;

	timefmt_amz(c->claim.at, signed_at);
	timefmt_amz(expired ? now - skew : now + skew, edge);
	text = xasprintf("Signature %s: %s is %s %s",
	    expired ? "expired" : "not yet current", signed_at,
	    expired ? "now earlier than" : "still later than", edge);
	sns_refuse_with(c, "SignatureDoesNotMatch", text);
	free(text);
}

void
sns_refuse(struct call *c, enum sigv4_verdict verdict)
{
	static const struct {
		enum sigv4_verdict verdict;
		const char *code;
		const char *message; /* NULL: the claim's detail */
	} table[] = {
	    {SIGV4_MISSING, "MissingAuthenticationToken",
		"Missing Authentication Token"},
	    {SIGV4_PRESIGNED, "MissingAuthenticationToken",
		"Missing Authentication Token: requests signed in their "
		"query are not accepted here"},
	    {SIGV4_MALFORMED, "IncompleteSignature", NULL},
	    {SIGV4_WRONG_REGION, "SignatureDoesNotMatch",
		"Credential should be scoped to a valid region."},
	    {SIGV4_WRONG_SERVICE, "SignatureDoesNotMatch",
		"Credential should be scoped to correct service: 'sns'."},
	    {SIGV4_UNKNOWN_KEY, "InvalidClientTokenId",
		"The security token included in the request is invalid."},
	    {SIGV4_TOKEN, "InvalidClientTokenId",
		"The security token included in the request is invalid."},
	    {SIGV4_NOT_SIGNED, "SignatureDoesNotMatch",
		"A header that must be signed is not."},
	    {SIGV4_MISMATCH, "SignatureDoesNotMatch",
		"The request signature we calculated does not match the "
		"signature you provided. Check your AWS Secret Access Key "
		"and signing method. Consult the service documentation for "
		"details."},
	};
	char *detail;
	size_t i;

	if (verdict == SIGV4_EXPIRED || verdict == SIGV4_FUTURE) {
		refuse_time(c, verdict == SIGV4_EXPIRED);
		return;
	}
	for (i = 0; i < ARRAY_LEN(table) && table[i].verdict != verdict; i++)
		continue;
	if (i == ARRAY_LEN(table))
		abort();
	/* The detail goes with the call. */
	detail = xstrdup(c->claim.detail);
	sns_refuse_with(c, table[i].code,
	    table[i].message != NULL ? table[i].message : detail);
	free(detail);
}
