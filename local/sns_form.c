/* SPDX-License-Identifier: Apache-2.0 */
/* Forms, strictly: what could be read in two ways is refused. */
#include "local/sns_form.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"

#define NAME_MAX_BYTES 256

void
sns_form_init(struct sns_form *f)
{
	memset(f, 0, sizeof(*f));
}

void
sns_form_done(struct sns_form *f)
{
	size_t i;

	for (i = 0; i < f->n; i++) {
		free(f->v[i].name);
		free(f->v[i].value);
	}
	free(f->v);
	sns_form_init(f);
}

/* '+' is a blank here, and nowhere else. The caller's, or NULL. */
static char *
decode(const char *s, size_t len)
{
	char *plain, *p, *result = NULL;
	struct buf b;

	if (memchr(s, '\0', len) != NULL)
		return NULL;
	plain = xstrndup(s, len);
	for (p = plain; *p != '\0'; p++) {
		if (*p == '+')
			*p = ' ';
	}
	buf_init(&b, len + 1);
	if (decode_uri(&b, plain, len) == 0 &&
	    str_is_text(b.len > 0 ? b.data : "", b.len))
		result = b.len > 0 ? xstrdup(b.data) : xstrdup("");
	buf_done(&b);
	free(plain);
	return result;
}

/* Takes both. */
static void
append(struct sns_form *f, char *name, char *value)
{
	if (f->n == f->cap) {
		f->cap = f->cap > 0 ? 2 * f->cap : 16;
		f->v = xreallocarray(f->v, f->cap, sizeof(*f->v));
	}
	f->v[f->n++] = (struct sns_form_field){name, value};
}

static int
add_pair(struct sns_form *f, const char *s, size_t len, struct error *err)
{
	const char *sign = memchr(s, '=', len);
	size_t n = sign != NULL ? (size_t)(sign - s) : len;
	char *name, *value;

	if (f->n == SNS_FORM_FIELDS_MAX)
		return err_set(err, ERR_PROTOCOL, "too many parameters");
	name = decode(s, n);
	value = n < len ? decode(s + n + 1, len - n - 1) : xstrdup("");
	if (name != NULL && value != NULL && *name != '\0' &&
	    strlen(name) <= NAME_MAX_BYTES && sns_form_get(f, name) == NULL) {
		append(f, name, value);
		return 0;
	}
	free(name);
	free(value);
	return err_set(
	    err, ERR_PROTOCOL, "a parameter is malformed or stands twice");
}

int
sns_form_add(
    struct sns_form *f, const char *text, size_t len, struct error *err)
{
	const char *end;

	if (len == 0)
		return 0;
	end = text + len;
	while (text < end) {
		const char *sign = memchr(text, '&', (size_t)(end - text));
		const char *stop = sign != NULL ? sign : end;

		if (stop > text &&
		    add_pair(f, text, (size_t)(stop - text), err) == -1)
			return -1;
		text = stop < end ? stop + 1 : end;
	}
	return 0;
}

const char *
sns_form_get(const struct sns_form *f, const char *name)
{
	size_t i;

	for (i = 0; i < f->n; i++) {
		if (str_eq(f->v[i].name, name))
			return f->v[i].value;
	}
	return NULL;
}

const char *
sns_form_item(
    const struct sns_form *f, const char *prefix, size_t n, const char *suffix)
{
	char *name = xasprintf("%s.%zu%s%s", prefix, n,
	    suffix != NULL ? "." : "", suffix != NULL ? suffix : "");
	const char *value = sns_form_get(f, name);

	free(name);
	return value;
}
