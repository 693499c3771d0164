/* SPDX-License-Identifier: Apache-2.0 */
/* Range and If-Range. */
#include "serve/api_range.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

#define UNIT "bytes="

/* Digits, from *s on. What no int64_t holds is beyond all there is, and is told
 * as that. */
static bool
take_number(const char **s, int64_t *out)
{
	const char *p = *s;
	int64_t n = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		int digit = *p - '0';

		n = n > (INT64_MAX - digit) / 10 ? INT64_MAX : n * 10 + digit;
	}
	if (p == *s)
		return false;
	*s = p;
	*out = n;
	return true;
}

/* The last so many bytes. Of nothing that is all, which no 206 can tell. */
static enum api_range
take_suffix(const char *s, int64_t size, int64_t *begin, int64_t *end)
{
	int64_t n;

	if (!take_number(&s, &n) || *s != '\0')
		return API_RANGE_WHOLE;
	if (n == 0)
		return API_RANGE_BEYOND;
	if (size == 0)
		return API_RANGE_WHOLE;
	*begin = n < size ? size - n : 0;
	*end = size;
	return API_RANGE_PART;
}

/* "N-", "N-M" or "-N". */
static enum api_range
take_range(const char *s, int64_t size, int64_t *begin, int64_t *end)
{
	int64_t first, last = INT64_MAX;

	if (*s == '-')
		return take_suffix(s + 1, size, begin, end);
	if (!take_number(&s, &first) || *s++ != '-')
		return API_RANGE_WHOLE;
	if (*s != '\0' && (!take_number(&s, &last) || *s != '\0'))
		return API_RANGE_WHOLE;
	if (last < first)
		return API_RANGE_WHOLE;
	if (first >= size)
		return API_RANGE_BEYOND;
	*begin = first;
	*end = last < size ? last + 1 : size;
	return API_RANGE_PART;
}

/* A date says too little: a second has room for many versions. */
static bool
is_meant(const struct headers *h, const char *etag)
{
	size_t n = headers_count(h, "If-Range");

	return n == 0 || (n == 1 && str_eq(headers_get(h, "If-Range"), etag));
}

enum api_range
api_range_read(const struct headers *h, const char *etag, int64_t size,
    int64_t *begin, int64_t *end)
{
	const size_t unit = strlen(UNIT);
	const char *range = headers_get(h, "Range");

	if (headers_count(h, "Range") != 1 ||
	    strncasecmp(range, UNIT, unit) != 0 || !is_meant(h, etag))
		return API_RANGE_WHOLE;
	return take_range(range + unit, size, begin, end);
}
