/* SPDX-License-Identifier: Apache-2.0 */
/* Tags: checked, sorted, found. */
#include "job/tags.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define TEXT_MAX (TAGS_MAX * (TAG_MAX_LEN + 1))

bool
tag_ok(const char *tag)
{
	size_t i;

	for (i = 0; tag[i] != '\0'; i++) {
		if (!str_is_alnum(tag[i]) && strchr("._:/=+@-", tag[i]) == NULL)
			return false;
	}
	return i >= 1 && i <= TAG_MAX_LEN;
}

static int
by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
check(const char *const *words, size_t n, struct error *err)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (tag_ok(words[i]))
			continue;
		err_set(err, ERR_USAGE, "\"%.80s\" is no tag", words[i]);
		return err_hint(
		    err, "A tag is 1 to 64 of A-Z a-z 0-9 . _ : / = + @ -");
	}
	return 0;
}

int
tags_join(const char *const *words, size_t n, char **out, struct error *err)
{
	const char **sorted;
	struct buf b;
	size_t i, kept = 0;

	if (check(words, n, err) == -1)
		return -1;
	if (n == 0) {
		*out = NULL;
		return 0;
	}
	sorted = xmemdup(words, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_bytes);
	buf_init(&b, TEXT_MAX);
	for (i = 0; i < n; i++) {
		if (i > 0 && str_eq(sorted[i], sorted[i - 1]))
			continue;
		buf_puts(&b, kept++ > 0 ? "," : "");
		buf_puts(&b, sorted[i]);
	}
	if (kept <= TAGS_MAX)
		*out = xstrdup(b.data);
	free(sorted);
	buf_done(&b);
	return kept <= TAGS_MAX
	    ? 0
	    : err_set(err, ERR_USAGE, "%zu tags: a job has at most %d", kept,
		  TAGS_MAX);
}

int
tags_parse(const char *text, char **out, struct error *err)
{
	const char *words[4 * TAGS_MAX];
	char *copy = xstrdup(text), *rest = copy, *word;
	size_t n = 0;
	int rc = 0;

	if (*str_trim(copy) == '\0')
		rest = NULL;
	while ((word = strsep(&rest, ",")) != NULL) {
		if (n == ARRAY_LEN(words))
			break;
		words[n++] = str_trim(word);
	}
	if (word != NULL)
		rc = err_set(err, ERR_USAGE,
		    "too many tags: a job has at most %d", TAGS_MAX);
	else
		rc = tags_join(words, n, out, err);
	free(copy);
	return rc;
}

bool
tags_has(const char *tags, const char *tag)
{
	size_t len = strlen(tag);

	while (tags != NULL && *tags != '\0') {
		if (strncmp(tags, tag, len) == 0 &&
		    (tags[len] == ',' || tags[len] == '\0'))
			return true;
		tags = strchr(tags, ',');
		tags = tags != NULL ? tags + 1 : NULL;
	}
	return false;
}
