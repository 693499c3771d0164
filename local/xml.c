/* SPDX-License-Identifier: Apache-2.0 */
/* Elements with escaped texts; nesting is the caller's affair. */
#include "local/xml.h"

#include <string.h>

#include "base/str.h"

void
xml_start(struct buf *out)
{
	buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
}

void
xml_open(struct buf *out, const char *name, const char *xmlns)
{
	buf_printf(out, "<%s", name);
	if (xmlns != NULL)
		buf_printf(out, " xmlns=\"%s\"", xmlns);
	buf_putc(out, '>');
}

void
xml_close(struct buf *out, const char *name)
{
	buf_printf(out, "</%s>", name);
}

static const char *
entity_of(char c)
{
	switch (c) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return "&quot;";
	case '\'':
		return "&apos;";
	default:
		return NULL;
	}
}

static void
append_escaped(struct buf *out, const char *s, size_t len)
{
	size_t i = 0, n;

	while (i < len) {
		unsigned char c = (unsigned char)s[i];
		const char *entity = entity_of(s[i]);

		n = str_utf8_len(s + i, len - i);
		if (entity != NULL)
			buf_puts(out, entity);
		else if (n == 0)
			buf_puts(out, "\xef\xbf\xbd");
		else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			buf_printf(out, "&#x%x;", c);
		else
			buf_append(out, s + i, n);
		i += n != 0 ? n : 1;
	}
}

void
xml_escape(struct buf *out, const char *text)
{
	append_escaped(out, text, strlen(text));
}

void
xml_textn(struct buf *out, const char *name, const char *text, size_t len)
{
	xml_open(out, name, NULL);
	append_escaped(out, text, len);
	xml_close(out, name);
}

void
xml_text(struct buf *out, const char *name, const char *text)
{
	xml_textn(out, name, text, strlen(text));
}

void
xml_int(struct buf *out, const char *name, int64_t value)
{
	buf_printf(out, "<%s>%lld</%s>", name, (long long)value, name);
}
