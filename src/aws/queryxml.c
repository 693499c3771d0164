/* SPDX-License-Identifier: Apache-2.0 */
/* The query protocol's XML, by places. */
#include "aws/queryxml.h"

#include <stdbool.h>
#include <string.h>

#include "aws/xml.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

struct reading {
	struct queryxml_field *fields;
	size_t n;
	bool twice;
};

static void
take(const char *path, const char *text, void *arg)
{
	struct reading *r = arg;
	size_t i;

	for (i = 0; i < r->n; i++) {
		if (!str_eq(path, r->fields[i].path))
			continue;
		if (r->fields[i].value != NULL)
			r->twice = true;
		else
			r->fields[i].value = xstrdup(text);
	}
}

int
queryxml_read(const char *data, size_t len, const char *root,
    struct queryxml_field *fields, size_t n, struct error *err)
{
	struct reading r = {.fields = fields, .n = n};
	size_t i;
	int rc;

	for (i = 0; i < n; i++)
		fields[i].value = NULL;
	rc = xml_walk(data, len, root, QUERYXML_MAX_BYTES, take, &r, err);
	if (rc == 0 && r.twice)
		rc = err_set(
		    err, ERR_PROTOCOL, "<%s> says the same thing twice", root);
	if (rc == -1)
		queryxml_done(fields, n);
	return rc;
}

void
queryxml_done(struct queryxml_field *fields, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (fields[i].value != NULL)
			hash_wipe(fields[i].value, strlen(fields[i].value));
		xfree(&fields[i].value);
	}
}
