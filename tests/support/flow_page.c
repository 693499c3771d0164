/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters of a listing, and its keys. */
#include "tests/support/flow_page.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* The parameter as it is: our keys need no escapes but slashes. */
static void
param(const char *query, const char *name, char *out, size_t size)
{
	const char *p = strstr(query, name);
	size_t n = 0;

	*out = '\0';
	if (p == NULL)
		return;
	for (p += strlen(name); *p != '\0' && *p != '&' && n + 1 < size; p++) {
		if (str_starts(p, "%2F")) {
			out[n++] = '/';
			p += 2;
		} else {
			out[n++] = *p;
		}
	}
	out[n] = '\0';
}

void
flow_page_read(struct flow_page *page, const char *query)
{
	char max[20];

	param(query, "prefix=", page->prefix, sizeof(page->prefix));
	param(query, "start-after=", page->after, sizeof(page->after));
	param(query, "max-keys=", max, sizeof(max));
	page->max = (size_t)atoi(max);
}

void
flow_page_key(struct buf *b, const char *key)
{
	buf_printf(b,
	    "<Contents><Key>%s</Key>"
	    "<LastModified>2026-03-04T05:06:07.000Z</LastModified>"
	    "<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag>"
	    "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>"
	    "<Size>4</Size><StorageClass>STANDARD</StorageClass></Contents>",
	    key);
}
