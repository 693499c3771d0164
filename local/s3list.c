/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page is built in one walk. After a common prefix the walk jumps behind
 * all keys that share it, so that a page costs what it shows.
 */
#include "local/s3list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "local/xml.h"

#define XMLNS "http://s3.amazonaws.com/doc/2006-03-01/"
#define PAGE_MAX (16 * 1024 * 1024)
#define TOKEN_MAX 2048

struct walk {
	const struct s3list *l;
	struct buf from; /* where to go on */
	bool skip_equal; /* a key equal to `from` was shown already */
	struct buf contents;
	struct buf prefixes;
	int64_t shown;
	struct buf last; /* the last thing shown: 'k' or 'p' and the text */
	bool truncated;
};

static int
refuse(struct error *err, const char *text)
{
	err_set(err, ERR_PROTOCOL, "%s", text);
	snprintf(err->remote_code, sizeof(err->remote_code), "InvalidArgument");
	return -1;
}

int
s3list_parse(const struct s3target *t, struct s3list *out, struct error *err)
{
	const char *max = s3target_param(t, "max-keys");
	const char *encoding = s3target_param(t, "encoding-type");
	const char *owner = s3target_param(t, "fetch-owner");
	struct s3list l = {
	    .bucket = t->bucket,
	    .prefix = s3target_param(t, "prefix"),
	    .delimiter = s3target_param(t, "delimiter"),
	    .start_after = s3target_param(t, "start-after"),
	    .token = s3target_param(t, "continuation-token"),
	    .max_keys = S3LIST_KEYS_MAX,
	    .fetch_owner = owner != NULL && str_ieq(owner, "true"),
	};

	if (max != NULL && str_to_i64(max, 0, INT32_MAX, &l.max_keys) == -1)
		return refuse(err,
		    "Argument maxKeys must be an integer between 0 and "
		    "2147483647");
	if (encoding != NULL && !str_eq(encoding, "url"))
		return refuse(
		    err, "Invalid Encoding Method specified in Request");
	if (l.token != NULL && *l.token == '\0')
		return refuse(
		    err, "The continuation token provided is incorrect");
	l.url = encoding != NULL;
	if (l.max_keys > S3LIST_KEYS_MAX)
		l.max_keys = S3LIST_KEYS_MAX;
	if (l.prefix == NULL)
		l.prefix = "";
	if (l.delimiter == NULL)
		l.delimiter = "";
	*out = l;
	return 0;
}

/* The least text that is greater than all that begin with s[0..len). */
static void
set_behind(struct buf *from, const char *s, size_t len)
{
	while (len > 0 && (unsigned char)s[len - 1] == 0xff)
		len--;
	buf_clear(from);
	buf_append(from, s, len);
	if (len > 0)
		from->data[len - 1]++;
}

/* "k" + key, or "p" + common prefix, in base64. */
static int
start_at_token(struct walk *w, struct error *err)
{
	struct buf b;
	int rc = -1;

	buf_init(&b, TOKEN_MAX);
	if (decode_base64(&b, w->l->token, strlen(w->l->token)) == -1 ||
	    b.len < 2 || strlen(b.data) != b.len)
		refuse(err, "The continuation token provided is incorrect");
	else if (b.data[0] == 'k') {
		buf_append(&w->from, b.data + 1, b.len - 1);
		w->skip_equal = true;
		rc = 0;
	} else if (b.data[0] == 'p') {
		set_behind(&w->from, b.data + 1, b.len - 1);
		rc = 0;
	} else
		refuse(err, "The continuation token provided is incorrect");
	buf_done(&b);
	return rc;
}

static int
start(struct walk *w, struct error *err)
{
	if (w->l->token != NULL) {
		if (start_at_token(w, err) == -1)
			return -1;
	} else if (w->l->start_after != NULL) {
		buf_puts(&w->from, w->l->start_after);
		w->skip_equal = true;
	}
	if (strcmp(w->from.data, w->l->prefix) < 0) {
		buf_clear(&w->from);
		buf_puts(&w->from, w->l->prefix);
		w->skip_equal = false;
	}
	return 0;
}

static void
put_name(
    const struct walk *w, struct buf *out, const char *element, const char *s)
{
	struct buf b;

	if (!w->l->url) {
		xml_text(out, element, s);
		return;
	}
	buf_init(&b, 4 * TOKEN_MAX);
	encode_uri(&b, s, strlen(s), true);
	xml_text(out, element, b.data);
	buf_done(&b);
}

static void
put_owner(struct buf *out)
{
	xml_open(out, "Owner", NULL);
	xml_text(out, "ID", "awaitd-local");
	xml_text(out, "DisplayName", "awaitd-local");
	xml_close(out, "Owner");
}

