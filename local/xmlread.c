/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the text; the path is the stack. */
#include "local/xmlread.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"

#define PATH_MAX_BYTES 512
#define DEPTH_MAX 16
#define NAME_CHARS                   \
	"abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789_-.:"

struct reader {
	const char *p;
	const char *end;
	struct buf path;
	unsigned depth;
	struct buf text;
	xmlread_fn *fn;
	void *arg;
};

static int
broken(struct error *err)
{
	return err_set(err, ERR_PROTOCOL, "the XML is not well-formed");
}

static bool
at(const struct reader *r, const char *s)
{
	size_t n = strlen(s);

	return (size_t)(r->end - r->p) >= n && memcmp(r->p, s, n) == 0;
}

static void
skip_blanks(struct reader *r)
{
	while (
	    r->p < r->end && strchr(" \t\r\n", *r->p) != NULL && *r->p != '\0')
		r->p++;
}

/* Behind the next `mark`, or -1. */
static int
skip_behind(struct reader *r, const char *mark)
{
	const char *hit =
	    memmem(r->p, (size_t)(r->end - r->p), mark, strlen(mark));

	if (hit == NULL)
		return -1;
	r->p = hit + strlen(mark);
	return 0;
}

/* --- texts ---------------------------------------------------------- */

static int
put_utf8(struct buf *out, int64_t c)
{
	if (c < 1 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return -1;
	if (c < 0x80)
		return buf_putc(out, (char)c);
	if (c >= 0x10000) {
		buf_putc(out, (char)(0xf0 | c >> 18));
		buf_putc(out, (char)(0x80 | (c >> 12 & 0x3f)));
	} else if (c >= 0x800)
		buf_putc(out, (char)(0xe0 | c >> 12));
	if (c >= 0x800)
		buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
	else
		buf_putc(out, (char)(0xc0 | c >> 6));
	return buf_putc(out, (char)(0x80 | (c & 0x3f)));
}

/* "#38" or "#x26", without a sign and of a few digits. */
static int
put_number(struct buf *out, const char *s)
{
	int64_t c = 0;
	int base = *s == 'x' ? 16 : 10;

	s += *s == 'x';
	if (*s == '\0' || strlen(s) > 8)
		return -1;
	for (; *s != '\0'; s++) {
		const char *digit =
		    strchr("0123456789abcdef", str_lower_char(*s));

		if (digit == NULL || digit - "0123456789abcdef" >= base)
			return -1;
		c = c * base + (digit - "0123456789abcdef");
	}
	return put_utf8(out, c);
}

static int
take_reference(struct reader *r)
{
	static const struct {
		const char *name;
		char c;
	} known[] = {
	    {"amp", '&'},
	    {"lt", '<'},
	    {"gt", '>'},
	    {"quot", '"'},
	    {"apos", '\''},
	};
	const char *semicolon = memchr(r->p, ';', (size_t)(r->end - r->p));
	char name[16];
	size_t n, i;

	if (semicolon == NULL)
		return -1;
	n = (size_t)(semicolon - r->p) - 1;
	if (n == 0 || n >= sizeof(name))
		return -1;
	memcpy(name, r->p + 1, n);
	name[n] = '\0';
	r->p = semicolon + 1;
	if (*name == '#')
		return put_number(&r->text, name + 1);
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (str_eq(known[i].name, name))
			return buf_putc(&r->text, known[i].c);
	}
	return -1;
}

/* One character as it stands. */
static int
take_char(struct reader *r)
{
	unsigned char c = (unsigned char)*r->p;
	size_t n = str_utf8_len(r->p, (size_t)(r->end - r->p));

	if (n == 0 || (c < 0x20 && c != '\t' && c != '\n' && c != '\r'))
		return -1;
	buf_append(&r->text, r->p, n);
	r->p += n;
	return 0;
}

static int
take_cdata(struct reader *r)
{
	r->p += strlen("<![CDATA[");
	while (r->p < r->end && !at(r, "]]>")) {
		if (take_char(r) == -1)
			return -1;
	}
	return skip_behind(r, "]]>");
}

/* --- elements ------------------------------------------------------- */

static size_t
name_length(const struct reader *r)
{
	const char *p = r->p;

	while (p < r->end && *p != '\0' && strchr(NAME_CHARS, *p) != NULL)
		p++;
	return (size_t)(p - r->p);
}

