/* SPDX-License-Identifier: Apache-2.0 */
/*
 * S3's XML, read by aws/xml.h: an error of at most 64 KiB, a page of a listing
 * of at most 8 MiB.
 * Source: "REST error responses" and ListObjectsV2, S3 API reference.
 */
#ifndef AWS_S3XML_H
#define AWS_S3XML_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* 1,000 keys of 1,024 bytes, each %XX, and what stands about them. */
#define S3XML_LIST_MAX ((size_t)8 * 1024 * 1024)

/* <Error> as S3 sends it; what is missing is "". Longer text is cut. */
struct s3xml_error {
	char code[64];
	char message[300];
	char region[64]; /* of AuthorizationHeaderMalformed */
};

/* 0, or -1 where it is no such document. One of the query protocol (STS, SNS),
 * <ErrorResponse><Error>, is read as well. */
int s3xml_parse_error(
    const char *data, size_t len, struct s3xml_error *out, struct error *err);

/* Keys are decoded, where the document says that they are URL-encoded. One
 * that holds a NUL is left out: it is no string. */
struct s3xml_item {
	char *key;
	char *etag; /* or "" */
	int64_t size; /* -1: not said */
	int64_t modified_at; /* -1: not said */
};

struct s3xml_list {
	struct s3xml_item *v;
	size_t n;
	char *continuation; /* of the next page; NULL: this is the last */
};

/* <ListBucketResult>: 0, or -1 where it is none, or a page that says it is not
 * the last and not how to go on. */
int s3xml_parse_list(
    const char *data, size_t len, struct s3xml_list *out, struct error *err);
void s3xml_list_done(struct s3xml_list *list);

#endif
