/* SPDX-License-Identifier: Apache-2.0 */
/* S3's errors and listings. */
#include "aws/s3xml.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/xml.h"
#include "base/buf.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"

#define ERROR_MAX ((size_t)64 * 1024)
/* S3 gives 1,000; others may be more generous. */
#define ITEMS_MAX 10000

/* --- errors --------------------------------------------------------- */

static void
take_error(const char *path, const char *text, void *arg)
{
	struct s3xml_error *e = arg;

	if (str_eq(path, "Code"))
		snprintf(e->code, sizeof(e->code), "%s", text);
	else if (str_eq(path, "Message"))
		snprintf(e->message, sizeof(e->message), "%s", text);
	else if (str_eq(path, "Region"))
		snprintf(e->region, sizeof(e->region), "%s", text);
}

/* The query protocol puts it one level further down. */
static void
take_query_error(const char *path, const char *text, void *arg)
{
	if (str_starts(path, "Error/"))
		take_error(path + strlen("Error/"), text, arg);
}

int
s3xml_parse_error(
    const char *data, size_t len, struct s3xml_error *out, struct error *err)
{
	struct s3xml_error e = {.code = ""}, query = {.code = ""};

	if (xml_walk(data, len, "Error", ERROR_MAX, take_error, &e, err) == 0 &&
	    e.code[0] != '\0') {
		*out = e;
		return 0;
	}
	if (xml_walk(data, len, "ErrorResponse", ERROR_MAX, take_query_error,
		&query, err) == 0 &&
	    query.code[0] != '\0') {
		*out = query;
		return 0;
	}
	return err_set(err, ERR_PROTOCOL, "no XML error document");
}

/* --- listings ------------------------------------------------------- */

struct listing {
	struct s3xml_list list;
	size_t cap;
	struct s3xml_item item; /* that is being read */
	bool truncated;
	bool encoded;
	bool wrong;
};

static void
item_done(struct s3xml_item *item)
{
	free(item->key);
	free(item->etag);
	item->key = NULL;
	item->etag = NULL;
}

static void
begin_item(struct listing *l)
{
	item_done(&l->item);
	l->item.size = -1;
	l->item.modified_at = -1;
}

static void
end_item(struct listing *l)
{
	struct s3xml_list *list = &l->list;

	if (l->item.key == NULL || list->n == ITEMS_MAX) {
		l->wrong = true;
		begin_item(l);
		return;
	}
	if (l->item.etag == NULL)
		l->item.etag = xstrdup("");
	if (list->n == l->cap) {
		l->cap = l->cap != 0 ? l->cap * 2 : 16;
		list->v = xreallocarray(list->v, l->cap, sizeof(*list->v));
	}
	list->v[list->n++] = l->item;
	l->item.key = NULL;
	l->item.etag = NULL;
	begin_item(l);
}

static void
set(char **field, const char *text)
{
	free(*field);
	*field = xstrdup(text);
}

static void
take_listing(const char *path, const char *text, void *arg)
{
	struct listing *l = arg;

	if (str_eq(path, "Contents/Key"))
		set(&l->item.key, text);
	else if (str_eq(path, "Contents/ETag"))
		set(&l->item.etag, text);
	else if (str_eq(path, "Contents/Size"))
		str_to_i64(text, 0, INT64_MAX, &l->item.size);
	else if (str_eq(path, "Contents/LastModified"))
		timefmt_parse_iso(text, &l->item.modified_at);
	else if (str_eq(path, "Contents"))
		end_item(l);
	else if (str_eq(path, "IsTruncated"))
		l->truncated = str_ieq(text, "true");
	else if (str_eq(path, "NextContinuationToken"))
		set(&l->list.continuation, text);
	else if (str_eq(path, "EncodingType"))
		l->encoded = str_ieq(text, "url");
}

/* '+' is a blank, as in a form: 1 decoded, 0 no string, -1 no such encoding. */
static int
decode_key(char **key)
{
	size_t len = strlen(*key);
	struct buf b;
	char *p;
	int rc = 0;

	for (p = *key; *p != '\0'; p++) {
		if (*p == '+')
			*p = ' ';
	}
	buf_init(&b, len);
	if (decode_uri(&b, *key, len) == -1) {
		rc = -1;
	} else if (strlen(b.data) == b.len) {
		rc = 1;
		free(*key);
		*key = xstrdup(b.data);
	}
	buf_done(&b);
	return rc;
}

static void
decode_keys(struct listing *l)
{
	struct s3xml_list *list = &l->list;
	size_t i, kept = 0;

	for (i = 0; i < list->n; i++) {
		int rc = decode_key(&list->v[i].key);

		if (rc == -1)
			l->wrong = true;
		if (rc == 1)
			list->v[kept++] = list->v[i];
		else
			item_done(&list->v[i]);
	}
	list->n = kept;
}

static bool
check_end(struct listing *l)
{
	if (l->encoded)
		decode_keys(l);
	/* Else a caller would ask for the same page for ever. */
	if (l->truncated)
		return !l->wrong && !str_empty(l->list.continuation);
	xfree(&l->list.continuation);
	return !l->wrong;
}

int
s3xml_parse_list(
    const char *data, size_t len, struct s3xml_list *out, struct error *err)
{
	struct listing l = {.truncated = false};
	int rc;

	begin_item(&l);
	rc = xml_walk(data, len, "ListBucketResult", S3XML_LIST_MAX,
	    take_listing, &l, err);
	item_done(&l.item);
	if (rc == 0 && !check_end(&l))
		rc = err_set(err, ERR_PROTOCOL,
		    "the listing is damaged, or says not how it goes on");
	if (rc == -1) {
		s3xml_list_done(&l.list);
		return -1;
	}
	*out = l.list;
	return 0;
}

void
s3xml_list_done(struct s3xml_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		item_done(&list->v[i]);
	free(list->v);
	free(list->continuation);
	memset(list, 0, sizeof(*list));
}
