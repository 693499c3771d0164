/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata, container, SSO: whoever answers in JSON. */
#include "tests/support/credpeer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"

#define BODY_MAX ((size_t)256 * 1024)
#define HUGE_BYTES ((size_t)1 << 20)
#define JSON_TYPE "application/json"
#define IAM "/latest/meta-data/iam/security-credentials"

static const char *const place_names[N_PLACES] = {
    [PLACE_IMDS_TOKEN] = "imds.token",
    [PLACE_IMDS_EXTENDED] = "imds.extended",
    [PLACE_IMDS_ROLE] = "imds.role",
    [PLACE_IMDS_CREDS] = "imds.creds",
    [PLACE_CONTAINER] = "container",
    [PLACE_STS] = "sts",
    [PLACE_SSO] = "sso",
    [PLACE_OIDC] = "oidc",
};

/* --- exchanges ------------------------------------------------------ */

static void
call_free(void *arg)
{
	struct credpeer_call *c = arg;

	buf_done(&c->body);
	loop_timer_free(c->timer);
	free(c);
}

static void
on_gone(struct http_exchange *x, void *arg)
{
	(void)x;
	call_free(arg);
}

static int64_t
now_of(const struct credpeer *p)
{
	return clock_wall_ms() + strtol(p->skew_s, NULL, 10) * 1000;
}

static void
answer(struct credpeer_call *c, int status, const struct headers *h,
    const void *body, size_t len)
{
	http_reply(c->x, status, h, body, len);
	if (c->timer != NULL)
		loop_timer_clear(c->timer);
	loop_post(c->p->loop, call_free, c);
}

void
credpeer_reply(
    struct credpeer_call *c, int status, const char *type, const char *body)
{
	char date[TIMEFMT_HTTP_SIZE];
	struct headers h;

	timefmt_http(now_of(c->p), date);
	headers_init(&h);
	headers_add(&h, "Date", date);
	headers_add(&h, "Content-Type", type);
	if (str_eq(c->fault, "redirect"))
		headers_add(&h, "Location", "/elsewhere");
	if (c->place == PLACE_IMDS_TOKEN)
		headers_add(
		    &h, "X-Aws-Ec2-Metadata-Token-Ttl-Seconds", c->p->life_s);
	answer(c, status, &h, body, strlen(body));
	headers_done(&h);
}

void
credpeer_issue(
    const struct credpeer_call *c, const char *name, struct credpeer_keys *out)
{
	int64_t life_ms = strtol(c->p->life_s, NULL, 10) * 1000;
	char iso[TIMEFMT_ISO_SIZE];
	char *upper;

	if (str_eq(c->fault, "expired"))
		life_ms = -60000;
	snprintf(out->access, sizeof(out->access), "ASIA%s", name);
	for (upper = out->access; *upper != '\0'; upper++) {
		if (*upper >= 'a' && *upper <= 'z')
			*upper = (char)(*upper - 'a' + 'A');
	}
	snprintf(out->secret, sizeof(out->secret), "secret-of-%s", name);
	snprintf(out->token, sizeof(out->token), "token-of-%s", name);
	out->expires_at = now_of(c->p) + life_ms;
	timefmt_iso(out->expires_at, iso);
	snprintf(out->expiration, sizeof(out->expiration), "%.19sZ", iso);
}

/* The parts as ECS, EKS and IMDS name them. */
static void
reply_keys(struct credpeer_call *c, const char *name, const char *more)
{
	struct credpeer_keys k;
	char *body;

	credpeer_issue(c, name, &k);
	body = xasprintf("{%s\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"%s\","
			 "\"Token\":\"%s\",\"Expiration\":\"%s\"}",
	    more, k.access, k.secret, k.token, k.expiration);
	credpeer_reply(c, 200, JSON_TYPE, body);
	free(body);
}

/* NULL is a value like any. */
static bool
is(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : str_eq(a, b);
}

/* --- who is who ----------------------------------------------------- */

static const char *
header(const struct credpeer_call *c, const char *name)
{
	const char *value = headers_get(http_headers(c->x), name);

	return value != NULL ? value : "";
}

