/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The endpoints of containers (ECS, EKS Pod Identity) and of instances (IMDS):
 * where they are, and which hosts may be asked at all. Over plain HTTP
 * credentials come only from this machine or AWS's own link-local addresses.
 */
#include <arpa/inet.h>
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

struct setting {
	const char *variable, *key;
};

/* A number of the environment or the profile, or else the one given. */
static int
get_number(const char *profile, const struct setting *s, int64_t max,
    int64_t otherwise, int64_t *out, struct error *err)
{
	char *value, *from;
	int rc = 0;

	if (profile_or_env(s->variable, profile, s->key, &value, &from, err) ==
	    -1)
		return -1;
	*out = otherwise;
	if (value != NULL && str_to_i64(value, 1, max, out) == -1)
		rc = err_set(err, ERR_CONFIG,
		    "%s is '%.40s', which is no number from 1 to %lld", from,
		    value, (long long)max);
	free(value);
	free(from);
	return rc;
}

static int
get_mode(const char *profile, const char **url, struct error *err)
{
	char *value, *from;
	int rc = 0;

	if (profile_or_env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", profile,
		"ec2_metadata_service_endpoint_mode", &value, &from, err) == -1)
		return -1;
	*url = IMDS_URL;
	if (value != NULL && str_ieq(value, "IPv6"))
		*url = IMDS_URL_V6;
	else if (value != NULL && !str_ieq(value, "IPv4"))
		rc = err_set(err, ERR_CONFIG,
		    "%s is '%.40s', which is neither IPv4 nor IPv6", from,
		    value);
	free(value);
	free(from);
	return rc;
}

/* Paths are put behind it: no '/' at its end, and no query. */
static int
check_endpoint(const char *from, char *value, struct error *err)
{
	struct url u;
	size_t n;
	bool query;

	if (url_parse(value, &u, err) == -1) {
		err_prefix(err, "%s", from);
		err->code = ERR_CONFIG;
		return -1;
	}
	query = u.query != NULL;
	url_done(&u);
	if (query)
		return err_set(
		    err, ERR_CONFIG, "%s: a query has no place here", from);
	for (n = strlen(value); value[n - 1] == '/'; n--)
		value[n - 1] = '\0';
	return 0;
}

static int
get_endpoint(const char *profile, char **out, struct error *err)
{
	const char *otherwise = NULL;
	char *value, *from;
	int rc;

	if (get_mode(profile, &otherwise, err) == -1 ||
	    profile_or_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", profile,
		"ec2_metadata_service_endpoint", &value, &from, err) == -1)
		return -1;
	if (value == NULL) {
		*out = xstrdup(otherwise);
		return 0;
	}
	rc = check_endpoint(from, value, err);
	free(from);
	if (rc == 0)
		*out = value;
	else
		free(value);
	return rc;
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
get_role(const char *profile, char **out, struct error *err)
{
	char *value, *from;

	if (profile_or_env("AWS_EC2_INSTANCE_PROFILE_NAME", profile,
		"ec2_instance_profile_name", &value, &from, err) == -1)
		return -1;
	if (value != NULL && !is_role_name(value)) {
		err_set(err, ERR_CONFIG, "%s is no name of a role", from);
		free(value);
		free(from);
		return -1;
	}
	free(from);
	*out = value;
	return 0;
}

static int
take_imds(const char *profile, struct creds_plan_imds *o, struct error *err)
{
	static const struct setting timeout = {
	    "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout"};
	static const struct setting tries = {
	    "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
	    "metadata_service_num_attempts"};
	int64_t timeout_s;

	if (get_endpoint(profile, &o->url, err) == -1 ||
	    get_role(profile, &o->role, err) == -1 ||
	    profile_or_env_bool("AWS_EC2_METADATA_V1_DISABLED", profile,
		"ec2_metadata_v1_disabled", false, &o->v1_disabled,
		err) == -1 ||
	    get_number(profile, &timeout, IMDS_TIMEOUT_MAX_S, IMDS_TIMEOUT_S,
		&timeout_s, err) == -1 ||
	    get_number(profile, &tries, IMDS_TRIES_MAX, IMDS_TRIES, &o->tries,
		err) == -1)
		return -1;
	o->timeout_ms = timeout_s * 1000;
	return 0;
}

int
plan_from_imds(const char *profile, bool last_resort, struct creds_plan **out,
    struct error *err)
{
	struct creds_plan *plan;
	bool disabled;

	if (profile_or_env_bool("AWS_EC2_METADATA_DISABLED", profile,
		"disable_ec2_metadata", false, &disabled, err) == -1)
		return -1;
	if (disabled)
		return 0;
	plan = plan_new(CREDS_IMDS, profile, "IMDS");
	plan->imds.last_resort = last_resort;
	if (take_imds(profile, &plan->imds, err) == -1) {
		creds_plan_free(plan);
		return -1;
	}
	*out = plan;
	return 1;
}
