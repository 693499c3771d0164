/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first stage of Signature Version 4: a request becomes one text,
 * whatever order, case and spelling its parts came in. Which headers are
 * worth signing is left to the caller.
 */
#include <stdlib.h>
#include <string.h>

#include "aws/sigv4.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"

/* Far above any request that a service takes. */
#define TEXT_MAX ((size_t)1 << 20)
/* Most are shorter. */
#define TEXT_USUAL ((size_t)1000)

/* --- headers -------------------------------------------------------- */

struct field {
	const char *name; /* lower case, in the fields' own memory */
	const char *value;
	size_t place; /* doubles keep their order */
};

struct fields {
	struct field *v;
	size_t n;
	char *names;
};

static void
fields_done(struct fields *f)
{
	free(f->v);
	free(f->names);
}

/* Values are borrowed. */
static void
fields_from(struct fields *f, const struct headers *headers)
{
	size_t i, size = 1;
	char *at;

	for (i = 0; i < headers->n; i++)
		size += strlen(headers->v[i].name) + 1;
	f->v = xreallocarray(NULL, headers->n, sizeof(*f->v));
	f->n = headers->n;
	at = f->names = xmalloc(size);
	for (i = 0; i < headers->n; i++) {
		struct field *new = &f->v[i];

		new->name = at;
		new->value = headers->v[i].value;
		new->place = i;
		at = stpcpy(at, headers->v[i].name) + 1;
	}
	for (at = f->names; at < f->names + size - 1; at++)
		*at = (char)str_lower_char(*at);
}

static int
compare_fields(const void *a, const void *b)
{
	const struct field *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order != 0)
		return order;
	return x->place < y->place ? -1 : 1;
}

/* No blanks at the ends, one where there were many. */
static void
put_value(struct buf *out, const char *s)
{
	bool any = false;

	for (s += strspn(s, " \t"); *s != '\0'; s += strspn(s, " \t")) {
		size_t word = strcspn(s, " \t");

		if (any)
			buf_putc(out, ' ');
		buf_append(out, s, word);
		s += word;
		any = true;
	}
}

/* A line end in a name or value could forge a line of the canonical text. */
static int
check_fields(const struct fields *f, struct error *err)
{
	size_t i;

	for (i = 0; i < f->n; i++) {
		if (!header_name_ok(f->v[i].name))
			return err_set(err, ERR_USAGE,
			    "cannot sign a header named '%s'", f->v[i].name);
		if (!header_value_ok(f->v[i].value))
			return err_set(err, ERR_USAGE,
			    "the header %s holds a control character",
			    f->v[i].name);
	}
	return 0;
}

/* "name:value,value" lines into text, "name;name" into names. */
static void
put_fields(struct fields *f, struct buf *text, struct buf *names)
{
	size_t i;

	qsort(f->v, f->n, sizeof(*f->v), compare_fields);
	for (i = 0; i < f->n; i++) {
		const struct field *field = &f->v[i];

		if (i > 0 && str_eq(field->name, field[-1].name)) {
			buf_putc(text, ',');
		} else {
			if (i > 0) {
				buf_putc(text, '\n');
				buf_putc(names, ';');
			}
			buf_puts(names, field->name);
			buf_puts(text, field->name);
			buf_putc(text, ':');
		}
		put_value(text, field->value);
	}
	if (f->n > 0)
		buf_putc(text, '\n');
}

/* --- path ----------------------------------------------------------- */

static void
drop_segment(struct buf *out)
{
	while (out->len > 0 && out->data[--out->len] != '/')
		;
	if (out->cap > 0)
		out->data[out->len] = '\0';
}

/*
 * Drops ".", ".." and empty segments. Unlike RFC 3986 a dot at the end leaves
 * no slash behind: so do the SDKs.
 */
static void
normalize(struct buf *out, const char *path)
{
	bool slash = str_ends(path, "/");

	while (*path != '\0') {
		size_t n = strcspn(path, "/");

		if (n == 2 && memcmp(path, "..", 2) == 0) {
			drop_segment(out);
		} else if (n > 0 && !(n == 1 && *path == '.')) {
			buf_putc(out, '/');
			buf_append(out, path, n);
		}
		path += n;
		if (*path == '/')
			path++;
	}
	if (slash || out->len == 0)
		buf_putc(out, '/');
}

static int
put_path(struct buf *text, const struct sigv4_request *r, struct error *err)
{
	const char *path = *r->path != '\0' ? r->path : "/";
	struct buf plain;
	int rc = 0;

	if (*path != '/')
		return err_set(err, ERR_USAGE,
		    "cannot sign the path '%s', which does not begin with '/'",
		    path);
	buf_init(&plain, TEXT_MAX);
	if (r->path_as_is)
		rc = decode_uri(&plain, path, strlen(path));
	else if (r->no_normalize)
		rc = buf_puts(&plain, path);
	else
		normalize(&plain, path);
	if (plain.overflow)
		err_set(err, ERR_LIMIT, "the path is too long to sign");
	else if (rc == -1)
		err_set(err, ERR_USAGE,
		    "the path '%s' is not percent-encoded properly", path);
	else
		encode_uri(text, plain.data, plain.len, true);
	rc = rc == -1 || plain.overflow ? -1 : 0;
	buf_done(&plain);
	return rc;
}