static void
imds_token(struct credpeer_call *c)
{
	struct credpeer *p = c->p;

	if (!str_eq(http_method(c->x), "PUT") ||
	    !str_eq(
		header(c, "x-aws-ec2-metadata-token-ttl-seconds"), "21600")) {
		credpeer_reply(c, 400, "text/plain", "");
		return;
	}
	snprintf(p->imds_token, sizeof(p->imds_token),
	    "imds-token-%u==", ++p->tokens);
	credpeer_reply(c, 200, "text/plain", p->imds_token);
}

static bool
imds_admitted(struct credpeer_call *c)
{
	const char *token = header(c, "x-aws-ec2-metadata-token");

	/* Version 1 has none. */
	if (*token == '\0' || str_eq(token, c->p->imds_token))
		return true;
	credpeer_reply(c, 401, "text/html", "<html>401</html>");
	return false;
}

static void
imds_role(struct credpeer_call *c)
{
	if (imds_admitted(c))
		credpeer_reply(c, 200, "text/plain", "the-role");
}

static void
imds_creds(struct credpeer_call *c)
{
	if (!imds_admitted(c))
		return;
	if (!str_ends(http_path(c->x), "/the-role"))
		credpeer_reply(c, 404, "text/plain", "");
	else if (str_eq(c->fault, "failed"))
		credpeer_reply(c, 200, JSON_TYPE,
		    "{\"Code\":\"AssumeRoleUnauthorizedAccess\","
		    "\"Message\":\"EC2 cannot assume the role\"}");
	else if (strstr(http_path(c->x), "-extended/") != NULL)
		reply_keys(c, "imds",
		    "\"Code\":\"Success\",\"AccountId\":\"" CREDPEER_ACCOUNT
		    "\",");
	else
		reply_keys(c, "imds", "\"Code\":\"Success\",");
}

static void
container(struct credpeer_call *c)
{
	if (!str_eq(header(c, "authorization"), c->p->container_token))
		credpeer_reply(c, 401, JSON_TYPE,
		    "{\"code\":\"AccessDenied\",\"message\":\"wrong token\"}");
	else
		reply_keys(c, "container", "\"RoleArn\":\"arn\",");
}

static void
sso(struct credpeer_call *c)
{
	struct credpeer_keys k;
	char *body;

	if (!str_eq(header(c, "x-amz-sso_bearer_token"), c->p->sso_token)) {
		credpeer_reply(c, 401, JSON_TYPE,
		    "{\"message\":\"Session token not found or invalid\","
		    "\"__type\":\"com.amazonaws.switchboard.portal#"
		    "UnauthorizedException\"}");
		return;
	}
	if (!str_eq(http_query(c->x),
		"account_id=" CREDPEER_ACCOUNT "&role_name=Sso%2BRole") &&
	    !str_eq(http_query(c->x),
		"role_name=Sso%2BRole&account_id=" CREDPEER_ACCOUNT)) {
		credpeer_reply(c, 403, JSON_TYPE,
		    "{\"message\":\"No access\",\"__type\":"
		    "\"com.amazonaws.switchboard.portal#ForbiddenException\"}");
		return;
	}
	credpeer_issue(c, "sso", &k);
	body = xasprintf("{\"roleCredentials\":{\"accessKeyId\":\"%s\","
			 "\"secretAccessKey\":\"%s\",\"sessionToken\":\"%s\","
			 "\"expiration\":%" PRId64 "}}",
	    k.access, k.secret, k.token, k.expires_at);
	credpeer_reply(c, 200, JSON_TYPE, body);
	free(body);
}

static void
oidc(struct credpeer_call *c)
{
	struct credpeer *p = c->p;
	struct json *doc = NULL;
	struct error err;
	char *body;

	if (json_parse(c->body.data, c->body.len, &doc, &err) == -1 ||
	    !is(json_get_str(doc, "grantType"), "refresh_token") ||
	    !is(json_get_str(doc, "clientId"), "client") ||
	    !is(json_get_str(doc, "clientSecret"), "client-secret") ||
	    !is(json_get_str(doc, "refreshToken"), p->sso_refresh)) {
		credpeer_reply(c, 400, JSON_TYPE,
		    "{\"error\":\"invalid_grant\",\"error_description\":"
		    "\"Invalid refresh token provided\"}");
	} else {
		snprintf(p->sso_token, sizeof(p->sso_token), "sso-access-%u",
		    ++p->tokens);
		snprintf(p->sso_refresh, sizeof(p->sso_refresh),
		    "sso-refresh-%u", p->tokens);
		body = xasprintf("{\"accessToken\":\"%s\",\"expiresIn\":%s,"
				 "\"tokenType\":\"Bearer\","
				 "\"refreshToken\":\"%s\"}",
		    p->sso_token, p->life_s, p->sso_refresh);
		credpeer_reply(c, 200, JSON_TYPE, body);
		free(body);
	}
	json_free(doc);
}

