/* SPDX-License-Identifier: Apache-2.0 */
/* URLs of services and of objects. */
#include "aws/endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "aws/profile.h"
#include "aws/s3uri.h"
#include "base/buf.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/url.h"

#define REGION_MAX 64
#define PATH_MAX_BYTES (URL_LEN_MAX + 4 * S3_KEY_MAX)

/* --- region --------------------------------------------------------- */

static int
check_region(const char *from, const char *region, struct error *err)
{
	size_t len = strlen(region);

	/* It becomes part of a host name. */
	if (len <= REGION_MAX && *region != '-' && region[len - 1] != '-' &&
	    strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == len)
		return 0;
	err_set(err, ERR_CONFIG, "%s is '%.80s', which is no AWS region", from,
	    region);
	return err_hint(err, "A region looks like us-east-1.");
}

static int
complain_no_region(const char *profile, struct error *err)
{
	/* A misspelt profile is the better explanation. */
	if (profile_check(profile, err) == -1)
		return -1;
	err_set(err, ERR_CONFIG, "no AWS region is set");
	return err_hint(err,
	    "Use --region, set AWS_REGION, or put region = ... into the "
	    "profile '%s'.",
	    profile_name(profile));
}

int
endpoint_region(const char *explicit_region, const char *profile, char **out,
    struct error *err)
{
	static const char *const variables[] = {
	    "AWS_REGION", "AWS_DEFAULT_REGION"};
	const char *from = "the region", *region = explicit_region;
	char *of_profile = NULL;
	size_t i;

	for (i = 0; i < ARRAY_LEN(variables) && str_empty(region); i++) {
		from = variables[i];
		region = getenv(from);
	}
	if (str_empty(region)) {
		if (profile_setting(profile, "region", &of_profile, err) == -1)
			return -1;
		region = of_profile;
		from = "the region of the profile";
	}
	if (region == NULL)
		return complain_no_region(profile, err);
	if (check_region(from, region, err) == -1) {
		free(of_profile);
		return -1;
	}
	*out = of_profile != NULL ? of_profile : xstrdup(region);
	return 0;
}

/* --- AWS's own hosts ------------------------------------------------ */

static const struct {
	const char *service;
	const char *label;
} services[] = {
    {"S3", "s3"},
    {"SAGEMAKER_RUNTIME", "runtime.sagemaker"},
    {"SNS", "sns"},
    {"SQS", "sqs"},
    {"STS", "sts"},
};

static const struct {
	const char *region_prefix;
	const char *suffix;
} partitions[] = {
    {"cn-", "amazonaws.com.cn"},
    {"us-iso-", "c2s.ic.gov"},
    {"us-isob-", "sc2s.sgov.gov"},
    {"us-isof-", "csp.hci.ic.gov"},
    {"eu-isoe-", "cloud.adc-e.uk"},
    {"eusc-", "amazonaws.eu"},
};

static const char *
suffix_of(const char *region)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(partitions); i++) {
		if (str_starts(region, partitions[i].region_prefix))
			return partitions[i].suffix;
	}
	return "amazonaws.com";
}

/* "true" in any case; the variable counts before the profile. */
static int
read_switch(const char *variable, const char *profile, const char *key,
    bool *out, struct error *err)
{
	const char *value = getenv(variable);
	char *of_profile = NULL;

	if (str_empty(value)) {
		if (profile_setting(profile, key, &of_profile, err) == -1)
			return -1;
		value = of_profile;
	}
	*out = value != NULL && str_ieq(value, "true");
	free(of_profile);
	return 0;
}

/* Other hosts than these are wanted: to use these would break a rule. */
static int
check_variants(const struct endpoint_options *o, struct error *err)
{
	static const struct {
		const char *variable, *key;
	} variants[] = {
	    {"AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"},
	    {"AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"},
	};
	bool on = false;
	size_t i;

	for (i = 0; i < ARRAY_LEN(variants); i++) {
		if (read_switch(variants[i].variable, o->profile,
			variants[i].key, &on, err) == -1)
			return -1;
		if (!on)
			continue;
		err_set(err, ERR_CONFIG,
		    "%s (or %s) is set, but such hosts are not known here",
		    variants[i].variable, variants[i].key);
		return err_hint(err,
		    "Name the URL of the endpoint in AWS_ENDPOINT_URL_%s.",
		    o->service);
	}
	return 0;
}

static int
use_default(
    const struct endpoint_options *o, struct aws_endpoint *e, struct error *err)
{
	size_t i;

	if (check_variants(o, err) == -1)
		return -1;
	for (i = 0; i < ARRAY_LEN(services); i++) {
		if (!str_eq(services[i].service, o->service))
			continue;
		e->scheme = xstrdup("https");
		e->host = xasprintf("%s.%s.%s", services[i].label, e->region,
		    suffix_of(e->region));
		e->base_path = xstrdup("");
		return 0;
	}
	return err_set(
	    err, ERR_USAGE, "the service %s has no known host", o->service);
}

/* --- configured URLs ------------------------------------------------ */

/* Where a URL came from, for errors, and the URL; both are the caller's. */
struct found {
	char *from;
	char *url; /* NULL: nowhere */
};

static int
from_variables(const struct endpoint_options *o, struct found *f)
{
	char *name = xasprintf("AWS_ENDPOINT_URL_%s", o->service);

	if (str_empty(getenv(name))) {
		free(name);
		name = xstrdup("AWS_ENDPOINT_URL");
	}
	if (str_empty(getenv(name))) {
		free(name);
		return 0;
	}
	f->url = xstrdup(getenv(name));
	f->from = name;
	return 1;
}

