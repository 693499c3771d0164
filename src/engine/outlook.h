/* SPDX-License-Identifier: Apache-2.0 */
/* When a job is looked at next, for people. */
#ifndef ENGINE_OUTLOOK_H
#define ENGINE_OUTLOOK_H

#include <stdint.h>

struct engine;

/* When a job is looked at next, and why then. */
struct engine_outlook {
	int64_t look_at; /* wall clock; 0: just now */
	char why[200]; /* a clause for people */
};
/* -1: the engine does not have it, or it is not waited for. */
int engine_outlook(
    const struct engine *engine, const char *id, struct engine_outlook *out);

#endif
