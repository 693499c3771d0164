/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding of paths, hosts and queries. */
#include "local/s3target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/s3uri.h"

#define PARAMS_MAX 64
#define DECODED_MAX (64 * 1024)

static int
refuse(struct error *err, const char *code, const char *text)
{
	err_set(err, ERR_PROTOCOL, "%s", text);
	snprintf(err->remote_code, sizeof(err->remote_code), "%s", code);
	return -1;
}

/* The caller's string, or NULL where it is no percent-encoded UTF-8. */
static char *
decode(const char *s, size_t len)
{
	char *result = NULL;
	size_t i = 0, n = 1;
	struct buf b;

	buf_init(&b, DECODED_MAX);
	if (decode_uri(&b, s, len) == -1)
		goto out;
	while (i < b.len && n > 0 && b.data[i] != '\0') {
		n = str_utf8_len(b.data + i, b.len - i);
		i += n;
	}
	if (i == b.len)
		result = xstrdup(b.data);
out:
	buf_done(&b);
	return result;
}

/* The length of the bucket's name at the front of the host, or 0. */
static size_t
bucket_in_host(const char *host, const char *own_host)
{
	const char *bases[] = {own_host, "localhost"};
	const char *port = strrchr(host, ':');
	size_t len = port != NULL ? (size_t)(port - host) : strlen(host), i;

	for (i = 0; i < ARRAY_LEN(bases); i++) {
		size_t n = strlen(bases[i]);

		if (len > n + 1 && host[len - n - 1] == '.' &&
		    strncasecmp(host + len - n, bases[i], n) == 0)
			return len - n - 1;
	}
	return 0;
}

static int
take_bucket(struct s3target *t, const char *name, size_t len, struct error *err)
{
	t->bucket = xstrndup(name, len);
	if (!s3uri_bucket_ok(t->bucket))
		return refuse(err, "InvalidBucketName",
		    "The specified bucket is not valid.");
	return 0;
}

static int
take_key(struct s3target *t, const char *raw, struct error *err)
{
	if (*raw == '\0')
		return 0;
	t->key = decode(raw, strlen(raw));
	if (t->key == NULL)
		return refuse(err, "InvalidURI",
		    "The key is no percent-encoded UTF-8 without NUL.");
	if (strlen(t->key) > S3URI_KEY_MAX)
		return refuse(err, "KeyTooLongError", "Your key is too long");
	return 0;
}

static int
take_path(struct s3target *t, const char *path, size_t bucket_len,
    const char *host, struct error *err)
{
	const char *rest = path + 1, *slash;

	if (*path != '/')
		return refuse(err, "InvalidURI", "The path is no path.");
	if (bucket_len > 0) {
		if (take_bucket(t, host, bucket_len, err) == -1)
			return -1;
		return take_key(t, rest, err);
	}
	if (*rest == '\0')
		return 0;
	slash = strchr(rest, '/');
	if (slash == NULL)
		return take_bucket(t, rest, strlen(rest), err);
	if (take_bucket(t, rest, (size_t)(slash - rest), err) == -1)
		return -1;
	return take_key(t, slash + 1, err);
}

static int
take_param(struct s3target *t, const char *s, size_t len, struct error *err)
{
	const char *eq = memchr(s, '=', len);
	size_t name_len = eq != NULL ? (size_t)(eq - s) : len;
	struct s3target_param *p;

	if (t->n == PARAMS_MAX)
		return refuse(
		    err, "InvalidURI", "The query has too many parameters.");
	t->params = xreallocarray(t->params, t->n + 1, sizeof(*t->params));
	p = &t->params[t->n++];
	p->name = decode(s, name_len);
	p->value =
	    eq != NULL ? decode(eq + 1, len - name_len - 1) : xstrdup("");
	if (p->name == NULL || p->value == NULL)
		return refuse(err, "InvalidURI",
		    "The query is no percent-encoded UTF-8 without NUL.");
	return 0;
}

static int
take_query(struct s3target *t, const char *query, struct error *err)
{
	while (*query != '\0') {
		size_t n = strcspn(query, "&");

		if (n > 0 && take_param(t, query, n, err) == -1)
			return -1;
		query += n;
		if (*query == '&')
			query++;
	}
	return 0;
}

int
s3target_parse(const char *path, const char *query, const char *host,
    const char *own_host, struct s3target *out, struct error *err)
{
	struct s3target t = {0};
	size_t bucket_len = bucket_in_host(host, own_host);

	if (take_path(&t, path, bucket_len, host, err) == -1 ||
	    take_query(&t, query, err) == -1) {
		s3target_done(&t);
		return -1;
	}
	*out = t;
	return 0;
}

void
s3target_hear(struct s3target *t, const struct headers *headers, bool presigned)
{
	size_t i;

	for (i = 0; i < headers->n; i++)
		headers_add(
		    &t->fields, headers->v[i].name, headers->v[i].value);
	for (i = 0; presigned && i < t->n; i++) {
		const struct s3target_param *p = &t->params[i];

		/* A header that is there was signed, too, and comes first. */
		if (strncasecmp(p->name, "x-amz-", 6) == 0 &&
		    header_name_ok(p->name) && header_value_ok(p->value) &&
		    headers_get(&t->fields, p->name) == NULL)
			headers_add(&t->fields, p->name, p->value);
	}
}

void
s3target_done(struct s3target *t)
{
	size_t i;

	free(t->bucket);
	free(t->key);
	for (i = 0; i < t->n; i++) {
		free(t->params[i].name);
		free(t->params[i].value);
	}
	free(t->params);
	headers_done(&t->fields);
	memset(t, 0, sizeof(*t));
}

const char *
s3target_param(const struct s3target *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (str_eq(t->params[i].name, name))
			return t->params[i].value;
	}
	return NULL;
}
