/* SPDX-License-Identifier: Apache-2.0 */
/*
 * S3's XML, read with libxml2's pull reader: no DTD, no entity of the
 * document's own, no network, at most 64 KiB.
 */
#ifndef AWS_S3XML_H
#define AWS_S3XML_H

#include <stddef.h>

#include "base/error.h"

/* <Error> as S3 sends it; what is missing is "". Longer text is cut. */
struct s3xml_error {
	char code[64];
	char message[300];
	char region[64]; /* of AuthorizationHeaderMalformed */
};

/* 0, or -1 where it is no such document. */
int s3xml_parse_error(
    const char *data, size_t len, struct s3xml_error *out, struct error *err);

#endif
