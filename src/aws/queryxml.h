/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of the AWS query protocol (STS, SNS), at most 64 KiB: what is wanted
 * is named by its place; all else is passed over.
 */
#ifndef AWS_QUERYXML_H
#define AWS_QUERYXML_H

#include <stddef.h>

#include "base/error.h"

#define QUERYXML_MAX_BYTES ((size_t)64 * 1024)

struct queryxml_field {
	const char *path; /* below the root: "Result/Name", no namespaces */
	char *value; /* or NULL: it is not there */
};

/*
 * Fill the values, which are the caller's (queryxml_done). ERR_PROTOCOL where
 * it is no document of that root, has a DTD, or has one of the fields twice; no
 * text holds a value, and no value is set then. One that is missing is NULL.
 */
int queryxml_read(const char *data, size_t len, const char *root,
    struct queryxml_field *fields, size_t n, struct error *err);

/* Wipes the values, which may be secrets. */
void queryxml_done(struct queryxml_field *fields, size_t n);

#endif
