/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page of a listing from anybody: no crash, no leak, nothing half filled in;
 * every key is there, and a page that is not the last says how it goes on.
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
	struct s3xml_list untouched, list;
	struct error err;
	size_t i;

	memset(&untouched, 0x5a, sizeof(untouched));
	list = untouched;
	if (s3xml_parse_list((const char *)data, size, &list, &err) == -1) {
		if (memcmp(&list, &untouched, sizeof(list)) != 0 ||
		    err.code != ERR_PROTOCOL)
			abort();
		return 0;
	}
	for (i = 0; i < list.n; i++) {
		if (list.v[i].key == NULL || list.v[i].etag == NULL ||
		    list.v[i].size < -1 || strlen(list.v[i].key) > size)
			abort();
	}
	if (list.continuation != NULL && *list.continuation == '\0')
		abort();
	s3xml_list_done(&list);
	return 0;
}