static void (*const handlers[N_PLACES])(struct credpeer_call *c) = {
    [PLACE_IMDS_TOKEN] = imds_token,
    [PLACE_IMDS_ROLE] = imds_role,
    [PLACE_IMDS_CREDS] = imds_creds,
    [PLACE_CONTAINER] = container,
    [PLACE_STS] = credpeer_sts,
    [PLACE_SSO] = sso,
    [PLACE_OIDC] = oidc,
};

static enum credpeer_place
place_of(const char *path)
{
	if (str_eq(path, "/latest/api/token"))
		return PLACE_IMDS_TOKEN;
	if (str_eq(path, IAM "-extended/") || str_eq(path, IAM "/"))
		return PLACE_IMDS_ROLE;
	if (str_starts(path, IAM))
		return PLACE_IMDS_CREDS;
	if (str_starts(path, "/v1/") || str_starts(path, "/v2/"))
		return PLACE_CONTAINER;
	if (str_eq(path, "/federation/credentials"))
		return PLACE_SSO;
	if (str_eq(path, "/token"))
		return PLACE_OIDC;
	return PLACE_STS;
}

/* --- faults --------------------------------------------------------- */

/* What goes wrong this time, or "". */
static const char *
take_fault(struct credpeer_fault *f)
{
	if (f->times == 0)
		return "";
	f->times--;
	return f->what;
}

static void
choose_fault(struct credpeer_call *c)
{
	struct credpeer *p = c->p;

	c->fault = "";
	if (strstr(http_path(c->x), "-extended/") != NULL) {
		p->asked[PLACE_IMDS_EXTENDED]++;
		c->fault = take_fault(&p->faults[PLACE_IMDS_EXTENDED]);
	}
	if (*c->fault == '\0')
		c->fault = take_fault(&p->faults[c->place]);
	p->asked[c->place]++;
}

/* A server that gives away what it was told. */
static void
echo(struct credpeer_call *c)
{
	char *body = xasprintf("{\"code\":\"Bad\",\"message\":\"%s%s%s\"}",
	    header(c, "authorization"), header(c, "x-aws-ec2-metadata-token"),
	    header(c, "x-amz-sso_bearer_token"));

	credpeer_reply(c, 401, JSON_TYPE, body);
	free(body);
}

static void
reply_huge(struct credpeer_call *c)
{
	char *body = xmalloc(HUGE_BYTES + 1);

	memset(body, ' ', HUGE_BYTES);
	body[HUGE_BYTES] = '\0';
	credpeer_reply(c, 200, JSON_TYPE, body);
	free(body);
}

static void
on_timer(void *arg)
{
	struct credpeer_call *c = arg;

	handlers[c->place](c);
}

static void
serve(struct credpeer_call *c)
{
	long status = strtol(c->fault, NULL, 10);

	if (str_eq(c->fault, "hang")) {
		return;
	} else if (str_eq(c->fault, "slow")) {
		c->timer = loop_timer_new(c->p->loop, on_timer, c);
		loop_timer_set(c->timer, 20);
	} else if (str_eq(c->fault, "reset")) {
		http_abort(c->x);
		loop_post(c->p->loop, call_free, c);
	} else if (str_eq(c->fault, "garbage")) {
		credpeer_reply(
		    c, 200, JSON_TYPE, "{\"Code\" <ErrorResponse> \1");
	} else if (str_eq(c->fault, "empty")) {
		credpeer_reply(c, 200, JSON_TYPE, "");
	} else if (str_eq(c->fault, "redirect")) {
		credpeer_reply(c, 302, "text/plain", "");
	} else if (str_eq(c->fault, "huge")) {
		reply_huge(c);
	} else if (str_eq(c->fault, "echo")) {
		echo(c);
	} else if (status != 0) {
		credpeer_reply(c, (int)status, "text/html", "<html></html>");
	} else {
		handlers[c->place](c);
	}
}

