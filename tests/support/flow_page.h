/* SPDX-License-Identifier: Apache-2.0 */
/* A page of ListObjectsV2, as a bucket in a flow puts it together. */
#ifndef TESTS_FLOW_PAGE_H
#define TESTS_FLOW_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* What is asked for. */
struct flow_page {
	char prefix[200];
	char after[300];
	size_t max;
};
void flow_page_read(struct flow_page *page, const char *query);

void flow_page_key(struct buf *b, const char *key);

/* There is more. */
#define FLOW_PAGE_MORE                    \
	"<IsTruncated>true</IsTruncated>" \
	"<NextContinuationToken>t</NextContinuationToken>"

#endif
