/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages of a list: what the lists of jobs and of deliveries share. Only for
 * files of this folder.
 */
#ifndef SERVE_API_LIST_H
#define SERVE_API_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/jsonw.h"
#include "serve/api_call.h"
#include "store/store.h"

/* limit and after into the query, which asks for one row more than a page has.
 * ERR_USAGE. */
int api_list_query(struct api_call *c, bool (*id_ok)(const char *id),
    struct store_query *q, struct error *err);

/* What the rows are that the store gave: the handler knows. */
struct api_list_kind {
	const char *name; /* of the array */
	void (*write)(struct jsonw *w, const void *rows, size_t i);
	const char *(*id)(const void *rows, size_t i);
};

/*
 * Answer with the rows; "next" where there are more. A page that would grow
 * beyond all measure ends early.
 */
void api_list_answer(struct api_call *c, const struct api_list_kind *kind,
    const void *rows, size_t n, const struct error *err);

#endif
