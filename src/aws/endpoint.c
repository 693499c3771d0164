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

#define PATH_MAX_BYTES (URL_LEN_MAX + 4 * S3_KEY_MAX)

/* --- region --------------------------------------------------------- */

static int
check_region(const char *from, const char *region, struct error *err)
{
	if (partition_is_region(region))
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

/* The credentials file comes first: for the region all SDKs agree on that. */
static int
region_of_profile(const char *profile, char **out, struct error *err)
{
	static const enum profile_kind kinds[] = {
	    PROFILE_CREDENTIALS, PROFILE_CONFIG};
	struct profile_section s = {0};
	char *region = NULL;
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds) && region == NULL; i++) {
		if (profile_read(kinds[i], profile_name(profile), &s, err) ==
		    -1)
			return -1;
		region = xstrdup_or_null(profile_get(&s, "region"));
		profile_section_done(&s);
	}
	*out = region;
	return 0;
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
		if (region_of_profile(profile, &of_profile, err) == -1)
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

/* A setting below "s3 =" of the profile itself, as boto3 and the AWS CLI read
 * it. *out is the caller's, NULL where it is not set. */
static int
s3_setting(const char *profile, const char *key, char **out, struct error *err)
{
	struct profile_section s = {0};

	if (profile_read(PROFILE_CONFIG, profile_name(profile), &s, err) == -1)
		return -1;
	*out = xstrdup_or_null(profile_get(&s, key));
	profile_section_done(&s);
	return 0;
}

static int
s3_dual_stack(const char *profile, bool *on, struct error *err)
{
	char *value;

	if (s3_setting(profile, "s3.use_dualstack_endpoint", &value, err) == -1)
		return -1;
	if (value != NULL)
		*on = str_ieq(value, "true");
	free(value);
	return 0;
}

/* *v is what the region's name asked for already. */
static int
load_variant(const struct endpoint_options *o, struct partition_variant *v,
    struct error *err)
{
	bool fips;

	if (profile_or_env_bool("AWS_USE_FIPS_ENDPOINT", o->profile,
		"use_fips_endpoint", false, &fips, err) == -1 ||
	    profile_or_env_bool("AWS_USE_DUALSTACK_ENDPOINT", o->profile,
		"use_dualstack_endpoint", false, &v->dual_stack, err) == -1)
		return -1;
	v->fips |= fips;
	if (!str_eq(o->service, "S3"))
		return 0;
	return s3_dual_stack(o->profile, &v->dual_stack, err);
}

static int
use_default(
    const struct endpoint_options *o, struct aws_endpoint *e, struct error *err)
{
	if (load_variant(o, &e->variant, err) == -1 ||
	    partition_host(o->service, e->region, e->variant, &e->host, err) ==
		-1)
		return -1;
	e->scheme = xstrdup("https");
	e->base_path = xstrdup("");
	return 0;
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

/* A services section that is named but missing is a typing error: what it was
 * to say would be ignored. */
static int
check_services(const char *profile, struct error *err)
{
	struct profile_section s = {0};
	char *name;
	int rc = 0;

	if (profile_setting(profile, "services", &name, err) == -1)
		return -1;
	if (name != NULL)
		rc = profile_read(PROFILE_SERVICES, name, &s, err);
	if (rc == 0 && name != NULL && !s.found) {
		rc = err_set(err, ERR_CONFIG,
		    "services of the profile '%s' is '%.80s', but there is no "
		    "section [services %.80s]",
		    profile_name(profile), name, name);
		err_hint(err,
		    "Add it to the config file, or take the line "
		    "away.");
	}
	profile_section_done(&s);
	free(name);
	return rc;
}

static int
from_profile(
    const struct endpoint_options *o, struct found *f, struct error *err)
{
	char *key;
	int rc;

	if (check_services(o->profile, err) == -1)
		return -1;
	key = xasprintf("%s.endpoint_url", o->service);
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
	if (profile_or_env_bool("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
		o->profile, "ignore_configured_endpoint_urls", false, &ignore,
		err) == -1)
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
	e->variant = (struct partition_variant){0};
	url_done(&u);
	return 0;
}

/* A bucket before an address is the name of nothing. */
static bool
is_address(const char *host)
{
	return *host == '[' || host[strspn(host, "0123456789.:")] == '\0';
}

/* Behind a URL that somebody named there may be no wildcard in DNS and in the
 * certificate: "auto" then means the path, as in boto3. */
static int
choose_style(
    const struct endpoint_options *o, struct aws_endpoint *e, struct error *err)
{
	char *style;
	int rc = 0;

	if (s3_setting(o->profile, "s3.addressing_style", &style, err) == -1)
		return -1;
	if (style == NULL || str_eq(style, "auto"))
		e->path_style = e->custom;
	else if (str_eq(style, "path"))
		e->path_style = true;
	else if (str_eq(style, "virtual"))
		e->path_style = false;
	else
		rc = err_set(err, ERR_CONFIG,
		    "s3.addressing_style of the profile '%s' is '%.80s'",
		    profile_name(o->profile), style);
	if (rc == -1)
		err_hint(err, "It is one of auto, path and virtual.");
	e->path_style |= is_address(e->host);
	free(style);
	return rc;
}

int
endpoint_resolve(const struct endpoint_options *o, struct aws_endpoint *out,
    struct error *err)
{
	struct aws_endpoint e = {0};
	struct found f;
	char *region;
	int rc;

	if (endpoint_region(o->region, o->profile, &region, err) == -1)
		return -1;
	e.region = partition_real_region(region, &e.variant.fips);
	free(region);
	if (check_region("the region", e.region, err) == -1 ||
	    find_url(o, &f, err) == -1) {
		endpoint_done(&e);
		return -1;
	}
	rc = f.url != NULL ? use_url(&f, &e, err) : use_default(o, &e, err);
	if (rc == 0 && str_eq(o->service, "S3"))
		rc = choose_style(o, &e, err);
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

/* --- S3 in another region ------------------------------------------- */

static int
check_other_region(
    const struct aws_endpoint *e, const char *region, struct error *err)
{
	if (!partition_is_region(region))
		return err_set(err, ERR_PROTOCOL,
		    "S3 names the region '%.80s', which is no AWS region",
		    region);
	if (!e->custom && partition_of(region) != partition_of(e->region))
		return err_set(err, ERR_PROTOCOL,
		    "S3 in %s names the region %s of another partition",
		    e->region, region);
	return 0;
}

int
endpoint_in_region(const struct aws_endpoint *e, const char *region,
    struct aws_endpoint *out, struct error *err)
{
	struct aws_endpoint other = *e;

	if (check_other_region(e, region, err) == -1)
		return -1;
	if (e->custom)
		other.host = xstrdup(e->host);
	else if (partition_host("S3", region, e->variant, &other.host, err) ==
	    -1)
		return -1;
	other.scheme = xstrdup(e->scheme);
	other.base_path = xstrdup(e->base_path);
	other.region = xstrdup(region);
	other.url =
	    xasprintf("%s://%s%s", other.scheme, other.host, other.base_path);
	*out = other;
	return 0;
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
	in_host = !e->path_style && kind == S3_BUCKET_DNS &&
	    strchr(bucket, '.') == NULL;
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
