/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The endpoints of containers (ECS, EKS Pod Identity) and of instances (IMDS):
 * where they are, and which hosts may be asked at all. Over plain HTTP
 * credentials come only from this machine or AWS's own link-local addresses.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/creds_plan_inner.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/url.h"

#define ECS_URL "http://169.254.170.2"
#define IMDS_URL "http://169.254.169.254"
#define IMDS_URL_V6 "http://[fd00:ec2::254]"
#define IMDS_TIMEOUT_S 1 /* botocore's and the JavaScript SDK's */
#define IMDS_TIMEOUT_MAX_S 60
#define IMDS_TRIES 1
#define IMDS_TRIES_MAX 20
#define ROLE_NAME_MAX 128

/* --- containers ----------------------------------------------------- */

static bool
is_allowed_v6(const char *host)
{
	static const char *const allowed[] = {"::1", "fd00:ec2::23"};
	char *inner = xstrndup(host + 1, strlen(host) - 2);
	struct in6_addr a, b;
	bool ok = false;
	size_t i;

	if (inet_pton(AF_INET6, inner, &a) == 1) {
		for (i = 0; i < ARRAY_LEN(allowed); i++)
			ok |= inet_pton(AF_INET6, allowed[i], &b) == 1 &&
			    memcmp(&a, &b, sizeof(a)) == 0;
	}
	free(inner);
	return ok;
}

/* Names are not resolved: what they mean may change behind our back. */
static bool
is_allowed(const struct url *u)
{
	struct in_addr v4;

	if (str_eq(u->scheme, "https") || str_eq(u->host, "localhost"))
		return true;
	if (*u->host == '[')
		return is_allowed_v6(u->host);
	return inet_pton(AF_INET, u->host, &v4) == 1 &&
	    ((ntohl(v4.s_addr) >> 24) == 127 ||
		str_eq(u->host, "169.254.170.2") ||
		str_eq(u->host, "169.254.170.23"));
}

static int
check_url(const char *from, const char *s, struct error *err)
{
	struct url u;
	bool ok;

	if (url_parse(s, &u, err) == -1) {
		err_prefix(err, "%s", from);
		err->code = ERR_CONFIG;
		return -1;
	}
	ok = is_allowed(&u);
	if (!ok)
		err_set(err, ERR_CONFIG,
		    "%s: credentials are not fetched from '%.80s' without TLS",
		    from, u.host);
	url_done(&u);
	return ok ? 0
		  : err_hint(err,
			"Use https, or an address of this machine, "
			"169.254.170.2, 169.254.170.23 or [fd00:ec2::23].");
}

/* The URL is the caller's; NULL where nothing is set. */
static int
container_url(char **out, struct error *err)
{
	const char *relative = getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	const char *from = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
	char *url = NULL;

	if (!str_empty(relative)) {
		from = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
		/* Anything else could turn our host into a user name. */
		if (*relative != '/')
			return err_set(err, ERR_CONFIG,
			    "%s does not begin with '/'", from);
		url = xasprintf("%s%s", ECS_URL, relative);
	} else if (!str_empty(full)) {
		url = xstrdup(full);
	}
	if (url != NULL && check_url(from, url, err) == -1) {
		free(url);
		return -1;
	}
	*out = url;
	return 0;
}

int
plan_from_container(
    const char *profile, struct creds_plan **out, struct error *err)
{
	const char *file = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *token = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	char *url = NULL;

	if (container_url(&url, err) == -1)
		return -1;
	if (url == NULL)
		return 0;
	if (!str_empty(file))
		token = NULL;
	if (token != NULL && str_has_control(token)) {
		free(url);
		return err_set(err, ERR_CONFIG,
		    "AWS_CONTAINER_AUTHORIZATION_TOKEN holds a line end or "
		    "another control character");
	}
	*out = plan_new(CREDS_CONTAINER, profile, "container endpoint");
	(*out)->container.url = url;
	if (!str_empty(token))
		(*out)->container.token = xstrdup(token);
	if (!str_empty(file))
		(*out)->container.token_file = xstrdup(file);
	return 1;
}

/* --- instances ------------------------------------------------------ */

/* In the environment, or else in the profile, which is read once for all. */
struct setting {
	const char *variable, *key;
};

static const struct setting disabled = {
    "AWS_EC2_METADATA_DISABLED", "disable_ec2_metadata"};
static const struct setting endpoint = {
    "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint"};
static const struct setting endpoint_mode = {
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "ec2_metadata_service_endpoint_mode"};
static const struct setting v1_disabled = {
    "AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled"};
static const struct setting role_name = {
    "AWS_EC2_INSTANCE_PROFILE_NAME", "ec2_instance_profile_name"};
static const struct setting timeout = {
    "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout"};
