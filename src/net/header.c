/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP header fields. */
#include "net/header.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

void
headers_init(struct headers *h)
{
	memset(h, 0, sizeof(*h));
}

void
headers_done(struct headers *h)
{
	size_t i;

	for (i = 0; i < h->n; i++) {
		free(h->v[i].name);
		free(h->v[i].value);
	}
	free(h->v);
	headers_init(h);
}

void
headers_add(struct headers *h, const char *name, const char *value)
{
	if (h->n == h->cap) {
		h->cap = h->cap != 0 ? h->cap * 2 : 8;
		h->v = xreallocarray(h->v, h->cap, sizeof(*h->v));
	}
	h->v[h->n].name = xstrdup(name);
	h->v[h->n].value = xstrdup(value);
	h->n++;
}

void
headers_addf(struct headers *h, const char *name, const char *fmt, ...)
{
	va_list ap;
	char *value;

	va_start(ap, fmt);
	value = xvasprintf(fmt, ap);
	va_end(ap);
	headers_add(h, name, value);
	free(value);
}

void
headers_remove(struct headers *h, const char *name)
{
	char *wanted = xstrdup(name); /* may be a name of h itself */
	size_t i, kept = 0;

	for (i = 0; i < h->n; i++) {
		if (str_ieq(h->v[i].name, wanted)) {
			free(h->v[i].name);
			free(h->v[i].value);
		} else {
			h->v[kept++] = h->v[i];
		}
	}
	h->n = kept;
	free(wanted);
}

void
headers_set(struct headers *h, const char *name, const char *value)
{
	/* Both may be strings of a field that goes. */
	char *new_name = xstrdup(name), *new_value = xstrdup(value);

	headers_remove(h, name);
	headers_add(h, new_name, new_value);
	free(new_name);
	free(new_value);
}

const char *
headers_get(const struct headers *h, const char *name)
{
	size_t i;

	for (i = 0; i < h->n; i++) {
		if (str_ieq(h->v[i].name, name))
			return h->v[i].value;
	}
	return NULL;
}

size_t
headers_count(const struct headers *h, const char *name)
{
	size_t i, n = 0;

	for (i = 0; i < h->n; i++)
		n += str_ieq(h->v[i].name, name);
	return n;
}

bool
header_name_ok(const char *name)
{
	if (*name == '\0')
		return false;
	for (; *name != '\0'; name++) {
		if (!str_is_alnum((unsigned char)*name) &&
		    strchr("!#$%&'*+-.^_`|~", *name) == NULL)
			return false;
	}
	return true;
}

bool
header_value_ok(const char *value)
{
	for (; *value != '\0'; value++) {
		unsigned char c = (unsigned char)*value;

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}
