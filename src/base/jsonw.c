/* SPDX-License-Identifier: Apache-2.0 */
/* JSON written piece by piece. */
#include "base/jsonw.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "base/encode.h"
#include "base/str.h"
#include "base/timefmt.h"

void
jsonw_init(struct jsonw *w, struct buf *out)
{
	w->out = out;
	w->comma = false;
}

static void
put_string(struct buf *out, const char *s, size_t len)
{
	size_t i = 0, n;

	buf_putc(out, '"');
	while (i < len) {
		unsigned char c = (unsigned char)s[i];

		n = str_utf8_len(s + i, len - i);
		if (n == 0)
			buf_puts(out, "\xef\xbf\xbd");
		else if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (!str_is_harmless(s + i, n))
			encode_u(out, s + i, n);
		else
			buf_append(out, s + i, n);
		i += n != 0 ? n : 1;
	}
	buf_putc(out, '"');
}

static void
before_value(struct jsonw *w, const char *key)
{
	if (w->comma)
		buf_putc(w->out, ',');
	w->comma = true;
	if (key == NULL)
		return;
	put_string(w->out, key, strlen(key));
	buf_putc(w->out, ':');
}

void
jsonw_begin(struct jsonw *w, const char *key, char open)
{
	before_value(w, key);
	buf_putc(w->out, open);
	w->comma = false;
}

void
jsonw_end(struct jsonw *w, char close)
{
	buf_putc(w->out, close);
	w->comma = true;
}

void
jsonw_strn(struct jsonw *w, const char *key, const char *value, size_t len)
{
	before_value(w, key);
	put_string(w->out, value, len);
}

void
jsonw_str(struct jsonw *w, const char *key, const char *value)
{
	jsonw_strn(w, key, value, strlen(value));
}

void
jsonw_int(struct jsonw *w, const char *key, int64_t value)
{
	before_value(w, key);
	buf_printf(w->out, "%lld", (long long)value);
}

void
jsonw_bool(struct jsonw *w, const char *key, bool value)
{
	before_value(w, key);
	buf_puts(w->out, value ? "true" : "false");
}

void
jsonw_null(struct jsonw *w, const char *key)
{
	before_value(w, key);
	buf_puts(w->out, "null");
}

void
jsonw_opt(struct jsonw *w, const char *key, const char *value)
{
	if (!str_empty(value))
		jsonw_str(w, key, value);
}

void
jsonw_time(struct jsonw *w, const char *key, int64_t at)
{
	char text[TIMEFMT_ISO_SIZE];

	if (at == 0)
		return;
	timefmt_iso(at, text);
	jsonw_str(w, key, text);
}

void
jsonw_list(struct jsonw *w, const char *key, const char *list)
{
	char *copy = xstrdup(list), *rest = copy, *item;

	jsonw_begin(w, key, '[');
	while (*list != '\0' && (item = strsep(&rest, ",")) != NULL)
		jsonw_str(w, NULL, str_trim(item));
	jsonw_end(w, ']');
	free(copy);
}

void
jsonw_json(struct jsonw *w, const char *key, const struct json *value)
{
	before_value(w, key);
	json_print(value, w->out);
}