static const struct setting attempts = {
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts"};

/* Borrowed, or NULL. */
static const char *
get(const struct plan_profile *p, const struct setting *s)
{
	const char *value = getenv(s->variable);

	return str_empty(value) ? plan_profile_get(p, s->key) : value;
}

static int
complain(const struct plan_profile *p, const struct setting *s,
    const char *what, struct error *err)
{
	const char *value = get(p, s);

	if (str_empty(getenv(s->variable)))
		return plan_profile_complain(
		    p, s->key, err, "%s is '%.80s', %s", s->key, value, what);
	err_set(err, ERR_CONFIG, "%s is '%.80s', %s", s->variable, value, what);
	str_defang(err->text);
	return -1;
}

static int
get_switch(const struct plan_profile *p, const struct setting *s, bool *out,
    struct error *err)
{
	const char *value = get(p, s);

	*out = value != NULL && str_ieq(value, "true");
	if (value == NULL || *out || str_ieq(value, "false"))
		return 0;
	return complain(p, s, "which is neither true nor false", err);
}

static int
get_number(const struct plan_profile *p, const struct setting *s, int64_t max,
    int64_t otherwise, int64_t *out, struct error *err)
{
	const char *value = get(p, s);
	char what[64];

	*out = otherwise;
	if (value == NULL || str_to_i64(value, 1, max, out) == 0)
		return 0;
	snprintf(what, sizeof(what), "which is no number from 1 to %lld",
	    (long long)max);
	return complain(p, s, what, err);
}

/* Paths are put behind it: no '/' at its end, and no query. */
static int
take_endpoint(const struct plan_profile *p, char **out, struct error *err)
{
	const char *value = get(p, &endpoint);
	struct url u;
	size_t n = strlen(value);

	if (url_parse(value, &u, err) == -1) {
		char *what = xstrdup(err->text);

		/* It may hold a password: only the reason is told. */
		if (str_empty(getenv(endpoint.variable)))
			plan_profile_complain(
			    p, endpoint.key, err, "%s: %s", endpoint.key, what);
		else
			err_set(
			    err, ERR_CONFIG, "%s: %s", endpoint.variable, what);
		free(what);
		return -1;
	}
	if (u.query != NULL) {
		url_done(&u);
		return complain(
		    p, &endpoint, "where a query has no place", err);
	}
	url_done(&u);
	while (value[n - 1] == '/')
		n--;
	*out = xstrndup(value, n);
	return 0;
}

static int
get_endpoint(const struct plan_profile *p, char **out, struct error *err)
{
	const char *mode = get(p, &endpoint_mode);
	bool v6 = mode != NULL && str_ieq(mode, "IPv6");

	if (mode != NULL && !v6 && !str_ieq(mode, "IPv4"))
		return complain(
		    p, &endpoint_mode, "which is neither IPv4 nor IPv6", err);
	if (get(p, &endpoint) != NULL)
		return take_endpoint(p, out, err);
	*out = xstrdup(v6 ? IMDS_URL_V6 : IMDS_URL);
	return 0;
}

/* It becomes a part of the path. */
static bool
is_role_name(const char *s)
{
	size_t len = strlen(s);

	if (len > ROLE_NAME_MAX)
		return false;
	while (str_is_alnum((unsigned char)*s) ||
	    (*s != '\0' && strchr("_+=,.@-", *s) != NULL))
		s++;
	return *s == '\0';
}

static int
get_role(const struct plan_profile *p, char **out, struct error *err)
{
	const char *value = get(p, &role_name);

	if (value != NULL && !is_role_name(value))
		return complain(
		    p, &role_name, "which is no name of a role", err);
	*out = xstrdup_or_null(value);
	return 0;
}

static int
take_imds(
    const struct plan_profile *p, struct creds_plan_imds *o, struct error *err)
{
	int64_t timeout_s;

	if (get_endpoint(p, &o->url, err) == -1 ||
	    get_role(p, &o->role, err) == -1 ||
	    get_switch(p, &v1_disabled, &o->v1_disabled, err) == -1 ||
	    get_number(p, &timeout, IMDS_TIMEOUT_MAX_S, IMDS_TIMEOUT_S,
		&timeout_s, err) == -1 ||
	    get_number(
		p, &attempts, IMDS_TRIES_MAX, IMDS_TRIES, &o->tries, err) == -1)
		return -1;
	o->timeout_ms = timeout_s * 1000;
	return 0;
}

int
plan_from_imds(const struct plan_profile *p, bool last_resort,
    struct creds_plan **out, struct error *err)
{
	struct creds_plan *plan;
	bool off;

	if (get_switch(p, &disabled, &off, err) == -1)
		return -1;
	if (off)
		return 0;
	plan = plan_new(CREDS_IMDS, p->name, "IMDS");
	plan->imds.last_resort = last_resort;
	if (take_imds(p, &plan->imds, err) == -1) {
		creds_plan_free(plan);
		return -1;
	}
	*out = plan;
	return 1;
}