/* --- the server ----------------------------------------------------- */

static int
on_data(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	struct credpeer_call *c = arg;

	(void)x;
	return buf_append(&c->body, data, len);
}

static void
note(const struct credpeer_call *c)
{
	char *line = xasprintf("%s %s %s\n", place_names[c->place],
	    http_method(c->x), http_path(c->x));

	if (write(c->p->ledger, line, strlen(line)) == -1)
		abort();
	free(line);
}

/* POST /admin/fail/PLACE/WHAT/TIMES, /admin/set/NAME/VALUE */
static void
admin(struct credpeer_call *c)
{
	char *path = xstrdup(http_path(c->x) + strlen("/admin/"));
	char *part[4] = {NULL}, *rest = path;
	bool ok = false;
	size_t i;

	for (i = 0; i < ARRAY_LEN(part) && rest != NULL; i++)
		part[i] = strsep(&rest, "/");
	if (part[3] != NULL && str_eq(part[0], "fail"))
		ok = credpeer_fail(
		    c->p, part[1], part[2], strtol(part[3], NULL, 10));
	else if (part[2] != NULL && str_eq(part[0], "set"))
		ok = credpeer_set(c->p, part[1], part[2]);
	credpeer_reply(c, ok ? 200 : 400, "text/plain", ok ? "" : "what?\n");
	free(path);
}

static void
on_end(struct http_exchange *x, void *arg)
{
	struct credpeer_call *c = arg;

	(void)x;
	if (str_starts(http_path(c->x), "/admin/")) {
		c->fault = "";
		admin(c);
		return;
	}
	c->place = place_of(http_path(c->x));
	if (c->p->ledger != -1)
		note(c);
	choose_fault(c);
	serve(c);
}

static void
on_request(struct http_exchange *x, void *arg)
{
	static const struct http_body_sink sink = {
	    .max = BODY_MAX, .data = on_data, .end = on_end};
	struct credpeer_call *c = xcalloc(1, sizeof(*c));

	c->p = arg;
	c->x = x;
	buf_init(&c->body, BODY_MAX);
	http_on_gone(x, on_gone, c);
	http_body(x, &sink, c);
}

int
credpeer_init(
    struct credpeer *p, struct loop *loop, int port, struct error *err)
{
	struct http_server_options o = {.port = port};

	memset(p, 0, sizeof(*p));
	p->loop = loop;
	p->ledger = -1;
	credpeer_set(p, "life_s", "3600");
	credpeer_set(p, "container_token", "container-token");
	credpeer_set(p, "web_token", "web-token");
	credpeer_set(p, "sso_token", "sso-access");
	credpeer_set(p, "sso_refresh", "sso-refresh");
	return http_server_new(loop, &o, on_request, p, &p->server, err);
}

void
credpeer_done(struct credpeer *p)
{
	http_server_free(p->server);
}

const char *
credpeer_place_name(int place)
{
	return place_names[place];
}

bool
credpeer_fail(
    struct credpeer *p, const char *place, const char *what, long times)
{
	size_t i;

	for (i = 0; i < N_PLACES; i++) {
		if (!str_eq(place_names[i], place))
			continue;
		snprintf(
		    p->faults[i].what, sizeof(p->faults[i].what), "%s", what);
		p->faults[i].times = times;
		return true;
	}
	return false;
}

bool
credpeer_set(struct credpeer *p, const char *name, const char *value)
{
	const struct {
		const char *name;
		char *member;
		size_t size;
	} members[] = {
	    {"container_token", p->container_token, sizeof(p->container_token)},
	    {"web_token", p->web_token, sizeof(p->web_token)},
	    {"sso_token", p->sso_token, sizeof(p->sso_token)},
	    {"sso_refresh", p->sso_refresh, sizeof(p->sso_refresh)},
	    {"imds_token", p->imds_token, sizeof(p->imds_token)},
	    {"life_s", p->life_s, sizeof(p->life_s)},
	    {"skew_s", p->skew_s, sizeof(p->skew_s)},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(members); i++) {
		if (!str_eq(members[i].name, name))
			continue;
		snprintf(members[i].member, members[i].size, "%s", value);
		return true;
	}
	return false;
}
