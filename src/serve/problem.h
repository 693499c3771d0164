/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors of the API as application/problem+json (RFC 9457). `code` is for
 * programs and does not change, `detail` and `hint` are for people.
 */
#ifndef SERVE_PROBLEM_H
#define SERVE_PROBLEM_H

#include "base/buf.h"

#define PROBLEM_TYPE "application/problem+json"

struct problem {
	int status;
	const char *code;
	const char *detail;
	const char *hint; /* or NULL, or "" */
};

void problem_write(const struct problem *p, struct buf *out);

/* The code of a status that the HTTP server answers by itself. */
const char *problem_code(int status);

#endif
