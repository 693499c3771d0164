/* SPDX-License-Identifier: Apache-2.0 */
/* s3:// URIs and the names in them. */
#include "aws/s3uri.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define BUCKET_MIN 3
#define BUCKET_DNS_MAX 63
#define BUCKET_MAX 255

static bool
is_lower_or_digit(char c)
{
	return str_is_alnum((unsigned char)c) && !(c >= 'A' && c <= 'Z');
}

static bool
is_dns(const char *s, size_t len)
{
	struct in_addr v4;
	size_t i;

	if (len > BUCKET_DNS_MAX || !is_lower_or_digit(s[0]) ||
	    !is_lower_or_digit(s[len - 1]) || strstr(s, "..") != NULL)
		return false;
	for (i = 0; i < len; i++) {
		if (!is_lower_or_digit(s[i]) && s[i] != '-' && s[i] != '.')
			return false;
	}
	return inet_pton(AF_INET, s, &v4) != 1;
}

enum s3_bucket_kind
s3_bucket_kind(const char *bucket)
{
	size_t len = strlen(bucket), i;

	if (len < BUCKET_MIN || len > BUCKET_MAX)
		return S3_BUCKET_BAD;
	for (i = 0; i < len; i++) {
		if (!str_is_alnum((unsigned char)bucket[i]) &&
		    strchr("._-", bucket[i]) == NULL)
			return S3_BUCKET_BAD;
	}
	return is_dns(bucket, len) ? S3_BUCKET_DNS : S3_BUCKET_LEGACY;
}

static bool
is_utf8(const char *s, size_t len)
{
	while (len > 0) {
		size_t n = str_utf8_len(s, len);

		if (n == 0)
			return false;
		s += n;
		len -= n;
	}
	return true;
}

static int
check_key(const char *uri, const char *key, unsigned flags, struct error *err)
{
	size_t len = strlen(key);

	if (len == 0 && (flags & S3_URI_PREFIX) == 0)
		return err_set(err, ERR_USAGE,
		    "'%s' names no object: expected s3://bucket/key", uri);
	if (len > S3_KEY_MAX)
		return err_set(err, ERR_USAGE,
		    "the key of '%.100s...' is longer than %d bytes", uri,
		    S3_KEY_MAX);
	if (str_has_control(key) || !is_utf8(key, len))
		return err_set(err, ERR_USAGE,
		    "the key of '%s' holds a control character or is not UTF-8",
		    uri);
	return 0;
}

int
s3_uri_parse(const char *uri, unsigned flags, char **bucket, char **key,
    struct error *err)
{
	const char *rest, *slash, *tail;
	char *name;

	if (!str_starts(uri, "s3://"))
		return err_set(
		    err, ERR_USAGE, "'%s' does not begin with s3://", uri);
	rest = uri + 5;
	slash = strchr(rest, '/');
	tail = slash != NULL ? slash + 1 : "";
	name = slash != NULL ? xstrndup(rest, (size_t)(slash - rest))
			     : xstrdup(rest);
	if (s3_bucket_kind(name) == S3_BUCKET_BAD) {
		free(name);
		return err_set(
		    err, ERR_USAGE, "'%s' has no valid bucket name", uri);
	}
	if (check_key(uri, tail, flags, err) == -1) {
		free(name);
		return -1;
	}
	*bucket = name;
	*key = xstrdup(tail);
	return 0;
}
