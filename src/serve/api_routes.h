/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be asked of the API: the one table of it (api.c), to which the
 * description in openapi.json is held by a test. Only for files of this folder.
 */
#ifndef SERVE_API_ROUTES_H
#define SERVE_API_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "serve/api_call.h"

/* In the path a '*' stands for an id, a '#' at the end for a number. HEAD goes
 * where GET does. */
struct api_route {
	const char *method;
	const char *path;
	const char *const *names; /* of the query, which end in NULL */
	api_fn *fn;
	bool open; /* to everybody */
};

extern const struct api_route api_routes[];
extern const size_t api_routes_len;

#endif