static int
from_profile(
    const struct endpoint_options *o, struct found *f, struct error *err)
{
	char *key = xasprintf("%s.endpoint_url", o->service);
	int rc;

	str_lower(key);
	rc = profile_setting(o->profile, key, &f->url, err);
	if (rc == 0 && f->url == NULL) {
		free(key);
		key = xstrdup("endpoint_url");
		rc = profile_setting(o->profile, key, &f->url, err);
	}
	if (rc == 0 && f->url != NULL)
		f->from = xasprintf(
		    "%s of the profile '%s'", key, profile_name(o->profile));
	free(key);
	return rc;
}

static int
find_url(const struct endpoint_options *o, struct found *f, struct error *err)
{
	bool ignore;

	memset(f, 0, sizeof(*f));
	if (!str_empty(o->url)) {
		f->from = xstrdup("the endpoint URL");
		f->url = xstrdup(o->url);
		return 0;
	}
	if (read_switch("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", o->profile,
		"ignore_configured_endpoint_urls", &ignore, err) == -1)
		return -1;
	if (ignore || from_variables(o, f) == 1)
		return 0;
	return from_profile(o, f, err);
}

static int
complain_url(const struct found *f, struct error *err)
{
	/* What stands before an '@' may be a password. */
	if (strchr(f->url, '@') != NULL)
		err_prefix(err, "%s", f->from);
	else
		err_prefix(err, "%s '%.200s'", f->from, f->url);
	err->code = ERR_CONFIG;
	return err_hint(err,
	    "An endpoint URL looks like https://host, http://host:port or "
	    "https://host/path.");
}

static int
use_url(const struct found *f, struct aws_endpoint *e, struct error *err)
{
	struct url u;
	size_t len;

	if (url_parse(f->url, &u, err) == -1)
		return complain_url(f, err);
	if (u.query != NULL) {
		url_done(&u);
		err_set(err, ERR_CONFIG, "an endpoint URL has no query");
		return complain_url(f, err);
	}
	for (len = strlen(u.path); len > 0 && u.path[len - 1] == '/'; len--)
		;
	e->scheme = xstrdup(u.scheme);
	e->host = url_host_header(&u);
	e->base_path = xstrndup(u.path, len);
	e->custom = true;
	url_done(&u);
	return 0;
}

int
endpoint_resolve(const struct endpoint_options *o, struct aws_endpoint *out,
    struct error *err)
{
	struct aws_endpoint e = {0};
	struct found f;
	int rc;

	if (endpoint_region(o->region, o->profile, &e.region, err) == -1)
		return -1;
	rc = find_url(o, &f, err);
	if (rc == 0)
		rc = f.url != NULL ? use_url(&f, &e, err)
				   : use_default(o, &e, err);
	free(f.from);
	free(f.url);
	if (rc == -1) {
		endpoint_done(&e);
		return -1;
	}
	e.url = xasprintf("%s://%s%s", e.scheme, e.host, e.base_path);
	*out = e;
	return 0;
}

void
endpoint_done(struct aws_endpoint *e)
{
	free(e->scheme);
	free(e->host);
	free(e->base_path);
	free(e->url);
	free(e->region);
	memset(e, 0, sizeof(*e));
}

/* --- objects -------------------------------------------------------- */

int
endpoint_s3_target(const struct aws_endpoint *e, const char *bucket,
    const char *key, char **host, char **path, struct error *err)
{
	enum s3_bucket_kind kind = s3_bucket_kind(bucket);
	struct buf b;
	bool in_host;

	if (kind == S3_BUCKET_BAD)
		return err_set(
		    err, ERR_USAGE, "'%.80s' is no name of a bucket", bucket);
	if (strlen(key) > S3_KEY_MAX)
		return err_set(err, ERR_USAGE,
		    "the key '%.80s...' is longer than %d bytes", key,
		    S3_KEY_MAX);
	/* The certificate's wildcard covers one label, so none with a dot. */
	in_host =
	    !e->custom && kind == S3_BUCKET_DNS && strchr(bucket, '.') == NULL;
	buf_init(&b, PATH_MAX_BYTES);
	buf_puts(&b, e->base_path);
	if (!in_host) {
		buf_putc(&b, '/');
		buf_puts(&b, bucket);
	}
	if (in_host || *key != '\0')
		buf_putc(&b, '/');
	encode_uri(&b, key, strlen(key), true);
	*host =
	    in_host ? xasprintf("%s.%s", bucket, e->host) : xstrdup(e->host);
	*path = buf_take(&b);
	return 0;
}

/* stand-in */
int
endpoint_in_region(const struct aws_endpoint *e, const char *region,
    struct aws_endpoint *out, struct error *err)
{
	if (check_region("the bucket's region", region, err) == -1) {
		err->code = ERR_PROTOCOL;
		return -1;
	}
	out->scheme = xstrdup(e->scheme);
	out->host = e->custom
	    ? xstrdup(e->host)
	    : xasprintf("s3.%s.%s", region, suffix_of(region));
	out->base_path = xstrdup(e->base_path);
	out->url = xasprintf("%s://%s%s", out->scheme, out->host, out->base_path);
	out->region = xstrdup(region);
	out->custom = e->custom;
	out->path_style = e->path_style;
	return 0;
}
