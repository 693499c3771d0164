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

	for (i = 0; i < h->n; i++)
		free(h->v[i].name);
	free(h->v);
	headers_init(h);
}

void
headers_reserve(struct headers *h, size_t n)
{
	if (n <= h->cap)
		return;
	h->v = xreallocarray(h->v, n, sizeof(*h->v));
	h->cap = n;
}

void
headers_addn(struct headers *h, const char *name, size_t name_len,
    const char *value, size_t value_len)
{
	struct header *new;

	if (h->n == h->cap)
		headers_reserve(h, h->cap != 0 ? h->cap * 2 : 8);
	new = &h->v[h->n++];
	new->name = xmalloc(name_len + value_len + 2);
	new->value = new->name + name_len + 1;
	memcpy(new->name, name, name_len);
	new->name[name_len] = '\0';
	memcpy(new->value, value, value_len);
	new->value[value_len] = '\0';
}

void
headers_add(struct headers *h, const char *name, const char *value)
{
	headers_addn(h, name, strlen(name), value, strlen(value));
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
	char *wanted;
	size_t i, kept = 0;

	if (headers_get(h, name) == NULL)
		return;
	wanted = xstrdup(name); /* may be a name of h itself */
	for (i = 0; i < h->n; i++) {
		if (str_ieq(h->v[i].name, wanted))
			free(h->v[i].name);
		else
			h->v[kept++] = h->v[i];
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
		/* Most begin with another letter, whatever its case. */
		if (((*h->v[i].name ^ *name) & ~0x20) == 0 &&
		    str_ieq(h->v[i].name, name))
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

/* Of each byte, since every byte of every request is asked about. */
enum { IN_NAME = 1, IN_VALUE = 2 };

static unsigned char may_be[256];

static void __attribute__((constructor)) fill_table(void)
{
	int c;

	for (c = 1; c < 256; c++) {
		if (str_is_alnum(c) || strchr("!#$%&'*+-.^_`|~", c) != NULL)
			may_be[c] |= IN_NAME;
		if ((c >= 0x20 && c != 0x7f) || c == '\t')
			may_be[c] |= IN_VALUE;
	}
}

bool
header_name_ok(const char *name)
{
	const unsigned char *p = (const unsigned char *)name;

	while (may_be[*p] & IN_NAME)
		p++;
	return *p == '\0' && *name != '\0';
}

bool
header_value_ok(const char *value)
{
	const unsigned char *p = (const unsigned char *)value;

	while (may_be[*p] & IN_VALUE)
		p++;
	return *p == '\0';
}
