/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which part of its bytes a GET asks for (RFC 9110, 13.1.5 and 14). One range
 * is given; several, other units and what is no range are passed over, as
 * a server may, and so is what If-Range says is of another version.
 */
#ifndef SERVE_API_RANGE_H
#define SERVE_API_RANGE_H

#include <stdint.h>

#include "net/header.h"

enum api_range {
	API_RANGE_WHOLE,
	API_RANGE_PART, /* 206 */
	API_RANGE_BEYOND, /* 416 */
};

/* `etag` is strong, with its quotes. Of a PART the first byte, and the one
 * behind the last; else they are untouched. */
enum api_range api_range_read(const struct headers *h, const char *etag,
    int64_t size, int64_t *begin, int64_t *end);

#endif
