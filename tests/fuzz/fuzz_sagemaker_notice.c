/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifications from anybody: no crash, no leak, nothing half filled in, and
 * nothing longer than it may be.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sagemaker_notice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct json *doc)
{
	struct sagemaker_notice untouched, n;
	struct error err;

	memset(&untouched, 0x5a, sizeof(untouched));
	n = untouched;
	if (sagemaker_notice_read(doc, &n, &err) == -1) {
		if (memcmp(&n, &untouched, sizeof(n)) != 0 ||
		    (err.code != ERR_PROTOCOL && err.code != ERR_NOT_FOUND))
			abort();
		return;
	}
	if (n.is_test != (n.inference_id == NULL) ||
	    (n.inference_id != NULL && strlen(n.inference_id) > 64) ||
	    (n.failure_reason != NULL &&
		(!n.failed || strlen(n.failure_reason) > 4096)))
		abort();
	sagemaker_notice_done(&n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json *doc;
	struct error err;

	if (json_parse((const char *)data, size, &doc, &err) == -1)
		return 0;
	check(doc);
	json_free(doc);
	return 0;
}
