/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A role of IAM Identity Center, for the token that 'aws sso login' has left.
 * The token is renewed in its last minutes where the login allows it; only
 * sessions ([sso-session x]) do.
 */
#include <stdlib.h>
#include <string.h>

#include "aws/awserr.h"
#include "aws/creds_ask.h"
#include "aws/creds_source.h"
#include "aws/creds_sso_cache.h"
#include "aws/endpoint.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "net/url.h"

#define TRY_MS 5000
#define TRIES 3
#define RENEW_EARLY_MS (5 * 60 * 1000)
#define RENEW_GAP_MS 30000
#define LIFE_MAX_S (366 * 24 * 3600)

/* When each of the last few files was tried to be renewed; one thread asks. */
#define TRIED_MAX 8
static struct {
	unsigned char digest[HASH_SHA256_SIZE];
	int64_t at; /* monotonic */
	bool used;
} tried[TRIED_MAX];
static unsigned tried_next;

struct sso {
	struct creds_fetch f;
	char *path;
	struct sso_token token;
	bool renewed; /* or tried to be: once is enough */
	struct creds_ask *ask;
};

static int ask_creds(struct sso *s, struct error *err);

static void
sso_cancel(struct creds_fetch *f)
{
	struct sso *s = (struct sso *)f;

	creds_ask_cancel(s->ask);
	sso_token_done(&s->token);
	free(s->path);
	free(s);
}

static int
hint_login(const struct sso *s, struct error *err)
{
	return err_hint(err, "Run 'aws sso login --profile %.100s'.",
	    s->f.plan->profile != NULL ? s->f.plan->profile : "default");
}

static int
complain(struct sso *s, struct error *err)
{
	creds_redact(err, s->token.access_token);
	creds_redact(err, s->token.refresh_token);
	creds_redact(err, s->token.client_secret);
	return err_prefix(err, "%s", s->f.plan->source);
}

static void
fail(struct sso *s, struct error *err)
{
	complain(s, err);
	creds_finish(&s->f, NULL, err);
}

static int
ask(struct sso *s, const char *service, struct creds_question *q,
    const char *path, http_done_fn *done, struct error *err)
{
	struct endpoint_options o = {.service = service,
	    .region = s->f.plan->sso.region,
	    .profile = s->f.plan->profile};
	struct aws_endpoint e;
	char *url;
	int rc;

	if (endpoint_resolve(&o, &e, err) == -1)
		return -1;
	url = xasprintf("%s%s", e.url, path);
	q->url = url;
	q->timeout_ms = TRY_MS;
	q->tries = TRIES;
	rc = creds_ask_start(&s->f.env, q, done, s, &s->ask, err);
	free(url);
	endpoint_done(&e);
	return rc;
}

/* --- renewing the token --------------------------------------------- */

static bool
is_over(const struct sso *s)
{
	return clock_wall_ms() >= s->token.expires_at;
}

/* May it be tried now? Then this counts as a try. */
static bool
take_turn(const char *path)
{
	unsigned char digest[HASH_SHA256_SIZE];
	int64_t now = clock_mono_ms();
	unsigned i;

	hash_sha256(path, strlen(path), digest);
	for (i = 0; i < TRIED_MAX; i++) {
		if (tried[i].used &&
		    memcmp(tried[i].digest, digest, sizeof(digest)) == 0)
			break;
	}
	if (i < TRIED_MAX && now - tried[i].at < RENEW_GAP_MS)
		return false;
	if (i == TRIED_MAX) {
		i = tried_next;
		tried_next = (tried_next + 1) % TRIED_MAX;
	}
	memcpy(tried[i].digest, digest, sizeof(digest));
	tried[i].at = now;
	tried[i].used = true;
	return true;
}

