/* SPDX-License-Identifier: Apache-2.0 */
/* Pure functions of headers. */
#include "local/s3cond.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"

/* Whether a list such as "a", W/"b" or * names the object. */
static bool
list_names(const char *list, const char *etag)
{
	size_t len = strlen(etag);

	while (*list != '\0') {
		const char *p = list + strspn(list, " \t");
		size_t n;

		if (str_starts(p, "W/"))
			p += 2;
		n = strcspn(p, ",");
		while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t'))
			n--;
		if (n == 1 && *p == '*')
			return true;
		if (n >= 2 && p[0] == '"' && p[n - 1] == '"') {
			p++;
			n -= 2;
		}
		if (n == len && strncmp(p, etag, n) == 0)
			return true;
		list = p + strcspn(p, ",");
		list += *list == ',';
	}
	return false;
}

char *
s3cond_bare(const char *etag)
{
	size_t n = strlen(etag);

	if (n >= 2 && etag[0] == '"' && etag[n - 1] == '"')
		return xstrndup(etag + 1, n - 2);
	return xstrdup(etag);
}

/* Dates have seconds only: so has the instant they are compared with. */
static bool
parse_date(const char *value, int64_t *out)
{
	return value != NULL && timefmt_parse_http(value, out) == 0;
}

int
s3cond_check(const struct headers *h, const char *etag, int64_t modified_at)
{
	const char *match = headers_get(h, "if-match");
	const char *none = headers_get(h, "if-none-match");
	int64_t date, modified = modified_at / 1000 * 1000;

	if (match != NULL) {
		if (!list_names(match, etag))
			return 412;
	} else if (parse_date(headers_get(h, "if-unmodified-since"), &date) &&
	    modified > date)
		return 412;
	if (none != NULL)
		return list_names(none, etag) ? 304 : 200;
	if (parse_date(headers_get(h, "if-modified-since"), &date) &&
	    modified <= date)
		return 304;
	return 200;
}

/* Digits only; "" is -1. False where it is no number. */
static bool
parse_bound(const char *s, size_t len, int64_t *out)
{
	char *copy = xstrndup(s, len);
	bool ok = true;

	*out = -1;
	if (len > 0)
		ok = strspn(copy, "0123456789") == len &&
		    str_to_i64(copy, 0, INT64_MAX - 1, out) == 0;
	free(copy);
	return ok;
}

enum s3cond_range
s3cond_parse_range(
    const char *range, int64_t size, int64_t *offset, int64_t *len)
{
	int64_t first, last;
	const char *dash;

	if (range == NULL || !str_starts(range, "bytes="))
		return S3COND_WHOLE;
	range += strlen("bytes=");
	dash = strchr(range, '-');
	if (dash == NULL ||
	    !parse_bound(range, (size_t)(dash - range), &first) ||
	    !parse_bound(dash + 1, strlen(dash + 1), &last) ||
	    (first == -1 && last == -1) || (last != -1 && last < first))
		return S3COND_WHOLE;
	if (first == -1) { /* the last so many bytes */
		if (last == 0 || size == 0)
			return S3COND_BEYOND;
		first = last < size ? size - last : 0;
		last = size - 1;
	}
	if (first >= size)
		return S3COND_BEYOND;
	if (last == -1 || last >= size)
		last = size - 1;
	*offset = first;
	*len = last - first + 1;
	return S3COND_PART;
}

bool
s3cond_range_meant(const char *if_range, const char *etag)
{
	size_t len = strlen(etag);

	return if_range == NULL ||
	    (strlen(if_range) == len + 2 && *if_range == '"' &&
		memcmp(if_range + 1, etag, len) == 0 &&
		if_range[len + 1] == '"');
}
