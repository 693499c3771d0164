/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters of a query; what they mean is the handlers' affair. */
#include "serve/api_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"

#define VALUE_MAX 1024

/* Its row, or -1 with what may have been meant. */
static int
find_name(const char *const *names, const char *name, struct error *err)
{
	char list[sizeof(err->hint)] = "";
	size_t len = 0;
	int i;

	for (i = 0; names[i] != NULL; i++) {
		if (str_eq(names[i], name))
			return i;
	}
	err_set(err, ERR_USAGE, "there is no parameter \"%s\" here", name);
	for (i = 0; names[i] != NULL; i++) {
		if (str_near(names[i], name))
			return err_hint(err, "Did you mean \"%s\"?", names[i]);
		if (len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len,
			    "%s%s", len > 0 ? ", " : "", names[i]);
	}
	if (names[0] != NULL)
		err_hint(err, "Known parameters: %s.", list);
	return -1;
}

/* The caller's string, or NULL where it cannot be one. */
static char *
decode(const char *s, size_t len)
{
	struct buf plain, out;
	bool ok;
	size_t i;

	buf_init(&plain, VALUE_MAX);
	buf_init(&out, VALUE_MAX);
	for (i = 0; i < len; i++)
		buf_putc(&plain, (char)(s[i] == '+' ? ' ' : s[i]));
	ok = !plain.overflow && decode_uri(&out, plain.data, plain.len) == 0 &&
	    str_is_text(out.data, out.len) && !str_has_control(out.data);
	buf_done(&plain);
	if (!ok) {
		buf_done(&out);
		return NULL;
	}
	return buf_take(&out);
}

/* NULL: it is none that can be. */
static int
set(struct api_query *q, const char *name, char *take_value, struct error *err)
{
	int i = find_name(q->names, name, err);

	if (i == -1)
		;
	else if (q->v[i] != NULL)
		i = err_set(
		    err, ERR_USAGE, "the parameter \"%s\" stands twice", name);
	else if (take_value == NULL)
		i = err_set(err, ERR_USAGE,
		    "the value of \"%s\" is too long or no text", name);
	else if (*take_value == '\0')
		i = err_set(
		    err, ERR_USAGE, "the parameter \"%s\" is empty", name);
	if (i == -1) {
		free(take_value);
		return -1;
	}
	q->v[i] = take_value;
	return 0;
}

int
api_query_set(
    struct api_query *q, const char *name, const char *value, struct error *err)
{
	bool ok = strlen(value) <= VALUE_MAX && !str_has_control(value);

	return set(q, name, ok ? xstrdup(value) : NULL, err);
}

static int
take_pair(struct api_query *q, const char *s, size_t len, struct error *err)
{
	const char *mark = memchr(s, '=', len);
	size_t name_len = mark != NULL ? (size_t)(mark - s) : len;
	char *name = decode(s, name_len);
	int rc;

	if (name == NULL)
		return err_set(err, ERR_USAGE,
		    "the name of a parameter is too long or no text");
	if (mark == NULL)
		rc = set(q, name, xstrdup(""), err);
	else
		rc = set(q, name, decode(mark + 1, len - name_len - 1), err);
	free(name);
	return rc;
}

int
api_query_parse(const char *raw, const char *const *names,
    struct api_query *out, struct error *err)
{
	struct api_query q = {.names = names};

	while (*raw != '\0') {
		size_t len = strcspn(raw, "&");

		if (take_pair(&q, raw, len, err) == -1) {
			api_query_done(&q);
			return -1;
		}
		raw += len;
		if (*raw == '&')
			raw++;
	}
	*out = q;
	return 0;
}

void
api_query_done(struct api_query *q)
{
	size_t i;

	for (i = 0; i < API_QUERY_MAX; i++)
		xfree(&q->v[i]);
}

const char *
api_query_get(const struct api_query *q, const char *name)
{
	size_t i;

	for (i = 0; q->names[i] != NULL; i++) {
		if (str_eq(q->names[i], name))
			return q->v[i];
	}
	abort();
}

int
api_query_i64(const struct api_query *q, const char *name, int64_t min,
    int64_t max, int64_t *out, struct error *err)
{
	const char *value = api_query_get(q, name);

	if (value == NULL || str_to_i64(value, min, max, out) == 0)
		return 0;
	return err_set(err, ERR_USAGE,
	    "%s \"%s\": it must be a whole number from %lld to %lld", name,
	    value, (long long)min, (long long)max);
}

int
api_query_word(const struct api_query *q, const char *name,
    const char *const *words, const char **out, struct error *err)
{
	const char *value = api_query_get(q, name);
	char list[sizeof(err->hint)] = "";
	size_t i, len = 0;

	for (i = 0; value != NULL && words[i] != NULL; i++) {
		if (str_eq(words[i], value))
			break;
		if (len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len,
			    "%s%s", len > 0 ? ", " : "", words[i]);
	}
	if (value == NULL || words[i] != NULL) {
		*out = value;
		return 0;
	}
	return err_set(
	    err, ERR_USAGE, "%s \"%s\": it is one of %s", name, value, list);
}

int
api_query_flag(
    const struct api_query *q, const char *name, bool *out, struct error *err)
{
	static const char *const words[] = {"true", "false", NULL};
	const char *word = NULL;

	if (api_query_word(q, name, words, &word, err) == -1)
		return -1;
	if (word != NULL)
		*out = str_eq(word, "true");
	return 0;
}