static void
show_key(struct walk *w, const struct db_entry *e)
{
	char date[TIMEFMT_ISO_SIZE];
	struct buf *out = &w->contents;

	timefmt_iso(e->modified_at, date);
	xml_open(out, "Contents", NULL);
	put_name(w, out, "Key", e->key);
	xml_text(out, "LastModified", date);
	buf_printf(out, "<ETag>&quot;%s&quot;</ETag>", e->etag);
	xml_int(out, "Size", e->size);
	if (w->l->fetch_owner)
		put_owner(out);
	xml_text(out, "StorageClass", "STANDARD");
	xml_close(out, "Contents");
	buf_clear(&w->last);
	buf_putc(&w->last, 'k');
	buf_puts(&w->last, e->key);
}

static void
show_prefix(struct walk *w, const char *key, size_t len)
{
	char *prefix = xstrndup(key, len);

	xml_open(&w->prefixes, "CommonPrefixes", NULL);
	put_name(w, &w->prefixes, "Prefix", prefix);
	xml_close(&w->prefixes, "CommonPrefixes");
	buf_clear(&w->last);
	buf_putc(&w->last, 'p');
	buf_puts(&w->last, prefix);
	free(prefix);
}

/* The length of the common prefix a key falls under, or 0. */
static size_t
common_prefix(const struct s3list *l, const char *key)
{
	size_t prefix = strlen(l->prefix);
	const char *hit;

	if (*l->delimiter == '\0')
		return 0;
	hit = strstr(key + prefix, l->delimiter);
	return hit != NULL ? (size_t)(hit - key) + strlen(l->delimiter) : 0;
}

/* 1 to go on, 0 at the end of the page or of the keys. */
static int
visit(struct walk *w, const struct s3list_source *source,
    const struct db_entry *e, struct error *err)
{
	size_t common;

	if (!str_starts(e->key, w->l->prefix))
		return 0;
	if (w->skip_equal && str_eq(e->key, w->from.data))
		return 1;
	if (w->shown == w->l->max_keys) {
		w->truncated = true;
		return 0;
	}
	w->shown++;
	common = common_prefix(w->l, e->key);
	if (common == 0) {
		show_key(w, e);
		return 1;
	}
	show_prefix(w, e->key, common);
	set_behind(&w->from, e->key, common);
	w->skip_equal = false;
	return source->seek(source->arg, w->from.data, w->from.len, err) == 0
	    ? 1
	    : -1;
}

static int
run(struct walk *w, const struct s3list_source *source, struct error *err)
{
	struct db_entry e;
	int rc;

	if (w->l->max_keys == 0)
		return 0;
	rc = source->seek(source->arg, w->from.data, w->from.len, err);
	if (rc == -1)
		return -1;
	while ((rc = source->next(source->arg, &e, err)) == 1) {
		rc = visit(w, source, &e, err);
		if (rc != 1)
			break;
	}
	return rc == -1 ? -1 : 0;
}

static void
put_token(struct walk *w, struct buf *out)
{
	struct buf token;

	if (!w->truncated)
		return;
	buf_init(&token, 2 * TOKEN_MAX);
	encode_base64(&token, w->last.data, w->last.len);
	xml_text(out, "NextContinuationToken", token.data);
	buf_done(&token);
}

static void
put_page(struct walk *w, struct buf *out)
{
	const struct s3list *l = w->l;

	xml_start(out);
	xml_open(out, "ListBucketResult", XMLNS);
	xml_text(out, "Name", l->bucket);
	put_name(w, out, "Prefix", l->prefix);
	if (l->start_after != NULL)
		put_name(w, out, "StartAfter", l->start_after);
	if (l->token != NULL)
		xml_text(out, "ContinuationToken", l->token);
	put_token(w, out);
	xml_int(out, "KeyCount", w->shown);
	xml_int(out, "MaxKeys", l->max_keys);
	if (*l->delimiter != '\0')
		put_name(w, out, "Delimiter", l->delimiter);
	if (l->url)
		xml_text(out, "EncodingType", "url");
	xml_text(out, "IsTruncated", w->truncated ? "true" : "false");
	buf_append(out, w->contents.data, w->contents.len);
	buf_append(out, w->prefixes.data, w->prefixes.len);
	xml_close(out, "ListBucketResult");
}

int
s3list_write(const struct s3list *l, const struct s3list_source *source,
    struct buf *out, struct error *err)
{
	struct walk w = {.l = l};
	int rc;

	buf_init(&w.from, 64 * 1024);
	buf_init(&w.last, TOKEN_MAX);
	buf_init(&w.contents, PAGE_MAX);
	buf_init(&w.prefixes, PAGE_MAX);
	rc = start(&w, err);
	if (rc == 0)
		rc = run(&w, source, err);
	if (rc == 0)
		put_page(&w, out);
	buf_done(&w.from);
	buf_done(&w.last);
	buf_done(&w.contents);
	buf_done(&w.prefixes);
	return rc;
}
