/* SPDX-License-Identifier: Apache-2.0 */
/* Header fields as text: masked, fit to be shown, bounded. */
#include "deliver/whfields.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/whmask.h"
#include "job/attempt.h"

/* One that is long is not to hide the others. */
#define VALUE_MAX 512
/* So much of one is masked, of which VALUE_MAX is shown: where it ends in the
 * midst of a secret, that is known by its beginning. */
#define MASKED_MAX ((size_t)2048)
#define FIELDS_USUAL ((size_t)640)

/* Neither a control character nor a byte that is no text. */
static bool
is_plain(const char *s, size_t n)
{
	unsigned char c = (unsigned char)*s;

	if (n == 1)
		return c >= 0x20 && c != 0x7f;
	return n > 1 && (c != 0xc2 || (unsigned char)s[1] >= 0xa0);
}

static void
add_text(struct buf *b, const char *s)
{
	size_t len = strlen(s), at = 0, n, i;

	while (at < len && at < VALUE_MAX) {
		n = str_utf8_len(s + at, len - at);
		if (is_plain(s + at, n))
			buf_append(b, s + at, n);
		else
			for (i = 0; i < (n > 0 ? n : 1); i++)
				buf_printf(
				    b, "\\x%02x", (unsigned char)s[at + i]);
		at += n > 0 ? n : 1;
	}
	if (at < len)
		buf_puts(b, "...");
}

static bool
is_secret(const char *name, const struct headers *extra)
{
	return whmask_is_secret(name) || headers_get(extra, name) != NULL;
}

static void
add_field(struct buf *b, const char *name, const char *value, bool secret)
{
	size_t whole = b->len;

	if (*name == '\0' || b->overflow)
		return;
	add_text(b, name);
	buf_puts(b, ": ");
	if (secret)
		buf_puts(b, "***");
	else
		add_text(b, value);
	if (buf_putc(b, '\n') == -1)
		buf_truncate(b, whole);
}

static void
begin(struct buf *b)
{
	buf_init(b, ATTEMPT_HEADERS_MAX);
	buf_reserve(b, FIELDS_USUAL);
}

static char *
end(struct buf *b)
{
	if (b->len > 0)
		return buf_take(b);
	buf_done(b);
	return NULL;
}

char *
whfields_of_request(const struct headers *h, const struct headers *extra)
{
	struct buf b;
	size_t i;

	begin(&b);
	for (i = 0; i < h->n; i++)
		add_field(&b, h->v[i].name, h->v[i].value,
		    is_secret(h->v[i].name, extra));
	return end(&b);
}

static char *
cut(const char *s)
{
	return xstrndup(s, strnlen(s, MASKED_MAX));
}

char *
whfields_of_answer(const struct headers *h, const struct headers *extra,
    const char *const *urls, size_t nurls)
{
	struct buf b;
	char *name, *value;
	size_t i;

	begin(&b);
	/* A head may have thousands, of which no more would be seen. */
	for (i = 0; i < h->n && !b.overflow; i++) {
		name = cut(h->v[i].name);
		value = cut(h->v[i].value);
		whmask(value, extra, urls, nurls);
		whmask(name, extra, urls, nurls);
		if (whmask_is_place(h->v[i].name))
			whmask_places(value);
		add_field(&b, name, value, is_secret(h->v[i].name, extra));
		free(name);
		free(value);
	}
	return end(&b);
}
