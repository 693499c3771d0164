/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors of the API as application/problem+json (RFC 9457). `code` is for
 * programs and does not change, `detail` and `hint` are for people.
 */
#ifndef SERVE_PROBLEM_H
#define SERVE_PROBLEM_H

#include <stdint.h>

#include "base/buf.h"

#define PROBLEM_TYPE "application/problem+json"

/* Of a request for many that got so far: in the member `name` how many, and in
 * `next` where to go on, or NULL: from the beginning. Without a name nothing
 * was begun. */
struct problem_begun {
	const char *name;
	int64_t n;
	const char *next;
};

struct problem {
	int status;
	const char *code;
	const char *detail;
	const char *hint; /* or NULL, or "" */
	struct problem_begun begun;
};

void problem_write(const struct problem *p, struct buf *out);

/* The code of a status that the HTTP server answers by itself. */
const char *problem_code(int status);

#endif