/* --- query ---------------------------------------------------------- */

/* Encoded text holds no NUL, so that each part can end in one. */
struct pair {
	size_t key; /* offsets into the arena until it is complete */
	size_t value;
	const char *arena;
};

static int
compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int order = strcmp(x->arena + x->key, y->arena + y->key);

	if (order != 0)
		return order;
	return strcmp(x->arena + x->value, y->arena + y->value);
}

/* Decode and encode again: the sender's spelling does not count. */
static int
recode(struct buf *arena, const char *s, size_t len, size_t *place)
{
	struct buf plain;
	int rc;

	*place = arena->len;
	buf_init(&plain, len);
	rc = decode_uri(&plain, s, len);
	if (rc == 0)
		rc = encode_uri(arena, plain.data, plain.len, false);
	buf_done(&plain);
	return rc == 0 ? buf_putc(arena, '\0') : -1;
}

static int
read_pair(struct buf *arena, const char *s, size_t len, struct pair *out)
{
	const char *eq = memchr(s, '=', len);
	size_t key_len = eq != NULL ? (size_t)(eq - s) : len;
	const char *value = eq != NULL ? eq + 1 : "";
	size_t value_len = eq != NULL ? len - key_len - 1 : 0;

	if (recode(arena, s, key_len, &out->key) == -1)
		return -1;
	return recode(arena, value, value_len, &out->value);
}

static size_t
count_pairs(const char *query)
{
	size_t n = 1;

	for (; *query != '\0'; query++)
		n += *query == '&';
	return n;
}

/* *n pairs into `pairs`, which has room; empty ones ("a=1&&b=2") vanish. */
static int
read_pairs(struct buf *arena, const char *query, struct pair *pairs, size_t *n)
{
	while (*query != '\0') {
		size_t len = strcspn(query, "&");

		if (len > 0 &&
		    read_pair(arena, query, len, &pairs[(*n)++]) == -1)
			return -1;
		query += len;
		if (*query == '&')
			query++;
	}
	return 0;
}

static int
put_query(struct buf *text, const char *query, struct error *err)
{
	struct pair *pairs;
	struct buf arena;
	size_t i, n = 0;
	int rc = 0;

	if (*query == '\0')
		return 0;
	pairs = xreallocarray(NULL, count_pairs(query), sizeof(*pairs));
	buf_init(&arena, TEXT_MAX);
	if (read_pairs(&arena, query, pairs, &n) == -1) {
		rc = arena.overflow
		    ? err_set(err, ERR_LIMIT, "the query is too long to sign")
		    : err_set(err, ERR_USAGE,
			  "the query is not percent-encoded properly");
		n = 0;
	}
	for (i = 0; i < n; i++)
		pairs[i].arena = arena.data;
	qsort(pairs, n, sizeof(*pairs), compare_pairs);
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_putc(text, '&');
		buf_puts(text, arena.data + pairs[i].key);
		buf_putc(text, '=');
		buf_puts(text, arena.data + pairs[i].value);
	}
	buf_done(&arena);
	free(pairs);
	return rc;
}

/* --- all of it ------------------------------------------------------ */

static int
canonical_text(const struct sigv4_request *r, struct fields *f,
    struct buf *text, struct buf *names, struct error *err)
{
	if (!header_name_ok(r->method))
		return err_set(
		    err, ERR_USAGE, "cannot sign the method '%s'", r->method);
	if (!header_value_ok(r->payload_hash))
		return err_set(
		    err, ERR_USAGE, "the payload hash is no hash at all");
	if (check_fields(f, err) == -1)
		return -1;
	buf_puts(text, r->method);
	buf_putc(text, '\n');
	if (put_path(text, r, err) == -1)
		return -1;
	buf_putc(text, '\n');
	if (put_query(text, r->query, err) == -1)
		return -1;
	buf_putc(text, '\n');
	put_fields(f, text, names);
	buf_putc(text, '\n');
	buf_append(text, names->data, names->len);
	buf_putc(text, '\n');
	buf_puts(text, r->payload_hash);
	if (text->overflow || names->overflow)
		return err_set(
		    err, ERR_LIMIT, "the request is too long to sign");
	return 0;
}

/* Both or neither. */
static int
hand_out(const struct buf *text, const struct buf *names, struct buf *out,
    struct buf *signed_headers, struct error *err)
{
	if (text->len > out->max - out->len ||
	    names->len > signed_headers->max - signed_headers->len)
		return err_set(
		    err, ERR_LIMIT, "the canonical request is too long");
	buf_append(out, text->data, text->len);
	buf_append(signed_headers, names->data, names->len);
	return 0;
}

int
sigv4_canonical_request(const struct sigv4_request *r, struct buf *out,
    struct buf *signed_headers, struct error *err)
{
	struct buf text, names;
	struct fields f;
	int rc;

	buf_init(&text, TEXT_MAX);
	buf_reserve(&text, TEXT_USUAL);
	buf_init(&names, TEXT_MAX);
	buf_reserve(&names, 256);
	fields_from(&f, r->headers);
	rc = canonical_text(r, &f, &text, &names, err);
	if (rc == 0)
		rc = hand_out(&text, &names, out, signed_headers, err);
	fields_done(&f);
	buf_done(&names);
	buf_done(&text);
	return rc;
}