static int
take_renewed(struct sso *s, const struct http_response *r, struct error *err)
{
	struct sso_token *t = &s->token;
	const char *access, *refresh;
	int64_t life_s;
	struct json *doc;

	if (json_parse(r->body.data, r->body.len, &doc, err) == -1)
		return -1;
	access = json_get_str(doc, "accessToken");
	refresh = json_get_str(doc, "refreshToken");
	if (!sso_token_ok(access) ||
	    json_i64(json_get(doc, "expiresIn"), &life_s) == -1 || life_s < 0 ||
	    life_s > LIFE_MAX_S) {
		json_free_wiped(doc);
		return err_set(err, ERR_PROTOCOL,
		    "no accessToken and expiresIn that make sense");
	}
	sso_token_replace(t, access, refresh, clock_wall_ms() + life_s * 1000);
	json_free_wiped(doc);
	return 0;
}

/* The old token serves as long as it lasts. */
static void
go_on(struct sso *s, struct error *err)
{
	if (is_over(s)) {
		err_prefix(err, "the token is over and was not renewed");
		if (!err->retryable)
			hint_login(s, err);
		fail(s, err);
		return;
	}
	if (ask_creds(s, err) == -1)
		fail(s, err);
}

static void
on_renewed(
    const struct http_response *r, const struct error *http_err, void *arg)
{
	struct sso *s = arg;
	struct error err, ignored;
	int rc = -1;

	s->ask = NULL;
	if (r == NULL)
		err = *http_err;
	else if (r->status != 200)
		creds_refusal("CreateToken", r, &err);
	else
		rc = take_renewed(s, r, &err);
	if (rc == -1) {
		go_on(s, &err);
		return;
	}
	/* It serves us, if nobody else. */
	sso_cache_write(s->path, &s->token, &ignored);
	if (ask_creds(s, &err) == -1)
		fail(s, &err);
}

static int
renew(struct sso *s, struct error *err)
{
	struct creds_question q = {.method = "POST"};
	struct headers h;
	struct buf body;
	struct jsonw w;
	int rc;

	s->renewed = true;
	buf_init(&body, 2 * SSO_CACHE_MAX_BYTES);
	jsonw_init(&w, &body);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "clientId", s->token.client_id);
	jsonw_str(&w, "clientSecret", s->token.client_secret);
	jsonw_str(&w, "grantType", "refresh_token");
	jsonw_str(&w, "refreshToken", s->token.refresh_token);
	jsonw_end(&w, '}');
	headers_init(&h);
	headers_add(&h, "Content-Type", "application/json");
	q.headers = &h;
	q.body = body.data;
	rc = ask(s, "SSO_OIDC", &q, "/token", on_renewed, err);
	headers_done(&h);
	hash_wipe(body.data, body.len);
	buf_done(&body);
	return rc;
}

static bool
may_renew(const struct sso *s)
{
	return s->f.plan->sso.session != NULL && !s->renewed &&
	    sso_token_renewable(&s->token, clock_wall_ms()) &&
	    take_turn(s->path);
}

/* --- the role's credentials ----------------------------------------- */

static int
take_creds(struct sso *s, const struct http_response *r, struct creds *out,
    struct error *err)
{
	struct creds_parts parts = {.source = s->f.plan->source};
	const struct json *c;
	char iso[TIMEFMT_ISO_SIZE];
	struct json *doc;
	int64_t ms = 0;
	int rc;

	if (json_parse(r->body.data, r->body.len, &doc, err) == -1)
		return err_prefix(err, "GetRoleCredentials");
	c = json_get(doc, "roleCredentials");
	json_i64(json_get(c, "expiration"), &ms);
	timefmt_iso(ms, iso);
	parts.access_key.name = "accessKeyId";
	parts.access_key.value = json_get_str(c, "accessKeyId");
	parts.secret_key.name = "secretAccessKey";
	parts.secret_key.value = json_get_str(c, "secretAccessKey");
	parts.session_token.name = "sessionToken";
	parts.session_token.value = json_get_str(c, "sessionToken");
	parts.expiration.name = "expiration";
	parts.expiration.value = ms > 0 ? iso : NULL;
	parts.account_id.name = "sso_account_id";
	parts.account_id.value = s->f.plan->sso.account_id;
	rc = creds_take_answer(&parts, r, out, err);
	json_free_wiped(doc);
	return rc == -1 ? err_prefix(err, "GetRoleCredentials") : 0;
}