/* Without its prefix. */
static int
push(struct reader *r, const char *name, size_t n)
{
	const char *colon = memrchr(name, ':', n);

	if (colon != NULL) {
		n -= (size_t)(colon + 1 - name);
		name = colon + 1;
	}
	if (n == 0 || ++r->depth > DEPTH_MAX)
		return -1;
	buf_putc(&r->path, '/');
	buf_append(&r->path, name, n);
	buf_clear(&r->text);
	return r->path.overflow ? -1 : 0;
}

static int
pop(struct reader *r, struct error *err)
{
	char *slash;

	if (strlen(r->text.data) != r->text.len)
		return broken(err);
	if (r->fn(r->path.data, r->text.data, r->arg, err) == -1)
		return -1;
	slash = strrchr(r->path.data, '/');
	buf_truncate(&r->path, (size_t)(slash - r->path.data));
	buf_clear(&r->text);
	r->depth--;
	return 0;
}

/* name="value" and the like. */
static int
skip_attribute(struct reader *r)
{
	size_t n = name_length(r);
	const char *close;
	char quote;

	r->p += n;
	skip_blanks(r);
	if (n == 0 || r->p == r->end || *r->p++ != '=')
		return -1;
	skip_blanks(r);
	if (r->p == r->end || (*r->p != '"' && *r->p != '\''))
		return -1;
	quote = *r->p++;
	close = memchr(r->p, quote, (size_t)(r->end - r->p));
	if (close == NULL || memchr(r->p, '<', (size_t)(close - r->p)) != NULL)
		return -1;
	r->p = close + 1;
	return 0;
}

static int
take_open(struct reader *r, struct error *err)
{
	size_t n;

	r->p++;
	n = name_length(r);
	if (push(r, r->p, n) == -1)
		return broken(err);
	r->p += n;
	for (;;) {
		skip_blanks(r);
		if (at(r, "/>")) {
			r->p += 2;
			return pop(r, err);
		}
		if (at(r, ">")) {
			r->p++;
			return 0;
		}
		if (skip_attribute(r) == -1)
			return broken(err);
	}
}

static int
take_close(struct reader *r, struct error *err)
{
	const char *name, *colon, *last = strrchr(r->path.data, '/');
	size_t n;

	r->p += 2;
	name = r->p;
	n = name_length(r);
	r->p += n;
	colon = memrchr(name, ':', n);
	if (colon != NULL) {
		n -= (size_t)(colon + 1 - name);
		name = colon + 1;
	}
	skip_blanks(r);
	if (last == NULL || strlen(last + 1) != n ||
	    memcmp(last + 1, name, n) != 0 || !at(r, ">"))
		return broken(err);
	r->p++;
	return pop(r, err);
}

static int
take_content(struct reader *r, struct error *err)
{
	int rc;

	if (at(r, "<!--"))
		rc = skip_behind(r, "-->");
	else if (at(r, "</"))
		return take_close(r, err);
	else if (at(r, "<![CDATA["))
		rc = take_cdata(r);
	else if (at(r, "<!") || at(r, "<?"))
		rc = -1;
	else if (at(r, "<"))
		return take_open(r, err);
	else
		rc = at(r, "&") ? take_reference(r) : take_char(r);
	return rc == -1 ? broken(err) : 0;
}

/* What may stand before and behind the root. */
static int
skip_misc(struct reader *r)
{
	for (;;) {
		skip_blanks(r);
		if (!at(r, "<!--"))
			return 0;
		if (skip_behind(r, "-->") == -1)
			return -1;
	}
}

static int
read_all(struct reader *r, struct error *err)
{
	if (at(r, "\xef\xbb\xbf"))
		r->p += 3;
	if (at(r, "<?xml") && skip_behind(r, "?>") == -1)
		return broken(err);
	if (skip_misc(r) == -1 || !at(r, "<") || at(r, "<!") || at(r, "<?"))
		return broken(err);
	do {
		if (r->p == r->end)
			return broken(err);
		if (take_content(r, err) == -1)
			return -1;
	} while (r->depth > 0);
	if (skip_misc(r) == -1 || r->p != r->end)
		return broken(err);
	return 0;
}

int
xmlread(
    const char *text, size_t len, xmlread_fn *fn, void *arg, struct error *err)
{
	struct reader r = {.p = text, .end = text + len, .fn = fn, .arg = arg};
	int rc;

	buf_init(&r.path, PATH_MAX_BYTES);
	buf_init(&r.text, len + 1);
	rc = read_all(&r, err);
	buf_done(&r.path);
	buf_done(&r.text);
	return rc;
}
