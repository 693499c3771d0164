/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of S3 from anybody: no crash, no leak, nothing half filled in, and
 * what is named is an object.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws/s3event.h"
#include "aws/s3uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_event(const struct s3event *e)
{
	struct error err;
	char *bucket, *key;
	size_t i;

	if (e->n > S3EVENT_RECORDS_MAX ||
	    (e->is_test && (e->n > 0 || e->others > 0)))
		abort();
	for (i = 0; i < e->n; i++) {
		if (s3_uri_parse(e->created[i], 0, &bucket, &key, &err) == -1)
			abort();
		free(bucket);
		free(key);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct s3event untouched, e;
	struct json *doc;
	struct error err;

	if (json_parse((const char *)data, size, &doc, &err) == -1)
		return 0;
	memset(&untouched, 0x5a, sizeof(untouched));
	e = untouched;
	if (s3event_read(doc, &e, &err) == -1) {
		if (memcmp(&e, &untouched, sizeof(e)) != 0 ||
		    (err.code != ERR_PROTOCOL && err.code != ERR_NOT_FOUND))
			abort();
	} else {
		check_event(&e);
		s3event_done(&e);
	}
	json_free(doc);
	return 0;
}
