/* SPDX-License-Identifier: Apache-2.0 */
/* Files of header fields. */
#include "deliver/headerfile.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/secretfile.h"

/* What each request has from us, and what the connection is ruled by. A name
 * that ends in '-' stands for all that begin with it. */
static const char *const reserved[] = {"awaitd-", "ce-", "connection",
    "content-", "date", "expect", "host", "http2-settings", "keep-alive",
    "proxy-", "te", "traceparent", "tracestate", "trailer", "transfer-encoding",
    "upgrade", "user-agent", "webhook-"};

static bool
is_reserved(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(reserved); i++) {
		size_t len = strlen(reserved[i]);
		bool all = reserved[i][len - 1] == '-';
		char *head = xstrndup(name, all ? len : strlen(name));
		bool is = str_ieq(head, reserved[i]);

		free(head);
		if (is)
			return true;
	}
	return false;
}

static bool
is_printable(const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s < ' ' || *s > '~')
			return false;
	}
	return true;
}

/* `line` is changed. */
static int
add_line(struct headers *h, char *line, size_t n, struct error *err)
{
	char *colon = strchr(line, ':'), *value;

	if (colon == NULL)
		return err_set(
		    err, ERR_CONFIG, "line %zu is no \"Name: value\"", n);
	*colon = '\0';
	value = str_trim(colon + 1);
	if (!header_name_ok(line))
		return err_set(err, ERR_CONFIG,
		    "line %zu: a header's name is letters, digits and hyphens",
		    n);
	if (!is_printable(value))
		return err_set(err, ERR_CONFIG,
		    "line %zu: the value of %s is not printable ASCII", n,
		    line);
	if (is_reserved(line))
		return err_set(err, ERR_CONFIG,
		    "line %zu: %s is not for this file to set", n, line);
	if (headers_get(h, line) != NULL)
		return err_set(err, ERR_CONFIG,
		    "line %zu: %s is there a second time", n, line);
	if (h->n == HEADERFILE_FIELDS_MAX)
		return err_set(err, ERR_CONFIG,
		    "there are more than %d header fields",
		    HEADERFILE_FIELDS_MAX);
	headers_add(h, line, value);
	return 0;
}

static int
add_lines(struct headers *h, char *text, struct error *err)
{
	char *line;
	size_t n, len;

	for (n = 1; (line = strsep(&text, "\n")) != NULL; n++) {
		len = strlen(line);
		if (len > 0 && line[len - 1] == '\r')
			line[len - 1] = '\0';
		if (*line == '\0' || *line == '#')
			continue;
		if (add_line(h, line, n, err) == -1)
			return -1;
	}
	return 0;
}

int
headerfile_parse(const char *text, struct headers *out, struct error *err)
{
	size_t len = strlen(text);
	char *copy = xstrdup(text);
	struct headers h;
	int rc;

	headers_init(&h);
	/* What grows leaves copies behind. */
	headers_reserve(&h, HEADERFILE_FIELDS_MAX);
	rc = add_lines(&h, copy, err);
	hash_wipe(copy, len);
	free(copy);
	if (rc == 0)
		*out = h;
	else
		headerfile_done(&h);
	return rc;
}

int
headerfile_read(const char *path, struct headers *out, struct error *err)
{
	char *text;
	int rc;

	if (secretfile_read(path, "a few header fields", HEADERFILE_SIZE_MAX,
		&text, err) == -1)
		return -1;
	rc = headerfile_parse(text, out, err);
	if (rc == -1)
		err_prefix(err, "%s", path);
	hash_wipe_free(&text);
	return rc;
}

void
headerfile_done(struct headers *h)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		hash_wipe(h->v[i].value, strlen(h->v[i].value));
	headers_done(h);
}
