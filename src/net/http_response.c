/* SPDX-License-Identifier: Apache-2.0 */
/* What the fields of a response say; tests replace http_client.c, not this. */
#include "net/http_client.h"

#include "base/str.h"
#include "base/timefmt.h"

int64_t
http_response_date(const struct http_response *r, const char *name)
{
	const char *value = headers_get(&r->headers, name);
	int64_t at;

	if (value == NULL || timefmt_parse_http(value, &at) == -1)
		return -1;
	return at;
}

int64_t
http_response_length(const struct http_response *r)
{
	const char *value = headers_get(&r->headers, "content-length");
	int64_t len;

	if (value == NULL || str_to_i64(value, 0, INT64_MAX, &len) == -1)
		return -1;
	return len;
}
