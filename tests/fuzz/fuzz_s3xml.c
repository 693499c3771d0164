/* SPDX-License-Identifier: Apache-2.0 */
/*
 * S3's error documents from anybody: no crash, no leak, nothing half filled
 * in, and a document that was read is read the same way again.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws/s3xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct s3xml_error untouched, e, again;
	struct error err;

	memset(&untouched, 0x5a, sizeof(untouched));
	e = untouched;
	if (s3xml_parse_error((const char *)data, size, &e, &err) == -1) {
		if (memcmp(&e, &untouched, sizeof(e)) != 0 ||
		    err.code != ERR_PROTOCOL)
			abort();
		return 0;
	}
	if (e.code[0] == '\0' || memchr(e.code, '\0', sizeof(e.code)) == NULL ||
	    memchr(e.message, '\0', sizeof(e.message)) == NULL ||
	    memchr(e.region, '\0', sizeof(e.region)) == NULL)
		abort();
	if (s3xml_parse_error((const char *)data, size, &again, &err) == -1 ||
	    strcmp(e.code, again.code) != 0 ||
	    strcmp(e.message, again.message) != 0)
		abort();
	return 0;
}
