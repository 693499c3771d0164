/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ListObjectsV2: which keys a page holds, and the document that says so. Keys
 * come from a source in the order of their bytes, so that tests need no
 * database.
 */
#ifndef LOCAL_S3LIST_H
#define LOCAL_S3LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "local/db.h"
#include "local/s3target.h"

#define S3LIST_KEYS_MAX 1000

struct s3list_source {
	/* From this key on; as db_list_seek and db_list_next. */
	int (*seek)(void *arg, const char *from, size_t len, struct error *err);
	int (*next)(void *arg, struct db_entry *out, struct error *err);
	void *arg;
};

struct s3list {
	const char *bucket; /* all borrowed */
	const char *prefix;
	const char *delimiter; /* "" for none */
	const char *start_after; /* NULL: none */
	const char *token; /* as given, NULL: the first page */
	int64_t max_keys;
	bool url; /* encoding-type=url */
	bool fetch_owner;
};

/* The parameters; on failure err->remote_code is S3's code. */
int s3list_parse(
    const struct s3target *t, struct s3list *out, struct error *err);

/* Append the whole document. Also ERR_PROTOCOL for a bad token. */
int s3list_write(const struct s3list *l, const struct s3list_source *source,
    struct buf *out, struct error *err);

#endif
