/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metadata service of EC2: a token, the name of the instance's role, the
 * role's credentials. What was learned about the service (its token, and
 * whether it knows the extended path) is kept for the next time.
 * Source: "Retrieve security credentials from instance metadata", EC2 user
 * guide.
 */
#include <stdlib.h>
#include <string.h>

#include "aws/creds_ask.h"
#include "aws/creds_source.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define TOKEN_TTL "21600"
#define TOKEN_TTL_S 21600
/* A token is not used in its last seconds. */
#define TOKEN_MARGIN_MS 30000
#define TOKEN_MAX_BYTES 1024
#define ROLE_MAX_BYTES 128

#define EXTENDED "/latest/meta-data/iam/security-credentials-extended/"
#define LEGACY "/latest/meta-data/iam/security-credentials/"

/* One thread asks, and a process knows one such service. */
static struct {
	char *url; /* whose all of this is */
	char *token; /* or NULL */
	int64_t token_until; /* monotonic */
	bool legacy; /* the extended path is not there */
	bool served; /* it has given credentials */
} known;

struct imds {
	struct creds_fetch f;
	struct creds_ask *ask;
	char *role; /* NULL: not yet known */
	bool unauthorized; /* a token was refused once */
	bool v1; /* nobody gives tokens */
};

static void ask_role(struct imds *m);
static void ask_token(struct imds *m);

static void
forget_token(void)
{
	hash_wipe_free(&known.token);
}

void
creds_imds_forget(void)
{
	forget_token();
	xfree(&known.url);
	known.legacy = known.served = false;
}

static void
imds_cancel(struct creds_fetch *f)
{
	struct imds *m = (struct imds *)f;

	creds_ask_cancel(m->ask);
	loop_unpost(m->f.env.loop, m);
	free(m->role);
	free(m);
}

/* --- errors --------------------------------------------------------- */

/* Where it is only asked since nothing else is configured, it may be anybody
 * who answers there, and what helps is to configure something. */
static void
fail(struct imds *m, const struct error *err)
{
	const struct creds_plan *plan = m->f.plan;
	struct error e = *err;

	if (plan->imds.last_resort && !known.served && *e.hint == '\0')
		creds_none_hint(plan->profile, &e);
	creds_redact(&e, known.token);
	err_prefix(&e, "%s", plan->source);
	creds_finish(&m->f, NULL, &e);
}

/* Nobody is there, or has nothing for us: where nothing else is configured
 * either, that is the whole of the trouble. Unless there was somebody: that is
 * a failure of his, which the credentials outlive. */
static void
fail_absent(struct imds *m, const struct error *err)
{
	struct error none;

	if (!m->f.plan->imds.last_resort || known.served) {
		fail(m, err);
		return;
	}
	creds_none(m->f.plan->profile, &none);
	none.retryable = err->retryable;
	creds_finish(&m->f, NULL, &none);
}

static void
fail_status(struct imds *m, const char *what, const struct http_response *r)
{
	struct error err;

	creds_refusal(what, r, &err);
	fail(m, &err);
}

/* --- questions ------------------------------------------------------ */

static void
ask(struct imds *m, const char *method, const char *path, const char *role,
    struct headers *h, http_done_fn *done)
{
	const struct creds_plan_imds *p = &m->f.plan->imds;
	char *url = xasprintf("%s%s%s", p->url, path, role != NULL ? role : "");
	struct creds_question q = {.method = method,
	    .url = url,
	    .headers = h,
	    .direct = true,
	    .timeout_ms = p->timeout_ms,
	    .tries = p->tries};
	struct error err;

	if (creds_ask_start(&m->f.env, &q, done, m, &m->ask, &err) == -1)
		fail(m, &err);
	free(url);
	headers_done(h);
}

/* With the token, below the one path or the other. */
static void
get(struct imds *m, const char *role, http_done_fn *done)
{
	struct headers h;

	headers_init(&h);
	if (!m->v1)
		headers_add(&h, "x-aws-ec2-metadata-token", known.token);
	ask(m, "GET", known.legacy ? LEGACY : EXTENDED, role, &h, done);
}

/* True where the answer asks for another way, which is taken. */
static bool
is_detour(struct imds *m, const struct http_response *r)
{
	if (r->status == 401 && !m->v1 && !m->unauthorized) {
		m->unauthorized = true;
		forget_token();
		ask_token(m);
		return true;
	}
	if (r->status == 404 && !known.legacy) {
		known.legacy = true;
		ask_role(m);
		return true;
	}
	return false;
}

/* --- the credentials ------------------------------------------------ */

/* A 200 can say that there are none. 0: it does not. */
static int
check_code(const struct http_response *r, struct error *err)
{
	struct json *doc;
	struct error ignored;
	const char *code, *text;
	int rc = 0;

	if (json_parse(r->body.data, r->body.len, &doc, &ignored) == -1)
		return 0;
	code = json_get_str(doc, "Code");
	text = json_get_str(doc, "Message");
	if (code != NULL && !str_eq(code, "Success")) {
		rc = err_set(err,
		    str_starts(code, "AssumeRoleUnauthorized") ? ERR_AUTH
							       : ERR_REMOTE,
		    "the answer says %.64s%s%.300s", code,
		    text != NULL ? ": " : "", text != NULL ? text : "");
		str_defang(err->text);
		err->retryable = true;
		err_hint(err,
		    "Look at the instance profile and at the trust policy of "
		    "its role.");
	}
	json_free_wiped(doc);
	return rc;
}

