/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parameters behind '?': only the names that a path knows, each at most
 * once, percent-encoded, '+' for a blank. Only for files of this folder.
 * Every error is ERR_USAGE and names the parameter.
 */
#ifndef SERVE_API_QUERY_H
#define SERVE_API_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define API_QUERY_MAX 16

struct api_query {
	const char *const *names; /* end in NULL; at most API_QUERY_MAX */
	char *v[API_QUERY_MAX]; /* NULL: not given */
};

/* *out is the caller's (api_query_done), also zeroed. */
int api_query_parse(const char *raw, const char *const *names,
    struct api_query *out, struct error *err);
void api_query_done(struct api_query *q);

/* One more, of elsewhere; what is there already is refused. */
int api_query_set(struct api_query *q, const char *name, const char *value,
    struct error *err);

/* NULL: not given. Borrowed. */
const char *api_query_get(const struct api_query *q, const char *name);

/* *out stays as it was where the parameter is not given. */
int api_query_i64(const struct api_query *q, const char *name, int64_t min,
    int64_t max, int64_t *out, struct error *err);

/* true or false; likewise. */
int api_query_flag(
    const struct api_query *q, const char *name, bool *out, struct error *err);

/* It is one of these words, which end in NULL, or not given. */
int api_query_word(const struct api_query *q, const char *name,
    const char *const *words, const char **out, struct error *err);

#endif
