/* SPDX-License-Identifier: Apache-2.0 */
/* s3://bucket/key as text. */
#include "local/s3uri.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static bool
is_bucket_char(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool
s3uri_bucket_ok(const char *name)
{
	size_t len = strlen(name), i;

	if (len < 3 || len > 63 || !is_bucket_char(name[0]) ||
	    !is_bucket_char(name[len - 1]))
		return false;
	for (i = 0; i < len; i++) {
		if (!is_bucket_char(name[i]) && name[i] != '-' &&
		    name[i] != '.')
			return false;
	}
	return strstr(name, "..") == NULL;
}

bool
s3uri_key_ok(const char *key, size_t len)
{
	size_t i = 0;

	if (len == 0 || len > S3URI_KEY_MAX)
		return false;
	while (i < len) {
		size_t n = str_utf8_len(key + i, len - i);

		if (n == 0 || key[i] == '\0')
			return false;
		i += n;
	}
	return true;
}

int
s3uri_split(const char *uri, char **bucket, const char **key)
{
	const char *name, *slash;
	char *copy;

	if (!str_starts(uri, "s3://"))
		return -1;
	name = uri + 5;
	slash = strchr(name, '/');
	if (slash == NULL)
		slash = name + strlen(name);
	copy = xstrndup(name, (size_t)(slash - name));
	if (!s3uri_bucket_ok(copy)) {
		xfree(&copy);
		return -1;
	}
	*bucket = copy;
	*key = *slash == '/' ? slash + 1 : slash;
	return 0;
}

/* The part without slashes at its ends. */
static const char *
bare(const char *s, size_t *len)
{
	while (*s == '/')
		s++;
	*len = strlen(s);
	while (*len > 0 && s[*len - 1] == '/')
		(*len)--;
	return s;
}

char *
s3uri_join(const char *base, const char *extension, const char *name)
{
	size_t base_len = strlen(base), ext_len = 0;
	const char *ext = extension != NULL ? bare(extension, &ext_len) : "";

	while (base_len > 0 && base[base_len - 1] == '/')
		base_len--;
	return xasprintf("%.*s%s%.*s/%s", (int)base_len, base,
	    ext_len > 0 ? "/" : "", (int)ext_len, ext, name);
}