static void
on_creds(const struct http_response *r, const struct error *http_err, void *arg)
{
	struct imds *m = arg;
	struct creds creds;
	struct error err;

	m->ask = NULL;
	if (r == NULL) {
		fail(m, http_err);
	} else if (is_detour(m, r)) {
		return;
	} else if (r->status != 200) {
		fail_status(m, "the role's credentials", r);
	} else if (check_code(r, &err) == -1) {
		fail(m, &err);
	} else if (creds_take_json(m->f.plan->source, r, &creds, &err) == -1) {
		err.retryable = true;
		fail(m, &err);
	} else {
		known.served = true;
		creds_finish(&m->f, xmemdup(&creds, sizeof(creds)), NULL);
	}
}

/* --- the role ------------------------------------------------------- */

/* The first line, if it can be part of a path. */
static char *
role_of(const struct http_response *r)
{
	static const char ok[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "abcdefghijklmnopqrstuvwxyz0123456789+=,.@_-";
	size_t len = strcspn(r->body.data, "\r\n");

	if (len == 0 || len > ROLE_MAX_BYTES || strspn(r->body.data, ok) != len)
		return NULL;
	return xstrndup(r->body.data, len);
}

static void
on_role(const struct http_response *r, const struct error *http_err, void *arg)
{
	struct imds *m = arg;
	struct error err;

	m->ask = NULL;
	if (r == NULL) {
		fail_absent(m, http_err);
		return;
	}
	if (is_detour(m, r))
		return;
	if (r->status == 404) {
		known.legacy = false;
		err_set(&err, ERR_AUTH, "the instance has no role");
		err_hint(&err, "Attach an instance profile to it.");
		fail_absent(m, &err);
		return;
	}
	if (r->status != 200) {
		fail_status(m, "the name of the role", r);
		return;
	}
	m->role = role_of(r);
	if (m->role == NULL) {
		err_set(&err, ERR_PROTOCOL,
		    "what should name the role is no name of one");
		fail(m, &err);
		return;
	}
	get(m, m->role, on_creds);
}

static void
ask_role(struct imds *m)
{
	const char *configured = m->f.plan->imds.role;

	xfree(&m->role);
	if (!str_empty(configured))
		get(m, configured, on_creds);
	else
		get(m, NULL, on_role);
}

/* --- the token ------------------------------------------------------ */

static void
keep_token(const struct http_response *r)
{
	const char *ttl =
	    headers_get(&r->headers, "x-aws-ec2-metadata-token-ttl-seconds");
	int64_t s = TOKEN_TTL_S;

	if (ttl != NULL && str_to_i64(ttl, 0, TOKEN_TTL_S, &s) == -1)
		s = 0;
	known.token = xstrndup(r->body.data, r->body.len);
	known.token_until = clock_mono_ms() + s * 1000 - TOKEN_MARGIN_MS;
}

static bool
token_ok(const struct http_response *r)
{
	size_t i;

	if (r->body.len == 0 || r->body.len > TOKEN_MAX_BYTES)
		return false;
	for (i = 0; i < r->body.len; i++) {
		unsigned char c = (unsigned char)r->body.data[i];

		if (c <= 0x20 || c >= 0x7f)
			return false;
	}
	return true;
}

/*
 * No tokens, but perhaps credentials: as the SDKs see it. A time-out is one of
 * a container whose answers to PUT are one hop too far away.
 */
static void
try_v1(struct imds *m, const struct error *err)
{
	struct error e = *err;

	if (m->unauthorized) {
		fail(m, err);
	} else if (m->f.plan->imds.v1_disabled) {
		err_hint(&e,
		    "In a container, raise the instance's metadata hop limit "
		    "to 2.");
		fail_absent(m, &e);
	} else {
		m->v1 = true;
		ask_role(m);
	}
}

static void
on_token(const struct http_response *r, const struct error *http_err, void *arg)
{
	struct imds *m = arg;
	struct error err;

	m->ask = NULL;
	if (r == NULL && http_err->code == ERR_TIMEOUT) {
		try_v1(m, http_err);
	} else if (r == NULL) {
		fail_absent(m, http_err);
	} else if (r->status == 403 || r->status == 404 || r->status == 405) {
		creds_refusal("the token", r, &err);
		try_v1(m, &err);
	} else if (r->status != 200) {
		fail_status(m, "the token", r);
	} else if (!token_ok(r)) {
		err_set(&err, ERR_PROTOCOL, "what should be a token is none");
		fail(m, &err);
	} else {
		forget_token();
		keep_token(r);
		ask_role(m);
	}
}

static void
ask_token(struct imds *m)
{
	struct headers h;

	headers_init(&h);
	headers_add(&h, "x-aws-ec2-metadata-token-ttl-seconds", TOKEN_TTL);
	ask(m, "PUT", "/latest/api/token", NULL, &h, on_token);
}

static void
begin(void *arg)
{
	struct imds *m = arg;

	if (known.url == NULL || !str_eq(known.url, m->f.plan->imds.url)) {
		creds_imds_forget();
		known.url = xstrdup(m->f.plan->imds.url);
	}
	if (known.token != NULL && clock_mono_ms() < known.token_until)
		ask_role(m);
	else
		ask_token(m);
}

int
creds_imds_start(const struct creds_fetch_env *env,
    const struct creds_plan *plan, creds_done_fn *done, void *arg,
    struct creds_fetch **out, struct error *err)
{
	struct imds *m = xcalloc(1, sizeof(*m));

	(void)err;
	m->f = (struct creds_fetch){.env = *env,
	    .plan = plan,
	    .done = done,
	    .arg = arg,
	    .cancel = imds_cancel};
	loop_post(env->loop, begin, m);
	*out = &m->f;
	return 0;
}