static void
refused(struct sso *s, const struct http_response *r)
{
	const struct creds_plan_sso *p = &s->f.plan->sso;
	struct error err;

	/* By the portal's clock the token is over. */
	if (r->status == 401 && may_renew(s)) {
		if (renew(s, &err) == -1)
			fail(s, &err);
		return;
	}
	awserr_from_response("GetRoleCredentials", r, &err);
	if (r->status == 401)
		hint_login(s, &err);
	else if (r->status == 403 || r->status == 404)
		err_hint(&err,
		    "Look whether the user may use the role %.64s in the "
		    "account %.20s (sso_role_name, sso_account_id).",
		    p->role_name, p->account_id);
	fail(s, &err);
}

static void
on_creds(const struct http_response *r, const struct error *http_err, void *arg)
{
	struct sso *s = arg;
	struct creds creds;
	struct error err;

	s->ask = NULL;
	if (r == NULL) {
		err = *http_err;
		fail(s, &err);
	} else if (r->status != 200) {
		refused(s, r);
	} else if (take_creds(s, r, &creds, &err) == -1) {
		fail(s, &err);
	} else {
		creds_finish(&s->f, xmemdup(&creds, sizeof(creds)), NULL);
	}
}

static int
ask_creds(struct sso *s, struct error *err)
{
	const struct creds_plan_sso *p = &s->f.plan->sso;
	struct creds_question q = {.method = "GET"};
	struct headers h;
	struct buf path;
	int rc;

	buf_init(&path, URL_LEN_MAX);
	buf_puts(&path, "/federation/credentials?account_id=");
	encode_uri(&path, p->account_id, strlen(p->account_id), false);
	buf_puts(&path, "&role_name=");
	encode_uri(&path, p->role_name, strlen(p->role_name), false);
	headers_init(&h);
	headers_add(&h, "Accept", "application/json");
	headers_add(&h, "x-amz-sso_bearer_token", s->token.access_token);
	q.headers = &h;
	rc = ask(s, "SSO", &q, path.data, on_creds, err);
	headers_done(&h);
	buf_done(&path);
	return rc;
}

/* --- begin ---------------------------------------------------------- */

static int
read_token(struct sso *s, struct error *err)
{
	s->path = sso_cache_path(&s->f.plan->sso);
	if (s->path == NULL)
		return err_set(err, ERR_CONFIG,
		    "there is no home directory to look for a login in");
	if (sso_cache_read(s->path, &s->token, err) == 0)
		return 0;
	if (err->code == ERR_NOT_FOUND)
		err_set(err, ERR_AUTH, "nobody is logged in: there is no %s",
		    s->path);
	return hint_login(s, err);
}

static int
begin(struct sso *s, struct error *err)
{
	int64_t left;

	if (read_token(s, err) == -1)
		return -1;
	left = s->token.expires_at - clock_wall_ms();
	if (left < RENEW_EARLY_MS && may_renew(s))
		return renew(s, err);
	if (left > 0)
		return ask_creds(s, err);
	err_set(err, ERR_AUTH, "the login is over");
	return hint_login(s, err);
}

int
creds_sso_start(const struct creds_fetch_env *env,
    const struct creds_plan *plan, creds_done_fn *done, void *arg,
    struct creds_fetch **out, struct error *err)
{
	struct sso *s = xcalloc(1, sizeof(*s));

	s->f = (struct creds_fetch){.env = *env,
	    .plan = plan,
	    .done = done,
	    .arg = arg,
	    .cancel = sso_cancel};
	if (begin(s, err) == -1) {
		complain(s, err);
		sso_cancel(&s->f);
		return -1;
	}
	*out = &s->f;
	return 0;
}
